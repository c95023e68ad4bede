"""What is known by name, and what is said where a name is not known."""
from __future__ import annotations

import difflib
from collections.abc import Callable
from typing import TypeVar

T = TypeVar("T")


class UnknownName(ValueError, KeyError):
    """A name that a catalogue does not have; the message says which are close, and which there are."""

    def __str__(self) -> str:
        return str(self.args[0])


class Catalogue(dict[str, T]):
    """Things of one kind by name, in the order in which they are listed.

    `catalogue[name]` raises `UnknownName`, a ValueError, where there is none.  kind : what they are, "no {kind} is
    named …".  short : further names that `catalogue[…]` takes.  spelled : a function that a name goes through before it
    is looked up, as str.lower.
    """

    def __init__(self, kind: str, things: dict[str, T] | None = None, *, short: dict[str, str] | None = None,
                 spelled: Callable[[str], str] = str):
        super().__init__(things or {})
        self.kind, self.short, self.spelled = kind, short or {}, spelled

    def __missing__(self, name) -> T:
        wanted = self.spelled(str(name))
        wanted = self.short.get(wanted, wanted)
        if isinstance(name, str) and wanted in self:
            return self[wanted]
        close = difflib.get_close_matches(wanted, [*self, *self.short], n=3, cutoff=0.5)
        hint = f"did you mean {', '.join(close)}? " if close else ""
        raise UnknownName(f"no {self.kind} is named {name!r}; {hint}known: {', '.join(self)}")
