"""Starts of an ensemble: arrays (dim, n), a column each."""
from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import ArrayLike

from arithmetic import Box


class Starts(np.ndarray):
    """An array (dim, n) that knows how it was made: `drawn` is "sample", "grid", or "" where nobody knows.

    Columns of a sample are one, whichever are chosen by their place; what is computed from starts is a plain array.
    """

    drawn: str = ""

    def __array_finalize__(self, other) -> None:
        self.drawn = getattr(other, "drawn", "")

    def __array_wrap__(self, array, context=None, return_scalar=False):
        return np.asarray(array)[()] if return_scalar else np.asarray(array)

    def __reduce__(self):
        return drawn_as, (self.drawn, np.asarray(self))


def drawn_as(kind: str, starts: ArrayLike) -> Starts:
    """Starts of your own, (dim, n), said to be a "sample" drawn independently from one law, or a "grid" of cells."""
    if kind not in ("sample", "grid", ""):
        raise ValueError(f"drawn_as({kind!r}, starts): the kind is 'sample', 'grid' or ''")
    result = np.asarray(starts, dtype=float).view(Starts)
    result.drawn = kind
    return result


def grid(box: Box | tuple[float, float], n: int | Sequence[int]) -> np.ndarray:
    """A regular grid with its ends on the box, (dim, Π n), the first coordinate running fastest.

    box : a (low, high) per coordinate, or one for two coordinates alike.  n : points per side, a number or one per
    side.
    Raises ValueError for an empty box or grid.
    """
    box = _box(box)
    sides = list(n) if isinstance(n, Sequence) else [n] * len(box)
    if len(sides) != len(box):
        raise ValueError(f"grid: n={n!r} must be one number or {len(box)} of them, as the box has {len(box)} sides")
    sides = [_count("grid", "n", side) for side in sides]
    axes = [np.linspace(low, high, side) for (low, high), side in zip(box, sides, strict=True)]
    return drawn_as("grid", np.stack([axis.ravel() for axis in np.meshgrid(*axes[::-1], indexing="ij")][::-1]))


def uniform(box: Box | tuple[float, float], n: int, seed: int | np.random.Generator) -> np.ndarray:
    """n starts drawn uniformly from a box, (dim, n).  seed : an integer or a `numpy.random.Generator`."""
    low, high = np.array(_box(box)).T[:, :, None]
    return drawn_as("sample", np.random.default_rng(_seed(seed)).uniform(
        low, high, (len(low), _count("uniform", "n", n))))


def normal(center: ArrayLike, scale: ArrayLike, n: int, seed: int | np.random.Generator) -> np.ndarray:
    """n starts drawn from a normal law around `center` (dim,), (dim, n).

    scale : standard deviation, a number or one per coordinate.  seed : an integer or a `numpy.random.Generator`.
    """
    center = np.atleast_1d(np.asarray(center, dtype=float))
    scale = np.broadcast_to(np.asarray(scale, dtype=float), center.shape)
    if not (np.isfinite(center).all() and np.isfinite(scale).all() and (scale > 0).all()):
        raise ValueError(f"normal: center={center} must be finite and scale={scale} positive")
    draws = np.random.default_rng(_seed(seed)).standard_normal((len(center), _count("normal", "n", n)))
    return drawn_as("sample", center[:, None] + scale[:, None] * draws)


def _box(box) -> list[tuple[float, float]]:
    try:
        sides = [(float(low), float(high)) for low, high in (box if np.ndim(box) == 2 else [box, box])]
    except (TypeError, ValueError) as error:
        raise ValueError(f"box={box!r} must be a (low, high) per coordinate, as ((-3, 3), (-3, 3))") from error
    for low, high in sides:
        if not (np.isfinite(low) and np.isfinite(high) and low < high):
            raise ValueError(f"box={box!r} has the side ({low}, {high}): it must be finite with low < high")
    return sides


def _count(where: str, name: str, n) -> int:
    if isinstance(n, bool) or not isinstance(n, (int, np.integer)):
        raise TypeError(f"{where}: {name}={n!r} must be an integer")
    if n < 1:
        raise ValueError(f"{where}: {name}={n} must be at least 1: a study needs a start")
    return int(n)


def _seed(seed):
    if seed is None or isinstance(seed, bool) or not isinstance(seed, (int, np.integer, np.random.Generator)):
        raise TypeError(f"seed={seed!r} must be an integer or a numpy.random.Generator: a study is reproducible")
    return seed
