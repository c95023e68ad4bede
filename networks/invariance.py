"""Directions along which a loss does not change at all, such as two weights that only enter as their sum.

Its critical points are then those of a loss in fewer coordinates, and each is a line (a plane, …) of them.
"""
from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np
import sympy
from sympy.core.traversal import bottom_up

from arithmetic import as_decimals
from arithmetic.ends import above, below

from .nature import Nature

if TYPE_CHECKING:
    from .loss import Loss

LARGEST = 100_000  # denominators of the directions that are tried


def constant_directions(loss) -> list[tuple]:
    """Rational directions d with F(θ + t d) = F(θ) for all t, proved on symbols; in reduced form, one pivot each."""
    rng = np.random.default_rng(0)
    low, high = np.array(loss.box).T[:, :, None]
    slopes = loss.gradient(rng.uniform(low, high, (loss.dim, 4 * loss.dim)))
    slopes = slopes[:, np.isfinite(slopes).all(axis=0)]
    if not slopes.size:
        return []
    _, sizes, basis = np.linalg.svd((slopes / (np.abs(slopes).max(axis=0) + np.finfo(float).tiny)).T)
    null = basis[(np.r_[sizes, np.zeros(loss.dim - len(sizes))] < 1e-9 * max(sizes.max(), 1e-300))]
    if not len(null):
        return []
    reduced, _ = sympy.Matrix([[sympy.Rational(float(x)).limit_denominator(10**12) for x in row] for row in null]).rref(
        iszerofunc=lambda x: abs(x) < 1e-6)
    f, symbols, t = as_decimals(loss.expression), loss.symbols, sympy.Dummy("t", real=True)
    found = []
    for row in reduced.tolist():
        direction = tuple(sympy.Rational(x).limit_denominator(LARGEST) for x in row)
        moved = f.xreplace({s: s + d * t for s, d in zip(symbols, direction, strict=True) if d})
        if any(direction) and t not in bottom_up(moved, ordered).free_symbols:
            found.append(direction)
    return found


def ordered(expression):
    """Sums of products for the arguments of functions and for polynomials, in which what cancels is gone."""
    return sympy.expand(expression) if expression.is_polynomial(*expression.free_symbols) else expression


def without(loss, directions: list[tuple], box) -> tuple[Loss, list[int]]:
    """The loss on the coordinates that are not pivots, the others 0, in the box that `box` maps to; and the pivots."""
    from .loss import Loss  # which finds its critical points by this module

    pivots = [next(i for i, d in enumerate(direction) if d) for direction in directions]
    kept = [i for i in range(loss.dim) if i not in pivots]
    f = as_decimals(loss.expression).subs({loss.symbols[p]: 0 for p in pivots})
    ends = []
    for i in kept:  # θ_i − Σ θ_p d_i
        sides = [sorted(float(-direction[i]) * x for x in box[p])
                 for p, direction in zip(pivots, directions, strict=True)]
        ends.append((below(box[i][0] + sum(s[0] for s in sides), 4), above(box[i][1] + sum(s[1] for s in sides), 4)))
    return Loss.from_expression(f, tuple(loss.symbols[i] for i in kept), name=loss.name, box=ends), pivots


def _along(nature: Nature) -> Nature:
    """The nature of a line of points, each of which has this nature across it."""
    if not nature.decided:
        return nature
    return Nature.DEGENERATE_SADDLE if nature.is_saddle else Nature.of(nature.kind, strict=False)


def extended(point, loss, directions: list[tuple], pivots: list[int]):
    """The family of critical points that a critical point of the reduced loss stands for."""
    kept = [s for i, s in enumerate(loss.symbols) if i not in pivots]
    along = {s: sum((loss.symbols[p] * d[i] for p, d in zip(pivots, directions, strict=True)), sympy.Integer(0))
             for i, s in enumerate(loss.symbols)}
    moved = {s: s - along[s] for s in kept}
    values = {s: sympy.sympify(x).xreplace(moved) for s, x in zip(kept, point.theta, strict=True)}
    theta = tuple(s if i in pivots else values[s] + along[s] for i, s in enumerate(loss.symbols))
    equations = tuple(e.xreplace(moved) for e in point.equations) if point.family else tuple(
        s - t for s, t in zip(loss.symbols, theta, strict=True) if s != t)
    text, member = ", ".join(str(tuple(d)) for d in directions), iter(point.numeric.tolist())
    return replace(point, theta=theta, nature=_along(point.nature),
                   family=(*(loss.symbols[p] for p in pivots), *point.family),
                   equations=equations, inequalities=tuple(e.xreplace(moved) for e in point.inequalities),
                   kinks=tuple(e.xreplace(moved) for e in point.kinks), symbols=tuple(loss.symbols), box=(),
                   spectrum=(), eigenvalues=(),
                   member=tuple(0.0 if i in pivots else next(member) for i in range(loss.dim)),
                   evidence=f"F does not change along {text}; across it: {point.evidence}")
