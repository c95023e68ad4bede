"""Small questions on sympy expressions that every floor asks."""
from __future__ import annotations

import functools

import sympy
from sympy import Poly, Rational, Symbol

from .signs import Fresh, rate_sign


def positive(name: str) -> Symbol:
    """A positive symbol."""
    return Symbol(name, positive=True)


@functools.lru_cache(maxsize=4096)
def vanishes(expr) -> bool:
    """Whether an expression is 0 identically."""
    expr = sympy.sympify(expr)
    if _differs(expr):
        return False
    if expr == 0 or sympy.expand(expr) == 0:
        return True
    rational = expr.is_rational_function(*expr.free_symbols)
    return rational and sympy.expand(sympy.fraction(sympy.together(expr))[0]) == 0 or sympy.simplify(expr) == 0


def _differs(expr) -> bool:
    """Whether an expression is seen not to be 0 at one point, which is quicker than to simplify it."""
    at = {x: Rational(7 + 6 * i, 5 + 2 * i) for i, x in enumerate(sorted(expr.free_symbols, key=str))}
    value = sympy.N(expr.xreplace(at), 30)
    return bool(value.is_Float and value.is_finite and abs(value) > Rational(1, 10**12))


@functools.cache
def root_of(x: Symbol) -> Symbol:
    """The symbol that stands for √x: the same each time, so that sympy knows what was computed with it."""
    return Fresh(f"root_{x}", positive=True)


def unrooted(expr: sympy.Expr) -> tuple[sympy.Expr, dict]:
    """(an expression with symbols for the roots of single symbols, {symbol: root})."""
    roots = {p.base for p in expr.atoms(sympy.Pow) if p.base.is_Symbol and p.exp.is_Rational and p.exp.q == 2
             and p.base.is_nonnegative}
    return sympy.sympify(expr.subs({x: root_of(x)**2 for x in roots})), {root_of(x): sympy.sqrt(x) for x in roots}


@functools.lru_cache(maxsize=4096)
def tidy(expr: sympy.Expr) -> sympy.Expr:
    """An expression in factors, with roots of single symbols treated as symbols."""
    plain, back = unrooted(expr)
    if not plain.is_rational_function(*plain.free_symbols):  # the arguments of its functions too
        plain = sympy.cancel(sympy.together(plain))
    return sympy.factor(plain).subs(back)


@functools.lru_cache(maxsize=4096)
def quotient_sign(f) -> int:
    """The sign of a quotient of polynomials in rates, for all of them; 0 where it has none, or is no such quotient."""
    top, bottom = sympy.fraction(sympy.together(f))
    rational = top.is_polynomial(*top.free_symbols) and bottom.is_polynomial(*bottom.free_symbols)
    return rate_sign(top) * rate_sign(bottom) if rational else 0


def resting_value(f: sympy.Expr, x: Symbol) -> sympy.Expr | None:
    """Where a block with x' = f(x) rests: the only zero of f, if f falls linearly or is a maximum of such functions.

    None for any other f.
    """
    weight, rest = f.as_independent(x, as_Add=False)
    if weight != 1 and quotient_sign(weight) > 0:
        return resting_value(rest, x)
    if isinstance(f, sympy.Max):
        values = [resting_value(part, x) for part in f.args]
        return None if None in values else sympy.Max(*values)
    if not f.is_polynomial(x) or Poly(f, x).degree() != 1:
        return None
    slope, rest = Poly(f, x).all_coeffs()
    return sympy.cancel(-rest / slope) if quotient_sign(slope) < 0 else None
