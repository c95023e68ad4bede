"""Energies: functions of the loss and the memory that cannot grow along a flow, and exact verdicts on them.

An `Energy` is written once in plain arithmetic; `energies(flow)` lists the known ones, `derive(flow)` finds one; `check`
proves or refutes that it decreases for every loss, exactly, or says what it could not decide, `check_step` does so for
one step of the algorithm; `stability`, `basin_certificate` and `residual_energy` tell what that means at a critical point,
`multipliers` and `modified_equation` how the algorithm differs from its flow.
To add one: a flow's own goes into its class (`energy`, `dissipation`), a further one is a function in `energy.py`.
"""
import arithmetic  # noqa: F401 - first: it tells where a file of the user hides a room
from networks import classify

from .basin import BasinCertificate, basin_certificate
from .check import check
from .derive import Derivation, derive
from .energy import Energy, energies
from .modified import ModifiedEquation, modified_equation
from .multipliers import FixedPoint, Multipliers, multipliers, spurious_fixed_points
from .residual import Residual, escape, residual_energy
from .stability import Stability, stability
from .step import StepVerdict, check_step
from .verdict import Certificate, Status, Verdict
from .well import Well, well

__all__ = ["Energy", "energies", "derive", "Derivation", "check", "check_step", "Verdict", "StepVerdict", "Status",
           "Certificate", "stability", "Stability", "classify", "residual_energy", "Residual", "escape", "basin_certificate",
           "BasinCertificate", "well", "Well", "multipliers", "Multipliers", "spurious_fixed_points", "FixedPoint",
           "modified_equation", "ModifiedEquation"]
