"""The leading part of a flow at a point of rest, found without differentiating what has no derivative (√v at v = 0)."""
from __future__ import annotations

import functools
from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import sympy
from sympy import Poly, Symbol

from flows import Flow, State

from ..coordinate import Coordinate
from ..exact import Fresh, Unreadable, vanishes

#: Deviations from the point of rest are σ² times numbers of order 1, so √ gives σ
SCALE = Fresh("sigma", positive=True)


class Unscalable(Exception):
    """Why a flow has no leading part at its point of rest."""


class Moved(Unscalable):
    """The flow does not rest where the gradient vanishes."""


@dataclass(frozen=True)
class Leading:
    """f(y* + y) = A(y) + o(|y|) as y → 0, A homogeneous of degree 1, for one coordinate; the gradient g is an input.

    rest : {block: value} of the memory where g = 0; a value that is a symbol is arbitrary (`free` blocks).
    slopes : {block: A of it}, in the symbols of the deviations, g, H and J.
    linear : A is linear, so eigenvalues decide.  own : {block: symbol of its deviation}.
    poles : functions of H or J alone that must not vanish at the point (the field divides by them).
    """

    rest: dict
    slopes: dict
    own: dict
    free: tuple
    linear: bool
    gradient: Symbol
    theta: Symbol
    scalars: tuple
    poles: tuple = ()

    def __str__(self):
        return ", ".join(f"{name}' = {sympy.sstr(f)}" for name, f in self.slopes.items() if name not in self.free)


@functools.lru_cache(maxsize=256)
def _read(flow: Flow) -> tuple[Coordinate, str]:
    """One coordinate of a flow, and why it would not speak for all: the same at every point."""
    one = Coordinate(flow, lambda s, oracle: oracle.value)
    return one, one.coupling()


@functools.lru_cache(maxsize=256)
def leading(flow: Flow, center: sympy.Expr = sympy.S.Zero) -> Leading:
    """The leading part of a flow (with exact rates) at the rest of its memory and a coordinate θ* = `center`.

    With every deviation scaled as y = σ² ŷ, f(y* + σ² ŷ)/σ² is rewritten without σ in a denominator; where no other
    denominator vanishes at σ = 0 it is continuous on σ in [0, 1], |ŷ| = 1, a compact set, so it tends to its value at
    σ = 0 uniformly: f = A + o(|y|), which is all that quadratic Lyapunov and Chetaev functions need.
    Raises Unscalable with the reason where this fails.
    """
    try:
        one, coupled = _read(flow)
    except Unreadable as error:
        raise Unscalable(str(error)) from error
    o, s, field = one.oracle, one.s, {str(name): f for name, f in one.field.items()}
    if any(f.has(s.t) for f in field.values()):
        raise Unscalable("the field depends on the time itself")
    if any(f.has(o.value) or f.has(o.residual) for f in field.values()):
        raise Unscalable("the field contains the value of the loss or its residuals")
    if coupled:
        raise Unscalable(coupled)
    symbols = {str(name): getattr(s, name) for name in flow.memory if name != "theta"}
    rest, free = _rest(field, symbols, {o.gradient: 0, s.theta: center})
    still = {symbols[name]: value for name, value in rest.items()} | {o.gradient: 0, s.theta: center}
    if not vanishes(field["theta"].subs(still)):
        raise Moved(f"θ' = {field['theta'].subs(still)} where g = 0 and the memory rests")
    own, deviations = {}, {}
    for name, x in symbols.items():  # a block that is never negative and rests at 0 deviates upwards only
        upwards = name in flow.nonnegative and rest[name] == 0
        own[name] = Symbol(name, **{"nonnegative": True} if upwards else {"real": True})
        deviations[x] = rest[name] + SCALE**2 * own[name]
    curved = Symbol("H", nonzero=True, real=True)
    deviations |= {o.gradient: SCALE**2 * o.gradient, s.theta: center + SCALE**2 * s.theta, o.hessian: curved}
    scaled = {name: _sorted_out(f.subs(deviations, simultaneous=True)) for name, f in field.items()}
    poles: list = []
    slopes = {name: _limit(scaled[name], 2, name, poles, {curved, o.jacobian}).xreplace({curved: o.hessian})
              for name in field}
    for name in free:  # at rest anywhere: it moves by O(|y|²) only, y the deviations of the other blocks
        _limit(scaled[name].subs({own[n]: 0 for n in free}), 4, name, poles, set())
    variables = [*own.values(), o.gradient, s.theta]
    return Leading(rest, slopes, own, free, all(linear(f, variables) for f in slopes.values()), o.gradient, s.theta,
                   tuple(map(str, one.scalars)), tuple(dict.fromkeys(p.xreplace({curved: o.hessian}) for p in poles)))


def leading_at(flow: Flow, point) -> Leading:
    """The leading part around a critical point: where the field contains θ itself, that of all its coordinates."""
    s, _, field = flow.coordinate()
    if not any(sympy.sympify(f).has(s.theta) for f in field.values()):
        return leading(flow)
    if point.family or not point.exact:
        raise Unscalable("the field contains θ itself, and θ* is not known exactly")
    found = [leading(flow, sympy.sympify(x)) for x in dict.fromkeys(point.theta)]
    if any(other.slopes != found[0].slopes for other in found):
        raise Unscalable("the field contains θ itself, and its leading part differs from coordinate to coordinate")
    return found[0]


def resting(flow: Flow) -> dict:
    """{block: value} of the memory at rest, as far as it has one: without the blocks that rest anywhere."""
    try:
        found = leading(flow)
    except Unscalable:
        return {}
    return {name: value for name, value in found.rest.items() if name not in found.free}


def state_at(flow: Flow, theta: np.ndarray, memory: Mapping | None, called: str = "memory") -> State:
    """The state of this memory, {block: value}, blocks not given at rest; the flow's own start for None.

    Raises ValueError for what the flow has not; `called` is what that is called.
    """
    values = vars(flow.start(theta))
    if memory is None:
        return State(**values)
    known = set(map(str, flow.memory)) - {"theta"}
    if unknown := set(memory) - known:
        raise ValueError(f"{type(flow).__name__} has no {called} {', '.join(sorted(unknown))}; it has "
                         f"{', '.join(sorted(known)) or 'none'}")
    values |= {k: np.broadcast_to(np.asarray(v, dtype=float), np.shape(values[k])) for k, v in memory.items()}
    values |= {name: np.full_like(values[name], float(value)) for name, value in resting(flow.exact()).items()
               if name not in memory}
    return State(**values)


def _rest(field, symbols, still):
    """Where the memory is at rest under g = 0: its values, and the blocks that rest anywhere."""
    rest, free, waiting = dict[str, sympy.Expr](), [], list(symbols)
    while waiting:
        for name in waiting:
            x, f = symbols[name], field[name].subs(still | {symbols[n]: v for n, v in rest.items()})
            f = sympy.cancel(sympy.together(f)) if not f.has(sympy.Max, sympy.Min) else f
            if f == 0:
                rest[name] = Symbol(f"{name}_0", positive=True)
                free.append(name)
            elif f.free_symbols & (set(symbols.values()) - {x}):
                continue
            else:
                found = {_root(part, x) for part in _parts(f)
                         if part.is_polynomial(x) and part.has(x) and Poly(part, x).degree() == 1}
                roots = [r for r in found if vanishes(f.subs(x, r))]
                if len(roots) != 1:
                    raise Unscalable(f"the rest of the block {name}, where {f} = 0, was not found")
                rest[name] = roots[0]
            break
        else:
            raise Unscalable(f"the blocks {', '.join(waiting)} have no rest that could be found one after the other")
        waiting.remove(name)
    return rest, tuple(free)


def _parts(f):
    return [f, *(a for m in f.atoms(sympy.Max, sympy.Min) for a in m.args)]


def _root(part, x):
    """The root of a polynomial of degree 1 (0 too, which `solve` drops for a positive symbol)."""
    slope, level = Poly(part, x).all_coeffs()
    return sympy.cancel(-level / slope)


def _sorted_out(f):
    """f with the arguments of Max and Min that are not active near σ = 0 dropped."""
    def keep(kind, args):
        at = [a.subs(SCALE, 0) for a in args]
        worse = "is_negative" if kind is sympy.Max else "is_positive"
        return kind(*(a for a, x in zip(args, at, strict=True) if not any(getattr(x - y, worse) for y in at)))

    return f.replace(lambda e: isinstance(e, (sympy.Max, sympy.Min)), lambda e: keep(type(e), e.args))


def _limit(f, power: int, name: str, poles: list, curvature: set):
    """The limit of f/σ^power, uniform for bounded deviations; divisors made of curvature alone are added to `poles`."""
    for jump in f.atoms(sympy.sign, sympy.Heaviside, sympy.Piecewise):
        if not (isinstance(jump, sympy.sign) and jump.args[0].subs(SCALE, 0).is_nonzero):
            raise Unscalable(f"{name}' jumps at the point of rest, with {sympy.sstr(jump.subs(SCALE, 1))}")
    quotient = sympy.cancel(sympy.together(f / SCALE**power))
    states = {x for x in quotient.free_symbols if not x.is_positive and x not in curvature}
    for part in sympy.preorder_traversal(quotient):
        bad = None
        if part.is_Pow and part.exp.is_negative:
            divisor = part.base.subs(SCALE, 0)
            bad = None if divisor.is_nonzero else part.base
            if bad is not None and divisor.free_symbols & curvature and not divisor.free_symbols & states:
                poles.append(divisor)
                bad = None
        elif isinstance(part, sympy.log):
            bad = None if part.args[0].subs(SCALE, 0).is_positive else part
        elif isinstance(part, (sympy.floor, sympy.ceiling)):
            bad = part
        if bad is not None:
            at = sympy.sstr(bad.subs(SCALE, 1))
            raise Unscalable(f"{name}' is singular at the point of rest, where {at} is not bounded away from 0")
    return sympy.expand(quotient.subs(SCALE, 0))


def linear(f, variables) -> bool:
    """Whether an expression is a linear form in the variables."""
    return f == 0 or (f.is_polynomial(*variables) and Poly(f, *variables).is_homogeneous
                      and Poly(f, *variables).total_degree() == 1)
