"""Data sets: the physical law against its equation, splits, standardisation, what is refused."""
import sys

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import constants

from networks import DATASETS, dataset
from networks.data import saha, standardised


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


@pytest.mark.parametrize("name", DATASETS)
def test_splits_are_disjoint_reproducible_and_standardised(name):
    if name != "saha":
        pytest.importorskip("sklearn")
    points, inputs = {"diabetes": (442, 10), "breast-cancer": (569, 30), "wine": (178, 13), "saha": (408, 2)}[name]
    data, again, other = dataset(name), dataset(name), dataset(name, seed=1, test=0.5)
    (X, y), (X_test, _) = data.train, data.test
    assert len(X) + len(X_test) == points and len(X_test) == round(points / 4) and X.shape[1] == inputs
    assert all(np.array_equal(a, b) for a, b in zip(data.train + data.test, again.train + again.test, strict=True))
    assert len(other.test[0]) == round(points / 2) and not np.array_equal(other.train[0][:5], X[:5])
    assert X.mean(axis=0) == pytest.approx(0, abs=1e-10) and X.std(axis=0) == pytest.approx(1)
    assert abs(X_test.mean()) < 0.2 and len(np.unique(np.vstack([X, X_test]), axis=0)) == points
    if data.loss == "squares":
        assert y.mean() == pytest.approx(0, abs=1e-10) and y.std() == pytest.approx(1)
    network = data.network(hidden=4)
    outputs = 3 if name == "wine" else 1
    assert network.layers == (inputs, 4, outputs) and network.loss == data.loss
    theta = np.zeros(network.dim)
    trivial = {"squares": 0.5, "logistic": np.log(2), "softmax": np.log(3)}[data.loss]
    assert network.value(theta) == pytest.approx(trivial)
    assert np.isfinite(network.score(theta, data.test))


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
