"""The prover: exact signs of polynomials, and the verdicts that rest on them.

It knows expressions, never an optimizer: a `Claim` is V' in symbols with what they range over; `Reduction` makes it a
polynomial on an orthant, `Domain.nonnegative` proves its sign, and a `Verdict` carries the `Certificate`.
To add a ground of proof: a method of `Domain` that returns a `Proof`, and what `Certificate.verify` checks again.
"""
from . import smt
from .expressions import positive, quotient_sign, resting_value, tidy, unrooted, vanishes
from .reduction import Claim, Reduction, Unreadable
from .seams import INEQUALITIES, KINKS, SEAMS, TooManyPieces, insides, jumping, pieces
from .signs import Domain, Fresh, Proof, matrix, negative_direction, rate_sign, twin, vanishing
from .verdict import Certificate, Status, Verdict
from .text import readable, words

__all__ = [
    "Claim", "Reduction", "Unreadable", "Domain", "Fresh", "twin", "Proof", "Verdict", "Certificate", "Status",
    "SEAMS", "KINKS", "INEQUALITIES", "TooManyPieces", "pieces", "insides", "jumping", "matrix", "negative_direction",
    "rate_sign", "quotient_sign", "vanishing", "resting_value", "vanishes", "tidy", "unrooted", "positive", "words",
    "readable", "smt",
]
