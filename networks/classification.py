"""The nature of a critical point of an expression, alone or as a function of one parameter."""
from __future__ import annotations

import itertools
from collections.abc import Sequence

import sympy

from arithmetic import simplified

from .cases import Cases, cases
from .germ import Germ
from .nature import Nature


def classify(expression: sympy.Expr, symbols: Sequence[sympy.Symbol], point: Sequence, *,
             order: int = 8) -> tuple[Nature, str] | Cases:
    """The nature of a critical point of a sympy expression, and the argument for it.

    expression : smooth near the point, its gradient exactly zero there.  symbols, point : coordinates, exact numbers.
    order : how far Taylor series go for non-polynomial expressions.

    Returns `(nature, evidence)`, a `Nature`; "undecided" where no argument applies.  An expression with one further
    symbol c gives `Cases`: the list of `(nature, condition on c)`, all real values of c (as its assumptions allow) once
    each.

    - Hessian invertible, or with eigenvalues of both signs: decided by the signs.
    - Otherwise the coordinates outside its kernel are eliminated by ∂F/∂x = 0, which leaves φ on the kernel (splitting
      lemma): of one variable, the first term decides; of two, a polynomial φ is decided on small circles, isolated or
      not; of more, a definite leading form (sum of squares) or one of both signs decides, or φ itself where it is
      homogeneous and a sum of squares that vanishes on a line.

    Raises ValueError if the point is not critical or there are several parameters.
    Sources: Gromoll & Meyer 1969 (splitting lemma); Sturm counts on small circles; Peyrl & Parrilo 2008 (squares).
    """
    symbols, point = list(symbols), [sympy.sympify(p) for p in point]
    expression = sympy.sympify(expression)
    at = dict(zip(symbols, point, strict=True))
    if rough := _rough(expression, at):
        return Nature.UNDECIDED, f"the function need not be smooth at the point, where {rough} = 0"
    slope = [simplified(expression.diff(s).subs(at)) for s in symbols]
    if any(g != 0 for g in slope):
        raise ValueError(f"classify: {point} is not a critical point, the gradient there is {slope}")
    moved = expression.subs({s: s + p for s, p in at.items()}, simultaneous=True) - expression.subs(at)
    moved = sympy.expand(moved) if moved.is_polynomial(*symbols) else moved
    parameters = sorted(expression.free_symbols - set(symbols), key=str)
    if len(parameters) > 1:
        raise ValueError(f"classify: one parameter at a time, not {parameters}; substitute numbers for the others")
    if parameters:
        return cases(moved, symbols, parameters[0], order)
    return Germ(moved, symbols, order).nature()


def _rough(expression, at) -> sympy.Expr | None:
    """What vanishes at the point, where |x|, max, min, sign, cases, roots or quotients then need not be smooth."""
    inside = [e.args[0] for e in expression.atoms(sympy.Abs, sympy.sign, sympy.Heaviside)]
    inside += [a - b for e in expression.atoms(sympy.Max, sympy.Min) for a, b in itertools.combinations(e.args, 2)]
    inside += [c.lhs - c.rhs for e in expression.atoms(sympy.Piecewise) for _, case in e.args
               for c in case.atoms(sympy.core.relational.Relational)]
    inside += [e.base for e in expression.atoms(sympy.Pow) if e.exp.is_number and not (e.exp.is_Integer and e.exp > 0)]
    return next((e for e in inside if simplified(e.subs(at)) == 0), None)
