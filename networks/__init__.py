"""What is descended: losses of small networks whose critical points are known exactly.

A `Loss` is one definition in plain arithmetic with its derivatives on every reading; a `Network` with its data is a
loss; `get(name)` gives the benchmark networks and `critical_points()` what there is to find on them.
`dataset(name)` gives data to train networks on, `Loss.from_torch` the loss of a torch module.
To add a network: one entry in `benchmarks.py`; a data set: one in `data.py`.
"""
from arithmetic import Oracle

from .benchmarks import catalogue, get, studied
from .cases import Cases
from .classification import classify
from .critical import Atlas, CriticalPoint, as_point, coercive, complete
from .data import DATASETS, Dataset, dataset
from .enclosed import Enclosures
from .functions import ACTIVATIONS, LOSSES
from .kinks import kinked
from .loss import Loss
from .nature import Nature
from .network import Network
from .objective import Objective

__all__ = ["Loss", "Objective", "Oracle", "Network", "ACTIVATIONS", "LOSSES", "Dataset", "dataset", "DATASETS", "Atlas",
           "CriticalPoint", "Enclosures", "Nature", "classify", "Cases", "as_point", "complete", "coercive", "kinked",
           "catalogue", "get", "studied"]
