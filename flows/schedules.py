"""Learning-rate schedules: the speed σ(t) at which a flow runs through its time, and the time ∫σ it has then run.

Each is called with the ODE time t of the step, from 0 (with a step h, the n-th step is taken at t = (n − 1) h), and
`time(t)` is the time of the unscheduled flow.  To add one: a dataclass with these two functions.
"""
from __future__ import annotations

import math
from dataclasses import dataclass

from arithmetic import cos, exp, is_symbolic, log, maximum, minimum, power, sin
from arithmetic.late import sympy


class Schedule:
    """σ(t) by `schedule(t)`, its integral from 0 by `schedule.time(t)`, both in plain arithmetic."""

    def __call__(self, t):
        raise NotImplementedError(f"{type(self).__name__} must define __call__(self, t)")

    def time(self, t):
        raise NotImplementedError(f"{type(self).__name__} must define time(self, t), the integral of the schedule")

    def _check(self, **positive) -> None:
        for name, value in positive.items():
            if not is_symbolic(value) and not value > 0:
                raise ValueError(f"{type(self).__name__}({name}={value}): must be positive, in ODE time or its inverse")


@dataclass(frozen=True)
class Constant(Schedule):
    """σ = factor."""

    factor: float = 1.0

    def __call__(self, t):
        return self.factor

    def time(self, t):
        return self.factor * t


@dataclass(frozen=True)
class Cosine(Schedule):
    """Half a cosine from 1 to `end` over the time T, then `end`: end + (1 − end)(1 + cos(π t/T))/2.

    Sources: Loshchilov & Hutter 2017; torch `CosineAnnealingLR(T_max=T/h, eta_min=end·lr)`.
    """

    T: float
    end: float = 0.0

    def __post_init__(self):
        self._check(T=self.T)

    def __call__(self, t):
        return self.end + (1 - self.end) * (1 + cos(_pi(t) * minimum(t, self.T) / self.T)) / 2

    def time(self, t):
        inside = minimum(t, self.T)
        wave = self.T / _pi(t) * sin(_pi(t) * inside / self.T)
        return self.end * t + (1 - self.end) * (inside + wave) / 2


@dataclass(frozen=True)
class Exponential(Schedule):
    """σ = e^{−rate·t}: torch `ExponentialLR(gamma)` with rate = −ln(gamma)/h."""

    rate: float

    def __post_init__(self):
        self._check(rate=self.rate)

    def __call__(self, t):
        return exp(-self.rate * t)

    def time(self, t):
        return (1 - exp(-self.rate * t)) / self.rate


@dataclass(frozen=True)
class InverseTime(Schedule):
    """σ = 1/(1 + rate·t): Robbins and Monro's 1/t."""

    rate: float

    def __post_init__(self):
        self._check(rate=self.rate)

    def __call__(self, t):
        return 1 / (1 + self.rate * t)

    def time(self, t):
        return log(1 + self.rate * t) / self.rate


@dataclass(frozen=True)
class Power(Schedule):
    """σ = (1 + rate·t)^(−power): the steps of averaged gradient descent (torch `ASGD`)."""

    rate: float
    power: float = 0.75

    def __post_init__(self):
        self._check(rate=self.rate, power=self.power)

    def __call__(self, t):
        return power(1 + self.rate * t, -self.power)

    def time(self, t):
        if self.power == 1:
            return log(1 + self.rate * t) / self.rate
        return (power(1 + self.rate * t, 1 - self.power) - 1) / (self.rate * (1 - self.power))


@dataclass(frozen=True)
class Warmup(Schedule):
    """A line from `start` to 1 over the time T, and then the schedule `then` from its beginning.

    Source: Goyal et al. 2017; torch `LinearLR(start_factor=start, total_iters=T/h)`.
    """

    T: float
    start: float = 0.0
    then: Schedule = Constant()

    def __post_init__(self):
        self._check(T=self.T)

    def __call__(self, t):
        line = self.start + (1 - self.start) * minimum(t, self.T) / self.T
        return line * self.then(maximum(t - self.T, 0))

    def time(self, t):
        inside = minimum(t, self.T)
        return (self.start * inside + (1 - self.start) * inside * inside / (2 * self.T)
                + self.then.time(maximum(t - self.T, 0)))


def _pi(t):
    """π on the reading of t."""
    return sympy.pi if is_symbolic(t) else math.pi
