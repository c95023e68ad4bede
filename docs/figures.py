"""Regenerates the figures and tables of the documentation: `python docs/figures.py [NAME ...] [--out FOLDER]`.

figure-1a, -1b, -1c : the basins of gradient descent, of Adam, of the corrected schemes (B. Bensaid's thesis, figure 1).
probabilities : how often each critical point of each benchmark network is found, by each optimizer (CSV and Markdown).
"""
from __future__ import annotations

import argparse
import hashlib
import sys
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import networks
import schemes
from arithmetic import Progress, Table, cpus
from basins import End, Study, grid, study, uniform, wilson
from schemes import Stop

HERE = Path(__file__).parent / "figures"
BOX = ((-3, 3), (-3, 3))
SIDE = 400  # starts per side of a map
STARTS, SEED, STOP = 2000, 0, Stop(max_steps=10_000)  # of the table

#: The author's learning rate 0.1 for the classic algorithms; nothing to choose for the corrected ones.
OPTIMIZERS = {"gd": {"lr": 0.1}, "momentum": {"lr": 0.1}, "adam": {"lr": 0.1},
              "lm": {"damping": 10, "factor": 10}, "gd-richardson": {},
              "gd-energy": {}, "momentum-energy": {}, "rmsprop-energy": {}, "adam-energy": {}}

#: Columns of the summary: natures, and labels of starts that end at no critical point.
SUMMARY = {"minimum": "minimum", "saddle": "saddle", "maximum": "maximum", "plateau": End.PLATEAU,
           "to infinity": End.INFINITY, "undecided": End.CONVERGED, "cycle": End.CYCLE, "irregular": End.IRREGULAR,
           "still moving": End.STEP_LIMIT, "stalled": End.STALLED, "diverged": End.DIVERGED,
           "not finite": End.NOT_FINITE}


def basins_of(optimizer: str, side: int, box=BOX, **hyperparameters) -> Study:
    return study(networks.get("polytwo"), schemes.named(optimizer, **hyperparameters), grid(box, side), stop=STOP,
                 progress=False)


def figure_1a(side: int = SIDE):
    """Gradient descent: bent basins, and the starts from which it diverges, in brown."""
    return _panels(basins_of("gd", side, lr=0.1))


def figure_1b(side: int = SIDE):
    """Adam: islands inside other basins; with a larger step, starts very near a minimum end in another one."""
    return _panels(basins_of("adam", side, lr=0.1), basins_of("adam", side, lr=0.5), witnesses=2.0)


def figure_1c(side: int = SIDE):
    """The same field well integrated: adaptive Euler–Richardson, and steps under which F falls as the flow's does.

    Steps grow by 2 here: the longer ones of gd-energy arrive sooner and follow the flow less.
    """
    return _panels(basins_of("gd-richardson", side), basins_of("lc-egd", side, grow=2.0))


def _panels(*studies: Study, witnesses: float | None = None):
    from matplotlib.figure import Figure

    n = len(studies)
    figure = Figure(figsize=(7.6 * n, 5))
    for k, result in enumerate(studies):
        result.figure(figure.add_axes(((k + 0.08) / n, 0.1, 0.6 / n, 0.79)), witnesses=witnesses)
    return figure, studies


def fingerprint(*studies: Study) -> str:
    """What a picture shows, as a hash: where its starts are and where each of them ended."""
    shown = hashlib.sha256()
    for result in studies:
        shown.update(result.starts.astype("<f8").tobytes() + result.codes.astype("<i2").tobytes())
    return shown.hexdigest()


def probabilities(n: int = STARTS, names=None) -> tuple[Table, Table]:
    """Over the studied benchmark networks and all optimizers: every end with its fraction; and a summary by nature."""
    jobs = [(networks.get(network), schemes.named(name, **hyperparameters))
            for network in names or networks.studied() for name, hyperparameters in OPTIMIZERS.items()]
    for loss in dict.fromkeys(loss for loss, _ in jobs):
        loss.critical_points()

    def run(job) -> Study:
        loss, optimizer = job
        return study(loss, optimizer, uniform(loss.box, n, SEED), stop=STOP, progress=False, threads=1,
                     patience=3600.0)  # what is found does not depend on the time

    ends, summary = [], []
    report = Progress(None, len(jobs), "studies")
    with ThreadPoolExecutor(cpus()) as pool:  # one compiles while another runs
        for k, result in enumerate(pool.map(run, jobs), 1):
            for row in result.table():
                if row["starts"] or row["end"] != "diverged":
                    ends.append((result.loss, result.optimizer, *row.values()))
            summary.append((result.loss, result.optimizer, *(_interval(result, what) for what in SUMMARY.values()),
                            f"{result.gradients.mean():.0f}"))
            report(k)
    report.close()
    columns = ("network", "optimizer", *result.table().columns)
    return Table(columns, ends), Table(("network", "optimizer", *SUMMARY, "gradients (mean)"), summary)


def _interval(result: Study, what: str | End) -> str:
    """A fraction in per cent with its Wilson interval; of a nature that no start has seen the upper bound."""
    count = int(result.ended(what).sum())
    low, high = wilson(count, result.n)
    if not count:
        return f"0 (< {100 * high:.1f})" if isinstance(what, str) else "0"
    return f"{100 * count / result.n:.1f} [{100 * low:.1f}, {100 * high:.1f}]"


def markdown(ends: Table, summary: Table, n: int) -> str:
    found = Table(ends.columns, [tuple(row.values()) for row in ends if row["starts"]])
    return f"""# What is found, and how often

{n} starts per network, drawn uniformly from its box (seed {SEED}); at rest when |∇F| ≤ {STOP.gradient:g}, at most
{STOP.max_steps} steps.  Per cent, with 95 % Wilson intervals; 0 (< x) is an end that no start has seen, with its upper bound.
`probabilities.csv` has every critical point of every network.

An end counts for a critical point when that is *certified*, by intervals around the point and an argument on the
algorithm, or when a longer run, to a gradient 10⁴ times smaller, still goes there.  Else it is *undecided*; a *plateau*,
where no critical point is near; or a drift *to infinity*, where the longer run is three times as far away.  What is not
at rest is on a *cycle*, *irregular*, or *still moving* when its steps are used up, however near a point it is.
`python benchmarks/labels.py` counts the labels that a run to |∇F| ≤ 1e-10 contradicts: of 25 988 that name a point, with
300 starts in each row, none.

## By nature

{summary.markdown()}
## By critical point

Ends that at least one start found.

{found.markdown()}"""  # noqa: E501 - lines of the page


def main(arguments: list[str] | None = None) -> int:
    parser = argparse.ArgumentParser(prog="python docs/figures.py",
                                     description="Regenerates the documentation's figures.")
    figures = {"figure-1a": figure_1a, "figure-1b": figure_1b, "figure-1c": figure_1c}
    parser.add_argument("names", nargs="*", metavar="NAME",
                        help=f"{', '.join(figures)} or probabilities; all unless given")
    parser.add_argument("--out", type=Path, default=HERE, help="folder to write to (default docs/figures)")
    parser.add_argument("--side", type=int, default=SIDE, help=f"starts per side of a map (default {SIDE})")
    parser.add_argument("--starts", type=int, default=STARTS, help=f"starts of the table (default {STARTS})")
    options = parser.parse_args(arguments)
    unknown = [name for name in options.names if name not in (*figures, "probabilities")]
    if unknown:
        parser.error(f"no figure is named {unknown[0]!r}; known: {', '.join(figures)}, probabilities")
    if options.side < 2 or options.starts < 1:
        parser.error(f"--side {options.side} must be at least 2 and --starts {options.starts} at least 1")
    try:
        options.out.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        parser.error(f"--out {str(options.out)!r} cannot be made a folder: {error}")
    for name in options.names or (*figures, "probabilities"):
        began = time.perf_counter()
        if name == "probabilities":
            ends, summary = probabilities(options.starts)
            (options.out / "probabilities.csv").write_text(ends.csv())
            (options.out / "probabilities.md").write_text(markdown(ends, summary, options.starts))
        else:
            figure, studies = figures[name](options.side)
            figure.savefig(options.out / f"{name}.png", dpi=110, metadata={"Comment": fingerprint(*studies)})
        _say(f"{name}: {time.perf_counter() - began:.1f} s")
    return 0


def _say(text: str) -> None:
    print(text, file=sys.stderr, flush=True)


if __name__ == "__main__":
    sys.exit(main())
