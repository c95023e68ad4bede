"""Shallow networks as estimators of scikit-learn, with nothing to tune; needs the extra `sklearn`.

A network of `networks` is trained by an optimizer of `schemes.named`; its weight decay is chosen within `fit` by the
evidence.  `estimators.py` speaks scikit-learn, `training.py` descends from several starts at once, `evidence.py` weighs
the data against the prior.
To add a solver: its name in `schemes`; an activation: its name in `networks.ACTIVATIONS`.
"""
import importlib
from typing import TYPE_CHECKING

from .evidence import Evidence
from .training import Penalised, Progress, train

if TYPE_CHECKING:
    from .estimators import ShallowClassifier, ShallowRegressor

_ESTIMATORS = ("ShallowRegressor", "ShallowClassifier")  # imported when asked for: they need scikit-learn

__all__ = ["ShallowRegressor", "ShallowClassifier", "Evidence", "Penalised", "Progress", "train"]


def __getattr__(name):
    if name not in _ESTIMATORS:
        raise AttributeError(f"module 'shallow' has no attribute {name!r}")
    try:
        value = getattr(importlib.import_module(".estimators", __name__), name)
    except ImportError as error:
        if (error.name or "").partition(".")[0] != "sklearn":
            raise
        raise ImportError(f"{name} is an estimator of scikit-learn, 1.6 or newer, which is not installed: "
                          "pip install 'optiflows[sklearn]'", name="sklearn") from error
    globals()[name] = value
    return value


def __dir__():
    return sorted({*globals(), *__all__})
