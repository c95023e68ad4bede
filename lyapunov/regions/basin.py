"""Certified regions: sublevel sets of an energy that provably lie in the basin of a minimum."""
from __future__ import annotations

import functools
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import numpy as np
import sympy
from numpy.typing import ArrayLike

from arithmetic import Readable, entry, latex, short
from flows import Flow
from networks import CriticalPoint, Objective, as_point

from ..classes import F
from ..decrease import falls
from ..derivation import judged_energies, known_energies
from ..energy import Energy
from ..local import ATTRACTING, STABLE, resting, stability, state_at
from .wells import Well, well

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.contour import QuadContourSet


@dataclass(frozen=True, eq=False)
class BasinCertificate(Readable):
    """{V < level}, connected with θ*: from all of it the flow ends in θ*.

    level : exact (∞: everywhere).  inner : the level up to which `contains` answers yes, at most `level`.
    argument : the proof, in words.  well : the part of {F < level}.  energy : V.
    """

    flow: Flow
    well: Well
    energy: Energy = field(repr=False)
    argument: tuple[str, ...] = field(repr=False)

    @property
    def level(self) -> sympy.Expr:
        return self.well.level

    @property
    def inner(self) -> float:
        return self.well.inner

    @property
    def point(self) -> CriticalPoint:
        return self.well.point

    def contains(self, theta: ArrayLike, **memory: ArrayLike) -> np.ndarray:
        """Whether a start provably ends in θ*: V < inner there, and θ in a cell of the covering.

        theta : (dim,) or (dim, lanes).  memory : blocks of the flow, shaped as theta (scalar blocks: numbers or
        (lanes,)); if any is given, the others are at rest (the bias corrections at 1); none: the flow's own start.  The
        answer is no where V is not defined at that (0/0).
        """
        theta, loss = np.asarray(theta, dtype=float), self.well.loss
        if theta.ndim not in (1, 2) or theta.shape[0] != loss.dim:
            raise ValueError(f"theta must have shape ({loss.dim},) or ({loss.dim}, lanes), got {theta.shape}")
        state = state_at(self.flow, theta, memory or None, "block")
        with np.errstate(all="ignore"):
            value = self.energy(state, loss.oracle(theta))
        return (np.asarray(value, dtype=float) < self.inner) & self.well.holds(theta)

    def draw(self, ax: Axes, *, color: str = "black", points: int = 400, **style: Any) -> QuadContourSet:
        """The border of {F < inner} around θ* (memory at rest) as a line on matplotlib axes, two parameters."""
        if self.well.loss.dim != 2:
            raise ValueError(f"draw: {self.well.loss.name} has {self.well.loss.dim} parameters, a plane takes two")
        (x_low, x_high), (y_low, y_high) = ax.get_xlim(), ax.get_ylim()
        x, y = np.linspace(x_low, x_high, points), np.linspace(y_low, y_high, points)
        theta = np.array([g.ravel() for g in np.meshgrid(x, y)])
        height = self.well.loss.value(theta)
        limit = self.inner if np.isfinite(self.inner) else np.finfo(float).max
        other = ~self.well.holds(theta) & (height < limit)  # wells of other minima
        shown = np.where(other, 2 * abs(limit) + 1, np.minimum(height, 2 * abs(limit) + 1)).reshape(points, points)
        return ax.contour(x, y, shown, levels=[limit], colors=[color], **style)

    def __str__(self):
        where = ", ".join(map(str, self.point.theta))
        return (f"every start with V < {short(self.level)} that is connected with ({where}) ends there\n"
                + entry("because", *self.argument))

    def _repr_latex_(self) -> str:
        level = latex(self.level) if short(self.level) == sympy.sstr(self.level) else short(self.level)
        theta = ",\\,".join(map(latex, self.point.theta))
        return (rf"$\displaystyle \{{V < {level}\}} \text{{ as far as connected with }} ({theta}) \subset "
                rf"\text{{basin of }} ({theta}),\quad V = {latex(self.energy.expression)}$")


def basin_certificate(flow: Flow, critical_point: CriticalPoint | Sequence,
                      loss: Objective | None = None) -> BasinCertificate:
    """A sublevel set {V < c} proved to lie in the basin of a minimum under a flow, as large as the argument goes.

    flow : an instance, with an energy V ≥ F that is proved to fall (see `check`) and equals F where the memory rests.
    critical_point : a strict minimum, or its numbers with `loss`.

    A curve that starts in the well C of {F < c} around θ* (see `well`) with V < c keeps F ≤ V < c, so it cannot leave
    C, which is bounded; it ends where V stops falling, at critical points with resting memory; C holds θ* alone.
    The statement is on the flow.  A step under energy control keeps V falling too, but might jump over a wall of the
    well.

    Raises ValueError where the point is no strict minimum, the flow has no such energy, or nothing could be proved.
    """
    if not isinstance(flow, Flow):
        raise TypeError(f"basin_certificate(flow, critical_point): flow must be a Flow, got {flow!r}")
    point = as_point(critical_point, loss)
    loss = loss if loss is not None else point.loss
    if loss is None:
        raise TypeError("basin_certificate: pass loss=..., this critical point does not know its loss")
    energy, derivative = _energy(flow)
    near = stability(flow, point, loss)
    found = well(loss, point)
    if near.status not in (ATTRACTING, STABLE):
        raise ValueError(f"{type(flow).__name__} is not proved to be stable at {point.theta}: {near.argument[-1]}")
    argument = (f"V = {sympy.sstr(energy.expression)} falls along the flow, V' = {sympy.sstr(derivative)} <= 0 "
                "(check), and F <= V with equality at resting memory: F < c for ever, the curve stays in C",
                *found.argument,
                "bounded curves end where ∇F = 0 and the memory rests (LaSalle); in C that is θ* alone")
    return BasinCertificate(flow, found, energy, argument)


@functools.lru_cache(maxsize=64)
def _energy(flow: Flow):
    """An energy of the flow that is proved to fall to critical points and is at least F, with its derivative."""
    rest = resting(flow.exact())
    for (energy, verdict), numeric in zip(judged_energies(flow.exact()), known_energies(flow), strict=True):
        found = falls(verdict)
        if found is not None and "g" in found[1] and energy.expression.diff(F) == 1:
            memory = energy.expression - F
            if memory.subs({x: rest.get(x.name, x if x.is_positive else 0) for x in memory.free_symbols}) == 0:
                return numeric, found[0]
    raise ValueError(f"{flow!r} has no energy that is at least F and proved to fall to critical points: no certificate")
