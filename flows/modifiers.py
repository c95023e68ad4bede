"""Modifiers that turn one flow into another."""
from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from numpy.typing import ArrayLike

from arithmetic import Oracle, OracleView, Quantity, Rate, add_diagonal, dot, maximum, total, where

from .base import EnergyFunction, Flow, Slopes, State


@dataclass(frozen=True)
class Modifier(Flow):
    """A flow made from another one, `flow`, with the same blocks; `plain` is the flow under all modifiers."""

    flow: Flow

    def __post_init__(self):
        if not isinstance(self.flow, Flow):
            raise TypeError(f"{type(self).__name__}(flow={self.flow!r}): must be a Flow such as Adam()")

    @property
    def memory(self) -> tuple[str, ...]:
        return self.flow.memory

    @property
    def nonnegative(self) -> tuple[str, ...]:
        return self.flow.nonnegative

    @property
    def initial(self) -> dict:
        return self.flow.initial

    def start(self, theta: ArrayLike, oracle: Oracle | None = None) -> State:
        return self.flow.start(theta, oracle)

    @property
    def plain(self) -> Flow:
        return self.flow.plain

    def tempo(self, s: State) -> Quantity:
        return self.flow.tempo(s)


@dataclass(frozen=True)
class WeightDecay(Modifier):
    """Weight decay as a modifier of any flow.

    L2 (the default): the flow sees ∇F + λθ (and F + λ|θ|²/2, H + λI), as torch's `weight_decay` does.
    `decoupled=True`: the flow sees ∇F and θ' gains −λθ, as AdamW does (Loshchilov & Hutter 2019).

    Parameters   flow : the flow to modify.  rate : λ, in units of the curvature (L2) or 1/time (decoupled).
    """

    rate: Rate = 0.01
    decoupled: bool = False

    def start(self, theta: ArrayLike, oracle: Oracle | None = None) -> State:
        return self.flow.start(theta, oracle if self.decoupled or oracle is None else self.penalised(oracle))

    def followed(self, s: State, oracle: Oracle) -> tuple[Quantity, Rate | None]:
        speed, rate = self.flow.followed(s, oracle if self.decoupled else self.penalised(oracle))
        return (speed - self.rate * s.theta if self.decoupled else speed), rate

    def penalised(self, oracle: Oracle) -> Oracle:
        """F + Σ λθ²/2 where the gradient was taken: a sequential scheme may have moved s.theta since.

        λ may be a number, one per coordinate, or one per coordinate and lane.
        """
        rate, squares = self.rate, "with an L2 penalty F is not the sum of the squares of the same residuals"
        return OracleView(
            oracle,
            value=lambda o: o.value + dot(rate * o.theta, o.theta) / 2,
            gradient=lambda o: o.gradient + rate * o.theta,
            hessian=lambda o: add_diagonal(o.hessian, rate),
            gauss_newton=lambda o: add_diagonal(o.gauss_newton, rate),
            hessian_product=lambda o, v: o.hessian_product(v) + rate * v,
            gauss_newton_product=lambda o, v: o.gauss_newton_product(v) + rate * v,
            residual=squares, jacobian=squares)

    def field(self, s: State, oracle: Oracle) -> Slopes:
        if not self.decoupled:
            return self.flow.field(s, self.penalised(oracle))
        return decoupled(self.flow.field(s, oracle), s, self.rate)

    @property
    def energy(self) -> EnergyFunction | None:
        if self.decoupled or (energy := self.flow.energy) is None:
            return None  # F is no energy of a flow with decoupled decay: its rest points are not those of F
        return lambda s, oracle: energy(s, self.penalised(oracle))

    @property
    def dissipation(self) -> EnergyFunction | None:
        if self.decoupled or (dissipation := self.flow.dissipation) is None:
            return None
        return lambda s, oracle: dissipation(s, self.penalised(oracle))


@dataclass(frozen=True)
class Scheduled(Modifier):
    """A flow under a learning-rate schedule σ, as libraries apply it: θ' is multiplied by σ(t), the memory is not.

    `whole=True` multiplies every block: a reparametrisation of time and nothing else, y(t) = (flow's y)(∫₀ᵗ σ), so the
    orbits stay and only the speed changes.  On flows without memory the two are the same.

    Parameters   flow : the flow to modify.  schedule : σ, a function of the ODE time (`schedules`).
    """

    schedule: Any = None
    whole: bool = False

    def __post_init__(self):
        super().__post_init__()
        if isinstance(self.schedule, type) or not callable(self.schedule):
            raise TypeError(f"Scheduled(schedule={self.schedule!r}): must be a function of the time, such as "
                            "schedules.Cosine(T)")
        if self.whole and not hasattr(self.schedule, "time"):
            raise TypeError("Scheduled(whole=True): the schedule must have time(t), its integral, as those of "
                            "flows.schedules do")

    def field(self, s: State, oracle: Oracle) -> Slopes:
        inner = State(**vars(s) | {"t": self.schedule.time(s.t)}) if self.whole else s
        derivative, speed = self.flow.field(inner, oracle), self.schedule(s.t)
        return {name: speed * f if self.whole or name == "theta" else f for name, f in derivative.items()}

    @property
    def energy(self) -> EnergyFunction | None:
        return self.flow.energy if self.whole or not self.memory else None

    @property
    def dissipation(self) -> EnergyFunction | None:
        if self.energy is None or (dissipation := self.flow.dissipation) is None:
            return None
        return lambda s, oracle: self.schedule(s.t) * dissipation(s, oracle)


@dataclass(frozen=True)
class Cautious(Modifier):
    """A cautious flow: only the coordinates move whose θ' descends, θᵢ' ∂F/∂θᵢ < 0, the others wait.

    `scaled` (as in the authors' code): θ' is divided by the share of those that move, 0.001 at least.  The memory is
    the flow's own.  Energy F, whatever the flow: F' = Σ min(0, θ'·∇F), each coordinate's, over the share where scaled.
    Parameters   flow : the flow to modify.
    Sources      Liang et al., arXiv 2411.16085 (algorithm 1).
    """

    scaled: bool = True

    def field(self, s: State, oracle: Oracle) -> Slopes:
        derivative, g = self.flow.field(s, oracle), oracle.gradient
        return derivative | {"theta": self._moves(derivative["theta"], g) * derivative["theta"]}

    def _moves(self, slope, g):
        """1 for each coordinate that moves, over their share where scaled; 0 for the others."""
        moves = where(slope * g < 0, 1.0, 0.0)
        return moves / maximum(total(moves) / total(0 * moves + 1), 1e-3) if self.scaled else moves

    def energy(self, s: State, oracle: Oracle) -> Quantity:
        return oracle.value

    def dissipation(self, s: State, oracle: Oracle) -> Quantity:
        return -total(self.field(s, oracle)["theta"] * oracle.gradient)


def decoupled(derivative: dict, s, rate) -> dict:
    """The derivatives of the blocks with −rate·θ added to θ'."""
    return derivative | {"theta": derivative["theta"] - rate * s.theta}
