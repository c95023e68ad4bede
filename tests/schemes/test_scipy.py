"""scipy on both sides."""
import numpy as np
import pytest
from scipy.integrate import OdeSolver, solve_ivp
from scipy.optimize import minimize, rosen, rosen_der

import networks
import schemes
from flows import GradientDescent, Momentum
from schemes import Euler, EulerRichardson, Heun, RungeKutta4, as_ode_solver


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
    result = solve_ivp(field, (0, 100), [0.4, 1.5], method=as_ode_solver(EulerRichardson()), t_eval=[0, 0.5], events=event)
    assert result.status == 1 and len(result.t_events[0]) == 1 and result.t.tolist() == [0, 0.5]


@pytest.mark.parametrize("call, error, message", [
    (lambda: as_ode_solver("euler"), TypeError, "must be a Scheme"),
    (lambda: as_ode_solver(Euler()), ValueError, "no error estimate"),
    (lambda: as_ode_solver(Euler(), step=-1), ValueError, "must be positive"),
    (lambda: solve_ivp(rational, (5, 9), [1, 2], method=as_ode_solver(EulerRichardson()), colour="red"), TypeError, "colour")])
def test_bad_solvers_are_named(call, error, message):
    with pytest.raises(error, match=message):
        call()


@pytest.mark.parametrize("name, options", [
    ("gd-energy", {}), ("gd-richardson", {}), ("momentum-energy", {}), ("adam-energy", {}),
    ("adam", {"lr": 0.05, "eps": 0.1}), ("nesterov", {"lr": 0.02}), ("amsgrad", {"lr": 0.1})])
def test_minimize(name, options):
    result = minimize(lambda x: np.sum((x - [1, 2]) ** 4 + (x - [1, 2]) ** 2), [3.0, -1.0], method=schemes.named(name, **options),
                      jac=lambda x: 4 * (x - [1, 2]) ** 3 + 2 * (x - [1, 2]))
    assert result.success and result.status == 0 and result.x == pytest.approx([1, 2], abs=1e-5)
    assert result.fun == pytest.approx(0, abs=1e-9) and result.nit > 0 and result.njev > 0 and np.abs(result.jac).max() < 1e-5


def test_minimize_as_scipy_does():
    seen = []
    options = {"maxiter": 50}
    result = minimize(rosen, [0.5, 0.5], jac=rosen_der, method=schemes.named("gd-energy"), callback=lambda x: seen.append(x),
                      options=options)
    assert not result.success and result.status == 1 and len(seen) == 50 and "max_steps" in result.message
    numeric = minimize(lambda x: float(x @ x), [1.0, 1.0], method=schemes.named("gd-energy"), options={"gtol": 1e-5})
    assert numeric.success and numeric.x == pytest.approx([0, 0], abs=1e-4)
    both = minimize(lambda x: (float(x @ x), 2 * x), [1.0, 1.0], jac=True, method=schemes.named("gd-energy"))
    assert both.success

    def stop(intermediate_result):
        raise StopIteration

    stopped = minimize(rosen, [0.5, 0.5], jac=rosen_der, method=schemes.named("gd-energy"), callback=stop)
    assert not stopped.success and stopped.status == 99
    with pytest.raises(ValueError, match="no bounds"):
        minimize(rosen, [0.5, 0.5], jac=rosen_der, method=schemes.named("gd-energy"), bounds=[(0, 1), (0, 1)])
    with pytest.raises(ValueError, match="unknown options"):
        minimize(rosen, [0.5, 0.5], jac=rosen_der, method=schemes.named("gd-energy"), options={"speed": 3})
    with pytest.raises(TypeError, match="asks for the"):
        minimize(rosen, [0.5, 0.5], jac=rosen_der, method=schemes.named("lm"))
