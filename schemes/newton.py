"""Equations of implicit steps: Newton's method as straight-line arithmetic."""
from __future__ import annotations

import numpy as np

from arithmetic import Vector, absolute, add_diagonal, dot, is_symbolic, maximum, minimum, solve, sqrt, total, where
from arithmetic.late import sympy

EPS = np.finfo(float).eps


def newton(equation, x, origin, iterations: int, *, potential: bool = False, tol: float = 1e-10):
    """The solution of `equation(x) = (residual, jacobian, merit)` near x, or NaN where it was not reached.

    A fixed number of Newton iterations, none of which raises the merit.  One that would is refused and the next one is
    shortened: where `potential` says that the residual is the gradient of the merit by a shift, (J + μI) Δ = −r,
    towards a short step against the residual, else, the merit being |r|², to a quarter.  At the end
    |r| ≤ tol·|x − origin| must hold up to the rounding of J x, else the coordinates are NaN: the step has no solution
    that Newton finds.  In symbols the equation is solved if it is linear, and TypeError says so if it is not.
    """
    if is_symbolic(x[0]):
        return _in_symbols(equation, x)
    shift, share = 0.0, 1.0
    with np.errstate(all="ignore"):
        r, J, merit = equation(x)
        for _ in range(iterations):
            trial = x - share * solve(add_diagonal(J, shift) if potential else J, r)
            r1, J1, merit1 = equation(trial)
            better = merit1 < merit
            if potential:  # of nearly equal merits rounding is the larger part: the residual tells their difference
                better = better | ((merit1 <= merit + 1e-6 * absolute(merit)) & (dot(r + r1, trial - x) < 0))
                size = _size(J)
                shift = where(better, where(shift > 1e-3 * size, shift / 8, 0.0), maximum(8 * shift, 0.05 * size))
            else:
                share = where(better, minimum(4 * share, 1.0), share / 4)
            x, r, J = where(better, trial, x), where(better, r1, r), where(better, J1, J)
            merit = where(better, merit1, merit)
        bound = tol * sqrt(total((x - origin)**2)) + 64 * EPS * _size(J) * sqrt(total(x**2))
        return where(sqrt(total(r**2)) <= bound, x, np.nan)


def _size(matrix):
    """Σ |a_ij|, a bound of the norm."""
    return total(total(absolute(matrix)))


def _in_symbols(equation, x):
    w = Vector(sympy.Dummy(real=True) for _ in x)
    for _ in range(0 if _bends(equation(w)[0], w) else 2):
        r, J, _ = equation(x)
        r = [sympy.simplify(e) for e in r]
        if not any(r):
            return x
        x = Vector(sympy.cancel(e) for e in x - solve(J, Vector(r)))
    raise TypeError("the equation of this implicit step is not linear in y⁺, so it has no closed form in symbols; "
                    "give it numbers, or a quadratic loss")


def _bends(residual, w) -> bool:
    """Whether numbers show that the residual is not linear in w, at once where the attempt to solve it takes long."""
    atoms = set().union(*(sympy.sympify(e).atoms(sympy.Derivative, sympy.core.function.AppliedUndef) for e in residual))
    symbols = set().union(*(sympy.sympify(e).free_symbols for e in residual)) - set(w)
    numbers = [{a: sympy.Rational(7 + 3 * k, 11 + k) for k, a in enumerate(sorted(kind, key=str))}
               for kind in (atoms, symbols)]
    left, right = ([sympy.Rational(a + k, 3) for k in range(len(w))] for a in (1, 8))
    middle = [(a + b) / 2 for a, b in zip(left, right, strict=True)]
    for e in residual:
        e = sympy.sympify(e).xreplace(numbers[0]).xreplace(numbers[1])
        u, v, m = (e.xreplace(dict(zip(w, point, strict=True))) for point in (left, right, middle))
        bend = sympy.N(u + v - 2 * m, 30)
        if not bend.is_number or abs(bend) > 1e-20:
            return True
    return False
