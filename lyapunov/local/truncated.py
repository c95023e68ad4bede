"""A field with slopes cut, at each evaluation, to the terms that matter, so that the stages of a step do not swell."""
from __future__ import annotations

from collections.abc import Callable

import numpy as np
import sympy

from arithmetic import Array, Quantity, Vector
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
