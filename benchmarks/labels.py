"""How often a label is false: what studies say of ends, against a stricter run of the same trajectories.

    python benchmarks/labels.py [--starts N] [--networks NAME …] [--optimizers NAME …] [--markdown]

Each entry reads "contradicted of labels"; --markdown prints the table of docs/labels.md, a row for each network.
A label that names a point is contradicted where the run to a gradient of 1e-10 and a speed of 1e-7, in 100 000 steps,
ends farther than `match` from it; a plateau or a drift to infinity where that run comes to rest at a known point; a
cycle where it comes to rest at all; an irregular motion likewise (a chaotic transient may).
"""
from __future__ import annotations

import argparse
import sys

import numpy as np

import networks
import schemes
from arithmetic import Table
from basins import End, Study, study, uniform
from schemes import Outcome, Stop

OPTIMIZERS = {"gd": {"lr": 0.1}, "momentum": {"lr": 0.1}, "adam": {"lr": 0.1},
              "lm": {"damping": 10, "factor": 10}, "gd-richardson": {},
              "gd-energy": {}, "momentum-energy": {}, "rmsprop-energy": {}, "adam-energy": {}}
KINDS = ("at a point", "plateau", "infinity", "cycle", "irregular")
STOP = Stop(max_steps=10_000)
STRICT = Stop(gradient=1e-10, speed=1e-7, max_steps=100_000)


def contradicted(loss, optimizer, result: Study) -> dict[str, tuple[int, int]]:
    """(labels, how many of them the stricter run contradicts) by kind."""
    problem = optimizer.problem(loss, STRICT)
    end = problem.finish(*problem.run(problem.start(problem.field.start(result.starts))))
    theta, rest = problem.field.theta(end.y), end.outcome == Outcome.CONVERGED
    distance = np.full((len(result.points), result.n), np.inf)
    for i, p in enumerate(result.points):
        distance[i] = p.distance(theta)
    at = result.point >= 0
    off = np.zeros(result.n, dtype=bool)
    off[at] = ~(distance[result.point[at], np.flatnonzero(at)] <= result.match)
    somewhere = rest & (distance <= result.match).any(axis=0) if len(result.points) else np.zeros(result.n, dtype=bool)
    kinds = {"at a point": (at, off), "plateau": (result.end == End.PLATEAU, somewhere),
             "infinity": (result.end == End.INFINITY, somewhere), "cycle": (result.end == End.CYCLE, rest),
             "irregular": (result.end == End.IRREGULAR, rest)}
    return {kind: (int(which.sum()), int((which & wrong).sum())) for kind, (which, wrong) in kinds.items()}


def main(arguments: list[str] | None = None) -> int:
    parser = argparse.ArgumentParser(prog="python benchmarks/labels.py", description="The rate of false labels.")
    parser.add_argument("--starts", type=int, default=2000, help="per network and optimizer (default 2000)")
    parser.add_argument("--networks", nargs="+", default=networks.studied(), metavar="NAME")
    parser.add_argument("--optimizers", nargs="+", default=list(OPTIMIZERS), choices=OPTIMIZERS, metavar="NAME")
    parser.add_argument("--markdown", action="store_true", help="the networks alone, as a Markdown table")
    options = parser.parse_args(arguments)
    rows, totals = [], {network: np.zeros((len(KINDS), 2), dtype=int) for network in options.networks}
    undecided = dict.fromkeys(options.networks, 0)
    for network in options.networks:
        loss = networks.get(network)
        starts = uniform(loss.box, options.starts, 0)
        for name in options.optimizers:
            optimizer = schemes.named(name, **OPTIMIZERS[name])
            result = study(loss, optimizer, starts, stop=STOP, progress=False, patience=3600.0)
            found, left = contradicted(loss, optimizer, result), int((result.end == End.CONVERGED).sum())
            totals[network] += [found[kind] for kind in KINDS]
            undecided[network] += left
            rows.append((network, name, *_told(found.values()), left))
            print(rows[-1], file=sys.stderr, flush=True)
    networks_alone = Table(("network", *KINDS, "undecided"), [
        (network, *_told(total), undecided[network]) for network, total in totals.items()])
    all_of_them = sum(totals.values())[KINDS.index("at a point")]
    print(networks_alone.markdown() if options.markdown else Table(("network", "optimizer", *KINDS, "undecided"), rows))
    print(f"\n{all_of_them[1]} of {all_of_them[0]} labels that name a point are contradicted.")
    return 0


def _told(counts) -> list[str]:
    return [f"{wrong} of {n}" if n else "" for n, wrong in counts]


if __name__ == "__main__":
    sys.exit(main())
