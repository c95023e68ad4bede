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
from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction

import sympy
from sympy import QQ, Poly, Rational
from sympy.polys.rings import PolyElement

from arithmetic import as_decimals

from .algebra import Clock, Stopped
from .arrangement import (
    Affine, Face, Numbers, TooMany, conformal, dot, faces, nullspace, rays, rref, sign, solved,
)
from .nature import Nature
from .polynomials import CriticalSet, descartes

SWITCHES = (sympy.Max, sympy.Min, sympy.Abs)


class NotPiecewise(ValueError):
    """The expression is not piecewise polynomial on cells between hyperplanes."""


@dataclass(frozen=True)
class Stationary:
    """A critical point, or a set of them (`family`: its parameters), with the fields of `CriticalPoint`."""

    theta: tuple
    nature: Nature
    value: object
    evidence: str
    eigenvalues: tuple = ()
    exact: bool = True
    box: tuple = ()
    family: tuple = ()
    equations: tuple = ()
    inequalities: tuple = ()
    member: tuple = ()
    kinks: tuple = ()


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
        for atom in expression.atoms(*SWITCHES):
            for a, b in itertools.combinations([sympy.Integer(0), *_branches(atom.args[0])] if isinstance(
                    atom, sympy.Abs) else sorted(set().union(*map(_branches, atom.args)), key=str), 2):
                self._factored(sympy.expand(a - b))
        self.kinks = [self._affine(q) for q in self.names]
        cells = {f.signs: self._polynomial(expression, f.signs) for f in self._faces() if all(f.signs)}
        kept = [j for j in range(len(self.kinks)) if any(
            cells[f.signs[:j] + (1,) + f.signs[j + 1:]] != cells[f.signs[:j] + (-1,) + f.signs[j + 1:]]
            for f in self.faces if [i for i, s in enumerate(f.signs) if not s] == [j])]
        self.polynomials = {tuple(signs[j] for j in kept): p for signs, p in cells.items()}
        self.kinks, self.names = [self.kinks[j] for j in kept], [self.names[j] for j in kept]
        for wall in (f for f in self._faces() if f.signs.count(0) == 1):
            (j,) = [i for i, s in enumerate(wall.signs) if not s]
            above, below = (self.polynomials[wall.signs[:j] + (s,) + wall.signs[j + 1:]] for s in (1, -1))
            if (above - below).rem([self.ring.from_expr(self.names[j])]):
                raise NotPiecewise(f"F jumps where {self.names[j]} = 0")

    def _faces(self) -> list[Face]:
        self.faces = faces(self.kinks, len(self.symbols))
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
        return Affine(tuple(_fraction(p.coeff_monomial(x)) for x in self.symbols), _fraction(p.coeff_monomial(1)))

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

        return self.ring.from_expr(sympy.expand(chosen(expression)))

    def around(self, face: Face) -> list[tuple[int, ...]]:
        """The signs of the cells whose closure holds a face."""
        return [signs for signs in self.polynomials if conformal(face.signs, signs)]


def _branches(e: sympy.Expr) -> set[sympy.Expr]:
    """The polynomials one of which an expression is."""
    if not e.has(*SWITCHES):
        return {e}
    if isinstance(e, sympy.Abs):
        return {s * b for s in (1, -1) for b in _branches(e.args[0])}
    if isinstance(e, (sympy.Max, sympy.Min)):
        return set().union(*map(_branches, e.args))
    found = {e.func(*parts) for parts in itertools.islice(itertools.product(*map(_branches, e.args)), 65)}
    if len(found) > 64:
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


def in_hull(vectors: Sequence[Numbers]) -> bool:
    """Whether 0 is a convex combination of the vectors: no direction has a positive product with all (Gordan)."""
    if not all(any(v) for v in vectors):
        return True
    rows = list(dict.fromkeys(vectors))
    n = len(rows[0])
    return not any(min(f.signs) > 0 for f in faces([Affine(v, Fraction(0)) for v in rows], n))


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
    """The critical points of a piecewise polynomial.  found : `Stationary`s.  proof, undecided : sentences."""

    def __init__(self, expression: sympy.Expr, symbols: Sequence[sympy.Symbol], clock: Clock):
        self.clock, self.found, self.flats = clock, list[Stationary](), list[Flat]()
        self.proof, self.undecided = list[str](), list[str]()
        self.pieces = Pieces(as_decimals(expression), symbols, clock)
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
        if not self.undecided:
            cells = len(pieces.polynomials)
            self.proof.append(
                f"F is a polynomial in each of the {cells} cells between {len(pieces.kinks)} hyperplanes: the critical "
                f"points on all {len(pieces.faces)} cells and faces of R^{self.dim} were solved for exactly; at a kink "
                "they are where 0 is in the convex hull of the gradients around")

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
    def _flat(self, corner: Corner, origin: Numbers, directions: Sequence[Numbers]) -> None:
        """The critical points among {origin + Σ t_k d_k}, on which F restricted to the face is."""
        face, inside = corner.face, list[tuple[int, Affine, int]]()
        for j, (k, s) in enumerate(zip(self.pieces.kinks, face.signs, strict=True)):
            on = k.along(origin, directions)
            if s and any(on.a):
                inside.append((j, on, s))
            elif s and sign(on.c) != s:
                return
        slopes, steady = list[Affine](), True
        for signs, edges in corner.cells.items() if corner.kinks else ():
            along = [g for p in self.derivatives(self.pieces.polynomials[signs])[0]
                     if (g := affine(p, origin, directions)) is not None]
            if len(along) < self.dim:
                self._open(face, "the gradients around it are not affine along it")
                return
            steady = steady and not any(any(g.a) for g in along)
            for r in edges:
                g = Affine(tuple(dot(r, [x.a[k] for x in along]) for k in range(len(directions))),
                           dot(r, [x.c for x in along]))
                if any(g.a) and g not in slopes:
                    slopes.append(g)
        functions = (*(g for _, g, _ in inside), *slopes)
        for region in faces(functions, len(directions)):
            if all(s == t for (_, _, s), t in zip(inside, region.signs, strict=False)):
                plane = Plane(face, origin, tuple(directions), functions, tuple(j for j, _, _ in inside), region)
                if not steady and len(corner.lines) < self.dim - 1:
                    self._open(face, "the hull of the gradients around it changes along it")
                elif in_hull([c.slope for c in corner.cones(plane.point, False)]):
                    self.flats.append(self._critical(corner, plane))

    def _critical(self, corner: Corner, plane: Plane) -> Flat:
        """What a plane of critical points is."""
        free, point = bool(plane.directions), plane.point
        cones = corner.cones(point, free)
        p, hessian = corner.polynomial, cones[0].hessian
        base = min(cones, key=lambda c: not c.quadratic)
        along = [found if found != "weak" or base.quadratic else None for found in map(base.curvature, (1, -1))]
        if free and not base.quadratic:
            along = [None, None]
        nature = together([(c.way(1, along[0]), c.way(-1, along[1])) for c in cones], free)
        eigenvalues: tuple = ()
        if corner.smooth:
            positive, negative = inertia(hessian)
            evidence = f"the Hessian has {positive} positive and {negative} negative eigenvalues"
            if not free:
                eigenvalues = tuple(eigenvalues_of(hessian))
                if positive + negative < self.dim:
                    nature, evidence = classified(p, self.symbols, point)
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

    def _listed(self, flat: Flat, edges: list[Flat]) -> Stationary:
        plane, evidence = flat.plane, [flat.evidence]
        theta, parameters, equations = self._parametrised(plane)
        conditions = []
        for j in _facets(plane):
            s, on = plane.region.signs[j], [e for e in edges if not plane.functions[j](plane.coordinates(
                e.plane.point) or ())]
            closed = bool(on) and all(e.nature == flat.nature for e in on)
            name = self.pieces.names[plane.kinks[j]] if j < len(plane.kinks) else sum(
                (rational(a) * x for a, x in zip(plane.functions[j].a, parameters, strict=True)),
                rational(plane.functions[j].c))
            relation = {(1, False): sympy.Gt, (-1, False): sympy.Lt, (1, True): sympy.Ge, (-1, True): sympy.Le}
            conditions.append(relation[s, closed](name, 0))
        for e in edges:
            if not all(c.subs(dict(zip(self.symbols, map(rational, e.plane.point), strict=True))) for c in conditions):
                what = self._parametrised(e.plane)[2]
                where = f"at {tuple(map(rational, e.plane.point))}" if not e.plane.directions else (
                    "on its edge " + ", ".join(f"{q} = 0" for q in what))
                evidence.append(f"{where}, where F has a kink, it is a {e.nature}")
        point = tuple(map(rational, plane.point))
        return Stationary(
            theta, flat.nature, rational(flat.value), "; ".join(evidence), flat.eigenvalues, family=parameters,
            equations=equations if parameters else (), inequalities=tuple(conditions),
            member=tuple(map(float, point)) if parameters else (), kinks=flat.kinks)

    def _parametrised(self, plane: Plane) -> tuple[tuple, tuple, tuple]:
        """(θ, parameters, equations); the parameters are coordinates."""
        reduced, pivots = rref(plane.directions)
        parameters = tuple(self.symbols[k] for k in pivots)
        origin = moved(plane.origin, [-plane.origin[k] for k in pivots], reduced)
        theta = tuple(rational(o) + sum((rational(d[i]) * x for d, x in zip(reduced, parameters, strict=True)),
                                        sympy.Integer(0)) for i, o in enumerate(origin))
        return theta, parameters, tuple(x - value for x, value in zip(self.symbols, theta, strict=True) if x != value)

    def _open(self, face: Face, why: str) -> None:
        where = ", ".join(f"{n} {'<=>'[s + 1]} 0" for n, s in zip(self.pieces.names, face.signs, strict=True))
        self.undecided.append(f"critical points where {where}: {why}")

    # ------------------------------------------------------------------------------- on the others, by algebra
    def _curved(self, corner: Corner) -> None:
        """The critical points on a face on which F is no quadratic."""
        self._open(corner.face, "F is of degree > 2 there")


class Corner:
    """A face, and the cells around it with the directions of their edges at it, but those along it.

    kinks : those that vanish there.  lines : a basis of the directions along it.  polynomial : F on it, of one of them.
    """

    def __init__(self, search: Cells, face: Face):
        pieces = search.pieces
        self.search, self.face = search, face
        here = [j for j, s in enumerate(face.signs) if not s]
        self.kinks, self.names = [pieces.kinks[j] for j in here], [pieces.names[j] for j in here]
        self.lines = nullspace([k.a for k in self.kinks], search.dim)
        edges = rays([k.a for k in self.kinks])
        self.cells = {signs: [r for s, r in edges if conformal(s, [signs[j] for j in here])]
                      for signs in pieces.polynomials if conformal(face.signs, signs)}
        self.polynomial = min((pieces.polynomials[signs] for signs in self.cells), key=degree)
        self.smooth = all(pieces.polynomials[signs] == self.polynomial for signs in self.cells)

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
                "saddle": "F falls in one and grows in one", "undecided": "which nature was not decided"}[nature.kind]
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
def _fraction(c) -> Fraction:
    return Fraction(int(c.numerator), int(c.denominator))


def rational(x: Fraction) -> Rational:
    return Rational(x.numerator, x.denominator)


def degree(p: PolyElement) -> int:
    return max(map(sum, p), default=0)


def at(p: PolyElement, x: Sequence[Fraction]) -> Fraction:
    """The value of a polynomial."""
    return sum((_fraction(c) * math.prod(v**e for v, e in zip(x, m, strict=True) if e) for m, c in p.items()),
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
    return Affine(tuple(_fraction(total.coeff(x)) for x in t.gens[:len(directions)]), _fraction(total.coeff(1)))


def eigenvalues_of(matrix: Sequence[Sequence[Fraction]]) -> list:
    """Of a symmetric matrix, as `critical` writes them."""
    from .critical import exact_eigenvalues

    return list(exact_eigenvalues(sympy.Matrix([[rational(x) for x in row] for row in matrix])))


def classified(p: PolyElement, symbols, point: Numbers) -> tuple[Nature, str]:
    from .classification import classify

    nature, why = classify(p.as_expr(), symbols, tuple(map(rational, point)))
    return Nature(nature), why
