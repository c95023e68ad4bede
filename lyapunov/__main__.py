"""`python -m lyapunov adam`: the equations of a flow, its energies with proofs, the derived one, the discrete bound."""
from __future__ import annotations

import dataclasses
import sys

from arithmetic import command
from flows import FLOWS, get
from flows.catalogue import BY_NAME

from . import literature, rates, table
from .decrease import check
from .derivation import derive
from .energy import energies
from .step import check_step


def main(arguments: list[str] | None = None) -> int:
    parser = command.parser("lyapunov",
                            "The equations of a flow, its energies with proofs, the derived one, the discrete bound.",
                            "momentum --set c=1 L=4")
    parser.add_argument("flow", nargs="?", help="a flow; without one, the list of flows")
    parser.add_argument("--set", nargs="+", action="append", default=[], metavar="KEY=VALUE",
                        help="rates of the flow or parameters of its energies; positive symbols unless set")
    parser.add_argument("--table", action="store_true", help="the table of derived energies of all flows, as a page")
    parser.add_argument("--csv", action="store_true", help="the same table as comma-separated values")
    parser.add_argument("--literature", action="store_true", help="the table of flows of the literature, as a page")
    parser.add_argument("--rates", action="store_true", help="the table of convergence rates, as a page")
    options = parser.parse_args(arguments)
    if options.rates:
        print(rates.markdown(), end="")
        return 0
    if options.literature:
        print(literature.markdown(literature.rows()), end="")
        return 0
    if options.table or options.csv:
        print(table.as_table(table.rows()).csv() if options.csv else table.markdown(table.rows()), end="")
        return 0
    if options.flow is None:
        for kind in FLOWS:
            name = kind.__name__.lower()
            aliases = "".join(f" ({short})" for short, full in BY_NAME.short.items() if full == name)
            print(f"{name + aliases:28}{(kind.__doc__ or '').splitlines()[0]}")
        return 0
    try:
        kind = get(options.flow)
        settings, flow = command.settings(options.set, exact=True), kind.symbolic()
        own = {f.name for f in dataclasses.fields(flow)}
        flow = dataclasses.replace(flow, **{k: v for k, v in settings.items() if k in own})
        found = energies(flow, **{k: v for k, v in settings.items() if k not in own})
    except ValueError as error:
        parser.error(str(error))
    except TypeError as error:
        parser.error(f"{error}; the rates are {', '.join(sorted(own)) or 'none'}")
    print(f"{(kind.__doc__ or '').splitlines()[0]}\n\n{flow.equations()}")
    if not found:
        print("\nNo energy is defined with this flow.")
    for known in found:
        print(f"\nEnergy: {known.name}\n{check(flow, known)}")
    derived = derive(flow)
    print(f"\nDerived:\n{derived}")
    energy = found[0] if found else derived.energy
    if energy is not None:
        print(f"\nOne step of the classical scheme (SequentialEuler, step h):\n{check_step(flow, energy)}")
    return 0


if __name__ == "__main__":
    sys.exit(command.run(main))
