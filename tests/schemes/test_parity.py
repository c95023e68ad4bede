"""The named classics against plain loops and against torch: at most 1e-12 relative over 200 steps (RMSProp 50)."""
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


# name, steps, torch class, our hyperparameters, reference's arguments after (gradient, x, n), torch's keywords
# RMSProp over 50 steps: with α near 1 its step is of size lr for ever, and rounding grows at each change of sign
CASES = [
    ("gd", STEPS, "SGD", {"lr": 0.05}, (0.05,), {}),
    ("momentum", STEPS, "SGD", {"lr": 0.02, "momentum": 0.9}, (0.02, 0.9), {}),
    ("momentum", STEPS, "SGD", {"lr": 0.003, "momentum": 0.99}, (0.003, 0.99), {}),
    ("nesterov", STEPS, "SGD", {"lr": 0.02, "momentum": 0.9}, (0.02, 0.9), {"nesterov": True}),
    ("rmsprop", 50, "RMSprop", {"lr": 0.01, "alpha": 0.99, "eps": 1e-8}, (0.01, 0.99, 1e-8), {}),
    ("adagrad", STEPS, "Adagrad", {"lr": 0.1, "eps": 1e-10, "initial_accumulator_value": 0.1}, (0.1, 1e-10, 0.1), {}),
    ("adam", STEPS, "Adam", {"lr": 0.1, "beta1": 0.9, "beta2": 0.999, "eps": 1e-8}, (0.1, 0.9, 0.999, 1e-8), {}),
    ("adam", STEPS, "Adam", {"lr": 0.01, "beta1": 0.5, "beta2": 0.9, "eps": 0.1}, (0.01, 0.5, 0.9, 0.1), {}),
]
IDS = [f"{case[0]}-{i}" for i, case in enumerate(CASES)]


@pytest.mark.parametrize("name, steps, _torch, ours, theirs, _more", CASES, ids=IDS)
def test_against_a_plain_loop(name, steps, _torch, ours, theirs, _more, quartic):
    start = np.random.default_rng(1).normal(size=6)
    expected = getattr(reference, name)(quartic.gradient, start, steps, *theirs)
    assert relative(after(name, quartic, start, steps, **ours), expected) <= 1e-12


@pytest.mark.parametrize("name, steps, _torch, ours, theirs, _more", CASES, ids=IDS)
@pytest.mark.parametrize("backend", ["auto", "numpy"])
def test_the_compiled_map_is_the_same_algorithm(name, steps, _torch, ours, theirs, _more, backend):
    loss = networks.get("polytwo")
    starts = np.random.default_rng(2).uniform(-1, 1, (2, 40))
    run = schemes.named(name, **ours).run(loss, starts, stop=Stop(max_steps=steps, **FOREVER), backend=backend)
    expected = getattr(reference, name)(loss.gradient, starts, steps, *theirs)
    # some lanes pass near a saddle, where rounding grows: the median says what the map is
    assert np.median(np.abs(run.theta - expected).max(axis=0)) <= 1e-12


@pytest.mark.parametrize("name, steps, torch_name, ours, _theirs, more", CASES, ids=IDS)
@pytest.mark.parametrize("weight_decay", [0.0, 0.1])
def test_against_torch(name, steps, torch_name, ours, _theirs, more, weight_decay, quartic):
    torch = pytest.importorskip("torch", reason="parity with torch needs torch")
    start = np.random.default_rng(1).normal(size=6)
    keywords = {key: value for key, value in ours.items() if not key.startswith("beta")} | more
    if "beta1" in ours:
        keywords["betas"] = ours["beta1"], ours["beta2"]
    x = torch.tensor(start, dtype=torch.float64, requires_grad=True)
    optimizer = getattr(torch.optim, torch_name)([x], weight_decay=weight_decay, foreach=False, **keywords)
    for _ in range(steps):
        x.grad = torch.from_numpy(quartic.gradient(x.detach().numpy()))
        optimizer.step()
    assert relative(after(name, quartic, start, steps, weight_decay=weight_decay, **ours), x.detach().numpy()) <= 1e-12


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


def test_algorithm_is_the_textbook_update():
    """The printed update, in symbols, minus Kingma and Ba's algorithm 1, simplifies to 0."""
    import sympy

    lr, beta1, beta2, eps = 0.125, 0.5, 0.75, 0.0625  # exact in binary, so that nothing rounds
    update = {str(e.lhs): e.rhs for e in schemes.named("adam", lr=lr, beta1=beta1, beta2=beta2, eps=eps).algorithm()}
    m, theta, g = sympy.symbols("m theta g", real=True)
    v, c1, c2 = sympy.symbols("v c1 c2", positive=True)
    m_next, v_next = beta1 * m + (1 - beta1) * g, beta2 * v + (1 - beta2) * g**2
    c1_next, c2_next = 1 - beta1 * (1 - c1), 1 - beta2 * (1 - c2)  # 1 − βⁿ⁺¹ for c = 1 − βⁿ
    textbook = {"m_next": m_next, "v_next": v_next, "c1_next": c1_next, "c2_next": c2_next,
                "theta_next": theta - lr * (m_next / c1_next) / (sympy.sqrt(v_next / c2_next) + eps)}
    assert set(update) == set(textbook)
    for name, expected in textbook.items():
        difference = sympy.nsimplify(update[name] - expected, rational=True)
        assert sympy.simplify(difference) == 0, name
