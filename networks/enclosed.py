"""The critical points of a loss in a box, all of them, by intervals: what is used where exact algebra does not apply.

The gradient's zeros are searched by `arithmetic.enclose`, level after level: boxes that are left at one width hang
together in clusters, and a cluster is either cut further or, where the Hessian is singular, tried by an argument of its
own: an exact point that is proved isolated (`blowup`).  What no argument decides is returned as `Open`, never dropped.
"""
from __future__ import annotations

import functools
import itertools
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

import numpy as np

from arithmetic import Program, as_decimals, gradient
from arithmetic.enclose import Search, System, Zero, clusters, inverses, newton, refined
from arithmetic.ends import ROOM, UNIT, above, below
from arithmetic.tape import ExactGraph, Tape, comparisons

from .symmetry import Symmetry, representatives

LEVELS = range(8, 44, 4)  # widths of open boxes, 2^-level of the region
MANY = 20_000  # open boxes from which on a search gives up if they become more and more
CLUSTERS = 40  # clusters of one level that are tried for degenerate points, the largest
SINGULAR = 1e-4  # ratio of eigenvalues from which on a point may be degenerate, which is then decided exactly


class Enclosures:
    """Value, gradient and Hessian of a loss on boxes, its constants as they are.

    executor : of the tapes, "c" or "numpy"; the first that works unless given.
    """

    def __init__(self, loss: Any, executor: str | None = None):
        self.loss, self.dim, self.executor = loss, loss.dim, executor
        self.theta, value, self.residuals = loss.record(ExactGraph())
        self.slope = tuple(gradient(value, self.theta))
        rows = [gradient(g, self.theta) for g in self.slope]
        upper = tuple(rows[min(i, j)][max(i, j)] for i in range(self.dim) for j in range(self.dim))
        self.value = value
        self.smooth = not comparisons(self.program((value,)))  # (the loss; derivatives compare to tell domains)
        self.system = System(self.program(self.slope), self.program(upper), executor)

    def program(self, outputs: Sequence) -> Program:
        return Program(tuple(self.theta), tuple(outputs))

    def gradient_on(self, theta: Sequence, graph: ExactGraph) -> list:
        """∇F at coordinates on a reading made of numbers that are recorded in another exact graph."""
        constants = self.theta[0].graph.constants
        slope = Program((*self.theta, *constants), self.slope)
        return slope(*theta, *(graph.interval(*ends) for ends in constants.values()))

    @cached_property
    def axis_points(self) -> list[tuple]:
        """Exact critical points on the coordinate axes, those that can be written down."""
        from .critical import on_coordinate_axes

        return on_coordinate_axes(self.loss)

    @cached_property
    def values(self) -> Tape:
        return Tape(self.program((self.value,)), self.executor)


@dataclass(frozen=True)
class Open:
    """Boxes that hang together and in which nothing is decided: how many, and the box ((low, high), …) around them."""

    boxes: int
    hull: tuple[tuple[float, float], ...]

    def __str__(self) -> str:
        hull = " × ".join(f"[{a:.9g}, {b:.9g}]" for a, b in self.hull)
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

    V'HV for approximate eigenvectors V is nearly diagonal; Weyl's inequality bounds what is left, Ostrowski's that V is
    not quite orthogonal.
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
class Enclosed:
    """What a search found.  zeros : `Zero`s, one critical point each; isolated : degenerate ones; open : clusters;
    rest : the seconds that the rest would have taken, where that is why it was given up."""

    zeros: list[Zero]
    isolated: list = field(default_factory=list)
    open: list[Open] = field(default_factory=list)
    boxes: int = 0
    finished: bool = True
    rest: float | None = None
    seconds: float = 0.0


def enclosed(enclosures: Enclosures, low, high, deadline: float = np.inf, treat: Callable | None = None,
             families: Sequence = (), group: Sequence[Symmetry] = ()) -> Enclosed:
    """All critical points in the box (low, high).

    treat : a rule (enclosures, point, low, high, deadline) for the boxes of a cluster, (n, boxes), around a point where
    the Hessian is singular: returns what it proved, with `holds(low, high)` for the boxes that are thereby done, or
    None.
    families : manifolds of critical points (`families.Manifold`), whose `holds(low, high)` says where there are no
    others.
    group : symmetries of the loss and the box; one representative of each orbit is searched, and the others follow.
    """
    start = time.perf_counter()
    low, high = np.asarray(low, dtype=float), np.asarray(high, dtype=float)
    search, result = Search(enclosures.system, low, high), Enclosed([])
    tried: list[np.ndarray] = []  # points
    search.keep = lambda a, b: representatives(group, a, b) & ~np.logical_or.reduce(
        [np.zeros(a.shape[1], dtype=bool), *(p.holds(a, b) for p in result.isolated)])
    if families:
        search.settle = functools.partial(_settled, families)
    counts = []
    for level in LEVELS:
        result.finished = search.run((high - low) * 2.0**-level, deadline)
        a, b = search.open
        counts.append(a.shape[1])
        share = np.prod((b - a) / (high - low)[:, None], axis=0).sum()
        if not result.finished or not counts[-1] or _hopeless(counts, share):
            break
        if treat is not None:
            _treat(enclosures, search, result, treat, tried, deadline)
    a, b = search.open
    result.open = [Open(len(k), tuple(zip(a[:, k].min(axis=1).tolist(), b[:, k].max(axis=1).tolist(), strict=True)))
                   for k in grouped(a, b)]
    if search.open[0].shape[1]:
        for zero in located(enclosures, low, high):
            search.add(zero)
    for zero, g in itertools.product(tuple(search.found), group):
        outer, inner = g.box(zero.low, zero.high), g.box(zero.inner_low, zero.inner_high)
        search.add(Zero(*outer, *inner))
    result.zeros, result.boxes, result.rest = search.found, search.boxes, search.rest
    result.seconds = time.perf_counter() - start
    return result


def _settled(families: Sequence, low, high) -> np.ndarray:
    """Which boxes one of the families holds; a later one is asked where no earlier one does."""
    done = np.zeros(low.shape[1], dtype=bool)
    for family in families:
        done[~done] = family.holds(low[:, ~done], high[:, ~done])
    return done


def _hopeless(counts: list[int], share: float) -> bool:
    """Whether ever more boxes are left from level to level, as around a curve of zeros, or much of the region."""
    return counts[-1] > MANY and (share > 0.05 or (len(counts) > 2 and counts[-1] > 2 * counts[-2] > 4 * counts[-3]))


def located(enclosures: Enclosures, low, high, starts: int = 1000, steps: int = 40) -> list[Zero]:
    """Critical points that Newton's method finds from starts in the box (of a fixed seed), each proved."""
    loss = enclosures.loss
    theta = np.random.default_rng(0).uniform(low[:, None], high[:, None], (loss.dim, starts))
    middle, width = (low / 2 + high / 2)[:, None], (high - low)[:, None]
    with np.errstate(all="ignore"):
        for _ in range(steps):
            theta = theta - np.einsum("ijl,jl->il", inverses(loss.hessian(theta)), loss.gradient(theta))
            theta = theta[:, (np.abs(theta - middle) <= 1.5 * width).all(axis=0)]
            if not theta.shape[1]:
                return []
        theta = np.unique(np.round(theta, 7), axis=1)  # (near the points: the test below moves on from there)
        for _ in range(3):
            theta = theta - np.einsum("ijl,jl->il", inverses(loss.hessian(theta)), loss.gradient(theta))
        radius = np.broadcast_to(1e-8 * (high - low)[:, None], theta.shape)
        test = newton(enclosures.system, theta, radius)
    found = np.flatnonzero(test.unique)
    a, b = below(theta - radius)[:, found], above(theta + radius)[:, found]
    inner = refined(enclosures.system, a, b)
    return [Zero(*ends) for ends in zip(a.T, b.T, inner[0].T, inner[1].T, strict=True)]


def every_zero(system: System, low, high, deadline: float, keep=None, settle=None) -> tuple[Search, bool]:
    """The search for all zeros in a box, to finer and finer boxes, and whether it came to its end in time."""
    low, high = np.asarray(low, dtype=float), np.asarray(high, dtype=float)
    search, finished = Search(system, low, high, keep, settle), True
    for level in LEVELS:
        finished = search.run((high - low) * 2.0**-level, deadline)
        if not finished or not search.open[0].shape[1]:
            break
    return search, finished


def grouped(low, high, most: int = 4000) -> list[np.ndarray]:
    """The clusters of boxes; all in one where they are too many to be told apart."""
    n = low.shape[1]
    groups = clusters(low, high) if n <= most else [np.arange(n)]
    return sorted(groups, key=lambda k: tuple(low[:, k].min(axis=1)))


def _treat(enclosures, search, result, treat, tried, deadline) -> None:
    """Try the argument for degenerate points on the clusters, and leave out the boxes that it decides."""
    low, high = search.open
    if low.shape[1] > MANY:
        return
    groups = sorted(grouped(low, high), key=len, reverse=True)[:CLUSTERS]
    hulls = np.array([(low[:, k].min(axis=1), high[:, k].max(axis=1)) for k in groups])
    reach = (search.region[1] - search.region[0]) / 32
    points = stationary(enclosures.loss, (hulls[:, 0] / 2 + hulls[:, 1] / 2).T, reach)
    before = len(result.isolated)
    for cluster, point in zip(groups, points.T, strict=True):
        if time.perf_counter() > deadline:
            break
        if not np.isfinite(point).all() or any(np.abs(point - t).max() <= 1e-3 * (1 + np.abs(t).max()) for t in tried):
            continue
        tried.append(point)
        found = treat(enclosures, point, low[:, cluster], high[:, cluster], deadline)
        if found is not None:
            result.isolated.append(found)
    if len(result.isolated) > before:
        keep = search.keep(low, high)
        search.resume(low[:, keep], high[:, keep])


def stationary(loss, starts: np.ndarray, reach: np.ndarray, steps: int = 80) -> np.ndarray:
    """Where |∇F|² is least near each of the starts (n, k), by Levenberg and Marquardt's method; NaN where the Hessian
    is not nearly singular there or the point is farther away than `reach` (n,)."""
    eye = np.eye(loss.dim)
    with np.errstate(all="ignore"):
        theta, damping = starts.copy(), np.full(starts.shape[1], 1e-3)
        slope, H = loss.gradient(theta), np.moveaxis(loss.hessian(theta), -1, 0)
        for _ in range(steps):
            normal = H.transpose(0, 2, 1) @ H
            size = np.trace(normal, axis1=1, axis2=2)
            good = np.isfinite(size) & (size > 0) & np.isfinite(slope).all(axis=0)
            matrix = np.where(good[:, None, None], normal / size[:, None, None] + damping[:, None, None] * eye, eye)
            right = np.where(good[:, None], np.einsum("kij,ik->kj", H, slope) / size[:, None], 0.0)
            trial = theta - np.linalg.solve(matrix, right[..., None])[..., 0].T
            new = loss.gradient(trial)
            better = good & ((new**2).sum(axis=0) < (slope**2).sum(axis=0))
            theta, slope = np.where(better, trial, theta), np.where(better, new, slope)
            damping = np.clip(np.where(better, damping / 10, damping * 10), 1e-14, 1e3)
            H = np.moveaxis(loss.hessian(theta), -1, 0)
        values = np.abs(np.linalg.eigvalsh(np.where(np.isfinite(H), H, 1.0)))
        near = (np.abs(theta - starts) <= reach[:, None]).all(axis=0) & np.isfinite(H).all(axis=(1, 2))
        around = [np.abs(loss.hessian(theta + sign * reach[:, None])).max(axis=(0, 1)) for sign in (-1, 1)]
        size = np.maximum(values.max(axis=1), np.nan_to_num(np.minimum(*around), posinf=0))
        singular = values.min(axis=1) <= SINGULAR * size
    return np.where(near & singular, theta, np.nan)


def refined_digits(enclosures: Enclosures, box: np.ndarray, n: int) -> tuple:
    """The coordinates of the one critical point in a box (dim, 2) with n right digits after the point.

    Newton's method with the inverse Y of the Hessian in floats, on numbers of many digits: as |I − Y H| ≤ M < 1 on the
    box, a point t of it is within (I − M)⁻¹ |Y ∇F(t)| of the zero, whatever the precision of Y.
    """
    import mpmath
    import sympy

    loss = enclosures.loss
    low, high = box.T
    middle = low / 2 + high / 2
    radius = np.maximum(high - middle, middle - low) + 1e-10 * np.abs(box).max() + np.finfo(float).tiny
    test = newton(enclosures.system, middle[:, None], radius[:, None])
    contraction = test.mixing[..., 0]
    if not test.usable[0] or contraction.sum(axis=1).max() >= 0.5:
        raise ValueError(f"the Hessian is too nearly singular in {box.tolist()} to refine the point there in floats")
    Y = np.linalg.inv((test.slopes[0] / 2 + test.slopes[1] / 2)[..., 0])
    expressions = [as_decimals(loss.expression).diff(s) for s in loss.symbols]
    with mpmath.workdps(n + 30 + int(max(0, np.log10(1 + np.abs(box).max())))):
        gradient_at = sympy.lambdify(loss.symbols, expressions, "mpmath")
        point, Y = mpmath.matrix([mpmath.mpf(float(x)) for x in middle]), mpmath.matrix(Y.tolist())
        for _ in range(4 * n + 20):
            step = Y * mpmath.matrix(gradient_at(*point))
            point = point - step
            size = max(abs(s) for s in step)
            if size * 4 < mpmath.mpf(10) ** -(n + 2):  # (I − M)⁻¹ is at most 2, and Y was not inverted exactly
                break
        else:
            raise ValueError(f"Newton's method did not come to {n} digits in {box.tolist()}")
        if any(not a - radius[i] <= x <= b + radius[i] for i, (x, (a, b)) in enumerate(zip(point, box, strict=True))):
            raise ValueError(f"Newton's method left the box {box.tolist()}")
        whole = [len(str(int(abs(x)))) for x in point]
        return tuple(sympy.Float(x, n + digits) for x, digits in zip(point, whole, strict=True))
