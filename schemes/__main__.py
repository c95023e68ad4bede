"""`python -m schemes`: the named optimizers;
`python -m schemes adam`: one of them, its hyperparameters and its update."""
from __future__ import annotations

import dataclasses
import inspect

from arithmetic import Table, command, spelled, worded
from arithmetic.command import Report
from flows import Equations

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


def listing() -> Report:
    """All of them; the hyperparameters are not printed as text, which would be too wide."""
    found = table()
    return dataclasses.replace(Report.of(found, Table(found.columns[:3], [row[:3] for row in found.rows])),
                               markdown=markdown)


def description(optimizer: Optimizer) -> Report:
    """One of them: what it is, flow + scheme, its parameter map and its update, or why it has no printed one."""
    name = optimizer.name.partition("(")[0]
    what, rates = inspect.getdoc(NAMED[name]) or "", optimizer.parameters()
    try:
        update: Equations | str = optimizer.algorithm()
    except TypeError as error:
        update = str(error)
    printed = isinstance(update, Equations)
    shown = ", ".join(f"{name} = {value}" for name, value in rates.items() if name != "h") or "no rates"
    head = [str(optimizer), *what.splitlines(), _pairing(optimizer)]
    return Report(
        lambda: [str(optimizer), what, "", _pairing(optimizer), shown, "", str(update)],
        lambda: {"name": name, "hyperparameters": optimizer.hyperparameters, "what": what,
                 "flow": described(optimizer.flow), "scheme": type(optimizer.scheme).__name__,
                 "step": optimizer.control(), "parameters": rates,
                 "update": str(update).split("\n") if printed else None, "reason": "" if printed else update},
        lambda: "\n".join([*(f"% {spelled(line)}" for line in head),
                           update.latex() if isinstance(update, Equations) else f"$${worded(update)}$$"]))


def main(arguments: list[str] | None = None) -> int:
    parser = command.parser("schemes", "The named optimizers.", "adam --set lr=0.1", forms=("markdown",))
    parser.add_argument("name", nargs="?", help="an optimizer; without it, the list of them")
    command.settable(parser, "hyperparameters of the optimizer, as lr=0.1")
    options = parser.parse_args(arguments)
    with parser.refusing():
        form = command.form(options, command.TABULAR * (options.name is None))
        if options.name is None and options.set:
            raise ValueError("--set is of one optimizer: name it")
        optimizer = None if options.name is None else named(options.name, **command.settings(options.set))
    (listing() if optimizer is None else description(optimizer)).tell(form, options.out)
    return 0


if __name__ == "__main__":
    command.end(main)
