"""The stability function of a scheme, by running the scheme itself on y' = λ y in symbols."""
from __future__ import annotations

from arithmetic import Vector
from flows import GradientDescent, State

from .base import Scheme


def stability_function(scheme: Scheme):
    """R(z), the sympy rational function with y⁺ = R(hλ) y for y' = λ y.

    The scheme takes one step of gradient descent on F = −z y²/2 with h = 1 from y = 1, in symbols; its coefficients are
    taken as the fractions they stand for.  On a quadratic loss a step multiplies each eigencomponent by R(−hλ), so it is
    stable where |R(−hλ)| ≤ 1.  Raises TypeError for what is not a scheme.
    """
    import sympy

    if not isinstance(scheme, Scheme):
        raise TypeError(f"stability_function(scheme): scheme must be a Scheme such as Heun(), got {scheme!r}")
    z = sympy.Symbol("z")
    field, one = GradientDescent().on(_Parabola(z)), sympy.Integer(1)
    return sympy.factor(sympy.cancel(scheme.exact().advance(field, 0 * one, Vector([one]), one)[0][0]))


class _Parabola:
    """F = −z y²/2 in symbols."""

    dim = 1

    def __init__(self, z):
        self.z = z

    def oracle(self, theta):
        import sympy

        y = Vector(sympy.cancel(x) for x in theta)
        return State(value=-self.z * y[0]**2 / 2, gradient=-self.z * y, hessian=Vector([-self.z]).reshape(1, 1))
