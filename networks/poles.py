"""Where a loss is infinite or has no value.

Hyperplanes on which it is infinite, and boxes around them that are proved to hold no critical point:

F = R + c log φ(s), or R + c φ(s)^−k, with s affine in θ and φ(z) = 0 of order m.  Along d with d·∇s = 1, by Taylor's
formula for φ and φ' at z,

    d·∇F = d·∇R + c φ'/φ  (or − c k φ'/φ^(k+1)),     (s − z) φ'(s)/φ(s) = m φ⁽ᵐ⁾(η)/φ⁽ᵐ⁾(ξ),   ξ, η between z and s:

where the second term outweighs the first, F has no critical point, whatever the other coordinates are.
"""
from __future__ import annotations

from collections.abc import Callable
from functools import cached_property

import numpy as np
import sympy

from arithmetic import as_decimals, exact_sign
from arithmetic.ends import above, below, enclosing
from arithmetic.tape import Tape, recorded

from .bounds import values_on

HIGHEST = 4  #: the order of a zero that is looked at


class Pole:
    """The set {s = z} of one term c log φ(s) (power 0) or c φ(s)^−power.

    equation : s − z.  `holds(low, high)` : which boxes are proved to hold no critical point.  met : whether one was.
    """

    def __init__(self, enclosures, rest: sympy.Expr, factor: sympy.Expr, phi: sympy.Expr, power: int,
                 s: sympy.Symbol, form: sympy.Expr, zero: sympy.Expr, order: int):
        self.enclosures, self.power, self.order = enclosures, power, order
        self.equation, self.met = form - zero, False
        symbols = enclosures.loss.symbols
        a = [form.diff(x) for x in symbols]
        size = sum(x**2 for x in a)
        self._slope = sum(x / size * rest.diff(t) for x, t in zip(a, symbols, strict=True))
        self._factor = min(map(abs, enclosing(factor)))
        self._phi, self._top, self._s, self._form = phi, phi.diff(s, order), s, form
        self._zero = enclosing(zero)

    @cached_property
    def tapes(self) -> tuple[Tape, Tape]:
        """θ ↦ (d·∇R, s) and s ↦ (φ⁽ᵐ⁾, φ)."""
        loss = self.enclosures.loss
        return self._tape(loss.symbols, self._slope, self._form), self._tape((self._s,), self._top, self._phi)

    def _tape(self, symbols, *expressions) -> Tape:
        return Tape(recorded(expressions, symbols), self.enclosures.executor)

    def holds(self, low, high) -> np.ndarray:
        with np.errstate(all="ignore"):
            a, b, usable = self.tapes[0](low, high)
            slope = np.maximum(np.abs(a[0]), np.abs(b[0]))
            left, right = np.minimum(a[1], self._zero[0]), np.maximum(b[1], self._zero[1])
            away = above(np.maximum(above(b[1] - self._zero[0]), above(self._zero[1] - a[1])))
            p, q, smooth = self.tapes[1](left[None], right[None])
            least, most = np.minimum(np.abs(p[0]), np.abs(q[0])), np.maximum(np.abs(p[0]), np.abs(q[0]))
            steep = below(self._factor * self.order * least / most / away, 4)
            if self.power:
                size = np.maximum(np.abs(p[1]), np.abs(q[1]))
                steep = below(self.power * steep / above(size**self.power, 2 * self.power), 4)
            held: np.ndarray = usable & smooth & np.isfinite(slope) & ((p[0] > 0) | (q[0] < 0)) & (steep > slope)
        self.met |= bool(held.any())
        return held


def poles(enclosures, low, high, zeros: Callable) -> list[Pole]:
    """The poles of F in a box that are seen in its terms.  zeros : (expressions, s) -> their exact common zeros."""
    symbols, found = enclosures.loss.symbols, list[Pole]()
    f = sympy.expand_mul(as_decimals(enclosures.loss.expression), deep=False)
    for term in sympy.Add.make_args(f):
        factor, rest = term.as_independent(*symbols)
        if isinstance(rest, sympy.log):
            phi, power = rest.args[0], 0
        elif rest.is_Pow and rest.exp.is_Integer and rest.exp < 0:
            phi, power = rest.base, -int(rest.exp)
        else:
            continue
        values = values_on(phi, symbols, low, high)
        if values.low > 0 or values.high < 0 or not factor.is_number or (
                form := affine_form(phi, symbols)) is None:
            continue
        s = sympy.Symbol("s", real=True)
        pivot = next(x for x in symbols if form.has(x))
        inner = phi.subs(pivot, s / form.coeff(pivot)).subs(dict.fromkeys(symbols, 0))
        for zero in zeros([inner], s):
            order = next((m for m in range(1, HIGHEST + 1) if exact_sign(inner.diff(s, m).subs(s, zero))), None)
            if order and all(exact_sign(inner.diff(s, m).subs(s, zero)) == 0 for m in range(order)):
                found.append(Pole(enclosures, f - term, factor, inner, power, s, form, zero, order))
    return found


def without_value(loss, low, high) -> bool:
    """Whether F is proved to have no real value in a box: the argument of a logarithm or a root is negative there.

    The formulas of its derivatives may be defined there all the same.
    """
    f = as_decimals(loss.expression)
    inside = [e.args[0] for e in f.atoms(sympy.log)]
    inside += [e.base for e in f.atoms(sympy.Pow) if e.exp.is_Rational and e.exp.q % 2 == 0]
    return any(values_on(e, loss.symbols, low, high).high < 0 for e in inside)


def affine_form(phi: sympy.Expr, symbols) -> sympy.Expr | None:
    """Σ a_i x_i of which a smooth function is a function: its partial derivatives are multiples of one of them."""
    slopes = {x: d for x in symbols if (d := phi.diff(x)) != 0}
    if not slopes or phi.has(sympy.Abs, sympy.sign, sympy.Max, sympy.Min, sympy.Piecewise):
        return None
    pivot = next(iter(slopes))
    ratios = {x: sympy.simplify(d / slopes[pivot]) for x, d in slopes.items()}
    if not all(r.is_Rational for r in ratios.values()):
        return None
    return sum((r * x for x, r in ratios.items()), sympy.Integer(0))
