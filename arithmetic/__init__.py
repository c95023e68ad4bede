"""One definition, three readings.

A formula written with Python's operators and the functions below is evaluated on numbers (NumPy, lanes in the last
axis), on symbols (sympy) and on the recorder, which writes down every operation and leaves a straight-line program
that is differentiated, printed (NumPy, numba, C) and repeated over many lanes.  To add a function: one line in
`functions.py`, its adjoint in `recorder.py`, its spelling in `printers.py`.
"""
from .engines import cpus, BACKENDS, CompileError, Iteration, available, check_backend, drive, iterate
from .functions import (
    Reading, Vector, absolute, clip, cos, dot, exp, is_symbolic, log, maximum, minimum, sign, sin, solve, sqrt, tanh,
    total, vector, where,
)
from .intervals import Interval
from .matrices import add_diagonal, diagonal, gram, times
from .protocol import Descended, GivenOracle, LossOracle, Missing, Oracle, OracleView, VectorField, missing
from .recorder import Graph, Node, Program, gradient, polynomial, record, tangent
from .symbolic import CoordinateLoss, SymbolicLoss

__all__ = [
    "sqrt", "exp", "log", "sin", "cos", "tanh", "absolute", "sign", "maximum", "minimum", "where", "clip", "total",
    "dot", "solve", "vector", "Vector", "Reading", "is_symbolic", "Interval", "Graph", "Node", "Program", "record", "gradient", "tangent", "polynomial",
    "diagonal", "add_diagonal", "times", "gram", "Descended", "Oracle", "VectorField", "LossOracle", "OracleView", "GivenOracle",
    "Missing", "missing", "SymbolicLoss", "CoordinateLoss",
    "Iteration", "iterate", "drive", "available", "check_backend", "cpus", "BACKENDS", "CompileError",
]
