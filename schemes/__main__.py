"""`python -m schemes`: the named optimizers;
`python -m schemes adam`: one of them, its hyperparameters and its update."""
from __future__ import annotations

import inspect
import sys

from arithmetic import Table, command

from . import NAMED, Optimizer, named
from .pairs import described


def table(code: str = "") -> Table:
    """Name, what it is, flow + scheme and hyperparameters of every named optimizer; `code` is put around names."""
    found = []
    for name, make in NAMED.items():
        optimizer = named(name)
        what = (make.__doc__ or "").splitlines()[0].rstrip(".")
        keys = ", ".join(f"{p.name}={p.default:g}" if not isinstance(p.default, bool) else f"{p.name}={p.default}"
                         for p in inspect.signature(make).parameters.values())
        found.append((f"{code}{name}{code}", what.replace("`", code or ""), _pairing(optimizer), keys))
    return Table(("named", "what it is", "flow + scheme, h", "hyperparameters"), found)


def _pairing(optimizer: Optimizer) -> str:
    return f"{described(optimizer.flow)} + {type(optimizer.scheme).__name__}, {optimizer.control()}"


def markdown() -> str:
    """The table of named optimizers for the documentation."""
    return table("`").markdown()


def main(arguments: list[str] | None = None) -> int:
    parser = command.parser("schemes", "The named optimizers.", "adam --set lr=0.1")
    parser.add_argument("name", nargs="?", help="an optimizer; without it, the list of them")
    parser.add_argument("--set", metavar="KEY=VALUE", action="append", nargs="+", default=[],
                        help="hyperparameters of the optimizer, as lr=0.1")
    parser.add_argument("--markdown", action="store_true", help="the list as a Markdown table")
    options = parser.parse_args(arguments)
    if options.name is None:
        if options.markdown:
            print(markdown(), end="")
        else:
            found = table()
            print(Table(found.columns[:3], [row[:3] for row in found.rows]))
        return 0
    try:
        optimizer = named(options.name, **command.settings(options.set))
    except (ValueError, TypeError) as error:
        parser.error(str(error))
    rates = ", ".join(f"{name} = {value}" for name, value in optimizer.parameters().items()
                      if name != "h") or "no rates"
    print(optimizer, inspect.getdoc(NAMED[options.name]), "", _pairing(optimizer), rates, "", optimizer.algorithm(),
          sep="\n")
    return 0


if __name__ == "__main__":
    sys.exit(command.run(main))
