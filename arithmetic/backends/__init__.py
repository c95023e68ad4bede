"""What repeats a recorded step: a back end a file.

A back end prints the step into a *frame*, a fixed text around it, and compiles that.  The frame is the same in every
language: a block of `WIDTH` lanes side by side; some steps of the whole block, in which a lane that no longer goes is
frozen by select; then the lanes that have ended are written back and replaced by waiting ones, and the run looks
whether it is asked to pause.  So neither the order of the lanes nor the slowest one matters, and a pause loses nothing.

To add one: a file with a subclass of `Backend`, and its place in `REGISTERED`, the preferred first.
"""
from __future__ import annotations

from ..catalogue import Catalogue
from .base import Backend, CompileError, Kernel, Work
from .c import C
from .numba import Numba
from .numpy import NumPy

__all__ = ["Backend", "CompileError", "Kernel", "Work", "REGISTERED", "BACKENDS", "available", "check_backend", "find"]

REGISTERED: tuple[Backend, ...] = (C(), Numba(), NumPy())
BACKENDS: tuple[str, ...] = tuple(b.name for b in REGISTERED)
_BY_NAME: Catalogue[Backend | None] = Catalogue("back end", {"auto": None} | {b.name: b for b in REGISTERED})


def available() -> tuple[str, ...]:
    """The back ends this machine has, the preferred one first."""
    return tuple(b.name for b in REGISTERED if b.available())


def check_backend(backend: str) -> str:
    """`backend` itself, or a ValueError that says what to use instead."""
    found = _BY_NAME[backend]
    if found is not None and not found.available():
        raise ValueError(f"backend={backend!r} is not available here: {found.remedy}, or use one of "
                         f"{available()}")
    return backend


def find(name: str) -> Backend:
    """The back end of this name."""
    return REGISTERED[BACKENDS.index(name)]
