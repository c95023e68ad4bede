"""Flows with a velocity: a ball that rolls on the graph of F against friction."""
from dataclasses import dataclass

from arithmetic import total

from .base import Flow


@dataclass(frozen=True)
class Momentum(Flow):
    """Heavy ball: v' = −c v − ∇F(θ),  θ' = v.

    Classical form: SequentialEuler with h = √lr, c = (1 − β)/h, v = −h·buffer, v(0) = 0.
    Energy F + |v|²/2, with derivative −c|v|².
    Parameters   c : friction, 1/time.
    Sources      Polyak 1964; torch `SGD(momentum=β)`, optax `sgd`.
    """

    c: float = 1.0
    memory = ("v",)

    def field(self, s, oracle):
        return {"v": -self.c * s.v - oracle.gradient, "theta": s.v}

    def energy(self, s, oracle):
        return oracle.value + total(s.v**2) / 2

    def dissipation(self, s, oracle):
        return self.c * total(s.v**2)


@dataclass(frozen=True)
class Nesterov(Flow):
    """Nesterov's accelerated gradient: v' = −c v − ∇F(θ),  θ' = κ v − s ∇F(θ).

    Classical form: SequentialEuler with h = √lr, c = (1 − β)/h, κ = β, s = h, v = −h·buffer.
    κ = 1, s = 0 is the heavy ball.  Energy F + κ|v|²/2, with derivative −cκ|v|² − s|∇F|².
    Parameters   c : friction, 1/time.  kappa : 1.  s : time.
    Sources      Nesterov 1983; torch `SGD(nesterov=True)`, Sutskever et al. 2013.
    """

    c: float = 1.0
    kappa: float = 1.0
    s: float = 0.1
    memory = ("v",)

    def field(self, s, oracle):
        return {"v": -self.c * s.v - oracle.gradient, "theta": self.kappa * s.v - self.s * oracle.gradient}

    def energy(self, s, oracle):
        return oracle.value + self.kappa * total(s.v**2) / 2

    def dissipation(self, s, oracle):
        return self.c * self.kappa * total(s.v**2) + self.s * total(oracle.gradient**2)
