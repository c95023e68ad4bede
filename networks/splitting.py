"""Real zeros of polynomials that are infinitely many: components by factors, their dimension, points and parameters."""
from __future__ import annotations

import itertools
from collections.abc import Sequence
from typing import Literal

import sympy
from sympy import Poly, Rational
from sympy.polys.groebnertools import groebner
from sympy.polys.rings import PolyElement

from .algebra import Clock, Quotient, Zero


def components(polynomials: Sequence[PolyElement], clock: Clock) -> list[list[PolyElement]]:
    """Gröbner bases whose real zeros together are those of the polynomials, by their factors; none inside another.

    Factors without real zeros are dropped, sums of squares replaced by their terms.
    """
    stack, found = [list(polynomials)], []
    while stack:
        basis = groebner([p for p in stack.pop() if p], polynomials[0].ring)
        clock.check("splitting into components")
        if any(g.is_ground for g in basis):
            continue
        for g in basis:
            branches = [e for q, _ in g.factor_list()[1] for e in [real_equations(q)] if e is not None]
            if branches != [[g.monic()]]:
                others = [h for h in basis if h is not g]
                stack += [others + branch for branch in branches]
                break
        else:
            found.append(basis)
    found = [b for i, b in enumerate(found) if b not in found[:i]]
    inside = [any(a is not b and all(g.rem(a) == 0 for g in b) for b in found) for a in found]
    return [a for a, contained in zip(found, inside, strict=True) if not contained]


def real_equations(q: PolyElement) -> list[PolyElement] | None:
    """Polynomials with the real zeros of q: the terms of a sum of squares; None where it has no zero."""
    terms = squares_of(q) or squares_of(-q) or [q.monic()]
    return None if any(t.is_ground for t in terms) else terms


def squares_of(q: PolyElement) -> list[PolyElement]:
    """[p_1, …] with q = Σ c_i p_i², c_i > 0: positive squares of monomials of degree > 1, and a quadratic polynomial in
    which squares are completed in one coordinate after the other; empty if q is no such sum."""
    ring, one = q.ring, (0,) * q.ring.ngens
    squares = []
    for m, c in q.items():
        if sum(m) > 2:
            if c < 0 or any(e % 2 for e in m):
                return []
            squares.append(ring({tuple(e // 2 for e in m): ring.domain.one}))
    q = ring({m: c for m, c in q.items() if sum(m) <= 2})
    for x in ring.gens:
        a, slope = q.coeff(x**2), q.diff(x)
        if a < 0 or (a == 0 and slope):
            return []
        if a:
            squares.append((slope / (2 * a)).monic())
            q = q - slope**2 / (4 * a)
    rest = q.get(one, 0)
    return [] if rest < 0 else squares + [ring.one] * (rest > 0)


def independent(basis: Sequence[PolyElement]) -> tuple[int, ...]:
    """A largest set of coordinates of which no leading monomial is made: as many as the dimension of the zeros."""
    n, leading = basis[0].ring.ngens, [{i for i, e in enumerate(g.LM) if e} for g in basis]
    return next(s for k in range(n, -1, -1) for s in itertools.combinations(range(n), k)
                if not any(m <= set(s) for m in leading))


def parametrised(basis: Sequence[PolyElement]) -> tuple[tuple, tuple] | None:
    """(θ, parameters) that run through all zeros of the basis once: equations solved for a coordinate they are linear
    in, with a coefficient that vanishes nowhere on the zeros; a circle by its angle.  None if no such form is found."""
    ring = basis[0].ring
    symbols = ring.symbols
    theta, left = {x: x for x in symbols}, [g.as_expr() for g in basis]

    def solve(x, solution):
        nonlocal left
        for y in symbols:
            theta[y] = sympy.together(theta[y].subs(x, solution))
        theta[x] = solution
        left = [sympy.expand(sympy.fraction(sympy.together(e.subs(x, solution)))[0]) for e in left]
        left = [e for e in left if e != 0]

    for divide in (False, True, True):
        progress = True
        while left and progress:
            progress = False
            for e, x in itertools.product(sorted(left, key=lambda e: len(e.args)), reversed(symbols)):
                p = Poly(e, x)
                if p.degree() != 1:
                    continue
                a, b = p.all_coeffs()
                if not a.is_number and (not divide or groebner([*basis, ring.from_expr(a)], ring) != [ring.one]):
                    continue
                solve(x, sympy.cancel(-b / a))
                progress = True
                break
    free = tuple(x for x in symbols if any(theta[y].has(x) for y in symbols))
    if len(left) == 1 and len(free) == 2:
        circle = _circle(left[0], *free)
        if circle:
            s, found = circle
            return tuple(theta[x].subs(found) for x in symbols), (s,)
    return None if left else (tuple(theta[x] for x in symbols), free)


def _circle(equation, x, y) -> tuple | None:
    """(s, {x: a + r cos s, y: b + r sin s}) for a circle."""
    p = Poly(equation, x, y)
    if p.total_degree() != 2 or p.coeff_monomial(x * y) != 0 or p.coeff_monomial(x**2) != p.coeff_monomial(y**2):
        return None
    c, u, v, w = (p.coeff_monomial(m) for m in (x**2, x, y, 1))
    radius, s = sympy.sqrt((u**2 + v**2) / (4 * c**2) - w / c), sympy.Symbol("s", real=True)
    return s, {x: -u / (2 * c) + radius * sympy.cos(s), y: -v / (2 * c) + radius * sympy.sin(s)}


def member(basis: Sequence[PolyElement], clock: Clock) -> Zero | Literal[False] | None:
    """A real zero of a basis; False if it is proved to have none, None if none is found.

    First on slices by rational values of free coordinates.  Then the points nearest to a point p, which every closed
    set without them lacks: there the gradients of the equations and x − p are dependent.
    """
    ring, free = basis[0].ring, independent(basis)
    for values in itertools.islice(itertools.product((1, 2, -1, Rational(1, 2), 3, 0, -2), repeat=len(free)), 12):
        slice_ = groebner([*basis, *(ring.gens[i] - v for i, v in zip(free, values, strict=True))], ring)
        if not slice_[0].is_ground and not independent(slice_):
            zeros = Quotient(slice_, clock).zeros
            if zeros:
                return zeros[0]
    rows = [[g.diff(x) for x in ring.gens] for g in basis]
    for p in ((3, -5, 7, 2, -4, 11), (-6, 1, 2, 9, 5, -3)):
        rows_p = [x - v for x, v in zip(ring.gens, itertools.cycle(p))]
        size = ring.ngens - len(free) + 1
        minors = [determinant([*chosen, rows_p], columns) for chosen in itertools.combinations(rows, size - 1)
                  for columns in itertools.combinations(range(ring.ngens), size)]
        nearest = groebner([*basis, *(m for m in minors if m)], ring)
        if nearest[0].is_ground:
            return False
        if not independent(nearest):
            return next(iter(Quotient(nearest, clock).zeros), False)
    return None


def determinant(rows, columns) -> PolyElement:
    """The determinant of a few rows and columns, along the first row."""
    if len(rows) == 1:
        return rows[0][columns[0]]
    return sum(((-1) ** k * rows[0][c] * determinant(rows[1:], [*columns[:k], *columns[k + 1:]])
                for k, c in enumerate(columns) if rows[0][c]), rows[0][0].ring.zero)
