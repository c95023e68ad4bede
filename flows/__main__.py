"""`python -m flows`: the catalogue; `python -m flows adam`:
one flow, its parameter map and the algorithms it gives back."""
from __future__ import annotations

import dataclasses
import functools
import inspect
from collections.abc import Iterator
from typing import TYPE_CHECKING

from arithmetic import command, spelled
from arithmetic.command import Report

from . import FLOWS, Equations, Flow, get

if TYPE_CHECKING:
    from schemes import Optimizer


def classics(flow: type[Flow]) -> dict[str, Optimizer]:
    """The named optimizers that integrate this flow, under their own hyperparameters."""
    return {name: o for name, o in _named().items() if type(o.flow.plain) is flow}


@functools.cache
def _named() -> dict[str, Optimizer]:
    """All of them, and the further forms of some."""
    import schemes

    return {name: schemes.named(name) for name in schemes.NAMED} | {
        f"{name} with {', '.join(options)}": schemes.named(name, **options) for name, options in schemes.FORMS}


# --------------------------------------------------------------------------------------------------- the catalogue
def listing() -> Iterator[str]:
    """The catalogue: name, what it is, equations, the classic names with their step h."""
    for i, flow in enumerate(FLOWS):
        names = ", ".join(f"{name} ({o.control()})" for name, o in classics(flow).items())
        yield "\n" * (i > 0) + "\n".join([f"{flow.__name__}: {_title(flow)}", *_indented(flow.symbolic().equations()),
                                          f"    named: {names or '–'}"])


def _title(flow: type[Flow]) -> str:
    return (flow.__doc__ or "").splitlines()[0].partition(": ")[0].rstrip(".")


def _listing_data() -> list[dict]:
    return [{"name": flow.__name__, "what": _title(flow), "equations": _lines(flow.symbolic().equations()),
             "named": {name: o.control() for name, o in classics(flow).items()}} for flow in FLOWS]


def _listing_latex() -> str:
    return "\n\n".join(f"% {flow.__name__}: {spelled(_title(flow))}\n{flow.symbolic().equations().latex()}"
                       for flow in FLOWS)


# ------------------------------------------------------------------------------------------------------- one flow
def describe(flow: type[Flow], **rates) -> Iterator[str]:
    """One flow: its docstring, equations (with some `rates` set), memory, and its named optimizers.

    Of each of these the parameter map and the recovered update.
    """
    symbolic = flow.symbolic(**rates)
    defaults = ", ".join(f"{f.name} = {f.default}" for f in dataclasses.fields(flow))
    yield "\n".join([inspect.getdoc(flow) or "", "", "Equations", *_indented(symbolic.equations()), "",
                     f"Memory     {', '.join(_blocks(symbolic)) or 'none'}; updated in the order "
                     f"{', '.join(symbolic.blocks)}", f"Rates      {defaults or 'none'}"])
    for name, optimizer in classics(flow).items():
        values = ", ".join([*(f"{key} = {value}" for key, value in optimizer.parameters().items() if key != "h"),
                            optimizer.control()])
        yield "\n".join(["", f"{name}: {type(optimizer.scheme).__name__}, {values}", *_indented(_update(optimizer))])


def _blocks(flow: Flow) -> list[str]:
    """The blocks of the memory in words: whether one number, and what they start with."""
    return [f"{name}{' (one number)' if type(name).__name__ == 'scalar' else ''}" + (
        f", {flow.initial[name]} at the start" if name in flow.initial and not callable(flow.initial[name])
        else ", from the gradient at the start" if name in flow.initial else "") for name in flow.blocks
            if name != "theta"]


def _update(optimizer: Optimizer) -> Equations | str:
    """The printed update, or why there is none."""
    try:
        return optimizer.algorithm()
    except TypeError as error:
        return str(error)


def _described_data(flow: type[Flow], rates: dict) -> dict:
    from schemes.__main__ import description

    symbolic = flow.symbolic(**rates)
    return {"name": flow.__name__, "what": inspect.getdoc(flow), "equations": _lines(symbolic.equations()),
            "memory": _blocks(symbolic), "order": symbolic.blocks,
            "rates": {f.name: f.default for f in dataclasses.fields(flow)}, "set": rates,
            "named": {name: description(o).data() for name, o in classics(flow).items()}}


def _described_latex(flow: type[Flow], rates: dict) -> str:
    from schemes.__main__ import description

    return "\n\n".join([f"% {flow.__name__}: {spelled(_title(flow))}\n{flow.symbolic(**rates).equations().latex()}",
                        *(description(o).latex() for o in classics(flow).values())])


def _lines(equations: Equations) -> list[str]:
    return str(equations).split("\n")


def _indented(text: object) -> list[str]:
    return [f"    {line}" for line in str(text).split("\n")]


def main(arguments: list[str] | None = None) -> int:
    parser = command.parser("flows", "Optimizers as vector fields.", "momentum --set c=1/2")
    parser.add_argument("name", nargs="?", help="a flow; without it, the catalogue")
    command.settable(parser, "rates of the flow, as a=1/2")
    options = parser.parse_args(arguments)
    with parser.refusing():
        form = command.form(options)
        if options.name is None:
            if options.set:
                raise ValueError("--set is of one flow: name it")
            report = Report(listing, _listing_data, _listing_latex)
        else:
            flow = get(options.name)
            rates = command.settings(options.set, exact=True, of=flow)
            if unknown := rates.keys() - {f.name for f in dataclasses.fields(flow)}:
                known = ", ".join(f.name for f in dataclasses.fields(flow))
                raise ValueError(f"{flow.__name__} has no rate {', '.join(sorted(unknown))}; it has {known or 'none'}")
            report = Report(lambda: describe(flow, **rates), lambda: _described_data(flow, rates),
                            lambda: _described_latex(flow, rates))
    report.tell(form, options.out)
    return 0


if __name__ == "__main__":
    command.end(main)
