"""The readings of a definition: what its numbers may be.

Readings: *numbers* (floats and NumPy arrays), *symbols* (sympy), and objects that bring their own arithmetic by
subclassing `Reading` (the recorder's `Node`, `Interval`).  A `Vector` holds one such object per coordinate.
"""
from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, TypeAlias

import numpy as np

from .late import loaded, sympy

#: Coordinates or a matrix of them: floats of shape (dim, …) or (dim, …, lanes), or a `Vector`.
Array: TypeAlias = np.ndarray
#: What a definition computes with: an `Array`, or one number of any reading, a float or one per lane, a sympy
#: expression, a recorded number, an interval.
Quantity: TypeAlias = Any
#: A number that a user gives: a float, or a symbol.
Rate: TypeAlias = "float | sympy.Expr"
#: A (low, high) per coordinate.
Box: TypeAlias = Sequence[tuple[float, float]]


class Reading:
    """A number of another kind: `apply(op, *args)` is called for each function of the table of operations.

    Subclasses bring the operators themselves (`+ - * / < <= > >= & | ~`), but for powers.
    """

    __slots__ = ()
    _op_priority = 100.0  # sympy's word for: `number * reading` is the reading's affair

    def apply(self, op: str, *args: Quantity) -> Quantity:
        raise NotImplementedError

    def __pow__(self, n: Any) -> Quantity:
        """Integer powers are multiplications; 1/2 is a square root."""
        power = float(n)
        if power == 0.5:
            return self.apply("sqrt", self)
        if not power.is_integer():
            raise TypeError(f"x**{n}: of recorded numbers, intervals and jets only integer powers and 1/2 are taken; "
                            "write exp(p * log(x))")
        return 1 / self ** -int(power) if power < 0 else integer_power(self, int(power))

    def with_derivative(self, x: Quantity, derivative: Callable) -> Reading:
        """Itself, a function of x; where it is recorded, `derivative(x)` is its derivative."""
        return self


class Vector(np.ndarray):
    """Coordinates that are not floats: an object array whose operators and comparisons act element by element.

    What NumPy reduces to one number (`x.sum()`, `np.mean(x)`, `x @ y`) is that number.
    """

    def __new__(cls, entries):
        entries = list(entries)
        out = np.empty(len(entries), dtype=object)
        out[:] = entries
        return out.view(cls)

    def __array_wrap__(self, array, context=None, return_scalar=False):
        return array.view(Vector) if array.ndim else array[()]

    def __lt__(self, other):
        return np.less(self, other, dtype=object)

    def __le__(self, other):
        return np.less_equal(self, other, dtype=object)

    def __gt__(self, other):
        return np.greater(self, other, dtype=object)

    def __ge__(self, other):
        return np.greater_equal(self, other, dtype=object)


def as_reals(x: Any, what: str) -> np.ndarray:
    """`x` as floats; TypeError, naming it as `what`, where it is complex: its imaginary part would be dropped."""
    x = np.asarray(x)
    if np.iscomplexobj(x):
        raise TypeError(f"{what} must be real, got complex numbers: pass real and imaginary parts as coordinates of "
                        "their own")
    return np.asarray(x, dtype=float)


def is_symbolic(x: object) -> bool:
    """Whether `x` is a sympy object."""
    return loaded("sympy") and isinstance(x, sympy.Basic)


def elementwise(function, args):
    """`function` over the entries of the object arrays among `args`; scalars are shared by all entries."""
    arrays = np.broadcast_arrays(*[np.asarray(a, dtype=object) for a in args])
    out = np.empty(arrays[0].shape, dtype=object)
    for index in np.ndindex(out.shape):
        out[index] = function(*(a[index] for a in arrays))
    return out.view(Vector)


def is_object_array(x) -> bool:
    """Whether `x` holds numbers of another reading."""
    return isinstance(x, np.ndarray) and x.dtype == object


def integer_power(x: Quantity, n: int) -> Quantity:
    """xⁿ by repeated squaring, n ≥ 0: the same multiplications on every reading; exact on symbols."""
    if is_symbolic(x):
        return x**n
    if n == 0:
        return x * 0 + 1
    power, square = None, x
    while n:
        if n & 1:
            power = square if power is None else power * square
        square, n = square * square if n > 1 else square, n >> 1
    return power


def with_derivative(value: Quantity, x: Quantity, derivative: Callable) -> Quantity:
    """`value`, a function of x, with its derivative in closed form for where it is recorded."""
    return value.with_derivative(x, derivative) if isinstance(value, Reading) else value
