"""Exact numbers: which one a float stands for, and the sign of one.

A float stands for one of two things.
- What somebody wrote, a rate, a step, a coefficient of a loss, is the decimal that it prints as: 0.1 is 1/10
  (`as_decimals`).
- What was computed from small fractions, a weight of a scheme, a coordinate of a point, is the fraction that it rounds:
  0.3333333333333333 is 1/3 (`as_fractions`); where there is none, it is the decimal.
"""
from __future__ import annotations

import numbers
from fractions import Fraction

import numpy as np

from .late import sympy
from .readings import Rate

LARGEST = 10**6  # denominator of what `as_fractions` takes for a fraction: Dormand–Prince's coefficients need 339200
ROUNDING = 2**-51  # and how far a float may lie from it, relative to it: the rounding of a sum or two


def decimal(x: numbers.Real) -> int | Fraction:
    """A number as it is where it is an integer or a fraction, else as the decimal that it prints as; without sympy."""
    if isinstance(x, (numbers.Integral, np.bool_)):
        return int(x)
    return Fraction(x) if isinstance(x, numbers.Rational) else Fraction(repr(float(x)))


def as_decimals(expression: Rate) -> sympy.Expr:
    """A number, or a sympy expression, with its floats as the decimals that they print as."""
    expression = sympy.sympify(expression)
    return expression.xreplace({x: _decimal(x) for x in expression.atoms(sympy.Float)})


def as_fractions(expression: Rate) -> sympy.Expr:
    """A number, or a sympy expression, with its floats as the small fractions that they round, else as decimals."""
    expression = sympy.sympify(expression)
    return expression.xreplace({x: _fraction(x) for x in expression.atoms(sympy.Float)})


def _decimal(x) -> sympy.Rational:
    return sympy.Rational(decimal(x))


def _fraction(x) -> sympy.Rational:
    value = sympy.Rational(float(x))
    small = value.limit_denominator(LARGEST)
    return small if abs(small - value) <= ROUNDING * abs(value) else _decimal(x)


def exact_sign(number: Rate) -> int | None:
    """The sign of an exact number, -1, 0 or 1; None if it cannot be told."""
    number = sympy.sympify(number)
    if number.is_zero:
        return 0
    if number.is_positive or number.is_negative:
        return 1 if number.is_positive else -1
    if number.free_symbols:
        return None
    value = sympy.N(number, 50, maxn=200)
    if value.is_comparable and abs(value) > sympy.Float("1e-40"):
        return 1 if value > 0 else -1  # 50 correct digits and not near zero
    return 0 if simplified(number) == 0 else None


def simplified(expression: sympy.Expr) -> sympy.Expr:
    """An expression in simpler form; a polynomial in the root of a polynomial is reduced by that, so that 0 is seen."""
    roots = sorted(expression.atoms(sympy.CRootOf), key=str)
    if len(roots) == 1:
        z = sympy.Symbol("z")
        inner = expression.xreplace({roots[0]: z})
        if inner.is_polynomial(z):
            defining = roots[0].poly
            return sympy.rem(inner, defining.as_expr().subs(defining.gen, z), z).subs(z, roots[0])
    return sympy.simplify(expression)


def in_floats(expression: sympy.Basic, digits: int = 17) -> sympy.Basic:
    """An expression with its roots of polynomials in decimals, for readers and for functions that know no others."""
    return expression.xreplace({r: sympy.N(r, digits) for r in expression.atoms(sympy.CRootOf)})
