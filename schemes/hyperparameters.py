"""What the hyperparameters of a named optimizer may be: the annotations of its recipe, and what is read off them."""
from __future__ import annotations

import functools
import inspect
import math
from collections.abc import Callable, Iterable, Mapping
from typing import Annotated, NamedTuple

import numpy as np


class Range(NamedTuple):
    """The numbers that a hyperparameter may be, in words and as a test.

    chooses : the value decides between forms of the algorithm, so the printed update is that of the value.
    """

    words: str
    holds: Callable[[float], bool]
    chooses: bool = False


Real = Annotated[float, Range("a number", lambda x: True)]
Positive = Annotated[float, Range("positive", lambda x: x > 0)]
NonNegative = Annotated[float, Range(">= 0", lambda x: x >= 0)]
Share = Annotated[float, Range("in [0, 1)", lambda x: 0 <= x < 1)]
Weight = Annotated[float, Range("in [0, 1]", lambda x: 0 <= x <= 1)]
Shrinking = Annotated[float, Range("in (0, 1)", lambda x: 0 < x < 1)]
Growing = Annotated[float, Range("> 1", lambda x: x > 1)]
Count = Annotated[float, Range("a whole number >= 1", lambda x: x >= 1 and x == int(x), chooses=True)]
Factor = Annotated[float, Range("0 or >= 1", lambda x: x == 0 or x >= 1, chooses=True)]


class Hyperparameter(NamedTuple):
    """An argument of a recipe: its name, its default, and the numbers it may be; range None: True or False."""

    name: str
    default: float | bool
    range: Range | None

    @property
    def symbolic(self) -> bool:
        """Whether the printed update holds for every value but 0, and so has a symbol for it."""
        return self.range is not None and not self.range.chooses

    def checked(self, optimizer: str, value) -> float | bool:
        """The value as a Python number or bool; TypeError or ValueError where it is not one of the range."""
        if self.range is None:
            if not isinstance(value, bool):
                raise TypeError(f"{optimizer}: {self.name} must be True or False, got {value!r}")
            return value
        if isinstance(value, bool) or not isinstance(value, (int, float, np.number)):
            raise TypeError(f"{optimizer}: {self.name} must be a number, got {value!r}")
        if not (math.isfinite(value) and self.range.holds(float(value))):
            raise ValueError(f"{optimizer}: {self.name}={value} must be {self.range.words}")
        return value.item() if isinstance(value, np.number) else value


@functools.cache
def hyperparameters_of(recipe: Callable) -> dict[str, Hyperparameter]:
    """The hyperparameters of a recipe by name: its arguments, each annotated by bool or with its range.

    Raises TypeError where one has no range, no default, or a default outside of it.
    """
    hints, found = inspect.get_annotations(recipe, eval_str=True), {}
    for argument in inspect.signature(recipe).parameters.values():
        where, hint = f"{recipe.__name__}: the hyperparameter {argument.name}", hints.get(argument.name)
        ranges = [x for x in getattr(hint, "__metadata__", ()) if isinstance(x, Range)]
        if hint is not bool and len(ranges) != 1:
            raise TypeError(f"{where} must be annotated by bool or with its range, as Positive or Share: got {hint}")
        if argument.default is argument.empty:
            raise TypeError(f"{where} must have a default")
        found[argument.name] = Hyperparameter(argument.name, argument.default, ranges[0] if ranges else None)
        found[argument.name].checked(recipe.__name__, argument.default)
    return found


def check_names(optimizer: str, known: Mapping[str, Hyperparameter], given: Iterable[str]) -> None:
    """Raises ValueError for a name that the optimizer has no hyperparameter of, with those there are."""
    for key in given:
        if key not in known:
            raise ValueError(f"{optimizer} has no hyperparameter {key!r}; it has "
                             + ", ".join(f"{p.name}={p.default}" for p in known.values()))


def check_values(optimizer: str, known: Mapping[str, Hyperparameter], given: Mapping[str, np.ndarray]) -> None:
    """Raises ValueError for arrays with a value that the optimizer does not take."""
    for key, values in given.items():
        for x in np.unique(values):
            known[key].checked(optimizer, float(x))
