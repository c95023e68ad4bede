"""Words: tables, short numbers, progress lines, and the blocks of text and LaTeX that results print as."""
from __future__ import annotations

import csv
import io
import re
import sys
import time
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass

import sympy

from .readings import Rate


@dataclass(frozen=True)
class Table:
    """Rows of texts and numbers under column names; prints aligned, as Markdown (also in notebooks) and as CSV."""

    columns: tuple[str, ...]
    rows: list[tuple]

    def __iter__(self) -> Iterator[dict]:
        """The rows as dictionaries."""
        return (dict(zip(self.columns, row, strict=True)) for row in self.rows)

    def __len__(self) -> int:
        return len(self.rows)

    def numbered(self) -> Table:
        """The same table with the rows counted from 1 in a first column."""
        return Table(("", *self.columns), [(str(i), *row) for i, row in enumerate(self.rows, 1)])

    def _texts(self) -> list[tuple[str, ...]]:
        def text(x) -> str:
            return f"{x:.4f}" if isinstance(x, float) else str(x)

        return [self.columns, *(tuple(map(text, row)) for row in self.rows)]

    def __str__(self) -> str:
        texts = self._texts()
        widths = [max(map(len, column)) for column in zip(*texts, strict=True)]
        right = [bool(self.rows) and not isinstance(x, str) for x in (self.rows[0] if self.rows else self.columns)]
        return "\n".join("  ".join(cell.rjust(w) if r else cell.ljust(w) for cell, w, r in zip(
            line, widths, right, strict=True)).rstrip() for line in texts)

    __repr__ = __str__

    def markdown(self) -> str:
        """The table in Markdown; texts between backticks are code, others are taken as they are, stars too."""
        head, *body = ["| " + " | ".join(map(_cell, line)) + " |" for line in self._texts()]
        return "\n".join([head, "|" + " --- |" * len(self.columns), *body]) + "\n"

    _repr_markdown_ = markdown

    def csv(self) -> str:
        """Comma-separated, floats in full."""
        out = io.StringIO()
        writer = csv.writer(out, lineterminator="\n")
        writer.writerow(self.columns)
        writer.writerows([repr(x) if isinstance(x, float) else x for x in row] for row in self.rows)
        return out.getvalue()


def _cell(text: str) -> str:
    """A text as a cell of Markdown: a bar would end it;
    outside code stars and words' outer underscores would be emphasis."""
    parts = text.split("`")
    parts[::2] = [re.sub(r"(?<!\w)_|_(?!\w)|\*", lambda found: f"\\{found[0]}", part) for part in parts[::2]]
    return "`".join(parts).replace("|", r"\|")


# ------------------------------------------------------------------------------------------------ numbers
def short(x: Rate, width: int = 24) -> str:
    """An exact number or a formula as it is where that takes at most `width` characters, else in decimals.

    Decimals have width/2 significant digits, ten at most; in a formula that is too long each number gets them.
    """
    text = sympy.sstr(x)
    if len(text) <= width:
        return text
    digits = min(width // 2, 10)
    value = sympy.N(x, digits + 2)
    return (f"{float(value):.{digits}g}" if value.is_extended_real and value.is_number
            else sympy.sstr(sympy.N(x, digits)))


def clipped(text: str, width: int) -> str:
    """A text of at most `width` characters, cut at a space where it is longer, and then with … at its end."""
    return text if len(text) <= width else text[:width - 2].rsplit(" ", 1)[0] + " …"


# --------------------------------------------------------------------------------------- blocks of results
def entry(label: str, *texts: str, width: int = 10) -> str:
    """A label and what it stands for, one text a line, below each other: `because    first`, `           second`."""
    return "\n".join(f"{label if i == 0 else '':{width}} {text}" for i, text in enumerate(texts))


def aligned(rows: Iterable[str]) -> str:
    """Rows of LaTeX, each with its &, as one displayed block."""
    return r"$$\begin{aligned}" + r"\\".join(rows) + r"\end{aligned}$$"


# ----------------------------------------------------------------------------------------------- progress
class Progress:
    """How far a long job is: a line on standard error, a call of a function, or nothing.

    wanted : None, for a line where standard error is a terminal; True, for a line in any case; False; or a function
    of (done, n).  n : how much there is to do, of `things`.  Calling it with what is done reports that; `close` ends
    the line.
    """

    def __init__(self, wanted: bool | Callable[[int, int], object] | None, n: int, things: str):
        self.function = wanted if callable(wanted) else None
        self.line = self.function is None and (sys.stderr.isatty() if wanted is None else bool(wanted))
        self.n, self.things, self.began, self.shown = n, things, time.monotonic(), 0

    def __call__(self, done: int) -> None:
        if self.function:
            self.function(done, self.n)
        elif self.line:
            text = f"{done / self.n:4.0%}  {done} of {self.n} {self.things}"
            if 0 < done < self.n:
                text += f", {(time.monotonic() - self.began) * (self.n - done) / done:.0f} s left"
            print(f"\r{text:{self.shown}}", end="", file=sys.stderr, flush=True)
            self.shown = len(text)

    def close(self) -> None:
        """End the line."""
        if self.shown:
            print(file=sys.stderr)
