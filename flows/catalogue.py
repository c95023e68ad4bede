"""The list of flows: what the generic tests, the command lines and the documentation go through."""
from __future__ import annotations

from arithmetic import Catalogue

from .adam import (
    ADOPT, Adam, AdaBelief, Adamax, AdamW, Adan, AdEMAMix, AMSGrad, LaProp, NAdam, QHAdam, RAdam, ScheduledNAdam,
    Sophia, Yogi,
)
from .adaptive import AdaDelta, AdaGrad, CentredRMSProp, MomentumRMSProp, RMSProp
from .author import ClippedGradient, EnergyFriction
from .averaged import MADGRAD, ScheduleFree, ScheduleFreeAdamW
from .base import Flow
from .descent import GradientDescent, NormalisedGradient, PGradient, SignSGD
from .learning_free import DAdaptation, DoG, DoWG, Prodigy
from .momentum import (
    AggregatedMomentum, AveragedMomentum, DampenedMomentum, Momentum, Nesterov, NesterovODE, Optimistic,
    QuasiHyperbolic, RestartedNesterov,
)
from .polyak import MoMo, MoMoAdam, Polyak
from .secant import Secant
from .second_order import DampedNewton, GaussNewton, LevenbergMarquardt, Newton
from .sign import Lion, Rprop, Signum

#: The catalogue; to add a flow, its definition in the file of its family and its name here.
FLOWS: tuple[type[Flow], ...] = (
    GradientDescent, NormalisedGradient, PGradient, SignSGD, Momentum, AveragedMomentum, DampenedMomentum, Nesterov,
    NesterovODE, RestartedNesterov, Signum, Lion, Rprop, AdaGrad, RMSProp, CentredRMSProp, MomentumRMSProp, AdaDelta,
    Adam, AdamW, AMSGrad, Adamax, NAdam, ScheduledNAdam, AdaBelief, Yogi, Adan, QHAdam, RAdam, Sophia, Newton,
    DampedNewton, GaussNewton, LevenbergMarquardt, Secant, Prodigy, DAdaptation, DoG, DoWG, Polyak, MoMo, MoMoAdam,
    ScheduleFree, ScheduleFreeAdamW, AdEMAMix, ADOPT, LaProp, QuasiHyperbolic, AggregatedMomentum, Optimistic, MADGRAD,
    EnergyFriction, ClippedGradient,
)

#: The flows by their names, and by short ones; capitals, - and _ in a name do not count.
BY_NAME: Catalogue[type[Flow]] = Catalogue(
    "flow", {flow.__name__.lower(): flow for flow in FLOWS},
    short={"gd": "gradientdescent", "heavyball": "momentum", "nag": "nesterov", "lm": "levenbergmarquardt",
           "qhm": "quasihyperbolic", "aggmo": "aggregatedmomentum"},
    spelled=lambda name: name.lower().replace("-", "").replace("_", ""))


def get(name: str) -> type[Flow]:
    """A flow of the catalogue by its name in any case, or by a short one: `get("adam")` is `Adam`.

    Raises ValueError with the close names where there is none.
    """
    return BY_NAME[name]
