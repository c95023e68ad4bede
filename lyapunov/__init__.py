"""Energies: functions of the loss and the memory that cannot grow along a flow, and exact verdicts on them.

An `Energy` is written once in plain arithmetic; `energies(flow)` lists the known ones; `check(flow, energy)` proves
or refutes that it decreases for every loss, exactly, or says what it could not decide (`python -m lyapunov adam`).
`stability(flow, critical_point)` decides what a flow does near a point, with the function that proves it;
`basin_certificate` proves a region around a minimum, `residual_energy` tells what memory it takes to leave it.
To add one: a flow's own goes into its class (`energy`, `dissipation`), a further one is a function in `energy.py`.
"""
from networks import classify

from .basin import BasinCertificate, basin_certificate
from .check import check
from .energy import Energy, energies
from .residual import Residual, escape, residual_energy
from .stability import Stability, stability
from .verdict import Certificate, Status, Verdict
from .well import Well, well

__all__ = ["Energy", "energies", "check", "Verdict", "Status", "Certificate", "stability", "Stability", "classify",
           "residual_energy", "Residual", "escape", "basin_certificate", "BasinCertificate", "well", "Well"]
