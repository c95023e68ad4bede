"""Around a minimum: wells of the loss, the part of a basin that a certificate proves, and the energy it takes to leave.

A certificate stands on the local proof (`local.stability`): this floor is above that one, never the other way round.
"""
from .basin import BasinCertificate, basin_certificate
from .residual import Residual, escape, residual_energy
from .wells import Well, well

__all__ = ["well", "Well", "basin_certificate", "BasinCertificate", "residual_energy", "Residual", "escape"]
