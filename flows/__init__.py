"""Optimizers as vector fields.

A flow is the derivative of every block of its state, written once as its formula; `flow.on(loss)` is a field that
scipy integrates, `flow.equations()` its sympy form, and pairing it with a scheme gives an algorithm (`schemes`).
To add one: a frozen dataclass with `memory` and `field` (see `Flow`), and its name in `FLOWS` (catalogue.py) and below.
"""
# ruff: noqa: F403, PLE0604 - the names of the flows stand here once, in FAMILIES
from typing import TYPE_CHECKING

from arithmetic.late import face

from .base import Equations, Field, Flow, State, check_theta, scalar
from .modifiers import Cautious, Modifier, Scheduled, WeightDecay

FAMILIES = {  # read when one of their flows is asked for: there are many
    "catalogue": "FLOWS get",
    "descent": "GradientDescent NormalisedGradient PGradient SignSGD",
    "momentum": "Momentum AveragedMomentum DampenedMomentum Nesterov NesterovODE RestartedNesterov QuasiHyperbolic "
                "AggregatedMomentum Optimistic",
    "sign": "Signum Lion Rprop",
    "adaptive": "AdaGrad RMSProp CentredRMSProp MomentumRMSProp AdaDelta",
    "adam": "Adam AdamW AMSGrad Adamax NAdam ScheduledNAdam AdaBelief Yogi Adan QHAdam RAdam Sophia AdEMAMix ADOPT "
            "LaProp",
    "second_order": "Newton DampedNewton GaussNewton LevenbergMarquardt",
    "secant": "Secant",
    "learning_free": "Prodigy DAdaptation DoG DoWG Mechanic",
    "polyak": "Polyak MoMo MoMoAdam",
    "averaged": "ScheduleFree ScheduleFreeAdamW MADGRAD",
    "layerwise": "Muon Adafactor",
    "author": "EnergyFriction ClippedGradient Dimensionless ScaledDescent",
}
__getattr__, __dir__ = face(__name__, FAMILIES | {"schedules": ""})
if TYPE_CHECKING:
    from . import schedules
    from .adam import *
    from .adaptive import *
    from .author import *
    from .averaged import *
    from .catalogue import *
    from .descent import *
    from .layerwise import *
    from .learning_free import *
    from .momentum import *
    from .polyak import *
    from .secant import *
    from .second_order import *
    from .sign import *

__all__ = [
    "Flow", "Field", "State", "Equations", "scalar", "check_theta", "Modifier", "WeightDecay", "Scheduled", "Cautious",
    "schedules", *" ".join(FAMILIES.values()).split(),
]
