"""`python -m networks`: the benchmark networks; `python -m networks NAME`, or `--expression F`: critical points."""
from __future__ import annotations

import json
import math
import sys
from pathlib import Path

import sympy

from arithmetic import Table, clipped, command, formula, in_floats

from . import catalogue, get
from .benchmarks import BENCHMARKS
from .critical import Atlas, CriticalPoint
from .loss import Loss
from .picture import check_drawable, draw

WIDE = 40  #: characters up to which an exact number is printed as it is


def main(arguments: list[str] | None = None) -> int:
    parser = command.parser("networks", "Benchmark networks, and the critical points of one of them or of a formula.",
                            '--expression "x**4 + y**4 - 3*x*y" --picture atlas.png')
    parser.add_argument("name", nargs="?", help="a network; without it, the list of them")
    parser.add_argument("--expression", metavar="F", help='a loss by its formula, as "x**4 + exp(-y**2)"')
    parser.add_argument("--symbols", metavar="X,Y",
                        help="the coordinates of --expression in order (default: its symbols, sorted)")
    form = parser.add_mutually_exclusive_group()
    form.add_argument("--json", action="store_true", help="the atlas as JSON")
    form.add_argument("--latex", action="store_true", help="the atlas as LaTeX")
    parser.add_argument("--picture", metavar="FILE", type=Path,
                        help="surface and level lines with every point, of one or two coordinates "
                             f"({', '.join(command.FORMATS)})")
    parser.add_argument("--region", metavar="X", type=float, nargs="+",
                        help="low high, for each coordinate: the box to list points in")
    parser.add_argument("--budget", metavar="S", type=float, default=60.0,
                        help="seconds; past it what is open is said (default 60)")
    options = parser.parse_args(arguments)
    try:
        loss = _loss(options)
        region = _region(options, loss)
    except (ValueError, TypeError) as error:
        parser.error(str(error))
    if loss is None:
        print(listing())
        return 0
    atlas = loss.critical_points(region=region, budget=options.budget)
    if options.picture is not None:  # before anything is printed: nothing is lost where that cannot be
        draw(loss, atlas).savefig(options.picture, dpi=120)
    print(as_json(loss, atlas) if options.json else as_latex(loss, atlas) if options.latex else describe(loss, atlas))
    if options.picture is not None and not (options.json or options.latex):
        print(f"\nwrote {options.picture}")
    return 0


def _loss(options) -> Loss | None:
    """What is asked for; ValueError where it is not understood."""
    if options.expression is None:
        if options.symbols is not None:
            raise ValueError("--symbols names the coordinates of --expression: give that too")
        if options.name is None:
            if options.json or options.latex or options.picture or options.region:
                raise ValueError("name a network, or give --expression")
            return None
        return get(options.name)
    if options.name is not None:
        raise ValueError(f"give a network, {options.name}, or --expression, not both")
    symbols = None if options.symbols is None else [s.strip() for s in options.symbols.split(",")]
    return Loss.from_expression(*formula(options.expression, symbols), name="F")


def _region(options, loss: Loss | None):
    """The checked --region; ValueError for it, --budget or --picture."""
    if not 0 < options.budget < math.inf:
        raise ValueError(f"--budget {options.budget:g} must be a positive number of seconds")
    if loss is None:
        return None
    if options.picture is not None:
        command.check_writable("--picture", options.picture)
        check_drawable(loss)
    if options.region is None:
        return None
    if len(options.region) != 2 * loss.dim:
        raise ValueError(f"--region takes low high for each of the {loss.dim} coordinates "
                         f"{', '.join(map(str, loss.symbols))}, {2 * loss.dim} numbers, got {len(options.region)}")
    region = tuple(zip(options.region[::2], options.region[1::2], strict=True))
    for symbol, (low, high) in zip(loss.symbols, region, strict=True):
        if not -math.inf < low < high < math.inf:
            raise ValueError(f"--region {low:g} {high:g} of {symbol} must be low high, with low < high")
    return region


def listing() -> str:
    """One line per network: name, number of parameters, what it is for."""
    rows: list[tuple] = [(name, str(get(name).dim), BENCHMARKS[name].purpose) for name in catalogue()]
    return str(Table(("name", "dim", "for"), rows).numbered())


# ----------------------------------------------------------------------------------------------- as text
def describe(loss: Loss, atlas: Atlas) -> str:
    """The loss, what is proved, and the table of its critical points, exact numbers with their decimals."""
    exact, title = sum(p.exact for p in atlas), "" if loss.name == "F" else f"{loss.name}: "
    count = f"{len(atlas)} critical points"
    count += f", families of them: {len(atlas.families)}" if atlas.families else ""
    count += "" if exact == len(atlas) else f", {exact} exact, the others certified by intervals"
    lines = [clipped(f"{title}F = {_unicode(loss.expression)}", 400), count, *atlas.summary(),
             f"found in {atlas.seconds:.2g} s"]
    if not atlas:
        return "\n".join(lines)
    rows = [(p.nature, "(" + ", ".join(map(_number, p.theta)) + ")" + _where(p), _number(p.value),
             ", ".join(map(_decimal, p.eigenvalues)) or "–") for p in atlas]
    names = f"({', '.join(map(str, loss.symbols))})"
    lines += ["", str(Table(("nature", names, "F", "Hessian eigenvalues"), rows).numbered()), "", "why:"]
    reasons: dict[str, list[str]] = {}
    for i, p in enumerate(atlas, 1):
        reasons.setdefault(f"{p.nature}{_set(p)}: {p.evidence}", []).append(str(i))
    return "\n".join([*lines, *(f"  {', '.join(rows)}  {reason}" for reason, rows in reasons.items())])


def _where(p: CriticalPoint) -> str:
    """Which part of a family it is."""
    return ", " + p.where if p.inequalities else ""


def _set(p: CriticalPoint) -> str:
    """Where a family is."""
    return f" on {p.conditions}" if p.conditions else ""


def _unicode(expression) -> str:
    return sympy.sstr(sympy.sympify(expression)).replace("**", "^")


def _number(x) -> str:
    """An exact number with its decimals, `√2 ≈ 1.414…`; a formula alone, and the decimals where it is long."""
    x = sympy.sympify(x)
    text = _unicode(x)
    if x.is_Integer or x.free_symbols:
        return text if len(text) <= WIDE else _unicode(in_floats(x, 8))
    decimals = f"{float(sympy.N(x, 20)):.8g}"
    return decimals if x.is_Float or len(text) > WIDE else f"{text} ≈ {decimals}"


def _decimal(x) -> str:
    x = sympy.sympify(x)
    return _unicode(x) if x.free_symbols or x.is_Integer else f"{float(sympy.re(sympy.N(x, 20))):.8g}"


# ----------------------------------------------------------------------------------------- as JSON, as LaTeX
def as_json(loss: Loss, atlas: Atlas) -> str:
    """The atlas for programs: exact numbers as texts of sympy's, with floats beside them; null for no number."""
    def text(xs) -> list[str]:
        return [sympy.sstr(x) for x in xs]

    def number(x) -> float | None:
        x = sympy.sympify(x)
        value = math.nan if x.free_symbols else float(sympy.re(sympy.N(x, 17)))
        return value if math.isfinite(value) else None

    points = [{
        "nature": str(p.nature), "theta": text(p.theta), "numeric": [float(x) for x in p.numeric],
        "value": sympy.sstr(p.value), "value_numeric": number(p.value),
        "eigenvalues": text(p.eigenvalues), "eigenvalues_numeric": [*map(number, p.eigenvalues)],
        "exact": p.exact, "certified": p.certified, "box": [text(side) for side in p.box], "family": text(p.family),
        "equations": text(p.equations), "inequalities": text(p.inequalities),
        "kinks": text(p.kinks), "evidence": p.evidence} for p in atlas]
    return json.dumps({
        "name": loss.name, "expression": sympy.sstr(loss.expression), "symbols": text(loss.symbols),
        "region": atlas.region and [[number(end) for end in ends] for ends in atlas.region],
        "complete": atlas.complete, "undecided": list(map(str, atlas.undecided)),
        "proof": list(atlas.proof), "seconds": atlas.seconds,
        "points": points}, indent=1, allow_nan=False)


def as_latex(loss: Loss, atlas: Atlas) -> str:
    """The loss, and the table of its critical points; long numbers in decimals."""
    def latex(x) -> str:
        text = sympy.latex(x := sympy.sympify(x))
        if not x.is_Float and len(text) <= 2 * WIDE:
            return text
        return sympy.latex(in_floats(x, 8) if x.free_symbols else sympy.N(x, 8))

    def vector(xs) -> str:
        return ", ".join(map(latex, xs)) or r"\text{--}"

    def part(p: CriticalPoint) -> str:
        return "".join(rf",\ {latex(e)}" for e in p.inequalities)

    rows = [rf"\text{{{p.nature}}} & ({vector(p.theta)}){part(p)} & {latex(p.value)} & {vector(p.eigenvalues)}"
            for p in atlas]
    head = rf"\text{{nature}} & ({vector(loss.symbols)}) & F & \text{{eigenvalues of }}\nabla^2 F \\ \hline"
    body = " \\\\\n".join(rows)
    return "\n".join([f"$$F = {sympy.latex(loss.expression)}$$", r"$$\begin{array}{llll}", head, body, r"\end{array}$$",
                      *(f"% {line}" for line in atlas.summary())])


if __name__ == "__main__":
    sys.exit(command.run(main))
