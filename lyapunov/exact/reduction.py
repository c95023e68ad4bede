"""New symbols in which V' is rational and its domain an orthant: roots, bounded symbols, and clocks."""
from __future__ import annotations

import math
from collections.abc import Callable, Iterator
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
    - H ≤ L: H = L − p, p ≥ 0, and likewise for every assumed inequality that is linear in one symbol; 0 ≤ F ≤ c with an
      n-th root of F in V: F = c (p/(1 + p))ⁿ
    - scalar blocks with c' = k(1 − c), c = 0 at the start: c = 1 − e^{−kt}, so they are functions of one y = e^{−kt}
      and not independent of each other (a claim about free c₁, c₂ would be refuted by states that are never reached)
    - functions that are not rational, by what is known of their signs: eᵘ > 0, −1 ≤ sin u ≤ 1, u tanh u ≥ 0, and more
      (see `FACTS`), and other powers of what is not negative by that they are not negative

    With `convex`, H ≥ 0 and, for a minimum F = 0 at θ = 0, ⟨∇F, θ⟩ ≥ F ≥ 0: θ = (F + q)/g, q ≥ 0.  In many coordinates
    only the sum ⟨∇F, θ⟩ is known to be positive, so θ may occur in V' in g·θ alone; else `obstacle` says so.

    `value(x)` is a symbol of V' in new symbols, `domain` what these range over, `derivative` V' in them, and
    `meaning[s]` what vanishes where the new symbol s does; `empty` says that no state is on the piece.
    """

    def __init__(self, one: Claim, assuming: tuple, convex: bool = False):
        self.one = one
        self.formula: dict[Symbol, sympy.Expr] = {}
        self.scaled: dict[Symbol, sympy.Expr] = {}
        self.sums: dict[Symbol, tuple[sympy.Expr, sympy.Expr]] = {}
        self.functions: dict[Symbol, sympy.Expr] = {}
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
            if low == 0 and high is not None:  # so that a root of x is one of its bound, times what is rational
                self.formula[x] = high * (p / (1 + p)) ** self._degree(x)
            else:
                self.formula[x] = low + p if high is None else high - p if low is None else (low + high * p) / (1 + p)
            self.meaning[p] = x - self.formula[x].subs(p, 0)
        self._resolve()
        self._solve_facts()
        self._find_clocks()
        self._find_roots()
        self.derivative, V = self.apply(one.derivative), self.apply(one.V)
        o = one.oracle
        states = {*one.vectors, o.value, o.hessian, o.jacobian, o.residual, one.s.t, *self.made, *self.sums,
                  *self.functions,
                  *(getattr(one.s, name) for name in one.scalars)} - set(self.clocks)
        present = (self.derivative.free_symbols | V.free_symbols) & states
        self.domain = Domain(frozenset(x for x in present if not x.is_nonnegative),
                             frozenset(x for x in present if x.is_nonnegative), self.clocks)

    def _new(self, name: str) -> Symbol:
        x = Fresh(name, positive=True)
        self.made.add(x)
        return x

    def _degree(self, x: Symbol) -> int:
        """The least n for which every power of x that occurs is one of the n-th root of x."""
        return math.lcm(1, *(e.exp.q for e in self.both.atoms(sympy.Pow) if e.base == x and e.exp.is_Rational))

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
            own = sorted((gap.free_symbols & set(self.one.vectors)) - {o.gradient}, key=str)
            x = next((x for x in (o.hessian, o.value, *(own if len(own) == 1 else ()), *rates)
                      if gap.diff(x).is_number and gap.diff(x) != 0), None)
            if x is None:
                raise ValueError(f"assuming: {relation} is not linear in H, F, one block or a rate")
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
        h = self.one.oracle.hessian
        states = [*self.one.vectors, *(() if h in self.formula else (h,))]
        self.solved, meaning = solve_facts(self.one.facts, states, self.both,
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
        orders: dict[Symbol, int] = {}
        roots = {x: e for x, e in self.formula.items() if self._degree(x) > 1}  # which make roots of what they hold
        for p in self.both.atoms(sympy.Pow) | self.both.subs(roots, simultaneous=True).atoms(sympy.Pow):
            if p.base.is_Symbol and p.base.is_nonnegative and p.exp.is_Rational and p.exp.q > 1:
                orders[p.base] = int(sympy.ilcm(p.exp.q, orders.get(p.base, 1)))
        share = sympy.prod(x for x, n in orders.items() if x in self.formula and n == 2)
        for x in sorted(set(orders) - set(self.formula), key=str):
            s = self._new(f"s_{x}")
            self.scaled[x] = s**orders[x] * (share if x in self.one.vectors and orders[x] == 2 else 1)
            self.meaning[s] = x

    def value(self, x) -> sympy.Expr:
        """A symbol, or an expression in symbols, of V' in the new symbols."""
        x = sympy.sympify(x).subs(self.solved, simultaneous=True)
        return x.subs(self.scaled, simultaneous=True).subs(self.formula, simultaneous=True).subs(
            self.scaled, simultaneous=True)

    def apply(self, expr) -> sympy.Expr:
        """An expression in the new symbols.

        An odd power of the root of a sum becomes l + u, u ≥ 0, kept in `sums` as {u: (the sum, l)}: of 9 + v, v ≥ 0,
        the root is at least l = 3.
        """
        expr = self._named(self.value(expr))
        if expr.is_algebraic_expr(*expr.free_symbols):
            expr = sympy.cancel(sympy.together(expr))

        def root(p):
            u = next((u for u, (base, _) in self.sums.items() if base == p.base), None)
            if u is None:
                u, (number, rest) = Fresh(f"u{len(self.sums) + 1}", positive=True), p.base.as_coeff_Add()
                low = sympy.sqrt(number) if number > 0 and rest.is_nonnegative else sympy.S.Zero
                low = low if low.is_Rational else sympy.S.Zero
                self.sums[u] = p.base, low
                self.meaning[u] = rest if low else sympy.S.One if p.base.is_positive else p.base
            return (self.sums[u][1] + u) * p.base**(p.exp - sympy.Rational(1, 2))

        return expr.replace(lambda p: p.is_Pow and p.base.is_Add and p.exp.is_Rational and p.exp.q == 2, root)

    def _named(self, expr) -> sympy.Expr:
        """An expression with new symbols in its functions, from the innermost on."""
        def power(p):
            whole, rest = p.exp.as_coeff_Add() if not p.exp.is_Rational else (sympy.floor(p.exp), p.exp % 1)
            if not whole.is_Integer or not p.base.is_nonnegative:
                return p
            return self.function(p.base**rest, zero=p.base) * p.base**whole

        def function(f):
            return FACTS[f.func](self, f.args[0]) if f.free_symbols else f

        expr = expr.replace(lambda e: isinstance(e, tuple(FACTS)), function)
        return expr.replace(lambda p: p.is_Pow and p.base.free_symbols and (
            not p.exp.is_Rational and p.exp.is_real or p.exp.is_Rational and p.exp.q > 2 and p.base.is_Add), power)

    def function(self, f, low=0, high=sympy.oo, zero=sympy.S.One) -> sympy.Expr:
        """What stands for a function f with low ≤ f ≤ high; `zero` is what vanishes where f is as low as that."""
        part = f - low if high == sympy.oo else (f - low) / (high - f)
        x = next((x for x, e in self.functions.items() if e == part), None)
        if x is None:
            x = Fresh(f"f{len(self.functions) + 1}", positive=True)
            self.functions[x], self.meaning[x] = part, zero
        return low + x if high == sympy.oo else (low + high * x) / (1 + x)

    def exp(self, u) -> sympy.Expr:
        """eᵘ > 0, as a power of another one where u is a multiple of that one's."""
        share, base = u.as_coeff_Mul()
        n = share if share.is_Integer else -share if (-share).is_Integer else sympy.S.One
        n, base = (-n, -base) if base.could_extract_minus_sign() else (n, base)
        return self.function(sympy.exp(u / n))**n

    def odd(self, f, u, low=0) -> sympy.Expr:
        """f(u) = u·q with q = f(u)/u ≥ low, and never 0."""
        return u * self.function(f / u, low)

    def log(self, u) -> sympy.Expr:
        """log u = (u − 1)·q with q > 0."""
        return (u - 1) * self.function(sympy.log(u) / (u - 1)) if u.is_positive else sympy.log(u)

    def folded(self, f) -> Iterator[tuple]:
        """`(polynomial, identity)`: f with one symbol of a root u of a sum expressed by u² and the others."""
        for u, (base, low) in self.sums.items():
            for x in sorted(f.free_symbols & base.free_symbols, key=str):
                if (slope := base.diff(x)).is_number:
                    other = sympy.expand(f.subs(x, ((low + u)**2 - base.subs(x, 0)) / slope))
                    yield other, sympy.expand((other - f).subs(u, sympy.sqrt(base) - low))

    def numerator(self, expr):
        """`(N, multiple, proofs, domain)`: N = expr·multiple is a polynomial and multiple ≥ 0, by `proofs`.

        Factors of the denominator that may have either sign are squared.  `domain` knows the orders of the poles.
        Raises Unreadable where the expression is not rational.
        """
        top, bottom = fraction(sympy.factor(expr))
        if not (top.is_polynomial(*top.free_symbols) and bottom.is_polynomial(*bottom.free_symbols)):
            raise Unreadable("is not a rational function, even with roots as symbols")
        number, rest = (bottom, sympy.S.One) if bottom.is_number else bottom.as_independent(
            *bottom.free_symbols, as_Add=False)  # √π, of which no polynomial is made
        constant, factors = sympy.factor_list(rest)
        sign, proofs, poles = sympy.sign(number * constant), [], {}
        for p, power in factors:
            if p.is_Symbol:
                poles[p] = power
            if power % 2:
                signed = self.domain.signed(p)
                sign *= p if signed is None else signed[0]
                proofs += [] if signed is None else [signed[1]]
        return top * sign, bottom * sign, proofs, Domain(self.domain.free, self.domain.positive, self.clocks, poles)


def _cosh(r: Reduction, u) -> sympy.Expr:
    return r.function(sympy.cosh(u), 1, zero=u)


def _sinh(r: Reduction, u) -> sympy.Expr:
    return r.odd(sympy.sinh(u), u, 1)


#: What is known of functions: {class: (reduction, argument) -> the function in symbols of known sign}.
FACTS: dict[type, Callable[[Reduction, sympy.Expr], sympy.Expr]] = {
    sympy.exp: Reduction.exp,
    sympy.log: Reduction.log,
    sympy.cosh: _cosh,
    sympy.sinh: _sinh,
    sympy.tanh: lambda r, u: _sinh(r, u) / _cosh(r, u),
    sympy.atan: lambda r, u: r.odd(sympy.atan(u), u),
    sympy.asinh: lambda r, u: r.odd(sympy.asinh(u), u),
    sympy.erf: lambda r, u: r.odd(sympy.erf(u), u),
    sympy.sin: lambda r, u: r.function(sympy.sin(u), -1, 1, sympy.sin(u) + 1),
    sympy.cos: lambda r, u: r.function(sympy.cos(u), -1, 1, sympy.cos(u) + 1),
}
