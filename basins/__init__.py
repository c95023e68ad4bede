"""Ensembles of starts: where does an optimizer end, how often, and from where?

`study(loss, optimizer, starts)` follows every start until it has an outcome and gives it one label (`End`) with what it
rests on; its `table()` holds basin fractions, with confidence intervals of a sample, its `figure()` is the map.
Results are the same for every chunk size, worker count and order.  To add a kind of start: a function in `starts.py`.
"""
from arithmetic import Table

from .evidence import End, Evidence, Further
from .follow import study
from .result import Point, Study, Witness
from .starts import drawn_as, grid, normal, uniform
from .statistics import Comparison, McNemar, compare, flipped_by_one_ulp, mcnemar, sample_size, wilson

__all__ = ["grid", "uniform", "normal", "drawn_as", "study", "Study", "End", "Evidence", "Further", "Point", "Witness",
           "Table", "wilson", "sample_size", "compare", "Comparison", "mcnemar", "McNemar", "flipped_by_one_ulp"]
