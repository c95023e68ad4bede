"""A field with slopes cut, at each evaluation, to the terms that matter, so that the stages of a step do not swell."""
from __future__ import annotations

import functools
import operator
from collections.abc import Callable

import numpy as np
import sympy

from arithmetic import OPERATIONS, Array, Quantity, Vector
from arithmetic.jets import Jet
from flows import Field, Flow


class Truncated(Field):
    """The field of a flow on a loss in symbols with `cut(name, slope)` of every entry of a block in the slope's place.

    A Jacobian that a scheme asks for is that of the field itself, or `bent(row, column, entry)` of each of its entries,
    of one coordinate.
    """

    def __init__(self, flow: Flow, loss, cut: Callable[[str, sympy.Expr], sympy.Expr], bent: Callable | None = None):
        super().__init__(flow, loss)
        self.cut, self.bent = cut, bent

    def slopes(self, s, oracle) -> dict:
        return {name: self.cut(name, slope) if not isinstance(slope, Vector) else Vector(
            self.cut(name, x) for x in slope) for name, slope in super().slopes(s, oracle).items()}

    def jacobian(self, t: Quantity, y: Array) -> Array:
        J = Field(self.flow, self.loss).jacobian(t, y)
        if self.bent is None:
            return J
        rows = [[self.bent(a, b, J[i, j]) for j, b in enumerate(self.blocks)] for i, a in enumerate(self.blocks)]
        return np.array(rows, dtype=object).view(Vector)


def taylor(e: sympy.Expr, x: sympy.Symbol, order: int) -> list | None:
    """The coefficients of x⁰, …, x^order of an expression, by arithmetic from its leaves up.

    None where a function has no such series in the table, or a divisor vanishes at x = 0.
    """
    known: dict = {x: Jet([sympy.S.Zero, sympy.S.One, *[sympy.S.Zero] * (order + 1)])}  # more, as roots of x² lose some

    def series(e):
        if e not in known:
            parts = [series(a) for a in e.args]
            known[e] = combined(e, parts) if any(isinstance(a, Jet) for a in parts) else e
        return known[e]

    def combined(e, parts):
        if e.is_Add or e.is_Mul:
            return functools.reduce(operator.add if e.is_Add else operator.mul, parts)
        if e.is_Pow and not isinstance(e, sympy.exp):
            base, power = parts
            if isinstance(power, Jet) or not (2 * power).is_Integer:
                raise TypeError("a power that is no half of an integer")
            return base**int(power) if power.is_Integer else _root(base)**int(2 * power)
        operation = OPERATIONS.of_sympy(type(e).__name__)
        if operation is None or operation.arity != 1:
            raise TypeError("no function of the table of one argument")
        return operation.function(*parts)

    try:
        jet = series(e)
    except TypeError:
        return None
    found = [sympy.sympify(c) for c in (jet.coefficients if isinstance(jet, Jet) else [jet])][:order + 1]
    if isinstance(jet, Jet) and len(found) <= order:
        return None
    return None if any(c.has(sympy.nan, sympy.zoo, sympy.oo) for c in found) else found


def _root(jet: Jet) -> Jet:
    """√(x² c), x > 0, is x √c."""
    c = jet.coefficients
    if len(c) > 2 and all(sympy.expand(e) == 0 for e in c[:2]):
        rest = Jet(c[2:])
        return Jet([sympy.S.Zero, *rest.apply("sqrt", rest).coefficients])
    return jet.apply("sqrt", jet)
