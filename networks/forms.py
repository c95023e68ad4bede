"""Leading forms in any number of variables:
definite by a certificate (sum of squares), or of both signs by two points."""
from __future__ import annotations

import itertools

import numpy as np
import sympy
from sympy import Poly, Rational


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
    if len(powers) < n or any(_weight(m, weights) < 1 for m in poly.monoms()):
        weights = (Rational(1, lowest),) * n
    part = sum(c * sympy.prod(x**e for x, e in zip(poly.gens, m, strict=True))
               for m, c in poly.terms() if _weight(m, weights) == 1)
    return part, weights


def _weight(monomial, weights):
    return sum(e * w for e, w in zip(monomial, weights, strict=True))


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


def sum_of_squares(f: Poly, weights) -> tuple[list, sympy.Matrix] | None:
    """Monomials z and a positive definite rational G with f = zᵀGz, or None where none is found.

    z holds the pure powers x_i^{d_i/2}, so f is positive except at 0.  G is found in floating point (its smallest
    eigenvalue made large), rounded within the affine space of the solutions and then proved exactly.
    Source: Peyrl & Parrilo 2008.
    """
    gens, coefficients = f.gens, f.as_dict()
    top = [int(Rational(1, 2) / w) for w in weights]
    z = [m for m in itertools.product(*(range(k + 1) for k in top)) if _weight(m, weights) == Rational(1, 2)]
    while True:  # a monomial whose square neither f nor another product contains cannot occur
        products: dict[tuple, list] = {}
        for i, j in itertools.combinations_with_replacement(range(len(z)), 2):
            products.setdefault(tuple(a + b for a, b in zip(z[i], z[j], strict=True)), []).append((i, j))
        alone = [i for i in range(len(z)) if len(products[tuple(2 * a for a in z[i])]) == 1
                 and coefficients.get(tuple(2 * a for a in z[i]), 0) <= 0]
        if not alone:
            break
        z = [m for i, m in enumerate(z) if i not in alone]
    if set(coefficients) - set(products) or not all(
            any(m[i] and sum(m) == m[i] for m in z) for i in range(len(gens))):
        return None
    free = [(pairs[0], pair) for pairs in products.values() for pair in pairs[1:]]

    def gram(values, number):
        G = [[number(0)] * len(z) for _ in z]

        def put(pair, value):
            i, j = pair
            G[i][j] = G[i][j] + (value if i == j else value / 2)
            G[j][i] = G[i][j]

        for monomial, pairs in products.items():
            put(pairs[0], number(coefficients.get(monomial, 0)))
        for (first, pair), value in zip(free, values, strict=True):
            put(pair, value)
            put(first, -value)
        return G

    for bits in (2, 6, 12):
        values = _widest(gram, len(free))
        exact = [Rational(round(v * 2**bits), 2**bits) for v in values]
        G = sympy.Matrix(gram(exact, Rational))
        if all(G[:k, :k].det() > 0 for k in range(1, len(z) + 1)):
            return [sympy.prod(x**e for x, e in zip(gens, m, strict=True)) for m in z], G
    return None


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

    for bits in (2, 6, 12):
        G = sympy.Matrix(gram([Rational(round(v * 2**bits), 2**bits) for v in _widest(gram, len(free))], Rational))
        if G.is_positive_semidefinite:
            kind, minus = ("min", "") if sign > 0 else ("max", "minus ")
            return f"non-strict {kind}", (
                f"it has the sign of {form}, which vanishes on the line through {zeros[0]} and is {minus}zᵀGz, "
                f"z = {tuple(basis)}, with G = {G.tolist()} positive semidefinite")
    return None


def _widest(gram, n: int) -> np.ndarray:
    """Free entries for which the smallest eigenvalue is large: log-sum-exp smoothing, sharpened."""
    from scipy.optimize import minimize

    if n == 0:
        return np.zeros(0)
    base = np.array(gram(np.zeros(n), float))
    directions = [np.array(gram(e, float)) - base for e in np.eye(n)]

    def loss(values, sharp):
        eigenvalues, vectors = np.linalg.eigh(base + np.tensordot(values, directions, axes=1))
        weights = np.exp(-sharp * (eigenvalues - eigenvalues[0]))
        value = -eigenvalues[0] + np.log(weights.sum()) / sharp
        weights /= weights.sum()
        return value, np.array([-(weights * np.einsum("ji,jk,ki->i", vectors, D, vectors)).sum() for D in directions])

    values = np.zeros(n)
    for sharp in (1.0, 10.0, 100.0):
        values = minimize(loss, values, args=(sharp / (1 + np.abs(base).max()),), jac=True, method="BFGS").x
    return values
