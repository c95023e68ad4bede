"""The protocol of losses, oracles and fields: every loss speaks it alike, and what is missing is one sentence."""
import pickle

import numpy as np
import pytest
import sympy
from hypothesis import given, settings
from hypothesis import strategies as st

import networks
import schemes
from arithmetic import (
    CoordinateLoss, Descended, GivenOracle, Graph, Missing, Oracle, OracleView, Program, SymbolicLoss, Vector,
    VectorField, add_diagonal, diagonal, gram, times,
)
from flows import FLOWS, Adam, GradientDescent, LevenbergMarquardt, Momentum, Newton, WeightDecay
from networks import Loss, Network
from schemes import EnergyControl, Euler, Outcome, Stop, Strang, pair

RNG = np.random.default_rng(7)
X, Y = RNG.normal(size=(6, 2)), RNG.normal(size=(6, 2))
DATA = {"squares": (X, Y), "logistic": (X, (Y > 0) * 1.0), "softmax": (X, [0, 1, 1, 0, 1, 0])}
x, y = sympy.symbols("x y", real=True)


def quartic(t):
    return t[0] ** 4 / 4 - t[0] * t[1] + t[1] ** 2


def residuals(t):
    return [t[0] ** 2 - t[1], 2 * t[1] - 1, t[0] * t[1]]


def columns(matrix, t):
    return np.broadcast_to(np.reshape(matrix, (2, 2, *[1] * (np.ndim(t) - 1))), (2, 2, *np.shape(t)[1:]))


LOSSES = {
    "definition": lambda: Loss(quartic, 2),
    "expression": lambda: Loss.from_expression(sympy.exp(x * y) + sympy.tanh(x) ** 2, (x, y)),
    "residuals": lambda: Loss.from_residuals(residuals, 2),
    "functions": lambda: Loss.from_callables(
        2, lambda t: (t[0] ** 2 + t[0] * t[1] + t[1] ** 2), lambda t: np.array([2 * t[0] + t[1], t[0] + 2 * t[1]]),
        hessian=lambda t: columns([[2.0, 1.0], [1.0, 2.0]], t)),
    "functions of squares": lambda: Loss.from_callables(
        2, lambda t: (t**2).sum(axis=0) / 2, lambda t: 1.0 * t, hessian=lambda t: columns(np.eye(2), t),
        residual=lambda t: 1.0 * t, jacobian=lambda t: columns(np.eye(2), t)),
    **{f"{kind} network, {loss}": lambda loss=loss, kind=kind: Network(
        (2, 3, 2), ("tanh", "linear"), DATA[loss], loss=loss, recordable=kind == "recorded")
       for loss in DATA for kind in ("recorded", "vectorised")},
}
WITH_RESIDUALS = {"residuals", "functions of squares", "recorded network, squares", "vectorised network, squares"}
CURVED = {*WITH_RESIDUALS, *(name for name in LOSSES if "network" in name)}  # what has a Gauss–Newton matrix
made = {}


@pytest.fixture
def loss(request):
    return made.setdefault(request.param, LOSSES[request.param]())


every = pytest.mark.parametrize("loss", LOSSES, indirect=True)
curved = pytest.mark.parametrize("loss", sorted(CURVED), indirect=True)


# ---------------------------------------------------------------------------------------------------- products
@every
def test_the_hessian_times_a_vector_is_that_of_the_matrix(loss):
    theta, v = RNG.normal(size=(2, loss.dim, 5)) / 2
    expected = np.einsum("ijl,jl->il", loss.hessian(theta), v)
    assert loss.hessian_product(theta, v) == pytest.approx(expected, rel=1e-11, abs=1e-12)
    assert loss.oracle(theta).hessian_product(v) == pytest.approx(expected, rel=1e-11, abs=1e-12)
    one = loss.hessian_product(theta[:, 2], v[:, 2])
    assert one.shape == (loss.dim,) and one == pytest.approx(expected[:, 2], rel=1e-11, abs=1e-12)
    with pytest.raises(ValueError, match="direction must have the shape"):
        loss.hessian_product(theta, v[:, 0])


@curved
def test_the_gauss_newton_matrix_times_a_vector_is_that_of_the_matrix(loss):
    theta, v = RNG.normal(size=(2, loss.dim, 5)) / 2
    expected = np.einsum("ijl,jl->il", loss.gauss_newton(theta), v)
    assert loss.gauss_newton_product(theta, v) == pytest.approx(expected, rel=1e-11, abs=1e-12)
    assert loss.oracle(theta).gauss_newton_product(v) == pytest.approx(expected, rel=1e-11, abs=1e-12)
    assert loss.gauss_newton_product(theta[:, 2], v[:, 2]) == pytest.approx(expected[:, 2], rel=1e-11, abs=1e-12)


@pytest.mark.parametrize("loss", [name for name in LOSSES if "functions" not in name and "vectorised" not in name],
                         indirect=True)
def test_products_are_recorded(loss):
    graph = Graph()
    theta, v = graph.inputs("theta", loss.dim), graph.inputs("v", loss.dim)
    for quantity in ("hessian_product", *(["gauss_newton_product"] if loss.name == "network" else [])):
        out = getattr(loss.oracle(theta), quantity)(v)
        at, along = RNG.normal(size=(2, loss.dim)) / 2
        program = Program((*theta, *v), tuple(out))
        assert program(*at, *along) == pytest.approx(getattr(loss, quantity)(at, along), rel=1e-11, abs=1e-12)


@pytest.mark.parametrize("name", ["definition", "expression", "residuals"])
def test_products_in_symbols(name):
    loss, v = LOSSES[name](), Vector(sympy.symbols("v1 v2", real=True))
    theta = Vector(loss.symbols)
    expected = sympy.hessian(loss.expression, loss.symbols) * sympy.Matrix(list(v))
    assert all(sympy.simplify(a - b) == 0 for a, b in zip(loss.hessian_product(theta, v), expected, strict=True))
    if name == "residuals":
        J = sympy.Matrix(residuals(theta)).jacobian(list(theta))
        expected = J.T * J * sympy.Matrix(list(v)) / 3
        assert all(sympy.expand(a - b) == 0 for a, b in zip(loss.gauss_newton_product(theta, v), expected, strict=True))
        assert all(sympy.expand(a - b) == 0 for a, b in zip(loss.jacobian(theta).flat, J / sympy.sqrt(3), strict=True))


def test_products_of_large_losses_form_no_matrix(monkeypatch):
    network = Network((8, 64, 1), ("tanh", "linear"), (RNG.normal(size=(50, 8)), RNG.normal(size=50)))
    loss = Loss.from_residuals(lambda t: [t[k] * t[k + 1] - 1 for k in range(len(t) - 1)], 400)
    for each in (network, loss):
        monkeypatch.setattr(each, "hessian", None)
        monkeypatch.setattr(each, "gauss_newton", None)
        monkeypatch.setattr(each, "jacobian", None)
        theta, v = RNG.normal(size=(2, each.dim)) / 3
        h = 1e-6
        difference = (each.gradient(theta + h * v) - each.gradient(theta - h * v)) / (2 * h)
        assert each.oracle(theta).hessian_product(v) == pytest.approx(difference, rel=1e-5, abs=1e-5)
        assert v @ each.oracle(theta).gauss_newton_product(v) > 0


def test_a_product_can_be_given():
    asked = []

    def product(t, v):
        asked.append(v.shape)
        return 3 * v

    loss = Loss.from_callables(2, lambda t: 1.5 * (t**2).sum(axis=0), lambda t: 3 * t, hessian_product=product)
    assert (loss.oracle(np.ones(2)).hessian_product(np.array([1.0, 2.0])) == [3, 6]).all() and asked == [(2,)]
    with pytest.raises(Missing, match=r"loss has no hessian: pass hessian=\.\.\. to Loss.from_callables; methods"):
        loss.oracle(np.ones(2)).hessian  # noqa: B018 - a property that asks


def test_products_of_a_torch_loss():
    torch = pytest.importorskip("torch")
    model = torch.nn.Sequential(torch.nn.Linear(2, 3), torch.nn.Tanh(), torch.nn.Linear(3, 2)).double()
    for vectorized in (True, False):
        loss = Loss.from_torch(model, torch.nn.functional.mse_loss, (X, Y), vectorized=vectorized)
        theta, v = RNG.normal(size=(2, loss.dim, 3)) / 2
        for matrix, product in (("hessian", "hessian_product"), ("gauss_newton", "gauss_newton_product")):
            expected = np.einsum("ijl,jl->il", getattr(loss, matrix)(theta), v)
            assert getattr(loss.oracle(theta), product)(v) == pytest.approx(expected, rel=1e-10, abs=1e-12)
            assert getattr(loss, product)(theta[:, 0], v[:, 0]) == pytest.approx(expected[:, 0], rel=1e-10, abs=1e-12)
        for quantity in ("value", "gradient", "hessian", "gauss_newton"):
            one = getattr(loss, quantity)(loss.start)
            assert getattr(loss, quantity)(np.zeros((loss.dim, 0))).shape == (*one.shape, 0)


def test_a_torch_loss_needs_no_gradient_mode_and_keeps_its_data():
    torch = pytest.importorskip("torch")
    model, data = torch.nn.Linear(2, 2).double(), (torch.tensor(X), torch.tensor(Y))
    loss = Loss.from_torch(model, torch.nn.functional.mse_loss, data)
    before = loss.gradient(loss.start)
    with torch.no_grad():
        assert (loss.gradient(loss.start) == before).all()
        loss.hessian(loss.start)
    data[0][:] = 0
    data[1][:] = 0
    assert (loss.gradient(loss.start) == before).all()


# ----------------------------------------------------------------------------------- the matrices of the vocabulary
@settings(max_examples=30, deadline=None)
@given(st.integers(1, 6), st.integers(0, 4), st.integers(0, 2**31))
def test_words_of_linear_algebra(n, lanes, seed):
    rng = np.random.default_rng(seed)
    A, J, v = rng.normal(size=(n, n, lanes)), rng.normal(size=(n + 2, n, lanes)), rng.normal(size=(n, lanes))
    assert times(A, v) == pytest.approx(np.einsum("ijl,jl->il", A, v), rel=1e-12, abs=1e-12)
    assert gram(J) == pytest.approx(np.einsum("pil,pjl->ijl", J, J), rel=1e-12, abs=1e-12)
    assert (diagonal(add_diagonal(A, 2.0)) == diagonal(A) + 2).all() and (add_diagonal(A, v) - A).shape == A.shape
    assert (times(A[..., :1], v[:, :1])[:, 0] == times(A, v)[:, 0]).all() if lanes else True


def test_words_of_linear_algebra_in_one_symbol():
    assert times(x, y) == x * y and gram(x) == x**2 and diagonal(x) == x and add_diagonal(x, 2) == x + 2


# ------------------------------------------------------------------------------------------- the one sentence
@pytest.mark.parametrize("loss", [name for name in LOSSES if name not in WITH_RESIDUALS], indirect=True)
def test_what_is_missing_is_one_sentence(loss):
    for quantity in ("residual", "jacobian"):
        with pytest.raises(Missing, match="has no residuals: .*; methods of Gauss–Newton kind need them, and a"):
            getattr(loss.oracle(np.zeros(loss.dim)), quantity)


@pytest.mark.parametrize("optimizer", ["lm", "gauss-newton", "lm-gain"])
def test_methods_of_gauss_newton_kind_say_what_they_need(optimizer):
    for loss in (LOSSES["definition"](), LOSSES["functions"]()):
        with pytest.raises(TypeError, match="loss has no residuals: "):
            schemes.named(optimizer).run(loss, np.zeros(2))


def test_everything_speaks_it():
    loss = LOSSES["vectorised network, squares"]()
    spoken = {Descended: (loss, LOSSES["functions"](), SymbolicLoss(x, (x,)), CoordinateLoss()),
              VectorField: (Adam().on(loss),),
              Oracle: (loss.oracle(np.zeros(loss.dim)), CoordinateLoss().oracle(x))}
    for protocol, speakers in spoken.items():
        assert all(protocol in type(speaker).__mro__ for speaker in speakers)
    assert networks.Oracle is Oracle and isinstance(LOSSES["functions"](), Loss) and isinstance(loss, Loss)


def test_a_gradient_of_a_wrong_shape():
    for gradient, theta, text in ((lambda t: t.T, (2, 3), r"\(2, 3\)"), (lambda t: np.ones(2), (2, 3), r"\(2, 3\)"),
                                  (lambda t: t[:1], (2,), r"\(2,\)")):
        loss = Loss.from_callables(2, lambda t: (t**2).sum(axis=0), gradient, name="bowl")
        with pytest.raises(ValueError, match=rf"bowl: gradient\(theta\) must have shape {text} for theta of shape"):
            loss.gradient(np.zeros(theta))


def test_symbols_of_one_name_and_other_assumptions():
    with pytest.raises(ValueError, match="different symbols of the name x: assumptions such as real=True"):
        Loss.from_expression(sympy.Symbol("x") ** 2 + y, (x, y))


def test_functions_of_numpy_that_know_floats_alone():
    for definition in (lambda t: np.exp(t[0]), lambda t: np.sum(np.exp(t))):
        loss = Loss(definition, 2)
        for read in (lambda loss=loss: loss.expression, lambda loss=loss: loss.value(np.zeros(2))):
            with pytest.raises(TypeError, match="NumPy's exp takes neither recorded numbers nor symbols; write arith"):
                read()


# ------------------------------------------------------------------------------------------------ views
def test_an_oracle_seen_through_changes():
    loss = LOSSES["residuals"]()
    theta, v = np.array([0.3, -0.2]), np.array([1.0, 2.0])
    base = loss.oracle(theta)
    view = OracleView(base, gradient=lambda o: o.gradient + 1, hessian=lambda o: 2 * o.hessian, residual="it is a view")
    assert view.value == base.value and view.theta is theta and (view.gradient == base.gradient + 1).all()
    assert view.hessian_product(v) == pytest.approx(2 * base.hessian_product(v))
    assert view.gauss_newton_product(v) == pytest.approx(base.gauss_newton_product(v))
    with pytest.raises(Missing, match="F has no residuals: it is a view"):
        view.residual  # noqa: B018
    given = GivenOracle(theta, jacobian=base.jacobian)
    assert given.gauss_newton == pytest.approx(base.gauss_newton)
    with pytest.raises(Missing, match="F has no hessian"):
        given.hessian_product(v)


def test_an_l2_penalty_is_the_penalised_loss():
    """Every quantity of F + λ|θ|²/2, seen by a flow that asks for it."""
    rate, theta, v = 0.3, np.array([0.4, -0.7]), np.array([1.0, 2.0])
    penalised = Loss(lambda t: sum(r**2 for r in residuals(t)) / 6 + rate * (t[0] ** 2 + t[1] ** 2) / 2, 2)
    seen = WeightDecay(GradientDescent(), rate).penalised(LOSSES["residuals"]().oracle(theta))
    for quantity in ("value", "gradient", "hessian"):
        assert getattr(seen, quantity) == pytest.approx(getattr(penalised, quantity)(theta), rel=1e-12)
    assert seen.hessian_product(v) == pytest.approx(penalised.hessian_product(theta, v), rel=1e-12)
    assert seen.gauss_newton_product(v) == pytest.approx(times(seen.gauss_newton, v), rel=1e-12)
    with pytest.raises(Missing, match="with an L2 penalty"):
        seen.residual  # noqa: B018


@pytest.mark.parametrize("make", [lambda: pair(Momentum(), Strang(), EnergyControl()),
                                  lambda: schemes.named("gd-richardson"), lambda: schemes.named("nesterov"),
                                  lambda: schemes.named("lm-gain"),
                                  lambda: pair(Newton(), Euler(), EnergyControl())])
def test_gradients_are_counted_alike_for_recorded_and_numeric_losses(make):
    recorded = LOSSES["residuals"]()
    numeric = Loss.from_callables(2, recorded.value, recorded.gradient, hessian=recorded.hessian,
                                  residual=recorded.residual, jacobian=recorded.jacobian)
    starts, stop = RNG.normal(size=(2, 6)), Stop(max_steps=40)
    one, two = (make().run(loss, starts, stop=stop) for loss in (recorded, numeric))
    assert (one.gradients == two.gradients).all() and (one.steps == two.steps).all()
    assert two.theta == pytest.approx(one.theta, rel=1e-9, abs=1e-9)


def test_each_point_of_a_numeric_loss_is_evaluated_once_in_a_trial():
    calls = []

    def gradient(t):
        calls.append(t.copy())
        return t + 0.0

    loss = Loss.from_callables(2, lambda t: (t**2).sum(axis=0) / 2, gradient)
    problem = schemes.named("gd-richardson").problem(loss)
    step = problem.step(problem.start(np.array([[1.0], [2.0]])))
    assert len(calls) == step.gradients == 2


# --------------------------------------------------------------------------------------- no starts, constants
@every
def test_of_no_starts_every_quantity_is_empty(loss):
    none = np.zeros((loss.dim, 0))
    quantities = ["value", "gradient", "hessian", *(["residual", "jacobian"] if loss.name in WITH_RESIDUALS else [])]
    for quantity in quantities:
        one = np.asarray(getattr(loss, quantity)(np.ones(loss.dim)))
        assert getattr(loss, quantity)(none).shape == (*one.shape, 0)
    assert loss.hessian_product(none, none).shape == none.shape
    for flow in (GradientDescent(), Adam(), Momentum(), Newton()):
        field = flow.on(loss)
        assert field(0.0, np.zeros((field.size, 0))).shape == (field.size, 0)


@every
def test_a_run_of_no_starts_is_empty(loss):
    for name in ("adam", "gd-energy", "momentum-energy", "gd-richardson", "newton"):
        run = schemes.named(name).run(loss, np.zeros((loss.dim, 0)))
        assert run.theta.shape == (loss.dim, 0) and run.outcome.shape == run.steps.shape == (0,)
        assert run.message == "no starts"


@pytest.mark.parametrize("name", schemes.NAMED)
@pytest.mark.parametrize("definition, dim", [(lambda t: 3.0, 2), (lambda t: 2 * t[0] - t[1], 2),
                                             (lambda t: 2 * t[0], 1)])
def test_constant_and_linear_losses_run_with_every_named_optimizer(name, definition, dim):
    optimizer, stop = schemes.named(name), Stop(max_steps=20)
    if name in ("lm", "gauss-newton", "lm-gain", "lmf", "lm-uphill"):
        with pytest.raises(TypeError, match="has no residuals"):
            optimizer.run(Loss(definition, dim), np.ones(dim), stop=stop)
        return
    run = optimizer.run(Loss(definition, dim), np.ones((dim, 3)), stop=stop)
    assert set(run.outcome) <= set(map(int, Outcome)) - {Outcome.RUNNING}


def test_newton_on_a_linear_loss_is_an_outcome():
    run = schemes.named("newton").run(Loss(lambda t: 2 * t[0], 1), [1.0])
    assert run.outcome in (Outcome.DIVERGED, Outcome.NOT_FINITE) and not np.isfinite(run.theta).any()


def test_a_constant_loss_is_critical_everywhere():
    (point,) = Loss(lambda t: 3.0, 2).critical_points()
    assert len(point.family) == 2 and float(point.value) == 3
    assert point.distance(RNG.normal(size=(2, 4))) == pytest.approx(0, abs=1e-14)
    assert len(Loss(lambda t: 2 * t[0] - t[1], 2).critical_points()) == 0


def test_no_candidates_of_newtons_method():
    points = Network((1, 2, 1), ("tanh", "linear"), ([0, 1], [0, 1])).critical_points()
    assert [p.nature for p in points] == ["non-strict minimum"] and points[0].family  # it fits: a manifold of minima
    assert not points.complete and points.undecided


# ------------------------------------------------------------------------------------------- losses in symbols
def test_a_symbolic_loss_has_free_parameters():
    eta, t = sympy.symbols("eta t", positive=True)
    loss = SymbolicLoss(eta * x**2 * y + sympy.cos(x), (x, y), residuals=[x * y, eta * x])
    at = Vector([t, 2 * t])
    assert loss.value(at) == 2 * eta * t**3 + sympy.cos(t)
    assert list(loss.gradient(at)) == [4 * eta * t**2 - sympy.sin(t), eta * t**2]
    assert loss.hessian(at).tolist() == [[4 * eta * t - sympy.cos(t), 2 * eta * t], [2 * eta * t, 0]]
    assert loss.jacobian(at).tolist() == [[2 * t, t], [eta, 0]] and list(loss.residual(at)) == [2 * t**2, eta * t]
    assert loss.gauss_newton(at).tolist() == [[4 * t**2 + eta**2, 2 * t**2], [2 * t**2, t**2]]
    assert SymbolicLoss(None, (x,), residuals=[x - 1]).expression == (x - 1) ** 2 / 2


def test_one_coordinate_knows_its_derivatives():
    F, g, H, J, d = *(sympy.Symbol(s, real=True) for s in "FgHJ"), sympy.Dummy()
    loss = CoordinateLoss()
    there = loss.oracle(loss.theta + d)
    slopes = [loss.known(getattr(there, q).diff(d).subs(d, 0)) for q in ("value", "gradient", "residual")]
    assert slopes == [g, H, J] and loss.oracle(loss.theta).value == F
    with pytest.raises(TypeError, match="for which one coordinate in symbols has no name"):
        loss.known(there.hessian.diff(d).subs(d, 0))


@pytest.mark.parametrize("flow", FLOWS, ids=lambda flow: flow.__name__)
def test_a_flow_asks_in_vectors_what_it_asks_in_one_coordinate(flow):
    """The field on one coordinate as vectors of length one is that of bare symbols: there is one reading, not two."""
    flow = flow.symbolic()
    s, _, derivatives = flow.coordinate()
    field = flow.on(CoordinateLoss())
    slopes = field(s.t, Vector(getattr(s, name) for name in field.blocks))
    for name, slope in zip(field.blocks, slopes, strict=True):
        difference = sympy.piecewise_fold(sympy.sympify(slope) - derivatives[name])
        assert sympy.simplify(difference) == 0


def test_jacobians_in_symbols():
    """∂f/∂y of a symbolic loss is that of the same loss recorded."""
    loss, memory = LOSSES["definition"](), sympy.symbols("v1 v2", real=True)
    symbolic = SymbolicLoss(loss.expression, loss.symbols)
    state = Vector([*loss.symbols, *memory])
    one, two = (Momentum().on(each).jacobian(0, state) for each in (loss, symbolic))
    assert all(sympy.expand(a - b) == 0 for a, b in zip(one.flat, two.flat, strict=True))
    with pytest.raises(TypeError, match="takes derivatives that numeric losses do not give"):
        Momentum().on(LOSSES["functions"]()).jacobian(0.0, np.zeros(4))


def test_a_loss_at_exact_numbers_is_exact():
    assert Loss(quartic, 2).value(Vector([sympy.Integer(1), sympy.sqrt(2)])) == sympy.Rational(1, 4) - sympy.sqrt(2) + 2
    assert Loss(quartic, 2).hessian(Vector([sympy.Integer(1), sympy.Rational(1, 3)])).tolist() == [[3, -1], [-1, 2]]


def test_losses_are_sent_to_other_processes():
    for name in ("expression", "vectorised network, squares", "recorded network, softmax"):
        loss = LOSSES[name]()
        theta = RNG.normal(size=(loss.dim, 2))
        loss.hessian_product(theta, theta)
        assert (pickle.loads(pickle.dumps(loss)).gradient(theta) == loss.gradient(theta)).all()


def test_what_a_problem_is_made_of_is_checked():
    field = LevenbergMarquardt().on(LOSSES["residuals"]())
    with pytest.raises(TypeError, match="scheme must be a Scheme"):
        schemes.Problem(field, Euler, 0.1, Stop())
    with pytest.raises(TypeError, match="stop must be a Stop"):
        schemes.integrate(field, np.zeros(2), Euler(), 0.1, {"gradient": 1e-8})


def test_blocks_that_are_missing_or_too_many():
    class Half(Momentum):
        def field(self, s, oracle):
            return {"theta": s.v}

    class Third(Momentum):
        def field(self, s, oracle):
            return super().field(s, oracle) | {"w": s.v}

    for flow in (Half(), Third()):
        with pytest.raises(ValueError, match="must return the derivative of each block and no other"):
            pair(flow, schemes.SequentialEuler(), 0.1).run(LOSSES["definition"](), np.zeros(2))
