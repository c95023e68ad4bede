"""Flows whose unit of time or length is the problem's own, and those of the energy-controlled family of Bensaid, Poëtte
and Turpault."""
from __future__ import annotations

from dataclasses import dataclass

from arithmetic import Oracle, OracleView, Quantity, Rate, diagonal, maximum, sqrt, total, where

from .base import Downhill, EnergyFunction, Flow, Slopes, State, scalar
from .modifiers import Modifier
from .units import start_height, start_length


@dataclass(frozen=True)
class Dimensionless(Modifier):
    """A flow on F/φ as a function of θ/ℓ, with the problem's own units of loss and length, taken at the start.

    ℓ' = 0,  φ' = 0,  (θ/ℓ)' and the memory as the flow has them for ∇F·ℓ/φ,  with ℓ(0) = min(2|F|/|∇F|, |θ|) and
    φ(0) = |∇F| ℓ: the first gradient has length 1.  Whatever rates and ε the flow has are pure numbers then: F → cF and
    θ → kθ change no step.  Its energy and dissipation are the flow's own, in these units.  The unit of time is ℓ²/φ of
    gradient descent's: `Stop.speed` is compared with θ' in the latter.

    Parameters   flow : the flow to modify, of energies of F and ∇F alone (no Hessians, no weight decay inside).
    """

    @property
    def memory(self) -> tuple[str, ...]:
        return (scalar("ell"), scalar("phi"), *self.flow.memory)

    @property
    def nonnegative(self) -> tuple[str, ...]:
        return ("ell", "phi", *self.flow.nonnegative)

    @property
    def initial(self) -> dict:
        return {"ell": start_length, "phi": start_height} | {
            name: (lambda oracle, value=value: value(self.seen(
                State(ell=start_length(oracle), phi=start_height(oracle)), oracle))) if callable(value) else value
            for name, value in self.flow.initial.items()}

    start = Flow.start

    def seen(self, s: State, oracle: Oracle) -> Oracle:
        """The loss in the units of the start."""
        ell, phi, none = s.ell, s.phi, "in units of the start there is F and its gradient"
        view = OracleView(oracle, value=lambda o: o.value / phi, gradient=lambda o: o.gradient * (ell / phi),
                          hessian=none, residual=none, jacobian=none, gauss_newton=none)
        view.theta = oracle.theta / ell
        return view

    def field(self, s: State, oracle: Oracle) -> Slopes:
        slopes = self.flow.field(self.inner(s), self.seen(s, oracle))
        return {"ell": 0 * s.ell, "phi": 0 * s.phi} | slopes | {"theta": s.ell * slopes["theta"]}

    def tempo(self, s: State) -> Quantity:
        # θ' = −∇F in the units of the start is θ' = −∇F·ℓ²/φ
        return s.phi / s.ell**2 * self.flow.tempo(self.inner(s))

    def followed(self, s: State, oracle: Oracle) -> tuple[Quantity, Rate | None]:
        speed, rate = self.flow.followed(self.inner(s), self.seen(s, oracle))
        return s.ell * speed, rate

    def inner(self, s: State) -> State:
        """The state in the units of the start."""
        return State(**vars(s) | {"theta": s.theta / s.ell})

    @property
    def energy(self) -> EnergyFunction | None:
        if (energy := self.flow.energy) is None:
            return None
        return lambda s, oracle: energy(self.inner(s), self.seen(s, oracle))

    @property
    def dissipation(self) -> EnergyFunction | None:
        if (dissipation := self.flow.dissipation) is None:
            return None
        return lambda s, oracle: dissipation(self.inner(s), self.seen(s, oracle))


@dataclass(frozen=True)
class EnergyFriction(Flow):
    """Heavy ball whose friction falls with its energy: v' = −c √(E/E₀) v − ∇F(θ),  θ' = v,  E = F − F_low + |v|²/2.

    E₀' = 0, E₀(0) = F(θ(0)) − F_low.  Energy F + |v|²/2, with derivative −c √(E/E₀) |v|², F ≥ F_low.
    Parameters   c : the friction at the start, 1/time.  low : F_low, a lower bound of F.
    Sources      Bensaid, Poëtte & Turpault, arXiv 2407.15471 (LC_Mechanic: c = 1, F_low = 0).
    """

    c: Rate = 1.0
    low: Rate = 0.0
    memory = (scalar("E0"), "v")
    nonnegative = ("E0",)

    @property
    def initial(self) -> dict:
        return {"E0": lambda oracle: where(oracle.value > self.low, oracle.value - self.low, 1.0)}

    def friction(self, s: State, oracle: Oracle) -> Quantity:
        E = maximum(oracle.value - self.low + total(s.v**2) / 2, 0)
        return self.c * sqrt(E / s.E0)

    def field(self, s: State, oracle: Oracle) -> Slopes:
        return {"E0": 0 * s.E0, "v": -self.friction(s, oracle) * s.v - oracle.gradient, "theta": s.v}

    def followed(self, s: State, oracle: Oracle) -> tuple[Quantity, Rate]:
        return -oracle.gradient / self.c, self.c

    def energy(self, s: State, oracle: Oracle) -> Quantity:
        return oracle.value + total(s.v**2) / 2

    def dissipation(self, s: State, oracle: Oracle) -> Quantity:
        return self.friction(s, oracle) * total(s.v**2)


@dataclass(frozen=True)
class ClippedGradient(Downhill):
    """Clipped gradient: θ' = −min(1, γ/|∇F|) ∇F(θ), of speed γ at most.

    Classical form: Euler with h = lr.  Energy F, with F' = −min(1, γ/|∇F|) |∇F|².
    Parameters   gamma : γ, in units of the gradient.
    Sources      Pascanu, Mikolov & Bengio 2013; torch `clip_grad_norm_` before `SGD`.
    """

    gamma: Rate = 1.0

    def share(self, oracle: Oracle) -> Quantity:
        return self.gamma / maximum(sqrt(total(oracle.gradient**2)), self.gamma)

    def field(self, s: State, oracle: Oracle) -> Slopes:
        return {"theta": -self.share(oracle) * oracle.gradient}

    def dissipation(self, s: State, oracle: Oracle) -> Quantity:
        return self.share(oracle) * total(oracle.gradient**2)


@dataclass(frozen=True)
class ScaledDescent(Downhill):
    """Gradient descent, θ' = −∇F(θ), beside what Fletcher's Levenberg–Marquardt methods keep: D' = 0, d' = 0.

    D = diag JᵀJ at the start, 1 where that is 0, is the scale of the damping; d the move that was tried last, which
    `MarquardtEuler` fills and `UphillControl` reads.  Energy F, with F' = −|∇F|².
    Sources      Bensaid, Poëtte & Turpault (LMF, LMUphill).
    """

    memory = ("D", "d")
    nonnegative = ("D",)

    @property
    def initial(self) -> dict:
        return {"D": lambda oracle: where(diagonal(oracle.gauss_newton) < 1e-16, 1.0, diagonal(oracle.gauss_newton))}

    def field(self, s: State, oracle: Oracle) -> Slopes:
        return {"D": 0 * s.D, "d": 0 * s.d, "theta": -oracle.gradient}
