"""`python -m networks`: the benchmark networks; `python -m networks NAME`: the critical points of one of them."""
from __future__ import annotations

import sys

import sympy

from arithmetic import Table, command

from . import catalogue, get


def main(arguments: list[str] | None = None) -> int:
    parser = command.parser("networks", "Benchmark networks and their critical points.", "polytwo")
    parser.add_argument("name", nargs="?", help="a network; without it, the list of them")
    options = parser.parse_args(arguments)
    if options.name is None:
        print(listing())
        return 0
    try:
        loss = get(options.name)
    except ValueError as error:
        parser.error(str(error))
    print(describe(loss))
    return 0


def listing() -> str:
    """One line per network: name, dimension, the loss where it is short."""
    rows = []
    for name in catalogue():
        formula = _unicode(get(name).expression)
        rows.append((name, str(get(name).dim), formula if len(formula) <= 90 else formula[:87] + "…"))
    return str(Table(("name", "dim", "F"), rows).numbered())


def describe(loss) -> str:
    """The loss and the table of its critical points, exact numbers with their decimals."""
    points = loss.critical_points()
    rows = []
    for p in points:
        theta = "(" + ", ".join(_number(x) for x in p.theta) + ")"
        rows.append((p.nature, theta, _number(p.value), ", ".join(_decimal(e) for e in p.eigenvalues) or "–"))
    lines = [f"{loss.name}: F = {_unicode(loss.expression)}", f"{len(points)} critical points" + (
        "" if all(p.exact for p in points) else f", {sum(p.exact for p in points)} exact, the others certified by "
                                                "intervals"),
             *points.summary(), "", str(Table(("nature", f"({', '.join(map(str, loss.symbols))})", "F",
                                               "Hessian eigenvalues"), rows).numbered()),
             "", "why:"]
    reasons: dict[str, list[str]] = {}
    for i, p in enumerate(points, 1):
        reasons.setdefault(f"{p.nature}: {p.evidence}", []).append(str(i))
    lines += [f"  {', '.join(rows)}  {reason}" for reason, rows in reasons.items()]
    return "\n".join(lines)


def _unicode(expression) -> str:
    return sympy.sstr(sympy.sympify(expression)).replace("**", "^")


def _number(x) -> str:
    """An exact number with its decimals, `√2 ≈ 1.414…`; a rational, a float or a formula alone."""
    x = sympy.sympify(x)
    if x.is_Float:
        return f"{float(x):.8g}"
    text = _unicode(x)
    return text if x.is_Integer or x.free_symbols else f"{text} ≈ {float(sympy.N(x, 20)):.8g}"


def _decimal(x) -> str:
    x = sympy.sympify(x)
    return _unicode(x) if x.free_symbols or x.is_Integer else f"{float(sympy.re(sympy.N(x, 20))):.8g}"


if __name__ == "__main__":
    sys.exit(command.run(main))
