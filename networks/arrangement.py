"""The faces of an arrangement of hyperplanes {a·x + c = 0}, all of them, exactly, each with a point in it.

A face is a set where every function has one sign.  Put c x₀ for c: the faces of the cone over the arrangement are the
sums of its rays, the faces of one dimension, with no two of opposite signs in any function (conformal sums); a ray is
where all but one of as many functions vanish as are independent.  Faces with x₀ > 0 are those asked for.

Source: Björner, Las Vergnas, Sturmfels, White & Ziegler 1999, section 3.7 (covectors are composed of cocircuits).
"""
from __future__ import annotations

import itertools
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from fractions import Fraction
from typing import NamedTuple

MOST = 4000  #: faces that are enumerated

Numbers = tuple[Fraction, ...]


class Affine(NamedTuple):
    """x ↦ a·x + c."""

    a: Numbers
    c: Fraction

    def __call__(self, x: Sequence[Fraction]) -> Fraction:
        return dot(self.a, x) + self.c

    def along(self, origin: Sequence[Fraction], directions: Sequence[Numbers]) -> Affine:
        """As a function of t on the points origin + Σ t_k d_k."""
        return Affine(tuple(dot(self.a, d) for d in directions), self(origin))


@dataclass(frozen=True)
class Face:
    """signs : of the functions.  point : one where they are these."""

    signs: tuple[int, ...]
    point: Numbers

    def __le__(self, other: Face) -> bool:
        """Whether it lies in the closure of the other."""
        return conformal(self.signs, other.signs)


class TooMany(Exception):
    """More faces than are enumerated."""


def faces(functions: Sequence[Affine], n: int, check: Callable[[], None] = lambda: None) -> list[Face]:
    """Every face of the arrangement in Rⁿ, those of all dimensions.  Raises `TooMany`.

    check : is called at every step, and may raise.
    """
    rows: list[Numbers] = [(*f.a, f.c) for f in functions]
    central = not any(f.c for f in functions)
    if not central:
        rows.append((*[Fraction(0)] * n, Fraction(1)))
    found = {(0,) * len(rows): (Fraction(0),) * (n + 1)}
    steps = [(signs, x) for signs, x in rays(rows, check) if central or signs[-1] >= 0]
    waiting = list(found.items())
    while waiting:
        check()
        signs, x = waiting.pop()
        for ray, y in steps:
            if all(s * r >= 0 for s, r in zip(signs, ray, strict=True)):
                sum_ = tuple(s or r for s, r in zip(signs, ray, strict=True))
                if sum_ not in found:
                    found[sum_] = tuple(a + b for a, b in zip(x, y, strict=True))
                    waiting.append((sum_, found[sum_]))
                    if len(found) > MOST:
                        raise TooMany(f"more than {MOST} faces of the arrangement of {len(functions)} kinks")
    if central:
        return [Face(signs, x[:n]) for signs, x in sorted(found.items())]
    return [Face(signs[:-1], tuple(a / x[n] for a in x[:n])) for signs, x in sorted(found.items()) if signs[-1] > 0]


def rays(rows: Sequence[Numbers], check: Callable[[], None] = lambda: None) -> list[tuple[tuple[int, ...], Numbers]]:
    """The faces of least dimension but {all rows = 0} of a central arrangement, as (signs, a direction in it).

    Of rows that share no coordinates with the others one after the other; directions along which no row changes are
    left out.
    """
    if not rows:
        return []
    found: dict[tuple[int, ...], Numbers] = {}
    width = len(rows[0])
    for block in _blocks(rows):
        own = [rows[i] for i in block]
        columns = rref(own)[1]
        reduced = [tuple(row[k] for k in columns) for row in own]
        for chosen in itertools.combinations(reduced, len(columns) - 1):
            check()
            null = nullspace(chosen, len(columns))
            if len(null) != 1:
                continue
            x = dict(zip(columns, null[0], strict=True))
            direction = tuple(x.get(k, Fraction(0)) for k in range(width))
            for y in (direction, tuple(-v for v in direction)):
                found.setdefault(tuple(sign(dot(row, y)) for row in rows), y)
    return list(found.items())


def _blocks(rows: Sequence[Numbers]) -> list[list[int]]:
    """The rows by the coordinates that hang together in them."""
    blocks: list[tuple[set[int], list[int]]] = []
    for i, row in enumerate(rows):
        columns, members = {k for k, v in enumerate(row) if v}, [i]
        for block in [b for b in blocks if b[0] & columns]:
            blocks.remove(block)
            columns, members = columns | block[0], block[1] + members
        if columns:
            blocks.append((columns, members))
    return [members for _, members in blocks]


# ------------------------------------------------------------------------------------------ linear algebra
def sign(x) -> int:
    return (x > 0) - (x < 0)


def conformal(low: Sequence[int], high: Sequence[int]) -> bool:
    """Whether each sign is 0 or that of the other vector."""
    return all(a in (0, b) for a, b in zip(low, high, strict=True))


def dot(a: Sequence[Fraction], b: Sequence[Fraction]) -> Fraction:
    return sum((x * y for x, y in zip(a, b, strict=True) if x and y), Fraction(0))


def rref(rows: Sequence[Sequence[Fraction]]) -> tuple[list[list[Fraction]], list[int]]:
    """The reduced row echelon form without its zero rows, and its pivots."""
    left, pivots, done = [list(row) for row in rows], list[int](), list[list[Fraction]]()
    for k in range(len(left[0]) if left else 0):
        best = next((row for row in left if row[k]), None)
        if best is None:
            continue
        left.remove(best)
        scaled = [x / best[k] for x in best]
        for row in (*left, *done):
            if factor := row[k]:
                row[:] = [x - factor * y for x, y in zip(row, scaled, strict=True)]
        done.append(scaled)
        pivots.append(k)
    return done, pivots


def nullspace(rows: Sequence[Sequence[Fraction]], n: int) -> list[Numbers]:
    """A basis of {x : all rows · x = 0}, one vector for each coordinate that is free: 1 there, 0 at the others."""
    reduced, pivots = rref(rows)
    basis = []
    for k in (k for k in range(n) if k not in pivots):
        x = [Fraction(int(i == k)) for i in range(n)]
        for p, row in zip(pivots, reduced, strict=True):
            x[p] = -row[k]
        basis.append(tuple(x))
    return basis


def solved(rows: Sequence[Sequence[Fraction]], right: Sequence[Fraction], n: int) -> Numbers | None:
    """A solution of rows · x = right, 0 in the free coordinates; None if there is none."""
    reduced, pivots = rref([(*row, b) for row, b in zip(rows, right, strict=True)])
    if n in pivots:
        return None
    x = [Fraction(0)] * n
    for p, row in zip(pivots, reduced, strict=True):
        x[p] = row[n]
    return tuple(x)
