"""Colours of labels: those of minima told apart by colour-blind readers while there are few, and by all for any number.
"""
from __future__ import annotations

import functools
import itertools
from collections.abc import Iterable

import numpy as np

from networks import Nature

from .result import Point

#: Okabe & Ito 2008, without the vermilion that a reader could take for brown.
MINIMA = ("#0072B2", "#E69F00", "#009E73", "#CC79A7", "#56B4E9", "#F0E442")
SADDLE, MAXIMUM = "#000000", "#D55E00"
DIVERGED = "#8B4513"
GREYS = ("#FFFFFF", "#E8E8E8", "#BDBDBD", "#7F7F7F")  # other outcomes are near these


@functools.cache
def minimum_colours(count: int) -> tuple[str, ...]:
    """Colours of so many minima: the six of `MINIMA`, then always the one of a grid of colours, neither pale nor
    glaring, that is farthest, in CIELAB, from all that are taken."""
    if count <= len(MINIMA):
        return MINIMA[:count]
    chosen = list(MINIMA)
    grid = np.array(list(itertools.product(np.linspace(0, 1, 18), repeat=3)))
    lab = _lab(grid)
    chroma = np.hypot(lab[:, 1], lab[:, 2])
    usable = (lab[:, 0] > 30) & (lab[:, 0] < 90) & (chroma > 25) & (chroma < 75)
    grid, lab = grid[usable], lab[usable]
    taken = _lab(np.array([_rgb(c) for c in (*chosen, SADDLE, MAXIMUM, DIVERGED, *GREYS)]))
    near = np.min(np.linalg.norm(lab[:, None] - taken, axis=2), axis=1)
    while len(chosen) < count:
        k = int(np.argmax(near))
        chosen.append("#" + "".join(f"{round(255 * x):02X}" for x in grid[k]))
        near = np.minimum(near, np.linalg.norm(lab - lab[k], axis=1))
    return tuple(chosen)


def told_apart(nature: Nature) -> bool:
    """Whether a point has a sign of its own: minima, and a user's own points, of which nobody knows the nature."""
    return nature.is_minimum or not nature.decided


def point_colours(points: Iterable[Point]) -> list[str]:
    """A colour for every critical point."""
    known = list(points)
    kinds = [told_apart(p.nature) for p in known]
    minima = iter(minimum_colours(sum(kinds)))
    return [next(minima) if minimum else MAXIMUM if p.nature.kind == "maximum" else SADDLE
            for p, minimum in zip(known, kinds, strict=True)]


def _rgb(colour: str) -> tuple[float, ...]:
    return tuple(int(colour[i:i + 2], 16) / 255 for i in (1, 3, 5))


def rgb(colours: Iterable[str]) -> np.ndarray:
    """(n, 3) of "#RRGGBB"."""
    return np.array([_rgb(c) for c in colours])


def _lab(srgb: np.ndarray) -> np.ndarray:
    """CIELAB (D65) of sRGB, (n, 3)."""
    linear = np.where(srgb <= 0.04045, srgb / 12.92, ((srgb + 0.055) / 1.055) ** 2.4)
    xyz = linear @ np.array([[0.4124, 0.2126, 0.0193], [0.3576, 0.7152, 0.1192], [0.1805, 0.0722, 0.9505]])
    t = xyz / np.array([0.9505, 1.0, 1.089])
    f = np.where(t > 216 / 24389, np.cbrt(t), t * 24389 / 3132 + 4 / 29)
    return np.stack([116 * f[:, 1] - 16, 500 * (f[:, 0] - f[:, 1]), 200 * (f[:, 1] - f[:, 2])], axis=1)
