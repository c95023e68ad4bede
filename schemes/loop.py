"""The loop: one trial, recorded once, repeated until every lane has an outcome."""
from __future__ import annotations

import functools
from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from arithmetic import Graph, Interrupted, Iteration, Program, Reading, Vector, absolute, drive, iterate, repeated, total
from flows import Field

from .base import Scheme
from .control import as_control
from .family import Family
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


class Problem:
    """A field, a scheme and a control as one repeated map: the state is y and the control's memory.

    `step(z)` is that map with its stop test, in plain arithmetic: rows z to (new rows, go, observed), where `observed`
    holds |∇F|², |θ'|² and |θ|² at z, then the further conditions of `stop`.  It serves the recorder (any back end) and,
    where the loss cannot be recorded, NumPy arrays.

    family : where hyperparameters differ between lanes, what makes the algorithm of them; they are then rows of z, between
    y and the memory, that never change.
    """

    def __init__(self, field: Field, scheme: Scheme, step, stop: Stop, family: Family | None = None):
        if not isinstance(field, Field):
            raise TypeError(f"field must be flow.on(loss), got {type(field).__name__}")
        if not hasattr(scheme, "advance"):
            raise TypeError(f"scheme must be a Scheme such as Euler(), got {scheme!r}")
        self.field, self.scheme, self.control, self.stop = field, scheme, as_control(step), stop
        # a budget of gradients needs the number of trials, which an adaptive control does not keep
        self._counts_trials = self.control.adaptive and stop.max_gradients is not None
        self.memory = (*self.control.memory, "trials") if self._counts_trials else tuple(self.control.memory)
        self.family = family
        self.parameters = family.names if family else ()
        self.size = field.size + len(self.parameters) + len(self.memory)
        if stop.box is not None and len(stop.box) != field.dim:
            raise ValueError(f"Stop(box=...) has {len(stop.box)} coordinates, the loss has {field.dim}")

    def begin(self, theta, values: Mapping[str, np.ndarray] | None = None) -> np.ndarray:
        """The rows z at the starts theta, (dim, lanes); values : of the hyperparameters that differ, one per lane."""
        if not self.family:
            return self.start(self.field.start(theta))
        if values is None or set(values) != set(self.parameters):
            raise ValueError(f"begin(theta, values): a value per lane is needed for each of {', '.join(self.parameters)}, got "
                             f"{', '.join(values or ()) or 'none'}")
        lanes = np.shape(theta)[1]
        rows = [np.array(np.broadcast_to(np.asarray(values[name], dtype=float), (lanes,))) for name in self.parameters]
        self.family.check(dict(zip(self.parameters, rows, strict=True)))
        flow, _, control = self.family.at(rows)
        return self._rows(Field(flow, self.field.loss).start(theta), rows, control)

    def start(self, y) -> np.ndarray:
        """The rows z at the states y, (size, lanes)."""
        if self.family:
            raise TypeError("hyperparameters that differ between lanes have a value each: begin(theta, {name: values, …})")
        return self._rows(y, (), self.control)

    def _rows(self, y, parameters, control) -> np.ndarray:
        memory = control.start() | {"trials": 0.0}
        return np.vstack([y, *parameters, *(np.full((1, y.shape[1]), memory[name]) for name in self.memory)])

    def _parts(self, z) -> tuple:
        """(y, flow, scheme, control, memory) of rows z."""
        size, count = self.field.size, len(self.parameters)
        algorithm = (self.family.at(z[size:size + count]) if self.family
                     else (self.field.flow, self.scheme, self.control))
        return z[:size], *algorithm, dict(zip(self.memory, z[size + count:], strict=True))

    def step(self, z):
        y, flow, scheme, control, memory = self._parts(z)
        stop, loss = self.stop, _Remembering(self.field.loss)
        field = Field(flow, loss)
        trial = control.trial(scheme, field, y, memory)
        gradient = field.loss.oracle(field.theta(y)).gradient
        observed = (total(gradient**2), total(field.theta(trial.slope)**2), total(field.theta(y)**2))
        at_rest = (observed[0] <= stop.gradient**2) & (observed[1] <= stop.speed**2)
        go = ~at_rest & (observed[2] <= stop.radius * stop.radius)
        if self.control.adaptive:
            go = go & (memory["h"] >= stop.h_min)
        self._gradients_per_trial = len(loss.gradients)
        ends = self._further_ends(field, control, y, memory, trial)
        for condition in ends:
            go = go & ~condition
        after = trial.memory | ({"trials": memory["trials"] + 1} if self._counts_trials else {})
        parameters = z[self.field.size:self.field.size + len(self.parameters)]
        return [*trial.y, *parameters, *(after[name] for name in self.memory)], go, (*observed, *ends)

    @property
    def _further_outcomes(self) -> tuple[Outcome, ...]:
        """The outcomes of `_further_ends`, in its order."""
        stop = self.stop
        wanted = {Outcome.LEFT_BOX: stop.box is not None, Outcome.EVENT: stop.event is not None,
                  Outcome.ENERGY_ROSE: bool(stop.energy_rise), Outcome.GRADIENT_LIMIT: stop.max_gradients is not None}
        return tuple(outcome for outcome, here in wanted.items() if here)

    def _further_ends(self, field, control, y, memory, trial) -> list:
        """The conditions of `Stop` beyond rest, divergence and the limits of steps, where they are asked for."""
        stop, ends = self.stop, []
        s = field.state(control.time(memory), y)
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
            new = field.state(control.time(trial.memory), trial.y)
            before, after = source.energy(s, oracle), source.energy(new, field.loss.oracle(new.theta))
            ends.append(after - before > 2 * np.finfo(float).eps * absolute(before))
        if stop.max_gradients is not None:
            trials, accepted = (memory["trials"], memory["accepted"]) if self.control.adaptive else (memory["n"],) * 2
            ends.append(self._gradients(trials + 1, accepted + 1) > stop.max_gradients)
        return ends

    def _gradients(self, trials, accepted):
        """Gradient evaluations after so many trials, the stop test's included.

        The gradient at the start of a trial is kept when it is refused, its other ones are not; the last one of a
        scheme that reuses it is the first one of the next step.
        """
        return (self._gradients_per_trial - 1) * trials + (0 if self.scheme.reuses else accepted) + 1

    @property
    def recordable(self) -> bool:
        return getattr(self.field.loss, "recordable", True)

    @functools.cached_property
    def _recorded(self) -> tuple[Iteration, Program]:
        graph = Graph()
        names = [f"z{i}" for i in range(self.size)]
        fixed = range(self.field.size, self.field.size + len(self.parameters))
        z = Vector((graph.parameter if i in fixed else graph.input)(name) for i, name in enumerate(names))

        def rows():
            new, go, observed = self.step(z)
            return [*new, go, *observed]

        nodes = repeated("the step of this flow, scheme, loss and stop", rows, graph)
        new, go, observed = nodes[:self.size], nodes[self.size], nodes[self.size + 1:]
        kept = self.size - self._idle_counter(new, go, z[-1])
        iteration = Iteration(tuple(z[:kept]), tuple(new[:kept]), go, self.field.dim)
        observe = Program(tuple(z), tuple(observed))
        return iteration, observe

    def _idle_counter(self, new, go, counter) -> bool:
        """Whether the step counter of a fixed step is read by nothing but itself: the field does not depend on t."""
        return not self.control.adaptive and counter not in Program((), (*new[:-1], go)).tape

    @property
    def iteration(self) -> Iteration:
        """The recorded map."""
        return self._recorded[0]

    def run(self, z: np.ndarray, *, backend: str = "auto", threads: int | None = None,
            max_steps: int | None = None) -> tuple[np.ndarray, np.ndarray]:
        """Repeat the map from rows z, `stop.max_steps` times at most: final rows and trials per lane.

        threads : as for `arithmetic.iterate`.  A loss of functions that cannot be recorded is called by one thread unless
        more are asked for: only its author knows whether it may be called by several at once.
        A keyboard interrupt is an `arithmetic.Interrupted` that holds how far every lane came.
        """
        max_steps = self.stop.max_steps if max_steps is None else max_steps
        if self.recordable:
            kept = len(self.iteration.state)
            try:
                final, steps = iterate(self.iteration, z[:kept], max_steps, backend=backend, threads=threads)
            except Interrupted as stopped:
                stopped.final = np.vstack([stopped.final, z[kept:] + stopped.steps])
                raise
            return np.vstack([final, z[kept:] + steps]), steps

        def advance(x, out, count, go):
            new, going, _ = self.step(x)
            for row, value in zip(out, new, strict=True):
                row[:] = value
            go[:] = going

        if threads is None and not getattr(self.field.loss, "parallel", False):
            threads = 1
        return drive(advance, z, max_steps, threads=threads)

    def finish(self, z: np.ndarray, steps: np.ndarray) -> Ensemble:
        """Outcomes and counts of the final rows z."""
        y, _, _, control, memory = self._parts(z)
        with np.errstate(all="ignore"):
            if self.recordable:
                observed = [np.broadcast_to(o, steps.shape) for o in self._recorded[1](*z)]
            else:
                observed = self.step(z)[2]
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
        gradients = self._gradients(steps, accepted)
        return Ensemble(y, outcome, steps, accepted, gradients, control.time(memory),
                        memory["h"] if control.adaptive else np.full(len(steps), control.h))


class _Remembering:
    """A loss during one trial: each point is evaluated once, and those whose gradient was asked for are counted."""

    def __init__(self, loss):
        self.loss, self.dim, self.name = loss, loss.dim, getattr(loss, "name", None)
        self.points: dict = {}
        self.gradients: set = set()

    def oracle(self, theta):
        if isinstance(theta.flat[0], Reading):
            key = tuple(theta)
        else:  # the array is kept with its oracle, so its address stays its own
            key = (theta.__array_interface__["data"], theta.shape, theta.strides)
        if key not in self.points:
            self.points[key] = theta, _RememberingOracle(self.loss.oracle(theta), key, self.gradients)
        return self.points[key][1]


class _RememberingOracle:
    def __init__(self, oracle, key, gradients):
        self._oracle, self._key, self._gradients = oracle, key, gradients

    def __getattr__(self, name):
        if name == "gradient":
            self._gradients.add(self._key)
        return getattr(self._oracle, name)
