"""Polynomial inequalities decided by an SMT solver (the optional extra `smt`, z3),
where exact elimination finds nothing."""
from __future__ import annotations

import importlib.util

import sympy
from sympy import Poly

SECONDS = 2.0  # for one question


def available() -> bool:
    """Whether z3 is installed."""
    return importlib.util.find_spec("z3") is not None


def never_negative(f, nonnegative) -> bool | None:
    """Whether the polynomial f with rational coefficients is ≥ 0 for all values of its symbols, those in `nonnegative`
    ≥ 0.

    True or False by z3's decision procedure for real polynomial arithmetic (nlsat); None where it does not decide in
    time or where z3 is not installed.
    """
    if not available():
        return None
    import z3

    gens = sorted(sympy.sympify(f).free_symbols, key=str)
    terms = Poly(f, *gens).terms()
    if not all(c.is_Rational for _, c in terms):
        return None
    x = [z3.Real(g.name) for g in gens]
    solver = z3.SolverFor("QF_NRA")
    solver.set("timeout", int(1000 * SECONDS))
    solver.add(*(v >= 0 for v, g in zip(x, gens, strict=True) if g in nonnegative))
    solver.add(sum(z3.Q(c.p, c.q) * z3.Product(*(v for v, k in zip(x, powers, strict=True) for _ in range(k)),
                                               z3.RealVal(1))
                   for powers, c in terms) < 0)
    answer = solver.check()
    return True if answer == z3.unsat else False if answer == z3.sat else None
