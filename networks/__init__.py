"""What is descended: losses of small networks whose critical points are known exactly.

A `Loss` is one definition in plain arithmetic with its derivatives on every reading; a `Network` with its data is a
loss; `get(name)` gives the benchmark networks and `critical_points()` what there is to find on them.
To add a network: one entry in `benchmarks.py`.
"""
from .benchmarks import catalogue, get
from .classify import classify
from .critical import CriticalPoint
from .functions import ACTIVATIONS, LOSSES
from .loss import Loss, Oracle
from .network import Network

__all__ = ["Loss", "Oracle", "Network", "ACTIVATIONS", "LOSSES", "CriticalPoint", "classify", "catalogue", "get"]
