"""One definition, three readings.

A formula written with Python's operators and the functions below is evaluated on numbers (NumPy, lanes in the last
axis), on symbols (sympy) and on the recorder, which writes down every operation and leaves a straight-line program
that is differentiated, printed (NumPy, numba, C) and repeated over many lanes.  To add a function: one entry with
`operation(name, ...)`, in `elementary.py` or in a program of one's own; a back end: a file in `backends`.
"""
from typing import TYPE_CHECKING

from . import beginning  # before NumPy is loaded
from . import cache, command, enclose, ends, jets, late, tape
from .backends import BACKENDS, CompileError, available, check_backend
from .catalogue import Catalogue, UnknownName
from .choices import Choices
from .driver import Interrupted, check_threads, cpus, drive, iterate, path
from .elementary import atan, cos, cosh, erf, exp, expm1, log, log1p, sigmoid, sin, sinh, softplus, tanh
from .exact import as_decimals, as_fractions, decimal, exact_sign, in_floats, simplified
from .functions import add_diagonal, clip, diagonal, dot, gram, power, solve, times, total, vector
from .intervals import Interval
from .iteration import Iteration
from .operations import OPERATIONS, Operation, absolute, maximum, minimum, operation, sign, sqrt, where
from .printers import digest, in_blocks, native
from .protocol import Descended, GivenOracle, LossOracle, Missing, Oracle, OracleView, VectorField, missing
from .reader import from_sympy
from .readings import Array, Box, Quantity, Rate, Reading, Vector, as_reals, integer_power, is_symbolic
from .recorder import Graph, Node, Program, gradient, polynomial, record, repeated, tangent
from .spelling import spelled, worded
from .symbolic import CoordinateLoss, SymbolicLoss
from .text import (
    Printed, Progress, Readable, Table, aligned, array, clipped, embedded, entry, latex, preformatted, printed, short,
)
from .typed import formula, stored

__getattr__, __dir__ = late.face(__name__, {"squares": ""})  # which is of sympy's polynomials
if TYPE_CHECKING:
    from . import squares

__all__ = [
    "sqrt", "exp", "expm1", "log", "log1p", "sin", "cos", "atan", "sinh", "cosh", "tanh", "sigmoid", "softplus", "erf",
    "absolute", "sign", "maximum", "minimum", "where", "clip", "power", "total", "dot", "solve", "vector",
    "diagonal", "add_diagonal", "times", "gram",
    "Array", "Quantity", "Rate", "Box", "Vector", "Reading", "as_reals", "is_symbolic", "integer_power", "from_sympy",
    "Interval", "Operation", "operation", "OPERATIONS",
    "Graph", "Node", "Program", "Choices", "record", "repeated", "gradient", "tangent", "polynomial", "native",
    "digest", "in_blocks",
    "Descended", "Oracle", "VectorField", "LossOracle", "OracleView", "GivenOracle", "Missing", "missing",
    "SymbolicLoss", "CoordinateLoss",
    "Iteration", "iterate", "path", "drive", "available", "check_backend", "check_threads", "cpus", "BACKENDS",
    "CompileError", "Interrupted", "as_decimals", "as_fractions", "decimal", "exact_sign", "in_floats", "simplified",
    "Catalogue", "UnknownName", "Table", "Progress", "short", "clipped", "entry", "aligned", "array", "latex",
    "spelled", "worded", "Readable", "Printed", "printed", "preformatted", "embedded", "command", "cache", "formula",
    "beginning", "stored", "ends", "jets", "squares", "tape", "enclose", "late",
]
