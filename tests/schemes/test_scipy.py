"""scipy on both sides."""
import itertools
import pickle
from fractions import Fraction

import numpy as np
import pytest
from scipy.integrate import RK45, OdeSolver, solve_ivp
from scipy.optimize import BFGS, Bounds, minimize, rosen, rosen_der, rosen_hess

import networks
import schemes
from flows import GradientDescent, Momentum, Newton, RMSProp
from schemes import (
    SCHEMES, BogackiShampine, DormandPrince, Euler, EulerRichardson, Heun, ImplicitEuler, ImplicitMidpoint,
    RosenbrockEuler, RungeKutta4, Strang, as_ode_solver,
)
from schemes.scipy_adapter import _Objective, differences


def rational(t, y):
    """scipy's own test problem, y = (t/(t+10), 10t/(t+10)²)."""
    return np.array([y[1] / t, y[1] * (y[0] + 2 * y[1] - 1) / (t * (y[0] - 1))])


def exact(t):
    return np.asarray((t / (t + 10), 10 * t / (t + 10) ** 2))


@pytest.mark.parametrize("scheme", [EulerRichardson(), Heun()])
@pytest.mark.parametrize("span", [(5, 9), (5, 1)])
def test_scipys_problem_to_tolerance(scheme, span):
    method = as_ode_solver(scheme)
    assert issubclass(method, OdeSolver)
    result = solve_ivp(rational, span, [1 / 3, 2 / 9], method=method, rtol=1e-6, atol=1e-9, dense_output=True)
    assert result.success and result.t[0] == 5 and result.t[-1] == span[1]
    scale = 1e-9 + 1e-6 * np.abs(exact(result.t))
    assert np.sqrt(np.mean(((result.y - exact(result.t)) / scale) ** 2)) < 50
    middle = np.linspace(*span, 17)
    assert result.sol(middle) == pytest.approx(exact(middle), rel=1e-4)
    assert result.sol(6.1 if span[1] > 6 else 2.1).shape == (2,)


def test_fixed_steps_and_fields():
    field = Momentum().on(networks.get("polytwo"))
    result = solve_ivp(field, (0, 1), field.start([0.3, 0.4]), method=as_ode_solver(RungeKutta4(), step=0.1))
    assert result.t == pytest.approx(np.linspace(0, 1, 11))
    reference = solve_ivp(field, (0, 1), field.start([0.3, 0.4]), rtol=1e-10, atol=1e-12)
    assert result.y[:, -1] == pytest.approx(reference.y[:, -1], abs=1e-5)
    assert result.nfev >= 40


def test_events_and_evaluation_points():
    field = GradientDescent().on(networks.get("polytwo"))
    event = lambda t, y: np.linalg.norm(field(t, y)) - 1e-3  # noqa: E731
    event.terminal = True
    result = solve_ivp(field, (0, 100), [0.4, 1.5], method=as_ode_solver(EulerRichardson()), t_eval=[0, 0.5],
                       events=event)
    assert result.status == 1 and len(result.t_events[0]) == 1 and result.t.tolist() == [0, 0.5]


@pytest.mark.parametrize("call, error, message", [
    (lambda: as_ode_solver("euler"), TypeError, "must be a Scheme"),
    (lambda: as_ode_solver(Euler()), ValueError, "no error estimate"),
    (lambda: as_ode_solver(Euler(), step=-1), ValueError, "must be positive"),
    (lambda: solve_ivp(rational, (5, 9), [1, 2], method=as_ode_solver(EulerRichardson()), colour="red"), TypeError,
     "colour")])
def test_bad_solvers_are_named(call, error, message):
    with pytest.raises(error, match=message):
        call()


@pytest.mark.parametrize("name, options", [
    ("gd-energy", {}), ("gd-richardson", {}), ("momentum-energy", {}), ("adam-energy", {}),
    ("adam", {"lr": 0.05, "eps": 0.1}), ("nesterov", {"lr": 0.02}), ("amsgrad", {"lr": 0.1})])
def test_minimize(name, options):
    result = minimize(lambda x: np.sum((x - [1, 2]) ** 4 + (x - [1, 2]) ** 2), [3.0, -1.0],
                      method=schemes.named(name, **options), jac=lambda x: 4 * (x - [1, 2]) ** 3 + 2 * (x - [1, 2]))
    assert result.success and result.status == 0 and result.x == pytest.approx([1, 2], abs=1e-5)
    assert (result.fun == pytest.approx(0, abs=1e-9) and result.nit > 0 and result.njev > 0
            and np.abs(result.jac).max() < 1e-5)


def test_minimize_as_scipy_does():
    seen = []
    options = {"maxiter": 20}
    result = minimize(rosen, [0.5, 0.5], jac=rosen_der, method=schemes.named("gd-energy"),
                      callback=lambda x: seen.append(x), options=options)
    assert not result.success and result.status == 1 and len(seen) == result.nit == 20 and "maxiter" in result.message
    numeric = minimize(lambda x: float(x @ x), [1.0, 1.0], method=schemes.named("gd-energy"), options={"gtol": 1e-5})
    assert numeric.success and numeric.x == pytest.approx([0, 0], abs=1e-4)
    both = minimize(lambda x: (float(x @ x), 2 * x), [1.0, 1.0], jac=True, method=schemes.named("gd-energy"))
    assert both.success

    def stop(intermediate_result):
        raise StopIteration

    stopped = minimize(rosen, [0.5, 0.5], jac=rosen_der, method=schemes.named("gd-energy"), callback=stop)
    assert not stopped.success and stopped.status == 99
    with pytest.raises(ValueError, match="no other constraints"):
        minimize(rosen, [0.5, 0.5], jac=rosen_der, method=schemes.named("gd-energy"), constraints=({"type": "eq"},))
    with pytest.raises(ValueError, match="unknown options"):
        minimize(rosen, [0.5, 0.5], jac=rosen_der, method=schemes.named("gd-energy"), options={"eps": 3})
    with pytest.raises(TypeError, match="has no residuals: minimize gives the value"):
        minimize(rosen, [0.5, 0.5], jac=rosen_der, method=schemes.named("lm"))


# --------------------------------------------------------------------- scipy's own kind of tests, on our solvers
EMBEDDED = [s() for s in SCHEMES if s.error_order is not None]
PLAIN = [s for s in SCHEMES if not s.needs_flow]  # those that need only f(t, y) and ∂f/∂y
name_of = lambda s: type(s).__name__ if not isinstance(s, type) else s.__name__  # noqa: E731


def misfit(y, y_true, rtol, atol):
    return np.linalg.norm((y - y_true) / (atol + rtol * np.abs(y_true)), axis=0) / np.sqrt(len(y))


@pytest.mark.parametrize("scheme", EMBEDDED, ids=name_of)
@pytest.mark.parametrize("span", [(5, 9), (5, 1)])
@pytest.mark.parametrize("vectorized", [False, True])
def test_integration_at_scipys_tolerances(scheme, span, vectorized):
    """As scipy's test_integration: rtol 1e-3, atol 1e-6, errors below 5 tolerances at the steps and between them."""
    rtol, atol = 1e-3, 1e-6
    result = solve_ivp(rational, span, [1 / 3, 2 / 9], rtol=rtol, atol=atol, method=as_ode_solver(scheme),
                       dense_output=True, vectorized=vectorized)
    assert (result.success and result.status == 0 and result.t_events is None and result.t[0] == 5
            and result.t[-1] == span[1])
    limit = 5 if scheme.order > 2 else 60  # steps of low order add their errors up over the interval, scipy's RK23 too
    assert (misfit(result.y, exact(result.t), rtol, atol) < limit).all()
    middle = np.linspace(*span, 33)
    assert (misfit(result.sol(middle), exact(middle), rtol, atol) < limit).all()
    assert misfit(result.sol((span[0] + span[1]) / 2), exact((span[0] + span[1]) / 2), rtol, atol) < limit
    assert result.sol(result.t) == pytest.approx(result.y, rel=1e-14, abs=1e-15)


@pytest.mark.parametrize("ours, theirs", [(DormandPrince(), "RK45"), (BogackiShampine(), "RK23")], ids=["RK45", "RK23"])
def test_the_methods_that_scipy_has_take_its_steps(ours, theirs):
    """The same tableau under the same rule: the same points, and as many evaluations."""
    field = Momentum().on(networks.get("polytwo"))
    for fun, span, y0 in ((rational, (5, 9), [1 / 3, 2 / 9]), (field, (0, 3), field.start([0.3, 0.4]))):
        a, b = (solve_ivp(fun, span, y0, method=m, rtol=1e-5, atol=1e-8) for m in (as_ode_solver(ours), theirs))
        # the error estimate of a small step is a difference of nearly equal numbers: its last digits are not the same
        assert a.t == pytest.approx(b.t, rel=1e-7) and a.y == pytest.approx(b.y, rel=1e-7)
        assert a.nfev == b.nfev


@pytest.mark.parametrize("scheme", PLAIN, ids=name_of)
def test_fixed_steps_have_their_order(scheme):
    scheme = scheme(iterations=8) if "iterations" in scheme.__dataclass_fields__ else scheme()

    def error(n):
        result = solve_ivp(rational, (5, 9), [1 / 3, 2 / 9], method=as_ode_solver(scheme, step=4 / n))
        return np.abs(result.y[:, -1] - exact(9)).max()

    n = 20 if scheme.order < 4 else 10
    assert np.log2(error(n) / error(2 * n)) == pytest.approx(scheme.order, abs=0.25)


@pytest.mark.parametrize("scheme", EMBEDDED, ids=name_of)
def test_events_are_located(scheme):
    """Zeros of events along scipy's rational problem, both directions of a crossing, terminal or not."""
    rel = 1e-4 if scheme.order > 1 else 1e-3
    crossing = lambda t, y: y[0] - 0.4  # noqa: E731  t/(t + 10) = 0.4 at t = 20/3
    falling = lambda t, y: y[0] - 0.45  # noqa: E731
    falling.direction = -1
    method = as_ode_solver(scheme)
    result = solve_ivp(rational, (5, 9), [1 / 3, 2 / 9], method=method, rtol=1e-6, atol=1e-9,
                       events=(crossing, falling))
    assert (result.t_events[0] == pytest.approx([20 / 3], rel=rel) and len(result.t_events[1]) == 0
            and result.status == 0)
    crossing.terminal = True
    result = solve_ivp(rational, (5, 9), [1 / 3, 2 / 9], method=method, rtol=1e-6, atol=1e-9, events=crossing,
                       dense_output=True)
    assert result.status == 1 and result.t[-1] == pytest.approx(20 / 3, rel=rel) and result.sol.t_max == result.t[-1]
    assert result.y_events[0][0] == pytest.approx(exact(20 / 3), rel=rel)


@pytest.mark.parametrize("scheme", EMBEDDED, ids=name_of)
def test_the_rest_of_the_interface(scheme):
    method = as_ode_solver(scheme)
    decay = lambda t, y, rate=1.0: -rate * y  # noqa: E731
    t_eval = [0, 0.1, 0.75, 2]
    result = solve_ivp(decay, (0, 2), [1.0], method=method, t_eval=t_eval, args=(0.5,), rtol=1e-7, atol=1e-10)
    assert result.t.tolist() == t_eval
    assert result.y[0] == pytest.approx(np.exp(-0.5 * result.t), rel=1e-4 if scheme.order > 1 else 1e-3)
    assert np.diff(solve_ivp(decay, (0, 2), [1.0], method=method, max_step=0.1).t).max() <= 0.1 + 1e-15
    assert solve_ivp(decay, (0, 2), [1.0], method=method, first_step=0.05, rtol=1e-2).t[1] == pytest.approx(0.05)
    assert solve_ivp(decay, (4, 4), [1.0], method=method, dense_output=True).sol(4) == 1
    nothing = solve_ivp(lambda t, y: np.zeros(0), (0, 10), np.zeros(0), method=method, dense_output=True)
    assert nothing.success and nothing.sol(10).shape == (0,)
    for option in ({"first_step": -1}, {"first_step": 3.0}, {"max_step": 0.0}, {"rtol": -1e-3}, {"rtol": 0, "atol": 0},
                   {"atol": [1e-6, 1e-6]}):
        with pytest.raises(ValueError, match=next(iter(option))):
            solve_ivp(decay, (0, 2), [1.0], method=method, **option)
    with pytest.raises(ValueError, match="complex"):
        solve_ivp(decay, (0, 2), [1j], method=method)
    solver = method(decay, 0, np.array([1.0]), 1.0)
    assert solver.status == "running" and solver.step_size is None
    while solver.status == "running":
        message = solver.step()
    assert solver.status == "finished" and message is None and solver.t == 1
    with pytest.raises(RuntimeError, match="finished"):
        solver.step()
    blow_up = solve_ivp(lambda t, y: y**2, (0, 3), [1.0], method=method)
    assert blow_up.status == -1 and "step size" in blow_up.message and blow_up.t[-1] == pytest.approx(1, abs=0.05)


@pytest.mark.parametrize("scheme", [RosenbrockEuler(), ImplicitEuler(), ImplicitMidpoint()], ids=name_of)
def test_implicit_schemes_on_a_stiff_problem(scheme):
    """y' = −1000 (y − cos t) with h = 0.05: Euler's factor is −49 a step;
    the Jacobian by differences, given, constant."""
    stiff = lambda t, y: -1000 * (y - np.cos(t))  # noqa: E731
    ends = [solve_ivp(stiff, (0, 2), [1.0], method=as_ode_solver(scheme, step=0.05), **more)
            for more in ({}, {"jac": lambda t, y: [[-1000.0]]}, {"jac": [[-1000.0]]})]
    for result in ends:
        assert result.y[0, -1] == pytest.approx(np.cos(2), abs=0.06) and result.njev > 0
        assert result.y == pytest.approx(ends[0].y, abs=1e-6)
    euler = solve_ivp(stiff, (0, 2), [1.0], method=as_ode_solver(Euler(), step=0.05))
    assert np.abs(euler.y[0, -1]) > 1e20


@pytest.mark.parametrize("flow", [GradientDescent(), Momentum(), RMSProp(b=1.0, eps=0.5)], ids=name_of)
@pytest.mark.parametrize("method", ["RK23", "RK45", "DOP853", "Radau", "BDF", "LSODA"])
def test_scipys_solvers_integrate_our_fields(flow, method):
    field = flow.on(networks.get("polytwo"))
    y0 = field.start([0.8, 0.3])
    y0[2:] = 0.5
    options = {"rtol": 1e-8, "atol": 1e-10}
    expected = solve_ivp(field, (0, 2), y0, method="DOP853", rtol=1e-12, atol=1e-13).y[:, -1]
    result = solve_ivp(field, (0, 2), y0, method=method, vectorized=True, **options)
    assert result.success and result.y[:, -1] == pytest.approx(expected, abs=3e-6)
    if method in ("Radau", "BDF", "LSODA"):
        given = solve_ivp(field, (0, 2), y0, method=method, jac=field.jacobian, **options)
        assert given.y[:, -1] == pytest.approx(expected, abs=3e-6)


def test_schemes_of_flows_step_fields_and_refuse_functions():
    field = Momentum().on(networks.get("polytwo"))
    result = solve_ivp(field, (0, 1), field.start([0.3, 0.4]), method=as_ode_solver(Strang(), step=0.02))
    expected = solve_ivp(field, (0, 1), field.start([0.3, 0.4]), rtol=1e-10, atol=1e-12).y[:, -1]
    assert result.y[:, -1] == pytest.approx(expected, abs=1e-3)
    for scheme in (s for s in SCHEMES if s.needs_flow):
        with pytest.raises(TypeError, match="pass flow.on"):
            solve_ivp(rational, (5, 9), [1, 2], method=as_ode_solver(scheme(), step=0.1))


def test_a_fixed_step_that_fails_is_said():
    fun = lambda t, y: np.where(y < 1e9, 9 * y, np.inf)  # noqa: E731
    result = solve_ivp(fun, (0, 30), [1.0], method=as_ode_solver(Euler(), step=0.5))
    assert result.status == -1 and "smaller step" in result.message


# ------------------------------------------------------------------------------------------- minimize, as scipy's
def calls(function):
    def counted(x, *args):
        counted.n += 1
        return function(x, *args)

    counted.n = 0
    return counted


@pytest.mark.parametrize("name", ["gd-energy", "gd-richardson", "momentum-energy"])
def test_minimize_counts_what_it_calls(name):
    fun, jac = calls(lambda x: float(np.sum(x**2 + x**4))), calls(lambda x: 2 * x + 4 * x**3)
    result = minimize(fun, [1.0, -2.0], jac=jac, method=schemes.named(name))
    assert result.success and (result.nfev, result.njev) == (fun.n, jac.n)
    assert {"x", "fun", "jac", "nit", "nfev", "njev", "status", "success", "message"} <= set(result)
    again = minimize(fun, [1.0, -2.0], jac=jac, method=schemes.named(name), callback=lambda x: None)
    assert (again.x == result.x).all() and again.nit == result.nit and again.nfev == result.nfev


def test_minimize_takes_scipys_arguments():
    method = schemes.named("gd-energy")
    fun = lambda x, a, b: float((x[0] - a)**2 + 3 * (x[1] - b)**2)  # noqa: E731
    jac = lambda x, a, b: np.array([2 * (x[0] - a), 6 * (x[1] - b)])  # noqa: E731
    for slope, places in ((jac, 1e-9), ("2-point", 1e-6), ("3-point", 1e-8), (None, 1e-6)):
        result = minimize(fun, [0, 0], args=(2, -1), jac=slope, method=method, tol=1e-5 if slope != jac else 1e-9)
        assert result.success and result.x == pytest.approx([2, -1], abs=max(places, 1e-5 if slope != jac else 0))
    loose, tight = (minimize(fun, [0, 0], args=(2, -1), jac=jac, method=method, options={"gtol": g})
                    for g in (1e-2, 1e-10))
    assert np.linalg.norm(tight.jac) <= 1e-10 < np.linalg.norm(loose.jac) <= 1e-2 and loose.nit < tight.nit
    assert minimize(lambda x: x**2, 3.0, jac=lambda x: 2 * x, method=method).x.shape == (1,)
    few = minimize(rosen, [0.5, 0.5], jac=rosen_der, method=method, options={"maxfun": 10})
    assert few.njev <= 10 and few.status == 1 and "maxfun" in few.message
    seen = []
    minimize(fun, [0, 0], args=(2, -1), jac=jac, method=schemes.named("lc-egd"),
             callback=lambda intermediate_result: seen.append(intermediate_result))
    assert [r.fun for r in seen] == [fun(r.x, 2, -1) for r in seen] and seen[-1].fun < 1e-12
    assert all(b.fun <= a.fun for a, b in zip(seen, seen[1:], strict=False))


@pytest.mark.parametrize("fun, span, y0", [
    (rational, (5, 9), [1 / 3, 2 / 9]), (rational, (5, 1), [1 / 3, 2 / 9]), (lambda t, y: 0 * y, (0, 1), [0.0, 2.0]),
    (lambda t, y: -1e4 * y, (0, 1), [1.0]), (lambda t, y: y, (0, 1e-9), [1.0]),
    (lambda t, y: 1 + 0 * y, (0, 5), [0.0])])
def test_the_first_step_is_that_of_the_same_method_in_scipy(fun, span, y0):
    ours, theirs = (kind(fun, span[0], np.array(y0), span[1]) for kind in (as_ode_solver(DormandPrince()), RK45))
    assert ours.h_abs == pytest.approx(theirs.h_abs, rel=1e-13)


def test_differences_are_as_exact_as_their_order():
    def function(x):
        return np.array([x[0] ** 3 * x[1], np.sin(x[1]), x[0]])

    x = np.array([-1.7, 2.3])
    jacobian = [[3 * x[0]**2 * x[1], x[0] ** 3], [0, np.cos(x[1])], [1, 0]]
    assert differences(function, x) == pytest.approx(np.array(jacobian), rel=1e-6, abs=1e-7)
    assert differences(function, x, central=True) == pytest.approx(np.array(jacobian), rel=1e-9, abs=1e-9)
    assert differences(lambda x: 1e300 * x[0], np.array([2.0])) == pytest.approx(np.array([[1e300]]))


def test_minimize_passes_the_hessian_on():
    newton = schemes.pair(Newton(), Euler(), 1.0)
    result = minimize(rosen, [1.2, 1.3], jac=rosen_der, hess=rosen_hess, method=newton, options={"gtol": 1e-10})
    assert result.success and result.x == pytest.approx([1, 1]) and 0 < result.nhev <= result.nit + 1
    with pytest.raises(TypeError, match="pass hess="):
        minimize(rosen, [1.2, 1.3], jac=rosen_der, method=newton)
    with pytest.raises(ValueError, match="maxiter=0"):
        minimize(rosen, [1.2, 1.3], jac=rosen_der, method=newton, options={"maxiter": 0})
    with pytest.raises(ValueError, match="must return a number"):
        minimize(lambda x: x, [1.2, 1.3], jac=rosen_der, method=schemes.named("gd-energy"))


# ------------------------------------------------------------------------------------------ between the steps
def weights(x, scheme):
    """b_i(x) of the interpolant: the state at t + x h is y + h Σ b_i(x) k_i."""
    exact = lambda numbers: [Fraction(number).limit_denominator(10**13) for number in numbers]  # noqa: E731
    b, d = exact(scheme.b), exact(scheme.d)
    ends = [x * (1 - x)**2, *[0] * (len(b) - 2), x**2 * (x - 1)]  # Hermite's slopes: the first and the last k
    return [x**2 * (3 - 2 * x) * p + e + x**2 * (1 - x)**2 * q for p, q, e in zip(b, d, ends, strict=True)]


@pytest.mark.parametrize("x", [Fraction(1, 7), Fraction(1, 2), Fraction(5, 6)])
def test_the_interpolant_of_dormand_prince_is_of_order_4_on_every_tree(x):
    """Σ b_i(x) φ_i(τ) = x^|τ| / γ(τ) in rational numbers for the eight trees of order 4 or less."""
    A = [[*(Fraction(a).limit_denominator(10**6) for a in row), *[0] * (7 - len(row))] for row in DormandPrince.a]
    A[6][:6] = [Fraction(a).limit_denominator(10**6) for a in DormandPrince.b[:6]]
    up = lambda v: [sum(a * w for a, w in zip(row, v, strict=True)) for row in A]  # noqa: E731
    each = lambda *v: [np.prod(entries) for entries in zip(*v, strict=True)]  # noqa: E731
    c = up([1] * 7)
    trees = {1: [([1] * 7, 1)], 2: [(c, 2)], 3: [(each(c, c), 3), (up(c), 6)],
             4: [(each(c, c, c), 4), (each(c, up(c)), 8), (up(each(c, c)), 12), (up(up(c)), 24)]}
    for order, of in trees.items():
        for tree, density in of:
            total = sum(w * t for w, t in zip(weights(x, DormandPrince), tree, strict=True))
            assert abs(total - x**order / density) < Fraction(1, 10**12)  # the weights were rounded to floats


def test_dense_output_has_its_order():
    """The error between the steps falls like h⁵, and so it is that of the method itself at one point more."""
    middle = lambda t: t[:-1] + 0.43 * np.diff(t)  # noqa: E731

    def error(n, scheme):
        result = solve_ivp(rational, (5, 9), [1 / 3, 2 / 9], method=as_ode_solver(scheme, step=4 / n),
                           dense_output=True)
        return np.abs(result.sol(middle(result.t)) - exact(middle(result.t))).max()

    assert np.log2(error(4, DormandPrince()) / error(8, DormandPrince())) == pytest.approx(5, abs=0.3)


@pytest.mark.parametrize("span, y0", [((5, 9), [1 / 3, 2 / 9]), ((5, 1), [1 / 3, 2 / 9])])
def test_dense_output_costs_nothing_and_is_scipys(span, y0):
    """As many evaluations as RK45 with 300 points between the steps, and its values: a free interpolant."""
    ours, theirs = (solve_ivp(rational, span, y0, method=m, rtol=1e-5, atol=1e-8, t_eval=np.linspace(*span, 300),
                              dense_output=True) for m in (as_ode_solver(DormandPrince()), "RK45"))
    assert ours.nfev == theirs.nfev and ours.y == pytest.approx(theirs.y, rel=1e-10)
    assert ours.sol(sum(span) / 2) == pytest.approx(theirs.sol(sum(span) / 2), rel=1e-10)


@pytest.mark.parametrize("scheme", [s() for s in PLAIN], ids=name_of)
def test_a_function_may_return_the_same_array_each_time(scheme):
    A, buffer = np.array([[-1, 0.99], [0.99, -1]]), np.zeros(2)
    reused, fresh = (solve_ivp(fun, (0, 1), [1, 0.5], method=as_ode_solver(scheme, step=0.1), t_eval=[0.33, 1])
                     for fun in (lambda t, y: np.dot(A, y, out=buffer), lambda t, y: A @ y))
    assert np.array_equal(reused.y, fresh.y)


def test_solver_classes_are_pickled():
    kind = as_ode_solver(Heun(), step=0.125)
    again = pickle.loads(pickle.dumps(kind))
    assert again.__name__ == "HeunSolver" and (again.scheme, again.fixed) == (Heun(), 0.125)
    assert pickle.loads(pickle.dumps(kind.__mro__[1])) is kind.__mro__[1]
    ends = [solve_ivp(rational, (5, 9), [1 / 3, 2 / 9], method=m).y[:, -1] for m in (kind, again)]
    assert np.array_equal(*ends)


# ------------------------------------------------------------------------------------------------- minimize: bounds
def bowl(x):
    """A convex quadratic that is not aligned with the axes, its minimum at (2, −1)."""
    return float((x[0] - 2)**2 + 2 * (x[1] + 1)**2 + (x[0] - 2) * (x[1] + 1))


def bowl_der(x):
    return np.array([2 * (x[0] - 2) + x[1] + 1, 4 * (x[1] + 1) + x[0] - 2])


BOXES = {"inside": ((0, 3), (-2, 1)), "one side": ((None, 1), (None, None)), "corner": ((-1, 1), (0, 2)),
         "fixed": ((0.5, 0.5), (None, None)), "half fixed": ((0.5, 0.5), (0, 1))}


@pytest.mark.parametrize("name", ["gd", "momentum", "adam", "gd-richardson", "gd-energy", "momentum-energy",
                                  "adam-energy", "rmsprop-energy"])
@pytest.mark.parametrize("box", BOXES)
def test_bounds_are_kept_and_the_rest_is_scipys(name, box):
    """The minimum in the box is that of L-BFGS-B, and no function was called outside, with differences neither."""
    seen, bounds = [], BOXES[box]
    low, high = (np.array([no if side[k] is None else side[k] for side in bounds])
                 for k, no in enumerate((-np.inf, np.inf)))
    classic = {"gd": {"lr": 0.1}, "momentum": {"lr": 0.02}, "adam": {"lr": 0.05, "eps": 0.1}}
    method = schemes.named(name, **classic.get(name, {}))
    expected = minimize(bowl, [0.7, 0.2], jac=bowl_der, bounds=bounds, method="L-BFGS-B", options={"ftol": 1e-15})

    def watched(x):
        seen.append(x.copy())
        return bowl(x)

    start = np.clip([5.0, 5.0], low, high)
    for jac, options in ((bowl_der, {}), (None, {"finite_differences": "3-point"})):
        result = minimize(watched, [5.0, 5.0], jac=jac, bounds=bounds, method=method, options=options)
        assert result.success and result.x == pytest.approx(expected.x, abs=2e-6)
        assert result.fun == pytest.approx(expected.fun, abs=1e-9) and np.array_equal(seen[0], start)
    assert ((np.array(seen) >= low) & (np.array(seen) <= high)).all() and len(seen) > 5
    assert result.jac[low < high] == pytest.approx(bowl_der(result.x)[low < high], abs=1e-7)  # not the projected one


def test_gradient_descent_with_bounds_is_the_projected_gradient_method():
    low, high, x, lr = np.array([0.0, -0.3]), np.array([1.2, 3.0]), np.array([0.2, 2.0]), 0.15
    seen = []
    minimize(bowl, x, jac=bowl_der, bounds=Bounds(low, high), method=schemes.named("gd", lr=lr),
             callback=lambda x: seen.append(x), options={"maxiter": 12})
    for point in seen:
        x = np.clip(x - lr * bowl_der(x), low, high)
        assert point == pytest.approx(x, rel=1e-14)
    assert (x == [1.2, -0.3]).all() and len(seen) == 5


def test_stages_within_a_step_do_not_leave_the_bounds():
    """Heun's second stage would be at x = 1.6."""
    seen = []
    watched = lambda x: seen.append(x.copy()) or bowl_der(x)  # noqa: E731
    result = minimize(bowl, [0.0, -1.0], jac=watched, bounds=[(None, 1), (None, None)],
                      method=schemes.pair(GradientDescent(), Heun(), 0.4))
    assert result.success and result.x == pytest.approx([1, -0.75], abs=1e-6) and max(x[0] for x in seen) == 1


def test_newton_steps_along_the_bounds():
    """A coordinate held at its bound is out of the Hessian too: the rest of it is solved in one step."""
    hess = lambda x: np.array([[2.0, 1.0], [1.0, 4.0]])  # noqa: E731
    result = minimize(bowl, [1.0, -0.5], jac=bowl_der, hess=hess, bounds=[(None, 1.0), (None, None)],
                      method=schemes.pair(Newton(), Euler(), 1.0))
    assert result.success and result.nit == 1 and result.x == pytest.approx([1, -0.75])


@pytest.mark.parametrize("bounds", [[(0, 1)], [(1, 0), (0, 1)], [0, 1], Bounds([0, 0, 0], 1), [(np.nan, 1), (0, 1)]])
def test_bad_bounds_are_named(bounds):
    with pytest.raises(ValueError, match="minimize: bounds="):
        minimize(bowl, [0.0, 0.0], jac=bowl_der, bounds=bounds, method=schemes.named("gd-energy"))


def test_bounds_are_refused_where_the_memory_is_of_the_step_taken():
    with pytest.raises(ValueError, match="SecantEuler remembers the step"):
        minimize(bowl, [0.0, 0.0], jac=bowl_der, bounds=[(0, 1), (0, 1)], method=schemes.named("secant-energy"))


def test_differences_stay_within_bounds_at_their_order():
    function = lambda x: np.exp(x).sum()  # noqa: E731
    for x, low, high in itertools.product((0.0, 0.5, 1.0), (0.0, -np.inf), (1.0, np.inf)):
        seen = []
        watched = lambda x, seen=seen: seen.append(x[0]) or function(x)  # noqa: E731
        two, three = (differences(watched, np.array([x]), c, low, high)[0, 0] for c in (False, True))
        assert abs(two / np.exp(x) - 1) < 5e-8 and abs(three / np.exp(x) - 1) < 3e-10
        assert low <= min(seen) and max(seen) <= high
    assert differences(function, np.array([1.0, 1.0]), True, np.array([1.0, 0.0]), np.array([1.0, 1.0])) == (
        pytest.approx(np.array([[0, np.e]]), rel=1e-9))


# ----------------------------------------------------------------------------------------- minimize: what it is given
def test_differences_of_order_2_on_demand():
    """scipy hands jac="3-point" on as None to every method of one's own, so it is an option here."""
    counts, ends = [], []
    for options in ({}, {"finite_differences": "3-point"}):
        fun = calls(lambda x: float(np.sum(np.cosh(x - 1))))
        ends.append(minimize(fun, [0.0, 3.0], method=schemes.named("gd-energy"), options={"gtol": 1e-6, **options}))
        counts.append(fun.n / ends[-1].njev)
    assert counts[1] > counts[0] + 1 and np.abs(ends[1].x - 1).max() < 1e-6
    direct = schemes.named("gd-energy")(lambda x: float(np.sum(np.cosh(x - 1))), [0.0, 3.0], jac="3-point")
    assert np.array_equal(direct.x, ends[1].x)
    with pytest.raises(ValueError, match="finite_differences='cs'"):
        minimize(rosen, [1.0, 2.0], method=schemes.named("gd-energy"), options={"finite_differences": "cs"})


def test_hessians_by_differences_and_by_products():
    newton = schemes.pair(Newton(), Euler(), 1.0)
    product = lambda x, p: rosen_hess(x) @ p  # noqa: E731
    for given in ({"hess": "2-point"}, {"hess": "3-point"}, {"hessp": product}):
        result = minimize(rosen, [1.2, 1.3], jac=rosen_der, method=newton, **given, options={"gtol": 1e-8})
        assert result.success and result.x == pytest.approx([1, 1], abs=1e-7) and result.nit < 10
    free = np.full(2, np.inf)
    given = _Objective(rosen, rosen_der, None, lambda x, p, a: a * product(x, p), (3.0,), -free, free)
    x, p = np.array([[1.0, 0.3], [2.0, -0.4]]), np.array([[0.2, 1.0], [0.5, 2.0]])
    each = [3 * product(*v) for v in zip(x.T, p.T, strict=True)]
    assert given.hessian_product(x, p) == pytest.approx(np.stack(each, axis=-1))
    assert given.calls["hessian"] == 0
    with pytest.raises(ValueError, match="no quasi-Newton matrix"):
        minimize(rosen, [1.2, 1.3], jac=rosen_der, hess=BFGS(), method=newton)


def log_barrier(x):
    return float(x[0] - np.log(x[0])) if x[0] > 0 else np.nan


@pytest.mark.parametrize("name", ["gd-energy", "momentum-energy", "gd-richardson", "gd"])
def test_a_loss_that_is_no_number_is_no_success(name):
    method, jac = schemes.named(name, **{"lr": 0.1} if name == "gd" else {}), lambda x: 1 - 1 / x
    bad = minimize(log_barrier, [-0.5], jac=jac, method=method)
    assert not bad.success and (bad.status, bad.nit) == (3, 0) and bad.nfev <= 2 and "fun is nan at x" in bad.message
    good = minimize(log_barrier, [0.5], jac=jac, method=method)
    assert good.success and good.x == pytest.approx([1], abs=1e-5)
    late = minimize(lambda x: float(x[0]**2) if x[0] > 0.5 else np.nan, [1.0], jac=lambda x: 2 * x,
                    method=schemes.named("gd", lr=0.1))
    assert not late.success and late.status == 3
    with pytest.raises(TypeError, match="fun must return a number, it returned None"):
        minimize(lambda x: None, [0.5], jac=jac, method=method)


def test_a_callback_that_stops_at_rest_has_stopped_it():
    def stop(x):
        raise StopIteration

    result = minimize(lambda x: float(x @ x) / 2, [1.0, 2.0], jac=lambda x: x, method=schemes.named("gd", lr=1.0),
                      callback=stop)
    assert (result.nit, result.success, result.status) == (1, False, 99) and (result.jac == 0).all()


def test_complex_numbers_are_refused():
    """By sentence, where NumPy would drop the imaginary part."""
    loss, method = networks.get("polytwo"), schemes.named("gd-energy")
    field, z = method.flow.on(loss), np.array([1 + 1j, 0])
    for call in (lambda: minimize(lambda x: float(x @ x), z, method=method),
                 lambda: minimize(lambda x: x @ x + 0j, [1.0], method=method),
                 lambda: method.run(loss, z), lambda: field(0, z), lambda: loss.value(z),
                 lambda: loss.gradient(list(z)), lambda: schemes.integrate(field, y0=z), lambda: field.start(z)):
        with pytest.raises(TypeError, match="real"):
            call()


def test_what_minimize_refuses_and_takes():
    method = schemes.named("gd-energy")
    with pytest.raises(ValueError, match="not be empty"):
        minimize(lambda x: 0.0, np.zeros(0), method=method)
    with pytest.raises(ValueError, match=r"jac must return an array of shape \(2,\)"):
        minimize(rosen, [1.0, 2.0], jac=lambda x: x[:1], method=method)
    assert minimize(bowl, [0.0, 0.0], jac=bowl_der, method=method, options={"maxiter": None}).success
    far = minimize(lambda x: float((x[0] - 2e6)**2), [0.0], jac=lambda x: 2 * (x - 2e6), method=method)
    assert far.status == 2 and "radius" in far.message


def test_short_steps_end_a_run_as_scipys_methods_do():
    x0 = [1.3, 0.7, 0.8, 1.9, 1.2]
    for options, words in (({"ftol": 1e-3}, "ftol"), ({"xtol": 1e-3}, "xtol")):
        found = minimize(rosen, x0, jac=rosen_der, method=schemes.named("gd-energy"), options={"gtol": 0.0, **options})
        longer = minimize(rosen, x0, jac=rosen_der, method=schemes.named("gd-energy"), options={"gtol": 1e-8})
        assert found.success and words in found.message and found.nit < longer.nit
    with pytest.raises(ValueError, match="ftol"):
        minimize(rosen, x0, jac=rosen_der, method=schemes.named("gd-energy"), options={"ftol": -1.0})
    resting = minimize(rosen, x0, jac=rosen_der, method=schemes.named("momentum-energy"), options={"speed": 1e-9})
    assert resting.success and "rest" in resting.message


def test_differences_call_nothing_twice():
    """Of more coordinates than points are remembered: fun at a trial is not lost among its neighbours."""
    called = []

    def fun(x):
        called.append(x.tobytes())
        return rosen(x)

    found = minimize(fun, np.full(20, 1.1), method=schemes.named("gd-energy"), options={"maxiter": 15})
    assert found.nfev == len(called) == len(set(called))
