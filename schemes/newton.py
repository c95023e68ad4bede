"""Equations of implicit steps: Newton's method as straight-line arithmetic."""
from __future__ import annotations

import contextlib

import numpy as np

from arithmetic import (
    Vector, absolute, add_diagonal, as_decimals, dot, is_symbolic, maximum, minimum, solve, sqrt, total, where,
)
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
    w = [sympy.Dummy(real=True) for _ in x]
    residual = [as_decimals(e) for e in equation(Vector(w))[0]]
    unknown = (e.free_symbols | e.atoms(sympy.Derivative, sympy.core.function.AppliedUndef) for e in residual)
    # none of them 0 or 1, which could make a divisor vanish
    numbers = {a: sympy.Rational(sympy.prime(k + 4), sympy.prime(k + 5))
               for k, a in enumerate(sorted(set().union(*unknown) - set(w), key=str))}
    tried = [e.xreplace(numbers) for e in residual]

    def at(e, point):
        return e.xreplace(dict(zip(w, point, strict=True)))

    def bends(e):  # seen at once where the attempt to solve takes long
        left, right = ([sympy.Rational(a + k, 3) for k in range(len(w))] for a in (1, 8))
        middle = [(a + b) / 2 for a, b in zip(left, right, strict=True)]
        return not _vanishes(at(e, left) + at(e, right) - 2 * at(e, middle))

    if not any(map(bends, tried)):
        with contextlib.suppress(ValueError, sympy.PolynomialError):  # linsolve's, where it is not linear
            for solution in sympy.linsolve([sympy.cancel(e) for e in residual], w):
                values = [sympy.N(x.xreplace(numbers), 40) for x in solution]
                if not solution.has(*w) and all(_vanishes(at(e, values)) for e in tried):
                    return Vector(solution)
    raise TypeError("the equation of this implicit step is not linear in y⁺, or has no single solution, so there is no "
                    "closed form in symbols; give it numbers, or a quadratic loss")


def _vanishes(number) -> bool:
    number = sympy.N(number, 30)
    return bool(number.is_number and number.is_finite and abs(number) < 1e-20)
