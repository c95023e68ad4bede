"""Sympy expressions in plain arithmetic: the way back from symbols to the other readings."""
from __future__ import annotations

import functools
import operator
from collections.abc import Callable, Mapping
from typing import Any

import numpy as np

from .elementary import cos, cosh, exp, log, sigmoid, sin, sinh, softplus, tanh
from .functions import half_power
from .functions import power as real_power
from .intervals import Interval
from .jets import Jet
from .late import sympy
from .operations import OPERATIONS, maximum, minimum, where
from .readings import elementwise, integer_power, is_object_array, is_symbolic
from .recorder import Node

#: Functions of sympy's that are made of others, by the names of their classes.
COMPOSED: dict[str, Callable] = {
    "tan": lambda x: sin(x) / cos(x), "cot": lambda x: cos(x) / sin(x), "sec": lambda x: 1 / cos(x),
    "csc": lambda x: 1 / sin(x), "coth": lambda x: 1 / tanh(x), "sech": lambda x: 1 / cosh(x),
    "csch": lambda x: 1 / sinh(x), "erfc": lambda x: 1 - OPERATIONS["erf"].function(x),
    "Heaviside": lambda x, middle=0.5: where(x > 0, 1.0, where(x < 0, 0.0, middle)),
}


def from_sympy(expression: sympy.Expr, values: Mapping) -> Any:
    """A sympy expression on the reading of `values`, {symbol: number}.

    Sums, products, powers, `Piecewise`, conditions, `Max` and `Min` of many and every function of `OPERATIONS`;
    log(1 + eˣ) and 1/(1 + eˣ) in the forms that do not overflow.  Constants are floats rounded once, intervals on
    intervals, exact on symbols.  An array of symbols or numbers is taken entry by entry.

    Raises TypeError for a function that has no operation, for constants that are not real and, but on symbols, for a
    symbol without a value.
    """
    entries = [v.flat[0] if isinstance(v, np.ndarray) and v.size else v for v in values.values()]
    if any(is_symbolic(v) for v in entries):
        return _replaced(expression, values)
    exact = next((keep for keep in map(_keeps, entries) if keep), None)
    return _Reader(dict(values), exact).read(expression)


def _keeps(value) -> Callable | None:
    """How a reading takes constants as they are; None where they are rounded to floats."""
    if isinstance(value, Interval):
        return lambda e: x.low if (x := Interval.of(e)).low == x.high else x
    if isinstance(value, Node):
        return value.graph.lift if value.graph.exact else None
    return (lambda e: e) if isinstance(value, Jet) else None


def _replaced(expression, values: Mapping):
    """On symbols an expression is itself, with these in the place of its own."""
    values = {x: value for x, value in values.items() if expression.has(x)}

    def replace(*entries):
        return expression.xreplace(dict(zip(values, map(sympy.sympify, entries), strict=True)))

    arrays = any(is_object_array(v) for v in values.values())
    return elementwise(replace, values.values()) if arrays else replace(*values.values())


class _Reader:
    def __init__(self, values: dict, exact: Callable | None):
        self.values, self.exact = values, exact
        self.known: dict = {}

    def read(self, e):
        if e in self.values:
            return self.values[e]
        if e not in self.known:
            self.known[e] = self._read(e)
        return self.known[e]

    def _read(self, e):
        if e.is_Symbol:
            raise TypeError(f"the expression contains {e}, for which there is no value; given: "
                            f"{', '.join(map(str, self.values)) or 'none'}")
        if e is sympy.true or e is sympy.false:
            return bool(e)
        if not e.free_symbols and e.is_number and (self.exact or not e.has(sympy.Function, sympy.Piecewise)):
            return self._constant(e)
        if e.is_Add:
            return self._folded(operator.add, e.args)
        if e.is_Mul:
            return self._product(e.args)
        if e.is_Pow and not isinstance(e, sympy.exp):
            return self._power(e.base, e.exp)
        if isinstance(e, (sympy.Max, sympy.Min)):
            return self._folded(maximum if isinstance(e, sympy.Max) else minimum, e.args)
        if isinstance(e, sympy.Piecewise):
            return self._cases(e.args)
        if isinstance(e, sympy.logic.boolalg.Boolean):
            return self._condition(e)
        if isinstance(e, sympy.log) and (x := self._one_plus_exp(e.args[0])) is not None:
            return softplus(x)
        name = type(e).__name__
        operation = OPERATIONS.of_sympy(name)
        function = operation.function if operation else COMPOSED.get(name)
        if function is None:
            known = sorted(({n for op in OPERATIONS.values() for n in op.sympy} | set(COMPOSED)) - {"Max", "Min"})
            raise TypeError(f"the expression contains {e}, which has no arithmetic here; use + − × ÷, powers, "
                            f"Piecewise, Max, Min, {', '.join(known)}, or register it with "
                            f"arithmetic.operation({name!r}, …, sympy=({name!r},))")
        return function(*(self.read(a) for a in e.args))

    def _constant(self, e):
        if e.is_Integer and abs(e) < 2**53:
            return int(e)
        try:
            value = float(e)
        except TypeError:
            raise TypeError(f"the expression contains the constant {e}, which is not a real number") from None
        return self.exact(e) if self.exact else value

    def _folded(self, function: Callable, args):
        return functools.reduce(function, [self.read(a) for a in args])  # read first: recorded in that order

    def _product(self, args):
        """Over one denominator: x·y⁻¹ is a division."""
        above, below = [], []
        for a in args:
            inverse = (a.is_Pow and not isinstance(a, sympy.exp) and a.exp.is_number and a.exp.is_negative
                       and a.free_symbols)
            if inverse and self._one_plus_exp(a.base) is None:
                below.append(a.base**-a.exp)
            else:
                above.append(a)
        value = self._folded(operator.mul, above) if above else 1
        return value / self._folded(operator.mul, below) if below else value

    def _power(self, base, power):
        if power.is_Float and 2 * float(power) == int(2 * float(power)):  # 2.0 is 2, and holds for negative x too
            power = sympy.Rational(int(2 * float(power)), 2)
        if power.is_Rational and power.q <= 2:
            if power.is_negative:
                if power.q == 1 and (x := self._one_plus_exp(base)) is not None:
                    return integer_power(sigmoid(-x), -int(power))
                return 1 / self._power(base, -power)
            x = self.read(base)
            return integer_power(x, int(power)) if power.q == 1 else half_power(x, int(power.p))
        if self.exact:
            return exp(self.read(power) * (self.exact(sympy.log(base)) if base.is_number else log(self.read(base))))
        return real_power(self.read(base), self.read(power))

    def _one_plus_exp(self, e):
        """x where the expression is 1 + eˣ."""
        if not e.is_Add or len(e.args) != 2 or e.args[0] != 1 or not isinstance(e.args[1], sympy.exp):
            return None
        return self.read(e.args[1].args[0])

    def _cases(self, pairs):
        (value, condition), *before = reversed(pairs)
        value = (self.read(value) if condition == True  # noqa: E712 - a condition of sympy's
                 else where(self.read(condition), self.read(value), float("nan")))
        for x, condition in before:
            value = where(self.read(condition), self.read(x), value)
        return value

    def _condition(self, e):
        if isinstance(e, sympy.And):
            return self._folded(operator.and_, e.args)
        if isinstance(e, sympy.Or):
            return self._folded(operator.or_, e.args)
        if isinstance(e, sympy.Not):
            return ~self.read(e.args[0])
        if not isinstance(e, sympy.Rel):  # Xor, Implies, …
            return self._condition(sympy.to_dnf(e))
        x, y = self.read(e.lhs), self.read(e.rhs)
        if isinstance(e, (sympy.Eq, sympy.Ne)):
            equal = (x <= y) & (y <= x)
            return ~equal if isinstance(e, sympy.Ne) else equal
        return {"<": operator.lt, "<=": operator.le, ">": operator.gt, ">=": operator.ge}[e.rel_op](x, y)
