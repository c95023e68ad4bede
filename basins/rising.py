"""The share of steps on which an energy rises: where a discretisation does what its flow cannot."""
from __future__ import annotations

import dataclasses
from typing import TYPE_CHECKING

import numpy as np

from arithmetic import Array, Vector, absolute, where
from flows import check_theta
from networks import Objective
from schemes import Optimizer, Problem, Stop

if TYPE_CHECKING:
    from lyapunov import Energy  # which takes long to load


class _Rising(Problem):
    """A problem that counts the steps on which an energy rises, in a row between y and the control's memory."""

    def __init__(self, energy, *parts):
        super().__init__(*parts)
        self.energy, self.size = energy, self.size + 1

    def start(self, y: Array) -> np.ndarray:
        return np.insert(super().start(y), self.field.size, 0.0, axis=0)

    def step(self, z: Array):
        size = self.field.size
        rows = z[[i for i in range(len(z)) if i != size]]
        step = super().step(rows)
        new = Vector(step.rows) if isinstance(z, Vector) else np.array(step.rows)
        before, after = self._height(rows), self._height(new)
        rose = where(after - before > 2 * np.finfo(float).eps * absolute(before), 1.0, 0.0)
        return step._replace(rest=[z[size] + rose, *step.rest])

    def _height(self, rows):
        memory = dict(zip(self.memory, rows[self.field.size:], strict=True))
        s = self.field.state(self.control.time(memory), rows[:self.field.size])
        return self.energy(s, self.field.loss.oracle(s.theta))


def rises(loss: Objective, optimizer: Optimizer, starts: np.ndarray, energy: Energy | None = None, *,
          stop: Stop | None = None, backend: str = "auto", threads: int | None = None) -> np.ndarray:
    """(n,) the share of the steps from each start on which the energy rises by more than rounding; 0 where none is
    taken.

    energy : the flow's own unless given, which along the flow itself never rises.  starts, stop, backend, threads : as
    for `study`.  Of an adaptive optimizer the accepted steps count.
    Raises ValueError for a flow without an energy of its own.
    """
    height = optimizer.flow.energy if energy is None else energy
    if height is None:
        raise ValueError(f"{type(optimizer.flow).__name__} has no energy of its own; pass one of "
                         "lyapunov.energies(flow), or a lyapunov.Energy")
    theta = check_theta(starts, loss.dim)
    alone = dataclasses.replace(optimizer, kin=None).problem(loss, stop)
    problem = _Rising(height, alone.field, alone.scheme, alone.control, alone.stop)
    z, steps = problem.run(problem.begin(theta.reshape(loss.dim, -1)), backend=backend, threads=threads)
    memory = dict(zip(problem.memory, z[problem.field.size + 1:], strict=True))
    taken = memory["accepted"] if problem.control.adaptive else steps
    return z[problem.field.size] / np.maximum(taken, 1)
