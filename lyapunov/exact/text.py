"""Conditions, relations and numbers as text."""
from __future__ import annotations

import sympy
from sympy import Rational, Symbol, fraction


def words(condition) -> str:
    """A sympy condition, or several, as text: `g = 0 and v = 0`."""
    if isinstance(condition, tuple):
        return ", ".join(words(c) for c in condition)
    if condition in (sympy.true, sympy.false):
        return "true for all states" if condition == sympy.true else "no state"
    if isinstance(condition, (sympy.And, sympy.Or)):
        word = " and " if isinstance(condition, sympy.And) else " or "
        return word.join(f"({words(c)})" if isinstance(c, (sympy.And, sympy.Or)) else words(c)
                         for c in sorted(condition.args, key=str))
    if isinstance(condition, sympy.Eq):
        return f"{condition.lhs} = {condition.rhs}"
    return str(condition.lhs) + " != 0" if isinstance(condition, sympy.Ne) else str(condition)


def readable(relation: sympy.Basic) -> str:
    """A relation as text: long fractions rounded, and each factor written so that it is positive for small λ, β."""
    if any(len(str(x)) > 12 for x in relation.atoms(Rational)):
        relation = sympy.N(relation, 6)
    if not isinstance(relation, sympy.Le):
        return str(relation)
    small = {x: Rational(1, 100) if x.name == "lambda" or x.name.startswith("beta") else sympy.S.One
             for x in relation.free_symbols}
    sign, sides = sympy.S.One, []
    for part in fraction(relation.rhs):
        factors = []
        for p in sympy.Mul.make_args(part):
            negative = p.is_Add and p.subs(small) < 0
            sign, p = (-sign, sympy.expand(-p)) if negative else (sign, p)
            factors.append(Symbol(f"({p})") if p.is_Add else p)
        sides.append(sympy.Mul(*factors))
    return f"{relation.lhs} <= {sign * sides[0] / sides[1]}"
