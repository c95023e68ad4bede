"""`python -m flows`: the catalogue; `python -m flows adam`:
one flow, its parameter map and the algorithms it gives back."""
from __future__ import annotations

import dataclasses
import inspect
import sys

from arithmetic import command

from . import FLOWS, Flow, get


def classics(flow: type[Flow]) -> dict:
    """The named optimizers that integrate this flow, under their own hyperparameters."""
    import schemes

    optimizers = {name: schemes.named(name) for name in schemes.NAMED}
    optimizers |= {f"{name} with {', '.join(options)}": schemes.named(name, **options)
                   for name, options in schemes.FORMS}
    return {name: o for name, o in optimizers.items() if type(o.flow.plain) is flow}


def listing() -> str:
    """The catalogue: name, what it is, equations, the classic names with their step h."""
    parts = []
    for flow in FLOWS:
        names = ", ".join(f"{name} ({o.control()})" for name, o in classics(flow).items())
        equations = "\n".join(f"    {line}" for line in str(flow.symbolic().equations()).split("\n"))
        parts.append(
            f"{flow.__name__}: {(flow.__doc__ or '').splitlines()[0].partition(': ')[0].rstrip('.')}\n{equations}\n"
                     f"    named: {names or '–'}")
    return "\n\n".join(parts)


def describe(flow: type[Flow], **rates) -> str:
    """One flow: its docstring, equations (with some `rates` set), memory, and its named optimizers.

    Of each of these the parameter map and the recovered update.
    """
    symbolic = flow.symbolic(**rates)
    blocks = [f"{name}{' (one number)' if type(name).__name__ == 'scalar' else ''}" + (
        f", {symbolic.initial[name]} at the start" if name in symbolic.initial and not callable(symbolic.initial[name])
        else
        ", from the gradient at the start" if name in symbolic.initial else "") for name in symbolic.blocks
              if name != "theta"]
    defaults = ", ".join(f"{f.name} = {f.default}" for f in dataclasses.fields(flow))
    lines = [inspect.getdoc(flow) or "", "", "Equations", *_indented(symbolic.equations()), "",
             f"Memory     {', '.join(blocks) or 'none'}; updated in the order {', '.join(symbolic.blocks)}",
             f"Rates      {defaults or 'none'}"]
    for name, optimizer in classics(flow).items():
        values = ", ".join([*(f"{key} = {value}" for key, value in optimizer.parameters().items() if key != "h"),
                            optimizer.control()])
        lines += ["", f"{name}: {type(optimizer.scheme).__name__}, {values}", *_indented(_update(optimizer))]
    return "\n".join(lines)


def _update(optimizer) -> str:
    """The printed update, or why there is none."""
    try:
        return str(optimizer.algorithm())
    except TypeError as error:
        return str(error)


def _indented(text) -> list[str]:
    return [f"    {line}" for line in str(text).split("\n")]


def main(arguments: list[str] | None = None) -> int:
    parser = command.parser("flows", "Optimizers as vector fields.", "adam")
    parser.add_argument("name", nargs="?", help="a flow; without it, the catalogue")
    parser.add_argument("--set", metavar="KEY=VALUE", action="append", nargs="+", default=[],
                        help="rates of the flow, as a=1/2")
    options = parser.parse_args(arguments)
    if options.name is None:
        print(listing())
        return 0
    try:
        flow, rates = get(options.name), command.settings(options.set, exact=True)
        if unknown := rates.keys() - {f.name for f in dataclasses.fields(flow)}:
            known = ", ".join(f.name for f in dataclasses.fields(flow))
            raise ValueError(f"{flow.__name__} has no rate {', '.join(sorted(unknown))}; it has {known or 'none'}")
    except ValueError as error:
        parser.error(str(error))
    print(describe(flow, **rates))
    return 0


if __name__ == "__main__":
    sys.exit(command.run(main))
