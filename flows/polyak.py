"""Flows at Polyak's speed: that at which a model of F reaches a known lower bound of it after one unit of time."""
from __future__ import annotations

from dataclasses import dataclass

from arithmetic import Oracle, Quantity, Rate, maximum, minimum, total

from .adam import AdamFamily, positive
from .base import Flow, Slopes, State, scalar


def speed(gap: Quantity, square: Quantity, largest: Quantity) -> Quantity:
    """min(largest, max(0, gap)/square), 0 where both vanish."""
    return minimum(largest, maximum(0, gap) / positive(square, 1))


@dataclass(frozen=True)
class Polyak(Flow):
    """Polyak's step: θ' = −min(η, max(0, F − F_low)/(|∇F|² + ε)) ∇F(θ).

    Where η does not bind and ε = 0, F − F_low decays as e^{−t}: the time is that of Newton's flow.
    Classical form: Euler with h = 1.  F falls: F' = −min(η |∇F|², F − F_low) for F ≥ F_low, ε = 0.
    Parameters   largest : η, the largest learning rate.  low : F_low, a lower bound of F, at best its minimum.
                 eps : gradient².
    Sources      Polyak 1969; Loizou et al., arXiv 2002.10542; optax `polyak_sgd(variant="sps+")`.
    """

    largest: Rate = 1.0
    low: Rate = 0
    eps: Rate = 0

    def field(self, s: State, oracle: Oracle) -> Slopes:
        g = oracle.gradient
        return {"theta": -speed(oracle.value - self.low, total(g * g) + self.eps, self.largest) * g}


@dataclass(frozen=True)
class MoMo(Flow):
    """MoMo, Polyak's step with momentum: averages of g, F and g·θ make an average of linear models of F.

    m' = a (g − m),  f' = a (F − f),  γ' = a (g·θ − γ),  θ' = −min(η, max(0, f − F_low + m·θ − γ)/|m|²) m,
    all at their values at θ(0) at the start.

    Classical form: SequentialEuler with h = 1, a = 1 − β.
    Parameters   a : rate, 1/time.  largest : η, the largest learning rate.  low : F_low, a lower bound of F.
    Sources      Schaipp et al., arXiv 2305.07583 (algorithm 1); optax `contrib.momo`.
    """

    a: Rate = 0.1
    largest: Rate = 1.0
    low: Rate = 0
    memory = ("m", scalar("f"), scalar("gamma"))

    @property
    def initial(self) -> dict:
        return {"m": lambda oracle: oracle.gradient, "f": lambda oracle: oracle.value,
                "gamma": lambda oracle: total(oracle.gradient * oracle.theta)}

    def field(self, s: State, oracle: Oracle) -> Slopes:
        g = oracle.gradient
        gap = s.f - self.low + total(s.m * s.theta) - s.gamma
        return {"m": self.a * (g - s.m), "f": self.a * (oracle.value - s.f),
                "gamma": self.a * (total(g * s.theta) - s.gamma),
                "theta": -speed(gap, total(s.m * s.m), self.largest) * s.m}


@dataclass(frozen=True)
class MoMoAdam(AdamFamily):
    """MoMo-Adam: Polyak's step along Adam's direction: memory as Adam's, D = √(v/c₂) + ε,

    f' = a (F − f),  γ' = a (g·θ − γ),  θ' = −min(η/c₁, max(0, f − c₁ F_low + m·θ − γ)/(m·m/D)) m/D.

    Classical form: SequentialEuler with h = 1, a = 1 − β₁, b = 1 − β₂, all memory 0 at the start.
    Parameters   as Adam's, and largest : η, the largest learning rate.  low : F_low, a lower bound of F.
    Sources      Schaipp et al., arXiv 2305.07583 (algorithm 2); optax `contrib.momo_adam`.
    """

    largest: Rate = 0.01
    low: Rate = 0

    @property
    def memory(self) -> tuple[str, ...]:
        return (*super().memory, scalar("f"), scalar("gamma"))

    def field(self, s: State, oracle: Oracle) -> Slopes:
        g = oracle.gradient
        way = s.m / self._scale(s, self._averages(s, g, g * g)[1])
        c1 = s.c1 if self.correction else 1
        gap = s.f - c1 * self.low + total(s.m * s.theta) - s.gamma
        return super().field(s, oracle) | {
            "f": self.a * (oracle.value - s.f), "gamma": self.a * (total(g * s.theta) - s.gamma),
            "theta": -speed(gap, total(s.m * way), self.largest / positive(c1, 1)) * way}
