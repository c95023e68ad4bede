"""Fields with seams, |x|, sign, max, min and cases, taken apart into smooth pieces."""
from __future__ import annotations

import functools
import itertools

import sympy
from sympy import Abs, Heaviside, Max, Min, Piecewise, Tuple, cancel, sign

from .expressions import quotient_sign
from .signs import Fresh

KINKS = (Abs, Max, Min)  # continuous: an energy may contain them
SEAMS = (*KINKS, sign, Heaviside, Piecewise)
#: Continuous functions of all real numbers (of positive ones: log); others may jump.
CONTINUOUS = (*KINKS, sympy.exp, sympy.log, sympy.sin, sympy.cos, sympy.sinh, sympy.cosh, sympy.tanh, sympy.atan,
              sympy.asinh, sympy.erf, sympy.erfc)
INEQUALITIES = (sympy.Le, sympy.Lt, sympy.Ge, sympy.Gt)
MOST = 6  # seams taken apart before giving up: 2**6 pieces


def jumping(e) -> set:
    """The functions in an expression that may jump: signs, cases, tan, acot, floor, … (poles of powers aside)."""
    return {f for f in e.atoms(sympy.Function, *SEAMS) if f.free_symbols and not isinstance(f, CONTINUOUS)}


class TooManyPieces(Exception):
    """There are more seams than are taken apart."""


def pieces(expressions, known=()) -> list[tuple[tuple, Tuple]]:
    """`[(facts, expressions on that piece)]`: the facts are expressions that are ≥ 0 there, and the pieces cover all
    states.

    Pieces are closed: on a seam the expressions are those of either side.  Raises TooManyPieces.
    """
    expressions = Tuple(*expressions)
    seams = [e for e in sympy.ordered(expressions.atoms(*SEAMS)) if not any(a.has(*SEAMS) for a in e.args)]
    if told := {e: value for e in seams if (value := _on_side(e, known)) is not None}:
        return pieces(expressions.xreplace(told), known)
    if not seams:
        return [(tuple(known), expressions)]
    if len(known) == MOST:
        raise TooManyPieces(f"more than {MOST} seams (absolute values, signs, maxima) meet in V'")
    h, out = _inside(seams[0]), []
    for side in (1, -1):
        facts = (*known, side * h)
        if thin(facts, quotient_sign):
            continue
        replaced = {e: value for e in seams if (value := _on_side(e, facts)) is not None}
        out += pieces(expressions.xreplace(replaced), facts)
    return out


def _inside(seam):
    """The expression whose sign selects the branch of a seam, its first one."""
    if isinstance(seam, (Max, Min)):
        return seam.args[0] - seam.args[1]
    if isinstance(seam, Piecewise):
        condition = seam.args[0].cond
        if not isinstance(condition, INEQUALITIES):
            raise TooManyPieces(f"the condition {condition} is not an inequality")
        return condition.gts - condition.lts
    return seam.args[0]


def _on_side(seam, facts):
    """The value of a seam where the facts hold, or None where they do not tell."""
    side = next((s for f in facts if (s := quotient_sign(_ratio(_inside(seam), f)))), 0)
    if not side:
        return None
    if isinstance(seam, (Max, Min)):
        first, second, *rest = seam.args
        chosen = first if (side > 0) == isinstance(seam, Max) else second
        return seam.func(chosen, *rest)
    if isinstance(seam, Piecewise):
        (first, _), *rest = seam.args
        return first if side > 0 else Piecewise(*rest)
    return {Abs: side * seam.args[0], sign: sympy.Integer(side), Heaviside: sympy.Integer(side > 0)}[seam.func]


@functools.lru_cache(maxsize=4096)
def _ratio(x, fact) -> sympy.Expr:
    """x/fact in lowest terms: the pieces ask for the same ones again."""
    return cancel(x / fact)


def thin(facts, side_of) -> bool:
    """Whether two of the facts hold together at most on a seam, which is the end of other pieces.

    Closed pieces with an inside cover all states, as their union is closed and dense.
    """
    plain = [top if side_of(bottom) > 0 else sympy.sympify(f)
             for f in facts for top, bottom in [sympy.fraction(sympy.together(f))]]
    for f, other in itertools.combinations(plain, 2):
        h = sympy.expand(f + other)
        if h == 0 or side_of(h) < 0 or side_of(_ratio(f, other)) < 0:
            return True
    return False


def insides(expressions) -> set:
    """Every expression whose sign selects a branch."""
    found = set()
    for e in Tuple(*expressions).atoms(*SEAMS):
        if isinstance(e, (Max, Min)):
            found |= {a - b for i, a in enumerate(e.args) for b in e.args[:i]}
        elif isinstance(e, Piecewise):
            found |= {c.gts - c.lts for _, c in e.args if isinstance(c, INEQUALITIES)}
        else:
            found.add(e.args[0])
    return found


def solve_facts(facts, states, expressions, side_of) -> tuple[dict, dict | None]:
    """Each fact h ≥ 0 solved for a state x, as h = p with a new symbol p ≥ 0: `{x: value}` and `{p: h}`.

    Facts that are not linear in a state (or in its square, where it only occurs squared) with a coefficient of known
    sign (`side_of`, 0 where it is not known) are dropped, and so is x ≥ 0 for an x that is solved for: the piece only
    grows, so what is proved on it holds on the true one.
    """
    solution: dict[sympy.Symbol, sympy.Expr] = {}
    meaning: dict[sympy.Symbol, sympy.Expr] = {}
    if thin(facts, side_of):
        return solution, None
    rooted = {p.base for e in expressions for p in e.atoms(sympy.Pow) if p.base.is_Symbol and p.exp.is_Rational
              and p.exp.q == 2}
    for fact in facts:
        h = sympy.expand(sympy.sympify(fact).subs(solution, simultaneous=True))
        if side_of(h) < 0:
            return solution, None  # h < 0 inside: there is no such state, but at ends of other pieces
        if side_of(h) > 0:
            continue  # this is known
        unknown = {*states, *meaning} & h.free_symbols - {x for x in rooted if not (h / x).is_number}
        for x in sorted(unknown, key=lambda x: (x.is_positive is True, x not in meaning, str(x))):
            slope, power = h.diff(x), 1
            if slope.has(x) and h.is_polynomial(x) and set(sympy.Poly(h, x).as_dict()) == {(2,), (0,)} and all(
                    e.subs(x, -x) == e for e in expressions):  # x occurs squared only
                slope, power = sympy.Poly(h, x).coeff_monomial(x**2), 2
            if slope.has(x) or side_of(slope) == 0:
                continue
            p = Fresh(f"p_{x}", positive=True)
            value = sympy.cancel((p - h.subs(x, 0)) / slope)**sympy.Rational(1, power)
            solution = {y: v.subs(x, value) for y, v in solution.items()}
            if x in meaning:
                del meaning[x]
            else:
                solution[x] = value
            meaning[p] = x if (fact / x).is_number else fact
            break
    return solution, meaning
