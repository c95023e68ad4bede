"""One claim for each rule that guards a critical point, false because of that rule alone."""
import numpy as np
import pytest
import sympy
from sympy import Integral, Rational, erf, exp, pi, sqrt

from arithmetic import exact_sign
from networks import Loss, classify, get
from networks.critical import krawczyk

x, y, z = sympy.symbols("x y z", real=True)
BOWL = Loss.from_expression((x - 1) ** 2 / 2 + (y - 2) ** 2, (x, y), name="bowl")


@pytest.mark.parametrize("away", [(1.5, 0), (0, 1.5), (-1.5, 0), (0, -1.5), (1.5, 1.5)])
def test_a_box_beside_the_point_is_not_certified(away):
    """Krawczyk's inclusion: K(X) is the point itself; 1.5 radii from the middle of X it lies in 2X and not in X."""
    radius = 1e-8
    middle = np.array([1.0, 2.0]) + radius * np.array(away)
    assert krawczyk(BOWL, middle, radius) is None and krawczyk(BOWL, middle, 2 * radius) is not None


@pytest.mark.parametrize("power", [3, 4])
def test_a_box_with_several_points_is_not_certified(power):
    """Krawczyk's inclusion: I − Y H(X) is wide where H changes sign in X; (x² − s²)² has three points in the box."""
    s = 0.5
    loss = Loss.from_expression((x**2 - Rational(1, 4)) ** 2 * (1 if power == 4 else 1 + x / 100), (x,))
    assert krawczyk(loss, np.array([s]), 1.2) is None and krawczyk(loss, np.array([s]), 0.05) is not None


def test_a_number_that_sympy_leaves_open_gets_its_sign_from_fifty_digits():
    """The threshold of `exact_sign`: ∫₀¹ e^(−z²) dz is 0.74682…, whatever sympy's assumptions say of it."""
    integral = Integral(exp(-z**2), (z, 0, 1))
    assert (integral - Rational(747, 1000)).is_positive is None
    assert exact_sign(integral - Rational(747, 1000)) == -1 and exact_sign(integral - Rational(746, 1000)) == 1
    assert exact_sign(integral - sqrt(pi) * erf(1) / 2) in (0, None)  # is zero


def test_a_coefficient_that_is_zero_decides_nothing():
    """`exact_sign` of a zero in disguise: (√2 + √3 − √(5 + 2√6)) x⁴ + x⁶ is a minimum, by its second term."""
    nothing = sqrt(2) + sqrt(3) - sqrt(5 + 2 * sqrt(6))
    assert exact_sign(nothing) == 0
    assert classify(-nothing * x**4 + x**6, [x], [0])[0] == "degenerate minimum"


@pytest.mark.parametrize("curvature, nature", [((2, 1), "minimum"), ((2, -1), "saddle"), ((-2, -1), "maximum"),
                                               ((-2, 1), "saddle")])
def test_the_signs_of_the_eigenvalues_are_the_nature(curvature, nature):
    """Signs of eigenvalues, of points found exactly, and of those found by Newton's method and proved by Krawczyk's."""
    a, b = curvature
    form = Rational(a) * (x + y) ** 2 + Rational(b) * (x - y) ** 2
    assert classify(form, [x, y], [0, 0])[0] == nature
    waves = a * sympy.sin(x - Rational(1, 3)) ** 2 + b * sympy.sin(y - Rational(1, 2)) ** 2
    loss = Loss.from_expression(waves / 2, (x, y), box=((-1, 1), (-1, 1)))
    (point,) = [p for p in loss.critical_points() if np.abs(p.numeric - [1 / 3, 1 / 2]).max() < 1e-9]
    assert point.nature == nature and point.certified and not point.exact


def test_every_critical_point_of_a_neuron_is_listed():
    """Completeness: ψ' = (φ − y)φ' vanishes where φ = y and where φ' = 0, and the two data points combine freely."""
    points = get("polytwo").critical_points()
    assert {p.theta for p in points} == {(0, 0), (0, 1), (0, -1), (1, 0), (1, -1), (-1, 0), (-1, 1), (2, -1), (-2, 1)}


def test_every_critical_point_of_a_polynomial_is_listed():
    """Completeness, against the degree: (x⁴/4 − x²/2) + (y⁴/4 − y²/2) has Bézout's 9 points, all real."""
    loss = Loss.from_expression(x**4 / 4 - x**2 / 2 + y**4 / 4 - y**2 / 2, (x, y))
    points = loss.critical_points()
    assert sorted(p.theta for p in points) == [(i, j) for i in (-1, 0, 1) for j in (-1, 0, 1)]
    assert [p.nature for p in points] == ["minimum"] * 4 + ["saddle"] * 4 + ["maximum"]
