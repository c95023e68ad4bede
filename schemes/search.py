"""The rules of `EnergyControl`: what is accepted, what follows a refused trial, what follows an accepted one.

Each sees one trial, `Tried`, and its own memory, by name; none repeats anything: the next trial is the next pass.
"""
from __future__ import annotations

from collections.abc import Callable
from typing import Any, NamedTuple

import numpy as np

from arithmetic import Catalogue, Quantity, exp, maximum, minimum, sqrt, total, where


class Tried(NamedTuple):
    """One trial of a step h from the energy `before` to `after`, where the flow dissipates D per time.

    control : whose options hold.  memory : before the trial.  move : () -> (Δθ, the change of `Flow.followed`), which
    takes a gradient.
    """

    control: Any
    memory: dict
    h: Quantity
    D: Quantity
    before: Quantity
    after: Quantity
    move: Callable[[], tuple]


Changes = dict[str, tuple]  #: of the memory: (value if the step is taken, value if not)


class Acceptance(NamedTuple):
    """start : its memory.  level : what V⁺ + ratio·h·D is compared with.  after : (trial, level) -> the memory next.
    watched : (trial, the memory next) -> what is at a standstill where it falls no more, V unless given."""

    start: dict[str, float]
    level: Callable[[Tried], Quantity]
    after: Callable[[Tried, Quantity], Changes]
    watched: Callable[[Tried, Changes], Quantity] = lambda tried, levels: tried.after


class Search(NamedTuple):
    """start : control -> its memory.  judge : (trial, whether it is acceptable, the h after acceptance)
    -> (whether the step is taken, the next h if so, the next h if not, the memory next)."""

    start: Callable[[Any], dict[str, float]]
    judge: Callable[[Tried, Quantity, Quantity], tuple[Quantity, Quantity, Quantity, Changes]]


class First(NamedTuple):
    """start : control -> its memory.  next : trial -> (h after acceptance, the memory next)."""

    start: Callable[[Any], dict[str, float]]
    next: Callable[[Tried], tuple[Quantity, Changes]]


# ---------------------------------------------------------------------------------------------- what is accepted
def _average_of(tried: Tried):
    return where(tried.memory["Q"] > 0, tried.memory["C"], tried.before)


def _averaged(tried: Tried, level) -> Changes:
    Q = tried.memory["Q"]
    weight = tried.control.average * where(Q > 0, Q, 1.0) + 1
    return {"C": (level + (tried.after - level) / weight, level), "Q": (weight, Q)}


def _allowed(tried: Tried):
    return where(tried.memory["R"] < np.inf, tried.memory["R"], tried.before)


def _integrated(tried: Tried, level) -> Changes:
    return {"R": (level - tried.control.ratio * tried.h * tried.D, level)}


ACCEPTANCES: Catalogue[Acceptance] = Catalogue("acceptance", {
    "monotone": Acceptance({}, lambda tried: tried.before, lambda tried, level: {}),
    "averaged": Acceptance({"C": 0.0, "Q": 0.0}, _average_of, _averaged, lambda tried, levels: levels["C"][0]),
    "integrated": Acceptance({"R": np.inf}, _allowed, _integrated)})


# ------------------------------------------------------------------------------------ what follows a refused trial
def _nothing(control) -> dict[str, float]:
    return {}


def _bent(tried: Tried):
    """h·a of the parabola V − h D + a h² through V⁺, in units of D: 0 where V⁺ is on the tangent."""
    return (tried.after - tried.before + tried.h * tried.D) / (tried.h * tried.D)


def _within(share, low: float, high: float):
    """The share between its bounds; the lower one for what is not a number, as from a step out of the domain."""
    return where(share > low, minimum(share, high), low)


def _shrink(tried, ok, grown):
    return ok, grown, tried.h / tried.control.shrink, {}


def _parabola(tried, ok, grown):
    return ok, grown, tried.h * _within(1 / (2 * _bent(tried)), 0.1, 0.5), {}


def _predict(tried, ok, grown):
    free = 1 - tried.control.ratio
    h = tried.h * _within(0.9 * free / maximum(_bent(tried), 0.01 * free), 0.01, 90.0)
    refused = where(h < tried.h, h, tried.h / tried.control.shrink)  # where the rounding of V refuses
    return ok, minimum(h, tried.control.h_max), refused, {}


def _dichotomy(tried, ok, grown):
    control, memory = tried.control, tried.memory
    low, high = where(ok, tried.h, memory["low"]), where(ok, memory["high"], tried.h)
    left = memory["left"]
    take = ok & (~(high < np.inf) | (left <= 0))
    between = low * sqrt(high / where(low > 0, low, high))
    h = where(low > 0, where(left > 0, between, low), tried.h / control.shrink)
    left = where((low > 0) & (left > 0), left - 1, left)
    return take, grown, h, {"low": (0.0, low), "high": (np.inf, high), "left": (float(control.halvings), left)}


SEARCHES: Catalogue[Search] = Catalogue("search", {
    "shrink": Search(_nothing, _shrink),
    "parabola": Search(_nothing, _parabola),
    "predict": Search(_nothing, _predict),
    "dichotomy": Search(lambda control: {"low": 0.0, "high": np.inf, "left": float(control.halvings)}, _dichotomy)})


# ---------------------------------------------------------------------------------- what follows an accepted trial
def _grow(tried: Tried):
    control = tried.control
    if not control.accelerate:
        return tried.h * control.grow, {}
    growth = tried.memory["growth"]
    return tried.h * growth, {"growth": (minimum(growth * control.grow, 1e4), control.grow)}


def _full(tried: Tried):
    return tried.control.h_max, {}


def _followed(h, rate):
    """How long a memory that starts from 0 and follows at this rate takes to bring what it would have brought in h.

    The solution x of x (1 − e^{−rate·x}) = h, which is h where the memory forgets within it and √(h/rate) where it
    does not: one pass from the larger of the two.  Longer than h by √(h/rate), the fast directions never come to rest.
    """
    return h / (1 - exp(-rate * maximum(h, sqrt(h / rate))))


def _spectral(tried: Tried):
    move, change, rate = tried.move()
    long, curved, short = total(move**2), -total(move * change), total(change**2)
    turn = tried.memory["turn"]
    straight = 2 * maximum(tried.h, sqrt(long / short))
    h = where(turn > 0, curved / short, long / curved)
    if rate is not None:
        h = _followed(maximum(h, 0.0), rate)
    h = where(curved > 0, h, straight)
    return where((h > 0) & (h < np.inf), h, 2 * tried.h), {"turn": (1 - turn, turn)}


FIRSTS: Catalogue[First] = Catalogue("first trial", {
    "grow": First(lambda control: {"growth": control.grow} if control.accelerate else {}, _grow),
    "full": First(_nothing, _full),
    "spectral": First(lambda control: {"turn": 0.0}, _spectral)})
