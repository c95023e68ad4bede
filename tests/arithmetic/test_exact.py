"""Floats as the exact numbers that they stand for, and the signs of exact numbers."""
from fractions import Fraction

import pytest
import sympy
from hypothesis import given
from hypothesis import strategies as st
from sympy import Rational, sqrt

from arithmetic import as_decimals, as_fractions, exact_sign, simplified
from schemes import SCHEMES

x = sympy.Symbol("x")


@given(st.floats(allow_nan=False, allow_infinity=False))
def test_both_readings_round_to_the_float(number):
    assert as_decimals(number).is_Rational and float(as_decimals(number)) == number
    assert float(as_fractions(number)) == pytest.approx(number, rel=2**-51, abs=0)


@given(st.integers(-10**9, 10**9), st.integers(0, 9))
def test_what_was_typed_is_a_decimal(digits, places):
    exact = Rational(digits, 10**places)
    assert as_decimals(float(exact)) == as_fractions(float(exact)) == exact


@given(st.integers(-1000, 1000), st.integers(1, 10**6))
def test_what_was_computed_is_a_fraction(p, q):
    assert as_fractions(p / q) == Rational(p, q)


def test_expressions_keep_the_rest():
    assert as_decimals(0.1 * x + sqrt(2)) == x / 10 + sqrt(2)
    assert as_fractions(x / 3.0 + 0.1) == x / 3 + Rational(1, 10)
    assert as_decimals(1 / 3) == Rational("0.3333333333333333") and as_fractions(1 / 3) == Rational(1, 3)
    assert as_decimals(Fraction(1, 3)) == Rational(1, 3) and as_decimals(sympy.pi) == sympy.pi


@pytest.mark.parametrize("scheme", [kind for kind in SCHEMES if getattr(kind, "a", None)])
def test_tableaus_are_read_exactly(scheme):
    """Row sums are c, weights sum to 1 and error weights to 0: identities that only the true fractions satisfy."""
    exact = scheme().exact()
    assert sum(exact.b) == 1 and (exact.e is None or sum(exact.e) == 0)
    assert [sum(row) for row in exact.a] == list(exact.c)


@pytest.mark.parametrize("number, sign", [
    (0, 0), (-3, -1), (sqrt(2) - Rational(14142135623730950488, 10**19), 1),
    (sqrt(2) + sqrt(3) - sqrt(5 + 2 * sqrt(6)), 0),
    (sympy.exp(1) - sympy.pi, -1), (x, None), (sympy.Symbol("p", positive=True), 1),
    (sympy.CRootOf(x**5 - x - 1, 0)**5 - sympy.CRootOf(x**5 - x - 1, 0) - 1, 0)])
def test_signs_of_exact_numbers(number, sign):
    assert exact_sign(number) == sign
    assert sign != 0 or simplified(sympy.sympify(number)) == 0
