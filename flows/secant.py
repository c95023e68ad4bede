"""The gradient flow in a metric that it learns from its own moves."""
from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from arithmetic import Array, Oracle, Quantity, Rate, absolute, dot, is_symbolic, sqrt, total, where
from arithmetic.late import sympy

from .base import Downhill, Slopes, State, scalar
from .units import start_length


@dataclass(frozen=True)
class Secant(Downhill):
    """Gradient flow in a secant metric: θ' = −H ∇F(θ), H the limited-memory matrix of the last moves s and what they
    changed in the gradient, y.

    H is BFGS's from H₀ = γD by the pairs (s, y), the newest last, those with s·y ≤ 0 left out: H y₁ = s₁, and H ≻ 0.
    D_i = ((Σ s_i² + ε²·mean Σ s²)/(Σ y_i² + ε²·mean Σ y²))^¼ lies half-way between no scale (L-BFGS) and the diagonal
    secant metric √(Σs²/Σy²); γ = s₁·y₁/(y₁·D y₁), and without pairs H = γ.  Where rounding leaves no descent in H∇F,
    θ' = −γ∇F.  Between the steps of an algorithm the memory stays (s' = y' = γ' = 0); `remember` is what a step adds,
    and `SecantEuler` the step.  F and g are the value and the gradient where it ended.

    Classical form: SecantEuler with h ≤ 1: near a minimum the flow is Newton's, whose unit of time is 1.
    Energy F, with F' = −∇F·H∇F.  Nothing changes with the units of F and of θ.
    Parameters   pairs : how many are kept.  eps : ε.  damping : σ, the least share of the model's curvature in a pair.
    Sources      Nocedal 1980 (the matrix); Powell 1978 (`damping`); Barzilai & Borwein 1988 (γ).
    """

    pairs: int = 1
    eps: Rate = 0.01
    damping: Rate = 0.2
    nonnegative = ("gamma",)

    @property
    def memory(self) -> tuple[str, ...]:
        numbers = range(1, int(self.pairs) + 1)
        return (*(f"s{i}" for i in numbers), *(f"y{i}" for i in numbers), "g", scalar("F"), scalar("gamma"))

    @property
    def initial(self) -> dict:
        return {"g": lambda oracle: oracle.gradient, "F": lambda oracle: oracle.value, "gamma": _first}

    def field(self, s: State, oracle: Oracle) -> Slopes:
        return self.resting(s) | {"theta": -self.direction(s, oracle.gradient)[0]}

    def resting(self, s: State) -> Slopes:
        """The derivatives of the memory between steps: 0."""
        return {name: 0 * getattr(s, name) for name in self.memory}

    def direction(self, s: State, g: Array) -> tuple[Array, Quantity]:
        """H g, and whether it was made of the pairs."""
        pairs = self._pairs(s)
        products = [dot(a, b) for a, b in pairs]
        if is_symbolic(products[0]) and _width(g) == 1:  # H y = s leaves no choice
            H = s.gamma
            for (a, b), c in zip(pairs[::-1], products[::-1], strict=True):
                H = where(c > 0, total(a) / total(b), H)
            return H * g, sympy.true
        inverse = [where(c > 0, 1 / c, 0) for c in products]
        scale = self._scale(pairs)
        some = products[0] > 0
        q, shares = g, []
        for (a, b), r in zip(pairs, inverse, strict=True):
            shares.append(r * dot(a, q))
            q = q - shares[-1] * b
        q = where(some, products[0] / dot(pairs[0][1], scale * pairs[0][1]) * scale, s.gamma) * q
        for (a, b), r, share in zip(pairs[::-1], inverse[::-1], shares[::-1], strict=True):
            q = q + (share - r * dot(b, q)) * a
        if is_symbolic(products[0]):
            return q, sympy.true  # without rounding H is positive
        sound = (dot(g, q) > 1e-14 * total(absolute(g * q))) & (total(q**2) < np.inf)
        return where(sound, q, s.gamma * g), sound

    def remember(self, s: State, here: Oracle, sound: Quantity, h: Quantity, there: Oracle) -> dict:
        """The memory after the step h from the state `s`; the loss before and after, `sound` as `direction` said.

        Powell's rule holds s·y above σ s·Bs, where Bs = −h g exactly, as B = H⁻¹ is the matrix that made the step.
        """
        move, change = there.theta - s.theta, there.gradient - here.gradient
        model, curvature = -h * dot(here.gradient, move), dot(move, change)
        weak = curvature < self.damping * model
        share = where(weak, (1 - self.damping) * model / where(weak, model - curvature, 1.0), 1.0)
        newest = move, share * change - (1 - share) * h * here.gradient
        older = [tuple(where(sound, x, 0.0) for x in pair) for pair in self._pairs(s)[:-1]]
        square = dot(newest[1], newest[1])
        gamma = dot(*newest) / where(square > 0, square, 1.0)
        memory = {"g": there.gradient, "F": there.value, "gamma": where((gamma > 0) & (gamma < np.inf), gamma, s.gamma)}
        for i, (a, b) in enumerate([newest, *older], start=1):
            memory |= {f"s{i}": a, f"y{i}": b}
        return memory

    def dissipation(self, s: State, oracle: Oracle) -> Quantity:
        return dot(oracle.gradient, self.direction(s, oracle.gradient)[0])

    def _pairs(self, s: State) -> list:
        return [(getattr(s, f"s{i}"), getattr(s, f"y{i}")) for i in range(1, int(self.pairs) + 1)]

    def _scale(self, pairs) -> Array:
        """D, of the pairs."""
        moves, changes = (sum(x[1:], start=x[0]) for x in zip(*([a**2, b**2] for a, b in pairs), strict=True))
        floors = [self.eps**2 * total(x) / _width(x) for x in (moves, changes)]
        return sqrt(sqrt((moves + floors[0]) / (changes + floors[1])))


def _width(x) -> int:
    """The number of coordinates; one in symbols."""
    return len(x) if isinstance(x, np.ndarray) else 1


@np.errstate(all="ignore")
def _first(oracle: Oracle) -> Quantity:
    """γ at the start, of which the first step has the length that the problem gives."""
    gamma = start_length(oracle) / sqrt(total(oracle.gradient**2))
    return where((gamma > 0) & (gamma < np.inf), gamma, 1.0)
