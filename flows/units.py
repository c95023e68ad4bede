"""The units of length and of loss that a problem itself gives, at a start."""
from __future__ import annotations

import numpy as np

from arithmetic import Oracle, Quantity, absolute, minimum, sqrt, total, where


@np.errstate(all="ignore")
def start_length(oracle: Oracle) -> Quantity:
    """ℓ = min(2|F|/|∇F|, |θ|) at the start: the way to the minimum 0 of a parabola, but not farther than the origin.

    The second only where θ ≠ 0, the first only where F ≠ 0; 1 where nothing says.
    """
    norm, way = sqrt(total(oracle.gradient**2)), sqrt(total(oracle.theta**2))
    length = 2 * absolute(oracle.value) / norm
    length = where((length > 0) & (length < np.inf), length, np.inf)
    length = where(way > 0, minimum(length, way), length)
    return where(length < np.inf, length, 1.0)


@np.errstate(all="ignore")
def start_height(oracle: Oracle) -> Quantity:
    """φ = |∇F| ℓ at the start: what F changes by along ℓ; 1 at a critical point."""
    height = sqrt(total(oracle.gradient**2)) * start_length(oracle)
    return where((height > 0) & (height < np.inf), height, 1.0)
