"""The command line: equations, energies, verdicts; names that are not there."""
import pytest

from flows import FLOWS
from lyapunov.__main__ import main


SHOWN = [flow for flow in FLOWS if flow.energy is not None or flow.__name__ in ("AdamW", "AdaDelta", "Rprop")]
#: one of each kind: with further energies and without, derived or not, with memory, curvature, signs and clocks
QUICK = {"GradientDescent", "Momentum", "AdaGrad", "Adam", "Newton", "Signum", "AdamW", "AdaDelta", "Rprop"}


@pytest.mark.parametrize("flow", [pytest.param(flow, marks=[] if flow.__name__ in QUICK else [pytest.mark.slow])
                                  for flow in SHOWN])
def test_each_flow_is_shown_with_its_verdicts(flow, capsys):
    assert main([flow.__name__.lower()]) == 0
    out = capsys.readouterr().out
    shown, derived = out.split("\nDerived:\n")
    assert "theta' =" in shown and ("V' = " in shown) == (flow.energy is not None)
    assert ("No energy" in shown) == (flow.energy is None)
    assert ("One step of the classical scheme" in derived) == (flow.energy is not None or "PROVED" in derived)


def test_rates_can_be_set(capsys):
    assert main(["adam", "--set", "correction=false", "a=1", "b=4.1", "eps=0.01"]) == 0
    assert "REFUTED" in capsys.readouterr().out
    assert main(["momentum", "--set", "c=1", "L=4"]) == 0
    assert "delta <= 4/17" in capsys.readouterr().out


def test_the_list(capsys):
    assert main([]) == 0
    out = capsys.readouterr().out
    assert all(flow.__name__.lower() in out for flow in FLOWS) and "(lm)" in out


def test_short_names(capsys):
    assert main(["gd"]) == 0
    assert "Gradient descent" in capsys.readouterr().out


@pytest.mark.parametrize("arguments, message", [
    (["adma"], "did you mean adam"), (["zzz"], "known: gradientdescent"),
    (["gd", "--set", "q=1"], "no parameter q")])
def test_unknown_names(arguments, message, capsys):
    with pytest.raises(SystemExit) as stop:
        main(arguments)
    assert stop.value.code == 2
    captured = capsys.readouterr()
    assert message in captured.err and captured.out == ""


def test_unreadable_values(capsys):
    with pytest.raises(SystemExit) as stop:
        main(["adam", "--set", "a=much"])
    assert stop.value.code == 2
    assert "must read KEY=NUMBER" in capsys.readouterr().err


@pytest.mark.parametrize("option, first", [("--table", "# Energies of the flows"),
                                           ("--csv", "flow,energy V,condition")])
def test_the_table_can_be_printed(option, first, capsys, monkeypatch):
    from flows import GradientDescent, Momentum
    from lyapunov import table
    monkeypatch.setattr(table, "FLOWS", (GradientDescent, Momentum))
    assert main([option]) == 0
    out = capsys.readouterr().out
    assert out.startswith(first) and "Momentum: strict" in out and "h <= 2" in out
