"""How sure a fraction is."""
from __future__ import annotations

from statistics import NormalDist

import numpy as np
from numpy.typing import ArrayLike

from arithmetic import Quantity


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
    z = NormalDist().inv_cdf((1 + confidence) / 2)
    p, shrink = count / n, 1 + z * z / n
    middle = (p + z * z / (2 * n)) / shrink
    half = z / shrink * np.sqrt(p * (1 - p) / n + z * z / (4 * n * n))
    # at count = 0 and count = n an end is 0 or 1 exactly
    low, high = np.where(count == 0, 0.0, middle - half), np.where(count == n, 1.0, middle + half)
    return (low, high) if low.ndim else (float(low), float(high))
