"""Optimizers as vector fields.

A flow is the derivative of every block of its state, written once as its formula; `flow.on(loss)` is a field that
scipy integrates, `flow.equations()` its sympy form, and pairing it with a scheme gives an algorithm (`schemes`).
To add one: a frozen dataclass with `memory` and `field` (see `Flow`), and its name in `FLOWS` below.
"""
from .adam import Adam
from .adaptive import AdaGrad, RMSProp
from .base import Equations, Field, Flow, State, check_theta, scalar
from .descent import GradientDescent
from .modifiers import WeightDecay
from .momentum import Momentum, Nesterov
from .second_order import LevenbergMarquardt, Newton

#: The catalogue: every flow that the generic tests, the command line and the documentation go through.
FLOWS = (GradientDescent, Momentum, Nesterov, AdaGrad, RMSProp, Adam, Newton, LevenbergMarquardt)

__all__ = ["Flow", "Field", "State", "Equations", "scalar", "check_theta", "FLOWS", "WeightDecay",
           *(flow.__name__ for flow in FLOWS)]
