"""Stabilised explicit methods: s gradients a step, stable on a real interval of length ~ s² (Chebyshev polynomials)."""
from __future__ import annotations

import dataclasses
from dataclasses import dataclass
from typing import ClassVar, Self

from arithmetic import Array, Quantity, Rate, VectorField, as_fractions

from .base import Advance, Scheme


def chebyshev(s: int, x) -> list[tuple]:
    """T_j(x), T_j'(x), T_j''(x) for j = 0 … s, by their recurrence."""
    rows = [(1, 0, 0), (x, 1, 0)]
    for _ in range(s - 1):
        (T0, d0, e0), (T1, d1, e1) = rows[-2:]
        rows.append((2 * x * T1 - T0, 2 * T1 + 2 * x * d1 - d0, 4 * d1 + 2 * x * e1 - e0))
    return rows[: s + 1]


@dataclass(frozen=True)
class _Stabilised(Scheme):
    least: ClassVar[int] = 1
    stages: int = 5
    damping: Rate = 0.0

    def __post_init__(self):
        if isinstance(self.stages, bool) or not isinstance(self.stages, int) or self.stages < self.least:
            raise ValueError(f"{type(self).__name__}(stages={self.stages!r}): must be an integer >= {self.least}")
        if not self.damping >= 0:
            raise ValueError(f"{type(self).__name__}(damping={self.damping!r}): must be >= 0")

    def exact(self) -> Self:
        return dataclasses.replace(self, damping=as_fractions(float(self.damping)))

    @property
    def _ends(self):
        """w₀ and w₁: z is mapped to w₀ + w₁ z."""
        raise NotImplementedError

    @property
    def interval(self) -> Quantity:
        """The length β of the interval [−β, 0] of hλ on which the method is stable."""
        w0, w1 = self._ends
        return (w0 + 1) / w1


@dataclass(frozen=True)
class RKC1(_Stabilised):
    """Runge–Kutta–Chebyshev of order 1: R(z) = T_s(w₀ + w₁ z)/T_s(w₀), stable for hλ up to about 2 s².

    w₀ = 1 + damping/s², w₁ = T_s(w₀)/T_s'(w₀).  The damping 0.05 of the literature suits diffusion; as an optimizer on
    a condition number κ, w₀ = (κ + 1)/(κ − 1) is the Chebyshev semi-iteration, the fastest there is.
    Parameters   stages : s, gradients per step.  damping : >= 0.
    Sources      van der Houwen & Sommeijer 1980; Verwer, Hundsdorfer & Sommeijer 1990.
    """

    damping: Rate = 0.05

    @property
    def _ends(self):
        w0 = 1 + self.damping / self.stages**2
        T, d, _ = chebyshev(self.stages, w0)[-1]
        return w0, T / d

    def advance(self, field: VectorField, t: Quantity, y: Array, h: Quantity) -> Advance:
        w0, w1 = self._ends
        T = chebyshev(self.stages, w0)
        slope = k = field(t, y)
        before, now = y, y + w1 / w0 * h * k
        for j in range(2, self.stages + 1):
            k = field(t + w1 * T[j - 1][1] / T[j - 1][0] * h, now)
            mu, nu = 2 * w0 * T[j - 1][0] / T[j][0], -T[j - 2][0] / T[j][0]
            before, now = now, mu * now + nu * before + 2 * w1 * T[j - 1][0] / T[j][0] * h * k
        return now, None, slope


@dataclass(frozen=True)
class RKC2(_Stabilised):
    """Runge–Kutta–Chebyshev of order 2, stable for hλ up to about 0.65 s²; with an error estimate.

    w₀ = 1 + damping/s², w₁ = T_s'(w₀)/T_s''(w₀), stages y_j = Σ of Chebyshev terms with b_j = T_j''(w₀)/T_j'(w₀)².
    Parameters   stages : s >= 2, gradients per step.  damping : >= 0, 2/13 in the literature.
    Sources      Sommeijer, Shampine & Verwer 1998, equations 2.1–2.10.
    """

    least, order, error_order, reuses = 2, 2, 2, True
    damping: Rate = 2 / 13

    @property
    def _ends(self):
        w0 = 1 + self.damping / self.stages**2
        _, d, e = chebyshev(self.stages, w0)[-1]
        return w0, d / e

    def advance(self, field: VectorField, t: Quantity, y: Array, h: Quantity) -> Advance:
        w0, w1 = self._ends
        T = chebyshev(self.stages, w0)
        b = [row[2] / row[1]**2 for row in T[2:]]
        b = [b[0], b[0], *b]
        slope = field(t, y)
        before, now, k = y, y + b[1] * w1 * h * slope, slope
        c = [0, b[1] * w1] + [w1 * row[2] / row[1] for row in T[2:]]
        for j in range(2, self.stages + 1):
            k = field(t + c[j - 1] * h, now)
            mu, nu, share = 2 * w0 * b[j] / b[j - 1], -b[j] / b[j - 2], 2 * w1 * b[j] / b[j - 1]
            weight = -(1 - b[j - 1] * T[j - 1][0]) * share  # of the first slope
            before, now = now, (1 - mu - nu) * y + mu * now + nu * before + share * h * k + weight * h * slope
        error = 0.8 * (y - now) + 0.4 * h * (slope + field(t + h, now))
        return now, error, slope
