"""The result of a study: where every start ended, as tables, maps, and the starts that end somewhere unexpected."""
from __future__ import annotations

import dataclasses
import functools
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np
from numpy.typing import ArrayLike

from arithmetic import Array, Readable, Table, embedded, preformatted, printed
from arithmetic.late import sympy
from networks import CriticalPoint, Nature, Objective
from schemes import Outcome, Stop

from .evidence import End, Evidence, Further, observed
from .statistics import wilson
from .store import Store

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

    from .planes import Plane


class Column(NamedTuple):
    """An array over the starts: its type, whether it has a number per coordinate, and what says that there is none."""

    dtype: type
    coordinates: bool
    none: float


#: what is known of each start when it has ended
ENDS = {"outcome": Column(np.int8, False, Outcome.INTERRUPTED), "steps": Column(np.int64, False, 0),
        "gradients": Column(np.int64, False, 0), "theta": Column(np.float64, True, np.nan),
        "period": Column(np.int8, False, 0)}
CYCLES = 64  #: what the code of a cycle adds to its period: no `End` is so large
CACHED = 1 << 14  #: ends whose distances are computed at once
AT_ONCE = 1 << 16  #: ends whose evidence is


Terms = tuple[tuple[tuple[int, ...], float], ...]


def listed(numbers: Array | Sequence[float]) -> str:
    """Numbers, as of a point, to six digits."""
    return ", ".join(f"{x:.6g}" for x in numbers)


def _terms(e: sympy.Expr, symbols) -> Terms:
    return tuple((powers, float(c)) for powers, c in sympy.Poly(e, *symbols).terms())


def _read_terms(words) -> Terms:
    return tuple((tuple(powers), c) for powers, c in words)


@printed
class Point(NamedTuple):
    """A known critical point as a study keeps it: coordinates in text and in floats, nature, value.

    family : whether it stands for a curve or more of critical points; `theta` is then one of them.
    radius : of the ball in which it is proved to be the only critical point; 0 where nothing is.
    equations : the terms (exponents, coefficient) of the polynomials that vanish there (none: everywhere).
    inequalities : (terms, relation to 0) of those that hold there.
    """

    text: str
    theta: tuple[float, ...]
    nature: Nature
    value: float
    family: bool
    equations: tuple[Terms, ...] = ()
    inequalities: tuple[tuple[Terms, str], ...] = ()
    radius: float = 0.0

    def __str__(self) -> str:
        return f"{self.nature} {self.text}{', one of a family' * self.family}, F = {self.value:.6g}"

    @classmethod
    def of(cls, p: CriticalPoint) -> Point:
        equations = tuple(_terms(e, p.symbols) for e in p.equations)
        inequalities = tuple((_terms(e.lhs - e.rhs, p.symbols), e.rel_op) for e in p.inequalities)
        return cls(p.text, tuple(map(float, p.numeric)), p.nature, p.height, bool(p.family), equations, inequalities)

    def distance(self, theta: Array) -> np.ndarray:
        """Of `theta`, (dim,) or (dim, lanes), to the point or the family, as `CriticalPoint.distance`."""
        x = sympy.symbols(f"x:{len(self.theta)}")
        equations = tuple(sympy.Poly(dict(terms), *x).as_expr() for terms in self.equations)
        inequalities = tuple(sympy.Rel(sympy.Poly(dict(terms), *x).as_expr(), 0, relation)
                             for terms, relation in self.inequalities)
        point = CriticalPoint(self.theta, self.nature, self.value, family=x if self.family else (), equations=equations,
                              inequalities=inequalities, symbols=x, member=self.theta)
        return point.distance(theta)

    @classmethod
    def read(cls, words: dict) -> Point:
        """From what JSON made of `_asdict()`."""
        return cls(words["text"], tuple(words["theta"]), Nature(words["nature"]), words["value"], words["family"],
                   tuple(map(_read_terms, words.get("equations", ()))),
                   tuple((_read_terms(terms), relation) for terms, relation in words.get("inequalities", ())),
                   words.get("radius", 0.0))


@printed
class Witness(NamedTuple):
    """A start near a minimum that ends elsewhere: `end` is the point it ends in (−1: none), by its `outcome`.

    label : where it ends, in words.
    """

    index: int  # type: ignore[assignment]  # of the start; that a tuple has a method of this name does no harm
    start: np.ndarray
    minimum: int
    distance: float
    end: int
    outcome: Outcome
    label: str = ""

    def __str__(self) -> str:
        return (f"start {self.index}, ({listed(self.start)}), {self.distance:.3g} from the minimum of index "
                f"{self.minimum}, ends: {self.label or self.outcome.label}")


@dataclasses.dataclass(frozen=True, repr=False)
class Study(Readable):
    """Where the starts of an ensemble ended; arrays over the starts.

    starts, theta : (dim, n), first and last.  outcome : (n,) integers, the values of `Outcome`: how the run ended.
    end : (n,) integers, the values of `End`: what the label rests on.  point : (n,) index into `points` of the critical
    point that an end at a point is at, else −1.  certified : (n,) whether it is proved that this point is the only one
    near, and for a minimum whose algorithm holds on to it, that the run stays.
    period : (n,) steps of a cycle, −1 of an irregular motion, else 0.
    steps, gradients : (n,) trials and gradient evaluations taken.
    points : the known critical points.  loss, optimizer : what was studied, in words; coordinates : names of the
    parameters.  stop, match : as given.  further : where ends that were in doubt went on to.
    drawn : "sample", "grid", or "" where nobody says how the starts were made.
    note : what is to be known of the points, as why there are none; else empty.
    """

    starts: np.ndarray
    theta: np.ndarray
    outcome: np.ndarray
    point: np.ndarray
    end: np.ndarray
    certified: np.ndarray
    period: np.ndarray
    steps: np.ndarray
    gradients: np.ndarray
    points: tuple[Point, ...]
    loss: str
    optimizer: str
    stop: Stop
    match: float
    coordinates: tuple[str, ...]
    further: Further
    drawn: str = ""
    note: str = ""
    objective: Objective | None = dataclasses.field(default=None, repr=False, compare=False)

    @property
    def n(self) -> int:
        """Number of starts."""
        return self.starts.shape[1]

    @property
    def title(self) -> str:
        """What was studied, from how many starts, and where these lie."""
        box = " × ".join(f"[{x.min():g}, {x.max():g}]" for x in self.starts)
        return f"{self.loss}, {self.optimizer}: n = {self.n} starts in {box}"

    def __str__(self) -> str:
        return f"{self.title}\n\n{self.table()}" + f"\nnote: {self.note}" * bool(self.note)

    def __repr__(self) -> str:
        return f"<Study of {self.loss}, {self.optimizer}: {self.n} starts>"

    def _repr_html_(self) -> str:
        """Table and figure."""
        return (preformatted(self.title) + self.table().html() + preformatted(f"note: {self.note}") * bool(self.note)
                + embedded(self.figure()))

    @property
    def complete(self) -> bool:
        """Whether every start was followed to its end."""
        return not np.any(self.outcome == Outcome.INTERRUPTED)

    @property
    def settled(self) -> np.ndarray:
        """(n,) whether it is known where a start goes: not where it was cut off, nor at rest where nothing decided."""
        return (self.point >= 0) | ~np.isin(self.end, [*(o for o in Outcome if o.cut_off), End.CONVERGED])

    @functools.cached_property
    def codes(self) -> np.ndarray:
        """(n,) the critical point's index; where there is none, minus `CYCLES` and the period of a cycle, or minus the
        value of the `End`."""
        away = np.where(self.period > 0, CYCLES + self.period.astype(np.int16), self.end.astype(np.int16))
        codes = np.where((self.point >= 0) & (self.end != End.STARTED_THERE), self.point, -away)
        codes.flags.writeable = False  # it is kept
        return codes

    @functools.cached_property
    def evidence(self) -> Evidence:
        """F, |∇F|, the smallest eigenvalue of the Hessian, |θ| and the distance to the named point at every end.

        Computed when it is asked for, and kept by `save`.
        Raises ValueError for a study from disk that was saved without it.
        """
        if self.objective is None:
            raise ValueError(f"{self.loss}: this study has no loss to compute the evidence with; save() keeps it of a "
                             "study that was made by study(...)")
        result, known = Evidence(*(np.empty(self.n) for _ in Evidence._fields)), dict(enumerate(self.points))
        for first in range(0, self.n, AT_ONCE):
            part = slice(first, first + AT_ONCE)
            theta, point = self.theta[:, part], self.point[part]
            distance = closest(known, theta)[1]
            for i in np.unique(point[point >= 0]):  # (not the nearest, where a longer run went to another)
                at = np.flatnonzero(point == i)
                distance[at] = closest({0: self.points[i]}, theta[:, at])[1]
            with np.errstate(over="ignore", invalid="ignore"):
                size = np.linalg.norm(theta, axis=0)
            for values, seen in zip(result, (*observed(self.objective, theta), size, distance), strict=True):
                values[part] = seen
        return result

    def table(self, confidence: float = 0.95) -> Table:
        """The fraction of the starts that ended in each critical point, and with each other label.

        Of a sample it has Wilson's interval ("low", "high"): the ends that no start has seen have an upper bound.  Of a
        grid, or of starts of which nobody says that they were drawn at random, there is none: starts are then cells.
        "certified" counts the ends whose point is proved.
        """
        rows = []
        for code in self.codes_shown():
            chosen = self.codes == code
            count = int(chosen.sum())
            interval = wilson(count, self.n, confidence) if self.drawn == "sample" else ()
            gradients = float(np.mean(self.gradients[chosen])) if count else 0.0
            rows.append((self.label(code), count, count / self.n, *interval, int(self.certified[chosen].sum()),
                         gradients))
        between = ("low", "high") if self.drawn == "sample" else ()
        return Table(("end", "starts", "fraction", *between, "certified", "gradients (mean)"), rows)

    def by_code(self, function: Callable[[int], Any]) -> np.ndarray:
        """(n, …) what a function gives for the code of each start; it is asked once for each code that occurs."""
        codes, places = np.unique(self.codes, return_inverse=True)
        return np.array([function(int(code)) for code in codes])[places]

    def codes_shown(self) -> list[int]:
        """Every critical point, then the other labels that occurred."""
        others = sorted({int(c) for c in np.unique(self.codes) if c < 0} | {-int(Outcome.DIVERGED)}, reverse=True)
        return [*range(len(self.points)), *others]

    def label(self, code: int) -> str:
        """A code of `codes` in words."""
        if code >= 0:
            return f"{self.points[code].nature} {self.points[code].text}"
        return f"cycle of period {-code - CYCLES}" if -code > CYCLES else End(-code).label

    def fraction(self, what: str | int) -> float:
        """Fraction of the starts that ended in an `Outcome`, an `End`, or in critical points of a nature ("minimum",
        "saddle", …): at rest there, and not started there.

        A nature in one word counts its degenerate and non-strict forms too.
        """
        return float(np.mean(self.ended(what)))

    def ended(self, what: str | int) -> np.ndarray:
        """(n,) whether a start ended so; `what` as in `fraction`."""
        if isinstance(what, Outcome):
            return self.outcome == what
        if isinstance(what, End):
            return self.end == what
        if what not in {*Nature, *(nature.kind for nature in Nature)}:
            raise ValueError(f"fraction({what!r}): give an Outcome, an End or a nature, one of {', '.join(Nature)}")
        return np.isin(self.codes, [i for i, p in enumerate(self.points) if what in (p.nature, p.nature.kind)])

    def witnesses(self, radius: float) -> list[Witness]:
        """Starts within `radius` of a minimum that end elsewhere, nearest first."""
        minima = {i: p for i, p in enumerate(self.points) if p.nature.is_minimum}
        if not minima:
            return []
        nearest, distance = closest(minima, self.starts)
        found = np.flatnonzero((distance <= radius) & (self.point != nearest) & self.settled)
        found = found[np.argsort(distance[found], kind="stable")]
        codes = self.codes[found]
        words = {c: self.label(int(c)) for c in np.unique(codes)}
        return [Witness(int(i), self.starts[:, i], int(nearest[i]), float(distance[i]), int(self.point[i]),
                        Outcome(int(self.outcome[i])), words[c]) for i, c in zip(found, codes, strict=True)]

    @property
    def shape(self) -> tuple[int, int] | None:
        """(rows, columns) where the starts are a grid of two coordinates, else None."""
        if len(self.starts) != 2:
            return None
        x, y = self.starts
        columns = int(np.argmax(y != y[0])) if np.any(y != y[0]) else self.n
        if self.n % columns:
            return None
        xs, ys = x.reshape(-1, columns), y.reshape(-1, columns)
        product = (xs == xs[0]).all() and (ys == ys[:, :1]).all()
        growing = (np.diff(xs[0]) > 0).all() and (np.diff(ys[:, 0]) > 0).all()
        return xs.shape if product and growing else None

    def map(self) -> np.ndarray:
        """`codes` on the grid of starts: (rows, columns), the second coordinate growing with the row."""
        if self.shape is None:
            raise ValueError(f"{self.loss}: a map needs starts on a grid of two coordinates: study(..., grid(box, n))")
        return self.codes.reshape(self.shape).copy()

    def figure(self, ax: Axes | None = None, *, witnesses: float | None = None, plane: Plane | None = None,
               loss: Objective | None = None, levels: bool | int | ArrayLike = False, paths: Sequence = (),
               certified: Sequence = (), shade: str | Mapping[str, ArrayLike] | ArrayLike | None = None) -> Figure:
        """The map of the basins (a scatter off a grid, bars beyond two coordinates); returns a matplotlib Figure.

        ax : axes to draw into.  witnesses : a radius; of the starts that `witnesses(radius)` finds, the one nearest to
        each minimum is marked, with an arrow to where it ends.
        plane : the `Plane` that the starts lie on, where there are more than two parameters.
        loss, levels : True, a number, or values: level lines of the loss, those through saddles dashed.
        paths : trajectories, each a `Run` with its record, or parameters (dim, points).
        certified : certificates of `lyapunov.basin_certificate`, whose regions get a white border.
        shade : "steps", darker the longer a start took; or numbers, one per start, in words: {"share of steps on which
        the energy rises": rises(...)}.
        """
        from .figure import draw

        return draw(self, ax, witnesses, plane=plane, loss=loss, levels=levels, paths=paths, certified=certified,
                    shade=shade)

    # ----------------------------------------------------------------------------------------- on disk
    def save(self, path: str | Path) -> Path:
        """Write to a folder, `study.json` and plain npy files beside it; returns the folder.

        A study that was there is replaced when all of this one is written, or stays.
        """
        with Store.claimed(path) as store:
            self.save_in(store)
        return store.path

    def save_in(self, store: Store) -> None:
        """Write into a folder that is claimed: in place of the study there, wholly or not at all."""
        store.save(*self.parts())

    def parts(self) -> tuple[dict[str, Any], dict[str, np.ndarray]]:
        """It as words that JSON has, and arrays by name: `of_parts` takes them back."""
        arrays = {f.name: value for f in dataclasses.fields(self)
                  if isinstance(value := getattr(self, f.name), np.ndarray)}
        for prefix, more in (("further", self.further), ("evidence", self.evidence)):
            arrays |= {f"{prefix}_{name}": np.asarray(values) for name, values in more._asdict().items()}
        return {"loss": self.loss, "optimizer": self.optimizer, "n": self.n, "stop": self.stop.plain(),
                "match": float(self.match), "coordinates": list(self.coordinates), "note": self.note,
                "drawn": self.drawn, "points": [p._asdict() for p in self.points]}, arrays

    @classmethod
    def load(cls, path: str | Path) -> Study:
        """Read what `save` wrote; large arrays stay on disk.  ValueError where there is none, or it is damaged."""
        words, arrays = Store(path).study()
        if "loss" not in words:
            raise ValueError(f"{path} holds a sweep: Sweep.load(path) reads it")
        return cls.of_parts(words, arrays)

    @classmethod
    def of_parts(cls, words: Mapping[str, Any], arrays: dict[str, Any]) -> Study:
        """The study of these `parts`, without its loss."""
        further = Further(*(arrays.pop(f"further_{name}") for name in Further._fields))
        evidence = Evidence(*(arrays.pop(f"evidence_{name}") for name in Evidence._fields))
        study = cls(**arrays, points=tuple(map(Point.read, words["points"])), loss=words["loss"],
                    optimizer=words["optimizer"], stop=Stop.read(words["stop"]), match=words["match"],
                    coordinates=tuple(words["coordinates"]), further=further, drawn=words["drawn"], note=words["note"])
        study.__dict__["evidence"] = evidence
        return study


def closest(points: Mapping[int, Point | CriticalPoint], theta: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """The key of the point nearest to each column of `theta`, (dim, n), the first of those as near, and its distance.

    A column that is no number is infinitely far from all; the key is then that of the first point.  Without points the
    key is −1.
    """
    n, first_key = theta.shape[1], next(iter(points), -1)
    nearest, least = np.full(n, first_key, dtype=np.int16), np.full(n, np.inf)
    # points that are no families go first, by squares in pieces that a processor's cache holds
    alone = {key: np.array(p.theta, dtype=float) if isinstance(p, Point) else p.numeric
             for key, p in points.items() if not p.family}
    keys = np.array([first_key, *alone], dtype=np.int16)
    with np.errstate(over="ignore", invalid="ignore"):
        for first in range(0, n if alone else 0, CACHED):
            part = slice(first, first + CACHED)
            best = least[part]
            last = np.zeros(best.shape, dtype=np.int16)  # which point was nearer than those before it, from 1; 0: none
            for k, at in enumerate(alone.values(), 1):
                square = squares(at, theta[:, part])
                np.maximum(last, (square < best).view(np.int8) * np.int16(k), out=last)
                np.minimum(best, square, out=best)
            best[np.isnan(best)] = np.inf
            nearest[part] = keys[last]
        np.sqrt(least, out=least)
        for key, p in points.items():
            if p.family:
                distance = p.distance(theta)
                closer = (distance < least) | (distance == least) & (key < nearest)
                nearest[closer], least[closer] = key, distance[closer]
    return nearest, least


@np.errstate(over="ignore")
def squares(at: np.ndarray, theta: np.ndarray) -> np.ndarray:
    """|θ − at|² of the columns of `theta`, (dim, n), at (dim,) or (dim, n); infinite where no number is so large."""
    result = theta[0] - at[0]
    result *= result
    for x, c in zip(theta[1:], at[1:], strict=True):
        more = x - c
        more *= more
        result += more
    return result
