"""Real zeros of a polynomial system that are as many as it can have.

The quotient algebra of a system has as many dimensions as there are complex zeros, multiple ones counted so.  Where
intervals certify as many real ones, apart from each other, there are no more, and all are simple: no root of a
polynomial in one variable, and no trace form, is needed.  The candidates are approximate: zeros are common left
eigenvectors of the multiplications, and Newton's method improves them.
"""
from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from sympy import Rational
from sympy.polys.rings import PolyElement

from arithmetic import Program
from arithmetic.enclose import System, inverses, newton, refined
from arithmetic.ends import above, below
from arithmetic.tape import Tape, recorded

from .algebra import Quotient

REACH = 1e-7  #: of the boxes that are certified, relative to the size of the coordinates
SMALL = 1000  #: denominators of exact coordinates that are tried


@dataclass(frozen=True)
class Counted:
    """low, high : (n, zeros), boxes that hold one zero each.  values : enclosures of F, (2, zeros).  slopes : of the
    Hessian, (2, n, n, zeros)."""

    low: np.ndarray
    high: np.ndarray
    values: np.ndarray
    slopes: np.ndarray


def counted(algebra: Quotient, f: PolyElement, slope: Sequence[PolyElement]) -> Counted | None:
    """All zeros of a gradient in as many coordinates, f's, where they are real and simple; else None."""
    n = len(slope)
    system, value = _system(f, slope)
    with np.errstate(all="ignore"):
        theta = candidates(algebra)
        for _ in range(4):
            a, b, _ = system.slopes(theta, theta)
            g = system.values(theta, theta)
            theta = theta - np.einsum("ijl,jl->il", inverses(a / 2 + b / 2), g[0] / 2 + g[1] / 2)
        theta = theta[:, np.isfinite(theta).all(axis=0)]
        radius = REACH * (1 + np.abs(theta))
        test = newton(system, theta, radius)
    theta, radius = theta[:, test.unique], radius[:, test.unique]
    if theta.shape[1] < algebra.dim:
        return None
    low, high = refined(system, below(theta - radius), above(theta + radius))
    a, b = low[:, :, None] > high[:, None, :], high[:, :, None] < low[:, None, :]
    if not ((a | b).any(axis=0) | np.eye(theta.shape[1], dtype=bool)).all():
        return None
    return Counted(low, high, np.vstack(value(low, high)[:2]),
                   np.array([*system.slopes(low, high)[:2]]).reshape(2, n, n, -1))


def candidates(algebra: Quotient) -> np.ndarray:
    """The real zeros in floats, (n, zeros), roughly: of the multiplication by a mixed form, the left eigenvectors."""
    n, size = algebra.ring.ngens, algebra.dim
    matrix = np.zeros((size, size))
    weights = np.random.default_rng(0).uniform(1, 2, n)  # that tell the zeros apart
    for weight, (denominator, columns) in zip(weights, algebra.multiplications, strict=True):
        for j, column in enumerate(columns):
            for i, x in column:
                try:
                    matrix[i, j] += weight * (x / denominator)  # of two long integers a float
                except OverflowError:  # no float is that long
                    return np.empty((n, 0))
    vectors = np.linalg.eig(matrix.T)[1]
    vectors = vectors / vectors[0]  # (of the monomial 1)
    units = [tuple(int(i == j) for j in range(n)) for i in range(n)]
    if not all(u in algebra.index for u in units):  # a coordinate is a combination of others: not of the basis
        return np.empty((n, 0))
    theta = vectors[[algebra.index[u] for u in units]]
    return np.real(theta[:, np.abs(theta.imag).max(axis=0) <= 1e-4 * (1 + np.abs(theta).max(axis=0))])


def exact(low: np.ndarray, high: np.ndarray, slope: Sequence[PolyElement]) -> tuple | None:
    """The zero in a box in small fractions, if it is one."""
    theta = [Rational(float(a / 2 + b / 2)).limit_denominator(SMALL) for a, b in zip(low, high, strict=True)]
    if not all(a <= x <= b for a, x, b in zip(low.tolist(), theta, high.tolist(), strict=True)):
        return None
    ring = slope[0].ring
    at = [(x, ring.domain.from_sympy(v)) for x, v in zip(ring.gens, theta, strict=True)]
    return tuple(theta) if all(g.evaluate(at) == 0 for g in slope) else None


def _system(f: PolyElement, slope: Sequence[PolyElement]) -> tuple[System, Tape]:
    polynomials, n = (*slope, *(g.diff(x) for g in slope for x in f.ring.gens), f), len(slope)
    whole = recorded((p.as_expr() for p in polynomials), f.ring.symbols)
    values, second, value = (Program(whole.inputs, part) for part in (
        whole.outputs[:n], whole.outputs[n:-1], whole.outputs[-1:]))
    return System(values, second), Tape(value)
