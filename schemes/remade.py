"""Classes that a function makes, such as the solver of a scheme: how they reach other processes."""
from __future__ import annotations

import copyreg
from collections.abc import Callable
from typing import Any


class Remade(type):
    """The type of classes that a function makes: pickled as the call, `made_by`, that makes the class again.

    A class of one's own that derives from such a one has a name where it stands, and is pickled by it.
    """

    made_by: tuple[Callable, tuple]


def _call(kind: Remade) -> str | tuple[Any, ...]:
    return vars(kind).get("made_by", kind.__qualname__)


copyreg.pickle(Remade, _call)  # of which a string is the name of a global
