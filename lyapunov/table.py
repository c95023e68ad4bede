"""The table of energies: what `derive`, `check` and `check_step` find for each flow of the catalogue."""
from __future__ import annotations

import time
from dataclasses import dataclass, replace

from arithmetic import Table, clipped
from flows import FLOWS, Flow

from .derivation import Derivation, derive
from .exact import Status, readable, words
from .step import StepVerdict, check_step

#: Further readings of a flow of the catalogue: class -> (rates, assumption) beside the symbolic flow itself.
VARIANTS: dict[str, list[tuple[dict, str | None]]] = {"Adam": [({"correction": False}, None)],
            "AMSGrad": [({"corrected_maximum": True}, None), ({"correction": False}, None)],
            "NAdam": [({"correction": False}, None)], "NesterovODE": [({}, "convex")], "DampedNewton": [({}, "convex")],
            "GradientDescent": [({}, "convex")], "Momentum": [({}, "convex")], "QHAdam": [({"nu2": 1}, None)]}

COLUMNS = ("flow", "energy V", "condition", "verdict", "strict", "bounded runs approach", "discrete bound")


@dataclass(frozen=True)
class Row:
    """One line of the table: a derivation and the discrete bound of its flow; `seconds` both took."""

    name: str
    derivation: Derivation
    discrete: StepVerdict | None
    seconds: float = 0.0

    @property
    def cells(self) -> tuple[str, ...]:
        """The texts of COLUMNS."""
        d = self.derivation
        if d.energy is None:
            return self.name, "none found", "", f"{d.status}: {clipped(d.reason, 162)}", "", "", self._bound()
        v = d.verdict
        conditions = (*v.conditions, *(a for a in d.energy.assuming if a not in v.conditions))
        known = "first integral" if v.derivative == 0 else "" if v.strict is None else "yes" if v.strict else "no"
        limits = "" if v.invariant_set is None else words(v.invariant_set)
        return (self.name, str(d.energy.expression), ", ".join(map(str, conditions)) or "none", str(v.status), known,
                limits, self._bound())

    def _bound(self) -> str:
        if self.discrete is None:
            return ""
        if self.discrete.status != Status.PROVED:
            return "none derived"
        text = ", ".join(map(readable, self.discrete.conditions)) or "none"
        text = text if len(text) < 200 else "a polynomial inequality in h and L"
        return text + (" (sharp)" if self.discrete.sharp and len(text) < 200 else "")


def rows(names=None):
    """Rows for the flows of the catalogue (class names, all unless given), one after the other as they are found."""
    for kind in FLOWS:
        if names is None or kind.__name__ in names:
            for rates, assumption in [({}, None), *VARIANTS.get(kind.__name__, [])]:
                yield from _rows(kind, rates, assumption)


def _rows(kind: type[Flow], rates: dict, assumption):
    begin = time.perf_counter()
    flow = replace(kind.symbolic(), **rates)
    label = ", ".join([kind.__name__, *(f"{k}={v}" for k, v in rates.items()), *([assumption] if assumption else [])])
    derivation = derive(flow, assuming=assumption)
    discrete = None if assumption else check_step(flow, None if flow.energy is not None else derivation.energy)
    yield Row(label, derivation, discrete, time.perf_counter() - begin)
    for other in derivation.further:
        yield Row(f"{label}: {other.energy.name if other.energy else None}", other, None)


def as_table(found) -> Table:
    """Rows as a table of texts."""
    return Table(COLUMNS, [row.cells for row in found])


def markdown(found) -> str:
    """The table as a page."""
    return f"# Energies of the flows\n\n{EXPLANATION}\n\n{as_table(found).markdown()}"


EXPLANATION = """Written by `python -m lyapunov --table`; every entry is computed from the equations of the flow.
V is found by `derive` (of one coordinate: sum ψ over them; F the loss, g its gradient, H its curvature) and proved by
`check` for every loss, state and dimension under the condition; all rates are positive.  *strict*: V' = 0 only at rest.
*discrete bound*: the steps h of the classical scheme (`check_step`) with V⁺ − V ≤ −λ h D for every loss with H ≤ L,
D the dissipation at the new memory, kappa Adam's share in it; beta, beta2 are the weights 1 − a h, 1 − b h of the old
memory, D_old and D_next the scales of the step before and after.  *UNDECIDED* says why no energy of the ansatz was
found; it does not say that there is none."""
