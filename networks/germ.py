"""A function near a critical point, and its nature:
Hessian, splitting lemma, small circles in two variables, leading forms."""
from __future__ import annotations

import mpmath
import sympy
from sympy import Poly, Rational

from arithmetic import exact_sign, from_sympy, simplified
from arithmetic.jets import Jet

from .circle import Circle, count_roots
from .forms import flat_form, form_sign, leading_part
from .nature import Nature, descartes, invertible


_CIRCLE = {"min": "it is positive (no real branch of F = F(θ*))", "max": "it is negative",
           "non-strict min": "it is ≥ 0 and vanishes on branches of even multiplicity only",
           "non-strict max": "it is ≤ 0 and vanishes on branches of even multiplicity only",
           "saddle": "it changes sign", "flat": "it vanishes"}
_DEGENERATE = {"min": Nature.DEGENERATE_MINIMUM, "max": Nature.DEGENERATE_MAXIMUM, "saddle": Nature.DEGENERATE_SADDLE,
               "non-strict min": Nature.NON_STRICT_MINIMUM, "non-strict max": Nature.NON_STRICT_MAXIMUM,
               "flat": Nature.NON_STRICT_MINIMUM}


class Germ:
    """F − F(θ*) in coordinates around the point, split at the kernel of its Hessian.

    θ = Σ y_j k_j + Σ x_i e_i, the k_j a basis of the kernel, each with its own coordinate (`pivots`).
    """

    def __init__(self, f, symbols, order: int = 8):
        self.f, self.symbols, self.order = f, list(symbols), order
        self.hessian = sympy.hessian(f, self.symbols).subs(dict.fromkeys(self.symbols, 0)).applyfunc(simplified)
        self.polynomial = f.is_polynomial(*self.symbols)

    def nature(self) -> tuple[Nature, str]:
        signs = eigenvalue_signs(self.hessian)
        if signs is None:
            return Nature.UNDECIDED, "the signs of the Hessian's eigenvalues could not be decided"
        positive, negative, zero = signs
        if not zero:
            return Nature.of_hessian(positive, negative), invertible(positive, negative)
        if positive and negative:
            return Nature.DEGENERATE_SADDLE, ("the Hessian is singular and has eigenvalues of both signs "
                                              f"({positive} +, {negative} −)")
        kind, text = self._kernel(zero)
        if kind is None and not self.polynomial and not positive and not negative:
            kind, text = self._along_a_line() or (None, text)
        if kind is None:
            return Nature.UNDECIDED, text
        if (positive and kind in ("max", "non-strict max")) or (negative and kind in ("min", "non-strict min")):
            kind = "saddle"
        if kind == "flat" and negative:
            kind = "non-strict max"
        return _DEGENERATE[kind], text

    # ------------------------------------------------------------------------------------ what is left on the kernel
    @property
    def orders(self) -> tuple:
        """To which orders F is expanded, one after the other: a polynomial needs no expansion."""
        return (self.order,) if self.polynomial else tuple(sorted({min(4, self.order), self.order}))

    def split(self, order: int):
        """(f(y, x), ys, xs) in the coordinates along the kernel and outside it, f up to the order."""
        kernel, pivots = self.hessian.nullspace(), []
        for k in kernel:  # the last coordinate of each basis vector that no other has
            free = [i for i in range(len(self.symbols)) if k[i] != 0 and i not in pivots
                    and all(other is k or other[i] == 0 for other in kernel)]
            pivots.append(max(free, key=lambda i: abs(sympy.N(k[i])) if k[i].is_number else 0))
        ys = [sympy.Symbol(f"y{j + 1}" if len(kernel) > 1 else "y", real=True) for j in range(len(kernel))]
        xs = [sympy.Symbol(f"x{i + 1}", real=True) for i in range(len(self.symbols)) if i not in pivots]
        rest = dict(zip([i for i in range(len(self.symbols)) if i not in pivots], xs, strict=True))
        theta = {s: sum(y * k[i] / k[p] for y, k, p in zip(ys, kernel, pivots, strict=True)) + rest.get(i, 0)
                 for i, s in enumerate(self.symbols)}
        f = self.f
        if not self.polynomial:  # its Taylor polynomial is all that series up to the order see
            tau = sympy.Symbol("tau", real=True)
            f = sum(taylor(f, self.symbols, [tau * s for s in self.symbols], tau, order)[2:])
        return sympy.expand(f.subs(theta, simultaneous=True)), ys, xs

    def exact(self, f, ys, xs):
        """φ(y) as (numerator, denominator), where ∂f/∂x = 0 is linear in x; else None."""
        if not self.polynomial:
            return None
        if not xs:
            return f, sympy.Integer(1)
        slope = [f.diff(x) for x in xs]
        if any(Poly(g, *xs).total_degree() > 1 for g in slope):
            return None
        matrix = sympy.Matrix([[g.diff(x) for x in xs] for g in slope])
        level = sympy.Matrix([g.subs(dict.fromkeys(xs, 0)) for g in slope])
        # f = f₀ + levelᵀx + xᵀMx/2 at x = −M⁻¹ level
        phi = f.subs(dict.fromkeys(xs, 0)) - (level.T * matrix.adjugate() * level)[0] / (2 * matrix.det())
        top, bottom = sympy.fraction(sympy.together(phi))
        return sympy.expand(top), sympy.expand(bottom)

    def series(self, f, ys, xs, order: int):
        """φ(y) up to the order, by power series x(y) with ∂f/∂x = 0."""
        tau = sympy.Symbol("tau", real=True)
        block = sympy.Matrix([[f.diff(a, b).subs(dict.fromkeys([*xs, *ys], 0)) for b in xs] for a in xs])
        scaled = f.subs({y: tau * y for y in ys}, simultaneous=True)
        found = dict.fromkeys(xs, sympy.Integer(0))
        for n in range(2, order):
            residual = sympy.Matrix([_coefficient(scaled.diff(x).subs(found), tau, n) for x in xs])
            if xs:
                step = block.LUsolve(-residual)
                found = {x: s + step[j] * tau**n for j, (x, s) in enumerate(found.items())}
        reduced = scaled.subs(found)
        return [_coefficient(reduced, tau, n) for n in range(3, order + 1)]

    def _kernel(self, zero: int) -> tuple[str | None, str]:
        for order in self.orders:
            kind, text = self._reduced(zero, order)
            if kind is not None:
                break
        return kind, text

    def _reduced(self, zero: int, order: int) -> tuple[str | None, str]:
        f, ys, xs = self.split(order)
        split = self.exact(f, ys, xs)
        if split is not None:
            top, bottom = split
            bottom = bottom.subs(dict.fromkeys(ys, 0))
            if exact_sign(bottom) is None:
                return None, "the sign of the determinant of the Hessian outside its kernel could not be decided"
            top = sympy.expand(top / bottom)  # φ to leading order
            if top == 0 or sympy.simplify(top) == 0:
                return "flat", "the Hessian is singular, and F = F(θ*) on a curve through θ* that minimises across it"
            return self._exactly(top, ys, zero)
        if zero == 1:
            return self._line(f, ys, xs, order)
        if zero == 2 and len(self.symbols) == 2 and self.polynomial:
            return self._exactly(f, ys, zero)
        terms = [sympy.expand(c) for c in self.series(f, ys, xs, order)]
        if not any(terms):
            return None, f"F − F(θ*) vanishes on the kernel of the Hessian up to order {order}"
        return self._form(sum(terms), ys, f"up to order {order} ")

    def _exactly(self, phi, ys, zero: int) -> tuple[str | None, str]:
        if zero == 1:
            (y,) = ys
            (n,), c = Poly(phi, y).terms()[-1]
            return _term(c, n)
        if zero == 2:
            part, weights = leading_part(Poly(phi, *ys))
            kind = plane_form(part, *ys)
            if kind in ("min", "max", "saddle") or (kind and sympy.expand(part - phi) == 0):
                return (kind,
                        f"the Hessian has a kernel of dimension 2; the leading form there is {part}: {_CIRCLE[kind]}")
            kind = circle_test(Poly(phi, *ys))
            text = "the Hessian is singular; F − F(θ*) on small circles" if not len(self.symbols) > 2 else (
                "the Hessian has a kernel of dimension 2, on which F − F(θ*) is reduced; on small circles")
            return ((kind, f"{text}: {_CIRCLE[kind]}") if kind else (None, "the sign on small circles could not be "
                                                                           "computed"))
        return self._form(phi, ys, "")

    def _form(self, phi, ys, known: str) -> tuple[str | None, str]:
        poly = Poly(phi, *ys)
        start = f"the Hessian has a kernel of dimension {len(ys)}, on which F − F(θ*) is {known}reduced; "
        if len(ys) > 2 and not all(c.is_Rational for c in poly.coeffs()):
            return None, start + "its coefficients are not rational, and no exact test for forms of these is known here"
        part, weights = leading_part(poly)
        if len(ys) == 2:
            kind = plane_form(part, *ys)
            found = (kind, f"its leading form is {part}: {_CIRCLE[kind]}") if kind in ("min", "max", "saddle") else None
        else:
            found = form_sign(part, ys, weights)
            if found is None and not known:  # of the sign of φ itself
                found = flat_form(phi, ys)
        if found is None:
            return None, start + f"its leading form {part} is neither proved definite nor of both signs: undecided"
        return found[0], start + found[1]

    def _along_a_line(self) -> tuple[str, str] | None:
        """Of F that is a function of one monomial, or nowhere below F(θ*), and is F(θ*) on a coordinate axis."""
        w = sympy.Symbol("w", real=True)
        for e in sorted(self.f.atoms(sympy.Mul), key=sympy.default_sort_key):
            if e.free_symbols <= set(self.symbols) and e.is_polynomial(*e.free_symbols):
                (powers, c), *more = Poly(e, *sorted(e.free_symbols, key=str)).terms()
                inner = self.f.subs(e, w)
                if more or c != 1 or len(powers) == 1 or inner.free_symbols != {w}:
                    continue
                for n in range(1, self.order + 1):
                    value = simplified(inner.diff(w, n).subs(w, 0) / sympy.factorial(n))
                    if (sign := exact_sign(value)) is None:
                        return None
                    if sign:
                        kind = "saddle" if n % 2 and any(k % 2 for k in powers) else (
                            "non-strict min" if sign > 0 else "non-strict max")
                        return kind, f"F − F(θ*) is ({value})·w^{n} + … with w = {e}: {_CIRCLE[kind]}"
        real = self.f.xreplace({x: sympy.Dummy(x.name, real=True) for x in self.symbols})
        still = any(self.f.subs({x: 0 for x in self.symbols if x is not axis}) == 0 for axis in self.symbols)
        for kind, holds in (("non-strict min", real.is_nonnegative), ("non-strict max", real.is_nonpositive)):
            if holds and still:
                return kind, f"F − F(θ*) is {'≥' if kind[-1] == 'n' else '≤'} 0 everywhere, and 0 on a coordinate axis"
        return None

    def _line(self, f, ys, xs, order: int) -> tuple[str | None, str]:
        """A kernel of dimension 1: the first term along it, or a multiple component of {F = F(θ*)}."""
        while True:
            for n, c in enumerate(self.series(f, ys, xs, order), 3):
                c = sympy.simplify(c.subs(ys[0], 1))
                sign = exact_sign(c)
                if sign is None:
                    return None, f"the sign of the coefficient {c} of y^{n} along the kernel could not be decided"
                if sign:
                    return _term(c, n)
            if not self.polynomial:
                return None, f"F − F(θ*) vanishes along the kernel of the Hessian up to order {order}"
            # φ ≡ 0 exactly where F and ∂F share a component through θ*; otherwise its order is at most
            # d (d − 1)^(n − 1)
            degree = Poly(f, *ys, *xs).total_degree()
            bound = degree * (degree - 1) ** len(xs)
            if len(xs) == 1:
                common = sympy.gcd_list([f, f.diff(xs[0]), f.diff(ys[0])], *ys, *xs, extension=True)
                if common.subs(dict.fromkeys([*ys, *xs], 0)) == 0:
                    return ("flat",
                            f"the Hessian is singular, and F = F(θ*) on the curve {common} = 0 of critical points")
            if order >= bound:
                return ("flat",
                        f"F − F(θ*) vanishes along the kernel of the Hessian: up to Bézout's bound, order {bound}")
            order = min(2 * order, bound)
            if order > 64:
                return None, f"F − F(θ*) vanishes along the kernel of the Hessian up to order {order // 2}"


def _term(c, n: int) -> tuple[str | None, str]:
    """The kind of c·yⁿ + …"""
    text = f"the Hessian has a kernel of dimension 1, along which F − F(θ*) reduces to ({c})·y^{n} + …"
    sign = exact_sign(c)
    if sign is None:
        return None, f"the sign of the coefficient {c} of y^{n} along the kernel could not be decided"
    return ("saddle" if n % 2 else "min" if sign > 0 else "max"), text


class _Unknown(Exception):
    """The sign of a number could not be told."""


def _sign(number) -> int:
    sign = exact_sign(number)
    if sign is None:
        raise _Unknown
    return sign


def plane_form(form: sympy.Expr, x: sympy.Symbol, y: sympy.Symbol) -> str | None:
    """The kind of a quasi-homogeneous form in two variables, from its values on x = ±1 and on x = 0.

    "min", "max", "non-strict min", "non-strict max" or "saddle"; None where a sign could not be told.
    """
    try:
        return _enclosed_form(form, x, y) if _extension(Poly(form, x, y)) is False else _plane_form(form, x, y)
    except _Unknown:
        return None


def _enclosed_form(form, x, y) -> str | None:
    """The kind of a form with other real coefficients, such as π, between two forms with rational ones; else None."""
    poly = Poly(form, x, y)
    numbers = all(sympy.sympify(c).is_number and sympy.sympify(c).is_real for c in poly.coeffs())
    if not numbers or not poly.is_homogeneous or poly.total_degree() % 2:
        return None
    near = {m: Rational(str(sympy.N(c, 40))) for m, c in poly.terms()}
    gap = sum(1 + abs(c) for c in near.values()) / 10**30  # |xⁱ yʲ| is at most the power of the radius
    middle, rim = Poly(near, x, y).as_expr(), gap * (x**2 + y**2) ** (poly.total_degree() // 2)
    low, high = plane_form(sympy.expand(middle - rim), x, y), plane_form(sympy.expand(middle + rim), x, y)
    if low == "min" or high == "max":
        return "min" if low == "min" else "max"
    rises, falls = low in ("non-strict min", "saddle"), high in ("non-strict max", "saddle")
    return "saddle" if rises and falls else None


def _plane_form(form, x, y) -> str | None:
    signs, odd, zeros = set(), False, False
    for end in (1, -1):
        signs.add(_sign(form.subs({x: 0, y: end})))
        line = Poly(form.subs(x, end), y)
        extension = _extension(line)
        if extension is False:
            return None
        line = Poly(line.as_expr(), y, **({"extension": extension} if extension else {}))
        roots = [(count_roots(g, _sign), k) for g, k in line.sqf_list()[1] if g.degree() > 0]
        odd, zeros = odd or any(n for n, k in roots if k % 2), zeros or any(n for n, _ in roots)
        signs |= {_sign(line.LC() if line.degree() > 0 else line.as_expr())} if line.degree() % 2 == 0 else set()
    zeros, signs = zeros or 0 in signs, signs - {0}
    if odd or len(signs) > 1:
        return "saddle"
    kind = "min" if signs == {1} else "max"
    return f"non-strict {kind}" if zeros else kind


def circle_test(polynomial: Poly) -> str | None:
    """The sign of a polynomial in two variables, 0 at the origin, on all small circles around it (see `Circle`).

    "min", "max", "non-strict min", "non-strict max", "saddle" or "flat"; None where coefficients are neither rational
    nor (up to degree 4) algebraic, or a sign could not be told.
    """
    x, y = polynomial.gens
    f, extension = polynomial.as_expr(), _extension(polynomial)
    if extension is False or (extension and (polynomial.total_degree() > 4 or not all(e.is_Pow for e in extension))):
        return None  # (of higher degree over an extension, resultants take minutes)
    circle = Circle.of(f, x, y, extension)
    try:
        return "flat" if circle is None else circle.sign(_sign, extension)
    except _Unknown:
        return None


def _extension(polynomial: Poly):
    """The irrational algebraic numbers that the coefficients are made of:
    None if there are none, False if others occur."""
    coefficients = [sympy.sympify(c) for c in polynomial.coeffs()]
    if all(c.is_Rational for c in coefficients):
        return None
    if not all(c.is_algebraic for c in coefficients):
        return False
    return sorted({a for c in coefficients for a in sympy.preorder_traversal(c) if isinstance(a, sympy.CRootOf)
                   or (a.is_Pow and a.exp.is_Rational and not a.exp.is_Integer)}, key=str)


def eigenvalue_signs(matrix) -> tuple[int, int, int] | None:
    """Numbers of positive, negative and zero eigenvalues
    of an exact symmetric matrix (Descartes' rule is exact here)."""
    x = sympy.Symbol("x")
    signs = [0 if c == 0 else exact_sign(c) for c in map(simplified, matrix.charpoly(x).all_coeffs())]
    if None in signs:
        return None
    positive, negative = descartes([s for s in signs if s is not None])
    return positive, negative, matrix.rows - positive - negative


def exact_eigenvalues(hessian) -> tuple:
    """Eigenvalues of an exact symmetric matrix: in closed form up to 2 × 2."""
    if hessian.shape == (2, 2):
        trace, det = sympy.expand(hessian.trace()), sympy.expand(hessian.det())
        if det == 0:
            return (trace, sympy.Integer(0)) if exact_sign(trace) == -1 else (sympy.Integer(0), trace)
        root = sympy.sqrt(sympy.expand(trace**2 - 4 * det))
        return tuple(sympy.expand((trace + s * root) / 2) for s in (-1, 1))
    if all(h.is_Rational for h in hessian):
        return tuple(sympy.real_roots(hessian.charpoly().as_expr()))
    with mpmath.workdps(50):  # (their radicals take long)
        roots = mpmath.eigsy(mpmath.matrix(hessian.evalf(50).tolist()), eigvals_only=True)
        values = [sympy.Float(e, 17) for e in roots]
    return tuple(sympy.Integer(0) if abs(e) < 1e-35 * max(map(abs, values)) else e for e in values)


def taylor(f, symbols, path, tau, order: int) -> list:
    """The Taylor coefficients of f at τ = 0 up to the order, along a path that is polynomial in τ, one entry a symbol.

    Their own coefficients, in the other symbols of the path, are exact and simplified, so that 0 is seen.  Raises
    TypeError for functions without a Taylor series in general.
    """
    path = [sympy.Poly(sympy.expand(p), tau).all_coeffs()[::-1] for p in path]
    jets = [Jet([*c, *[sympy.Integer(0)] * (order + 1 - len(c))][:order + 1]) for c in path]
    series = from_sympy(f, dict(zip(symbols, jets, strict=True)))
    coefficients = series.coefficients if isinstance(series, Jet) else [series, *[sympy.Integer(0)] * order]
    free = sorted({s for p in path for c in p for s in c.free_symbols}, key=str)
    return [_simplified_terms(sympy.expand(c), free) for c in coefficients]


def _simplified_terms(expression, symbols):
    """A polynomial with its coefficients simplified."""
    if not symbols:
        return simplified(expression)
    terms = Poly(expression, *symbols).terms()
    return sum((simplified(c) * sympy.prod(s**k for s, k in zip(symbols, powers, strict=True)) for powers, c in terms),
               sympy.Integer(0))


def _coefficient(expression, y, n: int):
    """The Taylor coefficient of yⁿ at 0."""
    if expression.is_polynomial(y):
        return sympy.expand(expression).coeff(y, n)
    return sympy.simplify(expression.diff(y, n).subs(y, 0) / sympy.factorial(n))
