"""One coordinate of a flow with an energy, in exact symbols: V, V', and whether they speak for every dimension."""
from __future__ import annotations

import copy
import dataclasses
import re
from collections.abc import Callable

import numpy as np
import sympy
from sympy import Poly, Symbol

from arithmetic import CoordinateLoss, GivenOracle, Missing, Vector, as_decimals
from flows import Flow, State, scalar

from .motion import CURVED, Law, Motion, symbol_of
from .exact import KINKS, SEAMS, Domain, TooManyPieces, Unreadable, insides, jumping, pieces, tidy, vanishes


def as_flow(flow, argument: str, kinds: str = "a Flow or a class of flows") -> Flow:
    """A flow, or a class of flows read as `flow.symbolic()`.

    Raises TypeError for anything else; `argument` names it with the call, "check(flow, energy): flow".
    """
    if isinstance(flow, type) and issubclass(flow, Flow):
        flow = flow.symbolic()
    if not isinstance(flow, Flow):
        raise TypeError(f"{argument} must be {kinds}, got {flow!r}")
    return flow


def read(flow: Flow, function: Callable | None = None) -> None:
    """Reads the definitions once, in one coordinate and in two; a slip raises ValueError with the remedy."""
    what = f"{type(flow).__name__}.field(s, oracle)"
    if isinstance(flow.memory, str):
        raise ValueError(f"{type(flow).__name__}.memory={flow.memory!r} must be a tuple of names: ({flow.memory!r},)")
    if "t" in flow.blocks:
        raise ValueError(f"{type(flow).__name__}.memory has a block called t, which is the time: give it another name")
    try:
        s, oracle, field = flow.coordinate()
        if not isinstance(field, dict):
            raise ValueError(f"{what} returned {field!r}; it must return a dict of the slopes of "
                             f"{', '.join(flow.blocks)}: {{\"theta\": -oracle.gradient}}")
        own = {x.name: x for x in (*vars(s).values(), *CoordinateLoss.symbols.values())}
        _foreign(what, sum(map(sympy.sympify, field.values())), own)
        if missing := set(flow.blocks) ^ set(field):
            raise ValueError(f"{what} returned the slopes of {', '.join(map(str, field))}; it must return those of "
                             f"{', '.join(flow.blocks)}: {', '.join(sorted(missing))} is missing or no block")
        plane = State(t=s.t, **{name: getattr(s, name) if isinstance(name, scalar) else Vector(
            Symbol(f"{name}{i}", **getattr(s, name).assumptions0) for i in (1, 2)) for name in flow.blocks})
        g = Vector(Symbol(f"g{i}", real=True) for i in (1, 2))
        H = Vector(Symbol(f"H{i}", real=True) for i in (1, 2, 2, 3)).reshape(2, 2)
        seen = GivenOracle(plane.theta, value=oracle.value, gradient=g, hessian=H, residual=g, jacobian=H)
        for name, slope in flow.field(plane, seen).items():
            if np.shape(slope) not in ((), () if isinstance(name, scalar) else (2,)):
                raise ValueError(f"{what}: in two coordinates the slope of {name} has the shape {np.shape(slope)}; "
                                 "write products with a matrix as oracle.hessian_product(x) or times(matrix, x), sums "
                                 "over coordinates as total(x) or dot(x, y)")
        if function is None:
            return
        what = "V(s, oracle)"
        V = function(s, oracle)
        if V is None or isinstance(V, (list, tuple, str, dict)):
            raise ValueError(f"{what} returned {V!r}; it must return one number: "
                             "oracle.value + total(s.v**2)/2")
        _foreign(what, sympy.sympify(V), own)
        if sympy.sympify(function(s, oracle)).has(oracle.hessian, oracle.residual, oracle.jacobian):
            return  # which has no derivative along a flow: the verdict says so
        V = function(plane, seen)
        if isinstance(V, np.ndarray) and V.ndim or isinstance(V, sympy.NDimArray):
            raise ValueError(f"{what} is one number per coordinate: write total(...) around what is summed over "
                             "coordinates, as in oracle.value + total(s.v**2)/2")
    except Missing:
        return  # a quantity that not every loss has: the verdict says so
    except (AttributeError, KeyError, TypeError) as error:
        if slip := _slip(flow, str(error)):
            raise ValueError(f"{what}: {slip}") from error
        raise


def readings(flow: Flow, function: Callable) -> tuple:
    """A function of the state and the loss, read in one, two and three coordinates: all that a verdict sees of it."""
    s, oracle, _ = flow.coordinate()
    found = [function(s, oracle)]
    for n in (2, 3):
        def vector(name, domain="real", kind="loss", n=n):
            return Vector(symbol_of(f"{name}_{i + 1}", domain, kind) for i in range(n))

        state = State(t=s.t, **{name: getattr(s, name) if isinstance(name, scalar) else vector(
            name, "positive" if name in flow.nonnegative else "real", "block") for name in flow.blocks})
        H, J = (vector(name, n=n**2).reshape(n, n) for name in "HJ")
        found.append(function(state, GivenOracle(state.theta, value=oracle.value, gradient=vector("g"), hessian=H,
                                                 residual=vector("r"), jacobian=J)))
    return tuple(map(sympy.sympify, found))


def _foreign(what: str, expr, own: dict) -> None:
    """Raises ValueError for a symbol that has the name of one of the flow, and is another."""
    for x in sorted(getattr(expr, "free_symbols", ()), key=str):
        if x.name in own and x != own[x.name] and x.is_positive is None and x.is_real is None:
            where = f"oracle.{LOSS[x.name]}" if x.name in LOSS else f"s.{x.name}"
            raise ValueError(f"{what} contains a symbol {x} of its own; what the flow calls {x} is written {where}")


#: How the symbols of a loss are written in a definition.
LOSS = {str(x): name for name, x in CoordinateLoss.symbols.items()}


def _slip(flow: Flow, error: str) -> str:
    """The remedy for what sympy or NumPy said; empty where none is known."""
    rates = [f.name for f in dataclasses.fields(flow)]
    if found := re.search(rf"'{type(flow).__name__}' object has no attribute '(\w+)'", error):
        return f"the flow has no rate self.{found[1]}; it has {', '.join(rates) or 'none: declare it as a field'}"
    if "convert expression to float" in error:
        return "functions of `math` take floats alone; write those of arithmetic, as arithmetic.sqrt"
    if "object is not callable" in error:
        return "the quantities of a loss are values at s.theta and no functions: write oracle.gradient"
    if "positional argument" in error:
        return "it is called with the state and the loss: lambda s, oracle: ..."
    if found := re.search(r"SimpleNamespace' object has no attribute '(\w+)'", error):
        return f"there is no block s.{found[1]}; the state has {', '.join(f's.{name}' for name in (*flow.blocks, 't'))}"
    if found := re.search(r"Oracle' object has no attribute '(\w+)'", error):
        return (f"a loss has no {found[1]}; it has oracle.value, .gradient, .hessian, .residual, .jacobian, "
                ".gauss_newton, .hessian_product(v) and .gauss_newton_product(v)")
    if found := re.search(r"no callable (\w+) method", error):
        return f"NumPy's {found[1]} takes floats alone; write arithmetic.{found[1]}, which takes symbols too"
    if "truth value" in error:
        return ("an `if`, max, min or NumPy's sign cannot choose on symbols; write arithmetic.where(condition, a, b), "
                "or its maximum, minimum and sign")
    if re.search(r"has no attribute '(sum|mean|dot|T)'", error) or "matmul" in error or "for @" in error:
        return "one coordinate is a single symbol; write total(x), dot(x, y) or times(matrix, x) of `arithmetic`"
    if "NDimArray" in error:
        return "sums over coordinates are written total(...), as in oracle.value + total(s.v**2)/2"
    return ""


def refuse_names(flow: Flow, names: set, where: str) -> None:
    """Raises ValueError where a symbolic rate has a name that something else has in the result."""
    for f in dataclasses.fields(flow):
        value = getattr(flow, f.name)
        if isinstance(value, Flow):
            refuse_names(value, names, where)
        elif same := sorted({x.name for x in getattr(value, "free_symbols", ())} & names):
            raise ValueError(f"{where}: the rate {same[0]} of {type(flow).__name__} is called as something else "
                             f"in the result ({', '.join(sorted(names))}): give it another name, or a number")


def scalars_at_rest(flow: Flow) -> dict[str, sympy.Expr]:
    """Where the blocks of one number rest, as counts of time do; ValueError for one that follows something else."""
    s, _, field = flow.coordinate()
    rest: dict[sympy.Symbol, sympy.Expr] = {}
    left = [name for name in flow.blocks if isinstance(name, scalar)]
    moving = {*vars(s).values(), *CoordinateLoss.symbols.values()}
    while left:
        for name in left:
            x, slope = getattr(s, name), sympy.expand(as_decimals(field[name]).subs(rest))
            if slope.free_symbols & moving == {x} and slope.is_polynomial(x) and sympy.degree(slope, x) == 1:
                rest[x] = sympy.cancel(-slope.coeff(x, 0) / slope.coeff(x, 1))
                left.remove(name)
                break
        else:
            raise ValueError(f"the block {left[0]} of {type(flow).__name__} is one number with the slope "
                             f"{field[left[0]]}, which does not tell where it rests")
    return {name: rest[getattr(s, name)] for name in flow.blocks if isinstance(name, scalar)}


def observed(flow: Flow) -> Flow:
    """The flow with its blocks declared nonnegative of which that is proved: at 0 they are driven upwards."""
    s, _, field = flow.coordinate()
    names = [name for name in flow.memory if name not in flow.nonnegative and name != "theta"
             and not callable(start := flow.initial.get(name, 0)) and start >= 0
             and as_decimals(field[name]).subs(getattr(s, name), 0) != 0
             and nonnegative_at_zero(as_decimals(field[name]), getattr(s, name))]
    if not names:
        return flow
    kind, out = type(flow), copy.copy(flow)
    object.__setattr__(out, "__class__", type(kind.__name__, (kind,), {"nonnegative": (*flow.nonnegative, *names)}))
    return observed(out)  # which may tell of further blocks


class Coordinate:
    """One coordinate of `flow` with the energy `function`; `derivative` is V', or V' + kV with a rate k.

    Attributes: `s`, `oracle` (the symbols), `field` (name -> derivative), `V`, `derivative`; `vectors`: the symbols
    that stand for one coordinate of a vector; `scalars`: the blocks of one number; `facts`: expressions that are ≥ 0 on
    this piece of a field with seams, `whole` the coordinate it is a piece of.
    Raises Unreadable where V depends on what has no derivative along a flow.
    """

    facts: tuple = ()

    def __init__(self, flow: Flow, function: Callable, rate=sympy.S.Zero):
        self.flow, self.function, self.initial = flow, function, flow.initial
        self.s, self.oracle, field = flow.coordinate()
        self.field = {name: as_decimals(f) for name, f in field.items()}
        self.V = as_decimals(function(self.s, self.oracle))
        o, theta = self.oracle, self.field["theta"]
        if found := jumping(self.V):
            names = ", ".join(sorted({f.func.__name__ for f in found}))
            raise Unreadable(f"V may jump: it contains {names}; kinks are written with |x|, max and min")
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
        self.rate = rate
        self.derivative = tidy(flow_part + self.V.diff(o.value) * o.gradient * theta
                               + self.V.diff(o.gradient) * o.hessian * theta + self.V.diff(self.s.t) + rate * self.V)
        self.whole = self

    def leaves(self) -> str:
        """A block that is declared nonnegative, and of which that is not proved: its slope may be negative at 0."""
        for name in (name for name in self.flow.memory if name in self.flow.nonnegative):
            x = getattr(self.s, name)
            if not nonnegative_at_zero(self.field[name], x):
                return f"{name} is declared nonnegative, but {name}' = {self.field[name]} may be negative at {name} = 0"
        return ""

    def _smooth(self) -> None:
        """Refuses a V with a kink where h = 0 and h' jumps."""
        for h in insides([self.V]):
            if any(jumps_of(self.field[name]) for name in self.flow.blocks if h.has(getattr(self.s, name))):
                raise Unreadable(f"V has a kink where {h} = 0, whose derivative jumps")

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
        self._smooth()
        try:
            parts = pieces((self.V, self.derivative, *self.field.values()))
        except TooManyPieces as error:
            raise Unreadable(str(error)) from error
        out = []
        for facts, (V, derivative, *field) in parts:
            piece = copy.copy(self)
            piece.facts, piece.V, piece.derivative = (*self.facts, *facts), V, tidy(derivative)
            piece.field = dict(zip(self.field, field, strict=True))
            out.append(piece)
        return out

    @property
    def shared(self) -> bool:
        """Whether F stands in V' together with single coordinates: each of them sees the same F."""
        F, own = self.oracle.value, {*self.vectors, self.oracle.value}
        weight = self.whole.derivative.diff(F)
        return bool(weight.free_symbols & own) and bool(sympy.cancel(sympy.together(weight)).free_symbols & own)

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
        own = {self.s.t, *self.vectors, *(getattr(self.s, name) for name in self.scalars)}
        of_F = not self.V.free_symbols & own  # a function of F: V' is its slope times the sum of g θ'
        if not of_F and (share.free_symbols & {*self.vectors, o.value} or self.shared and share.free_symbols & own):
            return "F enters V' together with single coordinates"
        try:
            state, oracle, maps = self._plane()
            field, V = self.flow.field(state, oracle), self.function(state, oracle)
        except Missing as error:
            return f"the field or V needs more than F, its gradient and its Hessian: {error}"
        separate = sum(self.V.xreplace(m) for m in maps) - share.xreplace(maps[0]) * o.value
        if not of_F and not vanishes(as_decimals(V) - separate):
            return "V is not a sum over coordinates"
        for name in self.flow.blocks:
            entries = [field[name]] * 2 if isinstance(name, scalar) else list(field[name])
            alone = [self.field[name].xreplace(m) for m in maps]
            if not all(vanishes(as_decimals(e) - f) for e, f in zip(entries, alone, strict=True)):
                return f"the derivative of {name} couples coordinates"
        if not curved:  # curvature that is called for, and cancels in one coordinate
            off, tensors = Symbol("h12", real=True), {}
            for name in ("hessian", "gauss_newton"):
                tensors[name] = getattr(oracle, name).copy()
                tensors[name][0, 1] = tensors[name][1, 0] = off
            full = self.flow.field(state, GivenOracle(state.theta, **{**oracle.known, **tensors}))
            mixed = (e for f in full.values() for e in np.atleast_1d(np.asarray(f, dtype=object)))
            if any(sympy.sympify(e).has(off) for e in mixed):
                return "the Hessian couples coordinates"
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


class Frame(Coordinate):
    """V and V' of vectors in the frame that they span: the gradient along the first axis, the next in the plane, …

    What does not change under rotations depends on the vectors' inner products alone, and in every dimension these are
    those of such triangular vectors.  Where curvature enters as H∇F, that is one more vector, of which the class of
    losses bounds the product with ∇F.  That V' does not change is what the referee tests (`Motion.spans`).
    """

    def __init__(self, flow: Flow, function: Callable, rate, law: Law, last: bool = False):
        self.s, self.oracle, field = flow.coordinate()
        self.flow, self.function, self.initial, self.whole, self.rate = flow, function, flow.initial, self, rate
        self.scalars = [name for name in flow.blocks if isinstance(name, scalar)]
        self.field = {name: as_decimals(field[name]) for name in self.scalars}
        plane = Motion(flow, function, 2, rate)
        used = set().union(*(p.free_symbols for p in (*plane.parts, plane.V)))
        vectors = [name for name in plane.blocks if not isinstance(name, scalar) and used & set(plane.blocks[name])]
        curved = (CURVED,) if used & set(plane.H.flat) else ()
        self.frame = (*vectors, "gradient") if last and not curved else ("gradient", *vectors, *curved)
        if len(self.frame) > 3 or any(name in flow.nonnegative for name in self.frame):
            raise Unreadable("more than three vectors, or a block of numbers that are not negative")
        motion = Motion(flow, function, len(self.frame), rate)
        self.axes, at = frame_symbols(self.frame), {motion.t: self.s.t, motion.F: self.oracle.value}
        at |= {motion.blocks[name][0]: getattr(self.s, name) for name in self.scalars}
        for name, row in zip(self.frame, self.axes, strict=True):
            first = self.axes[0][0]
            place = motion.g if name == "gradient" else motion.H[:, 0] if name == CURVED else motion.blocks[name]
            at |= dict(zip(place, [x / first for x in row] if name == CURVED else row, strict=True))
            if name == CURVED:
                self.facts = tuple(side * (row[0] - as_decimals(bound) * first)
                                   for side, bound in ((1, law.low), (-1, law.high)) if bound is not None)
        self.V, self.derivative = motion.V.xreplace(at), tidy(sum(motion.parts).xreplace(at))
        self.names, self.vectors = [], [x for row in self.axes for x in row if x != 0]
        if self.derivative.free_symbols & set(motion.symbols):
            raise Unreadable("V' has curvature other than along the gradient")
        self._check_kinks(motion)

    def _smooth(self) -> None:
        """Done, in all coordinates."""

    def _check_kinks(self, motion: Motion) -> None:
        """Refuses what `pieces` asks for: V has no jumps, and blocks in which it has a kink have no jumps in slope."""
        own = {x for name in ("gradient", *motion.blocks) for x in (
            motion.g if name == "gradient" else motion.blocks[name])}

        def ends(e):
            """What vanishes where an expression is not smooth."""
            roots = [p.base for p in e.atoms(sympy.Pow) if not p.exp.is_Integer or p.exp.is_negative]
            return [*insides([e]), *(b for b in roots if b.free_symbols & own and b.subs(dict.fromkeys(own, 0)) == 0)]

        def jumps(f):
            return f.has(*set(SEAMS) - set(KINKS)) or any(ends(p) or p.has(*KINKS) for p in f.atoms(sympy.Pow)
                                                          if p.exp.is_negative)

        if jumping(motion.V):
            raise Unreadable("V may jump")
        for h in ends(motion.V):
            for name, block in (*motion.blocks.items(), ("theta", motion.g)):
                if h.free_symbols & set(block) and any(jumps(f) for f in motion.slopes[name]):
                    raise Unreadable(f"V has a kink where {name} or its gradient vanishes, and {name}' jumps")

    def coupling(self) -> str:
        return ""


def frame_symbols(frame: tuple) -> list[list]:
    """The components of each vector of a frame: as many as its place, the last of them not negative."""
    return [[Symbol(f"{name}_{j + 1}", **{"positive" if j == i else "real": True}) if j <= i else sympy.S.Zero
             for j in range(len(frame))] for i, name in enumerate(frame)]


def jumps_of(f) -> set:
    """What vanishes where a slope may jump: of its signs and cases, and of kinks in its denominators, as in x/|x|."""
    return insides([*f.atoms(*set(SEAMS) - set(KINKS)), *(p for p in f.atoms(sympy.Pow) if p.exp.is_negative)])


def nonnegative_at_zero(f, x: Symbol) -> bool:
    """Whether a slope is never negative where its block x ≥ 0 vanishes: then x stays ≥ 0."""
    at = sympy.cancel(sympy.together(f.subs(x, 0))) if not f.has(*SEAMS) else f.subs(x, 0)
    if at.has(sympy.nan, sympy.zoo, sympy.oo):
        return False
    if at.is_nonnegative:
        return True
    try:
        found = pieces([at])
    except TooManyPieces:
        return False
    for _, (g,) in found:
        top, bottom = sympy.fraction(sympy.factor(g))
        if not (top * bottom).is_polynomial(*g.free_symbols):
            return False
        states = frozenset(s for s in g.free_symbols if not s.is_nonnegative)
        proof = Domain(states, g.free_symbols - states).nonnegative(sympy.expand(top * bottom))
        if proof is None or proof.conditions:
            return False
    return True


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
