"""The critical points of a polynomial, all of them in R^n, with their natures and the proof that there are no more.

The gradient's zeros are isolated points (`algebra`) or split into families and points (`splitting`).  A nature follows
from the signs of the Hessian's eigenvalues; at a singular Hessian from `classify`; along a family from the signs across
it, for where the kernel is tangent to the family F is, up to its value, a nondegenerate quadratic form across it.

Sources: Bott 1954 (families); Sylvester's law and Gershgorin's discs; Descartes' rule, exact where all roots are real.
"""
from __future__ import annotations

import itertools
import math
import pickle
import subprocess
import sys
import time
from collections.abc import Sequence
from dataclasses import dataclass, field

import mpmath
import numpy as np
import sympy
from sympy import Poly, Rational
from sympy.polys.groebnertools import groebner
from sympy.polys.rings import PolyElement

from arithmetic import as_decimals

from .algebra import LARGEST_EXACT, Clock, Quotient, Stopped, Zero, isolated, on_box, rationals
from .counted import counted, exact
from .enclosed import spectrum
from .germ import exact_eigenvalues
from .nature import Nature, descartes, invertible
from .splitting import components, determinant, independent, member, parametrised, real_equations, squares_of


@dataclass(frozen=True)
class Family:
    """A set of real zeros that are not isolated.

    equations : polynomials whose common real zeros it is.  dimension : of its complex zeros.  theta : a parametrisation
    by `parameters`, one to one, or the coordinates themselves where none is known.  member : one of its points, in
    floats; None where no real one is known.  value : of F on it, None if that is not one number.
    pieces : [(nature, condition, why)].  nature : the one all pieces have, else "undecided".
    """

    equations: tuple
    dimension: int
    theta: tuple
    parameters: tuple
    member: tuple | None
    value: object
    pieces: tuple

    @property
    def nature(self) -> str:
        natures = {nature for nature, _, _ in self.pieces}
        return natures.pop() if len(natures) == 1 else "undecided"

    @property
    def evidence(self) -> str:
        return "; ".join(f"{nature} {where}: {why}" if len(self.pieces) > 1 else why
                         for nature, where, why in self.pieces)


@dataclass(frozen=True)
class Point:
    """An isolated real zero.

    theta : exact numbers, or floats where `exact` is False.  box : rational (low, high) that hold it and no other zero.
    value : F there.  signs : the numbers of positive and negative eigenvalues of the Hessian; None where not decided.
    zero : of an algebra; None where intervals alone were needed, which then enclose the eigenvalues, in floats.
    """

    theta: tuple
    exact: bool
    box: tuple
    value: object
    nature: str
    evidence: str
    signs: tuple[int, int] | None
    zero: Zero | None = field(repr=False, compare=False)
    eigenvalues: tuple[float, ...] = ()

    def enclosure(self, bits: int) -> list:
        """Rational (low, high) for each coordinate, of relative width (absolute below 1) ≤ 2^−bits."""
        return [rationals(x) for x in self.zero.box(bits)[:len(self.theta)]] if self.zero else [*self.box]

    def spectrum(self, expression: sympy.Expr, symbols: Sequence[sympy.Symbol]) -> tuple:
        """The eigenvalues of the Hessian: exact where its entries are rational or it is 2 × 2 in radicals, else in
        floats, and exactly 0 as many as there are."""
        at = dict(zip(symbols, self.theta, strict=True))
        hessian = sympy.hessian(as_decimals(expression), list(symbols))
        simple = len(symbols) <= 2 or all(x.is_Rational for x in self.theta)
        if self.exact and simple and not any(x.has(sympy.CRootOf) for x in self.theta):
            return exact_eigenvalues(hessian.subs(at).applyfunc(sympy.expand))
        if self.signs is None:
            return ()
        if self.zero is None:
            return tuple(sympy.Float(v, 17) for v in self.eigenvalues)
        middle = dict(zip(symbols, ((low + high) / 2 for low, high in self.enclosure(256)), strict=True))
        with mpmath.workdps(40):
            values = sorted(mpmath.eigsy(mpmath.matrix(hessian.subs(middle).evalf(50).tolist()), eigvals_only=True))
        small = sorted(range(len(symbols)), key=lambda i: abs(values[i]))[:len(symbols) - sum(self.signs)]
        signs = [0 if i in small else 1 if v > 0 else -1 for i, v in enumerate(values)]
        if (signs.count(1), signs.count(-1)) != self.signs:
            return ()  # too near 0 for these digits
        return tuple(sympy.Integer(0) if s == 0 else sympy.Float(v, 17) for s, v in zip(signs, values, strict=True))


@dataclass
class CriticalSet:
    """The critical points of a polynomial: isolated `points` and `families`.

    proof : what was shown, in sentences.  undecided : what was not; where it is empty, `complete`: these are all.
    """

    points: list = field(default_factory=list)
    families: list = field(default_factory=list)
    proof: list = field(default_factory=list)
    undecided: list = field(default_factory=list)
    seconds: float = 0.0

    @property
    def complete(self) -> bool:
        return not self.undecided


def critical_set(expression, symbols: Sequence, *, seconds: float = 60.0) -> CriticalSet:
    """All real critical points of a polynomial with rational coefficients (floats are the decimals that they print as).

    Past `seconds` it returns what it has, and `undecided` says at which step it stopped.
    Raises ValueError where the expression is no polynomial in the symbols with rational coefficients.
    """
    result, clock = CriticalSet(), Clock(seconds)
    try:
        _Search(as_decimals(expression), tuple(symbols), clock, result).run()
    except Stopped as stop:
        result.undecided.append(str(stop))
    result.seconds = time.perf_counter() - clock.start
    return result


class _Search:
    """The steps of `critical_set`; what is found goes into `result` as soon as it is known."""

    def __init__(self, expression, symbols: tuple, clock: Clock, result: CriticalSet):
        self.expression, self.symbols, self.clock, self.result = expression, symbols, clock, result
        roots = sorted((x for x in expression.atoms(sympy.Pow, sympy.CRootOf, sympy.NumberSymbol)
                        if x.is_number and x.is_algebraic), key=str)
        self.adjoined = {x: sympy.Dummy(f"alpha{i}", real=True) for i, x in enumerate(roots)}
        self.ring = clock.ring((*symbols, *self.adjoined.values()))
        try:
            self.f = self.ring.from_expr(expression.xreplace(self.adjoined))
        except (ValueError, sympy.CoercionFailed) as error:
            raise ValueError(f"{expression} is no polynomial in {symbols} with algebraic coefficients") from error
        self.gens = self.ring.gens[:len(symbols)]
        self.slope = [self.f.diff(x) for x in self.gens]
        self.hessian = [[g.diff(x) for x in self.gens] for g in self.slope]
        self.squares = 1 if is_squares(expression) else -1 if is_squares(-expression) else 0
        self._known: dict = {}

    def run(self) -> None:
        slope = [g for g in self.slope if g]
        if not slope:
            pieces = (("non-strict minimum", "everywhere", "F is constant"),)
            n, value = len(self.symbols), self.expression.subs(dict.fromkeys(self.symbols, 0))
            self.result.families.append(Family((), n, self.symbols, self.symbols, (0.0,) * n, value, pieces))
            return
        minimal = [self.ring.from_expr(sympy.minimal_polynomial(x, a)) for x, a in self.adjoined.items()]
        basis = groebner([*slope, *minimal], self.ring)
        if basis[0].is_ground:
            self.result.proof.append("no critical point: 1 is a combination of the partial derivatives")
        elif not independent(basis):
            algebra = Quotient(basis, self.clock)
            if self.adjoined or algebra.dim <= 2 * LARGEST_EXACT or not self._count(algebra):
                self._points(algebra, True)
        elif self.adjoined:
            raise Stopped("families of critical points with irrational coefficients are not looked for")
        else:
            self._split(basis)

    # ------------------------------------------------------------------------------------------------ isolated points
    def _count(self, algebra: Quotient) -> bool:
        """Enter the zeros of the gradient if as many real ones are certified as there can be (`counted`)."""
        found = counted(algebra, self.f, self.slope)
        if found is None:
            return False
        spectra = [spectrum(*found.slopes[..., k]) for k in range(algebra.dim)]
        if any(s.signs is None for s in spectra):
            return False
        for k, s in enumerate(spectra):
            low, high, (positive, negative) = found.low[:, k], found.high[:, k], s.signs or (0, 0)
            theta = exact(low, high, self.slope)
            box = tuple((Rational(a), Rational(b)) for a, b in zip(low.tolist(), high.tolist(), strict=True))
            value = sympy.Float(float(found.values[:, k].mean()), 17) if theta is None else (
                self.expression.subs(dict(zip(self.symbols, theta, strict=True))))
            self.result.points.append(Point(
                theta or tuple(sympy.Float((a + b) / 2, 17) for a, b in box), theta is not None, box, value,
                str(Nature.of_hessian(positive, negative)), invertible(positive, negative), (positive, negative), None,
                tuple(((s.low + s.high) / 2).tolist())))
        self.result.proof.append(
            f"the gradient has at most {algebra.dim} complex zeros, the dimension of its algebra, and as many real "
            f"ones are certified by intervals, so these are all, in all of R^{len(self.symbols)}")
        return True

    def _points(self, algebra: Quotient, whole: bool, besides: Sequence = ()) -> None:
        """The zeros of an algebra, but those on the sets in `besides`; `whole`: its ideal is that of the gradient."""
        zeros = algebra.zeros
        kept = [z for z in zeros if self._belongs(z) and not any(z.lies_on(basis) for basis in besides)]
        located = []
        try:
            for zero in kept:
                zero.box(64)
                located.append(zero)
        except Stopped as stop:
            self.result.undecided.append(f"{stop}: {len(located)} of {len(kept)} points are listed")
        for zero in located:
            self._add(zero, whole)
        n, where = len(zeros), "" if whole else f" where {', '.join(str(g) for g in algebra.basis)} vanish"
        if algebra.real != n:
            self.result.undecided.append(f"{n} zeros were found{where}, but the trace form counts {algebra.real}")
            return
        more = (f" (with the conjugates of {', '.join(map(str, self.adjoined))})" if self.adjoined else
                f" ({n - len(kept)} of them on the sets listed before)" if len(kept) < n else "")
        self.result.proof.append(
            f"the gradient has {algebra.distinct} complex zeros{where}, {n} of them real, in all of "
            f"R^{len(self.symbols)}: rank and signature of the trace form; as many roots are isolated{more}")

    def _belongs(self, zero: Zero) -> bool:
        """Whether the adjoined numbers have their own values at a zero, not those of conjugates."""
        for (number, alpha), x in zip(self.adjoined.items(), self.ring.gens[len(self.gens):], strict=True):
            intervals = isolated([Poly(sympy.minimal_polynomial(number, alpha), alpha)])
            own = next(i for i, (low, high, _, _) in enumerate(intervals) if low <= number <= high)
            for bits in (64, 128, 256, 512, 1024):
                low, high = rationals(on_box(x, zero.box(bits)))
                met = [i for i, (a, b, _, _) in enumerate(intervals) if a <= high and low <= b]
                if len(met) == 1:
                    break
            if met != [own]:
                return False
        return True

    def _add(self, zero: Zero, simple: bool) -> None:
        """One point, with as much of it as the time allows; its enclosure is known."""
        n, theta, value, signs = len(self.symbols), None, None, None
        nature, evidence = "undecided", ""
        try:
            signs = self._inertia(zero, simple and zero.multiplicity == 1)
            theta = self._exact(zero)
            value = self._value(zero, theta)
            if sum(signs) == n:
                nature, evidence = str(Nature.of_hessian(*signs)), invertible(*signs)
            elif all(signs):
                nature = "degenerate saddle"
                evidence = f"the Hessian is singular and has eigenvalues of both signs ({signs[0]} +, {signs[1]} −)"
            elif self.squares and zero.algebra.vanishes(self.f, zero):
                nature = f"degenerate {'minimum' if self.squares > 0 else 'maximum'}"
                evidence = (f"the Hessian is singular; {'F' if self.squares > 0 else '−F'} is a sum of squares, 0 "
                            "there, and no other critical point is near")
            elif theta is None:
                evidence = "the Hessian is singular and semidefinite; the coordinates are no short exact numbers"
            else:
                nature, evidence = self._classified(theta)
        except Stopped as stop:
            evidence = str(stop)
        box = [rationals(x) for x in zero.box(64)[:n]]
        if value is None:
            low, high = rationals(on_box(self.f, zero.box(64)))
            value = sympy.Float((low + high) / 2, 17)
        floats = tuple(sympy.Float((low + high) / 2, 17) for low, high in box)
        self.result.points.append(Point(theta or floats, theta is not None, tuple(box), value, nature, evidence, signs,
                                        zero))

    def _exact(self, zero: Zero) -> tuple | None:
        theta = []
        for x in self.gens:
            number = zero.algebra.number(x, zero)
            if number is None:
                return None
            theta.append(number)
        return tuple(theta)

    def _value(self, zero: Zero, theta):
        if theta is not None:
            if not any(x.has(sympy.CRootOf) for x in theta):
                return sympy.expand(self.expression.subs(dict(zip(self.symbols, theta, strict=True))))
            value = zero.algebra.number(self.f, zero)
            if value is not None:
                return value
        low, high = rationals(on_box(self.f, zero.box(128)))
        return sympy.Float((low + high) / 2, 17)

    def _inertia(self, zero: Zero, simple: bool) -> tuple[int, int]:
        """Numbers of positive and negative eigenvalues of the Hessian: in intervals, Vᵀ H V with V the eigenvectors of
        its middle being diagonally dominant (Sylvester, Gershgorin); where that fails, by the exact signs of the
        coefficients of its characteristic polynomial (Descartes' rule: all roots are real)."""
        n = len(self.symbols)
        for bits in (64, 256, 1024, 4096) if simple else (64, 256):
            box = zero.box(bits)
            H = [[on_box(h, box) for h in row] for row in self.hessian]
            middle = np.array([[float(mpmath.mpf(h.mid)) for h in row] for row in H])
            scale = 1 / np.sqrt(np.abs(np.diag(middle)) + np.abs(middle).max() * 1e-8 + 1e-300)
            V = (scale[:, None] * np.linalg.eigh(middle * scale[:, None] * scale)[1]).T
            rows = [[sum(H[i][j] * float(v[j]) for j in range(n)) for i in range(n)] for v in V]
            D = [[sum(rows[a][i] * float(V[b][i]) for i in range(n)) for b in range(n)] for a in range(n)]
            if all(abs(D[a][a]) > sum(abs(D[a][b]) for b in range(n) if b != a) for a in range(n)):
                positive = sum(bool(D[a][a] > 0) for a in range(n))
                return positive, n - positive
        return descartes([1, *(zero.algebra.sign(c, zero) for c in self._charpoly(zero.algebra.basis))])

    def _charpoly(self, basis) -> list[PolyElement]:
        """The coefficients a_1, …, a_n of det(λ − Hessian) on the zeros of a basis (Faddeev and Le Verrier)."""
        n, H = len(self.symbols), [[h.rem(basis) for h in row] for row in self.hessian]
        M, found = [[self.ring.zero] * n for _ in range(n)], [self.ring.one]
        for k in range(1, n + 1):
            self.clock.check("characteristic polynomial of the Hessian")
            M = [[sum((H[i][m] * M[m][j] for m in range(n)), found[-1] * int(i == j)).rem(basis) for j in range(n)]
                 for i in range(n)]
            found.append((sum((H[i][j] * M[j][i] for i in range(n) for j in range(n)), self.ring.zero) / -k).rem(basis))
        return found[1:]

    # -------------------------------------------------------------------------------------------------------- families
    def _split(self, basis) -> None:
        parts = components(basis, self.clock)
        families, besides = [part for part in parts if independent(part)], []
        for part in families:
            try:
                family = self._family(part)
            except Stopped as stop:
                self.result.undecided.append(f"the zeros of {', '.join(map(str, part))}: {stop}")
                besides.append(part)
                continue
            if family is None:
                self.result.proof.append(f"{', '.join(map(str, part))} have no common real zero")
                continue
            self.result.families.append(family)
            besides.append(part)
        for part in (part for part in parts if not independent(part)):
            try:
                self._points(Quotient(part, self.clock), False, besides)
            except Stopped as stop:
                self.result.undecided.append(f"the zeros of {', '.join(map(str, part))}: {stop}")
            besides.append(part)
        if self.result.complete:
            self.result.proof.append(
                f"splitting by factors: every critical point in R^{len(self.symbols)} lies on one of "
                f"{len(self.result.families)} families or is one of {len(self.result.points)} points")

    def _family(self, basis) -> Family | None:
        ring, found = self.ring, parametrised(basis)
        some = _at_parameters(*found) if found else None
        if some is None:
            zero = member(basis, self.clock)
            if zero is False:
                return None
            if zero is not None:
                some = tuple(float(x.mid) for x in zero.box(64))
        codim = ring.ngens - len(independent(basis))
        pure = found is not None or any(groebner(list(chosen), ring) == basis
                                        for chosen in itertools.combinations(basis, codim))
        value = self.f.rem(basis)
        constant = value.as_expr() if value.is_ground else None
        theta, parameters = found or (self.symbols, self.symbols)
        if some is None:
            pieces: tuple = (("undecided", "everywhere", "no real point on it is known"),)
        elif self.squares and constant == 0:
            kind, of = ("minimum", "F") if self.squares > 0 else ("maximum", "−F")
            pieces = ((f"non-strict {kind}", "everywhere", f"{of} is a sum of squares, and 0 there"),)
            if not pure or not found and self._singular(basis, codim):
                pieces += (("undecided", "at singular points of the family", f"a {kind}, strict or not"),)
        else:
            pieces = tuple(_merged(self._pieces(basis, codim, pure, found is not None and constant is not None)))
        return Family(tuple(g.as_expr() for g in basis), ring.ngens - codim, theta, parameters, some, constant, pieces)

    def _singular(self, basis, codim: int) -> bool:
        """Whether the family may have real points where the gradients of its equations have rank < codim."""
        rows = [[g.diff(x) for x in self.ring.gens] for g in basis]
        minors = [determinant(list(r), c) for r in itertools.combinations(rows, codim)
                  for c in itertools.combinations(range(self.ring.ngens), codim)]
        return bool(components([*basis, *(m for m in minors if m)], self.clock))

    def _pieces(self, basis, codim: int, pure: bool, closed: bool = False) -> list:
        """Natures on the zeros of `basis` inside a family of the codimension: by the signs of the coefficients a_k of
        the Hessian's characteristic polynomial, which are products of irreducible factors q.  Where a_codim ≠ 0 the
        Hessian is definite or indefinite across the family, whose tangent space is its kernel.
        closed : F is constant and the points with all q ≠ 0 are dense, so that limits of saddles are saddles."""
        self.clock.check("natures on a family")
        a = self._charpoly(basis)
        lists = [c.factor_list() if c else (0, []) for c in a]
        fixed, free, factors_ = {}, [], {q for _, factors in lists for q, _ in factors}
        zeros = sorted((q for q in factors_ if real_equations(q)), key=str)
        for q in factors_:
            if squares_of(q) or squares_of(-q):
                fixed[q] = 1 if squares_of(q) else -1
            elif any(k % 2 for _, factors in lists for p, k in factors if p == q):
                free.append(q)
        free.sort(key=lambda q: (len(q), str(q)))
        if len(free) > 8:
            return [("undecided", "everywhere", f"{len(free)} functions change sign")]
        empty = contradictions(free)
        groups = [(group, _sign_vectors(group)) for x in self.symbols
                  if (group := [q for q in free if q.as_expr().free_symbols == {x}])]
        pieces = []
        for signs in itertools.product((1, -1), repeat=len(free)):
            known = {**fixed, **dict(zip(free, signs, strict=True))}
            if not all(tuple(known[q] for q in group) in possible for group, possible in groups) or any(
                    all(s * k >= 0 for s, k in zip(signs, row, strict=True)) for row in empty):
                continue
            values = [math.prod([(c > 0) - (c < 0), *(known.get(q, 1) ** k for q, k in factors)])
                      for c, factors in lists]
            positive, negative = descartes([1, *values])
            rank = max((k for k, v in enumerate(values, 1) if v), default=0)
            if positive + negative != rank:
                continue  # no symmetric matrix has these signs: there are no such points
            where = " and ".join(f"{q} {'>' if s > 0 else '<'} 0" for q, s in zip(free, signs, strict=True))
            why = f"the Hessian has {positive} positive and {negative} negative eigenvalues"
            if positive and negative:
                nature = "degenerate saddle"
            elif rank == codim and pure:
                nature = f"non-strict {'minimum' if positive else 'maximum'}"
                why += ", and its kernel is tangent to the family"
            else:
                nature = "undecided"
            pieces.append((nature, where, why))
        if closed and {p[0] for p in pieces} == {"degenerate saddle"}:
            limits = ", but for limits of such points, near which F is above and below its value too" if zeros else ""
            return [("degenerate saddle", "everywhere", pieces[0][2] + limits)]
        if zeros and len({p[0] for p in pieces}) == 1:
            pieces = [(pieces[0][0], "where " + ", ".join(f"{q} ≠ 0" for q in zeros), pieces[0][2])]
        for q in zeros:
            for part in components([*basis, q], self.clock):
                if independent(part):
                    if member(part, self.clock) is not False:
                        on = f"{', '.join(map(str, part))} = 0"
                        pieces += [(n, on if w == "everywhere" else f"{on}, {w}", y)
                                   for n, w, y in self._pieces(part, codim, pure)]
                else:
                    pieces += [self._exceptional(zero) for zero in Quotient(part, self.clock).zeros]
        return [(n, w or "everywhere", y) for n, w, y in pieces]

    def _exceptional(self, zero: Zero) -> tuple:
        """The nature at one point of a family."""
        theta = self._exact(zero)
        where = tuple(float(x.mid) for x in zero.box(64)) if theta is None else theta
        positive, negative = self._inertia(zero, False)
        if positive and negative:
            return "degenerate saddle", f"at {where}", f"eigenvalues of both signs ({positive} +, {negative} −)"
        if theta is None:
            return "undecided", f"at {where}", "the Hessian is semidefinite; the coordinates are no short exact numbers"
        nature, why = self._classified(theta)
        return nature, f"at {where}", why

    def _classified(self, theta: tuple) -> tuple[str, str]:
        """`classify` at an exact point; in a process of its own that the deadline ends, where it may take long."""
        from .classification import classify

        if theta not in self._known:
            easy = all(x.is_Rational for x in theta) and len(theta) <= 3 and max(map(sum, self.f)) <= 8
            arguments = self.expression, self.symbols, theta
            self._known[theta] = classify(*arguments) if easy or not sys.executable else self._apart(arguments)
        return self._known[theta]

    def _apart(self, arguments: tuple) -> tuple[str, str]:
        self.clock.check("nature of a degenerate point")
        try:
            done = subprocess.run([sys.executable, "-c", _CHILD], input=pickle.dumps((sys.path, arguments)),
                                  capture_output=True, timeout=max(self.clock.left / 2, 1))
        except subprocess.TimeoutExpired:
            return "undecided", "the Hessian is singular and semidefinite; the further tests took too long"
        if done.returncode:
            last = done.stderr.decode(errors="replace").strip().splitlines()[-1]
            return "undecided", f"its nature could not be computed: {last}"
        return pickle.loads(done.stdout)


def _sign_vectors(polynomials: Sequence[PolyElement]) -> set[tuple]:
    """The signs that polynomials in one and the same coordinate take together where none of them is 0."""
    polys = [Poly(q.as_expr()) for q in polynomials]
    roots = [(low, high) for low, high, _, _ in isolated(polys)]
    ends = [r for low, high in roots for r in (low, high)]
    between = [(a + b) / 2 for a, b in zip(ends[1::2], ends[2::2], strict=False)]
    samples = [ends[0] - 1, *between, ends[-1] + 1] if ends else [0]
    return {tuple(int(sympy.sign(p.eval(x))) for p in polys) for x in samples}


def contradictions(polynomials: Sequence[PolyElement]) -> list[list]:
    """Rows k ≠ 0 with Σ k_i q_i a constant ≤ 0: no q_i has the sign of its k_i for all i at once."""
    monomials = sorted({m for q in polynomials for m in q if any(m)})
    if not polynomials:
        return []
    found = []
    for row in sympy.Matrix([[q.get(m, 0) for q in polynomials] for m in monomials]).nullspace():
        constant = sum(k * q.coeff(1) for k, q in zip(row, polynomials, strict=True))
        found += [[s * k for k in row] for s in (1, -1) if s * constant <= 0]
    return found


def _merged(pieces: list) -> list:
    seen: dict = {}
    for piece in pieces:
        seen.setdefault(piece[:2], piece)
    return list(seen.values())


def _at_parameters(theta: tuple, parameters: tuple) -> tuple | None:
    """A point in floats, at small parameters where the parametrisation is defined."""
    for k in (1, 2, 3, -1, 5):
        at = {p: Rational(k + 2 * i, 1 + i) for i, p in enumerate(parameters)}
        point = [sympy.sympify(x).subs(at) for x in theta]
        if all(x.is_finite for x in point):
            return tuple(float(x) for x in point)
    return None


def is_squares(expression) -> bool:
    """Whether an expression is written as a sum of products of squares and positive numbers."""
    return all(all(f.is_positive or (f.is_Pow and f.exp.is_Integer and f.exp % 2 == 0) or (f.is_Add and is_squares(f))
                   for f in sympy.Mul.make_args(term)) for term in sympy.Add.make_args(expression))


_CHILD = """import pickle, sys
sys.path[:], arguments = pickle.load(sys.stdin.buffer)
from networks.classification import classify
pickle.dump(classify(*arguments), sys.stdout.buffer)"""
