"""Tables of basin fractions, with Wilson intervals."""
from __future__ import annotations

import csv
import io
from dataclasses import dataclass
from statistics import NormalDist

import numpy as np


def wilson(count, n, confidence: float = 0.95):
    """Wilson's score interval (low, high) for a proportion of which `count` of `n` were seen; scalars or arrays.

    Raises ValueError unless 0 <= count <= n, n >= 1 and 0 < confidence < 1.
    Source: Wilson 1927; Brown, Cai & DasGupta 2001.
    """
    count, n = np.asarray(count, dtype=float), np.asarray(n, dtype=float)
    if not (np.all(n >= 1) and np.all((0 <= count) & (count <= n))):
        raise ValueError(f"wilson: count={count} and n={n} must satisfy 0 <= count <= n and n >= 1")
    if not 0 < confidence < 1:
        raise ValueError(f"wilson: confidence={confidence} must lie between 0 and 1")
    z = NormalDist().inv_cdf((1 + confidence) / 2)
    p, shrink = count / n, 1 + z * z / n
    middle = (p + z * z / (2 * n)) / shrink
    half = z / shrink * np.sqrt(p * (1 - p) / n + z * z / (4 * n * n))
    # at count = 0 and count = n an end is 0 or 1 exactly
    low, high = np.where(count == 0, 0.0, middle - half), np.where(count == n, 1.0, middle + half)
    return (low, high) if low.ndim else (float(low), float(high))


@dataclass(frozen=True)
class Table:
    """Rows of texts and numbers under column names; prints aligned, as Markdown (also in notebooks) and as CSV."""

    columns: tuple[str, ...]
    rows: list[tuple]

    def __iter__(self):
        """The rows as dictionaries."""
        return (dict(zip(self.columns, row, strict=True)) for row in self.rows)

    def __len__(self):
        return len(self.rows)

    def _texts(self) -> list[tuple[str, ...]]:
        return [self.columns, *(tuple(f"{x:.4f}" if isinstance(x, float) else str(x) for x in row) for row in self.rows)]

    def __str__(self):
        texts = self._texts()
        widths = [max(map(len, column)) for column in zip(*texts, strict=True)]
        right = [bool(self.rows) and not isinstance(x, str) for x in (self.rows[0] if self.rows else self.columns)]
        return "\n".join("  ".join(cell.rjust(w) if r else cell.ljust(w) for cell, w, r in zip(
            line, widths, right, strict=True)).rstrip() for line in texts)

    __repr__ = __str__

    def markdown(self) -> str:
        head, *body = ["| " + " | ".join(x.replace("|", r"\|") for x in line) + " |" for line in self._texts()]
        return "\n".join([head, "|" + " --- |" * len(self.columns), *body]) + "\n"

    _repr_markdown_ = markdown

    def csv(self) -> str:
        """Comma-separated, floats in full."""
        out = io.StringIO()
        writer = csv.writer(out, lineterminator="\n")
        writer.writerow(self.columns)
        writer.writerows([repr(x) if isinstance(x, float) else x for x in row] for row in self.rows)
        return out.getvalue()
