"""Regenerates docs/parity.md, what each optimizer of torch and optax is here and how far they part, as the tests
measure it.

Needs both libraries: pip install 'optiflows[parity]'.
"""
import sys
from importlib.metadata import version
from pathlib import Path

HERE = Path(__file__).parent
sys.path.insert(0, str(HERE.parent / "tests" / "parity"))

import cases  # noqa: E402
from arithmetic import Progress, Table  # noqa: E402
from schemes.pairs import described  # noqa: E402


def table() -> Table:
    """One row per library call, all from the optimizers themselves and from `cases.measure`."""
    rows, report = [], Progress(None, len(cases.CASES), "cases")
    for case in cases.CASES:
        optimizer, _ = case.ours(0)
        parameters = {name: str(value) for name, value in optimizer.parameters().items()}
        step = parameters.pop("h")
        same = "; ".join(f"{name} = {value}" for name, value in parameters.items() if name != value
                         and not _is_number(value))
        deviation = max(cases.measure(case, seed) for seed in cases.SEEDS)
        rows.append((case.call, case.name, described(optimizer.flow), type(optimizer.scheme).__name__, step,
                     same or "–", str(case.steps), f"{deviation:.0e}"))
        report(len(rows))
    report.close()
    return Table(("library call", "named", "flow", "scheme", "h", "parameter map", "steps", "max deviation"), rows)


def _is_number(text: str) -> bool:
    try:
        float(text)
    except ValueError:
        return False
    return True


def main() -> None:
    result = table()
    (HERE / "parity.md").write_text(f"""# The libraries' optimizers, given back by flow and scheme

Each row is a library call, followed for the given number of steps on random smooth problems of {cases.DIM} parameters
(quartics) with random hyperparameters, {len(cases.SEEDS)} seeds; the deviation is the largest over all steps, coordinates and
seeds, relative to the largest parameter.  The test suite holds every row to 1e-12.  Measured with torch {version("torch")} and
optax {version("optax")}; regenerate with `python docs/parity.py`.

{result.markdown()}
RMSprop, Muon and Adafactor rows take 50 steps: {cases.ROUGH.split(":")[0]}, so that two roundings of the same algorithm part.
For the same reason the Adam family is drawn with ε ≥ 1e-3 and β₂ ≥ 0.99, away from its edge of stability.
Rows of fewer steps: {cases.EDGE.split(":")[0]} (Prodigy, D-Adaptation, Mechanic, Polyak's step); {cases.STILL.split(":")[0]} (MoMo).
torch's `Muon` orthogonalises in bfloat16, and is followed in double precision; it moves matrices alone, so `AdamW` moves the vectors.
optax's `madgrad` takes √n in single precision, which the row undoes by its learning rate.  Schedule-free parameters are θ, where the
gradient is taken; the point to be judged is the block x.
Not here: optax `rprop`, which applies the update of the step before; torch `SparseAdam` and `LBFGS`; optax's `lars`, `lamb`, `novograd`,
`sm3`, `cocob`, `acprop`, …, and its `adafactor` and `muon`, which differ from torch's.
""")  # noqa: E501 - lines of the page


if __name__ == "__main__":
    main()
