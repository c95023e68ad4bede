"""Flows that keep two points: one that descends, and an average of where it was."""
from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from arithmetic import Oracle, Rate, is_symbolic, power, sqrt
from arithmetic.late import sympy

from .adam import corrected
from .adaptive import root
from .base import Flow, Slopes, State, scalar
from .learning_free import origin


@dataclass(frozen=True)
class ScheduleFree(Flow):
    """Schedule-free gradient descent: z descends, x is its average over time, θ = βx + (1 − β)z has the gradient.

    z' = −∇F(θ),  θ' = β (z − x)/τ − (1 − β) ∇F(θ),  x' = (z − x)/τ,  τ = t + s;  x = z = θ at the start.

    θ is where the gradient is taken, as the libraries' parameters are while they train; x is the point to be judged.
    Classical form: SequentialEuler with h = lr, s = h: x is the mean of the z so far.
    β = 0 is gradient descent, β = 1 its Polyak–Ruppert average with gradients taken at it (primal averaging).
    Parameters   beta : β, in [0, 1].  s : time.
    Sources      Defazio et al., arXiv 2405.15682 (eqs. 4–6); optax `contrib.schedule_free_sgd`.
    """

    beta: Rate = 0.9
    s: Rate = 0.1
    memory: ClassVar[tuple[str, ...]] = ("z", "theta", "x")

    @property
    def initial(self) -> dict:
        return {"z": origin, "x": origin}

    def field(self, s: State, oracle: Oracle) -> Slopes:
        return self._followed(s, oracle.gradient)

    def _followed(self, s, descent):
        """The three points where z' = −descent."""
        mixing = (s.z - s.x) / (s.t + self.s)
        return {"z": -descent, "theta": self.beta * mixing - (1 - self.beta) * descent, "x": mixing}


@dataclass(frozen=True)
class ScheduleFreeAdamW(ScheduleFree):
    """Schedule-free AdamW: v' = b (g² − v),  c₂' = b (1 − c₂),  z' = −u, u = g/(√(v/c₂) + ε) + λθ, θ and x as there.

    θ' = β (z − x)/τ − (1 − β) u,  x' = (z − x)/τ,  τ = t + s;  x = z = θ and v = c₂ = 0 at the start.

    Classical form: SequentialEuler with h = lr, b = (1 − β₂)/h, s = h.
    Parameters   as `ScheduleFree`'s, and b : rate, 1/time.  eps : in units of the gradient.  decay : λ, 1/time.
    Sources      Defazio et al., arXiv 2405.15682 (algorithm 1); optax `contrib.schedule_free_adamw`.
    """

    b: Rate = 1.0
    eps: Rate = 1e-8
    decay: Rate = 0
    memory = ("v", scalar("c2"), "z", "theta", "x")
    nonnegative = ("v", "c2")

    def field(self, s: State, oracle: Oracle) -> Slopes:
        g = oracle.gradient
        descent = g / root(corrected(s.v, s.c2, g * g), self.eps) + self.decay * s.theta
        return self._followed(s, descent) | {"v": self.b * (g * g - s.v), "c2": self.b * (1 - s.c2)}


@dataclass(frozen=True)
class MADGRAD(Flow):
    """MADGRAD, dual averaging scaled by a cube root, with an average of its points as momentum.

    s' = √τ ∇F(θ),  ν' = √τ ∇F(θ)²,  θ' = k (x₀ − s/(∛ν + ε) − θ),  τ = t + first;  x₀ = θ(0), s = ν = 0.

    Classical form: SequentialEuler with h = (lr + eps)^(2/3), k = (1 − momentum)/h, first = h.
    Parameters   k : rate, 1/time.  first : time.  eps : ε.
    Sources      Defazio & Jelassi, arXiv 2101.11075 (algorithm 1); optax `contrib.madgrad`.
    """

    k: Rate = 1.0
    first: Rate = 0.1
    eps: Rate = 1e-6
    memory = ("x0", "s", "nu")
    nonnegative = ("nu",)

    @property
    def initial(self) -> dict:
        return {"x0": origin}

    def field(self, s: State, oracle: Oracle) -> Slopes:
        g, weight = oracle.gradient, sqrt(s.t + self.first)
        return {"x0": 0 * s.x0, "s": weight * g, "nu": weight * g * g,
                "theta": self.k * (s.x0 - s.s / (cube_root(s.nu) + self.eps) - s.theta)}


def cube_root(x):
    """∛x for x ≥ 0, exact on symbols."""
    symbols = is_symbolic(x) or hasattr(x, "flat") and x.dtype == object and is_symbolic(x.flat[0])
    return x**sympy.Rational(1, 3) if symbols else power(x, 1 / 3)
