"""What the commands `python -m room` share: options, exit codes, and how they end.

0 : done.  1 : nobody reads on.  2 : a bad argument, said in a sentence before any work.  130 : interrupted.
"""
from __future__ import annotations

import argparse
import importlib.metadata
import importlib.util
import io
import os
import sys
from collections.abc import Callable, Iterable
from pathlib import Path

import sympy

#: The rooms that each command enters besides its own, which is found already, and this one.
ENTERED = {"networks": (), "flows": ("schemes",), "schemes": ("flows",), "lyapunov": ("schemes", "flows", "networks"),
           "basins": ("schemes", "flows", "networks")}


def parser(room: str, description: str, example: str) -> argparse.ArgumentParser:
    """The parser of `python -m room`, with `--version`; example : arguments that do something."""
    made = argparse.ArgumentParser(prog=f"python -m {room}", description=description,
                                   epilog=f"Example: python -m {room} {example}")
    made.add_argument("--version", action="version", version=f"optiflows {version()}")
    return made


def version() -> str:
    """The version of the distribution that is installed."""
    try:
        return importlib.metadata.version("optiflows")
    except importlib.metadata.PackageNotFoundError:
        return "(not installed: run from its folder)"


def settings(groups: Iterable[Iterable[str]], *, exact: bool = False) -> dict:
    """The values of `--set KEY=VALUE …`: true, false, or a number, a float or (`exact`) a sympy rational.

    Raises ValueError where an item does not read so.
    """
    values = {}
    for item in (item for group in groups for item in group):
        key, equals, text = item.partition("=")
        try:
            if not (key and equals):
                raise ValueError
            values[key] = text.lower() == "true" if text.lower() in ("true", "false") else _number(text, exact)
        except (TypeError, ValueError, ZeroDivisionError):
            raise ValueError(f"--set {item!r} must read KEY=NUMBER, as lr=0.1, or KEY=true") from None
    return values


def _number(text: str, exact: bool):
    if not exact:
        return float(text)
    return sympy.Rational(text)


def run(main: Callable[[], int]) -> int:
    """The exit code of a command; a reader that went away, as `head` does, and Ctrl-C end it without a traceback.

    Where standard output cannot hold a character, as in ASCII, its code is written instead.
    """
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors="backslashreplace")
    try:
        code = main()
        sys.stdout.flush()
        return code
    except BrokenPipeError:
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())  # what is left is flushed at exit
        return 1
    except KeyboardInterrupt:
        print("interrupted", file=sys.stderr)
        return 130


def hidden(room: str) -> str:
    """A sentence, where a file of the user hides a room that `python -m room` enters; else empty.

    Python looks for a module in the current folder first.
    """
    here = Path(__file__).resolve().parents[1]
    for name in ENTERED.get(room, ()):
        found = importlib.util.find_spec(name)
        if found is not None and found.origin and here not in Path(found.origin).resolve().parents:
            return (f"python -m {room}: {found.origin} has the name of a package of optiflows and is found in its "
                    "place; rename it, or run this in another folder")
    return ""


if sys.argv[:1] == ["-m"]:  # while the command's room is imported, and before it takes names from that file
    if message := hidden(sys.orig_argv[sys.orig_argv.index("-m") + 1] if "-m" in sys.orig_argv else ""):
        print(message, file=sys.stderr)
        raise SystemExit(2)
