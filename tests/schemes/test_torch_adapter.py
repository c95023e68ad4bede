"""Optimizers as torch optimizers: torch's own, the package's own runs, precision, state, what is refused."""
import io
import sys

import numpy as np
import pytest

import networks
import schemes
from schemes import Stop, as_torch_optimizer, named

torch = pytest.importorskip("torch")

CORRECTED = ("gd-richardson", "gd-energy", "momentum-energy", "adam-energy")
rng = np.random.default_rng(3)
X = torch.tensor(rng.normal(size=(40, 3)))
Y = torch.sin(2 * X[:, :1]) + X[:, 1:2] * X[:, 2:]


def mse(output, target):
    return ((output - target) ** 2).mean() / 2


def net(dtype=torch.float64):
    torch.manual_seed(4)
    return torch.nn.Sequential(torch.nn.Linear(3, 6), torch.nn.Tanh(), torch.nn.Linear(6, 1)).to(dtype)


def closure_of(model, optimizer, calls=None):
    x, y = X.to(model[0].weight.dtype), Y.to(model[0].weight.dtype)

    def closure():
        if calls is not None:
            calls.append(1)
        optimizer.zero_grad()
        loss = mse(model(x), y)
        loss.backward()
        return loss

    return closure


def trained(model, optimizer, steps):
    closure = closure_of(model, optimizer)
    return [optimizer.step(closure).item() for _ in range(steps)]


def flat(model):
    return np.concatenate([p.detach().double().numpy().ravel() for p in model.parameters()])


@pytest.mark.parametrize("name, options, make", [
    ("gd", {"lr": 0.2}, lambda p: torch.optim.SGD(p, lr=0.2)),
    ("momentum", {"lr": 0.05}, lambda p: torch.optim.SGD(p, lr=0.05, momentum=0.9)),
    ("adam", {"lr": 0.02}, lambda p: torch.optim.Adam(p, lr=0.02)),
    ("rmsprop", {"lr": 0.01, "weight_decay": 0.01}, lambda p: torch.optim.RMSprop(p, lr=0.01, weight_decay=0.01))])
def test_the_classic_ones_are_torchs(name, options, make):
    ours, theirs = net(), net()
    trained(ours, as_torch_optimizer(named(name, **options))(ours.parameters()), 40)
    trained(theirs, make(theirs.parameters()), 40)
    assert flat(ours) == pytest.approx(flat(theirs), rel=1e-11, abs=1e-12)


@pytest.mark.parametrize("name", CORRECTED)
def test_a_step_is_a_trial(name):
    """The same points, refused trials and step sizes as `run` on the loss of the same module."""
    model = net()
    loss = networks.Loss.from_torch(net(), mse, (X, Y))
    optimizer = as_torch_optimizer(named(name))(model.parameters())
    trained(model, optimizer, 60)
    run = named(name).run(loss, loss.start, stop=Stop(max_steps=60))
    assert flat(model) == pytest.approx(run.theta, rel=1e-8, abs=1e-10)
    assert (optimizer.control["accepted"] == run.accepted
            and optimizer.control["t"] == pytest.approx(run.t[-1], rel=1e-9))


@pytest.mark.parametrize("dtype", [torch.float32, torch.float64])
@pytest.mark.parametrize("name", CORRECTED)
def test_the_corrected_ones_train(name, dtype):
    model = net(dtype)
    losses = trained(model, as_torch_optimizer(named(name))(model.parameters()), 300)
    assert losses[-1] < 0.25 * losses[0] and model[0].weight.dtype == dtype
    if name == "gd-energy":
        assert (np.diff(losses) <= 1e-7 * losses[0]).all()


@pytest.mark.parametrize("dtype", [torch.float32, torch.float64])
@pytest.mark.parametrize("name", [*CORRECTED, "adam"])
def test_state_dicts_continue_bit_for_bit(name, dtype):
    kind = as_torch_optimizer(named(name))
    model = net(dtype)
    optimizer = kind(model.parameters())
    trained(model, optimizer, 25)
    file = io.BytesIO()
    torch.save({"model": model.state_dict(), "optimizer": optimizer.state_dict()}, file)
    file.seek(0)
    saved = torch.load(file)
    other = net(dtype)
    again = kind(other.parameters())
    other.load_state_dict(saved["model"])
    again.load_state_dict(saved["optimizer"])
    assert trained(model, optimizer, 25) == trained(other, again, 25)
    assert np.array_equal(flat(model), flat(other)) and again.control == optimizer.control


def test_closures_are_called_at_each_point_once():
    for name, calls in (("gd", 1), ("adam", 1), ("gd-richardson", 2), ("gd-energy", 2), ("adam-energy", 2)):
        model, seen = net(), []
        optimizer = as_torch_optimizer(named(name))(model.parameters())
        before = mse(model(X), Y).item()
        assert optimizer.step(closure_of(model, optimizer, seen)).item() == before and len(seen) == calls
    assert type(optimizer).__name__ == "AdamEnergy"


def test_a_refused_trial_leaves_the_parameters():
    model = net()
    optimizer = as_torch_optimizer(schemes.pair(
        named("gd-energy").flow, schemes.Euler(), schemes.EnergyControl(h0=1e3)))(model.parameters())
    before = flat(model)
    assert optimizer.control == {"h": 1e3, "t": 0.0, "accepted": 0.0}
    trained(model, optimizer, 1)
    assert np.array_equal(flat(model), before) and optimizer.control == {"h": 500.0, "t": 0.0, "accepted": 0.0}


def test_unused_and_frozen_parameters_stay():
    model = net()
    spare = torch.nn.Parameter(torch.ones(2, dtype=torch.float64))
    model[2].bias.requires_grad_(False)
    bias = model[2].bias.clone()
    losses = trained(model, as_torch_optimizer(named("gd-energy"))([*model.parameters(), spare]), 20)
    assert losses[-1] < losses[0] and torch.equal(spare, torch.ones(2).double()) and torch.equal(model[2].bias, bias)
    trained(model, as_torch_optimizer(named("gd", lr=0.1, weight_decay=0.1))(model.parameters()), 2)
    assert torch.equal(model[2].bias, bias)


def broken():
    raise AttributeError("the closure's own")


def test_what_is_refused():
    model = net()
    with pytest.raises(TypeError, match="named"):
        as_torch_optimizer("adam")
    kind = as_torch_optimizer(named("gd-energy"))
    with pytest.raises(TypeError, match="closure"):
        kind(model.parameters()).step()
    with pytest.raises(TypeError, match="return the loss"):
        kind(model.parameters()).step(lambda: None)
    with pytest.raises(AttributeError, match="the closure's own"):
        kind(model.parameters()).step(broken)
    with pytest.raises(ValueError, match="one parameter group"):
        kind([{"params": model[0].parameters()}, {"params": model[2].parameters()}])
    with pytest.raises(TypeError, match="real"):
        kind([torch.zeros(2, dtype=torch.complex64, requires_grad=True)])
    lm = as_torch_optimizer(named("lm"))(model.parameters())
    with pytest.raises(TypeError, match="from_torch"):
        lm.step(closure_of(model, lm))
    adam, gd = as_torch_optimizer(named("adam"))(model.parameters()), kind(model.parameters())
    trained(model, adam, 1)
    gd.load_state_dict(adam.state_dict())
    with pytest.raises(ValueError, match="another optimizer"):
        trained(model, gd, 1)


def test_without_torch(monkeypatch):
    from schemes import torch_adapter

    monkeypatch.setitem(sys.modules, "torch", None)
    torch_adapter.torch_base.cache_clear()
    with pytest.raises(ImportError, match=r"optiflows\[torch\]"):
        as_torch_optimizer(named("gd-energy"))


def test_a_step_looks_again_at_parameters_that_others_have_changed():
    """What the secant step has left of the loss is not what it is after a change by hand: two calls a step."""
    model, calls = net(), []
    optimizer = as_torch_optimizer(named("secant-energy"))(model.parameters())
    closure = closure_of(model, optimizer, calls)
    before = [optimizer.step(closure).item() for _ in range(15)]
    assert before[-1] < before[0] / 2 and len(calls) == 30
    with torch.no_grad():
        model[0].weight.mul_(1.5)
    changed = closure().item()
    assert optimizer.step(closure).item() == changed
