"""Sympy expressions read back: against sympy's own numbers, on every reading."""
import numpy as np
import pytest
import sympy
from hypothesis import given, settings
from hypothesis import strategies as st

import arithmetic as ar
from arithmetic import Interval, Vector, from_sympy, record

x, y = sympy.symbols("x y", real=True)

EXPRESSIONS = [
    x**3 - x * y / 3 + sympy.Rational(7, 5), (x + 1 / (1 + 1 / (2 + y**2))) / (3 + x**2),
    sympy.sqrt(x**2 + 1) ** 3 / (1 + y**2) ** 2,
    (x**2 + 1) ** sympy.Rational(-3, 2), (x**2 + y**2 + 1) ** sympy.Rational(1, 3), 2**x, (1 + x**2) ** y,
    sympy.exp(x) * sympy.log(2 + x**2),
    sympy.Piecewise((x, x < y), (y**2, sympy.And(x > 0, y < 1)), (sympy.cos(x), True)),
    sympy.Piecewise((1, sympy.Or(x <= -1, x > 1)), (x, sympy.Ne(y, 0)), (2, True)),
    sympy.Max(x, y, 1) - sympy.Min(x, y, -x, 0), sympy.Abs(x - y) + sympy.sign(x),
    sympy.tan(x / 4) + sympy.sech(y) + sympy.coth(2 + x**2),
    sympy.erf(x) + sympy.erfc(y) + sympy.atan(x * y) + sympy.sinh(x) - sympy.cosh(y), sympy.log(1 + sympy.exp(x)),
    1 / (1 + sympy.exp(-x)),
    y / (1 + sympy.exp(x)) ** 2, sympy.Heaviside(x),
    sympy.pi * x + sympy.sqrt(2) * sympy.exp(sympy.Rational(1, 3)) + sympy.E,
    sympy.Max(0, x - y) ** 2, sympy.tanh(x) ** 2 / (1 + sympy.Float("0.25") * y**2),
]


@pytest.mark.parametrize("expression", EXPRESSIONS, ids=lambda e: str(e)[:40])
def test_numbers_and_recordings_are_sympys(expression):
    points = np.random.default_rng(0).uniform(-2, 2, (2, 7))
    values = from_sympy(expression, {x: points[0], y: points[1]})
    recorded = record(lambda v: from_sympy(expression, {x: v[0], y: v[1]}), 2)(*points)[0]
    assert np.array_equal(values, recorded)
    for k, (a, b) in enumerate(points.T):
        true = float(expression.subs({x: sympy.Float(a, 40), y: sympy.Float(b, 40)}))
        assert values[k] == pytest.approx(true, rel=2e-14, abs=2e-15)
        assert from_sympy(expression, {x: a, y: b}) == values[k]


@pytest.mark.parametrize("expression", EXPRESSIONS, ids=lambda e: str(e)[:40])
def test_on_symbols_it_is_the_expression(expression):
    u, v = sympy.symbols("u v", real=True)
    assert sympy.simplify(from_sympy(expression, {x: u, y: v}) - expression.subs({x: u, y: v})) == 0


@settings(max_examples=60, deadline=None)
@given(st.sampled_from([e for e in EXPRESSIONS if not e.has(sympy.Heaviside)]), st.floats(-1.5, 1.5),
       st.floats(0, 0.3), st.floats(-1.5, 1.5), st.floats(0, 0.3), st.floats(0, 1), st.floats(0, 1))
def test_on_intervals_it_encloses(expression, a, da, b, db, share, share2):
    X, Y = Interval(a, a + da), Interval(b, b + db)
    p, q = min(a + share * da, float(X.high)), min(b + share2 * db, float(Y.high))
    true = sympy.N(expression.subs({x: sympy.Rational(p), y: sympy.Rational(q)}), 40)
    enclosed = from_sympy(expression, {x: X, y: Y})
    assert sympy.Rational(float(enclosed.low)) <= true if np.isfinite(enclosed.low) else True
    assert true <= sympy.Rational(float(enclosed.high)) if np.isfinite(enclosed.high) else True


def test_what_would_overflow_does_not():
    assert from_sympy(sympy.log(1 + sympy.exp(x)), {x: 1000.0}) == 1000
    assert from_sympy(1 / (1 + sympy.exp(-x)), {x: -1000.0}) == 0
    assert from_sympy(y / (1 + sympy.exp(x)) ** 2, {x: 1000.0, y: 1.0}) == 0


def test_arrays_of_symbols_go_entry_by_entry():
    entries = from_sympy(x**2 + sympy.exp(x), {x: Vector([y, 2 * y])})
    assert list(entries) == [y**2 + sympy.exp(y), 4 * y**2 + sympy.exp(2 * y)]


def test_a_quotient_is_one_division():
    program = record(lambda v: from_sympy(x / y, {x: v[0], y: v[1]}), 2)
    assert program.operations == 1 and program(1.0, 3.0) == [1.0 / 3.0]


def test_cases_that_cover_nothing_are_nan():
    assert np.isnan(from_sympy(sympy.Piecewise((x, x > 0)), {x: -1.0})) and from_sympy(sympy.Piecewise((x, x > 0)),
                                                                                       {x: 2.0}) == 2


def test_constants_are_enclosed_on_intervals():
    third = from_sympy(sympy.Rational(1, 3) + 0 * x, {x: Interval(0, 0)})
    assert sympy.Rational(float(third.low)) < sympy.Rational(1, 3) < sympy.Rational(float(third.high))
    assert from_sympy(sympy.Rational(3, 4), {x: Interval(0, 0)}) == 0.75


def test_what_has_no_arithmetic_is_said():
    with pytest.raises(TypeError, match="gamma.*register it with arithmetic.operation"):
        from_sympy(sympy.gamma(x), {x: 1.0})
    with pytest.raises(TypeError, match="contains y, for which there is no value; given: x"):
        from_sympy(x + y, {x: 1.0})
    with pytest.raises(TypeError, match="not a real number"):
        from_sympy(x + sympy.I, {x: 1.0})


def test_an_added_operation_is_read():
    ar.operation("dawson", definition=lambda z: z / (1 + z * z), symbolic=lambda s, z: z / (1 + z**2),
                 sympy=("Dawson",))
    try:
        class Dawson(sympy.Function):
            pass

        assert from_sympy(Dawson(x) + 1, {x: 2.0}) == 1.4
    finally:
        ar.OPERATIONS.remove("dawson")
