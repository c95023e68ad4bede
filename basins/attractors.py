"""What ends are named after: the critical points of a loss, found beside the runs, or points that a user gives.

Whatever goes wrong with them costs names and no run: the study's `note` says it.
"""
from __future__ import annotations

import threading
import time
from collections.abc import Iterable

import numpy as np

from networks import Atlas, CriticalPoint, Nature

PLACES = 256  #: small boxes at most in which points are looked for that are not listed
GROUPS = 64  #: groups at most that the ends on a numeric loss may form; more are no points

MOMENT = 0.5  #: seconds that names are waited for after an interruption


class Attractors:
    """The points that the ends of a study are matched to.

    points : "known", for `loss.critical_points()`, which begin to be found at once in a thread of their own; else as in
    `study`.  patience : seconds from now that `known` waits for them at most.

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
        self.wanted = points is not None

    def _find(self, loss) -> None:
        try:
            if not loss.symbolic:
                return
            atlas = loss.critical_points()
            if not atlas.complete:
                self.note = f"the critical points are not proved to be all: {atlas.undecided[0]}"
            self.points, self.atlas = tuple(atlas), atlas
        except Exception as error:  # whatever it is, the runs are not lost for it
            self.note = failed(error)

    def wait(self) -> None:
        """Until they are known, or the patience is at its end."""
        if self.thread is not None:
            self.thread.join(max(0.0, self.until - time.monotonic()))

    def hurry(self) -> None:
        """Wait for no longer than a moment, where somebody waits at the keyboard."""
        self.until = min(self.until, time.monotonic() + MOMENT)

    def known(self) -> tuple[tuple[CriticalPoint, ...] | None, str]:
        """The points, and a note or ""; waits for them.  None where ends are to have no names, or cannot have any."""
        try:
            self.wait()
        except KeyboardInterrupt:  # (after which a thread that was waited for says that it has ended)
            return None, "interrupted before the points were known, so ends have no names"
        if self.thread is not None and self.thread.is_alive():
            return None, (f"the critical points were not found within {self.patience:g} s, so ends have no names; "
                          "raise patience=, or name them with points=")
        numeric = self.wanted and not self.loss.symbolic
        return self.points if self.points or self.atlas is not None or numeric else None, self.note

    def covers(self, ends: np.ndarray, radius: float) -> np.ndarray:
        """Whether all critical points within `radius` of ends (dim, n) are known."""
        if self.atlas is None:
            return np.zeros(ends.shape[1], dtype=bool)
        return ~unknown(self.atlas, ends, radius)

    def more(self, ends: np.ndarray, radius: float) -> tuple[tuple[CriticalPoint, ...], str]:
        """Points that are not listed, within `radius` of ends at rest (dim, n) that no known one is near; a note."""
        if self.atlas is not None:
            return beyond(self.loss, self.atlas, ends, radius, self.until)
        if self.wanted and not self.loss.symbolic:
            return grouped(self.loss, ends, radius)
        return (), ""


def failed(error: Exception) -> str:
    return f"the critical points could not be used, so ends have no names ({type(error).__name__}: {error})"


def beyond(loss, atlas: Atlas, ends: np.ndarray, radius: float,
           until: float = np.inf) -> tuple[tuple[CriticalPoint, ...], str]:
    """Critical points within `radius` of ends, (dim, n), that are not listed, and a note or "".

    They are those of small boxes around the ends, proved as all of an atlas are.  Where the atlas is complete nothing
    is looked for, and after `PLACES` boxes, or at the time `until`, nothing more: the note says for how many ends.
    """
    # the order of the starts is no matter: the boxes are begun at the first ends in order of their coordinates
    waiting = ends[:, unknown(atlas, ends, radius) & np.isfinite(ends).all(axis=0)]
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


def unknown(atlas: Atlas, ends: np.ndarray, radius: float) -> np.ndarray:
    """Whether critical points that are not listed may lie within `radius` of ends, (dim, n)."""
    outside = np.full(ends.shape[1], not atlas.complete)
    if atlas.region is not None:
        low, high = np.array(atlas.region, dtype=float).T[:, :, None]
        outside |= ((ends - radius < low) | (ends + radius > high)).any(axis=0)
    return outside


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
