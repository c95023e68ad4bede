"""`integrate` and its result."""
from __future__ import annotations

import time
from collections.abc import Callable
from typing import TypeAlias

import numpy as np
from numpy.typing import ArrayLike
from scipy.optimize import OptimizeResult

from arithmetic import Interrupted, Progress, Table, as_reals, check_backend, check_threads
from flows import Field

from .base import Scheme
from .control import Control
from .loop import Ensemble, Problem
from .outcome import Outcome, Stop
from .runge_kutta import EulerRichardson


Record: TypeAlias = int | ArrayLike | None  #: every k-th state, or the states at times
SEGMENTS = 256, 8192  # trials between two looks at the clock and the keyboard: at first, at most


class Run(OptimizeResult):
    """The result of `integrate`, as scipy's: a dict with its entries as attributes.

    theta : end point, (dim,) or (dim, lanes).  t, y : the recorded history, (points,) and (size, points) for one start,
    (lanes, points) and (size, lanes, points) for an ensemble; without `record`, start and end; at given times, t is
    these times, (points,), and y is NaN at those that a lane did not reach.
    outcome : `Outcome`, or an integer array of them.  steps, accepted, gradients : counts, per lane for an ensemble.
    success, message : whether every lane converged, and how it ended in words.  state : the end state.
    `integrate(field, run, …)` continues it: all counts go on, and so does `Stop.max_steps`, the limit of their total.
    """

    def _repr_markdown_(self) -> str:
        """How it ended and where; of an ensemble how many lanes did, and the mean of what they took."""
        single = np.ndim(self.outcome) == 0
        found, counts = np.unique(self.outcome, return_counts=True)
        means = [(f"{name} (mean)" * (not single) or name, f"{float(np.mean(self[name])):.6g}")
                 for name in ("steps", "gradients") if np.size(self[name])]
        rows = [(Outcome(int(k)).name, Outcome(int(k)).sentence if single else f"{n} lanes")
                for k, n in zip(found, counts, strict=True)]
        end = [("θ", ", ".join(f"{x:.6g}" for x in self.theta[:8]) + ", …" * (len(self.theta) > 8))] if single else []
        return Table(("outcome", "what that is" if single else "how many"), [*rows, *end, *means]).markdown()


def integrate(field: Field, theta0: ArrayLike | Run | None = None, scheme: Scheme | None = None,
              step: float | Control = 0.1, stop: Stop | None = None, record: Record = None, *,
              y0: ArrayLike | None = None, callback: Callable | None = None, progress: bool | Callable | None = False,
              max_seconds: float | None = None, backend: str = "auto", threads: int | None = None) -> Run:
    """Follow a flow on a loss until it is at rest, has left, or has used its steps.

    Parameters
    ----------
    field : flow.on(loss).
    theta0 : (dim,) or (dim, lanes), the starts; every lane runs on its own.  Or a `Run`, which goes on where it ended,
        step control and clocks included: the result is bit for bit that of one long run with the same scheme and step.
    scheme : the integrator, `EulerRichardson()` unless given.
    step : a number (fixed step in ODE time) or a control: `ErrorControl()`, `EnergyControl()`.
    stop : a `Stop`.
    record : None; k to keep the state after every k-th trial; or increasing ODE times at which to keep it, by cubic
        Hermite interpolation between the steps.
    y0 : (size,) or (size, lanes), a full initial state (memory too) instead of `theta0`.
    callback : called with a copy of the `Ensemble` after every recorded trial (every few hundred where none is
        recorded); the run ends as INTERRUPTED where it returns True or raises StopIteration.
    progress : True for a line on standard error, None for one where that is a terminal, or a function of (lanes ended,
        lanes).
    max_seconds : wall-clock budget; what is done by then is returned as TIME_LIMIT.
    backend : "auto", "c", "numba" or "numpy": the same results, at different speed.
    threads : at most this many, an integer >= 1; None or -1 for all cores.  Functions of your own: one, unless given.

    A KeyboardInterrupt ends the run, and what is done is returned as INTERRUPTED.

    Raises
    ------
    ValueError, TypeError : for wrong shapes, non-positive steps, starts that are not finite, unknown back ends.
    """
    problem = Problem(field, scheme or EulerRichardson(), step, stop or Stop())
    check_backend(backend)
    check_threads(threads)
    history = _History(problem, record)
    if max_seconds is not None and not max_seconds > 0:
        raise ValueError(f"max_seconds={max_seconds} must be positive, or None for no budget")
    if (theta0 is None) == (y0 is None):
        raise TypeError("integrate: give either theta0 (the memory starts at rest) or y0 (the whole state)")
    if isinstance(theta0, Run):
        z, steps, single = _continued(problem, theta0)
    else:
        y, single = _start(field, theta0, y0)
        y = y if y0 is None else problem.fresh(y)
        z, steps = problem.start(y), np.zeros(y.shape[1], dtype=np.int64)
    history.begin(z, steps)
    report = Progress(progress, z.shape[1], "lanes ended")
    limit, cause, began = problem.stop.max_steps, Outcome.RUNNING, time.monotonic()
    going, segment = np.flatnonzero(steps < limit), history.every or SEGMENTS[0]
    try:
        while len(going):
            now = time.monotonic()
            budget = min(segment, limit - int(steps[going].max()))
            rows, taken = problem.run(z[:, going], backend=backend, threads=threads, max_steps=budget)
            z, steps = _put(z, going, rows), _put(steps, going, steps[going] + taken)
            going = going[(taken == budget) & (steps[going] < limit)]
            if taken.any():
                history.add(z, steps)
                report(len(steps) - len(going))
                if callback is not None and _asks_to_stop(callback, problem.finish(z, steps)):
                    cause = Outcome.INTERRUPTED
                    break
            if max_seconds is not None and time.monotonic() - began >= max_seconds:
                cause = Outcome.TIME_LIMIT
                break
            if not history.every:
                segment = _next_segment(segment, time.monotonic() - now)
    except KeyboardInterrupt as stopped:
        cause = Outcome.INTERRUPTED
        if isinstance(stopped, Interrupted) and not history.every:  # else the last state recorded is the end
            z, steps = _put(z, going, stopped.final), _put(steps, going, steps[going] + stopped.steps)
    finally:
        report.close()
    return _result(problem, history, z, steps, cause, single)


def _put(whole, where, part):
    """A copy of `whole` with `part` at the lanes `where`: an interruption leaves the state of the last segment."""
    if len(where) == whole.shape[-1]:
        return part
    whole = whole.copy()
    whole[..., where] = part
    return whole


def _next_segment(segment: int, seconds: float) -> int:
    """Powers of two, so that tables of clocks are found again; results do not depend on how a run is cut."""
    if seconds < 0.2:
        return min(2 * segment, SEGMENTS[1])
    return segment if seconds < 1 else max(1, segment // 2)


def _asks_to_stop(callback, ensemble: Ensemble) -> bool:
    try:
        answer = callback(Ensemble(**{name: np.array(x) for name, x in vars(ensemble).items()}))  # the run is its own
    except StopIteration:
        return True
    return isinstance(answer, (bool, np.bool_)) and bool(answer)


def _start(field: Field, theta0, y0):
    y = field.start(theta0) if y0 is None else as_reals(y0, "y0")
    if y.ndim not in (1, 2) or y.shape[0] != field.size:
        raise ValueError(f"y0 must have shape ({field.size},) or ({field.size}, lanes), got {y.shape}")
    given = field.theta(y) if y0 is None else y  # memory that starts from a loss without bounds may be infinite
    if not np.isfinite(given).all():
        raise ValueError(f"{'theta0' if y0 is None else 'y0'} must be finite, got {_first_bad(given)}: remove such "
                         "starts")
    return (y[:, None], True) if y.ndim == 1 else (y, False)


def _continued(problem: Problem, run: Run):
    """Rows, step counts and whether it is of one start, of a run that goes on."""
    rows, memory, steps, single = run.__dict__["_kept"]
    if memory != problem.control.memory or len(rows) != problem.field.size + len(memory):
        raise ValueError(f"integrate(field, run, ...): the run kept {len(rows) - len(memory)} numbers and {memory}, "
                         f"this field and step need {problem.field.size} and {problem.control.memory}: use those it "
                         "was made with")
    rows = np.vstack([problem.fresh(rows[:problem.field.size]), rows[problem.field.size:]])
    return np.vstack([rows, steps[None].astype(float)]) if len(problem.memory) > len(memory) else rows, steps, single


class _History:
    """What `record` asks to keep: every k-th state, or the states at given times."""

    def __init__(self, problem: Problem, record):
        self.problem, self.every = problem, None
        self.points: list[tuple[np.ndarray, np.ndarray]] = []
        self.times: np.ndarray | None = None
        if record is None:
            return
        if isinstance(record, (int, np.integer)) and not isinstance(record, bool):
            self.every = int(record)
        else:
            self.every, self.times = 1, _check_times(record)
        if self.every < 1:
            raise ValueError(_bad_record(record))

    def begin(self, z, steps) -> None:
        self.first, self.points = (z, steps), [(z, steps)]
        if self.times is not None:
            self.y = np.full((self.problem.field.size, z.shape[1], len(self.times)), np.nan)
            self.passed = np.searchsorted(self.times, self._time(z, steps), side="left")
            self._keep(self.times, z, steps, z, steps)

    def add(self, z, steps) -> None:
        if self.times is not None:
            self._keep(self.times, *self.points[0], z, steps)
        if self.times is not None or self.every is None:
            self.points.clear()
        self.points.append((z, steps))

    def _time(self, z, steps):
        memory = dict(zip(self.problem.memory, z[self.problem.field.size:], strict=True))
        return np.broadcast_to(self.problem.control.time(memory), steps.shape)

    def _keep(self, times: np.ndarray, z0, steps0, z1, steps1) -> None:
        """Fill in the states at the times that lanes have passed between two consecutive trials."""
        t0, t1 = self._time(z0, steps0), self._time(z1, steps1)
        passed = np.searchsorted(times, t1, side="right")
        lanes = np.flatnonzero(passed > self.passed)
        if not len(lanes):
            return
        field, size = self.problem.field, self.problem.field.size
        t0, t1, y0, y1 = t0[lanes], t1[lanes], z0[:size, lanes], z1[:size, lanes]
        f0, f1 = field(t0, y0), field(t1, y1)
        for k in range(int((passed - self.passed)[lanes].max())):
            here = np.flatnonzero(self.passed[lanes] + k < passed[lanes])
            index = self.passed[lanes[here]] + k
            self.y[:, lanes[here], index] = hermite(times[index], t0[here], t1[here], y0[:, here], y1[:, here],
                                                    f0[:, here], f1[:, here])
        self.passed = np.maximum(passed, self.passed)

    def result(self, ends: list[Ensemble], single: bool):
        if self.times is not None:
            return self.times, self.y[:, 0] if single else self.y
        t = np.stack([np.broadcast_to(e.t, e.steps.shape) for e in ends], axis=-1)
        y = np.stack([e.y for e in ends], axis=-1)
        return (t[0], y[:, 0]) if single else (t, y)


def hermite(t, t0, t1, y0, y1, f0, f1):
    """The cubic through y0, y1 with slopes f0, f1, at t."""
    h = np.where(t1 != t0, t1 - t0, 1.0)
    x = (t - t0) / h
    return (1 - x)**2 * ((1 + 2 * x) * y0 + x * h * f0) + x**2 * ((3 - 2 * x) * y1 - (1 - x) * h * f1)


def _check_times(record) -> np.ndarray:
    try:
        times = np.atleast_1d(np.asarray(record, dtype=float))
    except (TypeError, ValueError):
        times = np.array([np.nan])
    good = times.ndim == 1 and times.size and np.isfinite(times).all() and (np.diff(times) > 0).all()
    if isinstance(record, bool) or not good:
        raise ValueError(_bad_record(record))
    return times


def _bad_record(record) -> str:
    return f"record={record!r} must be an integer k >= 1 (keep every k-th state), increasing times, or None"


def _result(problem: Problem, history: _History, z, steps, cause: Outcome, single: bool) -> Run:
    points = history.points if history.every and history.times is None else [history.first, (z, steps)]
    ends = [problem.finish(*point) for point in points]
    end = ends[-1]
    end.outcome[end.outcome == Outcome.RUNNING] = cause
    pick = (lambda a: a[..., 0]) if single else (lambda a: a)
    outcome = Outcome(int(end.outcome[0])) if single else end.outcome
    labels, counts = np.unique(end.outcome, return_counts=True)
    message = (Outcome(int(end.outcome[0])).sentence if single else
               "; ".join(f"{n} {Outcome(int(k)).name}" for k, n in zip(labels, counts, strict=True)) or "no starts")
    t, y = history.result(ends, single)
    run = Run(theta=pick(problem.field.theta(end.y)), state=pick(end.y), t=t, y=y, outcome=outcome,
              steps=_count(end.steps, single), accepted=_count(end.accepted, single),
              gradients=_count(end.gradients, single), success=bool(np.all(end.outcome == Outcome.CONVERGED)),
              message=message)
    memory = problem.control.memory
    run.__dict__["_kept"] = z[: problem.field.size + len(memory)], memory, steps, single
    return run


def _count(values, single):
    return int(values[0]) if single else values


def _first_bad(y) -> str:
    index = tuple(int(i) for i in np.argwhere(~np.isfinite(y))[0])
    return f"{y[index]} at index {index}"
