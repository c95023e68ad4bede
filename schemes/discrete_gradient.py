"""Discrete gradients: (y⁺ − y)/h = −∇̄F(y, y⁺) with ⟨∇̄F, y⁺ − y⟩ = F(y⁺) − F(y),
so F falls by |y⁺ − y|²/h for every h."""
from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from arithmetic import (
    Array, Quantity, Vector, VectorField, absolute, add_diagonal, dot, is_symbolic, minimum, sign, solve, sqrt, total,
    vector, where,
)

from .base import Advance, Scheme, need_gradient_flow
from .newton import EPS, newton


def _value(field, t, y):
    """The energy whose negative gradient is the field."""
    return field.flow.energy(field.state(t, y), field.loss.oracle(field.theta(y)))


def _quotient(difference, divisor, scale, otherwise=0.0, digits=8 * EPS):
    """difference/divisor, and `otherwise` where the difference of numbers of size `scale` has lost its digits."""
    if is_symbolic(difference):
        return difference / divisor
    return where(absolute(difference) > digits * scale, difference / divisor, otherwise)


@dataclass(frozen=True)
class Gonzalez(Scheme):
    """The midpoint discrete gradient: ∇̄F = g + (F(y⁺) − F(y) − ⟨g, d⟩) d/|d|², d = y⁺ − y, g = ∇F at the midpoint.

    Of order 2; for gradient flows.  On quadratics it is the implicit midpoint rule.
    Parameters   iterations : of Newton's method, a fixed number; NaN where they do not reach a solution: EnergyControl
                 then takes a shorter step.
    Sources      Gonzalez 1996; McLachlan, Quispel & Robidoux 1999.
    """

    order, needs_flow, gradient_flows_only, implicit = 2, True, True, True
    iterations: int = 40

    def advance(self, field: VectorField, t: Quantity, y: Array, h: Quantity) -> Advance:
        need_gradient_flow(self, field)
        slope, before = field(t, y), _value(field, t, y)

        def equation(w):
            d, middle = w - y, (y + w) / 2
            size, f, half_J, after = total(d**2), field(t, middle), field.jacobian(t, middle) / 2, _value(field, t, w)
            c = _quotient(after - before + dot(f, d), size, absolute(before) + absolute(after))
            residual = d - h * f + h * c * d
            bend = vector(total(half_J[:, i] * d) for i in range(len(d)))
            dc = (f + bend - field(t, w) - 2 * c * d) / size
            dc = dc if is_symbolic(c) else where(absolute(c) > 0, dc, 0.0)
            J = add_diagonal(-h * half_J, 1 + h * c)
            J = J + h * np.array([[d[i] * dc[j] for j in range(len(d))] for i in range(len(d))], dtype=J.dtype)
            return residual, J, total(residual**2)

        predictor = solve(add_diagonal(-h / 2 * field.jacobian(t, y), 1), h * slope)
        return newton(equation, y + predictor, y, self.iterations), None, slope


@dataclass(frozen=True)
class ItohAbe(Scheme):
    """The coordinate discrete gradient: coordinate after coordinate, (F(… x_i + d …) − F(… x_i …))/d = −d/h.

    Of order 1; for gradient flows.  On quadratics ½⟨x, Ax⟩ it is SOR with ω_i = 2hA_ii/(2 + hA_ii).  Each scalar
    equation is bracketed in the direction in which F falls and solved by Newton's method, which bisects where it would
    leave.
    Parameters   iterations : a fixed number for each coordinate; NaN where they do not reach a solution.
    Sources      Itoh & Abe 1988; Miyatake, Sogabe & Zhang 2018 (SOR); Ehrhardt et al. 2018 (optimization).
    """

    needs_flow = gradient_flows_only = implicit = coordinatewise = True
    iterations: int = 60

    def advance(self, field: VectorField, t: Quantity, y: Array, h: Quantity) -> Advance:
        need_gradient_flow(self, field)
        slope = field(t, y)
        for i in range(field.dim):
            y = _moved(y, i, self._displacement(field, t, y, h, i))
        return y, None, slope

    def _displacement(self, field, t, y, h, i):
        """The d ≠ 0 with ΔF(d)/d + d/h = 0, and 0 where the derivative is."""
        before, f = _value(field, t, y), field(t, y)[i]

        def equation(d):
            w = _moved(y, i, d)
            after, f1 = _value(field, t, w), field(t, w)[i]
            scale = absolute(before) + absolute(after)
            quotient = _quotient(after - before, d, scale, -(f + f1) / 2, 1e-10)
            return quotient + d / h, 1 / h - (f1 + quotient) / d, 8 * EPS * scale, after

        if is_symbolic(f):
            system = lambda x: (Vector(equation(x[0])[:1]), Vector(equation(x[0])[1:2]).reshape(1, 1), 0)  # noqa: E731
            return newton(system, Vector([h * f]), y, 1)[0]
        way, d, low, high, ratio = sign(f), h * f, 0.0, np.inf, 16.0
        for k in range(self.iterations):
            level, steepness, *_ = equation(d)
            far, short = absolute(d), way * level < 0  # a level that is not a number is too far
            low, high = where(short, far, low), where(short, high, minimum(high, far))
            newton_step = way * (d - level / steepness)
            bracketed = (low > 0) & (high < np.inf)
            middle = where(bracketed, sqrt(low * high), where(low > 0, low * ratio, high / ratio))
            ratio = where(bracketed, ratio, ratio * ratio)  # orders of magnitude are crossed by squaring
            trust = (newton_step > low) & (newton_step < high)
            if k % 3:
                trust = trust & (high <= 1.5 * low)
            d = way * where(trust, newton_step, middle)
        level, _, rounding, after = equation(d)
        solved = absolute(level) <= 1e-8 * absolute(d) / h + rounding / absolute(d)
        enclosed = (low > 0) & (high <= low * (1 + 1e-6))  # between signs, where F has fewer digits than its size says
        solved = (solved | enclosed) & (after <= before + rounding)
        return where(absolute(f) > 0, where(solved, d, np.nan), 0.0)


def _moved(y, i: int, d):
    """y with d added to coordinate i."""
    return vector(y[j] + d if j == i else y[j] for j in range(len(y)))
