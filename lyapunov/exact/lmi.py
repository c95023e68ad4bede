"""A small linear matrix inequality in floats: candidates, which are rounded or solved for and then proved exactly."""
from __future__ import annotations

from typing import NamedTuple

import numpy as np

LARGEST = 1e4  # of the multipliers, in units of the data


class Inside(NamedTuple):
    """A point of {λ ≥ 0, A λ = b, S₀ − Σ λ_k S_k ≽ 0} as far inside as was found: `depth` below 0 is outside."""

    depth: float
    multipliers: np.ndarray


def deepest(S0: np.ndarray, S: np.ndarray, A: np.ndarray, b: np.ndarray, enough: float = 1.0) -> Inside:
    """The multipliers for which the smallest of λ and of the eigenvalues of S₀ − Σ λ_k S_k is largest (at most 1).

    S0 : (d, d).  S : (n, d, d).  A : (m, n).  b : (m,).  enough : a depth at which to stop.  By Newton's method on the
    logarithmic barrier.
    """
    n = len(S)
    scale = np.abs(S0).max(initial=0.0) + np.abs(b).max(initial=0.0) or 1.0
    S0, b = S0 / scale, b / scale
    start, *_ = np.linalg.lstsq(A, b, rcond=None) if len(A) else (np.zeros(n),)
    if len(A) and np.abs(A @ start - b).max() > 1e-9:
        return Inside(-np.inf, start)
    _, sizes, rows = np.linalg.svd(A) if len(A) else (None, np.zeros(0), np.eye(n))
    N = rows[(sizes > 1e-11).sum():].T
    d, free = len(S0), N.shape[1]
    base = S0 - np.tensordot(start, S, axes=1)
    moves = np.concatenate([-np.tensordot(N.T, S, axes=1), -np.eye(d)[None]])
    rows = np.hstack([N, -np.ones((n, 1))])  # of λ − t
    z = np.zeros(free + 1)
    z[-1] = min(np.linalg.eigvalsh(base).min(initial=1.0), start.min(initial=1.0), 0.0) - 1.0

    def barrier(z, weight):
        room = 1 - z[-1], LARGEST**2 - z[:-1] @ z[:-1]
        slack, M = start + rows @ z, base + np.tensordot(z, moves, axes=1)
        eigenvalues = np.linalg.eigvalsh(M)
        if min(slack.min(initial=1.0), eigenvalues.min(initial=1.0), *room) <= 0:
            return np.inf, M, slack, room
        return -weight * z[-1] - np.log(eigenvalues).sum() - np.log(slack).sum() - np.log(room).sum(), M, slack, room

    for weight in 10.0 ** np.arange(0, 10):
        for _ in range(40):
            value, M, slack, room = barrier(z, weight)
            inverse = np.linalg.inv(M)
            turned = inverse @ moves
            gradient = -np.trace(turned, axis1=1, axis2=2) - rows.T @ (1 / slack)
            hessian = np.tensordot(turned, turned, axes=([1, 2], [2, 1])) + (rows.T / slack**2) @ rows
            gradient[-1] += 1 / room[0] - weight
            hessian[-1, -1] += 1 / room[0] ** 2
            gradient[:-1] += 2 * z[:-1] / room[1]
            hessian[:-1, :-1] += 2 * np.eye(free) / room[1] + 4 * np.outer(z[:-1], z[:-1]) / room[1] ** 2
            step = -np.linalg.lstsq(hessian, gradient, rcond=None)[0]
            size, fall = 1.0, gradient @ step
            while size > 1e-10 and barrier(z + size * step, weight)[0] > value + 0.1 * size * fall:
                size /= 2
            if size <= 1e-10:
                break
            z = z + size * step
            if -fall < 1e-9:
                break
        if z[-1] > enough:
            break
    return Inside(float(z[-1]), scale * (start + N @ z[:-1]))
