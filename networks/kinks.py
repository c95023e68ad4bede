"""The critical points in all of Rⁿ of a continuous, piecewise polynomial function, as of the loss of a relu network.

Where arguments of max, min, |·| change their order F may have kinks.  If these sets are hyperplanes, they cut Rⁿ into
cells, with a polynomial in each.  A point is critical if 0 lies in the convex hull of the gradients of the polynomials
around it (Clarke's generalised gradient): inside a cell, if the gradient vanishes.  On each face of the arrangement F
is one polynomial, whose critical points are the candidates; the hull is decided exactly, on fractions.

Natures, cell by cell around a point, each a polyhedral cone at it: F falls where a generator has a negative slope, or
where the slope is 0 and the second derivative negative; else it is a minimum in that cell if the second derivative is
positive on the part of the cone where the slope is 0 (for a quadratic, if it is ≥ 0).

Sources: Clarke 1983, theorem 2.5.1; Borwein 1982 (minima of quadratics on cones); Cottle, Habetler & Lemke 1970.
"""
from __future__ import annotations

import functools
import itertools
import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from fractions import Fraction

import sympy
from sympy import QQ, Poly, Rational
from sympy.polys.rings import PolyElement

from arithmetic import as_decimals

from .algebra import Clock, Stopped, as_fraction
from .arrangement import (
    Affine, Face, Numbers, TooMany, conformal, dot, faces, nullspace, rays, rref, sign, solved,
)
from .classification import classify
from .germ import exact_eigenvalues
from .nature import Nature, descartes
from .points import CriticalPoint
from .polynomials import CriticalSet, Family, Point, contradictions, critical_set, is_squares
from .splitting import squares_of

SWITCHES = (sympy.Max, sympy.Min, sympy.Abs)


class NotPiecewise(ValueError):
    """The expression is not piecewise polynomial on cells between hyperplanes."""


def kinked(expression: sympy.Expr) -> bool:
    """Whether an expression switches between others."""
    return bool(expression.atoms(*SWITCHES))


# -------------------------------------------------------------------------------------------------- the pieces
class Pieces:
    """A piecewise polynomial: the hyperplanes where it has kinks, and the polynomial in each cell between them.

    kinks : affine functions.  names : them in symbols.  faces : of their arrangement.  polynomials : by the signs of
    the kinks in a cell.  Raises `NotPiecewise`, and `TooMany` for more faces than are looked at.
    """

    def __init__(self, expression: sympy.Expr, symbols: Sequence[sympy.Symbol], clock: Clock):
        self.symbols, self.clock = tuple(symbols), clock
        self.ring = clock.ring(self.symbols)
        self.names: list[sympy.Expr] = []
        self._signs: dict[sympy.Expr, tuple[int, tuple[tuple[int, int], ...]]] = {}
        for atom in sorted(expression.atoms(*SWITCHES), key=sympy.default_sort_key):
            for e in _switching(atom):
                self._factored(e)
        self.kinks = [self._affine(q) for q in self.names]
        cells = {f.signs: self._polynomial(expression, f.signs) for f in self._faces() if all(f.signs)}
        kept = [j for j in range(len(self.kinks)) if any(
            cells[f.signs[:j] + (1,) + f.signs[j + 1:]] != cells[f.signs[:j] + (-1,) + f.signs[j + 1:]]
            for f in self.faces if [i for i, s in enumerate(f.signs) if not s] == [j])]
        self.polynomials = {tuple(signs[j] for j in kept): p for signs, p in cells.items()}
        self.kinks, self.names = [self.kinks[j] for j in kept], [self.names[j] for j in kept]
        self._faces()

    def _faces(self) -> list[Face]:
        self.faces = faces(self.kinks, len(self.symbols), self.clock.looked("faces between the cells"))
        return self.faces

    def _factored(self, e: sympy.Expr) -> tuple[int, tuple[tuple[int, int], ...]]:
        """A switching function as (sign of its constant factor, ((kink, power), …)), its kinks entered."""
        if e not in self._signs:
            try:
                constant, parts = Poly(e, *self.symbols, domain=QQ).factor_list()
            except (sympy.PolynomialError, sympy.CoercionFailed) as error:
                raise NotPiecewise(f"{e} is no polynomial with rational coefficients") from error
            if any(q.total_degree() > 1 for q, _ in parts):
                raise NotPiecewise(f"the kinks where {e} = 0 are no hyperplanes")
            for q, _ in parts:
                if q.as_expr() not in self.names:
                    self.names.append(q.as_expr())
            self._signs[e] = (int(sympy.sign(constant)),
                              tuple((self.names.index(q.as_expr()), k) for q, k in parts))
        return self._signs[e]

    def _affine(self, e: sympy.Expr) -> Affine:
        p = Poly(e, *self.symbols)
        return Affine(tuple(as_fraction(p.coeff_monomial(x)) for x in self.symbols), as_fraction(p.coeff_monomial(1)))

    def _polynomial(self, expression: sympy.Expr, signs: Sequence[int]) -> PolyElement:
        """The expression in a cell."""
        self.clock.check("polynomials of the cells")

        def at(e: sympy.Expr) -> int:
            constant, parts = self._factored(sympy.expand(e))
            return constant * math.prod(signs[j]**k for j, k in parts)

        @functools.cache
        def chosen(e: sympy.Expr) -> sympy.Expr:
            if not e.has(*SWITCHES):
                return e
            args = [*map(chosen, e.args)]
            if isinstance(e, sympy.Abs):
                return at(args[0]) * args[0]
            if isinstance(e, (sympy.Max, sympy.Min)):
                way = 1 if isinstance(e, sympy.Max) else -1
                return functools.reduce(lambda a, b: a if way * at(a - b) >= 0 else b, args)
            return e.func(*args)

        try:
            return self.ring.from_expr(sympy.expand(chosen(expression)))
        except (ValueError, sympy.CoercionFailed) as error:
            raise NotPiecewise(f"{expression} is no polynomial with rational coefficients in a cell") from error


def _switching(atom: sympy.Expr) -> list[sympy.Expr]:
    """The functions at whose zeros max, min or |·| may switch."""
    each = [sorted(_branches(e), key=sympy.default_sort_key) for e in atom.args]
    if isinstance(atom, sympy.Abs):
        return each[0]
    pairs = itertools.combinations(dict.fromkeys(itertools.chain(*each)), 2)
    return [sympy.expand(a - b) for a, b in pairs]


def _branches(e: sympy.Expr) -> set[sympy.Expr]:
    """The polynomials one of which an expression is."""
    if not e.has(*SWITCHES):
        return {e}
    if isinstance(e, sympy.Abs):
        return {s * b for s in (1, -1) for b in _branches(e.args[0])}
    if isinstance(e, (sympy.Max, sympy.Min)):
        return set().union(*map(_branches, e.args))
    each = [_branches(a) for a in e.args]
    if math.prod(map(len, each)) > 4096 or len(found := {e.func(*parts) for parts in itertools.product(*each)}) > 64:
        raise NotPiecewise(f"{e} has too many branches")
    return found


# ------------------------------------------------------------------------------------------- natures in one cell
@dataclass(frozen=True)
class Cone:
    """A cell beside a point: the point + the cone of `rays` and of both ways of `lines`, and F there.

    slope, hessian : of the polynomial of the cell at the point.  quadratic : that is all there is of it.
    uniform : what is found is to hold for others too, at which the slopes along the rays have the same signs only.
    """

    rays: tuple[Numbers, ...]
    lines: tuple[Numbers, ...]
    slope: Numbers
    hessian: tuple[Numbers, ...]
    quadratic: bool
    uniform: bool

    def way(self, s: int, along: str | None) -> str | None:
        """What s·F does in the cell: "falls" below its value at the point, has a "strict" minimum there or a "weak" one
        (others at its height arbitrarily near); None if that is not decided.  along : what it does on the lines."""
        slopes = [s * dot(self.slope, r) for r in self.rays]
        if along == "falls" or any(v < 0 for v in slopes):
            return "falls"
        flat = [r for r, v in zip(self.rays, slopes, strict=True) if v == 0]
        if not flat:  # it grows from where it is on the lines
            return along
        found = self.curvature(s, flat)
        return found if self.quadratic or (found != "weak" and not self.uniform) else None

    def curvature(self, s: int, flat: Sequence[Numbers] = ()) -> str | None:
        """What the second derivative of s·F does on the cone of the lines and the rays in `flat`."""
        each = (*flat, *self.lines)
        form = [[s * dot(u, [dot(row, v) for row in self.hessian]) for v in each] for u in each]
        return copositive(form, len(flat))


def copositive(form: list[list[Fraction]], m: int) -> str | None:
    """λᵀQλ for λ_1, …, λ_m ≥ 0 and the others any: "strict" if > 0 but for λ = 0, "weak" if ≥ 0 and 0 for another λ,
    "falls" if negative somewhere; None if that is not decided."""
    n, strict, form = len(form), True, [list(row) for row in form]
    free = list(range(m, n))
    while free:  # the free ones are eliminated by completed squares
        k = next((k for k in free if form[k][k]), None)
        if k is None:
            if any(form[i][j] for i in free for j in range(n)):
                return "falls"  # linear in λ_i
            strict = False
            break
        if form[k][k] < 0:
            return "falls"
        for i in range(n):
            if i != k and (factor := form[i][k] / form[k][k]):
                form[i] = [x - factor * y for x, y in zip(form[i], form[k], strict=True)]
        free.remove(k)
        for i in range(n):
            form[k][i] = form[i][k] = Fraction(0)
    rest = [row[:m] for row in form[:m]]
    if any(rest[i][i] < 0 for i in range(m)):
        return "falls"
    for i, j in itertools.combinations(range(m), 2):
        if rest[i][j] < 0:
            gap = rest[i][i] * rest[j][j] - rest[i][j] ** 2
            if gap < 0:
                return "falls"
            strict = strict and (gap > 0 or m > 2)
    strict = strict and all(rest[i][i] > 0 for i in range(m))
    if m > 2 and any(x < 0 for row in rest for x in row):
        positive, negative = inertia(rest)
        return "strict" if strict and positive == m else None
    return "strict" if strict else "weak"


def inertia(matrix: Sequence[Sequence[Fraction]]) -> tuple[int, int]:
    """The numbers of positive and negative eigenvalues of a symmetric matrix."""
    n = len(matrix)
    if not n:
        return 0, 0
    M = sympy.Matrix(n, n, lambda i, j: Rational(matrix[i][j].numerator, matrix[i][j].denominator))
    return descartes([int(sympy.sign(c)) for c in M.charpoly().all_coeffs()])


def in_hull(vectors: Sequence[Numbers], check: Callable[[], None] = lambda: None) -> bool:
    """Whether 0 is a convex combination of the vectors: no direction has a positive product with all (Gordan)."""
    if not all(any(v) for v in vectors):
        return True
    rows = list(dict.fromkeys(vectors))
    n = len(rows[0])
    return not any(min(f.signs) > 0 for f in faces([Affine(v, Fraction(0)) for v in rows], n, check))


def together(ways: Sequence[tuple[str | None, str | None]], family: bool) -> Nature:
    """The nature of a point from what F and −F do in the cells around it."""
    up, down = zip(*ways, strict=True)
    if "falls" in up and "falls" in down:
        return Nature.DEGENERATE_SADDLE if family else Nature.SADDLE
    for kind, what in (("minimum", up), ("maximum", down)):
        if None not in what and "falls" not in what:
            return Nature.of(kind, strict="weak" not in what)
    return Nature.UNDECIDED


# ------------------------------------------------------------------------------------------------- the search
@dataclass(frozen=True)
class Plane:
    """A part of {origin + Σ t_k d_k} on a face: where functions of t have the signs of a region."""

    face: Face
    origin: Numbers
    directions: tuple[Numbers, ...]
    functions: tuple[Affine, ...]
    kinks: tuple[int, ...]
    region: Face

    @property
    def point(self) -> Numbers:
        return moved(self.origin, self.region.point, self.directions)

    @property
    def proper(self) -> Plane:
        """With as many directions as the region has dimensions."""
        zero = [g.a for g, s in zip(self.functions, self.region.signs, strict=True) if not s]
        if not zero:
            return self
        along = nullspace(zero, len(self.directions))
        directions = tuple(moved((Fraction(0),) * len(self.origin), t, self.directions) for t in along)
        kept = [(i, h) for i, g in enumerate(self.functions) if any((h := g.along(self.region.point, along)).a)]
        signs = tuple(self.region.signs[i] for i, _ in kept)
        return Plane(self.face, self.point, directions, tuple(h for _, h in kept),
                     tuple(self.kinks[i] for i, _ in kept if i < len(self.kinks)),
                     Face(signs, (Fraction(0),) * len(along)))

    def coordinates(self, x: Numbers) -> Numbers | None:
        """t with origin + Σ t_k d_k = x, if there is one."""
        rows = [*zip(*self.directions, strict=True)] if self.directions else [()] * len(x)
        return solved(rows, [a - b for a, b in zip(x, self.origin, strict=True)], len(self.directions))

    def closes(self, other: Plane) -> bool:
        """Whether the other one lies in the closure of this one."""
        t = self.coordinates(other.point)
        if t is None or len(other.directions) >= len(self.directions) or not conformal(
                other.face.signs, self.face.signs):
            return False
        inside = all(self.coordinates(moved(self.origin, (Fraction(1),), [d])) is not None for d in other.directions)
        signs = tuple(sign(g(t)) for g in self.functions)
        return inside and conformal(signs, self.region.signs) and (
            not other.directions or len(self.kinks) == len(self.functions))


@dataclass(frozen=True)
class Flat:
    """Critical points on a plane, all of one nature."""

    plane: Plane
    nature: Nature
    value: Fraction
    eigenvalues: tuple
    evidence: str
    kinks: tuple


class Cells:
    """The critical points of a piecewise polynomial.  found : them.  proof, undecided : sentences."""

    def __init__(self, expression: sympy.Expr, symbols: Sequence[sympy.Symbol], clock: Clock):
        self.clock, self.found, self.flats = clock, list[CriticalPoint](), list[Flat]()
        self.proof, self.undecided = list[str](), list[str]()
        self.expression = as_decimals(expression)
        self.pieces = Pieces(self.expression, symbols, clock)
        self.symbols, self.dim = self.pieces.symbols, len(symbols)
        self._derivatives: dict[PolyElement, tuple] = {}
        self._solved: dict[tuple, CriticalSet] = {}

    def run(self) -> None:
        pieces = self.pieces
        try:
            for face in sorted(pieces.faces, key=lambda f: f.signs.count(0)):
                self.clock.check("faces between the cells")
                self._on(face)
        except (Stopped, TooMany) as stop:
            self.undecided.append(str(stop))
        self._list_flats()
        self.found = [self._by_squares(s) if s.family and not s.nature.decided else s for s in self.found]
        if not self.undecided:
            cells = len(pieces.polynomials)
            self.proof.append(
                f"F is a polynomial in each of the {cells} cells between {len(pieces.kinks)} hyperplanes: the critical "
                f"points on all {len(pieces.faces)} cells and faces of R^{self.dim} were solved for exactly; at a kink "
                "they are where 0 is in the convex hull of the gradients around")

    def _by_squares(self, found: CriticalPoint) -> CriticalPoint:
        """A family on which F is 0, if F is a sum of squares."""
        if not is_squares(self.expression) or found.value != 0:
            return found
        return replace(found, nature=Nature.NON_STRICT_MINIMUM, evidence="F is a sum of squares, and 0 there")

    def derivatives(self, p: PolyElement) -> tuple:
        """The first and second derivatives of a polynomial."""
        if p not in self._derivatives:
            slope = [p.diff(x) for x in p.ring.gens]
            self._derivatives[p] = slope, [[g.diff(x) for x in p.ring.gens] for g in slope]
        return self._derivatives[p]

    def _on(self, face: Face) -> None:
        """The critical points on one face."""
        corner = Corner(self, face)
        if not corner.lines:
            self._flat(corner, face.point, [])
        elif degree(corner.polynomial) <= 2:
            zero = [Fraction(0)] * self.dim
            slope, second = self.derivatives(corner.polynomial)
            slope, second = [at(g, zero) for g in slope], [[at(h, zero) for h in row] for row in second]
            rows = [*(k.a for k in corner.kinks), *([dot(v, row) for row in second] for v in corner.lines)]
            right = [*(-k.c for k in corner.kinks), *(-dot(v, slope) for v in corner.lines)]
            origin = solved(rows, right, self.dim)
            if origin is not None:
                self._flat(corner, origin, nullspace(rows, self.dim))
        else:
            self._curved(corner)

    # ---------------------------------------------------------------------------------- on planes, on fractions
    def _flat(self, corner: Corner, origin: Numbers, directions: Sequence[Numbers],
              family: Family | None = None) -> None:
        """The critical points among {origin + Σ t_k d_k}, whose points are critical for F restricted to the face.

        family : as which they were found, if F there is no quadratic.
        """
        face, inside = corner.face, list[tuple[int, Affine, int]]()
        for j, (k, s) in enumerate(zip(self.pieces.kinks, face.signs, strict=True)):
            on = k.along(origin, directions)
            if s and any(on.a):
                inside.append((j, on, s))
            elif s and sign(on.c) != s:
                return
        slopes, entries = list[Affine](), list[Numbers]()
        for signs, edges in corner.cells.items() if corner.kinks else ():
            along = [g for p in self.derivatives(self.pieces.polynomials[signs])[0]
                     if (g := affine(p, origin, directions)) is not None]
            if len(along) < self.dim:
                self.open(face, "the gradients around it are not affine along it")
                return
            entries += [(*g.a, g.c) for g in along]
            for r in edges:
                g = Affine(tuple(dot(r, [x.a[k] for x in along]) for k in range(len(directions))),
                           dot(r, [x.c for x in along]))
                if any(g.a) and g not in slopes:
                    slopes.append(g)
        # whether 0 is in the hull is the same all over a region: the gradients are constant, or have a common factor
        steady = corner.simple or not any(any(e[:-1]) for e in entries) or len(rref(entries)[0]) <= 1
        functions = (*(g for _, g, _ in inside), *slopes)
        check = self.clock.looked("faces between the cells")
        for region in faces(functions, len(directions), check):
            if all(s == t for (_, _, s), t in zip(inside, region.signs, strict=False)):
                plane = Plane(face, origin, tuple(directions), functions, tuple(j for j, _, _ in inside), region).proper
                if not steady:
                    self.open(face, "the hull of the gradients around it changes along it")
                elif in_hull([c.slope for c in corner.cones(plane.point, False)], check):
                    self.flats.append(self._critical(corner, plane, family))

    def _critical(self, corner: Corner, plane: Plane, family: Family | None) -> Flat:
        """What a plane of critical points is."""
        free, point = bool(plane.directions), plane.point
        cones = corner.cones(point, free)
        p, hessian = corner.polynomial, cones[0].hessian
        base = min(cones, key=lambda c: not c.quadratic)
        along = [found if found != "weak" or base.quadratic else None for found in map(base.curvature, (1, -1))]
        if family is not None:
            along = [*_ways_of(Nature(family.nature))] if family.equations else ["weak", "weak"]  # (F is constant)
        elif free and not base.quadratic:
            along = [None, None]
        nature = together([(c.way(1, along[0]), c.way(-1, along[1])) for c in cones], free)
        eigenvalues: tuple = ()
        if corner.smooth:
            positive, negative = inertia(hessian)
            evidence = f"the Hessian has {positive} positive and {negative} negative eigenvalues"
            if not free:
                eigenvalues = exact_eigenvalues(sympy.Matrix([[rational(x) for x in row] for row in hessian]))
                if positive + negative < self.dim:
                    nature, evidence = classify(p.as_expr(), self.symbols, tuple(map(rational, point)))
            elif family is not None and not corner.kinks:  # (it is one of F on the face)
                nature, evidence = Nature(family.nature), family.evidence
            elif not any(map(any, hessian)):
                evidence = "F is constant around it"
        else:
            evidence = corner.why(nature)
        kinks = () if corner.smooth else tuple(corner.names)
        return Flat(plane, nature, at(p, point), eigenvalues, evidence, kinks)

    def _list_flats(self) -> None:
        """Enter the planes: each with those that are its edges, the others by themselves."""
        parts = sorted(self.flats, key=lambda f: -len(f.plane.directions))
        edges: dict[int, list[Flat]] = {}
        for i, part in enumerate(parts):
            whole = next((k for k in range(i) if k in edges and parts[k].plane.closes(part.plane)), None)
            edges.setdefault(i if whole is None else whole, []).extend([part] * (whole is not None))
        self.found += [self._listed(parts[k], own) for k, own in edges.items()]

    def _listed(self, flat: Flat, edges: list[Flat]) -> CriticalPoint:
        plane, evidence = flat.plane, [flat.evidence]
        theta, parameters, equations = self._parametrised(plane)
        conditions = []
        for j in _facets(plane):
            s, on = plane.region.signs[j], [e for e in edges if not plane.functions[j](plane.coordinates(
                e.plane.point) or ())]
            closed = bool(on) and all(e.nature == flat.nature for e in on)
            name = self.pieces.names[plane.kinks[j]] if j < len(plane.kinks) else self._named(plane, j)
            conditions.append(_relation(name, s, closed))
        for e in edges:
            if not all(c.subs(dict(zip(self.symbols, map(rational, e.plane.point), strict=True))) for c in conditions):
                what = self._parametrised(e.plane)[2]
                where = f"at {tuple(map(rational, e.plane.point))}" if not e.plane.directions else (
                    "on its edge " + ", ".join(f"{q} = 0" for q in what))
                said = f"it is a {e.nature}" if e.nature.decided else "its nature is undecided"
                evidence.append(f"{where}, where F has a kink, {said}")
        point = tuple(map(rational, plane.point))
        return CriticalPoint(
            theta, flat.nature, rational(flat.value), flat.eigenvalues, evidence="; ".join(evidence),
            symbols=self.symbols, family=parameters, equations=equations if parameters else (),
            inequalities=tuple(conditions), member=tuple(map(float, point)) if parameters else (), kinks=flat.kinks)

    def _named(self, plane: Plane, j: int) -> sympy.Expr:
        """A function of a plane by the coordinates, up to a positive factor."""
        rows = [*zip(*plane.directions, strict=True)]
        free = rref(plane.directions)[1]  # t by these coordinates
        inverse = sympy.Matrix([[rational(x) for x in rows[i]] for i in free]).inv()
        t = inverse * sympy.Matrix([self.symbols[i] - rational(plane.origin[i]) for i in free])
        g = plane.functions[j]
        return sympy.expand(sum((rational(a) * x for a, x in zip(g.a, t, strict=True)), rational(g.c))).primitive()[1]

    def _parametrised(self, plane: Plane) -> tuple[tuple, tuple, tuple]:
        """(θ, parameters, equations); the parameters are coordinates."""
        reduced, pivots = rref(plane.directions)
        parameters = tuple(self.symbols[k] for k in pivots)
        origin = moved(plane.origin, [-plane.origin[k] for k in pivots], reduced)
        theta = tuple(rational(o) + sum((rational(d[i]) * x for d, x in zip(reduced, parameters, strict=True)),
                                        sympy.Integer(0)) for i, o in enumerate(origin))
        return theta, parameters, tuple(x - value for x, value in zip(self.symbols, theta, strict=True) if x != value)

    def open(self, face: Face, why: str) -> None:
        where = ", ".join(f"{n} {'<=>'[s + 1]} 0" for n, s in zip(self.pieces.names, face.signs, strict=True))
        if (text := f"critical points where {where}: {why}") not in self.undecided:
            self.undecided.append(text)

    # ------------------------------------------------------------------------------- on the others, by algebra
    def _curved(self, corner: Corner) -> None:
        """The critical points on a face on which F is no quadratic: those of a polynomial in its free coordinates."""
        free = [i for i, x in enumerate(self.symbols) if x not in corner.pinned]
        symbols = tuple(self.symbols[i] for i in free)
        p = sympy.expand(corner.polynomial.as_expr().subs(corner.pinned))
        key = p, symbols
        if key not in self._solved:
            self._solved[key] = critical_set(p, symbols, seconds=max(self.clock.left, 0.1))
        found = self._solved[key]
        for why in found.undecided:
            self.open(corner.face, why)
        for point in found.points:
            if all(x.is_Rational for x in point.theta):
                origin = corner.whole([Fraction(x.p, x.q) for x in point.theta], free)
                self._flat(corner, origin, [])
            else:
                self._irrational(corner, point, symbols)
        for family in found.families:
            equations = [Poly(e, *symbols) for e in family.equations]
            if all(e.total_degree() == 1 for e in equations):
                self._affine_family(corner, equations, free, family)
            else:
                Sheet(self, corner, family, symbols).enter()

    def _affine_family(self, corner: Corner, equations: list[Poly], free: list[int], family: Family) -> None:
        rows, right = [k.a for k in corner.kinks], [-k.c for k in corner.kinks]
        for e in equations:
            row = [Fraction(0)] * self.dim
            for i, x in zip(free, e.gens, strict=True):
                row[i] = as_fraction(e.coeff_monomial(x))
            rows.append(tuple(row))
            right.append(-as_fraction(e.coeff_monomial(1)))
        origin = solved(rows, right, self.dim)
        if origin is not None:
            self._flat(corner, origin, nullspace(rows, self.dim), family)

    def _irrational(self, corner: Corner, point: Point, symbols) -> None:
        """A point on a face whose coordinates are algebraic numbers: the signs of polynomials there are exact."""
        zero = point.zero
        if zero is None:
            self.open(corner.face, f"near {tuple(map(float, point.theta))}, whose coordinates are not exact")
            return
        ring = zero.algebra.ring

        def sign_of(e: sympy.Expr) -> int:
            return zero.algebra.sign(ring.from_expr(sympy.expand(e.subs(corner.pinned))), zero)

        if any(s and sign_of(name) != s for name, s in zip(self.pieces.names, corner.face.signs, strict=True)):
            return
        if (known := self.natured(corner, point, sign_of, f"whether {tuple(map(float, point.theta))} is one")) is None:
            return
        nature, evidence = known
        at_point = dict(zip(symbols, point.theta, strict=True))
        theta = tuple(sympy.expand(x.subs(corner.pinned).subs(at_point)) for x in self.symbols)
        eigenvalues = () if corner.kinks else point.spectrum(corner.polynomial.as_expr(), self.symbols)
        self.found.append(CriticalPoint(
            theta, nature, point.value, eigenvalues, exact=point.exact, evidence=evidence, symbols=self.symbols,
            box=() if corner.kinks else point.box, kinks=() if corner.smooth else tuple(corner.names)))

    def natured(self, corner: Corner, found: Point | Family, sign_of: Callable[[sympy.Expr], int | None],
                open_: str) -> tuple[Nature, str] | None:
        """What F is where F restricted to a face is critical, and why; None where F is not, or may be.

        sign_of : the sign of a polynomial there, None where it is not known.  open_ : what is said where F may be.
        """
        nature = Nature(found.nature)
        if not corner.kinks:
            return nature, found.evidence
        slopes = {signs: [sign_of(e) for e in corner.slopes(signs)] for signs in corner.cells}
        known = {signs: [v for v in vs if v is not None] for signs, vs in slopes.items()}
        critical = corner.critical(known) if known == slopes else None
        if critical is None:
            self.open(corner.face, open_)
        if not critical:
            return None
        ways = _ways_of(nature)
        nature = together([_outward(vs, ways) for vs in known.values()], isinstance(found, Family))
        return nature, corner.why(nature)


def _ways_of(nature: Nature) -> tuple[str | None, str | None]:
    """What F and −F do where a polynomial F that is not constant has a nature, in the words of `Cone.way`."""
    if nature.is_saddle:
        return "falls", "falls"
    if nature.isolated is None or not nature.decided:
        return None, None
    up = "strict" if nature.isolated else "weak"
    return (up, "falls") if nature.is_minimum else ("falls", up)


def _outward(slopes: Sequence[int], along: tuple[str | None, str | None]) -> tuple[str | None, str | None]:
    """What F and −F do in a cell whose edges have slopes of these signs, if they do `along` on the face."""
    def way(s: int, w: str | None) -> str | None:
        return "falls" if w == "falls" or any(s * v < 0 for v in slopes) else w if all(slopes) else None

    return way(1, along[0]), way(-1, along[1])


class Sheet:
    """A family of critical points of F restricted to a face, with equations of degree > 1."""

    def __init__(self, search: Cells, corner: Corner, family: Family, symbols: tuple):
        self.search, self.corner, self.family, self.symbols = search, corner, family, symbols
        self.ring = search.clock.ring(symbols)
        self.basis = [self.ring.from_expr(e) for e in family.equations]
        pieces = search.pieces
        self.kinks = [(name, s) for name, s in zip(pieces.names, corner.face.signs, strict=True) if s]
        self.reduced = [self.rest(name) for name, _ in self.kinks]

    def rest(self, e: sympy.Expr) -> PolyElement:
        """A polynomial, as it is on the family."""
        return self.ring.from_expr(sympy.expand(e.subs(self.corner.pinned))).rem(self.basis)

    def enter(self) -> None:
        signs = [s for _, s in self.kinks]
        for q, s in zip(self.reduced, signs, strict=True):
            if q.is_ground and sign(as_fraction(q.coeff(1))) != s:
                return
        free = [(q, s) for q, s in zip(self.reduced, signs, strict=True) if not q.is_ground]
        own = [s for _, s in free]
        if any(all(s * c >= 0 for s, c in zip(own, row, strict=True)) for row in contradictions([q for q, _ in free])):
            return
        sample = self.sample()
        if sample is None:
            self.search.open(self.corner.face, f"whether {self.words} passes there")
            return
        corner, theta, value = self.corner, self.family.theta, self.family.value
        known = self.search.natured(corner, self.family, self.sign,
                                    f"where 0 is in the hull of the gradients on {self.words}")
        if known is None:
            return
        nature, evidence = known
        at_family = dict(zip(self.symbols, theta, strict=True))
        self.search.found.append(CriticalPoint(
            tuple(sympy.cancel(x.subs(corner.pinned).subs(at_family)) for x in self.search.symbols), nature,
            sympy.nan if value is None else value, evidence=evidence, symbols=self.search.symbols,
            family=self.family.parameters,
            equations=(*(x - e for x, e in corner.pinned.items()), *self.family.equations),
            inequalities=tuple(_relation(name, s) for (name, s), q in zip(self.kinks, self.reduced, strict=True)
                               if not q.is_ground),
            member=tuple(float(x.subs(corner.pinned).subs(dict(zip(self.symbols, sample, strict=True))))
                         for x in self.search.symbols), kinks=() if corner.smooth else tuple(corner.names)))

    @property
    def words(self) -> str:
        return "{" + ", ".join(f"{e} = 0" for e in self.family.equations) + "}"

    def sample(self) -> tuple | None:
        """A rational point of the family on the face."""
        parameters, theta = self.family.parameters, self.family.theta
        if theta == self.symbols and len(self.basis) == 1:  # one coordinate by the others
            e = self.family.equations[0]
            x = next((x for x in self.symbols if sympy.degree(e, x) == 1), None)
            if x is None:
                return None
            parameters = tuple(t for t in self.symbols if t != x)
            theta = tuple(sympy.solve(e, x)[0] if t == x else t for t in self.symbols)
        if not set(parameters) <= set(self.symbols) or theta == self.symbols:
            return None
        where = dict(zip(self.search.symbols, map(rational, self.corner.face.point), strict=True))
        sizes = [Rational(2) ** k * s for k in (0, 1, -1, 3, -3) for s in (1, -1)]
        choices = [[abs(where[t]) * s if where[t] else s for s in sizes] + [sympy.Integer(0)] for t in parameters]
        for values in itertools.islice(itertools.product(*choices), 400):
            at_values = dict(zip(parameters, values, strict=True))
            point = [sympy.sympify(x).subs(at_values) for x in theta]
            if all(x.is_Rational for x in point):
                there = dict(zip(self.symbols, point, strict=True))
                if all(sympy.sign(name.subs(self.corner.pinned).subs(there)) == s for name, s in self.kinks):
                    return tuple(point)
        return None

    def sign(self, e: sympy.Expr) -> int | None:
        """The one sign of a polynomial on the part of the family that is on the face; None where it is not seen."""
        q = self.rest(e)
        if not q:
            return 0
        constant, factors = q.factor_list()
        total = sign(as_fraction(constant))
        for factor, power in factors:
            found = self._factor(factor)
            if found is None and power % 2:
                return None
            total *= (found or 1) ** power if found != 0 else 0
        return total

    def _factor(self, q: PolyElement) -> int | None:
        """By the kinks: q itself or its product with one of them is constant on the family, or one of them times c."""
        if squares := squares_of(q) or squares_of(-q):
            return (1 if squares_of(q) else -1) if any(t.is_ground for t in squares) else None
        for (name, s), own in zip(self.kinks, self.reduced, strict=True):
            if own and (q * own.LC - own * q.LC).rem(self.basis) == 0:
                return s * sign(as_fraction(q.LC)) * sign(as_fraction(own.LC))
            product = (q * self.ring.from_expr(sympy.expand(name.subs(self.corner.pinned)))).rem(self.basis)
            if product.is_ground and product:
                return s * sign(as_fraction(product.coeff(1)))
        return None


class Corner:
    """A face, and the cells around it with the directions of their edges at it, but those along it.

    kinks : those that vanish there.  lines : a basis of the directions along it.  polynomial : F on it, of one of them.
    pinned : the coordinates that the kinks give by the others.
    """

    def __init__(self, search: Cells, face: Face):
        pieces = search.pieces
        self.search, self.face = search, face
        here = [j for j, s in enumerate(face.signs) if not s]
        self.kinks, self.names = [pieces.kinks[j] for j in here], [pieces.names[j] for j in here]
        self.lines = nullspace([k.a for k in self.kinks], search.dim)
        edges = rays([k.a for k in self.kinks], search.clock.looked("faces between the cells"))
        self.cells = {signs: [r for s, r in edges if conformal(s, [signs[j] for j in here])]
                      for signs in pieces.polynomials if conformal(face.signs, signs)}
        self.polynomial = min((pieces.polynomials[signs] for signs in self.cells), key=degree)
        self.smooth = all(pieces.polynomials[signs] == self.polynomial for signs in self.cells)

    @functools.cached_property
    def pinned(self) -> dict[sympy.Symbol, sympy.Expr]:
        if not self.names:
            return {}
        return dict(sympy.solve(self.names, self.search.symbols[::-1], dict=True)[0])

    def whole(self, values: Sequence[Fraction], free: Sequence[int]) -> Numbers:
        """The point of the face with these values of its free coordinates."""
        at_free = {self.search.symbols[i]: rational(v) for i, v in zip(free, values, strict=True)}
        theta = [sympy.sympify(x.subs(self.pinned).subs(at_free)) for x in self.search.symbols]
        return tuple(Fraction(int(x.p), int(x.q)) for x in theta)

    @property
    def simple(self) -> bool:
        """Whether the kinks meet as coordinate planes do.  As F is continuous, its slope to one side of one of them is
        then the same in all cells there, and the hull of the gradients a product of intervals."""
        return len(self.kinks) == self.search.dim - len(self.lines)

    def critical(self, slopes: dict[tuple[int, ...], list[int]]) -> bool | None:
        """Whether 0 is in the hull of the gradients, by the signs of the slopes along the edges of the cells."""
        every = [v for vs in slopes.values() for v in vs]
        if self.smooth:  # one gradient
            return not any(every)
        if min(every) >= 0 or max(every) <= 0:  # no direction, or every one, in which F falls
            return True
        if not self.simple:
            return None
        by_edge = {r: v for signs, vs in slopes.items() for r, v in zip(self.cells[signs], vs, strict=True)}
        return all(v * by_edge[tuple(-x for x in r)] >= 0 for r, v in by_edge.items())

    def slopes(self, signs: tuple[int, ...]) -> list[sympy.Expr]:
        """F's derivatives along the edges of a cell, in symbols."""
        slope = self.search.derivatives(self.search.pieces.polynomials[signs])[0]
        return [sum((rational(x) * g.as_expr() for x, g in zip(r, slope, strict=True)), sympy.Integer(0))
                for r in self.cells[signs]]

    def cones(self, point: Numbers, uniform: bool) -> list[Cone]:
        """The cells at one of its points."""
        found = []
        for signs, edges in self.cells.items():
            p = self.search.pieces.polynomials[signs]
            slope, second = self.search.derivatives(p)
            found.append(Cone(tuple(edges), tuple(self.lines), tuple(at(g, point) for g in slope),
                              tuple(tuple(at(h, point) for h in row) for row in second), degree(p) <= 2, uniform))
        return found

    def why(self, nature: Nature) -> str:
        does = {"minimum": "it is a minimum in each", "maximum": "it is a maximum in each",
                "saddle": "F falls and grows in them", "undecided": "which nature was not decided"}[nature.kind]
        where = ", ".join(f"{n} = 0" for n in self.names)
        return f"on the kink {where}: 0 is in the hull of the gradients of the {len(self.cells)} cells around, {does}"


def _facets(plane: Plane) -> list[int]:
    """The functions of which the region ends where they vanish, one for each facet."""
    found: dict[tuple[int, ...], int] = {}
    for f in faces(plane.functions, len(plane.directions)):
        zero = [j for j, s in enumerate(f.signs) if not s]
        if zero and conformal(f.signs, plane.region.signs) and len(rref([plane.functions[j].a for j in zero])[0]) == 1:
            found.setdefault(f.signs, zero[0])
    return sorted(found.values())


# -------------------------------------------------------------------------------------------------------- tools
def _relation(e: sympy.Expr, s: int, closed: bool = False) -> sympy.Rel:
    """That e has the sign s, or with `closed` no other."""
    if e.could_extract_minus_sign():
        e, s = -e, -s
    return {(1, False): sympy.Gt, (-1, False): sympy.Lt, (1, True): sympy.Ge, (-1, True): sympy.Le}[s, closed](e, 0)


def rational(x: Fraction) -> Rational:
    return Rational(x.numerator, x.denominator)


def degree(p: PolyElement) -> int:
    return max(map(sum, p), default=0)


def at(p: PolyElement, x: Sequence[Fraction]) -> Fraction:
    """The value of a polynomial."""
    return sum((as_fraction(c) * math.prod(v**e for v, e in zip(x, m, strict=True) if e) for m, c in p.items()),
               Fraction(0))


def moved(origin: Sequence[Fraction], t: Sequence[Fraction], directions: Sequence[Sequence[Fraction]]) -> Numbers:
    return tuple(x + sum((s * d[i] for s, d in zip(t, directions, strict=True)), Fraction(0))
                 for i, x in enumerate(origin))


def affine(p: PolyElement, origin: Numbers, directions: Sequence[Numbers]) -> Affine | None:
    """A polynomial on origin + Σ t_k d_k, where it is affine in t; else None."""
    t = sympy.ring([f"t{k}" for k in range(max(len(directions), 1))], QQ)[0]
    values = [t(QQ(o.numerator, o.denominator)) + sum(
        (t.gens[k] * QQ(d[i].numerator, d[i].denominator) for k, d in enumerate(directions)), t.zero)
        for i, o in enumerate(origin)]
    total = t.zero
    for m, c in p.items():
        total += math.prod((x**e for x, e in zip(values, m, strict=True) if e), start=t(c))
    if degree(total) > 1:
        return None
    return Affine(tuple(as_fraction(total.coeff(x)) for x in t.gens[:len(directions)]), as_fraction(total.coeff(1)))
