"""docs/real_data.py: its statistics on known cases, and a short run of it."""
import csv
import importlib.util
import sys
from pathlib import Path

import numpy as np
import pytest

import networks
from basins import uniform
from schemes import Stop, named


@pytest.fixture(scope="module")
def real_data():
    spec = importlib.util.spec_from_file_location("docs_real_data", Path(__file__).parents[2] / "docs" / "real_data.py")
    module = sys.modules[spec.name] = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def test_verdicts_are_the_sign_test(real_data):
    ones = np.ones(20)
    assert real_data.verdict(ones, 2 * ones) == "wins (20/20)" and real_data.verdict(2 * ones, ones) == "loses (0/20)"
    assert real_data.verdict(np.arange(1.0, 21), 10.5 * ones) == "open (10/20)"
    assert real_data.verdict(1e-9 * ones, 1e-12 * ones) == "open (0/20)"  # both have arrived
    assert real_data.verdict(ones, np.nan * ones) == "wins (20/20)"
    assert real_data.verdict(np.where(np.arange(20) < 15, 1.0, 3.0), 2 * ones) == "wins (15/20)"  # p = 0.041
    assert real_data.verdict(np.where(np.arange(20) < 14, 1.0, 3.0), 2 * ones) == "open (14/20)"  # p = 0.115


def test_medians_have_order_statistics_for_intervals(real_data):
    """Of twenty values the 6th and the 15th hold the median with 95.9 %."""
    assert real_data.median(np.arange(1.0, 21)) == "10.5 [6, 15]"
    assert real_data.median(np.full(20, 3.0)) == "3"
    assert real_data.median([np.nan] * 20) == "inf"


def test_checkpoints_end_at_the_budget(real_data):
    for trials in (1, 9, 10, 137, 2000):
        points = real_data.checkpoints(trials)
        assert points[-1] == trials and points[0] == 1 and points == sorted(set(points))
        assert max(1, trials // 4) in points


def test_training_in_pieces_is_training(real_data):
    data = networks.dataset("saha")
    network = data.network(3)
    starts = uniform(network.box, 4, 0)
    for name in ("secant-energy", "gd-energy", "gd-richardson", "adam", "lm", "lc-egd"):
        result = real_data.train(network, data, starts, named(name), 37)
        run = named(name).run(network, starts, stop=Stop(gradient=real_data.GRADIENT, max_steps=37))
        assert np.array_equal(result.loss, network.value(run.theta)) and np.array_equal(result.gradients, run.gradients)
        assert np.array_equal(result.curve[1][-1], result.loss) and result.ends == ["budget used"] * 4
        assert np.array_equal(result.losses, run.steps * (name == "lc-egd"))
        early = named(name).run(network, starts, stop=Stop(gradient=real_data.GRADIENT, max_steps=37 // 4))
        assert np.array_equal(result.early, network.value(early.theta))


def test_the_rate_is_chosen_anew_for_each_budget(real_data):
    data, network = real_data.Pair("saha", 3).load()
    starts = uniform(network.box, 6, 0)
    _, best = real_data.tuned(network, data, starts, "adam", 40)
    every = [real_data.train(network, data, starts, named("adam", lr=lr), 40) for lr in real_data.GRIDS["adam"]]
    for when in ("early", "loss"):
        assert np.median(getattr(best, when)) == min(np.median(getattr(r, when)) for r in every)


def test_a_short_run(real_data, tmp_path, capsys):
    command = ["saha 8", "reaction 8-8", "--seeds", "6", "--budget", "20", "--out", str(tmp_path), "--keep",
               str(tmp_path / "kept")]
    assert real_data.main(command) == 0
    text = (tmp_path / "real_data.md").read_text()
    rows = list(csv.DictReader((tmp_path / "real_data.csv").read_text().splitlines()))
    optimizers = {row["optimizer"] for row in rows}
    assert len(rows) == 2 * 6 * 23 and {"secant-energy", "lm", "L-BFGS (scipy)"} <= optimizers
    assert len(optimizers) >= len(real_data.UNTUNED) + len(real_data.FREE) + len(real_data.GRIDS) + 2
    assert all(0 < float(row["loss"]) < 1 and float(row["test score"]) <= 1 for row in rows
               if row["optimizer"] in ("secant-energy", "lm", "gd-energy"))
    assert "6 starts per pair" in text and "It loses:" in text and "## reaction 8-8" in text
    assert "From 12 other starts (seed 1), of secant-energy, lm-gain and lm alone" in text and "nan" not in text
    assert {file.name for file in (tmp_path / "kept").glob("*seed_1.pickle")} == {
        f"{pair}_{name}_12_20_seed_1.pickle" for pair in ("saha_8", "reaction_8-8")
        for name in ("secant-energy", "lm", "lm-gain")}
    assert (tmp_path / "figures" / "real_data.png").stat().st_size > 10_000
    capsys.readouterr()
    assert real_data.main(command) == 0 and capsys.readouterr().err == ""  # all of it is kept
    assert (tmp_path / "real_data.md").read_text() == text
    for bad in (["sahara"], ["saha", "--seeds", "2"], ["saha", "--budget", "1"]):
        with pytest.raises(SystemExit):
            real_data.main(bad)
    assert "no data set is named 'sahara'" in capsys.readouterr().err


def test_levenberg_marquardt_is_counted_where_it_is_near_the_lowest(real_data):
    def result(loss, early):
        x = np.zeros(20)
        return real_data.Result(loss + x, early + x, x, x, x, ["at rest"] * 20, (x, x))

    pairs = {real_data.Pair("saha"): {"adam": result(2.0, 1.0), "lm": result(1.0, 1.3), "lm-gain": result(3.0, 2.0)},
             real_data.Pair("opacity"): {"adam": result(1e-12, 1.0), "lm": result(9e-7, 1.1), "lm-gain": result(1, 1)}}
    table = real_data.squares(pairs)
    ratios = [(row["lm at a quarter of the budget"], row["lm at the budget"]) for row in table]
    assert ratios == [(1.3, 1.0), (1.1, 1.0)]
    assert real_data.counted(table) == ("at a quarter of the budget on 1 of 2, not on saha 8 (1.30, behind adam 1); "
                                        "at the budget on 2 of 2.  By the sign test at 5 % it is farther from the "
                                        "lowest on saha 8 at a quarter of the budget")
    assert [row["beyond 1.2 × at a quarter of the budget"] for row in table] == ["20/20 sure", "0/20"]


@pytest.mark.parametrize("beyond, said", [(14, "14/20"), (15, "15/20 sure"), (0, "0/20")])
def test_farther_is_by_the_sign_test(real_data, beyond, said):
    """P(15 or more of 20 fair coins) = 0.021, of 14 or more 0.058; a loss that is no number is farther."""
    mine = np.where(np.arange(20) < beyond, 1.3, 1.1)
    assert real_data.farther(mine, np.ones(20)) == said
    assert real_data.farther(np.where(mine > 1.2, np.nan, mine), np.ones(20)) == said


def test_counts_are_of_the_table(real_data):
    def result(loss, early):
        x = np.zeros(20)
        return real_data.Result(loss + x, early + x, x, x, x, ["at rest"] * 20, (x, x))

    pairs = {real_data.Pair("saha"): {"secant-energy": result(1, 2), "adam, best lr = 1": result(2, 1)},
             real_data.Pair("wine"): {"secant-energy": result(1, 1), "adam, best lr = 3": result(2, 1),
                                      "LM (MINPACK)": result(0.5, 1)}}
    table = real_data.duels(pairs, "secant-energy")
    assert [row["adam"] for row in table] == ["loses (0/20) · wins (20/20)", "open (0/20) · wins (20/20)"]
    assert [row["LM"] for row in table] == ["–", "open (0/20) · loses (0/20)"]
    assert [tuple(row.values()) for row in real_data.totals(table)] == [
        ("adam", "0 – 1 – 1", "2 – 0 – 0"), ("LM", "0 – 1 – 0", "0 – 0 – 1")]
