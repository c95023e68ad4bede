"""An atlas in words, as a table, as data and as LaTeX."""
from __future__ import annotations

from typing import TYPE_CHECKING

from arithmetic import Table, aligned, array, clipped, in_floats, spelled, worded
from arithmetic import latex as latex_of
from arithmetic.late import sympy

if TYPE_CHECKING:
    from .points import Atlas, CriticalPoint
    from .loss import Loss

WIDE = 40  #: characters up to which an exact number is printed as it is


def described(loss: Loss, atlas: Atlas) -> list[str | Table]:
    """The loss, what is proved, and the table of its critical points, exact numbers with their decimals."""
    exact, title = sum(p.exact for p in atlas), "" if loss.name == "F" else f"{loss.name}: "
    count = f"{len(atlas)} critical points"
    count += f", families of them: {len(atlas.families)}" if atlas.families else ""
    count += "" if exact == len(atlas) else f", {exact} exact, the others certified by intervals"
    parts: list[str | Table] = [clipped(f"{title}F = {_unicode(loss.expression)}", 400), count, *atlas.summary(),
                                f"found in {atlas.seconds:.2g} s"]
    if not atlas:
        return parts
    reasons: dict[str, list[str]] = {}
    for i, p in enumerate(atlas, 1):
        where = f" on {p.conditions}" if p.conditions else ""
        reasons.setdefault(f"{p.nature}{where}: {p.evidence}", []).append(str(i))
    return [*parts, "", table(loss, atlas).numbered(), "", "why:", *(
        f"  {', '.join(rows)}  {reason}" for reason, rows in reasons.items())]


def table(loss: Loss, atlas: Atlas) -> Table:
    """The critical points, a row each."""
    return Table(("nature", f"({', '.join(map(str, loss.symbols))})", "F", "Hessian eigenvalues"), [
        (p.nature, f"({', '.join(map(_number, p.theta))})" + f", {p.where}" * bool(p.inequalities), _number(p.value),
         ", ".join(map(_decimal, p.eigenvalues)) or "–") for p in atlas])


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
def data(loss: Loss, atlas: Atlas) -> dict:
    """The atlas for programs: exact numbers as texts of sympy's, with floats beside them; None for no number."""
    def text(xs) -> list[str]:
        return [sympy.sstr(x) for x in xs]

    def number(x) -> float | None:
        x = sympy.sympify(x)
        return None if x.free_symbols else float(sympy.re(sympy.N(x, 17)))

    points = [{
        "nature": str(p.nature), "theta": text(p.theta), "numeric": [float(x) for x in p.numeric],
        "value": sympy.sstr(p.value), "value_numeric": number(p.value),
        "eigenvalues": text(p.eigenvalues), "eigenvalues_numeric": [*map(number, p.eigenvalues)],
        "exact": p.exact, "certified": p.certified, "box": [text(side) for side in p.box], "family": text(p.family),
        "equations": text(p.equations), "inequalities": text(p.inequalities),
        "kinks": text(p.kinks), "evidence": p.evidence} for p in atlas]
    return {"name": loss.name, "expression": sympy.sstr(loss.expression), "symbols": text(loss.symbols),
            "region": atlas.region and [[number(end) for end in ends] for ends in atlas.region],
            "complete": atlas.complete, "undecided": list(map(str, atlas.undecided)),
            "proof": list(atlas.proof), "seconds": atlas.seconds, "points": points}


def latex(loss: Loss, atlas: Atlas) -> str:
    """The loss, and the table of its critical points; long numbers in decimals."""
    head, *rows = _cells(atlas, loss.symbols)
    return "\n".join([f"$$F = {latex_of(loss.expression)}$$", array("llll", head, rows),
                      *(f"% {spelled(line)}" for line in atlas.summary())])


def markdown(atlas: Atlas) -> str:
    """The critical points as a table of formulas, for notebooks, and what is proved of them."""
    said = "\n".join(f"- {line}" for line in atlas.summary()) + "\n"
    if not atlas:
        return f"no critical points\n\n{said}"
    loss = atlas[0].loss
    head, *rows = _cells(atlas, atlas[0].symbols if loss is None else loss.symbols)
    table = Table(tuple(f"${x}$" for x in head), [tuple(f"${x}$" for x in row) for row in rows])
    return f"{table.markdown()}\n{said}"


def _cells(atlas: Atlas, symbols) -> list[list[str]]:
    """The table in LaTeX, its head first."""
    def vector(xs) -> str:
        return ", ".join(map(formula, xs)) or r"\text{--}"

    def part(p: CriticalPoint) -> str:
        return "".join(rf",\ {formula(e)}" for e in p.inequalities)

    return [[r"\text{nature}", f"({', '.join(map(latex_of, symbols))})", "F", r"\text{eigenvalues of }\nabla^2 F"],
            *([worded(p.nature), f"({vector(p.theta)}){part(p)}", formula(p.value), vector(p.eigenvalues)]
              for p in atlas)]


def formula(x) -> str:
    """A number or an expression in LaTeX, in decimals where it is long."""
    text = latex_of(x := sympy.sympify(x))
    if not x.is_Float and len(text) <= 2 * WIDE:
        return text
    return latex_of(in_floats(x, 8) if x.free_symbols else sympy.N(x, 8))


def point_latex(p: CriticalPoint) -> str:
    """A critical point as equations."""
    theta = rf"\theta^* &= ({', '.join(map(formula, p.theta))})"
    where = [rf"&\text{{where }} {', '.join(map(formula, p.inequalities))}"] if p.inequalities else []
    spectrum = ", ".join(map(formula, p.eigenvalues))
    return aligned([theta, *where, rf"F(\theta^*) &= {formula(p.value)}, \quad {worded(p.nature)}",
                    *([rf"\lambda(\nabla^2 F) &= {spectrum}"] if spectrum else [])])
