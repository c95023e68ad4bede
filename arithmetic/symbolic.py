"""Losses in symbols: of one expression, and of one coordinate of any loss."""
from __future__ import annotations

import functools
from collections.abc import Iterable, Sequence

import numpy as np

from .late import constant, sympy
from .protocol import Descended, GivenOracle
from .readings import Array, Quantity, Vector


class SymbolicLoss(Descended):
    """A loss of a sympy expression, its quantities at symbolic points; further symbols are free parameters.

    expression : F in `symbols`, its coordinates in order; Σ r²/2 of the residuals where it is None.
    residuals : r with F = |r|²/2, where it is a sum of squares.
    """

    symbolic = True

    def __init__(self, expression: sympy.Expr | None, symbols: Sequence, *, residuals: Sequence | None = None,
                 name: str = "F"):
        self.symbols, self.dim, self.name = tuple(symbols), len(symbols), name
        self.residuals = None if residuals is None else [sympy.sympify(r) for r in residuals]
        self.expression = sympy.sympify(sum(r**2 for r in self.residuals or ()) / 2 if expression is None
                                        else expression)

    def at(self, expression: sympy.Expr, theta: Iterable) -> sympy.Expr:
        """An expression in the coordinates at a point, dim expressions."""
        return expression.xreplace(dict(zip(self.symbols, theta, strict=True)))

    def _at(self, expressions, theta, *shape: int):
        return Vector(self.at(e, theta) for e in expressions).reshape(shape)

    def value(self, theta: Array) -> Quantity:
        return self.at(self.expression, theta)

    def gradient(self, theta: Array) -> Array:
        return self._at([self.expression.diff(x) for x in self.symbols], theta, self.dim)

    def hessian(self, theta: Array) -> Array:
        second = [self.expression.diff(x, y) for x in self.symbols for y in self.symbols]
        return self._at(second, theta, self.dim, self.dim)

    def residual(self, theta: Array) -> Array:
        residuals = super().residual(theta) if self.residuals is None else self.residuals
        return self._at(residuals, theta, len(residuals))

    def jacobian(self, theta: Array) -> Array:
        residuals = super().jacobian(theta) if self.residuals is None else self.residuals
        return self._at([r.diff(x) for r in residuals for x in self.symbols], theta, len(residuals), self.dim)


def _function(name: str, slope: type | None = None) -> type:
    """A real function of one variable, of this name and with this derivative."""
    known = {} if slope is None else {"fdiff": lambda f, index=1: slope(f.args[0])}
    return type(name, (sympy.Function,), {"is_real": True, "nargs": 1} | known)


@functools.cache
def _functions() -> dict[str, type]:
    """F, g, H, r, J by the quantity that each is."""
    H, J = _function("H"), _function("J")
    g, r = _function("g", H), _function("r", J)
    return {"value": _function("F", g), "gradient": g, "hessian": H, "residual": r, "jacobian": J}


class CoordinateLoss(Descended):
    """One coordinate of a loss: the symbols F, g, H, r, J at `theta`, and functions of these names anywhere else.

    F' = g, g' = H and r' = J.  Numbers where θ is one, vectors and matrices of one coordinate where it is an array.
    """

    name, dim = "F", 1
    theta = constant(lambda: sympy.Symbol("theta", real=True))
    symbols = constant(lambda: {quantity: sympy.Symbol(f.__name__, real=True) for quantity, f in _functions().items()})

    def oracle(self, theta: Quantity) -> GivenOracle:
        x = theta[0] if isinstance(theta, np.ndarray) else theta
        at = self.symbols if x == self.theta else {quantity: f(x) for quantity, f in _functions().items()}
        if isinstance(theta, np.ndarray):
            shapes = {"gradient": (1,), "residual": (1,), "hessian": (1, 1), "jacobian": (1, 1)}
            at = at | {quantity: Vector([at[quantity]]).reshape(shape) for quantity, shape in shapes.items()}
        return GivenOracle(theta, **at)

    def known(self, expression: sympy.Expr) -> sympy.Expr:
        """An expression with the functions at `theta` as the symbols that they are there.

        Raises TypeError where derivatives are left that no symbol stands for.
        """
        functions = {f(self.theta): self.symbols[q] for q, f in _functions().items()}
        expression = sympy.sympify(expression).xreplace(functions)
        if expression.has(sympy.Derivative, sympy.Subs):
            raise TypeError("the Jacobian of this field needs the derivative of the Hessian or of J, for which one "
                            "coordinate in symbols has no name; use a scheme without it, or a loss with an expression")
        return expression
