"""Optimizers as vector fields.

A flow is the derivative of every block of its state, written once as its formula; `flow.on(loss)` is a field that
scipy integrates, `flow.equations()` its sympy form, and pairing it with a scheme gives an algorithm (`schemes`).
To add one: a frozen dataclass with `memory` and `field` (see `Flow`), and its name in `FLOWS` (catalogue.py) and below.
"""
from typing import TYPE_CHECKING

from arithmetic.late import face

from .base import Equations, Field, Flow, State, check_theta, scalar
from .modifiers import Cautious, Modifier, Scheduled, WeightDecay

__getattr__, __dir__ = face(__name__, {  # read when one of them is asked for: there are many
    "adam": "ADOPT Adam AdaBelief Adamax AdamW Adan AdEMAMix AMSGrad LaProp NAdam QHAdam RAdam "
            "ScheduledNAdam Sophia Yogi",
    "adaptive": "AdaDelta AdaGrad CentredRMSProp MomentumRMSProp RMSProp",
    "author": "ClippedGradient EnergyFriction Dimensionless ScaledDescent",
    "averaged": "MADGRAD ScheduleFree ScheduleFreeAdamW",
    "descent": "GradientDescent NormalisedGradient PGradient SignSGD",
    "learning_free": "DAdaptation DoG DoWG Prodigy Mechanic",
    "momentum": "AggregatedMomentum AveragedMomentum DampenedMomentum Momentum Nesterov NesterovODE Optimistic "
                "QuasiHyperbolic RestartedNesterov",
    "polyak": "MoMo MoMoAdam Polyak",
    "secant": "Secant",
    "second_order": "DampedNewton GaussNewton LevenbergMarquardt Newton",
    "sign": "Lion Rprop Signum",
    "layerwise": "Adafactor Muon",
    "catalogue": "FLOWS get",
    "schedules": "",
})
if TYPE_CHECKING:
    from . import schedules
    from .author import ClippedGradient, Dimensionless, EnergyFriction, ScaledDescent
    from .catalogue import (
        ADOPT, FLOWS, MADGRAD, AMSGrad, AdEMAMix, AdaBelief, AdaDelta, AdaGrad, Adam, AdamW, Adamax, Adan,
        AggregatedMomentum, AveragedMomentum, CentredRMSProp, DAdaptation, DampedNewton, DampenedMomentum, DoG, DoWG,
        GaussNewton, GradientDescent, LaProp, LevenbergMarquardt, Lion, MoMo, MoMoAdam, Momentum, MomentumRMSProp,
        NAdam, Nesterov, NesterovODE, Newton, NormalisedGradient, Optimistic, PGradient, Polyak, Prodigy, QHAdam,
        QuasiHyperbolic, RAdam, RestartedNesterov, RMSProp, Rprop, ScheduleFree, ScheduleFreeAdamW, ScheduledNAdam,
        Secant, SignSGD, Signum, Sophia, Yogi, get,
    )
    from .layerwise import Adafactor, Muon
    from .learning_free import Mechanic

__all__ = [
    "Flow", "Field", "State", "Equations", "scalar", "check_theta", "Modifier", "WeightDecay", "Scheduled",
    "Cautious", "Mechanic", "Muon", "Adafactor",
    "schedules", "FLOWS", "get", "GradientDescent", "NormalisedGradient", "PGradient", "SignSGD", "Momentum",
    "AveragedMomentum", "DampenedMomentum", "Nesterov", "NesterovODE", "RestartedNesterov", "Signum", "Lion", "Rprop",
    "AdaGrad", "RMSProp",
    "CentredRMSProp", "MomentumRMSProp", "AdaDelta", "Adam", "AdamW", "AMSGrad", "Adamax", "NAdam",
    "ScheduledNAdam", "AdaBelief", "Yogi", "Adan", "QHAdam", "RAdam", "Sophia", "Newton", "DampedNewton",
    "GaussNewton", "LevenbergMarquardt", "Secant", "Prodigy", "DAdaptation", "DoG", "DoWG", "Polyak", "MoMo",
    "MoMoAdam", "ScheduleFree", "ScheduleFreeAdamW", "AdEMAMix", "ADOPT", "LaProp", "QuasiHyperbolic",
    "AggregatedMomentum", "Optimistic", "MADGRAD",
    "EnergyFriction", "ClippedGradient", "Dimensionless", "ScaledDescent",
]
