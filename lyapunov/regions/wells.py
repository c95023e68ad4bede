"""Wells: the part of {F < c} around a minimum that provably holds no other critical point,
and the level c it reaches."""
from __future__ import annotations

import functools
import itertools
import operator
from dataclasses import dataclass, field

import numpy as np
import sympy
from numpy.typing import ArrayLike

from arithmetic import Interval, Printed, Vector, entry, short
from networks import CriticalPoint, Loss, Nature, Objective, coercive, complete, kinked

CELLS, FINER = {1: 4096, 2: 512, 3: 64}, 4  # per side of a covering, and how many times more where these do not do
MARGIN = sympy.Rational(63, 64)   # a covering stops this far on the way from F(θ*) to a critical level


@dataclass(frozen=True, eq=False)
class Well(Printed):
    """The component C of {F < level} around a minimum; θ* is its only critical point.

    level : exact; ∞ where C is the whole space.  inner : a level ≤ `level` at which C is covered by `cells`, boxes of
    `size` with corners `low` + size·cells.  argument : why, in words.
    """

    loss: Loss = field(repr=False)
    point: CriticalPoint
    level: sympy.Expr
    inner: float
    low: np.ndarray = field(repr=False)
    size: np.ndarray = field(repr=False)
    cells: np.ndarray = field(repr=False)
    argument: tuple[str, ...] = field(repr=False)

    def __str__(self):
        where = ", ".join(map(str, self.point.theta))
        return (f"the part of {{F < {short(self.level)}}} connected with ({where}) holds no other critical point\n"
                + entry("because", *self.argument))

    @property
    def height(self) -> sympy.Expr:
        """level − F(θ*): what it takes to leave."""
        return self.level - self.point.value

    def holds(self, theta: ArrayLike) -> np.ndarray:
        """Whether θ, (dim,) or (dim, lanes), lies in a cell of the covering (or anywhere, if the level is ∞)."""
        theta = np.asarray(theta, dtype=float)
        if self.level == sympy.oo:
            return np.isfinite(theta).all(axis=0)
        lanes = theta.reshape(self.loss.dim, -1)
        index = np.floor((lanes - self.low[:, None]) / self.size[:, None])
        inside = ((index >= 0) & (index < np.array(self.cells.shape)[:, None])).all(axis=0)
        found = np.zeros(lanes.shape[1], dtype=bool)
        found[inside] = self.cells[tuple(index[:, inside].astype(int))]
        return found.reshape(theta.shape[1:])


@functools.lru_cache(maxsize=64)
def well(loss: Objective, point: CriticalPoint) -> Well:
    """The well of a strict minimum: as high as can be proved.

    Levels are tried from below: the values of the other critical points.  For each, the box is covered by cells, those
    where interval arithmetic proves F ≥ c are dropped, and the cells connected with θ* must stay away from the border
    and hold no other critical point: by the exact list of them where that is complete, otherwise because the gradient
    does not vanish on a cell or F is convex around θ*.  For coercive polynomials the level itself is exact: between the
    covering and the next critical value nothing can change (no critical point: descent deforms one into the other).
    Raises ValueError where θ* is no strict minimum or no level can be proved.
    """
    if not point.nature.is_strict_minimum or point.family:
        raise ValueError(f"critical_point must be a strict minimum, this is a {point.nature} at {point.theta}")
    if loss.dim not in CELLS:
        raise ValueError(f"{loss.name} has {loss.dim} parameters: coverings are made in up to {max(CELLS)}")
    if loss.expression is None or not loss.recordable:
        raise ValueError(f"{loss.name} is numeric only: a certificate needs its definition; use Loss.from_expression")
    if kinked(loss.expression):  # the Hessian of its pieces says nothing of F around a kink
        raise ValueError(f"{loss.name} has kinks (of max, min or |·|): wells are proved for losses that are smooth")
    return _Search(loss, point).best()


class _Search:
    def __init__(self, loss, point: CriticalPoint):
        self.loss, self.point, self.theta = loss, point, point.numeric
        self.others = [p for p in loss.critical_points() if not _same(p, point)]
        self.complete = complete(loss)
        self.coercive = coercive(loss)
        self.floor = float(sympy.N(point.value, 20))

    def best(self) -> Well:
        if not self.complete and self.point.nature != Nature.MINIMUM:
            raise ValueError(f"no sublevel set around {self.point.theta} can be proved: the Hessian there is singular, "
                             f"and the critical points of {self.loss.name} are not all known exactly")
        found, tried = None, []
        if self.complete and self.coercive and not self.others:
            return Well(self.loss, self.point, sympy.oo, np.inf, np.zeros(self.loss.dim), np.ones(self.loss.dim),
                        np.ones((1,) * self.loss.dim, dtype=bool),
                        (f"θ* is the only critical point, and {self.coercive}: every start ends there",))
        for below, level in itertools.pairwise((self.point.value, *self._levels())):
            inner = float(sympy.N(below + MARGIN * (level - below), 20))
            cover = self._cover(inner, FINER if self.complete and found is None else 1)
            tried.append(level)
            if cover is None:
                break
            found = self._made(level, inner, cover)
        if found is not None:
            return found
        top = tried[0] if tried else self._border()
        for share in (0.9, 0.5, 0.25, 0.125, 0.03):  # the lowest critical level was out of reach: settle for less
            inner = self.floor + share * (float(sympy.N(top)) - self.floor)
            cover = self._cover(inner)
            if cover is not None:
                return self._made(None, inner, cover)
        raise ValueError(f"no sublevel set around {self.point.theta} could be proved to be a well")

    def _levels(self) -> list:
        """Values of critical points that may lie on the border of the well, from below.

        A well that holds two strict minima holds a third critical point that is none (mountain pass), so values of
        strict minima do not count.
        """
        values = {p.value for p in self.others if not p.nature.is_strict_minimum and sympy.sympify(p.value).is_number}
        above = [v for v in values if float(sympy.N(v, 20)) > self.floor * (1 + 1e-12) + 1e-300]
        return sorted(above, key=lambda v: sympy.N(v, 30))

    def _made(self, level, inner: float, cover) -> Well:
        cells, low, size, how = cover
        exact = sympy.Rational(inner)
        steps = [f"{int(cells.sum())} cells of {' × '.join(f'{s:.3g}' for s in size)} around θ* cover the part C of "
                 f"{{F < {inner:.6g}}} that is connected with θ*: F >= {inner:.6g} on all cells next to them (interval "
                 "arithmetic), so C is bounded", how]
        if level is not None and self.complete and self.coercive and not sympy.sympify(level).has(sympy.Float):
            exact = level
            steps.append(f"{self.coercive}, and no critical point that is not a strict minimum has a value in "
                         f"[{inner:.6g}, {level}): descent deforms the part of {{F < {level}}} into C, so the same "
                         "holds for it")
        return Well(self.loss, self.point, exact, inner, low, size, cells, tuple(steps))

    def _border(self) -> float:
        """A lower bound of F on the border of the loss's box."""
        low, high = np.array(self.loss.box).T
        n, bounds = CELLS[self.loss.dim], []
        for i in range(self.loss.dim):
            for end in (low[i], high[i]):
                edges = [np.linspace(a, b, n + 1) for a, b in zip(low, high, strict=True)]
                lows = np.meshgrid(*[np.array([end]) if j == i else e[:-1] for j, e in enumerate(edges)], indexing="ij")
                highs = np.meshgrid(*[np.array([end]) if j == i else e[1:] for j, e in enumerate(edges)], indexing="ij")
                bounds.append(self._below(np.array([x.ravel() for x in lows]),
                                          np.array([x.ravel() for x in highs])).min())
        return min(bounds)

    # --------------------------------------------------------------------------------------------- coverings
    def _cover(self, level: float, finer: int = 1):
        """(cells, corner, size, argument) of the connected covering of {F < level} around θ*, or None if it proves
        nothing.

        The box grows while the covering touches its border, then shrinks around the covering for smaller cells.
        """
        from scipy.ndimage import label

        if not level > self.floor:
            return None
        low, high = np.array(self.loss.box).T
        low, high = np.minimum(low, self.theta - (high - low) / 4), np.maximum(high, self.theta + (high - low) / 4)
        n, fine = CELLS[self.loss.dim], finer * CELLS[self.loss.dim]
        for _ in range(12):
            cells, size = self._alive(low, high, level, n)
            at = tuple(np.floor((self.theta - low) / size).astype(int))
            if min(at) < 0 or any(i >= n for i, n in zip(at, cells.shape, strict=True)) or not cells[at]:
                return None
            parts, _ = label(cells, structure=np.ones((3,) * cells.ndim))
            part = parts == parts[at]
            used = np.argwhere(part)
            first, last = used.min(axis=0), used.max(axis=0) + 1
            if (first == 0).any() or (last == cells.shape).any():
                low, high = low - (high - low) / 2, high + (high - low) / 2
                continue
            how = self._only(part, low, size)
            if how:
                return part, low, size, how
            new = low + (first - 1) * size, low + (last + 1) * size
            if np.prod(new[1] - new[0]) > 0.7 * np.prod(high - low):
                if n >= fine:
                    return None
                n *= 2
            low, high = new
        return None

    def _alive(self, low, high, level: float, n: int):
        """The cells of a box, n per side, on which F ≥ level is not proved, by halving those that are left."""
        dim = self.loss.dim
        side, index = 8, np.array(np.meshgrid(*[np.arange(8)] * dim, indexing="ij")).reshape(dim, -1)
        while True:
            size = (high - low) / side
            corner = low[:, None] + index * size[:, None]
            keep = ~(self._below(corner, low[:, None] + (index + 1) * size[:, None]) >= level)
            index = index[:, keep]
            if side == n:
                break
            side *= 2
            halves = np.array(np.meshgrid(*[[0, 1]] * dim, indexing="ij")).reshape(dim, 1, -1)
            index = (2 * index[:, :, None] + halves).reshape(dim, -1)
        cells = np.zeros((n,) * dim, dtype=bool)
        cells[tuple(index)] = True
        return cells, size

    def _below(self, low, high) -> np.ndarray:
        """Lower bounds of F on boxes: the best of the natural form and of Taylor's of first and second order."""
        box = _boxes(low, high)
        middle = (low + high) / 2
        centre = Vector(Interval(m, m) for m in middle)
        step = [x - Interval(m, m) for x, m in zip(box, middle, strict=True)]
        with np.errstate(all="ignore"):
            value, bounds = self.loss.value(centre), [self.loss.value(box).low]
            slope, curvature = self.loss.gradient(box), self.loss.hessian(box)
            bounds.append(_sum([value, *(g * d for g, d in zip(slope, step, strict=True))]).low)
            second = [Interval(0.5, 0.5) * curvature[i, j] * (d * e if i != j else d * d)
                      for i, d in enumerate(step) for j, e in enumerate(step)]
            first = [g * d for g, d in zip(self.loss.gradient(centre), step, strict=True)]
            bounds.append(_sum([value, *first, *second]).low)
        shaped = [np.broadcast_to(b, low.shape[1:]) for b in bounds]
        return np.max(np.where(np.isnan(shaped), -np.inf, shaped), axis=0)

    # ------------------------------------------------------------------------- no other critical point in the cells
    def _only(self, part, low, size) -> str:
        """Why the cells hold no critical point besides θ*; empty where that is not proved."""
        if self.complete:
            clear = not any(self._meets(p, part, low, size) for p in self.others)
            return "θ* is the only one of all critical points of F (known exactly) in these cells" if clear else ""
        cells = np.argwhere(part).T
        lows = low[:, None] + cells * size[:, None]
        highs = lows + size[:, None]
        first, last = cells.min(axis=1), cells.max(axis=1) + 1
        centre = np.floor((self.theta - low) / size).astype(int)
        reach = max(1, int(max((centre - first).max(), (last - centre).max())))
        while reach >= 1:  # a box K of cells around θ* on which F is convex
            inside = (np.abs(cells - centre[:, None]) <= reach).all(axis=0)
            corners = low[:, None] + (centre[:, None] + _cube(self.loss.dim, reach)) * size[:, None]
            if self._convex(corners, corners + size[:, None]):
                outside = ~inside
                if not outside.any() or self._slopes(lows[:, outside], highs[:, outside]):
                    return ("∇F does not vanish on these cells except in a box around θ* on which the Hessian is "
                            "positive definite (interval arithmetic), so θ* is the only critical point")
            reach //= 2
        return ""

    def _meets(self, p: CriticalPoint, part, low, size) -> bool:
        """Whether a critical point (or a family of them) may lie in a cell, up to rounding."""
        if p.family:
            return True
        lanes = p.numeric[:, None] + 1e-9 * (1 + np.abs(p.numeric[:, None])) * _cube(self.loss.dim, 1)
        index = np.floor((lanes - low[:, None]) / size[:, None]).astype(int)
        inside = ((index >= 0) & (index < np.array(part.shape)[:, None])).all(axis=0)
        return bool(part[tuple(index[:, inside])].any())

    def _convex(self, low, high) -> bool:
        hessian, n = self.loss.hessian(_boxes(low, high)), self.loss.dim
        minors = [hessian[0, 0]]
        if n > 1:
            minors.append(hessian[0, 0] * hessian[1, 1] - hessian[0, 1] * hessian[0, 1])
        if n > 2:
            minors.append(_sum([hessian[0, 0] * (hessian[1, 1] * hessian[2, 2] - hessian[1, 2] * hessian[1, 2]),
                                -(hessian[0, 1] * (hessian[0, 1] * hessian[2, 2] - hessian[1, 2] * hessian[0, 2])),
                                hessian[0, 2] * (hessian[0, 1] * hessian[1, 2] - hessian[1, 1] * hessian[0, 2])]))
        return all(bool(np.all(m.low > 0)) for m in minors)

    def _slopes(self, low, high) -> bool:
        """Whether ∇F ≠ 0 on every box."""
        slope = self.loss.gradient(_boxes(low, high))
        return bool(np.all(np.any([np.broadcast_to((g.low > 0) | (g.high < 0), low.shape[1:]) for g in slope], axis=0)))


def _same(p: CriticalPoint, q: CriticalPoint) -> bool:
    return p.theta == q.theta and p.family == q.family


def _boxes(low, high) -> Vector:
    """Boxes, widened by rounding: neighbours overlap, so that nothing lies between them."""
    return Vector(Interval(np.nextafter(a, -np.inf), np.nextafter(b, np.inf)) for a, b in zip(low, high, strict=True))


def _cube(dim: int, reach: int) -> np.ndarray:
    return np.array(np.meshgrid(*[np.arange(-reach, reach + 1)] * dim, indexing="ij")).reshape(dim, -1)


def _sum(terms):
    return functools.reduce(operator.add, terms)
