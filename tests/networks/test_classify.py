"""Degenerate critical points whose nature no Hessian tells."""
import pytest
import sympy
from hypothesis import given, settings
from hypothesis import strategies as st
from sympy import Rational, cos, exp, sqrt

from networks import classify

x, y, z = sympy.symbols("x y z", real=True)

CASES = [
    (x**2 + y**2, "minimum"), (x**2 - y**2, "saddle"), (x * y, "saddle"), (-x**2 - 3 * y**2, "maximum"),
    # changes nature at c = 1/4
    (x**2 + x * y**2 + y**4 / 8, "degenerate saddle"), (x**2 + x * y**2 + y**4 / 5, "degenerate saddle"),
    (x**2 + x * y**2 + y**4 / 4, "non-strict minimum"),
    (x**2 + x * y**2 + Rational(3, 10) * y**4, "degenerate minimum"),
    # Peano: a strict minimum along every straight line, yet a saddle
    ((y - x**2) * (y - 2 * x**2), "degenerate saddle"), ((y - x**2) * (y - 3 * x**2), "degenerate saddle"),
    (x**3 - 3 * x * y**2, "degenerate saddle"), ((x**2 + y) ** 2 + x**5, "degenerate saddle"),
    (x**4 + 2 * x**2 * y + y**2 - y**5, "degenerate minimum"),  # (x² + y)² − y⁵, and y < 0 where the square vanishes
    (x**4 + y**4, "degenerate minimum"), (-x**4 - y**4, "degenerate maximum"), (x**4 - y**4, "degenerate saddle"),
    (x**2 * y**2, "non-strict minimum"), (-x**2 + 0 * y, "non-strict maximum"), (x**2 + y**3, "degenerate saddle"),
    (x**2 + y**2 / 2 + cos(y), "degenerate minimum"), (exp(x) - x + y**4, "degenerate minimum"),
    (sqrt(2) * x**4 + y**2, "degenerate minimum"), (x**2 + 2 * x * y**2 + sqrt(2) * y**4, "degenerate minimum"),
    (x**2 + 2 * x * y**2 + y**4 * sqrt(2) / 2, "degenerate saddle"), (x**2 + y**2 + z**4, "degenerate minimum"),
    (x**2 - y**2 + z**4, "degenerate saddle"), (x**4 + y**4 + z**4, "undecided"),
]


@pytest.mark.parametrize("expression, nature", CASES)
def test_nature(expression, nature):
    symbols = [x, y, z] if expression.has(z) else [x, y]
    found, evidence = classify(expression, symbols, [0] * len(symbols))
    assert found == nature and evidence


def test_points_that_are_not_critical_are_refused():
    with pytest.raises(ValueError, match="not a critical point"):
        classify(x**2 + y, [x, y], [0, 0])


@settings(max_examples=10, deadline=None)
@given(st.integers(1, 3), st.integers(-3, 3), st.integers(-3, 3), st.booleans())
def test_squares_and_their_neighbours(a, b, c, lower):
    """(y + b x²+ c x³)² ± a x⁸ near 0: a strict minimum with +, a saddle with −, whatever the curve."""
    f = sympy.expand((y + b * x**2 + c * x**3) ** 2 + (-a if lower else a) * x**8)
    assert classify(f, [x, y], [0, 0])[0] == ("degenerate saddle" if lower else "degenerate minimum")
