"""How sure a fraction is, how many starts it takes to know one, and whether two optimizers differ."""
from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import ArrayLike

from arithmetic import Printed, Quantity, Table

if TYPE_CHECKING:
    from .result import Study


def wilson(count: ArrayLike, n: ArrayLike, confidence: float = 0.95) -> tuple[Quantity, Quantity]:
    """Wilson's score interval (low, high) for a proportion of which `count` of `n` were seen; scalars or arrays.

    Raises ValueError unless 0 <= count <= n, n >= 1 and 0 < confidence < 1.
    Source: Wilson 1927; Brown, Cai & DasGupta 2001.
    """
    count, n = np.asarray(count, dtype=float), np.asarray(n, dtype=float)
    if not (np.all(n >= 1) and np.all((0 <= count) & (count <= n))):
        raise ValueError(f"wilson: count={count} and n={n} must satisfy 0 <= count <= n and n >= 1")
    if not 0 < confidence < 1:
        raise ValueError(f"wilson: confidence={confidence} must lie between 0 and 1")
    from statistics import NormalDist  # slow to load, and of samples alone

    z = NormalDist().inv_cdf((1 + confidence) / 2)
    p, shrink = count / n, 1 + z * z / n
    middle = (p + z * z / (2 * n)) / shrink
    half = z / shrink * np.sqrt(p * (1 - p) / n + z * z / (4 * n * n))
    # at count = 0 and count = n an end is 0 or 1 exactly
    low, high = np.where(count == 0, 0.0, middle - half), np.where(count == n, 1.0, middle + half)
    return (low, high) if low.ndim else (float(low), float(high))


def sample_size(width: float, confidence: float = 0.95, fraction: float = 0.5) -> int:
    """How many starts give a fraction with a Wilson interval no wider than `width`.

    fraction : what is expected, 0.5 for whatever it is; 0 for an end that no start sees: its upper bound is `width`.
    Raises ValueError unless the three lie between 0 and 1.
    """
    if not (0 < width < 1 and 0 < confidence < 1 and 0 <= fraction <= 1):
        raise ValueError(f"sample_size(width={width!r}, confidence={confidence!r}, fraction={fraction!r}): width and "
                         "confidence must lie between 0 and 1, and fraction may be 0 or 1")

    def wide(n: int) -> bool:
        low, high = wilson(fraction * n, n, confidence)
        return float(high) - float(low) > width

    n = 1
    while wide(n):
        n *= 2
    least = n // 2  # too few
    while n - least > 1:
        middle = (least + n) // 2
        least, n = (middle, n) if wide(middle) else (least, middle)
    return n


@dataclass(frozen=True)
class Comparison(Printed):
    """Two studies of the same starts, start by start.

    first, second : what was studied, in words.  labels : every label of either, in words.  counts : (labels, labels),
    how many starts have the row's label in the first study and the column's in the second.
    """

    first: str
    second: str
    labels: tuple[str, ...]
    counts: np.ndarray

    @property
    def table(self) -> Table:
        """The transition matrix: a row for each label of the first study, a column for each of the second."""
        rows = [(label, *map(int, row)) for label, row in zip(self.labels, self.counts, strict=True) if row.any()]
        seen = self.counts.any(axis=0)
        keep = [0, *(1 + np.flatnonzero(seen))]
        return Table(tuple(("first \\ second", *self.labels)[k] for k in keep),
                     [tuple(row[k] for k in keep) for row in rows])

    @property
    def changed(self) -> float:
        """The share of starts whose label differs."""
        return 1.0 - float(np.trace(self.counts)) / float(self.counts.sum())

    def __str__(self) -> str:
        return f"{self.first}  →  {self.second}: {self.changed:.2%} of the labels differ\n\n{self.table}"


def compare(first: Study, second: Study) -> Comparison:
    """The labels of two studies, as of two optimizers, of the same starts and one loss.

    Raises ValueError for other starts.
    """
    _paired(first, second)
    labels, *places = _by_label(first, second)
    counts = np.zeros((len(labels), len(labels)), dtype=np.int64)
    np.add.at(counts, tuple(places), 1)
    return Comparison(first.optimizer, second.optimizer, labels, counts)


@dataclass(frozen=True)
class McNemar(Printed):
    """McNemar's exact test of whether two optimizers reach something equally often, from the same starts.

    only_first, only_second : how many starts reach it in one study alone.  p : the probability of counts as unequal as
    these, or more, if each of these starts were as likely to be of the one as of the other kind.
    """

    only_first: int
    only_second: int
    p: float

    def __str__(self) -> str:
        return (f"{self.only_first} starts reach it in the first study alone, {self.only_second} in the second alone: "
                f"p = {self.p:.4g}")


def mcnemar(first: Study, second: Study, what: str | int = "minimum") -> McNemar:
    """Whether starts drawn at random end so equally often in two studies of them; `what` as in `Study.fraction`.

    Raises ValueError for other starts, and for starts that were not drawn: of a grid the two shares are what they are.
    Source: McNemar 1947, with the binomial law in the place of its limit.
    """
    _paired(first, second)
    if first.drawn != "sample":
        raise ValueError("mcnemar: a test is of starts drawn at random (uniform, normal, drawn_as('sample', …)); of "
                         f"{'a grid' if first.drawn else 'others'} compare(first, second) gives the counts")
    a, b = first.ended(what), second.ended(what)
    one, other = int((a & ~b).sum()), int((~a & b).sum())
    return McNemar(one, other, _both_tails(min(one, other), one + other))


def _both_tails(k: int, n: int) -> float:
    """The probability that of n fair coins at most k, or at least n − k, show heads; k <= n/2."""
    from scipy.special import bdtr

    return min(1.0, 2 * float(bdtr(k, n, 0.5))) if n else 1.0


def _by_label(first: Study, second: Study) -> tuple[tuple[str, ...], np.ndarray, np.ndarray]:
    """The labels of two studies, and the place of each start's in them: codes of two studies count other points."""
    labels = tuple(dict.fromkeys(study.label(c) for study in (first, second) for c in study.codes_shown()))
    one, other = first.by_code(lambda c: labels.index(first.label(c))), second.by_code(
        lambda c: labels.index(second.label(c)))
    return labels, one, other


def _paired(first: Study, second: Study) -> None:
    if first.loss != second.loss or not np.array_equal(first.starts, second.starts):
        raise ValueError(f"the two studies must be of the same loss and the same starts; they are of {first.loss} from "
                         f"{first.n} starts and of {second.loss} from {second.n}")


def flipped_by_one_ulp(study: Study, again: Callable[[np.ndarray], Study]) -> float:
    """The share of the labels that change where each coordinate of each start is the next larger float.

    again : makes the same study of other starts, `lambda starts: basins.study(loss, optimizer, starts)`.  Where the
    share is not small an end is that of the rounding: no other machine or library need have it.
    """
    _, one, other = _by_label(study, again(np.nextafter(study.starts, math.inf)))
    return float(np.mean(one != other))
