"""Step control, apart from the stages: one *trial* per pass, accepted or refused by select, no inner loops."""
from __future__ import annotations

import functools
from dataclasses import dataclass, field
from typing import Any, ClassVar, NamedTuple, TypeAlias

import numpy as np

from arithmetic import (
    Array, Catalogue, Oracle, Quantity, Rate, Reading, VectorField, absolute, exp, log, maximum, minimum, sqrt, total,
    where,
)
from flows import State

from .base import Scheme
from .search import ACCEPTANCES, FIRSTS, SEARCHES, Acceptance, First, Search, Tried


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
    reuses : whether it takes the gradient at the new point, with which the next trial begins.
    """

    adaptive: ClassVar[bool] = False

    @property
    def reuses(self) -> bool:
        return False

    @property
    def monotone(self) -> bool:
        """Whether the energy that it watches falls with every step that it takes."""
        return False

    @property
    def memory(self) -> tuple[str, ...]:
        raise NotImplementedError

    def start(self) -> dict:
        raise NotImplementedError

    def time(self, memory: dict) -> Quantity:
        raise NotImplementedError

    def trial(self, scheme: Scheme, field: VectorField, y: Array, memory: dict) -> Trial:
        raise NotImplementedError

    def value(self, field: VectorField, s: State, oracle: Oracle) -> Quantity | None:
        """The energy that it watches, None where it watches none."""
        return None


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
        return {"h": self.first_h(), "t": 0.0, "accepted": 0.0}

    def first_h(self) -> Rate:
        """The first trial step; ∞ where `ready` takes it from the problem."""
        return minimum(self.h0, self.h_max)

    def ready(self, field: VectorField, y: Array, memory: dict) -> dict:
        """The memory with which the next trial begins."""
        return memory

    def time(self, memory: dict) -> Quantity:
        return memory["t"]

    def judge(self, scheme: Scheme, field: VectorField, y: Array, memory: dict, y_new: Array, error: Array | None,
              slope: Array) -> Judgement:
        raise NotImplementedError

    def check(self, scheme: Scheme, field: VectorField) -> None:
        """Raises ValueError where this control cannot judge steps of the scheme on the field."""

    def trial(self, scheme: Scheme, field: VectorField, y: Array, memory: dict) -> Trial:
        self.check(scheme, field)
        memory = self.ready(field, y, memory)
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


class Standstill(AdaptiveControl):
    """A control of steps under which an energy V falls, which notices where V cannot tell any more.

    idle : its memory of how many accepted steps in a row have brought neither the lowest energy so far nor the
    smallest gradient (`lowest`, `flattest`); `Stop.idle` of them end the run.  A run whose energy falls, be it by its
    last digit, or whose gradient becomes smaller, is never at a standstill.
    """

    @property
    def memory(self) -> tuple[str, ...]:
        return (*super().memory, "lowest", "flattest", "idle")

    def start(self) -> dict:
        return super().start() | {"lowest": np.inf, "flattest": np.inf, "idle": 0.0}

    @staticmethod
    def progress(memory: dict, energy: Quantity, gradient: Array) -> dict[str, tuple]:
        """The further memory after a step to this energy, from a point of this gradient."""
        square = total(gradient**2)
        better = (energy < memory["lowest"]) | (square < memory["flattest"])
        now = {"lowest": minimum(energy, memory["lowest"]), "flattest": minimum(square, memory["flattest"]),
               "idle": where(better, 0.0, memory["idle"] + 1)}
        return {name: (value, memory[name]) for name, value in now.items()}


@dataclass(frozen=True)
class EnergyControl(Standstill):
    """Accept a step when the discrete energy falls as the continuous one must: V(y⁺) − V(y) ≤ −ratio·h·D.

    V is an energy of the flow (its own unless given) and D ≥ 0 its dissipation, taken at the new memory and the old
    gradient; on gradient descent with Euler this is Armijo's rule.  The energy decreases along every run whatever the
    loss, so none diverges on a sublevel set that is bounded.  A difference within the rounding of V passes: there V
    cannot tell.

    search : what follows a refused trial h.
        "shrink"     h/shrink.
        "parabola"   the minimum of the parabola through V, its slope −D and V⁺, between h/10 and h/2.
        "predict"    0.9 of the largest h that this parabola accepts, after acceptances too: between h/100 and 90 h.
        "dichotomy"  h/shrink until a trial is acceptable, then `halvings` halvings of log h between that one and the
                     last refused, and the step is the largest that was acceptable (trials before it move nothing).
    first : what follows an accepted one.
        "grow"       h·grow.  (Of "predict" its prediction is taken.)
        "full"       h_max, for flows whose unit of time is their own, as Newton's is.
        "spectral"   by Barzilai and Borwein, of the change s of θ and d of θ': |s|²/⟨s, −d⟩ and ⟨s, −d⟩/|d|² in turn,
                     and 2·max(h, |s|/|d|) where ⟨s, −d⟩ ≤ 0; longer where a memory follows ∇F (`Flow.followed`).
    acceptance : what V⁺ + ratio·h·D is compared with.
        "monotone"   V.
        "averaged"   the average C of the energies so far, C⁺ = (ηQC + V⁺)/Q⁺, Q⁺ = ηQ + 1, η = `average`: V ≤ C and C
                     falls with every step (Zhang & Hager 2004).
        "integrated" R = V(y₀) − ratio Σ h D: what V may still be if it has to fall as its dissipation says on the
                     whole; V ≤ R and R falls with every step.

    accelerate : the growth factor is multiplied by itself after every acceptance that follows another, up to 10⁴, and
    is `grow` again after a refusal: for admissible steps that vary by orders of magnitude.

    Parameters   energy : object with `energy(s, oracle)` and `dissipation(s, oracle)` (`lyapunov.Energy`), or None.
                 ratio : in [0, 1).  h0 : first trial step; None: 2|V|/D, to the minimum 0 of a parabola, but not
                 farther than |θ|.  h_max : bound, at most 1/(the largest rate).
                 shrink, grow : 2 and 2; grow = 10⁴ with an h_max starts every search near h_max.
    Sources      Armijo 1966; Barzilai & Borwein 1988; Bensaid, Poëtte & Turpault, arXiv 2407.01019 (any energy,
                 grow = 10⁴, the dichotomy, the integrated form), 2407.15471.
    """

    energy: Any = None
    ratio: float = 0.5
    h0: float | None = 1.0  # type: ignore[assignment]
    h_max: float = np.inf
    shrink: float = 2.0
    grow: float = 2.0
    accelerate: bool = False
    search: str = "shrink"
    first: str = "grow"
    acceptance: str = "monotone"
    average: float = 0.85
    halvings: int = 3

    def __post_init__(self):
        if self.h0 is not None:
            _positive("h0", self.h0)
        _positive("h_max", self.h_max)
        if not 0 <= self.ratio < 1:
            raise ValueError(f"ratio={self.ratio} must be in [0, 1): the share of the dissipation a step must realise")
        if not self.shrink > 1 or not self.grow >= 1:
            raise ValueError(f"shrink={self.shrink} must be > 1 and grow={self.grow} must be >= 1")
        _ = SEARCHES[self.search], FIRSTS[self.first], ACCEPTANCES[self.acceptance]  # ValueError where there is none
        if not 0 <= self.average < 1:
            raise ValueError(f"average={self.average} must be in [0, 1): the weight of the energies before")
        if isinstance(self.halvings, bool) or not isinstance(self.halvings, (int, np.integer)) or self.halvings < 0:
            raise ValueError(f"halvings={self.halvings!r} must be an integer >= 0")
        if self.accelerate and (self.search == "predict" or self.first != "grow"):
            raise ValueError("accelerate=True multiplies `grow`, which search='predict' and "
                             f"first={self.first!r} do not use: leave it out, or take first='grow'")
        if self.first == "full" and not self.h_max < np.inf:
            raise ValueError("first='full' starts every search at h_max, which is infinite: pass a finite one")

    @property
    def rules(self) -> tuple[Acceptance, Search, First]:
        """The three rules in force."""
        return ACCEPTANCES[self.acceptance], SEARCHES[self.search], FIRSTS[self.first]

    @property
    def monotone(self) -> bool:
        """Whether V itself falls with every step, and not only what it is compared with."""
        return self.acceptance == "monotone"

    @property
    def reuses(self) -> bool:
        """Whether it takes the gradient at the new point, with which the next trial begins."""
        return self.first == "spectral"

    @property
    def memory(self) -> tuple[str, ...]:
        return (*super().memory, *self._rules_memory())

    def _rules_memory(self) -> dict:
        acceptance, search, first = self.rules
        return acceptance.start | search.start(self) | first.start(self)

    def start(self) -> dict:
        return super().start() | self._rules_memory()

    def first_h(self) -> Rate:
        return np.inf if self.h0 is None else super().first_h()

    def source(self, field: VectorField) -> Any:
        """What holds the energy: the one given, or the flow."""
        return self.energy if self.energy is not None else field.flow

    def value(self, field: VectorField, s: State, oracle: Oracle) -> Quantity:
        return self.source(field).energy(s, oracle)

    def check(self, scheme: Scheme, field: VectorField) -> None:
        source = self.source(field)
        if source.energy is None or source.dissipation is None:
            raise ValueError(f"EnergyControl: {type(source).__name__} has no energy with a dissipation; "
                             "pass energy=lyapunov.Energy(...)")

    def ready(self, field: VectorField, y: Array, memory: dict) -> dict:
        if self.h0 is not None:
            return memory
        s = field.state(self.time(memory), y)
        oracle = field.loss.oracle(s.theta)
        source, speed, size = self.source(field), field.theta(field(s.t, y)), total(s.theta**2)
        h = 2 * absolute(source.energy(s, oracle)) / source.dissipation(s, oracle)
        h = where(size > 0, minimum(h, sqrt(size / total(speed**2))), h)
        h = minimum(where((h > 0) & (h < np.inf), h, 1.0), self.h_max)
        return memory | {"h": where(memory["h"] < np.inf, memory["h"], h)}

    def judge(self, scheme: Scheme, field: VectorField, y: Array, memory: dict, y_new: Array, error: Array | None,
              slope: Array) -> Judgement:
        source, h, t = self.source(field), memory["h"], self.time(memory)
        old, new = field.state(t, y), field.state(t, y_new)
        here, there = field.loss.oracle(old.theta), field.loss.oracle(new.theta)
        half = State(**vars(new) | {"theta": old.theta})  # new memory, old θ and gradient

        def move():  # with the new memory at both ends
            (after, rate), (before, _) = (field.flow.followed(*at) for at in ((new, there), (half, here)))
            return new.theta - old.theta, after - before, rate

        tried = Tried(self, memory, h, scheme.dissipation(source, half, here, new, h), source.energy(old, here),
                      source.energy(new, there), move)
        acceptance, search, first = self.rules
        level = acceptance.level(tried)
        rounding = 2 * np.finfo(float).eps * absolute(level)
        ok = tried.after - level <= rounding - self.ratio * h * tried.D
        if scheme.leaves:  # a gradient that the next trial goes on from
            ok = ok & (total(there.gradient**2) < np.inf)
        grown, more = first.next(tried)
        take, if_taken, if_not, too = search.judge(tried, ok, minimum(grown, self.h_max))
        levels = acceptance.after(tried, level)
        after = acceptance.watched(tried, levels)
        return take, where(take, if_taken, if_not), {
            **self.progress(memory, after, here.gradient), **levels, **too, **more}


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
        if self.energy.search == "dichotomy":
            raise ValueError("CombinedControl: a dichotomy tries steps of its own, which an error control would "
                             "change; use search='shrink', 'parabola' or 'predict'")

    @property
    def monotone(self) -> bool:
        return self.energy.monotone

    @property
    def reuses(self) -> bool:
        return self.energy.reuses

    def value(self, field: VectorField, s: State, oracle: Oracle) -> Quantity:
        return self.energy.value(field, s, oracle)

    def ready(self, field: VectorField, y: Array, memory: dict) -> dict:
        return self.energy.ready(field, y, memory)

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
