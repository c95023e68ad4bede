"""`python -m lyapunov adam`: the equations of a flow, its energies with proofs, the derived one, the discrete bound."""
from __future__ import annotations

import argparse
import dataclasses
import sys

import sympy

from flows import FLOWS, get
from flows.catalogue import SHORT

from . import table
from .decrease import check
from .derivation import derive
from .energy import energies
from .step import check_step

def setting(text: str):
    """`name=value` as (name, exact value): a number, true or false."""
    name, equals, value = text.partition("=")
    if not (name and equals and value):
        raise argparse.ArgumentTypeError(f"{text!r} is not name=value")
    if value.lower() in ("true", "false"):
        return name, value.lower() == "true"
    try:
        return name, sympy.Rational(value)
    except (TypeError, ValueError) as error:
        raise argparse.ArgumentTypeError(f"{value!r} is neither a number nor true or false") from error


def main(arguments=None) -> int:
    """The command line; returns the exit code (2 for a name that is not there)."""
    parser = argparse.ArgumentParser(prog="python -m lyapunov", description=__doc__)
    parser.add_argument("flow", nargs="?", help="a flow; without one, the list of flows")
    parser.add_argument("--set", nargs="+", type=setting, default=[], metavar="NAME=VALUE", dest="settings",
                        help="rates of the flow or parameters of its energies; positive symbols unless set")
    parser.add_argument("--table", action="store_true", help="the table of derived energies of all flows, as a page")
    parser.add_argument("--csv", action="store_true", help="the same table as comma-separated values")
    options = parser.parse_args(arguments)
    if options.table or options.csv:
        print((table.as_csv if options.csv else table.markdown)(table.rows()), end="")
        return 0
    if options.flow is None:
        for flow in FLOWS:
            name = flow.__name__.lower()
            aliases = "".join(f" ({short})" for short, full in SHORT.items() if full == name)
            print(f"{name + aliases:28}{flow.__doc__.splitlines()[0]}")
        return 0
    try:
        kind = get(options.flow)
    except ValueError as error:
        print(error, file=sys.stderr)
        return 2
    flow, settings = kind.symbolic(), dict(options.settings)
    rates = {f.name for f in dataclasses.fields(flow)}
    flow = dataclasses.replace(flow, **{k: v for k, v in settings.items() if k in rates})
    try:
        found = energies(flow, **{k: v for k, v in settings.items() if k not in rates})
    except TypeError as error:
        print(f"{error}; the rates are {', '.join(sorted(rates)) or 'none'}", file=sys.stderr)
        return 2
    print(f"{kind.__doc__.splitlines()[0]}\n\n{flow.equations()}")
    if not found:
        print("\nNo energy is defined with this flow.")
    for energy in found:
        print(f"\nEnergy: {energy.name}\n{check(flow, energy)}")
    derived = derive(flow)
    print(f"\nDerived:\n{derived}")
    energy = found[0] if found else derived.energy
    if energy is not None:
        print(f"\nOne step of the classical scheme (SequentialEuler, step h):\n{check_step(flow, energy)}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
