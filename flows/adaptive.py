"""Flows that scale each coordinate by the size of its past gradients."""
from dataclasses import dataclass

from arithmetic import sqrt, total

from .base import Flow


@dataclass(frozen=True)
class AdaGrad(Flow):
    """AdaGrad: G' = ∇F(θ)²,  θ' = −∇F(θ) / (√G + ε).

    Classical form: SequentialEuler with h = lr², ε = lr·eps, G(0) = lr²·(initial accumulator).
    Energy F, with F' = −Σ ∇F²/(√G + ε); F + Σ(2√G − 2ε ln(√G + ε)) is a first integral.
    Parameters   eps : in units of the gradient times √time.  G0 : start value of G.
    Sources      Duchi, Hazan & Singer 2011; torch `Adagrad`.
    """

    eps: float = 1e-10
    G0: float = 0.0
    memory = ("G",)
    nonnegative = ("G",)

    @property
    def initial(self):
        return {"G": self.G0}

    def field(self, s, oracle):
        return {"G": oracle.gradient**2, "theta": -oracle.gradient / (sqrt(s.G) + self.eps)}

    def energy(self, s, oracle):
        return oracle.value

    def dissipation(self, s, oracle):
        return total(oracle.gradient**2 / (sqrt(s.G) + self.eps))


@dataclass(frozen=True)
class RMSProp(Flow):
    """RMSProp: v' = b (∇F(θ)² − v),  θ' = −∇F(θ) / (√v + ε).

    Classical form: SequentialEuler with h = lr, b = (1 − α)/h, v(0) = 0.
    Energy F, with F' = −Σ ∇F²/(√v + ε).
    Parameters   b : rate, 1/time.  eps : in units of the gradient.
    Sources      Tieleman & Hinton 2012; torch `RMSprop`.
    """

    b: float = 1.0
    eps: float = 1e-8
    memory = ("v",)
    nonnegative = ("v",)

    def field(self, s, oracle):
        return {"v": self.b * (oracle.gradient**2 - s.v), "theta": -oracle.gradient / (sqrt(s.v) + self.eps)}

    def energy(self, s, oracle):
        return oracle.value

    def dissipation(self, s, oracle):
        return total(oracle.gradient**2 / (sqrt(s.v) + self.eps))
