"""Repeating a recorded step until each lane stops: one frame, three back ends with the same bits.

An `Iteration` is the recorded map x -> x' with the condition `go(x)` under which a lane takes it.  `iterate` runs it
on many lanes: a finished lane is frozen by select and replaced from the queue of waiting starts, so neither the
order of the starts nor the slowest lane matters.  Back ends: "c" (the system's compiler, loaded by ctypes), "numba"
(where installed), "numpy" (always present).
"""
from __future__ import annotations

import contextlib
import ctypes
import functools
import hashlib
import importlib.util
import os
import shutil
import subprocess
import sys
import tempfile
import threading
import warnings
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np

from . import printers
from .recorder import Graph, Node, Program, needed

BACKENDS = ("c", "numba", "numpy")
WIDTH, INNER = 32, 16  # lanes per block; steps between two looks at who has finished
TABLE = 8192           # steps whose tabulated values are made at once
CHUNK = 16384          # lanes the NumPy driver steps at once: the work rows stay in L2


@dataclass(frozen=True, eq=False)
class Iteration:
    """x -> update(x) while go(x).

    state : the inputs; the first `varying` of them differ between lanes from the start.
    States whose update reads only each other ("clocks", such as beta**n) are the same in every lane after the same
    number of steps: they are evaluated once and read from a table.
    """

    state: tuple[Node, ...]
    update: tuple[Node, ...]
    go: Node
    varying: int
    _made: dict = field(default_factory=dict, repr=False)

    @functools.cached_property
    def clocks(self) -> tuple[int, ...]:
        clocks = set(range(self.varying, len(self.state)))
        reads = {i: {self.state.index(n) for n in needed([self.update[i]]) if n.op == "input"} for i in clocks}
        while bad := {i for i in clocks if not reads[i] <= clocks}:
            clocks -= bad
        return tuple(sorted(clocks))

    @functools.cached_property
    def lanes(self) -> tuple[int, ...]:
        """The states that are stored per lane."""
        return tuple(i for i in range(len(self.state)) if i not in self.clocks)

    @property
    def lane_outputs(self) -> list[Node]:
        return [self.update[i] for i in self.lanes] + [self.go]

    @functools.cached_property
    def tabulated(self) -> tuple[Node, ...]:
        """Nodes that depend on clocks alone and that other nodes read."""
        clock_inputs, on_clocks = {self.state[i] for i in self.clocks}, {}
        for node in needed(self.lane_outputs):
            on_clocks[node] = (node in clock_inputs if node.op == "input"
                               else bool(node.operands) and all(on_clocks[a] or a.value is not None for a in node.operands))
        read = [a for node in on_clocks if not on_clocks[node] for a in node.operands if on_clocks[a]]
        return tuple(dict.fromkeys(read + [n for n in self.lane_outputs if on_clocks[n]]))

    @property
    def operations(self) -> int:
        """Arithmetic operations of one step of one lane, the stop test included, tabulated ones not."""
        named = {self.state[i]: "" for i in self.lanes} | {n: "" for n in self.tabulated}
        return sum(bool(n.operands) for n in printers.needed_given(self.lane_outputs, named))

    def tables(self, clock_start: np.ndarray, rows: int) -> tuple[np.ndarray, np.ndarray]:
        """Values of the clock states (clocks, rows) and tabulated nodes after 0, 1, … steps, as far as they change."""
        inputs = tuple(self.state[i] for i in self.clocks)
        if not inputs:
            return np.zeros((0, 1)), np.zeros((0, 1))
        key = ("tables", clock_start.tobytes(), rows)
        if key in self._made:
            return self._made[key]
        advance, now, states = Program(inputs, tuple(self.update[i] for i in self.clocks)), [np.float64(c) for c in clock_start], []
        with np.errstate(all="ignore"):
            for _ in range(rows):
                states.append(now)
                after = advance.function(*now)
                if after == now:
                    break
                now = after
            states = np.array(states, dtype=float).reshape(-1, len(inputs)).T.copy()
            values = [np.broadcast_to(v, states.shape[1:]) for v in Program(inputs, self.tabulated).function(*states)]
        self._made[key] = states, np.array(values, dtype=float).reshape(len(self.tabulated), states.shape[1])
        return self._made[key]


    def knowing(self, table: np.ndarray) -> tuple[Iteration, np.ndarray]:
        """This iteration with the tabulated conditions that never change folded away, and the table that is left."""
        known = {n: bool(row[0]) for n, row in zip(self.tabulated, table, strict=True)
                 if n.boolean and np.all(row == row[0])}
        if not known:
            return self, table
        key = ("knowing", *known.values())
        if key not in self._made:
            self._made[key] = self._folded(known)
        folded, kept = self._made[key]
        return folded, np.ascontiguousarray(table[kept])

    def _folded(self, known: dict[Node, bool]) -> tuple[Iteration, list[int]]:
        graph = Graph()
        new = {x: graph.input(x.args[0]) for x in self.state}
        kept = [k for k, n in enumerate(self.tabulated) if n not in known]
        for node in needed([*self.update, self.go]):
            if node in known:
                new[node] = graph.condition(known[node])
            elif node not in new:
                new[node] = graph.constant(node.value) if node.value is not None else graph.operation(
                    node.op, *(new[a] for a in node.operands))
        folded = Iteration(tuple(new[x] for x in self.state), tuple(new[u] for u in self.update), new[self.go], self.varying)
        order = [new[self.tabulated[k]] for k in kept]
        return folded, [kept[order.index(n)] for n in folded.tabulated]


def iterate(iteration: Iteration, start: np.ndarray, max_steps: int, *, backend: str = "auto",
            threads: int | None = None) -> tuple[np.ndarray, np.ndarray]:
    """Step every lane from `start` until it no longer goes, at most `max_steps` times.

    start : (states, lanes).  Returns the final states, same shape, and the number of steps of each lane.  The result
    does not depend on back end (up to the last bit of exp, log, sin, cos, tanh), threads or the order of lanes.
    """
    start = np.ascontiguousarray(start, dtype=float)
    lanes, clocks = list(iteration.lanes), list(iteration.clocks)
    n = start.shape[1]
    if clocks and np.any(start[clocks] != start[clocks, :1]):  # resumed with clocks of different age
        iteration = _without_clocks(iteration)
        return iterate(iteration, start, max_steps, backend=backend, threads=threads)
    if clocks and max_steps > TABLE:  # a long table costs more than most runs: make it in lengths, as lanes need them
        final, steps = iterate(iteration, start, TABLE, backend=backend, threads=threads)
        going = np.flatnonzero(steps == TABLE)
        if len(going):
            final[:, going], more = iterate(iteration, final[:, going], max_steps - TABLE, backend=backend, threads=threads)
            steps[going] += more
        return final, steps
    states, table = iteration.tables(start[clocks, 0] if n else np.zeros(len(clocks)), max_steps + 1)
    iteration, table = iteration.knowing(table)
    run = kernel(iteration, backend)
    begin, end, steps = np.ascontiguousarray(start[lanes]), np.empty((len(lanes), n)), np.zeros(n, dtype=np.int64)
    workers = min(threads or cpus(), max(1, n // WIDTH)) if run.parallel else 1
    if workers == 1 or n < 256:
        run(begin, end, steps, max_steps, table, 0, n)
    else:
        size = -(-n // (16 * workers) // WIDTH) * WIDTH if n > 16 * workers * WIDTH else WIDTH
        jobs = [_pool(workers).submit(run, begin, end, steps, max_steps, table, i, min(i + size, n))
                for i in range(0, n, size)]
        try:
            for job in jobs:
                job.result()
        finally:
            for job in jobs:
                job.cancel()
    final = np.empty_like(start)
    final[lanes] = end
    final[clocks] = states[:, np.minimum(steps, states.shape[1] - 1)]
    return final, steps


def _without_clocks(iteration: Iteration) -> Iteration:
    return Iteration(iteration.state, iteration.update, iteration.go, len(iteration.state))


def cpus() -> int:
    """The processors this process may use."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


@functools.cache
def _pool(workers: int) -> ThreadPoolExecutor:
    return ThreadPoolExecutor(workers, thread_name_prefix="optiflows")


# ------------------------------------------------------------------------------------------------ choice
@functools.cache
def compiler() -> str | None:
    """The system's C compiler: $CC, else cc, gcc or clang on the path."""
    for name in (os.environ.get("CC"), "cc", "gcc", "clang"):
        if name and (path := shutil.which(name)):
            return path
    return None


def available() -> tuple[str, ...]:
    """The back ends this machine has, the preferred one first."""
    return tuple(b for b in BACKENDS if b == "numpy" or (b == "c" and compiler() is not None)
                 or (b == "numba" and importlib.util.find_spec("numba") is not None))


def kernel(iteration: Iteration, backend: str = "auto") -> Callable:
    """The compiled step loop `run(start, final, steps, max_steps, table, first, last)` of one back end."""
    if backend != "auto":
        check_backend(backend)
        return _kernel(iteration, backend)
    for name in available():
        try:
            return _kernel(iteration, name)
        except CompileError as error:
            warnings.warn(f"the {name!r} back end failed and the next one is used; pass backend='numpy' to avoid it. "
                          f"{error}", RuntimeWarning, stacklevel=2)
            compiler.cache_clear()
    raise AssertionError("the NumPy back end is always available")


def check_backend(backend: str) -> str:
    """`backend` itself, or an error that says what to use instead."""
    if backend != "auto" and backend not in BACKENDS:
        raise ValueError(f"backend={backend!r} is not known; use 'auto' or one of {BACKENDS}")
    if backend != "auto" and backend not in available():
        remedy = {"c": "install a C compiler (cc) or set CC", "numba": "pip install 'optiflows[fast]'"}[backend]
        raise ValueError(f"backend={backend!r} is not available here: {remedy}, or use one of {available()}")
    return backend


class CompileError(RuntimeError):
    """A back end could not compile a recorded program."""


def _kernel(iteration: Iteration, backend: str) -> Callable:
    if backend not in iteration._made:
        iteration._made[backend] = {"c": _compile_c, "numba": _compile_numba, "numpy": _compile_numpy}[backend](iteration)
    return iteration._made[backend]


@functools.cache
def cache_directory() -> Path:
    """Where compiled programs are kept: $OPTIFLOWS_CACHE, else the user's cache directory, else a temporary one."""
    base = os.environ.get("OPTIFLOWS_CACHE") or Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "optiflows"
    try:
        Path(base).mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryFile(dir=base):
            return Path(base)
    except OSError:
        return Path(tempfile.mkdtemp(prefix="optiflows-"))


def _cached_file(text: str, suffix: str, make: Callable[[Path], None]) -> Path:
    """The file named by the hash of `text`, made once; the rename keeps two processes apart."""
    path = cache_directory() / f"k{hashlib.sha256(text.encode()).hexdigest()[:24]}{suffix}"
    if not path.exists():
        handle, name = tempfile.mkstemp(suffix=suffix, dir=path.parent)
        os.close(handle)
        try:
            make(Path(name))
            os.replace(name, path)
        finally:
            with contextlib.suppress(FileNotFoundError):
                os.unlink(name)
    return path


# ----------------------------------------------------------------------------------------------------- C
_C_FLAGS = ("-O3", "-march=native", "-ffp-contract=off", "-fno-math-errno", "-fno-trapping-math",
            # these two make jumps of selects, and then the loop over lanes does not vectorise
            "-fno-tree-pre", "-fno-thread-jumps", "-shared", "-fPIC", "-w")
_C_WIDE = ("-mprefer-vector-width=512",)

_C_FRAME = """{prelude}
enum {{ W = {width}, K = {inner}, S = {states}, T = {tables} }};
void run(i64 first, i64 last, i64 n, i64 max_steps, const double *start, double *final, i64 *steps,
         const double *table, i64 rows)
{{
    double y[S][W] __attribute__((aligned(64))), c[T + 1][W] __attribute__((aligned(64)));
    i64 count[W] __attribute__((aligned(64))), alive[W] __attribute__((aligned(64))), lane[W];
    i64 next = first, running = 0;
    for (int l = 0; l < W; l++) {{
        lane[l] = next < last ? next++ : -1;
        alive[l] = lane[l] >= 0;
        running += alive[l];
        count[l] = 0;
        for (int s = 0; s < S; s++) y[s][l] = alive[l] ? start[s * n + lane[l]] : 0;
    }}
    while (running) {{
        for (int k = 0; k < K; k++) {{
            {gather}
            #pragma GCC ivdep
            for (int l = 0; l < W; l++) {{
                {loads}
                {body}
                const i64 go = (alive[l] != 0) & (count[l] < max_steps) & ({go});
                {stores}
                count[l] += go;
                alive[l] = go;
            }}
        }}
        for (int l = 0; l < W; l++) if (!alive[l] && lane[l] >= 0) {{
            for (int s = 0; s < S; s++) final[s * n + lane[l]] = y[s][l];
            steps[lane[l]] = count[l];
            if (next < last) {{
                lane[l] = next++; alive[l] = 1; count[l] = 0;
                for (int s = 0; s < S; s++) y[s][l] = start[s * n + lane[l]];
            }} else {{ lane[l] = -1; running--; }}
        }}
    }}
}}
"""


def c_source(iteration: Iteration) -> str:
    """The C text of the step loop."""
    names = {iteration.state[i]: f"x{s}" for s, i in enumerate(iteration.lanes)}
    names |= {node: f"c{f}" for f, node in enumerate(iteration.tabulated)}
    prelude = printers.prelude(iteration.lane_outputs, names, "c")
    body, names = printers.lines(iteration.lane_outputs, names, "c")
    loads = [f"const double x{s} = y[{s}][l];" for s in range(len(iteration.lanes))]
    loads += [f"const _Bool c{f} = c[{f}][l] != 0;" if node.boolean else f"const double c{f} = c[{f}][l];"
              for f, node in enumerate(iteration.tabulated)]
    stores = [f"y[{s}][l] = go ? {names[iteration.update[i]]} : x{s};" for s, i in enumerate(iteration.lanes)]
    # the gather stays a loop of its own: inlined it would keep the next one from vectorising
    gather = ("for (int l = 0; l < W; l++) { const i64 r = count[l] < rows ? count[l] : rows - 1; "
              + " ".join(f"c[{f}][l] = table[{f} * rows + r];" for f in range(len(iteration.tabulated))) + " }"
              ) if iteration.tabulated else ""
    join = ("\n" + " " * 16).join
    return _C_FRAME.format(prelude=prelude, width=WIDTH, inner=INNER, states=len(iteration.lanes), tables=len(iteration.tabulated),
                           gather=gather, loads=join(loads), body=join(body), go=names[iteration.go], stores=join(stores))


def _compile_c(iteration: Iteration) -> Callable:
    source, cc = c_source(iteration), compiler()
    if cc is None:
        raise CompileError("no C compiler was found")
    return _c_kernel(source, cc)


@functools.cache
def _machine() -> str:
    """What -march=native depends on, for the name of the cached library."""
    with contextlib.suppress(OSError):
        for line in Path("/proc/cpuinfo").read_text().splitlines():
            if line.startswith(("flags", "Features")):
                return line
    import platform

    return f"{platform.machine()} {platform.processor()}"


def _shared_library(source: str, cc: str) -> ctypes.CDLL:
    """A C text compiled for this machine, once, and loaded."""

    def make(path: Path):
        for flags in (_C_FLAGS + _C_WIDE, _C_FLAGS):  # the width flag is x86's alone
            result = subprocess.run([cc, *flags, "-x", "c", "-", "-o", str(path), "-lm"], input=source, text=True,
                                    capture_output=True, check=False)
            if result.returncode == 0:
                return
        raise CompileError(f"{cc} said: {result.stderr.strip()[-500:]}")

    path = _cached_file("\n".join((source, cc, *_C_FLAGS, *_C_WIDE, _machine())), ".so", make)
    try:
        return ctypes.CDLL(str(path))
    except OSError as error:
        raise CompileError(f"the compiled library does not load: {error}") from error


def _c_kernel(source: str, cc: str) -> Callable:
    function = _shared_library(source, cc).run
    pointer, integer = ctypes.c_void_p, ctypes.c_longlong
    function.argtypes = [integer] * 4 + [pointer] * 4 + [integer]
    function.restype = None

    def run(start, final, steps, max_steps, table, first, last):
        function(first, last, start.shape[1], max_steps, start.ctypes.data, final.ctypes.data, steps.ctypes.data,
                 table.ctypes.data, table.shape[1])

    run.parallel = True
    return run


# ------------------------------------------------------------------------------------------------- numba
_NUMBA_FRAME = """{prelude}

@numba.njit(nogil=True, cache=True, error_model="numpy")
def run(first, last, max_steps, start, final, steps, table):
    W, K, S, T = {width}, {inner}, {states}, {tables}
    y = np.zeros((S, W))
    c = np.zeros((T + 1, W))
    count = np.zeros(W, np.int64)
    alive = np.zeros(W, np.int64)
    lane = np.full(W, -1)
    rows = table.shape[1]
    following = first
    running = 0
    for l in range(W):
        if following < last:
            lane[l] = following
            following += 1
            alive[l] = 1
            running += 1
            for s in range(S):
                y[s, l] = start[s, lane[l]]
    while running > 0:
        for k in range(K):
            {gather}
            for l in range(W):
                {loads}
                {body}
                go = alive[l] & (count[l] < max_steps) & ({go})
                {stores}
                count[l] += go
                alive[l] = go
        for l in range(W):
            if alive[l] == 0 and lane[l] >= 0:
                for s in range(S):
                    final[s, lane[l]] = y[s, l]
                steps[lane[l]] = count[l]
                if following < last:
                    lane[l] = following
                    following += 1
                    alive[l] = 1
                    count[l] = 0
                    for s in range(S):
                        y[s, l] = start[s, lane[l]]
                else:
                    lane[l] = -1
                    running -= 1
"""


def numba_source(iteration: Iteration) -> str:
    """The Python text of the step loop, for numba."""
    names = {iteration.state[i]: f"x{s}" for s, i in enumerate(iteration.lanes)}
    names |= {node: f"c{f}" for f, node in enumerate(iteration.tabulated)}
    prelude = printers.prelude(iteration.lane_outputs, names, "python")
    body, names = printers.lines(iteration.lane_outputs, names, "python")
    loads = [f"x{s} = y[{s}, l]" for s in range(len(iteration.lanes))]
    loads += [f"c{f} = c[{f}, l]" + " != 0" * node.boolean for f, node in enumerate(iteration.tabulated)]
    stores = [f"y[{s}, l] = {names[iteration.update[i]]} if go else x{s}" for s, i in enumerate(iteration.lanes)]
    gather = ["for l in range(W):", "    r = min(count[l], rows - 1)",
              *(f"    c[{f}, l] = table[{f}, r]" for f in range(len(iteration.tabulated)))] if iteration.tabulated else []
    return _NUMBA_FRAME.format(prelude=prelude, width=WIDTH, inner=INNER, states=len(iteration.lanes), tables=len(iteration.tabulated),
                               gather=("\n" + " " * 12).join(gather or ["pass"]), go=names[iteration.go],
                               **{key: ("\n" + " " * 16).join(value or ["pass"])
                                  for key, value in (("loads", loads), ("body", body), ("stores", stores))})


_numba_lock = threading.Lock()


def _compile_numba(iteration: Iteration) -> Callable:
    source = numba_source(iteration)
    path = _cached_file(source, ".py", lambda p: p.write_text(source))
    name = f"_optiflows_{path.stem}"
    with _numba_lock:
        if name not in sys.modules:
            spec = importlib.util.spec_from_file_location(name, path)
            module = importlib.util.module_from_spec(spec)
            sys.modules[name] = module
            spec.loader.exec_module(module)
    function = sys.modules[name].run

    def run(start, final, steps, max_steps, table, first, last):
        function(first, last, max_steps, start, final, steps, table)

    empty = np.zeros((len(iteration.lanes), 0))
    run(empty, empty, np.zeros(0, np.int64), 0, np.zeros((len(iteration.tabulated), 1)), 0, 0)  # compile now, once
    run.parallel = True
    return run


# ------------------------------------------------------------------------------------------------- NumPy
def numpy_source(iteration: Iteration) -> tuple[str, int, int]:
    """Source of `step(x, c, y, go, f, b)`: state rows x and table rows c to new rows y and `go`, with work rows."""
    names = {iteration.state[i]: f"x[{s}]" for s, i in enumerate(iteration.lanes)}
    names |= {node: f"(c[{f}] != 0)" if node.boolean else f"c[{f}]" for f, node in enumerate(iteration.tabulated)}
    outputs: dict[Node, list[str]] = {}
    for s, i in enumerate(iteration.lanes):
        outputs.setdefault(iteration.update[i], []).append(f"y[{s}]")
    outputs.setdefault(iteration.go, []).append("go")
    return printers.numpy_function(outputs, names, "np, x, c, y, go")


def _compile_numpy(iteration: Iteration) -> Callable:
    source, floats, booleans = numpy_source(iteration)
    step = printers.compiled(source)

    def run(start, final, steps, max_steps, table, first, last):
        width = min(CHUNK, last - first)
        f, b = np.empty((floats, width)), np.empty((booleans, width), dtype=bool)
        c = np.empty((len(table), width))

        def advance(x, y, count, go):
            m = len(count)
            for k in range(len(table)):
                np.take(table[k], count, out=c[k, :m], mode="clip")
            step(np, x, c[:, :m], y, go, f[:, :m], b[:, :m])

        drive(advance, start, final, steps, max_steps, first, last)

    run.parallel = False  # threads would fight for the interpreter: use processes
    return run


def drive(advance: Callable, start: np.ndarray, final: np.ndarray, steps: np.ndarray, max_steps: int,
          first: int = 0, last: int | None = None) -> None:
    """Step lanes `first` to `last` of `start` in chunks with NumPy; fills `final` and `steps`.

    advance(x, y, count, go) : from states x (states, width) and step counts, new states into y and whether each lane
    takes the step into go.  A lane that stops is recorded at once; its slot idles until 6 % of the slots do, then all
    idle slots are refilled from the queue or, when it is empty, closed up.
    """
    last = start.shape[1] if last is None else last
    width = min(CHUNK, last - first)
    if width <= 0:
        return
    x, y = np.empty((2, len(start), width))
    x[:] = start[:, first:first + width]
    lane, count = np.arange(first, first + width), np.zeros(width, dtype=np.int64)
    alive, go = np.ones(width, dtype=bool), np.empty(width, dtype=bool)
    following, live, oldest = first + width, width, 0
    with np.errstate(all="ignore"):
        while live:
            advance(x, y, count, go)
            np.logical_and(go, alive, out=go)
            if oldest >= max_steps:
                np.logical_and(go, count < max_steps, out=go)
            now = np.count_nonzero(go)
            if now < live:
                stopped = np.flatnonzero(alive ^ go)
                final[:, lane[stopped]] = x[:, stopped]
                steps[lane[stopped]] = count[stopped]
            live, alive, go, x, y = now, go, alive, y, x
            count += 1
            oldest += 1
            if live < 0.94 * len(alive):
                idle = np.flatnonzero(~alive)
                fresh = np.arange(following, min(following + len(idle), last))
                slots, following = idle[:len(fresh)], following + len(fresh)
                x[:, slots], lane[slots], count[slots], alive[slots] = start[:, fresh], fresh, 0, True
                live += len(fresh)
                if len(fresh) < len(idle):
                    keep = np.flatnonzero(alive)
                    x, lane, count, alive = x[:, keep], lane[keep], count[keep], alive[keep]
                    y, go = np.empty_like(x), np.empty_like(alive)
                oldest = int(count.max(initial=0))
