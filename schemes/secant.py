"""Euler's step with a memory of curvature."""
from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from arithmetic import Array, Oracle, Quantity, VectorField, dot
from flows import Secant, State

from .base import Advance, Scheme


@dataclass(frozen=True)
class SecantEuler(Scheme):
    """Euler on a `Secant` flow, after which the memory takes up the step: θ⁺ = θ − h H∇F, s₁ = θ⁺ − θ, y₁ = ∇F⁺ − ∇F.

    The slope reported is −∇F, that in the metric of the parameters: what a step moves does not vanish at a degenerate
    minimum as fast.
    """

    needs_flow = reuses = True
    leaves = ("value", "F"), ("gradient", "g")

    def advance(self, field: VectorField, t: Quantity, y: Array, h: Quantity) -> Advance:
        flow = field.flow
        if not isinstance(flow, Secant):
            raise TypeError(f"SecantEuler is the step of the flow Secant, whose memory it fills; got "
                            f"{type(flow).__name__}: use Euler()")
        s, here = field.state(t, y), field.loss.oracle(field.theta(y))
        direction, sound = flow.direction(s, here.gradient)
        theta = s.theta - h * direction
        memory = flow.remember(s, here, sound, h, field.loss.oracle(theta))
        return field.pack(memory | {"theta": theta}), None, field.pack(flow.resting(s) | {"theta": -here.gradient})

    def dissipation(self, source: Any, half: State, here: Oracle, new: State, h: Quantity) -> Quantity:
        """∇F·H∇F with the memory that made the step, before it took up the step itself: −∇F·Δθ/h."""
        if not isinstance(source, Secant):
            return source.dissipation(half, here)
        return dot(here.gradient, half.theta - new.theta) / h

    def symbolic_step(self, field: VectorField, t: Quantity, y: Array, h: Quantity) -> Array:
        raise TypeError("SecantEuler: the pairs that a step adds to the memory have no formula of one coordinate worth "
                        "printing; θ⁺ = θ − h H∇F with H of Secant().equations(), and Secant.remember is the rest")
