"""Steps of a natural unit, accepted by an average of the energies so far."""
from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from arithmetic import Array, VectorField, absolute, dot, minimum, total, where

from .base import Scheme
from .control import AdaptiveControl, Judgement, _positive


@dataclass(frozen=True)
class AveragedEnergyControl(AdaptiveControl):
    """Accept a step of a flow with energy F when F falls below an average C of the values so far:
    F⁺ ≤ C − ratio·(−∇F·Δθ).

    Every trial after an acceptance has the step h0, for flows whose unit of time is their own, as Newton's is; a
    refused one is shortened to the minimum of the parabola through F, its slope and F⁺, by a factor in [0.1, 0.5].
    C⁺ = (ηQC + F⁺)/Q⁺, Q⁺ = ηQ + 1, so that F⁺ ≤ C⁺ ≤ C ≤ F(θ₀): C is an energy of the algorithm, with
    C⁺ − C ≤ −ratio·(1 − η)·(−∇F·Δθ), and no run leaves its sublevel set whatever the loss.  Differences within the
    rounding of F pass.

    Parameters   ratio : in [0, ½), as on a parabola the exact step realises ½.  average : η in [0, 1); 0: F must fall.
                 h0 : the step.
    Sources      Zhang & Hager 2004; Armijo 1966 (η = 0).
    """

    ratio: float = 1e-4
    average: float = 0.85
    h0: float = 1.0

    def __post_init__(self):
        _positive("h0", self.h0)
        if not 0 <= self.ratio < 0.5:
            raise ValueError(f"ratio={self.ratio} must be in [0, 0.5): on a parabola the exact step realises half of "
                             "what its slope promises")
        if not 0 <= self.average < 1:
            raise ValueError(f"average={self.average} must be in [0, 1): the weight of the values before")

    @property
    def memory(self) -> tuple[str, ...]:
        return (*super().memory, "C", "Q")

    def start(self) -> dict:
        return super().start() | {"C": 0.0, "Q": 0.0}

    def judge(self, scheme: Scheme, field: VectorField, y: Array, memory: dict, y_new: Array, error: Array | None,
              slope: Array) -> Judgement:
        old, new, h = field.theta(y), field.theta(y_new), memory["h"]
        here, there = field.loss.oracle(old), field.loss.oracle(new)
        fall = dot(here.gradient, old - new)
        first = ~(memory["Q"] > 0)
        C, Q = where(first, here.value, memory["C"]), memory["Q"]
        finite = total(there.gradient**2) < np.inf
        accept = (there.value - C <= 2 * np.finfo(float).eps * absolute(C) - self.ratio * fall) & finite
        weight = self.average * Q + 1
        share = fall / (2 * (there.value - here.value + fall))
        share = where(share > 0.1, minimum(share, 0.5), 0.1)  # NaN too
        return accept, where(accept, self.h0, h * share), {
            "C": (C + (there.value - C) / weight, C), "Q": (weight, Q)}
