"""Multipliers of the iterations, the sharpness they bear, and the rest points that only the iteration has (facts D)."""
import numpy as np
import pytest
import sympy
from sympy import Rational, sqrt

import networks
import schemes
from flows import AdaGrad, Adam, Adamax, AveragedMomentum, GradientDescent, Lion, Momentum, Newton, RMSProp, Signum
from lyapunov import multipliers, spurious_fixed_points
from networks import Loss
from schemes import (
    DormandPrince, EnergyControl, Euler, EulerRichardson, Heun, RosenbrockEuler, RungeKutta4, SequentialEuler, Stop,
    named, pair, stability_function,
)

z, eta = sympy.Symbol("z"), sympy.Symbol("eta", positive=True)
lr, momentum, beta1, beta2, alpha, eps, v = sympy.symbols("lr momentum beta1 beta2 alpha eps v", positive=True)
SHARPNESS = [  # facts D.3: name, characteristic polynomial, sharpness
    ("gd", z - 1 + lr * eta, 2 / lr),
    ("momentum", z**2 - (1 + momentum - lr * eta) * z + momentum, 2 * (1 + momentum) / lr),
    ("nesterov", z**2 - (1 + momentum) * (1 - lr * eta) * z + momentum * (1 - lr * eta),
     (2 + 2 * momentum) / (1 + 2 * momentum) / lr),
    ("adam", z**2 - (1 + beta1 - lr * (1 - beta1) * eta / eps) * z + beta1, 2 * (1 + beta1) / (1 - beta1) * eps / lr),
    ("rmsprop", z - 1 + lr * eta / eps, 2 * eps / lr),
]


@pytest.mark.parametrize("name, polynomial, sharpness", SHARPNESS)
def test_the_sharpness_in_the_hyperparameters(name, polynomial, sharpness):
    found = multipliers(named(name), symbolic=True)
    assert sympy.simplify(found.polynomial - polynomial) == 0
    assert sympy.simplify(found.threshold - sharpness) == 0 and found.lost == -1
    assert "lost through -1" in str(found) and r"\eta" in found._repr_latex_()


@pytest.mark.parametrize("optimizer, number, lost", [
    (named("gd", lr=0.1), 20, -1), (named("momentum", lr=0.1), 38, -1),
    (named("nesterov", lr=1.0), Rational(19, 14), -1), (named("adam", lr=0.001, eps=1e-8), 38 * Rational(1, 10**5), -1),
    (pair(AveragedMomentum(a=0.1), SequentialEuler(), 1), 38, -1),
    (pair(GradientDescent(), EulerRichardson(), 1), 2, 1), (pair(GradientDescent(), Heun(), 1), 2, 1),
    (pair(GradientDescent(), RosenbrockEuler(), 1), None, None), (pair(Newton(), Euler(), 0.5), None, None)])
def test_the_sharpness_in_numbers(optimizer, number, lost):
    found = multipliers(optimizer)
    assert (found.threshold, found.lost) == (number, lost)


def test_of_the_classical_runge_kutta_method():
    found = multipliers(pair(GradientDescent(), RungeKutta4(), 1))
    assert float(found.threshold) == pytest.approx(2.785293563405282, rel=1e-14) and found.lost == 1


def test_adam_at_a_minimum_is_not_differentiable_and_decided_nevertheless():
    found = multipliers(named("adam"), symbolic=True)
    assert found.further == {"c1": beta1, "c2": beta2, "v": beta2} and "v: 2" in found.argument
    frozen = multipliers(named("adam"), symbolic=True, frozen=True)
    assert sympy.simplify(frozen.threshold - 2 * (1 + beta1) / (1 - beta1) * (sqrt(v) + eps) / lr) == 0
    frozen = multipliers(named("rmsprop"), symbolic=True, frozen=True)
    assert sympy.simplify(frozen.threshold - 2 * (sqrt(v) + eps) / lr) == 0


def test_the_scale_of_adagrad_stays_where_it_is():
    found = multipliers(pair(AdaGrad(eps=0.5), SequentialEuler(), 0.1))
    G = sympy.Symbol("G", positive=True)
    assert found.further == {"G": 1} and sympy.simplify(found.threshold - 20 * (sqrt(G) + Rational(1, 2))) == 0


def test_adamax_rests_at_eps():
    found = multipliers(pair(Adamax(a=1, b=0.1, r=2, eps=0.01), SequentialEuler(), 0.5), [Rational(1, 100)])
    assert found.further == {"c1": Rational(1, 2), "u": 0} and found.stable is True
    assert found.threshold == 12 * Rational(1, 100)


@pytest.mark.parametrize("flow", [Adam(eps=0), RMSProp(eps=0), Signum(), Lion()])
def test_where_the_step_does_not_tend_to_0_nothing_is_claimed(flow):
    found = multipliers(pair(flow, SequentialEuler(), 0.1))
    assert found.status == "UNDECIDED" and found.stable is None and "does not tend to 0" in str(found)


@pytest.mark.parametrize("network", ["polytwo", pytest.param("polythree", marks=pytest.mark.slow)])  # the like
def test_the_points_of_a_network(network):
    loss = networks.get(network)
    for point in loss.critical_points():
        found = multipliers(named("momentum", lr=0.01), point)
        largest = max(map(float, point.eigenvalues))
        expected = point.nature == "minimum" and largest < 380
        assert found.stable is expected and len(found.roots) == len(set(point.eigenvalues))
        hessian = np.asarray(loss.hessian(point.numeric), dtype=float)
        field = named("momentum", lr=0.01).flow.on(loss)
        start = field.start(point.numeric)
        columns = [SequentialEuler().step(field, 0.0, start + 1e-6 * e, 0.1)[0] for e in np.eye(field.size)]
        base = SequentialEuler().step(field, 0.0, start, 0.1)[0]
        numeric = np.sort_complex(np.linalg.eigvals(np.array([(c - base) / 1e-6 for c in columns]).T))
        ours = np.sort_complex(np.array([complex(r) for e in np.linalg.eigvalsh(hessian) for r in np.roots(
            [1, -(1.9 - 0.01 * e), 0.9])]))
        exact = np.sort_complex(np.array([complex(sympy.N(r)) for e in point.eigenvalues
                                          for r in found.roots[sympy.sympify(e)]]))
        assert np.allclose(numeric, ours, atol=1e-3 * (1 + abs(ours).max())) and np.allclose(exact, ours, atol=1e-9)


@pytest.mark.parametrize("optimizer, factor, steps", [
    (named("gd", lr=0.1), 2, 6000), (named("momentum", lr=0.1), 3.8, 6000), (named("nesterov", lr=0.1), 19 / 14, 6000),
    (pair(Adam(a=1.0, b=0.01, eps=1.0, correction=False), SequentialEuler(), 0.1), 38, 80)])  # its v has not grown yet
def test_iterates_stay_below_and_leave_above_the_sharpness(optimizer, factor, steps):
    for share, stays in ((0.99, True), (1.01, False)):
        loss = Loss(lambda theta, k=share * factor / 0.1: k * theta[0]**2 / 2, 1)
        run = optimizer.run(loss, np.array([1e-9]), stop=Stop(gradient=1e-30, max_steps=steps, radius=1e9))
        assert (abs(run.theta[0]) < 1e-9) == stays


# ------------------------------------------------------------------------------------------ spurious rest points
x = sympy.Symbol("x", real=True)
DOUBLE = Loss.from_expression((x**2 - 1)**2 / 4, (x,))


def test_the_midpoint_method_rests_where_the_gradient_does_not_vanish():
    found = {p.theta: p for p in spurious_fixed_points(pair(GradientDescent(), EulerRichardson(), 1.2), DOUBLE)}
    point = next(p for theta, p in found.items() if sympy.simplify(theta - (sqrt(1 + 8 / Rational(6, 5)) - 1) / 2) == 0)
    assert float(point.theta) == pytest.approx(0.8844373104863459, rel=1e-15)
    assert float(point.gradient) == pytest.approx(-0.19260448, abs=1e-8) and point.attracting
    run = pair(GradientDescent(), EulerRichardson(), 1.2).run(DOUBLE, np.array([0.95]),
                                                              stop=Stop(gradient=1e-9, max_steps=2000))
    assert not run.success and run.theta[0] == pytest.approx(0.8844373104863459, abs=1e-9)


def test_small_steps_and_euler_have_none_that_attract():
    assert not any(p.attracting for p in spurious_fixed_points(pair(GradientDescent(), EulerRichardson(), 0.9), DOUBLE))
    assert spurious_fixed_points(pair(GradientDescent(), Euler(), 1.2), DOUBLE) == []


def test_wrong_arguments_are_explained():
    with pytest.raises(TypeError, match="fixed step"):
        multipliers(pair(GradientDescent(), Euler(), EnergyControl()))
    with pytest.raises(ValueError, match="no memory"):
        spurious_fixed_points(pair(Momentum(), Euler(), 0.1), DOUBLE)
    assert "stable" in str(multipliers(schemes.named("gd", lr=0.1), [1, 30]))


@pytest.mark.parametrize("scheme, flow", [
    (RungeKutta4(), Momentum), (RungeKutta4(), Adam), (RungeKutta4(), RMSProp), (DormandPrince(), Momentum),
    (RosenbrockEuler(), Momentum), (RosenbrockEuler(), RMSProp),
    # each of these schemes and each of these flows stands in a line above
    *(pytest.param(scheme, flow, marks=[pytest.mark.slow]) for scheme, flow in (
        (DormandPrince(), RMSProp), (DormandPrince(), Adam), (RosenbrockEuler(), Adam)))])
def test_stages_multiply_as_the_stability_function_of_what_one_stage_gives(scheme, flow):
    """Euler's multipliers are 1 + hλ; those of another Runge–Kutta scheme on the same flow are R(hλ)."""
    one, many = (sympy.Poly(multipliers(pair(flow(), s, 0.1)).polynomial.subs(eta, Rational(1, 3)), z).monic()
                 for s in (Euler(), scheme))
    A = sympy.Matrix.companion(one) - sympy.eye(one.degree())
    top, bottom = (sum((c * A**k for k, c in enumerate(reversed(sympy.Poly(part, z).all_coeffs()))),
                       sympy.zeros(A.rows)) for part in sympy.fraction(stability_function(scheme)))
    total = top * bottom.inv()
    assert sympy.expand(total.charpoly(z).as_expr() - many.as_expr()) == 0
