"""The real zeros of polynomial systems, all of them, exactly: what the critical points of a polynomial loss are.

Gröbner basis (grevlex) → if the zeros are finitely many, the quotient algebra A = Q[x]/I, its trace form (rank: number
of complex zeros, signature: number of real ones) and a rational univariate representation, x_i = g_i(t)/g(t) at the
roots t of one polynomial; otherwise factors split the zeros into families and isolated points.  The roots found must be
as many as the signature says.  Everything is exact: integers, and intervals that are refined until they decide.

Sources: Pedersen, Roy & Szpirglas 1993 (trace form); Rouillier 1999 (univariate representation); Bott 1954 (families).
"""
from __future__ import annotations

import functools
import itertools
import math
import pickle
import subprocess
import sys
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from fractions import Fraction
from functools import cached_property

import mpmath
import numpy as np
import sympy
from sympy import QQ, Poly, Rational
from sympy.polys.groebnertools import groebner
from sympy.polys.matrices import DomainMatrix
from sympy.polys.rings import PolyElement, PolyRing

_iv = mpmath.MPIntervalContext()
_t = sympy.Symbol("t")
LARGEST_EXACT = 24  # the degree up to which a number is written as the root of its polynomial; beyond, it is a box


class Stopped(Exception):
    """The time is used up; the text says at which step."""


class Clock:
    """A deadline: `check(step)` raises `Stopped` after it."""

    def __init__(self, seconds: float):
        self.start, self.seconds = time.perf_counter(), seconds

    @property
    def left(self) -> float:
        return self.start + self.seconds - time.perf_counter()

    def check(self, step: str) -> None:
        if self.left < 0:
            raise Stopped(f"stopped at the {step} after {self.seconds:.3g} s")

    def ring(self, symbols: Sequence) -> PolyRing:
        """Q[symbols] in the grevlex order; the order itself looks at the clock, so a Gröbner basis cannot overrun."""
        def grevlex(monomial):
            if self.left < 0:
                raise Stopped(f"stopped at the Gröbner basis after {self.seconds:.3g} s")
            return sum(monomial), tuple(-e for e in reversed(monomial))

        return PolyRing(symbols, QQ, grevlex)


def rational(expression) -> sympy.Expr:
    """The expression with rational numbers for its floats, its form kept.

    A float that prints with up to 15 digits is the decimal it prints as (0.1 was typed to mean 1/10, and (x − 0.3)⁴ has
    its zero at 3/10); any other is the result of arithmetic and stays the binary fraction it is, so that relations
    between such numbers hold as they are computed.
    """
    expression = sympy.sympify(expression)
    return expression.xreplace({x: _typed(x) for x in expression.atoms(sympy.Float)})


def _typed(x) -> Rational:
    value = float(x)
    if not math.isfinite(value) or sympy.Float(value, x._prec) != x:
        return Rational(x)
    digits = repr(value).split("e")[0].replace("-", "").replace(".", "").strip("0")
    return Rational(repr(value)) if len(digits) <= 15 else Rational(value)


# ------------------------------------------------------------------------------------------------ finitely many zeros
class Quotient:
    """A = Q[x]/I for an ideal with finitely many complex zeros, given by its Gröbner basis.

    An element is (integers, denominator) in the basis of standard monomials, a multiplication (denominator, sparse
    integer columns).  `real` and `distinct` count the zeros: signature and rank of the trace form (a, b) ↦ Tr(ab).
    """

    def __init__(self, basis: Sequence[PolyElement], clock: Clock):
        self.basis, self.ring, self.clock = list(basis), basis[0].ring, clock
        corners = [g.LM for g in basis]
        heights = [min(m[i] for m in corners if sum(m) == m[i]) for i in range(self.ring.ngens)]
        free = [m for m in itertools.product(*map(range, heights))
                if not any(all(a <= b for a, b in zip(c, m, strict=True)) for c in corners)]
        self.monomials = sorted(free, key=lambda m: (sum(m), m))
        self.index = {m: i for i, m in enumerate(self.monomials)}
        self._values: dict = {}
        self._common: dict = {}

    @property
    def dim(self) -> int:
        return len(self.monomials)

    @cached_property
    def multiplications(self) -> list:
        """The multiplication by each coordinate, from the normal forms of the border monomials in increasing order."""
        n, leading, normal = self.ring.ngens, {g.LM: g for g in self.basis}, {}
        border = {_times(m, i) for m in self.monomials for i in range(n)} - set(self.index)
        for m in sorted(border, key=self.ring.order):
            self.clock.check("multiplication matrices")
            if m in leading:
                g = leading[m]
                normal[m] = {self.index[k]: -_fraction(c / g.LC) for k, c in g.items() if k != m}
                continue
            i = next(i for i in range(n) if m[i] and _over(m, i) in normal)
            form: dict = {}
            for k, c in normal[_over(m, i)].items():
                up = _times(self.monomials[k], i)
                for j, d in ({self.index[up]: 1} if up in self.index else normal[up]).items():
                    form[j] = form.get(j, 0) + c * d
            normal[m] = {j: c for j, c in form.items() if c}
        columns = [[{self.index[up]: Fraction(1)} if up in self.index else normal[up]
                    for up in (_times(m, i) for m in self.monomials)] for i in range(n)]
        return [_integral(c) for c in columns]

    def combination(self, weights: Sequence[int]):
        """The multiplication by Σ w_i x_i."""
        columns: list[dict] = [{} for _ in self.monomials]
        for w, (den, matrix) in zip(weights, self.multiplications, strict=True):
            for column, part in zip(columns, matrix, strict=True):
                for k, c in part if w else ():
                    column[k] = column.get(k, 0) + Fraction(w * c, den)
        return _integral(columns)

    @property
    def one(self):
        return [1] + [0] * (self.dim - 1), 1

    def element(self, polynomial: PolyElement):
        """The class of a polynomial: Σ c_m x^m with x^m · 1 by repeated multiplication."""
        powers, total = {(0,) * self.ring.ngens: self.one}, ([0] * self.dim, 1)
        for m, c in polynomial.items():
            self.clock.check("normal forms")
            path = [m]
            while path[-1] not in powers:
                path.append(_over(path[-1], next(i for i, e in enumerate(path[-1]) if e)))
            for up, low in zip(reversed(path[:-1]), reversed(path), strict=False):
                i = next(i for i in range(self.ring.ngens) if up[i] > low[i])
                powers[up] = _apply(self.multiplications[i], powers[low])
            total = _sum(total, powers[m], _fraction(c))
        return total

    def multiplication(self, polynomial: PolyElement):
        """The multiplication by a polynomial: its columns p·b, each from that of a smaller b."""
        columns = [self.element(polynomial)]
        for m in self.monomials[1:]:
            i = next(i for i, e in enumerate(m) if e)
            columns.append(_apply(self.multiplications[i], columns[self.index[_over(m, i)]]))
        return _integral([{k: Fraction(c, den) for k, c in enumerate(v) if c} for v, den in columns])

    @cached_property
    def trace(self):
        """The row τ of the traces of the multiplications by the standard monomials."""
        matrices, traces = [], []
        for m in self.monomials:
            self.clock.check("trace form")
            if not matrices:
                matrices.append([([int(j == k) for k in range(self.dim)], 1) for j in range(self.dim)])
            else:
                i = next(i for i, e in enumerate(m) if e)
                matrices.append([_apply(self.multiplications[i], v) for v in matrices[self.index[_over(m, i)]]])
            traces.append(sum(Fraction(v[j], den) for j, (v, den) in enumerate(matrices[-1])))
        den = math.lcm(*(t.denominator for t in traces))
        return [int(t * den) for t in traces], den

    @cached_property
    def form(self) -> list:
        """The rows of the trace form: row b x_i = row b · M_i, from row 1 = τ."""
        rows = [self.trace]
        for m in self.monomials[1:]:
            i = next(i for i, e in enumerate(m) if e)
            rows.append(_row(rows[self.index[_over(m, i)]], self.multiplications[i]))
        return rows

    # ------------------------------------------------------------------------------------------------ the zeros
    def powers(self, matrix) -> Iterator:
        v = self.one
        while True:
            self.clock.check("univariate representation")
            yield v
            v = _apply(matrix, v)

    def charpoly(self, matrix) -> Poly:
        """The characteristic polynomial of a multiplication (primitive integers), by Newton's identities on Tr(Mᵏ)."""
        sums = [_dot(self.trace, v) for v in itertools.islice(self.powers(matrix), self.dim + 1)]
        a = [Fraction(1)]
        for k in range(1, self.dim + 1):
            a.append(-sum(sums[i] * a[k - i] for i in range(1, k + 1)) / k)
        return Poly([Rational(c.numerator, c.denominator) for c in a], _t).clear_denoms(convert=True)[1].primitive()[1]

    @cached_property
    def univariate(self) -> tuple:
        """(T, χ, f, g, (g_1, …, g_n)): x_i = g_i(t)/g(t) at the roots t of f, the square-free part of χ = charpoly(T).

        With f = Σ a_k t^(r−k) and H_j = Σ_{k≤j} a_k t^(j−k):  g_v = Σ_i Tr(v Tⁱ) H_{r−1−i},  g = g_1.  That T tells all
        zeros apart is proved: g(T) x_i − g_i(T) lies in the radical of the trace form.
        """
        n, best = self.ring.ngens, 0
        units = [[int(i == j) for j in range(n)] for i in range(n)]
        mixed = [[(k * (j + 1) + 3 * j * j) % 17 - 8 or 1 for j in range(n)] for k in range(1, 40)]
        for weights in (*units, *mixed):
            T = self.combination(weights)
            chi = self.charpoly(T)
            f = chi.sqf_part()
            if f.degree() < best:
                continue
            best = f.degree()
            self._univariate = T, chi, f
            parts = [self.numerator(self.one), *(self.numerator(_apply(M, self.one)) for M in self.multiplications)]
            at_T = [self._evaluate(T, p) for p in parts]
            if all(self._radical(_sum(_apply(M, at_T[0]), p, -1)) for M, p in zip(self.multiplications, at_T[1:], strict=True)):
                return T, chi, f, parts[0], tuple(parts[1:])
        raise Stopped("no linear form was found that tells the zeros apart")

    def numerator(self, element) -> tuple:
        """g_v of an element v as (integer coefficients from the top, denominator)."""
        T, _, f = self._univariate
        a, r = [int(c) for c in f.all_coeffs()], f.degree()
        row = self.trace if element == self.one else self._lower(element)
        traces = [_dot(row, v) for v in itertools.islice(self.powers(T), r)]
        g = [sum(traces[i] * a[d - i] for i in range(d + 1)) for d in range(r)]  # of t^(r−1−d)
        den = math.lcm(*(c.denominator for c in g))
        return [int(c * den) for c in g], den

    def _lower(self, element):
        total = [0] * self.dim, 1
        for x, row in zip(element[0], self.form, strict=True):
            total = _sum(total, row, Fraction(x, element[1])) if x else total
        return total

    def _evaluate(self, T, part):
        total = [0] * self.dim, 1
        for c, v in zip(reversed(part[0]), self.powers(T), strict=False):
            total = _sum(total, v, Fraction(c, part[1])) if c else total
        return total

    def _radical(self, element) -> bool:
        return not any(sum(x * y for x, y in zip(row, element[0], strict=True)) for row, _ in self.form)

    @cached_property
    def distinct(self) -> int:
        """The number of complex zeros: the rank of the trace form."""
        return self.univariate[2].degree()

    @cached_property
    def real(self) -> int:
        """The number of real zeros: the signature of the trace form."""
        rows = self.form
        return signature([[Rational(x, den) for x in row] for row, den in rows], self.distinct, self.clock)

    @cached_property
    def zeros(self) -> list[Zero]:
        """The real zeros, from the isolated real roots of χ."""
        _, chi, *_ = self.univariate
        self.clock.check("isolation of the roots")
        return [Zero(self, low, high, k) for low, high, _, k in _isolated([chi])]

    def vanishes(self, polynomial: PolyElement, zero: Zero) -> bool:
        """Whether a polynomial vanishes at a zero: exactly, by the common roots of its numerator and f."""
        if polynomial not in self._common:
            f = self.univariate[2]
            self._common[polynomial] = sympy.gcd(Poly(self.numerator(self.element(polynomial))[0], _t), f)
        common = self._common[polynomial]
        return common.is_zero or (common.degree() > 0 and common.count_roots(zero.low, zero.high) > 0)

    def sign(self, polynomial: PolyElement, zero: Zero) -> int:
        """The sign of a polynomial at a zero."""
        for bits in (64, 128, 256, 512, 1024, 4096, 16384):
            value = on_box(polynomial, zero.box(bits))
            if value > 0 or value < 0:
                return 1 if value > 0 else -1
            if self.vanishes(polynomial, zero):
                return 0
        raise Stopped(f"the sign of {polynomial} at a zero was not decided with {bits} bits")

    def values(self, polynomial: PolyElement) -> list:
        """The real roots of the polynomial whose roots are the values of `polynomial` at the zeros: a list of
        (low, high, its irreducible factor or None where that is not known, its number among the factor's roots)."""
        if polynomial not in self._values:
            i = next((i for i, x in enumerate(self.ring.gens) if x == polynomial), None)
            M = self.multiplications[i] if i is not None else self.multiplication(polynomial)
            self.clock.check("exact coordinates")
            factors = _factors(self.charpoly(M).sqf_part())
            seen, found = [0] * len(factors), []
            for low, high, k, _ in _isolated([q for q, _ in factors]) if any(known for _, known in factors) else ():
                found.append((low, high, factors[k][0] if factors[k][1] else None, seen[k]))
                seen[k] += 1
            self._values[polynomial] = found
        return self._values[polynomial]

    def number(self, polynomial: PolyElement, zero: Zero) -> sympy.Expr | None:
        """The exact value of a polynomial at a zero: rational, a quadratic radical, or the root of its polynomial."""
        for bits in (64, 128, 256, 512, 1024, 2048) if self.values(polynomial) else ():
            low, high = _ends(on_box(polynomial, zero.box(bits)))
            met = [root for root in self.values(polynomial) if root[0] <= high and low <= root[1]]
            if len(met) == 1:
                return _root(*met[0][2:]) if met[0][2] else None
        return None


@dataclass(eq=False)
class Zero:
    """A real zero of a `Quotient`: the root of χ in [low, high], with its multiplicity."""

    algebra: Quotient
    low: Rational
    high: Rational
    multiplicity: int
    _boxes: dict = field(default_factory=dict, repr=False)

    def box(self, bits: int) -> list:
        """Intervals that hold the coordinates, of relative width (absolute below 1) ≤ 2^−bits."""
        if bits in self._boxes:
            return self._boxes[bits]
        *_, g, parts = self.algebra.univariate
        width = bits + 16
        while True:
            self.algebra.clock.check("enclosure of the zeros")
            self._refine(width)
            _iv.prec = 2 * width + self._height
            t = _interval(self.low, self.high)
            below = _horner(g, t)
            if 0 not in below:
                box = [_horner(p, t) / below for p in parts]
                if all(x.delta <= _iv.mpf(2) ** -bits * (1 + abs(x).b) for x in box):
                    self._boxes[bits] = box
                    return box
            width *= 2

    @property
    def _height(self) -> int:
        """The bits that cancel where f and the g_i are evaluated near the root."""
        f = self.algebra.univariate[2]
        size = int(max(abs(self.low), abs(self.high), 1)).bit_length()
        return size * f.degree() + max(abs(int(c)) for c in f.all_coeffs()).bit_length()

    def _refine(self, bits: int) -> None:
        """Narrow [low, high], the sign change of f inside, to 2^−bits: Newton's guess, where it fails eight halvings."""
        f = [int(c) for c in self.algebra.univariate[2].all_coeffs()]
        left = _sign_at(f, self.low)
        if left == 0 or _sign_at(f, self.high) == 0:
            self.low = self.high = self.low if left == 0 else self.high
        while self.high - self.low > Rational(1, 2**bits):
            for at in itertools.chain(self._newton(f, bits), [None] * 8):
                at = (self.low + self.high) / 2 if at is None else at
                sign = _sign_at(f, at) if self.low < at < self.high else None
                if sign == 0:
                    self.low = self.high = at
                elif sign:
                    self.low, self.high = (at, self.high) if sign == left else (self.low, at)
                if self.high - self.low <= Rational(1, 2**bits):
                    return

    def _newton(self, f: list[int], bits: int) -> tuple:
        with mpmath.workprec(bits + self._height + 16):
            x = (mpmath.mpf(self.low.p) / self.low.q + mpmath.mpf(self.high.p) / self.high.q) / 2
            for _ in range(40):
                value, slope = mpmath.polyval(f, x, derivative=True)
                step = value / slope if slope else mpmath.mpf(0)
                x -= step
                if abs(step) < mpmath.mpf(2) ** -(bits + 8):
                    break
            at = Rational(int(mpmath.nint(mpmath.ldexp(x, bits + 4))), 2 ** (bits + 4))
            return at - Rational(1, 2 ** (bits + 2)), at + Rational(1, 2 ** (bits + 2))

    def lies_on(self, polynomials: Sequence[PolyElement]) -> bool:
        """Whether all the polynomials vanish at the zero."""
        box = self.box(64)
        return all(0 in on_box(p, box) and self.algebra.vanishes(p, self) for p in polynomials)


def signature(rows: list, rank: int, clock: Clock) -> int:
    """The signature of a symmetric rational matrix of known rank: the signs of pivots in interval arithmetic."""
    n = len(rows)
    size = [max(abs(rows[i][i]), max(map(abs, rows[i])) ** 2 / (10 + abs(rows[i][i])), Rational(1, 10**9)) for i in range(n)]
    scale = [2 ** -(int(sympy.log(float(s), 2) if s < 10**300 else s.p.bit_length() - s.q.bit_length()) // 2) for s in size]
    for bits in (128, 256, 512, 1024, 2048, 4096, 8192, 16384):
        _iv.prec = bits
        H = [[_iv.mpf(x.p) / x.q * si * sj if x else _iv.mpf(0) for x, sj in zip(row, scale, strict=True)]
             for row, si in zip(rows, scale, strict=True)]
        left, signs = list(range(n)), []
        while len(signs) < rank:
            clock.check("signature of the trace form")
            pivot = max(left, key=lambda i: abs(H[i][i]).a)
            if 0 in H[pivot][pivot]:
                pair = max(itertools.combinations(left, 2), key=lambda p: abs(H[p[0]][p[1]]).a, default=None)
                if pair is None or 0 in H[pair[0]][pair[1]]:
                    break  # more bits
                i, j = pair  # row and column j added to i
                for k in left:
                    H[i][k] = H[i][k] + H[j][k]
                for k in left:
                    H[k][i] = H[k][i] + H[k][j]
                if 0 in H[i][i]:
                    break
                pivot = i
            left.remove(pivot)
            signs.append(1 if H[pivot][pivot] > 0 else -1)
            for i, j in itertools.combinations_with_replacement(left, 2):
                H[i][j] = H[j][i] = H[i][j] - H[i][pivot] * H[pivot][j] / H[pivot][pivot]
        if len(signs) == rank:
            return sum(signs)
    raise Stopped("the signature of the trace form was not decided")


# -------------------------------------------------------------------------------------------------------- small tools
def _times(m, i):
    return (*m[:i], m[i] + 1, *m[i + 1:])


def _over(m, i):
    return (*m[:i], m[i] - 1, *m[i + 1:])


def _fraction(c) -> Fraction:
    return Fraction(int(c.numerator), int(c.denominator))


def _integral(columns):
    den = math.lcm(1, *(c.denominator for column in columns for c in column.values()))
    return den, [[(k, int(c * den)) for k, c in column.items() if c] for column in columns]


def _reduced(v, den: int):
    common = math.gcd(den, *v)
    return ([x // common for x in v], den // common) if common > 1 else (v, den)


def _apply(matrix, v):
    out = [0] * len(v[0])
    for x, column in zip(v[0], matrix[1], strict=True):
        for k, c in column if x else ():
            out[k] += x * c
    return _reduced(out, v[1] * matrix[0])


def _row(row, matrix):
    return _reduced([sum(row[0][k] * c for k, c in column) for column in matrix[1]], row[1] * matrix[0])


def _dot(row, v) -> Fraction:
    return Fraction(sum(x * y for x, y in zip(row[0], v[0], strict=True)), row[1] * v[1])


def _sum(u, v, factor):
    factor = Fraction(factor)
    den = math.lcm(u[1], v[1] * factor.denominator)
    a, b = den // u[1], factor.numerator * (den // (v[1] * factor.denominator))
    return _reduced([a * x + b * y for x, y in zip(u[0], v[0], strict=True)], den)


def _interval(low, high):
    return _iv.mpf([(_iv.mpf(low.p) / low.q).a, (_iv.mpf(high.p) / high.q).b])


def _ends(x) -> tuple[Rational, Rational]:
    return tuple(Rational(*mpmath.libmp.to_rational(end)) for end in x._mpi_)


def _horner(part, t):
    total = _iv.mpf(0)
    for c in part[0]:
        total = total * t + c
    return total / part[1]


def _sign_at(f: list[int], x: Rational) -> int:
    total, q = 0, 1
    for c in f:
        total, q = total * x.p + c * q, q * x.q
    return (total > 0) - (total < 0)


def on_box(polynomial: PolyElement, box: list):
    """An interval that holds the values of a polynomial on a box of intervals."""
    total = _iv.mpf(0)
    for m, c in polynomial.items():
        term = _iv.mpf(int(c.numerator)) / int(c.denominator)
        for x, e in zip(box, m, strict=True):
            term = term * x**e if e else term
        total = total + term
    return total


def _factors(f: Poly) -> list[tuple[Poly, bool]]:
    """Factors of a square-free polynomial, each with whether it is known to be irreducible (of degree ≤ `LARGEST_EXACT`).

    Only where the leading coefficient and the degrees of the factors modulo primes say that it does not take long.
    """
    lead, found = abs(int(f.LC())), []
    if lead < 2**96 and all(any(f.eval(x) % p == 0 for x in range(p)) for p in (31, 37, 41, 43, 47) if lead % p):
        for low, high, _, _ in _isolated([f]):
            low, high = f.refine_root(low, high, eps=Rational(1, 4 * lead)) if low != high else (low, high)
            root = Rational(round((low + high) / 2 * lead), lead)  # the denominator of a rational root divides lead
            if f.eval(root) == 0:
                found.append((Poly(root.q * _t - root.p, _t), True))
                f = f.exquo(found[-1][0])
    n = f.degree()
    if n > 2 * LARGEST_EXACT:
        return [*found, (f, False)]
    degrees = [[q.degree() for q, k in Poly(f, modulus=p).factor_list()[1] for _ in range(k)]
               for p in (10007, 10009, 10037, 10039) if lead % p] if n > 1 else []
    possible = set.intersection({*range(n + 1)}, *map(_subset_sums, degrees))
    if possible == {0, n}:
        return [*found, (f, n <= LARGEST_EXACT)]
    if n and min(map(len, degrees)) <= 14 and min(possible - {0}) <= LARGEST_EXACT:
        return [*found, *((q, q.degree() <= LARGEST_EXACT) for q, _ in f.factor_list()[1])]
    return [*found, (f, False)] if n else found


def _isolated(polys: Sequence[Poly]) -> list[tuple]:
    """The real roots of pairwise coprime polynomials from below: (low, high, which polynomial, multiplicity), the
    closed intervals [low, high] apart from each other."""
    found = sorted((Rational(low), Rational(high), *next(iter(which.items())))
                   for (low, high), which in sympy.intervals(polys, strict=True))
    if any(a[1] >= b[0] for a, b in itertools.pairwise(found)):
        raise Stopped("isolating intervals of roots that touch each other")
    return found


def _subset_sums(degrees) -> set[int]:
    sums = {0}
    for d in degrees:
        sums |= {s + d for s in sums}
    return sums


@functools.cache
def _root(f: Poly, k: int) -> sympy.Expr:
    """The k-th real root of an irreducible polynomial."""
    if f.degree() == 1:
        return -f.TC() / f.LC()
    if f.degree() == 2:
        a, b, c = f.all_coeffs()
        roots = [sympy.expand((-b + s * sympy.sqrt(b * b - 4 * a * c)) / (2 * a)) for s in (-1, 1)]
        return sorted(roots, key=lambda x: sympy.N(x, 30))[k]
    return sympy.CRootOf(f, k)


# --------------------------------------------------------------------------------------- infinitely many zeros: splitting
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
            branches = [e for q, _ in g.factor_list()[1] for e in [_real_equations(q)] if e is not None]
            if branches != [[g.monic()]]:
                others = [h for h in basis if h is not g]
                stack += [others + branch for branch in branches]
                break
        else:
            found.append(basis)
    found = [b for i, b in enumerate(found) if b not in found[:i]]
    inside = [any(a is not b and all(g.rem(a) == 0 for g in b) for b in found) for a in found]
    return [a for a, contained in zip(found, inside, strict=True) if not contained]


def _real_equations(q: PolyElement) -> list[PolyElement] | None:
    """Polynomials with the real zeros of q: the terms of a sum of squares; None where it has no zero."""
    terms = _squares_of(q) or _squares_of(-q) or [q.monic()]
    return None if any(t.is_ground for t in terms) else terms


def _squares_of(q: PolyElement) -> list[PolyElement]:
    """[p_1, …] with q = Σ c_i p_i², c_i > 0, for quadratics and sums of even monomials; empty if it is no such sum."""
    ring = q.ring
    if all(c > 0 and all(e % 2 == 0 for e in m) for m, c in q.items()):
        return [ring({tuple(e // 2 for e in m): ring.domain.one}) for m in q]
    if max(map(sum, q)) > 2:
        return []
    squares, one = [], (0,) * ring.ngens
    for i in [*range(ring.ngens), None]:  # complete the square in one coordinate after the other, the constant last
        if i is None:
            lead = q.coeff(1) if q else 0
            return [] if lead < 0 or any(m != one for m in q) else squares + ([ring.one] if lead else [])
        x = ring.gens[i]
        double = _times(_times(one, i), i)
        a, slope = q.get(double, 0), q.diff(x)
        if a < 0 or (a == 0 and slope):
            return []
        if a:
            squares.append((slope / (2 * a)).monic())
            q = q - slope**2 / (4 * a)
    return []


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
        left = [n for n in (sympy.expand(sympy.fraction(sympy.together(e.subs(x, solution)))[0]) for e in left) if n != 0]

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


def member(basis: Sequence[PolyElement], clock: Clock) -> Zero | None | bool:
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
        minors = [_det([*chosen, rows_p], columns) for chosen in itertools.combinations(rows, size - 1)
                  for columns in itertools.combinations(range(ring.ngens), size)]
        nearest = groebner([*basis, *(m for m in minors if m)], ring)
        if nearest[0].is_ground:
            return False
        if not independent(nearest):
            return next(iter(Quotient(nearest, clock).zeros), False)
    return None


def _det(rows, columns) -> PolyElement:
    """The determinant of a few rows and columns, along the first row."""
    if len(rows) == 1:
        return rows[0][columns[0]]
    return sum(((-1) ** k * rows[0][c] * _det(rows[1:], [*columns[:k], *columns[k + 1:]])
                for k, c in enumerate(columns) if rows[0][c]), rows[0][0].ring.zero)


# ----------------------------------------------------------------------------------------------------- critical points
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
    basis: tuple = field(repr=False, compare=False, default=())

    @property
    def nature(self) -> str:
        natures = {nature for nature, _, _ in self.pieces}
        return natures.pop() if len(natures) == 1 else "undecided"


@dataclass(frozen=True)
class Point:
    """An isolated real zero.

    theta : exact numbers, or floats where `exact` is False; box : intervals of rationals that hold it and no other zero.
    value : F there.  positive, negative : numbers of eigenvalues of the Hessian; None where not decided.
    """

    theta: tuple
    exact: bool
    box: tuple
    value: object
    nature: str
    evidence: str
    zero: Zero = field(repr=False, compare=False)




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
    """All real critical points of a polynomial with rational coefficients (floats are read by `rational`).

    Past `seconds` it returns what it has, and `undecided` says at which step it stopped.
    Raises ValueError where the expression is no polynomial in the symbols with rational coefficients.
    """
    result, clock = CriticalSet(), Clock(seconds)
    try:
        _Search(rational(expression), tuple(symbols), clock, result).run()
    except Stopped as stop:
        result.undecided.append(str(stop))
    result.seconds = time.perf_counter() - clock.start
    return result


class _Search:
    """The steps of `critical_set`; what is found goes into `result` as soon as it is known."""

    def __init__(self, expression, symbols: tuple, clock: Clock, result: CriticalSet):
        self.expression, self.symbols, self.clock, self.result = expression, symbols, clock, result
        self.ring = clock.ring(symbols)
        try:
            self.f = self.ring.from_expr(expression)
        except (ValueError, sympy.CoercionFailed) as error:
            raise ValueError(f"{expression} is no polynomial in {symbols} with rational coefficients") from error
        self.slope = [self.f.diff(x) for x in self.ring.gens]
        self.hessian = [[g.diff(x) for x in self.ring.gens] for g in self.slope]
        self.is_squares = _is_squares(expression)

    def run(self) -> None:
        slope = [g for g in self.slope if g]
        if not slope:
            self.result.families.append(Family((), len(self.symbols), self.symbols, self.symbols, (0,) * len(self.symbols),
                                               self.expression, (("non-strict minimum", "everywhere", "F is constant"),)))
            return
        basis = groebner(slope, self.ring)
        if basis[0].is_ground:
            self.result.proof.append("no critical point: 1 is a combination of the partial derivatives")
        elif not independent(basis):
            self._isolated(Quotient(basis, self.clock), True)
        else:
            self._split(basis)

    # ------------------------------------------------------------------------------------------------ isolated points
    def _isolated(self, algebra: Quotient, whole: bool, besides: Sequence = ()) -> None:
        """The zeros of an algebra, but those on the sets in `besides`; `whole`: its ideal is that of the gradient."""
        zeros = algebra.zeros
        kept = [z for z in zeros if not any(z.lies_on(basis) for basis in besides)]
        for zero in kept:
            self._add(zero, whole)
        n, where = len(zeros), "" if whole else f" where {', '.join(str(g) for g in algebra.basis)} vanish"
        if algebra.real != n:
            self.result.undecided.append(f"{n} zeros of the gradient were found{where}, but the trace form counts {algebra.real}")
        self.result.proof.append(
            f"the gradient has {algebra.distinct} complex zeros{where}, {n} of them real, in all of R^{len(self.symbols)}: "
            "rank and signature of the trace form of the Gröbner basis, and as many roots are isolated"
            + (f" ({n - len(kept)} of them on the sets listed before)" if len(kept) < n else ""))

    def _add(self, zero: Zero, simple: bool) -> None:
        n = len(self.symbols)
        theta = self._exact(zero)
        nature, evidence = "undecided", "not looked at"
        box = tuple(_ends(x) for x in zero.box(64))
        floats = tuple(sympy.Float(sympy.Rational(a + b) / 2, 17) for a, b in box)
        try:
            signs = self._inertia(zero, simple and zero.multiplicity == 1)
            if sum(signs) == n:
                nature = "minimum" if not signs[1] else "maximum" if not signs[0] else "saddle"
                evidence = f"the Hessian is invertible with {signs[0]} positive and {signs[1]} negative eigenvalues"
            elif all(signs):
                nature = "degenerate saddle"
                evidence = f"the Hessian is singular and has eigenvalues of both signs ({signs[0]} +, {signs[1]} −)"
            elif theta is None:
                evidence = "the Hessian is singular and semidefinite; the coordinates are no short exact numbers"
            else:
                nature, evidence = _classified(self.expression, self.symbols, theta, self.clock)
        except Stopped as stop:
            evidence = str(stop)
        value = self._value(zero, theta)
        self.result.points.append(Point(theta or floats, theta is not None, box, value, nature, evidence, zero))

    def _exact(self, zero: Zero) -> tuple | None:
        theta = []
        for x in self.ring.gens:
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
        low, high = _ends(on_box(self.f, zero.box(128)))
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
        return _descartes([1, *(zero.algebra.sign(c, zero) for c in self._charpoly)])

    @cached_property
    def _charpoly(self) -> list[PolyElement]:
        """The coefficients a_1, …, a_n of det(λ − Hessian)."""
        n = len(self.symbols)
        self.clock.check("characteristic polynomial of the Hessian")
        found = DomainMatrix(self.hessian, (n, n), self.ring.to_domain()).charpoly()
        return [self.ring(c) for c in found[1:]]

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
            self._isolated(Quotient(part, self.clock), False, besides)
            besides.append(part)
        self.result.proof.append(f"splitting by factors: every critical point in R^{len(self.symbols)} lies on one of "
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
        pure = found is not None or any(groebner(list(chosen), ring) == basis for chosen in itertools.combinations(basis, codim))
        value = self.f.rem(basis)
        constant = value.as_expr() if value.is_ground else None
        theta, parameters = found or (self.symbols, self.symbols)
        if some is None:
            pieces = (("undecided", "everywhere", "no real point on it is known"),)
        elif self.is_squares and constant == 0:
            pieces = (("non-strict minimum", "everywhere", "F is a sum of squares, and 0 there"),)
            if not pure or not found and self._singular(basis, codim):
                pieces += (("undecided", "at singular points of the family", "a minimum; whether a strict one is not known"),)
        else:
            pieces = tuple(_merged(self._pieces(basis, codim, pure)))
        return Family(tuple(g.as_expr() for g in basis), ring.ngens - codim, theta, parameters, some, constant, pieces, tuple(basis))

    def _singular(self, basis, codim: int) -> bool:
        """Whether the family may have real points where the gradients of its equations have rank < codim."""
        rows = [[g.diff(x) for x in self.ring.gens] for g in basis]
        minors = [_det(list(r), c) for r in itertools.combinations(rows, codim)
                  for c in itertools.combinations(range(self.ring.ngens), codim)]
        return bool(components([*basis, *(m for m in minors if m)], self.clock))

    def _pieces(self, basis, codim: int, pure: bool) -> list:
        """Natures on the zeros of `basis` inside a family of the codimension: by the signs of the coefficients a_k of
        the Hessian's characteristic polynomial, which are products of irreducible factors q.  Where a_codim ≠ 0 the
        Hessian is definite or indefinite across the family, of whose points the kernel is the tangent space."""
        self.clock.check("natures on a family")
        a = [c.rem(basis) for c in self._charpoly]
        lists = [c.factor_list() if c else (0, []) for c in a]
        fixed, free = {}, []
        for q in {q for _, factors in lists for q, _ in factors}:
            if _squares_of(q) or _squares_of(-q):
                fixed[q] = 1 if _squares_of(q) else -1
            elif any(k % 2 for _, factors in lists for p, k in factors if p == q):
                free.append(q)
        free.sort(key=lambda q: (len(q), str(q)))
        if len(free) > 8:
            return [("undecided", "everywhere", f"{len(free)} functions change sign")]
        groups = [(group, _sign_vectors(group)) for x in self.symbols
                  if (group := [q for q in free if q.as_expr().free_symbols == {x}])]
        pieces = []
        for signs in itertools.product((1, -1), repeat=len(free)):
            known = {**fixed, **dict(zip(free, signs, strict=True))}
            if not all(tuple(known[q] for q in group) in possible for group, possible in groups):
                continue
            values = [math.prod([(c > 0) - (c < 0), *(known.get(q, 1) ** k for q, k in factors)]) for c, factors in lists]
            positive, negative = _descartes([1, *values])
            rank = max((k for k, v in enumerate(values, 1) if v), default=0)
            if positive + negative != rank:
                continue  # no symmetric matrix has these signs: there are no such points
            where = " and ".join(f"{q} {'>' if s > 0 else '<'} 0" for q, s in zip(free, signs, strict=True))
            why = f"the Hessian has {positive} positive and {negative} negative eigenvalues"
            if positive and negative:
                nature = "degenerate saddle"
            elif rank == codim and pure:
                nature, why = f"non-strict {'minimum' if positive else 'maximum'}", why + ", and its kernel is tangent to the family"
            else:
                nature = "undecided"
            pieces.append((nature, where, why))
        zeros = [q for q in {*fixed, *free, *(q for _, factors in lists for q, _ in factors)} if _real_equations(q)]
        if zeros and len({p[0] for p in pieces}) == 1:
            pieces = [(pieces[0][0], "where " + ", ".join(f"{q} ≠ 0" for q in sorted(zeros, key=str)), pieces[0][2])]
        for q in zeros:
            for part in components([*basis, q], self.clock):
                if independent(part):
                    if member(part, self.clock) is not False:
                        inner = self._pieces(part, codim, pure)
                        pieces += [(n, f"{', '.join(map(str, part))} = 0" + (f", {w}" if w else ""), y) for n, w, y in inner]
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
        nature, why = _classified(self.expression, self.symbols, theta, self.clock)
        return nature, f"at {where}", why


def _sign_vectors(polynomials: Sequence[PolyElement]) -> set[tuple]:
    """The signs that polynomials in one and the same coordinate take together where none of them is 0."""
    polys = [Poly(q.as_expr()) for q in polynomials]
    roots = [(low, high) for low, high, _, _ in _isolated(polys)]
    ends = [r for low, high in roots for r in (low, high)]
    samples = [ends[0] - 1, *((a + b) / 2 for a, b in zip(ends[1::2], ends[2::2], strict=False)), ends[-1] + 1] if ends else [0]
    return {tuple(int(sympy.sign(p.eval(x))) for p in polys) for x in samples}


def _merged(pieces: list) -> list:
    seen: dict = {}
    for piece in pieces:
        seen.setdefault(piece[:2], piece)
    return list(seen.values())


def _descartes(signs: Sequence[int]) -> tuple[int, int]:
    """The numbers of positive and of negative roots of a polynomial with real roots, from the signs of its coefficients."""
    changes = []
    for s in (1, -1):
        nonzero = [v * s**k for k, v in enumerate(signs) if v]
        changes.append(sum(a != b for a, b in itertools.pairwise(nonzero)))
    return changes[0], changes[1]


def _at_parameters(theta: tuple, parameters: tuple) -> tuple | None:
    """A point in floats, at small parameters where the parametrisation is defined."""
    for k in (1, 2, 3, -1, 5):
        point = [sympy.sympify(x).subs({p: Rational(k + 2 * i, 1 + i) for i, p in enumerate(parameters)}) for x in theta]
        if all(x.is_finite for x in point):
            return tuple(float(x) for x in point)
    return None


def _is_squares(expression) -> bool:
    """Whether an expression is written as a sum of squares with positive coefficients."""
    return all(all(f.is_positive or (f.is_Pow and f.exp.is_Integer and f.exp % 2 == 0) for f in sympy.Mul.make_args(term))
               for term in sympy.Add.make_args(expression))


_CHILD = """import pickle, sys
sys.path[:], arguments = pickle.load(sys.stdin.buffer)
from networks.classify import classify
pickle.dump(classify(*arguments), sys.stdout.buffer)"""


def _classified(expression, symbols, theta, clock: Clock) -> tuple[str, str]:
    """`classify` at an exact point; in a process of its own that the deadline ends, where it may take long."""
    from .classify import classify

    easy = all(x.is_Rational for x in theta) and len(theta) <= 3 and Poly(expression, *symbols).total_degree() <= 8
    if easy or not sys.executable:
        return classify(expression, symbols, theta)
    clock.check("nature of a degenerate point")
    try:
        done = subprocess.run([sys.executable, "-c", _CHILD], capture_output=True, timeout=max(clock.left, 1),
                              input=pickle.dumps((sys.path, (expression, symbols, theta))))
    except subprocess.TimeoutExpired:
        return "undecided", f"stopped at its nature: the time of {clock.seconds:.3g} s is used up"
    if done.returncode:
        return "undecided", "its nature could not be computed: " + done.stderr.decode(errors="replace").strip().splitlines()[-1]
    return pickle.loads(done.stdout)
