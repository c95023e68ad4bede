"""A recorded map x -> x' that is repeated while a condition holds, and what of it is not computed in every lane."""
from __future__ import annotations

import contextlib
import dataclasses
import functools
from collections import OrderedDict
from collections.abc import Callable, Hashable
from dataclasses import dataclass
from typing import Any

import numpy as np

from . import printers
from .operations import OPERATIONS
from .recorder import Graph, Node, Program, needed

LOOKUP = 8  # operations that a compiled kernel does at least while it reads one number from a table


class Recent:
    """The last few things made, by key."""

    def __init__(self, size: int):
        self._size = size
        self._kept: OrderedDict[Hashable, Any] = OrderedDict()

    def get(self, key: Hashable, make: Callable[[], object]):
        """What was made under this key.  Two threads may make it twice: a fork could leave a lock held."""
        try:
            self._kept.move_to_end(key)
            return self._kept[key]
        except KeyError:
            made = make()
        self._kept[key] = made
        with contextlib.suppress(KeyError):
            while len(self._kept) > self._size:
                self._kept.popitem(last=False)
        return made

    def __len__(self) -> int:
        return len(self._kept)


@dataclass(frozen=True, eq=False)
class Iteration:
    """x -> update(x) while go(x).

    state : the inputs, a row each; the first `varying` of them differ between lanes from the start.
    uniform : the rows that start the same in every lane; all but the first `varying` unless given (`among` sees to it).

    A row is one of three:

    - a *clock* if its update reads only clocks (beta**n, the number of steps) and it is uniform: it has the same value
      in every lane after the same number of steps, is evaluated once and read from a table, or computed in every lane
      where that is less work (`without_tables`);
    - a *parameter* if its update is the row itself: what depends on parameters alone is evaluated once per lane;
    - a state that is computed in every lane, one of `lanes`.
    """

    state: tuple[Node, ...]
    update: tuple[Node, ...]
    go: Node
    varying: int
    uniform: frozenset[int] = None  # type: ignore[assignment]  # made of `varying` in __post_init__

    def __post_init__(self):
        if len(self.state) != len(self.update) or not 0 <= self.varying <= len(self.state):
            raise ValueError(f"Iteration: {len(self.state)} states, {len(self.update)} updates, varying="
                             f"{self.varying}: there must be one update per state, and varying may not exceed them")
        if self.uniform is None:
            object.__setattr__(self, "uniform", frozenset(range(self.varying, len(self.state))))

    # ---------------------------------------------------------------------------- what differs between lanes
    @functools.cached_property
    def clocks(self) -> tuple[int, ...]:
        """The rows that are the same in every lane after the same number of steps."""
        clocks, index = set(self.uniform), {x: i for i, x in enumerate(self.state)}
        reads = {i: {index[n] for n in needed([self.update[i]]) if n.op == "input"} for i in clocks}
        while bad := {i for i in clocks if not reads[i] <= clocks}:
            clocks -= bad
        return tuple(sorted(clocks))

    @functools.cached_property
    def parameters(self) -> tuple[int, ...]:
        """The rows that differ between lanes and never change."""
        return tuple(i for i, (x, new) in enumerate(zip(self.state, self.update, strict=True))
                     if new is x and i not in self.clocks)

    @functools.cached_property
    def lanes(self) -> tuple[int, ...]:
        """The rows that are computed and stored per lane."""
        return tuple(i for i in range(len(self.state)) if i not in self.clocks and i not in self.parameters)

    @property
    def lane_outputs(self) -> list[Node]:
        return [self.update[i] for i in self.lanes] + [self.go]

    @functools.cached_property
    def tabulated(self) -> tuple[Node, ...]:
        """Nodes that depend on clocks alone and that other nodes read."""
        return self._read_from(self.clocks)

    @functools.cached_property
    def fixed(self) -> tuple[Node, ...]:
        """Nodes that depend on parameters alone and that other nodes read."""
        return self._read_from(self.parameters)

    def _read_from(self, rows: tuple[int, ...]) -> tuple[Node, ...]:
        inputs, alone = {self.state[i] for i in rows}, dict[Node, bool]()
        for node in needed(self.lane_outputs):
            alone[node] = (node in inputs if node.op == "input"
                           else bool(node.operands) and all(alone[a] or a.value is not None for a in node.operands))
        read = [a for node in alone if not alone[node] for a in node.operands if alone[a]]
        return tuple(dict.fromkeys(read + [n for n in self.lane_outputs if alone[n]]))

    @functools.cached_property
    def computed(self) -> list[Node]:
        """The operations of one step of one lane, the stop test included; what is tabulated or fixed is not."""
        return [n for n in printers.needed_given(self.lane_outputs, self._given) if n.operands]

    @property
    def _given(self) -> dict[Node, str]:
        return dict.fromkeys([*(self.state[i] for i in self.lanes), *self.tabulated, *self.fixed], "")

    @functools.cached_property
    def bounds(self) -> tuple[Node, ...]:
        """The numbers that are read by the condition to go on and by no update, as those of a stop test.

        Compiled kernels are given them, so that iterations that differ in them alone have one kernel.
        """
        moving = set(printers.needed_given(self.lane_outputs[:-1], self._given))
        return tuple(n for n in printers.needed_given([self.go], self._given) if n.op == "const" and n not in moving)

    @functools.cached_property
    def numbers(self) -> np.ndarray:
        """What `bounds` are."""
        return np.array([n.value for n in self.bounds], dtype=float)

    @property
    def operations(self) -> int:
        """How many arithmetic operations these are."""
        return len(self.computed)

    @property
    def calls(self) -> bool:
        """Whether functions are among them, long chains of operations of which each one waits for the one before."""
        return printers.calls(self.computed) > 0

    @functools.cached_property
    def without_tables(self) -> Iteration:
        """This iteration with its clocks computed in every lane; itself if to look them up is less work."""
        alone = dataclasses.replace(self, uniform=frozenset())
        more = sum(map(_work, alone.computed)) - sum(map(_work, self.computed))
        return alone if more < LOOKUP * sum(not n.boolean for n in self.tabulated) else self

    def among(self, start: np.ndarray) -> Iteration:
        """This iteration with the rows that could be clocks, and differ between the lanes of `start`, so known."""
        bits = start.view(np.int64)
        same = frozenset(i for i in self.clocks if (bits[i] == bits[i, :1]).all())
        if len(same) == len(self.clocks):
            return self
        return self._variants.get(same, lambda: dataclasses.replace(self, uniform=same))

    # ------------------------------------------------------------------------------------ evaluated beforehand
    def tables(self, clock_start: np.ndarray, rows: int) -> tuple[np.ndarray, np.ndarray]:
        """Values of the clocks (clocks, rows) and the tabulated nodes after 0, 1, … steps, as far as they change."""
        if not self.clocks:
            return np.zeros((0, 1)), np.zeros((0, 1))
        return self.recent_tables.get((clock_start.tobytes(), rows), lambda: self._tabulate(clock_start, rows))

    def _tabulate(self, clock_start: np.ndarray, rows: int) -> tuple[np.ndarray, np.ndarray]:
        which, clockwork, read = self._clockwork
        states = self._recent_states.get((clock_start[which].tobytes(), rows),
                                         lambda: clockwork.again(clock_start[which], rows))
        table = np.repeat(clock_start[:, None], states.shape[1], axis=1)
        table[which] = states
        return table, _rows(read, table)

    @functools.cached_property
    def _clockwork(self) -> tuple[list[int], Program, Program]:
        """Which of the clocks change or are read by those; from one state of them to the next; the tabulated nodes."""
        index = {self.state[i]: k for k, i in enumerate(self.clocks)}
        changing = [i for i in self.clocks if self.update[i] is not self.state[i]]
        which = sorted({index[self.state[i]] for i in changing} | {
            index[n] for n in needed([self.update[i] for i in changing]) if n in index})
        own = [self.clocks[k] for k in which]
        return (which, Program(tuple(self.state[i] for i in own), tuple(self.update[i] for i in own)),
                Program(tuple(index), self.tabulated))

    def fixed_rows(self, state: np.ndarray) -> np.ndarray:
        """Values of the fixed nodes in the lanes of `state`: (fixed, lanes)."""
        if not self.fixed:
            return np.empty((0, state.shape[1]))
        return _rows(Program(tuple(self.state[i] for i in self.parameters), self.fixed), state[list(self.parameters)])

    def knowing(self, table: np.ndarray) -> tuple[Iteration, np.ndarray]:
        """This iteration with the tabulated conditions that never change folded away, and the table that is left."""
        known = {n: bool(row[0]) for n, row in zip(self.tabulated, table, strict=True)
                 if n.boolean and np.all(row == row[0])}
        if not known:
            return self, table
        folded, kept = self._foldings.get(tuple(known.items()), lambda: self._folded(known))
        return folded, np.ascontiguousarray(table[kept])

    def _folded(self, known: dict[Node, bool]) -> tuple[Iteration, list[int]]:
        graph = Graph()
        new = {x: graph.parameter(x.args[0]) if x in x.graph.fixed else graph.input(x.args[0]) for x in self.state}
        kept = [k for k, n in enumerate(self.tabulated) if n not in known]
        for node in needed([*self.update, self.go]):
            if node in known:
                new[node] = graph.condition(known[node])
            elif node not in new:
                new[node] = graph.constant(node.value) if node.value is not None else graph.operation(
                    node.op, *(new[a] for a in node.operands))
        folded = Iteration(tuple(new[x] for x in self.state), tuple(new[u] for u in self.update), new[self.go],
                           self.varying, self.uniform)
        order = [new[self.tabulated[k]] for k in kept]
        return folded, [kept[order.index(n)] for n in folded.tabulated]

    # what was made of it, so that memory does not grow with the number of runs
    recent_tables = functools.cached_property(lambda self: Recent(16))  # of 100 000 steps
    _recent_states = functools.cached_property(lambda self: Recent(32))
    _variants = functools.cached_property(lambda self: Recent(4))
    _foldings = functools.cached_property(lambda self: Recent(4))
    kernels = functools.cached_property(lambda self: Recent(4))


def _work(node: Node) -> int:
    """Operations that a node stands for."""
    op = OPERATIONS[node.op]
    return 1 if op.definition is None else sum(_work(n) for n in op.program.tape if n.operands)


def _rows(program: Program, inputs: np.ndarray) -> np.ndarray:
    """The outputs of a program on rows of numbers, a row each."""
    out = np.empty((len(program.outputs), *inputs.shape[1:]))
    for row, value in zip(out, program(*inputs), strict=True):
        row[:] = value
    return out
