"""One label for each start, from how its run ended, from what is proved, and from longer runs of the doubtful."""
from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import NamedTuple

import numpy as np

from networks import CriticalPoint
from schemes import Optimizer, Outcome, Problem

from .attractors import Attractors, failed
from .evidence import AWAY, End, Further, followed_on, held, newton_step, proofs_of, tighter
from .job import ONWARD
from .recurrence import IRREGULAR
from .result import Point, closest, squares


BLOCK = 1 << 14  #: ends that are judged at once: what is computed of them stays in a processor's cache
TINY = 1e-290  #: squares that may lose digits
#: whether F could be no number at an end
UNNAMED = np.isin(np.arange(128), (End.CONVERGED, End.STALLED, End.STEP_LIMIT, End.PLATEAU))


class Labels(NamedTuple):
    """The arrays `point`, `end`, `period` and `certified` of a study, its points, and what goes with them."""

    points: tuple[Point, ...]
    point: np.ndarray
    end: np.ndarray
    period: np.ndarray
    certified: np.ndarray
    further: Further
    note: str = ""


def labelled(attractors: Attractors, optimizer: Optimizer, problem: Problem, starts: np.ndarray,
             ends: Mapping[str, np.ndarray], match: float, **options) -> Labels:
    """The labels of ends, the arrays `outcome`, `steps`, `theta` and `period` by name.

    problem : what the starts were followed in.  match : the distance within which an end at rest may be at a point.
    options : `backend` and `threads` of the runs that go on from ends in doubt.
    """
    known, note = attractors.known()
    judge = _Judge(attractors, optimizer, problem, starts, ends, match)
    try:
        if known is not None:
            judge.judge(known, options)
        judge.undefined()
    except KeyboardInterrupt:
        note = "; ".join(filter(None, (note, "interrupted: what ends in doubt are at was not looked into")))
    except Exception as error:  # such as a family whose equations have no form on file
        return unjudged(attractors, optimizer, problem, starts, ends, match, failed(error))
    return judge.result(note)


def unjudged(attractors: Attractors, optimizer: Optimizer, problem: Problem, starts: np.ndarray,
             ends: Mapping[str, np.ndarray], match: float, note: str) -> Labels:
    """`labelled` by what the runs alone tell, and why."""
    return _Judge(attractors, optimizer, problem, starts, ends, match).result(note)


class _Judge:
    """The labels as they come: at first what the runs alone tell."""

    def __init__(self, attractors, optimizer, problem, starts, ends, match: float):
        self.attractors, self.optimizer, self.problem, self.match = attractors, optimizer, problem, match
        self.loss, self.starts, self.ends = attractors.loss, starts, ends
        self.exact = self.loss.symbolic
        n = len(ends["outcome"])
        self.point, self.certified = np.full(n, -1, dtype=np.int16), np.zeros(n, dtype=bool)
        self.period = ends["period"].copy()
        self.end = np.where(self.period == IRREGULAR, np.int8(End.IRREGULAR), ends["outcome"]).astype(np.int8)
        self.further, self.notes = Further.of(np.empty(0, dtype=np.int64), len(ends["theta"])), list[str]()
        self.points: tuple[CriticalPoint, ...] = ()
        self.kept: tuple[Point, ...] = ()

    def result(self, note: str) -> Labels:
        return Labels(self.kept, self.point, self.end, self.period, self.certified, self.further,
                      "; ".join(filter(None, (note, *self.notes))))

    def judge(self, known: tuple[CriticalPoint, ...], options: dict) -> None:
        self.listed = len(known)
        self._know(known)
        if not self.exact:
            self._numeric(np.flatnonzero(self.ends["outcome"] == Outcome.CONVERGED))
            return
        attracting, n = self.unique * np.append(held(self.problem, known, self.proofs), False), len(self.point)
        if attracting.any():
            balls = inner_balls(self.points, np.minimum(attracting, self.match))
            doubt = np.concatenate([self._proved(slice(first, first + BLOCK), balls, attracting)
                                    for first in range(0, n, BLOCK)])
        else:  # of a point near nothing follows, but where the start is its end
            rest = self.ends["outcome"] == Outcome.CONVERGED
            begun = np.flatnonzero(rest & (self.ends["steps"] == 0))
            rest[begun] = False
            rest[self._beside(begun, np.ones(begun.shape, dtype=bool), attracting)] = True
            doubt = np.flatnonzero(rest)
        if not doubt.size:
            return
        if "onward_theta" in self.ends:
            self._follow(Further(np.arange(n), *(self.ends[f"onward_{name}"] for name in ONWARD)), doubt)
        else:
            problem, every = tighter(self.optimizer, self.problem), np.arange(len(doubt))
            on = followed_on(problem, problem.begin(self.starts[:, doubt]), every, self.ends["steps"][doubt], **options)
            self._follow(on._replace(lanes=doubt), every)

    def undefined(self) -> None:
        """Where F is no number nothing is at rest or on its way, though a gradient may go on beyond its domain."""
        lanes = np.flatnonzero(UNNAMED[self.end])
        for first in range(0, len(lanes), BLOCK):
            some = lanes[first:first + BLOCK]
            with np.errstate(all="ignore"):
                self.end[some[np.isnan(self.loss.value(self.ends["theta"][:, some]))]] = End.NOT_FINITE

    def _proved(self, part: slice, balls: dict[int, float], attracting: np.ndarray) -> np.ndarray:
        """Name the ends of a block of starts whose point is proved, and those that started there: which are in doubt.

        attracting : radii of the balls in which ends at rest stay.  balls : their `inner_balls`.
        """
        outcome, theta = self.ends["outcome"][part], self.ends["theta"][:, part]
        left = (outcome == Outcome.CONVERGED) | (outcome == Outcome.STALLED)
        at = self._inside(balls, theta)
        at *= left
        self.point[part], sure, end = at - 1, at > 0, self.end[part]
        end += (End.KNOWN_POINT - end) * sure
        self.certified[part] = sure
        left ^= sure
        rest = np.flatnonzero(left)
        if not rest.size:
            return rest
        return self._beside(rest + part.start, outcome[rest] == Outcome.CONVERGED, attracting)

    def _inside(self, balls: dict[int, float], theta: np.ndarray) -> np.ndarray:
        """In which ball each column of `theta` is, from 1; 0: none.  By few passes and no choices, for most ends."""
        at = np.zeros(theta.shape[1], dtype=np.int16)
        for i, square in balls.items():  # it is in one at most
            at += (squares(self.points[i].numeric, theta) < square) * np.int16(i + 1)
        return at

    def _beside(self, rest: np.ndarray, still: np.ndarray, attracting: np.ndarray) -> np.ndarray:
        """`_proved` for ends that are in no inner ball; still : which are at rest, by the stop test."""
        theta, known = self.ends["theta"][:, rest], dict(enumerate(self.points))
        nearest, distance = closest(known, theta)
        near = distance <= self.match
        proved = near & (distance < attracting[nearest])
        left = np.flatnonzero(near & ~proved & (attracting[nearest] > 0))
        if left.size:  # a step from the end itself may prove the point where the ball around the point is small
            unique, at = self.proofs.near(theta[:, left])
            which, far = closest(known, at)
            proved[left] = unique & (which == nearest[left]) & (far < attracting[which])
        self._name(rest[proved], nearest[proved])
        self.certified[rest[proved]] = True
        # a minimum has its basin around it; at another point nothing but the start itself may lead there
        first = near & ~proved & still & (self.ends["steps"][rest] == 0)
        self._name(rest[first], nearest[first])
        self.end[rest[first]] = End.STARTED_THERE
        return rest[~proved & ~first & still]

    def _know(self, points: tuple[CriticalPoint, ...]) -> None:
        self.points, self.proofs = points, proofs_of(self.loss, points, self.match)
        radii = map(float, self.proofs.radius)
        self.kept = tuple(Point.of(p)._replace(radius=r) for p, r in zip(points, radii, strict=True))
        # the last entry is that of no point, -1
        self.unique, self.convex = np.append(self.proofs.radius, 0.0), np.append(self.proofs.convexity > 0, False)

    def _name(self, lanes, index) -> None:
        self.point[lanes] = index
        self.end[lanes] = np.where(index >= self.listed, End.NEW_POINT, End.KNOWN_POINT)

    def _numeric(self, rest: np.ndarray) -> None:
        """Ends on a loss of which nothing can be proved: they are named after the points near, and grouped."""
        theta = self.ends["theta"][:, rest]
        nearest, distance = closest(dict(enumerate(self.points)), theta)
        near = distance <= self.match
        self._name(rest[near], nearest[near])
        more, note = self.attractors.more(theta[:, ~near], self.match)
        self.notes.append(note)
        if more:
            self._know((*self.points, *more))
            nearest, distance = closest(dict(enumerate(self.points)), theta)
            new = ~near & (distance <= self.match)
            self._name(rest[new], nearest[new])

    def _follow(self, on: Further, places: np.ndarray) -> None:
        """The labels of ends in doubt, at these places of `on`, by where they went on to."""
        if (cut := on.outcome[places] == Outcome.INTERRUPTED).any():
            self.notes.append("interrupted: what some ends in doubt are at was not looked into")
            places = places[~cut]
        lone, moved = self._seen_again(on, places)
        theta, ends, outcome = self.ends["theta"][:, on.lanes[lone]], on.theta[:, lone], on.outcome[lone]
        stays = np.isin(outcome, (Outcome.CONVERGED, Outcome.STALLED, Outcome.RUNNING))
        # where Newton's step leads away, or all critical points are known, there is none
        with np.errstate(all="ignore"):
            step = np.linalg.norm(newton_step(self.loss, ends), axis=0)
        beside, all_known = step <= self.match / 4, self.attractors.covers(ends, self.match)
        none = stays & (~beside & np.isfinite(step) | all_known)
        more, note = self.attractors.more(ends[:, stays & beside & ~all_known], self.match)
        self.notes.append(note)
        if more:
            self._know((*self.points, *more))
            lanes = on.lanes[places]
            self.point[lanes], self.end[lanes], self.certified[lanes] = -1, End.CONVERGED, False
            _, moved = self._seen_again(on, places)
        self.further, known = on.at(moved), dict(enumerate(self.points))
        with np.errstate(over="ignore", invalid="ignore"):
            size, after = (np.linalg.norm(x, axis=0) for x in (theta, ends))
        reach = np.linalg.norm(np.abs(np.array(self.loss.box)).max(axis=1))
        away = (outcome == Outcome.DIVERGED) | stays & (after >= AWAY * np.maximum(size, reach))
        nowhere = np.minimum(closest(known, ends)[1], closest(known, theta)[1]) > self.match
        self.end[on.lanes[lone[nowhere & away]]] = End.INFINITY
        self.end[on.lanes[lone[nowhere & ~away & none]]] = End.PLATEAU

    def _seen_again(self, on: Further, places: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Name the ends that come to rest again at a point, and those on a cycle: the places of ends that no point is
        near, and of those that did not just come nearer to one."""
        lone, moved = [places[:0]], [places[:0]]
        known, balls = dict(enumerate(self.points)), inner_balls(
            self.points, np.minimum(self.unique * self.convex, self.match))
        for first in range(0, len(places), BLOCK):
            some = _span(places[first:first + BLOCK])
            index, ends, outcome, _, period = on.at(some)
            lanes = _span(index)
            point, end, certified, cycle = (a[lanes] for a in (self.point, self.end, self.certified, self.period))
            nearest = self._inside(balls, ends) - np.int16(1)  # of most ends
            near, alone = nearest >= 0, nearest >= 0
            if (other := np.flatnonzero(~near)).size:
                nearest[other], distance = closest(known, ends[:, other])
                near[other], alone[other] = distance <= self.match, distance < self.unique[nearest[other]]
            there = near & ((outcome == Outcome.CONVERGED) | (outcome == Outcome.STALLED))
            # in a ball in which F is strictly convex a run that is still at rest by the first test is there, if slow
            slow = np.flatnonzero(alone & (outcome == Outcome.RUNNING))
            slow = slow[self.convex[nearest[slow]]]
            there[slow[np.linalg.norm(self.loss.gradient(ends[:, slow]), axis=0) <= self.problem.stop.gradient]] = True
            np.copyto(point, nearest, where=there)
            np.copyto(end, np.where(nearest >= self.listed, np.int8(End.NEW_POINT), np.int8(End.KNOWN_POINT)),
                      where=there)
            np.copyto(certified, alone, where=there)
            round_ = outcome == Outcome.CYCLE
            end[round_], cycle[round_] = End.CYCLE, period[round_]
            # (of a span these are the arrays themselves)
            self.point[lanes], self.end[lanes], self.certified[lanes], self.period[lanes] = point, end, certified, cycle
            with np.errstate(over="ignore", invalid="ignore"):
                still = there & (np.sqrt(squares(ends, self.ends["theta"][:, lanes])) <= self.match)
            lone.append(places[first:first + BLOCK][~near])
            moved.append(places[first:first + BLOCK][~still])
        return np.concatenate(lone), np.concatenate(moved)


def _span(index: np.ndarray) -> np.ndarray | slice:
    """Numbers in order, as a slice where they are without gaps, so that what they choose is no copy."""
    gaps = not len(index) or index[-1] - index[0] >= len(index)
    return index if gaps else slice(int(index[0]), int(index[-1]) + 1)


def inner_balls(points: Sequence[CriticalPoint], radius: np.ndarray) -> dict[int, float]:
    """{index: the square of a radius} of balls within those of `radius` in which no other point is as near.

    (Of families distances are no metric, so that with one among the points nothing is known so.)
    """
    if any(p.family for p in points):
        return {}
    at, found = [p.numeric for p in points], {}
    for i in map(int, np.flatnonzero(radius[:len(points)])):
        half = min((float(np.linalg.norm(at[i] - x)) / 2 for k, x in enumerate(at) if k != i), default=np.inf)
        square = ((1 - 1e-9) * min(float(radius[i]), half))**2
        if square > TINY:
            found[i] = square
    return found
