"""What the gallery's examples on residual energy and certified regions show."""
import importlib.util
from pathlib import Path

import numpy as np
import pytest
from sympy import Rational

GALLERY = Path(__file__).parent.parent.parent / "docs" / "examples"


def load(name: str):
    spec = importlib.util.spec_from_file_location(f"gallery_{name}", GALLERY / f"{name}.py")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def test_residual_energy():
    example = load("residual_energy")
    fig, shown = example.figure()
    path = shown["paths"]
    assert (path["Adam, no correction, lr = 0.16"] < 0).any() and shown["step"] == 11
    assert (path["Adam, no correction, lr = 0.15"] > 0).all()
    control = path["Adam under energy control"]
    assert np.all(example.LOSS.value(control[None]) <= example.LOSS.value(example.START) * (1 + 1e-12))
    first = shown["first"]  # one step of length lr (1 − β₁)|g| / (√(1 − β₂)|g| + ε), and F rises 10¹⁰-fold
    slope = abs(example.LOSS.gradient(example.START)[0])
    assert first.theta[0] - first.first[0] == pytest.approx(
        -0.16 * 0.1 * slope / (np.sqrt(0.001) * slope + 1e-8), rel=1e-9)
    assert first.rise / first.value > 1e10 and first.confined
    assert shown["bound"] == pytest.approx(np.sqrt(0.5))
    assert np.all(np.diff(shown["speeds"]) > 0) and min(shown["speeds"]) >= shown["bound"]
    assert shown["speeds"][0] == pytest.approx(shown["bound"], rel=0.05)
    assert len(fig.axes) == 3


def test_certified_basins():
    """Every certified start ends as proved: on polytwo with steps under energy control,
    with adaptive ones everywhere."""
    example = load("certified_basins")
    fig, shown = example.figure(side=60)
    levels = {"polytwo": [Rational(1, 4)] * 4, "polythree": [Rational(25, 4)] * 3 + [Rational(41, 4)]}
    for name, (result, proved) in shown.items():
        assert sorted(c.level for c in proved.values()) == levels[name]
        inside = example.certified(result, proved)
        assert all(np.sum(inside == i) > 20 for i in proved)
        assert example.leaps(example.basins_of(name, "gd-richardson", 60), proved).shape[1] == 0
    assert example.leaps(*shown["polytwo"]).shape[1] == 0
    leaps, n = example.leaps(*shown["polythree"]).shape[1], np.sum(example.certified(*shown["polythree"]) >= 0)
    assert 0 < leaps < 0.03 * n
    assert len(fig.axes) == 2 and all(len(ax.collections) >= 4 for ax in fig.axes)
