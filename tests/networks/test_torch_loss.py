"""Losses of torch modules: derivatives, lanes, what flows and schemes do with them, what is refused."""
import pickle
import sys

import numpy as np
import pytest

import basins
import flows
import schemes
from networks import Loss
from schemes import Stop

torch = pytest.importorskip("torch")


def net(activation=torch.nn.Tanh, outputs=1, dtype=torch.float32, seed=0):
    torch.manual_seed(seed)
    return torch.nn.Sequential(torch.nn.Linear(3, 4), activation(), torch.nn.Linear(4, outputs)).to(dtype)


def half_square(output, target):
    return ((output - target) ** 2).sum(dim=1).mean() / 2


@pytest.fixture(scope="module")
def data():
    rng = np.random.default_rng(1)
    X = rng.normal(size=(12, 3))
    return X, np.sin(X[:, :1]) + 0.1 * rng.normal(size=(12, 1))


@pytest.fixture
def loss(data):
    return Loss.from_torch(net(), half_square, data)


def around(loss, n, spread=0.3):
    return loss.start[:, None] + spread * np.random.default_rng(2).normal(size=(loss.dim, n))


class Branching(torch.nn.Module):
    """Looks at its output, which a batch over parameters cannot."""

    def __init__(self):
        super().__init__()
        self.inner = net()

    def forward(self, x):
        out = self.inner(x)
        return out if float(out.sum()) > -1e9 else -out


def test_value_and_derivatives(loss, data):
    theta = around(loss, 4)
    assert loss.dim == 21 and loss.vectorized and loss.name == "Sequential"
    W, b, V, c = theta[:12].reshape(4, 3, 4), theta[12:16], theta[16:20], theta[20]
    X, Y = data
    by_hand = [np.mean((np.tanh(X @ W[..., k].T + b[:, k]) @ V[:, k] + c[k] - Y[:, 0]) ** 2) / 2 for k in range(4)]
    assert loss.value(theta) == pytest.approx(by_hand, rel=1e-14)
    g, H = loss.gradient(theta), loss.hessian(theta)
    assert g.shape == (21, 4) and H.shape == (21, 21, 4)
    for i, direction in enumerate(np.eye(21)):
        h = 1e-5 * direction[:, None]
        assert g[i] == pytest.approx((loss.value(theta + h) - loss.value(theta - h)) / 2e-5, abs=1e-9)
        assert H[i] == pytest.approx((loss.gradient(theta + h) - loss.gradient(theta - h)) / 2e-5, abs=1e-8)


def test_gauss_newton_is_jtj_of_squares_and_the_fisher_matrix_of_cross_entropy(loss, data):
    theta, P = around(loss, 2), len(data[0])

    def jacobian(model, theta):
        held = Loss.from_torch(model, half_square, (data[0], np.zeros((P, 1))))
        return torch.func.jacrev(held.output)(torch.tensor(theta)).reshape(-1, len(theta)).numpy()

    J = jacobian(loss.model, theta[:, 1])
    assert loss.gauss_newton(theta)[..., 1] == pytest.approx(J.T @ J / P, abs=1e-14)
    classes = np.arange(P) % 3
    entropy = Loss.from_torch(net(outputs=3), torch.nn.functional.cross_entropy, (data[0], classes))
    J = jacobian(entropy.model, entropy.start).reshape(P, 3, -1)
    p = torch.softmax(entropy.model.double()(torch.tensor(data[0])), dim=1).detach().numpy()
    fisher = sum(J[k].T @ (np.diag(p[k]) - np.outer(p[k], p[k])) @ J[k] for k in range(P)) / P
    assert entropy.gauss_newton(entropy.start) == pytest.approx(fisher, abs=1e-14)


@pytest.mark.parametrize("model, wanted", [(net(), None), (net(), False), (Branching(), None)])
def test_a_lane_does_not_see_the_others(model, wanted, data):
    """To rounding where torch batches the lanes, to the bit where it does not."""
    loss = Loss.from_torch(model, half_square, data, vectorized=wanted)
    assert loss.vectorized == (wanted is None and not isinstance(model, Branching))
    theta = around(loss, 9)
    value, g = loss.value(theta), loss.gradient(theta)
    if not loss.vectorized:
        assert (loss.gradient(theta[:, 3:4]) == g[:, 3:4]).all() and (loss.value(theta[:, 5:]) == value[5:]).all()
        stop = Stop(max_steps=20)
        whole, cut = (basins.study(pickle.loads(pickle.dumps(loss)), schemes.named("adam-energy"), theta, stop=stop,
                                   chunk=k, progress=False) for k in (9, 2))
        assert (whole.theta == cut.theta).all()
    assert loss.gradient(theta[:, 2:5]) == pytest.approx(g[:, 2:5], rel=1e-12, abs=1e-15)
    assert loss.gradient(theta[:, 3]) == pytest.approx(g[:, 3], rel=1e-12, abs=1e-15)
    assert loss.value(theta[:, 3]) == pytest.approx(value[3], rel=1e-14)


def test_looped_models_have_the_same_derivatives(data):
    loops, batched = Loss.from_torch(Branching(), half_square, data), Loss.from_torch(net(), half_square, data)
    theta = around(batched, 3)
    for quantity in ("value", "gradient", "hessian"):
        assert getattr(loops, quantity)(theta) == pytest.approx(getattr(batched, quantity)(theta), rel=1e-12, abs=1e-14)


def test_the_model_is_changed_by_write_alone(loss):
    before = {k: v.clone() for k, v in loss.model.state_dict().items()}
    start, theta = loss.start, around(loss, 1)[:, 0]
    loss.gradient(theta)
    assert (loss.start == start).all() and all(torch.equal(v, before[k]) for k, v in loss.model.state_dict().items())
    loss.write(theta)
    assert loss.start == pytest.approx(theta, rel=1e-7) and (loss.start == theta.astype(np.float32)).all()
    output = loss.model(loss.inputs.float())
    assert float(half_square(output, loss.targets)) == pytest.approx(loss.value(loss.start), rel=1e-6)
    with pytest.raises(ValueError, match=r"shape \(21,\)"):
        loss.write(np.zeros((21, 2)))


def test_double_precision_models_are_written_exactly(data):
    loss = Loss.from_torch(net(dtype=torch.float64), half_square, data)
    theta = around(loss, 1)[:, 0]
    loss.write(theta)
    assert (loss.start == theta).all() and loss.model[0].weight.dtype == torch.float64


def test_frozen_tied_and_buffered_parameters(data):
    model = torch.nn.Sequential(torch.nn.Linear(3, 3), torch.nn.BatchNorm1d(3), torch.nn.Linear(3, 3),
                                torch.nn.Linear(3, 1))
    model[2].weight = model[0].weight
    model[3].bias.requires_grad_(False)
    loss = Loss.from_torch(model, half_square, data)
    assert loss.dim == 9 + 3 + 6 + 3 + 3
    running = model[1].running_mean.clone()
    theta = around(loss, 2)
    difference = np.stack([(loss.value(theta + h[:, None]) - loss.value(theta - h[:, None])) / 2e-5
                           for h in 1e-5 * np.eye(loss.dim)])
    assert loss.gradient(theta) == pytest.approx(difference, abs=1e-8)
    assert torch.equal(model[1].running_mean, running)


@pytest.mark.parametrize("name", ["gd", "adam", "lm", "gd-richardson", "gd-energy", "momentum-energy", "adam-energy"])
def test_named_optimizers_descend(name, loss):
    theta = around(loss, 3)
    run = schemes.named(name).run(loss, theta, stop=Stop(max_steps=40))
    assert run.theta.shape == theta.shape and (loss.value(run.theta) < loss.value(theta)).all()
    alone = schemes.named(name).run(loss, theta[:, 1], stop=Stop(max_steps=40))
    assert alone.theta == pytest.approx(run.theta[:, 1], rel=1e-9) and alone.gradients == run.gradients[1]


def test_fields_integration_and_studies(loss):
    field, y = flows.Momentum(c=0.5).on(loss), np.concatenate([loss.start, np.ones(21)])
    assert field(0.0, y) == pytest.approx(np.concatenate([np.ones(21), -0.5 - loss.gradient(loss.start)]))
    run = schemes.integrate(flows.GradientDescent().on(loss), loss.start, schemes.EulerRichardson(),
                            schemes.ErrorControl(), Stop(gradient=1e-2))
    assert run.outcome == schemes.Outcome.CONVERGED and np.linalg.norm(loss.gradient(run.theta)) <= 1e-2
    study = basins.study(loss, schemes.named("gd-energy"), around(loss, 4), stop=Stop(gradient=1e-2), progress=False)
    assert (study.outcome == schemes.Outcome.CONVERGED).all() and (study.end == basins.End.NEW_POINT).all()
    assert not study.certified.any() and {str(p.nature) for p in study.points} == {"undecided"}  # grouped, not proved


def test_gradient_descent_is_torchs(data):
    model = net(dtype=torch.float64)
    loss = Loss.from_torch(net(dtype=torch.float64), half_square, data)
    sgd = torch.optim.SGD(model.parameters(), lr=0.3)
    for _ in range(50):
        sgd.zero_grad()
        half_square(model(torch.tensor(data[0])), torch.tensor(data[1])).backward()
        sgd.step()
    run = schemes.named("gd", lr=0.3).run(loss, loss.start, stop=Stop(max_steps=50))
    assert run.theta == pytest.approx(Loss.from_torch(model, half_square, data).start, rel=1e-12, abs=1e-14)


def test_derivatives_where_the_caller_has_switched_them_off(data):
    """Under `torch.no_grad()`, one start or several, and whatever is done to the data afterwards."""
    tensors = [torch.tensor(x) for x in data]
    loss = Loss.from_torch(net(dtype=torch.float64), half_square, tensors)
    lanes = around(loss, 3)
    quantities = (lambda: loss.gradient(loss.start), lambda: loss.gradient(lanes), lambda: loss.hessian(loss.start),
                  lambda: loss.gauss_newton(loss.start), lambda: loss.hessian_product(lanes, lanes),
                  lambda: loss.gauss_newton_product(lanes, lanes))
    expected = [quantity() for quantity in quantities]
    for x in tensors:
        x.zero_()
    with torch.no_grad():
        for quantity, value in zip(quantities, expected, strict=True):
            assert np.array_equal(quantity(), value) and np.abs(value).max() > 0


def test_sent_to_other_processes(loss):
    again = pickle.loads(pickle.dumps(loss))
    assert again.value(loss.start) == loss.value(loss.start) and again.box == loss.box


def test_what_is_refused(loss, data):
    with pytest.raises(TypeError, match="torch.nn.Module"):
        Loss.from_torch(lambda x: x, half_square, data)
    with pytest.raises(TypeError, match="loss_fn"):
        Loss.from_torch(net(), "mse", data)
    with pytest.raises(ValueError, match="one number"):
        Loss.from_torch(net(), torch.nn.MSELoss(reduction="none"), data)
    with pytest.raises(ValueError, match="model.eval()"):
        Loss.from_torch(torch.nn.Sequential(net(), torch.nn.Dropout(0.5)), half_square, data)
    with pytest.raises(ValueError, match="no trainable"):
        Loss.from_torch(torch.nn.Tanh(), half_square, data)
    with pytest.raises(TypeError, match="no residuals"):
        loss.residual(loss.start)
    with pytest.raises(TypeError, match="cannot be computed exactly"):
        loss.critical_points()
    with pytest.raises(ValueError, match="a column is a point"):
        loss.gradient(np.zeros((2, 21)))
    assert loss.expression is None and loss.symbols is None


def test_without_torch(monkeypatch, data):
    monkeypatch.setitem(sys.modules, "torch", None)
    with pytest.raises(ImportError, match=r"needs PyTorch.*optiflows\[torch\]"):
        Loss.from_torch(None, half_square, data)
