"""Where a formula meets the edge of its domain: what is not a number there, and what is one all the same."""
import numpy as np
import pytest
import scipy.special
import sympy

import arithmetic as ar
from arithmetic import Interval
from flows import GradientDescent
from networks import Loss
from schemes import Euler, Outcome, Stop, integrate, named

x = sympy.Symbol("x", real=True)


def loss(expression):
    return Loss.from_expression(expression, [x])


def test_a_float_exponent_that_is_whole_holds_for_negative_numbers():
    assert loss((x**2.0 - 1)**2).gradient([-3.0]) == -96
    assert loss(2.5 * x**2.0 - 1.5 * x**1.0).gradient([-8.0]) == -41.5
    assert Loss(lambda t: t[0]**2.0, 1).value([-3.0]) == 9


@pytest.mark.parametrize("definition, at, slope", [
    (lambda t: ar.where(t > 0, ar.sqrt(t), 0.0) + t**2, -1.0, -2.0),
    (lambda t: ar.where(t > 0, ar.log(t) * t, 0.0), -1.0, 0.0),
    (lambda t: ar.where(t < 0, ar.exp(t), 1.0), 800.0, 0.0),
    (lambda t: ar.where(t < 1, 1 / t, t), 0.5, -4.0),
    (lambda t: ar.maximum(ar.where(t > 0, ar.sqrt(t), t), -5.0), -2.0, 1.0)])
def test_the_branch_that_is_not_taken_does_not_matter(definition, at, slope):
    assert Loss(lambda t: definition(t[0]), 1).gradient([at]) == slope


def test_removable_points_are_numbers():
    assert loss(sympy.Piecewise((1, sympy.Eq(x, 0)), (sympy.sin(x) / x, True))).gradient([0.0]) == 0
    assert loss((x**2)**sympy.Rational(4, 3)).gradient([0.0]) == 0
    y = sympy.Symbol("y", real=True)
    cone = Loss.from_expression((x**2 + y**2)**sympy.Rational(3, 2), [x, y])
    assert np.array_equal(cone.gradient([0.0, 0.0]), [0, 0]) and np.allclose(cone.gradient([3.0, 4.0]), [45, 60])


def test_every_classic_ends_where_the_gradient_is_no_number():
    for name in ("gd", "adam", "lion", "signsgd", "rprop"):
        end = named(name).run(loss(sympy.sqrt(x)), [-1.0], stop=Stop(max_steps=50))
        assert end.outcome == Outcome.NOT_FINITE and end.steps <= 2, name


def test_intervals_beyond_a_domain_and_without_end():
    assert ar.where(ar.sqrt(Interval(-1, 4)) < 1, 0.0, 1.0).low == 0  # 1/4 is in it
    for f in (ar.sin, ar.cos):
        wave = f(Interval(0, np.inf))
        assert (wave.low, wave.high) == (-1, 1)
    assert ar.log1p(Interval(-4.0, 2.0)).low == -np.inf and ar.sqrt(Interval(-1, 4)).low == 0
    unknown = Interval(np.nan, 1) < 0
    assert unknown.can and not unknown.must
    assert int(Interval.of(2**53 + 1).low) < 2**53 + 1 < int(Interval.of(2**53 + 1).high)
    assert abs(Interval(-2, 1)).low == 0 and (+Interval(1, 2)).high == 2


def test_a_function_that_works_in_place_does_no_harm():
    def gradient(t):
        t *= 2
        return t

    end = named("gd", lr=0.1).run(Loss.from_callables(1, lambda t: t[0]**2, gradient), [1.0], stop=Stop(max_steps=5))
    assert end.theta == pytest.approx([0.8**5])


def test_an_operation_without_a_spelling_runs_by_numpy():
    j1 = ar.operation("bessel_1", numeric=scipy.special.j1)
    j0 = ar.operation("bessel_0", numeric=scipy.special.j0, adjoint=lambda n, d: (-d * j1(n.args[0]),))
    try:
        with pytest.warns(RuntimeWarning, match="bessel.*neither a definition nor a spelling"):
            end = integrate(GradientDescent().on(Loss(lambda t: j0(t[0]), 1)), [1.0], Euler(), 0.5)
        assert end.theta == pytest.approx([scipy.special.jn_zeros(1, 1)[0]], abs=1e-5)
    finally:
        for name in ("bessel_0", "bessel_1"):
            ar.OPERATIONS.remove(name)


def test_a_table_is_that_of_its_operation():
    from arithmetic.operations import table_operation

    for values in ((1.0, 2.0), (5.0, 6.0)):
        read = table_operation("two_numbers", lambda values=values: values, "")
        graph = ar.Graph()
        z = graph.input("z")
        step = ar.Iteration((z,), (graph.lift(read(z)),), graph.condition(True), 1)
        assert ar.iterate(step, np.array([[1.0]]), 1, backend="numpy")[0] == values[1]
        ar.OPERATIONS.remove("two_numbers")


def test_softplus_where_the_sum_rounds_most():
    import mpmath

    x = np.concatenate([[-36.52647898413069], np.random.default_rng(0).uniform(-38, -35.5, 500)])
    with mpmath.workdps(60):
        for a, value in zip(x, ar.softplus(x), strict=True):
            true = mpmath.log1p(mpmath.exp(mpmath.mpf(a)))
            assert abs(mpmath.mpf(value) - true) <= mpmath.mpf(2)**(mpmath.frexp(true)[1] - 53)
