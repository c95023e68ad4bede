"""Optimizers as torch optimizers: torch's own, the package's own runs, precision, state, what is refused."""
import io
import pickle
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
@pytest.mark.parametrize("name", [*CORRECTED, "lc-egd"])
def test_the_corrected_ones_train(name, dtype):
    model = net(dtype)
    losses = trained(model, as_torch_optimizer(named(name))(model.parameters()), 300)
    assert losses[-1] < 0.25 * losses[0] and model[0].weight.dtype == dtype
    if name == "lc-egd":
        assert (np.diff(losses) <= 1e-7 * losses[0]).all()


@pytest.mark.parametrize("dtype", [torch.float32, torch.float64])
@pytest.mark.parametrize("name", [*CORRECTED, "adam", "secant-energy"])
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
    first = {"h": 1e3, "t": 0.0, "accepted": 0.0}
    assert first.items() <= optimizer.control.items()
    trained(model, optimizer, 1)
    assert np.array_equal(flat(model), before) and (first | {"h": 500.0}).items() <= optimizer.control.items()


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
    with pytest.raises(TypeError, match="real"):
        kind([torch.zeros(2, dtype=torch.complex64, requires_grad=True)])
    lm = as_torch_optimizer(named("lm"))(model.parameters())
    with pytest.raises(TypeError, match="from_torch"):
        lm.step(closure_of(model, lm))
    adam, gd = as_torch_optimizer(named("adam"))(model.parameters()), kind(model.parameters())
    trained(model, adam, 1)
    with pytest.raises(ValueError, match="of another optimizer, adam: Adam"):
        gd.load_state_dict(adam.state_dict())


# ------------------------------------------------------------------------------- torch's habits: groups, lr, maximize
LIBRARY = {  # ours by name and hyperparameters, and torch's
    "gd": ({"weight_decay": 0.01}, torch.optim.SGD, {}),
    "momentum": ({"weight_decay": 0.01}, torch.optim.SGD, {"momentum": 0.9}),
    "nesterov": ({}, torch.optim.SGD, {"momentum": 0.9, "nesterov": True}),
    "adagrad": ({"lr_decay": 0.1}, torch.optim.Adagrad, {"lr_decay": 0.1}),
    "rmsprop": ({}, torch.optim.RMSprop, {}),
    "adadelta": ({}, torch.optim.Adadelta, {}),
    "adam": ({"weight_decay": 0.01}, torch.optim.Adam, {}),
    "amsgrad": ({}, torch.optim.Adam, {"amsgrad": True}),
    "adamw": ({}, torch.optim.AdamW, {}),
    "adamax": ({}, torch.optim.Adamax, {}),
    "nadam": ({}, torch.optim.NAdam, {}),
    "radam": ({}, torch.optim.RAdam, {}),
    "asgd": ({}, torch.optim.ASGD, {}),
    "rprop": ({}, torch.optim.Rprop, {}),
}
SCHEDULERS = {"steps": lambda o: torch.optim.lr_scheduler.StepLR(o, 5, 0.3),
              "warm-up from 0": lambda o: torch.optim.lr_scheduler.LambdaLR(o, lambda n: min(n / 6, 1)),
              "cosine": lambda o: torch.optim.lr_scheduler.CosineAnnealingLR(o, 20)}


def descend(make, steps=24, scheduler=None, closures=True, sign=1.0):
    """The parameters after steps with an optimizer that `make` makes of two groups' parameters."""
    model = net()
    optimizer = make([list(model[0].parameters()), list(model[2].parameters())])
    schedule = scheduler and scheduler(optimizer)

    def closure():
        optimizer.zero_grad()
        loss = sign * mse(model(X), Y)
        loss.backward()
        return loss

    for _ in range(steps):
        if closures:
            optimizer.step(closure)
        else:
            closure()
            assert optimizer.step() is None
        if schedule:
            schedule.step()
    return flat(model)


def both(name, lr=0.01, second=None, **more):
    """(ours, torch's) over the parameters of two groups, the second with options of its own."""
    ours, theirs, options = LIBRARY[name]
    second = {} if second is None else second
    groups = lambda parts: [{"params": parts[0]}, {"params": parts[1], **second}]  # noqa: E731
    decay = {"weight_decay": ours["weight_decay"]} if "weight_decay" in ours else {}
    return (lambda parts: as_torch_optimizer(named(name, lr=lr, **ours))(groups(parts), **more),
            lambda parts: theirs(groups(parts), lr=lr, **options, **decay, **more))


@pytest.fixture
def doubles():
    """torch's NAdam and ASGD keep some of their numbers in the default type."""
    torch.set_default_dtype(torch.float64)
    yield
    torch.set_default_dtype(torch.float32)


@pytest.mark.parametrize("name", LIBRARY)
def test_groups_have_their_own_hyperparameters_and_backward_is_enough(name, doubles):
    second = {"lr": 0.003} | ({"weight_decay": 0.2} if "weight_decay" in LIBRARY[name][0] else {})
    ours, theirs = both(name, second=second)
    expected, without = descend(theirs), descend(ours, closures=False)
    assert without == pytest.approx(expected, rel=1e-11, abs=1e-12)
    assert np.array_equal(without, descend(ours)) and not np.allclose(expected, descend(both(name)[1]))


@pytest.mark.parametrize("scheduler", SCHEDULERS)
@pytest.mark.parametrize("name", [name for name in LIBRARY if name not in ("asgd", "rprop")])
def test_lr_schedulers_change_the_step_as_torchs(name, scheduler, doubles):
    ours, theirs = (descend(make, scheduler=SCHEDULERS[scheduler]) for make in both(name, second={"lr": 0.003}))
    assert ours == pytest.approx(theirs, rel=1e-11, abs=1e-12)


@pytest.mark.parametrize("name, options", [("asgd", {"lambd": 1e-2}), ("rprop", {})])
def test_an_lr_that_is_no_factor_of_the_step_may_not_change(name, options):
    """ASGD divides by a power of lr·n, and Rprop uses it at the start alone."""
    kind = as_torch_optimizer(named(name, lr=0.01, **options))
    with pytest.raises(ValueError, match=f"{name}: lr was 0.01 .* no factor"):
        descend(lambda parts: kind([*parts[0], *parts[1]]), scheduler=SCHEDULERS["steps"])


@pytest.mark.parametrize("name", ["momentum", "adam"])
def test_maximize(name):
    ours, theirs = both(name, maximize=True)
    assert descend(ours, sign=-1.0) == pytest.approx(descend(theirs, sign=-1.0), rel=1e-11, abs=1e-12)
    assert not np.allclose(descend(ours), descend(both(name)[0]))


@pytest.mark.parametrize("name", CORRECTED)
def test_the_corrected_ones_maximise_and_take_all_groups_together(name):
    kind = as_torch_optimizer(named(name))
    alone = descend(lambda parts: kind([*parts[0], *parts[1]]))
    groups = descend(lambda parts: kind([{"params": parts[0]}, {"params": parts[1]}], maximize=True), sign=-1.0)
    assert np.array_equal(alone, groups)


def test_options_are_checked():
    model, kind = net(), as_torch_optimizer(named("adam", lr=0.1))
    assert kind(model.parameters(), lr=0.2).param_groups[0]["lr"] == 0.2
    for options, words in (({"betas": (0.9, 0.99)}, "no option betas"), ({"beta1": 1.5}, "beta1=1.5"),
                           ({"lr": -1.0}, "lr=-1")):
        with pytest.raises(ValueError, match=words):
            kind(model.parameters(), **options)
        with pytest.raises(ValueError, match=words):
            kind([{"params": model.parameters(), **options}])
    for options in ({"lr": 0.1}, {"ratio": 0.3}):
        with pytest.raises(ValueError, match="those it was made with; it has maximize"):
            as_torch_optimizer(named("gd-energy"))([{"params": model.parameters(), **options}])
    optimizer = kind(model.parameters())
    trained(model, optimizer, 1)
    optimizer.param_groups[0]["beta1"] = 0.8
    with pytest.raises(ValueError, match="beta1 was 0.9 at the first step and is 0.8"):
        trained(model, optimizer, 1)
    mixed = as_torch_optimizer(named("gd-energy"))([{"params": model[0].parameters(), "maximize": True},
                                                    {"params": model[2].parameters()}])
    with pytest.raises(ValueError, match="maximize must be the same"):
        trained(model, mixed, 1)


@pytest.mark.parametrize("name", ["adam", "momentum-energy"])
def test_parameters_frozen_later_keep_their_value_and_memory(name):
    """And the others go on as if it were not there."""
    model = net()
    optimizer = as_torch_optimizer(named(name))(model.parameters())
    trained(model, optimizer, 5)
    model[0].bias.requires_grad_(False)
    model[0].bias.grad = None
    bias, memory = model[0].bias.clone(), {k: v.clone() for k, v in optimizer.state["group 0"].items() if k in "mv"}
    losses = trained(model, optimizer, 60)
    assert torch.equal(model[0].bias, bias) and losses[-1] < losses[0]
    place = slice(model[0].weight.numel(), model[0].weight.numel() + bias.numel())
    for key, before in memory.items():
        after = optimizer.state["group 0"][key]
        assert torch.equal(after[place], before[place]) and not torch.equal(after, before)
    model[0].bias.requires_grad_(True)
    trained(model, optimizer, 2)
    assert not torch.equal(model[0].bias, bias)


def test_states_of_others_are_refused_when_they_are_loaded():
    """Of torch's, of another algorithm with as many numbers, of another model, of a control with other parameters."""
    make = lambda name, model=None, **options: as_torch_optimizer(named(name, **options))(  # noqa: E731
        (model or net()).parameters())
    model = torch.nn.Sequential(torch.nn.Linear(3, 5), torch.nn.Tanh(), torch.nn.Linear(5, 1)).double()
    smaller = make("momentum", model)
    trained(model, smaller, 1)
    for ours, other, words in (("momentum", torch.optim.Adam(net().parameters()), "of another optimizer, None"),
                               ("momentum", make("rmsprop"), "of another optimizer, rmsprop"),
                               ("momentum", smaller, "is of 26 parameters, group 0 has 31"),
                               ("gd-energy", make("gd-energy", ratio=0.1), "ratio=0.1")):
        with pytest.raises(ValueError, match=words):
            make(ours).load_state_dict(other.state_dict())
    optimizer = make("momentum", lr=0.5)
    optimizer.load_state_dict(make("momentum", lr=0.1).state_dict())
    assert optimizer.param_groups[0]["lr"] == 0.1  # hyperparameters are those loaded, as torch's


def test_a_closure_that_raises_at_a_trial_point_leaves_the_parameters():
    model = net()
    optimizer = as_torch_optimizer(named("gd-energy"))(model.parameters())
    closure, before, calls = closure_of(model, optimizer), flat(model), []

    def failing():
        calls.append(1)
        if len(calls) == 2:
            raise KeyboardInterrupt
        return closure()

    with pytest.raises(KeyboardInterrupt):
        optimizer.step(failing)
    assert np.array_equal(flat(model), before) and not optimizer.state


@pytest.mark.parametrize("name", ["adam", "adam-energy"])
def test_classes_and_instances_are_pickled(name):
    kind, model = as_torch_optimizer(named(name)), net()
    optimizer = kind(model.parameters())
    trained(model, optimizer, 3)
    again = pickle.loads(pickle.dumps(kind))
    assert again.__name__ == kind.__name__ and again.optimizer == kind.optimizer
    file = io.BytesIO()
    torch.save({"model": model, "optimizer": optimizer}, file)
    file.seek(0)
    saved = torch.load(file, weights_only=False)
    assert type(saved["optimizer"]).__name__ == kind.__name__
    assert trained(model, optimizer, 9) == trained(saved["model"], saved["optimizer"], 9)


def test_sparse_gradients_and_further_points_of_groups_are_refused():
    table = torch.nn.Embedding(4, 2, sparse=True)
    optimizer = as_torch_optimizer(named("gd"))(table.parameters())
    table(torch.tensor([1])).sum().backward()
    with pytest.raises(TypeError, match="sparse=False"):
        optimizer.step()
    model = net()
    heun = as_torch_optimizer(schemes.pair(named("gd").flow, schemes.Heun(), 0.1))(model.parameters())
    trained(model, heun, 1)
    with pytest.raises(TypeError, match="needs a closure"):
        heun.step()


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


def test_weights_are_moved_as_matrices():
    """Muon makes the step of a weight matrix nearly orthogonal, as it does on the network of the same parameters."""
    model = net()
    before = [p.detach().clone() for p in model.parameters()]
    trained(model, as_torch_optimizer(named("muon", lr=0.01, weight_decay=0.0))(model.parameters()), 1)
    moved = [(b - p.detach()).numpy() for b, p in zip(before, model.parameters(), strict=True)]
    values = np.linalg.svd(moved[0], compute_uv=False)
    assert moved[0].shape == (6, 3) and values.max() / values.min() < 2
    loss = networks.Loss.from_torch(model, mse, (X, Y))
    assert loss.shapes == tuple(tuple(p.shape) for p in model.parameters())
