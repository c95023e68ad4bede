"""Polynomials as sums of squares: found in floating point, rounded, and proved exactly."""
from __future__ import annotations

import itertools
from collections.abc import Callable

import numpy as np
import sympy
from sympy import Poly, Rational


def weight(monomial: tuple, weights: tuple) -> sympy.Rational:
    """Σ e_i w_i of a monomial Π x_i^{e_i}."""
    return sum(e * w for e, w in zip(monomial, weights, strict=True))


def sum_of_squares(f: Poly, weights: tuple) -> tuple[list, sympy.Matrix] | None:
    """Monomials z and a positive definite rational G with f = zᵀGz, or None where none is found.

    z holds the pure powers x_i^{d_i/2}, so f is positive except at 0.  G is found in floating point (its smallest
    eigenvalue made large), rounded within the affine space of the solutions and then proved exactly.
    Source: Peyrl & Parrilo 2008.
    """
    gens, coefficients = f.gens, f.as_dict()
    top = [int(Rational(1, 2) / w) for w in weights]
    z = [m for m in itertools.product(*(range(k + 1) for k in top)) if weight(m, weights) == Rational(1, 2)]
    while True:  # a monomial whose square neither f nor another product contains cannot occur
        products: dict[tuple, list] = {}
        for i, j in itertools.combinations_with_replacement(range(len(z)), 2):
            products.setdefault(tuple(a + b for a, b in zip(z[i], z[j], strict=True)), []).append((i, j))
        alone = [i for i in range(len(z)) if len(products[tuple(2 * a for a in z[i])]) == 1
                 and coefficients.get(tuple(2 * a for a in z[i]), 0) <= 0]
        if not alone:
            break
        z = [m for i, m in enumerate(z) if i not in alone]
    if set(coefficients) - set(products) or not all(
            any(m[i] and sum(m) == m[i] for m in z) for i in range(len(gens))):
        return None
    free = [(pairs[0], pair) for pairs in products.values() for pair in pairs[1:]]

    def gram(values, number):
        G = [[number(0)] * len(z) for _ in z]

        def put(pair, value):
            i, j = pair
            G[i][j] = G[i][j] + (value if i == j else value / 2)
            G[j][i] = G[i][j]

        for monomial, pairs in products.items():
            put(pairs[0], number(coefficients.get(monomial, 0)))
        for (first, pair), value in zip(free, values, strict=True):
            put(pair, value)
            put(first, -value)
        return G

    G = rounded(gram, len(free), lambda G: all(G[:k, :k].det() > 0 for k in range(1, len(z) + 1)))
    return None if G is None else ([sympy.prod(x**e for x, e in zip(gens, m, strict=True)) for m in z], G)


def rounded(gram: Callable, n: int, proved: Callable[[sympy.Matrix], bool]) -> sympy.Matrix | None:
    """`gram(entries, Rational)` of the `widest` entries, rounded to as few bits as are needed for what is `proved`."""
    values = widest(gram, n)
    found = (sympy.Matrix(gram([Rational(round(v * 2**bits), 2**bits) for v in values], Rational))
             for bits in (2, 6, 12))
    return next(filter(proved, found), None)


def widest(gram: Callable, n: int) -> np.ndarray:
    """The n free entries of `gram(entries, float)` for which its smallest eigenvalue is large.

    By log-sum-exp smoothing, sharpened.
    """
    from scipy.optimize import minimize

    if n == 0:
        return np.zeros(0)
    base = np.array(gram(np.zeros(n), float))
    directions = [np.array(gram(e, float)) - base for e in np.eye(n)]

    def loss(values, sharp):
        eigenvalues, vectors = np.linalg.eigh(base + np.tensordot(values, directions, axes=1))
        weights = np.exp(-sharp * (eigenvalues - eigenvalues[0]))
        value = -eigenvalues[0] + np.log(weights.sum()) / sharp
        weights /= weights.sum()
        return value, np.array([-(weights * np.einsum("ji,jk,ki->i", vectors, D, vectors)).sum() for D in directions])

    values = np.zeros(n)
    for sharp in (1.0, 10.0, 100.0):
        values = minimize(loss, values, args=(sharp / (1 + np.abs(base).max()),), jac=True, method="BFGS").x
    return values
