"""Formulas that a user types and numbers that a file keeps: read by their syntax tree, never run.

Only the names that are listed mean something; anything else is refused with what was not understood.
"""
from __future__ import annotations

import ast
import math
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from .catalogue import Catalogue
from .late import sympy
from .text import clipped

LONGEST = 20_000  #: characters of a formula
LARGEST_POWER = 1000  #: exponent that a formula may have
LARGEST_NUMBER = 30_000  #: bits of a number in a formula

#: What may be called in a formula: a function, or the name of sympy's.
FUNCTIONS: Catalogue[Callable | str] = Catalogue("function", {
    **{name: name for name in "sqrt exp log sin cos tan atan sinh cosh tanh erf sign".split()},
    "ln": "log", "abs": "Abs", "max": "Max", "min": "Min", "sigmoid": lambda x: 1 / (1 + sympy.exp(-x)),
    "softplus": lambda x: sympy.log(1 + sympy.exp(x)), "relu": lambda x: sympy.Max(x, 0)})
CONSTANTS = ("pi", "E")  #: as sympy calls them

#: What `sympy.srepr` may write of numbers and formulas.
STORED = frozenset(
    "Add Mul Pow Integer Rational Float Symbol ComplexRootOf exp log sin cos tan atan atanh sinh cosh tanh erf Abs "
    "sign Max Min pi E oo nan zoo Heaviside StrictLessThan StrictGreaterThan LessThan GreaterThan".split())


def formula(text: str, symbols: Sequence[str] | None = None) -> tuple[sympy.Expr, tuple[sympy.Symbol, ...]]:
    """A formula as it is typed, and its real symbols in order: `x**4 - 2*x*y + exp(-y**2)`, `^` being a power too.

    symbols : the names of the coordinates in order; by default those that occur, sorted.  Decimals are the fractions
    that they print as.

    Raises ValueError, with what is not understood, for anything but numbers, symbols, + − * / **, the functions of
    `FUNCTIONS` and the constants pi and E, and for a value that is not a real function.
    """
    if len(text) > LONGEST:
        raise ValueError(f"the formula has {len(text)} characters; {LONGEST} can be read")
    tree = _tree(text.replace("^", "**").strip())
    called = {id(node.func) for node in ast.walk(tree) if isinstance(node, ast.Call)}
    names = {node.id for node in ast.walk(tree) if isinstance(node, ast.Name) and id(node) not in called}
    names -= set(CONSTANTS)
    known = sorted(names - set(FUNCTIONS)) if symbols is None else list(symbols)
    for name in known:
        if not name.isidentifier() or name in FUNCTIONS or name in CONSTANTS or known.count(name) > 1:
            raise ValueError(f"symbols: {name!r} cannot be the name of a coordinate here; use different names such as "
                             "x, y, w1")
    if loose := sorted(names - set(known)):
        what = f"is none of the symbols {', '.join(known)}"
        if loose[0] in FUNCTIONS:
            what = "needs an argument in brackets"
        raise ValueError(f"the formula has {loose[0]}, which {what}")
    real = {name: sympy.Symbol(name, real=True) for name in known}
    try:
        expression = sympy.sympify(_Formula(text, {**_constants(), **real}).read(tree))
    except RecursionError:
        raise ValueError("the formula is too deeply nested") from None
    if not real:
        raise ValueError("the formula has no symbols, such as x and y; name them in order with symbols")
    if expression.has(sympy.I, sympy.zoo, sympy.nan, sympy.oo, -sympy.oo) or expression.is_real is False:
        raise ValueError(f"the formula is {sympy.sstr(expression)}, which is not a real function")
    return expression, tuple(real.values())


def stored(text: str) -> sympy.Basic:
    """The expression of which `sympy.srepr` is `text`; ValueError where it holds anything that is not in `STORED`."""
    return _Stored().read(_tree(text))


def _constants() -> dict[str, sympy.Expr]:
    return {name: getattr(sympy, name) for name in CONSTANTS}


def _tree(text: str) -> ast.expr:
    try:
        return ast.parse(text, mode="eval").body
    except SyntaxError as error:
        place = f" at {text[error.offset - 1:][:12]!r}" if error.offset and error.offset <= len(text) else ""
        raise ValueError(f"{clipped(text, 60)!r} is not understood{place} ({error.msg}): write products with *, as "
                         "2*x, and powers as x**2") from None
    except (RecursionError, MemoryError, ValueError):
        raise ValueError("the formula is too long or too deeply nested, or holds what cannot be read") from None


def _words(node: ast.AST) -> str:
    return repr(clipped(ast.unparse(node), 60))


class _Formula:
    """The value of a tree."""

    def __init__(self, text: str, names: Mapping[str, Any]):
        self.text, self.names = text, names

    def read(self, node: ast.AST):
        read = getattr(self, f"_{type(node).__name__}", None)
        if read is None:
            raise ValueError(f"{_words(node)} is not understood: a formula has numbers, symbols, + - * / **, the "
                             f"constants {', '.join(CONSTANTS)} and the functions {', '.join(FUNCTIONS)}")
        return read(node)

    def _Constant(self, node):
        if type(node.value) not in (int, float) or not math.isfinite(node.value):
            raise ValueError(f"{node.value!r} is not a number of a formula")
        return sympy.Rational(str(node.value))

    def _Name(self, node):
        return self.names[node.id]

    def _UnaryOp(self, node):
        if not isinstance(node.op, (ast.USub, ast.UAdd)):
            raise ValueError(f"{_words(node)} is not understood: use + - * / **")
        value = self.read(node.operand)
        return -value if isinstance(node.op, ast.USub) else value

    def _BinOp(self, node):
        left, right = self.read(node.left), self.read(node.right)
        match node.op:
            case ast.Add():
                return left + right
            case ast.Sub():
                return left - right
            case ast.Mult():
                return left * right
            case ast.Div():
                if right == 0:
                    raise ValueError(f"{_words(node)} divides by 0")
                return left / right
            case ast.Pow():
                return self._power(left, right, node)
        raise ValueError(f"{_words(node)} is not understood: use + - * / **")

    def _power(self, base, power, node):
        size = max(abs(base.p), base.q).bit_length() if base.is_Rational else 1
        if power.is_number and power not in _constants().values() and not (
                power.is_Rational and abs(power) <= LARGEST_POWER and size * abs(power) <= LARGEST_NUMBER):
            raise ValueError(f"{_words(node)} is too large: numbers in exponents are fractions up to {LARGEST_POWER}")
        return base**power

    def _Call(self, node):
        if not isinstance(node.func, ast.Name) or node.keywords:
            raise ValueError(f"{_words(node)} is not understood: call a function by its name, as exp(x)")
        function, arguments = FUNCTIONS[node.func.id], [self.read(a) for a in node.args]
        many = node.func.id in ("max", "min")
        if len(arguments) != 1 and not (many and arguments):
            raise ValueError(f"{node.func.id} takes one argument{' or more' * many}, got {len(arguments)}")
        # (a tower of exponentials has no digits that could be worked with)
        if any(a.is_number and abs(sympy.N(a, 5)) > LARGEST_POWER for a in arguments if a.has(sympy.exp)):
            raise ValueError(f"{_words(node)} is of a number that is too large")
        return (getattr(sympy, function) if isinstance(function, str) else function)(*arguments)


class _Stored:
    """The value of a tree of calls."""

    def read(self, node: ast.AST):
        match node:
            case ast.Constant(value=value):
                return value
            case ast.UnaryOp(op=ast.USub(), operand=ast.Constant(value=int() | float() as value)):
                return -value
            case ast.Name(id=name) if name in STORED:
                return getattr(sympy, name)
            case ast.Call(func=ast.Name(id=name)) if name in STORED:
                options = {k.arg: self.read(k.value) for k in node.keywords if k.arg}
                return getattr(sympy, name)(*map(self.read, node.args), **options)
        raise ValueError(f"{_words(node)} is no stored number or formula")
