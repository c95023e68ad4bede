"""Shallow networks on real data, trained with nothing tuned: `python docs/real_data.py [SET ...] [--seeds N] [--budget
N] [--keep FOLDER]`.

Writes real_data.md and real_data.csv (every run in numbers) beside this file and figures/real_data.png.  With `--keep`
what is done of it stays in the folder, and the same command goes on from there.
"""
from __future__ import annotations

import argparse
import dataclasses
import os
import pickle
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

os.environ.setdefault("OMP_NUM_THREADS", "1")  # times are of one core, BLAS included

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
TIMED = 3  # starts that are also run alone, on the clock
FLOOR = 1e-6  # losses below it are all 0 where optimizers are compared: both have arrived
HIDDEN = 8
NEAR = 1.2  # times the lowest median
OTHERS = 1  # the seed of other starts, twice as many, for what the rule of lm was chosen beside

#: The optimizers with nothing to choose, and what one of their trials costs of the budget.
UNTUNED = {"secant-energy": 1, "gd-richardson": 2, "gd-energy": 1, "momentum-energy": 1, "nesterov-energy": 2,
           "adam-energy": 1, "lm": 10, "lm-gain": 10}
#: Others that promise to need no learning rate, as they come.
FREE = ("prodigy", "dadapt-adam", "dog", "dowg", "mechanic", "mechanic-adam", "momo", "polyak", "schedule-free-adamw")
#: The learning rates among which the classic ones get their best, anew for every budget.
SMALL = (0.001, 0.003, 0.01, 0.03, 0.1, 0.3, 1.0)
GRIDS = {"gd": (0.1, 0.3, 1.0, 3.0, 10.0, 30.0, 100.0), "momentum": (0.01, 0.03, 0.1, 0.3, 1.0, 3.0, 10.0),
         "adam": SMALL, "adamw": SMALL}
MATRICES = 400  #: parameters up to which Levenberg–Marquardt is asked


@dataclass(frozen=True)
class Pair:
    """Data and a network for them.  raw : whether the inputs keep their units."""

    data: str
    hidden: int | tuple[int, ...] = HIDDEN
    activation: str = "tanh"
    raw: bool = False

    def __str__(self):
        inner = self.hidden if isinstance(self.hidden, tuple) else (self.hidden,)
        further = (self.activation if self.activation != "tanh" else "", "raw" if self.raw else "")
        return " ".join(filter(None, (self.data, "-".join(map(str, inner)), *further)))

    def load(self) -> tuple[networks.Dataset, networks.Network]:
        data = networks.dataset(self.data, raw=self.raw)
        return data, data.network(self.hidden, self.activation)


PAIRS = (
    Pair("diabetes"), Pair("diabetes", activation="sigmoid"), Pair("diabetes", raw=True), Pair("linnerud"),
    Pair("friedman1"), Pair("friedman1", 16, "relu"), Pair("friedman2"), Pair("friedman2", raw=True),
    Pair("friedman3"), Pair("friedman3", (8, 8)), Pair("saha"), Pair("saha", (8, 8)), Pair("opacity"),
    Pair("opacity", 16, "sigmoid"), Pair("reaction"), Pair("reaction", (8, 8)),
    Pair("breast-cancer"), Pair("wine"), Pair("wine", raw=True), Pair("iris", activation="sigmoid"),
    Pair("digits", 4), Pair("moons"), Pair("circles", activation="relu"),
)


@dataclass
class Result:
    """How one optimizer did on one set: arrays over the seeds, and the loss on the way.

    loss, score : at the end; early : the loss after a quarter of the budget.
    gradients, losses : evaluations; `losses` those beyond the ones that come with a gradient.
    ends : how each run ended, in words.  curve : gradients used and loss, each (points, seeds).
    alone : CPU seconds of runs on their own.  together : per run, all at once.
    """

    loss: np.ndarray
    early: np.ndarray
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
    early = None
    for goal in checkpoints(trials):
        began = time.process_time()
        z, more = problem.run(z, max_steps=goal - int(steps.max(initial=0)))
        seconds += time.process_time() - began
        steps = steps + more
        end = problem.finish(z, steps)
        curve.append((end.gradients, network.value(problem.field.theta(z))))
        if goal <= max(1, trials // 4):
            early = curve[-1][1]
        if not np.any(end.outcome == Outcome.RUNNING):
            break
    theta = problem.field.theta(z)
    # a trial that takes a gradient where it ends takes its loss with it
    taken = optimizer.scheme.reuses or getattr(optimizer.step, "reuses", False)
    energy = isinstance(optimizer.step, schemes.EnergyControl) and not taken
    return Result(network.value(theta), early, network.score(theta, data.test), end.gradients, steps * energy,
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
    """About ten counts per decade, a quarter of `trials`, and `trials` the last one."""
    points = np.geomspace(1, trials, 1 + int(10 * np.log10(max(trials, 10))))
    return sorted({*points.astype(int).tolist(), max(1, trials // 4), trials})


def tuned(network, data, starts, name: str, budget: int) -> tuple[float, Result]:
    """The learning rate of the grid with the lowest median loss at the end, on these very starts, and its result; its
    early loss is that of the best rate for it."""
    results = {lr: train(network, data, starts, schemes.named(name, lr=lr), budget) for lr in GRIDS[name]}
    best, early = (min(results, key=lambda lr: np.median(np.where(np.isfinite(x := getattr(results[lr], when)), x,
                                                                  np.inf))) for when in ("loss", "early"))
    return best, dataclasses.replace(results[best], early=results[early].early)


def one_by_one(network, data, starts, solve: Callable, budget: int) -> Result:
    """scipy's optimizers, start after start: `solve(start, seen)` returns θ, gradients, losses and how it ended.

    Losses on the way are the lowest so far.
    """
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
    return Result(network.value(theta), values[min(max(1, budget // 4), n) - 1], network.score(theta, data.test),
                  gradients, losses, ends, (used, values), alone=np.array(seconds))


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


def compare(pair: Pair, seeds: int, budget: int, keep: Path | None = None, *, seed: int = 0,
            only: tuple[str, ...] = ()) -> dict[str, Result]:
    """Every optimizer on one pair, or `only` those without a clock, from the same starts; what is found in the folder
    `keep` is not run again."""
    data, network = pair.load()
    starts = uniform(network.box, seeds, seed)

    def untuned(name, trials, *, on_the_clock=True):
        optimizer = schemes.named(name)
        result = train(network, data, starts, optimizer, trials)
        return name, dataclasses.replace(result, alone=alone(network, starts, optimizer, trials)
                                         if on_the_clock else result.alone)

    def best(name):
        lr, result = tuned(network, data, starts, name, budget)
        return f"{name}, best lr = {lr:g}", result

    def scipys(name, solve, trials):
        return name, one_by_one(network, data, starts, solve(network, budget), trials)

    work = {name: lambda name=name, cost=cost: untuned(name, max(1, budget // cost), on_the_clock=not only)
            for name, cost in UNTUNED.items() if not name.startswith("lm") or network.dim <= MATRICES}
    work |= {name: lambda name=name: untuned(name, budget, on_the_clock=False) for name in FREE}
    work |= {name: lambda name=name: best(name) for name in GRIDS}
    work["L-BFGS (scipy)"] = lambda: scipys("L-BFGS (scipy)", lbfgs, budget)
    if data.loss == "squares" and np.size(data.train[1]) >= network.dim:
        work["LM (MINPACK)"] = lambda: scipys("LM (MINPACK)", minpack, budget // 10)
    results, drawn = {}, f"{seeds} {budget}" + (f" seed {seed}" if seed else "")
    for name, make in work.items():
        if only and name not in only:
            continue
        place = keep and keep / f"{pair} {name} {drawn}.pickle".replace(" ", "_")
        if place and place.exists():
            key, result = pickle.loads(place.read_bytes())
        else:
            key, result = make()
            if place:
                place.write_bytes(pickle.dumps((key, result)))
            _say(f"{pair}: {key}, loss {np.median(result.loss):.3g}")
        results[key] = result
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
    if np.isnan(low):  # too few for one
        return text
    return f"{text} [{low:.{digits}g}, {high:.{digits}g}]"


def about(pair: Pair) -> str:
    data, network = pair.load()
    return (f"{_ABOUT[pair.data].format(len(data.train[0]), len(data.test[0]))} Network "
            f"{'-'.join(map(str, network.layers))}, {pair.activation}, {network.dim} parameters"
            f"{', inputs in their own units' if pair.raw else ''}.")


def summary(results: dict[str, Result]) -> Table:
    columns = ("optimizer", "loss", "test score", "gradients", "losses besides", "ms alone", "ms together", "ended")
    return Table(columns, [(optimizer, median(r.loss), median(r.score), median(r.gradients, 4), median(r.losses, 4),
                            median(1e3 * r.alone, 4), f"{1e3 * r.together:.3g}" if np.isfinite(r.together) else "–",
                            ", ".join(f"{r.ends.count(words)} {words}" for words in dict.fromkeys(r.ends)))
                           for optimizer, r in results.items()])


BEYOND = f"beyond {NEAR:g} ×"

#: The budgets at which losses are compared, as they are called and as a `Result` has them.
WHEN = {"a quarter of the budget": "early", "the budget": "loss"}


def duels(results: dict[Pair, dict[str, Result]], mine: str) -> Table:
    """`mine` against each rival on each pair, at a quarter of the budget and at the budget."""
    rivals = list(dict.fromkeys(short(key) for of in results.values() for key in of if key != mine))
    rows = []
    for pair, of in results.items():
        named = {short(key): r for key, r in of.items()}
        if mine in named:
            rows.append((str(pair), *(" · ".join(verdict(getattr(named[mine], when), getattr(named[rival], when))
                                                 for when in WHEN.values()) if rival in named else "–"
                                      for rival in rivals)))
    return Table(("data, hidden", *rivals), rows)


def totals(table: Table) -> Table:
    """On how many pairs of `duels` each rival is beaten."""
    rows = []
    for rival in [column for column in table.columns if column != "data, hidden"]:
        cells = [row[rival].split(" · ") for row in table if row[rival] != "–"]
        rows.append((rival, *(" – ".join(str(sum(c[i].startswith(word) for c in cells))
                                         for word in ("wins", "open", "loses")) for i in range(len(WHEN)))))
    return Table(("rival", *(f"wins – open – loses at {words}" for words in WHEN)), rows)


def arrivals(results: dict[Pair, dict[str, Result]]) -> str:
    """Of each pair, the optimizers of which most runs come to rest, the one with the fewest gradients first."""
    lines = []
    for pair, of in results.items():
        rest = {key: r for key, r in of.items() if 2 * r.ends.count("at rest") > len(r.ends)}
        order = sorted(rest, key=lambda key: np.median(rest[key].gradients))
        if order:
            lines.append(f"- {pair}: " + ", ".join(f"{key} {np.median(rest[key].gradients):.0f} gradients"
                                                   for key in order) + ".")
    return "\n".join(lines) or "- none, on any set."


def fits(pair: Pair) -> bool:
    """Whether it is least squares of few parameters."""
    data, network = pair.load()
    return data.loss == "squares" and network.dim <= 200


def squares(results: dict[Pair, dict[str, Result]]) -> Table:
    """Levenberg–Marquardt where it is meant to be best: its median loss over the lowest median of all, losses below
    `FLOOR` being equal, and the starts from which it ends more than `NEAR` times higher than the optimizer of that."""
    rows = []
    for pair, of in results.items():
        if fits(pair) and "lm" in of:
            row: list = [str(pair), pair.load()[1].dim]
            for when in WHEN.values():
                medians = {key: max(float(np.median(np.where(np.isfinite(x := getattr(r, when)), x, np.inf))), FLOOR)
                           for key, r in of.items()}
                best = min(medians, key=medians.get)
                lowest = f"{best} {medians[best]:.3g}" if medians[best] > FLOOR else f"below {FLOOR:g}"
                row += [lowest, *(medians[name] / medians[best] for name in ("lm", "lm-gain")),
                        farther(getattr(of["lm"], when), getattr(of[best], when))]
            rows.append(tuple(row))
    ratios = [f"{name} at {words}" for words in WHEN for name in ("lowest median", "lm", "lm-gain", BEYOND)]
    return Table(("data, hidden", "parameters", *ratios), rows)


def farther(mine, lowest) -> str:
    """From how many starts `mine` is more than `NEAR` times `lowest`, "sure" where the sign test at 5 % says so."""
    beyond = np.maximum(np.where(np.isnan(mine), np.inf, mine), FLOOR) > NEAR * np.maximum(lowest, FLOOR)
    sure = binomtest(int(beyond.sum()), len(beyond), alternative="greater").pvalue < 0.05
    return f"{beyond.sum()}/{len(beyond)}{' sure' if sure else ''}"


def counted(table: Table) -> str:
    """On how many pairs of `squares` lm ends near the lowest median, and on which it is surely farther."""
    far = {words: [f"{row['data, hidden']} ({row[f'lm at {words}']:.2f}, behind {row[f'lowest median at {words}']})"
                   for row in table if row[f"lm at {words}"] > NEAR] for words in WHEN}
    rows = len(list(table))
    sure = [f"{row['data, hidden']} at {words}" for words in WHEN for row in table
            if "sure" in row[f"{BEYOND} at {words}"]]
    return "; ".join(f"at {words} on {rows - len(behind)} of {rows}{', not on ' * bool(behind)}{', '.join(behind)}"
                     for words, behind in far.items()) + (
        f".  By the sign test at 5 % it is farther from the lowest on {', '.join(sure) or 'none of them'}")


def shown(table: Table) -> Table:
    """With ratios of two digits."""
    return Table(table.columns, [tuple(f"{x:.2f}" if isinstance(x, float) else x for x in row.values())
                                 for row in table])


def prices(results: dict[Pair, dict[str, Result]]) -> Table:
    """CPU milliseconds a run, alone and of all starts at once, beside scipy's L-BFGS."""
    rows = []
    for pair, of in results.items():
        mine, other = of["secant-energy"], of["L-BFGS (scipy)"]
        single = 1e3 * np.median(other.alone)
        rows.append((str(pair), f"{1e3 * np.median(mine.alone):.4g}", f"{1e3 * mine.together:.4g}", f"{single:.4g}",
                     f"{1e3 * mine.together / single:.2f}", f"{np.median(mine.gradients):.0f}",
                     f"{np.median(other.gradients):.0f}"))
    return Table(("data, hidden", "secant-energy alone", "together", "L-BFGS alone", "together over L-BFGS",
                  "gradients", "of L-BFGS"), rows)


def short(optimizer: str) -> str:
    """The name without its learning rate or library."""
    return optimizer.split(",")[0].split(" (")[0]


def verdict(mine, other) -> str:
    """"wins", "loses" or "open" by the sign test at 5 %, with the count of lower losses; NaN is the highest."""
    mine, other = (np.maximum(np.where(np.isnan(x), np.inf, x), FLOOR) for x in (mine, other))
    lower, higher = int(np.sum(mine < other)), int(np.sum(mine > other))
    sure = lower + higher > 0 and binomtest(lower, lower + higher).pvalue < 0.05
    return f"{'open' if not sure else 'wins' if lower > higher else 'loses'} ({lower}/{len(mine)})"


def runs(results: dict[Pair, dict[str, Result]]) -> Table:
    """Every run in numbers."""
    return Table(("pair", "optimizer", "seed", "early loss", "loss", "test score", "gradients", "losses", "ended",
                  "seconds alone"), [
        (str(pair), optimizer, k, float(r.early[k]), float(r.loss[k]), float(r.score[k]), int(r.gradients[k]),
         int(r.losses[k]), r.ends[k], float(r.alone[k]) if k < len(r.alone) else "")
        for pair, of in results.items() for optimizer, r in of.items() for k in range(len(r.loss))])


def markdown(results: dict[Pair, dict[str, Result]], others: dict[Pair, dict[str, Result]], seeds: int,
             budget: int) -> str:
    secant, near, elsewhere = duels(results, "secant-energy"), squares(results), squares(others)
    others = {name: totals(duels(results, name)) for name in UNTUNED if name != "secant-energy"}
    lost = "\n".join(f"- {row['data, hidden']}: {', '.join(bad)}." for row in secant
                     if (bad := [rival for rival, text in row.items() if "loses" in text])) or "- nowhere here."
    sections = "\n".join(f"## {pair}\n\n{about(pair)}\n\n{summary(of).markdown()}" for pair, of in results.items())
    rest = "\n".join(f"### {name}\n\n{table.markdown()}" for name, table in others.items())
    return f"""# Shallow networks on real data, with nothing tuned

{len(results)} pairs of data and network, the whole data in every gradient, {seeds} starts per pair (uniform in ±1/√fan-in,
seed 0, the same for every optimizer). Budget: {budget} trials, each of one gradient; one of gd-richardson or nesterov-energy two, one of
lm ten, for its matrix. A run is at rest when |∇F| ≤ {GRADIENT:g}. secant-energy, gd-richardson, the other -energy optimizers,
lm and lm-gain have nothing to tune and run as they come; so do {', '.join(FREE)}, at the defaults of their
authors. Gradient descent, momentum, Adam and AdamW run at the best of {len(SMALL)} learning rates, chosen by the final loss on
these same starts, anew for each budget and pair: this flatters them, and costs them {len(SMALL)} times the budget, which is not
counted. L-BFGS and MINPACK's LM are scipy's, as they come; scikit-learn's networks are trained by this L-BFGS or by Adam.

Loss is the training loss (mean half squared error of standardised targets, or cross-entropy), test score R² or the fraction
classified right on the quarter of the data that was held out. Medians over the starts with 95 % intervals (order
statistics). "losses besides" are loss values taken apart from gradients, one per trial under energy control; those of lm
and lm-gain, one per trial too, are in the ten that a trial counts. Times are CPU milliseconds per run on one core: alone, of {TIMED} starts one after another (all of them for scipy's); together, of all
starts at once.

![Loss against gradients](figures/real_data.png)

## secant-energy against each rival

Final loss on the same start; "wins" and "loses" by the sign test at 5 %, in brackets on how many starts it is lower, at a
quarter of the budget · at the budget. Losses under {FLOOR:g} count as equal.

{totals(secant).markdown()}
It loses:

{lost}

{secant.markdown()}
## What it costs

{prices(results).markdown()}
## Levenberg–Marquardt on least squares

Pairs of at most 200 parameters: the optimizer with the lowest median, and how many times higher lm and lm-gain end; losses
under {FLOOR:g} count as equal; "{BEYOND}": from how many starts lm ends more than {NEAR:g} times higher than that optimizer.
By its median lm ends within {NEAR:g} times of the lowest {counted(near)}.

{shown(near).markdown()}
Its rule of the damping was chosen on these pairs and starts, among some thirty of nearly the same medians, which flatters
it.  From {2 * seeds} other starts (seed {OTHERS}), of secant-energy, lm-gain and lm alone, by its median it ends within
{NEAR:g} times of the lowest {counted(elsewhere)}.

{shown(elsewhere).markdown()}
## The other untuned ones

{rest}
## Who comes to rest

In most of the runs, with the median of the gradients that it takes:

{arrivals(results)}

A lower training loss is not a better network: see the test scores, where the optimizers that go furthest down overfit.
The cross-entropy of separable data has no minimum: its infimum 0 lies at infinity, and what is measured is how far a
budget goes.

{sections}"""  # noqa: E501 - lines of the page


_ABOUT = {
    "diabetes": "Regression: progression of the illness from ten measurements; {} patients to train on, {} to test.",
    "breast-cancer": "Classification: benign or malignant from 30 measurements; {} tumours to train on, {} to test.",
    "wine": "Classification: one of three vineyards from 13 chemical measurements; {} wines to train on, {} to test.",
    "iris": "Classification: one of three kinds of iris from four lengths; {} flowers to train on, {} to test.",
    "digits": "Classification: a written digit from 64 grey values; {} images to train on, {} to test.",
    "linnerud": "Regression: weight, waist and pulse from three exercises; {} men to train on, {} to test.",
    "friedman1": "Regression: ten inputs, of which five matter, with noise (Friedman 1991); {} points to train on, "
                 "{} to test.",
    "friedman2": "Regression: the impedance of a circuit from its four elements (Friedman 1991); {} points to train "
                 "on, {} to test.",
    "friedman3": "Regression: the phase of a circuit from its four elements, with noise (Friedman 1991); {} points to "
                 "train on, {} to test.",
    "moons": "Classification: two half circles that reach into each other; {} points to train on, {} to test.",
    "circles": "Classification: two circles, one in the other; {} points to train on, {} to test.",
    "opacity": "A network in place of a table of a simulation: the Planck mean opacity of hydrogen from log T and "
               "log n; {} entries to train on, {} to test.",
    "reaction": "A network in place of a table of a simulation: what is left of A in Robertson's stiff reaction from "
                "log t and the mixture at the start; {} entries to train on, {} to test.",
    "saha": "A network in place of a table of a simulation: the ionised fraction of hydrogen from log T and log n by "
            "Saha's equation; {} entries to train on, {} to test.",
}
_STYLES = {"secant-energy": ("C3", "-"), "gd-energy": ("C1", "-"), "lm": ("C4", "-"), "adam": ("0.1", "--"),
           "prodigy": ("C2", "-."), "L-BFGS": ("C5", ":"), "LM": ("C6", ":")}
_SHOWN = ("diabetes 8", "saha 8", "friedman3 8-8", "reaction 8", "wine 8", "moons 8")  #: in the figure


def figure(results: dict[Pair, dict[str, Result]]):
    """Median loss against gradients, with the quartiles shaded; untuned solid, tuned dashed, scipy's dotted."""
    from matplotlib.figure import Figure

    shown = {pair: of for pair, of in results.items() if str(pair) in _SHOWN} or results
    columns = min(3, len(shown))
    plot = Figure(figsize=(5.2 * columns, 3.9 * -(-len(shown) // columns)), layout="constrained")
    for k, (pair, of) in enumerate(shown.items()):
        ax = plot.add_subplot(-(-len(shown) // columns), columns, k + 1)
        for optimizer, result in of.items():
            if short(optimizer) not in _STYLES:
                continue
            colour, line = _STYLES[short(optimizer)]
            used, values = result.curve
            values = np.where(np.isfinite(values), values, np.inf)
            low, middle, high = np.quantile(values, [0.25, 0.5, 0.75], axis=1, method="nearest")
            x = np.median(used, axis=1)
            ax.loglog(x, middle, line, color=colour, label=optimizer, lw=1.6)
            ax.fill_between(x, low, high, color=colour, alpha=0.12, lw=0)
        ax.set(title=pair.load()[1].name, ylabel="training loss",
               xlabel="gradients" + (" (of MINPACK: residuals)" if "LM (MINPACK)" in of else ""))
        ax.legend(fontsize=7, loc="lower left")
    return plot


def main(arguments: list[str] | None = None) -> int:
    parser = argparse.ArgumentParser(prog="python docs/real_data.py", description=__doc__.splitlines()[0])
    parser.add_argument("sets", nargs="*", metavar="SET", help=f"{', '.join(networks.DATASETS)}; all unless given, "
                        "or pairs by name, as 'saha 8-8'")
    parser.add_argument("--seeds", type=int, default=SEEDS, help=f"starts per set (default {SEEDS})")
    parser.add_argument("--budget", type=int, default=BUDGET, help=f"gradients per run (default {BUDGET})")
    parser.add_argument("--keep", type=Path, help="a folder in which what is done stays, and is found again")
    parser.add_argument("--out", type=Path, default=HERE, help="folder to write to (default docs)")
    options = parser.parse_args(arguments)
    names = [str(pair) for pair in PAIRS]
    unknown = [name for name in options.sets if name not in networks.DATASETS and name not in names]
    if unknown:
        parser.error(f"no data set is named {unknown[0]!r}; known: {', '.join(networks.DATASETS)}, and as pairs "
                     f"{', '.join(names)}")
    if options.seeds < 6 or options.budget < 10:
        parser.error(f"--seeds {options.seeds} must be at least 6, for an interval, --budget {options.budget} at least "
                     "10")
    try:
        if options.keep:
            options.keep.mkdir(parents=True, exist_ok=True)
        results = {pair: compare(pair, options.seeds, options.budget, options.keep) for pair in PAIRS
                   if not options.sets or {pair.data, str(pair)} & set(options.sets)}
        others = {pair: compare(pair, 2 * options.seeds, options.budget, options.keep, seed=OTHERS,
                                only=("secant-energy", "lm", "lm-gain")) for pair in results if fits(pair)}
    except ImportError as error:
        parser.error(str(error))
    (options.out / "figures").mkdir(parents=True, exist_ok=True)
    (options.out / "real_data.csv").write_text(runs(results).csv())
    (options.out / "real_data.md").write_text(markdown(results, others, options.seeds, options.budget))
    figure(results).savefig(options.out / "figures" / "real_data.png", dpi=110)
    return 0


def _say(text: str) -> None:
    print(text, file=sys.stderr, flush=True)


if __name__ == "__main__":
    sys.exit(main())
