"""Words: tables, short numbers, progress lines, and the text, LaTeX and HTML that results show themselves as."""
from __future__ import annotations

import base64
import csv
import html
import io
import re
import sys
import time
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from typing import Any, TypeVar

from .late import sympy
from .readings import Rate
from .spelling import spelled, worded

T = TypeVar("T")


@dataclass(frozen=True)
class Table:
    """Rows of texts and numbers under column names; prints aligned, as Markdown (also in notebooks), CSV and LaTeX."""

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

    def spelled(self, encoding: str) -> Table:
        """The same table without the characters that an encoding lacks, see `spelled`: aligned again when it prints."""
        def cells(row) -> tuple:
            return tuple(spelled(x, encoding) if isinstance(x, str) else x for x in row)

        return Table(cells(self.columns), [*map(cells, self.rows)])

    def _right(self) -> list[bool]:
        """Which columns are of numbers."""
        return [bool(self.rows) and not isinstance(x, str) for x in (self.rows[0] if self.rows else self.columns)]

    def __str__(self) -> str:
        texts = self._texts()
        widths = [max(map(len, column)) for column in zip(*texts, strict=True)]
        right = self._right()
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

    def latex(self) -> str:
        """The table as a displayed array of LaTeX; texts are set as text."""
        head, *body = self._texts()
        sides = "".join("r" if right else "l" for right in self._right())
        return array(sides, map(worded, head), ([text if not isinstance(x, str) and text[-1].isdigit() else worded(text)
                                                 for x, text in zip(row, texts, strict=True)]
                                                for row, texts in zip(self.rows, body, strict=True)))

    def html(self) -> str:
        """The table in HTML."""
        def line(tag: str, texts: Iterable[str]) -> str:
            return "<tr>" + "".join(f"<{tag}>{html.escape(text)}</{tag}>" for text in texts) + "</tr>"

        head, *body = self._texts()
        return f"<table>{line('th', head)}{''.join(line('td', texts) for texts in body)}</table>"


def _cell(text: str) -> str:
    """A text as a cell of Markdown: a bar would end it;
    outside code and $formulas$ stars and words' outer underscores would be emphasis."""
    parts = re.split(r"(`[^`]*`|\$[^$]*\$)", text)
    parts[::2] = [re.sub(r"(?<!\w)_|_(?!\w)|\*", lambda found: f"\\{found[0]}", part) for part in parts[::2]]
    return "".join(part.replace("|", r"\vert " if part.startswith("$") else r"\|") for part in parts)


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


def latex(x: Any) -> str:
    """An expression in LaTeX by sympy, with eps as ε, other names of several letters upright, and m⁺ as m^{+}."""
    x = sympy.sympify(x)
    return sympy.latex(x, symbol_names={s: _name(s.name) for s in x.free_symbols})


def _name(name: str) -> str:
    base = name.removesuffix("⁺")
    text = sympy.latex(sympy.Symbol(re.sub(r"^eps(?![a-z])", "epsilon", base)))
    text = re.sub(r"(?<![\\A-Za-z])[A-Za-z]{2,}", r"\\mathrm{\g<0>}", text)
    return text if base == name else f"{text}^{{+}}"


# --------------------------------------------------------------------------------------- blocks of results
def entry(label: str, *texts: str, width: int = 10) -> str:
    """A label and what it stands for, one text a line, below each other: `because    first`, `           second`."""
    return "\n".join(f"{label if i == 0 else '':{width}} {text}" for i, text in enumerate(texts))


def aligned(rows: Iterable[str]) -> str:
    """Rows of LaTeX, each with its &, as one displayed block."""
    return r"$$\begin{aligned}" + r"\\".join(rows) + r"\end{aligned}$$"


def array(sides: str, head: Iterable[str], rows: Iterable[Iterable[str]]) -> str:
    """Cells of LaTeX as a displayed array under a line of heads; sides : "lrl", where the columns lie."""
    lines = [rf"{' & '.join(head)} \\ \hline", " \\\\\n".join(map(" & ".join, rows))]
    return "\n".join([rf"$$\begin{{array}}{{{sides}}}", *filter(None, lines), r"\end{array}$$"])


def preformatted(text: str) -> str:
    """A text as HTML that keeps its lines."""
    return f"<pre>{html.escape(text)}</pre>"


class Readable:
    """A result that IPython shows as its text, where there is no more than text."""

    def __init_subclass__(cls, **options: Any) -> None:
        super().__init_subclass__(**options)
        # of its own: IPython asks the __repr__ of a class before the bases of it
        cls._repr_pretty_ = Readable._repr_pretty_  # type: ignore[method-assign]

    def _repr_pretty_(self, printer: Any, cycle: bool) -> None:
        printer.text(str(self))


class Printed(Readable):
    """A result of which notebooks show the text, too."""

    def _repr_html_(self) -> str:
        return preformatted(str(self))


def printed(kind: type[T]) -> type[T]:
    """A named tuple, which has no other base, that is shown as a `Printed` is."""
    for name, method in (("_repr_pretty_", Readable._repr_pretty_), ("_repr_html_", Printed._repr_html_)):
        setattr(kind, name, method)
    return kind


def embedded(figure: Any) -> str:
    """A matplotlib figure as HTML that holds the picture itself."""
    out = io.BytesIO()
    figure.savefig(out, format="png", dpi=80)
    return f'<img alt="" src="data:image/png;base64,{base64.b64encode(out.getvalue()).decode()}">'


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
