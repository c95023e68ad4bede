"""Integrators, step control and the loop: a flow with a scheme is an algorithm.

A scheme is one step of one state, a control decides over the step, and `integrate` repeats the trial until every
lane has an outcome; `pair` makes an optimizer of flow, scheme and step, `named` gives the classic and the corrected
ones.  To add a scheme: a subclass of `Scheme` (a Runge–Kutta method is its tableau); a named optimizer: a function
in `classics.py` and its name in `NAMED`.
"""
from .base import Euler, EulerRichardson, Heun, RosenbrockEuler, RungeKutta, RungeKutta4, Scheme, SequentialEuler
from .classics import FORMS, NAMED
from .control import EnergyControl, ErrorControl, FixedStep
from .damping import GainControl, MarquardtEuler
from .loop import Ensemble, Problem
from .outcome import Outcome, Stop
from .pairs import Optimizer, named, pair

#: The catalogue of schemes that the generic tests go through.
SCHEMES = (Euler, SequentialEuler, EulerRichardson, Heun, RungeKutta4, RosenbrockEuler)

_SCIPY = {"integrate": "run", "Run": "run", "as_ode_solver": "scipy_adapter",  # imported when asked for: slow to load
          "as_torch_optimizer": "torch_adapter"}

__all__ = ["Scheme", "RungeKutta", *(scheme.__name__ for scheme in SCHEMES), "SCHEMES", "FixedStep", "ErrorControl",
           "EnergyControl", "GainControl", "MarquardtEuler", "Stop", "Outcome", "Problem", "Ensemble", "Optimizer", "pair", "named", "NAMED", "FORMS", *_SCIPY]


def __getattr__(name):
    if name not in _SCIPY:
        raise AttributeError(f"module 'schemes' has no attribute {name!r}")
    import importlib

    value = getattr(importlib.import_module(f".{_SCIPY[name]}", __name__), name)
    globals()[name] = value
    return value
