"""Energies: functions of the loss and the memory that cannot grow along a flow, and exact verdicts on them.

An `Energy` is written once in plain arithmetic; `energies(flow)` lists the known ones, `derive(flow)` finds one;
`check` proves or refutes that it decreases for every loss, exactly, or says what it could not decide, `check_step` does
so for one step of the algorithm, and with `rate` both say how fast; `stability`, `basin_certificate` and
`residual_energy` tell what that means at a critical point, `multipliers` and `modified_equation` how the algorithm
differs from its flow.
To add one: a flow's own goes into its class (`energy`, `dissipation`), a further one is a function in `energy.py`.

Floors, each of which imports from those below only: `regions` (around a minimum), `local` (near a critical point),
these files (what a claim is and what finds one), `exact` (the prover, which knows no optimizer).
"""
import arithmetic  # noqa: F401 - first: it tells where a file of the user hides a room
from networks import classify

from .classes import PL, quasar_convex, smooth, strongly_convex
from .decrease import check
from .derivation import Derivation, derive
from .energy import Energy, H, energies
from .exact import Certificate, Status, Verdict
from .local import (
    FixedPoint, ModifiedEquation, Multipliers, Stability, modified_equation, multipliers, spurious_fixed_points,
    stability,
)
from .members import SlowStep
from .pace import RateVerdict
from .realise import Counterexample
from .regions import BasinCertificate, Residual, Well, basin_certificate, escape, residual_energy, well
from .step import StepVerdict, check_step

__all__ = [
    "Energy", "H", "energies", "derive", "Derivation", "check", "check_step", "Verdict", "StepVerdict", "Status",
    "RateVerdict", "Certificate", "Counterexample", "SlowStep", "PL", "quasar_convex", "smooth", "strongly_convex",
    "stability", "Stability", "classify", "residual_energy", "Residual", "escape", "basin_certificate",
    "BasinCertificate", "well", "Well", "multipliers", "Multipliers", "spurious_fixed_points", "FixedPoint",
    "modified_equation", "ModifiedEquation",
]
