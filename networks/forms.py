"""Leading forms in any number of variables:
definite by a certificate (sum of squares), or of both signs by two points."""
from __future__ import annotations

import itertools

import numpy as np
import sympy
from sympy import Poly, Rational

from arithmetic.squares import rounded, sum_of_squares, weight


def leading_part(poly: Poly) -> tuple[sympy.Expr, tuple]:
    """The quasi-homogeneous leading part and the weights, 1/d_i for the lowest pure power x_i^{d_i}.

    Every monomial has weight Σ e_i/d_i ≥ 1 and the leading part collects those of weight 1.  Where a pure power is
    missing or a monomial lies below, it is the form of lowest degree (equal weights).
    """
    powers: dict[int, int] = {}
    for monomial in poly.monoms():
        used = [i for i, e in enumerate(monomial) if e]
        if len(used) == 1:
            powers[used[0]] = min(powers.get(used[0], monomial[used[0]]), monomial[used[0]])
    n, lowest = len(poly.gens), min(sum(m) for m in poly.monoms())
    weights = tuple(Rational(1, powers.get(i, lowest)) for i in range(n))
    if len(powers) < n or any(weight(m, weights) < 1 for m in poly.monoms()):
        weights = (Rational(1, lowest),) * n
    part = sum(c * sympy.prod(x**e for x, e in zip(poly.gens, m, strict=True))
               for m, c in poly.terms() if weight(m, weights) == 1)
    return part, weights


def form_sign(form, gens, weights) -> tuple[str, str] | None:
    """("min" | "max" | "saddle", evidence) of a quasi-homogeneous form with rational coefficients, or None."""
    f = Poly(form, *gens)
    signs: dict[int, tuple] = {}
    rng = np.random.default_rng(0)
    grid = itertools.islice(itertools.product((0, 1, -1, 2, -2), repeat=len(gens)), 3200)
    for point in itertools.chain(grid, (tuple(map(int, p)) for p in rng.integers(-9, 10, (400, len(gens))))):
        value = f.eval(dict(zip(gens, point, strict=True))) if any(point) else 0
        if value != 0:
            signs.setdefault(1 if value > 0 else -1, point)
    if len(signs) == 2:
        return "saddle", f"its leading form {form} is positive at {signs[1]} and negative at {signs[-1]}"
    if len(signs) != 1:
        return None
    sign = next(iter(signs))
    squares = sum_of_squares(Poly(sign * form, *gens), weights)
    if squares is None:
        return None
    monomials, gram = squares
    text = (f"its leading form {form} is {'' if sign > 0 else 'minus '}zᵀGz, z = {tuple(monomials)}, with "
            f"G = {gram.tolist()} positive definite")
    return ("min" if sign > 0 else "max"), text


def flat_form(form, gens) -> tuple[str, str] | None:
    """("non-strict min" | "non-strict max", evidence) of a homogeneous form with rational coefficients, or None.

    It vanishes at a point, and so on the line through it, and ± the form is a sum of squares: (Bz)ᵀG(Bz), z the
    monomials of half its degree and the rows of B those of their combinations that vanish at the zeros, G positive
    semidefinite.
    """
    f = Poly(form, *gens)
    if not f.is_homogeneous or f.total_degree() % 2 or not all(c.is_Rational for c in f.coeffs()):
        return None
    values = {u: f.eval(dict(zip(gens, u, strict=True)))
              for u in itertools.islice(itertools.product((1, 0, -1), repeat=len(gens)), 3200) if any(u)}
    signs, zeros = {sympy.sign(v) for v in values.values() if v}, [u for u, v in values.items() if v == 0]
    if len(signs) != 1 or not zeros:
        return None
    sign, half = signs.pop(), f.total_degree() // 2
    z = [sympy.prod(x**e for x, e in zip(gens, m, strict=True))
         for m in itertools.product(range(half + 1), repeat=len(gens)) if sum(m) == half]
    kernel = sympy.Matrix([[e.subs(dict(zip(gens, u, strict=True))) for e in z] for u in zeros]).nullspace()
    basis = [(sympy.Matrix([z]) * v)[0] for v in kernel]
    pairs = list(itertools.combinations_with_replacement(range(len(basis)), 2))
    if not basis or len(pairs) > 60:
        return None
    unknown = sympy.symbols(f"q:{len(pairs)}")
    whole = sum(q * basis[i] * basis[j] * (1 if i == j else 2) for q, (i, j) in zip(unknown, pairs, strict=True))
    found = sympy.solve(Poly(sympy.expand(whole - sign * form), *gens).coeffs(), unknown, dict=True)
    if not found:
        return None
    solved = [found[0].get(q, q) for q in unknown]
    free = sorted(set().union(*(e.free_symbols for e in solved)), key=str)

    def gram(values, number):
        at = dict(zip(free, map(sympy.sympify, values), strict=True))
        entries = {pair: number(e.subs(at)) for pair, e in zip(pairs, solved, strict=True)}
        return [[entries[min(i, j), max(i, j)] for j in range(len(basis))] for i in range(len(basis))]

    G = rounded(gram, len(free), lambda G: G.is_positive_semidefinite)
    if G is None:
        return None
    kind, minus = ("min", "") if sign > 0 else ("max", "minus ")
    return f"non-strict {kind}", (
        f"it has the sign of {form}, which vanishes on the line through {zeros[0]} and is {minus}zᵀGz, "
        f"z = {tuple(basis)}, with G = {G.tolist()} positive semidefinite")
