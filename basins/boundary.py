"""The boundaries of basins: how mixed and how rough they are, how near they come, what lies on them, where starts tip.

Measures of a map (`entropy`, `uncertainty`) belong to its grid; those that follow further starts to find a boundary
(`uncertainty_exponent`, `fatal_shocks`, `edge_state`) go as fine as floats.
"""
from __future__ import annotations

import dataclasses
import math
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import ArrayLike

from arithmetic import Box, Printed, Table, printed
from networks import Objective
from schemes import Optimizer, Outcome, Problem, Stop

from .alike import Label, Labels, number
from .evidence import End
from .follow import study
from .result import Study, closest, listed
from .starts import uniform

LOG_2 = math.log(2)
FEW = 10  #: pairs of which a share is no measure


# ------------------------------------------------------------------------------------------------ measures of a map
@dataclass(frozen=True)
class Entropy(Printed):
    """How mixed the boxes of a map are: natural logarithms, as published.

    basin : S_b, the mean entropy of the labels in a box, over all boxes.  boundary : S_bb, over the `mixed` ones, those
    that hold more than one label (NaN where none does).  error : the standard error of S_bb, as if its boxes were
    drawn independently.  box : starts per side.  boxes : how many.  unknown : further ones, left out because of a start
    in them it is not known where it goes: at rest and undecided, or still moving.

    A box in which two basins meet does not exceed log 2, and where boundaries are smooth, three or more meet in few of
    many small boxes: S_bb > log 2, if finer grids say so too, is the mark of a fractal boundary.  S_bb < log 2 says
    nothing.
    Source: Daza, Wagemakers, Georgeot, Guéry-Odelin & Sanjuán 2016.
    """

    basin: float
    boundary: float
    error: float
    boxes: int
    mixed: int
    box: int
    unknown: int = 0

    @property
    def exceeds_log_2(self) -> bool:
        """Whether S_bb is above log 2 by more than two standard errors: the boundary test on this grid."""
        return bool(self.boundary - 2 * self.error > LOG_2)

    def __str__(self) -> str:
        said = ("above log 2: more than two basins meet in many boxes, as at a fractal boundary" if self.exceeds_log_2
                else "the log 2 test says nothing")
        return (f"S_b = {self.basin:.3f}, S_bb = {self.boundary:.3f} ± {self.error:.3f} ({said}); {self.boxes} boxes "
                f"of {self.box} × {self.box} starts, {self.mixed} mixed"
                + f", {self.unknown} left out" * bool(self.unknown))


def entropy(result: Study | ArrayLike, box: int = 5) -> Entropy:
    """Basin entropy S_b and boundary basin entropy S_bb of a map.

    result : a study on a grid of two coordinates, or labels, integers (rows, columns).  box : starts per side of a box;
    what does not fill one at the upper ends is left out.
    Raises ValueError where there is no map, or it holds no box of which all starts are known.
    """
    codes, known = _map(result)
    if isinstance(box, bool) or not isinstance(box, (int, np.integer)) or not 2 <= box <= min(codes.shape):
        raise ValueError(f"entropy(box={box!r}): must be an integer from 2 to {min(codes.shape)}, the map's smaller "
                         "side")
    rows, columns = (side // box for side in codes.shape)
    boxes, sure = (x[:rows * box, :columns * box].reshape(rows, box, columns, box).swapaxes(1, 2).reshape(-1, box * box)
                   for x in (codes, known))
    if not sure.all(axis=1).any():
        raise ValueError("entropy: each box has a start of which it is not known where it goes: raise Stop.max_steps")
    boxes, unknown = boxes[sure.all(axis=1)], int((~sure.all(axis=1)).sum())
    each = np.zeros(len(boxes))
    for code in np.unique(boxes):
        share = np.mean(boxes == code, axis=1)
        each -= share * np.log(np.where(share > 0, share, 1.0))
    mixed = (boxes != boxes[:, :1]).any(axis=1)
    count = int(mixed.sum())
    return Entropy(float(each.mean()), float(each[mixed].mean()) if count else math.nan,
                   float(each[mixed].std(ddof=1) / math.sqrt(count)) if count > 1 else math.nan, len(boxes), count,
                   int(box), unknown)


@dataclass(frozen=True)
class Uncertainty(Printed):
    """How the share f of starts that a shift by ε sends elsewhere falls with ε: f ~ ε^α.

    epsilon, share : ε and f.  pairs : how many pairs of starts f was counted on.  exponent : α, by least squares of the
    logarithms over those ε of which ten pairs or more were sent elsewhere; error : its standard error, from how far
    they are off the line.  Both are NaN where less than three are left.  dimension : of the boundary, d − α with d
    coordinates; d − 1 where it is smooth.

    The line is one over these scales; `slopes`, between neighbours, show whether it is one.
    Source: Grebogi, McDonald, Ott & Yorke 1983.
    """

    epsilon: np.ndarray
    share: np.ndarray
    pairs: np.ndarray
    dim: int
    exponent: float = field(init=False)
    error: float = field(init=False)

    def __post_init__(self):
        seen = self.share * self.pairs >= FEW
        exponent = error = math.nan
        if seen.sum() > 2:
            x, y = np.log(self.epsilon[seen]), np.log(self.share[seen])
            x, y = x - x.mean(), y - y.mean()
            exponent = float(x @ y / (x @ x))
            error = math.sqrt(float(np.sum((y - exponent * x) ** 2)) / (len(x) - 2) / float(x @ x))
        object.__setattr__(self, "exponent", exponent)
        object.__setattr__(self, "error", error)

    @property
    def dimension(self) -> float:
        return self.dim - self.exponent

    @property
    def slopes(self) -> np.ndarray:
        """α between each ε and the next."""
        with np.errstate(divide="ignore", invalid="ignore"):
            return np.diff(np.log(self.share)) / np.diff(np.log(self.epsilon))

    def table(self) -> Table:
        rows = [(f"{e:.3g}", float(f), int(n)) for e, f, n in zip(self.epsilon, self.share, self.pairs, strict=True)]
        return Table(("ε", "share sent elsewhere", "pairs"), rows)

    def __str__(self) -> str:
        return (f"α = {self.exponent:.3f} ± {self.error:.3f}, boundary dimension {self.dimension:.3f}, over ε from "
                f"{self.epsilon.min():.2g} to {self.epsilon.max():.2g}")


def uncertainty(result: Study | ArrayLike, steps: Sequence[int] = (1, 2, 4, 8, 16)) -> Uncertainty:
    """The uncertainty exponent of a map, by its pairs of starts that are so many steps of the grid apart.

    result : as for `entropy`.  ε is in units of the grid's step, the share the mean of those along either side, of the
    pairs of which it is known where both go.
    Raises ValueError where there is no map, or steps do not fit into it.
    """
    codes, known = _map(result)
    sizes = np.array(steps)
    if sizes.ndim != 1 or not sizes.size or sizes.dtype.kind not in "iu" or not (
            (sizes >= 1) & (sizes < min(codes.shape))).all():
        raise ValueError(f"uncertainty(steps={steps!r}): must be integers from 1 to {min(codes.shape) - 1}, less than "
                         "the map's smaller side")
    share, pairs = [], []
    for k in map(int, sizes):
        both = known[:, k:] & known[:, :-k], known[k:] & known[:-k]
        apart = codes[:, k:] != codes[:, :-k], codes[k:] != codes[:-k]
        share.append(sum(np.mean(x[told]) if told.any() else np.nan for x, told in zip(apart, both, strict=True)) / 2)
        pairs.append(sum(int(told.sum()) for told in both))
    return Uncertainty(sizes.astype(float), np.array(share), np.array(pairs), 2)


def _map(result) -> tuple[np.ndarray, np.ndarray]:
    """The labels of a map, and of which starts it is known where they go."""
    codes = result.map() if isinstance(result, Study) else np.asarray(result)
    if codes.ndim != 2 or codes.dtype.kind not in "iu" or min(codes.shape) < 2:
        raise ValueError(f"a map has integers in rows and columns, two or more, got an array of {codes.dtype} of shape "
                         f"{codes.shape}")
    return codes, _known(result).reshape(codes.shape) if isinstance(result, Study) else np.ones(codes.shape, dtype=bool)


# ------------------------------------------------------------------------------------ what further starts find
class Labeller:
    """The labels of starts by following them, under one numbering for all calls; `labels` says what they are.

    options : those of `study`.
    """

    def __init__(self, loss: Objective, optimizer: Optimizer, **options: Any):
        self.loss, self.optimizer, self.options = loss, optimizer.shared(), {"progress": False} | options
        self.labels: list[Label] = []

    def __call__(self, starts: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """(n,) numbers of the labels of starts, (dim, n), and of which it is known where they go."""
        result = study(self.loss, self.optimizer, starts, **self.options)
        if not result.complete:
            raise KeyboardInterrupt
        return self.number(result), _known(result)

    def number(self, result: Study) -> np.ndarray:
        """(n,) numbers of the labels of a study."""
        return result.by_code(lambda code: number(self.labels, result, code))


def _known(result: Study) -> np.ndarray:
    """Of which starts it is known where they go; what has stalled at no known point goes nowhere that has a basin."""
    return result.settled & ((result.point >= 0) | (result.end != End.STALLED))


def uncertainty_exponent(loss: Objective, optimizer: Optimizer, box: Box | tuple[float, float],
                         epsilon: ArrayLike | None = None, *, n: int = 10_000, seed: int = 0,
                         **options: Any) -> Uncertainty:
    """The uncertainty exponent of the basins in a box, by shifts of random starts: of the pairs, a start and the same
    shifted by ε in a random direction, of which it is known where both go, f is the share with different labels.

    epsilon : shifts, in units of the coordinates (by default 12 from 1e-6 to 0.1 of the box's shortest side).
    n : pairs for each ε, drawn anew for each.  options : those of `study`.
    """
    if epsilon is None:
        sides = np.ptp(np.array(box if np.ndim(box) == 2 else [box], dtype=float), axis=1)
        epsilon = sides.min() * np.geomspace(1e-6, 0.1, 12)
    sizes = np.atleast_1d(np.asarray(epsilon, dtype=float))
    if sizes.ndim != 1 or not sizes.size or not (np.isfinite(sizes) & (sizes > 0)).all():
        raise ValueError(f"uncertainty_exponent(epsilon={epsilon!r}): must be positive numbers")
    rng, labels = np.random.default_rng(seed), Labeller(loss, optimizer, **options)
    share, pairs = [], []
    for e in sizes:
        starts = uniform(box, n, rng)
        shift = rng.standard_normal(starts.shape)
        found, known = labels(np.hstack([starts, starts + e * shift / np.linalg.norm(shift, axis=0)]))
        told = known[:n] & known[n:]
        share.append(float(np.mean((found[:n] != found[n:])[told])) if told.any() else np.nan)
        pairs.append(int(told.sum()))
    return Uncertainty(sizes, np.array(share), np.array(pairs), loss.dim)


@printed
class Shock(NamedTuple):
    """The nearest start to a minimum that was found to end elsewhere.

    minimum, end : labels in words.  distance : from the minimum to `start`, which ends in `end`; `inside`, on the way
    there and nearer by less than the tolerance, still ends in the minimum.
    """

    minimum: str
    distance: float
    start: np.ndarray
    end: str
    inside: np.ndarray

    def __str__(self) -> str:
        return f"{self.minimum}: {self.distance:.6g} away, the start ({listed(self.start)}) ends: {self.end}"


def fatal_shocks(loss: Objective, optimizer: Optimizer, result: Study, *, nearest: int = 32, rounds: int = 4,
                 tolerance: float = 1e-9, seed: int = 0, **options: Any) -> list[Shock]:
    """The minimal fatal shock of each isolated minimum: the least displacement that was found to be fatal.

    It is sought along the lines to the `nearest` starts of the study that end elsewhere, on which the boundary is
    bisected, and then in `rounds` of directions drawn around the best one.  Each is a start that does end elsewhere, so
    the distance is an upper bound of the least one.  Starts of which it is not known where they go do not count as
    elsewhere.

    result : a study of this loss and optimizer.  tolerance : of the distance.  options : those of `study` for further
    starts; `stop`, `match` are those of the result unless given.
    Raises ValueError for a study of another loss or optimizer.
    """
    _check_same(result, loss, optimizer)
    labels = Labeller(loss, optimizer, **{"stop": result.stop, "match": result.match} | options)
    label, known, rng = labels.number(result), _known(result), np.random.default_rng(seed)
    minima = [i for i, p in enumerate(result.points) if p.nature.is_minimum and not p.family]
    if not minima:
        return []
    centres = np.array([result.points[i].theta for i in minima]).T
    own = np.array([number(labels.labels, result, i) for i in minima])
    lines = []
    for k in range(len(minima)):
        elsewhere = np.flatnonzero((label != own[k]) & known)
        far = np.linalg.norm(result.starts[:, elsewhere] - centres[:, [k]], axis=0)
        chosen = elsewhere[np.argsort(far, kind="stable")[:nearest]]
        lines.append((np.full(len(chosen), k), result.starts[:, chosen] - centres[:, [k]]))
    best: dict[int, tuple] = {}
    for turn in range(rounds + 1):
        if not any(group.size for group, _ in lines):
            break
        group, along = np.concatenate([g for g, _ in lines]), np.hstack([a for _, a in lines])
        found, high, low, end = _first_change(labels, own[group], centres[:, group], along, tolerance)
        distance = np.where(found, high * np.linalg.norm(along, axis=0), np.inf)
        lines = []
        for k in np.unique(group):
            lane = int(np.argmin(np.where(group == k, distance, np.inf)))
            if distance[lane] < best.get(k, (np.inf,))[0]:
                best[k] = (float(distance[lane]), centres[:, k] + along[:, lane] * high[lane], int(end[lane]),
                           centres[:, k] + along[:, lane] * low[lane])
            if k in best:  # directions around the best one, up to its distance
                towards = best[k][1] - centres[:, k]
                drawn = towards[:, None] + (0.3 / 3**turn * best[k][0]) * rng.standard_normal((loss.dim, nearest))
                lines.append((np.full(nearest, k), drawn * (best[k][0] / np.linalg.norm(drawn, axis=0))))
    return [Shock(result.label(minima[k]), best[k][0], best[k][1], labels.labels[best[k][2]].text, best[k][3])
            for k in sorted(best)]


def _first_change(labels: Labeller, own: np.ndarray, centre: np.ndarray, along: np.ndarray, tolerance: float,
                  parts: int = 32) -> tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray]:
    """On lines from centres, (dim, k), that are labelled `own`, to centre + along: whether a start that ends elsewhere
    was found, the share of the line at the first one and at the last before it, and its label."""
    length = np.linalg.norm(along, axis=0)
    low, high, label = np.zeros(len(length)), np.ones(len(length)), np.full(len(length), -1)
    alive, lane = length > 0, np.arange(len(length))
    while alive.any() and np.any(((high - low) * length > tolerance) & (high - low > 4 * np.spacing(high)) & alive):
        at = low + (high - low) * np.linspace(0, 1, parts + 1)[1:, None]  # (parts, k): the last one is high itself
        starts = centre[:, None] + along[:, None] * at
        found, ended = (x.reshape(at.shape) for x in labels(starts.reshape(len(centre), -1)))
        away = (found != own) & ended
        first = np.argmax(away, axis=0)
        alive &= away.any(axis=0)
        label = np.where(alive, found[first, lane], label)
        low, high = np.where(first > 0, at[np.maximum(first - 1, 0), lane], low), at[first, lane]
    return alive, high, low, label


@dataclass(frozen=True)
class EdgeState(Printed):
    """Where the boundary between two basins leads: the state that trajectories on it approach.

    theta : the parameters there.  gradient : |∇F|.  moved : how far the last round of the tracking moved it.
    negative : how many eigenvalues of the Hessian are negative (−1 where the loss has none).
    point, distance : the nearest known critical point in words, and how far away it is (empty, ∞: none is known).
    resting : whether the state no longer moved; else the boundary leads to no single state, or the rounds were too few.
    """

    theta: np.ndarray
    gradient: float
    moved: float
    negative: int
    point: str
    distance: float
    resting: bool

    def __str__(self) -> str:
        at = listed(self.theta)
        known = f"; {self.distance:.1e} from {self.point}" if self.point else ""
        return (f"({at}), |∇F| = {self.gradient:.1e}, {self.negative} negative eigenvalues{known}" if self.resting else
                f"not at rest: ({at}) moved by {self.moved:.1e} in the last round")


def edge_state(loss: Objective, optimizer: Optimizer, a: ArrayLike, b: ArrayLike, *, stop: Stop | None = None,
               match: float = 0.05, rounds: int = 100, near: float = 1e-11, apart: float = 1e-8,
               rest: float = 1e-7) -> EdgeState:
    """Follow the boundary between the basins of two starts to the state at which it rests: mostly a saddle, but a
    minimum where the algorithm does not hold on to it.

    a, b : (dim,) starts of different ends.  The segment between two states is bisected until they are `near`, both are
    followed until they are `apart`, and so on, memory and all; it rests when a round moves θ by at most `rest`.
    match : ends within this distance are the same.
    Raises ValueError where both starts end alike.
    """
    stop = stop or Stop()
    problem = optimizer.problem(loss, dataclasses.replace(stop, gradient=min(stop.gradient, rest / 100)))
    ends = [np.asarray(x, dtype=float).reshape(-1) for x in (a, b)]
    if any(x.shape != (loss.dim,) for x in ends):
        raise ValueError(f"edge_state(a, b): each must be a start of shape ({loss.dim},), got shapes "
                         f"{[x.shape for x in ends]}")
    z = problem.begin(np.array(ends).T)
    first, second = _end(problem, z[:, :1]), _end(problem, z[:, 1:])
    if _alike(first, second, match)[0]:
        raise ValueError(f"edge_state(a, b): {ends[0]} and {ends[1]} end alike, at {first[1][:, 0]}: give starts of "
                         "different basins, such as two neighbours of other labels on a map")
    at, moved = z[:loss.dim].mean(axis=1), math.inf
    for _ in range(rounds):
        z = _bisected(problem, z, first, match, near)
        was, steps = at, 1
        while True:
            new, taken = problem.run(z, max_steps=steps)
            z, steps = new, min(2 * steps, 16)
            if float(np.linalg.norm(np.diff(z[:problem.field.size]))) > apart or not taken.all():
                break
        at = z[:loss.dim].mean(axis=1)
        moved = float(np.linalg.norm(at - was))
        if moved <= rest:
            break
    known = dict(enumerate(loss.critical_points())) if loss.symbolic else {}
    name, distance = "", math.inf
    if known:
        key, far = closest(known, at[:, None])
        p = known[int(key[0])]
        name, distance = f"{p.nature} ({', '.join(map(str, p.theta))})", float(far[0])
    try:
        negative = int(np.sum(np.linalg.eigvalsh(loss.hessian(at)) < 0))
    except (TypeError, NotImplementedError):
        negative = -1
    return EdgeState(at, float(np.linalg.norm(loss.gradient(at))), moved, negative, name, distance, moved <= rest)


def _end(problem: Problem, z: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """(outcomes, θ) at the ends of the states z."""
    end = problem.finish(*problem.run(z))
    return end.outcome, problem.field.theta(end.y)


def _alike(one, others, match: float) -> np.ndarray:
    """Which of several ends are that one: of its outcome, and where it is at rest, within `match` of it."""
    same = others[0] == one[0]
    if one[0][0] in (Outcome.DIVERGED, Outcome.NOT_FINITE):
        return same
    with np.errstate(invalid="ignore"):
        return same & (np.linalg.norm(others[1] - one[1], axis=0) <= match)


def _bisected(problem: Problem, z: np.ndarray, first, match: float, near: float, parts: int = 32) -> np.ndarray:
    """Two states of the segment between the columns of z that are `near`; the first ends as `first` does, the second
    does not."""
    finite = np.isfinite(z).all(axis=1)  # control keeps bounds that are infinite at first
    while np.linalg.norm(np.diff(z[finite])) > near:
        share = np.linspace(0, 1, parts + 1)
        states = np.repeat(z[:, :1], parts + 1, axis=1)
        states[finite] = z[finite, :1] * (1 - share) + z[finite, 1:] * share
        alike = _alike(first, _end(problem, states), match)
        k = int(np.argmin(alike)) if not alike.all() else parts  # of the states the first that ends otherwise
        if k == 0 or np.array_equal(states[:, k - 1], states[:, k]):
            break
        narrower = states[:, [k - 1, k]]
        if np.linalg.norm(np.diff(narrower[finite])) >= np.linalg.norm(np.diff(z[finite])):
            break
        z = narrower
    return z


# ---------------------------------------------------------------------------------------- two settings, and times
@dataclass(frozen=True)
class Tipping(Printed):
    """Where the same starts end under two settings: counts[i, j] of them under label i before and j after.

    before, after : the settings in words.  labels : in words; those that occurred on either side.
    """

    before: str
    after: str
    labels: tuple[str, ...]
    counts: np.ndarray

    @property
    def probabilities(self) -> np.ndarray:
        """The share of label i's starts that are in j afterwards; NaN where i had none."""
        with np.errstate(invalid="ignore"):
            return self.counts / self.counts.sum(axis=1, keepdims=True)

    @property
    def tipped(self) -> float:
        """The share of all starts whose label changed."""
        return float(1 - np.trace(self.counts) / self.counts.sum())

    def table(self) -> Table:
        """Counts, a row for each label before."""
        return Table((f"{self.before} \\ {self.after}", *self.labels),
                     [(text, *map(int, row)) for text, row in zip(self.labels, self.counts, strict=True)])

    def __str__(self) -> str:
        return (f"{self.tipped:.1%} of the starts end elsewhere under {self.after} than under {self.before}\n"
                f"{self.table()}")


def tipping(before: Study, after: Study) -> Tipping:
    """The labels of one study crossed with those of another on the same starts, as at two learning rates.

    Raises ValueError where losses or starts differ.
    Source: Kaszás, Feudel & Tél 2019.
    """
    if before.loss != after.loss or not np.array_equal(before.starts, after.starts):
        raise ValueError(f"tipping(before, after): one loss and the same starts, got {before.loss} with "
                         f"{before.starts.shape} and {after.loss} with {after.starts.shape} starts")
    labels = Labels((before, after))
    counts = np.zeros((len(labels), len(labels)), dtype=np.int64)
    np.add.at(counts, (labels.of(0), labels.of(1)), 1)
    seen = np.flatnonzero(counts.sum(axis=0) + counts.sum(axis=1))
    return Tipping(before.optimizer, after.optimizer, tuple(labels.texts[i] for i in seen),
                   counts[np.ix_(seen, seen)])


def convergence_times(result: Study) -> Table:
    """Steps that the starts of each label took: how many starts, and the mean, median, 95 % quantile and maximum."""
    rows = []
    for code in result.codes_shown():
        steps = result.steps[result.codes == code]
        if steps.size:
            rows.append((result.label(code), int(steps.size), float(steps.mean()), float(np.median(steps)),
                         float(np.quantile(steps, 0.95)), int(steps.max())))
    return Table(("end", "starts", "steps (mean)", "median", "95 %", "most"), rows)


def _check_same(result: Study, loss, optimizer) -> None:
    if result.loss != loss.name or result.optimizer != str(optimizer):
        raise ValueError(f"the study is of {result.loss} by {result.optimizer}, not of {loss.name} by {optimizer}")
