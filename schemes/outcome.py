"""How a run ends, and when to stop it."""
from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from enum import IntEnum

import numpy as np


class Outcome(IntEnum):
    """How a trajectory ended; `outcome.sentence` says it in words, with the option to change."""

    RUNNING = 0
    CONVERGED = 1
    DIVERGED = 2
    STEP_LIMIT = 3
    STALLED = 4
    NOT_FINITE = 5
    INTERRUPTED = 6
    LEFT_BOX = 7
    EVENT = 8
    ENERGY_ROSE = 9
    GRADIENT_LIMIT = 10
    TIME_LIMIT = 11

    @property
    def sentence(self) -> str:
        return _SENTENCES[self]


_SENTENCES = {
    Outcome.RUNNING: "The trajectory has not ended yet.",
    Outcome.CONVERGED: "At rest: the gradient and the velocity of theta are below Stop.gradient and Stop.speed.",
    Outcome.DIVERGED: "theta left the ball of radius Stop.radius: take a smaller step, or an energy-controlled one.",
    Outcome.STEP_LIMIT: "Stop.max_steps steps were taken before coming to rest: raise it, or Stop.gradient.",
    Outcome.STALLED: "No step larger than Stop.h_min was acceptable: the energy cannot be decreased in floating point "
                     "any further, or ratio is too large for this flow.",
    Outcome.NOT_FINITE: "The loss or the state is not a number here: check the start and the domain of the loss.",
    Outcome.INTERRUPTED: "The run was interrupted from the keyboard or by the callback; what was done is returned, and "
                         "integrate(field, run, ...) continues it.",
    Outcome.LEFT_BOX: "theta left Stop.box: make it larger, or take shorter steps.",
    Outcome.EVENT: "Stop.event holds.",
    Outcome.ENERGY_ROSE: "The next step would raise the energy of the flow: take a smaller step, or EnergyControl.",
    Outcome.GRADIENT_LIMIT: "Another step could take more than Stop.max_gradients gradients: raise it, or Stop.gradient.",
    Outcome.TIME_LIMIT: "max_seconds have passed; what was done is returned, and integrate(field, run, ...) continues it.",
}


@dataclass(frozen=True)
class Stop:
    """When a trajectory stops.

    gradient : at rest needs |∇F| ≤ gradient.  speed : and |θ'| ≤ speed (in units of θ over ODE time).
    radius : diverged when |θ| > radius.  max_steps : trials at most, refused ones included.
    h_min : stalled when step control asks for a smaller step.

    Further conditions, each tested in every trial of every lane where it is given:

    box : a (low, high) per coordinate; ends when θ is outside.
    event : function (s, oracle) of the state and the loss there, in plain arithmetic, that says by a comparison whether
    the lane ends here: `lambda s, oracle: oracle.value < 1e-3`.
    energy_rise : True, or an energy (`lyapunov.Energy`); ends before a step that would raise the flow's energy.
    max_gradients : ends before a step that could exceed so many gradient evaluations, the first one included.
    """

    gradient: float = 1e-6
    speed: float = 1e-3
    radius: float = 1e6
    max_steps: int = 100_000
    h_min: float = 1e-150
    box: tuple | None = None
    event: Callable | None = None
    energy_rise: object = False
    max_gradients: int | None = None

    def __post_init__(self):
        for name in ("gradient", "speed", "radius", "h_min"):
            value = getattr(self, name)
            if not isinstance(value, (int, float, np.number)) or not value >= 0:
                raise ValueError(f"Stop({name}={value!r}): must be a number >= 0")
        for name in ("max_steps", "max_gradients"):
            value = getattr(self, name)
            if (value is not None or name == "max_steps") and (not isinstance(value, (int, np.integer)) or value < 1):
                raise ValueError(f"Stop({name}={value!r}): must be an integer >= 1")
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
