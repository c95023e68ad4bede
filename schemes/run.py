"""`integrate` and its result."""
from __future__ import annotations

import numpy as np
from scipy.integrate._ivp.ivp import OdeResult

from arithmetic import check_backend
from flows import Field, check_theta

from .base import Scheme
from .loop import Ensemble, Problem
from .outcome import Outcome, Stop
from .runge_kutta import EulerRichardson


class Run(OdeResult):
    """The result of `integrate`, a scipy `OdeResult`.

    theta : end point, (dim,) or (dim, lanes).  t, y : the recorded history, (points,) and (size, points) for one start,
    (lanes, points) and (size, lanes, points) for an ensemble; without `record`, start and end.
    outcome : `Outcome`, or an integer array of them.  steps, accepted, gradients : counts, per lane for an ensemble.
    success, message : whether every lane converged, and how it ended in words.  state : the end state, to continue from.
    """


def integrate(field: Field, theta0=None, scheme: Scheme | None = None, step=0.1, stop: Stop | None = None, record=None, *,
              y0=None, backend: str = "auto", threads: int | None = None) -> Run:
    """Follow a flow on a loss until it is at rest, has left, or has used its steps.

    Parameters
    ----------
    field : flow.on(loss).
    theta0 : (dim,) or (dim, lanes), the starts; every lane runs on its own.
    scheme : the integrator, `EulerRichardson()` unless given.
    step : a number (fixed step in ODE time) or a control: `ErrorControl()`, `EnergyControl()`.
    stop : a `Stop`.
    record : None, or k to keep the state after every k-th trial.
    y0 : (size,) or (size, lanes), a full initial state (memory too) instead of `theta0`.
    backend : "auto", "c", "numba" or "numpy": the same results, at different speed.
    threads : at most this many; all cores unless given.

    Raises
    ------
    ValueError, TypeError : for wrong shapes, non-positive steps, starts that are not finite, unknown back ends.
    """
    problem = Problem(field, scheme or EulerRichardson(), step, stop or Stop())
    check_backend(backend)
    if (theta0 is None) == (y0 is None):
        raise TypeError("integrate: give either theta0 (the memory starts at rest) or y0 (the whole state)")
    y = field.start(theta0) if y0 is None else np.asarray(y0, dtype=float)
    if y.ndim not in (1, 2) or y.shape[0] != field.size:
        raise ValueError(f"y0 must have shape ({field.size},) or ({field.size}, lanes), got {y.shape}")
    if not np.isfinite(y).all():
        raise ValueError(f"{'theta0' if y0 is None else 'y0'} must be finite, got {_first_bad(y)}: remove such starts")
    if record is not None and (isinstance(record, bool) or not isinstance(record, (int, np.integer)) or record < 1):
        raise ValueError(f"record={record!r} must be None or an integer k >= 1 (keep every k-th state)")
    single = y.ndim == 1
    z = problem.start(y[:, None] if single else y)
    history = [(z, np.zeros(z.shape[1], dtype=np.int64))]
    if record is None:
        history.append(problem.run(z, backend=backend, threads=threads))
    else:
        _record(problem, history, int(record), backend, threads)
    ends = [problem.finish(*point) for point in history]
    return _result(field, ends, single)


def _record(problem: Problem, history: list, every: int, backend: str, threads) -> None:
    """Append the rows after every `every`-th trial until no lane goes on."""
    z, steps = history[0]
    while True:
        budget = min(every, problem.stop.max_steps - int(steps.max(initial=0)))
        if budget <= 0:
            return
        z, taken = problem.run(z, backend=backend, threads=threads, max_steps=budget)
        if not taken.any():
            return
        steps = steps + taken
        history.append((z, steps))


def _result(field: Field, ends: list[Ensemble], single: bool) -> Run:
    end = ends[-1]
    pick = (lambda a: a[..., 0]) if single else (lambda a: a)
    outcome = Outcome(int(end.outcome[0])) if single else end.outcome
    labels, counts = np.unique(end.outcome, return_counts=True)
    message = (Outcome(int(end.outcome[0])).sentence if single else
               "; ".join(f"{n} {Outcome(int(k)).name}" for k, n in zip(labels, counts, strict=True)) or "no starts")
    t = np.stack([np.broadcast_to(e.t, e.steps.shape) for e in ends], axis=-1)
    y = np.stack([e.y for e in ends], axis=-1)
    return Run(theta=pick(field.theta(end.y)), state=pick(end.y), t=t[0] if single else t, y=y[:, 0] if single else y,
               outcome=outcome, steps=_count(end.steps, single), accepted=_count(end.accepted, single),
               gradients=_count(end.gradients, single), success=bool(np.all(end.outcome == Outcome.CONVERGED)),
               message=message)


def _count(values, single):
    return int(values[0]) if single else values


def _first_bad(y) -> str:
    index = tuple(int(i) for i in np.argwhere(~np.isfinite(y))[0])
    return f"{y[index]} at index {index}"
