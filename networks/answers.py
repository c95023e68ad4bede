"""The table of the critical points of the catalogue's losses: `known/NAME.json`, each found once by `critical_points`.

`python -m networks.answers [NAME …]` finds them again and writes the table, and a test finds all of them anew and
compares.  An answer holds for the definition that it was found for and no other: it lies beside the hash of what is
recorded of that, and is not used for a loss that is recorded otherwise.  It is data, numbers as `sympy.srepr` writes
them, and is read without being run; a formula is made of its words when it is asked for.
"""
from __future__ import annotations

import dataclasses
import fractions
import hashlib
import json
import sys
from pathlib import Path
from typing import Any

import numpy as np

from arithmetic import Program, digest, stored
from arithmetic.late import sympy
from arithmetic.tape import ExactGraph

from .enclosed import Open
from .points import Atlas, CriticalPoint

FOLDER = Path(__file__).resolve().parent / "known"
LARGEST = 100_000  #: characters of an answer; a longer one (Rastrigin's 441 points) is found faster than it is worth
BUDGET = 600.0  #: seconds for a network; none takes a tenth of it


def known(loss: Any) -> Atlas | None:
    """The answer that the table has for a loss of the catalogue; None where it has none for this definition."""
    path = FOLDER / f"{loss.name}.json"
    return read(path.read_text(encoding="utf-8"), loss) if path.exists() else None


def definition(loss: Any) -> str:
    """A hash of what critical points are found from: the definition, its constants as they are, and the box."""
    graph = ExactGraph()
    theta, value, residuals = loss.record(graph)
    program = Program((*theta, *graph.constants), (value, *(residuals or ()), *graph.undefined))
    constants = [(low.hex(), high.hex()) for low, high in graph.constants.values()]
    network = [getattr(loss, name, None) for name in ("layers", "bias", "loss")]
    words = [digest(program), repr(constants), repr(loss.names), repr(loss.box), repr(network)]
    return hashlib.sha256("\n".join(words).encode()).hexdigest()


# ------------------------------------------------------------------------------------------- as JSON and back
def written(atlas: Atlas, loss: Any) -> str:
    """An atlas as JSON, a line for each point.  Raises TypeError, ValueError where it could not be read back."""
    words = json.dumps({"definition": definition(loss)} | _fields(atlas, "points"))
    points = ",\n".join(json.dumps(_point(p)) for p in atlas.points)
    return f'{words[:-1]}, "points": [\n{points}\n]}}\n'


def _point(p: CriticalPoint) -> dict[str, Any]:
    fields = _fields(p, "loss") | {name: _plain(getattr(p, name)) for name in CriticalPoint.READY}
    formulas = [name for name, words in fields.items() if '"sympy"' in json.dumps(words)]
    return {"formulas": {name: fields.pop(name) for name in formulas}} | fields


def _fields(x, besides: str) -> dict:
    return {f.name: _plain(getattr(x, f.name)) for f in dataclasses.fields(x) if f.name != besides}


def read(text: str, loss: Any) -> Atlas | None:
    """The atlas of a loss from what `written` wrote; None where that is of another definition."""
    words = json.loads(text)
    if words.pop("definition") != definition(loss):
        return None
    points = tuple(CriticalPoint.read(loss, p, _back) for p in words.pop("points"))
    return Atlas(points, **{name: _back(x) for name, x in words.items()})


def _plain(x):
    """What JSON can hold: tuples as lists, sympy's numbers and fractions under their kind.  Raises for others."""
    if isinstance(x, (tuple, list, np.ndarray)):
        return list(map(_plain, x))
    if isinstance(x, sympy.Basic):
        text = sympy.srepr(x)
        if stored(text) != x:
            raise ValueError(f"{text} is not read back as it is")
        return {"sympy": text}
    if isinstance(x, Open):
        return {"open": [x.boxes, _plain(x.hull)]}
    if isinstance(x, fractions.Fraction):
        return {"fraction": str(x)}
    if isinstance(x, (np.floating, np.integer)):
        return x.item()
    if x is None or isinstance(x, (str, bool, int, float)):
        return x
    raise TypeError(f"{x!r} has no form on disk")


def _back(x):
    if isinstance(x, list):
        return tuple(map(_back, x))
    if isinstance(x, dict):
        ((kind, what),) = x.items()
        if kind == "open":
            return Open(what[0], _back(what[1]))
        if kind == "fraction":
            return fractions.Fraction(what)
        return stored({"sympy": what}[kind])
    return x


def main(names: list[str]) -> None:
    """Find the critical points of networks, all unless named, and write them down."""
    from . import catalogue, get
    from .critical import critical_points

    FOLDER.mkdir(exist_ok=True)
    for name in names or catalogue():
        text = written(critical_points(get(name), budget=BUDGET), get(name))
        if len(text) <= LARGEST:
            (FOLDER / f"{name}.json").write_text(text, encoding="utf-8")


if __name__ == "__main__":
    main(sys.argv[1:])
