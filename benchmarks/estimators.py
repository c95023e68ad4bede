"""Estimators with nothing tuned beside scikit-learn's networks: 5 × 2 cross-validation, scores and seconds.

`python benchmarks/estimators.py [set …] [--keep FILE]` prints the table and, of all sets, writes docs/shallow.md; needs
the extra `sklearn`.  What is done stays in the file, and the same command goes on from there.  Every estimator has its
defaults but for the solver, a seed and the number of iterations that lbfgs may use; inputs of the rivals, and their
targets in regressions, are standardised for them, which they are known to need.
"""
from __future__ import annotations

import argparse
import json
import time
import warnings
from collections.abc import Callable
from pathlib import Path

import numpy as np
from sklearn import datasets
from sklearn.base import clone, is_classifier
from sklearn.compose import TransformedTargetRegressor
from sklearn.exceptions import ConvergenceWarning
from sklearn.model_selection import KFold, StratifiedKFold
from sklearn.neural_network import MLPClassifier, MLPRegressor
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from networks import DATASETS
from shallow import ShallowClassifier, ShallowRegressor

PAGE = Path(__file__).resolve().parent.parent / "docs" / "shallow.md"

REGRESSION: dict[str, Callable] = {
    "diabetes": lambda: datasets.load_diabetes(return_X_y=True),
    "linnerud (3 targets)": lambda: datasets.load_linnerud(return_X_y=True),
    "friedman1": lambda: datasets.make_friedman1(400, noise=1.0, random_state=0),
    "friedman2": lambda: datasets.make_friedman2(400, noise=100.0, random_state=0),
    "friedman3": lambda: datasets.make_friedman3(400, noise=0.1, random_state=0),
    **{name: (lambda name=name: DATASETS[name]()[1:]) for name in ("saha", "opacity", "reaction")},
}
CLASSIFICATION: dict[str, Callable] = {
    "breast-cancer": lambda: datasets.load_breast_cancer(return_X_y=True),
    "wine": lambda: datasets.load_wine(return_X_y=True),
    "iris": lambda: datasets.load_iris(return_X_y=True),
    "moons": lambda: datasets.make_moons(400, noise=0.25, random_state=0),
    "circles": lambda: datasets.make_circles(400, noise=0.15, factor=0.5, random_state=0),
    "digits": lambda: datasets.load_digits(return_X_y=True),
}


def contenders(regression: bool) -> dict:
    if not regression:
        return {"ShallowClassifier()": ShallowClassifier(),
                "MLP(lbfgs)": make_pipeline(StandardScaler(), MLPClassifier(solver="lbfgs", max_iter=1000,
                                                                            random_state=0)),
                "MLP(adam)": make_pipeline(StandardScaler(), MLPClassifier(random_state=0))}
    rivals = {"MLP(lbfgs)": MLPRegressor(solver="lbfgs", max_iter=1000, random_state=0),
              "MLP(adam)": MLPRegressor(random_state=0)}
    return {"ShallowRegressor()": ShallowRegressor()} | {
        name: TransformedTargetRegressor(make_pipeline(StandardScaler(), rival), transformer=StandardScaler())
        for name, rival in rivals.items()}


def scores(estimator, X, y) -> tuple[np.ndarray, float]:
    """Test scores of five random halvings, each half once, (10,), and CPU seconds per fit."""
    found, seconds = [], 0.0
    kind = StratifiedKFold if is_classifier(estimator) else KFold
    for seed in range(5):
        for train, test in kind(2, shuffle=True, random_state=seed).split(X, y):
            begun = time.process_time()
            fitted = clone(estimator).fit(X[train], y[train])
            seconds += time.process_time() - begun
            found.append(fitted.score(X[test], y[test]))
    return np.array(found), seconds / 10


def rows(names: list[str], keep: Path | None = None) -> list[tuple]:
    """(set, points, inputs, [mean score of each], [seconds of each]); what `keep` has is not measured again."""
    kept = [tuple(json.loads(text)) for text in keep.read_text().splitlines()] if keep and keep.exists() else []
    table = []
    for name, load in (REGRESSION | CLASSIFICATION).items():
        if names and name.split()[0] not in names:
            continue
        row = next((row for row in kept if row[0] == name), None)
        if row is None:
            X, y = load()
            with warnings.catch_warnings():
                warnings.simplefilter("ignore", ConvergenceWarning)
                results = [scores(e, X, y) for e in contenders(name in REGRESSION).values()]
            row = (name, len(X), X.shape[1], [float(s.mean()) for s, _ in results], [t for _, t in results])
            if keep:
                with keep.open("a") as file:
                    file.write(json.dumps(row) + "\n")
        table.append(row)
        print(*line(row), flush=True)
    return table


def line(row) -> list[str]:
    name, points, inputs, means, seconds = row
    return [f"| {name} | {points} × {inputs} |", *(f"{m:.3f} |" for m in means), *(f"{s:.2f} |" for s in seconds)]


def page(table) -> str:
    wins = [sum(round(row[3][0], 3) >= round(row[3][k], 3) for row in table) for k in (1, 2)]
    both = sum(all(round(row[3][0], 3) >= round(m, 3) for m in row[3][1:]) for row in table)
    lost = [row[0] for row in table if any(round(row[3][0], 3) < round(m, 3) for m in row[3][1:])]
    body = "\n".join(" ".join(line(row)) for row in table)
    return TEXT + BESIDE.format(sets=len(table), lbfgs=wins[0], adam=wins[1], both=both, body=body,
                       lost=f"Behind one of them: {', '.join(lost)}." if lost else "It is behind on none.")


TEXT = """# Estimators

`ShallowRegressor` and `ShallowClassifier` (`pip install 'optiflows[sklearn]'`) train a network with one call of `fit`
and nothing to tune:

```python
from shallow import ShallowRegressor
model = ShallowRegressor().fit(X, y)
model.predict(X), model.score(X, y), model.noise_, model.effective_parameters_
```

Inputs and targets are standardised within. The weight decay is chosen while the network is trained, by the evidence:
with H = S G + diag α, G the Gauss–Newton matrix, α ← γ/|θ|² and β ← (N − γ)/Σ r², where γ = Σ (1 − α (H⁻¹)ᵢᵢ) counts
the parameters that the data determine (MacKay 1992; Foresee & Hagan 1997). In regressions the weights of each input are
a group of their own; in classifications, where outputs have no unit, all weights are one. Several starts descend at
once, under first priors of different strength, and the one of most evidence is kept, where it had most: which minimum
to prefer needs no held-out data. A start is at rest when the gradient is small beside the errors that the evidence
estimates, so that a table without noise is fitted to its digits. Up to 600 parameters the descent is
Levenberg–Marquardt and the matrix is factorised; above, it is secant-energy, and γ and the evidence are estimates from
a few random probes. There are ten hidden neurons, or three per output where these are more.

Sample weights count as repetitions, and neither they nor the order of the rows change a bit of the result. `alpha=0.1`
is the penalty of `MLPRegressor` instead, `early_stopping=True` holds points out, `callback=` and `verbose=` show how
far a fit has come; the estimators pass scikit-learn's `check_estimator`.
"""

BESIDE = """
## Beside scikit-learn's networks

Mean test score (R², accuracy) of 5 × 2 cross-validation, and CPU seconds per fit on one core. All have their defaults;
the rivals' inputs are standardised for them, and their targets in regressions; lbfgs may take 1000 iterations.

| set | data | Shallow | MLP(lbfgs) | MLP(adam) | s | s lbfgs | s adam |
| --- | --- | --- | --- | --- | --- | --- | --- |
{body}

At least as good, to the third digit, as MLP(lbfgs) on {lbfgs} of {sets} sets, as MLP(adam) on {adam}, as both on
{both}. {lost}
These are means of ten scores of overlapping data: differences in the third digit mean little. Which
parameters share a prior, what rest is measured in and how many hidden neurons there are was decided on some of these
sets, which flatters Shallow.

`python benchmarks/estimators.py` makes this page.
"""

if __name__ == "__main__":
    parser = argparse.ArgumentParser(prog="python benchmarks/estimators.py", description=__doc__.splitlines()[0])
    parser.add_argument("sets", nargs="*", metavar="SET", help="all unless given")
    parser.add_argument("--keep", type=Path, help="a file in which what is done stays, and is found again")
    options = parser.parse_args()
    made = rows(options.sets, options.keep)
    if not options.sets:
        PAGE.write_text(page(made))
