"""The functions a definition may call, each dispatching on the reading of its argument.

Readings: *numbers* (floats and NumPy arrays), *symbols* (sympy), and objects that bring their own arithmetic by
subclassing `Reading` (the recorder's `Node`, `Interval`).  A `Vector` holds one such object per coordinate.
"""
from __future__ import annotations

import sys

import numpy as np


class Reading:
    """A number of another kind: `apply(op, *args)` is called for each function of this module.

    Subclasses bring the operators themselves (`+ - * / ** < <= > >= & | ~`).
    """

    __slots__ = ()
    _op_priority = 100.0  # sympy's word for: `number * reading` is the reading's affair

    def apply(self, op: str, *args):
        raise NotImplementedError


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


def is_symbolic(x) -> bool:
    """Whether `x` is a sympy object (asked without importing sympy)."""
    sympy = sys.modules.get("sympy")
    return sympy is not None and isinstance(x, sympy.Basic)


def _elementwise(function, args):
    """`function` over the entries of the object arrays among `args`; scalars are shared by all entries."""
    arrays = np.broadcast_arrays(*[np.asarray(a, dtype=object) for a in args])
    out = np.empty(arrays[0].shape, dtype=object)
    for index in np.ndindex(out.shape):
        out[index] = function(*(a[index] for a in arrays))
    return out.view(Vector)


def _is_object_array(x) -> bool:
    return isinstance(x, np.ndarray) and x.dtype == object


def _function(name: str, numeric, symbolic, doc: str):
    """A function of one or more arguments on every reading; `symbolic(sympy, *args)` gives its sympy form."""

    def function(*args):
        if any(_is_object_array(a) for a in args):
            return _elementwise(function, args)
        for a in args:
            if isinstance(a, Reading):
                return a.apply(name, *args)
        if any(is_symbolic(a) for a in args):
            import sympy

            return symbolic(sympy, *args)
        return numeric(*args)

    function.__name__ = function.__qualname__ = name
    function.__doc__ = doc
    return function


def _quiet(numeric):
    """Out-of-domain numbers are outcomes (NaN, inf), not warnings."""

    def evaluate(*args):
        with np.errstate(all="ignore"):
            return numeric(*args)

    return evaluate


sqrt = _function("sqrt", _quiet(np.sqrt), lambda s, x: s.sqrt(x), "Square root.")
exp = _function("exp", _quiet(np.exp), lambda s, x: s.exp(x), "Exponential.")
log = _function("log", _quiet(np.log), lambda s, x: s.log(x), "Natural logarithm.")
sin = _function("sin", _quiet(np.sin), lambda s, x: s.sin(x), "Sine.")
cos = _function("cos", _quiet(np.cos), lambda s, x: s.cos(x), "Cosine.")
tanh = _function("tanh", np.tanh, lambda s, x: s.tanh(x), "Hyperbolic tangent.")
absolute = _function("absolute", np.absolute, lambda s, x: s.Abs(x), "Absolute value.")
sign = _function("sign", np.sign, lambda s, x: s.sign(x), "Sign: -1, 0 or 1.")
minimum = _function("minimum", np.minimum, lambda s, x, y: s.Min(x, y), "The smaller of two; NaN if either is NaN.")
maximum = _function("maximum", np.maximum, lambda s, x, y: s.Max(x, y), "The larger of two; NaN if either is NaN.")
where = _function("where", np.where, lambda s, c, x, y: s.Piecewise((x, c), (y, True)),
                  "`x` where the condition holds, else `y`: the only `if` on data a definition may use.")

#: The functions that readings implement; `sign`, `clip`, `total`, `dot` and `solve` are made of them where recorded.
NAMES = ("sqrt", "exp", "log", "sin", "cos", "tanh", "absolute", "sign", "minimum", "maximum", "where")


def clip(x, low, high):
    """`x` held between `low` and `high`."""
    return minimum(maximum(x, low), high)


def total(x):
    """Sum over coordinates, shape `(dim, ...)` to `(...)`; on the per-coordinate symbolic reading, the summand itself."""
    if isinstance(x, Reading) or is_symbolic(x):
        return x
    if isinstance(x, np.ndarray):
        if len(x) < 64:
            return sum(x[1:], start=x[0])
        # each lane is summed along contiguous memory: over axis 0 the order, and so the bits, depend on the other lanes
        return np.add.reduce(np.ascontiguousarray(np.moveaxis(x, 0, -1)), axis=-1)
    raise TypeError(f"total(x): x must be an array of coordinates or a symbol, got {type(x).__name__}: {x!r}")


def dot(x, y):
    """Inner product over coordinates, one number per lane."""
    return total(x * y)


def solve(matrix, rhs):
    """The solution of `matrix @ x = rhs`.

    matrix : (dim, dim) or (dim, dim, lanes);  rhs : (dim,) or (dim, lanes).  A singular matrix gives inf or NaN, an
    outcome of its lane alone.  Gaussian elimination written with `where` for the pivots, so that it is the same
    straight-line arithmetic on every reading; LAPACK above 8 unknowns on numbers; exact on symbols.
    """
    if is_symbolic(matrix) or isinstance(matrix, Reading):  # one coordinate
        return rhs / matrix
    n = len(rhs)
    first = next(iter(np.asarray(matrix).flat), 0.0)  # of no lanes, numbers
    if is_symbolic(first):
        import sympy

        return Vector(sympy.Matrix(matrix).LUsolve(sympy.Matrix(list(rhs))))
    if n > 8 and not isinstance(first, Reading):
        lanes = np.moveaxis(matrix.reshape(n, n, -1), -1, 0), np.moveaxis(rhs.reshape(n, -1), -1, 0)
        try:
            solution = np.linalg.solve(lanes[0], lanes[1][..., None])[..., 0]
        except np.linalg.LinAlgError:  # one singular lane must not stop the others
            solution = np.array([_solve_or_nan(a, b) for a, b in zip(*lanes, strict=True)])
        return np.moveaxis(solution, 0, -1).reshape(rhs.shape)
    with np.errstate(all="ignore"):
        return _eliminate([list(row) for row in matrix], list(rhs))


def _solve_or_nan(matrix, rhs):
    try:
        return np.linalg.solve(matrix, rhs)
    except np.linalg.LinAlgError:
        return np.full_like(rhs, np.nan)


def _eliminate(a, b):
    n = len(b)
    for k in range(n):
        for i in range(k + 1, n):  # bring the larger pivot to row k, one comparison at a time
            larger = absolute(a[i][k]) > absolute(a[k][k])
            for j in range(k, n):
                a[k][j], a[i][j] = where(larger, a[i][j], a[k][j]), where(larger, a[k][j], a[i][j])
            b[k], b[i] = where(larger, b[i], b[k]), where(larger, b[k], b[i])
        for i in range(k + 1, n):
            factor = a[i][k] / a[k][k]
            for j in range(k + 1, n):
                a[i][j] = a[i][j] - factor * a[k][j]
            b[i] = b[i] - factor * b[k]
    x = [None] * n
    for i in reversed(range(n)):
        rest = b[i]
        for j in range(i + 1, n):
            rest = rest - a[i][j] * x[j]
        x[i] = rest / a[i][i]
    return vector(x)


def vector(entries):
    """Coordinates stacked to `(dim,)` or `(dim, lanes)` on numbers, a `Vector` on every other reading."""
    entries = list(entries)
    if any(isinstance(e, Reading) or is_symbolic(e) for e in entries):
        return Vector(entries)
    return np.array(np.broadcast_arrays(*entries))
