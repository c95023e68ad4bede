"""Orbits that come back: cycles and irregular motion are seen while the starts run.

A map that is repeated comes to rest, leaves, or does neither; then it may go round for ever, as gradient descent with
a step that is too large does, and near a minimum too.  After 1024 steps, 2048, 4096, … the lanes that still go are
looked at: 128 further steps tell whether they come back after 2, 3, … 64 of them, and 1024 whether they still do.
"""
from __future__ import annotations

import functools
from collections.abc import Callable
from typing import Any

import numpy as np

from arithmetic import Interrupted
from schemes import Problem

FIRST = 1024     #: steps before the first look; half of them all where that is less
LONGEST = 64     #: period that is looked for
SHORTEST = 256   #: limit of the steps from which on lanes are looked at: a look takes half as many
CLOSE = 1e-7     #: share of its extent to which a cycle comes back, each time
STAYING = 1024   #: steps after which what goes round still has to
APART = 1e-8     #: share of the extent by which a neighbour is moved, to see whether orbits part
PARTED = 1e3     #: how many times farther apart they are then
PARTING = 512    #: steps later
LANES = 4096     #: whose paths are in memory at once
IRREGULAR = -1   #: the period of an orbit that is bent, bounded, no cycle, and parts from its neighbours


def followed(problem: Problem, z: np.ndarray, limit: int | None = None, *, run: Callable | None = None,
             **options) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """`problem.run`, but that lanes on a cycle are ended where that is seen: (rows, steps, period).

    limit : steps at most, those of the stop unless given.  options : `backend` and `threads`.  run : what is called for
    `problem.run`.
    period : (lanes,) how many steps a cycle takes, `IRREGULAR`, or 0.  What a lane does depends on no other lane.
    A keyboard interrupt is an `arithmetic.Interrupted` that holds how far every lane came.  z may become the rows.
    """
    run = run or functools.partial(problem.run, overwrite=True)
    limit, n = problem.stop.max_steps if limit is None else limit, z.shape[1]
    steps, period, bent = np.zeros(n, dtype=np.int64), np.zeros(n, dtype=np.int8), np.zeros(n, dtype=bool)
    changing = problem.recordable and problem.clocked
    going, done, look = np.arange(n), 0, min(FIRST, limit // 2) if limit >= SHORTEST else limit
    while len(going) and done < limit:
        budget = min(look, limit) - done
        try:
            rows, taken = run(z[:, going] if done else z, max_steps=budget, **options)
        except Interrupted as stopped:
            raise Interrupted(*_put(z, steps, going, stopped.final, stopped.steps)) from None
        z, steps = _put(z, steps, going, rows, taken)
        done, look = done + budget, 2 * look
        going = going[taken == budget]
        if len(going) and limit >= SHORTEST:
            try:
                orbits = _Orbits(problem, z[:, going], options)
                # (of a map that changes with time, as Adam's, nobody knows whether its motion lasts)
                parts = orbits.irregular() if done == limit and not changing else None
            except Interrupted:
                raise Interrupted(z, steps) from None
            period[going] = orbits.period
            if parts is not None:  # bent at two looks, and parting from its neighbours
                period[going[bent[going] & parts]] = IRREGULAR
            bent[going] = orbits.bent
            going = going[period[going] == 0]
    return z, steps, period


def _put(z, steps, going, rows, taken) -> tuple[np.ndarray, np.ndarray]:
    """Rows and steps with those of the lanes `going` as far as they have come."""
    if len(going) == len(steps):
        return rows, steps + taken
    z[:, going], steps[going] = rows, steps[going] + taken
    return z, steps


def periods(problem: Problem, z: np.ndarray, **options) -> np.ndarray:
    """How many steps each lane at rows z takes to come back, as far as the next steps tell; 0 where it does not."""
    return _Orbits(problem, z, options).period if z.shape[1] else np.zeros(0, dtype=np.int8)


class _Orbits:
    """What some steps more tell of lanes at rows z: `period`, 0 for none, and whether they are `bent`.

    A slow motion leads some eight times as far in 64 steps as in 8; what goes round is bent.
    """

    def __init__(self, problem: Problem, z: np.ndarray, how: dict[str, Any]):
        self.problem, self.z, self.how = problem, z, how
        near = self._after(z, 7), self._after(z, 8)  # (one of them is odd: a cycle of 2 is not missed in a slow motion)
        with np.errstate(over="ignore", invalid="ignore"):
            short, long = np.maximum(*map(self._distance, near)), self._distance(self._after(z, 64))
            self.bent = (long < 4 * short) | (short == 0) & (long == 0)
        self.period, self.extent = np.zeros(z.shape[1], dtype=np.int8), np.zeros(z.shape[1])
        chosen = np.flatnonzero(self.bent)
        for first in range(0, len(chosen), LANES):
            some = chosen[first:first + LANES]
            self.period[some], self.extent[some], self.bent[some] = self._periods(z[:, some])

    def _after(self, z, n: int) -> np.ndarray:
        return self.problem.run(z, max_steps=n, **self.how)[0]

    def _distance(self, z) -> np.ndarray:
        theta = slice(self.problem.field.dim)
        return np.linalg.norm(z[theta] - self.z[theta], axis=0)

    def _periods(self, z) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        """(period, extent, whether it moves on) of a few lanes, from the paths of their next steps."""
        orbit, steps = self.problem.path(z, 2 * LONGEST, **self.how)
        going = steps == 2 * LONGEST
        with np.errstate(over="ignore", invalid="ignore"):
            extent = np.sqrt(((orbit - orbit[0])**2).sum(axis=1)).max(axis=0)
            # what moves by its rounding alone stands still: that is no orbit
            going &= extent > 1e-12 * (1 + np.abs(orbit).max(axis=(0, 1)))
            period = np.zeros(len(extent), dtype=np.int8)
            once = going & (np.abs(orbit[:LONGEST + 1] - orbit[0]).max(axis=1) <= CLOSE * extent)
            for p in map(int, 2 + np.flatnonzero(once[2:].any(axis=1))):
                lanes = np.flatnonzero(once[p] & (period == 0))
                back = np.abs(orbit[p:, :, lanes] - orbit[:-p, :, lanes]).max(axis=(0, 1))
                period[lanes[back <= CLOSE * extent[lanes]]] = p
            for p in map(int, np.unique(period[period > 0])):  # a control may leave what it has tried many times
                lanes, rounds = np.flatnonzero(period == p), -(-STAYING // p)
                later, steps = self.problem.run(z[:, lanes], max_steps=rounds * p, **self.how)
                away = np.abs(later[:len(orbit[0])] - orbit[0][:, lanes]).max(axis=0)
                period[lanes[(steps < rounds * p) | ~(away <= rounds * CLOSE * extent[lanes])]] = 0
        return period, extent, going

    def irregular(self) -> np.ndarray:
        """Whether a neighbour of the lane is far from it some steps later, as on chaotic orbits."""
        result, chosen = np.zeros(len(self.bent), dtype=bool), np.flatnonzero(self.bent & (self.period == 0))
        if len(chosen):
            z, beside, theta = self.z[:, chosen], self.z[:, chosen], slice(self.problem.field.dim)
            beside[theta] += APART * self.extent[chosen]
            with np.errstate(over="ignore", invalid="ignore"):
                apart = np.linalg.norm(beside[theta] - z[theta], axis=0)
                ends = (self._after(x, PARTING)[theta] for x in (z, beside))
                result[chosen] = np.linalg.norm(np.subtract(*ends), axis=0) > PARTED * apart
        return result
