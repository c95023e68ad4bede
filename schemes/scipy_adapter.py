"""Both sides of scipy: schemes as `solve_ivp(method=...)`, optimizers as `minimize(method=...)`."""
from __future__ import annotations

import inspect

import numpy as np
from scipy.integrate import DenseOutput, OdeSolver
from scipy.interpolate import CubicHermiteSpline
from scipy.optimize import OptimizeResult

from arithmetic import Array, Descended, VectorField
from flows import Field

from .base import Scheme
from .loop import Problem
from .outcome import Outcome, Stop

EPS = np.finfo(float).eps


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
    """A scheme behind scipy's solver interface; the step size follows scipy's own rules for embedded errors.

    Options, as scipy's: rtol, atol, first_step, max_step, and for implicit schemes jac, a function (t, y) or a matrix
    (the field's own, or finite differences, unless given).
    """

    scheme: Scheme
    fixed: float | None
    t: float
    y: Array

    def __init__(self, fun, t0, y0, t_bound, vectorized=False, rtol=1e-3, atol=1e-6, first_step=None, max_step=np.inf,
                 jac=None, **extraneous):
        if extraneous:
            raise TypeError(f"{type(self).__name__} takes no options {sorted(extraneous)}")
        super().__init__(fun, t0, y0, t_bound, vectorized, support_complex=False)
        self.max_step, self.rtol, self.atol = max_step, np.asarray(rtol, dtype=float), np.asarray(atol, dtype=float)
        if not max_step > 0:
            raise ValueError(f"max_step={max_step} must be positive")
        shapes = {(), (self.n,)} >= {self.rtol.shape, self.atol.shape}
        if not (shapes and (self.rtol >= 0).all() and (self.atol >= 0).all() and (self.rtol + self.atol > 0).all()):
            raise ValueError(f"rtol={rtol} and atol={atol} must be >= 0 and not both 0, a number or one for each of "
                             f"{self.n} unknowns")
        if not isinstance(fun, Field) and self.scheme.needs_flow:
            raise TypeError(f"{type(self.scheme).__name__} asks for the blocks and the loss of a flow: pass "
                            "flow.on(loss) as fun, not a plain function")
        self.field = _CountedField(fun, self, jac) if isinstance(fun, Field) else PlainFunction(self, jac)
        self.f = self.field(self.t, self.y)
        self.f_old = None
        if self.fixed is not None:
            self.h_abs = self.fixed
        elif first_step is not None:
            if not 0 < first_step <= abs(t_bound - t0):
                raise ValueError(f"first_step={first_step} must be positive and at most |t_bound - t0| = "
                                 f"{abs(t_bound - t0)}")
            self.h_abs = first_step
        else:
            self.h_abs = min(self._initial_step(abs(t_bound - t0)), max_step)

    def _initial_step(self, most: float) -> float:
        """A first step from the sizes of y, f and of the second derivative: Hairer, Nørsett & Wanner, II.4."""
        if not most or not self.n:
            return most
        scale = self.atol + self.rtol * np.abs(self.y)
        state, slope = size(self.y / scale), size(self.f / scale)
        h = min(1e-6 if state < 1e-5 or slope < 1e-5 else 0.01 * state / slope, most)
        euler = self.fun(self.t + h * self.direction, self.y + h * self.direction * self.f)
        steepest = max(slope, size((euler - self.f) / scale) / h)
        second = max(1e-6, 1e-3 * h) if steepest <= 1e-15 else (0.01 / steepest) ** (1 / self.error_order)
        return min(100 * h, second, most)

    @property
    def error_order(self) -> int:
        """The order in h of the error estimate, with its own power of h."""
        return (self.scheme.error_order or 0) + 1

    def _step_impl(self):
        smallest = 10 * abs(np.nextafter(self.t, self.direction * np.inf) - self.t)
        h_abs, refused = min(max(self.h_abs, smallest), self.max_step), False
        while True:
            left = abs(self.t_bound - self.t)
            h = self.direction * (h_abs if h_abs < left * (1 - 1e-9) else left)  # no sliver of a step at the end
            y, error = self.scheme.step(self.field, self.t, self.y, h)
            if self.fixed is not None:
                if not np.isfinite(y).all():
                    return (False,
                            f"The step from t = {self.t} has no finite result: pass a smaller step to as_ode_solver.")
                break
            scale = self.atol + self.rtol * np.maximum(np.abs(self.y), np.abs(y))
            e = size(error / scale)
            factor = 10.0 if e == 0 else 0.9 * e ** (-1 / self.error_order)
            if e < 1:
                self.h_abs = abs(h) * min(1.0 if refused else 10.0, factor)
                break
            h_abs, refused = abs(h) * max(0.2, factor if np.isfinite(factor) else 0.2), True
            if h_abs < smallest:
                return False, self.TOO_SMALL_STEP
        t = self.t + h if abs(h) < left else self.t_bound
        self.y_old, self.f_old, f = self.y, self.f, self.field(t, y)
        self.t, self.y, self.f = t, y, f
        return True, None

    def _dense_output_impl(self):
        if self.scheme.order > 3:
            return _Steps(self)
        ends = sorted([(self.t_old, self.y_old, self.f_old), (self.t, self.y, self.f)], key=lambda e: e[0])
        spline = CubicHermiteSpline(*(np.array(column) for column in zip(*ends, strict=True)))
        return _Hermite(self.t_old, self.t, spline)


def size(x: Array) -> float:
    """The root of the mean of the squares."""
    return float(np.linalg.norm(x)) / max(1, len(x))**0.5


def differences(function, x: Array, central: bool = False) -> Array:
    """The Jacobian of a function of x, (dim,), by forward or central differences, (results, dim).

    Steps are √ε, of central ones ∛ε, times max(1, |x|): truncation and rounding are about equal.
    """
    x, columns = np.asarray(x, dtype=float), []
    steps = EPS**(1 / 3 if central else 1 / 2) * np.maximum(1.0, np.abs(x))
    for step in np.diag((x + steps) - x):  # as they are in floating point
        low = x - step if central else x
        columns.append(np.atleast_1d(function(x + step) - function(low)) / (x + step - low).sum())
    return np.stack(columns, axis=-1)


class _Hermite(DenseOutput):
    """The cubic Hermite interpolant of a step: of order 3, as the schemes it serves or better."""

    def __init__(self, t_old, t, spline):
        super().__init__(t_old, t)
        self._spline = spline

    def _call_impl(self, t):
        return self._spline(t).T


class _Steps(DenseOutput):
    """Shorter steps of the scheme itself from the start of a step: of the scheme's own order."""

    def __init__(self, solver: _SchemeSolver):
        super().__init__(solver.t_old, solver.t)
        self._ends = (solver.t_old, solver.y_old), (solver.t, solver.y)
        self._scheme, self._field = solver.scheme, solver.field

    def _call_impl(self, t):
        return np.array([self._at(x) for x in t]).T if np.ndim(t) else self._at(t)

    def _at(self, t):
        for end, y in self._ends:
            if t == end:
                return y
        t_old, y_old = self._ends[0]
        return self._scheme.step(self._field, t_old, y_old, t - t_old)[0]


class _Evaluations(VectorField):
    """What a solver evaluates: a point at which it has just been is not evaluated again."""

    def _remembering(self, solver: OdeSolver, jac):
        self._solver, self._jac = solver, jac
        self._last: list[tuple] = []

    def _evaluate(self, t, y) -> Array:
        raise NotImplementedError

    def _own_jacobian(self, t, y) -> Array:
        raise NotImplementedError

    def __call__(self, t, y):
        for t_last, y_last, f in self._last:
            if t == t_last and np.array_equal(y, y_last):
                return f
        f = self._evaluate(t, y)
        solver = self._solver
        here = [(solver.t, solver.y, solver.f)] if hasattr(solver, "f") else []
        self._last = [*here, (t, y, f)]
        return f

    def jacobian(self, t, y):
        self._solver.njev += 1
        if self._jac is None:
            return self._own_jacobian(t, y)
        jacobian = np.atleast_2d(np.asarray(self._jac(t, y) if callable(self._jac) else self._jac, dtype=float))
        if jacobian.shape != (len(y), len(y)):
            raise ValueError(f"jac must have shape ({len(y)}, {len(y)}) for {len(y)} unknowns, got {jacobian.shape}")
        return jacobian


class PlainFunction(_Evaluations):
    """A function fun(t, y) as the field that schemes step; it has no flow, and so no blocks and no loss."""

    flow, loss, dim = None, None, 0

    def __init__(self, solver: OdeSolver, jac):
        self._remembering(solver, jac)
        self.size, self.blocks = solver.n, {}

    def _evaluate(self, t, y):
        return np.array(self._solver.fun(t, y))  # a copy: the function may fill one array and return it each time

    def _own_jacobian(self, t, y):
        return differences(lambda x: self._solver.fun_single(t, x), y)


class _CountedField(_Evaluations, Field):
    """A field whose evaluations are counted by the solver that integrates it."""

    def __init__(self, field: Field, solver: OdeSolver, jac):
        Field.__init__(self, field.flow, field.loss)
        self._remembering(solver, jac)

    def _evaluate(self, t, y):
        self._solver.nfev += 1
        return Field.__call__(self, t, y)

    def _own_jacobian(self, t, y):
        return Field.jacobian(self, t, y)


class _Objective(Descended):
    """scipy's fun, jac and hess as a loss; each is called on one column at a time,
    and once at each of the last points."""

    def __init__(self, fun, jac, hess, dim):
        self.dim, self.name = dim, getattr(fun, "__name__", "fun")
        self.functions = {"value": fun, "gradient": jac, "hessian": hess}
        self.calls, self._known = dict.fromkeys(self.functions, 0), {}

    def _at(self, quantity, x):
        key = quantity, x.tobytes()
        if key not in self._known:
            if len(self._known) >= 12:
                del self._known[next(iter(self._known))]
            self.calls[quantity] += 1
            self._known[key] = np.array(self.functions[quantity](x.copy()), dtype=float)
        return self._known[key]

    def _columns(self, quantity, theta):
        if theta.ndim == 1:
            return self._at(quantity, theta)
        return np.stack([self._at(quantity, x) for x in theta.T], axis=-1)

    def value(self, theta):
        value = self._columns("value", theta)
        return value.reshape(theta.shape[1:]) if value.size == theta[0].size else self._not_a_number(value)

    def _not_a_number(self, value):
        raise ValueError(f"minimize: fun must return a number, it returned an array of shape {value.shape}")

    def gradient(self, theta):
        return self._columns("gradient", theta).reshape(theta.shape)

    def hessian(self, theta):
        return self._columns("hessian", theta) if self.functions["hessian"] is not None else super().hessian(theta)

    def lacks(self, quantity):
        given = "minimize gives the value, the gradient and the hessian"
        return "pass hess=... to minimize" if quantity == "hessian" else given


def minimize(optimizer, fun, x0, args=(), jac=None, hess=None, hessp=None, bounds=None, constraints=(), callback=None,
             gtol=1e-6, xtol=1e-3, maxiter=100_000, maxfun=None, radius=1e6, disp=False, tol=None,
             **unknown) -> OptimizeResult:
    """`scipy.optimize.minimize` with an optimizer of this package.

    jac : as scipy's: True, a function, or None, "2-point", "3-point" for finite differences.  hess : a function, for
    the optimizers that use it.  gtol (or tol), maxiter : as in scipy's BFGS.  maxfun : gradients at most.  xtol : bound
    on |θ'| at rest.  radius : diverged beyond it.  callback : after every accepted step, as scipy's.
    """
    if unknown:
        raise ValueError(f"minimize: unknown options {sorted(unknown)}; known: gtol, xtol, maxiter, maxfun, radius, "
                         "disp")
    if bounds is not None or constraints or hessp is not None:
        raise ValueError("minimize: these optimizers take no bounds, no constraints and no hessp; leave them out")
    x0 = np.atleast_1d(np.asarray(x0, dtype=float))
    if x0.ndim != 1:
        raise ValueError(f"minimize: x0 must have one dimension, got shape {x0.shape}")
    value = lambda x: fun(x, *args)  # noqa: E731
    if callable(jac):
        slope = lambda x: jac(x, *args)  # noqa: E731
    elif jac in (None, False, "2-point", "3-point"):
        slope = lambda x: differences(objective.value, x, jac == "3-point")[0]  # noqa: E731
    else:
        raise ValueError(f"minimize: jac={jac!r} must be True, a function, '2-point' or '3-point', or None")
    objective = _Objective(value, slope, (lambda x: hess(x, *args)) if callable(hess) else None, x0.size)
    if isinstance(maxiter, bool) or not isinstance(maxiter, (int, np.integer)) or maxiter < 1:
        raise ValueError(f"minimize: maxiter={maxiter!r} must be an integer >= 1")
    stop = Stop(gradient=gtol if tol is None else tol, speed=xtol, max_steps=2**62, radius=radius, max_gradients=maxfun)
    problem = Problem(optimizer.flow.on(objective), optimizer.scheme, optimizer.step, stop)
    z, steps, stopped = problem.start(problem.field.start(x0)[:, None]), np.zeros(1, dtype=np.int64), False
    while (left := maxiter - int(problem.finish(z, steps).accepted[0])) > 0 and not stopped:
        before = problem.field.theta(z)
        z, taken = problem.run(z, max_steps=1 if callback else left)  # refused trials are no iterations
        steps = steps + taken
        if not taken[0]:
            break
        x = problem.field.theta(z)
        if callback and not np.array_equal(before, x):
            stopped = _asks_to_stop(callback, x[:, 0].copy(), objective)
    end = problem.finish(z, steps)
    x = problem.field.theta(end.y)[:, 0].copy()
    outcome = Outcome(int(end.outcome[0]))
    if outcome == Outcome.RUNNING:
        outcome = Outcome.INTERRUPTED if stopped else Outcome.STEP_LIMIT
    message = {Outcome.INTERRUPTED: "`callback` raised StopIteration.",
               Outcome.STEP_LIMIT: "maxiter iterations were taken before coming to rest: raise it, or gtol.",
               Outcome.DIVERGED: f"x left the ball of radius {radius:g} around 0: fun is unbounded below, the step is "
                                 "too large, or the minimum is farther out; then raise the option radius.",
               Outcome.GRADIENT_LIMIT: "maxfun gradients were used before coming to rest: raise it, or gtol.",
               }.get(outcome, outcome.sentence)
    result = OptimizeResult(x=x, fun=float(objective.value(x)), jac=objective.gradient(x).copy(),
                            nit=int(end.accepted[0]),
                            nfev=objective.calls["value"], njev=objective.calls["gradient"],
                            nhev=objective.calls["hessian"],
                            success=outcome == Outcome.CONVERGED, status=outcome.status, message=message)
    if disp:
        print(result)
    return result


def _asks_to_stop(callback, x, objective: _Objective) -> bool:
    """Calls scipy's kind of callback, whichever of its two forms it has."""
    try:
        if "intermediate_result" in inspect.signature(callback).parameters:
            callback(intermediate_result=OptimizeResult(x=x, fun=float(objective.value(x))))
        else:
            callback(x)
    except StopIteration:
        return True
    return False
