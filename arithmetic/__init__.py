"""One definition, three readings.

A formula written with Python's operators and the functions below is evaluated on numbers (NumPy, lanes in the last
axis), on symbols (sympy) and on the recorder, which writes down every operation and leaves a straight-line program
that is differentiated, printed (NumPy, numba, C) and repeated over many lanes.  To add a function: one entry with
`operation(name, ...)`, in `elementary.py` or in a program of one's own.
"""
from .elementary import atan, cos, cosh, erf, exp, expm1, log, log1p, sigmoid, sin, sinh, softplus, tanh
from .engines import cpus, BACKENDS, CompileError, Iteration, available, check_backend, drive, iterate
from .functions import add_diagonal, clip, diagonal, dot, gram, solve, times, total, vector
from .intervals import Interval
from .operations import OPERATIONS, Operation, absolute, maximum, minimum, operation, sign, sqrt, where
from .protocol import Descended, GivenOracle, LossOracle, Missing, Oracle, OracleView, VectorField, missing
from .reader import from_sympy
from .readings import Reading, Vector, integer_power, is_symbolic
from .recorder import Graph, Node, Program, gradient, polynomial, record, tangent
from .symbolic import CoordinateLoss, SymbolicLoss

__all__ = [
    "sqrt", "exp", "expm1", "log", "log1p", "sin", "cos", "atan", "sinh", "cosh", "tanh", "sigmoid", "softplus", "erf",
    "absolute", "sign", "maximum", "minimum", "where", "clip", "total", "dot", "solve", "vector",
    "diagonal", "add_diagonal", "times", "gram",
    "Operation", "operation", "OPERATIONS", "Vector", "Reading", "is_symbolic", "integer_power", "from_sympy", "Interval",
    "Graph", "Node", "Program", "record", "gradient", "tangent", "polynomial",
    "Descended", "Oracle", "VectorField", "LossOracle", "OracleView", "GivenOracle", "Missing", "missing",
    "SymbolicLoss", "CoordinateLoss",
    "Iteration", "iterate", "drive", "available", "check_backend", "cpus", "BACKENDS", "CompileError",
]
