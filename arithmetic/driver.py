"""Repeating a step until each lane stops: the queue of lanes, the threads, the tables, interruptions."""
from __future__ import annotations

import functools
import os
import threading
import warnings
from collections.abc import Callable
from concurrent.futures import FIRST_EXCEPTION, ThreadPoolExecutor, wait
from numbers import Integral

import numpy as np

from .backends import REGISTERED, CompileError, Kernel, Work, available, check_backend, find
from .backends.base import WIDTH
from .backends.numpy import chunks
from .iteration import Iteration

TABLE = 8192       # steps whose tabulated values are made at once, at most
FIRST = 1024       # and of a run that has just begun: most end soon
SHORT = 128        # and at least: single steps of one age share them
SMALL = 1_000_000  # operations that are done before anyone could press a key


class Interrupted(KeyboardInterrupt):
    """A keyboard interrupt of `iterate` or `drive`.

    final, steps : the rows, and the steps taken, of every lane as far as it had come; to go on from there is the same
    run, bit for bit.
    """

    def __init__(self, final: np.ndarray, steps: np.ndarray):
        super().__init__("interrupted from the keyboard")
        self.final, self.steps = final, steps


def iterate(iteration: Iteration, start: np.ndarray, max_steps: int | np.ndarray, *, backend: str = "auto",
            threads: int | None = None, overwrite: bool = False) -> tuple[np.ndarray, np.ndarray]:
    """Step every lane from `start` until it no longer goes, at most `max_steps` times.

    start : (rows, lanes).  max_steps : a number, or one for each lane.
    threads : at most this many, None or -1 for all cores; the NumPy back end uses one.
    overwrite : whether `start`, floats in C order, may become the final rows.
    Returns the final rows, same shape, and the number of steps of each lane.  The result does not depend, to the bit,
    on the back end, the threads or the order of the lanes.
    A KeyboardInterrupt arrives at once, as `Interrupted`.
    """
    workers = check_threads(threads)
    state, n = start if overwrite else np.array(start, dtype=float, order="C"), np.shape(start)[1]
    steps, limits = np.zeros(n, dtype=np.int64), np.array(max_steps, dtype=np.int64, ndmin=1)
    queue = np.arange(n)
    if np.ndim(max_steps):  # those that may go far are begun first, so that none of them goes alone at the end
        queue = np.flatnonzero(limits > 0)
        queue = queue[np.argsort(-np.frexp(limits[queue])[1].astype(np.int16), kind="stable")]
    iteration, base, most = _for(backend, iteration.among(state)), 0, int(limits.max(initial=0))
    try:
        while len(queue) and base < most:
            # a long table costs more than most runs: it is made in lengths, as lanes need them
            limit = min(most - base, max(FIRST, base), TABLE) if iteration.clocks else most - base
            _stretch(iteration, state, steps, queue, base, np.minimum(limits - base, limit), backend, workers)
            base += limit
            queue = queue[steps[queue] >= base]
    except KeyboardInterrupt:
        raise Interrupted(state, steps) from None
    return state, steps


def path(iteration: Iteration, start: np.ndarray, length: int, rows: int, *, backend: str = "auto",
         threads: int | None = None) -> tuple[np.ndarray, np.ndarray]:
    """Where every lane is after 0, 1, … `length` steps: its first rows, (length + 1, rows, lanes), and the steps taken.

    A lane that no longer goes stays.  The bits are those of `iterate`, and so are the arguments.
    """
    workers = check_threads(threads)
    state, n = np.array(start, dtype=float, order="C"), np.shape(start)[1]
    steps, queue, iteration = np.zeros(n, dtype=np.int64), np.arange(n), _for(backend, iteration.among(state))
    moved, table, kernel, folded, _ = _ready(iteration, state, queue, length, backend)
    places, found = [(s, i) for s, i in enumerate(iteration.lanes) if i < rows], np.empty((length + 1, rows, n))
    work = Work(moved, steps, folded.fixed_rows(state), table, queue, 0, np.zeros(1, dtype=np.int64))
    found[:], taken = state[:rows], np.zeros_like(steps)
    step = _way(kernel, work, workers, n * folded.operations)
    try:
        for k in range(1, length + 1):
            if len(table):
                work.again(k)
            else:  # a step is the same at every age, and one of one step the cheapest
                taken, steps[:] = taken + steps, 0
                work.again(1)
            step()
            for s, i in places:
                found[k, i] = moved[s]
    except KeyboardInterrupt:
        raise Interrupted(np.array(start), np.zeros_like(steps)) from None
    return found, taken + steps


def _for(backend: str, iteration: Iteration) -> Iteration:
    """The iteration as the back end is fast with it; the bits are the same."""
    chosen = next(b for b in REGISTERED if b.available()) if backend == "auto" else find(check_backend(backend))
    return iteration if chosen.tables else iteration.without_tables


def _ready(iteration, state, queue, limit, backend) -> tuple[np.ndarray, np.ndarray, Kernel, Iteration, np.ndarray]:
    """The rows that are stepped, of `state` where they are its first ones, the table of so many steps, the kernel with
    what it is of, and the clocks after each step."""
    lanes = list(iteration.lanes)
    at, table = iteration.tables(state[list(iteration.clocks), queue[0]], max(limit, SHORT) + 1)
    folded, table = iteration.knowing(table)
    first = lanes == list(range(len(lanes)))
    return state[:len(lanes)] if first else state[lanes], table, compiled(folded, backend), folded, at


def _stretch(iteration, state, steps, queue, base, limits, backend, workers) -> None:
    """Step the lanes of the queue, all of age `base`, to the age `base + limits` at most."""
    most = int(limits.max())
    rows, table, kernel, folded, at = _ready(iteration, state, queue, most, backend)
    work = Work(rows, steps, folded.fixed_rows(state), table, queue, base, limits)
    try:
        _way(kernel, work, workers, len(queue) * most * folded.operations)()
    finally:
        if not np.may_share_memory(rows, state):
            state[list(iteration.lanes)] = rows
        for i, values in zip(iteration.clocks, at, strict=True):
            state[i, queue] = np.take(values, steps[queue] - base, mode="clip")


def drive(advance: Callable, start: np.ndarray, max_steps: int | np.ndarray, *,
          threads: int | None = 1) -> tuple[np.ndarray, np.ndarray]:
    """`iterate` for a step that is no recorded program but a function of NumPy arrays.

    advance(x, y, count, go) : from states x (rows, width) and step counts, new states into y and whether each lane
    takes the step into go.  It must treat every lane alike and, with more than one thread, may be called by all.
    """
    workers = check_threads(threads)
    state, n = np.array(start, dtype=float, order="C"), np.shape(start)[1]
    steps, limits = np.zeros(n, dtype=np.int64), np.array(max_steps, dtype=np.int64, ndmin=1)
    work = Work(state, steps, np.empty((0, n)), np.empty((0, 1)), np.arange(n), 0, limits)
    kernel = Kernel(lambda work: chunks(lambda x, p, y, count, go: advance(x, y, count, go), work), parallel=True)
    try:
        if limits.max(initial=0) > 0:
            _way(kernel, work, workers, None)()
    except KeyboardInterrupt:
        raise Interrupted(state, steps) from None
    return state, steps


def _way(kernel: Kernel, work: Work, workers: int, operations: int | None) -> Callable[[], None]:
    """What runs a kernel on as many threads as serve; all of them take lanes from the one queue until it is empty.

    Signals reach Python only between two calls of its main thread, so that thread waits, where a wait can be
    interrupted, and the pool works; then the kernels are asked to pause.
    """
    workers = min(workers, -(-len(work.queue) // WIDTH)) if kernel.parallel else 1
    work.at_once = min(work.at_once, -(-len(work.queue) // workers))
    thread = threading.current_thread()
    nested = thread.name.startswith(POOL)  # a pool's thread that waited for its own pool would wait for ever
    here = thread is not threading.main_thread()
    if operations is not None and operations <= SMALL or workers == 1 and here or nested:
        return functools.partial(kernel.run, work)
    return functools.partial(_pooled, kernel, work, workers)


def _pooled(kernel: Kernel, work: Work, workers: int) -> None:
    jobs = [pool(workers).submit(kernel.run, work) for _ in range(workers)]
    try:
        wait(jobs, return_when=FIRST_EXCEPTION)
    finally:
        work.stop()
        wait(jobs)
    for job in jobs:
        job.result()


POOL = "optiflows"  # what the names of its threads begin with


@functools.cache
def pool(workers: int) -> ThreadPoolExecutor:
    """The threads that kernels run on, made once."""
    return ThreadPoolExecutor(workers, thread_name_prefix=POOL)


if hasattr(os, "register_at_fork"):  # a forked process has the object but none of its threads
    os.register_at_fork(after_in_child=pool.cache_clear)


def cpus() -> int:
    """The processors this process may use."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def check_threads(threads: int | None) -> int:
    """How many threads are meant: an integer >= 1 is itself, None and -1 are all cores; else an error that says so."""
    if threads is None:
        return cpus()
    if isinstance(threads, bool) or not isinstance(threads, Integral):
        raise TypeError(f"threads={threads!r} must be an integer >= 1, or None or -1 for all cores")
    if threads < 1 and threads != -1:
        raise ValueError(f"threads={threads} must be at least 1, or None or -1 for all cores")
    return cpus() if threads == -1 else int(threads)


def compiled(iteration: Iteration, backend: str = "auto") -> Kernel:
    """The kernel of an iteration by one back end, or by the first that can."""
    if backend != "auto":
        return iteration.kernels.get(check_backend(backend), lambda: find(backend).compile(iteration))
    return iteration.kernels.get("auto", lambda: _first(iteration))


def _first(iteration: Iteration) -> Kernel:
    failed = []
    for name in available():
        try:
            kernel = find(name).compile(iteration)
        except CompileError as error:
            failed.append(f"{name}: {error}")
            continue
        if failed:
            warnings.warn(f"the {name!r} back end is used, pass backend={name!r} to say so; others failed: "
                          + "; ".join(failed), RuntimeWarning, stacklevel=2)
        return kernel
    raise AssertionError("the NumPy back end never fails")
