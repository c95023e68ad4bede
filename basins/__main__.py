"""`python -m basins NETWORK OPTIMIZER`: a study from the command line: table, picture, and the data beside it."""
from __future__ import annotations

import importlib
import os
import sys
import threading
from pathlib import Path

from arithmetic import Box, command


def main(arguments: list[str] | None = None) -> int:
    parser = command.parser("basins", "Where an optimizer ends on a network: fractions and the map of the basins.",
                            "polytwo adam --set lr=0.1 --grid 400 --box -3 3 -3 3 --out map.png")
    parser.add_argument("network", help="a benchmark network (python -m networks lists them)")
    parser.add_argument("optimizer", help="a named optimizer: gd, momentum, adam, lm, gd-richardson, gd-energy, …")
    parser.add_argument("--set", metavar="KEY=VALUE", action="append", nargs="+", default=[],
                        help="hyperparameters, as lr=0.1")
    starts = parser.add_mutually_exclusive_group()
    starts.add_argument("--grid", type=int, nargs="+", metavar="N",
                        help="starts on a grid, N per side or one N per side")
    starts.add_argument("--starts", type=int, metavar="N", help="N starts drawn uniformly from the box")
    parser.add_argument("--seed", type=int, default=0, help="of --starts (default 0)")
    parser.add_argument("--box", type=float, nargs="+", metavar="X",
                        help="low high, for each coordinate (default the network's)")
    parser.add_argument("--max-steps", type=int, help="steps at most per start")
    parser.add_argument("--gradient", type=float, help="at rest when the gradient is below this")
    parser.add_argument("--radius", type=float, help="diverged beyond this distance from 0")
    parser.add_argument("--match", type=float, default=0.05, help="distance within which an end counts for a point")
    parser.add_argument("--witnesses", type=float, metavar="R",
                        help="mark the start nearest to each minimum, within R, that ends elsewhere")
    parser.add_argument("--out", type=Path,
                        help=f"the picture ({', '.join(command.FORMATS)}); NAME.csv and NAME.study/ go beside it")
    parser.add_argument("--store", type=Path,
                        help="a folder that keeps finished pieces: the same command goes on from there")
    parser.add_argument("--executor", metavar="HOW", help="where pieces are followed: threads, fork, spawn, dask, or "
                        "the address of a Dask scheduler, tcp://HOST:8786 (default the threads of this process)")
    parser.add_argument("--backend", default="auto", help="auto, c, numba or numpy")
    parser.add_argument("--threads", type=int, help="at most this many (default, or -1: all cores)")
    parser.add_argument("--quiet", action="store_true", help="no progress line")
    options = parser.parse_args(arguments)
    try:
        job = _prepare(options)
    except (ValueError, TypeError, ImportError) as error:
        parser.error(str(error))
    return _run(options, *job)


def _prepare(options):
    """Everything that can be wrong, before any work."""
    import networks
    import schemes
    from arithmetic import check_backend, check_threads

    from .executors import check_executor
    from .job import prepare
    from .starts import grid, uniform

    loss = networks.get(options.network)
    optimizer = schemes.named(options.optimizer, **command.settings(options.set))
    check_backend(options.backend)
    check_threads(options.threads)
    check_executor(options.executor)
    box: Box = loss.box
    if options.box is not None:
        if len(options.box) != 2 * loss.dim:
            raise ValueError(f"--box takes low high for each of the {loss.dim} coordinates of {loss.name}, "
                             f"{2 * loss.dim} numbers, got {len(options.box)}")
        box = list(zip(options.box[::2], options.box[1::2], strict=True))
    if options.starts is None and (options.grid or loss.dim == 2):
        n = options.grid or [200]
        starts = grid(box, n[0] if len(n) == 1 else n)
    else:
        starts = uniform(box, 10_000 if options.starts is None else options.starts, options.seed)
    limits = {"max_steps": options.max_steps, "gradient": options.gradient, "radius": options.radius}
    stop = schemes.Stop(**{name: value for name, value in limits.items() if value is not None})
    if options.out is not None:
        command.check_writable("--out", options.out)
    job = prepare(loss, optimizer, starts, stop, match=options.match)
    _ = job.problem.iteration  # raises where the loss lacks what the optimizer needs, as residuals
    if options.store is not None:
        with job.kept_in(options.store):
            pass
    return loss, optimizer, starts, stop


def _run(options, loss, optimizer, starts, stop) -> int:
    from .follow import study

    if options.out is not None and options.executor is None:  # what draws the picture loads while the starts run
        threading.Thread(target=importlib.import_module, args=("matplotlib.backends.backend_agg",), daemon=True).start()
    failed = ""
    try:
        result = study(loss, optimizer, starts, stop=stop, store=options.store, executor=options.executor,
                       progress=False if options.quiet else None, backend=options.backend, threads=options.threads,
                       match=options.match)
    except Exception as error:
        if not hasattr(error, "partial"):
            raise
        result, failed = error.partial, f"{type(error).__name__}: {error}"
    written = ""
    if options.out is not None:  # before anything is printed: nothing is lost where that cannot be
        csv, folder = options.out.with_suffix(".csv"), options.out.with_suffix(".study")
        result.figure(witnesses=options.witnesses).savefig(options.out, dpi=120)
        csv.write_text(result.table().csv(), encoding="utf-8")
        result.save(folder)
        written = f"\nwrote {options.out}, {csv} and {folder}{os.sep}\n"
    box = " × ".join(f"[{x.min():g}, {x.max():g}]" for x in result.starts)
    print(f"{result.loss}, {result.optimizer}: n = {result.n} starts in {box}\n\n{result.table()}\n"
          + f"note: {result.note}\n" * bool(result.note) + written, end="")
    if failed or not result.complete:
        print(f"{failed or 'interrupted'}: the rest of the starts is labelled so" + (
            "; the same command goes on from the store" if options.store else "; --store DIR would keep what is done"),
              file=sys.stderr)
        return 1 if failed else 130
    return 0


if __name__ == "__main__":
    sys.exit(command.run(main))
