"""The gallery shows what its examples say."""
import importlib.util
from pathlib import Path

import matplotlib

GALLERY = Path(__file__).parent.parent.parent / "docs" / "gallery"
matplotlib.use("Agg")


def example(name):
    spec = importlib.util.spec_from_file_location(name, GALLERY / f"{name}.py")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def test_the_modified_flow_has_the_basins_of_the_algorithm(tmp_path):
    shown = example("modified_basins")
    starts, truth, predicted, shares = shown.compare(n=24)
    assert starts.shape == (2, 24**2) and set(truth) == {0, 1, 2, 3}
    flow, first, second = shares
    assert flow > 0.05 and first < flow / 4 and second < flow / 4
    assert shown.main(tmp_path / "map.png", n=6).exists()
