"""Losses whose critical points all lie in a box that can be computed, or of which there is at most one.

Weight decay: for F = Σ c_p r_p² + Σ λ_i θ_i² with residuals affine in θ_S and r⁰ = r at θ_S = 0 constant,
θ_S·∂F/∂θ_S = 0 gives Σ c_p r_p (r_p − r⁰_p) + Σ_S λ_i θ_i² = 0, hence Σ_S λ_i θ_i² ≤ Σ c_p (r⁰_p)²/4 and
Σ c_p r_p² ≤ Σ c_p (r⁰_p)².  The other coordinates are then bounded one by one: far out λ_i θ_i outweighs the rest of
∂F/∂θ_i, which intervals show.
"""
from __future__ import annotations

import numpy as np
import sympy

from arithmetic import Interval, as_decimals, from_sympy
from arithmetic.ends import above, below, enclosing

FARTHEST = 2.0**24  # up to which a coordinate is followed


def bounding_box(enclosures) -> tuple[tuple[float, float], ...] | None:
    """A box outside of which there is no critical point, if one can be found."""
    loss, n = enclosures.loss, enclosures.dim
    parts = decay_and_squares(as_decimals(loss.expression), loss.symbols)
    if parts is None:
        return None
    decay, squares = parts
    low, high = np.full(n, -np.inf), np.full(n, np.inf)
    _bound_linear(enclosures, decay, squares, low, high)
    for i in range(n):
        if np.isfinite(high[i]) or i not in decay:
            continue
        edge = 1.0
        while edge <= FARTHEST and not all(_falls(enclosures, low, high, i, side * edge) for side in (-1, 1)):
            edge *= 2
        if edge <= FARTHEST:
            low[i], high[i] = -edge, edge
    return tuple(zip(low.tolist(), high.tolist(), strict=True)) if np.isfinite([low, high]).all() else None


def decay_and_squares(f, symbols) -> tuple[dict, list] | None:
    """({i: λ_i}, [(c_p, r_p)]) with F = Σ λ_i θ_i² + Σ c_p r_p², all factors positive; None for other F."""
    decay: dict[int, sympy.Expr] = {}
    squares: list[tuple] = []
    for term in sympy.Add.make_args(f):
        c, rest = term.as_coeff_Mul()
        if rest.is_number:
            continue
        if not (c.is_positive and rest.is_Pow and rest.exp == 2):
            return None
        if rest.base in symbols:
            decay[symbols.index(rest.base)] = decay.get(symbols.index(rest.base), 0) + c
        else:
            squares.append((c, rest.base))
    return (decay, squares) if decay else None


def affine(residuals, symbols) -> list[sympy.Symbol]:
    """Symbols in which all residuals are affine jointly, as in the weights of an output layer; the last first."""
    found: list[sympy.Symbol] = []
    for s in reversed(symbols):
        if all(r.diff(s, t) == 0 for r in residuals for t in [*found, s]):
            found.append(s)
    return found


def _bound_linear(enclosures, decay, squares, low, high) -> None:
    """Bounds of the coordinates in which all residuals are affine, jointly."""
    symbols = enclosures.loss.symbols
    linear = affine([r for _, r in squares], symbols)
    zero = dict.fromkeys(linear, 0)
    start = sympy.simplify(sum((c * r.subs(zero) ** 2 for c, r in squares), sympy.Integer(0)))
    if not linear or start.free_symbols:
        return
    for s in linear:
        i = symbols.index(s)
        if i in decay:
            high[i] = above(enclosing(sympy.sqrt(start / (4 * decay[i])))[1])
            low[i] = -high[i]
    free = [s for s in linear if symbols.index(s) not in decay]
    if len(free) == 1:  # an output bias without decay: u = r − (what else is in r)
        for c, r in squares:
            slope, rest = r.diff(free[0]), r.subs(free[0], 0)
            if slope.is_number and slope != 0:
                shift = values_on(rest / slope, symbols, low, high)
                most = enclosing(sympy.sqrt(start / c) / abs(slope))[1]
                if np.isfinite([shift.low, shift.high]).all():
                    i = symbols.index(free[0])
                    low[i], high[i] = below(-most - shift.high), above(most - shift.low)
                    return


def values_on(expression: sympy.Expr, symbols, low, high) -> Interval:
    """What a formula may be on a box."""
    box = {x: Interval(*ends) for x, *ends in zip(symbols, low, high, strict=True)}
    return Interval.of(from_sympy(expression, box))


def _falls(enclosures, low, high, i: int, edge: float) -> bool:
    """Whether ∂F/∂θ_i has the sign of θ_i beyond the edge, wherever the others are."""
    low, high = low.copy(), high.copy()
    low[i], high[i] = (edge, np.inf) if edge > 0 else (-np.inf, edge)
    a, b, _ = enclosures.system.values(low[:, None], high[:, None])
    return bool(a[i, 0] > 0 if edge > 0 else b[i, 0] < 0)


# ------------------------------------------------------------------------------------------------------ convexity
def convex(loss) -> bool:
    """Whether F is seen to be convex: a sum of convex functions of affine ones, with factors ≥ 0."""
    return all(_convex_term(term, loss.symbols) for term in sympy.Add.make_args(as_decimals(loss.expression)))


def _convex_term(term, symbols) -> bool:
    if _affine(term, symbols):
        return True
    c, rest = term.as_coeff_Mul()
    if not c.is_nonnegative:
        return False
    if isinstance(rest, (sympy.exp, sympy.cosh, sympy.Abs)):
        return _affine(rest.args[0], symbols)
    if rest.is_Pow and rest.exp.is_Integer and rest.exp > 0 and rest.exp % 2 == 0:
        return _affine(rest.base, symbols)
    if isinstance(rest, sympy.log):  # log Σ e^affine, constants among them
        return all(_log_affine(t, symbols) for t in sympy.Add.make_args(rest.args[0]))
    return False


def _log_affine(term, symbols) -> bool:
    c, rest = term.as_coeff_Mul()
    return bool(c.is_positive) and (rest == 1 or (isinstance(rest, sympy.exp) and _affine(rest.args[0], symbols)))


def _affine(expression, symbols) -> bool:
    if not expression.is_polynomial(*symbols):
        return False
    return not expression.free_symbols or sympy.Poly(expression, *symbols).total_degree() <= 1
