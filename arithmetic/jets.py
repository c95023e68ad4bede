"""Taylor arithmetic in one variable: numbers are c₀ + c₁ρ + … + c_mρᵐ, the coefficients on any reading.

Functions of the table follow from their derivatives alone: y = f(x) has y' = f'(x) x', and f' is what the operation's
adjoint says; so a function that is added to the table has jets.  A definition that chooses by comparisons has that of
the piece it chooses, where the comparison is strict.

Source: Moore 1966; Griewank & Walther 2008, chapter 13.
"""
from __future__ import annotations

import functools
import operator
from collections.abc import Callable, Sequence
from types import SimpleNamespace

import numpy as np

from .ends import Rounded
from .operations import OPERATIONS
from .readings import Quantity, Reading, is_symbolic


class Jet(Reading):
    """Taylor coefficients, lowest first; the order of a result is the least of its arguments'."""

    __slots__ = ("coefficients", "args")
    args: tuple[Jet, ...]  # of one that stands for a node, which an adjoint asks for them

    def __init__(self, coefficients: Sequence):
        self.coefficients = list(coefficients)

    @property
    def order(self) -> int:
        return len(self.coefficients) - 1

    def cut(self, order: int) -> Jet:
        """The same up to a lower order."""
        return Jet(self.coefficients[:order + 1])

    def _both(self, other) -> tuple[list, list]:
        a = self.coefficients
        if not isinstance(other, Jet):
            return a, [other, *[0] * self.order]
        n = min(len(a), len(other.coefficients))
        return a[:n], other.coefficients[:n]

    def __add__(self, other):
        if not isinstance(other, Jet):
            return Jet([self.coefficients[0] + other, *self.coefficients[1:]])
        return Jet([x + y for x, y in zip(*self._both(other), strict=True)])

    def __neg__(self):
        return Jet([-x for x in self.coefficients])

    def __sub__(self, other):
        return self + -other

    def __rsub__(self, other):
        return -self + other

    def __mul__(self, other):
        if isinstance(other, Rounded) and any(map(is_symbolic, self.coefficients)):
            import sympy

            other = sympy.sympify(other.exact)
        if not isinstance(other, Jet):
            return Jet([x * other for x in self.coefficients])
        a, b = self._both(other)
        if other is self:  # the squares of a square are one product
            return Jet([_square_term(a, k) for k in range(len(a))])
        return Jet([_sum(a[i] * b[k - i] for i in range(k + 1)) for k in range(len(a))])

    __radd__, __rmul__ = __add__, __mul__

    def __truediv__(self, other):
        if not isinstance(other, Jet):
            return Jet([x / other for x in self.coefficients])
        a, b = self._both(other)
        q: list = []
        for k in range(len(a)):
            q.append((a[k] - _sum(q[i] * b[k - i] for i in range(k)) if k else a[0]) / b[0])
        return Jet(q)

    def __rtruediv__(self, other):
        return Jet([other, *[0 * self.coefficients[0]] * self.order]) / self

    def apply(self, op: str, *args):
        if op == "where":
            return _chosen(*args)
        operation = OPERATIONS[op]
        adjoint = operation.adjoint
        chooses = operation.inline or operation.boolean or op == "absolute"
        if chooses or operation.arity != 1 or adjoint is None:
            raise TypeError(f"{op} has no Taylor series in general")
        (x,) = args
        if op == "neg":
            return -x
        y = [operation.function(x.coefficients[0])]
        one = 0 * x.coefficients[0] + 1

        def slope(k: int) -> list:  # f'(x) up to ρᵏ, for which y is known up to ρᵏ if f' asks for it
            node = Jet(y)
            node.args = (x.cut(k),)
            return adjoint(node, Jet([one, *[0 * one] * k]))[0].coefficients

        whole = _by_argument(adjoint)
        f = slope(x.order - 1) if whole and x.order else []
        for k in range(1, len(x.coefficients)):
            f = f if whole else slope(k - 1)
            y.append(_sum((j * x.coefficients[j]) * f[k - j] for j in range(1, k + 1)) / k)
        return Jet(y)

    def _compared(self, other, relation: Callable):
        """The condition that the constant terms fulfil, which decides near the point unless they are equal."""
        x, y = self.coefficients[0], other.coefficients[0] if isinstance(other, Jet) else other
        condition = relation(x, y)
        if not isinstance(x, Reading) and (condition not in (True, False) or not (x - y) != 0):
            raise TypeError("at this point the definition changes from one piece to another: it has no Taylor series")
        return Condition(condition) if isinstance(condition, Reading) else bool(condition)

    def __lt__(self, other): return self._compared(other, operator.lt)
    def __le__(self, other): return self._compared(other, operator.le)
    def __gt__(self, other): return self._compared(other, operator.gt)
    def __ge__(self, other): return self._compared(other, operator.ge)


@functools.cache
def _by_argument(adjoint: Callable) -> bool:
    """Whether a derivative is one of the argument alone, as cos(x) of sin x; tanh x has 1 − y², of its value.

    Such a series is made once, and not again for each coefficient: sin and cos, which ask for each other, would double
    the work with every order.
    """
    try:
        adjoint(SimpleNamespace(args=(0.25,)), 1.0)
    except TypeError:
        return False
    return True


class Condition(Reading):
    """A condition on recorded constant terms, by which jets are chosen."""

    __slots__ = ("node",)

    def __init__(self, node: Quantity):
        self.node = node

    def apply(self, op: str, *args):
        if op != "where":
            raise TypeError(f"{op} of a condition has no Taylor series")
        return _chosen(*args)

    def __and__(self, other):
        return Condition(self.node & other.node) if isinstance(other, Condition) else self if other else False

    def __or__(self, other):
        return Condition(self.node | other.node) if isinstance(other, Condition) else True if other else self

    def __invert__(self):
        return Condition(~self.node)

    __rand__, __ror__ = __and__, __or__


def _chosen(condition, x, y):
    if isinstance(condition, (bool, np.bool_)):
        return x if condition else y
    condition = condition.node
    pieces = [j.coefficients if isinstance(j, Jet) else [j] for j in (x, y)]
    order = max(map(len, pieces))
    x, y = (c + [0.0] * (order - len(c)) for c in pieces)
    return Jet([condition.apply("where", condition, a, b) for a, b in zip(x, y, strict=True)])


def _sum(terms):
    return functools.reduce(operator.add, list(terms))  # computed first: recorded in that order


def _square_term(a: list, k: int):
    pairs = [2 * (a[i] * a[k - i]) for i in range((k + 1) // 2)]
    return _sum([*pairs, a[k // 2] * a[k // 2]] if k % 2 == 0 else pairs)
