"""A short seed of the fuzzer of verdicts (`benchmarks/fuzz_lyapunov.py`), and that it would see a wrong one."""

import importlib.util
from dataclasses import replace
from pathlib import Path

import pytest

from lyapunov import Status, Verdict

spec = importlib.util.spec_from_file_location(
    "fuzz_lyapunov", Path(__file__).parents[2] / "benchmarks" / "fuzz_lyapunov.py"
)
fuzz = importlib.util.module_from_spec(spec)
spec.loader.exec_module(fuzz)


@pytest.mark.parametrize("seed", range(8))
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
