"""A short seed of the fuzzer of verdicts (`benchmarks/fuzz_lyapunov.py`), and that it would see a wrong one."""

import importlib.util
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import sympy

from lyapunov import Status, Verdict

spec = importlib.util.spec_from_file_location(
    "fuzz_lyapunov", Path(__file__).parents[2] / "benchmarks" / "fuzz_lyapunov.py"
)
fuzz = importlib.util.module_from_spec(spec)
spec.loader.exec_module(fuzz)


@pytest.mark.parametrize("seed", [*range(8), 73102753])  # the last one has a state beside a seam
def test_no_random_claim_gets_a_wrong_verdict(seed):
    assert fuzz.examine(seed)[1] == ""


def test_a_wrong_verdict_would_be_seen(monkeypatch):
    """Told that every claim is proved, numbers find some of the first false."""

    class Believed:
        def verify(self):
            return True

    told = Verdict(Status.PROVED, None, certificate=Believed())
    monkeypatch.setattr(fuzz, "check", lambda *_, **__: told)
    assert any("PROVED, and" in fuzz.examine(seed)[1] for seed in range(12))
    monkeypatch.setattr(fuzz, "check", lambda *_, **__: replace(told, status=Status.REFUTED))
    assert "without a loss" in fuzz.examine(0)[1]


def signum(weight) -> fuzz.Claim:
    """θ' = −sign m, m' = g − m, V = F + weight |m|: V' = −weight |m| + (weight − 1) sign(m) g."""
    one = sympy.S.One
    flow = fuzz.random_flow(np.random.default_rng(0), ((one, "sign m"),), ((one, "g"), (-one, "m")), {"m"})
    return fuzz.Claim("", flow, fuzz.functools.partial(fuzz.weighted, ((one, "F"), (weight, "|m|")), flow))


def test_beside_a_seam_the_slope_is_that_of_one_side():
    """A difference in floats over 1e-6 reaches across m = 0 here, where sign m jumps."""
    bowl = fuzz.Quartic(np.diag([2.0, 1.0]), 1.0, np.zeros(2), 0.0)
    state = {"theta": np.array([-8.0, 2.0]), "m": np.array([1e-6, -3.0])}
    g, memory = bowl.numeric().gradient(state["theta"]), np.abs(state["m"]).sum()
    for weight in (sympy.S.One, sympy.Rational(1001, 1000)):
        claim = signum(weight)
        flow = type(claim.flow)(a=sympy.S.One, b=sympy.S.One)
        right = -float(weight) * memory + (float(weight) - 1) * (np.sign(state["m"]) * g).sum()
        assert float(fuzz.slope(claim, flow, bowl.exact(), 1.0, state)) == pytest.approx(right, rel=1e-12)


@pytest.mark.parametrize("weight, false", [("1", False), ("1001/1000", True), ("999/1000", True)])
def test_claims_that_are_false_by_a_little_grow_at_a_seam_too(weight, false):
    """Near a kink of V and a jump of the field no true claim is accused, and no false one gets away."""
    claim = signum(sympy.Rational(weight))
    found = [fuzz.grows(claim, (), np.random.default_rng(seed)) for seed in range(6)]
    assert any(found) is false


def test_floats_only_propose(monkeypatch):
    """Where the exact slope is not positive there is nothing to report, whatever differences say."""
    claim = signum(sympy.Rational(2))
    monkeypatch.setattr(fuzz, "slope", lambda *_: sympy.S.Zero)
    assert not any(fuzz.grows(claim, (), np.random.default_rng(seed)) for seed in range(3))
