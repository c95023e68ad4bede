"""Intervals: a reading whose results provably enclose those of real arithmetic (outward rounding)."""
from __future__ import annotations

import functools

import numpy as np

from .ends import above, below, choose, enclosing, least, most, quiet, times
from .operations import OPERATIONS
from .readings import Quantity, Reading


class Interval(Reading):
    """All reals between `low` and `high`; floats or arrays of them (one interval per entry), or recorded numbers."""

    __slots__ = ("low", "high")

    def __init__(self, low: Quantity, high: Quantity):
        self.low: Quantity = low
        self.high: Quantity = high
        if not isinstance(low, Reading):  # no end is NaN: where there is no number, nothing is known
            low, high = np.float64(low), np.float64(high)
            self.low, self.high = np.where(low == low, low, -np.inf)[()], np.where(high == high, high, np.inf)[()]

    @staticmethod
    def of(x: Quantity) -> Interval:
        """An exact number as the interval around it."""
        if isinstance(x, Interval):
            return x
        return Interval(x, x) if isinstance(x, (np.ndarray, Reading)) else Interval(*enclosing(x))

    @quiet
    def __add__(self, other):
        other = Interval.of(other)
        return Interval(below(self.low + other.low), above(self.high + other.high))

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

    @quiet
    def __mul__(self, other):
        if other is self:  # a square is not negative
            a, b = self.low * self.low, self.high * self.high
            low = choose((self.low <= 0) & (self.high >= 0), 0.0, most(below(least(a, b)), 0.0))
            return Interval(low, above(most(a, b)))
        other = Interval.of(other)
        products = [times(a, b) for a in (self.low, self.high) for b in (other.low, other.high)]
        return Interval(below(functools.reduce(least, products)), above(functools.reduce(most, products)))

    __radd__, __rmul__ = __add__, __mul__

    @quiet
    def __truediv__(self, other):
        """The divisor 0 is left out: x/[0, 2] is x·[1/2, ∞]."""
        other = Interval.of(other)
        low, high = other.low, other.high
        positive, negative = (low >= 0) & (high > 0), (low < 0) & (high <= 0)
        inverse = Interval(choose(positive | (high < 0), below(1 / high), -np.inf),
                           choose(negative | (low > 0), above(1 / low), np.inf))
        return self * inverse

    def __rtruediv__(self, other):
        return Interval.of(other) / self

    def __pow__(self, n):
        return Interval(self.low * 0 + 1, self.low * 0 + 1) if n == 0 else super().__pow__(n)

    @quiet
    def apply(self, op: str, *args: Quantity) -> Quantity:
        return _applied(op, args)

    def __lt__(self, other):
        other = Interval.of(other)
        return Truth(self.low < other.high, self.high < other.low)

    def __le__(self, other):
        other = Interval.of(other)
        return Truth(self.low <= other.high, self.high <= other.low)

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
        self.can: Quantity = can if isinstance(can, Reading) else np.bool_(can)
        self.must: Quantity = must if isinstance(must, Reading) else np.bool_(must)

    def apply(self, op: str, *args: Quantity) -> Quantity:
        return _applied(op, args)

    def __and__(self, other):
        return Truth(self.can & other.can, self.must & other.must)

    def __or__(self, other):
        return Truth(self.can | other.can, self.must | other.must)

    def __invert__(self):
        return Truth(~self.must, ~self.can)
