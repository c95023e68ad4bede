"""The evidence where it is known exactly: a network without hidden layers is a linear model."""
import subprocess
import sys

import numpy as np
import pytest

from networks import Network
from shallow import Evidence, evidence, train
from shallow.training import Penalised, starts


@pytest.fixture
def linear():
    rng = np.random.default_rng(0)
    X = rng.normal(size=(12, 3))
    y = X @ [1.0, -0.5, 0.2] + 0.3 * rng.normal(size=12)
    return X, y, Network((3, 1), "linear", (X, y), bias=True, recordable=False)


def test_a_linear_model_has_its_exact_evidence(linear):
    """y is normal of covariance 1/β + Σ_i x_i x_iᵀ/α_i, the bias an input of 1."""
    X, y, network = linear
    group = evidence.groups(network, True)
    prior = Evidence.start(network, group, 2)
    rates = prior.rates(network, group, 12)
    theta = np.stack([np.linalg.solve(network.gauss_newton(np.zeros(4)) + np.diag(rate),
                                      -network.gradient(np.zeros(4))) for rate in rates.T], axis=1)
    found = prior.renewed(network, group, theta, 12).log
    design = np.hstack([X, np.ones((12, 1))])
    exact = []
    for lane in range(2):
        C = np.eye(12) / prior.beta[lane] + design @ np.diag(1 / prior.alpha[group, lane]) @ design.T
        exact.append(-y @ np.linalg.solve(C, y) / 2 - np.linalg.slogdet(C)[1] / 2)
    assert found == pytest.approx(exact, rel=1e-10)


def test_at_the_fixed_point_the_evidence_is_largest(linear):
    """No other prior and noise near it has more; gradients of the log evidence vanish there."""
    X, y, network = linear
    out = train(network, np.zeros((4, 1)), solver="lm", count=12, tol=1e-12, max_iter=3000)
    group, design = evidence.groups(network, False), np.hstack([X, np.ones((12, 1))])

    def log(alpha, beta):
        C = np.eye(12) / beta + design @ np.diag(1 / alpha[group]) @ design.T
        return -y @ np.linalg.solve(C, y) / 2 - np.linalg.slogdet(C)[1] / 2

    alpha, beta = out.evidence.alpha[:, 0], out.evidence.beta[0]
    here = log(alpha, beta)
    for factor in (0.7, 1.4):
        assert log(alpha * [factor, 1], beta) < here and log(alpha, beta * factor) < here


def test_probes_estimate_what_the_factors_say(monkeypatch):
    """To the standard error of so many probes."""
    monkeypatch.setattr(evidence, "PROBES", 400)
    rng = np.random.default_rng(1)
    network = Network((4, 6, 3), ("tanh", "linear"), (rng.normal(size=(30, 4)), rng.integers(0, 3, 30).tolist()),
                      loss="softmax", recordable=False)
    theta, alpha = rng.normal(size=network.dim), rng.uniform(1, 2, network.dim)
    exact, estimate = (f(network, theta, 30.0, alpha) for f in (evidence.factorised, evidence.probed))
    assert estimate[0].sum() == pytest.approx(exact[0].sum(), rel=0.1)
    assert estimate[1] == pytest.approx(exact[1], rel=0.1)


def test_classes_share_one_prior():
    """Where outputs have no unit of their own a precision for each layer runs off to a linear model."""
    network = Network((3, 2, 2), ("tanh", "linear"), (np.eye(3), [0, 1, 0]), loss="softmax", recordable=False)
    weights, biases = [*range(6), *range(8, 12)], [6, 7, 12, 13]
    one = evidence.groups(network, False)
    assert len(set(one[weights])) == len(set(one[biases])) == 1 and len(set(one)) == 2
    assert list(evidence.groups(network, True)) == [0, 1, 2, 0, 1, 2, 3, 3, 4, 4, 4, 4, 5, 5]


def test_a_start_has_the_result_that_it_would_have_alone():
    rng = np.random.default_rng(2)
    network = Network((2, 3, 1), ("tanh", "linear"), (rng.normal(size=(20, 2)), rng.normal(size=20)), recordable=False)
    theta = starts(network, 3, np.random.RandomState(0))
    best = train(network, theta, solver="lm", count=20, alpha=0.1)
    alone = train(network, theta[:, [best.start]], solver="lm", count=20, alpha=0.1)
    assert alone.theta == pytest.approx(best.theta, rel=1e-9)


def test_the_penalty_has_its_derivatives():
    rng = np.random.default_rng(3)
    network = Network((2, 2, 1), ("tanh", "linear"), (rng.normal(size=(9, 2)), rng.normal(size=9)), recordable=False)
    theta, rates = rng.normal(size=network.dim), rng.uniform(size=network.dim)
    loss = Penalised(network, rates)
    for k, e in enumerate(np.eye(network.dim) * 1e-6):
        slope = (loss.value(theta + e) - loss.value(theta - e)) / 2e-6
        assert slope == pytest.approx(loss.gradient(theta)[k], abs=1e-8)
    assert loss.gauss_newton(theta) - network.gauss_newton(theta) == pytest.approx(np.diag(rates))


def test_without_scikit_learn_the_extra_is_named():
    code = ("import sys; sys.modules['sklearn'] = None; import shallow\n"
            "try: shallow.ShallowRegressor\nexcept ImportError as e: print(e)")
    said = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout
    assert "optiflows[sklearn]" in said
