"""Levenberg–Marquardt's further pieces: Marquardt's metric, and damping that follows the gain ratio."""
from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from arithmetic import (
    Array, Oracle, Quantity, VectorField, add_diagonal, diagonal, dot, maximum, minimum, solve, sqrt, total, where,
)
from flows import ScaledDescent, State

from .base import Advance, Scheme, need_gradient_descent
from .control import Control, Judgement, Standstill, Trial, _positive


@dataclass(frozen=True)
class MarquardtEuler(Scheme):
    """Linearly implicit Euler on gradient descent in Marquardt's metric: (D + h JᵀJ) Δ = −h ∇F, D = diag JᵀJ.

    The damping of JᵀJ is D/h: the step does not see the units of the parameters.  D is that of the start on
    `ScaledDescent`, whose d becomes Δ.  Source: Marquardt 1963.
    """

    linearly_implicit = coordinatewise = True

    def advance(self, field: VectorField, t: Quantity, y: Array, h: Quantity) -> Advance:
        _need_descent(self, field, "RosenbrockEuler()")
        slope, s, oracle = field(t, y), field.state(t, y), field.loss.oracle(field.theta(y))
        matrix, kept = oracle.gauss_newton, isinstance(field.flow, ScaledDescent)
        move = solve(add_diagonal(h * matrix, s.D if kept else diagonal(matrix)), -h * oracle.gradient)
        changes = {"d": move, "theta": s.theta + move}
        return field.pack(vars(s) | changes) if kept else changes["theta"], None, slope


def _need_descent(what: Scheme | Control, field: VectorField, remedy: str) -> None:
    if not isinstance(field.flow, ScaledDescent):  # which is gradient descent
        need_gradient_descent(type(what).__name__, field, remedy)


class _ByGain(Standstill):
    """A control of Levenberg–Marquardt steps that looks at R = (F − F⁺)/(predicted decrease)."""

    def value(self, field: VectorField, s: State, oracle: Oracle) -> Quantity:
        return oracle.value

    def check(self, scheme: Scheme, field: VectorField) -> None:
        _need_descent(self, field, "EnergyControl()")

    @staticmethod
    def gain(field: VectorField, y: Array, y_new: Array) -> tuple[Quantity, Quantity, Oracle, Oracle]:
        """R, of the quadratic model's decrease −∇F·Δ − ½ ΔᵀJᵀJΔ; the slope ∇F·Δ; the loss before and after."""
        step = field.theta(y_new) - field.theta(y)
        here, there = (field.loss.oracle(field.theta(x)) for x in (y, y_new))
        along = dot(here.gradient, step)
        predicted = -along - dot(step, here.gauss_newton_product(step)) / 2
        return (here.value - there.value) / predicted, along, here, there


@dataclass(frozen=True)
class GainControl(_ByGain):
    """The step 1/μ of a Levenberg–Marquardt scheme, by the gain ratio R = (F − F⁺)/(predicted decrease).

    Accepted where F falls; then μ·max(least, 1 − x³) with x = (R − pivot)/(1 − pivot); refused: μ·ν with
    ν = 2, 4, 8, … until the next acceptance.  The prediction is that of the quadratic model, −∇F·Δ − ½ ΔᵀJᵀJΔ.

    Parameters   h0 : first step, 1/μ in units of 1/curvature.
                 pivot : in [0, 1), the gain ratio of an accepted step that leaves μ as it is; Nielsen's is ½.
                 least : in (0, 1), of the factors by which μ becomes smaller; Nielsen's is 1/3.
    Sources      Nielsen, Damping parameter in Marquardt's method, 1999.
    """

    h0: float = 1.0
    pivot: float = 0.5
    least: float = 1 / 3

    def __post_init__(self):
        _positive("h0", self.h0)
        if not 0 <= self.pivot < 1:
            raise ValueError(f"pivot={self.pivot} must be in [0, 1): the gain ratio of a step that leaves the damping")
        if not 0 < self.least < 1:
            raise ValueError(f"least={self.least} must be in (0, 1): the least factor of the damping")

    @property
    def monotone(self) -> bool:
        return True

    @property
    def memory(self) -> tuple[str, ...]:
        return (*super().memory, "nu")

    def start(self) -> dict:
        return super().start() | {"nu": 2.0}

    def judge(self, scheme: Scheme, field: VectorField, y: Array, memory: dict, y_new: Array, error: Array | None,
              slope: Array) -> Judgement:
        h, nu = memory["h"], memory["nu"]
        gain, _, here, there = self.gain(field, y, y_new)
        accept = (there.value <= here.value) & (there.value < np.inf)
        shrink = maximum(self.least, 1 - ((gain - self.pivot) / (1 - self.pivot))**3)
        shrink = where(shrink > 0, shrink, 1.0)  # 0/0 at rest
        return accept, where(accept, h / shrink, h / nu), {
            **self.progress(memory, there.value, here.gradient), "nu": (2.0, 2 * nu)}


@dataclass(frozen=True)
class FletcherControl(_ByGain):
    """The step 1/μ of a Levenberg–Marquardt scheme by Fletcher's rule: μ/2 where R ≥ 3/4, μ·f where R < 1/4.

    f = 2 − 2 (F⁺ − F)/(∇F·Δ), between 2 and 10, is one over the minimiser of the parabola through F, its slope ∇F·Δ
    and F⁺.  A step is taken where F falls, whatever μ becomes.

    Parameters   h0 : first step, 1/μ in units of 1/curvature.
    Sources      Fletcher, A modified Marquardt subroutine for non-linear least squares, 1971.
    """

    h0: float = 0.1

    def __post_init__(self):
        _positive("h0", self.h0)

    def judge(self, scheme: Scheme, field: VectorField, y: Array, memory: dict, y_new: Array, error: Array | None,
              slope: Array) -> Judgement:
        h = memory["h"]
        gain, along, here, there = self.gain(field, y, y_new)
        factor = 2 - 2 * (there.value - here.value) / along
        shorter = h / where(factor < 10, maximum(factor, 2), 10)
        return there.value < here.value, where(gain >= 0.75, 2 * h, where(gain >= 0.25, h, shorter)), {
            **self.progress(memory, there.value, here.gradient)}


@dataclass(frozen=True)
class UphillControl(FletcherControl):
    """Fletcher's rule, under which a step may go uphill too: taken where F falls or (1 − cos ∠(d, Δ))·F⁺ < min F.

    d is the trial before, taken or not, as the flow `ScaledDescent` keeps it, min F the least value so far; from the
    third trial on.  So F ≥ 0 is supposed.  After a refusal the next trial has nearly the direction of the one before,
    and is taken as a rule.

    Sources      Transtrum & Sethna, arXiv 1201.5885 (d the last step taken); Bensaid, Poëtte & Turpault (LMUphill).
    """

    @property
    def memory(self) -> tuple[str, ...]:
        return (*super().memory, "least", "tries")

    def start(self) -> dict:
        return super().start() | {"least": np.inf, "tries": 0.0}

    def check(self, scheme: Scheme, field: VectorField) -> None:
        super().check(scheme, field)
        if not isinstance(field.flow, ScaledDescent):
            raise ValueError(f"UphillControl compares a step with the trial before, which {type(field.flow).__name__} "
                             "does not keep; use the flow ScaledDescent()")

    def judge(self, scheme: Scheme, field: VectorField, y: Array, memory: dict, y_new: Array, error: Array | None,
              slope: Array) -> Judgement:
        falls, h_next, more = super().judge(scheme, field, y, memory, y_new, error, slope)
        d, move = (field.state(self.time(memory), x).d for x in (y, y_new))
        here, there = (field.loss.oracle(field.theta(x)).value for x in (y, y_new))
        least, tries = minimum(memory["least"], here), memory["tries"]
        turned = (1 - dot(d, move) / (sqrt(total(d**2)) * sqrt(total(move**2)))) * there
        accept = falls | ((tries > 1) & (turned < least))
        return accept, h_next, more | {"least": (minimum(least, there), least), "tries": (tries + 1, tries + 1),
                                       "idle": (0.0, 0.0)}  # F may rise for long: that is no standstill

    def _decide(self, *parts) -> Trial:
        _, y, y_new, *_ = parts
        trial = super()._decide(*parts)
        kept, d = trial.y.copy(), slice(-(len(y) // 3), None)  # the last of θ, D and d
        kept[d] = y_new[d]
        return trial._replace(y=kept)
