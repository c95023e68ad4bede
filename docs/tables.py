"""The page of tables that the code itself writes: `python docs/tables.py` prints it, `make docs` builds it."""
from __future__ import annotations

import dataclasses
import inspect
import sys
from pathlib import Path

from arithmetic import OPERATIONS, Table
from flows import FLOWS
from lyapunov import energies
from networks import benchmarks
from schemes import SCHEMES


def summary(value: object) -> str:
    """The first sentence of a docstring, on one line."""
    text = " ".join((inspect.getdoc(value) or "").split("\n\n")[0].split()).replace("`", "")
    return text[:-1] + " …" if text.endswith((",", ":")) else text


def operations() -> Table:
    rows = [(f"`{o.name}`", o.arity, o.doc or summary(o.numeric), f"{o.error:g}", "yes" if o.adjoint else "–",
             "yes" if o.interval else "–", ", ".join(o.sympy) or "–")
            for o in OPERATIONS.values()]
    columns = ("operation", "arguments", "what it is", "error, ulp ≤", "derivative", "intervals", "read from sympy")
    return Table(columns, rows)


def flows() -> Table:
    """Each flow with its blocks, its rates and the known energies, in symbols."""
    rows = []
    for flow in FLOWS:
        rates = ", ".join(f"{f.name}={f.default}" for f in dataclasses.fields(flow)
                          if f.default is not dataclasses.MISSING)
        memory = flow().memory
        known = "; ".join(str(energy.expression) for energy in energies(flow)) or "–"
        rows.append((f"`{flow.__name__}`", summary(flow), ", ".join(map(str, memory)) or "–", rates or "–", known))
    return Table(("flow", "what it is", "memory", "rates", "known energies"), rows)


def schemes() -> Table:
    return Table(("scheme", "what it is", "order"),
                 [(f"`{s.__name__}`", summary(s), getattr(s, "order", "–")) for s in SCHEMES])


def page() -> str:
    return f"""# Tables from the code

Written when the pages are built.  What is measured or proved, and takes longer, has pages of its own:
[energies with their proofs](../energies.md), [the literature's energies](../literature.md), [rates](../rates.md),
[parity with torch and optax](../parity.md), [orders and what needs no tuning](../schemes.md),
[the named optimizers](../optimizers.md), [probabilities of each critical point](../figures/probabilities.md).

## Networks

{benchmarks.table().markdown()}
## Flows and energies

An energy that stands here is known; what is proved of it is on the page of [energies](../energies.md).

{flows().markdown()}
## Schemes

{schemes().markdown()}
## Operations

The error is the bound, in units in the last place, with which intervals widen what floating point gives.

{operations().markdown()}"""


def write(path: Path) -> None:
    path.write_text(page())


if __name__ == "__main__":
    sys.stdout.write(page())
