"""The stability function of a scheme, by running the scheme itself on y' = λ y in symbols."""
from __future__ import annotations

from arithmetic import SymbolicLoss, Vector
from arithmetic.late import sympy
from flows import GradientDescent

from .base import Scheme


def stability_function(scheme: Scheme) -> sympy.Expr:
    """R(z), the sympy rational function with y⁺ = R(hλ) y for y' = λ y.

    The scheme takes one step of gradient descent on F = −z y²/2 with h = 1 from y = 1, in symbols; its coefficients are
    taken as the fractions they stand for.  On a quadratic loss a step multiplies each eigencomponent by R(−hλ), so it
    is stable where |R(−hλ)| ≤ 1.  Raises TypeError for what is not a scheme.
    """
    if not isinstance(scheme, Scheme):
        raise TypeError(f"stability_function(scheme): scheme must be a Scheme such as Heun(), got {scheme!r}")
    y, z, one = sympy.Symbol("y"), sympy.Symbol("z"), sympy.Integer(1)
    field = GradientDescent().on(_Cancelled(-z * y**2 / 2, [y]))
    return sympy.factor(sympy.cancel(scheme.symbolic_step(field, 0 * one, Vector([one]), one)[0]))


class _Cancelled(SymbolicLoss):
    """A loss at points that are kept short: stages of a rational scheme are fractions in fractions."""

    def at(self, expression, theta):
        return super().at(expression, map(sympy.cancel, theta))
