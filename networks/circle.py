"""The sign of a polynomial in two variables on all small circles around the origin, exactly."""
from __future__ import annotations

import itertools
from dataclasses import dataclass

import sympy
from sympy import Poly, Rational

t, r = sympy.symbols("t r", real=True)


@dataclass(frozen=True)
class Circle:
    """F on the circle of radius r, rationally parametrised by t: its factors, and when they look alike for all small r.

    factors : [(factor that contains t, multiplicity)].  conditions : expressions in r (and a parameter) without zeros
    for 0 < r ≤ r₁: then the factors have the same number of real roots in t for all these r.  ray : F(−r, 0).
    """

    factors: tuple
    conditions: tuple
    ray: sympy.Expr

    @classmethod
    def of(cls, f, x, y, extension=None) -> Circle | None:
        """The circles of f(x, y), f(0) = 0; None where f vanishes identically."""
        for _ in range(8):  # turn the half line y = 0, x < 0, which the parametrisation misses, out of the zero set
            if sympy.expand(f.subs({x: -r, y: 0})) != 0:
                break
            f = sympy.expand(f.subs({x: x - y, y: x + y}, simultaneous=True).subs({x: x + y / 3}))
        else:
            return None
        degree = Poly(f, x, y).total_degree()
        point = {x: r * (1 - t**2) / (1 + t**2), y: 2 * r * t / (1 + t**2)}
        on_circle = sympy.expand(sympy.cancel((1 + t**2) ** degree * f.subs(point, simultaneous=True)))
        if extension is None:
            parts = sympy.factor_list(on_circle)[1]
        else:
            parts = sympy.sqf_list(on_circle, t, r, extension=extension)[1]
        factors = tuple((g, k) for g, k in parts if g.has(t))
        ray = sympy.expand(f.subs({x: -r, y: 0}))
        conditions = [ray, *(Poly(g, t).LC() for g, _ in factors)]
        conditions += [sympy.discriminant(g, t) for g, _ in factors if Poly(g, t).degree() > 1]
        conditions += [sympy.resultant(g, h, t) for (g, _), (h, _) in itertools.combinations(factors, 2)]
        return cls(factors, tuple(conditions), ray)

    def sign(self, sign_of, extension=None) -> str:
        """"min", "max" (one sign), "non-strict min", "non-strict max" (it has zeros,
        without change of sign) or "saddle"."""
        radius = Rational(1)
        for condition in self.conditions:
            radius = min(radius, _free_of_zeros(condition, sign_of))
        field = {"extension": extension} if extension else {}
        roots = [(count_roots(Poly(g.subs(r, radius), t, **field), sign_of), k) for g, k in self.factors]
        if any(n for n, k in roots if k % 2):
            return "saddle"
        kind = "min" if sign_of(self.ray.subs(r, radius)) > 0 else "max"
        return f"non-strict {kind}" if any(n for n, _ in roots) else kind


def _free_of_zeros(condition, sign_of) -> Rational:
    """A power of two r₁ such that a polynomial in r has no zero in (0, r₁], by Cauchy's bound."""
    coefficients = Poly(condition, r).all_coeffs()[::-1]
    while sign_of(coefficients[0]) == 0:
        coefficients = coefficients[1:]
    low, *rest = [abs(sympy.N(c, 30)) for c in coefficients]
    bound = low / (low + max(rest, default=0)) / 2
    return Rational(2) ** sympy.floor(sympy.log(bound, 2)) if bound < 1 else Rational(1)


def count_roots(f: Poly, sign_of) -> int:
    """The number of real roots of a square-free polynomial in one variable (Sturm)."""
    if f.get_domain().is_ZZ or f.get_domain().is_QQ:
        return f.count_roots()
    leading = [(sign_of(p.LC()), p.degree()) for p in sympy.sturm(f)]
    low, high = (sum(a != b for a, b in itertools.pairwise(signs))
                 for signs in ([s * end**n for s, n in leading] for end in (-1, 1)))
    return low - high


def turning_points(f: sympy.Expr, x: sympy.Symbol, y: sympy.Symbol, parameter: sympy.Symbol) -> list | None:
    """Polynomials in the parameter between whose real zeros the sign of f on small circles is of one kind;
    None if f = 0.

    For parameter values in an interval without such zeros no condition of `Circle` vanishes for small r > 0, and the
    set of these (parameter, r) is connected, so the numbers of real roots are constant on it.
    """
    circles = Circle.of(f, x, y)
    if circles is None:
        return None
    return [c for c in (Poly(condition, r).terms()[-1][1] for condition in circles.conditions) if c.has(parameter)]
