"""What the commands `python -m room` share: options, the forms of what they say, errors and exit codes.

0 : done, whatever was found.  1 : not all was done, or nobody reads on.  2 : a bad argument, said in a sentence before
any work.  130 : interrupted.
"""
from __future__ import annotations

import argparse
import contextlib
import dataclasses
import enum
import gc
import importlib.util
import io
import json
import math
import os
import sys
import types
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, NoReturn

import numpy as np

from .beginning import ENTERED, ROOM
from .late import loaded, sympy
from .text import Table

#: The kinds of pictures that are written.
FORMATS = (".png", ".pdf", ".svg")
#: The forms in which a result is said, and the suffixes of files that are of each.
SUFFIXES = {"text": (".txt",), "json": (".json",), "latex": (".tex",), "markdown": (".md",), "csv": (".csv",),
            "picture": FORMATS}
TABULAR = ("markdown", "csv")  #: the forms that only tables have
EXITS = "Exit codes: 0 done, 1 not all of it was done, 2 a bad argument, 130 interrupted."


class Parser(argparse.ArgumentParser):
    """A parser whose errors are one sentence, `python -m room: error: …`, and exit code 2."""

    def error(self, message: str) -> NoReturn:
        self.refuse(f"{message}; see {self.prog} --help")

    def refuse(self, message: object) -> NoReturn:
        """End with the sentence and 2."""
        self.exit(2, failure(self.prog, message))

    @contextlib.contextmanager
    def refusing(self) -> Iterator[None]:
        """Arguments are read within: what is wrong with one, or is not installed for it, is said, and ends with 2."""
        try:
            yield
        except (ValueError, TypeError, ImportError) as error:
            self.refuse(error)


def failure(prog: str, message: object) -> str:
    """The line in which a command says what is wrong."""
    return f"{prog}: error: {' '.join(str(message).split())}\n"


def parser(room: str, description: str, example: str, forms: Iterable[str] = (), out: str = "") -> Parser:
    """The parser of `python -m room`, with what all have: --version, --json, --latex and --out.

    example : arguments that do something.  forms : further ones that have a flag, "markdown" or "csv".
    out : what --out says beyond the forms of text.
    """
    made = Parser(prog=f"python -m {room}", description=description, epilog=(
        f"Example:\n  python -m {room} {example}\n\n{EXITS}"), formatter_class=argparse.RawDescriptionHelpFormatter)
    made.add_argument("--version", action=_Version, help="say the version, and no more")
    said = made.add_mutually_exclusive_group()
    names = {"json": "JSON", "latex": "LaTeX", "markdown": "Markdown", "csv": "comma-separated values"}
    for flag in ("json", "latex", *forms):
        said.add_argument(f"--{flag}", dest="form", action="store_const", const=flag,
                          help=f"what is said, as {names[flag]}")
    suffixes = ", ".join(suffix for form, (suffix, *_) in SUFFIXES.items() if form != "picture")
    made.add_argument("--out", metavar="FILE", type=Path,
                      help=f"write it there, in the form of the suffix: {suffixes} (the last two for tables){out}")
    return made


def form(options: argparse.Namespace, further: Iterable[str] = (), *, picture: bool = False) -> str:
    """The form that is asked for: "text", or as a flag or the suffix of --out says; with a picture, as the flag says.

    further : the forms that this result has besides those that all have.  picture : whether it can be drawn.
    Raises ValueError where flag and suffix do not agree, or it cannot be said so.
    """
    possible = ["text", "json", "latex", *further]
    flag, out = options.form, options.out
    if flag is not None and flag not in possible:
        raise ValueError(f"--{flag} is for one table, and this is none: choose --json or --latex")
    if out is None:
        return flag or "text"
    check_writable("--out", out, [suffix for name in (*possible, *["picture"] * picture) for suffix in SUFFIXES[name]])
    if is_picture(out):
        return flag or "text"
    found = next(name for name in possible if out.suffix.lower() in SUFFIXES[name])
    if flag not in (None, found):
        raise ValueError(f"--{flag} and --out {str(out)!r} ask for two forms: leave one out, or end it in "
                         f"{SUFFIXES[flag][0]}")
    return found


def is_picture(out: Path | None) -> bool:
    return out is not None and out.suffix.lower() in FORMATS


@dataclasses.dataclass(frozen=True)
class Report:
    """What a command has to say, made in the form that is asked for.

    text : its parts, each printed as soon as it is there.  data : for JSON, what `as_data` takes.  markdown, csv : of a
    table.
    """

    text: Callable[[], Iterable[str | Table]]
    data: Callable[[], object]
    latex: Callable[[], str]
    markdown: Callable[[], str] | None = None
    csv: Callable[[], str] | None = None

    @classmethod
    def of(cls, table: Table, shown: Table | None = None) -> Report:
        """A table, in all forms; shown : what is printed of it, all unless given."""
        return cls(lambda: [shown or table], lambda: table, table.latex, table.markdown, table.csv)

    def parts(self, form: str) -> Iterable[str | Table]:
        if form == "text":
            return self.text()
        if form == "json":
            return [json.dumps(as_data(self.data()), indent=1, allow_nan=False)]
        made = {"latex": self.latex, "markdown": self.markdown, "csv": self.csv}[form]
        if made is None:
            raise ValueError(f"this has no form {form}")
        return [made().removesuffix("\n")]

    def tell(self, form: str, out: Path | None = None) -> None:
        """Print it, or write it to a file that is no picture, all of it or nothing, and say so."""
        if out is None or is_picture(out):
            show(self.parts(form))
        else:
            write(out, "".join(f"{part}\n" for part in self.parts(form)))
            print(f"wrote {out}")


def show(parts: Iterable[str | Table]) -> None:
    """Print parts one below the other, each at once; where there is no Unicode tables are aligned without it."""
    encoding = sys.stdout.encoding or "ascii"
    for part in parts:
        print(part.spelled(encoding) if isinstance(part, Table) else part, flush=True)


def write(out: Path, text: str) -> None:
    """A text file in UTF-8, in the place of what was there when it is all written."""
    part = out.with_name(f"{out.name}.part")
    try:
        part.write_text(text, encoding="utf-8")
        part.replace(out)
    finally:
        part.unlink(missing_ok=True)


def as_data(x: Any) -> Any:
    """What JSON has of a result: formulas and exact numbers as texts of sympy's, records as objects with the fields
    that they show, tables as lists of objects, members of an enumeration by their names; null for what is no number.

    Raises TypeError for what is no data, as a function is.
    """
    if isinstance(x, enum.Enum) and not isinstance(x, str):
        return x.name
    if isinstance(x, str):
        return str(x)
    if x is None or isinstance(x, (bool, int)):
        return x
    if isinstance(x, (float, np.floating)):
        return float(x) if math.isfinite(x) else None
    if isinstance(x, (np.bool_, np.integer)):
        return x.item()
    if loaded("sympy") and isinstance(x, (sympy.Basic, sympy.MatrixBase)):
        return None if x is sympy.nan else sympy.sstr(x)
    if isinstance(x, Mapping):
        return {str(key): as_data(value) for key, value in x.items()}
    if isinstance(x, types.SimpleNamespace):
        return as_data(vars(x))
    if dataclasses.is_dataclass(x) and not isinstance(x, (type, Table)):
        return {f.name: as_data(getattr(x, f.name)) for f in dataclasses.fields(x) if f.repr}
    if isinstance(x, tuple) and hasattr(x, "_asdict"):
        return as_data(x._asdict())
    if isinstance(x, (Iterable, np.ndarray)):
        return [as_data(part) for part in x]
    raise TypeError(f"no data: {x!r}")


class _Version(argparse.Action):
    """Says the version; it is read when it is asked for."""

    def __init__(self, option_strings: Sequence[str], dest: str, help: str | None = None):  # noqa: A002 - argparse's
        super().__init__(option_strings, argparse.SUPPRESS, nargs=0, help=help)

    def __call__(self, parser: argparse.ArgumentParser, *_: Any) -> NoReturn:
        print(f"optiflows {version()}")
        parser.exit()


def version() -> str:
    """The version of the distribution that is installed."""
    import importlib.metadata

    try:
        return importlib.metadata.version("optiflows")
    except importlib.metadata.PackageNotFoundError:
        return "(not installed: run from its folder)"


def settable(made: Parser, help: str) -> None:  # noqa: A002 - argparse's name
    """Adds --set KEY=VALUE …"""
    made.add_argument("--set", metavar="KEY=VALUE", action="append", nargs="+", default=[], help=help)


def settings(groups: Iterable[Iterable[str]], *, exact: bool = False, of: type | None = None) -> dict:
    """The values of `--set KEY=VALUE …`: true, false, or a number, a float or (`exact`) a sympy rational.

    of : a dataclass whose fields are set: those whose default is a number take no true or false.
    Raises ValueError where an item does not read so.
    """
    values: dict = {}
    numbers = {f.name for f in dataclasses.fields(of) if not isinstance(f.default, bool)} if of else set()
    for item in (item for group in groups for item in group):
        key, equals, text = item.partition("=")
        try:
            if not (key and equals):
                raise ValueError
            number = sympy.Rational if exact else float
            values[key] = text.lower() == "true" if text.lower() in ("true", "false") else number(text)
        except (TypeError, ValueError, ZeroDivisionError):
            raise ValueError(f"--set {item!r} must read KEY=NUMBER, as lr=0.1, or KEY=true") from None
        if isinstance(values[key], bool) and key in numbers:
            raise ValueError(f"--set {item!r}: {key} is a number, as {key}=0.1")
    return values


def check_writable(option: str, out: Path, suffixes: Iterable[str] = FORMATS) -> None:
    """Raises ValueError, with a sentence, where the file of an option cannot be written, or is of another kind."""
    if out.suffix.lower() not in suffixes:
        raise ValueError(f"{option} {str(out)!r} must end in {', '.join(suffixes)}")
    if not out.parent.is_dir():
        raise ValueError(f"{option} {str(out)!r}: there is no folder {str(out.parent)!r}; make it first")
    if out.is_dir() or not os.access(out if out.exists() else out.parent, os.W_OK):
        raise ValueError(f"{option} {str(out)!r} cannot be written there: choose another path")


def run(main: Callable[[], int]) -> int:
    """The exit code of a command; a reader that went away, as `head` does, Ctrl-C and a file that cannot be written
    end it without a traceback.

    Where a stream cannot hold a character, as in ASCII, it is spelled (see `spelled`).
    """
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors="spelled")
    try:
        code = main()
        sys.stdout.flush()
        return code
    except BrokenPipeError:
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())  # what is left is flushed at exit
        return 1
    except OSError as error:
        sys.stderr.write(failure(f"python -m {main.__globals__['__package__']}", error))
        return 1
    except KeyboardInterrupt:
        print("interrupted", file=sys.stderr)
        return 130


def end(main: Callable[[], int]) -> NoReturn:
    """Run a command, and end the process with its exit code."""
    gc.freeze()  # what is loaded stays, and need not be looked through for garbage
    gc.enable()
    code = run(main)
    gc.freeze()  # nor at the end, where that took longer than to load it
    sys.exit(code)


def hidden(room: str) -> str:
    """The line that is said, where a file of the user hides a room that `python -m room` enters; else empty.

    Python looks for a module in the current folder first.
    """
    here = Path(__file__).resolve().parents[1]
    for name in ENTERED[room]:
        found = importlib.util.find_spec(name)
        if found is not None and found.origin and here not in Path(found.origin).resolve().parents:
            return failure(f"python -m {room}", f"{found.origin} has the name of a package of optiflows and is found "
                           "in its place; rename it, or run this in another folder")
    return ""


if ROOM and (_message := hidden(ROOM)):  # before it takes names from that file
    sys.stderr.write(_message)
    raise SystemExit(2)
