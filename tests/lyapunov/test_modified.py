"""Modified equations against the closed forms (facts F), and as what the algorithm follows."""
import numpy as np
import pytest
import sympy
from scipy.integrate import solve_ivp
from sympy import Derivative, Function, Rational, sqrt

from flows import Adam, AveragedMomentum, GradientDescent, Momentum, NesterovODE, Signum
from lyapunov import modified_equation
from networks import Loss
from schemes import Euler, EulerRichardson, Heun, RosenbrockEuler, RungeKutta4, SequentialEuler

h, lam = sympy.symbols("h lambda", positive=True)
x, v = sympy.Symbol("theta", real=True), sympy.Symbol("v", real=True)
c = sympy.Symbol("c", positive=True)
F = Function("F", real=True)(x)
g, H, third, fourth = (F.diff(x, k) for k in (1, 2, 3, 4))


def same(a, b):
    return sympy.simplify(sympy.expand(a - b)) == 0


def test_gradient_descent_in_one_variable():
    terms = [t[0] for t in modified_equation(GradientDescent(), Euler(), 3).terms]
    expected = [-g, -H * g / 2, -(H**2 * g / 3 + third * g**2 / 12)]
    assert all(same(a, b) for a, b in zip(terms, expected, strict=False)) and len(terms) == 4


def test_gradient_descent_in_two_variables():
    found = modified_equation(GradientDescent(), Euler(), 2, dim=2)
    X = found.state
    F2 = Function("F", real=True)(*X)
    g2 = sympy.Matrix([F2.diff(s) for s in X])
    H2 = g2.jacobian(X)
    cubic = sympy.Matrix([sum(F2.diff(i, j, k) * g2[a] * g2[b] for a, j in enumerate(X) for b, k in enumerate(X))
                          for i in X])
    for term, expected in zip(found.terms, (-g2, -H2 * g2 / 2, -(H2 * H2 * g2 / 3 + cubic / 12)), strict=True):
        assert all(same(a, b) for a, b in zip(term, expected, strict=True))


def test_the_second_term_of_gradient_descent_is_no_gradient():
    y, z = sympy.symbols("y z", real=True)
    found = modified_equation(GradientDescent(), Euler(), 2, loss=Loss.from_expression(y**2 * z + z**2 + y * z, (y, z)))
    curl = -found.terms[2][1].diff(y) + found.terms[2][0].diff(z)
    expected = (y**2 + Rational(2, 3) * y**3 - Rational(4, 3) * y * z**2 + Rational(8, 3) * y * z + y / 3
                - Rational(2, 3) * z**2 + Rational(4, 3) * z)
    assert same(curl, expected) or same(curl, -expected)


def test_on_a_quartic_and_a_quadratic():
    y = sympy.Symbol("y", real=True)
    quartic = modified_equation(GradientDescent(), Euler(), 2, loss=Loss.from_expression(y**4 / 4, (y,)))
    assert [t[0] for t in quartic.terms] == [-y**3, -Rational(3, 2) * y**5, -Rational(7, 2) * y**7]
    quadratic = modified_equation(GradientDescent(), Euler(), 3, loss=Loss.from_expression(3 * y**2 / 2, (y,)))
    series = sympy.series(sympy.log(1 - 3 * h) / h, h, 0, 4).removeO()
    assert same(quadratic.right[0].subs(sympy.Symbol("h", positive=True), h), series * y)


@pytest.mark.parametrize("scheme, sign", [(SequentialEuler(), -1), (Euler(), 1)])
def test_the_heavy_ball(scheme, sign):
    f0, f1 = modified_equation(Momentum, scheme, 1).terms
    assert same(f0[0], v) and same(f0[1], -c * v - g)
    assert same(f1[0], sign * (c * v + g) / 2) and same(f1[1], (H * v - c**2 * v - c * g) / 2)


@pytest.mark.parametrize("scheme, order", [(EulerRichardson(), 2), (Heun(), 2), (RungeKutta4(), 4)])
def test_the_first_terms_vanish_up_to_the_order_of_the_scheme(scheme, order):
    terms = modified_equation(GradientDescent(), scheme, 3).terms
    assert all(t[0] == 0 for t in terms[1:order])
    assert order == 4 or terms[order][0] != 0


def test_linearly_implicit_euler_is_gradient_descent_with_h_reversed_to_first_order():
    assert same(modified_equation(GradientDescent(), RosenbrockEuler(), 1).terms[1][0], H * g / 2)


# --------------------------------------------------------------------------------------- what the algorithm follows
y1, y2 = sympy.symbols("y1 y2", real=True)
BENT = Loss.from_expression((2 * y1**2 + Rational(6, 5) * y1 * y2 + y2**2) / 2 + y1**4 / 4, (y1, y2))


def error(flow, scheme, order, step, time=0.8):
    """The distance of the algorithm from the modified equation after `time`."""
    field = flow.on(BENT)
    y = start = field.start(np.array([1.5, 1.0]))
    for _ in range(round(time / step)):
        y = scheme.step(field, 0.0, y, step)[0]
    equation = modified_equation(flow, scheme, order, loss=BENT)
    end = solve_ivp(equation.field(step), (0, time), start, rtol=1e-11, atol=1e-12, method="DOP853").y[:, -1]
    return np.linalg.norm(end - y)


@pytest.mark.parametrize("flow, scheme, orders", [
    (GradientDescent(), Euler(), (0, 1, 2)), (Momentum(c=1.0), Euler(), (0, 1, 2)),
    (GradientDescent(), RosenbrockEuler(), (0, 1, 2)),
    (Momentum(c=1.0), SequentialEuler(), (1, 2)), (AveragedMomentum(a=2.0), SequentialEuler(), (1, 2))])
def test_each_term_raises_the_order_of_agreement(flow, scheme, orders):
    for order in orders:
        coarse, fine = error(flow, scheme, order, 0.02), error(flow, scheme, order, 0.01)
        assert np.log2(coarse / fine) == pytest.approx(order + 1, abs=0.25)


def test_from_rest_the_heavy_balls_first_term_is_a_shift_of_time():
    """Old velocities seen half a step late: a start at rest is at rest half a step earlier too, up to h²."""
    coarse, fine = (error(Momentum(c=1.0), SequentialEuler(), 0, step) for step in (0.02, 0.01))
    assert np.log2(coarse / fine) > 0.9


def test_adam_with_fixed_weights():
    """Facts F and H.12: order 1 without, 2 with the term of Cattaneo, Klusowski & Shigida."""
    beta, rho, floor = Rational(9, 10), Rational(19, 20), Rational(1, 20)
    found = modified_equation(Adam(a=1, b=1, eps=0, eps_root=floor, correction=False), SequentialEuler(), 1, loss=BENT,
                              weights={"a": sympy.Symbol("beta"), "b": sympy.Symbol("rho")})
    found = type(found)(found.state, tuple(t.subs({"beta": beta, "rho": rho}) for t in found.terms))
    value = BENT.expression
    slope = sympy.Matrix([value.diff(s) for s in (y1, y2)])
    scale = slope.applyfunc(lambda e: sqrt(e**2 + floor))
    u = sympy.Matrix([a / b for a, b in zip(slope, scale, strict=True)])
    bent = slope.jacobian([y1, y2]) * u
    lag, spread = (1 + beta) / (1 - beta), (1 + rho) / (1 - rho)
    expected = sympy.Matrix([-(lag - spread + spread * floor / s**2) * b / (2 * s)
                             for b, s in zip(bent, scale, strict=True)])
    for at in ({y1: 1, y2: 2}, {y1: Rational(-1, 3), y2: Rational(1, 7)}):
        for ours, theirs in ((found.terms[0], -u), (found.terms[1], expected)):
            assert all(abs(sympy.N((a - b).subs(at), 30)) < 1e-28 for a, b in zip(ours, theirs, strict=True))

    def distance(order, step):
        flow = Adam(a=0.1 / step, b=0.05 / step, eps=0, eps_root=0.05)
        field = flow.on(BENT)
        y = field.start(np.array([1.5, 1.0]))
        for _ in range(round(0.8 / step)):
            y = SequentialEuler().step(field, 0.0, y, step)[0]
        right = type(found)(found.state, found.terms[: order + 1]).field(step)
        end = solve_ivp(right, (0, 0.8), [1.5, 1.0], rtol=1e-11, atol=1e-12, method="DOP853").y[:, -1]
        return np.abs(end - y[:2]).max()

    assert distance(0, 1e-3) / distance(0, 5e-4) == pytest.approx(1.95, abs=0.15)
    assert distance(1, 1e-3) / distance(1, 5e-4) == pytest.approx(4.1, abs=0.25)
    assert distance(1, 1e-3) == pytest.approx(4.7e-4, rel=0.05) and distance(0, 1e-3) == pytest.approx(1.2e-2, rel=0.05)


def test_how_it_prints():
    found = modified_equation(Momentum, SequentialEuler(), 1)
    assert str(found).startswith("theta' = (v) + h*(") and r"\dot{v}" in found._repr_latex_()
    assert isinstance(g, Derivative)


def test_wrong_arguments_are_explained():
    with pytest.raises(TypeError, match=r"must be a Scheme such as Euler\(\)"):
        modified_equation(Momentum(), "euler")
    with pytest.raises(ValueError, match="0, 1, 2 or 3"):
        modified_equation(Momentum(), Euler(), 4)
    with pytest.raises(ValueError, match="generic"):
        modified_equation(Momentum(), Euler(), 1).field(0.1)
    with pytest.raises(ValueError, match="depends on the time"):
        modified_equation(NesterovODE(), Euler(), 1)
    with pytest.raises(ValueError, match="no average"):
        modified_equation(Momentum(c=1), SequentialEuler(), 1, weights={"c": Rational(1, 2)})
    with pytest.raises(ValueError, match="no expression"):
        modified_equation(Signum(), Euler(), 1, loss=Loss.from_callables(1, lambda t: t[0], lambda t: t))
