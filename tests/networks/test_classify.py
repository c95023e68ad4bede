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
    (x**2 - y**2 + z**4, "degenerate saddle"), (x**4 + y**4 + z**4, "degenerate minimum"),
    # irrational coefficients
    ((x**2 - sqrt(2) * y**2) ** 2, "non-strict minimum"), (x**4 - sqrt(2) * x**2 * y**2 + y**4, "degenerate minimum"),
    (x**4 - sqrt(5) * x**2 * y**2 + y**4, "degenerate saddle"), ((x + sqrt(2) * y**2) ** 2, "non-strict minimum"),
    ((x**2 + y) ** 2 + sympy.pi * x**5, "degenerate saddle"), ((y**2 - sqrt(2) * x**3) ** 2, "non-strict minimum"),
    ((y**2 - sqrt(2) * x**3) ** 2 + x**7, "undecided"),
    # coefficients that are not algebraic: between two forms with rational ones
    (sympy.pi * x**4 - Rational(7, 2) * x**2 * y**2 + y**4, "degenerate minimum"),
    (-sympy.pi * x**4 + 4 * x**2 * y**2 - y**4, "degenerate saddle"),
    ((sqrt(sympy.pi) * x**2 - y**2) ** 2, "undecided"),
    # no polynomials: functions of one monomial, and what is nowhere below its value on an axis
    (exp(x * y) - 1 - x * y, "non-strict minimum"), (cos(x**2 * y) - 1, "non-strict maximum"),
    (sympy.sin(x**2 * y) - x**2 * y, "degenerate saddle"),
    (sympy.sin(x) ** 2 * sympy.sin(y) ** 2, "non-strict minimum"),
    (exp((x**2 + y**2) * (x**4 + y**2)) - 1, "undecided"),
    (sympy.sin(x) ** 2 * sympy.sin(y) ** 2 + sympy.sin(x) ** 8 + sympy.sin(y) ** 8, "undecided"),
    # cusps: the leading form does not see them
    ((y**2 - x**3) ** 2 + x**7, "degenerate minimum"), ((y**2 - x**3) ** 2 - x**7, "degenerate saddle"),
    ((y**2 - x**3) ** 2, "non-strict minimum"),
    # ∂F/∂x = 0 not linear in x: a multiple component, and a term beyond the order of the series
    ((x + x**3 + y**2) ** 2, "non-strict minimum"), (-(x + x**3 + y**2) ** 2, "non-strict maximum"),
    ((x + x**3 + y**2) ** 2 + y**10, "degenerate minimum"), ((x + x**3 + y**2) ** 2 - y**10, "degenerate saddle"),
    # more variables: eliminated, or by leading forms
    (z**2 + z * x * y + x**4 + y**4, "degenerate minimum"), (z**2 + 3 * z * x * y + x**4 + y**4, "degenerate saddle"),
    (z**2 + 2 * z * x * y + x**2 * y**2, "non-strict minimum"), (x**4 + y**6 + z**8, "degenerate minimum"),
    (x**4 + y**4 + z**4 - x**2 * y * z, "degenerate minimum"),
    (x**4 + y**4 + z**4 - 3 * x**2 * y * z, "degenerate saddle"),
    (x**3 + y**4 + z**4, "degenerate saddle"), (-x**4 - y**4 - z**4 + x**5, "degenerate maximum"),
    (cos(x) + x**2 / 2 + y**4 + z**4, "degenerate minimum"),
    # squares that vanish on lines: of F itself, not of a leading form
    (x**2 * y**2 + z**4, "non-strict minimum"), (x**2 * y**2 + y**2 * z**2 + z**2 * x**2, "non-strict minimum"),
    (x**4 + y**4 + z**4 - x**2 * y**2 - y**2 * z**2 - z**2 * x**2, "non-strict minimum"),
    (-(x - y)**2 * (x + 2 * z)**2, "non-strict maximum"), ((x * y - z**2)**2, "non-strict minimum"),
    (x**2 * y**2 + y**2 * z**2 + z**2 * x**2 - x**10, "undecided"),
    (x**2 * y**2 + y**2 * z**2 + z**2 * x**2 + 1 - exp(x**10), "undecided"),  # beyond the order of the series
    # Motzkin's form is no sum of squares
    (x**4 * y**2 + x**2 * y**4 - 3 * x**2 * y**2 * z**2 + z**6, "undecided"),
]


@pytest.mark.parametrize("expression, nature", CASES)
def test_nature(expression, nature):
    symbols = [x, y, z] if expression.has(z) else [x, y]
    found, evidence = classify(expression, symbols, [0] * len(symbols))
    assert found == nature and evidence


@pytest.mark.parametrize("expression, nature", [
    (x**10, "degenerate minimum"), (-x**12 + x**13, "degenerate maximum"), (x**11, "degenerate saddle"),
    (1 - cos(x**3), "degenerate minimum"), (sqrt(2) * x**4 - x**3, "degenerate saddle"), (0 * x, "non-strict minimum"),
    (x**2 - x**4, "minimum")])
def test_one_variable(expression, nature):
    assert classify(expression, [x], [0])[0] == nature


def test_points_that_are_not_critical_are_refused():
    with pytest.raises(ValueError, match="not a critical point"):
        classify(x**2 + y, [x, y], [0, 0])


@settings(max_examples=10, deadline=None)
@given(st.integers(1, 3), st.integers(-3, 3), st.integers(-3, 3), st.booleans())
def test_squares_and_their_neighbours(a, b, c, lower):
    """(y + b x²+ c x³)² ± a x⁸ near 0: a strict minimum with +, a saddle with −, whatever the curve."""
    f = sympy.expand((y + b * x**2 + c * x**3) ** 2 + (-a if lower else a) * x**8)
    assert classify(f, [x, y], [0, 0])[0] == ("degenerate saddle" if lower else "degenerate minimum")


# ------------------------------------------------------------------------------------------------ with a parameter
c = sympy.Symbol("c", real=True)
FAMILIES = [
    (x**2 + x * y**2 + c * y**4, [("degenerate saddle", c < Rational(1, 4)),
                                  ("non-strict minimum", sympy.Eq(c, Rational(1, 4))),
                                  ("degenerate minimum", c > Rational(1, 4))]),
    (x**2 + c * x * y + y**2, [("saddle", c < -2), ("non-strict minimum", sympy.Eq(c, -2)),
                               ("minimum", (c > -2) & (c < 2)),
                               ("non-strict minimum", sympy.Eq(c, 2)), ("saddle", c > 2)]),
    (x**4 + c * x**2 * y**2 + y**4, [("degenerate saddle", c < -2), ("non-strict minimum", sympy.Eq(c, -2)),
                                     ("degenerate minimum", c > -2)]),
    (x**2 + 2 * x * y**2 + c * y**4 + y**5, [("degenerate saddle", c <= 1), ("degenerate minimum", c > 1)]),
    ((x**2 - 2 * c * y**2) ** 2, [("degenerate minimum", c < 0), ("non-strict minimum", c >= 0)]),
    (x**2 + sqrt(2) * x * y**2 + c * y**4, [("degenerate saddle", c < Rational(1, 2)),
                                            ("non-strict minimum", sympy.Eq(c, Rational(1, 2))),
                                            ("degenerate minimum", c > Rational(1, 2))]),
    (x**2 + y**2 / 2 + cos(c * y), [("saddle", c < -1), ("degenerate minimum", sympy.Eq(c, -1)),
                                    ("minimum", (c > -1) & (c < 1)), ("degenerate minimum", sympy.Eq(c, 1)),
                                    ("saddle", c > 1)]),
    (x**3 - 3 * c * x * y**2, [("degenerate saddle", sympy.true)]),
    (x**2 + (c**3 - 2) * y**4,
     [("degenerate saddle", c < sympy.cbrt(2)), ("non-strict minimum", sympy.Eq(c, sympy.cbrt(2))),
                                ("degenerate minimum", c > sympy.cbrt(2))]),
    (x**4 + y**4 + z**4 + c * x * y * z**2, [("undecided", sympy.true)]),
    (x**4 + y**4 + z**4 + (c - 1) * x * y * z, [("degenerate saddle", c < 1), ("degenerate minimum", sympy.Eq(c, 1)),
                                                ("degenerate saddle", c > 1)]),
]


@pytest.mark.parametrize("expression, wanted", FAMILIES)
def test_a_parameter_gives_the_case_distinction(expression, wanted):
    symbols = [x, y, z] if expression.has(z) else [x, y]
    found = classify(expression, symbols, [0] * len(symbols))
    assert list(found) == wanted and len(found.evidence) == len(found) and all(found.evidence)


def test_the_assumptions_of_the_parameter_are_kept():
    plain, positive = sympy.Symbol("c"), sympy.Symbol("c", positive=True)
    found = classify(x**2 * plain + y**2, (x, y), (0, 0))
    assert [nature for nature, _ in found] == ["saddle", "non-strict minimum", "minimum"]
    assert classify(x**2 * positive + y**2, (x, y), (0, 0)) == [("minimum", sympy.true)]
    nonnegative = sympy.Symbol("c", nonnegative=True)
    assert classify(x**2 * nonnegative + y**2, (x, y), (0, 0)) == [("non-strict minimum", sympy.Eq(nonnegative, 0)),
                                                                  ("minimum", nonnegative > 0)]
    with pytest.raises(ValueError, match="one parameter at a time"):
        classify(x**2 * plain + sympy.Symbol("d") * y**2, (x, y), (0, 0))


def test_cases_print_and_answer_for_values():
    found = classify(x**2 + x * y**2 + c * y**4, (x, y), (0, 0))
    assert str(found).splitlines() == ["degenerate saddle   if c < 1/4", "non-strict minimum  if c = 1/4",
                                       "degenerate minimum  if c > 1/4"]
    assert r"\begin{cases}" in found._repr_latex_()
    assert [found.at(v) for v in (0, Rational(1, 4), 7)] == ["degenerate saddle", "non-strict minimum",
                                                             "degenerate minimum"]


@settings(max_examples=6, deadline=None)
@given(st.integers(-2, 2), st.integers(-2, 2), st.integers(1, 3), st.fractions(-3, 3, max_denominator=6))
def test_a_case_distinction_agrees_with_the_classification_of_every_value(p, q, d, value):
    f = d * x**4 + p * x**3 * y + c * x**2 * y**2 + q * x * y**3 + y**4
    value = Rational(value.numerator, value.denominator)
    assert classify(f, (x, y), (0, 0)).at(value) == classify(f.subs(c, value), (x, y), (0, 0))[0]


@settings(max_examples=10, deadline=None)
@given(st.lists(st.integers(-3, 3), min_size=9, max_size=9))
def test_forms_that_are_squares_are_found_and_their_certificates_hold(entries):
    """Σ (row·(x², y², z²))² + x⁴ + y⁴ + z⁴: positive; the certificate's G reproduces it exactly."""
    from arithmetic.squares import sum_of_squares
    from networks.forms import leading_part

    squares = sympy.Matrix(3, 3, entries) * sympy.Matrix([x**2, y**2, z**2])
    f = sympy.Poly(sum(e**2 for e in squares) + x**4 + y**4 + z**4, x, y, z)
    part, weights = leading_part(f)
    monomials, gram = sum_of_squares(f, weights)
    assert sympy.expand((sympy.Matrix([monomials]) * gram * sympy.Matrix(monomials))[0] - f.as_expr()) == 0
    assert gram.is_positive_definite and part == f.as_expr()
