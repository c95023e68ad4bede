"""The Adam family: exponential averages of the gradient and of its square."""
from dataclasses import dataclass

from arithmetic import is_symbolic, sqrt, total, where

from .base import Flow, scalar


def corrected(x, c, limit):
    """x / c for a bias correction c, and its limit at the start, where x = c = 0."""
    return x / c if is_symbolic(c) else where(c > 0, x / c, limit)


@dataclass(frozen=True)
class Adam(Flow):
    """Adam: exponential averages of the gradient g = ∇F(θ) and of its square, each divided by its bias.

    m' = a (g − m),  v' = b (g² − v),  c₁' = a (1 − c₁),  c₂' = b (1 − c₂),  θ' = −(m/c₁) / (√(v/c₂) + ε)

    Classical form: SequentialEuler with h = lr, a = (1 − β₁)/h, b = (1 − β₂)/h, all memory 0 at the start, where
    m/c₁ and v/c₂ have the limits g and g².  `correction=False` keeps m and v as they are (c₁ = c₂ = 1).
    Energy F + Σ m²/(2a c₁ (√(v/c₂) + ε)), decreasing if b ≤ 4a.

    Parameters   a, b : rates, 1/time.  eps : in units of the gradient.
    Sources      Kingma & Ba 2015 (algorithm 1); Barakat & Bianchi, arXiv 1810.02263 (the ODE and b ≤ 4a).
    """

    a: float = 1.0
    b: float = 1.0
    eps: float = 1e-8
    correction: bool = True
    nonnegative = ("v", "c1", "c2")

    @property
    def memory(self):
        return ("m", "v", scalar("c1"), scalar("c2")) if self.correction else ("m", "v")

    def field(self, s, oracle):
        g = oracle.gradient
        average, spread = self._averages(s, g, g * g)
        derivative = {"m": self.a * (g - s.m), "v": self.b * (g * g - s.v), "theta": -average / (sqrt(spread) + self.eps)}
        if self.correction:
            derivative |= {"c1": self.a * (1 - s.c1), "c2": self.b * (1 - s.c2)}
        return derivative

    def _averages(self, s, m_limit, v_limit):
        """m and v, bias-corrected where this Adam is, with their limits at the start."""
        if not self.correction:
            return s.m, s.v
        return corrected(s.m, s.c1, m_limit), corrected(s.v, s.c2, v_limit)

    def energy(self, s, oracle):
        return oracle.value + self.dissipation(s, oracle) / (2 * self.a)

    def dissipation(self, s, oracle):
        average, spread = self._averages(s, 0 * s.m, 0 * s.v)
        return total(s.m * average / (sqrt(spread) + self.eps))
