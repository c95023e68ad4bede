"""The gallery shows what its examples say."""
import importlib.util
from pathlib import Path

import matplotlib

GALLERY = Path(__file__).parent.parent.parent / "docs" / "examples"
matplotlib.use("Agg")


def example(name):
    spec = importlib.util.spec_from_file_location(name, GALLERY / f"{name}.py")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def test_the_modified_flow_has_the_basins_of_the_algorithm():
    shown = example("modified_basins")
    starts, truth, predicted, shares = shown.compare(n=24)
    assert starts.shape == (2, 24**2) and set(truth) == {0, 1, 2, 3}
    flow, first, second = shares
    assert flow > 0.05 and first < flow / 4 and second < flow / 4
    assert len(shown.draw(truth, predicted, shares, 24).axes) == 4


def test_minima_are_lost_where_theory_says():
    shown = example("thresholds")
    one, two = shown.rates(side=12, n=12), shown.plane(side=6, n=4)
    (critical,) = one.thresholds[0].at
    minima, rates = one.fraction("minimum"), one.axes["lr"]
    assert (minima[rates < critical] > 0.3).all() and (minima[rates > 1.1 * critical] < 0.05).all()
    assert len(shown.figure(one, two).axes) == 3  # and the bar of colours


def test_boundaries_lead_to_saddles_and_shocks_are_fatal():
    shown = example("boundaries")
    figure, found = shown.figure(side=40)
    assert [ax.get_title().partition("(")[0] for ax in figure.axes] == ["polytwo, gd", "polytwo, momentum",
                                                                        "polytwo, adam"]
    for name, (_, shocks, states) in found.items():
        assert len(shocks) == 4 and states
        assert name == "adam" or all(s.resting and s.distance < 1e-6 and s.point.startswith("saddle") for s in states)
    assert max(s.distance for s in found["adam"][1]) < 1e-6 < 0.3 < min(s.distance for s in found["gd"][1])
    table = shown.measured(side=60, n=500)
    dimensions = [float(row["boundary dimension, 6e-6 to 0.6"].split()[0]) for row in table]
    assert dimensions[1] == max(dimensions) and len(table) == 5
