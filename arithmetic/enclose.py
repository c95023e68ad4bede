"""All zeros of a system in a box, proved: branch and prune on interval tapes.

A box is thrown away when an interval proves that no zero lies in it, and is done when the Krawczyk test proves that
exactly one lies in a box around it.  What neither is proved for is cut in two; what stays is returned, never dropped.

Per box X with midpoint m: the natural extension g(X); the rows of the mean-value form g(m) + G(X)(X − m); the same
preconditioned by Y ≈ G(m)⁻¹, coordinate by coordinate (Hansen–Sengupta); the uniqueness test on the box itself,
somewhat enlarged, before anything is contracted, since a contraction presumes a zero.  All bounds are rounded outward.

Sources: Krawczyk 1969; Hansen & Sengupta 1981; Neumaier 1990, chapter 5; Hansen & Walster 2004 (mean-value rows,
smear).
"""
from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from .ends import ROOM, UNIT, above, below
from .recorder import Program
from .tape import Tape

BATCH = 4096  # boxes that are worked on at once
CUT = 0.492  # where a box is cut: not in the middle, where zeros of symmetric systems lie
ROOM_AROUND = 1 / 16  # by how much of its radius a box is enlarged for the uniqueness test
LOOK, FAR = 2.0, 30.0  # seconds after which a search looks how far it is, and how many times its time the rest may take
PROGRESS = 0.3  # a box whose width falls by this share is contracted again before it is cut


class System:
    """A map g from n coordinates to n numbers and its Jacobian G, on boxes.

    values, slopes : exactly recorded programs with n and n·n outputs.
    """

    def __init__(self, values: Program, slopes: Program, executor: str | None = None):
        self.dim = len(values.inputs)
        if len(values.outputs) != self.dim or len(slopes.outputs) != self.dim**2:
            raise ValueError(f"a system in {self.dim} coordinates has as many values and {self.dim**2} slopes, got "
                             f"{len(values.outputs)} and {len(slopes.outputs)}")
        self.values, self._slopes = Tape(values, executor), Tape(slopes, executor, source=values)

    @classmethod
    def of(cls, values: Program, executor: str | None = None) -> System:
        """A map with the Jacobian that is derived from it."""
        return cls(values, values.jacobian(), executor)

    def slopes(self, low, high) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        """Ends of G on boxes, (n, n, boxes), and whether the system is smooth in each."""
        a, b, smooth = self._slopes(low, high)
        return a.reshape(self.dim, self.dim, -1), b.reshape(self.dim, self.dim, -1), smooth


@dataclass(frozen=True)
class Zero:
    """A box with exactly one zero in it, and a small box that holds it.

    low, high : (n,), of the box in which it is the only zero.  inner_low, inner_high : (n,), around the zero.
    """

    low: np.ndarray
    high: np.ndarray
    inner_low: np.ndarray
    inner_high: np.ndarray

    @property
    def middle(self) -> np.ndarray:
        return self.inner_low + (self.inner_high - self.inner_low) / 2

    def holds(self, low, high) -> np.ndarray:
        """Whether boxes (n, ...) lie in the box in which the zero is the only one."""
        shape = (-1, *[1] * (np.ndim(low) - 1))
        return ((low >= self.low.reshape(shape)) & (high <= self.high.reshape(shape))).all(axis=0)


@dataclass
class Newton:
    """What the Krawczyk test says of boxes m ± r: (n, boxes) each, but for `usable`.

    shift, noise : Y g(m) lies in shift ± noise.  mixing : (n, n, boxes), at least |I − Y G| on the box.
    usable : (boxes,), whether all of it is finite and the system smooth there.
    """

    middle: np.ndarray
    radius: np.ndarray
    shift: np.ndarray
    noise: np.ndarray
    mixing: np.ndarray
    usable: np.ndarray
    slopes: tuple[np.ndarray, np.ndarray]
    values: tuple[np.ndarray, np.ndarray]

    @property
    def reach(self) -> np.ndarray:
        """A zero of the box lies within `reach` of m − shift."""
        return _up(self.noise + _sum(self.mixing * self.radius))

    @property
    def unique(self) -> np.ndarray:
        """Whether the box provably holds exactly one zero."""
        return self.usable & (_up(np.abs(self.shift) + self.reach) < self.radius).all(axis=0)


def _up(x):
    """At least the sum or product of a few dozen terms ≥ 0 that was computed as x."""
    return x * (1 + 64 * UNIT) + ROOM


def _sum(x):
    """Over the second axis, in order."""
    total = x[:, 0].copy()
    for j in range(1, x.shape[1]):
        total += x[:, j]
    return total


def inverses(matrices: np.ndarray) -> np.ndarray:
    """Approximate inverses of (n, n, boxes); the identity where there is none."""
    stack = np.moveaxis(matrices, -1, 0)
    n = stack.shape[1]
    if n == 1:
        inverse = np.where(stack == 0, 1.0, 1 / stack)
    elif n == 2:
        (a, b), (c, d) = np.moveaxis(stack, 0, -1)
        det = a * d - b * c
        inverse = np.moveaxis(np.array([[d, -b], [-c, a]]) / np.where(det == 0, np.nan, det), -1, 0)
    else:
        good = np.isfinite(stack).all(axis=(1, 2))
        stack = np.where(good[:, None, None], stack, np.eye(n))
        good = np.linalg.det(stack) != 0
        inverse = np.linalg.inv(np.where(good[:, None, None], stack, np.eye(n)))
    good = np.isfinite(inverse).all(axis=(1, 2), keepdims=True)
    return np.moveaxis(np.where(good, inverse, np.eye(n)), 0, -1)


def newton(system: System, middle: np.ndarray, radius: np.ndarray) -> Newton:
    """The Krawczyk operator on boxes m ± r, both (n, boxes)."""
    g_low, g_high, _ = system.values(middle, middle)
    low, high, smooth = system.slopes(below(middle - radius), above(middle + radius))
    with np.errstate(all="ignore"):
        usable = smooth & np.isfinite(low).all(axis=(0, 1)) & np.isfinite(high).all(axis=(0, 1)) & np.isfinite(
            g_low).all(axis=0) & np.isfinite(g_high).all(axis=0)
        centre = np.where(usable, low / 2 + high / 2, np.eye(system.dim)[:, :, None])
        spread = _up(np.maximum(high - centre, centre - low))
        Y = inverses(centre)
        size = np.abs(Y)
        g, g_spread = g_low / 2 + g_high / 2, _up(np.maximum(g_high - g_low, 0))
        shift = _sum(Y * g)
        noise = _up(_sum(size * g_spread) + 64 * UNIT * _sum(size * np.abs(g)))
        mixing = np.empty_like(centre)
        for i in range(system.dim):
            for k in range(system.dim):
                product = _sum((Y[i] * centre[:, k])[None])[0]
                error = _sum((size[i] * (spread[:, k] + 64 * UNIT * np.abs(centre[:, k])))[None])[0]
                mixing[i, k] = _up(np.abs((i == k) - product) + error + 4 * UNIT)
        usable &= np.isfinite(mixing).all(axis=(0, 1)) & np.isfinite(shift).all(axis=0)
    return Newton(middle, radius, shift, noise, mixing, usable, (low, high), (g_low, g_high))


# ----------------------------------------------------------------------------------------------------- one step
def _rows(test: Newton, low, high) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Ends of X − m that the rows of g(m) + G (X − m) ∋ 0 leave, and whether one of them excludes a zero.

    low, high : ends of X − m, (n, boxes).
    """
    (a, b), (g_low, g_high) = test.slopes, test.values
    products = np.array([a * low, a * high, b * low, b * high])
    p_low, p_high = products.min(axis=0), products.max(axis=0)
    size = np.maximum(np.abs(p_low), np.abs(p_high))
    error = (64 * UNIT * (_sum(size) + np.maximum(np.abs(g_low), np.abs(g_high))) + ROOM)[:, None]
    total_low, total_high = _sum(p_low) + g_low, _sum(p_high) + g_high
    excluded = ((total_low - error[:, 0] > 0) | (total_high + error[:, 0] < 0)).any(axis=0)
    rest_low, rest_high = total_low[:, None] - p_low - error, total_high[:, None] - p_high + error
    divides = (a > 0) | (b < 0)
    quotients = -np.array([rest_low / a, rest_low / b, rest_high / a, rest_high / b])
    new_low = np.where(divides, below(quotients.min(axis=0), 4), -np.inf).max(axis=0)
    new_high = np.where(divides, above(quotients.max(axis=0), 4), np.inf).min(axis=0)
    return np.maximum(low, new_low), np.minimum(high, new_high), excluded


def _preconditioned(test: Newton, low, high) -> tuple[np.ndarray, np.ndarray]:
    """Ends of X − m after one sweep of Hansen and Sengupta's operator over the coordinates."""
    low, high = low.copy(), high.copy()
    for i in range(len(low)):
        size = np.maximum(np.abs(low), np.abs(high))
        rest = _up(test.noise[i] + sum(test.mixing[i, j] * size[j] for j in range(len(low)) if j != i))
        t_low, t_high = -test.shift[i] - rest, -test.shift[i] + rest
        least, most = below(1 - test.mixing[i, i]), above(1 + test.mixing[i, i])
        new_low = below(np.where(t_low < 0, t_low / least, t_low / most), 4)
        new_high = above(np.where(t_high > 0, t_high / least, t_high / most), 4)
        divides = least > 0
        low[i] = np.where(divides, np.maximum(low[i], new_low), low[i])
        high[i] = np.where(divides, np.minimum(high[i], new_high), high[i])
    return low, high


def _cut(slopes: tuple[np.ndarray, np.ndarray], low, high, least, region) -> tuple[np.ndarray, np.ndarray]:
    """Boxes cut in two, in the coordinate whose width changes g most, relative to each row of G.

    Coordinates that do not meet in any row are told apart by their widths alone, hence the share of the region's width.
    """
    width = high - low
    size = np.maximum(np.abs(slopes[0]), np.abs(slopes[1])) * width
    smear = (size / np.where(s := _sum(size)[:, None], s, 1)).sum(axis=0)
    share = width / region
    smear = np.where(np.isfinite(smear).all(axis=0), smear * np.sqrt(share), share)
    place = low + CUT * width
    smear = np.where((place > low) & (place < high) & (width > least), smear, -1.0)
    chosen = np.arange(len(low))[:, None] == smear.argmax(axis=0)
    return np.hstack([low, np.where(chosen, place, low)]), np.hstack([np.where(chosen, place, high), high])


def halved(low: np.ndarray, high: np.ndarray, scale: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Boxes (n, boxes) cut in two across the coordinate that is widest in units of `scale`, (n, 1)."""
    width = high - low
    chosen = np.arange(len(low))[:, None] == (width / scale).argmax(axis=0)
    middle = low + width / 2
    return np.hstack([low, np.where(chosen, middle, low)]), np.hstack([np.where(chosen, middle, high), high])


class Search:
    """The zeros of a system in boxes.

    keep : a rule (low, high) -> (boxes,) that tells which boxes are to be searched at all.  settle : one that tells of
    boxes that are about to be cut which are done by an argument of their own.
    `run(least, deadline)` works until every box is decided or not wider than `least` (n,) in any coordinate; those are
    in `aside`, and go on with the next `run`.  `found` are the zeros, each once; `boxes` how many boxes were looked at.
    """

    def __init__(self, system: System, low, high, keep: Callable | None = None, settle: Callable | None = None):
        self.system, self.keep, self.settle = system, keep, settle
        low, high = (np.array(end, dtype=float).reshape(system.dim, -1) for end in (low, high))
        self.region = low.min(axis=1), high.max(axis=1)
        self.stack: list[tuple[np.ndarray, np.ndarray]] = [(low, high)]
        self.aside: list[tuple[np.ndarray, np.ndarray]] = []
        self.found: list[Zero] = []
        self._inner = (np.empty((0, system.dim)),) * 2  # ends of their small boxes
        self.boxes = 0
        self.rest: float | None = None

    @property
    def open(self) -> tuple[np.ndarray, np.ndarray]:
        """The boxes in which nothing is decided, (n, boxes) each."""
        parts = [*self.stack, *self.aside]
        if not parts:
            return (np.empty((self.system.dim, 0)),) * 2
        return np.hstack([a for a, _ in parts]), np.hstack([b for _, b in parts])

    def resume(self, low, high) -> None:
        """Go on with these boxes in the place of those that are open."""
        self.stack, self.aside = [(low, high)] if low.shape[1] else [], []

    def run(self, least, deadline: float = np.inf) -> bool:
        """Whether it came to an end before the deadline (of `time.perf_counter`), or might have.

        It stops where at the rate of the last seconds the rest would take far more time than there is; `rest` is then
        how much.
        """
        self.stack, self.aside = self.stack + self.aside, []
        least = np.asarray(least, dtype=float)[:, None]
        seen, volume = time.perf_counter(), None
        with np.errstate(all="ignore"):
            while self.stack:
                now = time.perf_counter()
                if now > deadline:
                    self.rest = None
                    return False
                if np.isfinite(deadline) and now > seen + LOOK:
                    left = self._volume()
                    if volume is not None:
                        self.rest = left * (now - seen) / max(volume - left, 1e-12 * left)
                        if self.rest > FAR * (deadline - now):
                            return False
                    seen, volume = now, left
                self.step(*self._take(), least)
        self.rest = None
        return True

    def _volume(self) -> float:
        """Of the boxes that are not yet cut to the least width."""
        region = (self.region[1] - self.region[0])[:, None]
        return float(sum(np.prod((high - low) / region, axis=0).sum() for low, high in self.stack))

    def _take(self) -> tuple[np.ndarray, np.ndarray]:
        low, high = self.stack.pop()
        while self.stack and low.shape[1] < BATCH:
            a, b = self.stack.pop()
            low, high = np.hstack([a, low]), np.hstack([b, high])
        if low.shape[1] > BATCH:
            self.stack.append((low[:, :-BATCH], high[:, :-BATCH]))
            low, high = low[:, -BATCH:], high[:, -BATCH:]
        return low, high

    def step(self, low, high, least) -> None:
        """Decide or cut these boxes."""
        self.boxes += low.shape[1]
        if self.keep is not None:
            keep = self.keep(low, high)
            low, high = low[:, keep], high[:, keep]
        g_low, g_high, _ = self.system.values(low, high)
        possible = ~((g_low > 0) | (g_high < 0)).any(axis=0)
        low, high = low[:, possible], high[:, possible]
        if not low.shape[1]:
            return
        middle = low + (high - low) / 2
        # a coordinate that was contracted to a few floats has no room for the test in it
        radius = above(np.maximum(np.maximum(high - middle, middle - low) * (1 + ROOM_AROUND), least / 64))
        test = newton(self.system, middle, radius)
        unique = test.unique
        if unique.any():
            self._note(test, np.flatnonzero(unique))
        d_low, d_high = np.minimum(below(low - middle), 0), np.maximum(above(high - middle), 0)
        r_low, r_high, excluded = _rows(test, d_low, d_high)
        r_low, r_high = _preconditioned(test, r_low, r_high)
        excluded |= (r_low > r_high).any(axis=0)
        usable = test.usable
        new_low = np.where(usable, np.maximum(low, below(middle + r_low)), low)
        new_high = np.where(usable, np.minimum(high, above(middle + r_high)), high)
        meets = (new_low <= new_high).all(axis=0)  # (a zero in it would lie in both)
        left = ~unique & ~(usable & excluded) & meets
        if self.settle is not None and left.any():
            left[left] = ~self.settle(new_low[:, left], new_high[:, left])
        new_low, new_high, old = new_low[:, left], new_high[:, left], (high - low)[:, left]
        slopes = tuple(s[..., left] for s in test.slopes)
        width = new_high - new_low
        again = ((width < (1 - PROGRESS) * old) & (old > least)).any(axis=0)
        small = ~again & (width <= least).all(axis=0)
        point = ~again & ~small & ~((new_low + CUT * width > new_low) & (new_low + CUT * width < new_high)).any(axis=0)
        if (aside := small | point).any():
            self.aside.append((new_low[:, aside], new_high[:, aside]))
        if again.any():
            self.stack.append((new_low[:, again], new_high[:, again]))
        if (cut := ~(again | aside)).any():
            region = (self.region[1] - self.region[0])[:, None]
            halves = _cut((slopes[0][..., cut], slopes[1][..., cut]), new_low[:, cut], new_high[:, cut], least, region)
            self.stack.append(halves)

    def _note(self, test: Newton, found: np.ndarray) -> None:
        """Keep the zeros of these boxes unless they are known already or lie outside the region."""
        middle, radius = test.middle[:, found], test.radius[:, found]
        centre, reach = middle - test.shift[:, found], test.reach[:, found]
        low, high = below(middle - radius), above(middle + radius)
        inner = refined(self.system, np.maximum(low, below(centre - reach)), np.minimum(high, above(centre + reach)))
        for ends in zip(low.T, high.T, *(end.T for end in inner), strict=True):
            self.add(Zero(*ends))

    def add(self, zero: Zero) -> None:
        """Keep a zero unless it is known already or lies outside the region."""
        if (zero.inner_high < self.region[0]).any() or (zero.inner_low > self.region[1]).any():
            return
        low, high = self._inner
        near = ((low <= zero.inner_high) & (high >= zero.inner_low)).all(axis=1)
        if not any(same(zero, self.found[k]) for k in np.flatnonzero(near)):
            self.found.append(zero)
            self._inner = np.vstack([low, zero.inner_low]), np.vstack([high, zero.inner_high])


def same(a: Zero, b: Zero) -> bool:
    """Whether two enclosures are of one zero: the small box of one lies where the other is alone, and they meet."""
    meet = (a.inner_low <= b.inner_high).all() and (b.inner_low <= a.inner_high).all()
    return bool(meet and (b.holds(a.inner_low, a.inner_high) or a.holds(b.inner_low, b.inner_high)))


def refined(system: System, low: np.ndarray, high: np.ndarray, rounds: int = 12) -> tuple[np.ndarray, np.ndarray]:
    """Boxes with one zero each, (n, boxes), made as small as floats allow."""
    with np.errstate(all="ignore"):
        for _ in range(rounds):
            middle = low + (high - low) / 2
            test = newton(system, middle, above(np.maximum(high - middle, middle - low)))
            centre, reach = middle - test.shift, test.reach
            new_low, new_high = np.maximum(low, below(centre - reach)), np.minimum(high, above(centre + reach))
            smaller = (new_high - new_low < 0.9 * (high - low)).any(axis=0)
            better = test.usable & (new_low <= new_high).all(axis=0) & smaller
            if not better.any():
                break
            low, high = np.where(better, new_low, low), np.where(better, new_high, high)
    return low, high


def clusters(low: np.ndarray, high: np.ndarray) -> list[np.ndarray]:
    """Indices of boxes (n, boxes) that hang together: they touch, directly or over others."""
    n = low.shape[1]
    if not n:
        return []
    from scipy.sparse import coo_matrix
    from scipy.sparse.csgraph import connected_components

    order = np.argsort(low[0], kind="stable")
    rows, columns = [], []
    for position, i in enumerate(order):
        last = np.searchsorted(low[0][order], high[0][i], side="right")
        later = order[position + 1:last]
        touch = ((low[:, later] <= high[:, [i]]) & (high[:, later] >= low[:, [i]])).all(axis=0)
        columns.append(later[touch])
        rows.append(np.full(touch.sum(), i))
    places = np.concatenate(rows), np.concatenate(columns)
    _, labels = connected_components(coo_matrix((np.ones(len(places[0])), places), shape=(n, n)), directed=False)
    return [np.flatnonzero(labels == k) for k in range(labels.max() + 1)]
