"""Schemes that move the blocks of a flow one after the other."""
from __future__ import annotations

import functools
from dataclasses import dataclass

import numpy as np

from arithmetic import Array, GivenOracle, Graph, Missing, Quantity, Vector, VectorField
from flows import Flow, State, scalar

from .base import Advance, Scheme
from .exponential import decay_rates, exponential_share


def reads(flow: Flow) -> dict[str, set[str]] | None:
    """The blocks in the formula of each block's slope; None where it cannot be recorded with numbers alone."""
    try:
        return _reads(flow)
    except (Missing, TypeError, ValueError):
        return None


@functools.lru_cache(maxsize=256)
def _reads(flow: Flow) -> dict[str, set[str]]:
    graph, n = Graph(rearrange=False), 2
    blocks = {name: [graph.input(f"{name}{i}") for i in range(1 if isinstance(name, scalar) else n)]
              for name in flow.blocks}
    s = State(t=graph.input("t"), **{name: x[0] if isinstance(name, scalar) else Vector(x)
                                     for name, x in blocks.items()})
    square = {x: graph.inputs(x, n * n).reshape(n, n) for x in ("hessian", "jacobian")}
    slopes = flow.field(s, GivenOracle(s.theta, value=graph.input("F"), gradient=graph.inputs("g", n),
                                       residual=graph.inputs("r", n), **square))
    owner, seen = {x.id: name for name, nodes in blocks.items() for x in nodes}, dict[int, set[str]]()

    def owners(node) -> set[str]:
        if node.id not in seen:
            own = {owner[node.id]} if node.id in owner else set()
            seen[node.id] = own.union(*map(owners, node.operands))
        return seen[node.id]

    return {name: set().union(*(owners(graph.lift(x)) for x in np.atleast_1d(slopes[name]))) for name in slopes}


@dataclass(frozen=True)
class SequentialEuler(Scheme):
    """The classical form of an optimizer: blocks are updated in order, each seeing the new value of those before it.

    y_k⁺ = y_k + h f_k(y_1⁺, …, y_{k−1}⁺, y_k, …; ∇F(θ)), one gradient per step, taken at the old θ and shared.
    """

    needs_flow = sequential = True

    def advance(self, field: VectorField, t: Quantity, y: Array, h: Quantity) -> Advance:
        s, oracle = field.state(t, y), field.loss.oracle(field.theta(y))
        slopes, found, moved = dict[str, Quantity](), dict[str, Quantity](), set[str]()
        read = reads(field.flow) if y.dtype != object else None
        for name in field.flow.blocks:
            if read is None:  # a recorder sees by itself what it has already
                found = {name: field.slope(name, s, oracle)}
            elif not found or moved & read[name]:
                found, moved = field.slopes(s, oracle), set()
            slopes[name] = found[name]
            s = State(**vars(s) | {name: getattr(s, name) + self._share(field.flow, name, h) * slopes[name]})
            moved.add(name)
        return field.pack(vars(s)), None, field.pack(slopes)

    def _share(self, flow, name, h):
        """What the slope of a block is multiplied by."""
        return h


@dataclass(frozen=True)
class ExponentialMap(SequentialEuler):
    """SequentialEuler with the exact decay of the memories: m⁺ = e^{−ah} m + (1 − e^{−ah}) g for m' = a (g − m).

    On Adam with a = −ln β₁/h, b = −ln β₂/h it is the classical algorithm, and c₁ = 1 − e^{−at} holds exactly for every
    sequence of steps: the rates a, b stay what they are however h varies, where Euler needs h < 1/a.
    Sources: Certaine 1960 (exponential Euler).
    """

    def _share(self, flow, name, h):
        return exponential_share(h, decay_rates(flow).get(name)) if name != "theta" else h


@dataclass(frozen=True)
class Strang(Scheme):
    """Strang splitting over the blocks: half steps in order, the whole step of the last one, half steps back.

    Each block moves alone, the others frozen: exactly where it decays at a constant rate, else by the midpoint rule.
    On momentum this is kick–drift–kick: v by h/2 with exact friction, θ⁺ = θ + h v, v by h/2 at the new gradient.
    Sources: Strang 1968; Hairer, Lubich & Wanner, Geometric Numerical Integration, II.5.
    """

    order, reuses, needs_flow = 2, True, True

    def advance(self, field: VectorField, t: Quantity, y: Array, h: Quantity) -> Advance:
        flow, rates = field.flow, decay_rates(field.flow)
        s, oracle = field.state(t, y), field.loss.oracle(field.theta(y))
        slope = field.pack(field.slopes(s, oracle))
        s = State(**vars(s) | {"t": t + h / 2})
        *sides, middle = flow.blocks
        for name, share in [*((b, h / 2) for b in sides), (middle, h), *((b, h / 2) for b in reversed(sides))]:
            start, k = getattr(s, name), field.slope(name, s, oracle)
            if name not in rates:
                half = State(**vars(s) | {name: start + share / 2 * k})
                k = field.slope(name, half, field.loss.oracle(half.theta) if name == "theta" else oracle)
            s = State(**vars(s) | {name: start + exponential_share(share, rates.get(name)) * k})
            if name == "theta":
                oracle = field.loss.oracle(s.theta)
        return field.pack(vars(s)), None, slope
