"""Step control, apart from the stages: one *trial* per pass, accepted or refused by select, no inner loops."""
from __future__ import annotations

from dataclasses import dataclass
from typing import NamedTuple

import numpy as np

from arithmetic import absolute, exp, log, minimum, sqrt, total, where
from flows import State


class Trial(NamedTuple):
    """The outcome of one trial: what holds after it, whether or not the step was accepted."""

    y: object
    memory: dict
    slope: object


@dataclass(frozen=True)
class FixedStep:
    """Every step is h, in ODE time (one step of gradient descent of `lr` is h = lr)."""

    h: float
    adaptive = False
    memory = ("n",)

    def __post_init__(self):
        _positive("h", self.h)

    def start(self) -> dict:
        return {"n": 0.0}

    def time(self, memory):
        return memory["n"] * self.h

    def trial(self, scheme, field, y, memory) -> Trial:
        y_new, _, slope = scheme.advance(field, self.time(memory), y, self.h)
        return Trial(y_new, {"n": memory["n"] + 1}, slope)


class _Adaptive:
    """A control whose memory is the next step `h`, the time `t` and the number of accepted steps."""

    adaptive = True
    memory = ("h", "t", "accepted")

    def start(self) -> dict:
        return {"h": self.h0, "t": 0.0, "accepted": 0.0}

    def time(self, memory):
        return memory["t"]

    def _decide(self, accept, y, y_new, h, h_next, memory, slope) -> Trial:
        keep = where(accept, y_new, y)
        return Trial(keep, {"h": h_next, "t": memory["t"] + where(accept, h, 0.0),
                            "accepted": memory["accepted"] + where(accept, 1.0, 0.0)}, slope)


@dataclass(frozen=True)
class ErrorControl(_Adaptive):
    """Accept a step when its error estimate is small, and choose the next one from it.

    relative=True (the default) measures the error in units of the displacement, |error| ≤ tol·h|k₁|: this does not
    change when F or θ are rescaled, keeps hλ ≤ 2·tol near a minimum and so converges, where an absolute tolerance
    stalls at a distance of about tol.  Next step: h·clip(safety·(tol/e)^(1/q), 0.2, 5), e the measured error and q its
    order in h.

    Parameters   tol : in (0, ½) if relative, else in units of the state.  h0 : first trial step.  h_max : bound.
    Sources      Hairer, Nørsett & Wanner, Solving ODEs I, II.4.
    """

    tol: float = 0.1
    relative: bool = True
    h0: float = 0.1
    h_max: float = np.inf
    safety: float = 0.9

    def __post_init__(self):
        _positive("tol", self.tol)
        _positive("h0", self.h0)
        _positive("h_max", self.h_max)
        if self.relative and not self.tol < 0.5:
            raise ValueError(f"tol={self.tol} is relative to the displacement and must be < 0.5, where steps at a "
                             "minimum stop contracting; 0.1 serves everywhere, or pass relative=False")

    def trial(self, scheme, field, y, memory) -> Trial:
        if scheme.error_order is None:
            raise ValueError(f"ErrorControl needs a scheme with an error estimate, {type(scheme).__name__} has none; "
                             "use EulerRichardson(), or EnergyControl")
        h = memory["h"]
        y_new, error, slope = scheme.advance(field, self.time(memory), y, h)
        size = total(error**2)
        if self.relative:
            bound, q = (self.tol * h)**2 * total(slope**2), scheme.error_order
            accept = (size <= bound) & (bound < np.inf)
        else:
            bound, q = self.tol**2, scheme.error_order + 1
            accept = size <= bound
        factor = self.safety * _root(bound / size, 2 * q)
        factor = where(factor > 0.2, minimum(factor, 5.0), 0.2)  # NaN, as from a step out of the domain, shrinks
        return self._decide(accept, y, y_new, h, minimum(h * factor, self.h_max), memory, slope)


def _root(x, n: int):
    """The n-th root, by square roots where n is a power of two."""
    while n % 2 == 0:
        x, n = sqrt(x), n // 2
    return x if n == 1 else exp(log(x) / n)


@dataclass(frozen=True)
class EnergyControl(_Adaptive):
    """Accept a step when the discrete energy falls as the continuous one must: V(y⁺) − V(y) ≤ −ratio·h·D.

    V is an energy of the flow (its own unless given) and D ≥ 0 its dissipation, taken at the new memory and the old
    gradient; on gradient descent with Euler this is Armijo's rule.  Accepted: h·grow; refused: h/shrink.  The energy
    decreases along every run whatever the loss, so none diverges on a sublevel set that is bounded.  A difference
    within the rounding of V passes: there V cannot tell.

    Parameters   energy : object with `energy(s, oracle)` and `dissipation(s, oracle)` (`lyapunov.Energy`), or None.
                 ratio : in [0, 1).  h0 : first trial step.  h_max : bound, at most 1/(the largest rate).
    Sources      Armijo 1966; Bensaid, Poëtte & Turpault, arXiv 2407.01019 (any energy), 2407.15471.
    """

    energy: object = None
    ratio: float = 0.5
    h0: float = 1.0
    h_max: float = np.inf
    shrink: float = 2.0
    grow: float = 2.0

    def __post_init__(self):
        _positive("h0", self.h0)
        _positive("h_max", self.h_max)
        if not 0 <= self.ratio < 1:
            raise ValueError(f"ratio={self.ratio} must be in [0, 1): the share of the dissipation a step must realise")
        if not self.shrink > 1 or not self.grow >= 1:
            raise ValueError(f"shrink={self.shrink} must be > 1 and grow={self.grow} must be >= 1")

    def trial(self, scheme, field, y, memory) -> Trial:
        source = self.energy if self.energy is not None else field.flow
        if source.energy is None or source.dissipation is None:
            raise ValueError(f"EnergyControl: {type(source).__name__} has no energy with a dissipation; "
                             "pass energy=lyapunov.Energy(...)")
        h, t = memory["h"], self.time(memory)
        y_new, _, slope = scheme.advance(field, t, y, h)
        old, new = field.state(t, y), field.state(t, y_new)
        here, there = field.loss.oracle(old.theta), field.loss.oracle(new.theta)
        half = State(**vars(new) | {"theta": old.theta})  # new memory, old θ and gradient
        before, after = source.energy(old, here), source.energy(new, there)
        rounding = 2 * np.finfo(float).eps * absolute(before)
        accept = after - before <= rounding - self.ratio * h * source.dissipation(half, here)
        h_next = where(accept, minimum(h * self.grow, self.h_max), h / self.shrink)
        return self._decide(accept, y, y_new, h, h_next, memory, slope)


def as_control(step):
    """A control from a number (a fixed step) or a control."""
    if hasattr(step, "trial"):
        return step
    if isinstance(step, (int, float, np.number)) and not isinstance(step, bool):
        return FixedStep(float(step))
    raise TypeError(f"step must be a positive number or a control (FixedStep, ErrorControl, EnergyControl), got {step!r}")


def _positive(name: str, value) -> None:
    if isinstance(value, bool) or not isinstance(value, (int, float, np.number)):
        raise TypeError(f"{name} must be a number, got {value!r}")
    if not value > 0:
        raise ValueError(f"{name}={value} must be positive")
