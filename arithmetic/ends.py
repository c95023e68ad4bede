"""Ends of intervals: numbers, arrays or recorded numbers that are rounded outward and are never NaN.

Everything here is plain floating-point arithmetic to nearest, so that it is the same on every machine and can be
recorded: what encloses a function on arrays is also what is printed for the compiler.
"""
from __future__ import annotations

import functools
import numbers
from collections.abc import Callable
from fractions import Fraction

import numpy as np

from .readings import Reading, is_symbolic

MAX = np.finfo(float).max
ROOM = 2.0**-960  # covers what underflow loses, without leaving the numbers that are computed fast
UNIT = 2.0**-52


class Rounded(float):
    """The float nearest to a constant that is no float: exact readings take in its neighbours or the number itself.

    exact : the constant as a text for sympy, such as "2/sqrt(pi)".
    """

    exact: str

    def __new__(cls, value: float, exact: str) -> Rounded:
        number = super().__new__(cls, value)
        number.exact = exact
        return number


def quiet(function: Callable) -> Callable:
    """Overflow, 0/0 and numbers outside of a domain are outcomes, not warnings."""

    @functools.wraps(function)
    def evaluate(*args):
        with np.errstate(all="ignore"):
            return function(*args)

    return evaluate


def choose(condition, x, y):
    """`where` on ends."""
    if isinstance(condition, Reading):
        return condition.apply("where", condition, x, y)
    return np.where(condition, x, y)[()]


def least(x, y):
    """The smaller end."""
    if isinstance(x, Reading) or isinstance(y, Reading):
        return choose(x < y, x, y)
    return np.minimum(x, y)


def most(x, y):
    """The larger end."""
    if isinstance(x, Reading) or isinstance(y, Reading):
        return choose(x > y, x, y)
    return np.maximum(x, y)


def times(x, y):
    """x·y, and 0·∞ = 0: an end at infinity stands for every large number."""
    p = x * y
    return choose((p <= 0) | (p > 0), p, 0.0)


def below(x, error: float = 0.5):
    """At most the exact number that was computed as x, up to `error` units in the last place; never above `MAX`."""
    return choose(x > MAX, MAX, x - (abs(x) * ((error + 0.500001) * UNIT) + ROOM))


def above(x, error: float = 0.5):
    """At least the exact number that was computed as x; the mirror image of `below`."""
    return choose(x < -MAX, -MAX, x + (abs(x) * ((error + 0.500001) * UNIT) + ROOM))


def enclosing(x) -> tuple[float, float]:
    """Floats (low, high) around an exact number: equal where it is a float itself.

    x : a float, an integer, a fraction or a real sympy number; a `Rounded` stands for a number next to it.
    """
    if isinstance(x, Rounded):
        return float(np.nextafter(x, -np.inf)), float(np.nextafter(x, np.inf))
    if isinstance(x, (float, np.floating)):
        if x != x:  # no number: nothing is known
            return -np.inf, np.inf
        return float(min(x, MAX)), float(max(x, -MAX))
    if is_symbolic(x):
        if x.is_Float:
            import sympy

            same = sympy.Float(float(x), x._prec)  # noqa: SLF001 - the precision of a Float has no other name
            return typed(float(x)) if same == x else enclosing(sympy.Rational(x))
        if not x.is_Rational:
            value = float(x.evalf(40))
            return float(np.nextafter(value, -np.inf)), float(np.nextafter(value, np.inf))
        x = Fraction(int(x.p), int(x.q))
    elif isinstance(x, (np.integer, np.bool_)):
        x = int(x)
    if not isinstance(x, numbers.Rational):
        return enclosing(float(x))
    exact = Fraction(x)
    try:
        value = float(exact)
    except OverflowError:
        return (MAX, np.inf) if exact > 0 else (-np.inf, -MAX)
    if Fraction(value) == exact:
        return value, value
    if Fraction(value) < exact:
        return value, float(np.nextafter(value, np.inf))
    return float(np.nextafter(value, -np.inf)), value


def typed(x: float) -> tuple[float, float]:
    """Floats around a constant that was typed as x: around the float itself and the decimal number that it prints as.

    0.1 may be meant as 1/10 or be the float it is; what is proved with this holds for both.
    """
    digits = repr(x).split("e")[0].replace("-", "").replace(".", "").strip("0")
    if not np.isfinite(x) or len(digits) > 15:
        return enclosing(x)
    low, high = enclosing(Fraction(repr(x)))
    return min(low, x), max(high, x)
