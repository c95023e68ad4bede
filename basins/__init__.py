"""Ensembles of starts: where does an optimizer end, how often, and from where?

`study(loss, optimizer, starts)` follows every start until it has an outcome and gives it one label (`End`) with what it
rests on; its `table()` holds basin fractions, with confidence intervals of a sample, its `figure()` is the map.
`sweep` studies the same starts over values of hyperparameters; `entropy`, `uncertainty`, `fatal_shocks`, `edge_state`
and `tipping` measure the boundaries of basins; `panels`, `text` and `Explorer` show maps, on a `Plane` of any loss.
Results are the same for every chunk size, worker count and order.  To add a kind of start: a function in `starts.py`.
"""
from typing import TYPE_CHECKING

from arithmetic import Table
from arithmetic.late import face

from .evidence import End, Evidence, Further
from .follow import study
from .result import Point, Study, Witness
from .starts import drawn_as, grid, normal, uniform

__getattr__, __dir__ = face(__name__, {  # what one study is not made of
    "alike": "Labels",
    "boundary": "EdgeState Entropy Shock Tipping Uncertainty convergence_times edge_state entropy fatal_shocks tipping "
                "uncertainty uncertainty_exponent",
    "figure": "panels",
    "maps": "Explorer text",
    "planes": "Plane",
    "rising": "rises",
    "statistics": "Comparison McNemar compare flipped_by_one_ulp mcnemar sample_size wilson",
    "sweeps": "Sweep Threshold sweep",
})
if TYPE_CHECKING:
    from .alike import Labels
    from .boundary import (
        EdgeState, Entropy, Shock, Tipping, Uncertainty, convergence_times, edge_state, entropy, fatal_shocks, tipping,
        uncertainty, uncertainty_exponent,
    )
    from .figure import panels
    from .maps import Explorer, text
    from .planes import Plane
    from .rising import rises
    from .statistics import Comparison, McNemar, compare, flipped_by_one_ulp, mcnemar, sample_size, wilson
    from .sweeps import Sweep, Threshold, sweep

__all__ = [
    "grid", "uniform", "normal", "drawn_as", "study", "Study", "End", "Evidence", "Further", "Point", "Witness",
    "Table", "wilson", "sample_size", "compare", "Comparison", "mcnemar", "McNemar", "flipped_by_one_ulp",
    "sweep", "Sweep", "Threshold", "Labels",
    "entropy", "Entropy", "uncertainty", "uncertainty_exponent", "Uncertainty", "fatal_shocks", "Shock", "edge_state",
    "EdgeState", "tipping", "Tipping", "convergence_times", "rises",
    "panels", "Plane", "text", "Explorer",
]
