"""−V' − kV ≥ 0 of a flow that is linear in its state, by the inequalities of a class between θ and the minimum."""

from __future__ import annotations

import sympy
from sympy import Matrix

from .classes import told
from .coordinate import Coordinate
from .exact import Certificate, Status, Verdict, vanishes
from .exact.region import Region, Unbounded
from .interpolation import LossClass, Point, Unreadable
from .pace import Decrease, Found, search


class Falling(Decrease):
    """The claim at one point, in the vectors of the state and the gradient; the time is a parameter."""

    def __init__(self, one: Coordinate, relations: tuple):
        self.losses = LossClass.of(relations)
        o, s = one.oracle, one.s
        blocks = [getattr(s, name) for name in ("theta", *(n for n in one.names if n != "theta"))]
        self.vectors = [*blocks, o.gradient]
        if one.scalars or one.derivative.has(o.hessian, o.jacobian, o.residual):
            raise Unreadable("V' is not in the vectors of the state, the gradient and F alone")
        form = -one.derivative
        rest = dict.fromkeys((*self.vectors, o.value), 0)
        if not all(vanishes(e.xreplace(rest)) for e in (form, *(form.diff(x) for x in self.vectors))):
            raise Unreadable("V' does not vanish at the minimum, or is linear there")
        slopes = [form.diff(x) for x in self.vectors]
        width = len(self.vectors)
        gram = Matrix(width, width, lambda i, j: slopes[i].diff(self.vectors[j]) / 2)
        values = Matrix([[form.diff(o.value)]])
        self.roots = Region(self.losses.rates, (*gram, *values)).squares

        def plain(e):
            return sympy.cancel(sympy.together(self.plain(e)))

        self.gram, self.values, self.losses = gram.applyfunc(plain), values.applyfunc(plain), self.losses.mapped(plain)
        if any(e.has(*self.vectors, o.value) for e in (*self.gram, *self.values)):
            raise Unreadable("V' is not linear in F and quadratic in the vectors")
        x, unit = sympy.zeros(1, width), sympy.zeros(1, width)
        x[0], unit[width - 1] = 1, 1
        self.points = [Point("theta", x, unit, Matrix([[1]]))]
        self.inequalities = self.losses.inequalities(self.points)
        self.measure()


def interpolated(one: Coordinate, relations: tuple) -> Verdict | None:
    """The proof, before the referee sees it, or None."""
    try:
        claim = Falling(one, relations)
        found = search(claim)
    except (Unreadable, Unbounded):
        return None
    if not isinstance(found, Found):
        return None
    weights, squares = claim.weights(found.multipliers), ", ".join(str(claim.spoken(d)) for d, _ in found.squares)
    steps = (f"-V' is a sum of inequalities of the class between theta and the minimum: {weights}",
             *((f"and of squares with the weights {squares}",) if squares else ()))
    return Verdict(Status.PROVED, one.derivative, energy=one.V, assuming=told(relations),
                   certificate=Certificate.of(steps, found.proofs))
