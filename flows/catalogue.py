"""The list of flows: what the generic tests, the command lines and the documentation go through."""
from __future__ import annotations

import difflib

from .adam import (
    Adam, AdaBelief, Adamax, AdamW, Adan, AMSGrad, NAdam, QHAdam, RAdam, ScheduledNAdam, Sophia, Yogi,
)
from .adaptive import AdaDelta, AdaGrad, CentredRMSProp, MomentumRMSProp, RMSProp
from .descent import GradientDescent, NormalisedGradient, SignSGD
from .momentum import AveragedMomentum, DampenedMomentum, Momentum, Nesterov, NesterovODE
from .second_order import DampedNewton, GaussNewton, LevenbergMarquardt, Newton
from .sign import Lion, Rprop, Signum

#: The catalogue; to add a flow, its definition in the file of its family and its name here.
FLOWS = (GradientDescent, NormalisedGradient, SignSGD, Momentum, AveragedMomentum, DampenedMomentum, Nesterov, NesterovODE,
         Signum, Lion, Rprop, AdaGrad, RMSProp, CentredRMSProp, MomentumRMSProp, AdaDelta, Adam, AdamW, AMSGrad, Adamax,
         NAdam, ScheduledNAdam, AdaBelief, Yogi, Adan, QHAdam, RAdam, Sophia, Newton, DampedNewton, GaussNewton,
         LevenbergMarquardt)

__all__ = ["FLOWS", "get", *(flow.__name__ for flow in FLOWS)]

#: Short names that `get` takes too.
SHORT = {"gd": "gradientdescent", "heavyball": "momentum", "nag": "nesterov", "lm": "levenbergmarquardt"}


def get(name: str) -> type:
    """A flow of the catalogue by its name in any case, or by a short one: `get("adam")` is `Adam`.

    Raises ValueError with the close names where there is none.
    """
    known = {flow.__name__.lower(): flow for flow in FLOWS}
    wanted = str(name).lower().replace("-", "").replace("_", "")
    wanted = SHORT.get(wanted, wanted)
    if wanted not in known:
        close = difflib.get_close_matches(wanted, [*known, *SHORT], n=3, cutoff=0.5)
        raise ValueError(f"no flow is named {name!r}; " + (f"did you mean {', '.join(close)}?" if close else
                                                           f"known: {', '.join(known)}"))
    return known[wanted]
