"""Flows without memory: θ' is read off the loss at θ."""
from __future__ import annotations

from dataclasses import dataclass

from arithmetic import Array, Oracle, Quantity, Rate, absolute, exp, log, sign, sqrt, total

from .base import Downhill, Slopes, State


@dataclass(frozen=True)
class GradientDescent(Downhill):
    """Gradient descent: θ' = −∇F(θ).

    Classical form: Euler with h = lr.  Energy F, with F' = −|∇F|².
    Sources: Cauchy 1847; Euler's method on it is torch's and optax's `sgd`.
    """

    def field(self, s: State, oracle: Oracle) -> Slopes:
        return {"theta": -oracle.gradient}

    def jacobian(self, s: State, oracle: Oracle) -> Array:
        return -oracle.hessian

    def dissipation(self, s: State, oracle: Oracle) -> Quantity:
        return total(oracle.gradient**2)


@dataclass(frozen=True)
class NormalisedGradient(Downhill):
    """Normalised gradient: θ' = −∇F(θ) / (|∇F(θ)| + ε), the gradient's direction at nearly unit speed.

    Classical form: Euler with h = lr.  Energy F, with F' = −|∇F|²/(|∇F| + ε).
    Parameters   eps : in units of the gradient.
    Sources      Nesterov 1984; Cortés 2006 (the flow).
    """

    eps: Rate = 1e-8

    def field(self, s: State, oracle: Oracle) -> Slopes:
        return {"theta": -oracle.gradient / (sqrt(total(oracle.gradient**2)) + self.eps)}

    def dissipation(self, s: State, oracle: Oracle) -> Quantity:
        square = total(oracle.gradient**2)
        return square / (sqrt(square) + self.eps)


@dataclass(frozen=True)
class PGradient(Downhill):
    """p-GD, or the rescaled gradient flow: θ' = −∇F(θ) / (|∇F(θ)| + ε)^((p−2)/(p−1)).

    Gradient descent for p = 2, the normalised gradient for p → ∞; between them it comes to rest in finite time at a
    nondegenerate minimum, and slower than exponentially for p < 2.
    Classical form: Euler with h = lr.  Energy F, with F' = −|∇F|²/(|∇F| + ε)^((p−2)/(p−1)).
    Parameters   p : > 1.  eps : in units of the gradient.
    Sources      Wibisono, Wilson & Jordan 2016, arXiv 1603.04245; Romero & Benosman 2020; the name is that of Bensaid,
                 Poëtte & Turpault, arXiv 2407.01019.
    """

    p: Rate = 3.0
    eps: Rate = 1e-8

    def field(self, s: State, oracle: Oracle) -> Slopes:
        size = sqrt(total(oracle.gradient**2)) + self.eps
        return {"theta": -exp((2 - self.p) / (self.p - 1) * log(size)) * oracle.gradient}


@dataclass(frozen=True)
class SignSGD(Downhill):
    """Sign descent: θ' = −sign ∇F(θ), a differential inclusion where a component of ∇F vanishes.

    Classical form: Euler with h = lr.  Energy F, with F' = −Σ|∇F|.
    Sources: Bernstein et al. 2018; optax `sign_sgd`.
    """

    def field(self, s: State, oracle: Oracle) -> Slopes:
        return {"theta": -sign(oracle.gradient)}

    def dissipation(self, s: State, oracle: Oracle) -> Quantity:
        return total(absolute(oracle.gradient))
