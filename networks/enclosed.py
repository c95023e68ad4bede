"""The critical points of a loss in a box, all of them, by intervals: what is used where exact algebra does not apply.

The gradient's zeros are searched by `arithmetic.enclose`, level after level: boxes that are left at one width hang together in
clusters, and a cluster is either cut further or, where the Hessian is singular, tried by an argument of its own: an exact
point that is proved isolated (`blowup`).  What no argument decides is returned as `Open`, never dropped.
"""
from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass, field
from functools import cached_property

import numpy as np
import sympy

from arithmetic import Program, gradient
from arithmetic.enclose import Newton, Search, System, Zero, clusters, newton, same
from arithmetic.ends import ROOM, UNIT, above, below
from arithmetic.tape import ExactGraph, Tape

LEVELS = range(8, 44, 4)  # widths of open boxes, 2^-level of the region
SINGULAR = 1e-5  # ratio of eigenvalues from which on a point may be degenerate, which is then decided exactly


class Enclosures:
    """Value, gradient and Hessian of a loss on boxes, its constants as they are.

    executor : of the tapes, "c" or "numpy"; the first that works unless given.
    """

    def __init__(self, loss, executor: str | None = None):
        self.loss, self.dim, self.executor = loss, loss.dim, executor
        self.theta, value, self.residuals = loss._record(ExactGraph())
        self.slope = tuple(gradient(value, self.theta))
        rows = [gradient(g, self.theta) for g in self.slope]
        upper = tuple(rows[min(i, j)][max(i, j)] for i in range(self.dim) for j in range(self.dim))
        self.value = value
        self.system = System(self.program(self.slope), self.program(upper), executor)

    def program(self, outputs) -> Program:
        return Program(tuple(self.theta), tuple(outputs))

    @cached_property
    def values(self) -> Tape:
        return Tape(self.program((self.value,)), self.executor)


@dataclass(frozen=True)
class Open:
    """Boxes that hang together and in which nothing is decided: how many, and the box around them, (n,) each."""

    boxes: int
    low: np.ndarray
    high: np.ndarray

    def __str__(self) -> str:
        hull = " × ".join(f"[{a:.9g}, {b:.9g}]" for a, b in zip(self.low, self.high, strict=True))
        return f"critical points in {hull} ({self.boxes} box{'es' * (self.boxes != 1)})"


@dataclass(frozen=True)
class Spectrum:
    """Enclosures of the eigenvalues of a Hessian, in increasing order: low, high (n,)."""

    low: np.ndarray
    high: np.ndarray

    @property
    def signs(self) -> tuple[int, int] | None:
        """How many are positive and how many negative; None where the sign of one is open."""
        positive, negative = int((self.low > 0).sum()), int((self.high < 0).sum())
        return (positive, negative) if positive + negative == len(self.low) else None


def spectrum(low: np.ndarray, high: np.ndarray) -> Spectrum:
    """Enclosures of the eigenvalues of all symmetric matrices between `low` and `high`, (n, n).

    V'HV for approximate eigenvectors V is nearly diagonal; Weyl's inequality bounds what is left, Ostrowski's that V is not
    quite orthogonal.
    """
    n = len(low)
    centre = low / 2 + high / 2
    if not np.isfinite(centre).all():
        return Spectrum(np.full(n, -np.inf), np.full(n, np.inf))
    spread = np.maximum(high - centre, centre - low)
    values, V = np.linalg.eigh((centre + centre.T) / 2)
    size = np.abs(V)
    error = 64 * n * UNIT
    rest = np.abs(V.T @ centre @ V - np.diag(values)) + size.T @ (spread + error * np.abs(centre)) @ size
    radius = (rest.sum(axis=1).max() + error * np.abs(values).max()) * (1 + error) + ROOM
    skew = (np.abs(V.T @ V - np.eye(n)).sum(axis=1).max() + error) * 2
    low, high = values - radius, values + radius
    return Spectrum(below(np.where(low > 0, low * (1 - skew), low * (1 + skew))),
                    above(np.where(high > 0, high * (1 + skew), high * (1 - skew))))


@dataclass
class Isolated:
    """A degenerate critical point, exact, and a box (low, high) around it in which there is no other."""

    theta: tuple
    low: np.ndarray
    high: np.ndarray
    nature: str
    evidence: str


@dataclass
class Enclosed:
    """What a search found.  zeros : `Zero`s, one critical point each; isolated : degenerate ones; families; open : clusters."""

    zeros: list[Zero]
    isolated: list = field(default_factory=list)
    families: list = field(default_factory=list)
    open: list[Open] = field(default_factory=list)
    boxes: int = 0
    finished: bool = True
    seconds: float = 0.0


def enclosed(enclosures: Enclosures, low, high, deadline: float = np.inf, treat: Callable | None = None,
             keep: Callable | None = None) -> Enclosed:
    """All critical points in the box (low, high).

    treat : a rule (enclosures, low, high, deadline) for the boxes of a cluster with a singular Hessian, (n, boxes): returns
    what it proved (with `low`, `high` of a box that is thereby done) or None.
    """
    start = time.perf_counter()
    low, high = np.asarray(low, dtype=float), np.asarray(high, dtype=float)
    search, result, tried = Search(enclosures.system, low, high, keep), Enclosed([]), []
    for level in LEVELS:
        result.finished = search.run((high - low) * 2.0**-level, deadline)
        if not result.finished or not search.open[0].shape[1]:
            break
        if treat is not None:
            _treat(enclosures, search, result, treat, tried, deadline)
    a, b = search.open
    result.open = [Open(len(k), a[:, k].min(axis=1), b[:, k].max(axis=1)) for k in _grouped(a, b)]
    result.zeros, result.boxes, result.seconds = search.found, search.boxes, time.perf_counter() - start
    return result


def _grouped(low, high, most: int = 20_000) -> list[np.ndarray]:
    """The clusters of boxes; all in one where they are too many to be told apart."""
    n = low.shape[1]
    groups = clusters(low, high) if n <= most else [np.arange(n)]
    return sorted(groups, key=lambda k: tuple(low[:, k].min(axis=1)))


def _treat(enclosures, search, result, treat, tried, deadline) -> None:
    """Try the argument for degenerate points on the clusters, and leave out the boxes that it decides."""
    low, high = search.open
    if low.shape[1] > 20_000:
        return
    done = np.zeros(low.shape[1], dtype=bool)
    for cluster in _grouped(low, high):
        a, b = low[:, cluster], high[:, cluster]
        point = _stationary(enclosures.loss, a.min(axis=1), b.max(axis=1))
        if point is None or any(np.abs(point - t).max() <= 1e-6 * (1 + np.abs(t).max()) for t in tried):
            continue
        tried.append(point)
        found = treat(enclosures, point, a, b, deadline)
        if found is not None:
            result.isolated.append(found)
            done |= ((low >= found.low[:, None]) & (high <= found.high[:, None])).all(axis=0)
    if done.any():
        search.resume(low[:, ~done], high[:, ~done])


def _stationary(loss, low, high) -> np.ndarray | None:
    """Where |∇F|² is least near the middle of a box, if the Hessian is nearly singular there."""
    from scipy.optimize import least_squares

    start = low + (high - low) / 2
    scale = 1 + np.abs(loss.hessian(start)).max()
    if not np.isfinite(scale):
        return None
    with np.errstate(all="ignore"):
        found = least_squares(lambda t: loss.gradient(t) / scale, start, lambda t: loss.hessian(t) / scale, method="lm",
                              xtol=1e-15, ftol=1e-15, gtol=1e-15, max_nfev=200).x
        if not np.isfinite(found).all() or (np.abs(found - start) > 4 * (high - low)).any():
            return None
        values = np.abs(np.linalg.eigvalsh(loss.hessian(found)))
    return found if values.min() <= SINGULAR * values.max() or values.max() == 0 else None
