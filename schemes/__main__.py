"""`python -m schemes`: the named optimizers; `python -m schemes adam`: one of them, its hyperparameters and its update."""
from __future__ import annotations

import argparse
import inspect
import sys

from . import NAMED, Optimizer, named
from .pairs import described


def rows(code: str = "") -> list[tuple[str, str, str, str]]:
    """(name, what it is, flow + scheme, hyperparameters) of every named optimizer; `code` is put around names."""
    found = [("named", "what it is", "flow + scheme, h", "hyperparameters")]
    for name, make in NAMED.items():
        optimizer = named(name)
        what = inspect.getdoc(make).splitlines()[0].rstrip(".")
        keys = ", ".join(f"{p.name}={p.default:g}" if not isinstance(p.default, bool) else f"{p.name}={p.default}"
                         for p in inspect.signature(make).parameters.values())
        found.append((f"{code}{name}{code}", what.replace("`", code or ""), _pairing(optimizer), keys))
    return found


def _pairing(optimizer: Optimizer) -> str:
    return f"{described(optimizer.flow)} + {type(optimizer.scheme).__name__}, {optimizer.control()}"


def markdown() -> str:
    """The table of named optimizers for the documentation."""
    head, *body = ["| " + " | ".join(cell.replace("|", r"\|") for cell in row) + " |" for row in rows("`")]
    return "\n".join([head, "|" + " --- |" * 4, *body]) + "\n"


def main(arguments: list[str] | None = None) -> int:
    parser = argparse.ArgumentParser(prog="python -m schemes", description="The named optimizers.")
    parser.add_argument("name", nargs="?", help="an optimizer; without it, the list of them")
    parser.add_argument("--markdown", action="store_true", help="the list as a Markdown table")
    options = parser.parse_args(arguments)
    if options.name is None:
        if options.markdown:
            print(markdown(), end="")
        else:
            table = [row[:3] for row in rows()]
            widths = [max(map(len, column)) for column in zip(*table, strict=True)]
            print("\n".join("  ".join(cell.ljust(w) for cell, w in zip(row, widths, strict=True)).rstrip() for row in table))
        return 0
    try:
        optimizer = named(options.name)
    except ValueError as error:
        parser.error(str(error))
    rates = ", ".join(f"{name} = {value}" for name, value in optimizer.parameters().items() if name != "h") or "no rates"
    print(f"{optimizer}\n{inspect.getdoc(NAMED[options.name])}\n\n{_pairing(optimizer)}\n{rates}\n\n{optimizer.algorithm()}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
