"""Near a critical point: whether a flow stays, how its algorithm contracts, and which equation the algorithm follows.

`stability` proves it for the flow through its leading part, `multipliers` are those of the algorithm's map,
`spurious_fixed_points` what only the algorithm rests at, `modified_equation` what it follows instead of the flow.
"""
from .equilibria import ATTRACTING, MOVED, STABLE, UNDECIDED, UNSTABLE, Stability, stability
from .fixed_points import FixedPoint, Multipliers, multipliers, spurious_fixed_points
from .leading import resting, state_at
from .modified import ModifiedEquation, modified_equation

__all__ = [
    "stability", "Stability", "ATTRACTING", "STABLE", "UNSTABLE", "UNDECIDED", "MOVED", "multipliers", "Multipliers",
    "spurious_fixed_points", "FixedPoint", "modified_equation", "ModifiedEquation", "resting",
    "state_at",
]
