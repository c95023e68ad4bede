"""Flows that use curvature."""
from __future__ import annotations

from dataclasses import dataclass

from arithmetic import Oracle, Quantity, Rate, add_diagonal, diagonal, solve, total

from .base import Downhill, Flow, Slopes, State


@dataclass(frozen=True)
class Newton(Flow):
    """Newton's flow: θ' = −H(θ)⁻¹ ∇F(θ), H the Hessian.

    Along it ∇F decays as e^{−t}: it is attracted by every non-degenerate critical point, maxima and saddles too.
    Classical form: Euler with h = 1.  Energy |∇F|²/2, with derivative −|∇F|².
    Sources: Branin 1972; Smale 1976.
    """

    def field(self, s: State, oracle: Oracle) -> Slopes:
        return {"theta": -solve(oracle.hessian, oracle.gradient)}

    def energy(self, s: State, oracle: Oracle) -> Quantity:
        return total(oracle.gradient**2) / 2

    def dissipation(self, s: State, oracle: Oracle) -> Quantity:
        return total(oracle.gradient**2)


@dataclass(frozen=True)
class DampedNewton(Flow):
    """Damped Newton: θ' = −(H(θ) + λI)⁻¹ ∇F(θ), H the Hessian.

    Where H + λI is positive definite F decreases; elsewhere it may not, and the flow is singular where it has no
    inverse.
    Classical form: Euler with h = 1.
    Parameters   damping : λ, in units of the curvature.
    Sources      Goldfeld, Quandt & Trotter 1966.
    """

    damping: Rate = 1.0

    def field(self, s: State, oracle: Oracle) -> Slopes:
        return {"theta": -solve(add_diagonal(oracle.hessian, self.damping), oracle.gradient)}


@dataclass(frozen=True)
class GaussNewton(Downhill):
    """Gauss–Newton: θ' = −(JᵀJ)⁻¹ ∇F(θ) for F = |r|²/2: the natural gradient of a least-squares model.

    Along it Jᵀr decays as e^{−t} to first order in the residuals.  Where JᵀJ is singular it is not defined (NaN), as at
    saddles and with more parameters than data: use `LevenbergMarquardt` there.  Classical form: Euler with h = 1.
    Energy F, with F' = −∇Fᵀ(JᵀJ)⁻¹∇F.
    Sources      Gauss 1809; Amari 1998 (natural gradient: JᵀJ is the Fisher matrix for Gaussian errors).
    """

    def field(self, s: State, oracle: Oracle) -> Slopes:
        return {"theta": -solve(oracle.gauss_newton, oracle.gradient)}


@dataclass(frozen=True)
class LevenbergMarquardt(Downhill):
    """Levenberg–Marquardt: θ' = −(JᵀJ + λD)⁻¹ ∇F(θ) for F = |r|²/2, J the Jacobian of the residuals r, D = I.

    Classical form: Euler with h = 1.  Energy F, with F' = −∇Fᵀ(JᵀJ + λD)⁻¹∇F.
    Parameters   damping : λ, in units of the curvature (a number where diagonal).
                 diagonal : D = diag(JᵀJ), Marquardt's damping, which does not see the units of the parameters.
    Sources      Levenberg 1944; Marquardt 1963.
    """

    damping: Rate = 1.0
    diagonal: bool = False

    def field(self, s: State, oracle: Oracle) -> Slopes:
        matrix = oracle.gauss_newton
        damped = add_diagonal(matrix, self.damping * diagonal(matrix) if self.diagonal else self.damping)
        return {"theta": -solve(damped, oracle.gradient)}
