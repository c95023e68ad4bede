"""Symmetries of a loss that permute its coordinates and change signs, as hidden units may be exchanged or negated.

One representative of each orbit is enough for a search: the one that is largest in the lexicographic order.
"""
from __future__ import annotations

import itertools
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from arithmetic import as_decimals

MOST = 20_000  # signed permutations that are tried


@dataclass(frozen=True)
class Symmetry:
    """θ ↦ (s_i θ_(p_i))_i.  places : p.  signs : s."""

    places: tuple[int, ...]
    signs: tuple[int, ...]

    def __call__(self, theta):
        """The image of coordinates along the first axis, or of a sequence of exact numbers."""
        if isinstance(theta, np.ndarray):
            return theta[list(self.places)] * np.array(self.signs).reshape(-1, *[1] * (theta.ndim - 1))
        return tuple(s * theta[p] for p, s in zip(self.places, self.signs, strict=True))

    def box(self, low, high):
        """The image of boxes."""
        a, b = self(low), self(high)
        return np.minimum(a, b), np.maximum(a, b)

    def after(self, other: Symmetry) -> Symmetry:
        """First the other, then this one."""
        return Symmetry(tuple(other.places[p] for p in self.places),
                        tuple(s * other.signs[p] for p, s in zip(self.places, self.signs, strict=True)))

    @property
    def identical(self) -> bool:
        return self.places == tuple(range(len(self.places))) and min(self.signs) == 1


def symmetries(loss, low, high) -> list[Symmetry]:
    """The group of signed permutations that leave F, by sympy's normal forms, and the box (low, high) as they are."""
    n, f, symbols = loss.dim, as_decimals(loss.expression), loss.symbols
    candidates = []
    for places in _involutions(n):
        for signs in itertools.product((1, -1), repeat=n):
            g = Symmetry(places, signs)
            if not g.identical and all(signs[i] == signs[p] for i, p in enumerate(places)) and all(
                    np.array_equal(*ends) for ends in zip(g.box(low, high), (low, high), strict=True)):
                candidates.append(g)
    if not candidates:
        return []
    theta = np.random.default_rng(0).uniform(-1.5, 1.5, (n, 3))
    moved = loss.value(np.hstack([g(theta) for g in candidates])).reshape(-1, 3)
    equal = np.isclose(moved, loss.value(theta), rtol=1e-9, atol=0).all(axis=1)
    generators = [g for g, e in zip(candidates, equal, strict=True)
                  if e and f.xreplace(dict(zip(symbols, g(symbols), strict=True))) == f]
    group = {Symmetry(tuple(range(n)), (1,) * n)}
    while new := {g.after(h) for g in generators for h in group} - group:
        group |= new
    return sorted((g for g in group if not g.identical), key=lambda g: (g.places, g.signs))


def _involutions(n: int) -> list[tuple[int, ...]]:
    """The permutations that are their own inverses, few moves first, as many as fit the budget."""
    if 2**n > MOST:
        return []
    found = []
    for places in itertools.permutations(range(n)) if n <= 7 else [tuple(range(n))]:
        if all(places[p] == i for i, p in enumerate(places)):
            found.append(places)
    return sorted(found, key=lambda p: sum(i != q for i, q in enumerate(p)))[:max(1, MOST // 2**n)]


def searched_once(group: Sequence[Symmetry]) -> str:
    """What a search of one representative of each orbit says of itself."""
    return (f"F has {len(group) + 1} symmetries (permutations and signs of parameters); of points that they map to "
            "each other one was searched, and so it is with what is open")


def representatives(group: Sequence[Symmetry], low, high) -> np.ndarray:
    """Which boxes (n, boxes) may hold a point that is the largest of its orbit in the lexicographic order."""
    keep = np.ones(low.shape[1], dtype=bool)
    for g in group:
        a, b = g.box(low, high)
        i = next(i for i, (p, s) in enumerate(zip(g.places, g.signs, strict=True)) if p != i or s != 1)
        keep &= high[i] >= a[i]  # θ_i ≥ (gθ)_i in the first coordinate that is moved
    return keep
