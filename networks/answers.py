"""Critical points that are found once: the answers of the catalogue's losses, kept on disk.

An answer is kept under the hash of all that it rests on: the definition of the loss and the programs that find it.
It is data, numbers as `sympy.srepr` writes them, and is read without being run; a damaged one is found again.
"""
from __future__ import annotations

import dataclasses
import fractions
import functools
import hashlib
import json
import platform
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import sympy

from arithmetic import cache, stored

from .enclosed import Open

if TYPE_CHECKING:
    from .critical import Atlas


def kept(loss, find: Callable[[], Atlas], budget: float) -> Atlas:
    """The answer that is kept for a loss, else what `find` finds, which is kept then.

    Not kept is what the clock may have cut short: an answer that is not complete and took a fourth of the budget.
    """
    name = cache.name(_definition(loss), ".json")
    if (path := cache.find(name)) is not None:
        try:
            return read(path.read_text(encoding="utf-8"), loss)
        except (OSError, ValueError, TypeError, KeyError, AttributeError):
            cache.remove(path)  # whole, and yet not what is written below
    atlas = find()
    if atlas.complete or atlas.seconds < budget / 4:
        text = written(atlas)
        if text is not None:
            cache.keep_bytes(name, text.encode())
    return atlas


def _definition(loss) -> str:
    network = [getattr(loss, name, None) for name in ("layers", "bias", "loss")]
    words = [_programs(), sympy.srepr(loss.expression), sympy.srepr(loss.symbols), repr(loss.box), repr(network)]
    return "\n".join(words)


@functools.cache
def _programs() -> str:
    """What finds critical points: a hash of the sources, and the version of sympy and Python."""
    here = Path(__file__).resolve().parent
    sources = hashlib.sha256()
    for room in (here, here.parent / "arithmetic"):
        for file in sorted(room.rglob("*.py")):
            sources.update(f"{file.relative_to(here.parent)}\n".encode() + file.read_bytes())
    return f"{sources.hexdigest()} {sympy.__version__} {platform.python_version()}"


# ------------------------------------------------------------------------------------------- as JSON and back
def written(atlas: Atlas) -> str | None:
    """An atlas as JSON; None where it holds what cannot be read back to the same."""
    try:
        points = [_fields(p, "loss") for p in atlas.points]
        return json.dumps(_fields(atlas, "points") | {"points": points})
    except (TypeError, ValueError):
        return None


def _fields(x, besides: str) -> dict:
    return {f.name: _plain(getattr(x, f.name)) for f in dataclasses.fields(x) if f.name != besides}


def read(text: str, loss) -> Atlas:
    """The atlas of a loss from what `written` wrote; ValueError, TypeError or KeyError where that is damaged."""
    from .critical import Atlas, CriticalPoint

    words = json.loads(text)
    points = tuple(CriticalPoint(loss=loss, **{name: _back(x) for name, x in p.items()}) for p in words.pop("points"))
    return Atlas(points, **{name: _back(x) for name, x in words.items()})


def _plain(x):
    """What JSON can hold: tuples as lists, sympy's numbers and fractions under their kind.  Raises for others."""
    if isinstance(x, (tuple, list)):
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
