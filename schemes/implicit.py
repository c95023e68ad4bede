"""Implicit schemes: stable whatever the stiffness, for the price of linear systems with ∂f/∂y."""
from __future__ import annotations

from dataclasses import dataclass

from arithmetic import Array, Quantity, VectorField, add_diagonal, solve, total

from .base import Advance, Scheme, is_gradient_flow, need_gradient_descent
from .newton import newton


@dataclass(frozen=True)
class RosenbrockEuler(Scheme):
    """Linearly implicit Euler: (I − h J) Δ = h f(t, y), y⁺ = y + Δ, with J = ∂f/∂y.

    On gradient descent (I + h H) Δ = −h ∇F: damped Newton with damping 1/h; with `gauss_newton=True` H is replaced by
    JᵀJ of the residuals, which is a Levenberg–Marquardt step.
    Sources: Rosenbrock 1963; Levenberg 1944.
    """

    linearly_implicit = True
    gauss_newton: bool = False

    def advance(self, field: VectorField, t: Quantity, y: Array, h: Quantity) -> Advance:
        slope = field(t, y)
        if self.gauss_newton:
            need_gradient_descent("RosenbrockEuler(gauss_newton=True)", field, "RosenbrockEuler()")
            matrix = -field.loss.oracle(field.theta(y)).gauss_newton
        else:
            matrix = field.jacobian(t, y)
        return y + solve(add_diagonal(-h * matrix, 1), h * slope), None, slope


@dataclass(frozen=True)
class ImplicitEuler(Scheme):
    """Implicit Euler: y⁺ = y + h f(t + h, y⁺).

    On gradient flows it is the proximal point: y⁺ is a local minimiser of F(w) + |w − y|²/(2h) that no iteration made
    larger than F(y), so F falls for every h.  The field must be differentiable at y (Adam's is not at its start).
    Parameters   iterations : of Newton's method, a fixed number; NaN where they do not reach a solution.
    Sources      Rockafellar 1976 (proximal point); Hairer & Wanner, Solving ODEs II, IV.8.
    """

    implicit = True
    iterations: int = 40

    def advance(self, field: VectorField, t: Quantity, y: Array, h: Quantity) -> Advance:
        return implicit_point(field, t + h, y, h, self.iterations), None, field(t, y)


@dataclass(frozen=True)
class ImplicitMidpoint(Scheme):
    """Implicit midpoint rule: y⁺ = y + h f(t + h/2, (y + y⁺)/2), half a step of implicit Euler, extrapolated.

    Of order 2; quadratic first integrals of the flow are kept exactly.
    Parameters   iterations : of Newton's method, a fixed number; NaN where they do not reach a solution.
    Sources      Hairer, Lubich & Wanner, Geometric Numerical Integration, II.1.
    """

    order, implicit = 2, True
    iterations: int = 40

    def advance(self, field: VectorField, t: Quantity, y: Array, h: Quantity) -> Advance:
        return 2 * implicit_point(field, t + h / 2, y, h / 2, self.iterations) - y, None, field(t, y)


def implicit_point(field, t, y, h, iterations: int):
    """w = y + h f(t, w), by Newton's method from y."""
    gradient_flow = is_gradient_flow(field.flow)

    def equation(w):
        residual = w - y - h * field(t, w)
        if gradient_flow:  # the gradient of the proximal function, which must fall
            merit = h * field.flow.energy(field.state(t, w), field.loss.oracle(field.theta(w))) + total((w - y)**2) / 2
        else:
            merit = total(residual**2)
        return residual, add_diagonal(-h * field.jacobian(t, w), 1), merit

    return newton(equation, y, y, iterations, potential=gradient_flow)
