"""Words of linear algebra that a definition may use, on every reading."""
from __future__ import annotations

from collections.abc import Iterable

import numpy as np

from .elementary import exp, log
from .late import sympy
from .operations import absolute, maximum, minimum, sqrt, where
from .readings import Array, Quantity, Reading, Vector, integer_power, is_symbolic, with_derivative


def clip(x: Quantity, low: Quantity, high: Quantity) -> Quantity:
    """`x` held between `low` and `high`."""
    return minimum(maximum(x, low), high)


def power(x: Quantity, p: Quantity) -> Quantity:
    """x^p for x > 0: itself on symbols, e^(p ln x) on every other reading."""
    if is_symbolic(x) or is_symbolic(p):
        return x**p
    value = exp(p * log(x))
    return with_derivative(value, x, lambda z: p * power(z, p - 1)) if isinstance(p, (int, float)) else value


def half_power(x: Quantity, n: int) -> Quantity:
    """x^(n/2) for an odd n ≥ 1, by the square root; its derivative at 0 is 0 for n > 2."""
    if n == 1:
        return sqrt(x)
    return with_derivative(integer_power(sqrt(x), n), x, lambda z: n / 2 * half_power(z, n - 2))


def total(x: Quantity) -> Quantity:
    """Sum over coordinates, shape `(dim, ...)` to `(...)`;
    on the per-coordinate symbolic reading, the summand itself."""
    if isinstance(x, Reading) or is_symbolic(x):
        return x
    if isinstance(x, np.ndarray):
        if len(x) < 64:  # one after the other, as a recorded sum; by one call where it is not longer than the array
            few = x.dtype == float and 3 < len(x) and x.size <= 2048
            return np.add.accumulate(x)[-1] if few else sum(x[1:], start=x[0])
        # each lane is summed along contiguous memory: over axis 0 the order, and so the bits, depend on the other lanes
        return np.add.reduce(np.ascontiguousarray(np.moveaxis(x, 0, -1)), axis=-1)
    raise TypeError(f"total(x): x must be an array of coordinates or a symbol, got {type(x).__name__}: {x!r}")


def dot(x: Quantity, y: Quantity) -> Quantity:
    """Inner product over coordinates, one number per lane."""
    return total(x * y)


def solve(matrix: Quantity, rhs: Quantity) -> Quantity:
    """The solution of `matrix @ x = rhs`.

    matrix : (dim, dim) or (dim, dim, lanes);  rhs : (dim,) or (dim, lanes).  A singular matrix gives inf or NaN, an
    outcome of its lane alone.  Gaussian elimination written with `where` for the pivots, so that it is the same
    straight-line arithmetic on every reading; LAPACK above 8 unknowns on numbers; exact on symbols.
    """
    if _one(matrix):
        return rhs / matrix
    n = len(rhs)
    first = next(iter(np.asarray(matrix).flat), 0.0)  # of no lanes, numbers
    if is_symbolic(first):
        return Vector(_solve_exactly(sympy.Matrix(matrix), sympy.Matrix(list(rhs))))
    if n > 8 and not isinstance(first, Reading):
        lanes = np.moveaxis(matrix.reshape(n, n, -1), -1, 0), np.moveaxis(rhs.reshape(n, -1), -1, 0)
        try:
            solution = np.linalg.solve(lanes[0], lanes[1][..., None])[..., 0]
        except np.linalg.LinAlgError:  # one singular lane must not stop the others
            solution = np.array([_solve_or_nan(a, b) for a, b in zip(*lanes, strict=True)])
        return np.moveaxis(solution, 0, -1).reshape(rhs.shape)
    with np.errstate(all="ignore"):
        return _eliminate([list(row) for row in matrix], list(rhs))


def _solve_exactly(matrix: sympy.Matrix, rhs: sympy.Matrix) -> sympy.Matrix:
    """By fractions in lowest terms where the entries are quotients of polynomials, which does not swell."""
    if len(rhs) > 3:
        left, right = (sympy.polys.matrices.DomainMatrix.from_Matrix(x) for x in (matrix, rhs))
        left, right = left.to_field().unify(right.to_field())
        if not left.domain.is_EX:
            return left.lu_solve(right).to_Matrix()
    return matrix.LUsolve(rhs)


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


def vector(entries: Iterable[Quantity]) -> Array:
    """Coordinates stacked to `(dim,)` or `(dim, lanes)` on numbers, a `Vector` on every other reading."""
    entries = list(entries)
    if any(isinstance(e, Reading) or is_symbolic(e) for e in entries):
        return Vector(entries)
    return np.array(np.broadcast_arrays(*entries))


def _one(matrix) -> bool:
    """Whether it is the matrix of one coordinate, a number that is not an array."""
    return is_symbolic(matrix) or isinstance(matrix, Reading)


def diagonal(matrix: Quantity) -> Quantity:
    """The diagonal, (dim,) or (dim, lanes), of a matrix of shape (dim, dim), (dim, dim, lanes), or of one symbol."""
    return matrix if _one(matrix) else vector(matrix[i, i] for i in range(len(matrix)))


def add_diagonal(matrix: Quantity, value: Quantity) -> Quantity:
    """`matrix + diag(value)` for a matrix as in `diagonal`;
    value : a number, one per lane, or per coordinate (and lane)."""
    if _one(matrix):
        return matrix + value
    matrix, each = matrix.copy(), np.ndim(value) == np.ndim(matrix) - 1
    for i in range(len(matrix)):
        matrix[i, i] = matrix[i, i] + (value[i] if each else value)
    return matrix


def times(matrix: Quantity, x: Quantity) -> Quantity:
    """`matrix @ x`, shaped as x, (dim,) or (dim, lanes), for a matrix as in `diagonal`; a lane has its own bits."""
    return matrix * x if _one(matrix) else total(np.swapaxes(matrix, 0, 1) * x[:, None])


def gram(J: Quantity) -> Quantity:
    """`Jᵀ J`, (dim, dim) or (dim, dim, lanes), of J of shape (rows, dim) or (rows, dim, lanes), or of one symbol."""
    if _one(J):
        return J**2
    product = np.stack([total(J[:, i:i + 1] * J) for i in range(J.shape[1])])
    return product.view(Vector) if product.dtype == object else product
