"""The real zeros of a polynomial system with finitely many complex zeros, all of them, exactly.

Gröbner basis (grevlex) → the quotient algebra A = Q[x]/I with its multiplications → the trace form (rank: number of
complex zeros, signature: number of real ones) and a rational univariate representation, x_i = g_i(t)/g(t) at the roots
t of one polynomial.  Everything is exact: integers, and intervals of rationals that are refined until they decide.

Sources: Pedersen, Roy & Szpirglas 1993 (trace form); Rouillier 1999 (univariate representation).
"""
from __future__ import annotations

import functools
import itertools
import math
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from fractions import Fraction
from functools import cached_property

import mpmath
import sympy
from sympy import QQ, Poly, Rational
from sympy.polys.rings import PolyElement, PolyRing

_iv = mpmath.MPIntervalContext()
_t = sympy.Symbol("t")
LARGEST_EXACT = 24  # the degree of the polynomial up to which a number is written as its root; beyond, it is a box
TALLEST_EXACT = 4000  # and the degree times the bits of the coefficients


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

    def looked(self, step: str) -> Callable[[], None]:
        """A function that looks at the clock at a step."""
        return functools.partial(self.check, step)

    def ring(self, symbols: Sequence) -> PolyRing:
        """Q[symbols] in the grevlex order; the order itself looks at the clock, so a Gröbner basis cannot overrun."""
        known, calls = dict[tuple, tuple](), itertools.count()

        def grevlex(monomial):
            if not next(calls) & 255:
                self.check("Gröbner basis")
            key = known.get(monomial)
            if key is None:
                key = known[monomial] = sum(monomial), tuple(-e for e in reversed(monomial))
            return key

        return PolyRing(symbols, QQ, grevlex)


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
                normal[m] = {self.index[k]: -as_fraction(c / g.LC) for k, c in g.items() if k != m}
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
            total = _sum(total, powers[m], as_fraction(c))
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
        """The row τ of the traces of the multiplications by the standard monomials; Tr(M_b M_c) for a product bc."""
        half = (sum(self.monomials[-1]) + 1) // 2
        matrices: dict = {}
        traces = []
        for m in self.monomials:
            self.clock.check("trace form")
            if sum(m) <= half:
                i = next((i for i, e in enumerate(m) if e), None)
                columns = [([int(j == k) for k in range(self.dim)], 1) for j in range(self.dim)] if i is None else [
                    _apply(self.multiplications[i], v) for v in matrices[_over(m, i)]]
                matrices[m] = columns
                traces.append(sum((Fraction(v[j], den) for j, (v, den) in enumerate(columns)), Fraction(0)))
                continue
            left, low = half, []
            for e in m:
                low.append(min(e, left))
                left -= low[-1]
            A, B = matrices[tuple(low)], matrices[tuple(e - k for e, k in zip(m, low, strict=True))]
            rows = zip(*(v for v, _ in B), strict=True)  # Tr(AB) = Σ_k (row k of B) · (column k of A)
            den = math.lcm(*(d for _, d in B))
            share = [den // d for _, d in B]
            traces.append(sum((Fraction(sum(x * y * s for x, y, s in zip(v, row, share, strict=True) if x), d)
                               for (v, d), row in zip(A, rows, strict=True)), Fraction(0)) / den)
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
            a.append(-sum((sums[i] * a[k - i] for i in range(1, k + 1)), Fraction(0)) / k)
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
            if all(self._radical(_sum(_apply(M, at_T[0]), p, -1))
                   for M, p in zip(self.multiplications, at_T[1:], strict=True)):
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
        return [Zero(self, low, high, k) for low, high, _, k in isolated([chi])]

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
            for low, high, k, _ in isolated([q for q, _ in factors]) if any(known for _, known in factors) else ():
                found.append((low, high, factors[k][0] if factors[k][1] else None, seen[k]))
                seen[k] += 1
            self._values[polynomial] = found
        return self._values[polynomial]

    def number(self, polynomial: PolyElement, zero: Zero) -> sympy.Expr | None:
        """The exact value of a polynomial at a zero: rational, a quadratic radical, or the root of its polynomial."""
        for bits in (64, 128, 256, 512, 1024, 2048) if self.values(polynomial) else ():
            low, high = rationals(on_box(polynomial, zero.box(bits)))
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
        return size * f.degree() + _height(f)

    def _refine(self, bits: int) -> None:
        """Narrow [low, high], a change of sign of f inside, to 2^−bits: Newton's guess, or else eight halvings."""
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
    for bits in (128, 256, 512, 1024, 2048, 4096, 8192, 16384):
        _iv.prec = bits
        H = [[_iv.mpf(x.p) / x.q for x in row] for row in rows]
        left, signs = list(range(n)), list[int]()
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


def as_fraction(c) -> Fraction:
    """A rational number of a ring."""
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


def rationals(x) -> tuple[Rational, Rational]:
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
    """Factors of a square-free polynomial, each with whether it is known to be irreducible and short enough to write.

    Only where the leading coefficient and the degrees of the factors modulo primes say that it does not take long.
    """
    lead, found = abs(int(f.LC())), []
    if _height(f) > TALLEST_EXACT // 2:
        return [(f, False)]
    if lead < 2**96 and all(any(f.eval(x) % p == 0 for x in range(p)) for p in (31, 37, 41, 43, 47) if lead % p):
        c = [int(x) for x in f.all_coeffs()]
        for low, high, _, _ in isolated([f]):
            left = _sign_at(c, low)
            while high - low > Rational(1, 4 * lead):
                low, high = _half(c, low, high, left)
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
        return [*found, (f, _short(f))]
    if n and min(map(len, degrees)) <= 14 and min(possible - {0}) <= LARGEST_EXACT:
        return [*found, *((q, _short(q)) for q, _ in f.factor_list()[1])]
    return [*found, (f, False)] if n else found


def _height(f: Poly) -> int:
    """The bits of the largest coefficient."""
    return max(abs(int(c)) for c in f.all_coeffs()).bit_length()


def _short(f: Poly) -> bool:
    return f.degree() <= 2 or (f.degree() <= LARGEST_EXACT and f.degree() * _height(f) <= TALLEST_EXACT)


def isolated(polys: Sequence[Poly]) -> list[tuple]:
    """The real roots of pairwise coprime polynomials from below: (low, high, which polynomial, multiplicity), the
    closed intervals [low, high] apart from each other, with a change of sign from end to end."""
    found = []
    for k, p in enumerate(polys):
        for f, multiplicity in p.clear_denoms(convert=True)[1].sqf_list()[1]:
            c = [int(x) for x in f.all_coeffs()]
            # a root, or an open interval with one root, whose ends may be roots
            for low, high in f.intervals(sqf=True):
                low, high = Rational(low), Rational(high)
                left = _sign_at(c, low) or _sign_at([int(x) for x in f.diff().all_coeffs()], low)
                while low < high and not (_sign_at(c, low) and _sign_at(c, high)):
                    low, high = _half(c, low, high, left)
                found.append((low, high, k, multiplicity, c, left))
    while True:
        found.sort(key=lambda root: root[:2])
        close = {i + j for i, (a, b) in enumerate(itertools.pairwise(found)) if a[1] >= b[0] for j in (0, 1)}
        if not close:
            return [root[:4] for root in found]
        for i in close:
            low, high, *rest = found[i]
            found[i] = (*_half(rest[2], low, high, rest[3]), *rest)


def _half(f: list[int], low: Rational, high: Rational, left: int) -> tuple[Rational, Rational]:
    """The half of an interval with one root in it, `left` the sign before the root."""
    middle = (low + high) / 2
    sign = _sign_at(f, middle)
    return (middle, middle) if sign == 0 else (middle, high) if sign == left else (low, middle)


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
