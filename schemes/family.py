"""One algorithm whose hyperparameters differ between lanes: one recording, one kernel for a whole sweep."""
from __future__ import annotations

import copy
import dataclasses
from collections.abc import Callable, Mapping

import numpy as np

from arithmetic import Choices, Node, Program
from flows import Flow, Scheduled

from .base import Scheme
from .hyperparameters import check_values, hyperparameters_of
from .control import Control, as_control


class Family:
    """A recipe, read once on recorded hyperparameters.

    recipe : hyperparameters -> (flow, scheme, step, memory).  hyperparameters : all of them.  values : those that
    differ, arrays of one shape.  The `if`s of the recipe are decided at the first value; values that would decide
    otherwise, as weight_decay = 0 does, are another algorithm and are refused.  template : (flow, scheme, control) with
    recorded rates: what blocks and memory the algorithm has, whatever the values.
    """

    def __init__(self, name: str, recipe: Callable, hyperparameters: Mapping, values: Mapping[str, np.ndarray],
                 schedule=None):
        self.name, self.names, self._known = name, tuple(values), hyperparameters_of(recipe)
        self._graph = Choices({key: np.ravel(value)[0] for key, value in values.items()})
        flow, scheme, step, _ = recipe(**{**hyperparameters, **self._graph.inputs_by_name})
        self.template = (Scheduled(flow, schedule) if schedule is not None else flow, scheme, as_control(step))
        entries = [leaf for part in self.template for leaf in leaves(part)]
        self._leaves = list(dict.fromkeys(leaf for leaf in entries if isinstance(leaf, Node)))
        self._program = Program(tuple(self._graph.inputs_by_name.values()), tuple(self._leaves))
        self.check(values)

    def check(self, values: Mapping[str, np.ndarray]) -> None:
        """Raises ValueError where values are out of range, or of another algorithm than the first."""
        check_values(self.name, self._known, values)
        if names := self._graph.differing(values):
            raise ValueError(f"{self.name}: some values of {', '.join(names)} make it another algorithm, or are out of "
                             "range together: run those that do, such as 0, apart")

    def takes(self, values: Mapping[str, float]) -> bool:
        """Whether these values make it the same algorithm as the first."""
        return not self._graph.differing({key: np.atleast_1d(value) for key, value in values.items()})

    def at(self, values) -> tuple[Flow, Scheme, Control]:
        """(flow, scheme, control) with `values` of the hyperparameters `names`, in their order:
        recorded, or per lane."""
        numbers = self._program(*values)
        numeric = not any(isinstance(x, Node) for x in numbers)
        known = dict(zip(self._leaves, (_PerLane(x) for x in numbers) if numeric else numbers, strict=True))
        return tuple(replaced(part, lambda leaf: known[leaf] if isinstance(leaf, Node) else leaf)
                     for part in self.template)


class _PerLane(np.ndarray):
    """A rate per lane.  As a recorded one it equals no number, so that a formula keeps its general form."""

    def __new__(cls, values):
        return np.asarray(values, dtype=float).view(cls)

    def __eq__(self, other):
        return False

    def __ne__(self, other):
        return True

    __hash__ = None

    def __array_wrap__(self, result, context=None, return_scalar=False):
        return np.asarray(result)  # what is computed of it is an ordinary array


def leaves(part) -> list:
    """The entries of a dataclass and of the dataclasses in it."""
    if not dataclasses.is_dataclass(part) or isinstance(part, type):
        return [part]
    return [leaf for f in dataclasses.fields(part) for leaf in leaves(getattr(part, f.name))]


def replaced(part, new: Callable):
    """A dataclass with each of its `leaves` replaced; without its `__post_init__`, which has judged the original."""
    if not dataclasses.is_dataclass(part) or isinstance(part, type):
        return new(part)
    changed = copy.copy(part)
    for f in dataclasses.fields(part):
        object.__setattr__(changed, f.name, replaced(getattr(part, f.name), new))
    return changed
