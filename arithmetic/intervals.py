"""Intervals: a reading whose results provably enclose those of real arithmetic (outward rounding)."""
from __future__ import annotations

from collections.abc import Callable

import numpy as np

from .operations import OPERATIONS
from .readings import Array, Quantity, Reading, integer_power


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

    def __init__(self, low: float | Array, high: float | Array):
        self.low, self.high = np.float64(low), np.float64(high)

    @staticmethod
    def of(x: Quantity) -> Interval:
        if isinstance(x, Interval):
            return x
        if isinstance(x, int) and int(float(x)) != x:
            return Interval(np.nextafter(float(x), -np.inf), np.nextafter(float(x), np.inf))
        return Interval(x, x)

    def __add__(self, other):
        other = Interval.of(other)
        return _out(self.low + other.low, self.high + other.high)

    def __neg__(self):
        return Interval(-self.high, -self.low)

    def __pos__(self):
        return self

    def __abs__(self):
        return self.apply("absolute", self)

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

    def __pow__(self, n):
        """Integer powers, 1/2 by the square root."""
        if n == 0.5:
            return self.apply("sqrt", self)
        if n != int(n):
            raise TypeError(f"interval**{n}: only integer powers and 1/2 are enclosed; write exp(p * log(x))")
        if n < 0:
            return 1 / self**-int(n)
        return integer_power(self, int(n)) if n else Interval(np.ones_like(self.low), np.ones_like(self.low))

    def apply(self, op: str, *args: Quantity) -> Quantity:
        return _applied(op, args)

    def __lt__(self, other):
        return Truth.less(self, Interval.of(other), np.less)

    def __le__(self, other):
        return Truth.less(self, Interval.of(other), np.less_equal)

    def __gt__(self, other):
        return Interval.of(other) < self

    def __ge__(self, other):
        return Interval.of(other) <= self

    def __repr__(self):
        return f"[{self.low}, {self.high}]"


def _applied(op: str, args: tuple) -> Quantity:
    operation = OPERATIONS[op]
    if operation.interval is None and operation.inline and operation.definition:
        return operation.definition(*args)
    if operation.interval is None:
        raise TypeError(f"{op} has no interval form: give its operation interval=...")
    return operation.interval(operation, *(a if isinstance(a, Truth) else Interval.of(a) for a in args))


class Truth(Reading):
    """Whether a condition can hold, and whether it must, on intervals."""

    __slots__ = ("can", "must")

    def __init__(self, can, must):
        self.can, self.must = np.bool_(can), np.bool_(must)

    @staticmethod
    def less(x: Interval, y: Interval, relation: Callable) -> Truth:
        """Of `x < y` or `x <= y`; where an end is no number, nothing is known."""
        unknown = np.isnan(x.low) | np.isnan(x.high) | np.isnan(y.low) | np.isnan(y.high)
        return Truth(relation(x.low, y.high) | unknown, relation(x.high, y.low) & ~unknown)

    def apply(self, op: str, *args: Quantity) -> Quantity:
        return _applied(op, args)

    def __and__(self, other):
        return Truth(self.can & other.can, self.must & other.must)

    def __or__(self, other):
        return Truth(self.can | other.can, self.must | other.must)

    def __invert__(self):
        return Truth(~self.must, ~self.can)
