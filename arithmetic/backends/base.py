"""What a back end is, and what every back end prints alike."""
from __future__ import annotations

import functools
import threading
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import NamedTuple

import numpy as np

from .. import printers
from ..iteration import Iteration

WIDTH = 32                    # lanes per block
FEW, MANY, WORK = 4, 24, 900  # steps between two looks at who has ended: at least, at most, and operations in them
NEXT, STOP = 0, 8             # places in `Work.shared`, on cache lines of their own


class CompileError(RuntimeError):
    """A back end could not compile a recorded program."""


@dataclass
class Work:
    """Lanes to be stepped, by any number of threads at once; consistent whenever no thread is in a kernel.

    state : (rows, n) what is stored per lane, and steps : (n,) the steps taken, both read and overwritten.
    fixed : (rows, n) what never changes.  queue : the lanes to step, each from its steps to at most base + limit.
    table : (rows, limit + 1 or fewer) what depends on the steps since `base` alone; the last column holds on.
    limits : (1,) for all lanes, or (n,) a limit for each.
    """

    state: np.ndarray
    steps: np.ndarray
    fixed: np.ndarray
    table: np.ndarray
    queue: np.ndarray
    base: int
    limits: np.ndarray
    at_once: int = 16384  # lanes that NumPy steps at once: the work rows stay in L2
    shared: np.ndarray = field(default_factory=lambda: np.zeros(16, dtype=np.int64))
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def take(self, most: int) -> np.ndarray:
        """The next lanes of the queue; compiled kernels count the same counter up by themselves, atomically."""
        with self._lock:
            first = int(self.shared[NEXT])
            taken = self.queue[first:first + most]
            self.shared[NEXT] = first + len(taken)
        return taken

    def again(self, limit: int) -> None:
        """Begin the queue again, with another limit."""
        self.limits[:], self.shared[:] = limit, 0

    @property
    def each(self) -> bool:
        """Whether each lane has a limit of its own."""
        return len(self.limits) > 1

    @functools.cached_property
    def addresses(self) -> dict[str, int]:
        """Where the arrays lie, for compiled kernels."""
        return {"next": self.shared[NEXT:].ctypes.data, "stop": self.shared[STOP:].ctypes.data} | {
            name: getattr(self, name).ctypes.data for name in ("queue", "limits", "state", "steps", "fixed", "table")}

    @property
    def stopped(self) -> bool:
        return bool(self.shared[STOP])

    def stop(self) -> None:
        """Every kernel writes back the lanes it holds, as far as they have come, and returns."""
        self.shared[STOP] = 1


class Kernel(NamedTuple):
    """A step loop: `run(work)` takes lanes from the queue until it is empty.  parallel : threads can share one work."""

    run: Callable[[Work], None]
    parallel: bool


class Backend:
    """One way to run a recorded step.

    name : as in `backend=`.  remedy : what makes it available.  parallel : whether its kernels run side by side.
    tables : whether it reads what is the same in all lanes from tables even where a few operations would do.
    `available()` says whether this machine has it, without importing or running anything slow.
    `compile(iteration)` gives the kernel, or raises CompileError: then the next back end is used.
    """

    name: str
    remedy: str
    parallel: bool = True
    tables: bool = False

    def available(self) -> bool:
        raise NotImplementedError

    def compile(self, iteration: Iteration) -> Kernel:
        raise NotImplementedError


class Spelling(NamedTuple):
    """How a language reads and writes the arrays of a frame: state y, fixed p and table row c of lane l."""

    language: str
    load: str     # {name} from {array}[{row}]
    flag: str     # the same for a condition
    store: str    # {new} into y[{row}] where the lane goes, else {name}
    gather: str   # c[{row}] from the table at r
    bound: str    # {name} from bounds[{row}]


class Step(NamedTuple):
    """The printed parts of one step, for the places of a frame."""

    prelude: str
    loads: list[str]
    body: list[str]
    go: str
    stores: list[str]
    gather: list[str]
    bounds: list[str]


def printed(iteration: Iteration, spelling: Spelling) -> Step:
    """One step of one lane in a language of scalars."""
    names = {iteration.state[i]: f"x{s}" for s, i in enumerate(iteration.lanes)}
    names |= {node: f"p{k}" for k, node in enumerate(iteration.fixed)}
    names |= {node: f"c{k}" for k, node in enumerate(iteration.tabulated)}
    loads, bounds = [], {node: f"b{k}" for k, node in enumerate(iteration.bounds)}
    for node, name in names.items():
        array, row = {"x": "y", "p": "p", "c": "c"}[name[0]], name[1:]
        loads.append((spelling.flag if node.boolean else spelling.load).format(name=name, array=array, row=row))
    names |= bounds
    prelude = printers.prelude(iteration.lane_outputs, names, spelling.language)
    body, names = printers.lines(iteration.lane_outputs, names, spelling.language)
    stores = [spelling.store.format(row=s, new=names[iteration.update[i]], name=f"x{s}")
              for s, i in enumerate(iteration.lanes)]
    gather = [spelling.gather.format(row=k) for k in range(len(iteration.tabulated))]
    go = names[iteration.go] if iteration.go.boolean else f"({names[iteration.go]}) != 0"  # of a constant, a number
    return Step(prelude, loads, body, go, stores, gather,
                [spelling.bound.format(name=name, row=k) for k, name in enumerate(bounds.values())])


def sizes(iteration: Iteration) -> dict[str, int]:
    """The constants of a frame.  Lanes that have ended wait for the next look: for fewer steps where steps are long.

    A function counts as one operation.
    """
    inner = max(FEW, min(MANY, WORK // max(iteration.operations, 1)))
    return {"width": WIDTH, "inner": inner, "states": len(iteration.lanes), "fixed": len(iteration.fixed),
            "tables": len(iteration.tabulated)}
