"""`python -m networks`: the benchmark networks; `python -m networks NAME`, or `--expression F`: critical points."""
from __future__ import annotations

import math
from pathlib import Path

from arithmetic import Table, command, formula
from arithmetic.command import Report

from . import catalogue, get
from .benchmarks import BENCHMARKS
from .loss import Loss
from .picture import check_drawable, draw
from .report import data, described, latex, table

COLUMNS = ("name", "dim", "for")  #: of the list


def main(arguments: list[str] | None = None) -> int:
    parser = command.parser("networks", "Benchmark networks, and the critical points of one of them or of a formula.",
                            '--expression "x**4 + y**4 - 3*x*y" --out atlas.png', out="; "
                            f"{', '.join(command.FORMATS)} for the picture, as --picture")
    parser.add_argument("name", nargs="?", help="a network; without it, the list of them")
    parser.add_argument("--expression", metavar="F", help='a loss by its formula, as "x**4 + exp(-y**2)"')
    parser.add_argument("--symbols", metavar="X,Y",
                        help="the coordinates of --expression in order (default: its symbols, sorted)")
    parser.add_argument("--picture", metavar="FILE", type=Path,
                        help="surface and level lines with every point, of one or two coordinates "
                             f"({', '.join(command.FORMATS)})")
    parser.add_argument("--region", metavar="X", type=float, nargs="+",
                        help="low high, for each coordinate: the box to list points in")
    parser.add_argument("--budget", metavar="S", type=float, default=60.0,
                        help="seconds; past it what is open is said (default 60)")
    options = parser.parse_args(arguments)
    with parser.refusing():
        loss = _loss(options)
        form = command.form(options, command.TABULAR, picture=loss is not None)
        pictures = _pictures(options, loss)
        region = _region(options, loss)
    if loss is None:
        rows: list[tuple] = [(name, get(name).dim, BENCHMARKS[name].purpose) for name in catalogue()]
        shown = Table(COLUMNS, [(name, str(dim), purpose) for name, dim, purpose in rows]).numbered()
        Report.of(Table(COLUMNS, rows), shown).tell(form, options.out)
        return 0
    atlas = loss.critical_points(region=region, budget=options.budget)
    for picture in pictures:  # before anything is printed: nothing is lost where that cannot be
        draw(loss, atlas).savefig(picture, dpi=120)
    Report(lambda: described(loss, atlas), lambda: data(loss, atlas), lambda: latex(loss, atlas),
           table(loss, atlas).markdown, table(loss, atlas).csv).tell(form, options.out)
    if pictures and form == "text":
        print("\nwrote " + " and ".join(map(str, pictures)))
    return 0


def _loss(options) -> Loss | None:
    """What is asked for; ValueError where it is not understood."""
    if options.expression is None:
        if options.symbols is not None:
            raise ValueError("--symbols names the coordinates of --expression: give that too")
        if options.name is None:
            if options.picture or options.region or command.is_picture(options.out):
                raise ValueError("name a network, or give --expression")
            return None
        return get(options.name)
    if options.name is not None:
        raise ValueError(f"give a network, {options.name}, or --expression, not both")
    symbols = None if options.symbols is None else [s.strip() for s in options.symbols.split(",")]
    return Loss.from_expression(*formula(options.expression, symbols), name="F")


def _pictures(options, loss: Loss | None) -> list[Path]:
    """The files that a picture is written to; ValueError where it cannot be."""
    if options.picture is not None:
        command.check_writable("--picture", options.picture)
    pictures = [p for p in (options.picture, options.out) if command.is_picture(p)]
    if loss is not None and pictures:
        check_drawable(loss)
    return pictures


def _region(options, loss: Loss | None):
    """The checked --region; ValueError for it or --budget."""
    if not 0 < options.budget < math.inf:
        raise ValueError(f"--budget {options.budget:g} must be a positive number of seconds")
    if loss is None or options.region is None:
        return None
    if len(options.region) != 2 * loss.dim:
        raise ValueError(f"--region takes low high for each of the {loss.dim} coordinates "
                         f"{', '.join(map(str, loss.symbols))}, {2 * loss.dim} numbers, got {len(options.region)}")
    region = tuple(zip(options.region[::2], options.region[1::2], strict=True))
    for symbol, (low, high) in zip(loss.symbols, region, strict=True):
        if not -math.inf < low < high < math.inf:
            raise ValueError(f"--region {low:g} {high:g} of {symbol} must be low high, with low < high")
    return region


if __name__ == "__main__":
    command.end(main)
