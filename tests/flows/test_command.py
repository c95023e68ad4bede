"""`python -m flows`."""
import pytest

import flows
from flows.__main__ import main


def test_the_catalogue_has_every_flow_with_equations_and_classic_names(capsys):
    assert main([]) == 0
    out = capsys.readouterr().out
    for flow in flows.FLOWS:
        entry = out.split(f"{flow.__name__}: ")[1].split("\n\n")[0]
        assert "theta' = " in entry and "named: " in entry
        assert "named: –" not in entry
    assert "adam (h = lr)" in out and "momentum (h = sqrt(lr))" in out and "adagrad (h = lr**2)" in out


def test_adam_with_its_parameter_map_and_the_recovered_algorithm(capsys):
    assert main(["adam"]) == 0
    out = capsys.readouterr().out
    assert "m' = a*(g - m)" in out and "updated in the order m, v, c1, c2, theta" in out
    assert "adam: SequentialEuler, a = (1 - beta1)/lr, b = (1 - beta2)/lr" in out
    assert "theta⁺ = theta - lr*m⁺/((1 - beta1**n)*(eps + sqrt(v⁺/(1 - beta2**n))))" in out


@pytest.mark.parametrize("flow", flows.FLOWS)
def test_every_flow_is_described(flow, capsys):
    assert main([flow.__name__]) == 0
    assert flow.__doc__.splitlines()[0] in capsys.readouterr().out


def test_rates_can_be_set(capsys):
    assert main(["adam", "--set", "a=1/2", "hat=true"]) == 0
    assert "m' = g/2 - m/2" in capsys.readouterr().out
    for item, message in (("q=1", "Adam has no rate q; it has a, b, eps"), ("a", "must read KEY=NUMBER")):
        with pytest.raises(SystemExit) as error:
            main(["adam", "--set", item])
        assert error.value.code == 2 and message in capsys.readouterr().err


def test_unknown_names(capsys):
    with pytest.raises(SystemExit) as error:
        main(["adma"])
    assert error.value.code == 2 and "did you mean adam" in capsys.readouterr().err
    with pytest.raises(ValueError, match="known: gradientdescent"):
        flows.get("zzz")
    assert flows.get("LM") is flows.LevenbergMarquardt and flows.get("rms-prop") is flows.RMSProp
