"""Signs of rational functions of positive parameters under relations between them."""
from __future__ import annotations

from collections.abc import Iterable, Iterator

import numpy as np
import sympy
from sympy import Max, Rational, Symbol

from .expressions import root_of
from .signs import Domain, Fresh, Proof

UPPER, LOWER = (sympy.Le, sympy.Lt), (sympy.Ge, sympy.Gt)


class Unbounded(ValueError):
    """A relation that is not read as a bound of one parameter by others."""


class Region:
    """Positive parameters under bounds as an orthant: `images` writes each in symbols that are positive and free.

    x ≤ b becomes x = b/(1 + p), x ≥ a becomes x = a + p, both become x = (a + b p)/(1 + p), of p > 0; parameters
    under a root are squares.  Positive symbols that no relation names stay as they are.  Thus the open region is the
    image of the orthant, and what is continuous and nonnegative on it is so on its closure.
    """

    def __init__(self, relations: Iterable, expressions: Iterable = ()):
        relations = [r for r in relations if r not in (True, sympy.true)]
        squares: dict[Symbol, sympy.Expr] = {}
        pending = {x for e in (*expressions, *relations) for x in _under_roots(sympy.sympify(e))}
        while pending:
            squares |= {x: root_of(x) ** 2 for x in pending}
            pending = {x for r in relations for side in (_bound(r.xreplace(squares)),) if side is not None
                       for x in _under_roots(side[2])} - set(squares)
        self.squares, self.relations = squares, tuple(relations)
        self.images: dict[Symbol, sympy.Expr] = {}
        bounds: dict[Symbol, tuple[list, list]] = {}
        others = []
        for r in relations:
            found = _bound(r.xreplace(squares))
            if found is None:
                others.append(r)
                continue
            x, upper, bound = found
            bounds.setdefault(x, ([], []))[upper].append(bound)
        while bounds:  # those whose bounds are free of parameters that are still to be bounded come first
            x = next((x for x, sides in bounds.items() if not {
                y for side in sides for b in side for y in b.free_symbols} & set(bounds)), None)
            if x is None:
                raise Unbounded(f"the bounds of {', '.join(map(str, bounds))} go in circles")
            low, high = bounds.pop(x)
            self.images[x] = self._between(x, self._extreme(low, 1), self._extreme(high, -1))
        for r in others:
            if r == sympy.false or self.never_negative(r.gts - r.lts) is None:
                raise Unbounded(f"{r} is no bound of a parameter by others, as h <= 1/L, nor follows from the rest")

    def _extreme(self, bounds: list, side: int):
        """The largest (side 1) or smallest of some bounds, where that is one of them."""
        bounds = [self._placed(b) for b in bounds]
        for b in bounds:
            if all(self.sign(side * (b - other)) for other in bounds):
                return b
        if bounds:
            raise Unbounded(f"which of {', '.join(map(str, bounds))} is the bound?")
        return None

    def _between(self, x, low, high):
        p = Fresh(f"p_{x}", positive=True)
        if high is None:
            return low + p
        if not self.sign(high if low is None else high - low):
            raise Unbounded(f"the bounds of {x} may exclude each other")
        return high / (1 + p) if low is None else (low + high * p) / (1 + p)

    def _placed(self, e) -> sympy.Expr:
        e = sympy.sympify(e)
        while e.free_symbols & set(self.images):
            e = e.xreplace(self.images)
        return e

    def apply(self, e) -> sympy.Expr:
        """An expression of the parameters in the free positive symbols, with roots of squares taken."""
        return self._placed(sympy.powdenest(sympy.sympify(e).xreplace(self.squares), force=True))

    def sign(self, e) -> Proof | None:
        """A proof that an expression in the free symbols is ≥ 0 on the orthant, or None where none is found."""
        top, bottom = (sympy.factor(f) for f in sympy.fraction(sympy.cancel(sympy.together(e))))
        if not all(f.is_polynomial(*f.free_symbols) for f in (top, bottom)):
            return None
        above, below = self._factors(top), self._factors(bottom)
        if above is None or below is None or above[0] * below[0] < 0:
            return None
        proof = Proof().along(*above[1], *below[1])
        return proof._replace(steps=(), identities=(*proof.identities, sympy.together(e) * bottom - top))

    def _factors(self, f) -> tuple[int, list[Proof]] | None:
        """(1 where a polynomial is ≥ 0, −1 where it is ≤ 0; proofs of that for its factors), or None."""
        constant, factors = sympy.factor_list(f)
        out, proofs = int(sympy.sign(constant)), list[Proof]()
        for p, power in factors:
            if power % 2:
                signed = Domain().signed(p) or self._ordered(p)
                if signed is None:
                    return None
                out *= signed[0]
                terms, gens = sympy.expand(signed[0] * p), tuple(sorted(p.free_symbols, key=str))
                plain = all(c > 0 for c in sympy.Poly(terms, *gens).coeffs())
                proofs.append(Proof(positive=((terms, gens),)) if plain else signed[1])
        return out, proofs

    def _ordered(self, p) -> tuple[int, Proof] | None:
        """The sign of a parabola a x² + b x + c in one of the symbols with 4ac ≥ b², or None."""
        for x in sorted(p.free_symbols, key=str):
            if sympy.degree(p, x) == 2:
                a, b, c = sympy.Poly(p, x).all_coeffs()
                rest = sympy.expand(4 * a * c - b**2)
                signed, below = Domain().signed(a), self._factors(rest)
                if signed is not None and below is not None and below[0] > 0:
                    square = sympy.expand(4 * a * p) - sympy.expand((2 * a * x + b) ** 2 + rest)
                    return signed[0], Proof(identities=(square,)).along(signed[1], *below[1])
        return None

    def never_negative(self, e) -> Proof | None:
        """A proof that an expression in the parameters is ≥ 0 in the region, or None."""
        return self.sign(self.apply(e))

    def samples(self, symbols: Iterable[Symbol], count: int, seed: int = 0) -> Iterator[dict]:
        """Exact parameters inside the region, at random."""
        named = set().union(*(r.free_symbols for r in self.relations))
        rng, symbols = np.random.default_rng(seed), sorted({*symbols, *named}, key=str)
        images = {x: self.apply(x) for x in symbols}
        free = sorted(set().union(*(e.free_symbols for e in images.values())), key=str)
        for _ in range(4 * count):
            at = {y: Rational(2) ** int(rng.integers(-4, 5)) * Rational(int(rng.integers(5, 9)), 7) for y in free}
            values = {x: number(e.xreplace(at)) for x, e in images.items()}
            values = {x: v if v.is_Rational else Rational(str(v.evalf(20))).limit_denominator(10**4)
                      for x, v in values.items()}
            numbers = values | {x: r.xreplace(values) for x, r in self.squares.items()}
            if all(v > 0 for v in values.values()) and all(r.subs(numbers) == sympy.true for r in self.relations):
                yield values
                count -= 1
            if count == 0:
                return


def number(e) -> sympy.Expr:
    """An exact number, as a rational one where it is."""
    e = sympy.sympify(e)
    return e if e.is_Rational else sympy.simplify(e)


def _under_roots(e: sympy.Basic) -> set[Symbol]:
    """Parameters of which an expression has a square root."""
    found = set[Symbol]()
    for p in e.atoms(sympy.Pow):
        if p.exp.is_Rational and p.exp.q == 2:
            found |= p.base.free_symbols if p.base.is_Symbol or p.base.is_Mul or p.base.is_Pow else set()
    return found


def _bound(r) -> tuple[Symbol, bool, sympy.Expr] | None:
    """(x, whether from above, b) of a relation x ≤ b or x ≥ b, of roots where both sides are squares."""
    if not isinstance(r, (*UPPER, *LOWER)):
        return None
    for left, right, upper in ((r.lhs, r.rhs, isinstance(r, UPPER)), (r.rhs, r.lhs, isinstance(r, LOWER))):
        if left.is_Pow and left.exp == 2 and left.base.is_Symbol:
            left, right = left.base, sympy.powdenest(sympy.sqrt(sympy.factor(right)), force=True)
        if left.is_Symbol and left.is_positive and left not in right.free_symbols and not right.has(Max):
            return left, upper, right
    return None
