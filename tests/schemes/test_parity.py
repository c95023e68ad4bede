"""The named classics against plain loops: at most 1e-12 relative over 200 steps (RMSProp 50)."""
import numpy as np
import pytest
import reference

import networks
import schemes
from schemes import Stop

STEPS = 200
FOREVER = dict(gradient=0.0, speed=0.0, radius=1e9)


def after(name, loss, start, steps, **hyperparameters):
    run = schemes.named(name, **hyperparameters).run(loss, start, stop=Stop(max_steps=steps, **FOREVER))
    assert np.all(run.steps == steps)
    return run.theta


def relative(x, y):
    return np.abs(x - y).max() / np.abs(y).max()


# name, steps, our hyperparameters, the reference's arguments after (gradient, x, n)
# RMSProp over 50 steps: with α near 1 its step is of size lr for ever, and rounding grows at each change of sign
CASES = [
    ("gd", STEPS, {"lr": 0.05}, (0.05,)),
    ("momentum", STEPS, {"lr": 0.02, "momentum": 0.9}, (0.02, 0.9)),
    ("momentum", STEPS, {"lr": 0.003, "momentum": 0.99}, (0.003, 0.99)),
    ("nesterov", STEPS, {"lr": 0.02, "momentum": 0.9}, (0.02, 0.9)),
    ("nesterov-vanishing", STEPS, {"lr": 0.02, "r": 3.0}, (0.02, 3.0)),
    ("lion", STEPS, {"lr": 0.01, "beta1": 0.9, "beta2": 0.99, "weight_decay": 0.1}, (0.01, 0.9, 0.99, 0.1)),
    ("rmsprop", 50, {"lr": 0.01, "alpha": 0.99, "eps": 1e-8}, (0.01, 0.99, 1e-8)),
    ("adagrad", STEPS, {"lr": 0.1, "eps": 1e-10, "initial_accumulator_value": 0.1}, (0.1, 1e-10, 0.1)),
    ("adam", STEPS, {"lr": 0.1, "beta1": 0.9, "beta2": 0.999, "eps": 1e-8}, (0.1, 0.9, 0.999, 1e-8)),
    ("adam", STEPS, {"lr": 0.01, "beta1": 0.5, "beta2": 0.9, "eps": 0.1}, (0.01, 0.5, 0.9, 0.1)),
    ("qhadam", STEPS, {"lr": 0.01, "beta1": 0.9, "beta2": 0.99, "nu1": 0.7, "nu2": 0.8, "eps": 0.1},
     (0.01, 0.9, 0.99, 0.7, 0.8, 0.1)),
    ("adamax", STEPS, {"lr": 0.01, "beta1": 0.9, "beta2": 0.99, "eps": 0.1}, (0.01, 0.9, 0.99, 0.1)),
]
IDS = [f"{case[0]}-{i}" for i, case in enumerate(CASES)]


@pytest.mark.parametrize("name, steps, ours, theirs", CASES, ids=IDS)
def test_against_a_plain_loop(name, steps, ours, theirs, quartic):
    start = np.random.default_rng(1).normal(size=6)
    expected = getattr(reference, name.replace("-", "_"))(quartic.gradient, start, steps, *theirs)
    assert relative(after(name, quartic, start, steps, **ours), expected) <= 1e-12


@pytest.mark.parametrize("name, steps, ours, theirs", CASES, ids=IDS)
@pytest.mark.parametrize("backend", ["auto", "numpy"])
def test_the_compiled_map_is_the_same_algorithm(name, steps, ours, theirs, backend):
    loss = networks.get("polytwo")
    starts = np.random.default_rng(2).uniform(-1, 1, (2, 40))
    run = schemes.named(name, **ours).run(loss, starts, stop=Stop(max_steps=steps, **FOREVER), backend=backend)
    expected = getattr(reference, name.replace("-", "_"))(loss.gradient, starts, steps, *theirs)
    # some lanes pass near a saddle, where rounding grows: the median says what the map is
    assert np.median(np.abs(run.theta - expected).max(axis=0)) <= 1e-12


@pytest.mark.parametrize("factor", [1, 3, 10])
@pytest.mark.parametrize("network", ["polytwo", "cloche", "steep-valley"])
def test_levenberg_marquardt_against_a_plain_loop(network, factor):
    loss = networks.get(network)
    start = np.array([0.7, -1.3])
    damping = 1.0 if factor == 1 else 10.0
    n = 6  # more, and the gradient is exactly 0
    if factor == 1:  # constant damping takes every step
        expected = start
        for _ in range(n):
            J = loss.jacobian(expected)
            expected = expected - np.linalg.solve(J.T @ J + np.eye(2), loss.gradient(expected))
    else:
        expected = reference.lm(loss.value, loss.gradient, loss.jacobian, start, n, damping, factor)
    assert relative(after("lm", loss, start, n, damping=damping, factor=factor), expected) <= 1e-10
