"""Flows without memory: θ' is read off the loss at θ."""
from dataclasses import dataclass

from arithmetic import total

from .base import Flow


@dataclass(frozen=True)
class GradientDescent(Flow):
    """Gradient descent: θ' = −∇F(θ).

    Classical form: Euler with h = lr.  Energy F, with F' = −|∇F|².
    Sources: Cauchy 1847; Euler's method on it is torch's and optax's `sgd`.
    """

    def field(self, s, oracle):
        return {"theta": -oracle.gradient}

    def jacobian(self, s, oracle):
        return -oracle.hessian

    def energy(self, s, oracle):
        return oracle.value

    def dissipation(self, s, oracle):
        return total(oracle.gradient**2)
