"""numba, where it is installed (the extra `fast`)."""
from __future__ import annotations

import functools
import importlib.util
import os
import sys
import tempfile
import threading
import types
from collections.abc import Callable
from pathlib import Path

import numpy as np

from .. import cache
from ..iteration import Iteration
from .base import NEXT, STOP, Backend, CompileError, Kernel, Spelling, Work, printed, sizes

SPELLING = Spelling("python", load="{name} = {array}[{row}, l]", flag="{name} = {array}[{row}, l] != 0",
                    store="y[{row}, l] = {new} if go else {name}", gather="    c[{row}, l] = table[{row}, r]",
                    bound="{name} = bounds[{row}]")

FRAME = '''{prelude}
from llvmlite import ir
from numba.extending import intrinsic

WORD = ir.IntType(64)

@intrinsic
def fetch_add(typingctx, address, value):
    """Add to the integer at an address, and return what it was: in one, whatever the other threads do."""
    def code(context, builder, signature, arguments):
        pointer = builder.inttoptr(arguments[0], WORD.as_pointer())
        return builder.atomic_rmw("add", pointer, arguments[1], "monotonic")
    return numba.int64(numba.int64, numba.int64), code

@intrinsic
def look(typingctx, address):
    """The integer at an address, read anew each time."""
    def code(context, builder, signature, arguments):
        pointer = builder.inttoptr(arguments[0], WORD.as_pointer())
        return builder.load_atomic(pointer, "monotonic", 8, typ=WORD)
    return numba.int64(numba.int64), code

@numba.njit(nogil=True, cache=True, error_model="numpy")
def run(following, stop, queue, base, limits, bounds, state, steps, fixed, table):
    W, S, P, T = {width}, {states}, {fixed}, {tables}
    each = len(limits) > 1
    K = {inner} if each else min({inner}, limits[0] + 1)
    {bounds}
    y = np.zeros((S, W))
    p = np.zeros((P + 1, W))
    c = np.zeros((T + 1, W))
    count = np.zeros(W, np.int64)
    alive = np.zeros(W, np.int64)
    limit = np.zeros(W, np.int64)
    lane = np.full(W, -1)
    rows = table.shape[1]
    size = len(queue)
    mine = 0
    last = 0
    running = True
    while look(stop) == 0:
        for l in range(W):
            if alive[l] == 0:
                if lane[l] >= 0:
                    for s in range(S):
                        state[s, lane[l]] = y[s, l]
                    steps[lane[l]] = base + count[l]
                    lane[l] = -1
                if mine == last and running:
                    mine = fetch_add(following, W)
                    last = min(mine + W, size)
                    if mine >= size:
                        mine = last = 0
                        running = False
                if mine < last:
                    lane[l] = queue[mine]
                    mine += 1
                    alive[l] = 1
                    count[l] = steps[lane[l]] - base
                    limit[l] = limits[lane[l] if each else 0]
                    for s in range(S):
                        y[s, l] = state[s, lane[l]]
                    for s in range(P):
                        p[s, l] = fixed[s, lane[l]]
        busy = 0
        for l in range(W):
            busy |= alive[l]
        if busy == 0:
            return
        for k in range(K):
            {gather}
            for l in range(W):
                {loads}
                {body}
                go = alive[l] & (count[l] < limit[l]) & ({go})
                {stores}
                count[l] += go
                alive[l] = go
    for l in range(W):  # a pause: every lane as far as it has come
        if lane[l] >= 0:
            for s in range(S):
                state[s, lane[l]] = y[s, l]
            steps[lane[l]] = base + count[l]
'''


class Numba(Backend):
    """LLVM by numba: where there is no C compiler."""

    name, remedy = "numba", "pip install 'optiflows[fast]'"

    def available(self) -> bool:
        return importlib.util.find_spec("numba") is not None

    def compile(self, iteration: Iteration) -> Kernel:
        try:
            function = step_loop(source(iteration))
        except Exception as error:  # numba and LLVM raise of all kinds; whatever it is, the next back end serves
            raise CompileError(f"numba failed: {type(error).__name__}: {str(error)[-500:]}") from error

        bounds = iteration.numbers

        def run(work: Work) -> None:
            function(work.shared[NEXT:].ctypes.data, work.shared[STOP:].ctypes.data, work.queue, work.base,
                     work.limits, bounds, work.state, work.steps, work.fixed, work.table)

        return Kernel(run, self.parallel)


def source(iteration: Iteration) -> str:
    """The Python text of the step loop, for numba."""
    step, join = printed(iteration, SPELLING), ("\n" + " " * 16).join
    gather = ["for l in range(W):", "    r = min(count[l], rows - 1)", *step.gather] if step.gather else ["pass"]
    return FRAME.format(**sizes(iteration), prelude=step.prelude, gather=("\n" + " " * 12).join(gather),
                        go=step.go, loads=join(step.loads or ["pass"]), body=join(step.body or ["pass"]),
                        stores=join(step.stores or ["pass"]), bounds="\n    ".join(step.bounds))


_lock = threading.Lock()  # numba compiles one program at a time


def _after_fork() -> None:
    global _lock
    _lock = threading.Lock()  # the thread that may have held it is not in the child


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_after_fork)


@functools.lru_cache(maxsize=128)
def step_loop(text: str) -> Callable:
    """The compiled step loop of a text: of this process, else as numba kept it, else compiled now."""
    name = cache.name(text, ".py")
    with _lock:
        if (folder := cache.directory()) is not None:
            try:
                return _kept(folder / name, text)
            except OSError as error:
                cache.warn_unkept(error)
        with tempfile.TemporaryDirectory(prefix="optiflows-") as temporary:
            path = Path(temporary) / name
            path.write_text(text.replace("cache=True", "cache=False", 1))
            return _compiled(path)


def _kept(path: Path, text: str) -> Callable:
    """The loop from the cache folder, where numba keeps machine code beside the text: that too is checked."""
    if not path.exists() or path.read_text(errors="replace") != text:
        cache.write(path, text.encode())
    cache.touch(path)
    for file in _machine_code(path):
        cache.touch(file) if cache.whole(file) else cache.remove(file)
    function = _compiled(path)
    for file in _machine_code(path):
        if not cache.whole(file):
            cache.seal(file)
    return function


def _machine_code(path: Path) -> list[Path]:
    return [f for f in (path.parent / "__pycache__").glob(f"{path.stem}.run-*.nb*") if f.suffix in (".nbi", ".nbc")]


def _compiled(path: Path) -> Callable:
    name = f"_optiflows_{path.stem}"
    module = sys.modules[name] = types.ModuleType(name)  # numba looks its functions up by module
    exec(compile(path.read_text(), path, "exec"), vars(module))  # our own printed text
    rows, integers = np.zeros((1, 0)), np.zeros(0, np.int64)
    shared = np.zeros(16, np.int64)
    module.run(shared[NEXT:].ctypes.data, shared[STOP:].ctypes.data, integers, 0, shared[:1], rows[0], rows,
               integers, rows, np.zeros((1, 1)))
    return module.run  # compiled now, once, for these types
