"""Rates: V' ≤ −kV for a class of losses, proved beside the literature, or refuted by a loss of the class."""

from pathlib import Path

import pytest
import sympy
from sympy import Rational

from arithmetic import total
from flows import GradientDescent, Momentum, RMSProp
from lyapunov import PL, H, check, smooth, strongly_convex
from lyapunov.literature import of_literature
from lyapunov.rates import CLAIMS, PACES, markdown

mu, L, c = sympy.symbols("mu L c", positive=True)


def loss(s, o):
    return o.value


PAGE = Path(__file__).parents[2] / "docs" / "rates.md"


def test_the_page_holds_every_claim():
    """Every row but those that say too much on purpose is proved: flows first, then algorithms."""
    tables = PAGE.read_text().split("## Algorithms")
    for text, claims in zip(tables, (CLAIMS, PACES), strict=True):
        lines = [line for line in text.splitlines() if line.startswith("| ")][1:]
        assert len(lines) == len(claims) + 1 and len(claims) >= 16
        for line, claim in zip(lines[1:], claims, strict=True):
            said = claim.source if claims is CLAIMS else claim.literature
            assert claim.name in line and ("REFUTED" if said.startswith("false") else "PROVED") in line, line


@pytest.mark.slow
def test_the_page_is_what_is_proved():
    assert PAGE.read_text() == markdown()


@pytest.mark.parametrize("assuming", [PL(mu), strongly_convex(mu)])
def test_the_rate_of_the_gradient_flow_is_sharp(assuming):
    verdict = check(GradientDescent(), loss, assuming=assuming, rate=2 * mu)
    assert verdict.status == "PROVED" and verdict.positive and verdict.certificate.verify()
    assert "so F - F* <= V(0)*exp(-(2*mu)*t)" in str(verdict)
    faster = check(GradientDescent(), loss, assuming=assuming, rate=Rational(21, 10) * mu)
    assert faster.status == "REFUTED" and faster.counterexample.rise > 0


@pytest.mark.parametrize("flow, power", [("normalised gradient flow", Rational(1, 2)), ("p flow", Rational(1, 4))])
def test_rescaled_gradients_arrive_in_finite_time(flow, power):
    """With |∇F|² ≥ 2μF, (F^p)' ≤ −p (2μ)^(1 − p) for θ' = −∇F/|∇F|^(1 − …): and no faster on F = μθ²/2."""
    def bent(share):
        return lambda s, o: o.value**power + share * power * (2 * mu) ** (1 - power) * s.t

    verdict = check(of_literature(flow), bent(1), assuming=PL(mu))
    assert verdict.status == "PROVED" and verdict.certificate.verify() and "mu > 0" in str(verdict.assuming)
    assert check(of_literature(flow), bent(Rational(101, 100)), assuming=PL(mu)).status != "PROVED"
    assert check(of_literature(flow), bent(1)).status != "PROVED"


def test_scales_that_stay_bounded_give_a_rate():
    """F falls at 2μ/(B + ε) where each √v ≤ B, of RMSProp in single coordinates and of AdaGrad with one scale."""
    B, eps, b, v, G = sympy.symbols("B eps b v G", positive=True)
    flow, inside = RMSProp(b=b, eps=eps), (*PL(mu), v <= B**2)
    verdict = check(flow, loss, assuming=inside, rate=2 * mu / (B + eps))
    assert verdict.status == "PROVED" and verdict.certificate.verify() and "as long as" in str(verdict)
    assert check(flow, loss, assuming=inside, rate=Rational(21, 10) * mu / (B + eps)).status != "PROVED"
    assert check(flow, loss, assuming=PL(mu), rate=2 * mu / (B + eps)).status != "PROVED"
    norm, inside = of_literature("adagrad norm", e=0), (*PL(mu), G <= B**2)
    assert check(norm, loss, assuming=inside, rate=2 * mu / B).status == "PROVED"
    assert check(norm, loss, assuming=inside, rate=Rational(21, 10) * mu / B).status != "PROVED"


@pytest.mark.parametrize("share, status", [(1, "PROVED"), (Rational(1, 2), "PROVED"), (2, "REFUTED")])
def test_the_heavy_ball_has_the_rate_of_its_literature(share, status):
    root = sympy.sqrt(mu)
    verdict = check(
        Momentum(c=2 * root),
        lambda s, o: o.value + total((s.v + root * s.theta) ** 2) / 2,
        assuming=strongly_convex(mu),
        rate=share * root,
    )
    assert verdict.status == status


def test_a_claim_of_a_rate_is_checked_again_with_its_rate():
    from dataclasses import replace

    verdict = check(GradientDescent(), loss, assuming=PL(mu), rate=2 * mu)
    chain = replace(verdict.certificate.chain, rate=3 * mu)
    assert not replace(verdict.certificate, chain=chain).verify()


def test_smooth_losses_have_curvature_of_either_sign():
    assert smooth(2) == (sympy.Le(H, 2), sympy.Ge(H, -2))
    falls = check(
        Momentum(c=c), lambda s, o: o.value + total(s.v**2) / 2 + total(o.gradient * s.v) / 10, assuming=smooth(L)
    )
    assert falls.status == "PROVED" and falls.conditions
