"""What ends are named after: the critical points of a loss, found beside the runs, or points that a user gives.

Whatever goes wrong with them costs names and no run: the study's `note` says it.  Each start gets one label (`Labels`)
and what it rests on (`evidence`).
"""
from __future__ import annotations

import threading
import time
from collections.abc import Iterable, Mapping
from typing import NamedTuple

import numpy as np

from networks import Atlas, CriticalPoint, Nature
from schemes import Optimizer, Outcome, Stop

from .evidence import AWAY, End, Further, Proofs, followed_on, held, newton_step, spectra
from .recurrence import IRREGULAR
from .result import Point, closest

PLACES = 256  #: small boxes at most in which points are looked for that are not listed
GROUPS = 64  #: groups at most that the ends on a numeric loss may form; more are no points


class Labels(NamedTuple):
    """The labels of a study's starts: the arrays `point`, `end`, `certified` of it, its points, and what goes with them."""

    points: tuple[Point, ...]
    point: np.ndarray
    end: np.ndarray
    certified: np.ndarray
    further: Further
    note: str = ""

    @classmethod
    def of(cls, ends: Mapping[str, np.ndarray], points: tuple[Point, ...] = (), note: str = "") -> Labels:
        """What the runs alone tell."""
        n = len(ends["outcome"])
        end = np.where(ends["period"] == IRREGULAR, np.int8(End.IRREGULAR), ends["outcome"]).astype(np.int8)
        return cls(points, np.full(n, -1, dtype=np.int16), end, np.zeros(n, dtype=bool),
                   Further.none(len(ends["theta"])), note)


class Attractors:
    """The points that the ends of a study are matched to.

    points : "known", for `loss.critical_points()`, which begin to be found at once in a thread of their own; else as in
    `study`.  patience : seconds from now that `matched` waits for them at most.

    Raises TypeError, ValueError for points that are none.
    """

    def __init__(self, loss, points="known", patience: float = 20.0):
        if isinstance(patience, bool) or not isinstance(patience, (int, float)) or not 0 <= patience < np.inf:
            raise ValueError(f"patience={patience!r} must be a number of seconds >= 0")
        self.points: tuple[CriticalPoint, ...] = ()
        self.note, self.thread, self.atlas, self.loss = "", None, None, loss
        self.patience, self.until = patience, time.monotonic() + patience
        if isinstance(points, str) and points == "known":
            self.thread = threading.Thread(target=self._find, args=(loss,), name="critical points", daemon=True)
            self.thread.start()
        elif points is not None:
            self.points = given(points, loss)
        self.group = points is not None

    def _find(self, loss) -> None:
        try:
            if getattr(loss, "expression", None) is None:  # numeric only
                return
            atlas = loss.critical_points()
            if not atlas.complete:
                self.note = f"the critical points are not proved to be all: {atlas.undecided[0]}"
            self.points, self.atlas = tuple(atlas), atlas
        except Exception as error:  # whatever it is, the runs are not lost for it
            self.note = _failed(error)

    def wait(self) -> None:
        """Until they are known, or the patience is at its end."""
        if self.thread is not None:
            self.thread.join(max(0.0, self.until - time.monotonic()))

    def labelled(self, optimizer: Optimizer, stop: Stop, starts: np.ndarray, ends: Mapping[str, np.ndarray],
                 radius: float, **options) -> Labels:
        """The labels of ends, `outcome`, `steps`, `theta` and `period` by name; radius : of a match.

        options : `backend` and `threads` of runs that go on from ends in doubt.
        """
        try:
            self.wait()
        except KeyboardInterrupt:
            self.until = 0.0
        if self.thread is not None and self.thread.is_alive():
            late = (f"the critical points were not found within {self.patience:g} s, so ends have no names; raise "
                    "patience=, or name them with points=")
            return Labels.of(ends, note=late)
        try:
            return self._labelled(optimizer, stop, starts, ends, radius, **options)
        except Exception as error:  # such as a family whose equations have no form on file
            return Labels.of(ends, note=_failed(error))

    def _labelled(self, optimizer, stop, starts, ends, radius, **options) -> Labels:
        rest, notes = np.flatnonzero(ends["outcome"] == Outcome.CONVERGED), [self.note]
        theta = ends["theta"][:, rest]
        exact = getattr(self.loss, "expression", None) is not None
        if not self.points and self.atlas is None and (exact or not self.group):
            return Labels.of(ends, note=self.note)
        more: tuple[CriticalPoint, ...] = ()
        if self.atlas is not None:
            alone = theta[:, closest(dict(enumerate(self.points)), theta)[1] > radius]
            with np.errstate(all="ignore"):  # on a plateau Newton's step leads far away
                alone = alone[:, np.linalg.norm(newton_step(self.loss, alone), axis=0) <= 2 * radius]
            more, note = beyond(self.loss, self.atlas, alone, radius, self.until)
            notes.append(note)
        elif not exact and self.group:
            alone = theta[:, closest(dict(enumerate(self.points)), theta)[1] > radius]
            more, note = grouped(self.loss, alone, radius)
            notes.append(note)
        known = (*self.points, *more)
        judge = Judge(self.loss, known, optimizer, stop, radius, new=len(self.points))
        points = tuple(Point.of(p)._replace(radius=float(r)) for p, r in zip(known, judge.proofs.radius, strict=True))
        labels = Labels.of(ends, points)
        if len(rest) and (known or exact):
            labels = judge.labels(labels, rest, starts, ends, **options)
        return labels._replace(note="; ".join(filter(None, (*notes, labels.note))))


def _failed(error: Exception) -> str:
    return f"the critical points could not be used, so ends have no names ({type(error).__name__}: {error})"


def beyond(loss, atlas: Atlas, ends: np.ndarray, radius: float,
           until: float = np.inf) -> tuple[tuple[CriticalPoint, ...], str]:
    """Critical points within `radius` of ends, (dim, n), that are not listed, and a note or "".

    They are those of small boxes around the ends, proved as all of an atlas are.  Where the atlas is complete nothing
    is looked for, and after `PLACES` boxes, or at the time `until`, nothing more: the note says for how many ends.
    """
    outside = np.full(ends.shape[1], not atlas.complete)
    if atlas.region is not None:
        low, high = np.array(atlas.region, dtype=float).T[:, :, None]
        outside |= ((ends - radius < low) | (ends + radius > high)).any(axis=0)
    # the order of the starts is no matter: the boxes are begun at the first ends in order of their coordinates
    waiting = ends[:, outside & np.isfinite(ends).all(axis=0)]
    waiting = waiting[:, np.lexsort(waiting[::-1])]
    found: list[CriticalPoint] = []
    for _ in range(PLACES):
        if not waiting.shape[1] or time.monotonic() >= until:
            break
        around = waiting[:, 0]
        box = [(float(x - 2 * radius), float(x + 2 * radius)) for x in around]
        for p in loss.critical_points(region=box, budget=1.0):
            if (p.distance(waiting) <= radius).any() and not any(_same(p, q) for q in (*atlas, *found)):
                found.append(p)
        waiting = waiting[:, (np.abs(waiting - around[:, None]) > radius).any(axis=0)]
    left = waiting.shape[1]
    return tuple(found), f"at {left} ends at rest no points were looked for; raise patience=" if left else ""


def _same(p: CriticalPoint, q: CriticalPoint) -> bool:
    """Whether two points found in two boxes are one: the intervals that hold it, as small as floats allow, meet."""
    if p.theta == q.theta or not (p.box and q.box):
        return p.theta == q.theta
    return all(a <= d and c <= b for (a, b), (c, d) in zip(p.box, q.box, strict=True))


def grouped(loss, ends: np.ndarray, radius: float) -> tuple[tuple[CriticalPoint, ...], str]:
    """Ends at rest, (dim, n), on a numeric loss as points: those within `radius` of one another are one.

    Nothing is proved of them, so their nature is undecided.  Where they are many they are no points: a note says so.
    """
    waiting, found = ends[:, np.lexsort(ends[::-1])], list[CriticalPoint]()  # the order of the starts is no matter
    while waiting.shape[1]:
        if len(found) == GROUPS:
            return (), f"the ends at rest form more than {GROUPS} groups within {radius:g}, so they are no points"
        near = np.linalg.norm(waiting - waiting[:, :1], axis=0) <= radius
        found.append(_point(waiting[:, 0], loss, "where starts came to rest"))
        waiting = waiting[:, ~near]
    return tuple(found), ""


class Judge:
    """Says what ends at rest are at.

    points : the known ones; from index `new` on, those that were found around ends.
    """

    def __init__(self, loss, points: tuple[CriticalPoint, ...], optimizer: Optimizer, stop: Stop, radius: float,
                 new: int):
        self.loss, self.points, self.optimizer, self.stop, self.match, self.new = (
            loss, points, optimizer, stop, radius, new)
        self.exact = getattr(loss, "expression", None) is not None
        self.proofs = Proofs(loss, points, radius)
        holds = held(optimizer.problem(loss, stop), points, self.proofs) if self.exact else False
        # the last entry is that of no point, -1
        self.unique = np.append(self.proofs.radius, 0.0)
        self.attracting, self.convex = self.unique * np.append(holds, 0), np.append(self.proofs.convexity > 0, False)

    def labels(self, labels: Labels, rest: np.ndarray, starts: np.ndarray, ends: Mapping[str, np.ndarray],
               **options) -> Labels:
        """The labels of the ends `rest`, which are at rest."""
        theta, steps = ends["theta"][:, rest], ends["steps"]
        nearest, distance = closest(dict(enumerate(self.points)), theta)
        near = distance <= self.match
        proved = near & (distance <= self.attracting[nearest])
        left = np.flatnonzero(near & ~proved & (self.attracting[nearest] > 0))
        if left.size:  # a step from the end itself may prove the point where the ball around the point is small
            unique, at = self.proofs.near(theta[:, left])
            which, far = closest(dict(enumerate(self.points)), at)
            proved[left] = unique & (which == nearest[left]) & (far <= self.attracting[which])
        point, end, certified = labels.point, labels.end, labels.certified

        def name(lanes, index, kind=None) -> None:
            point[lanes] = index
            end[lanes] = np.where(index >= self.new, End.NEW_POINT, End.KNOWN_POINT) if kind is None else kind

        name(rest[proved], nearest[proved])
        certified[rest[proved]] = True
        if not self.exact:  # nothing more is to be had
            name(rest[near & ~proved], nearest[near & ~proved])
            return labels
        first = near & ~proved & (steps[rest] == 0)
        name(rest[first], nearest[first], End.STARTED_THERE)
        doubt = np.flatnonzero(~proved & ~first)
        if not doubt.size:
            return labels
        further = followed_on(self.optimizer, self.loss, self.stop, starts, rest[doubt], steps, **options)
        return self._further(labels, rest[doubt], theta[:, doubt], further, name)

    def _further(self, labels: Labels, lanes: np.ndarray, theta: np.ndarray, further: Further, name) -> Labels:
        """The labels of ends in doubt, (dim, k), by where they went on to."""
        nearest, distance = closest(dict(enumerate(self.points)), further.theta)
        before = closest(dict(enumerate(self.points)), theta)[1]
        near, still = distance <= self.match, np.isin(further.outcome, (Outcome.CONVERGED, Outcome.STALLED))
        alone = near & (distance <= self.unique[nearest])
        there = near & still | alone & self.convex[nearest] & (further.outcome == Outcome.RUNNING)
        name(lanes[there], nearest[there])
        labels.certified[lanes[there]] = alone[there]
        lone = (before > self.match) & ~near
        with np.errstate(over="ignore", invalid="ignore"):
            size, after = np.linalg.norm(theta, axis=0), np.linalg.norm(further.theta, axis=0)
        reach = np.linalg.norm(np.abs(np.array(self.loss.box)).max(axis=1))
        away = (further.outcome == Outcome.DIVERGED) | (after >= AWAY * np.maximum(size, reach))
        labels.end[lanes[lone & away]] = End.INFINITY
        labels.end[lanes[lone & ~away & np.isfinite(after)]] = End.PLATEAU
        return labels._replace(further=further)


def given(points, loss) -> tuple[CriticalPoint, ...]:
    """A user's points: `CriticalPoint`s as they are, others by their coordinates, their nature undecided."""
    if isinstance(points, (str, CriticalPoint)) or not isinstance(points, Iterable):
        raise TypeError(f"points={points!r} must be None, an Atlas, an array (dim, n), or a list of CriticalPoints and "
                        "of arrays (dim,)")
    if isinstance(points, np.ndarray) and points.ndim == 2:
        points = points.T  # a column is a point
    return tuple(p if isinstance(p, CriticalPoint) and len(p.theta) == loss.dim else _point(p, loss) for p in points)


def _point(theta, loss, evidence: str = "given by the user") -> CriticalPoint:
    try:
        x = np.array(theta, dtype=float)
    except (TypeError, ValueError):
        x = np.empty(0)
    if x.shape != (loss.dim,) or not np.isfinite(x).all():
        raise ValueError(f"points: {theta!r} is no point of {loss.name}: it takes {loss.dim} finite numbers, an array "
                         "(dim, n) having a column for each point")
    return CriticalPoint(tuple(map(float, x)), Nature.UNDECIDED, float(loss.value(x)), exact=False, certified=False,
                         evidence=evidence)
