"""What a study is before it runs: its starts, its repeated map, its pieces; whatever can be wrong is found here."""
from __future__ import annotations

import os
import warnings
from collections.abc import Callable, Iterator
from typing import Any, NamedTuple

import numpy as np

from flows import check_theta
from schemes import Optimizer, Problem, Stop

from .evidence import Further, all_in_doubt, tighter
from .identity import identity
from .result import ENDS, Column
from .starts import Described
from .store import Store

CHUNK = 32768  #: starts per piece of work, unless told
NUMERIC = 1024  #: the same where every step calls functions
ONWARD = Further._fields[1:]  #: what is kept of the longer run of each start, under these names after "onward_"


class Work(NamedTuple):
    """What starts are followed in: to their ends and, where all are in doubt, onward from there."""

    problem: Problem
    onward: Problem | None

    @classmethod
    def of(cls, loss, optimizer: Optimizer, stop: Stop, named: bool) -> Work:
        """named : whether ends are to have names, as otherwise none is in doubt."""
        problem = optimizer.problem(loss, stop)
        return cls(problem, tighter(optimizer, problem) if named and all_in_doubt(problem) else None)


class Job(NamedTuple):
    """A study that is to be run: the repeated map, the starts, and how they are cut."""

    loss: Any
    optimizer: Optimizer
    work: Work
    shape: tuple[int, int]
    columns: Callable[[int, int], np.ndarray]
    chunk: int
    pieces: list[slice]

    @property
    def n(self) -> int:
        return self.shape[1]

    @property
    def problem(self) -> Problem:
        return self.work.problem

    @property
    def kept(self) -> dict[str, Column]:
        """What is kept of each start when it has ended."""
        onward = {f"onward_{name}": ENDS[name] for name in ONWARD} if self.work.onward is not None else {}
        return ENDS | onward

    @property
    def arrays(self) -> dict[str, tuple[tuple[int, ...], type]]:
        """Shape and type of each array of it."""
        return {name: (self.shape if kept.coordinates else self.shape[1:], kept.dtype)
                for name, kept in self.kept.items()}

    def shapes(self, k: int) -> dict[str, tuple[int, ...]]:
        """Of the arrays of piece k."""
        m = self.pieces[k].stop - self.pieces[k].start
        return {name: (*shape[:-1], m) for name, (shape, _) in self.arrays.items()}

    def starts(self, k: int) -> np.ndarray:
        return self.columns(self.pieces[k].start, self.pieces[k].stop)

    def kept_in(self, path: str | os.PathLike) -> Store:
        """The store of it, begun or gone on with, which `with` closes.

        Raises TypeError where a store cannot tell what this study is, ValueError where it is that of another one.
        """
        what = identity(self.loss, self.optimizer, self.problem, self.shape, self.columns, self.chunk)
        store = Store.claimed(path)
        try:
            if said := store.begin(what):
                warnings.warn(said, RuntimeWarning, stacklevel=3)
        except BaseException:
            store.close()
            raise
        return store


def prepare(loss, optimizer, starts, stop: Stop | None = None, chunk: int | None = None, match: float = 0.05,
            named: bool = True) -> Job:
    """The study of these arguments; named : whether ends are to have names.

    Raises ValueError, TypeError for what is wrong with them.
    """
    if not isinstance(optimizer, Optimizer):
        raise TypeError(f"optimizer={optimizer!r} must come from schemes.named(name, ...) or "
                        "schemes.pair(flow, scheme, step)")
    if not hasattr(loss, "oracle"):
        raise TypeError(f"loss={loss!r} must be a Loss: networks.get(name), or Loss.from_expression, "
                        "Loss.from_callables")
    if chunk is not None and (isinstance(chunk, bool) or not isinstance(chunk, (int, np.integer)) or chunk < 1):
        raise ValueError(f"chunk={chunk!r} must be an integer >= 1")
    if not 0 < match < np.inf:
        raise ValueError(f"match={match!r} must be a positive distance")
    shape, columns = _starts(starts, loss)
    work = Work.of(loss, optimizer, stop or Stop(), named)
    size = int(chunk or (CHUNK if work.problem.recordable else NUMERIC))
    pieces = [slice(first, min(first + size, shape[1])) for first in range(0, shape[1], size)]
    return Job(loss, optimizer, work, shape, columns, size, pieces)


def _starts(starts, loss) -> tuple[tuple[int, int], Callable[[int, int], np.ndarray]]:
    """The shape of the starts, and what gives some of them."""
    if isinstance(starts, Described):  # finite, as they are made
        if starts.shape[0] != loss.dim:
            raise ValueError(f"starts={starts!r} has {starts.shape[0]} coordinates, {loss.name} has {loss.dim}")
        return starts.shape, starts.columns
    if isinstance(starts, Iterator):
        raise TypeError(f"starts={starts!r} can be read but once: give an array (dim, n), or starts that are made as "
                        "they are needed, grid(..., lazy=True)")
    starts = check_theta(starts, loss.dim)
    if starts.ndim == 1:
        starts = starts[:, None]
    if not starts.shape[1]:
        raise ValueError(f"starts has shape {starts.shape}: a study needs at least one start")
    for first in range(0, starts.shape[1], CHUNK):
        finite = np.isfinite(starts[:, first:first + CHUNK])
        if not finite.all():
            i, k = map(int, np.argwhere(~finite)[0])
            raise ValueError(f"starts[{i}, {first + k}] = {starts[i, first + k]}: starts must be finite, remove such "
                             "columns")
    return starts.shape, lambda first, last: starts[:, first:last]
