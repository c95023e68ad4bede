"""`python -m lyapunov adam`: the equations of a flow, its energies with proofs, the derived one, the discrete bound."""
from __future__ import annotations

import dataclasses
from collections.abc import Iterable, Iterator
from typing import Any

from arithmetic import Table, command, spelled
from arithmetic.command import Report, as_data
from flows import FLOWS, Flow, get
from flows.catalogue import BY_NAME

from . import literature, rates, table
from .decrease import check
from .derivation import Derivation, derive
from .energy import Energy, energies
from .exact import Verdict
from .step import StepVerdict, check_step


def main(arguments: list[str] | None = None) -> int:
    parser = command.parser("lyapunov",
                            "The equations of a flow, its energies with proofs, the derived one, the discrete bound.",
                            "momentum --set c=1 L=4", forms=("csv",))
    parser.add_argument("flow", nargs="?", help="a flow; without one, the list of flows")
    command.settable(parser, "rates of the flow or parameters of its energies; positive symbols unless set")
    pages = parser.add_mutually_exclusive_group()
    pages.add_argument("--table", dest="page", action="store_const", const="table",
                       help="the table of derived energies of all flows, as a page; with --csv, which asks for it too, "
                       "the table alone")
    pages.add_argument("--literature", dest="page", action="store_const", const="literature",
                       help="the table of flows of the literature, as a page")
    pages.add_argument("--rates", dest="page", action="store_const", const="rates",
                       help="the tables of convergence rates of flows and algorithms, as a page")
    options = parser.parse_args(arguments)
    with parser.refusing():
        page = options.page or ("table" if options.form == "csv" and options.flow is None else None)
        form = command.form(options, () if options.flow else ("markdown",) if page == "rates" else command.TABULAR)
        if options.flow is None:
            if options.set:
                raise ValueError("--set is of one flow: name it")
            report = _listing() if page is None else _page(page)
        elif page is not None:
            raise ValueError(f"--{page} is of all flows: leave out {options.flow}")
        else:
            report = _analysis(*_chosen(options))
    report.tell(form, options.out)
    return 0


# ------------------------------------------------------------------------------------------------- lists and pages
def _listing() -> Report:
    rows = []
    for kind in FLOWS:
        name = kind.__name__.lower()
        aliases = [short for short, full in BY_NAME.short.items() if full == name]
        rows.append((name, " ".join(aliases), (kind.__doc__ or "").splitlines()[0]))
    return dataclasses.replace(Report.of(Table(("flow", "also", "what it is"), rows)), text=lambda: [
        f"{name + ''.join(f' ({x})' for x in also.split()):28}{what}" for name, also, what in rows])


def _page(name: str) -> Report:
    """A page of the documentation: itself as text and in Markdown, its tables in other forms."""
    if name == "rates":
        def tables() -> dict[str, Table]:
            return {"flows": Table(rates.COLUMNS, list(rates.rows())),
                    "algorithms": Table(rates.PACE_COLUMNS, list(rates.paces()))}

        return Report(lambda: [rates.markdown().removesuffix("\n")], tables,
                      lambda: "\n\n".join(part.latex() for part in tables().values()), rates.markdown)
    found: Any = literature if name == "literature" else table

    def as_table() -> Table:
        return Table(found.COLUMNS, [row.cells for row in found.rows()])

    def page() -> str:
        return found.markdown(found.rows())

    return Report(lambda: [page().removesuffix("\n")], as_table, lambda: as_table().latex(), page,
                  lambda: as_table().csv())


# ------------------------------------------------------------------------------------------------------- one flow
def _chosen(options) -> tuple[Flow, list[Energy]]:
    """The flow with its rates, and its known energies; ValueError where there is none."""
    kind = get(options.flow)
    settings, flow = command.settings(options.set, exact=True, of=kind), kind.symbolic()
    own = {f.name for f in dataclasses.fields(flow)}
    flow = dataclasses.replace(flow, **{k: v for k, v in settings.items() if k in own})
    try:
        return flow, energies(flow, **{k: v for k, v in settings.items() if k not in own})
    except TypeError as error:
        raise ValueError(f"{error}; the rates are {', '.join(sorted(own)) or 'none'}") from error


def _analysis(flow: Flow, known: list[Energy]) -> Report:
    what = (type(flow).__doc__ or "").splitlines()[0]
    return Report(lambda: _text(what, flow, known), lambda: _data(what, flow, known),
                  lambda: "\n\n".join(_latex(what, flow, known)))


def _found(flow: Flow, known: list[Energy]) -> Iterator[tuple[str, str, Any]]:
    """(kind, name, result), one after the other: "energy" with a Verdict, "derived", "step"."""
    for energy in known:
        yield "energy", energy.name or "", check(flow, energy)
    yield "derived", "", (derived := derive(flow))
    if (first := known[0] if known else derived.energy) is not None:
        yield "step", "", check_step(flow, first)


_HEADS = {"energy": "\nEnergy: {}\n", "derived": "\nDerived:\n",
          "step": "\nOne step of the classical scheme (SequentialEuler, step h):\n"}


def _text(what: str, flow: Flow, known: list[Energy]) -> Iterator[str]:
    yield f"{what}\n\n{flow.equations()}"
    if not known:
        yield "\nNo energy is defined with this flow."
    for kind, name, result in _found(flow, known):
        yield f"{_HEADS[kind].format(name)}{result}"


def _data(what: str, flow: Flow, known: list[Energy]) -> dict:
    found = list(_found(flow, known))
    step = next((result for kind, _, result in found if kind == "step"), None)
    return {"flow": type(flow).__name__, "what": what, "equations": str(flow.equations()).split("\n"),
            "energies": [{"name": name, **_verdict(v)} for kind, name, v in found if kind == "energy"],
            "derived": next(_derivation(d) for kind, _, d in found if kind == "derived"),
            "step": None if step is None else _verdict(step)}


def _verdict(v: Verdict | StepVerdict) -> dict:
    """All that is said of it; formulas as texts, the certificate by its steps."""
    found = {f.name: getattr(v, f.name) for f in dataclasses.fields(v)} | {"certificate": v.certificate
                                                                          and v.certificate.steps}
    if (case := found.get("counterexample")) is not None:
        found["counterexample"] = {"loss": case.loss.expression, "state": case.state, "derivative": case.derivative,
                                   "step": case.step, "rise": case.rise}
    return as_data(found)


def _derivation(d: Derivation) -> dict:
    return {"name": d.energy.name if d.energy else None, "steps": list(d.steps), "assuming": as_data(d.assuming),
            **_verdict(d.verdict), "further": [_derivation(other) for other in d.further]}


def _latex(what: str, flow: Flow, known: list[Energy]) -> Iterator[str]:
    """Formulas, with the steps of the proofs as comments."""
    def noted(lines: Iterable[str]) -> str:
        return "".join(f"\n% {spelled(line)}" for text in lines for line in text.split("\n"))

    yield f"% {spelled(what)}\n{flow.equations().latex()}"
    for kind, name, result in _found(flow, known):
        parts = [result, *result.further] if isinstance(result, Derivation) else [result]
        for part in parts:
            verdict = part.verdict if isinstance(part, Derivation) else part
            steps = verdict.certificate.steps if verdict.certificate else ()
            head = _HEADS[kind].format(name).strip()
            yield (f"% {head}" + noted(getattr(part, "steps", ())) + "\n" + part._repr_latex_()  # noqa: SLF001 - IPython's
                   + noted(f"because {step}" for step in steps))


if __name__ == "__main__":
    command.end(main)
