"""Ensembles of starts: where does an optimizer end, how often, and from where?

`study(loss, optimizer, starts)` follows every start until it has an outcome and matches the end points to the known
critical points; its `table()` holds basin fractions with confidence intervals, its `figure()` is the map of the basins.
`sweep` studies the same starts over values of hyperparameters; `entropy`, `uncertainty`, `fatal_shocks`, `edge_state`
and `tipping` measure the boundaries of basins; `panels`, `text` and `Explorer` show maps, on a `Plane` of any loss.
Results are the same for every chunk size, worker count and order.  To add a kind of start: a function in `starts.py`.
"""
from arithmetic import Table

from .alike import Labels
from .boundary import (
    EdgeState, Entropy, Shock, Tipping, Uncertainty, convergence_times, edge_state, entropy, fatal_shocks, tipping,
    uncertainty, uncertainty_exponent,
)
from .figure import panels
from .follow import study
from .maps import Explorer, text
from .planes import Plane
from .result import Point, Study, Witness
from .rising import rises
from .starts import grid, normal, uniform
from .statistics import wilson
from .sweeps import Sweep, Threshold, sweep

__all__ = [
    "grid", "uniform", "normal", "study", "Study", "Point", "Witness", "Table", "wilson",
    "sweep", "Sweep", "Threshold", "Labels",
    "entropy", "Entropy", "uncertainty", "uncertainty_exponent", "Uncertainty", "fatal_shocks", "Shock", "edge_state",
    "EdgeState", "tipping", "Tipping", "convergence_times", "rises",
    "panels", "Plane", "text", "Explorer",
]
