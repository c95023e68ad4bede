"""Optimizers as vector fields.

A flow is the derivative of every block of its state, written once as its formula; `flow.on(loss)` is a field that
scipy integrates, `flow.equations()` its sympy form, and pairing it with a scheme gives an algorithm (`schemes`).
To add one: a frozen dataclass with `memory` and `field` (see `Flow`), and its name in `FLOWS` (catalogue.py).
"""
from . import catalogue, schedules
from .base import Equations, Field, Flow, State, check_theta, scalar
from .catalogue import *  # noqa: F403 - the flows by name
from .modifiers import Modifier, Scheduled, WeightDecay

__all__ = ["Flow", "Field", "State", "Equations", "scalar", "check_theta", "Modifier", "WeightDecay", "Scheduled", "schedules", *catalogue.__all__]
