"""Labels that several studies have in common: one numbering, whatever each of them found."""
from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np

from .result import Point, Study


@dataclass(frozen=True)
class Label:
    """An end of several studies: its words, and a study with the code that it has there.

    point : where it is a critical point.
    """

    text: str
    study: Study
    code: int
    point: Point | None

    @property
    def is_minimum(self) -> bool:
        return self.point is not None and self.point.nature.is_minimum


class Labels:
    """The ends of studies of one loss under one numbering: known points first, as they come, then all others.

    A point is the same in two studies if it has the same words, or the same nature and coordinates to rounding; another
    end, if it has the same words.
    """

    def __init__(self, studies: Iterable[Study]):
        self.studies = tuple(studies)
        if not self.studies:
            raise ValueError("Labels: no studies were given")
        found: list[Label] = []
        numbers: list[dict[int, int]] = []
        for study in self.studies:
            # the codes that occur, and every known point
            codes = dict.fromkeys([*range(len(study.points)), *map(int, np.unique(study.codes))])
            numbers.append({code: number(found, study, code) for code in codes})
        order = sorted(range(len(found)), key=lambda i: (found[i].point is None, i))
        rank = {i: k for k, i in enumerate(order)}
        self.all = tuple(found[i] for i in order)
        self._numbers = [{code: rank[i] for code, i in known.items()} for known in numbers]

    def __len__(self) -> int:
        return len(self.all)

    @property
    def texts(self) -> tuple[str, ...]:
        return tuple(label.text for label in self.all)

    def of(self, k: int) -> np.ndarray:
        """(n,) the numbers of the labels of the k-th study, places in `all`."""
        return self.studies[k].by_code(self._numbers[k].__getitem__)

    def counts(self) -> np.ndarray:
        """(labels, studies) how many starts of each study have each label."""
        return np.array([np.bincount(self.of(k), minlength=len(self)) for k in range(len(self.studies))]).T


def number(found: list[Label], study: Study, code: int) -> int:
    """The place of a label among those found; it is put there where it is new."""
    point, text = study.points[code] if code >= 0 else None, study.label(code)
    for i, known in enumerate(found):
        if known.text == text or point is not None and known.point is not None and _same(known.point, point):
            return i
    found.append(Label(text, study, code, point))
    return len(found) - 1


def _same(p: Point, q: Point) -> bool:
    return (p.nature == q.nature and not (p.family or q.family)
            and np.allclose(p.theta, q.theta, rtol=1e-6, atol=1e-6))
