"""Classes of losses, as what `assuming` takes: inequalities that a loss with minimum F = 0 at θ = 0 meets."""

from __future__ import annotations

import sympy

from arithmetic import CoordinateLoss, Rate, as_decimals

#: Of one coordinate; H is its curvature, or one eigenvalue of the Hessian: what assumptions such as H ≤ L name.
F, g, H, J = (CoordinateLoss.symbols[q] for q in ("value", "gradient", "hessian", "jacobian"))
theta = CoordinateLoss.theta


def told(relations: tuple) -> tuple:
    """What was assumed, as verdicts say it: with a symbol for the class that has a name."""
    return tuple(sympy.Symbol("convex") if r == "convex" else r for r in relations)


def strongly_convex(mu: Rate) -> tuple:
    """Losses with a Hessian of at least μ > 0; their minimum is taken to be F = 0 at θ = 0."""
    return "convex", sympy.Ge(H, as_decimals(mu))


def smooth(L: Rate) -> tuple:
    """Losses whose gradient is Lipschitz: −L ≤ H ≤ L."""
    return sympy.Le(H, as_decimals(L)), sympy.Ge(H, -as_decimals(L))


def PL(mu: Rate) -> tuple:
    """Losses of Polyak and Łojasiewicz: 0 ≤ F ≤ |∇F|²/2μ; the infimum is taken to be 0."""
    return sympy.Le(F, g**2 / (2 * as_decimals(mu))), sympy.Ge(F, 0)


def quasar_convex(gamma: Rate, mu: Rate = 0) -> tuple:
    """Losses with ⟨∇F, θ⟩ ≥ γ (F + μ|θ|²/2), 0 < γ ≤ 1: no valley but the one of the minimum, F = 0 at θ = 0."""
    return sympy.Ge(g * theta, as_decimals(gamma) * (F + as_decimals(mu) * theta**2 / 2)), sympy.Ge(F, 0)
