"""Both sides of scipy: schemes as `solve_ivp(method=...)`, optimizers as `minimize(method=...)`."""
from __future__ import annotations

import functools
import inspect

import numpy as np
from scipy.integrate import OdeSolver
from scipy.integrate._ivp.common import norm, select_initial_step, validate_first_step, validate_max_step, validate_tol
from scipy.interpolate import CubicHermiteSpline
from scipy.optimize import OptimizeResult, approx_fprime

from flows import Field

from .base import Scheme
from .loop import Problem
from .outcome import Outcome, Stop


def as_ode_solver(scheme: Scheme, step: float | None = None) -> type[OdeSolver]:
    """A scipy `OdeSolver` class of a scheme, for `solve_ivp(fun, t_span, y0, method=as_ode_solver(scheme))`.

    step : a fixed step in ODE time; None lets the scheme's error estimate choose steps under scipy's rtol and atol
    (`ErrorControl` and `EnergyControl` serve `integrate`).  Raises ValueError where neither is possible.
    """
    if not isinstance(scheme, Scheme):
        raise TypeError(f"as_ode_solver(scheme): scheme must be a Scheme such as EulerRichardson(), got {scheme!r}")
    if step is None and scheme.error_order is None:
        raise ValueError(f"{type(scheme).__name__} embeds no error estimate: pass step=..., a fixed step in ODE time")
    if step is not None and not step > 0:
        raise ValueError(f"step={step} must be positive")
    return type(f"{type(scheme).__name__}Solver", (_SchemeSolver,), {"scheme": scheme, "fixed": step})


class _SchemeSolver(OdeSolver):
    """A scheme behind scipy's solver interface; the step size follows scipy's own rules for embedded errors."""

    scheme: Scheme
    fixed: float | None

    def __init__(self, fun, t0, y0, t_bound, vectorized=False, rtol=1e-3, atol=1e-6, first_step=None, max_step=np.inf,
                 **extraneous):
        if extraneous:
            raise TypeError(f"{type(self).__name__} takes no options {sorted(extraneous)}")
        super().__init__(fun, t0, y0, t_bound, vectorized, support_complex=False)
        self.max_step = validate_max_step(max_step)
        self.rtol, self.atol = validate_tol(rtol, atol, self.n)
        self.field = _Counted(fun, self) if isinstance(fun, Field) else _Plain(self.fun)
        self.f = self.fun(self.t, self.y)
        self.f_old = None
        if self.fixed is not None:
            self.h_abs = self.fixed
        elif first_step is not None:
            self.h_abs = validate_first_step(first_step, t0, t_bound)
        else:
            wanted = inspect.signature(select_initial_step).parameters
            arguments = dict(fun=self.fun, t0=self.t, y0=self.y, t_bound=t_bound, max_step=self.max_step, f0=self.f,
                             direction=self.direction, order=self.scheme.error_order, rtol=self.rtol, atol=self.atol)
            self.h_abs = select_initial_step(**{name: arguments[name] for name in wanted})

    def _step_impl(self):
        smallest = 10 * abs(np.nextafter(self.t, self.direction * np.inf) - self.t)
        h_abs = min(max(self.h_abs, smallest), self.max_step)
        while True:
            left = abs(self.t_bound - self.t)
            h = self.direction * (h_abs if h_abs < left * (1 - 1e-9) else left)  # no sliver of a step at the end
            y, error = self.scheme.step(self.field, self.t, self.y, h)
            if self.fixed is not None:
                break
            scale = self.atol + self.rtol * np.maximum(np.abs(self.y), np.abs(y))
            size = norm(error / scale)
            factor = 10.0 if size == 0 else 0.9 * size ** (-1 / (self.scheme.error_order + 1))
            if size < 1:
                self.h_abs = abs(h) * min(10.0, factor)
                break
            h_abs = abs(h) * max(0.2, factor if np.isfinite(factor) else 0.2)
            if h_abs < smallest:
                return False, self.TOO_SMALL_STEP
        self.y_old, self.f_old = self.y, self.f
        self.t, self.y = self.t + h if abs(h) < left else self.t_bound, y
        self.f = self.fun(self.t, self.y)
        return True, None

    def _dense_output_impl(self):
        ends = sorted([(self.t_old, self.y_old, self.f_old), (self.t, self.y, self.f)], key=lambda e: e[0])
        spline = CubicHermiteSpline(*(np.array(column) for column in zip(*ends, strict=True)))
        return _Dense(self.t_old, self.t, spline)


class _Dense:
    """A cubic Hermite interpolant between two steps, as scipy's `DenseOutput`."""

    def __init__(self, t_old, t, spline):
        self.t_old, self.t, self.t_min, self.t_max, self._spline = t_old, t, min(t_old, t), max(t_old, t), spline

    def __call__(self, t):
        return self._spline(t).T if np.ndim(t) else self._spline(t)


class _Plain:
    """A plain function as a field without blocks."""

    def __init__(self, fun):
        self._fun = fun

    def __call__(self, t, y):
        return self._fun(t, y)


class _Counted(Field):
    """A field whose evaluations are counted by the solver that integrates it."""

    def __init__(self, field: Field, solver: OdeSolver):
        super().__init__(field.flow, field.loss)
        self._solver = solver

    def __call__(self, t, y):
        self._solver.nfev += 1
        return super().__call__(t, y)


class _Objective:
    """scipy's fun and jac as a loss; each is called on one column at a time."""

    recordable = False

    def __init__(self, fun, jac, dim):
        self.fun, self.jac, self.dim, self.name = fun, jac, dim, getattr(fun, "__name__", "fun")
        self.nfev = self.njev = 0

    def value(self, theta):
        self.nfev += theta.size // self.dim
        return np.apply_along_axis(lambda x: float(self.fun(x)), 0, theta)

    def gradient(self, theta):
        self.njev += theta.size // self.dim
        return np.apply_along_axis(lambda x: np.asarray(self.jac(x), dtype=float), 0, theta)

    def oracle(self, theta):
        return _ObjectiveOracle(self, theta)


class _ObjectiveOracle:
    def __init__(self, objective, theta):
        self._objective, self._theta = objective, theta

    @functools.cached_property
    def value(self):
        return self._objective.value(self._theta)

    @functools.cached_property
    def gradient(self):
        return self._objective.gradient(self._theta)

    def __getattr__(self, name):
        raise TypeError(f"minimize gives the value and the gradient only, and this optimizer asks for the {name}; "
                        "use a gradient method such as named('gd-energy')")


_STATUS = {Outcome.CONVERGED: 0, Outcome.STEP_LIMIT: 1, Outcome.DIVERGED: 2, Outcome.NOT_FINITE: 3, Outcome.STALLED: 4,
           Outcome.GRADIENT_LIMIT: 1, Outcome.INTERRUPTED: 99}


def minimize(optimizer, fun, x0, args=(), jac=None, hess=None, hessp=None, bounds=None, constraints=(), callback=None,
             gtol=1e-6, xtol=1e-3, maxiter=100_000, radius=1e6, disp=False, **unknown) -> OptimizeResult:
    """`scipy.optimize.minimize` with an optimizer of this package.

    gtol, maxiter : as in scipy's BFGS.  xtol : bound on |θ'| at rest.  radius : diverged beyond it.
    """
    if unknown:
        raise ValueError(f"minimize: unknown options {sorted(unknown)}; known: gtol, xtol, maxiter, radius, disp")
    if bounds is not None or constraints:
        raise ValueError("minimize: these optimizers take no bounds and no constraints; leave them out")
    x0 = np.atleast_1d(np.asarray(x0, dtype=float))
    value = lambda x: fun(x, *args)  # noqa: E731
    if callable(jac):
        slope = lambda x: jac(x, *args)  # noqa: E731
    elif jac is None or jac is False or jac in ("2-point",):
        slope = lambda x: approx_fprime(x, value)  # noqa: E731
    else:
        raise ValueError(f"minimize: jac={jac!r} must be True, a function, or None for finite differences")
    objective = _Objective(value, slope, x0.size)
    stop = Stop(gradient=gtol, speed=xtol, max_steps=maxiter, radius=radius)
    problem = Problem(optimizer.flow.on(objective), optimizer.scheme, optimizer.step, stop)
    z, steps, stopped = problem.start(problem.field.start(x0)[:, None]), np.zeros(1, dtype=np.int64), False
    while steps[0] < maxiter:
        z, taken = problem.run(z, max_steps=1 if callback else maxiter)
        steps = steps + taken
        if not callback or not taken[0]:
            break
        x = problem.field.theta(z)[:, 0].copy()
        try:
            if "intermediate_result" in inspect.signature(callback).parameters:
                callback(intermediate_result=OptimizeResult(x=x, fun=objective.value(x)))
            else:
                callback(x)
        except StopIteration:
            stopped = True
            break
    end = problem.finish(z, steps)
    x = problem.field.theta(end.y)[:, 0]
    outcome = Outcome.INTERRUPTED if stopped else Outcome(int(end.outcome[0]))
    message = "`callback` raised StopIteration." if stopped else outcome.sentence
    result = OptimizeResult(x=x, fun=float(objective.value(x)), jac=objective.gradient(x), nit=int(end.accepted[0]),
                            nfev=objective.nfev, njev=objective.njev, success=outcome == Outcome.CONVERGED,
                            status=_STATUS[outcome], message=message)
    if disp:
        print(result)
    return result
