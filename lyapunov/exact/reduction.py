"""New symbols in which V' is rational and its domain an orthant: roots, bounded symbols, and clocks."""
from __future__ import annotations

from typing import Any, Protocol

import sympy
from sympy import Symbol, fraction

from .expressions import quotient_sign, vanishes
from .seams import INEQUALITIES, solve_facts
from .signs import Domain, Fresh, rate_sign


class Unreadable(Exception):
    """Why a claim cannot be analysed; becomes the reason of an UNDECIDED verdict."""


class Claim(Protocol):
    """V' ≤ 0 for one coordinate of a vector field in symbols, as far as a proof needs to know it.

    V, derivative : expressions.  s : a namespace with the symbol of every block, of θ and of the time t; oracle : those
    of the loss (value, gradient, hessian, residual, jacobian).  field : {block: its derivative}.  initial : {block: its
    start value, where not 0}.  vectors : the symbols that stand for one coordinate of a vector; scalars : the names of
    the blocks of one number.  facts : expressions that are ≥ 0.
    """

    V: sympy.Expr
    derivative: sympy.Expr
    s: Any
    oracle: Any
    field: dict
    initial: dict
    vectors: list
    scalars: list
    facts: tuple


class Reduction:
    """The symbols of V' in new ones.

    - on a piece h ≥ 0 of a field with seams: h = p, p ≥ 0, solved for a state
    - √v: v = s² (v = s²·c₂ where √c₂ occurs too, so that √(v/c₂) = s)
    - H ≤ L: H = L − p, p ≥ 0, and likewise for every assumed inequality that is linear in one symbol
    - scalar blocks with c' = k(1 − c), c = 0 at the start: c = 1 − e^{−kt}, so they are functions of one y = e^{−kt}
      and not independent of each other (a claim about free c₁, c₂ would be refuted by states that are never reached)

    With `convex`, H ≥ 0 and, for a minimum F = 0 at θ = 0, ⟨∇F, θ⟩ ≥ F ≥ 0: θ = (F + q)/g, q ≥ 0.  In many coordinates
    only the sum ⟨∇F, θ⟩ is known to be positive, so θ may occur in V' in g·θ alone; else `obstacle` says so.

    `value(x)` is a symbol of V' in new symbols, `domain` what these range over, `derivative` V' in them, and
    `meaning[s]` what vanishes where the new symbol s does; `empty` says that no state is on the piece.
    """

    def __init__(self, one: Claim, assuming: tuple, convex: bool = False):
        self.one = one
        self.formula: dict[Symbol, sympy.Expr] = {}
        self.scaled: dict[Symbol, sympy.Expr] = {}
        self.sums: dict[Symbol, sympy.Expr] = {}
        self.clocks: dict[Symbol, sympy.Expr] = {}
        self.solved: dict[Symbol, sympy.Expr] = {}
        self.meaning: dict[Symbol, sympy.Expr] = {}
        self.made: set[Symbol] = set()
        self.both = sympy.Tuple(one.derivative, one.V)
        self.obstacle = ""
        if convex:
            h = one.oracle.hessian
            below = any((gap := sympy.expand(r.gts - r.lts)).has(h) and gap.diff(h).is_positive and
                        sympy.solve(gap, h)[0].is_nonnegative for r in assuming if isinstance(r, INEQUALITIES))
            assuming = (*assuming, *(r for r in self._convex() if not (below and r.has(h))))
        for i, (x, (low, high)) in enumerate(self._bounds(assuming).items()):
            p = self._new(f"p{i + 1}")
            self.formula[x] = low + p if high is None else high - p if low is None else (low + high * p) / (1 + p)
            self.meaning[p] = x - self.formula[x].subs(p, 0)
        self._resolve()
        self._solve_facts()
        self._find_clocks()
        self._find_roots()
        self.derivative, V = self.apply(one.derivative), self.apply(one.V)
        o = one.oracle
        states = {*one.vectors, o.value, o.hessian, o.jacobian, o.residual, one.s.t, *self.made, *self.sums,
                  *(getattr(one.s, name) for name in one.scalars)} - set(self.clocks)
        present = (self.derivative.free_symbols | V.free_symbols) & states
        self.domain = Domain(frozenset(x for x in present if not x.is_nonnegative),
                             frozenset(x for x in present if x.is_nonnegative), self.clocks)

    def _new(self, name: str) -> Symbol:
        x = Fresh(name, positive=True)
        self.made.add(x)
        return x

    def _convex(self) -> list:
        """Inequalities that convexity gives; θ and F are replaced here where both are needed."""
        o, theta, derivative = self.one.oracle, self.one.s.theta, self.one.derivative
        if derivative.has(theta):
            share = sympy.cancel(derivative.diff(theta) / o.gradient)
            if share.free_symbols & {*self.one.vectors, o.value, o.hessian}:
                self.obstacle = "convexity bounds the sum of g*theta only, and theta enters V' in another way"
            self.formula[o.value] = self._new("F_0")
            q = self._new("q")
            self.formula[theta] = (self.formula[o.value] + q) / o.gradient
            self.meaning |= {self.formula[o.value]: o.value, q: o.gradient * theta - o.value}
        elif derivative.has(o.value):
            return [sympy.Ge(o.value, 0), sympy.Ge(o.hessian, 0)]
        return [sympy.Ge(o.hessian, 0)]

    def _bounds(self, assuming) -> dict:
        """{symbol: [lower bound, upper bound]} of the assumed inequalities, each solved for one symbol."""
        bounds: dict[Symbol, list] = {}
        o = self.one.oracle
        for relation in assuming:
            if not isinstance(relation, INEQUALITIES):
                raise TypeError(f"assuming: {relation!r} must be 'convex' or a sympy inequality, such as H <= L")
            gap = sympy.expand(relation.gts - relation.lts)
            rates = sorted(gap.free_symbols - {o.hessian, o.value, o.gradient, *self.one.vectors}, key=str)
            x = next((x for x in (o.hessian, o.value, *rates) if gap.diff(x).is_number and gap.diff(x) != 0), None)
            if x is None:
                raise ValueError(f"assuming: {relation} is not linear in H, F or a rate")
            if not sympy.Tuple(self.both, *self.one.facts).has(x):
                continue
            bound = bounds.setdefault(x, [0 if x.is_positive else None, None])
            side = 0 if gap.diff(x) > 0 else 1
            if bound[side] not in (None, 0):
                raise ValueError(f"assuming: two bounds of {x} on the same side; give the sharper one")
            bound[side] = sympy.solve(gap, x)[0]
        return bounds

    def _resolve(self):
        """A bound may hold a symbol that has bounds itself: a ≤ b, b ≤ 1."""
        for _ in range(len(self.formula)):
            self.formula = {x: e.subs(self.formula, simultaneous=True) if e.free_symbols & set(self.formula) else e
                            for x, e in self.formula.items()}
        if any(e.free_symbols & set(self.formula) for e in self.formula.values()):
            self.obstacle = "the assumptions bound symbols by one another in a circle"

    def _solve_facts(self):
        """On a piece of a field with seams."""
        self.solved, meaning = solve_facts(self.one.facts, self.one.vectors, self.both,
                                           lambda f: quotient_sign(f.subs(self.formula)))
        self.both = self.both.subs(self.solved, simultaneous=True)
        self.empty = meaning is None
        self.meaning |= meaning or {}
        self.made |= set(meaning or {})

    def _find_clocks(self):
        first = None
        for name in self.one.scalars:
            x, f = getattr(self.one.s, name), self.one.field[name]
            rate = f.subs(x, 0)
            clock = (self.one.initial.get(name, 0) == 0 and not rate.free_symbols & set(self.one.vectors)
                     and vanishes(f - rate * (1 - x)) and rate_sign(rate) > 0)
            if not clock or not self.both.has(x):
                continue
            if first is None:
                first, y = rate, self._new("y")
                self.clocks[y] = sympy.S.One
            k = sympy.cancel(rate / first)
            if k.is_Integer and k <= 8:
                self.formula[x] = 1 - y**k
            else:
                other = self._new(f"y_{x}")
                self.clocks[other] = k
                self.formula[x] = 1 - other

    def _find_roots(self):
        rooted = {p.base for p in self.both.atoms(sympy.Pow)
                  if p.base.is_Symbol and p.base.is_nonnegative and p.exp.is_Rational and p.exp.q == 2}
        share = sympy.prod(x for x in rooted if x in self.formula)
        for x in sorted(rooted - set(self.formula), key=str):
            s = self._new(f"s_{x}")
            self.scaled[x], self.meaning[s] = s**2 * (share if x in self.one.vectors else 1), x

    def value(self, x) -> sympy.Expr:
        """A symbol, or an expression in symbols, of V' in the new symbols."""
        x = sympy.sympify(x).subs(self.solved, simultaneous=True)
        return x.subs(self.scaled, simultaneous=True).subs(self.formula, simultaneous=True)

    def apply(self, expr) -> sympy.Expr:
        """An expression in the new symbols; odd powers of roots of sums become symbols too, kept in `sums`."""
        expr = self.value(expr)
        if expr.is_algebraic_expr(*expr.free_symbols):
            expr = sympy.cancel(sympy.together(expr))

        def root(p):
            u = next((u for u, base in self.sums.items() if base == p.base), None)
            if u is None:
                u = Fresh(f"u{len(self.sums) + 1}", positive=True)
                self.sums[u] = p.base
            return u * p.base**(p.exp - sympy.Rational(1, 2))

        return expr.replace(lambda p: p.is_Pow and p.base.is_Add and p.exp.is_Rational and p.exp.q == 2, root)

    def numerator(self, expr):
        """`(N, multiple, proofs, domain)`: N = expr·multiple is a polynomial and multiple ≥ 0, by `proofs`.

        Factors of the denominator that may have either sign are squared.  `domain` knows the orders of the poles.
        Raises Unreadable where the expression is not rational.
        """
        top, bottom = fraction(sympy.factor(sympy.together(expr)))
        if not (top.is_polynomial(*top.free_symbols) and bottom.is_polynomial(*bottom.free_symbols)):
            raise Unreadable("is not a rational function, even with roots as symbols")
        constant, factors = sympy.factor_list(bottom)
        sign, proofs, poles = sympy.sign(constant), [], {}
        for p, power in factors:
            if p.is_Symbol:
                poles[p] = power
            if power % 2:
                signed = self.domain.signed(p)
                sign *= p if signed is None else signed[0]
                proofs += [] if signed is None else [signed[1]]
        return top * sign, bottom * sign, proofs, Domain(self.domain.free, self.domain.positive, self.clocks, poles)
