"""What the label of a start rests on: the kinds of ends, what is proved around points, a longer run of the doubtful.

An end is said to be at a point only if that was proved or seen again: that it is near, and at rest, is not enough.
Around a minimum with an invertible Hessian intervals prove a ball in which it is the only critical point and F is
strictly convex; ends at rest in it stay, where the algorithm holds on to the point.  All others are followed on, to a
gradient 10⁴ times smaller, and count where they still go.
"""
from __future__ import annotations

import dataclasses
import enum
import functools
from collections.abc import Callable, Iterator, Sequence
from typing import NamedTuple

import numpy as np

from arithmetic.enclose import newton
from arithmetic.ends import above, below
from flows import Dimensionless, Flow, Modifier
from networks import CriticalPoint, Enclosures
from schemes import Optimizer, Outcome, Problem

from .recurrence import periods

TIGHTER = 1e4  #: how many times smaller the gradient and the speed are to which ends in doubt are followed
LONGER = 10    #: in at most so many times the steps
AWAY = 3.0     #: times as far from 0 as before: a motion to infinity, where a plateau is all but left unmoved
HALVINGS = 12  #: radii of balls that are tried, the first one the radius of a match
LARGE = 64     #: parameters from which on no Hessian is asked for


class End(enum.IntEnum):
    """What a label rests on.  Members of the same name and value as an `Outcome` say how the run ended, and no more.

    label : a few words.  sentence : what is known.  colour : on maps.
    """

    label: str
    sentence: str
    colour: str

    def __new__(cls, value: int, label: str = "", colour: str = "", sentence: str = ""):
        member = int.__new__(cls, value)
        member._value_ = int(value)
        said = value if isinstance(value, Outcome) else None
        member.label, member.colour = label or (said.label if said else ""), colour or (said.colour if said else "")
        member.sentence = sentence or (said.sentence if said else "")
        return member

    RUNNING = Outcome.RUNNING
    CONVERGED = Outcome.CONVERGED, "at rest, undecided", "", (
        "At rest by the stop test; at which point, and whether it stays, was neither proved nor seen in a longer run.")
    DIVERGED = Outcome.DIVERGED
    STEP_LIMIT = Outcome.STEP_LIMIT, "steps used up, moving"
    STALLED = Outcome.STALLED
    NOT_FINITE = Outcome.NOT_FINITE
    INTERRUPTED = Outcome.INTERRUPTED
    LEFT_BOX = Outcome.LEFT_BOX
    EVENT = Outcome.EVENT
    ENERGY_ROSE = Outcome.ENERGY_ROSE
    GRADIENT_LIMIT = Outcome.GRADIENT_LIMIT
    TIME_LIMIT = Outcome.TIME_LIMIT
    CYCLE = Outcome.CYCLE
    SHORT_STEP = Outcome.SHORT_STEP
    KNOWN_POINT = 32, "at rest at a known point", "#E8E8E8", (
        "At a listed critical point, which is proved or was seen again in a longer run.")
    NEW_POINT = 33, "at rest at a new point", "#E8E8E8", (
        "At a critical point that was not listed before; it is among the points now.")
    STARTED_THERE = 34, "started there", "#FFF4C0", "At rest from the first: it started at a critical point."
    PLATEAU = 35, "plateau", "#C8D8C0", (
        "At rest by the stop test, with no critical point near: F is flat there.  Take a smaller Stop.gradient.")
    INFINITY = 36, "drifts to infinity", "#D0B090", (
        "At rest by the stop test, and farther and farther away under a stricter one.")
    IRREGULAR = 37, "irregular", "#9088B8", (
        "Bounded, neither at rest nor on a cycle up to the last step, and neighbours part: take a smaller step.")


    @property
    def at_point(self) -> bool:
        """Whether the end is at a point of the study, which then is its label."""
        return self in (End.KNOWN_POINT, End.NEW_POINT)


class Evidence(NamedTuple):
    """What is known of the end of each start: arrays (n,).

    value, gradient : F and |∇F| there.  curvature : the smallest eigenvalue of the Hessian, NaN where there is none.
    size : |θ|.  distance : to the named point, else the nearest known one; ∞ where there is none.
    """

    value: np.ndarray
    gradient: np.ndarray
    curvature: np.ndarray
    size: np.ndarray
    distance: np.ndarray


class Further(NamedTuple):
    """Where ends that were in doubt went on to, but for those that are at a point there and moved by less than `match`.

    lanes : (k,) their starts.  theta : (dim, k).  outcome, steps, period : (k,) of the longer run from these starts,
    `Outcome.RUNNING` where it too used up its steps.
    """

    lanes: np.ndarray
    theta: np.ndarray
    outcome: np.ndarray
    steps: np.ndarray
    period: np.ndarray

    @classmethod
    def of(cls, lanes: np.ndarray, dim: int) -> Further:
        """Of these starts, nothing known yet: their runs are interrupted ones."""
        k = len(lanes)
        return cls(lanes, np.full((dim, k), np.nan), np.full(k, Outcome.INTERRUPTED, np.int8), np.zeros(k, np.int64),
                   np.zeros(k, np.int8))

    def at(self, places: np.ndarray | slice) -> Further:
        """Some of them."""
        return Further(*(values[..., places] for values in self))


def observed(loss, theta: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """(F, |∇F|, the smallest eigenvalue of the Hessian) at points (dim, n); NaN where they are not to be had."""
    with np.errstate(all="ignore"):
        value, gradient = loss.value(theta), np.linalg.norm(loss.gradient(theta), axis=0)
        eigenvalues = spectra(loss, theta)
    return value, gradient, np.full(theta.shape[1], np.nan) if eigenvalues is None else eigenvalues[0]


def spectra(loss, theta: np.ndarray) -> np.ndarray | None:
    """Eigenvalues of the Hessian at points (dim, n), in order, (dim, n); None where the loss has no Hessian."""
    if loss.dim > LARGE:
        return None
    try:
        hessian = np.moveaxis(loss.hessian(theta), -1, 0)
    except (TypeError, NotImplementedError):
        return None
    good = np.isfinite(hessian).all(axis=(1, 2))
    values = np.linalg.eigvalsh(np.where(good[:, None, None], hessian, 0.0)).T
    values[:, ~good] = np.nan
    return values


# ----------------------------------------------------------------------------------------- what is proved around points
class Proofs:
    """What intervals prove of the critical points of a loss.

    `radius` (points,) : of a ball around each in which it is the only critical point, 0 where none is proved: by
    Krawczyk's test, or because F is strictly convex there.
    `convexity` (points,) : at most the smallest eigenvalue of the Hessian anywhere in that ball, 0 if not positive.
    """

    def __init__(self, loss, points: Sequence[CriticalPoint], match: float):
        self.loss, self.system = loss, _system(loss)
        self.radius, self.convexity = np.zeros(len(points)), np.zeros(len(points))
        chosen = [i for i, p in enumerate(points) if not (p.family or p.kinks or p.nature.degenerate)]
        if self.system is None or not chosen:
            return
        middle = np.repeat(np.array([points[i].numeric for i in chosen]).T, HALVINGS, axis=1)
        radius = np.tile(match / 2.0 ** np.arange(HALVINGS), len(chosen))
        with np.errstate(all="ignore"):
            unique = newton(self.system, middle, np.broadcast_to(radius, middle.shape).copy()).unique
            least = self._least(middle, radius)
        for k, i in enumerate(chosen):
            tried = slice(k * HALVINGS, (k + 1) * HALVINGS)
            height = np.maximum(least[tried], 0) * radius[tried]**2  # to which F rises at least, twice
            if height.any():
                best = int(height.argmax())
                self.radius[i], self.convexity[i] = radius[tried][best], least[tried][best]
            elif unique[tried].any():
                self.radius[i] = radius[tried][unique[tried].argmax()]  # the largest of them

    def _least(self, middle: np.ndarray, radius: np.ndarray) -> np.ndarray:
        """At most the smallest eigenvalue of the Hessian in boxes m ± r, cut into some 64 pieces each."""
        n, boxes = middle.shape
        cuts = max(1, int(64 ** (1 / n)))
        places = np.stack(np.meshgrid(*[np.arange(cuts)] * n, indexing="ij")).reshape(n, 1, -1)
        width = 2 * radius / cuts
        low = middle[:, :, None] - radius[None, :, None] + places * width[None, :, None]
        low, high = below(low).reshape(n, -1), above(low + width[None, :, None]).reshape(n, -1)
        a, b, smooth = self.system.slopes(low, high)
        a, b = np.moveaxis(a, -1, 0), np.moveaxis(b, -1, 0)
        good = smooth & np.isfinite(a).all(axis=(1, 2)) & np.isfinite(b).all(axis=(1, 2))
        centre, spread = (np.where(good[:, None, None], x, 0.0) for x in ((a + b) / 2, (b - a) / 2))
        # by more than its largest sum along a row, the norm of a symmetric matrix moves no eigenvalue
        room = spread.sum(axis=2).max(axis=1) + 1e-12 * np.abs(centre).sum(axis=2).max(axis=1)
        least = np.where(good, np.linalg.eigvalsh(centre)[:, 0] - (1 + 1e-12) * room, -np.inf)
        return least.reshape(boxes, -1).min(axis=1)

    def near(self, ends: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Of ends (dim, n): whether a Newton–Krawczyk step proves a critical point beside each, and where, (dim, n)."""
        if self.system is None or not ends.shape[1]:
            return np.zeros(ends.shape[1], dtype=bool), ends
        with np.errstate(all="ignore"):
            step = np.linalg.norm(newton_step(self.loss, ends), axis=0)
            reach = np.where(np.isfinite(step), 2 * step, 0.0) + 1e-9 * (1 + np.abs(ends).max(axis=0))
            test = newton(self.system, ends, np.broadcast_to(reach, ends.shape).copy())
        return test.unique, ends - test.shift


@functools.lru_cache(maxsize=8)
def proofs_of(loss, points: tuple[CriticalPoint, ...], match: float) -> Proofs:
    """`Proofs`, made once: many studies are of one loss."""
    return Proofs(loss, points, match)


def _system(loss):
    """The gradient of a loss and its Jacobian on boxes; None where that cannot be had."""
    if not loss.symbolic or loss.dim > LARGE:
        return None
    try:
        return Enclosures(loss, "numpy").system
    except (TypeError, ValueError, NotImplementedError, KeyError):  # an operation that intervals do not know
        return None


def newton_step(loss, theta: np.ndarray) -> np.ndarray:
    """H⁺∇F at points (dim, n), NaN where the Hessian is not a number."""
    gradient = loss.gradient(theta).T
    hessian = np.moveaxis(loss.hessian(theta), -1, 0)
    good = np.isfinite(hessian).all(axis=(1, 2)) & np.isfinite(gradient).all(axis=1)
    step = np.einsum("nij,nj->in", np.linalg.pinv(np.where(good[:, None, None], hessian, 0.0), hermitian=True),
                     np.where(good[:, None], gradient, 0.0))
    step[:, ~good] = np.nan
    return step


# --------------------------------------------------------------------------------------- what the algorithm holds on to
def held(problem: Problem, points: Sequence[CriticalPoint], proofs: Proofs) -> np.ndarray:
    """Whether runs at rest in the ball around a minimum stay there, (points,), by an argument on the algorithm.

    With steps under which an energy V ≥ F falls: V can not rise to what F is on the sphere.  With a fixed step and no
    clocks: the map contracts towards the point, its multipliers lie within the unit circle (so a step that is too large
    holds on to none, nor does Adam, which forgets its v).  Others: not known.
    """
    if not holds(problem):
        return np.zeros(len(points), dtype=bool)
    problem = problem.alone  # whose rates are no rows, and so no clocks
    stop, field = problem.stop, problem.field
    barrier = proofs.convexity * proofs.radius**2 / 2
    # at rest |∇F| ≤ gradient, so F is little above the minimum; what moves there moves slowly
    result = (proofs.convexity > 0) & (stop.gradient / np.maximum(proofs.convexity, 1e-300) <= proofs.radius / 2)
    if problem.control.adaptive:
        result &= barrier >= 10 * (stop.speed**2 + stop.gradient * proofs.radius)
        for i in map(int, np.flatnonzero(result)):
            result[i] = _moves(problem, points[i].numeric)
        return result
    for i in map(int, np.flatnonzero(result)):
        result[i] = _largest_multiplier(problem, field.start(points[i].numeric), proofs.radius[i]) < 1
    return result


def made_of(flow: Flow) -> Iterator[Flow]:
    """A flow, and those that its modifiers hold."""
    yield flow
    if isinstance(flow, Modifier):
        yield from made_of(flow.flow)


def holds(problem: Problem) -> bool:
    """Whether there is an argument by which an algorithm may hold on to a minimum."""
    if problem.control.adaptive:
        # not where an average falls, or an energy in other units than F
        return problem.control.monotone and not any(isinstance(f, Dimensionless) for f in made_of(problem.field.flow))
    return problem.recordable and not problem.clocked


def tighter(optimizer: Optimizer, problem: Problem) -> Problem:
    """The problem that ends in doubt are followed in: to a gradient and a speed 10⁴ times smaller."""
    stop = problem.stop
    return optimizer.problem(problem.field.loss, dataclasses.replace(stop, gradient=stop.gradient / TIGHTER,
                                                                     speed=stop.speed / TIGHTER))


def all_in_doubt(problem: Problem) -> bool:
    """Whether every end at rest will be in doubt, so that it is followed on at once, from where it is."""
    return problem.field.loss.symbolic and problem.recordable and not holds(problem)


def _moves(problem: Problem, theta: np.ndarray) -> bool:
    """Whether the energy beyond F shows in the speed at a point, V − F ≤ 10|θ'|², for memories of all sizes.

    Else what is at rest by its speed may hold energy enough to leave: a heavy ball of large mass.
    """
    field, draw = problem.field, np.random.default_rng(0)
    y = field.start(np.repeat(theta[:, None], 256, axis=1))
    memory = y[field.dim:]
    memory[:] = draw.normal(size=memory.shape) * 10**draw.uniform(-6, 2, (1, 256))
    for name in field.flow.nonnegative:
        y[field.blocks[name]] = np.abs(y[field.blocks[name]])
    with np.errstate(all="ignore"):
        s = field.state(1.0, y)
        oracle = field.loss.oracle(s.theta)
        beyond = problem.control.value(field, s, oracle) - oracle.value
        speed = np.sum(field.theta(field(1.0, y))**2, axis=0)
    return bool(np.all(beyond <= 10 * speed + 1e-9 * np.abs(oracle.value)))


def _largest_multiplier(problem: Problem, rest: np.ndarray, radius: float) -> float:
    """The spectral radius of the one-step map at a state at rest, by central differences."""
    size, delta = len(rest), 1e-3 * radius
    moved = np.hstack([rest[:, None] + delta * np.eye(size), rest[:, None] - delta * np.eye(size)])
    with np.errstate(all="ignore"):
        after = np.array([np.broadcast_to(row, 2 * size) for row in problem.step(problem.start(moved)).rows[:size]])
    slopes = (after[:, :size] - after[:, size:]) / (2 * delta)
    return float(np.abs(np.linalg.eigvals(slopes)).max()) if np.isfinite(slopes).all() else np.inf


# ---------------------------------------------------------------------------------------------------- a longer run
def followed_on(problem: Problem, z: np.ndarray, lanes: np.ndarray, steps: np.ndarray, *, begun: bool = False,
                run: Callable | None = None, **options) -> Further:
    """Where lanes at rest go on to in a tighter problem; nothing is said of others.

    z : the rows of all lanes at the start or, where they have `begun`, after their `steps`: both are the same run, to
    the bit.  They are written into.  Each lane has ten times the steps that it took (to the next power of 2, and 1024
    at least): that depends on no other.
    options : `backend` and `threads`.  run : what is called for `problem.run`.
    """
    run = run or functools.partial(problem.run, overwrite=True)
    total, period = (steps.copy() if begun else np.zeros_like(steps)), np.zeros(len(steps), dtype=np.int8)
    left = np.zeros_like(steps)  # no others move
    left[lanes] = (1 << np.frexp(np.maximum(LONGER * steps[lanes], 1024) - 1)[1].astype(np.int64)) - total[lanes]
    z, more = run(z, max_steps=left, **options)
    total += more
    going = lanes[more[lanes] == left[lanes]]
    period[going] = periods(problem, z[:, going], **options)
    end, found = problem.finish(z, total), Further.of(np.arange(len(steps)), problem.field.dim)
    end.outcome[end.outcome == Outcome.STEP_LIMIT] = Outcome.RUNNING
    end.outcome[period > 0] = Outcome.CYCLE
    found.outcome[lanes] = end.outcome[lanes]
    return found._replace(theta=np.array(problem.field.theta(end.y)), steps=total, period=period)
