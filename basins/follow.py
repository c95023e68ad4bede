"""The study of an ensemble: starts are followed to their outcomes, ends matched to critical points."""
from __future__ import annotations

import functools
import hashlib
import os
import pickle
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import Executor, ProcessPoolExecutor, ThreadPoolExecutor, as_completed

import numpy as np

from arithmetic import Progress, check_backend, check_threads
from flows import check_theta, schedules
from networks import Atlas, Objective
from schemes import Optimizer, Outcome, Problem, Stop

from .attractors import Attractors
from .labels import labelled
from .recurrence import followed
from .result import Study
from .store import Store

CHUNK = 32768  #: starts per piece of work


def study(loss: Objective, optimizer: Optimizer, starts: np.ndarray, *, stop: Stop | None = None,
          executor: Executor | None = None, chunk: int = CHUNK, store: str | os.PathLike | None = None,
          progress: bool | Callable[[int, int], object] | None = None, backend: str = "auto",
          threads: int | None = None, match: float = 0.05, points: Atlas | Iterable | str | None = "known",
          patience: float = 20.0) -> Study:
    """Follow every start until it has an outcome.

    Parameters
    ----------
    loss : a Loss.
    optimizer : from `schemes.named` or `schemes.pair`.
    starts : (dim, n), a column each (`grid`, `uniform`, `normal`).
    stop : a `Stop`.
    executor : any `concurrent.futures.Executor`; without one, the threads of this process.
    chunk : starts per piece of work; pieces are what is stored, shown as progress and handed to the executor.
    store : a folder; finished pieces are kept in it, and the same call again goes on from there.
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

    Interrupted from the keyboard, it returns what is done, the rest labelled `Outcome.INTERRUPTED`.

    Raises
    ------
    ValueError, TypeError : before any work, for starts of a wrong shape or not finite, unknown back ends, a store of
    another study, a `Stop` with functions and a store, points that are none, and work that cannot be sent to other
    processes.
    """
    drawn = getattr(starts, "drawn", "")
    starts, stop = _checked(loss, optimizer, starts, chunk, match), stop or Stop()
    check_backend(backend)
    check_threads(threads)
    n = starts.shape[1]
    pieces = [slice(first, min(first + chunk, n)) for first in range(0, n, chunk)]
    problem = optimizer.problem(loss, stop)
    work = problem if executor is None or isinstance(executor, ThreadPoolExecutor) else _sendable(
        loss, optimizer, stop, surely=isinstance(executor, ProcessPoolExecutor))
    kept = None if store is None else kept_in(store, loss, optimizer, starts, stop, chunk)
    ends: dict[str, np.ndarray] = {
        "outcome": np.full(n, int(Outcome.INTERRUPTED), dtype=np.int8), "steps": np.zeros(n, dtype=np.int64),
        "period": np.zeros(n, dtype=np.int8),
        "gradients": np.zeros(n, dtype=np.int64), "theta": np.full(starts.shape, np.nan)}
    attractors = Attractors(loss, points, patience)
    if executor is not None:
        attractors.wait()  # processes are not begun beside a thread
    report, done = Progress(progress, n, "starts"), 0
    try:
        for k, result, fresh in _results(kept, work, starts, pieces, executor, backend, threads):
            for name, values in ends.items():
                values[..., pieces[k]] = result[name]
            if kept and fresh:
                kept.write(_name(k), **result)
            done += pieces[k].stop - pieces[k].start
            report(done)
    except KeyboardInterrupt:
        pass  # what is done is returned, and labelled
    finally:
        report.close()
    labels = labelled(attractors, optimizer, problem, starts, ends, match, backend=backend, threads=threads)
    found = Study(starts=starts, loss=loss.name, optimizer=str(optimizer), stop=stop, match=float(match),
                  coordinates=_names(loss), drawn=drawn, objective=loss, outcome=ends["outcome"], steps=ends["steps"],
                  gradients=ends["gradients"], theta=ends["theta"], **labels._asdict())
    if kept and found.complete:
        found.save(kept.path)
    return found


def _checked(loss, optimizer, starts, chunk, match) -> np.ndarray:
    """The starts as (dim, n), or an error for what is wrong with the arguments."""
    if not isinstance(optimizer, Optimizer):
        raise TypeError(f"optimizer={optimizer!r} must come from schemes.named(name, ...) or "
                        "schemes.pair(flow, scheme, step)")
    if not hasattr(loss, "oracle"):
        raise TypeError(f"loss={loss!r} must be a Loss: networks.get(name), or Loss.from_expression, "
                        "Loss.from_callables")
    starts = check_theta(starts, loss.dim)
    if starts.ndim == 1:
        starts = starts[:, None]
    if not starts.shape[1]:
        raise ValueError(f"starts has shape {starts.shape}: a study needs at least one start")
    if not np.isfinite(starts).all():
        i, k = map(int, np.argwhere(~np.isfinite(starts))[0])
        raise ValueError(f"starts[{i}, {k}] = {starts[i, k]}: starts must be finite, remove such columns")
    if isinstance(chunk, bool) or not isinstance(chunk, (int, np.integer)) or chunk < 1:
        raise ValueError(f"chunk={chunk!r} must be an integer >= 1")
    check_match(match)
    return starts


def check_match(match) -> None:
    """Raises ValueError unless `match` is a positive distance."""
    if not 0 < match < np.inf:
        raise ValueError(f"match={match!r} must be a positive distance")


def kept_in(store, loss, optimizer: Optimizer, starts: np.ndarray, stop: Stop, chunk: int = CHUNK) -> Store:
    """The store of a study, begun or gone on with.

    Raises TypeError for a stop that has functions, ValueError for the store of another study.
    """
    if stop.functions:
        raise TypeError(f"Stop({stop.functions[0]}=...) is a function, of which a store cannot tell whether it is the "
                        "same in the next run: leave out store=, and save the result")
    kept = Store.made(store)
    kept.resume({"loss": loss.name, "expression": _identity(loss, optimizer), "optimizer": repr(optimizer),
                 "stop": stop.plain(), "chunk": int(chunk), "shape": list(starts.shape),
                 "starts": hashlib.sha256(np.ascontiguousarray(starts).tobytes()).hexdigest()})
    return kept


def _identity(loss, optimizer: Optimizer) -> str:
    """What a loss is, beyond its name; TypeError where that cannot be told in the next run."""
    remedy = "leave out store=, and save the result"
    if callable(optimizer.schedule) and not isinstance(optimizer.schedule, schedules.Schedule):
        raise TypeError(f"{optimizer}: a store cannot tell whether a schedule that is a function is the same in the "
                        f"next run; use one of flows.schedules, or {remedy}")
    expression = getattr(loss, "expression", None)
    if expression is not None:
        return str(expression)
    try:
        made = pickle.dumps(loss)
    except (pickle.PicklingError, TypeError, AttributeError):
        made = b""
    if not made or getattr(loss, "made_of_functions", False):
        raise TypeError(f"{loss.name} is made of functions, of which a store cannot tell whether they are the same in "
                        f"the next run: {remedy}")
    return hashlib.sha256(made).hexdigest()


# ------------------------------------------------------------------------------------------- following starts
def _results(kept: Store | None, work, starts, pieces, executor, backend, threads) -> Iterator[tuple[int, dict, bool]]:
    """(piece, its ends, whether they are new) in the order in which they come: first those that are kept."""
    waiting = []
    for k in range(len(pieces)):
        if kept and kept.has(_name(k)):
            yield k, kept.read(_name(k)), False
        else:
            waiting.append(k)
    if executor is None:
        for k in waiting:
            yield k, _follow(work, starts[:, pieces[k]], backend, threads), True
        return
    futures = {executor.submit(_follow, work, starts[:, pieces[k]], backend, threads or 1): k for k in waiting}
    try:
        for future in as_completed(futures):
            yield futures[future], future.result(), True
    finally:
        for future in futures:
            future.cancel()


def _follow(work: Problem | bytes | tuple, starts: np.ndarray, backend: str,
            threads: int | None) -> dict[str, np.ndarray]:
    """The ends of some starts: the unit of work, here or in another process."""
    problem = work if isinstance(work, Problem) else _received(work) if isinstance(work, bytes) else _problem(*work)
    z, steps, period = followed(problem, problem.start(problem.field.start(starts)), backend=backend, threads=threads)
    end = problem.finish(z, steps)
    end.outcome[period > 0] = Outcome.CYCLE
    return {"outcome": end.outcome, "steps": end.steps, "gradients": end.gradients, "period": period,
            "theta": np.ascontiguousarray(problem.field.theta(end.y))}


def _sendable(loss, optimizer, stop, surely: bool) -> bytes | tuple:
    """What other processes make the problem of: bytes, of which each makes it once; else, for an executor that can send
    more than pickle, what it is made of."""
    try:
        return pickle.dumps((loss, optimizer, stop))
    except (pickle.PicklingError, TypeError, AttributeError) as error:
        if not surely:
            return loss, optimizer, stop
        raise TypeError(f"{loss.name} with {optimizer} cannot be sent to other processes ({error}); use "
                        "networks.get(name), Loss.from_expression, functions defined in a module, or leave out "
                        "executor (threads serve the compiled back ends)") from error


@functools.lru_cache(maxsize=4)
def _received(work: bytes) -> Problem:
    return _problem(*pickle.loads(work))


def _problem(loss, optimizer: Optimizer, stop: Stop) -> Problem:
    return optimizer.problem(loss, stop)


def _names(loss) -> tuple[str, ...]:
    numeric = getattr(loss, "expression", None) is None
    return tuple(f"theta{i + 1}" for i in range(loss.dim)) if numeric else tuple(map(str, loss.symbols))


def _name(k: int) -> str:
    return f"piece-{k:05d}"
