"""What a study is, by its content: two of the same identity have the same ends, bit for bit.

A store goes on with a study of the same identity alone.  The algorithm is known by the program that is recorded of it,
a loss by that too or, where it is numeric only, by its data; whatever else they are called, or looks the same.
"""
from __future__ import annotations

import hashlib
import pickle
from collections.abc import Callable
from typing import Any

import numpy as np

from arithmetic.late import sympy
from networks import Loss
from schemes import Optimizer, Problem, Stop

REMEDY = "leave out store=, and save the result"
PROBES = 2  #: points at which the values of a numeric loss are part of what it is


def identity(loss, optimizer: Optimizer, problem: Problem, shape: tuple[int, int],
             columns: Callable[[int, int], np.ndarray], chunk: int) -> dict[str, Any]:
    """What a study is, as JSON has it: its words, each of which tells some other study from it, and hashes.

    Raises TypeError, with one sentence, where that cannot be told in the next run.
    """
    problem = problem.alone  # a study of a sweep is the separate one
    stop = problem.stop
    hashed = hashlib.sha256()
    for first in range(0, shape[1], chunk):
        hashed.update(np.ascontiguousarray(columns(first, min(first + chunk, shape[1]))).data)
    # the memory at the start is no part of the program
    begun = hashlib.sha256(problem.begin(columns(0, min(8, shape[1]))).tobytes())
    words = {"loss": f"{loss.name}, dim {loss.dim}", "optimizer": _words(optimizer),
             "stop": {**stop.plain(), **dict.fromkeys(stop.functions)}, "chunk": chunk, "shape": list(shape)}
    return words | _program(loss, optimizer, problem) | {"starts": hashed.hexdigest(), "memory": begun.hexdigest()}


def _program(loss, optimizer: Optimizer, problem: Problem) -> dict[str, str]:
    if problem.recordable:
        return {"program": problem.digest}
    if problem.stop.functions:
        raise TypeError(f"Stop({problem.stop.functions[0]}=...) is a function of {loss.name}, which cannot be "
                        f"recorded, so that a store cannot tell whether it is the same in the next run; {REMEDY}")
    try:
        algorithm = optimizer.problem(_stand_in(min(loss.dim, 2)), Stop()).digest
    except Exception as error:
        raise TypeError(f"{optimizer}: a store cannot tell whether it is the same in the next run, as it cannot be "
                        f"recorded ({error}); {REMEDY}") from error
    return {"program": algorithm, "data": _data(loss)}


def _stand_in(dim: int) -> Loss:
    """A loss that has all that an algorithm could ask for, to record the algorithm on."""
    return Loss.from_residuals(lambda t: [*(t[i] * t[i - 1] - i - 1 for i in range(dim)), *t], dim, name="stand-in")


def _data(loss) -> str:
    """The hash of what a numeric loss is made of, and of its values at a few points, to three digits.

    (The values tell of functions that were edited; further digits may differ between the machines of a cluster.)
    """
    try:
        made = pickle.dumps(loss)
    except (pickle.PicklingError, TypeError, AttributeError):
        made = b""
    if not made or getattr(loss, "made_of_functions", False):
        raise TypeError(f"{loss.name} is made of functions, of which a store cannot tell whether they are the same in "
                        f"the next run: {REMEDY}")
    low, high = np.array(loss.box, dtype=float).T[:, :, None]
    probes = np.random.default_rng(0).uniform(low, high, (loss.dim, PROBES))
    seen = (*loss.value(probes), *np.linalg.norm(loss.gradient(probes), axis=0))
    return hashlib.sha256(made + " ".join(f"{x:.2e}" for x in seen).encode()).hexdigest()


def content(loss) -> str:
    """The hash of what a loss is; empty where it is made of functions, of which that cannot be told."""
    if loss.symbolic:
        words = "\n".join(map(sympy.srepr, (loss.expression, tuple(loss.symbols))))
        return hashlib.sha256(words.encode()).hexdigest()
    try:
        return _data(loss)
    except TypeError:
        return ""


def _words(optimizer: Optimizer) -> str:
    """The optimizer with its hyperparameters; a function in it is told by what is recorded of it."""
    name = str(optimizer)
    return name if optimizer.schedule is None else f"{name.partition('(')[0]}({optimizer.hyperparameters}), scheduled"
