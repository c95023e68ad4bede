"""How a run ends, and when to stop it."""
from __future__ import annotations

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
    Outcome.INTERRUPTED: "The run was interrupted from the keyboard; what was done is returned.",
}


@dataclass(frozen=True)
class Stop:
    """When a trajectory stops.

    gradient : at rest needs |∇F| ≤ gradient.  speed : and |θ'| ≤ speed (in units of θ over ODE time).
    radius : diverged when |θ| > radius.  max_steps : trials at most, refused ones included.
    h_min : stalled when step control asks for a smaller step.
    """

    gradient: float = 1e-6
    speed: float = 1e-3
    radius: float = 1e6
    max_steps: int = 100_000
    h_min: float = 1e-150

    def __post_init__(self):
        for name in ("gradient", "speed", "radius", "h_min"):
            value = getattr(self, name)
            if not isinstance(value, (int, float, np.number)) or not value >= 0:
                raise ValueError(f"Stop({name}={value!r}): must be a number >= 0")
        if not isinstance(self.max_steps, (int, np.integer)) or self.max_steps < 1:
            raise ValueError(f"Stop(max_steps={self.max_steps!r}): must be an integer >= 1")
