"""Exact signs of polynomials on orthants: the only ground on which a verdict says PROVED.

A polynomial is nonnegative where every coefficient is and every monomial is even in the variables that change sign, or
where exact elimination writes it as a sum of squares with such weights.  Coefficients that have either sign give
conditions on the rates.
"""
from __future__ import annotations

import functools
import itertools
from dataclasses import dataclass, field
from typing import NamedTuple

import sympy
from sympy import And, Eq, Or, Poly, Rational, Symbol, expand, factor_list, fraction, together

from arithmetic.squares import sum_of_squares

from .smt import never_negative


class Fresh(sympy.Dummy):
    """A symbol of the prover: equal to no other, whatever its name, under which it is printed."""

    def _sympystr(self, printer):
        return self.name


@functools.cache
def twin(x: Symbol) -> Symbol:
    """The real symbol that stands for one in conditions such as x = 0, which sympy calls false of a positive one."""
    return Fresh(x.name, real=True) if isinstance(x, Fresh) else Symbol(x.name, real=True)


class Proof(NamedTuple):
    """A proof of f ≥ 0: where f vanishes (inside the conditions), on which conditions, and what a machine rechecks."""

    zero: sympy.Basic = sympy.false
    conditions: tuple = ()
    steps: tuple = ()
    identities: tuple = ()
    positive: tuple = ()
    smt: tuple = ()
    necessary: bool = True

    def along(self, *others: Proof, zero=None) -> Proof:
        """This proof together with others."""
        every = (self, *others)
        merged = {name: tuple(dict.fromkeys(x for p in every for x in getattr(p, name)))
                  for name in ("conditions", "steps", "identities", "positive", "smt")}
        return Proof(self.zero if zero is None else zero, necessary=all(p.necessary for p in every), **merged)


def rate_sign(f) -> int:
    """1 or -1 where f has that sign for all rates (all coefficients do, non-positive rates in even powers), else 0."""
    f = sympy.sympify(f)
    if f.is_number:
        return int(sympy.sign(f))
    gens = sorted(f.free_symbols, key=str)
    terms = Poly(f, *gens).terms()
    if any(k % 2 and not x.is_nonnegative for powers, _ in terms for k, x in zip(powers, gens, strict=True)):
        return 0
    signs = {int(sympy.sign(c)) for _, c in terms}
    return signs.pop() if len(signs) == 1 else 0


def vanishing(f):
    """The condition f = 0 on real symbols of the same names (on a positive symbol sympy would call it false)."""
    return Eq(f.xreplace({x: twin(x) for x in f.free_symbols}), 0)


def relation(f):
    """f ≥ 0 solved for a rate: an upper bound where there is one with a positive right-hand side."""
    upper, lower = [], []
    for x in sorted(f.free_symbols, key=str, reverse=True):
        if Poly(f, x).degree() == 1:
            slope, rest = Poly(f, x).all_coeffs()
            bound = sympy.factor(-rest / slope)
            top, bottom = fraction(bound)
            if rate_sign(slope) < 0 and rate_sign(top) * rate_sign(bottom) > 0:
                upper.append(sympy.Le(x, top / expand(bottom)))
            elif rate_sign(slope) != 0:
                lower.append(sympy.Ge(x, bound) if rate_sign(slope) > 0 else sympy.Le(x, bound))
    return min(upper, key=sympy.count_ops) if upper else min(lower, key=sympy.count_ops) if lower else sympy.Ge(f, 0)


@dataclass(frozen=True)
class Domain:
    """What the symbols of a polynomial range over; those not listed are rates.

    free : all real numbers.  positive : the nonnegative numbers.  clocks : {y: k}, y = e^(-k t) up to the unit of
    time, in (0, 1); the first has k = 1.  poles : {x: n}, f is divided by xⁿ when asked where it vanishes.
    """

    free: frozenset = frozenset()
    positive: frozenset = frozenset()
    clocks: dict = field(default_factory=dict)
    poles: dict = field(default_factory=dict)

    def nonnegative(self, f) -> Proof | None:
        """A proof of f ≥ 0 on the domain, or None where these means find none."""
        constant, factors = factor_list(f)
        if constant == 0:
            return Proof(sympy.true)
        sign, unknown, zeros = sympy.sign(constant), [], []
        proofs: list[Proof] = []
        for p, power in factors:
            signed = self.signed(p)
            zeros.append(self._locus(p) if signed is None and p.free_symbols & (self.free | self.positive) else
                         sympy.false if signed is None or power <= self.poles.get(p, 0) else signed[1].zero)
            if power % 2 == 0:
                continue
            if signed is None:
                unknown.append(p)
                zeros.pop()
            else:
                sign, proofs = sign * signed[0], [*proofs, signed[1]]
        if unknown:
            rest = self._plain(expand(sign * sympy.prod(unknown)))
            if rest is None:
                return None
            proofs, zeros = [rest, *proofs], [*zeros, rest.zero]
        elif sign < 0:
            return None
        return Proof().along(*proofs, zero=Or(*zeros))

    def by_solver(self, f) -> Proof | None:
        """A proof of f ≥ 0 by an SMT solver, for all rates ≥ 0,
        or None where none is installed or it does not decide."""
        rates = f.free_symbols - self.free - self.positive
        if rates & set(self.clocks) or not all(x.is_nonnegative for x in rates) or not f.is_polynomial(*f.free_symbols):
            return None
        nonnegative = self.positive | rates
        if not never_negative(f, nonnegative):
            return None
        text = f"no state has {_collected(f, sorted(f.free_symbols - rates, key=str))} < 0: decided by z3 (nlsat)"
        return Proof(self._locus(f), steps=(text,), smt=((f, tuple(sorted(nonnegative & f.free_symbols, key=str))),))

    def _locus(self, f):
        """The condition f = 0, without factors made of rates."""
        return Or(*(vanishing(p) for p, _ in factor_list(f)[1] if p.free_symbols & (self.free | self.positive)))

    def signed(self, p):
        """(1, proof of p ≥ 0) or (-1, proof of p ≤ 0), without conditions, or None."""
        for sign in (1, -1):
            proof = self._plain(expand(sign * p))
            if proof is not None and not proof.conditions:
                return sign, proof
        return None

    def _plain(self, f) -> Proof | None:
        return self.by_terms(f) or self._by_squares(f) or self._by_wider_squares(f) or self._by_forms(f)

    def _by_wider_squares(self, f) -> Proof | None:
        """A quadratic form that has no negative value even where nonnegative variables change their signs."""
        bounded = sorted(f.free_symbols & self.positive, key=str)
        if len(bounded) > 4:
            return None
        for n in range(len(bounded), 0, -1):
            for some in itertools.combinations(bounded, n):
                x = [*(f.free_symbols & self.free), *some]
                powers = Poly(f, *x).monoms()
                if all(sum(k) == 2 for k in powers):
                    wider = Domain(self.free | set(some), self.positive - set(some), self.clocks, self.poles)
                    if (proof := wider._by_squares(f)) is not None:
                        return proof
        return None

    def _by_forms(self, f) -> Proof | None:
        """A form of degree 4 or more whose coefficients are rational numbers, as a sum of squares: 0 at 0 alone."""
        x = sorted(f.free_symbols, key=str)
        poly = Poly(f, *x)
        degree, inside = poly.total_degree(), set(x) <= self.free | self.positive
        if (degree < 4 or degree % 2 or not poly.is_homogeneous or not inside or len(x) > 4
                or not all(c.is_Rational for c in poly.coeffs())):
            return None
        found = sum_of_squares(poly, (Rational(1, degree),) * len(x))
        if found is None:
            return None
        z, G = found
        L, D = G.LDLdecomposition(hermitian=False)
        lines = L.T * sympy.Matrix(z)
        names = [Fresh(f"l{i}", real=True) for i in range(len(z))]
        shown = sum(d * s**2 for d, s in zip(D.diagonal(), names, strict=True))
        text = f"{_collected(f, x)} is a sum of squares of forms, and 0 at 0 alone"
        return Proof(And(*map(vanishing, x)), steps=(text,),
                     identities=(expand(f - shown.subs(dict(zip(names, lines, strict=True)))),),
                     positive=((shown, tuple(names)),))

    # ------------------------------------------------------------------------------------------ coefficients
    def by_terms(self, f) -> Proof | None:
        """Every monomial is even in the free variables and every coefficient nonnegative."""
        gens = sorted(f.free_symbols & (self.free | self.positive), key=str)
        if not gens:
            return self._coefficient(f)
        terms = Poly(f, *gens).terms()
        if any(k % 2 and x in self.free for powers, _ in terms for k, x in zip(powers, gens, strict=True)):
            return None
        proofs, zeros, shown, values = [], [], sympy.S.Zero, {}
        for i, (powers, c) in enumerate(terms):
            proof = self._coefficient(c)
            if proof is None:
                return None
            if proof.conditions and not _is_vertex(powers, [other for other, _ in terms]):
                proof = proof._replace(necessary=False)
            proofs.append(proof)
            zeros.append(Or(*(vanishing(x) for k, x in zip(powers, gens, strict=True) if k > self.poles.get(x, 0))))
            if rate_sign(c) <= 0 or c.free_symbols & set(self.clocks):
                q = Fresh(f"q{i}", nonnegative=True)
                values[q], c = c, q
            shown += c * sympy.prod(x**k for k, x in zip(powers, gens, strict=True))
        text = f"{_collected(f, gens)} has no negative term"
        own = Proof(And(*zeros), steps=() if len(terms) == 1 and shown.is_Pow else (text,),
                    identities=(expand(f - shown.subs(values)),),
                    positive=((shown, tuple(sorted(shown.free_symbols, key=str))),))
        return own.along(*proofs)

    def _coefficient(self, c) -> Proof | None:
        """c ≥ 0 for rates and clocks, perhaps on a condition."""
        return _of_rates(c, tuple(self.clocks.items()))

    def coefficient(self, c) -> Proof | None:
        """`_coefficient`, without what is known from before."""
        constant, factors = factor_list(c)
        sign, unknown = sympy.sign(constant), []
        proofs: list[Proof] = []
        for p, power in factors:
            if power % 2 == 0:
                continue
            clocks = p.free_symbols & set(self.clocks)
            s = rate_sign(p) if not clocks else 0
            if s == 0 and len(clocks) == 1:
                for side in (1, -1):
                    proof = self._interval(side * p, *clocks)
                    if proof is not None and not proof.conditions:
                        s, proofs = side, [*proofs, proof]
                        break
            sign = sign * s if s else sign
            unknown += [] if s else [p]
        if not unknown:
            return Proof().along(*proofs) if sign > 0 else None
        f = expand(sign * sympy.prod(unknown))
        clocks = f.free_symbols & set(self.clocks)
        if len(clocks) == 2:
            rest = self._two_clocks(f)
        elif clocks:
            rest = self._interval(f, *clocks)
        else:
            rest = Proof(conditions=(relation(f),)) if len(unknown) == 1 and f.free_symbols else None
        return rest and rest.along(*proofs)

    @staticmethod
    @functools.lru_cache(maxsize=1024)
    def _interval(f, y) -> Proof | None:
        """f ≥ 0 for y in (0, 1), by y = 1/(1 + w) and the signs of the coefficients."""
        w = Fresh("w", positive=True)
        top = expand(fraction(together(f.subs(y, 1 / (1 + w))))[0])
        proof = Domain(positive=frozenset({w})).by_terms(top)
        if proof is None:
            return None
        identity = sympy.cancel(top - f.subs(y, 1 / (1 + w)) * (1 + w)**Poly(f, y).degree())
        return proof._replace(zero=sympy.false, identities=(*proof.identities, identity),
                              steps=(f"{sympy.factor(f)} >= 0 for 0 < {y} < 1: put {y} = 1/(1 + w)",))

    def _two_clocks(self, f) -> Proof | None:
        """f = A − B·Y ≥ 0 for Y = y^k, 0 < y < 1, by lower bounds of 1 − y^k (see `steps`)."""
        y, Y = sorted(f.free_symbols & set(self.clocks), key=list(self.clocks).index)
        k = self.clocks[Y]
        if self.clocks[y] != 1 or Poly(f, Y).degree() != 1:
            return None
        B, A = -Poly(f, Y).coeff_monomial(Y), Poly(f, Y).coeff_monomial(1)
        slope = self._interval(B, y) if y in B.free_symbols else self._coefficient(B)
        if slope is None or slope.conditions:
            return None
        below = self._by_integrals(f, A, B, y, Y, k) or self._by_chord(f, A, B, y, Y, k)
        return below and below.along(slope)

    def _by_integrals(self, f, A, B, y, Y, k) -> Proof | None:
        """1 − y^k ≥ (k/K)(1 − y^K) for k ≤ K."""
        conditions: tuple
        if k.is_number:
            K, conditions = sympy.ceiling(k), ()
        else:  # as t → ∞ both clocks tend to 0 and f to f(0, 0), which therefore must not be negative
            fast, slow = fraction(k)
            ratio = Fresh("ratio", positive=True)
            corner = factor_list(f.subs({y: 0, Y: 0}).subs(fast, ratio * slow) if fast.is_Symbol else
                                 f.subs({y: 0, Y: 0}).subs(slow, fast / ratio) * ratio)[1]
            roots = [r for p, _ in corner if p.free_symbols == {ratio} for r in sympy.solve(p, ratio)]
            if len(roots) != 1 or not roots[0].is_Rational:
                return None
            K = roots[0]
            conditions = (relation(expand(K * slow - fast)),)
        if not K.is_Integer or K <= 0:
            return None
        bound = k / K * B * (1 - y**K) + A - B
        lemma = (f"with k = {k} <= {K}: (1 - y^k)/k is the integral of s^(k-1) over [y, 1], which decreases in k, so "
                 f"1 - {Y} >= (k/{K})(1 - {y}^{K})")
        identities = (_power_rule(), expand(f - bound - B * ((1 - Y) - k / K * (1 - y**K))))
        return self._clock_bound(bound, Proof(conditions=conditions, steps=(lemma,), identities=identities))

    def _by_chord(self, f, A, B, y, Y, k) -> Proof | None:
        """1 − y^k ≥ k (1 − y) y^k for all k > 0, so y^k ≤ 1/(1 + k (1 − y))."""
        bound = A - B / (1 + k * (1 - y))
        lemma = (f"with k = {k}: 1 - y^k is the integral of k s^(k-1) over [y, 1], and s^(k-1) >= y^k there, so "
                 f"{Y} <= 1/(1 + k (1 - {y}))")
        identity = sympy.cancel(f - bound - B * (1 / (1 + k * (1 - y)) - Y))
        return self._clock_bound(bound, Proof(steps=(lemma,), identities=(identity,)))

    def _clock_bound(self, bound, proof: Proof) -> Proof | None:
        """`proof` with that of bound ≥ 0, or None."""
        top, bottom = fraction(together(bound))
        below = self._coefficient(expand(top * bottom))
        if below is None or below.conditions:
            return None
        return proof.along(below)._replace(necessary=True)

    # --------------------------------------------------------------------------------------- sums of squares
    def _by_squares(self, f) -> Proof | None:
        """A quadratic form in the free variables, by exact elimination: d·f = (Σ m_j x_j)² + (form in fewer variables).

        A part without free variables is nonnegative by itself, or f is not.
        """
        x = sorted(f.free_symbols & self.free, key=str)
        if not x:
            return None
        poly = Poly(f, *x)
        if (rest := poly.coeff_monomial(1)) != 0 and poly.total_degree() == 2:
            form, constant = self._by_squares(expand(f - rest)), self.nonnegative(rest)
            if form is None or constant is None:
                return None
            return form.along(constant, zero=And(form.zero, constant.zero))
        if not poly.is_homogeneous or poly.total_degree() != 2:
            return None
        M, proof, forms, steps = matrix(poly), Proof(), [], []
        used: list[sympy.Expr] = []
        rows = list(range(len(x)))
        while rows:
            pivots = {i: p for i in rows if (p := self.nonnegative(M[i, i])) is not None}
            sure = [i for i, p in pivots.items() if not p.conditions and p.zero == sympy.false]
            null = [i for i in rows if M[i, i] == 0]
            if sure:
                i = sure[0]
            elif null:  # a square is missing: the products with it must vanish too
                i, needed = null[0], []
                for j in rows:
                    if M[i, j] != 0:
                        if (condition := self._vanishing(M[i, j])) is None:
                            return None
                        if any(condition.lhs in pivot.free_symbols for pivot in used):
                            return None  # a pivot divided by might vanish then
                        needed.append(condition)
                        M = M.subs(condition.lhs, condition.rhs)
                if needed:
                    text = f"no square of {x[i]}, so its products must vanish"
                    proof = proof.along(Proof(conditions=tuple(needed), steps=(text,)))
                rows.remove(i)
                continue
            elif len(rows) == 1 and rows[0] in pivots:
                i = rows[0]
            else:
                return None
            line = sum(M[i, j] * x[j] for j in rows)
            rows.remove(i)
            old = M.copy()
            used.append(old[i, i])
            for j, k in itertools.product(rows, rows):
                M[j, k] = expand(old[i, i] * old[j, k] - old[i, j] * old[i, k])
            whole = sum(old[j, k] * x[j] * x[k] for j in [i, *rows] for k in [i, *rows])
            smaller = sum(M[j, k] * x[j] * x[k] for j in rows for k in rows)
            proof = proof.along(pivots[i], Proof(identities=(expand(old[i, i] * whole - line**2 - smaller),)))
            steps.append(f"pivot {sympy.factor(old[i, i])}")
            forms.append(Or(pivots[i].zero, self._locus(line if rows else x[i])))
        if steps:
            proof = Proof(steps=("quadratic form, by exact elimination: " + ", ".join(steps),)).along(proof)
        whole = len(forms) == len(x) and not any(isinstance(form, Or) for form in forms)
        return proof._replace(zero=And(*(vanishing(s) for s in x)) if whole else And(*forms))

    def _vanishing(self, f):
        """The condition on one rate under which f vanishes identically, or None."""
        for p, _ in factor_list(f)[1]:
            for rate in sorted(p.free_symbols - self.free - self.positive - set(self.clocks), key=str):
                if p.free_symbols == {rate} and Poly(p, rate).degree() == 1:
                    value = sympy.solve(p, rate)
                    if value:
                        return Eq(rate, value[0])
        return None


@functools.lru_cache(maxsize=4096)
def _of_rates(c, clocks: tuple) -> Proof | None:
    """A coefficient that is ≥ 0: the sign of a polynomial, its pivots and its factors ask for the same ones again."""
    return Domain(clocks=dict(clocks)).coefficient(c)


@functools.cache
def _power_rule():
    """What vanishes: that s^(k−1) is the slope of s^k/k."""
    s, k = Fresh("s", positive=True), Fresh("k", positive=True)
    return sympy.powsimp(sympy.diff(s**k / k, s) - s**(k - 1))


def matrix(poly: Poly) -> sympy.Matrix:
    """The symmetric matrix of a quadratic form."""
    x = poly.gens
    return sympy.Matrix(len(x), len(x), lambda i, j: expand(
        poly.coeff_monomial(x[i] * x[j]) / (1 if i == j else 2)))


def negative_direction(M: sympy.Matrix):
    """A rational vector u with uᵀMu < 0, or None if the rational symmetric matrix M has none."""
    n, columns, current = M.rows, sympy.eye(M.rows), M.copy()
    rows = list(range(n))  # `columns` turns coordinates of the reduced form into those of M
    while rows:
        if any(current[i, i] < 0 for i in rows):
            return columns[:, next(i for i in rows if current[i, i] < 0)]
        i = next((i for i in rows if current[i, i] > 0), None)
        if i is None:
            pair = next(((i, j) for i in rows for j in rows if current[i, j] != 0), None)
            return None if pair is None else columns[:, pair[0]] - sympy.sign(current[pair]) * columns[:, pair[1]]
        zero = [(j, current[j, j], current[i, j]) for j in rows if current[j, j] == 0 and current[i, j] != 0]
        if zero:  # d t² + 2 b t < 0 at t = −b/d
            j, _, b = zero[0]
            return columns[:, i] * (-b / current[i, i]) + columns[:, j]
        rows.remove(i)
        old = current.copy()
        for j in rows:
            columns[:, j] = columns[:, j] - old[i, j] / old[i, i] * columns[:, i]
            for k in rows:
                current[j, k] = old[j, k] - old[i, j] * old[i, k] / old[i, i]
    return None


def _is_vertex(powers, others) -> bool:
    """Whether this monomial alone dominates along some curve x_i = τ^w_i: then its coefficient must not be negative."""
    for w in itertools.product((0, 1, -1, 2), repeat=len(powers)):
        value = sum(a * b for a, b in zip(w, powers, strict=True))
        if all(sum(a * b for a, b in zip(w, other, strict=True)) < value for other in others if other != powers):
            return True
    return False


def _collected(f, gens) -> str:
    """f with the coefficients of its monomials collected, as text."""
    return sympy.sstr(sympy.collect(expand(f), gens, sympy.factor))
