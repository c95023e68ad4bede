"""One coordinate of a flow with an energy, in exact symbols: V, V', and whether they speak for every dimension."""
from __future__ import annotations

import copy
from collections.abc import Callable

import numpy as np
import sympy
from sympy import Poly, Symbol

from arithmetic import GivenOracle, Missing, Vector, as_decimals
from flows import Flow, State, scalar

from .exact import KINKS, SEAMS, TooManyPieces, Unreadable, insides, pieces, tidy, vanishes


def as_flow(flow, argument: str, kinds: str = "a Flow or a class of flows") -> Flow:
    """A flow, or a class of flows read as `flow.symbolic()`.

    Raises TypeError for anything else; `argument` names it with the call, "check(flow, energy): flow".
    """
    if isinstance(flow, type) and issubclass(flow, Flow):
        flow = flow.symbolic()
    if not isinstance(flow, Flow):
        raise TypeError(f"{argument} must be {kinds}, got {flow!r}")
    return flow


def exact_rates(flow: Flow) -> Flow:
    """The flow with its float rates as the decimals that they print as (0.1 is 1/10)."""
    return flow.exact()


class Coordinate:
    """One coordinate of `flow` with the energy `function`.

    Attributes: `s`, `oracle` (the symbols), `field` (name -> derivative), `V`, `derivative`; `vectors`: the symbols
    that stand for one coordinate of a vector; `scalars`: the blocks of one number; `facts`: expressions that are ≥ 0 on
    this piece of a field with seams, `whole` the coordinate it is a piece of.
    Raises Unreadable where V depends on what has no derivative along a flow.
    """

    facts: tuple = ()

    def __init__(self, flow: Flow, function: Callable):
        self.flow, self.function, self.initial = flow, function, flow.initial
        self.s, self.oracle, field = flow.coordinate()
        self.field = {name: as_decimals(f) for name, f in field.items()}
        self.V = as_decimals(function(self.s, self.oracle))
        o, theta = self.oracle, self.field["theta"]
        if self.V.has(*set(SEAMS) - set(KINKS)):
            raise Unreadable("V may jump: it contains a sign or cases; kinks are written with |x|, max and min")
        self.scalars = [name for name in flow.blocks if isinstance(name, scalar)]
        self.names = [name for name in flow.blocks if not isinstance(name, scalar)]
        self.vectors = [getattr(self.s, name) for name in self.names] + [o.gradient]
        if any(f.has(sympy.nan, sympy.zoo, sympy.oo) for f in (self.V, *self.field.values())):
            raise Unreadable("V or the field is not finite at these rates")
        blocked = self.V.free_symbols & {o.hessian, o.residual, o.jacobian}
        if blocked:
            names = ", ".join(sorted(map(str, blocked)))
            raise Unreadable(f"V contains {names}, whose derivative along a flow is not given by F, its gradient and H")
        flow_part = sum(self.V.diff(getattr(self.s, name)) * self.field[name] for name in flow.blocks)
        self.derivative = tidy(flow_part + self.V.diff(o.value) * o.gradient * theta
                               + self.V.diff(o.gradient) * o.hessian * theta + self.V.diff(self.s.t))
        self.whole = self

    def pieces(self) -> list[Coordinate]:
        """The smooth pieces that the seams of V' (|x|, sign, max, min, cases) cut the states into; itself if there are
        none.

        If V' ≤ 0 on each closed piece, V falls along every solution, those of the differential inclusion where the
        field jumps: V is Lipschitz, so V' exists at almost all times; a solution that stays on a seam h = 0 of V has h'
        = 0 almost always, whence both sides give the same V', and V' is affine in each sign of the field.  That needs
        h' to be continuous and V too, which is checked.
        """
        if not self.derivative.has(*SEAMS):
            return [self]
        jumps = tuple(set(SEAMS) - set(KINKS))
        for h in insides([self.V]):
            if any(self.field[name].has(*jumps) for name in self.flow.blocks if h.has(getattr(self.s, name))):
                raise Unreadable(f"V has a kink where {h} = 0, whose derivative jumps")
        try:
            parts = pieces((self.V, self.derivative, *self.field.values()))
        except TooManyPieces as error:
            raise Unreadable(str(error)) from error
        out = []
        for facts, (V, derivative, *field) in parts:
            piece = copy.copy(self)
            piece.facts, piece.V, piece.derivative = facts, V, tidy(derivative)
            piece.field = dict(zip(self.field, field, strict=True))
            out.append(piece)
        return out

    def on_seam(self, witness: dict) -> bool:
        """Whether a state lies on a seam, where V' is not that of one piece."""
        return any(h.subs(witness) == 0 for h in insides([self.V, *self.field.values()]))

    def coupling(self) -> str:
        """Why V' of one coordinate would not speak for every dimension; empty if it does.

        Where V and the field are sums over coordinates, so is V'.  Where the Hessian (or JᵀJ) enters, it is diagonal in
        suitable coordinates; that costs nothing if V is a quadratic form and the field linear, both unchanged by
        rotations.  Both facts are computed in two dimensions.
        """
        o = self.oracle
        mirrored = self.derivative.subs(o.jacobian, -o.jacobian)
        if self.derivative.has(o.residual) or not vanishes(self.derivative - mirrored):
            return "the flow uses residuals or their Jacobian other than through JᵀJ"
        everything = sum(self.field.values(), self.V)
        curved = {x for x in (o.hessian, o.jacobian) if everything.has(x)}
        share = self.V.diff(o.value)
        if (self.derivative.diff(o.value).free_symbols | share.free_symbols) & {*self.vectors, o.value}:
            return "F enters V' together with single coordinates"
        try:
            state, oracle, maps = self._plane()
            field, V = self.flow.field(state, oracle), self.function(state, oracle)
        except Missing as error:
            return f"the field or V needs more than F, its gradient and its Hessian: {error}"
        separate = sum(self.V.xreplace(m) for m in maps) - share.xreplace(maps[0]) * o.value
        if not vanishes(as_decimals(V) - separate):
            return "V is not a sum over coordinates"
        for name in self.flow.blocks:
            entries = [field[name]] * 2 if isinstance(name, scalar) else list(field[name])
            alone = [self.field[name].xreplace(m) for m in maps]
            if not all(vanishes(as_decimals(e) - f) for e, f in zip(entries, alone, strict=True)):
                return f"the derivative of {name} couples coordinates"
        if not curved and not self.V.has(o.gradient):
            return ""
        if {o.hessian, o.jacobian} <= self.derivative.free_symbols:
            return "the Hessian and JᵀJ both enter, and have no common axes"
        psi = sympy.expand(self.V - share * o.value)
        linear = all(_degree(f, self.vectors) in (1, None) for name, f in self.field.items() if name in self.names)
        if _degree(psi, self.vectors) not in (2, None) or not linear:
            return "the Hessian couples coordinates, and V is no quadratic form or the field not linear in the blocks"
        return "" if not curved or self.isotropic() else "the field changes under rotations"

    def _plane(self):
        """A state in two dimensions with a diagonal Hessian, and the maps from one coordinate to each of the two."""
        o, twins = self.oracle, [dict[sympy.Symbol, sympy.Expr](), dict[sympy.Symbol, sympy.Expr]()]
        for x in [*self.vectors, o.hessian, o.jacobian]:
            for i, twin in enumerate(twins):
                twin[x] = Symbol(f"{x}_{i + 1}", **{"positive": True} if x.is_positive else {"real": True})

        def diagonal(x):
            out = np.array([[twins[0][x], sympy.S.Zero], [sympy.S.Zero, twins[1][x]]], dtype=object)
            return out.view(Vector)

        for twin in twins:
            twin[self.s.t] = Symbol("t", positive=True)  # t = 0 is a limit, which fields may write as a case
        state = State(t=twins[0][self.s.t], **{name: getattr(self.s, name) for name in self.scalars})
        for name, x in zip(self.names, self.vectors, strict=False):
            setattr(state, name, Vector(twin[x] for twin in twins))
        oracle = GivenOracle(state.theta, value=o.value, gradient=Vector(twin[o.gradient] for twin in twins),
                             hessian=diagonal(o.hessian), gauss_newton=diagonal(o.jacobian)**2)
        return state, oracle, twins

    def isotropic(self) -> bool:
        """Whether turning a state by a rational angle (3/5, 4/5) that generates all rotations turns the field."""
        turn = sympy.Matrix([[3, -4], [4, 3]]) / 5
        curvature = sympy.Matrix(2, 2, sympy.symbols("h11 h12 h12 h22", real=True))
        state, oracle, _ = self._plane()

        def field(rotation):
            rotated = rotation * curvature * rotation.T
            tensor = np.array(rotated.tolist(), dtype=object).view(Vector)
            at = State(**{name: _turned(rotation, x) for name, x in vars(state).items()})
            seen = GivenOracle(at.theta, value=oracle.value, gradient=_turned(rotation, oracle.gradient),
                               hessian=tensor, gauss_newton=tensor)
            return self.flow.field(at, seen)

        still, turned = field(sympy.eye(2)), field(turn)
        return all(vanishes(difference) for name in self.names
                   for difference in sympy.Matrix(list(turned[name])) - turn * sympy.Matrix(list(still[name])))


def _turned(rotation, x):
    return Vector(rotation * sympy.Matrix(list(x))) if isinstance(x, Vector) else x


def _degree(f, symbols):
    """The degree of f if it is a homogeneous polynomial in the symbols, None for 0, -1 for anything else."""
    f = sympy.together(f)
    if f == 0:
        return None
    top, bottom = sympy.fraction(f)
    if bottom.free_symbols & set(symbols) or not top.is_polynomial(*symbols):
        return -1
    poly = Poly(top, *symbols)
    return poly.total_degree() if poly.is_homogeneous else -1
