"""Flows that scale each coordinate by the size of its past gradients."""
from __future__ import annotations

from dataclasses import dataclass

from arithmetic import Oracle, Quantity, Rate, sqrt, total

from .base import Downhill, Flow, Slopes, State


def root(square, eps, eps_root=0):
    """√(square + eps_root) + eps: libraries differ in where they put their ε."""
    return sqrt(square if eps_root == 0 else square + eps_root) + eps


@dataclass(frozen=True)
class AdaGrad(Downhill):
    """AdaGrad: G' = ∇F(θ)²,  θ' = −∇F(θ) / (√(G + ε_root) + ε).

    Classical form: SequentialEuler with h = lr², ε = lr·eps, ε_root = lr²·eps_root, G(0) = lr²·(initial accumulator).
    Energy F, with F' = −Σ ∇F²/(√G + ε); F + Σ(2√G − 2ε ln(√G + ε)) is a first integral.
    Parameters   eps : in units of the gradient times √time.  eps_root : its square, 0 unless given.  G0 : start of G.
    Sources      Duchi, Hazan & Singer 2011; torch `Adagrad`; optax `adagrad` (ε inside the root).
    """

    eps: Rate = 1e-10
    G0: Rate = 0.0
    eps_root: Rate = 0
    memory = ("G",)
    nonnegative = ("G",)

    @property
    def initial(self) -> dict:
        return {"G": self.G0}

    def field(self, s: State, oracle: Oracle) -> Slopes:
        return {"G": oracle.gradient**2, "theta": -oracle.gradient / root(s.G, self.eps, self.eps_root)}

    def dissipation(self, s: State, oracle: Oracle) -> Quantity:
        return total(oracle.gradient**2 / root(s.G, self.eps, self.eps_root))


@dataclass(frozen=True)
class RMSProp(Downhill):
    """RMSProp: v' = b (∇F(θ)² − v),  θ' = −∇F(θ) / (√(v + ε_root) + ε).

    Classical form: SequentialEuler with h = lr, b = (1 − α)/h, v(0) = 0.
    Energy F, with F' = −Σ ∇F²/(√v + ε).
    Parameters   b : rate, 1/time.  eps : in units of the gradient.  eps_root : its square, 0 unless given.
    Sources      Tieleman & Hinton 2012; torch `RMSprop`; optax `rmsprop` (ε inside the root).
    """

    b: Rate = 1.0
    eps: Rate = 1e-8
    eps_root: Rate = 0
    memory = ("v",)
    nonnegative = ("v",)

    def field(self, s: State, oracle: Oracle) -> Slopes:
        return {"v": self.b * (oracle.gradient**2 - s.v),
                "theta": -oracle.gradient / root(s.v, self.eps, self.eps_root)}

    def dissipation(self, s: State, oracle: Oracle) -> Quantity:
        return total(oracle.gradient**2 / root(s.v, self.eps, self.eps_root))


@dataclass(frozen=True)
class CentredRMSProp(Flow):
    """RMSProp by the variance: v' = b (∇F² − v),  m' = b (∇F − m),  θ' = −∇F(θ) / (√(v − m² + ε_root) + ε).

    v − m² ≥ 0 is preserved.  Classical form: SequentialEuler with h = lr, b = (1 − α)/h, all memory 0 at the start.
    Energy F, with F' = −Σ ∇F²/(√(v − m²) + ε).
    Parameters   b : rate, 1/time.  eps : in units of the gradient.  eps_root : its square, 0 unless given.
    Sources      Graves 2013; torch `RMSprop(centered=True)`.
    """

    b: Rate = 1.0
    eps: Rate = 1e-8
    eps_root: Rate = 0
    memory = ("v", "m")
    nonnegative = ("v",)

    def field(self, s: State, oracle: Oracle) -> Slopes:
        g = oracle.gradient
        return {"v": self.b * (g**2 - s.v), "m": self.b * (g - s.m),
                "theta": -g / root(s.v - s.m**2, self.eps, self.eps_root)}


@dataclass(frozen=True)
class MomentumRMSProp(Flow):
    """RMSProp with momentum: v' = b (∇F² − v),  w' = −c w − ∇F(θ)/(√(v + ε_root) + ε),  θ' = w.

    Classical form: SequentialEuler with h = √lr, b = (1 − α)/h, c = (1 − μ)/h, w = −h·buffer.
    No energy of it is known: F + Σ √v w²/2 is none for any b.
    Parameters   b : rate, 1/time.  c : friction, 1/time.  eps : in units of the gradient.  eps_root : its square.
    centred : scale by √(v − m²) with a block m' = b (∇F − m).
    Sources      Graves 2013; torch `RMSprop(momentum=μ)`.
    """

    b: Rate = 1.0
    c: Rate = 1.0
    eps: Rate = 1e-8
    eps_root: Rate = 0
    centred: bool = False
    nonnegative = ("v",)

    @property
    def memory(self) -> tuple[str, ...]:
        return ("v", "m", "w") if self.centred else ("v", "w")

    def field(self, s: State, oracle: Oracle) -> Slopes:
        scaled = (CentredRMSProp if self.centred else RMSProp)(self.b, self.eps, self.eps_root).field(s, oracle)
        return scaled | {"w": -self.c * s.w + scaled["theta"], "theta": s.w}


@dataclass(frozen=True)
class AdaDelta(Flow):
    """AdaDelta: v' = b (∇F² − v),  θ' = −√((u + ε)/(v + ε)) ∇F(θ),  u' = b (θ'² − u); u is updated after θ.

    Classical form: SequentialEuler with h = lr, b = (1 − ρ)/h.  Energy F, with F' = −Σ √((u + ε)/(v + ε)) ∇F².
    Parameters   b : rate, 1/time.  eps : in units of the gradient squared (and of the speed squared).
    Sources      Zeiler 2012; torch `Adadelta`.
    """

    b: Rate = 1.0
    eps: Rate = 1e-6
    memory = ("v", "theta", "u")
    nonnegative = ("v", "u")

    def field(self, s: State, oracle: Oracle) -> Slopes:
        g = oracle.gradient
        ratio = (s.u + self.eps) / (s.v + self.eps)
        return {"v": self.b * (g**2 - s.v), "theta": -sqrt(ratio) * g, "u": self.b * (ratio * g**2 - s.u)}
