"""Levenberg–Marquardt's two further pieces: Marquardt's metric, and damping that follows the gain ratio."""
from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from arithmetic import Array, Oracle, Quantity, VectorField, add_diagonal, diagonal, dot, maximum, solve, where

from flows import State

from .base import Advance, Scheme, need_gradient_descent
from .control import Judgement, Standstill, _positive


@dataclass(frozen=True)
class MarquardtEuler(Scheme):
    """Linearly implicit Euler on gradient descent in Marquardt's metric: (D + h JᵀJ) Δ = −h ∇F, D = diag JᵀJ.

    The damping of JᵀJ is D/h: the step does not see the units of the parameters.  Source: Marquardt 1963.
    """

    linearly_implicit = coordinatewise = True

    def advance(self, field: VectorField, t: Quantity, y: Array, h: Quantity) -> Advance:
        need_gradient_descent("MarquardtEuler", field, "RosenbrockEuler()")
        slope, matrix = field(t, y), field.loss.oracle(field.theta(y)).gauss_newton
        return y + solve(add_diagonal(h * matrix, diagonal(matrix)), h * slope), None, slope


@dataclass(frozen=True)
class GainControl(Standstill):
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
    def memory(self) -> tuple[str, ...]:
        return (*super().memory, "nu")

    def start(self) -> dict:
        return super().start() | {"nu": 2.0}

    def value(self, field: VectorField, s: State, oracle: Oracle) -> Quantity:
        return oracle.value

    def check(self, scheme: Scheme, field: VectorField) -> None:
        need_gradient_descent("GainControl", field, "EnergyControl()")

    def judge(self, scheme: Scheme, field: VectorField, y: Array, memory: dict, y_new: Array, error: Array | None,
              slope: Array) -> Judgement:
        h, nu, step = memory["h"], memory["nu"], y_new - y
        here, there = (field.loss.oracle(field.theta(x)) for x in (y, y_new))
        predicted = -dot(here.gradient, step) - dot(step, here.gauss_newton_product(step)) / 2
        gain = (here.value - there.value) / predicted
        accept = (there.value <= here.value) & (there.value < np.inf)
        shrink = maximum(self.least, 1 - ((gain - self.pivot) / (1 - self.pivot))**3)
        shrink = where(shrink > 0, shrink, 1.0)  # 0/0 at rest
        return accept, where(accept, h / shrink, h / nu), {
            **self.progress(memory, there.value, here.gradient), "nu": (2.0, 2 * nu)}
