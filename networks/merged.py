"""Two odd units of which one is not used, or that are equal up to a sign: what critical points of one unit leave.

Let (w, a), a ≠ 0, be critical for one unit, r = a φ(w x) − y orthogonal to φ(w x) and x φ'(w x).  Two units have the
same r where w_k = s_k w, s_1 a_1 + s_2 a_2 = a with signs s_k: four lines, all critical.  With a_2 = 0 they do where
w_1 = ±w, and this is critical where h(v) = Σ r φ(v x) vanishes at v = w_2: h is odd, has double zeros at ±w, where the
lines are, and simple ones at 0 and elsewhere in general.  A unit with w_2 = 0 is critical with a_2 ≠ 0 only if
h'(0) = 0.

Across a line, with b_k = s_k a_k, κ = h''(w) and p, q the movements of s_1 w_1, s_2 w_2, the second derivative of F is
that of one unit, its w moved by (b_1 p + b_2 q)/a, and κ b_1 b_2 (p − q)²/a.

Source: Fukumizu & Amari 2000.
"""
from __future__ import annotations

import functools
import itertools
import operator
from dataclasses import dataclass, field

import numpy as np

from arithmetic import from_sympy
from arithmetic.enclose import Zero

from .divided import Z, Zone, system_of
from .enclosed import Enclosures, every_zero

SMALL = [2.0**-k for k in (10, 16, 22, 28)]  # half widths around 0 in which h' is tried


@dataclass(frozen=True)
class Line:
    """θ with w_k = s_k w and s_1 a_1 + s_2 a_2 = a.

    unit : encloses (w, a) in `alone`, the loss of one unit.  hidden, outputs : indices of w_k and a_k.  signs : s.
    bend : the sign of κ/a.
    """

    unit: Zero
    alone: Enclosures
    hidden: tuple[int, ...]
    outputs: tuple[int, ...]
    signs: tuple[int, ...]
    bend: int


@dataclass
class Merged:
    """lines; points : (θ, low, high), to be certified, ends of the hidden parameters; strata : what is not decided."""

    lines: list[Line] = field(default_factory=list)
    points: list[tuple[np.ndarray, np.ndarray, np.ndarray]] = field(default_factory=list)
    strata: list[str] = field(default_factory=list)


def alone(found, enclosures) -> Enclosures:
    """The loss of the first unit, the other not used."""
    from .loss import Loss

    loss, first = enclosures.loss, (*found.hidden[0], found.outputs[0])
    rest = {s: 0 for i, s in enumerate(loss.symbols) if i not in first}
    return Enclosures(Loss.from_expression(loss.expression.subs(rest), tuple(loss.symbols[i] for i in first),
                                           box=[loss.box[i] for i in first]), enclosures.executor)


class Beside:
    """h, h' and h'' of a unit beside (w, a), which lies in a small box."""

    def __init__(self, found, unit: Zero, executor: str | None):
        self.w = unit.inner_low[0], unit.inner_high[0]
        zone = Zone(found.phi, ["v"])
        (v,) = zone.inputs
        w, a = (zone.graph.interval(float(low), float(high))
                for low, high in zip(unit.inner_low, unit.inner_high, strict=True))
        r = [a * from_sympy(found.phi, {Z: w * zone.lift(x)}) - zone.lift(y)
             for x, y in zip(found.inputs, found.targets, strict=True)]
        h = [functools.reduce(operator.add, (
            e * from_sympy(found.phi.diff(Z, k), {Z: v * zone.lift(x)}) * zone.lift(x**k)
            for e, x in zip(r, found.inputs, strict=True))) for k in range(3)]
        self.system, self.slopes = system_of(zone, h[:1], executor), zone.tape(h[1:], executor)

    def decided(self, low, high) -> np.ndarray:
        """Where h has no zero but 0 and w: h' has one sign from 0 on, or h'' from w on."""
        from_0 = self.slopes(np.minimum(low, 0.0), np.maximum(high, 0.0))
        from_w = self.slopes(np.minimum(low, self.w[0]), np.maximum(high, self.w[1]))
        return _signed(from_0, 0) | _signed(from_w, 1)

    def bend(self) -> int:
        low, high, _ = self.slopes(*(np.array([[end]]) for end in self.w))
        return int(low[1, 0] > 0) - int(high[1, 0] < 0)

    def alone_at_0(self) -> float | None:
        """A half width around 0 in which h has no other zero."""
        return next((d for d in SMALL if _signed(self.slopes(np.array([[-d]]), np.array([[d]])), 0)[0]), None)


def _signed(ends, k: int) -> np.ndarray:
    low, high, smooth = ends
    return smooth & ((low[k] > 0) | (high[k] < 0))


def merged(found, units: list[Zero], one: Enclosures, dim: int, most: float, deadline: float, low, high) -> Merged:
    """Lines and points that the critical points `units` of one unit leave, with |w_k| ≤ most; lines in (low, high)."""
    result = Merged()
    for unit in units:
        beside = Beside(found, unit, one.executor)
        w, a = unit.middle
        bend = beside.bend() * int(np.sign(unit.inner_low[1])) if unit.inner_low[1] * unit.inner_high[1] > 0 else 0
        near, (search, _) = beside.alone_at_0(), every_zero(
            beside.system, [0.0], [most], deadline, settle=beside.decided)
        if not bend or near is None or search.open[0].shape[1]:
            result.strata.append(f"what two units have beside the critical point w = {w:.9g}, a = {a:.9g} of one unit")
            continue
        for signs in itertools.product((1, -1), repeat=2):
            if all(low[i] <= s * w <= high[i] for s, i in zip(signs, found.flat, strict=True)):
                result.lines.append(Line(unit, one, tuple(found.flat), found.outputs, signs, bend))
        others = [(0.0, -near, near)]
        for zero in search.found:
            others += [(s * zero.middle[0], *sorted((s * zero.low[0], s * zero.high[0]))) for s in (1, -1)]
        for (first, second), s, (v, v_low, v_high) in itertools.product(((0, 1), (1, 0)), (1, -1), others):
            theta, ends = np.zeros(dim), np.zeros((2, 2))
            (i,), (j,) = found.hidden[first], found.hidden[second]
            theta[i], theta[found.outputs[first]], theta[j] = s * w, s * a, v
            ends[:, first] = sorted((s * unit.low[0], s * unit.high[0]))
            ends[:, second] = v_low, v_high
            result.points.append((theta, *ends))
    return result
