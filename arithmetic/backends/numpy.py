"""NumPy calls with `out=`: always there, and the reference for the others."""
from __future__ import annotations

from collections.abc import Callable

import numpy as np

from .. import printers
from ..iteration import Iteration
from ..recorder import Node
from .base import Backend, Kernel, Work

class NumPy(Backend):
    """NumPy alone.  Threads would fight for the interpreter, a lock between any two short calls: use processes."""

    name, remedy, parallel, tables = "numpy", "", False, True

    def available(self) -> bool:
        return True

    def compile(self, iteration: Iteration) -> Kernel:
        text, floats, booleans = source(iteration)
        step = printers.compiled(text)

        def run(work: Work) -> None:
            width = min(work.at_once, len(work.queue))
            f, b = np.empty((floats, width)), np.empty((booleans, width), dtype=bool)
            c = np.empty((len(work.table), width))

            def advance(x, p, y, count, go):
                m = len(count)
                for row, values in zip(c, work.table, strict=True):
                    np.take(values, count, out=row[:m], mode="clip")
                step(x, p, c[:, :m], y, go, f[:, :m], b[:, :m])

            chunks(advance, work)

        return Kernel(run, self.parallel)


def source(iteration: Iteration) -> tuple[str, int, int]:
    """Source of `step(x, p, c, y, go, f, b)`: rows x of states, p of what is fixed and c of the table to new rows y and
    `go`, with work rows f and b."""
    names = {iteration.state[i]: f"x[{s}]" for s, i in enumerate(iteration.lanes)}
    for array, nodes in (("p", iteration.fixed), ("c", iteration.tabulated)):
        names |= {node: f"({array}[{k}] != 0)" if node.boolean else f"{array}[{k}]" for k, node in enumerate(nodes)}
    outputs: dict[Node, list[str]] = {}
    for s, i in enumerate(iteration.lanes):
        outputs.setdefault(iteration.update[i], []).append(f"y[{s}]")
    outputs.setdefault(iteration.go, []).append("go")
    return printers.numpy_function(outputs, names, "x, p, c, y, go")


def chunks(advance: Callable, work: Work) -> None:
    """Step the lanes of `work` in chunks with NumPy.

    advance(x, p, y, count, go) : from states x (rows, width), what is fixed p and steps since `work.base`, new states
    into y and whether each lane takes the step into go.  A lane that stops is recorded at once; its slot idles until
    6 % of the slots do, then all idle slots are refilled from the queue or, when it is empty, closed up.
    """
    lane = work.take(work.at_once).copy()  # slots are refilled in it: the queue itself stays as it is
    if not len(lane):
        return
    x, p, count = work.state[:, lane], work.fixed[:, lane], work.steps[lane] - work.base
    y, alive, go = np.empty_like(x), np.ones(len(lane), dtype=bool), np.empty(len(lane), dtype=bool)
    live, oldest, least = len(lane), int(count.max()), int(work.limits.min())
    with np.errstate(all="ignore"):
        while live and not work.stopped:
            advance(x, p, y, count, go)
            np.logical_and(go, alive, out=go)
            if oldest >= least:
                np.logical_and(go, count < (work.limits[lane] if work.each else least), out=go)
            now = int(np.count_nonzero(go))
            if now < live:
                stopped = np.flatnonzero(alive ^ go)
                work.state[:, lane[stopped]] = x[:, stopped]
                work.steps[lane[stopped]] = work.base + count[stopped]
            live, alive, go, x, y = now, go, alive, y, x
            count += 1
            oldest += 1
            if live < 0.94 * len(alive):
                idle = np.flatnonzero(~alive)
                fresh = work.take(len(idle))
                slots = idle[:len(fresh)]
                x[:, slots], p[:, slots], lane[slots] = work.state[:, fresh], work.fixed[:, fresh], fresh
                count[slots], alive[slots] = work.steps[fresh] - work.base, True
                live += len(fresh)
                if len(fresh) < len(idle):
                    kept = np.flatnonzero(alive)
                    x, p, lane, count, alive = x[:, kept], p[:, kept], lane[kept], count[kept], alive[kept]
                    y, go = np.empty_like(x), np.empty_like(alive)
                oldest = int(count.max(initial=0))
    held = np.flatnonzero(alive)  # after a pause: every lane as far as it has come
    work.state[:, lane[held]] = x[:, held]
    work.steps[lane[held]] = work.base + count[held]
