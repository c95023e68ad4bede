"""What a study costs beside its kernel: CPU seconds of both and the memory it takes, one process for each optimizer.

    python benchmarks/study.py [N] [--optimizers gd adam …] [--network polytwo] [--store] [--lazy]

"Kernel" is the time that threads spend in the compiled loop, "study" all of `basins.study`, "ratio" one over the other;
the best of three rounds counts.  "B/start" is what the result holds in memory, "peak" the most that the process ever
did, "grown" how much of that came with the study.  --store : with a store, so that the arrays lie on disk.  --lazy :
starts that are described.
"""
from __future__ import annotations

import argparse
import dataclasses
import resource
import subprocess
import sys
import tempfile
import time

import numpy as np

HYPER = {"gd": {"lr": 0.1}, "adam": {"lr": 0.1}}
OPTIMIZERS = ("gd", "adam", "gd-richardson", "gd-energy", "momentum-energy", "lm")
HEAD = f"{'':18}{'steps':>9}{'kernel':>9}{'study':>9}{'ratio':>7}{'M steps/s':>11}{'B/start':>9}{'grown':>9}{'peak':>9}"


def measure(network: str, name: str, n: int, store: bool, lazy: bool) -> str:
    """The line of one optimizer."""
    import basins
    import networks
    import schemes
    from arithmetic import driver

    spent, compiled = [0.0], driver.compiled

    def timed(iteration, backend):
        kernel = compiled(iteration, backend)

        def run(work):
            began = time.thread_time()
            kernel.run(work)
            spent[0] += time.thread_time() - began

        return kernel._replace(run=run)

    driver.compiled = timed
    loss, optimizer = networks.get(network), schemes.named(name, **HYPER.get(name, {}))
    stop = schemes.Stop(max_steps=2000)
    basins.study(loss, optimizer, basins.uniform(loss.box, 300, 0), stop=stop, progress=False)  # compiled, points known
    starts = basins.uniform(loss.box, n, 0, lazy=lazy)
    before, best = peak(), (np.inf, np.inf, np.inf)
    for _ in range(3 if n <= 2_000_000 else 1):
        with tempfile.TemporaryDirectory() as folder:
            spent[0], began = 0.0, time.process_time()
            found = basins.study(loss, optimizer, starts, stop=stop, progress=False, store=folder if store else None)
            whole = time.process_time() - began
        best = min(best, (whole / spent[0], spent[0], whole))
    ratio, kernel, whole = best
    held = sum(a.nbytes for f in dataclasses.fields(found) if isinstance(a := getattr(found, f.name), np.ndarray)
               and not isinstance(a.base, np.memmap))
    steps = int(found.steps.sum())
    return (f"{name:18}{steps / 1e6:8.1f}M{kernel:9.3f}{whole:9.3f}{ratio:7.2f}{steps / whole / 1e6:11.0f}"
            f"{held / n:9.1f}{peak() - before:6.0f} MB{peak():6.0f} MB")


def peak() -> float:
    """Megabytes that this process held at most."""
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("n", nargs="?", type=float, default=1e6)
    parser.add_argument("--optimizers", nargs="+", default=OPTIMIZERS)
    parser.add_argument("--network", default="polytwo")
    parser.add_argument("--store", action="store_true")
    parser.add_argument("--lazy", action="store_true")
    parser.add_argument("--one", help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.one:
        print(measure(options.network, options.one, int(options.n), options.store, options.lazy))
        return
    print(f"{options.network}, {int(options.n)} uniform starts, 2000 steps at most; CPU seconds\n{HEAD}", flush=True)
    for name in options.optimizers:
        subprocess.run([sys.executable, *sys.argv, "--one", name], check=True)


if __name__ == "__main__":
    main()
