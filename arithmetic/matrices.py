"""The words of linear algebra that flows and schemes need, on every reading: a matrix may be one symbol."""
from __future__ import annotations

import numpy as np

from .functions import Reading, Vector, is_symbolic, total, vector


def _one(matrix) -> bool:
    """Whether it is the matrix of one coordinate, a number that is not an array."""
    return is_symbolic(matrix) or isinstance(matrix, Reading)


def diagonal(matrix):
    """The diagonal, (dim,) or (dim, lanes), of a matrix of shape (dim, dim), (dim, dim, lanes), or of one symbol."""
    return matrix if _one(matrix) else vector(matrix[i, i] for i in range(len(matrix)))


def add_diagonal(matrix, value):
    """`matrix + diag(value)` for a matrix as in `diagonal`; value : a number, or one per coordinate."""
    if _one(matrix):
        return matrix + value
    matrix = matrix.copy()
    for i in range(len(matrix)):
        matrix[i, i] = matrix[i, i] + (value[i] if isinstance(value, np.ndarray) else value)
    return matrix


def times(matrix, x):
    """`matrix @ x`, shaped as x, (dim,) or (dim, lanes), for a matrix as in `diagonal`; the bits of a lane are its own."""
    return matrix * x if _one(matrix) else total(np.swapaxes(matrix, 0, 1) * x[:, None])


def gram(J):
    """`Jᵀ J`, (dim, dim) or (dim, dim, lanes), of J of shape (rows, dim) or (rows, dim, lanes), or of one symbol."""
    if _one(J):
        return J**2
    product = np.stack([total(J[:, i:i + 1] * J) for i in range(J.shape[1])])
    return product.view(Vector) if product.dtype == object else product
