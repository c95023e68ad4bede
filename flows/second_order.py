"""Flows that use curvature."""
from dataclasses import dataclass

from arithmetic import dot, solve, total

from .base import Flow, add_diagonal


@dataclass(frozen=True)
class Newton(Flow):
    """Newton's flow: θ' = −H(θ)⁻¹ ∇F(θ), H the Hessian.

    Along it ∇F decays as e^{−t}: it is attracted by every non-degenerate critical point, maxima and saddles too.
    Classical form: Euler with h = 1 (h < 1: damped Newton).  Energy |∇F|²/2, with derivative −|∇F|².
    Sources: Branin 1972; Smale 1976.
    """

    def field(self, s, oracle):
        return {"theta": -solve(oracle.hessian, oracle.gradient)}

    def energy(self, s, oracle):
        return total(oracle.gradient**2) / 2

    def dissipation(self, s, oracle):
        return total(oracle.gradient**2)


@dataclass(frozen=True)
class LevenbergMarquardt(Flow):
    """Levenberg–Marquardt: θ' = −(JᵀJ + λI)⁻¹ ∇F(θ) for F = |r|²/2, J the Jacobian of the residuals r.

    Classical form: Euler with h = 1.  Energy F, with F' = −∇Fᵀ(JᵀJ + λI)⁻¹∇F.
    Parameters   damping : λ, in units of the curvature.
    Sources      Levenberg 1944; Marquardt 1963.
    """

    damping: float = 1.0

    def field(self, s, oracle):
        return {"theta": -solve(add_diagonal(oracle.gauss_newton, self.damping), oracle.gradient)}

    def energy(self, s, oracle):
        return oracle.value

    def dissipation(self, s, oracle):
        return -dot(oracle.gradient, self.field(s, oracle)["theta"])
