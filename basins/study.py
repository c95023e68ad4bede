"""The study of an ensemble: every start has an outcome, every end point is matched to the known critical points."""
from __future__ import annotations

import dataclasses
import hashlib
import json
import os
import pickle
import sys
import time
from collections.abc import Callable
from concurrent.futures import Executor, ProcessPoolExecutor, as_completed
from pathlib import Path
from typing import NamedTuple

import numpy as np

from arithmetic import check_backend, check_threads
from flows import check_theta
from networks import Nature
from schemes import Optimizer, Outcome, Stop

from .table import Table, wilson

ARRAYS = ("outcome", "steps", "gradients", "theta")


class Point(NamedTuple):
    """A known critical point as a study keeps it: coordinates in text and in floats, nature, value."""

    text: str
    theta: tuple[float, ...]
    nature: Nature
    value: float
    family: bool


class Witness(NamedTuple):
    """A start near a minimum that ends elsewhere: `end` is the point it ends in (−1: none), by its `outcome`."""

    index: int
    start: np.ndarray
    minimum: int
    distance: float
    end: int
    outcome: Outcome


@dataclasses.dataclass(frozen=True)
class Study:
    """Where the starts of an ensemble ended; arrays over the starts.

    starts, theta : (dim, n), first and last.  outcome : (n,) integers, the values of `Outcome`.
    point : (n,) index into `points` of the critical point within `match` of the end, −1 for none.
    steps, gradients : (n,) trials and gradient evaluations taken.
    points : the known critical points.  loss, optimizer : what was studied, in words; coordinates : names of the
    parameters.  stop, match : as given.
    """

    starts: np.ndarray
    theta: np.ndarray
    outcome: np.ndarray
    point: np.ndarray
    steps: np.ndarray
    gradients: np.ndarray
    points: tuple[Point, ...]
    loss: str
    optimizer: str
    stop: Stop
    match: float
    coordinates: tuple[str, ...]
    distances: np.ndarray = dataclasses.field(repr=False)  # (points, n), start to critical point

    @property
    def n(self) -> int:
        """Number of starts."""
        return self.starts.shape[1]

    @property
    def complete(self) -> bool:
        """Whether every start was followed to its end."""
        return not np.any(self.outcome == Outcome.INTERRUPTED)

    @property
    def codes(self) -> np.ndarray:
        """(n,) the critical point's index, or minus the value of the `Outcome` where there is none."""
        return np.where(self.point >= 0, self.point, -self.outcome.astype(np.int16))

    def table(self, confidence: float = 0.95) -> Table:
        """The fraction of the starts that ended in each critical point, and of each other outcome, with Wilson's interval.

        "not at rest" counts the starts that were within `match` of the point when their steps were used up.
        """
        rows = []
        for code in self.codes_shown():
            chosen = self.codes == code
            count = int(chosen.sum())
            low, high = wilson(count, self.n, confidence)
            waiting = int(np.sum(chosen & (self.outcome != Outcome.CONVERGED))) if code >= 0 else 0
            gradients = float(np.mean(self.gradients[chosen])) if count else 0.0
            rows.append((self.label(code), count, count / self.n, low, high, waiting, gradients))
        return Table(("end", "starts", "fraction", "low", "high", "not at rest", "gradients (mean)"), rows)

    def codes_shown(self) -> list[int]:
        """Every critical point, then the other outcomes that occurred."""
        others = sorted({int(c) for c in np.unique(self.codes) if c < 0} | {-int(Outcome.DIVERGED)}, reverse=True)
        return [*range(len(self.points)), *others]

    def label(self, code: int) -> str:
        """A code of `codes` in words."""
        if code >= 0:
            return f"{self.points[code].nature} {self.points[code].text}"
        return _LABELS[Outcome(-code)]

    def fraction(self, what) -> float:
        """Fraction of the starts that ended in an `Outcome` or in critical points of a nature ("minimum", "saddle", …).

        A nature in one word counts its degenerate and non-strict forms too.
        """
        if isinstance(what, Outcome):
            return float(np.mean(self.outcome == what))
        chosen = [i for i, p in enumerate(self.points) if what in (p.nature, p.nature.kind)]
        return float(np.mean(np.isin(self.point, chosen)))

    def witnesses(self, radius: float) -> list[Witness]:
        """Starts within `radius` of a minimum that end elsewhere, nearest first."""
        minima = [i for i, p in enumerate(self.points) if p.nature.is_minimum]
        if not minima:
            return []
        nearest = np.array(minima)[np.argmin(self.distances[minima], axis=0)]
        distance = self.distances[nearest, np.arange(self.n)]
        done = ~np.isin(self.outcome, (Outcome.INTERRUPTED, Outcome.STEP_LIMIT))
        found = np.flatnonzero((distance <= radius) & (self.point != nearest) & (done | (self.point >= 0)))
        found = found[np.argsort(distance[found], kind="stable")]
        return [Witness(int(i), self.starts[:, i], int(nearest[i]), float(distance[i]), int(self.point[i]),
                        Outcome(int(self.outcome[i]))) for i in found]

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
        regular = (xs == xs[0]).all() and (ys == ys[:, :1]).all() and (np.diff(xs[0]) > 0).all() and (np.diff(ys[:, 0]) > 0).all()
        return xs.shape if regular else None

    def map(self) -> np.ndarray:
        """`codes` on the grid of starts: (rows, columns), the second coordinate growing with the row."""
        if self.shape is None:
            raise ValueError(f"{self.loss}: a map needs starts on a grid of two coordinates: study(..., grid(box, n))")
        return self.codes.reshape(self.shape)

    def figure(self, ax=None, *, witnesses: float | None = None):
        """The map of the basins (a scatter off a grid, bars beyond two coordinates); returns a matplotlib Figure.

        ax : axes to draw into.  witnesses : a radius; of the starts that `witnesses(radius)` finds, the one nearest to
        each minimum is marked, with an arrow to where it ends.
        """
        from .figure import draw

        return draw(self, ax, witnesses)

    # ----------------------------------------------------------------------------------------- on disk
    def save(self, path) -> Path:
        """Write to a folder: `study.json` and plain npz files; returns the folder."""
        store = _Store(path)
        store.write_manifest(self._manifest())
        store.write("starts", starts=self.starts, distances=self.distances, point=self.point)
        store.write("ends", **{name: getattr(self, name) for name in ARRAYS})
        return store.path

    @classmethod
    def load(cls, path) -> Study:
        """Read what `save` wrote."""
        store = _Store(path)
        manifest = store.manifest()
        if manifest is None or not store.has("ends"):
            raise ValueError(f"Study.load: {path} holds no finished study (study.json, starts.npz and ends.npz); "
                             "an interrupted one is finished by study(..., store=path)")
        words = manifest["study"]
        points = tuple(Point(p["text"], tuple(p["theta"]), Nature(p["nature"]), p["value"], p["family"]) for p in words["points"])
        return cls(**store.read("starts"), **store.read("ends"), points=points, loss=words["loss"],
                   optimizer=words["optimizer"], stop=Stop(**words["stop"]), match=words["match"],
                   coordinates=tuple(words["coordinates"]))

    def _manifest(self) -> dict:
        return {"format": 1, "study": {"loss": self.loss, "optimizer": self.optimizer, "n": self.n,
                                       "stop": dataclasses.asdict(self.stop), "match": self.match,
                                       "coordinates": list(self.coordinates),
                                       "points": [p._asdict() for p in self.points]}}


_LABELS = {Outcome.RUNNING: "running", Outcome.CONVERGED: "at rest elsewhere", Outcome.DIVERGED: "diverged",
           Outcome.STEP_LIMIT: "steps used up", Outcome.STALLED: "stalled", Outcome.NOT_FINITE: "not finite",
           Outcome.INTERRUPTED: "interrupted", Outcome.LEFT_BOX: "left the box", Outcome.EVENT: "event",
           Outcome.ENERGY_ROSE: "energy rose", Outcome.GRADIENT_LIMIT: "gradients used up", Outcome.TIME_LIMIT: "time used up"}


def study(loss, optimizer: Optimizer, starts, *, stop: Stop | None = None, executor: Executor | None = None,
          chunk: int = 32768, store=None, progress: bool | Callable | None = None, backend: str = "auto",
          threads: int | None = None, match: float = 0.05) -> Study:
    """Follow every start until it has an outcome.

    Parameters
    ----------
    loss : a Loss.
    optimizer : from `schemes.named` or `schemes.pair`.
    starts : (dim, n), a column each (`grid`, `uniform`, `normal`).
    stop : a `Stop`.
    executor : any `concurrent.futures.Executor`; without one, the threads of this process.
    chunk : starts per piece of work; pieces are what is stored, shown as progress and handed to the executor.
    store : a folder; finished pieces are kept in it, and the same call again goes on from there.
    progress : True, False, or a function of (done, n); by default a line on standard error if that is a terminal.
    backend, threads : as for `integrate`.
    match : a start counts for a critical point when it ends within this distance of it.

    Interrupted from the keyboard, it returns what is done, the rest labelled `Outcome.INTERRUPTED`.

    Raises
    ------
    ValueError, TypeError : for starts of a wrong shape or not finite, unknown back ends, a store of another study,
    and work that cannot be sent to other processes.
    """
    if not isinstance(optimizer, Optimizer):
        raise TypeError(f"optimizer={optimizer!r} must come from schemes.named(name, ...) or schemes.pair(flow, scheme, step)")
    if not hasattr(loss, "oracle"):
        raise TypeError(f"loss={loss!r} must be a Loss: networks.get(name), or Loss.from_expression, Loss.from_callables")
    starts = check_theta(starts, loss.dim)
    if starts.ndim == 1:
        starts = starts[:, None]
    if not starts.shape[1]:
        raise ValueError(f"starts has shape {starts.shape}: a study needs at least one start")
    if not np.isfinite(starts).all():
        i, k = map(int, np.argwhere(~np.isfinite(starts))[0])
        raise ValueError(f"starts[{i}, {k}] = {starts[i, k]}: starts must be finite, remove such columns")
    if isinstance(chunk, bool) or not isinstance(chunk, (int, np.integer)) or chunk < 1:
        raise ValueError(f"chunk={chunk!r} must be an integer >= 1")
    if not match > 0:
        raise ValueError(f"match={match!r} must be a positive distance")
    check_backend(backend)
    check_threads(threads)
    stop = stop or Stop()
    if isinstance(executor, ProcessPoolExecutor):
        _check_sendable(loss, optimizer, stop)
    n = starts.shape[1]
    pieces = [slice(first, min(first + chunk, n)) for first in range(0, n, chunk)]
    kept = _Store(store) if store is not None else None
    if kept:
        kept.resume(_fingerprint(loss, optimizer, starts, stop, chunk))
    report = _Progress(progress, n)
    results: dict[int, dict] = {}

    def take(k: int, result: dict, fresh: bool = True) -> None:
        results[k] = result
        if kept and fresh:
            kept.write(f"piece-{k:05d}", **result)
        report(pieces[k].stop - pieces[k].start)

    try:
        waiting = []
        for k in range(len(pieces)):
            if kept and kept.has(f"piece-{k:05d}"):
                take(k, kept.read(f"piece-{k:05d}"), fresh=False)
            else:
                waiting.append(k)
        if executor is None:
            for k in waiting:
                take(k, _follow(loss, optimizer, starts[:, pieces[k]], stop, backend, threads))
        else:
            futures = {executor.submit(_follow, loss, optimizer, starts[:, pieces[k]], stop, backend, threads or 1): k
                       for k in waiting}
            try:
                for future in as_completed(futures):
                    take(futures[future], future.result())
            finally:
                for future in futures:
                    future.cancel()
    except KeyboardInterrupt:
        pass  # what is done is returned, and labelled
    finally:
        report.close()

    ends = {"outcome": np.full(n, int(Outcome.INTERRUPTED), dtype=np.int8), "steps": np.zeros(n, dtype=np.int64),
            "gradients": np.zeros(n, dtype=np.int64), "theta": np.full(starts.shape, np.nan)}
    for k, result in results.items():
        for name, values in ends.items():
            values[..., pieces[k]] = result[name]
    points, point, distances = _match(loss, starts, ends["theta"], ends["outcome"], match)
    done = Study(starts=starts, point=point, points=points, loss=loss.name, optimizer=str(optimizer), stop=stop, match=match,
                 coordinates=_names(loss), distances=distances, **ends)
    if kept and done.complete:
        done.save(kept.path)
    return done


def _follow(loss, optimizer, starts, stop, backend, threads) -> dict:
    """The ends of some starts: the unit of work."""
    problem = optimizer.problem(loss, stop)
    end = problem.finish(*problem.run(problem.start(problem.field.start(starts)), backend=backend, threads=threads))
    return {"outcome": end.outcome, "steps": end.steps, "gradients": end.gradients,
            "theta": np.ascontiguousarray(problem.field.theta(end.y))}


def _match(loss, starts, ends, outcome, radius: float):
    """The known critical points, the one each end is within `radius` of, and the distances of the starts."""
    known = loss.critical_points() if getattr(loss, "expression", None) is not None else []
    points = tuple(Point(_text(p.theta), tuple(float(x) for x in p.numeric), p.nature, _number(p.value), bool(p.family))
                   for p in known)
    point = np.full(starts.shape[1], -1, dtype=np.int16)
    if not known:
        return points, point, np.empty((0, starts.shape[1]))
    distances = np.array([p.distance(starts) for p in known])
    eligible = ~np.isin(outcome, (Outcome.DIVERGED, Outcome.NOT_FINITE, Outcome.INTERRUPTED))
    # a point on two families, or near a family and a point of it, belongs to the first that is near enough
    with np.errstate(invalid="ignore"):
        final = np.array([p.distance(ends) for p in known])
    final = np.where(np.isnan(final), np.inf, final)
    nearest = np.argmin(final, axis=0)
    close = eligible & (final[nearest, np.arange(len(nearest))] <= radius)
    point[close] = nearest[close]
    return points, point, distances


def _names(loss) -> tuple[str, ...]:
    numeric = getattr(loss, "expression", None) is None
    return tuple(f"theta{i + 1}" for i in range(loss.dim)) if numeric else tuple(map(str, loss.symbols))


def _text(theta) -> str:
    return "(" + ", ".join(_short(x) for x in theta) + ")"


def _short(x) -> str:
    """An exact number as it is where that is short, else its decimals."""
    text = str(x).replace("**", "^")
    return text if len(text) <= 12 or getattr(x, "free_symbols", None) else f"{float(x):.6g}"


def _number(value) -> float:
    return float("nan") if getattr(value, "free_symbols", None) else float(value)


def _check_sendable(loss, optimizer, stop) -> None:
    try:
        pickle.dumps((loss, optimizer, stop))
    except (pickle.PicklingError, TypeError, AttributeError) as error:
        raise TypeError(f"{loss.name} with {optimizer} cannot be sent to other processes ({error}); use "
                        "networks.get(name), Loss.from_expression, functions defined in a module, or leave out executor "
                        "(threads serve the compiled back ends)") from error


def _fingerprint(loss, optimizer, starts, stop, chunk) -> dict:
    """What must be the same for a stored piece to be a piece of this study."""
    return {"loss": loss.name, "expression": str(getattr(loss, "expression", None)), "optimizer": repr(optimizer),
            "stop": dataclasses.asdict(stop), "chunk": int(chunk), "shape": list(starts.shape),
            "starts": hashlib.sha256(np.ascontiguousarray(starts).tobytes()).hexdigest()}


class _Store:
    """A folder with a JSON manifest and npz files, each written whole or not at all."""

    def __init__(self, path):
        self.path = Path(path)
        try:
            self.path.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise ValueError(f"store={str(path)!r} cannot be made a folder: {error}; choose another path") from error
        if not os.access(self.path, os.W_OK):
            raise ValueError(f"store={str(path)!r} is not writable: choose another path")

    def manifest(self) -> dict | None:
        file = self.path / "study.json"
        return json.loads(file.read_text()) if file.exists() else None

    def write_manifest(self, manifest: dict) -> None:
        manifest = (self.manifest() or {}) | manifest
        self._replace("study.json", lambda file: file.write_text(json.dumps(manifest, indent=1) + "\n"))

    def resume(self, fingerprint: dict) -> None:
        """Begin, or go on with the same study; ValueError for another one."""
        manifest = self.manifest()
        if manifest is None:
            self.write_manifest({"format": 1, "fingerprint": fingerprint})
            return
        old = manifest.get("fingerprint", {})
        changed = [key for key in fingerprint if old.get(key) != fingerprint[key]]
        if changed:
            raise ValueError(f"store={str(self.path)!r} holds a study with other {', '.join(changed)}: "
                             "choose another folder, or remove that one")

    def has(self, name: str) -> bool:
        return (self.path / f"{name}.npz").exists()

    def read(self, name: str) -> dict:
        with np.load(self.path / f"{name}.npz", allow_pickle=False) as arrays:
            return dict(arrays)

    def write(self, name: str, **arrays) -> None:
        def save(file: Path) -> None:
            with file.open("wb") as out:
                np.savez(out, **arrays)

        self._replace(f"{name}.npz", save)

    def _replace(self, name: str, write: Callable) -> None:
        part = self.path / f".{name}.{os.getpid()}.part"
        write(part)
        part.replace(self.path / name)


class _Progress:
    """A line on a terminal, a function of (done, n), or nothing."""

    def __init__(self, wanted, n: int):
        self.function = wanted if callable(wanted) else None
        self.line = self.function is None and (sys.stderr.isatty() if wanted is None else bool(wanted))
        self.n, self.done, self.began = n, 0, time.monotonic()

    def __call__(self, more: int) -> None:
        self.done += more
        if self.function:
            self.function(self.done, self.n)
        elif self.line:
            left = (time.monotonic() - self.began) * (self.n - self.done) / self.done
            print(f"\r{self.done / self.n:4.0%}  {self.done} of {self.n} starts, {left:.0f} s left ", end="", file=sys.stderr,
                  flush=True)

    def close(self) -> None:
        if self.line and self.done:
            print(file=sys.stderr)
