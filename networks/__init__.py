"""What is descended: losses of small networks whose critical points are known exactly.

A `Loss` is one definition in plain arithmetic with its derivatives on every reading; a `Network` with its data is a
loss; `get(name)` gives the benchmark networks and `critical_points()` what there is to find on them.
`dataset(name)` gives data to train networks on, `Loss.from_torch` the loss of a torch module.
To add a network: one entry in `benchmarks.py`; a data set: one in `data.py`.
"""
from typing import TYPE_CHECKING

from arithmetic import Oracle
from arithmetic.late import face

from .benchmarks import catalogue, get, studied
from .enclosed import Enclosures
from .functions import ACTIVATIONS, LOSSES
from .loss import Loss
from .nature import Nature
from .network import Network
from .objective import Objective
from .points import Atlas, CriticalPoint

__getattr__, __dir__ = face(__name__, {
    "cases": "Cases", "classification": "classify", "critical": "as_point coercive complete", "kinks": "kinked",
    "data": "DATASETS Dataset dataset"})
if TYPE_CHECKING:
    from .cases import Cases
    from .classification import classify
    from .critical import as_point, coercive, complete
    from .data import DATASETS, Dataset, dataset
    from .kinks import kinked

__all__ = ["Loss", "Objective", "Oracle", "Network", "ACTIVATIONS", "LOSSES", "Dataset", "dataset", "DATASETS", "Atlas",
           "CriticalPoint", "Enclosures", "Nature", "classify", "Cases", "as_point", "complete", "coercive", "kinked",
           "catalogue", "get", "studied"]
