"""The nature of a critical point, by argument: Hessian signs, the splitting lemma, and an exact test in two variables."""
from __future__ import annotations

import sympy
from sympy import Poly, Rational

NATURES = {"min": "minimum", "max": "maximum", "saddle": "saddle"}


def classify(expression, symbols, point, *, order: int = 8) -> tuple[str, str]:
    """The nature of a critical point of a sympy expression, and the argument for it.

    expression : smooth near the point, its gradient exactly zero there.  symbols, point : coordinates and exact numbers.
    order : how far Taylor series go for non-polynomial expressions.

    Returns `(nature, evidence)`; "undecided" where no argument applies.  Raises ValueError if the point is not critical.
    Sources: splitting lemma (Gromoll & Meyer 1969); square-free factorisation and Sturm counts on small circles.
    """
    symbols, point = list(symbols), [sympy.sympify(p) for p in point]
    at = dict(zip(symbols, point, strict=True))
    slope = [sympy.simplify(expression.diff(s).subs(at)) for s in symbols]
    if any(g != 0 for g in slope):
        raise ValueError(f"classify: {point} is not a critical point, the gradient there is {slope}")
    hessian = sympy.hessian(expression, symbols).subs(at).applyfunc(sympy.simplify)
    signs = eigenvalue_signs(hessian)
    if signs is None:
        return "undecided", "the signs of the Hessian's eigenvalues could not be decided"
    positive, negative, zero = signs
    if not zero:
        nature = "saddle" if positive and negative else "minimum" if positive else "maximum"
        return nature, f"the Hessian is invertible with {positive} positive and {negative} negative eigenvalues"
    if positive and negative:
        return "degenerate saddle", f"the Hessian is singular and has eigenvalues of both signs ({positive} +, {negative} −)"
    moved = expression.subs({s: s + p for s, p in at.items()}, simultaneous=True) - expression.subs(at)
    moved = sympy.expand(moved) if moved.is_polynomial(*symbols) else moved
    if len(symbols) == 2 and moved.is_polynomial(*symbols) and all(c.is_Rational for c in Poly(moved, *symbols).coeffs()):
        kind = circle_test(Poly(moved, *symbols))
        return _degenerate(kind), f"the Hessian is singular; F − F(θ*) on small circles: {_CIRCLE[kind]}"
    if zero == 1:
        return _split(moved, symbols, hessian, bool(positive), bool(negative), order)
    return "undecided", f"the kernel of the Hessian has dimension {zero}: no exact test beyond two polynomial variables"


_CIRCLE = {"min": "it is positive (no real branch of F = F(θ*))", "max": "it is negative",
           "non-strict min": "it is ≥ 0 and vanishes on branches of even multiplicity only",
           "non-strict max": "it is ≤ 0 and vanishes on branches of even multiplicity only",
           "saddle": "it changes sign", "flat": "it vanishes"}


def _degenerate(kind: str) -> str:
    return {"min": "degenerate minimum", "max": "degenerate maximum", "saddle": "degenerate saddle",
            "non-strict min": "non-strict minimum", "non-strict max": "non-strict maximum", "flat": "non-strict minimum"}[kind]


def eigenvalue_signs(matrix) -> tuple[int, int, int] | None:
    """Numbers of positive, negative and zero eigenvalues of an exact symmetric matrix (Descartes' rule is exact here)."""
    x = sympy.Symbol("x")
    coefficients = [sympy.simplify(c) for c in matrix.charpoly(x).all_coeffs()]
    zero = 0
    while coefficients[-1] == 0:
        coefficients, zero = coefficients[:-1], zero + 1
    signs = [exact_sign(c) for c in coefficients]
    if None in signs:
        return None
    # all roots are real, so the number of sign changes is the number of positive roots
    nonzero = [s for s in signs if s]
    positive = sum(a != b for a, b in zip(nonzero, nonzero[1:]))
    return positive, len(coefficients) - 1 - positive, zero


def exact_sign(number) -> int | None:
    """The sign of an exact number, None if it cannot be told."""
    number = sympy.sympify(number)
    if number.is_zero:
        return 0
    if number.is_positive or number.is_negative:
        return 1 if number.is_positive else -1
    if number.free_symbols:
        return None
    value = sympy.N(number, 50, maxn=200)
    if value.is_comparable and abs(value) > sympy.Float("1e-40"):
        return 1 if value > 0 else -1  # 50 correct digits and not near zero
    simplified = sympy.simplify(number)
    return 0 if simplified == 0 else None


def circle_test(polynomial: Poly) -> str:
    """The sign of a polynomial in two variables, 0 at the origin, on all small circles around it.

    On the circle of radius r, rationally parametrised by t, the square-free part of F has the same number of real
    roots for every r below the smallest positive root of its leading coefficient, its discriminant and F(−r, 0).
    """
    x, y = polynomial.gens
    t, r = sympy.symbols("t r", real=True)
    f = polynomial.as_expr()
    for _ in range(8):  # turn the half line y = 0, x < 0, which the parametrisation misses, out of the zero set
        if sympy.expand(f.subs({x: -r, y: 0})) != 0:
            break
        f = sympy.expand(f.subs({x: x - y, y: x + y}, simultaneous=True).subs({x: x + y / 3}))
    else:
        return "flat"
    degree = Poly(f, x, y).total_degree()
    circle = sympy.expand(sympy.cancel((1 + t**2) ** degree * f.subs({x: r * (1 - t**2) / (1 + t**2),
                                                                     y: 2 * r * t / (1 + t**2)}, simultaneous=True)))
    factors = [(g, k) for g, k in sympy.factor_list(circle, t, r)[1] if g.has(t)]
    radius = Rational(1)
    product = sympy.prod(g for g, _ in factors) if factors else sympy.Integer(1)
    conditions = [f.subs({x: -r, y: 0})]
    if factors:
        q = Poly(product, t)
        conditions.append(q.LC())
        if q.degree() > 1:
            conditions.append(sympy.discriminant(product, t))
    for condition in conditions:
        condition = Poly(condition, r).sqf_part()
        condition = condition if condition.eval(0) else condition.exquo(Poly(r, r))  # leaves the positive roots
        while condition.count_roots(0, radius):
            radius /= 2
    branches = lambda parts: sum(Poly(g.subs(r, radius), t).count_roots() for g, _ in parts)  # noqa: E731
    if branches([(g, k) for g, k in factors if k % 2]):
        return "saddle"
    sign = exact_sign(f.subs({x: -radius, y: 0}))
    kind = "min" if sign > 0 else "max"
    return f"non-strict {kind}" if branches(factors) else kind


def _split(moved, symbols, hessian, positive: bool, negative: bool, order: int) -> tuple[str, str]:
    """One-dimensional kernel: eliminate the other coordinates, then the first term along the kernel decides."""
    kernel = hessian.nullspace()[0]
    k = max(range(len(symbols)), key=lambda i: abs(sympy.N(kernel[i])))
    y = sympy.Symbol("y", real=True)
    others = [i for i in range(len(symbols)) if i != k]
    # θ = y·kernel + Σ x_i e_i, with the x_i power series in y that make ∂F/∂x_i = 0 up to the order
    xs = {i: sympy.Symbol(f"x{i}", real=True) for i in others}
    theta = {symbols[i]: y * kernel[i] / kernel[k] + xs.get(i, 0) for i in range(len(symbols))}
    f = moved.subs(theta, simultaneous=True)
    series = dict.fromkeys(xs.values(), sympy.Integer(0))
    block = sympy.Matrix([[hessian[i, j] for j in others] for i in others])
    for n in range(2, order):
        residual = sympy.Matrix([_coefficient(f.diff(xs[i]).subs(series), y, n) for i in others])
        step = block.LUsolve(-residual)
        series = {x: s + step[j] * y**n for j, (x, s) in enumerate(series.items())}
    reduced = f.subs(series)
    for n in range(3, order + 1):
        c = _coefficient(reduced, y, n)
        sign = exact_sign(c)
        if sign is None:
            return "undecided", f"the sign of the coefficient {c} of y^{n} along the kernel could not be decided"
        if sign:
            text = f"the Hessian has a kernel of dimension 1, along which F − F(θ*) reduces to ({c})·y^{n} + …"
            if n % 2 or (sign > 0 and negative) or (sign < 0 and positive):
                return "degenerate saddle", text
            return ("degenerate minimum" if sign > 0 else "degenerate maximum"), text
    return "undecided", f"F − F(θ*) vanishes along the kernel of the Hessian up to order {order}"


def _coefficient(expression, y, n: int):
    """The Taylor coefficient of yⁿ at 0."""
    return sympy.simplify(expression.diff(y, n).subs(y, 0) / sympy.factorial(n))
