"""Data sets: the physical law against its equation, splits, standardisation, what is refused."""
import sys

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import constants

from networks import DATASETS, dataset
from networks.data import planck_opacity, saha, standardised


@settings(max_examples=60, deadline=None)
@given(st.floats(3e3, 1e5), st.floats(1e14, 1e26))
def test_saha_solves_its_equation(T, n):
    x = float(saha(T, n))
    lhs, rhs = np.log(x) * 2 + np.log(n), 1.5 * np.log(2 * np.pi * constants.m_e * constants.k * T / constants.h**2) - (
        13.598434 * constants.e / (constants.k * T))
    if 1e-12 < x < 1 - 1e-6:
        assert lhs - np.log1p(-x) == pytest.approx(rhs, abs=1e-8)
    assert 0 <= x <= 1 and saha(1.01 * T, n) >= x >= saha(T, 1.01 * n)


@pytest.mark.parametrize("T, ionised", [(8300, 0.05), (9600, 0.5), (11300, 0.95)])
def test_saha_at_published_points(T, ionised):
    """A stellar atmosphere of electron pressure 20 Pa (Carroll & Ostlie, example 8.1.4, temperatures to 50 K)."""
    def fraction(T):
        x = saha(T, 1e20)
        ratio = 1e20 * x**2 / (1 - x) / (20 / (constants.k * T))  # of ions to atoms: the law over the electron density
        return ratio / (1 + ratio)

    assert fraction(T - 50) < ionised < fraction(T + 50)


def test_saha_at_its_ends():
    assert saha(100.0, 1e20) == 0 and saha(1e7, 1e10) == 1


@pytest.mark.parametrize("T, n", [(4e3, 1e20), (1.2e4, 1e22), (6e4, 1e18)])
def test_the_opacity_is_its_integral(T, n):
    """Against adaptive quadrature between the edge and the ends, in units of hν/kT."""
    from scipy.integrate import quad

    x, kT = float(saha(T, n)), constants.k * T
    edge = 13.598434 * constants.eV / kT
    nu = kT / constants.h
    bound = (1 - x) * 6.30e-22 * edge**3 * quad(lambda u: np.exp(-u), edge, np.inf)[0]
    free = 3.692e-2 * x**2 * n / np.sqrt(T) / nu**3  # ∫ x³e^−x/x³ = 1
    assert planck_opacity(T, n) == pytest.approx((bound + free) * 15 / np.pi**4, rel=1e-2)


def test_the_reaction_at_published_points():
    """Robertson's problem from pure A (Hairer & Wanner, Solving ODEs II, IV.10)."""
    from networks.data import robertson

    times = np.array([0.4, 4.0, 40.0, 400.0, 4000.0, 4e4])
    assert robertson(times, 0.0) == pytest.approx([0.98517, 0.90552, 0.71583, 0.45052, 0.18320, 0.038983], rel=3e-4)


SIZES = {"diabetes": (442, 10, 1), "breast-cancer": (569, 30, 1), "wine": (178, 13, 3), "iris": (150, 4, 3),
         "digits": (600, 64, 10), "linnerud": (20, 3, 3), "friedman1": (300, 10, 1), "friedman2": (300, 4, 1),
         "friedman3": (300, 4, 1), "moons": (300, 2, 1), "circles": (300, 2, 1), "saha": (408, 2, 1),
         "opacity": (408, 2, 1), "reaction": (408, 2, 1)}


@pytest.mark.parametrize("name", DATASETS)
def test_splits_are_disjoint_reproducible_and_standardised(name):
    if name not in ("saha", "opacity", "reaction"):
        pytest.importorskip("sklearn")
    points, inputs, outputs = SIZES[name]
    data, again, other = dataset(name), dataset(name), dataset(name, seed=1, test=0.5)
    (X, y), (X_test, _) = data.train, data.test
    assert len(X) + len(X_test) == points and len(X_test) == round(points / 4) and X.shape[1] == inputs
    assert all(np.array_equal(a, b) for a, b in zip(data.train + data.test, again.train + again.test, strict=True))
    assert len(other.test[0]) == round(points / 2) and not np.array_equal(other.train[0][:5], X[:5])
    spread = X.std(axis=0)
    assert X.mean(axis=0) == pytest.approx(0, abs=1e-10) and spread[spread > 0] == pytest.approx(1)
    assert points < 100 or abs(X_test.mean()) < 0.2
    assert len(np.unique(np.vstack([X, X_test]), axis=0)) >= points - 1  # iris has a twin
    if data.loss == "squares":
        assert y.mean() == pytest.approx(0, abs=1e-10) and y.std() == pytest.approx(1)
    network = data.network(hidden=4)
    assert network.layers == (inputs, 4, outputs) and network.loss == data.loss
    theta = np.zeros(network.dim)
    trivial = {"squares": 0.5, "logistic": np.log(2), "softmax": np.log(outputs)}[data.loss]
    assert network.value(theta) == pytest.approx(trivial)
    assert np.isfinite(network.score(theta, data.test))
    raw = dataset(name, raw=True)
    assert raw.name == f"{name} raw" and np.array_equal(raw.train[1], y) and raw.network((4, 3)).layers == (
        inputs, 4, 3, outputs)
    assert np.allclose(standardised(raw.train[0], raw.train[0]), X)


def test_constant_columns_are_centred():
    x = np.array([[1.0, 5.0], [3.0, 5.0]])
    assert np.array_equal(standardised(x, x), [[-1, 0], [1, 0]])


def test_what_is_refused(monkeypatch):
    with pytest.raises(ValueError, match="did you mean diabetes"):
        dataset("diabetis")
    with pytest.raises(ValueError, match="fraction"):
        dataset("saha", test=1.0)
    monkeypatch.setitem(sys.modules, "sklearn", None)
    with pytest.raises(ImportError, match=r"optiflows\[examples\]"):
        dataset("wine")
