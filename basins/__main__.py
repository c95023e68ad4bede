"""`python -m basins NETWORK OPTIMIZER`: a study from the command line: table, picture, and the data beside it."""
from __future__ import annotations

import gc
import importlib
import os
import sys
import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import TYPE_CHECKING

from arithmetic import Box, Table, command, spelled
from arithmetic.command import Report

if TYPE_CHECKING:
    from .result import Study
    from .sweeps import Sweep


def main(arguments: list[str] | None = None) -> int:
    parser = command.parser("basins", "Where an optimizer ends on a network: fractions and the map of the basins.",
                            "polytwo adam --set lr=0.1 --grid 400 --box -3 3 -3 3 --out map.png", out="; "
                            f"{', '.join(command.FORMATS)} for the picture, with NAME.csv and the data, NAME.study/, "
                            "beside it")
    parser.add_argument("network", help="a benchmark network (python -m networks lists them)")
    parser.add_argument("optimizer", help="a named optimizer: gd, momentum, adam, lm, gd-richardson, gd-energy, …")
    command.settable(parser, "hyperparameters, as lr=0.1")
    parser.add_argument("--sweep", metavar="KEY=VALUES", action="append", default=[],
                        help="study every value of a hyperparameter, of two every pair: lr=0.01:0.6:20 (20 values), "
                        "lr=0.001:1:20:log (by factors) or lr=0.1,0.2,0.5")
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
    parser.add_argument("--entropy", action="store_true",
                        help="entropies and dimension of the boundaries, and steps by label")
    parser.add_argument("--text", action="store_true", help="the map as text")
    parser.add_argument("--levels", action="store_true", help="level lines of the loss in the picture")
    parser.add_argument("--shade", action="store_true", help="darker the more steps a start took")
    parser.add_argument("--store", type=Path,
                        help="a folder that keeps finished pieces: the same command goes on from there")
    parser.add_argument("--executor", metavar="HOW", help="where pieces are followed: threads, fork, spawn, dask, or "
                        "the address of a Dask scheduler, tcp://HOST:8786 (default the threads of this process)")
    parser.add_argument("--backend", default="auto", help="auto, c, numba or numpy")
    parser.add_argument("--threads", type=int, help="at most this many (default, or -1: all cores)")
    parser.add_argument("--quiet", action="store_true", help="no progress line")
    options = parser.parse_args(arguments)
    with parser.refusing():
        form = command.form(options, command.TABULAR, picture=True)
        job = _prepare(options)
    return _run(options, form, *job)


def _prepare(options):
    """Everything that can be wrong, before any work."""
    import networks
    import schemes
    from arithmetic import check_backend, check_threads

    from .job import prepare
    from .starts import grid, uniform

    loss = networks.get(options.network)
    optimizer = schemes.named(options.optimizer, **command.settings(options.set))
    check_backend(options.backend)
    check_threads(options.threads)
    if options.executor is not None:
        from .executors import check_executor

        check_executor(options.executor)
    box: Box = loss.box
    if options.box is not None:
        if len(options.box) != 2 * loss.dim:
            raise ValueError(f"--box takes low high for each of the {loss.dim} coordinates of {loss.name}, "
                             f"{2 * loss.dim} numbers, got {len(options.box)}")
        box = list(zip(options.box[::2], options.box[1::2], strict=True))
    if options.starts is None and (options.grid or loss.dim == 2):
        n = options.grid or [50 if options.sweep else 200]
        starts = grid(box, n[0] if len(n) == 1 else n)
    else:
        starts = uniform(box, 10_000 if options.starts is None else options.starts, options.seed)
    limits = {"max_steps": options.max_steps, "gradient": options.gradient, "radius": options.radius}
    stop = schemes.Stop(**{name: value for name, value in limits.items() if value is not None})
    job = prepare(loss, optimizer, starts, stop, match=options.match)
    drawn = [name for name in ("entropy", "text", "levels", "shade", "witnesses") if getattr(options, name)]
    if drawn and options.sweep:
        raise ValueError(f"--{drawn[0]} is of one study, not of a --sweep: leave one of them out")
    flat = loss.dim == 2 and options.starts is None
    if (asked := [name for name in drawn if name in ("entropy", "text")]) and not flat:
        raise ValueError(f"--{asked[0]} needs a --grid of a network of two parameters; {loss.name} has {loss.dim}")
    if drawn and loss.dim != 2:
        raise ValueError(f"--{drawn[0]} needs a network of two parameters; {loss.name} has {loss.dim}")
    values = _values(options.sweep)
    if command.is_picture(options.out) and len(values) > 2:
        raise ValueError(f"--out draws a --sweep of one hyperparameter or two, not {', '.join(values)}")
    _ = job.problem.iteration  # raises where the loss lacks what the optimizer needs, as residuals
    if values:
        from .sweeps import check_sweep

        check_sweep(optimizer, values, options.store)
    elif options.store is not None:
        with job.kept_in(options.store):
            pass
    return loss, optimizer, starts, stop, values


def _values(items: list[str]) -> dict[str, list[float]]:
    """{hyperparameter: values} of `--sweep`: LOW:HIGH:N, LOW:HIGH:N:log, or values between commas."""
    import numpy as np

    found: dict[str, list[float]] = {}
    for item in items:
        key, equals, text = item.partition("=")
        parts, by_factors = text.removesuffix(":log").split(":"), text.endswith(":log")
        try:
            if not (key and equals) or key in found or len(parts) not in ((3,) if by_factors else (1, 3)):
                raise ValueError
            if len(parts) == 1:
                found[key] = [float(x) for x in text.split(",")]
            else:
                low, high, n = float(parts[0]), float(parts[1]), int(parts[2])
                if n < 2 or by_factors and not low > 0 < high:
                    raise ValueError
                found[key] = [float(f"{x:.12g}") for x in (np.geomspace if by_factors else np.linspace)(low, high, n)]
        except ValueError:
            raise ValueError(f"--sweep {item!r} must read KEY=LOW:HIGH:N, as lr=0.01:0.6:20, KEY=LOW:HIGH:N:log with "
                             "positive ends, or KEY=X,Y,…, each key once") from None
    return found


def _run(options, form: str, loss, optimizer, starts, stop, values) -> int:
    from .follow import study

    # what draws the picture loads while the starts run
    if command.is_picture(options.out) and options.executor is None:
        threading.Thread(target=_load, daemon=True, args=(
            "matplotlib.figure", "matplotlib.backends.backend_agg", "basins.figure")).start()
    further = dict(stop=stop, store=options.store, progress=False if options.quiet else None, backend=options.backend,
                   threads=options.threads, match=options.match, executor=options.executor)
    if values:
        from .sweeps import sweep

        result, failed = _done(lambda: sweep(loss, optimizer, values, starts, **further))
        written, report = _written(options, result, result.figure), _swept(result)
    else:
        result, failed = _done(lambda: study(loss, optimizer, starts, **further))
        written = _written(options, result, lambda: result.figure(
            witnesses=options.witnesses, loss=loss, levels=options.levels, shade="steps" if options.shade else None))
        report = _studied(options, result)
    report.tell(form, options.out)
    if written and form == "text":
        print(f"\nwrote {', '.join(written[:-1])} and {written[-1]}")
    rest = "what is missing is left out" if values else "the rest of the starts is labelled so"
    return _ended(options, result.complete, rest, failed)


def _written(options, result: Study | Sweep, figure) -> list[str]:
    """The files that the picture, the table and the data of a study were written to, before anything is printed:
    nothing is lost where that cannot be."""
    if not command.is_picture(options.out):
        return []
    csv, folder = options.out.with_suffix(".csv"), options.out.with_suffix(".study")
    with ThreadPoolExecutor(1) as beside:  # the data wait for the disk, time enough to draw in
        saved = None if options.sweep else beside.submit(result.save, folder)
        figure().savefig(options.out, dpi=120)
        command.write(csv, result.table().csv())
        written = [str(options.out), str(csv)]
        if saved is not None:
            saved.result()
            written.append(f"{folder}{os.sep}")
    return written


def _studied(options, result: Study) -> Report:
    """A study in words, as data and as LaTeX, with what was asked for besides."""
    def said() -> Iterator[str | Table]:
        yield from (f"{result.title}\n", result.table())
        if result.note:
            yield f"note: {result.note}"
        if options.entropy:
            found = _bounds(result, " grid steps")
            yield f"\nentropy    {found['entropy']}\nboundary   {found['uncertainty']}\n"
            yield found["steps"]
        if options.text:
            from .maps import text

            yield f"\n{text(result)}"

    def data() -> dict:
        found = {"loss": result.loss, "optimizer": result.optimizer, "n": result.n, "drawn": result.drawn,
                 "box": [[x.min(), x.max()] for x in result.starts], "complete": result.complete, "note": result.note,
                 "table": result.table()}
        if options.witnesses is not None:
            found["witnesses"] = result.witnesses(options.witnesses)
        if options.entropy:
            found |= _bounds(result)
        if options.text:
            found |= {"map": result.map(), "labels": {code: result.label(code) for code in result.codes_shown()}}
        return found

    return Report(said, data, lambda: f"% {spelled(result.title)}\n{result.table().latex()}"
                  + f"\n% note: {spelled(result.note)}" * bool(result.note),
                  result.table().markdown, result.table().csv)


def _bounds(result: Study, unit: str = "") -> dict:
    """What `--entropy` asks for: how mixed the basins are, how uncertain their boundary is, how long the runs take."""
    from .boundary import convergence_times, entropy, uncertainty

    return {"entropy": _measured(entropy, result), "uncertainty": _measured(uncertainty, result, unit),
            "steps": convergence_times(result)}


def _measured(measure, result: Study, unit: str = ""):
    """A measure of a map, with its unit where it prints, or in words why there is none."""
    try:
        return f"{measure(result)}{unit}" if unit else measure(result)
    except ValueError as reason:
        return f"none: {reason}"


def _swept(result: Sweep) -> Report:
    return Report(
        lambda: [f"{result.title}\n", result.table(), *result.theory],
        lambda: {"loss": getattr(result.loss, "name", None), "optimizer": result.name, "axes": result.axes,
                 "complete": result.complete,
                 "table": [row | {name: float(row[name]) for name in result.axes} for row in result.table()],
                 "thresholds": result.thresholds, "note": result.note},
        lambda: "\n".join([f"% {spelled(result.title)}", result.table().latex(),
                           *(f"% {spelled(line)}" for line in result.theory)]),
        result.table().markdown, result.table().csv)


def _load(*modules: str) -> None:
    gc.disable()  # what is loaded is no garbage, and looking for some takes a tenth of the time
    try:
        for module in modules:
            importlib.import_module(module)
    finally:
        gc.freeze()  # nor is it looked through at once now
        gc.enable()


def _done(run):
    """What a run returns, or has done where it fails, and why it failed or ""."""
    try:
        return run(), ""
    except Exception as error:
        if not hasattr(error, "partial"):
            raise
        return error.partial, f"{type(error).__name__}: {error}"


def _ended(options, complete: bool, words: str, failed: str) -> int:
    """The exit code; where something is missing, why, and how to go on."""
    if complete and not failed:
        return 0
    print(f"{failed or 'interrupted'}: {words}" + ("; the same command goes on from the store" if options.store else
                                                    "; --store DIR would keep what is done"), file=sys.stderr)
    return 1 if failed else 130


if __name__ == "__main__":
    command.end(main)
