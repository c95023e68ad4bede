"""Intervals: a reading whose results provably enclose those of real arithmetic (outward rounding)."""
from __future__ import annotations

import numpy as np

from . import functions as fn
from .functions import Reading


def _out(low, high, ulps: int = 1) -> Interval:
    for _ in range(ulps):
        low, high = np.nextafter(low, -np.inf), np.nextafter(high, np.inf)
    return Interval(low, high)


def _times(a, b):
    """a·b, and 0·∞ = 0: an end at infinity stands for every large number."""
    with np.errstate(invalid="ignore", over="ignore"):
        return np.where((a == 0) | (b == 0), 0.0, a * b)


class Interval(Reading):
    """All reals between `low` and `high`; floats or arrays of them (one interval per entry)."""

    __slots__ = ("low", "high")

    def __init__(self, low, high):
        self.low, self.high = np.float64(low), np.float64(high)

    @staticmethod
    def of(x) -> Interval:
        return x if isinstance(x, Interval) else Interval(x, x)

    def __add__(self, other):
        other = Interval.of(other)
        return _out(self.low + other.low, self.high + other.high)

    def __neg__(self):
        return Interval(-self.high, -self.low)

    def __sub__(self, other):
        return self + -Interval.of(other)

    def __rsub__(self, other):
        return Interval.of(other) - self

    def __mul__(self, other):
        if other is self:  # a square is not negative
            a, b = self.low**2, self.high**2
            low = np.where((self.low <= 0) & (self.high >= 0), 0.0, np.minimum(a, b))
            result = _out(low, np.maximum(a, b))
            return Interval(np.maximum(result.low, 0.0), result.high)
        other = Interval.of(other)
        products = [_times(a, b) for a in (self.low, self.high) for b in (other.low, other.high)]
        return _out(np.minimum.reduce(products), np.maximum.reduce(products))

    __radd__, __rmul__ = __add__, __mul__

    def __truediv__(self, other):
        other = Interval.of(other)
        with np.errstate(all="ignore"):
            holds_zero = (other.low <= 0) & (other.high >= 0)
            inverse = _out(np.where(holds_zero, -np.inf, 1 / other.high), np.where(holds_zero, np.inf, 1 / other.low))
        return self * inverse

    def __rtruediv__(self, other):
        return Interval.of(other) / self

    def __pow__(self, n: int):
        result = None
        for _ in range(int(n)):
            result = self if result is None else self * result if result is not self else self * self
        return Interval(1.0, 1.0) if result is None else result

    def apply(self, op: str, *args):
        args = [Interval.of(a) for a in args]
        x = args[0]
        if op in ("exp", "log", "tanh", "sqrt"):  # increasing; within 4 units in the last place of the C library's
            function = getattr(fn, op)
            return _out(function(x.low), function(x.high), 4)
        if op in ("minimum", "maximum"):
            function = getattr(fn, op)
            return Interval(function(x.low, args[1].low), function(x.high, args[1].high))
        if op == "absolute":
            low = np.where((x.low <= 0) & (x.high >= 0), 0.0, np.minimum(abs(x.low), abs(x.high)))
            return Interval(low, np.maximum(abs(x.low), abs(x.high)))
        if op in ("sin", "cos"):  # Lipschitz with constant 1 around the middle
            middle, radius = (x.low + x.high) / 2, (x.high - x.low) / 2
            value = getattr(fn, op)(middle)
            radius = np.nextafter(radius, np.inf) + 4 * np.finfo(float).eps * (1 + abs(middle))
            return Interval(np.maximum(value - radius, -1.0), np.minimum(value + radius, 1.0))
        raise TypeError(f"{op} has no interval form")

    def __repr__(self):
        return f"[{self.low}, {self.high}]"
