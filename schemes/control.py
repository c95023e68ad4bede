"""Step control, apart from the stages: one *trial* per pass, accepted or refused by select, no inner loops."""
from __future__ import annotations

import functools
from dataclasses import dataclass, field
from typing import Any, ClassVar, NamedTuple, TypeAlias

import numpy as np

from arithmetic import (
    Array, Catalogue, Quantity, Rate, Reading, VectorField, absolute, exp, log, maximum, minimum, sqrt, total, where,
)
from flows import State

from .base import Scheme


class Trial(NamedTuple):
    """The outcome of one trial: what holds after it, whether or not the step was accepted."""

    y: Array
    memory: dict
    slope: Array


#: Whether a step is accepted, the next one, and further memory: (value if accepted, value if refused).
Judgement: TypeAlias = tuple[Quantity, Quantity, dict[str, tuple]]


class Control:
    """What decides over steps: `start()` is its memory at first, `time(memory)` the ODE time, `trial(…)` one trial.

    adaptive : whether it chooses the steps.  memory : the names of what it keeps from one trial to the next.
    """

    adaptive: ClassVar[bool] = False

    @property
    def memory(self) -> tuple[str, ...]:
        raise NotImplementedError

    def start(self) -> dict:
        raise NotImplementedError

    def time(self, memory: dict) -> Quantity:
        raise NotImplementedError

    def trial(self, scheme: Scheme, field: VectorField, y: Array, memory: dict) -> Trial:
        raise NotImplementedError


@dataclass(frozen=True)
class FixedStep(Control):
    """Every step is h, in ODE time (one step of gradient descent of `lr` is h = lr)."""

    h: Rate
    memory = ("n",)

    def __post_init__(self):
        _positive("h", self.h)

    def start(self) -> dict:
        return {"n": 0.0}

    def time(self, memory: dict) -> Quantity:
        return memory["n"] * self.h

    def trial(self, scheme: Scheme, field: VectorField, y: Array, memory: dict) -> Trial:
        y_new, _, slope = scheme.advance(field, self.time(memory), y, self.h)
        return Trial(y_new, {"n": memory["n"] + 1}, slope)


class AdaptiveControl(Control):
    """A control whose memory is the next step `h`, the time `t` and the number of accepted steps.

    A subclass defines `judge(scheme, field, y, memory, y_new, error, slope)`, a `Judgement`.
    """

    adaptive = True
    h0: float
    h_max: float = np.inf

    @property
    def memory(self) -> tuple[str, ...]:
        return ("h", "t", "accepted")

    def start(self) -> dict:
        return {"h": minimum(self.h0, self.h_max), "t": 0.0, "accepted": 0.0}

    def time(self, memory: dict) -> Quantity:
        return memory["t"]

    def judge(self, scheme: Scheme, field: VectorField, y: Array, memory: dict, y_new: Array, error: Array | None,
              slope: Array) -> Judgement:
        raise NotImplementedError

    def check(self, scheme: Scheme, field: VectorField) -> None:
        """Raises ValueError where this control cannot judge steps of the scheme on the field."""

    def trial(self, scheme: Scheme, field: VectorField, y: Array, memory: dict) -> Trial:
        self.check(scheme, field)
        y_new, error, slope = scheme.advance(field, self.time(memory), y, memory["h"])
        accept, h_next, more = self.judge(scheme, field, y, memory, y_new, error, slope)
        trial = self._decide(accept, y, y_new, memory["h"], h_next, memory, slope)
        return trial._replace(memory=trial.memory | {name: where(accept, *values) for name, values in more.items()})

    def _decide(self, accept, y, y_new, h, h_next, memory, slope) -> Trial:
        keep = where(accept, y_new, y)
        return Trial(keep, {"h": h_next, "t": memory["t"] + where(accept, h, 0.0),
                            "accepted": memory["accepted"] + where(accept, 1.0, 0.0)}, slope)


NORMS = Catalogue("norm of errors", {"euclidean": lambda x: total(x**2), "rms": lambda x: total(x**2) / len(x),
         "max": lambda x: functools.reduce(maximum, x**2)})  #: squared
#: Exponents of the last two errors, times q.
CONTROLLERS: Catalogue[tuple[float, float] | None] = Catalogue(
    "step controller", {"elementary": None, "PI": (0.7, 0.4), "PI4.2": (0.6, 0.2)})


@dataclass(frozen=True)
class ErrorControl(AdaptiveControl):
    """Accept a step when its error estimate is small, and choose the next one from it.

    relative=True (the default) measures the error in units of the displacement, |error| ≤ tol·h|k₁|: this does not
    change when F or θ are rescaled, keeps hλ ≤ 2·tol near a minimum and so converges, where an absolute tolerance
    stalls at a distance of about tol.  Next step: h·clip(safety·factor, 0.2, 5), with e the measured error over its
    bound and q its order in h, the factor is e^(−1/q) ("elementary"), or for an accepted step, with e' the error of the
    one before, e^(−0.7/q) e'^(0.4/q) ("PI", Gustafsson) or e^(−0.6/q) e'^(0.2/q) ("PI4.2", Söderlind): smoother steps.

    Parameters   tol : in (0, ½) if relative, else in units of the state.  h0 : first trial step.  h_max : bound.
                 controller : "elementary", "PI" or "PI4.2".  norm : over the state, "euclidean", "rms" or "max".
    Sources      Hairer, Nørsett & Wanner, Solving ODEs I, II.4; Gustafsson 1991; Söderlind 2003.
    """

    tol: float = 0.1
    relative: bool = True
    h0: float = 0.1
    h_max: float = np.inf
    safety: float = 0.9
    controller: str = "elementary"
    norm: str = "euclidean"

    def __post_init__(self):
        for name in ("tol", "h0", "h_max", "safety"):
            _positive(name, getattr(self, name))
        _ = CONTROLLERS[self.controller], NORMS[self.norm]  # ValueError where there is none of the name
        if self.relative and not self.tol < 0.5:
            raise ValueError(f"tol={self.tol} is relative to the displacement and must be < 0.5, where steps at a "
                             "minimum stop contracting; 0.1 serves everywhere, or pass relative=False")

    @property
    def memory(self) -> tuple[str, ...]:
        return super().memory if self.controller == "elementary" else (*super().memory, "e")

    def start(self) -> dict:
        return super().start() | ({} if self.controller == "elementary" else {"e": 1.0})

    def check(self, scheme: Scheme, field: VectorField) -> None:
        self._order(scheme)

    def _order(self, scheme: Scheme) -> int:
        if scheme.error_order is None:
            raise ValueError(f"ErrorControl needs a scheme with an error estimate, {type(scheme).__name__} has none; "
                             "use EulerRichardson(), or EnergyControl")
        return scheme.error_order

    def judge(self, scheme: Scheme, field: VectorField, y: Array, memory: dict, y_new: Array, error: Array | None,
              slope: Array) -> Judgement:
        h, squared = memory["h"], NORMS[self.norm]
        size = squared(error)
        if self.relative:
            bound, q = (self.tol * h)**2 * squared(slope), self._order(scheme)
            accept = (size <= bound) & (bound < np.inf)
        else:
            bound, q = self.tol**2, self._order(scheme) + 1
            accept = size <= bound
        factor, more = self.safety * _root(bound / size, 2 * q), {}
        if (exponents := CONTROLLERS[self.controller]) is not None:
            last, before = exponents
            e = sqrt(size / bound)
            smooth = self.safety * exp((before * log(memory["e"]) - last * log(e)) / q)
            factor = where(accept, smooth, factor)
            more = {"e": (maximum(e, 1e-4), memory["e"])}
        factor = where(factor > 0.2, minimum(factor, 5.0), 0.2)  # NaN, as from a step out of the domain, shrinks
        return accept, minimum(h * factor, self.h_max), more


def _root(x, n: int):
    """The n-th root, by square roots where n is a power of two."""
    while n % 2 == 0:
        x, n = sqrt(x), n // 2
    return x if n == 1 else exp(log(x) / n)


@dataclass(frozen=True)
class EnergyControl(AdaptiveControl):
    """Accept a step when the discrete energy falls as the continuous one must: V(y⁺) − V(y) ≤ −ratio·h·D.

    V is an energy of the flow (its own unless given) and D ≥ 0 its dissipation, taken at the new memory and the old
    gradient; on gradient descent with Euler this is Armijo's rule.  Accepted: h·grow; refused: h/shrink.  The energy
    decreases along every run whatever the loss, so none diverges on a sublevel set that is bounded.  A difference
    within the rounding of V passes: there V cannot tell.

    accelerate : the growth factor is multiplied by itself after every acceptance that follows another, up to 10⁴, and
    is `grow` again after a refusal: for admissible steps that vary by orders of magnitude.

    Parameters   energy : object with `energy(s, oracle)` and `dissipation(s, oracle)` (`lyapunov.Energy`), or None.
                 ratio : in [0, 1).  h0 : first trial step.  h_max : bound, at most 1/(the largest rate).
                 shrink, grow : 2 and 2; grow = 10⁴ with an h_max starts every search near h_max.
    Sources      Armijo 1966; Bensaid, Poëtte & Turpault, arXiv 2407.01019 (any energy, grow = 10⁴), 2407.15471.
    """

    energy: Any = None
    ratio: float = 0.5
    h0: float = 1.0
    h_max: float = np.inf
    shrink: float = 2.0
    grow: float = 2.0
    accelerate: bool = False

    def __post_init__(self):
        _positive("h0", self.h0)
        _positive("h_max", self.h_max)
        if not 0 <= self.ratio < 1:
            raise ValueError(f"ratio={self.ratio} must be in [0, 1): the share of the dissipation a step must realise")
        if not self.shrink > 1 or not self.grow >= 1:
            raise ValueError(f"shrink={self.shrink} must be > 1 and grow={self.grow} must be >= 1")

    @property
    def memory(self) -> tuple[str, ...]:
        return (*super().memory, "growth") if self.accelerate else super().memory

    def start(self) -> dict:
        return super().start() | ({"growth": self.grow} if self.accelerate else {})

    def source(self, field: VectorField) -> Any:
        """What holds the energy: the one given, or the flow."""
        return self.energy if self.energy is not None else field.flow

    def check(self, scheme: Scheme, field: VectorField) -> None:
        source = self.source(field)
        if source.energy is None or source.dissipation is None:
            raise ValueError(f"EnergyControl: {type(source).__name__} has no energy with a dissipation; "
                             "pass energy=lyapunov.Energy(...)")

    def judge(self, scheme: Scheme, field: VectorField, y: Array, memory: dict, y_new: Array, error: Array | None,
              slope: Array) -> Judgement:
        source, h, t = self.source(field), memory["h"], self.time(memory)
        old, new = field.state(t, y), field.state(t, y_new)
        here, there = field.loss.oracle(old.theta), field.loss.oracle(new.theta)
        half = State(**vars(new) | {"theta": old.theta})  # new memory, old θ and gradient
        before, after = source.energy(old, here), source.energy(new, there)
        rounding = 2 * np.finfo(float).eps * absolute(before)
        accept = after - before <= rounding - self.ratio * h * source.dissipation(half, here)
        growth = memory["growth"] if self.accelerate else self.grow
        more = {"growth": (minimum(growth * self.grow, 1e4), self.grow)} if self.accelerate else {}
        return accept, where(accept, minimum(h * growth, self.h_max), h / self.shrink), more


@dataclass(frozen=True)
class CombinedControl(AdaptiveControl):
    """Accept a step when both an error and an energy control do, and take the smaller of their next steps.

    The trajectory is followed to the tolerance, and the energy falls along it whatever the tolerance is.
    Parameters   error : an ErrorControl.  energy : an EnergyControl.
    """

    error: ErrorControl = field(default_factory=ErrorControl)
    energy: EnergyControl = field(default_factory=EnergyControl)

    def __post_init__(self):
        if not isinstance(self.error, ErrorControl) or not isinstance(self.energy, EnergyControl):
            raise TypeError(f"CombinedControl(error, energy) takes an ErrorControl and an EnergyControl, got "
                            f"{self.error!r} and {self.energy!r}")

    @property
    def memory(self) -> tuple[str, ...]:
        return tuple(dict.fromkeys((*self.error.memory, *self.energy.memory)))

    def start(self) -> dict:
        start = [self.error.start(), self.energy.start()]
        return start[0] | start[1] | {"h": minimum(start[0]["h"], start[1]["h"])}

    def check(self, scheme: Scheme, field: VectorField) -> None:
        self.error.check(scheme, field)
        self.energy.check(scheme, field)

    def judge(self, *step: Any) -> Judgement:
        (accurate, h_error, more), (falling, h_energy, too) = self.error.judge(*step), self.energy.judge(*step)
        return accurate & falling, minimum(h_error, h_energy), more | too


def as_control(step: float | Control) -> Control:
    """A control from a number (a fixed step) or a control."""
    if isinstance(step, Control):
        return step
    if isinstance(step, Reading):
        return FixedStep(step)
    if isinstance(step, (int, float, np.number)) and not isinstance(step, bool):
        return FixedStep(float(step))
    raise TypeError("step must be a positive number or a control (FixedStep, ErrorControl, EnergyControl, "
                    f"CombinedControl), got {step!r}")


def _positive(name: str, value) -> None:
    number = isinstance(value, (int, float, np.number, Reading)) and not isinstance(value, bool)
    if not number:
        raise TypeError(f"{name} must be a number, got {value!r}")
    if not value > 0:
        raise ValueError(f"{name}={value} must be positive")
