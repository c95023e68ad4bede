"""Networks on data: the vectorised numbers against the recording, differences and torch; losses; what is refused."""
import pickle

import numpy as np
import pytest
import sympy
from hypothesis import given
from hypothesis import strategies as st

import arithmetic as ar
import basins
import schemes
from arithmetic import Graph, Program, Vector, gradient
from networks import ACTIVATIONS, LOSSES, Network
from arithmetic import sigmoid, softplus
from networks.functions import Activation, log_sum_exp
from schemes import Stop

QUANTITIES = ("value", "gradient", "hessian", "gauss_newton")


def rows(loss, P=6, m=2, K=2, seed=0):
    rng = np.random.default_rng(seed)
    targets = {"squares": rng.normal(size=(P, K)), "logistic": rng.integers(0, 2, (P, K)),
               "softmax": np.arange(P) % K}[loss]
    return rng.normal(size=(P, m)), targets


def both(layers, activations, data, **options):
    return [Network(layers, activations, data, recordable=choice, **options) for choice in (True, False)]


def starts(network, n, seed=1):
    return np.random.default_rng(seed).normal(size=(network.dim, n))


@pytest.mark.parametrize("bias", [True, False])
@pytest.mark.parametrize("loss", LOSSES)
@pytest.mark.parametrize("activation", ACTIVATIONS)
def test_numbers_are_the_recording(activation, loss, bias):
    recorded, vectorised = both((2, 3, 2), (activation, "linear"), rows(loss), loss=loss, bias=bias)
    assert recorded.recordable and not vectorised.recordable
    theta = starts(recorded, 5)
    for quantity in QUANTITIES:
        expected, got = getattr(recorded, quantity)(theta), getattr(vectorised, quantity)(theta)
        assert got.shape == expected.shape and got == pytest.approx(expected, rel=1e-11, abs=1e-12)
        assert getattr(vectorised, quantity)(theta[:, 2]) == pytest.approx(expected[..., 2], rel=1e-11, abs=1e-12)


@pytest.mark.parametrize("layers, activations", [
    ((1, 1), "tanh"), ((3, 1, 2, 1), "tanh"), ((2, 4, 3, 3), ("relu", "sin", "linear")),
    ((2, 1, 2), (lambda z: z**3 - z, "linear"))])
def test_any_depth_and_any_activation(layers, activations):
    rng = np.random.default_rng(2)
    data = rng.normal(size=(5, layers[0])), rng.normal(size=(5, layers[-1]))
    recorded, vectorised = both(layers, activations, data)
    theta = starts(recorded, 4)
    for quantity in (*QUANTITIES, "residual", "jacobian"):
        expected = getattr(recorded, quantity)(theta)
        assert getattr(vectorised, quantity)(theta) == pytest.approx(expected, rel=1e-11, abs=1e-12)


@pytest.mark.parametrize("loss", LOSSES)
def test_large_networks_against_differences(loss):
    K = 1 if loss == "logistic" else 3
    network = Network((5, 6, K), ("tanh", "linear"), rows(loss, 80, 5, K), loss=loss)
    assert not network.recordable and network.expression is None and network.symbols is None
    theta, v = starts(network, 3), starts(network, 3, seed=2)
    h = 1e-5
    g = network.gradient(theta)
    for i, e in enumerate(np.eye(network.dim)):
        e = h * e[:, None]
        assert g[i] == pytest.approx((network.value(theta + e) - network.value(theta - e)) / (2 * h), abs=1e-8)
    G = network.gauss_newton(theta)
    assert np.array_equal(G, np.swapaxes(G, 0, 1)) or np.allclose(G, np.swapaxes(G, 0, 1), rtol=0, atol=1e-15)
    assert np.linalg.eigvalsh(np.moveaxis(G, -1, 0)).min() > -1e-12
    assert network.gauss_newton_product(theta, v) == pytest.approx(np.einsum("ijl,jl->il", G, v), rel=1e-11, abs=1e-12)
    assert network.gauss_newton_product(theta[:, 0], v[:, 0]) == pytest.approx(G[..., 0] @ v[:, 0], rel=1e-11,
                                                                               abs=1e-12)


@pytest.mark.parametrize("loss", LOSSES)
def test_gauss_newton_is_the_hessian_of_a_linear_model(loss):
    recorded, vectorised = both((3, 2), "linear", rows(loss, 7, 3), loss=loss)
    theta = starts(recorded, 2)
    assert vectorised.gauss_newton(theta) == pytest.approx(recorded.hessian(theta), rel=1e-11, abs=1e-13)


@pytest.mark.parametrize("loss", LOSSES)
def test_a_lane_does_not_see_the_others(loss):
    network = Network((6, 9, 2), ("tanh", "linear"), rows(loss, 120, 6), loss=loss)
    theta = starts(network, 150)  # more than one chunk
    for quantity in QUANTITIES:
        together = getattr(network, quantity)(theta)
        for k in (0, 1, 77, 149):
            assert np.array_equal(getattr(network, quantity)(theta[:, k]), together[..., k])
        assert np.array_equal(getattr(network, quantity)(theta[:, 60:97]), together[..., 60:97])


@pytest.mark.parametrize("name", ["gd-richardson", "gd-energy", "adam-energy", "lm"])
def test_runs_and_studies_have_the_same_bits_however_they_are_cut(name):
    network = Network((6, 9, 2), ("tanh", "linear"), rows("softmax", 60, 6), loss="softmax")
    theta, stop = starts(network, 7), Stop(max_steps=25)
    together = schemes.named(name).run(network, theta, stop=stop)
    for k in (0, 4):
        alone = schemes.named(name).run(network, theta[:, k], stop=stop)
        assert np.array_equal(alone.theta, together.theta[:, k]) and alone.gradients == together.gradients[k]
    study = basins.study(network, schemes.named(name), theta, stop=stop, chunk=3, progress=False)
    assert np.array_equal(study.theta, together.theta)
    assert np.array_equal(study.point >= 0, together.outcome == schemes.Outcome.CONVERGED)


@pytest.mark.parametrize("loss", LOSSES)
def test_against_torch(loss):
    torch = pytest.importorskip("torch")
    K = 1 if loss == "logistic" else 3
    X, Y = rows(loss, 50, 4, K)
    network = Network((4, 5, K), ("tanh", "linear"), (X, Y), loss=loss)
    f = torch.nn.functional
    functions = {"squares": lambda o, y: f.mse_loss(o, y) / 2, "softmax": f.cross_entropy,
                 "logistic": f.binary_cross_entropy_with_logits}
    model = torch.nn.Sequential(torch.nn.Linear(4, 5), torch.nn.Tanh(), torch.nn.Linear(5, K)).double()
    target = torch.as_tensor(Y).double() if loss != "softmax" else torch.as_tensor(Y)
    torchs = Network.from_torch(model, functions[loss], (X, target))
    theta = starts(network, 4)
    for quantity in QUANTITIES:
        assert getattr(network, quantity)(theta) == pytest.approx(getattr(torchs, quantity)(theta), rel=1e-11,
                                                                  abs=1e-12)
    torchs.write(theta[:, 0])
    assert network.predict(theta, X)[..., 0] == pytest.approx(model(torch.tensor(X)).detach().numpy(), rel=1e-12)


def test_the_value_comes_with_the_gradient():
    network = Network((2, 30, 1), ("tanh", "linear"), rows("squares", 40, 2, 1))
    theta, calls = starts(network, 3), []
    forward = network.forward
    network.forward = lambda *a, **k: calls.append(1) or forward(*a, **k)
    oracle = network.oracle(theta)
    g, F = oracle.gradient, oracle.value
    assert len(calls) == 1 and np.array_equal(F, network.value(theta)) and np.array_equal(g, network.gradient(theta))


@pytest.mark.parametrize("name", ["gd", "adam", "lm", "gd-richardson", "gd-energy", "momentum-energy", "adam-energy"])
@pytest.mark.parametrize("loss", LOSSES)
def test_both_readings_run_alike(name, loss):
    """Ten trials of the recorded map and of the vectorised one: the same points up to rounding."""
    recorded, vectorised = both((2, 2, 2), ("tanh", "linear"), rows(loss, 5), loss=loss)
    theta = starts(recorded, 6) / 2
    ends = [schemes.named(name).run(network, theta, stop=Stop(max_steps=10), backend="numpy")
            for network in (recorded, vectorised)]
    assert ends[1].theta == pytest.approx(ends[0].theta, rel=1e-9, abs=1e-12)
    assert (ends[0].steps == ends[1].steps).all() and (ends[0].gradients == ends[1].gradients).all()


def test_symbols_of_the_cross_entropies():
    logistic = Network((1, 1), "linear", ([3], [1]), loss="logistic")
    w, b = logistic.symbols
    assert sympy.simplify(logistic.expression - (sympy.log(1 + sympy.exp(3 * w + b)) - 3 * w - b)) == 0
    assert logistic.value([0.3, 0.2]) == pytest.approx(np.log(1 + np.exp(-1.1)), rel=1e-14)
    softmax = Network((1, 3), "linear", ([1, 2], [0, 2]), loss="softmax", bias=False)
    v = np.array([0.3, -0.4, 0.9])
    expected = (np.log(np.exp(v).sum()) - v[0] + np.log(np.exp(2 * v).sum()) - 2 * v[2]) / 2
    assert softmax.value(v) == pytest.approx(expected, rel=1e-14)
    assert float(softmax.expression.subs(dict(zip(softmax.symbols, v,
                                                  strict=True)))) == pytest.approx(expected, rel=1e-13)


def test_logistic_of_one_output_is_softmax_of_two():
    X, _ = rows("squares")
    y = np.array([0, 1, 1, 0, 1, 0])
    one = Network((2, 1), "linear", (X, y), loss="logistic", recordable=False)
    two = Network((2, 2), "linear", (X, y), loss="softmax", recordable=False)
    theta = starts(one, 3)
    embedded = np.stack([0 * theta[0], 0 * theta[1], theta[0], theta[1], 0 * theta[2], theta[2]])
    assert two.value(embedded) == pytest.approx(one.value(theta), rel=1e-14)


def test_far_logits_neither_overflow_nor_lose_their_slope():
    graph = Graph()
    z = graph.input("z")
    first = gradient(softplus(z), [z])[0]
    program = Program((z,), (softplus(z), first, gradient(first, [z])[0], sigmoid(z), gradient(sigmoid(z), [z])[0]))
    x = np.array([-1e4, -800.0, -30.0, 0.0, 30.0, 800.0, 1e4])
    plus, s, curved, same, slope = program(x)
    assert plus == pytest.approx(np.logaddexp(0, x), abs=1e-15) and np.array_equal(s, same)
    assert s == pytest.approx(np.exp(-np.logaddexp(0, -x)), rel=1e-14) and np.array_equal(curved, slope)
    assert curved[3] == 0.25 and (curved[[0, -1]] == 0).all()
    assert float(log_sum_exp([np.float64(1e4), np.float64(-1e4), np.float64(1e4)])) == pytest.approx(1e4 + np.log(2))
    for loss, K in (("logistic", 1), ("softmax", 3)):
        network = Network((2, K), "linear", rows(loss, 6, 2, K), loss=loss, recordable=False)
        theta = 1e5 * starts(network, 4)
        assert all(np.isfinite(getattr(network, q)(theta)).all() for q in QUANTITIES)


def test_scores():
    X, Y = rows("squares", 30, 3, 2)
    network = Network((3, 4, 2), ("tanh", "linear"), (X, Y))
    theta = starts(network, 3)
    o = network.predict(theta, X)
    assert o.shape == (30, 2, 3)
    assert np.mean((o - Y[..., None]) ** 2, axis=(0, 1)) / 2 == pytest.approx(network.value(theta))
    spread = np.sum((Y - Y.mean(axis=0)) ** 2, axis=0)
    r2 = [np.mean(1 - np.sum((o[..., i] - Y) ** 2, axis=0) / spread) for i in range(3)]
    assert network.score(theta, (X, Y)) == pytest.approx(r2)
    assert network.score(theta[:, 1], (X, Y)) == pytest.approx(r2[1])
    perfect = Network((1, 1), "linear", ([0, 1, 2], [1, 3, 5]))
    assert perfect.score([2.0, 1.0], ([4, 7], [9, 15])) == 1
    signs = Network((1, 1), "linear", ([0, 1], [0, 1]), loss="logistic")
    assert signs.score([1.0, 0.0], ([-2, -1, 1, 2], [0, 1, 1, 1])) == 0.75
    classes = Network((1, 3), "linear", ([0, 1], [0, 1]), loss="softmax", bias=False)
    theta = np.array([[-1.0, 1.0], [0.0, 0.0], [1.0, -1.0]])
    assert classes.score(theta, ([1, 2, -1, -2], [2, 2, 2, 0])) == pytest.approx([0.75, 0.25])


def test_scores_are_scikit_learns():
    metrics = pytest.importorskip("sklearn.metrics")
    X, Y = rows("squares", 30, 3, 2)
    network = Network((3, 4, 2), ("tanh", "linear"), (X, Y))
    theta = starts(network, 1)[:, 0]
    assert network.score(theta, (X, Y)) == pytest.approx(metrics.r2_score(Y, network.predict(theta, X)))


def test_fan_in_boxes_and_processes():
    network = Network((4, 9, 1), ("tanh", "linear"), rows("squares", 50, 4, 1), box="fan-in")
    assert network.box == ((-0.5, 0.5),) * 45 + ((-1 / 3, 1 / 3),) * 10
    again = pickle.loads(pickle.dumps(network))
    theta = starts(network, 2)
    assert np.array_equal(again.gradient(theta), network.gradient(theta)) and again.box == network.box


def test_what_is_refused():
    X, Y = rows("squares", 60, 3, 1)
    large = Network((3, 4, 1), ("tanh", "linear"), (X, Y))
    symbols = Vector(sympy.symbols("a:21"))
    for call in (large.critical_points, lambda: large.value(symbols)):
        with pytest.raises(TypeError, match="recordable=True"):
            call()
    classes = Network((3, 4, 1), ("tanh", "linear"), (X, np.sign(Y) > 0), loss="logistic")
    with pytest.raises(TypeError, match="not a sum of squares"):
        classes.residual(np.zeros(21))
    with pytest.raises(ValueError, match="direction"):
        large.gauss_newton_product(np.zeros(21), np.zeros((21, 2)))
    with pytest.raises(ValueError, match="a column is a point"):
        large.value(np.zeros((3, 21)))
    for data, options, message in (
            (([1, 2], [1]), {}, "as many"), (([1, np.nan], [1, 2]), {}, "not finite"),
            (([1], [2]), {"loss": "logistic"}, "probabilities"),
            (([1], [1]), {"loss": "hinge"}, "no loss is named .hinge."), (([1], [1]), {"box": "he"}, "fan-in")):
        with pytest.raises(ValueError, match=message):
            Network((1, 1), "tanh", data, **options)
    with pytest.raises(ValueError, match="class 3 is none of"):
        Network((1, 3), "linear", ([1, 2], [0, 3]), loss="softmax")


def test_floats_among_the_data_are_the_decimals_that_they_print_as():
    loss = Network((1, 1), "linear", ([0.1, 2], [0.3, 1]), bias=False)
    (w,) = loss.symbols
    assert sympy.expand(loss.expression - ((w / 10 - sympy.Rational(3, 10))**2 + (2 * w - 1)**2) / 4) == 0


@pytest.mark.parametrize("loss, targets", [("squares", [0.5, -1.0, 2.0, 0.3]), ("logistic", [0, 1, 1, 0]),
                                           ("softmax", [0, 2, 1, 0])],
                         ids=["squares", "logistic", "softmax"])
def test_weights_of_data_points_are_repetitions(loss, targets):
    rng, times = np.random.default_rng(0), [1, 2, 3, 1]
    X = rng.normal(size=(4, 2))
    layers = (2, 3, 3 if loss == "softmax" else 1)
    weighted = Network(layers, ("tanh", "linear"), (X, targets), loss=loss, weights=times)
    repeated = Network(layers, ("tanh", "linear"), (np.repeat(X, times, axis=0), np.repeat(targets, times).tolist()),
                       loss=loss, recordable=False)
    theta, v = rng.normal(size=(2, weighted.dim, 2))
    for name in ("value", "gradient", "hessian", "gauss_newton"):
        assert getattr(weighted, name)(theta) == pytest.approx(getattr(repeated, name)(theta), abs=1e-12)
    for name in ("hessian_product", "gauss_newton_product"):
        assert getattr(weighted, name)(theta, v) == pytest.approx(getattr(repeated, name)(theta, v), abs=1e-12)
    if loss == "squares":
        r, J = weighted.residual(theta[:, 0]), weighted.jacobian(theta[:, 0])
        assert r @ r / 2 == pytest.approx(weighted.value(theta[:, 0]))
        assert J.T @ r == pytest.approx(weighted.gradient(theta[:, 0]), abs=1e-12)


def test_weights_are_positive_and_as_many_as_the_points():
    for weights in ([1.0], [1.0, 0.0], [1.0, -1.0], [1.0, np.nan]):
        with pytest.raises(ValueError, match="weights"):
            Network((1, 1), "tanh", ([1, 2], [0, 1]), weights=weights)
    with pytest.raises(ValueError, match="recordable"):
        Network((1, 1), "tanh", ([1, 2], [0, 1]), weights=[1, 2], recordable=True)


# ------------------------------------------------------------------------------------- activations that are polynomials
@st.composite
def polynomials(draw, depth=3):
    """A polynomial as a function in + - * / ** and fractions."""
    kind = draw(st.sampled_from("z number + - * / **".split() if depth else ["z", "number"]))
    if kind == "z":
        return lambda z: z
    if kind == "number":
        c = draw(st.integers(-4, 4) | st.fractions(-3, 3, max_denominator=7))
        return lambda z: c
    f = draw(polynomials(depth=depth - 1))
    if kind == "**":
        n = draw(st.integers(0, 3))
        return lambda z: f(z)**n
    if kind == "/":
        c = draw(st.fractions(-3, 3, max_denominator=5).filter(bool))
        return lambda z: f(z) / c
    g = draw(polynomials(depth=depth - 1))
    operator = {"+": lambda a, b: a + b, "-": lambda a, b: a - b, "*": lambda a, b: a * b}[kind]
    return lambda z: operator(f(z), g(z))


@given(polynomials())
def test_coefficients_of_a_polynomial_are_those_that_sympy_finds(f):
    z = sympy.Symbol("z", real=True)
    expected = sympy.Poly(sympy.sympify(f(z)), z).all_coeffs()[::-1]
    above, (below,) = Activation(f).exact_coefficients
    assert [sympy.Rational(c) / below for c in above] == expected


@pytest.mark.parametrize("f, expected", [
    (lambda z: 1 / (z**2 + 1), [[1], [1, 0, 1]]),
    (lambda z: z / (2 * z + 1), [[0, 1], [1, 2]]),
    (lambda z: (z + 1) / z, [[1, 1], [0, 1]]),
    (lambda z: sympy.sqrt(2) * z, [[0, 2**0.5], [1]]),
    (lambda z: 0.1 * z, [[0, 0.1], [1]]),
    (lambda z: z**-1, [[1], [0, 1]]),
    (lambda z: ar.power(z, 2), [[0, 0, 1], [1]]),  # which is no e^(2 log z): z may be negative
    (lambda z: ar.exp(z) - 1, None), (ar.tanh, None), (lambda z: ar.log(z), None), (lambda z: ar.maximum(z, 0), None)])
def test_other_activations_are_told_by_sympy(f, expected):
    assert Activation(f).coefficients == expected
