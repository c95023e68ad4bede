"""The loop: one trial, recorded once, repeated until every lane has an outcome."""
from __future__ import annotations

import functools
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np

from arithmetic import (
    Descended, Graph, Iteration, Node, OracleView, Program, Vector, absolute, drive, iterate, total,
)
from flows import Field

from .base import Scheme
from .control import as_control
from .outcome import Outcome, Stop


@dataclass
class Ensemble:
    """Where the lanes of an ensemble ended: arrays over lanes, the last axis.

    y : (size, lanes) final states.  outcome : integers of `Outcome`.  steps : trials taken.
    accepted : trials accepted.  gradients : gradient evaluations, the stop test's included.  t, h : ODE time, next step.
    """

    y: np.ndarray
    outcome: np.ndarray
    steps: np.ndarray
    accepted: np.ndarray
    gradients: np.ndarray
    t: np.ndarray
    h: np.ndarray


class Step(NamedTuple):
    """One application of the repeated map: the new rows, whether the lane goes on, and what was seen at the old ones.

    observed : |∇F|², |θ'|², |θ|², then the further conditions of `Stop`.  gradients : how many this trial takes.
    """

    rows: list
    go: object
    observed: tuple
    gradients: int


class Problem:
    """A field, a scheme and a control as one repeated map: the state is y and the control's memory.

    `step(z)` is that map with its stop test, in plain arithmetic: rows z to a `Step`.  It serves the recorder (any back
    end) and, where the loss cannot be recorded, NumPy arrays.
    """

    def __init__(self, field: Field, scheme: Scheme, step, stop: Stop):
        if not isinstance(field, Field):
            raise TypeError(f"field must be flow.on(loss), got {type(field).__name__}")
        if not isinstance(scheme, Scheme):
            raise TypeError(f"scheme must be a Scheme such as Euler(), got {scheme!r}")
        if not isinstance(stop, Stop):
            raise TypeError(f"stop must be a Stop such as Stop(gradient=1e-8), got {stop!r}")
        self.field, self.scheme, self.control, self.stop = field, scheme, as_control(step), stop
        # a budget of gradients needs the number of trials, which an adaptive control does not keep
        self._counts_trials = self.control.adaptive and stop.max_gradients is not None
        self.memory = (*self.control.memory, "trials") if self._counts_trials else tuple(self.control.memory)
        self.size = field.size + len(self.memory)
        if stop.box is not None and len(stop.box) != field.dim:
            raise ValueError(f"Stop(box=...) has {len(stop.box)} coordinates, the loss has {field.dim}")

    def start(self, y) -> np.ndarray:
        """The rows z at the states y, (size, lanes)."""
        memory = self.control.start() | {"trials": 0.0}
        return np.vstack([y, *(np.full((1, y.shape[1]), memory[name]) for name in self.memory)])

    def step(self, z) -> Step:
        size, stop = self.field.size, self.stop
        field = _TrialField(self.field)
        y = z[:size]
        memory = dict(zip(self.memory, z[size:], strict=True))
        trial = self.control.trial(self.scheme, field, y, memory)
        gradient, speed = field.loss.oracle(field.theta(y)).gradient, field.theta(trial.slope)
        if isinstance(z[0], Node):  # constants too
            speed = Vector(map(z[0].graph.lift, speed))
        observed = (total(gradient**2), total(speed**2), total(field.theta(y)**2))
        at_rest = (observed[0] <= stop.gradient**2) & (observed[1] <= stop.speed**2)
        go = ~at_rest & (observed[2] <= stop.radius * stop.radius)
        if self.control.adaptive:
            go = go & (memory["h"] >= stop.h_min)
        gradients = len(field.loss.asked)
        ends = self._further_ends(field, y, memory, trial, gradients)
        for condition in ends:
            go = go & ~condition
        after = trial.memory | ({"trials": memory["trials"] + 1} if self._counts_trials else {})
        return Step([*trial.y, *(after[name] for name in self.memory)], go, (*observed, *ends), gradients)

    @property
    def _further_outcomes(self) -> tuple[Outcome, ...]:
        """The outcomes of `_further_ends`, in its order."""
        stop = self.stop
        wanted = {Outcome.LEFT_BOX: stop.box is not None, Outcome.EVENT: stop.event is not None,
                  Outcome.ENERGY_ROSE: bool(stop.energy_rise), Outcome.GRADIENT_LIMIT: stop.max_gradients is not None}
        return tuple(outcome for outcome, here in wanted.items() if here)

    def _further_ends(self, field, y, memory, trial, gradients: int) -> list:
        """The conditions of `Stop` beyond rest, divergence and the limits of steps, where they are asked for."""
        stop, ends = self.stop, []
        s = field.state(self.control.time(memory), y)
        oracle = field.loss.oracle(s.theta)
        if stop.box is not None:
            outside = [(x < low) | (x > high) for x, (low, high) in zip(s.theta, stop.box, strict=True)]
            ends.append(functools.reduce(lambda a, b: a | b, outside))
        if stop.event is not None:
            ends.append(stop.event(s, oracle))
        if stop.energy_rise:
            source = field.flow if stop.energy_rise is True else stop.energy_rise
            if source.energy is None:
                raise ValueError(f"Stop(energy_rise=True): {type(source).__name__} has no energy; "
                                 "pass energy_rise=lyapunov.Energy(...)")
            new = field.state(self.control.time(trial.memory), trial.y)
            before, after = source.energy(s, oracle), source.energy(new, field.loss.oracle(new.theta))
            ends.append(after - before > 2 * np.finfo(float).eps * absolute(before))
        if stop.max_gradients is not None:
            trials, accepted = (memory["trials"], memory["accepted"]) if self.control.adaptive else (memory["n"],) * 2
            ends.append(self._gradients(gradients, trials + 1, accepted + 1) > stop.max_gradients)
        return ends

    def _gradients(self, per_trial: int, trials, accepted):
        """Gradient evaluations after so many trials, the stop test's included.

        The gradient at the start of a trial is kept when it is refused, its other ones are not; the last one of a
        scheme that reuses it is the first one of the next step.
        """
        return (per_trial - 1) * trials + (0 if self.scheme.reuses else accepted) + 1

    @property
    def recordable(self) -> bool:
        return self.field.loss.recordable

    @functools.cached_property
    def _recorded(self) -> tuple[Iteration, Program, int]:
        """The map, what it observes, and the gradients of a trial."""
        graph = Graph()
        z = graph.inputs("z", self.size)
        step = self.step(z)
        new, go = [graph.lift(x) for x in step.rows], graph.lift(step.go)
        kept = self.size - self._idle_counter(new, go, z[-1])
        iteration = Iteration(tuple(z[:kept]), tuple(new[:kept]), go, self.field.dim)
        observe = Program(tuple(z), tuple(graph.lift(x) for x in step.observed))
        return iteration, observe, step.gradients

    def _idle_counter(self, new, go, counter) -> bool:
        """Whether the step counter of a fixed step is read by nothing but itself: the field does not depend on t."""
        return not self.control.adaptive and counter not in Program((), (*new[:-1], go)).tape

    @property
    def iteration(self) -> Iteration:
        """The recorded map."""
        return self._recorded[0]

    def run(self, z: np.ndarray, *, backend: str = "auto", threads: int | None = None,
            max_steps: int | None = None) -> tuple[np.ndarray, np.ndarray]:
        """Repeat the map from rows z, `stop.max_steps` times at most: final rows and trials per lane."""
        max_steps = self.stop.max_steps if max_steps is None else max_steps
        if self.recordable:
            kept = len(self.iteration.state)
            final, steps = iterate(self.iteration, z[:kept], max_steps, backend=backend, threads=threads)
            return np.vstack([final, z[kept:] + steps]), steps
        final, steps = np.empty_like(z), np.zeros(z.shape[1], dtype=np.int64)

        def advance(x, out, count, go):
            step = self.step(x)
            for row, value in zip(out, step.rows, strict=True):
                row[:] = value
            go[:] = step.go

        drive(advance, z, final, steps, max_steps)
        return final, steps

    def finish(self, z: np.ndarray, steps: np.ndarray) -> Ensemble:
        """Outcomes and counts of the final rows z."""
        y, memory = z[: self.field.size], dict(zip(self.memory, z[self.field.size:], strict=True))
        with np.errstate(all="ignore"):
            if self.recordable:
                _, observe, per_trial = self._recorded
                observed = [np.broadcast_to(o, steps.shape) for o in observe(*z)]
            else:
                _, _, observed, per_trial = self.step(z)
            g, v, r, *ends = observed
            rest = (g <= self.stop.gradient**2) & (v <= self.stop.speed**2)
            conditions = [np.isnan(r) | np.isnan(g), ~(r <= self.stop.radius * self.stop.radius)]
            labels = [Outcome.NOT_FINITE, Outcome.DIVERGED]
            further = dict(zip(self._further_outcomes, (np.asarray(e, dtype=bool) for e in ends), strict=True))
            for outcome in (Outcome.LEFT_BOX, Outcome.EVENT, Outcome.CONVERGED, Outcome.ENERGY_ROSE):
                if outcome is Outcome.CONVERGED or outcome in further:
                    conditions.append(rest if outcome is Outcome.CONVERGED else further[outcome])
                    labels.append(outcome)
            if self.control.adaptive:
                conditions.append(~(memory["h"] >= self.stop.h_min))
                labels.append(Outcome.STALLED)
            if Outcome.GRADIENT_LIMIT in further:
                conditions.append(further[Outcome.GRADIENT_LIMIT])
                labels.append(Outcome.GRADIENT_LIMIT)
            conditions.append(steps >= self.stop.max_steps)
            labels.append(Outcome.STEP_LIMIT)
        outcome = np.select(conditions, [int(x) for x in labels], int(Outcome.RUNNING)).astype(np.int8)
        accepted = memory["accepted"].astype(np.int64) if self.control.adaptive else steps
        gradients = self._gradients(per_trial, steps, accepted)
        return Ensemble(y, outcome, steps, accepted, gradients, self.control.time(memory),
                        memory["h"] if self.control.adaptive else np.full(len(steps), self.control.h))


class _TrialField(Field):
    """A field during one trial: the parameters of a state are one array each time, which the loss knows again."""

    def __init__(self, field: Field):
        super().__init__(field.flow, _Points(field.loss))
        self._seen: dict = {}  # id of a state: the state, kept so that its id stays its own, and its parameters

    def theta(self, y):
        if id(y) not in self._seen:
            self._seen[id(y)] = y, super().theta(y)
        return self._seen[id(y)][1]

    def pack(self, values):
        y = super().pack(values)
        self._seen[id(y)] = y, values["theta"]
        return y


class _Points(Descended):
    """A loss during one trial: each point is evaluated once, and those whose gradient was asked for are counted."""

    def __init__(self, loss: Descended):
        self.loss, self.dim, self.name, self.recordable = loss, loss.dim, loss.name, loss.recordable
        self.points: dict = {}
        self.asked: set = set()

    def oracle(self, theta):
        """That of the same recorded numbers, or of the same array."""
        key = tuple(theta) if theta.dtype == object else id(theta)
        if key not in self.points:
            counted = functools.partial(self._gradient, key)
            self.points[key] = theta, OracleView(self.loss.oracle(theta), gradient=counted)
        return self.points[key][1]

    def _gradient(self, key, oracle):
        self.asked.add(key)
        return oracle.gradient
