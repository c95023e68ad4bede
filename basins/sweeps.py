"""Studies over values of hyperparameters: where the same starts end as a rate grows, with the thresholds of theory."""
from __future__ import annotations

import functools
import inspect
import itertools
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np
from numpy.typing import ArrayLike

from arithmetic import Progress, Readable, Table, embedded, preformatted, printed
from arithmetic.late import sympy
from networks import Nature, Objective
from schemes import Optimizer, Outcome, named, variants

from .alike import Labels
from .follow import alike, studies, study
from .identity import content
from .result import Point, Study, listed
from .starts import Described
from .store import Store

LANES = 1 << 17  #: starts that are followed at once, of several studies

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure


@printed
class Threshold(NamedTuple):
    """Where a minimum is no longer stable: the sharpness that the algorithm bears meets that of the minimum.

    minimum : its label.  sharpness : the largest eigenvalue of its Hessian.  bears : the largest one under which the
    rest point is stable, in the hyperparameters (`lyapunov.multipliers`).  lost : through -1, +1 or "pair".
    at : the values of the hyperparameter at which they meet, in a sweep of one.
    """

    minimum: str
    sharpness: float
    bears: str
    lost: object
    at: tuple[float, ...] = ()

    @property
    def condition(self) -> str:
        """That of being stable, in words."""
        return f"{self.minimum}: stable while its sharpness {self.sharpness:.6g} < {self.bears}"

    def __str__(self) -> str:
        return self.condition + f"; lost at {listed(self.at)}" * bool(self.at)


@dataclass(frozen=True)
class Sweep(Readable):
    """The studies of one optimizer over the values of its hyperparameters.

    axes : {hyperparameter: its values}.  studies : one for each combination, in the order of `combinations`; None for
    those that an interruption left out.  loss, optimizer : what was studied; of the optimizer the swept values are
    those of the first study.  loss is None of a sweep from disk that was loaded without it.
    """

    loss: Objective | None = field(repr=False)
    optimizer: Optimizer
    axes: dict[str, np.ndarray]
    studies: tuple[Study | None, ...] = field(repr=False)

    @property
    def name(self) -> str:
        """Of the optimizer, without hyperparameters."""
        return self.optimizer.name.partition("(")[0]

    @property
    def title(self) -> str:
        """What was swept, from how many starts."""
        done = next((s for s in self.studies if s is not None), None)
        loss, n = (done.loss, done.n) if done else (getattr(self.loss, "name", "no study"), 0)
        return f"{loss}, {self.name} over {' and '.join(self.axes)}: n = {n} starts each"

    @property
    def theory(self) -> list[str]:
        """A line for each threshold, or why there is none."""
        (name, *more) = self.axes
        lines = []
        for threshold in self.thresholds:
            at = f"lost at {name} = {listed(threshold.at)}" if threshold.at else (
                "" if more else "not lost between these values")
            lines.append(threshold.condition + f"; {at}" * bool(at))
        return [*lines, *([f"no thresholds: {self.note}"] if self.note else [])]

    def __str__(self) -> str:
        return "\n".join([self.title, "", str(self.table()), *self.theory])

    def _repr_html_(self) -> str:
        """Table, thresholds and, of one hyperparameter or two, the figure."""
        return (preformatted(self.title) + self.table().html() + preformatted("\n".join(self.theory))
                + (embedded(self.figure()) if len(self.axes) < 3 else ""))

    @property
    def shape(self) -> tuple[int, ...]:
        """How many values each hyperparameter has."""
        return tuple(map(len, self.axes.values()))

    @property
    def combinations(self) -> list[dict[str, float]]:
        """The values of each study; those of the last hyperparameter change first."""
        return _combinations(self.axes)

    @property
    def complete(self) -> bool:
        """Whether every start of every study was followed to its end."""
        return all(s is not None and s.complete for s in self.studies)

    @functools.cached_property
    def labels(self) -> Labels:
        """The ends of all studies under one numbering."""
        return Labels(s for s in self.studies if s is not None)

    def fractions(self) -> dict[str, np.ndarray]:
        """{label: share of the starts that have it}, arrays of the shape of the sweep; NaN where nothing was run.

        Every known point is there, and every other label that occurred.
        """
        done = np.array([s is not None for s in self.studies])
        counts = self.labels.counts() / [s.n for s in self.labels.studies]
        result = {}
        for text, row in zip(self.labels.texts, counts, strict=True):
            values = np.full(len(done), np.nan)
            values[done] = row
            result[text] = values.reshape(self.shape)
        return result

    def fraction(self, what: str | Outcome) -> np.ndarray:
        """`Study.fraction` of each study, an array of the shape of the sweep; NaN where nothing was run."""
        return np.array([np.nan if s is None else s.fraction(what) for s in self.studies]).reshape(self.shape)

    def at(self, **values: float) -> Study:
        """The study of these values, `at(lr=0.1)`.  Raises ValueError where there is none, with those there are."""
        for combination, found in zip(self.combinations, self.studies, strict=True):
            if found is not None and combination == values:
                return found
        raise ValueError(f"at({', '.join(f'{k}={v}' for k, v in values.items())}): there is no such study; there are "
                         + "; ".join(f"{key} = {', '.join(map(str, axis))}" for key, axis in self.axes.items()))

    def table(self) -> Table:
        """The fraction of every label that occurred, a row for each combination of values."""
        shares = {text: row.ravel() for text, row in self.fractions().items() if np.nansum(row) > 0}
        rows = [(*map(str, combination.values()), *(float(row[k]) for row in shares.values()))
                for k, combination in enumerate(self.combinations) if self.studies[k] is not None]
        return Table((*self.axes, *shares), rows)

    # ------------------------------------------------------------------------------------------ what theory says
    @functools.cached_property
    def _bears(self):
        """(the multipliers in symbols, the sharpness that is borne in the swept ones), or why there is none."""
        from lyapunov import multipliers

        if self.optimizer.step.adaptive:
            return f"its steps are chosen by {type(self.optimizer.step).__name__}"
        generic = {name: float(axis[np.abs(axis).argmax()]) for name, axis in self.axes.items()}  # 0 has no symbol
        found = multipliers(named(self.name, schedule=self.optimizer.schedule,
                                  **(self.optimizer.hyperparameters | generic)), symbolic=True)
        if found.threshold is None or found.polynomial is None:
            return found.argument if found.status == "UNDECIDED" else "it bears every sharpness"
        others = {key: value for key, value in self.optimizer.hyperparameters.items() if key not in self.axes}
        known = {s: others[s.name] for s in found.threshold.free_symbols | found.polynomial.free_symbols
                 if s.name in others}
        bears, polynomial = found.threshold.subs(known), found.polynomial.subs(known)
        if {s.name for s in bears.free_symbols} - set(self.axes):
            return f"the sharpness that is borne depends on the memory: {bears}"
        return bears, polynomial, found.lost

    @property
    def note(self) -> str:
        """Why there are no thresholds; empty where there are."""
        if isinstance(self._bears, str):
            return self._bears
        return "" if self.loss is not None else "the loss is not on file: Sweep.load(path, loss) takes it"

    def bears(self, **values: ArrayLike) -> np.ndarray:
        """The largest sharpness under which a rest point is stable, at values of the swept hyperparameters.

        Raises ValueError where theory has none, with the reason.
        """
        if isinstance(self._bears, str):
            raise ValueError(f"{self.optimizer}: no threshold is known ({self._bears})")
        function = _numeric(self._bears[0], list(self.axes))
        arrays = np.broadcast_arrays(*(np.asarray(values[name], dtype=float) for name in self.axes))
        with np.errstate(all="ignore"):
            return np.broadcast_to(function(*arrays), arrays[0].shape)

    @functools.cached_property
    def thresholds(self) -> tuple[Threshold, ...]:
        """Of every minimum that the loss lists, isolated and with a Hessian of full rank, where it stops being stable.

        Each value in `at` lies between the least and the largest of the sweep; on one side of it the roots of the
        characteristic polynomial are inside the unit circle, on the other one is outside.
        """
        if self.loss is None or not self.loss.symbolic or self.note:
            return ()
        if not any(label.is_minimum for label in self.labels.all):
            return ()
        bears, polynomial, lost = self._bears
        result = []
        for p in self.loss.critical_points():
            if p.nature != Nature.MINIMUM or p.kinks:  # at a kink there is no Hessian
                continue
            sharpness = float(np.linalg.eigvalsh(self.loss.hessian(p.numeric))[-1])
            at = _crossings(bears, polynomial, self.axes, sharpness) if len(self.axes) == 1 else ()
            result.append(Threshold(f"{p.nature} {Point.of(p).text}", sharpness, str(bears), lost, at))
        return tuple(result)

    def diagram(self, ax: Axes | None = None) -> Figure:
        """The labels of starts on a line, over their place on it and the values of one hyperparameter, a row a study.

        Raises ValueError for more hyperparameters, and where the starts are no line in order.
        """
        from .figure import draw_diagram

        return draw_diagram(self, ax)

    def figure(self, ax: Axes | None = None, *, what: str | Outcome = "minimum") -> Figure:
        """The share of the starts by label over the values of one hyperparameter, with the thresholds; of two, the
        share of `what` (as in `fraction`) over their plane, with the lines on which a minimum loses its stability.

        Raises ValueError for more than two.
        """
        from .figure import draw_sweep

        return draw_sweep(self, ax, what)

    # ------------------------------------------------------------------------------------------ on disk
    def save(self, path: str | Path) -> Path:
        """Write to a folder, as `Study.save` does: all studies in one manifest, with their arrays beside it.

        A sweep or study that was there is replaced when all of this one is written, or stays.
        Raises TypeError for an optimizer with a schedule, a function that no file holds.
        """
        if self.optimizer.schedule is not None:
            raise TypeError(f"{self.optimizer} has a schedule, a function that no file holds: save its studies")
        words: list[dict | None] = [None] * len(self.studies)
        arrays: dict[str, np.ndarray] = {}
        for k, found in enumerate(self.studies):
            if found is not None:
                words[k], held = found.parts()
                arrays["starts"] = held.pop("starts")  # those of all
                arrays |= {f"{k}-{name}": values for name, values in held.items()}
        with Store.claimed(path) as store:
            store.save({"sweep": {"name": self.name, "hyperparameters": self.optimizer.hyperparameters,
                                  "loss": content(self.loss),
                                  "axes": {name: axis.tolist() for name, axis in self.axes.items()}},
                        "studies": words}, arrays)
        return store.path

    @classmethod
    def load(cls, path: str | Path, loss: Objective | None = None) -> Sweep:
        """Read what `save` wrote; large arrays stay on disk.

        loss : that of the sweep, for its thresholds.
        Raises ValueError where there is no sweep, or it is damaged, and for another loss.
        """
        words, arrays = Store(path).study()
        if "sweep" not in words:
            raise ValueError(f"{path} holds a study: Study.load(path) reads it")
        of = words["sweep"]
        if loss is not None and (not of["loss"] or content(loss) != of["loss"]):
            raise ValueError(f"{path} holds a sweep of another loss than {loss.name}, or of functions that cannot be "
                             "compared: leave out loss")
        studies = []
        for k, said in enumerate(words["studies"]):
            own = {name.removeprefix(f"{k}-"): values for name, values in arrays.items() if name.startswith(f"{k}-")}
            studies.append(None if said is None else Study.of_parts(said, {"starts": arrays["starts"]} | own))
        return cls(loss, named(of["name"], **of["hyperparameters"]),
                   {name: np.array(axis) for name, axis in of["axes"].items()}, tuple(studies))


def sweep(loss: Objective, optimizer: str | Optimizer, values: Mapping[str, ArrayLike],
          starts: np.ndarray | Described, *, store: str | Path | None = None,
          progress: bool | Callable[[int, int], object] | None = None, **options: Any) -> Sweep:
    """Study the same starts under every value of a hyperparameter, or every combination of values of several.

    Parameters
    ----------
    loss, starts : as for `study`.
    optimizer : a name, or an optimizer of `schemes.named`, whose other hyperparameters and schedule are kept.
    values : {"lr": [0.01, 0.1, …]}; with two keys, the plane of all pairs.
    store : a folder, in which each study has a store of its own, "lr=0.1"; the same call goes on from there.
    progress : as for `study`, over the starts of all studies.
    options : those of `study`: stop, executor, match, points, ….

    Each study is, to the bit, that of `named` with its values; one recording and one kernel serve them all.
    Interrupted from the keyboard, it returns what is done; another error has that, a `Sweep`, as its `partial`.

    Raises ValueError, TypeError before any work: for hyperparameters and values that `named` does not take, and as
    `study` does.
    """
    one = named(optimizer) if isinstance(optimizer, str) else optimizer
    axes, made, folder = check_sweep(one, values, store)
    combinations = _combinations(axes)
    shape = starts.shape if isinstance(starts, Described) else np.shape(starts)
    n = shape[1] if len(shape) > 1 else 1
    report = Progress(progress, n * len(made), "starts")
    found: list[Study | None] = [None] * len(made)
    k, together = 0, _together(loss, made, starts, n, folder, options)
    try:
        while k < len(made):
            if len(group := made[k:k + together]) > 1:
                found[k:k + len(group)] = done = studies(loss, group, starts, **options)
                report((k + len(group)) * n)
            else:
                kept = folder and folder / ",".join(f"{key}={x!r}" for key, x in combinations[k].items())
                part = functools.partial(_part, report, k * n)
                found[k:k + 1] = done = [study(loss, made[k], starts, store=kept, progress=part, **options)]
            if not all(result.complete for result in done):
                break
            k += len(group)
    except KeyboardInterrupt:
        if all(s is None for s in found):
            raise
    except Exception as error:
        found[k] = getattr(error, "partial", found[k])
        if any(s is not None for s in found):
            error.partial = Sweep(loss, made[0], axes, tuple(found))  # type: ignore[attr-defined]
        raise
    finally:
        report.close()
    return Sweep(loss, made[0], axes, tuple(found))


def check_sweep(optimizer: Optimizer, values: Mapping[str, ArrayLike],
                store: str | Path | None = None) -> tuple[dict[str, np.ndarray], list[Optimizer], Path | None]:
    """The axes of a sweep, its optimizers and its folder; else an error, as `sweep` says."""
    if not isinstance(optimizer, Optimizer) or optimizer.recipe is None:
        raise TypeError(f"sweep(loss, optimizer, …): optimizer={optimizer!r} must be a name, or come from "
                        "schemes.named(name, …): only these have hyperparameters")
    axes = {str(key): _axis(key, axis) for key, axis in dict(values).items()}
    if not axes:
        raise ValueError('sweep: values is empty; give those of a hyperparameter, {"lr": [0.01, 0.1]}')
    folder = None if store is None else Path(store)
    if folder is not None and (folder / "study.json").exists():
        raise ValueError(f"store={str(store)!r} holds a study, not a sweep: choose another folder")
    combinations, name = _combinations(axes), optimizer.name.partition("(")[0]
    others = {key: value for key, value in optimizer.hyperparameters.items() if key not in axes}
    made = variants(name, {key: [c[key] for c in combinations] for key in axes}, schedule=optimizer.schedule, **others)
    return axes, made, folder


def _together(loss: Objective, made: list[Optimizer], starts, n: int, folder: Path | None, options: Mapping) -> int:
    """How many studies are run as one: pieces and their stores, and what goes to an executor, are of one each."""
    if folder is not None or not set(options) <= set(inspect.signature(studies).parameters):
        return 1
    return max(1, LANES // n) if alike(loss, made, starts, options.get("stop")) else 1


def _part(report: Progress, before: int, done: int, n: int) -> None:
    report(before + done)


def _axis(key, axis) -> np.ndarray:
    try:
        made = np.atleast_1d(np.asarray(axis, dtype=float))
    except (TypeError, ValueError) as error:
        raise TypeError(f"sweep: the values of {key} must be numbers, got {axis!r}") from error
    if made.ndim != 1 or not made.size or not np.isfinite(made).all() or len(np.unique(made)) < len(made):
        raise ValueError(f"sweep: the values of {key} must be finite numbers, each once, one or more; got {axis!r}")
    return made


def _combinations(axes: Mapping[str, np.ndarray]) -> list[dict[str, float]]:
    return [dict(zip(axes, map(float, row), strict=True)) for row in itertools.product(*axes.values())]


def _numeric(expression: sympy.Expr, names: list[str]):
    """A function of numbers of the names, in this order."""
    symbols = {s.name: s for s in expression.free_symbols}
    return sympy.lambdify([symbols.get(name, sympy.Symbol(name)) for name in names], expression, "numpy")


def _crossings(bears, polynomial, axes, sharpness: float, fine: int = 1024) -> tuple[float, ...]:
    """The values of the one hyperparameter at which the sharpness borne is this, each tried on both sides."""
    from scipy.optimize import brentq

    ((name, axis),) = axes.items()
    low, high = float(axis.min()), float(axis.max())
    if low == high:
        return ()
    borne = _numeric(bears, [name])
    at = np.geomspace(low, high, fine) if low > 0 else np.linspace(low, high, fine)
    with np.errstate(all="ignore"):
        above = np.broadcast_to(borne(at), at.shape) - sharpness
    coefficients = sympy.Poly(polynomial, sympy.Symbol("z")).all_coeffs()
    (eta,) = [s for s in polynomial.free_symbols if s.name == "eta"] or [sympy.Symbol("eta")]
    (rate,) = [s for s in polynomial.free_symbols if s.name == name] or [sympy.Symbol(name)]

    def stable(x: float) -> bool:
        numbers = [complex(c.subs({eta: sharpness, rate: x})) for c in coefficients]
        return bool(np.all(np.abs(np.roots(numbers)) < 1))

    found = []
    for k in np.flatnonzero(np.sign(above[:-1]) * np.sign(above[1:]) < 0):
        x = float(brentq(lambda v: float(borne(v)) - sharpness, at[k], at[k + 1], xtol=1e-14))
        if stable(x * (1 - 1e-4)) != stable(x * (1 + 1e-4)):
            found.append(x)
    return tuple(found)
