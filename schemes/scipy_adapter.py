"""Both sides of scipy: schemes as `solve_ivp(method=...)`, optimizers as `minimize(method=...)`."""
from __future__ import annotations

import functools
import inspect
from collections.abc import Callable

import numpy as np
from scipy.integrate import DenseOutput, OdeSolver
from scipy.optimize import Bounds, OptimizeResult

from arithmetic import Array, Descended, Quantity, VectorField, as_reals, times
from flows import Field

from .base import Advance, Scheme, combination
from .loop import Problem
from .outcome import Outcome, Stop
from .remade import Remade
from .run import hermite

EPS = np.finfo(float).eps


def as_ode_solver(scheme: Scheme, step: float | None = None) -> type[OdeSolver]:
    """A scipy `OdeSolver` class of a scheme, for `solve_ivp(fun, t_span, y0, method=as_ode_solver(scheme))`.

    step : a fixed step in ODE time; None lets the scheme's error estimate choose steps under scipy's rtol and atol
    (`ErrorControl` and `EnergyControl` serve `integrate`).  Raises ValueError where neither is possible.
    The class can be pickled.
    """
    if not isinstance(scheme, Scheme):
        raise TypeError(f"as_ode_solver(scheme): scheme must be a Scheme such as EulerRichardson(), got {scheme!r}")
    if step is None and scheme.error_order is None:
        raise ValueError(f"{type(scheme).__name__} embeds no error estimate: pass step=..., a fixed step in ODE time")
    if step is not None and not step > 0:
        raise ValueError(f"step={step} must be positive")
    return Remade(f"{type(scheme).__name__}Solver", (_SchemeSolver,), {
        "scheme": scheme, "fixed": step, "made_by": (as_ode_solver, (scheme, step))})


class _SchemeSolver(OdeSolver, metaclass=Remade):
    """A scheme behind scipy's solver interface; the step size follows scipy's own rules for embedded errors.

    Options, as scipy's: rtol, atol, first_step, max_step, and for implicit schemes jac, a function (t, y) or a matrix
    (the field's own, or finite differences, unless given).
    """

    scheme: Scheme
    fixed: float | None
    t: float
    y: Array
    slopes: list[Array]  # those at which the last step looked, in order

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
            self.field.seen = self.slopes = []
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
        return _Steps(self) if self.scheme.order > 3 and _quartic(self.scheme) is None else _Interpolant(self)


def _quartic(scheme: Scheme):
    """The weights of the slopes in the fourth-order term of the scheme's interpolant, where it has one."""
    return getattr(scheme, "d", None)


def size(x: Array) -> float:
    """The root of the mean of the squares."""
    return float(np.linalg.norm(x)) / max(1, len(x))**0.5


def differences(function, x: Array, central: bool = False, low: Array | float = -np.inf,
                high: Array | float = np.inf) -> Array:
    """The Jacobian of a function of x, (dim,), by differences of order 1, or 2 with `central`, (results, dim).

    Steps are √ε, of order 2 ∛ε, times max(1, |x|): truncation and rounding are about equal.  `low` ≤ x ≤ `high` holds
    at each point: at a bound they go to its other side, and are shorter where there is no room; a coordinate whose
    bounds are equal has the derivative 0.
    """
    x = np.asarray(x, dtype=float)
    low, high, here = np.broadcast_to(low, x.shape), np.broadcast_to(high, x.shape), np.array(function(x), ndmin=1)
    room, below = np.maximum(high - x, x - low), high - x < x - low
    lengths = EPS**(1 / 3 if central else 1 / 2) * np.maximum(1.0, np.abs(x))
    steps = np.minimum(lengths, room / 2 if central else room)
    ahead = np.where(below & (high - x < steps), -steps, steps)
    behind = np.where((x - low >= steps) & (high - x >= steps), -ahead, 2 * ahead)

    def moved(k, step):
        """The change of the function along coordinate k, and that of the coordinate, as it is in floating point."""
        there = x.copy()
        there[k] = np.clip(x[k] + step, low[k], high[k])
        return np.atleast_1d(function(there)) - here, there[k] - x[k]

    columns = []
    for k in range(len(x)):
        columns.append(np.zeros(here.shape))
        if steps[k] > 0:
            first, a = moved(k, ahead[k])
            columns[k] = first / a
            if central:  # the slope of the parabola through the three
                second, b = moved(k, behind[k])
                columns[k] = (first * (b / a) - second * (a / b)) / (b - a)
    return np.stack(columns, axis=-1)


class _Interpolant(DenseOutput):
    """The cubic Hermite interpolant of a step, of order 3, with the scheme's own fourth-order term where it has one."""

    def __init__(self, solver: _SchemeSolver):
        super().__init__(solver.t_old, solver.t)
        self._ends = solver.y_old, solver.y, solver.f_old, solver.f
        weights = _quartic(solver.scheme)
        self._bend = None if weights is None else (solver.t - solver.t_old) * combination(weights, solver.slopes)

    def _call_impl(self, t):
        column = (lambda y: y[:, None]) if np.ndim(t) else (lambda y: y)
        y = hermite(t, self.t_old, self.t, *map(column, self._ends))
        if self._bend is None:
            return y
        x = (t - self.t_old) / (self.t - self.t_old)
        return y + x**2 * (1 - x)**2 * column(self._bend)


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
        self.seen: list[Array] = []  # the slopes that were asked for, since it was emptied

    def _evaluate(self, t, y) -> Array:
        raise NotImplementedError

    def _own_jacobian(self, t, y) -> Array:
        raise NotImplementedError

    def __call__(self, t, y):
        f = self._at(t, y)
        self.seen.append(f)
        return f

    def _at(self, t, y):
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
    """scipy's fun, jac and hess (or hessp) within bounds as a loss; each is called on one column at a time, and once at
    each of the last points.

    It is F of the nearest point within, so that no function is called outside.  Its gradient is the projected one: a
    component that points out of the box, of a coordinate at its bound, is 0, and so the coordinate stays, in the
    Hessian's steps too.
    """

    def __init__(self, fun, jac, hess, hessp, args: tuple, low: Array, high: Array):
        """jac, hess : functions, or by which differences, "2-point" or "3-point"; hess may be None."""
        self.dim, self.name, self.low, self.high = len(low), getattr(fun, "__name__", "fun"), low, high
        given = {"value": fun, "gradient": jac, "hessian": hess, "product": hessp}
        self.functions: dict[str, Callable] = {
            quantity: self._differences(quantity, function) if isinstance(function, str)
            else functools.partial(_with, function, args)
            for quantity, function in given.items() if function is not None}
        if hessp is not None:
            self.functions.setdefault("hessian", self._from_products)
        self.calls, self._known = dict.fromkeys(given, 0), dict[tuple, Array]()

    def _differences(self, quantity: str, points: str) -> Callable:
        """The derivative of this name by differences of what it is the derivative of."""
        of = {"gradient": "value", "hessian": "gradient"}[quantity]

        def derivative(x):
            at = lambda p: self.at(of, p) if np.array_equal(p, x) else self._call(of, p)  # noqa: E731
            slopes = differences(at, x, points == "3-point", self.low, self.high)
            return (slopes + slopes.T) / 2 if quantity == "hessian" else slopes

        return derivative

    def _from_products(self, x):
        return np.stack([self.functions["product"](x, p) for p in np.eye(self.dim)], axis=-1)

    @property
    def bounded(self) -> bool:
        return bool(np.isfinite([self.low, self.high]).any())

    def at(self, quantity, x):
        """What the function of this name returns at x, (dim,)."""
        key = quantity, x.tobytes()
        if key not in self._known:
            if len(self._known) >= 12:
                del self._known[next(iter(self._known))]
            self._known[key] = self._call(quantity, x)
        return self._known[key]

    def _call(self, quantity, x):
        self.calls[quantity] += 1
        return self._returned(quantity, self.functions[quantity](x.copy()))

    def _returned(self, quantity, result):
        vector = f"an array of shape ({self.dim},)"
        function, shape, size = {"value": ("fun", "a number", 1), "gradient": ("jac", vector, self.dim),
                                 "hessian": ("hess", f"a matrix of shape ({self.dim}, {self.dim})", self.dim**2),
                                 "product": ("hessp", vector, self.dim)}[quantity]
        if result is None:
            raise TypeError(f"minimize: {function} must return {shape}, it returned None")
        result = np.array(as_reals(result, f"minimize: what {function} returns"))
        if result.size != size:
            raise ValueError(f"minimize: {function} must return {shape}, it returned an array of shape {result.shape}")
        return result

    def _columns(self, quantity, theta, *shape):
        low, high = (bound.reshape(-1, *[1] * (theta.ndim - 1)) for bound in (self.low, self.high))
        inside = np.clip(theta, low, high)
        if theta.ndim == 1:
            return self.at(quantity, inside).reshape(shape)
        return np.stack([self.at(quantity, x).reshape(shape) for x in inside.T], axis=-1)

    def value(self, theta):
        return self._columns("value", theta)

    def gradient(self, theta):
        gradient = self._columns("gradient", theta, self.dim)
        return np.where(self._held(theta, gradient), 0.0, gradient) if self.bounded else gradient

    def _held(self, theta, gradient):
        """Whether a coordinate is at a bound that the slope points out of."""
        low, high = (bound.reshape(-1, *[1] * (theta.ndim - 1)) for bound in (self.low, self.high))
        return ((theta <= low) & (gradient > 0)) | ((theta >= high) & (gradient < 0)) | (low == high)

    def hessian(self, theta):
        if "hessian" not in self.functions:
            return super().hessian(theta)
        hessian = self._columns("hessian", theta, self.dim, self.dim)
        if not self.bounded:
            return hessian
        held = self._held(theta, self._columns("gradient", theta, self.dim))  # solved for the others alone
        unit = np.eye(self.dim).reshape(self.dim, self.dim, *[1] * (theta.ndim - 1))
        return np.where(held[:, None] | held[None, :], unit, hessian)

    def hessian_product(self, theta, v):
        if "product" not in self.functions or self.bounded:
            return times(self.hessian(theta), v)
        product = lambda x, p: self._returned("product", self.functions["product"](x.copy(), p.copy()))  # noqa: E731
        if theta.ndim == 1:
            return product(theta, v)
        return np.stack([product(x, p) for x, p in zip(theta.T, v.T, strict=True)], axis=-1)

    def lacks(self, quantity):
        given = "minimize gives the value, the gradient and the hessian"
        return "pass hess=... or hessp=... to minimize" if quantity == "hessian" else given


def _with(function: Callable, args: tuple, *at: Array):
    return function(*at, *args)


class _Within(Scheme):
    """A scheme whose steps end at the nearest point of a box: with Euler on the gradient flow, projected gradient."""

    def __init__(self, scheme: Scheme, low: Array, high: Array):
        vars(self).update(scheme=scheme, low=low[:, None], high=high[:, None], order=scheme.order,
                          error_order=scheme.error_order)

    def advance(self, field: VectorField, t: Quantity, y: Array, h: Quantity) -> Advance:
        y_new, error, slope = vars(self)["scheme"].advance(field, t, y, h)
        y_new = np.array(y_new)
        y_new[: field.dim] = np.clip(y_new[: field.dim], vars(self)["low"], vars(self)["high"])
        return y_new, error, slope


POINTS = "2-point", "3-point"  #: differences that scipy knows by name


def minimize(optimizer, fun, x0, args=(), jac=None, hess=None, hessp=None, bounds=None, constraints=(), callback=None,
             gtol=1e-6, ftol=None, xtol=None, speed=1e-3, maxiter=None, maxfun=None, radius=1e6,
             finite_differences="2-point", disp=False, tol=None, **unknown) -> OptimizeResult:
    """`scipy.optimize.minimize` with an optimizer of this package.

    jac : as scipy's: True, a function, or None for finite differences; then the option `finite_differences` is
    "2-point" or "3-point" (twice the calls, five more digits; scipy itself hands jac="3-point" on as None).  hess : a
    function, "2-point", "3-point", for the optimizers that use it; or hessp.  bounds : scipy's `Bounds`, or (low, high)
    pairs with None for none: every step is projected, no function is called outside, a start outside is moved to the
    nearest point within, and at rest is where the projected gradient is.  gtol (or tol), maxiter : as in scipy's BFGS.
    ftol, xtol : end too where an accepted step changes fun by at most ftol·max(|fun|, 1), or x by xtol·(xtol + |x|);
    None: they do not.  maxfun : gradients at most.  speed : bound on |θ'| at rest.  radius : diverged beyond it.
    callback : after every accepted step, as scipy's.  Where fun is not a number at the start or the end, the run has
    not succeeded.
    """
    if unknown:
        raise ValueError(f"minimize: unknown options {sorted(unknown)}; known: gtol, ftol, xtol, speed, maxiter, "
                         "maxfun, radius, finite_differences, disp")
    if constraints:
        raise ValueError("minimize: these optimizers take bounds and no other constraints; leave constraints out")
    x0 = np.atleast_1d(as_reals(x0, "minimize: x0"))
    if x0.ndim != 1 or not x0.size:
        raise ValueError(f"minimize: x0 must have one dimension and not be empty, got shape {x0.shape}")
    if jac not in (None, False, *POINTS) and not callable(jac):
        raise ValueError(f"minimize: jac={jac!r} must be True, a function, '2-point' or '3-point', or None")
    if hess not in (None, *POINTS) and not callable(hess):
        raise ValueError(f"minimize: hess={hess!r} must be a function, '2-point' or '3-point', or None: these "
                         "optimizers keep no quasi-Newton matrix")
    if finite_differences not in POINTS:
        raise ValueError(f"minimize: finite_differences={finite_differences!r} must be '2-point' or '3-point'")
    maxiter = 100_000 if maxiter is None else maxiter
    if isinstance(maxiter, bool) or not isinstance(maxiter, (int, np.integer)) or maxiter < 1:
        raise ValueError(f"minimize: maxiter={maxiter!r} must be an integer >= 1, or None")
    low, high = _box(bounds, x0.size)
    objective = _Objective(fun, jac or finite_differences, hess, hessp, args, low, high)
    if objective.bounded and optimizer.scheme.leaves:
        raise ValueError(f"minimize: bounds: {type(optimizer.scheme).__name__} remembers the step that it took, which "
                         "is another one after a projection; take named('gd-energy') or named('momentum-energy')")
    scheme = _Within(optimizer.scheme, low, high) if objective.bounded else optimizer.scheme
    # how a run ended is read off one more trial, which of some takes a gradient at its new point
    most = maxfun - 1 if maxfun is not None and maxfun > 1 and (
        optimizer.scheme.reuses or getattr(optimizer.step, "reuses", False)) else maxfun
    stop = Stop(gradient=gtol if tol is None else tol, speed=speed, max_steps=2**62, radius=radius, max_gradients=most,
                ftol=ftol, xtol=xtol)
    problem = Problem(optimizer.flow.on(objective), scheme, optimizer.step, stop)
    x0 = np.clip(x0, low, high)
    z, steps, stopped = problem.start(problem.field.start(x0)[:, None]), np.zeros(1, dtype=np.int64), False
    going = not np.isnan(objective.at("value", x0))
    while going and not stopped and (left := maxiter - int(problem.finish(z, steps).accepted[0])) > 0:
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
    outcome, value = Outcome(int(end.outcome[0])), float(objective.value(x))
    if stopped:
        outcome = Outcome.INTERRUPTED
    elif not np.isfinite(value) and outcome != Outcome.DIVERGED:
        outcome = Outcome.NOT_FINITE
    elif outcome == Outcome.RUNNING:
        outcome = Outcome.STEP_LIMIT
    message = {Outcome.INTERRUPTED: "`callback` raised StopIteration.",
               Outcome.STEP_LIMIT: "maxiter iterations were taken before coming to rest: raise it, or gtol.",
               Outcome.DIVERGED: f"x left the ball of radius {radius:g} around 0: fun is unbounded below, the step is "
                                 "too large, or the minimum is farther out; then raise the option radius.",
               Outcome.SHORT_STEP: "The next step changes fun by ftol at most, or x by xtol.",
               Outcome.GRADIENT_LIMIT: "maxfun gradients were used before coming to rest: raise it, or gtol.",
               Outcome.NOT_FINITE: f"fun is {value:g} at x, or its gradient is not finite there: check the start, and "
                                   "give the domain of fun as bounds.",
               }.get(outcome, outcome.sentence)
    result = OptimizeResult(x=x, fun=value, jac=objective.at("gradient", x).reshape(x.shape).copy(),
                            nit=int(end.accepted[0]),
                            nfev=objective.calls["value"], njev=objective.calls["gradient"],
                            nhev=objective.calls["hessian"],
                            success=outcome.status == 0, status=outcome.status, message=message)
    if disp:
        print(result)
    return result


def _box(bounds, dim: int) -> tuple[Array, Array]:
    """scipy's bounds as two arrays, (dim,), infinite where there is none."""
    if bounds is None:
        return np.full(dim, -np.inf), np.full(dim, np.inf)
    try:
        pairs = zip(*np.broadcast_arrays(bounds.lb, bounds.ub), strict=True) if isinstance(bounds, Bounds) else bounds
        box = np.array([(-np.inf if low is None else low, np.inf if high is None else high) for low, high in pairs],
                       dtype=float)
    except (TypeError, ValueError) as error:
        raise ValueError(f"minimize: bounds={bounds!r} must be scipy's Bounds, or a (low, high) pair for each of {dim} "
                         "coordinates") from error
    box = np.broadcast_to(box, (dim, 2)) if isinstance(bounds, Bounds) and len(box) == 1 else box
    if box.shape != (dim, 2) or not (box[:, 0] <= box[:, 1]).all():
        raise ValueError(f"minimize: bounds={bounds!r} must have low <= high for each of {dim} coordinates")
    return box[:, 0].copy(), box[:, 1].copy()


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
