"""How a run ends, and when to stop it."""
from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, fields
from enum import IntEnum
from typing import Any

import numpy as np

from arithmetic import Box


class Outcome(IntEnum):
    """How a trajectory ended; its value is its place in arrays, and what is known of it stands here.

    label : a few words.  sentence : what happened, with the option to change.  colour : on maps.
    status : what `scipy.optimize.minimize` reports, 0 where it has converged.
    """

    label: str
    sentence: str
    colour: str
    status: int

    def __new__(cls, value: int, label: str = "", colour: str = "", status: int = 1, sentence: str = ""):
        member = int.__new__(cls, value)
        member._value_ = value
        member.label, member.colour, member.status, member.sentence = label, colour, status, sentence
        return member

    RUNNING = 0, "running", "#E8F4FF", 1, "The trajectory has not ended yet."
    CONVERGED = 1, "at rest", "#E8E8E8", 0, (
        "At rest: the gradient and the velocity of theta are below Stop.gradient and Stop.speed.")
    DIVERGED = 2, "diverged", "#8B4513", 2, (
        "theta left the ball of radius Stop.radius: take a smaller step or an energy-controlled one, or raise the "
        "radius where the minimum is farther out.")
    STEP_LIMIT = 3, "steps used up", "#BDBDBD", 1, (
        "Stop.max_steps steps were taken before coming to rest: raise it, or Stop.gradient.")
    STALLED = 4, "stalled", "#7F7F7F", 4, (
        "Neither the energy nor the gradient became smaller in Stop.idle accepted steps, or no step larger than "
        "Stop.h_min was acceptable: the energy cannot be decreased in floating point any further, or ratio is too "
        "large for this flow.")
    NOT_FINITE = 5, "not finite", "#4A2508", 3, (
        "The loss or the state is not a number here: check the start and the domain of the loss.")
    INTERRUPTED = 6, "interrupted", "#FFFFFF", 99, (
        "The run was interrupted from the keyboard or by the callback; what was done is returned, and "
        "integrate(field, run, ...) continues it.")
    LEFT_BOX = 7, "left the box", "#A0703C", 5, "theta left Stop.box: make it larger, or take shorter steps."
    EVENT = 8, "event", "#D8D0E8", 6, "Stop.event holds."
    ENERGY_ROSE = 9, "energy rose", "#C8A080", 7, (
        "The next step would raise the energy of the flow: take a smaller step, or EnergyControl.")
    GRADIENT_LIMIT = 10, "gradients used up", "#A8A8A8", 1, (
        "Another step could take more than Stop.max_gradients gradients: raise it, or Stop.gradient.")
    TIME_LIMIT = 11, "time used up", "#F4F4F4", 1, (
        "max_seconds have passed; what was done is returned, and integrate(field, run, ...) continues it.")
    CYCLE = 12, "cycle", "#B0A8D0", 1, (
        "The trajectory goes round and comes back to where it was: take a smaller step.")
    SHORT_STEP = 13, "short steps", "#D0E0D0", 0, (
        "The next step changes the loss by Stop.ftol at most, or theta by Stop.xtol: as asked for; whether the "
        "gradient is small is another question.")

    @property
    def cut_off(self) -> bool:
        """Whether the run was ended from outside: where it would have gone is not known."""
        return self in (Outcome.RUNNING, Outcome.INTERRUPTED, Outcome.STEP_LIMIT, Outcome.GRADIENT_LIMIT,
                        Outcome.TIME_LIMIT, Outcome.SHORT_STEP)


@dataclass(frozen=True)
class Stop:
    """When a trajectory stops.

    gradient : at rest needs |∇F| ≤ gradient.  speed : and |θ'| ≤ speed (in units of θ over ODE time).
    radius : diverged when |θ| > radius.  max_steps : trials at most, refused ones included.
    h_min : stalled when step control asks for a smaller step.  idle : stalled when, under energy or gain control, so
    many accepted steps in a row have brought neither the lowest energy so far nor the smallest gradient.

    Further conditions, each tested in every trial of every lane where it is given:

    box : a (low, high) per coordinate; ends when θ is outside.
    event : function (s, oracle) of the state and the loss there, in plain arithmetic, that says by a comparison whether
    the lane ends here: `lambda s, oracle: oracle.value < 1e-3`.
    energy_rise : True, or an energy (`lyapunov.Energy`); ends before a step that would raise the flow's energy.
    max_gradients : ends before a step that could exceed so many gradient evaluations, the first one included.
    ftol, xtol : ends where the next step, if it is accepted, has |F − F⁺| ≤ ftol·max(|F|, |F⁺|, 1), or
    |θ − θ⁺| ≤ xtol·(xtol + |θ|): as scipy's methods stop.  A short step says nothing of rest.
    """

    gradient: float = 1e-6
    speed: float = 1e-3
    radius: float = 1e6
    max_steps: int = 100_000
    h_min: float = 1e-150
    box: Box | None = None
    event: Callable | None = None
    energy_rise: Any = False
    max_gradients: int | None = None
    idle: int = 50
    ftol: float | None = None
    xtol: float | None = None

    def __post_init__(self):
        for name in ("gradient", "speed", "radius", "h_min", "ftol", "xtol"):
            value = getattr(self, name)
            if value is None and name in ("ftol", "xtol"):
                continue
            if isinstance(value, bool) or not isinstance(value, (int, float, np.number)) or not value >= 0:
                raise ValueError(f"Stop({name}={value!r}): must be a number >= 0")
            object.__setattr__(self, name, float(value))
        for name in ("max_steps", "max_gradients", "idle"):
            value = getattr(self, name)
            if value is None and name == "max_gradients":
                continue
            if isinstance(value, bool) or not isinstance(value, (int, np.integer)) or value < 1:
                raise ValueError(f"Stop({name}={value!r}): must be an integer >= 1")
            object.__setattr__(self, name, int(value))
        if self.box is not None:
            try:
                box = tuple((float(low), float(high)) for low, high in self.box)
            except (TypeError, ValueError) as error:
                raise ValueError(f"Stop(box={self.box!r}): must be a (low, high) per coordinate") from error
            if not all(low < high for low, high in box):
                raise ValueError(f"Stop(box={self.box!r}): must have low < high for each coordinate")
            object.__setattr__(self, "box", box)
        if self.event is not None and not callable(self.event):
            raise TypeError(f"Stop(event={self.event!r}): must be a function (s, oracle) -> condition")
        if isinstance(self.energy_rise, np.bool_):
            object.__setattr__(self, "energy_rise", bool(self.energy_rise))

    @property
    def functions(self) -> tuple[str, ...]:
        """The conditions that are functions."""
        values = {name: getattr(self, name) for name in ("event", "energy_rise")}
        return tuple(name for name, value in values.items() if not isinstance(value, (bool, type(None))))

    def plain(self) -> dict:
        """The conditions as JSON has them, functions in words; `Stop.read` takes them back."""
        box = None if self.box is None else [list(side) for side in self.box]
        return {f.name: getattr(self, f.name) for f in fields(self)} | {"box": box} | {
            name: {"words": repr(getattr(self, name))} for name in self.functions}

    @classmethod
    def read(cls, plain: dict) -> Stop:
        known: dict[str, Any] = {name: InWords(value["words"]) if isinstance(value, dict) else value
                                 for name, value in plain.items()}
        return cls(**known)


@dataclass(frozen=True)
class InWords:
    """A function of which a file has but the words: what was asked can be read, not asked again."""

    words: str

    def __call__(self, *_):
        raise TypeError(f"{self.words} was read from a file, which has no functions: pass the function itself to Stop")

    energy = property(__call__)

    def __repr__(self):
        return self.words
