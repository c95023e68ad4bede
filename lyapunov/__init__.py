"""Energies: functions of the loss and the memory that cannot grow along a flow, and exact verdicts on them.

An `Energy` is written once in plain arithmetic; `energies(flow)` lists the known ones; `derive(flow)` finds one; `check(flow, energy)`
proves or refutes that it decreases for every loss, exactly, or says what it could not decide; `check_step` does so for one
step of the algorithm (`python -m lyapunov adam`, `python -m lyapunov --table`).
To add one: a flow's own goes into its class (`energy`, `dissipation`), a further one is a function in `energy.py`.
"""
from .check import check
from .derive import Derivation, derive
from .energy import Energy, energies
from .step import StepVerdict, check_step
from .verdict import Certificate, Status, Verdict

__all__ = ["Energy", "energies", "derive", "Derivation", "check", "check_step", "Verdict", "StepVerdict", "Status", "Certificate"]
