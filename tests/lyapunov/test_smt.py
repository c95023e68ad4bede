"""Where exact elimination finds nothing, an SMT solver may decide (extra `smt`)."""
from dataclasses import dataclass

import pytest
import sympy

from arithmetic import total
from flows import Flow, SignSGD
from lyapunov import Energy, check, decrease
from lyapunov.exact import Domain, signs, smt


@dataclass(frozen=True)
class Motzkin(Flow):
    """V = F + Σz decreases by Motzkin's polynomial, which is ≥ 0 and no sum of squares, if share = 1."""

    share: float = 1.0
    memory = ("x", "y", "z")

    def field(self, s, oracle):
        x, y = s.x * s.x, s.y * s.y
        return {"x": 0 * s.x, "y": 0 * s.y, "z": -(x * x * y + x * y * y - 3 * self.share * x * y + 1),
                "theta": -oracle.gradient}


ENERGY = Energy(lambda s, oracle: oracle.value + total(s.z))


def test_without_the_solver_the_verdict_says_what_may_decide(monkeypatch):
    monkeypatch.setattr(smt, "available", lambda: False)
    verdict = check(Motzkin(), ENERGY)
    assert verdict.status == "UNDECIDED" and "optiflows[smt]" in verdict.reason
    monkeypatch.setattr(smt, "available", lambda: True)  # a verdict without it is not kept for when it is there
    monkeypatch.setattr(signs, "never_negative", lambda f, nonnegative: None)
    verdict = check(Motzkin(), ENERGY)
    decrease.of_claim.cache_clear()  # of what was found under the pretence
    assert verdict.status == "UNDECIDED" and "optiflows[smt]" not in verdict.reason


def test_a_positive_polynomial_that_is_no_sum_of_squares_is_decided():
    pytest.importorskip("z3")
    verdict = check(Motzkin(), ENERGY)
    assert verdict.status == "PROVED" and "z3" in str(verdict) and verdict.certificate.verify()
    x, y, z = sympy.symbols("x y z", real=True)
    assert verdict.derivative.subs({sympy.Symbol("g", real=True): 0, x: 1, y: 1}) == 0  # it touches 0
    assert check(Motzkin(share=1.01), ENERGY).status != "PROVED"
    refuted = check(Motzkin(share=1.5), ENERGY)
    assert refuted.status == "REFUTED" and refuted.derivative.subs(refuted.witness) > 0


def test_published_cases_of_the_solver():
    """Adam's condition and the cross term (facts of G.2): unsatisfiable at the bound, satisfiable past it."""
    pytest.importorskip("z3")
    s, eps, g, v, H = sympy.symbols("s eps g v H", real=True)
    for b, holds in ((4, True), (sympy.Rational(41, 10), False)):
        assert smt.never_negative((4 - b) * s**2 + 4 * eps * s + b * g**2, {s, eps}) is holds
    p = sympy.Symbol("p", real=True)
    for delta, holds in ((sympy.Rational(23, 100), True), (sympy.Rational(6, 25), False)):
        cross = (v**2 - delta * (4 - p) * v**2 + delta * g * v + delta * g**2)
        assert smt.never_negative(sympy.expand(cross), {p}) is holds


def test_coefficients_that_are_not_rational_are_left_alone():
    pytest.importorskip("z3")
    x = sympy.Symbol("x", real=True)
    assert smt.never_negative(sympy.sqrt(2) * x**2, set()) is None


def test_what_a_solver_decided_on_the_pieces_of_a_field_is_put_to_it_again(monkeypatch):
    """θ' = −sign g: each side of g = 0 is decided by the (pretended) solver, and the whole claim rests on both."""
    monkeypatch.setattr(Domain, "nonnegative", lambda self, f: None)
    monkeypatch.setattr(signs, "never_negative", lambda f, nonnegative: True)
    decrease.of_claim.cache_clear()  # of what was found without the pretence
    verdict = check(SignSGD(), lambda s, oracle: oracle.value)
    decrease.of_claim.cache_clear()
    assert verdict.status == "PROVED" and len(verdict.certificate.smt) >= 1
    for answer, verified in ((True, True), (None, False)):
        monkeypatch.setattr(smt, "never_negative", lambda f, nonnegative, answer=answer: answer)
        assert verdict.certificate.verify() is verified
