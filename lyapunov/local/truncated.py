"""A field with slopes cut, at each evaluation, to the terms that matter, so that the stages of a step do not swell."""
from __future__ import annotations

from collections.abc import Callable

import sympy

from arithmetic import Array, Quantity, Vector
from flows import Field, Flow


class Truncated(Field):
    """The field of a flow on a loss in symbols with `cut(name, slope)` of every entry of a block in the slope's place.

    A Jacobian that a scheme asks for is that of the field itself.
    """

    def __init__(self, flow: Flow, loss, cut: Callable[[str, sympy.Expr], sympy.Expr]):
        super().__init__(flow, loss)
        self.cut = cut

    def slopes(self, s, oracle) -> dict:
        return {name: self.cut(name, slope) if not isinstance(slope, Vector) else Vector(
            self.cut(name, x) for x in slope) for name, slope in super().slopes(s, oracle).items()}

    def jacobian(self, t: Quantity, y: Array) -> Array:
        return Field(self.flow, self.loss).jacobian(t, y)
