"""Flows that move by signs: only the directions of the coordinates matter, not the size of the gradient."""
from __future__ import annotations

from dataclasses import dataclass

from arithmetic import Oracle, Quantity, Rate, absolute, clip, sign, total, where

from .base import Flow, Slopes, State


@dataclass(frozen=True)
class Signum(Flow):
    """Signum: m' = a (∇F(θ) − m),  θ' = −sign m.

    Classical form: SequentialEuler with h = lr, a = (1 − β)/h.  Energy F + Σ|m|/a, with derivative −Σ|m|.
    Parameters   a : rate, 1/time.
    Sources      Bernstein et al. 2018 (algorithm 2).
    """

    a: Rate = 1.0
    memory = ("m",)

    def field(self, s: State, oracle: Oracle) -> Slopes:
        return {"m": self.a * (oracle.gradient - s.m), "theta": -sign(s.m)}

    def energy(self, s: State, oracle: Oracle) -> Quantity:
        return oracle.value + total(absolute(s.m)) / self.a

    def dissipation(self, s: State, oracle: Oracle) -> Quantity:
        return total(absolute(s.m))


@dataclass(frozen=True)
class Lion(Flow):
    """Lion: θ' = −sign(β m + (1 − β) ∇F(θ)),  m' = b (∇F(θ) − m); θ is updated before m.

    Classical form: SequentialEuler with h = lr, β = β₁, b = (1 − β₂)/h; its weight decay is decoupled.
    Energy F + Σ|m|/b, with derivative at most −Σ|m|.
    Parameters   beta : in [0, 1], the weight of the memory.  b : rate, 1/time.
    Sources      Chen et al. 2023 (algorithm 2); Chen et al., arXiv 2310.05898 (energy, with decay too).
    """

    beta: Rate = 0.9
    b: Rate = 1.0
    memory = ("theta", "m")

    def field(self, s: State, oracle: Oracle) -> Slopes:
        g = oracle.gradient
        return {"theta": -sign(self.beta * s.m + (1 - self.beta) * g), "m": self.b * (g - s.m)}

    def energy(self, s: State, oracle: Oracle) -> Quantity:
        return oracle.value + total(absolute(s.m)) / self.b

    def dissipation(self, s: State, oracle: Oracle) -> Quantity:
        return total(absolute(s.m))


@dataclass(frozen=True)
class Rprop(Flow):
    """Resilient propagation: a discrete automaton written as a field, exact with h = 1 and without a limit h → 0.

    η' = clip(η q, low, high) − η,  s' = ∇F [∇F·s ≥ 0] − s,  θ' = −η sign s,
    with q = up where ∇F·s > 0, down where ∇F·s < 0, else 1.  η is the step of each coordinate, s its last gradient.

    Parameters   first : η(0).  down, up : factors.  low, high : bounds of η.
    Sources      Riedmiller & Braun 1993; torch `Rprop`.
    """

    first: Rate = 0.01
    down: Rate = 0.5
    up: Rate = 1.2
    low: Rate = 1e-6
    high: Rate = 50.0
    memory = ("eta", "s")
    nonnegative = ("eta",)

    @property
    def initial(self) -> dict:
        return {"eta": self.first}

    def field(self, s: State, oracle: Oracle) -> Slopes:
        g = oracle.gradient
        agree = g * s.s
        factor = where(agree > 0, self.up, where(agree < 0, self.down, 1.0))
        return {"eta": clip(s.eta * factor, self.low, self.high) - s.eta,
                "s": where(agree < 0, 0.0, g) - s.s, "theta": -s.eta * sign(s.s)}
