"""Taylor coefficients of every function of the table against mpmath's, and on exact numbers."""
import math
from fractions import Fraction

import mpmath
import pytest
import sympy

import arithmetic as ar
from arithmetic import OPERATIONS
from arithmetic.jets import Jet
from arithmetic.tape import ExactGraph

SMOOTH = [name for name, op in OPERATIONS.items()
          if op.arity == 1 and op.adjoint and name not in ("absolute", "neg", "sign")]


@pytest.mark.parametrize("name", SMOOTH)
def test_taylor_coefficients(name):
    """Of f(x) at x = 0.4 + ρ + ρ²/2, against f's derivatives by mpmath."""
    op = OPERATIONS[name]
    z = sympy.Symbol("z")
    f = sympy.lambdify(z, op.symbolic(sympy, z), "mpmath")
    found = op.function(Jet([0.4, 1.0, 0.5, 0.0, 0.0, 0.0])).coefficients
    with mpmath.workdps(40):
        expected = mpmath.taylor(lambda r: f(mpmath.mpf(0.4) + r + r * r / 2), 0, 5)
    assert found == pytest.approx([float(c) for c in expected], rel=1e-12, abs=1e-13)


def test_functions_whose_derivatives_ask_for_each_other_have_long_series():
    """Sine and cosine to order 60: work that doubled with each order would never end."""
    x = Jet([Fraction(0), Fraction(1), *[Fraction(0)] * 59])
    slope = ar.sin(x).coefficients[1:], ar.cos(x).coefficients
    assert [float(c) for c in slope[0]] == pytest.approx([(-1) ** (k // 2) / math.factorial(k + 1) * (k % 2 == 0)
                                                          for k in range(60)])
    assert [(k + 1) * c for k, c in enumerate(slope[0])] == pytest.approx(slope[1][:-1])


def test_arithmetic_is_that_of_polynomials():
    a, b = Jet([2.0, 1.0, 3.0]), Jet([4.0, 0.0, -1.0])
    assert (a * b).coefficients == [8, 4, 10] and (a * a).coefficients == [4, 4, 13] and (a**3).coefficients[1] == 12
    assert ((a / b) * b).coefficients == pytest.approx(a.coefficients)
    assert (1 / b).coefficients == [0.25, 0, 0.0625]
    assert (3 - a).coefficients == [1, -1, -3] and (a - 1).coefficients == [1, 1, 3]
    assert (b**0.5).coefficients == [2, 0, -0.25] and (b**-1).coefficients == (1 / b).coefficients


def test_coefficients_stay_exact():
    r = sympy.Symbol("r")
    found = ar.exp(Jet([sympy.Integer(0), r, sympy.Integer(0)])).coefficients
    assert [sympy.expand(c) for c in found] == [1, r, r**2 / 2]
    found = ar.erf(Jet([sympy.Integer(0), r, sympy.Integer(0), sympy.Integer(0)])).coefficients
    root = sympy.sqrt(sympy.pi)
    assert [sympy.simplify(c) for c in found] == [0, 2 * r / root, 0, -2 * r**3 / (3 * root)]
    x = sympy.Symbol("x", real=True)
    series = ar.from_sympy(x / 3 + sympy.sqrt(2) * sympy.sin(x), {x: Jet([sympy.Integer(0), sympy.Integer(1)])})
    assert [sympy.simplify(c) for c in series.coefficients] == [0, sympy.Rational(1, 3) + sympy.sqrt(2)]


def test_the_piece_that_is_chosen_has_the_series():
    assert ar.where(Jet([1.0, 1.0]) < 2, Jet([3.0, 4.0]), 0).coefficients == [3, 4]
    graph = ExactGraph()
    x, y = graph.inputs("x", 2)
    chosen = ar.where(Jet([x, y]) < 0, 1.5, Jet([y, x]))
    assert [c.op for c in chosen.coefficients] == ["where", "where"]


@pytest.mark.parametrize("definition", [lambda j: ar.absolute(j), lambda j: ar.sign(j), lambda j: ar.maximum(j, 0),
                                        lambda j: j**0.3, lambda j: ar.where(j < 1, j, 0)])
def test_what_has_no_series_says_so(definition):
    with pytest.raises(TypeError):
        definition(Jet([1.0, 1.0]))
