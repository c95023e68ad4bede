"""Nesterov's step under a restart."""
from __future__ import annotations

from dataclasses import dataclass

import flows
from arithmetic import Array, Quantity, VectorField, dot, where
from flows import State

from .base import Advance, Scheme, need_flow


@dataclass(frozen=True)
class NesterovStep(Scheme):
    """Nesterov's step, its gradient taken ahead, on the ODE with a clock c, which a step uphill sets back.

    β = c/(c + rh),  v⁺ = βv − h ∇F(θ + hβv),  θ⁺ = θ + h v⁺,  c⁺ = c + h; then v⁺ = 0 and c⁺ = 0 where ⟨∇F, v⁺⟩ > 0.
    With a fixed h = √s this is Nesterov's method of step s, β = n/(n + r), under the gradient scheme of restarts.
    Sources      Nesterov 1983; O'Donoghue & Candès, arXiv 1204.3982.
    """

    needs_flow = True

    def advance(self, field: VectorField, t: Quantity, y: Array, h: Quantity) -> Advance:
        flow = need_flow(self, flows.RestartedNesterov,
                         field.flow.flow if isinstance(field.flow, flows.Dimensionless) else field.flow)
        s = field.state(t, y)
        here, keep = field.loss.oracle(s.theta), s.c / (s.c + flow.r * h)

        def moved(v: Array) -> Array:
            return s.theta + h * field.slopes(State(**vars(s) | {"v": v}), here)["theta"]

        ahead = moved(keep * s.v)
        # v' without a brake is −∇F
        pull = field.slopes(State(**vars(s) | {"c": s.c + h, "v": 0 * s.v, "theta": ahead}),
                            field.loss.oracle(ahead))["v"]
        v = keep * s.v + h * pull
        downhill = dot(pull, v) >= 0
        end = {name: getattr(s, name) for name in field.flow.blocks} | {
            "c": where(downhill, s.c + h, 0.0), "v": where(downhill, v, 0.0), "theta": moved(v)}
        return field.pack(end), None, field.pack(field.slopes(s, here))

    def symbolic_step(self, field: VectorField, t: Quantity, y: Array, h: Quantity) -> Array:
        raise TypeError("NesterovStep: whether it restarts is a case that the values of ∇F decide, and has no printed "
                        "update")
