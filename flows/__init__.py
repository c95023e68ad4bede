"""Optimizers as vector fields.

A flow is the derivative of every block of its state, written once as its formula; `flow.on(loss)` is a field that
scipy integrates, `flow.equations()` its sympy form, and pairing it with a scheme gives an algorithm (`schemes`).
To add one: a frozen dataclass with `memory` and `field` (see `Flow`), and its name in `FLOWS` (catalogue.py) and below.
"""
from . import schedules
from .base import Equations, Field, Flow, State, check_theta, scalar
from .catalogue import (
    FLOWS, AMSGrad, AdaBelief, AdaDelta, AdaGrad, Adam, AdamW, Adamax, Adan, AveragedMomentum, CentredRMSProp,
    DampedNewton, DampenedMomentum, GaussNewton, GradientDescent, LevenbergMarquardt, Lion, Momentum,
    MomentumRMSProp, NAdam, Nesterov, NesterovODE, Newton, NormalisedGradient, QHAdam, RAdam, RMSProp, Rprop,
    ScheduledNAdam, Secant, SignSGD, Signum, Sophia, Yogi, get,
)
from .modifiers import Modifier, Scheduled, WeightDecay

__all__ = [
    "Flow", "Field", "State", "Equations", "scalar", "check_theta", "Modifier", "WeightDecay", "Scheduled",
    "schedules", "FLOWS", "get", "GradientDescent", "NormalisedGradient", "SignSGD", "Momentum", "AveragedMomentum",
    "DampenedMomentum", "Nesterov", "NesterovODE", "Signum", "Lion", "Rprop", "AdaGrad", "RMSProp",
    "CentredRMSProp", "MomentumRMSProp", "AdaDelta", "Adam", "AdamW", "AMSGrad", "Adamax", "NAdam",
    "ScheduledNAdam", "AdaBelief", "Yogi", "Adan", "QHAdam", "RAdam", "Sophia", "Newton", "DampedNewton",
    "GaussNewton", "LevenbergMarquardt", "Secant",
]
