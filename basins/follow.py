"""The study of an ensemble: starts are followed to their outcomes, ends matched to critical points."""
from __future__ import annotations

import functools
import os
import pickle
import threading
import time
import warnings
from collections import deque
from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import FIRST_COMPLETED, Executor, Future, ThreadPoolExecutor, wait
from contextlib import AbstractContextManager, ExitStack, nullcontext
from typing import TYPE_CHECKING, Any

import numpy as np

from arithmetic import Interrupted, Progress, check_backend, check_threads
from arithmetic.late import loaded
from networks import Atlas, Objective
from schemes import Optimizer, Outcome, Problem, Stop

from .attractors import Attractors
from .evidence import Further, followed_on
from .interrupt import Interruptions
from .job import ONWARD, Job, Work, prepare
from .labels import labelled, unjudged
from .recurrence import followed
from .result import Study
from .starts import Described
from .store import Store

if TYPE_CHECKING:
    from .executors import Engine

AHEAD = 256  #: pieces at most that an executor is given before it has returned them


def study(loss: Objective, optimizer: Optimizer, starts: np.ndarray | Described, *, stop: Stop | None = None,
          executor: Engine = None, chunk: int | None = None, store: str | os.PathLike | None = None,
          progress: bool | Callable[[int, int], object] | None = None, backend: str = "auto",
          threads: int | None = None, match: float = 0.05, points: Atlas | Iterable | str | None = "known",
          patience: float = 20.0) -> Study:
    """Follow every start until it has an outcome.

    Parameters
    ----------
    loss : a Loss.
    optimizer : from `schemes.named` or `schemes.pair`.
    starts : (dim, n), a column each (`grid`, `uniform`, `normal`), or a description of them (`grid(..., lazy=True)`).
    stop : a `Stop`.
    executor : None, for the threads of this process; any `concurrent.futures.Executor`; a `dask.distributed.Client`;
        "threads", "fork", "spawn", "forkserver" or "dask" for as many workers as there are processors; or the address
        of a Dask scheduler, "tcp://host:8786".
    chunk : starts per piece of work, 32768, or 1024 of a loss that cannot be recorded; pieces are what is stored, shown
        as progress and handed to the executor.
    store : a folder; finished pieces are kept in it, and the same call again goes on from there.  The arrays of the
        result then lie there, and not in memory.  The pieces stay, for the same call with another `match` or other
        `points`, which gives the ends other names.
    progress : True, False, or a function of (done, n); by default a line on standard error if that is a terminal.
    backend, threads : as for `integrate`.
    match : an end at rest is named after a critical point within this distance; whether it is at it is proved, or
        seen in a longer run (see `End`).
    points : what ends are named after: "known", the critical points of the loss, and where ends come to rest that none
        of them is near, outside the box that they are known in, those that are proved there; None, nothing; or an
        Atlas, an array (dim, n), or a list of `CriticalPoint`s and arrays (dim,), which are listed with an undecided
        nature.
    patience : seconds from the call that known critical points, which are found while the starts run (before they are
        sent to an executor), are waited for at most; where there are none by then, or something is wrong with them,
        ends have no names, and the study's `note` says why.

    Interrupted from the keyboard, it returns what is done, the rest labelled `Outcome.INTERRUPTED`.  Whatever else ends
    it early, as a worker that dies, a disk that is full or a loss that raises, is raised with what is done, labelled in
    the same way, as its attribute `partial`.

    Raises
    ------
    ValueError, TypeError : before any work, for starts of a wrong shape or not finite, unknown back ends, a store of
    another study or one that another process writes into, a loss or a `Stop` of functions that cannot be recorded and
    a store, points that are none, and work that cannot be sent to other processes.
    """
    job = prepare(loss, optimizer, starts, stop, chunk, match, named=points is not None)
    check_backend(backend)
    check_threads(threads)
    with ExitStack() as stack:
        engine = stack.enter_context(_opened(executor))
        work = job.work if engine is None or isinstance(engine, ThreadPoolExecutor) else _sendable(
            (loss, optimizer, job.problem.stop, points is not None), surely=_pickles(engine))
        kept = None if store is None else stack.enter_context(job.kept_in(store))
        attractors = Attractors(loss, points, patience)
        ends = {name: np.empty(shape, dtype) if kept is None else kept.array(name, shape, dtype)
                for name, (shape, dtype) in job.arrays.items()}
        whole = kept.array("starts", job.shape, float) if kept else None
        report, done, failed, missing = Progress(progress, job.n, "starts"), 0, None, set(range(len(job.pieces)))
        keys = stack.enter_context(Interruptions())
        try:
            with keys.allowed():
                if engine is not None:
                    attractors.wait()  # processes are not begun beside a thread
                for k, result, fresh in _results(job, work, kept, engine, backend, threads):
                    for name, values in ends.items():
                        values[..., job.pieces[k]] = result[name]
                    missing.remove(k)
                    if kept and fresh:
                        kept.write_piece(k, result)
                    done += job.pieces[k].stop - job.pieces[k].start
                    report(done)
                    keys.check()
        except KeyboardInterrupt:
            attractors.hurry()  # what is done is returned, and labelled
        except Exception as error:  # whatever it is, nothing is lost for it
            failed = error
        for k in missing:
            for name, values in ends.items():
                values[..., job.pieces[k]] = job.kept[name].none
        if whole is None or kept is None:
            whole = job.columns(0, job.n)
        else:
            for k, piece in enumerate(job.pieces):
                whole[:, piece] = job.starts(k)
            kept.release()
        report.close()
        found = _judged(job, attractors, whole, ends, keys, match, getattr(starts, "drawn", ""), backend, threads)
        try:
            if kept and found.complete:
                kept.release()
                found.save_in(kept)
        except Exception as error:
            failed = failed or error
        if failed is not None:
            raise _with_partial(failed, found, kept)
    return found


def studies(loss: Objective, optimizers: Sequence[Optimizer], starts: np.ndarray | Described, *,
            stop: Stop | None = None, backend: str = "auto", threads: int | None = None, match: float = 0.05,
            points: Atlas | Iterable | str | None = "known", patience: float = 20.0) -> list[Study]:
    """`study` with each of several optimizers, `alike` on the loss: the same results, from one run of all lanes.

    That is sooner where starts are few: lanes are stepped in blocks, and the last of each study would go alone.
    Interrupted from the keyboard, it returns all of them with what is done.
    """
    jobs = [prepare(loss, optimizer, starts, stop, None, match, named=points is not None) for optimizer in optimizers]
    check_backend(backend)
    check_threads(threads)
    attractors, n, whole = Attractors(loss, points, patience), jobs[0].n, jobs[0].columns(0, jobs[0].n)
    found, interrupted = list[Study](), False
    with Interruptions() as keys:
        try:
            with keys.allowed():
                ends = _follow(jobs[0].work, whole, backend, threads, beside=[job.problem for job in jobs[1:]])
                keys.check()
        except _Cut as cut:
            ends, interrupted = cut.ends, True
        for k, job in enumerate(jobs):
            if found:
                attractors = Attractors(loss, points, patience)  # each has this patience
            if interrupted:
                attractors.hurry()
            own = {name: values[..., k * n:(k + 1) * n].copy() for name, values in ends.items()}
            found.append(_judged(job, attractors, whole, own, keys, match, getattr(starts, "drawn", ""), backend,
                                 threads))
    return found


def alike(loss: Objective, optimizers: Iterable[Optimizer], starts: np.ndarray | Described, stop: Stop | None) -> bool:
    """Whether optimizers, as `variants` makes them, repeat one recorded program on a loss.

    Raises what `prepare` raises.
    """
    first, *others = (prepare(loss, optimizer, starts, stop).problem for optimizer in optimizers)
    return first.recordable and all(other.iteration is first.iteration for other in others)


def _judged(job: Job, attractors: Attractors, starts: np.ndarray, ends: dict[str, np.ndarray], keys: Interruptions,
            match: float, drawn: str, backend: str, threads: int | None) -> Study:
    """The study of ends, with their names; without where that is interrupted."""
    loss, optimizer, problem = job.loss, job.optimizer, job.problem
    try:
        with keys.allowed():
            labels = labelled(attractors, optimizer, problem, starts, ends, match, backend=backend, threads=threads)
    except KeyboardInterrupt:
        labels = unjudged(attractors, optimizer, problem, starts, ends, match,
                          "interrupted before the ends were judged, so they have no names")
    return Study(starts=starts, theta=ends["theta"], outcome=ends["outcome"], steps=ends["steps"],
                 gradients=ends["gradients"], **labels._asdict(), loss=loss.name, optimizer=str(optimizer),
                 stop=problem.stop, match=float(match), coordinates=loss.names, drawn=drawn, objective=loss)


def _with_partial(error: Exception, found: Study, kept: Store | None) -> Exception:
    """The error with what was done before it."""
    done = int(np.sum(found.outcome != Outcome.INTERRUPTED))
    error.partial = found  # type: ignore[attr-defined]
    error.add_note(f"{done} of {found.n} starts had ended: they are the attribute `partial` of this error, a Study" + (
        f"; the same call goes on from {kept.path}" if kept else ""))
    return error


# ------------------------------------------------------------------------------------------- following starts
def _results(job: Job, work, kept: Store | None, engine: Executor | None, backend,
             threads) -> Iterator[tuple[int, dict, bool]]:
    """(piece, its ends, whether they are to be kept) in the order in which they come: first those that are kept."""
    waiting, said = deque[int](), []
    for k in range(len(job.pieces)):
        arrays, damage = kept.piece(k, job.shapes(k)) if kept else (None, "")
        if arrays is not None:
            yield k, arrays, False
        else:
            waiting.append(k)
            said += [damage] * bool(damage)
    if kept and said:
        more = f", and {len(said) - 1} more like it" * (len(said) > 1)
        warnings.warn(f"store={str(kept.path)!r}: {said[0]}{more}; made again", RuntimeWarning, stacklevel=3)
    if engine is None:
        for k in waiting:
            try:
                result = _follow(work, job.starts(k), backend, threads)
            except _Cut as cut:  # as far as it has come
                yield k, cut.ends, False
                raise
            yield k, result, True
        return
    halt = threading.Event() if isinstance(engine, ThreadPoolExecutor) else None
    futures: dict[Future, int] = {}
    try:
        while waiting or futures:
            while waiting and len(futures) < AHEAD:
                k = waiting.popleft()
                futures[engine.submit(_follow, work, job.starts(k), backend, threads or 1, halt)] = k
            for future in sorted(wait(futures, return_when=FIRST_COMPLETED).done, key=_failed):
                yield futures[future], future.result(), True
                del futures[future]  # and its result with it
    finally:
        if halt is not None:
            halt.set()
        for future in futures:
            future.cancel()


def _failed(future: Future) -> bool:
    """Whether it has no result: what is done at the same time is taken before it."""
    return future.cancelled() or future.exception() is not None


class _Cut(KeyboardInterrupt):
    """A keyboard interrupt of `_follow`.  ends : what it has, as far as every lane has come."""

    def __init__(self, ends: dict[str, np.ndarray]):
        super().__init__("interrupted from the keyboard")
        self.ends = ends


def _follow(work: Work | bytes | tuple, starts: np.ndarray, backend: str, threads: int | None,
            halt: threading.Event | None = None, beside: Sequence[Problem] = ()) -> dict[str, np.ndarray]:
    """The ends of some starts: the unit of work, here, in another thread or in another process.

    halt : what another thread sets to end this one, which is looked at every second or so.
    beside : further problems of the same recording, in which the starts are followed too; their ends come after.
    """
    problem, onward = work if isinstance(work, Work) else _received(work) if isinstance(work, bytes) else Work.of(*work)
    how: dict[str, Any] = {"backend": backend, "threads": threads}
    z = problem.begin(starts)
    if beside:
        z = np.hstack([z, *(other.begin(starts) for other in beside)])
    doubt = Further.of(np.arange(z.shape[1] if onward is not None else 0), problem.field.dim)
    try:
        z, steps, period = followed(problem, z, run=_stopped(halt, problem), **how)
    except Interrupted as cut:
        raise _Cut(_ended(problem, cut.final, cut.steps) | _onward(doubt)) from None
    ends = _ended(problem, z, steps, period)
    if onward is not None:
        try:
            doubt = followed_on(onward, z, np.flatnonzero(ends["outcome"] == Outcome.CONVERGED), steps, begun=True,
                                run=_stopped(halt, onward), **how)
        except Interrupted:
            raise _Cut(ends | _onward(doubt)) from None
    return ends | _onward(doubt)


def _stopped(halt: threading.Event | None, problem: Problem) -> Callable | None:
    return None if halt is None else functools.partial(_in_segments, halt, problem)


def _in_segments(halt: threading.Event, problem: Problem, z: np.ndarray, *, max_steps: int | np.ndarray,
                 **how: Any) -> tuple[np.ndarray, np.ndarray]:
    """`problem.run`, interrupted where that is asked for."""
    n, segment = z.shape[1], 4096
    z, steps, left = z.copy(), np.zeros(n, dtype=np.int64), np.array(np.broadcast_to(max_steps, n))
    going = np.flatnonzero(left > 0)
    while len(going):
        if halt.is_set():
            raise Interrupted(z, steps)
        began, most = time.monotonic(), np.minimum(left[going], segment)
        z[:, going], more = problem.run(z[:, going], max_steps=most, **how)
        steps[going] += more
        left[going] -= more
        going = going[(more == most) & (left[going] > 0)]
        seconds = time.monotonic() - began
        segment = 2 * segment if seconds < 0.3 else max(1, segment // 2) if seconds > 1 else segment
    return z, steps


def _onward(doubt: Further) -> dict[str, np.ndarray]:
    """What is kept of where ends in doubt go on to; nothing where it is of no lanes."""
    return {f"onward_{name}": getattr(doubt, name) for name in ONWARD if len(doubt.lanes)}


def _ended(problem: Problem, z: np.ndarray, steps: np.ndarray, period: np.ndarray | None = None) -> dict[
        str, np.ndarray]:
    """What is kept of the final rows z.  period : of cycles; None of an interrupted run, in which lanes go on."""
    end = problem.finish(z, steps)
    if period is None:
        end.outcome[end.outcome == Outcome.RUNNING], period = Outcome.INTERRUPTED, np.zeros(len(steps), dtype=np.int8)
    end.outcome[period > 0] = Outcome.CYCLE
    return {"outcome": end.outcome, "steps": end.steps, "gradients": end.gradients, "period": period,
            "theta": np.array(problem.field.theta(end.y))}


def _opened(executor: Engine) -> AbstractContextManager[Executor | None]:
    """`executors.opened`, which is slow to load."""
    if executor is None:
        return nullcontext()
    from .executors import opened

    return opened(executor)


def _pickles(engine: Executor) -> bool:
    """Whether what an executor is given is pickled, and nothing else will do."""
    if not loaded("concurrent.futures.process"):
        return False
    from concurrent.futures import ProcessPoolExecutor

    return isinstance(engine, ProcessPoolExecutor)


def _sendable(made_of: tuple, surely: bool) -> bytes | tuple:
    """What other processes make the work of: bytes, of which each makes it once; else, for an executor that can send
    more than pickle, what it is made of."""
    try:
        return pickle.dumps(made_of)
    except (pickle.PicklingError, TypeError, AttributeError) as error:
        if not surely:
            return made_of
        loss, optimizer, *_ = made_of
        raise TypeError(f"{loss.name} with {optimizer} cannot be sent to other processes ({error}); use "
                        "networks.get(name), Loss.from_expression, functions defined in a module, or leave out "
                        "executor (threads serve the compiled back ends)") from error


@functools.lru_cache(maxsize=4)
def _received(work: bytes) -> Work:
    return Work.of(*pickle.loads(work))
