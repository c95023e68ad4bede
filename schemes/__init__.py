"""Integrators, step control and the loop: a flow with a scheme is an algorithm.

A scheme is one step of one state, a control decides over the step, and `integrate` repeats the trial until every
lane has an outcome; `pair` makes an optimizer of flow, scheme and step, `named` gives the classic and the corrected
ones.  To add a scheme: a subclass of `Scheme` (a Runge–Kutta method is its tableau) and its name in `SCHEMES`; a named
optimizer: a function in `classics.py` with `@named()`, each argument with its range.
"""
from typing import TYPE_CHECKING

from arithmetic.late import face

from .author import DampedPerStep, EnergyMomentum, LevelControl, PerStep
from .base import Scheme
from .classics import FORMS, NAMED
from .control import AdaptiveControl, CombinedControl, Control, EnergyControl, ErrorControl, FixedStep
from .damping import FletcherControl, GainControl, MarquardtEuler, UphillControl
from .discrete_gradient import Gonzalez, ItohAbe
from .exponential import ExponentialEuler
from .implicit import ImplicitEuler, ImplicitMidpoint, RosenbrockEuler
from .loop import Ensemble, Problem
from .outcome import Outcome, Stop
from .pairs import Optimizer, named, pair, variants
from .restart import NesterovStep
from .runge_kutta import (
    BogackiShampine, DormandPrince, Euler, EulerRichardson, Extragradient, Heun, Ralston, RungeKutta, RungeKutta4,
)
from .secant import SecantEuler
from .splitting import ExponentialMap, SequentialEuler, Strang
from .stabilised import RKC1, RKC2
from .stability import stability_function

#: The catalogue of schemes that the generic tests go through.
SCHEMES = (
    Euler, SequentialEuler, EulerRichardson, Extragradient, Heun, Ralston, BogackiShampine, RungeKutta4, DormandPrince,
    ExponentialEuler, ExponentialMap, Strang, RKC1, RKC2, RosenbrockEuler, ImplicitEuler, ImplicitMidpoint,
    Gonzalez, ItohAbe,
)

__getattr__, __dir__ = face(__name__, {  # slow to load
    "run": "integrate Run", "scipy_adapter": "as_ode_solver", "torch_adapter": "as_torch_optimizer"})
if TYPE_CHECKING:
    from .run import Run, integrate
    from .scipy_adapter import as_ode_solver
    from .torch_adapter import as_torch_optimizer

__all__ = [
    "Scheme", "RungeKutta", "Euler", "SequentialEuler", "EulerRichardson", "Extragradient", "Heun", "Ralston",
    "BogackiShampine", "RungeKutta4", "DormandPrince", "ExponentialEuler", "ExponentialMap", "Strang", "RKC1",
    "RKC2", "RosenbrockEuler", "ImplicitEuler", "ImplicitMidpoint", "Gonzalez", "ItohAbe", "SCHEMES",
    "stability_function", "Control", "AdaptiveControl", "FixedStep", "ErrorControl", "EnergyControl",
    "CombinedControl", "GainControl", "FletcherControl", "UphillControl", "LevelControl", "MarquardtEuler", "PerStep",
    "DampedPerStep", "EnergyMomentum", "NesterovStep", "SecantEuler", "Stop",
    "Outcome", "Problem", "Ensemble", "Optimizer", "pair", "named", "variants", "NAMED", "FORMS", "integrate", "Run",
    "as_ode_solver", "as_torch_optimizer",
]
