"""Intervals enclose what real arithmetic gives: checked against exact rationals and high precision."""
import mpmath
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from arithmetic import Interval, absolute, cos, exp, log, maximum, minimum, sin, sqrt, tanh
from arithmetic.operations import head

numbers = st.floats(-50, 50, allow_nan=False)


@st.composite
def intervals(draw, low=-50.0, high=50.0):
    a, b = sorted((draw(st.floats(low, high)), draw(st.floats(low, high))))
    share = draw(st.floats(0, 1))
    return Interval(a, b), min(max(a + share * (b - a), a), b)  # and a point of it


def holds(interval, value) -> bool:
    return mpmath.mpf(float(interval.low)) <= value <= mpmath.mpf(float(interval.high))


@settings(max_examples=200, deadline=None)
@given(intervals(), intervals())
def test_arithmetic_encloses(x, y):
    (X, a), (Y, b) = x, y
    with mpmath.workdps(60):
        p, q = mpmath.mpf(a), mpmath.mpf(b)
        assert holds(X + Y, p + q) and holds(X - Y, p - q) and holds(X * Y, p * q) and holds(-X, -p)
        assert holds(X * X, p * p) and holds(X**3, p**3) and holds(2 - X, 2 - p) and holds(X + 1, p + 1)
        assert float((X * X).low) >= 0
        if q != 0:
            assert holds(X / Y, p / q) and holds(1 / Y, 1 / q)
        assert holds(minimum(X, Y), min(p, q)) and holds(maximum(X, Y), max(p, q)) and holds(absolute(X), abs(p))


@settings(max_examples=200, deadline=None)
@given(intervals(-20.0, 20.0))
def test_functions_enclose(x):
    X, a = x
    with mpmath.workdps(60):
        p = mpmath.mpf(a)
        for ours, exact in ((exp, mpmath.exp), (tanh, mpmath.tanh), (sin, mpmath.sin), (cos, mpmath.cos)):
            assert holds(ours(X), exact(p)), ours
        if float(X.low) > 0:
            assert holds(log(X), mpmath.log(p)) and holds(sqrt(X), mpmath.sqrt(p))


def test_arrays_of_intervals_and_edges():
    X = Interval(np.array([1.0, -1.0]), np.array([2.0, 1.0]))
    inverse = 1 / X
    assert inverse.low[0] <= 0.5 and inverse.high[0] >= 1 and inverse.low[1] == -np.inf and inverse.high[1] == np.inf
    assert np.all((X**0).low == 1) and repr(Interval(1, 2)) == "[1.0, 2.0]"
    with pytest.raises(TypeError, match="no interval form"):  # an exact operation of definitions
        head(X)
