"""The nature of a critical point as a function of one parameter."""
from __future__ import annotations

import itertools
from collections.abc import Iterable

import sympy
from sympy import And, Eq, Poly

from arithmetic import Rate, Readable, exact_sign, latex

from .circle import turning_points
from .forms import leading_part
from .germ import Germ, eigenvalue_signs, plane_form
from .nature import Nature


class Cases(list, Readable):
    """[(nature, condition on the parameter), …]: the conditions exclude each other and cover all its values.

    parameter : the symbol.  evidence : one argument per case.  `at(value)` is the nature for a value.
    """

    def __init__(self, pairs: Iterable[tuple], parameter: sympy.Symbol, evidence: Iterable[str]):
        super().__init__(pairs)
        self.parameter, self.evidence = parameter, tuple(evidence)

    def at(self, value: Rate) -> Nature:
        for nature, condition in self:
            if sympy.sympify(condition).subs(self.parameter, value) == sympy.true:
                return nature
        raise ValueError(f"{self.parameter} = {value} is outside the values of the parameter")

    def __str__(self):
        width = max(len(nature) for nature, _ in self)
        return "\n".join(f"{nature:{width}}  if {_words(condition)}" for nature, condition in self)

    def _repr_latex_(self) -> str:
        rows = r"\\".join(rf"\text{{{nature}}} & \text{{if }} {latex(condition)}" for nature, condition in self)
        return rf"$$\begin{{cases}}{rows}\end{{cases}}$$"


def cases(moved, symbols, parameter, order: int) -> Cases:
    """The case distinction for F(θ; c), critical at θ = 0 for every c.

    The real line of c is cut at the real zeros of finitely many polynomials in c, outside which nothing that decides
    can change sign: coefficients of the characteristic polynomial of H; the first coefficient of φ along the kernel; or
    the conditions of `Circle`.  On each open interval one rational sample decides for all of it, at the cuts exact
    values.
    """
    c = parameter if parameter.is_real else sympy.Symbol(parameter.name, real=True)
    moved = moved.subs(parameter, c)
    germ = Germ(moved, symbols, order)
    low = 0 if c.is_nonnegative else -sympy.oo
    high = 0 if c.is_nonpositive else sympy.oo
    x = sympy.Symbol("x")
    steps = [k for k in germ.hessian.charpoly(x).all_coeffs() if k.has(c)]
    kernel = germ.hessian.shape[0] - germ.hessian.rank()
    known = True
    if kernel and _semidefinite_somewhere(moved, symbols, c, steps, low, high, order):
        more = _degenerate_steps(germ, kernel, c)
        known, steps = more is not None, [*steps, *(more or [])]
    cuts = _zeros(steps, c, low, high)
    if cuts is None:
        return Cases([(Nature.UNDECIDED, sympy.true)], parameter,
                     (f"the values of {c} where it may change are not known",))
    ends = [low, *cuts, high]
    found = []
    if low == 0 and c.is_positive is not True:
        found.append((*_at(moved, symbols, c, 0, order), 0, 0))
    for a, b in itertools.pairwise(ends):
        nature, evidence = _at(moved, symbols, c, _between(a, b), order)
        if not known and not _by_signs(moved, symbols, c, _between(a, b), order):
            nature, evidence = Nature.UNDECIDED, "no argument for all values of the parameter is known here"
        found.append((nature, evidence, a, b))
        if b in cuts:
            found.append((*_at(moved, symbols, c, b, order), b, b))
    return _merged(found, parameter, low, c)


def _at(moved, symbols, c, value, order):
    f = moved.subs(c, value)
    return Germ(sympy.expand(f) if f.is_polynomial(*symbols) else f, symbols, order).nature()


def _by_signs(moved, symbols, c, value, order) -> bool:
    """Whether the Hessian alone decides at this value."""
    signs = eigenvalue_signs(Germ(moved.subs(c, value), symbols, order).hessian)
    return signs is not None and (not signs[2] or bool(signs[0] and signs[1]))


def _semidefinite_somewhere(moved, symbols, c, steps, low, high, order) -> bool:
    cuts = _zeros(steps, c, low, high)
    ends = [low, *(cuts or []), high]
    return any(not _by_signs(moved, symbols, c, _between(a, b), order) for a, b in itertools.pairwise(ends))


def _degenerate_steps(germ: Germ, kernel: int, c) -> list | None:
    """Expressions in c between whose zeros φ on the kernel keeps its kind, or None where no argument is known."""
    f, ys, xs = germ.split(germ.order if germ.polynomial or kernel > 1 else germ.orders[0])
    steps = [k for s in germ.hessian.nullspace() for k in map(sympy.fraction, s)]
    steps = [part for pair in steps for part in pair]
    split = germ.exact(f, ys, xs)
    if split is None and kernel == 1:
        for order in germ.orders:
            for term in germ.series(f if order == germ.orders[0] else germ.split(order)[0], ys, xs, order):
                term = sympy.cancel(sympy.together(term.subs(ys[0], 1)))
                if term != 0:
                    return [*steps, *sympy.fraction(term)]
        return None
    if split is None and kernel == 2 and len(germ.symbols) == 2 and germ.polynomial:
        split = f, sympy.Integer(1)
    if split is None:
        return None
    top, bottom = split
    steps.append(bottom.subs(dict.fromkeys(ys, 0)))
    if kernel > 2:  # the terms of the lowest degree, if it is odd, have both signs where they do not vanish
        terms = Poly(top, *ys).terms() if top != 0 else []
        degree = min((sum(powers) for powers, _ in terms), default=0)
        return [*steps, *(k for powers, k in terms if sum(powers) == degree)] if degree % 2 else None
    if top == 0:
        return steps
    if kernel == 1:
        return [*steps, Poly(top, ys[0]).terms()[-1][1]]
    if not all(k.is_rational_function(c) and k.free_symbols <= {c} for k in Poly(top, *ys).coeffs()):
        return None
    shape = _form_steps(top, ys, c)
    ends = [-sympy.oo, *(_zeros([*steps, *shape], c, -sympy.oo, sympy.oo) or []), sympy.oo]
    part = leading_part(Poly(top, *ys))[0]
    if all(plane_form(part.subs(c, _between(a, b)), *ys) in ("min", "max", "saddle")
           for a, b in itertools.pairwise(ends)):
        return [*steps, *shape]  # its leading form decides on every interval
    x, y = ys
    turning = turning_points(top, x, y, c)
    return None if turning is None else [*steps, *turning]


def _form_steps(phi, ys, c) -> list:
    """Expressions in c between whose zeros the leading form in two variables keeps its monomials and its real zeros."""
    (x, y), part = ys, leading_part(Poly(phi, *ys))[0]
    steps = list(Poly(part, *ys).coeffs())
    for end in (1, -1):
        factors = [g for g, _ in sympy.factor_list(part.subs(x, end), y, c)[1]]
        steps += [g for g in factors if not g.has(y)]
        factors = [g for g in factors if g.has(y)]
        steps += [k for g in factors for k in (Poly(g, y).LC(), sympy.discriminant(g, y))]
        steps += [sympy.resultant(g, h, y) for g, h in itertools.combinations(factors, 2)]
    return [s for s in map(sympy.sympify, steps) if s.has(c)]


def _zeros(steps, c, low, high) -> list | None:
    """The real zeros of expressions in c, in order, inside (low, high); None where they cannot be found exactly."""
    zeros = set()
    for step in {sympy.numer(sympy.together(s)) for s in steps if sympy.sympify(s).has(c)}:
        for factor, _ in sympy.factor_list(step)[1] if step.is_polynomial(c) else [(step, 1)]:
            if not factor.has(c):
                continue
            if factor.is_polynomial(c):
                poly = Poly(factor, c, extension=True)
                if poly.degree() <= 2:
                    zeros |= {z for z in sympy.roots(poly.as_expr(), c) if z.is_real}
                elif poly.get_domain().is_ZZ or poly.get_domain().is_QQ:
                    zeros |= set(sympy.real_roots(poly))
                else:
                    return None
            else:
                found = sympy.solveset(factor, c, sympy.S.Reals)
                if not isinstance(found, sympy.FiniteSet) and found != sympy.S.EmptySet:
                    return None
                zeros |= set(found)
    zeros = {sympy.nsimplify(z) if z.is_Rational else sympy.radsimp(z) for z in zeros}
    above = {z: 1 if low == -sympy.oo else exact_sign(z - low) for z in zeros}
    below = {z: 1 if high == sympy.oo else exact_sign(high - z) for z in zeros}
    if None in above.values() or None in below.values():
        return None
    return sorted((z for z in zeros if above[z] == below[z] == 1), key=lambda z: sympy.N(z, 30))


def _between(a, b):
    """A simple rational number in (a, b)."""
    if a == -sympy.oo and b == sympy.oo:
        return sympy.Integer(0)
    if a == -sympy.oo:
        return sympy.floor(b) - 1
    if b == sympy.oo:
        return sympy.ceiling(a) + 1
    n = 1
    while True:
        k = sympy.floor(a * n) + 1
        if exact_sign(b - k / sympy.Integer(n)) == 1:
            return k / sympy.Integer(n)
        n *= 2


def _merged(found, parameter, low, c) -> Cases:
    """Neighbours of one nature joined, with their conditions."""
    groups: list[list] = []
    for piece in found:
        if groups and groups[-1][0][0] == piece[0]:
            groups[-1].append(piece)
        else:
            groups.append([piece])
    pairs, evidence = [], []
    for pieces in groups:
        (nature, why, a, first_end), (*_, last_start, b) = pieces[0], pieces[-1]
        closed = a == first_end, last_start == b
        if a == b:
            condition = Eq(parameter, a)
        else:
            left = sympy.true if a == -sympy.oo or (a == low and c.is_positive) else (
                sympy.Ge(parameter, a) if closed[0] else sympy.Gt(parameter, a))
            right = sympy.true if b == sympy.oo else sympy.Le(parameter, b) if closed[1] else sympy.Lt(parameter, b)
            condition = And(left, right)
        pairs.append((nature, condition))
        evidence.append(why)
    return Cases(pairs, parameter, evidence)


def _words(condition) -> str:
    if condition == sympy.true:
        return "true for every value"
    parts = condition.args if isinstance(condition, And) else (condition,)
    return " and ".join(f"{p.lhs} = {p.rhs}" if isinstance(p, Eq) else sympy.sstr(p) for p in parts)
