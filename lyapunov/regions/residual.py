"""Residual energy: what the memory of an optimizer adds to F, the height it can reach with it, and who gets away."""
from __future__ import annotations

import dataclasses
import functools
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace

import numpy as np
import sympy
from numpy.typing import ArrayLike

from arithmetic import GivenOracle, Readable, aligned, as_decimals, latex
from flows import Flow
from networks import CriticalPoint, Objective, as_point
from schemes import FixedStep, Optimizer, Stop, integrate

from ..classes import F, g
from ..derivation import judged_energies, known_energies
from ..exact import Status, positive, vanishes
from ..local import state_at
from .wells import Well, well


@dataclass(frozen=True, eq=False)
class Residual(Readable):
    """The energy that a flow's memory holds at rest of the potential F, and what it can do with it.

    function : V − F of one coordinate, in sympy symbols; V the flow's energy.  rates : the values of those in it.
    proved : V is proved to fall (`check`); then F(θ(t)) ≤ level for ever, else the numbers bound nothing.
    energy : Σ (V − F) of the given memory.  value : F(θ).  level = value + energy: as high as F can come.
    well : around the minimum asked for; `barrier` is its level, `gap` = barrier − value what is missing at θ.
    confined : level < barrier and θ in the well: the flow provably never leaves it (None without a minimum).
    block, smallest : the norm of this memory block below which no memory can leave the well from θ, whatever its
    direction (with the other blocks as given); infinite where this block holds no energy.
    first, rise : for an algorithm, θ after its first step, and F there minus F(θ).
    """

    flow: Flow
    function: sympy.Expr
    proved: bool
    energy: float
    rates: dict = field(default_factory=dict, repr=False)
    value: float | None = None
    well: Well | None = field(default=None, repr=False)
    confined: bool | None = None
    block: str = ""
    smallest: float = np.inf
    theta: np.ndarray | None = field(default=None, repr=False)
    first: np.ndarray | None = field(default=None, repr=False)
    rise: float | None = None

    @property
    def level(self) -> float | None:
        return None if self.value is None else self.value + self.energy

    @property
    def barrier(self) -> float | None:
        return None if self.well is None else float(sympy.N(self.well.level))

    @property
    def gap(self) -> float | None:
        return None if self.barrier is None or self.value is None else self.barrier - self.value

    def __str__(self):
        rates = ", ".join(f"{name} = {value:.6g}" for name, value in self.rates.items())
        lines = [f"V - F        = {sympy.sstr(self.function)} per coordinate" + f", {rates}" * bool(rates)
                 + ("" if self.proved else "  (V is not proved to fall: nothing is bounded)"),
                 f"residual     = {self.energy:.6g} in this memory"]
        if self.value is not None:
            bound = ": F stays below it" if self.proved else ""
            lines.append(f"level        = F + residual = {self.value:.6g} + {self.energy:.6g} = "
                         f"{self.level:.6g}{bound}")
        if self.well is not None:
            lines.append(f"barrier      = {self.barrier:.6g}, which is {self.gap:.6g} above F: the flow "
                         + ("cannot leave the well" if self.confined else "may leave the well"))
            if self.block:
                lines.append(f"escape needs |{self.block}| >= {self.smallest:.6g} (other memory as it is)")
        if self.first is not None:
            lines.append(f"first step   from {_vector(self.theta)} to {_vector(self.first)}: F changes by "
                         f"{self.rise:.6g}")
        return "\n".join(lines)

    def _repr_latex_(self) -> str:
        rows = [rf"V - F &= {latex(self.function)}", rf"\text{{residual}} &= {self.energy:.6g}"]
        if not self.proved:
            rows.append(r"&\text{V is not proved to fall: nothing is bounded}")
        elif self.value is not None:
            rows.append(rf"F(\theta(t)) &\le {self.level:.6g}")
        if self.well is not None:
            rows.append(rf"\text{{barrier}} &= {latex(self.well.level)}")
        return aligned(rows)


def residual_energy(flow: Flow | Optimizer, memory: Mapping | None = None, *, theta: ArrayLike | None = None,
                    critical_point: CriticalPoint | Sequence | None = None, loss: Objective | None = None) -> Residual:
    """How much energy a memory holds, how high F can rise with it, and whether that is enough to leave a minimum.

    Along a flow with an energy V = F + Σψ(memory) that falls, F(θ(t)) ≤ F(θ₀) + Σψ(memory at the start): with memory at
    rest a flow never climbs.  An algorithm with a step h can: Adam's first step has length lr however small the
    gradient.

    flow : a Flow, or an Optimizer (whose first step is then reported too).
    memory : {block: value}, each (dim,) or a number; blocks not given are at rest.  None: the flow's own start.
    theta : where, (dim,); the minimum itself unless given.
    critical_point : a strict minimum (or its numbers) whose well is to be left.  loss : needed with theta alone.

    Raises ValueError where the flow has no energy that contains F.
    """
    optimizer = flow if isinstance(flow, Optimizer) else None
    flow = flow.flow if isinstance(flow, Optimizer) else flow
    if not isinstance(flow, Flow):
        raise TypeError(f"residual_energy(flow): flow must be a Flow or an Optimizer, got {flow!r}")
    energy, function, proved = _energy(flow)
    point = None if critical_point is None else as_point(critical_point, loss)
    loss = loss if loss is not None else point.loss if point is not None else None
    if theta is None:
        theta = point.numeric if point is not None else np.zeros(np.size(next(iter((memory or {"": 0.0}).values()))))
    theta = np.asarray(theta, dtype=float)
    if loss is not None and theta.shape != (loss.dim,):
        raise ValueError(f"theta must have shape ({loss.dim},), got {theta.shape}: one state at a time")
    state = state_at(flow, theta, memory)
    held = _held(energy, state)
    if np.isnan(held):
        raise ValueError(f"{type(flow).__name__}: the energy of this memory is 0/0; pass memory={{...}} with its "
                         f"blocks {', '.join(sorted(set(map(str, flow.memory)) - {'theta'}))} ({{}} is memory at rest)")
    shown, rates = _with_symbols(flow, function)
    found = Residual(flow, shown, proved, held, rates, theta=theta)
    if loss is None:
        return found
    value = float(loss.value(theta))
    found = replace(found, value=value)
    if point is not None:
        around = well(loss, point)
        top = float(sympy.N(around.level))
        inside = bool(around.holds(theta)) and value < top
        block, smallest = _smallest(flow, function, state_at(flow, theta, memory or {}), top - value)
        found = replace(found, well=around, confined=proved and inside and value + held < top, block=block,
                        smallest=smallest)
    if optimizer is not None:
        first = _first_step(optimizer, loss, state)
        found = replace(found, first=first, rise=float(loss.value(first)) - value)
    return found


def escape(optimizer: Optimizer, critical_point: CriticalPoint | Sequence, starts: ArrayLike, *, steps: int = 1000,
           loss: Objective | None = None) -> np.ndarray:
    """The number of steps after which each start is in the well of another minimum; −1 where that does not happen.

    starts : (dim,) or (dim, lanes).  steps : at most so many.  Wells are those of all strict minima (see `well`).
    """
    point = as_point(critical_point, loss)
    loss = loss if loss is not None else point.loss
    if loss is None:
        raise TypeError("escape: pass loss=..., this critical point does not know its loss")
    field, start = optimizer.flow.on(loss), np.asarray(starts, dtype=float)
    if not isinstance(optimizer.step, FixedStep):
        raise ValueError("escape follows algorithms of a fixed step: controlled ones are certified by "
                         "basin_certificate")
    others = [well(loss, p) for p in loss.critical_points() if p.nature.is_strict_minimum and p.theta != point.theta]
    lanes = start.reshape(loss.dim, -1)
    y, found = field.start(lanes), np.full(lanes.shape[1], -1)
    for n in range(1, steps + 1):
        y = optimizer.scheme.step(field, (n - 1) * optimizer.step.h, y, optimizer.step.h)[0]
        theta = field.theta(y)
        low = loss.value(theta)
        away = np.any([w.holds(theta) & (low < w.inner) for w in others], axis=0)
        found = np.where((found < 0) & away, n, found)
        if (found >= 0).all():
            break
    return found.reshape(start.shape[1:])


# ------------------------------------------------------------------------------------------------ small helpers
@functools.lru_cache(maxsize=64)
def _energy(flow: Flow):
    """(V, V − F in symbols, whether V is proved to fall): a proved one if there is one."""
    candidates = []
    for energy, (twin, verdict) in zip(known_energies(flow), judged_energies(flow.exact()), strict=True):
        function = sympy.expand(twin.expression - F)
        if not function.has(F, g):
            proved = verdict.status == Status.PROVED and not verdict.conditions and bool(verdict.positive)
            candidates.append((energy, function, proved))
            if proved:
                return candidates[-1]
    if not candidates:
        raise ValueError(f"{flow!r} has no energy of the form F + (function of the memory), and none was derived")
    return candidates[0]


def _with_symbols(flow: Flow, function):
    """V − F with the numeric rates as symbols of their names, and the values of those that occur in it."""
    numbers = {f.name: getattr(flow, f.name) for f in dataclasses.fields(flow)
               if isinstance(getattr(flow, f.name), float) and getattr(flow, f.name) > 0}
    decimals = {positive(name): as_decimals(v) for name, v in numbers.items()}
    for energy in known_energies(dataclasses.replace(flow, **{name: positive(name) for name in numbers})):
        shown = energy.expression - F
        if vanishes(shown.subs(decimals) - function):
            return shown, {name: v for name, v in numbers.items() if shown.has(positive(name))}
    return function, {}


def _held(energy, state) -> float:
    """V − F of a state."""
    with np.errstate(all="ignore"):
        return float(energy(state, GivenOracle(state.theta, value=0.0, gradient=np.zeros_like(state.theta))))


def _smallest(flow: Flow, function, state, gap: float) -> tuple[str, float]:
    """(block, norm): for the block z in which V − F = k|z|^p, the smallest norm of z that holds the energy `gap`."""
    s = flow.coordinate()[0]
    for name in map(str, flow.memory):
        z = getattr(s, name)
        unit = function.subs(z, 1)
        power = next((p for p in (1, 2) if function.has(z) and not z.is_positive
                      and vanishes(function - unit * sympy.Abs(z)**p)), None)
        if power is None:
            continue
        others = {getattr(s, n): n for n in map(str, flow.memory) if n != name}
        k = sympy.lambdify(list(others), unit, "numpy")
        with np.errstate(all="ignore"):
            weights = np.broadcast_to(k(*(np.asarray(getattr(state, n), dtype=float) for n in others.values())),
                                      state.theta.shape)
        weights = np.where(np.isfinite(weights), weights, np.inf)
        if not np.isfinite(gap):
            return name, np.inf
        # Σ kᵢ|zᵢ|^p = gap with the least Euclidean norm: all in the heaviest coordinate (p = 2), or along k (p = 1)
        size = np.sqrt(gap / weights.max()) if power == 2 else gap / np.linalg.norm(weights)
        return name, float(size) if gap > 0 else 0.0
    return "", np.inf


def _first_step(optimizer: Optimizer, loss, state) -> np.ndarray:
    field = optimizer.flow.on(loss)
    y = field.pack({name: getattr(state, name) for name in field.blocks})
    if isinstance(optimizer.step, FixedStep):
        return np.array(field.theta(optimizer.scheme.step(field, 0.0, y, optimizer.step.h)[0]))
    return integrate(field, scheme=optimizer.scheme, step=optimizer.step, stop=Stop(gradient=0.0, max_steps=1),
                     y0=y).theta


def _vector(theta) -> str:
    return "(" + ", ".join(f"{x:.16g}" for x in theta) + ")"
