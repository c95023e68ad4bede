"""Shallow networks on real data, trained with nothing tuned: `python docs/real_data.py [SET ...] [--seeds N] [--budget
N]`.

Writes real_data.md and real_data.csv (every run in numbers) beside this file and figures/real_data.png.
"""
from __future__ import annotations

import argparse
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
from scipy.optimize import least_squares, minimize
from scipy.stats import binomtest, quantile_test

import networks
import schemes
from arithmetic import Table
from basins import uniform
from schemes import Outcome, Stop

HERE = Path(__file__).parent
SEEDS, BUDGET, GRADIENT = 20, 2000, 1e-6
TIMED = 6  # starts that are also run alone, on the clock
FLOOR = 1e-6  # losses below it are all 0 where optimizers are compared: both have arrived
HIDDEN = 8

#: The optimizers with nothing to choose, and what one of their trials costs of the budget.
UNTUNED = {"gd-richardson": 2, "gd-energy": 1, "momentum-energy": 1, "adam-energy": 1, "lm": 10}
#: The learning rates among which the classic ones get their best.
GRIDS = {"gd": (0.1, 0.3, 1.0, 3.0, 10.0, 30.0, 100.0), "adam": (0.001, 0.003, 0.01, 0.03, 0.1, 0.3, 1.0)}


@dataclass
class Result:
    """How one optimizer did on one set: arrays over the seeds, and the loss on the way.

    loss, score : at the end.  gradients, losses : evaluations; `losses` those beyond the ones that come with a
    gradient.
    ends : how each run ended, in words.  curve : gradients used and loss, each (points, seeds).  alone : CPU
    seconds of runs on their own.  together : per run, all at once.
    """

    loss: np.ndarray
    score: np.ndarray
    gradients: np.ndarray
    losses: np.ndarray
    ends: list[str]
    curve: tuple[np.ndarray, np.ndarray] = field(repr=False)
    together: float = float("nan")
    alone: np.ndarray = field(default_factory=lambda: np.full(1, np.nan))


# -------------------------------------------------------------------------------------------- the optimizers
def train(network, data, starts, optimizer, trials: int) -> Result:
    """All starts together, at most `trials` each; the loss is looked at on the way, off the clock."""
    problem = optimizer.problem(network, Stop(gradient=GRADIENT, max_steps=trials))
    z, steps, seconds, curve = problem.start(problem.field.start(starts)), np.zeros(starts.shape[1],
                                                                                    dtype=np.int64), 0.0, []
    for goal in checkpoints(trials):
        began = time.process_time()
        z, more = problem.run(z, max_steps=goal - int(steps.max(initial=0)))
        seconds += time.process_time() - began
        steps = steps + more
        end = problem.finish(z, steps)
        curve.append((end.gradients, network.value(problem.field.theta(z))))
        if not np.any(end.outcome == Outcome.RUNNING):
            break
    theta = problem.field.theta(z)
    energy = isinstance(optimizer.step, schemes.EnergyControl)
    return Result(network.value(theta), network.score(theta, data.test), end.gradients, steps * energy,
                  [ended(Outcome(int(k))) for k in end.outcome], tuple(np.array(c) for c in zip(*curve, strict=True)),
                  seconds / starts.shape[1])


def alone(network, starts, optimizer, trials: int) -> np.ndarray:
    """CPU seconds of the first runs, one at a time."""
    seconds = []
    for start in starts.T[:TIMED]:
        began = time.process_time()
        optimizer.run(network, start, stop=Stop(gradient=GRADIENT, max_steps=trials))
        seconds.append(time.process_time() - began)
    return np.array(seconds)


def ended(outcome: Outcome) -> str:
    return "budget used" if outcome in (Outcome.STEP_LIMIT, Outcome.RUNNING) else outcome.label


def checkpoints(trials: int) -> list[int]:
    """About ten counts per decade, the last one `trials`."""
    points = np.geomspace(1, trials, 1 + int(10 * np.log10(max(trials, 10))))
    return sorted({*points.astype(int).tolist(), trials})


def tuned(network, data, starts, name: str, budget: int) -> tuple[float, Result]:
    """The learning rate of the grid with the lowest median loss at the end, on these very starts, and its result."""
    results = {lr: train(network, data, starts, schemes.named(name, lr=lr), budget) for lr in GRIDS[name]}
    best = min(results, key=lambda lr: np.median(np.where(np.isfinite(results[lr].loss), results[lr].loss, np.inf)))
    return best, results[best]


def one_by_one(network, data, starts, solve: Callable) -> Result:
    """scipy's optimizers, start after start: `solve(start, seen)` returns θ, gradients, losses and how it ended."""
    thetas, counts, ends, seconds, curves = [], [], [], [], []
    for start in starts.T:
        seen: list[float] = []
        began = time.process_time()
        theta, *count, end = solve(start, seen)
        for things, thing in ((seconds, time.process_time() - began), (thetas, theta), (counts, count), (ends, end),
                              (curves, np.minimum.accumulate(seen))):
            things.append(thing)
    (gradients, losses), theta = np.array(counts).T, np.array(thetas).T
    n = max(map(len, curves))
    values = np.array([np.pad(c, (0, n - len(c)), mode="edge") for c in curves]).T
    used = np.minimum(np.arange(1, n + 1)[:, None], [len(c) for c in curves])
    return Result(network.value(theta), network.score(theta, data.test), gradients, losses, ends, (used, values),
                  alone=np.array(seconds))


def how(at_rest: bool, used: int, budget: int) -> str:
    return "at rest" if at_rest else "budget used" if used >= budget else "gave up"


def lbfgs(network, budget: int) -> Callable:
    """scipy's L-BFGS-B, whose stop test is on the largest component of the gradient."""
    def solve(start, seen):
        def fun(theta):
            oracle = network.oracle(theta)
            gradient = oracle.gradient
            seen.append(float(oracle.value))
            return seen[-1], gradient

        end = minimize(fun, start, jac=True, method="L-BFGS-B", options={
            "maxfun": budget, "maxiter": budget, "ftol": 0, "gtol": GRADIENT / network.dim**0.5})
        return end.x, end.nfev, 0, how(np.linalg.norm(end.jac) <= GRADIENT, end.nfev, budget)

    return solve


def minpack(network, budget: int) -> Callable:
    """scipy's least_squares(method="lm"): MINPACK's Levenberg–Marquardt."""
    def solve(start, seen):
        def residual(theta):
            r = network.residual(theta)
            seen.append(float(r @ r) / 2)
            return r

        end = least_squares(residual, start, network.jacobian, method="lm", max_nfev=budget // 10, ftol=1e-15,
                            xtol=1e-15, gtol=1e-15)
        return end.x, end.njev, end.nfev, how(np.linalg.norm(end.grad) <= GRADIENT, end.nfev, budget // 10)

    return solve


def compare(name: str, seeds: int, budget: int) -> dict[str, Result]:
    """Every optimizer on one set, from the same starts."""
    data = networks.dataset(name)
    network = data.network(HIDDEN)
    starts = uniform(network.box, seeds, 0)
    results = {}
    for optimizer, cost in UNTUNED.items():
        run = schemes.named(optimizer), max(1, budget // cost)
        results[optimizer] = train(network, data, starts, *run)
        results[optimizer].alone = alone(network, starts, *run)
        _say(f"{network.name}: {optimizer}, loss {np.median(results[optimizer].loss):.3g}")
    for optimizer in GRIDS:
        lr, result = tuned(network, data, starts, optimizer, budget)
        result.alone = alone(network, starts, schemes.named(optimizer, lr=lr), budget)
        results[f"{optimizer}, best lr = {lr:g}"] = result
        _say(f"{network.name}: {optimizer}, lr = {lr:g}, loss {np.median(result.loss):.3g}")
    results["L-BFGS (scipy)"] = one_by_one(network, data, starts, lbfgs(network, budget))
    if data.loss == "squares":
        results["LM (MINPACK)"] = one_by_one(network, data, starts, minpack(network, budget))
    _say(f"{network.name}: scipy's")
    return results


# ------------------------------------------------------------------------------------------------ the output
def median(x, digits: int = 3) -> str:
    """The median with its 95 % interval, free of assumptions on the distribution (order statistics)."""
    x = np.asarray(x, dtype=float)
    finite = np.where(np.isnan(x), np.inf, x)
    text = f"{np.median(finite):.{digits}g}"
    if np.all(finite == finite[0]):
        return text
    low, high = quantile_test(finite, p=0.5).confidence_interval(confidence_level=0.95)
    return f"{text} [{low:.{digits}g}, {high:.{digits}g}]"


def about(name: str) -> str:
    data = networks.dataset(name)
    return _ABOUT[name].format(len(data.train[0]), len(data.test[0]))


def summary(results: dict[str, Result]) -> Table:
    columns = ("optimizer", "loss", "test score", "gradients", "losses besides", "ms alone", "ms together", "ended")
    return Table(columns, [(optimizer, median(r.loss), median(r.score), median(r.gradients, 4), median(r.losses, 4),
                            median(1e3 * r.alone, 4), f"{1e3 * r.together:.3g}" if np.isfinite(r.together) else "–",
                            ", ".join(f"{r.ends.count(words)} {words}" for words in dict.fromkeys(r.ends)))
                           for optimizer, r in results.items()])


def duels(results: dict[str, dict[str, Result]]) -> Table:
    """In how many of the runs an untuned optimizer ends with a lower loss than each of the others, start by start."""
    rivals, rows = ("adam", "gd", "L-BFGS"), []
    for name, of in results.items():
        for optimizer in UNTUNED:
            row = [name, optimizer]
            for rival in rivals:
                other = next(r for key, r in of.items() if short(key) == rival)
                row.append(verdict(of[optimizer].loss, other.loss))
            rows.append(tuple(row))
    return Table(("set", "untuned", "against tuned Adam", "against tuned GD", "against L-BFGS"), rows)


def arrivals(results: dict[str, dict[str, Result]]) -> str:
    """Of each set, the optimizers of which most runs come to rest, the one with the fewest gradients first."""
    lines = []
    for name, of in results.items():
        rest = {key: r for key, r in of.items() if 2 * r.ends.count("at rest") > len(r.ends)}
        order = sorted(rest, key=lambda key: np.median(rest[key].gradients))
        if order:
            lines.append(f"- {name}: " + ", ".join(f"{key} {np.median(rest[key].gradients):.0f} gradients and "
                                                   f"{1e3 * np.median(rest[key].alone):.0f} ms" for key in order) + ".")
    return "\n".join(lines) or "- none, on any set."


def short(optimizer: str) -> str:
    """The name without its learning rate or library."""
    return optimizer.split(",")[0].split(" (")[0]


def verdict(mine, other) -> str:
    """"wins", "loses" or "open" by the sign test at 5 %, with the count of lower losses; NaN is the highest."""
    mine, other = (np.maximum(np.where(np.isnan(x), np.inf, x), FLOOR) for x in (mine, other))
    lower, higher = int(np.sum(mine < other)), int(np.sum(mine > other))
    sure = lower + higher > 0 and binomtest(lower, lower + higher).pvalue < 0.05
    return f"{'open' if not sure else 'wins' if lower > higher else 'loses'} ({lower}/{len(mine)})"


def runs(results: dict[str, dict[str, Result]]) -> Table:
    """Every run in numbers."""
    return Table(("set", "optimizer", "seed", "loss", "test score", "gradients", "losses", "ended", "seconds alone"), [
        (name, optimizer, k, float(r.loss[k]), float(r.score[k]), int(r.gradients[k]), int(r.losses[k]), r.ends[k],
         float(r.alone[k]) if k < len(r.alone) else "")
        for name, of in results.items() for optimizer, r in of.items() for k in range(len(r.loss))])


def markdown(results: dict[str, dict[str, Result]], seeds: int, budget: int) -> str:
    table = duels(results)
    lost: dict[str, list[str]] = {}
    for row in table:
        bad = [key.removeprefix("against ") for key, text in row.items() if text.startswith("loses")]
        if bad:
            lost.setdefault(row["set"], []).append(f"{row['untuned']} (to {', '.join(bad)})")
    losses = "\n".join(f"- {name}: {'; '.join(who)}." for name, who in lost.items()) or "- nowhere here."
    sections = "\n".join(f"## {name}\n\n{about(name)}\n\n{summary(of).markdown()}" for name, of in results.items())
    return f"""# Shallow networks on real data, with nothing tuned

Networks of one hidden layer of {HIDDEN} tanh neurons, the whole data in every gradient, {seeds} starts per set (uniform in
±1/√fan-in, seed 0, the same for every optimizer). Budget: {budget} gradients; a trial of gd-richardson counts two, one of lm
ten, for its matrix. A run is at rest when |∇F| ≤ {GRADIENT:g}. The first five optimizers have nothing to tune and run as
they come. Gradient descent and Adam run at the best of {len(GRIDS['gd'])} learning rates, chosen by the final loss on these
same starts: this flatters them, and costs them {len(GRIDS['gd'])} times the budget, which is not counted. L-BFGS and
MINPACK's LM are scipy's, as they come.

Loss is the training loss (mean half squared error of standardised targets, or cross-entropy), test score R² or the fraction
classified right on the quarter of the data that was held out. Medians over the starts with 95 % intervals (order
statistics). "losses besides" are loss values taken apart from gradients, one per trial under energy control. Times are CPU
milliseconds per run on one core: alone, of {TIMED} starts one after another (all of them for scipy's); together, of all
starts at once.

![Loss against gradients](figures/real_data.png)

## Where the untuned ones win and lose

Final loss on the same start, against each rival; "wins" and "loses" by the sign test at 5 %, in brackets how often it is
lower. Losses under {FLOOR:g} count as equal.

{table.markdown()}
They lose:

{losses}

Who comes to rest in most of the runs, with the median of the gradients and of the time alone that it takes:

{arrivals(results)}

A lower training loss is not a better network: see the test scores, where the optimizers that go furthest down overfit.
The cross-entropy of separable data has no minimum: its infimum 0 lies at infinity, and what is measured is how far a
budget goes.

{sections}"""  # noqa: E501 - lines of the page


_ABOUT = {
    "diabetes": "Regression: progression of the illness from ten measurements; {} patients to train on, {} to test.",
    "breast-cancer": "Classification: benign or malignant from 30 measurements; {} tumours to train on, {} to test.",
    "wine": "Classification: one of three vineyards from 13 chemical measurements; {} wines to train on, {} to test.",
    "saha": "A network in place of a table of a simulation: the ionised fraction of hydrogen from log T and log n by "
            "Saha's equation; {} entries to train on, {} to test.",
}
_STYLES = {"gd-richardson": ("C0", "-"), "gd-energy": ("C1", "-"), "momentum-energy": ("C2", "-"),
           "adam-energy": ("C3", "-"), "lm": ("C4", "-"), "gd": ("0.55", "--"), "adam": ("0.1", "--"),
           "L-BFGS": ("C5", ":"), "LM": ("C6", ":")}


def figure(results: dict[str, dict[str, Result]]):
    """Median loss against gradients, with the quartiles shaded; untuned solid, tuned dashed, scipy's dotted."""
    from matplotlib.figure import Figure

    columns = min(2, len(results))
    plot = Figure(figsize=(6.2 * columns, 4.4 * -(-len(results) // columns)), layout="constrained")
    for k, (name, of) in enumerate(results.items()):
        ax = plot.add_subplot(-(-len(results) // columns), columns, k + 1)
        for optimizer, result in of.items():
            colour, line = _STYLES[short(optimizer)]
            used, values = result.curve
            values = np.where(np.isfinite(values), values, np.inf)
            low, middle, high = np.quantile(values, [0.25, 0.5, 0.75], axis=0 if values.ndim == 1 else 1,
                                            method="nearest")
            x = np.median(used, axis=1)
            ax.loglog(x, middle, line, color=colour, label=optimizer, lw=1.6)
            ax.fill_between(x, low, high, color=colour, alpha=0.12, lw=0)
        ax.set(title=networks.dataset(name).network(HIDDEN).name, ylabel="training loss",
               xlabel="gradients" + (" (of MINPACK: residuals)" if "LM (MINPACK)" in of else ""))
        ax.legend(fontsize=7, loc="lower left")
    return plot


def main(arguments: list[str] | None = None) -> int:
    parser = argparse.ArgumentParser(prog="python docs/real_data.py", description=__doc__.splitlines()[0])
    parser.add_argument("sets", nargs="*", metavar="SET", help=f"{', '.join(networks.DATASETS)}; all unless given")
    parser.add_argument("--seeds", type=int, default=SEEDS, help=f"starts per set (default {SEEDS})")
    parser.add_argument("--budget", type=int, default=BUDGET, help=f"gradients per run (default {BUDGET})")
    parser.add_argument("--out", type=Path, default=HERE, help="folder to write to (default docs)")
    options = parser.parse_args(arguments)
    unknown = [name for name in options.sets if name not in networks.DATASETS]
    if unknown:
        parser.error(f"no data set is named {unknown[0]!r}; known: {', '.join(networks.DATASETS)}")
    if options.seeds < 6 or options.budget < 10:
        parser.error(f"--seeds {options.seeds} must be at least 6, for an interval, --budget {options.budget} at least "
                     "10")
    try:
        results = {name: compare(name, options.seeds, options.budget) for name in options.sets or networks.DATASETS}
    except ImportError as error:
        parser.error(str(error))
    (options.out / "figures").mkdir(parents=True, exist_ok=True)
    (options.out / "real_data.csv").write_text(runs(results).csv())
    (options.out / "real_data.md").write_text(markdown(results, options.seeds, options.budget))
    figure(results).savefig(options.out / "figures" / "real_data.png", dpi=110)
    return 0


def _say(text: str) -> None:
    print(text, file=sys.stderr, flush=True)


if __name__ == "__main__":
    sys.exit(main())
