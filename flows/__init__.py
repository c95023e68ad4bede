"""Optimizers as vector fields.

A flow is the derivative of every block of its state, written once as its formula; `flow.on(loss)` is a field that
scipy integrates, `flow.equations()` its sympy form, and pairing it with a scheme gives an algorithm (`schemes`).
To add one: a frozen dataclass with `memory` and `field` (see `Flow`), and its name in `FLOWS` below.
"""
from . import schedules
from .adam import (
    Adam, AdaBelief, Adamax, AdamW, Adan, AMSGrad, NAdam, QHAdam, RAdam, ScheduledNAdam, Sophia, Yogi,
)
from .adaptive import AdaDelta, AdaGrad, CentredRMSProp, MomentumRMSProp, RMSProp
from .base import Equations, Field, Flow, State, check_theta, scalar
from .descent import GradientDescent, NormalisedGradient, SignSGD
from .modifiers import Scheduled, WeightDecay
from .momentum import AveragedMomentum, DampenedMomentum, Momentum, Nesterov, NesterovODE
from .second_order import DampedNewton, GaussNewton, LevenbergMarquardt, Newton
from .sign import Lion, Rprop, Signum

#: The catalogue: every flow that the generic tests, the command line and the documentation go through.
FLOWS = (GradientDescent, NormalisedGradient, SignSGD, Momentum, AveragedMomentum, DampenedMomentum, Nesterov, NesterovODE,
         Signum, Lion, Rprop, AdaGrad, RMSProp, CentredRMSProp, MomentumRMSProp, AdaDelta, Adam, AdamW, AMSGrad, Adamax,
         NAdam, ScheduledNAdam, AdaBelief, Yogi, Adan, QHAdam, RAdam, Sophia, Newton, DampedNewton, GaussNewton,
         LevenbergMarquardt)

__all__ = ["Flow", "Field", "State", "Equations", "scalar", "check_theta", "FLOWS", "WeightDecay", "Scheduled", "schedules",
           *(flow.__name__ for flow in FLOWS)]
