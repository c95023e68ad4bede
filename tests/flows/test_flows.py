"""Every flow of the catalogue on its three readings, and what each one is."""
from dataclasses import dataclass

import numpy as np
import pytest
import sympy
from scipy.integrate import solve_ivp

import networks
from arithmetic import Graph, Program, Vector
from flows import (
    FLOWS, AdaBelief, AdaDelta, AdaGrad, Adam, AdamW, AMSGrad, Cautious, DAdaptation, DampedNewton, Flow,
    GradientDescent, LevenbergMarquardt, Mechanic, Momentum, MomentumRMSProp, NAdam, Nesterov, NesterovODE, Newton,
    NormalisedGradient, PGradient, Prodigy, RAdam, RMSProp, Scheduled, State, WeightDecay, scalar, schedules,
)
from schemes import SequentialEuler


@dataclass(frozen=True)
class HeavyBall(Flow):
    """The user's own flow of the documentation."""

    c: float = 1.0
    memory = ("v",)

    def field(self, s, oracle):
        return {"v": -self.c * s.v - oracle.gradient, "theta": s.v}


@dataclass(frozen=True)
class Slip(Flow):
    """A heavy ball whose memory is misnamed."""

    memory: tuple = ("v",)

    def field(self, s, oracle):
        return {"v": -oracle.gradient, "theta": -oracle.gradient}


VARIANTS = [Adam(hat=True, eps=0.1), Adam(eps_root=0.1), AMSGrad(corrected_maximum=True), AMSGrad(correction=False),
            AdaGrad(eps_root=0.1), RMSProp(eps_root=0.1), MomentumRMSProp(centred=True), NAdam(correction=False),
            AdaBelief(floor=0.1), DampedNewton(damping=5.0), LevenbergMarquardt(diagonal=True), NesterovODE(s=0.1),
            Mechanic(GradientDescent()), Mechanic(AdaDelta()), Cautious(Momentum()), Cautious(Adam(), scaled=False),
            Prodigy(decay=0.1), DAdaptation(decay=0.1),
            Scheduled(Momentum(), schedules.Cosine(2.0)), Scheduled(Adam(), schedules.Warmup(1.0), whole=True)]
ALL = [flow() for flow in FLOWS] + [Adam(correction=False), HeavyBall(), WeightDecay(Momentum(), 0.1),
                                    WeightDecay(Adam(), 0.1, decoupled=True), *VARIANTS]
IDS = [f"{type(f).__name__}-{i}" for i, f in enumerate(ALL)]


#: Their own formulas are singular at t = 0, where their corrections 1/c₁ have no limit.
SINGULAR = NAdam, RAdam, Prodigy, DAdaptation

T = 0.3  # a time after the start, where bias corrections and 1/t have no limits to take


@pytest.fixture(scope="module")
def loss():
    return networks.get("polytwo")


def states(field, lanes=5):
    rng = np.random.default_rng(11)
    y = rng.uniform(0.2, 0.9, (field.size, lanes))  # memories such as v and c1 are positive
    y[:field.dim] = rng.uniform(-2, 2, (field.dim, lanes))
    if {"m", "v"} <= set(field.blocks):
        y[field.blocks["m"]] *= 0.4  # an average of squares is at least the square of the average
    return y


@pytest.mark.parametrize("flow", ALL, ids=IDS)
def test_lanes_are_independent_columns(flow, loss):
    field = flow.on(loss)
    y = states(field)
    whole = field(T, y)
    assert whole.shape == y.shape
    for k in range(y.shape[1]):
        assert (field(T, y[:, k]) == whole[:, k]).all()


@pytest.mark.parametrize("flow", ALL, ids=IDS)
def test_recorded_and_symbolic_readings_agree_with_numbers(flow, loss):
    field = flow.on(loss)
    y = states(field)
    graph = Graph()
    inputs = graph.inputs("y", field.size)
    recorded = Program(tuple(inputs), tuple(graph.lift(x) for x in field(T, inputs)))
    numbers = np.array([np.broadcast_to(x, y.shape[1:]) for x in recorded(*y)])  # of memory at rest, 0
    assert numbers == pytest.approx(field(T, y), rel=1e-13, abs=1e-13)
    symbols = Vector(sympy.symbols(f"y:{field.size}", real=True))
    symbolic = sympy.lambdify([list(symbols)], list(field(T, symbols)), "numpy")
    assert np.array([np.broadcast_to(x, y.shape[1:]) for x in symbolic(y)]) == pytest.approx(
        field(T, y), rel=1e-11, abs=1e-11)


@pytest.mark.parametrize("flow", ALL, ids=IDS)
def test_equations_of_a_coordinate_are_the_field(flow):
    """On F = x⁴/4 + r²/2-like data the printed equations give the numbers of the field."""
    x = sympy.Dummy("x", real=True)
    loss = networks.Loss.from_residuals(lambda theta: [theta[0] ** 2 - 3], 1)
    field = flow.on(loss)
    y = states(field, 1)[:, 0]
    value = loss.expression.subs(loss.symbols[0], x)
    s, oracle, derivatives = flow.coordinate()
    numbers = {sympy.Symbol("F", real=True): value, sympy.Symbol("g", real=True): value.diff(x),
               sympy.Symbol("H", real=True): value.diff(x, 2), sympy.Symbol("J", real=True): 2 * x}
    blocks = {name: y[place] if isinstance(place, int) else y[place][0] for name, place in field.blocks.items()}
    result = field(T, y)
    for name, place in field.blocks.items():
        expression = sympy.sympify(derivatives[name]).subs(numbers).subs(x, blocks["theta"]).subs(s.t, T)
        got = expression.subs({getattr(s, block): blocks[block] for block in blocks})
        assert float(got) == pytest.approx(float(np.ravel(result[place])[0]), rel=1e-12)
    assert len(flow.equations()) == len(field.blocks) and "theta'" in str(flow.equations())
    assert flow.equations()._repr_latex_().startswith("$$")


@pytest.mark.parametrize("flow", ALL, ids=IDS)
def test_jacobian_against_differences(flow, loss):
    field = flow.on(loss)
    y = states(field, 3)
    J = field.jacobian(T, y)
    assert J.shape == (field.size, field.size, 3)
    for j in range(field.size):
        h = np.zeros((field.size, 1))
        h[j] = 1e-6
        difference = (field(T, y + h) - field(T, y - h)) / 2e-6
        assert J[:, j] == pytest.approx(difference, rel=1e-5, abs=1e-5 * (1 + np.abs(J).max()))


@pytest.mark.parametrize("flow", [f for f in ALL if f.energy is not None], ids=lambda f: type(f).__name__)
def test_own_energy_decreases_at_least_as_it_says(flow, loss):
    """d/dt of the energy along the field, by differences, is at most −dissipation."""
    field = flow.on(loss)
    y = states(field, 200)
    plain = getattr(flow, "flow", flow)
    if "c1" in field.blocks:  # after a time t the corrections are 1 − e^{−at} and 1 − e^{−bt}
        age = np.random.default_rng(2).uniform(0.01, 5, 200)
        y[field.blocks["c1"]], y[field.blocks["c2"]] = 1 - np.exp(-plain.a * age), 1 - np.exp(-plain.b * age)
    f = field(0.0, y)

    def at(y):
        s = field.state(0.0, y)
        return s, loss.oracle(s.theta)

    with np.errstate(all="ignore"):
        dt = 1e-6
        slope = (flow.energy(*at(y + dt * f)) - flow.energy(*at(y - dt * f))) / (2 * dt)
        least = flow.dissipation(*at(y))
    scale = 1 + np.abs(slope)
    assert (least >= -1e-12).all() or isinstance(flow, LevenbergMarquardt)
    assert (slope <= -least + 1e-4 * scale).all()


@pytest.mark.parametrize("flow", [GradientDescent(), Momentum(), Nesterov(), RMSProp(eps=0.1), Adam(eps=0.1)], ids=str)
def test_any_scipy_solver_integrates_a_field(flow, loss):
    field = flow.on(loss)
    start = field.start([1.5, 0.4])
    ends = [solve_ivp(field, (0, 3), start, method=method, rtol=1e-8, atol=1e-10, vectorized=True).y[:, -1]
            for method in ("RK45", "Radau", "LSODA")]
    assert np.ptp(ends, axis=0).max() < 1e-5


def test_gradient_flow_keeps_its_first_integral():
    loss = networks.get("linear-two")
    end = solve_ivp(GradientDescent().on(loss), (0, 20), [0.3, 1.2], rtol=1e-10, atol=1e-12).y[:, -1]
    assert end[1] ** 2 - end[0] ** 2 == pytest.approx(1.2**2 - 0.3**2, abs=1e-8) and end[0] * end[1] == pytest.approx(1)


def test_newton_attracts_every_nondegenerate_critical_point(loss):
    field = Newton().on(loss)
    for p in loss.critical_points():
        end = solve_ivp(field, (0, 12), p.numeric + [0.03, -0.02], rtol=1e-8, atol=1e-10).y[:, -1]
        assert end == pytest.approx(p.numeric, abs=1e-4)


def test_adam_starts_as_sign_descent(loss):
    field = Adam(eps=0.0).on(loss)
    y = field.start([[0.3], [1.7]])
    theta = field.blocks["theta"]
    assert field(0.0, y)[theta] == pytest.approx(-np.sign(loss.gradient(y[:2])))  # the limit of (m/c₁)/√(v/c₂) at 0


@pytest.mark.parametrize("flow", [f for f in ALL if not isinstance(f, SINGULAR)], ids=lambda f: type(f).__name__)
def test_fields_are_finite_at_their_start(flow, loss):
    """Also where a gradient component is 0: (1, −1) is a saddle."""
    field = flow.on(loss)
    assert np.isfinite(field(0.0, field.start([[0.3], [1.7]]))).all()


@pytest.mark.parametrize("flow", [Adam(), AdamW(), AMSGrad(), AdaBelief(), Momentum(), Nesterov(), NesterovODE()],
                         ids=lambda f: type(f).__name__)
def test_jacobians_are_finite_at_the_start(flow, loss):
    field = flow.on(loss)
    assert np.isfinite(field.jacobian(0.0, field.start([0.3, 1.7]))).all()


def test_decay_is_taken_where_the_gradient_is(loss):
    """A sequential scheme moves θ before AdaDelta's last block,
    which still sees the penalised gradient of the old θ."""
    flow, y = WeightDecay(AdaDelta(b=0.5, eps=0.1), 0.3), np.array([0.4, -1.1, 0.2, 0.3, 0.1, 0.5])
    field = flow.on(loss)
    g = loss.gradient(y[:2]) + 0.3 * y[:2]
    v = y[field.blocks["v"]] + 0.1 * 0.5 * (g**2 - y[field.blocks["v"]])
    u = y[field.blocks["u"]]
    after = SequentialEuler().step(field, 0.0, y, 0.1)[0]
    assert after[field.blocks["u"]] == pytest.approx(u + 0.1 * 0.5 * ((u + 0.1) / (v + 0.1) * g**2 - u))


def test_weight_decay_is_the_penalised_loss(loss):
    rate, theta = 0.3, np.array([0.4, -1.1])
    plain, l2 = GradientDescent().on(loss), WeightDecay(GradientDescent(), rate).on(loss)
    assert l2(0, theta) == pytest.approx(plain(0, theta) - rate * theta)
    s, oracle = State(theta=theta, t=0.0), loss.oracle(theta)
    assert WeightDecay(GradientDescent(), rate).energy(s, oracle) == pytest.approx(
        loss.value(theta) + rate * theta @ theta / 2)
    assert WeightDecay(Adam(), rate, decoupled=True).energy is None


def test_start_and_blocks(loss):
    field = Adam().on(loss)
    assert field.blocks == {"theta": slice(0, 2), "m": slice(2, 4), "v": slice(4, 6), "c1": 6,
                            "c2": 7} and field.size == 8
    assert field.start([1.0, 2.0]).tolist() == [1, 2, 0, 0, 0, 0, 0, 0]
    assert (field.theta(field.start([[1.0], [2.0]])) == [[1], [2]]).all()
    assert Adam().memory[2] == "c1" and isinstance(Adam().memory[2], scalar)


def test_symbolic_rates_are_positive_symbols():
    flow = Adam.symbolic()
    assert flow.a == sympy.Symbol("a", positive=True) and flow.correction is True
    assert "a*(g - m)" in str(flow.equations())


@pytest.mark.parametrize("call, error, message", [
    (lambda loss: GradientDescent().on("polytwo"), TypeError, "from_callables"),
    (lambda loss: GradientDescent().on(loss)(0, [1.0, 2.0, 3.0]), ValueError, r"shape \(2,\)"),
    (lambda loss: GradientDescent().on(loss).start([[1.0, 2.0]]), ValueError, "transpose"),
    (lambda loss: GradientDescent().on(loss).start("x"), TypeError, "numbers"),
    (lambda loss: Flow().field(None, None), NotImplementedError, "must define field"),
    (lambda loss: Slip(("velocity")).on(loss), ValueError, "must be a tuple"),
    (lambda loss: Slip(("v", "t")).on(loss), ValueError, "other than 't'"),
    (lambda loss: Slip(("w",)).on(loss)(0, np.zeros(4)), ValueError, r"it must return the derivative of each block"),
    (lambda loss: WeightDecay(Adam), TypeError, "must be a Flow"),
])
def test_bad_input_is_named(call, error, message, loss):
    with pytest.raises(error, match=message):
        call(loss)


@pytest.mark.parametrize("p", [1.5, 3.0, 4.0])
def test_the_speed_of_p_gradient_flows_on_a_parabola(p):
    """|x|' = −|x|^a on x²/2, a = 1/(p − 1): at rest in finite time for p > 2, as 1/t for p = 3/2."""
    bowl, a, start = networks.Loss(lambda x: x[0]**2 / 2, 1), 1 / (p - 1), 1.3
    field, end = PGradient(p, eps=0.0).on(bowl), 0.9 * start**(1 - a) / abs(1 - a)
    found = solve_ivp(field, (0, end), [start], rtol=1e-10, atol=1e-12).y[0, -1]
    assert found == pytest.approx((start**(1 - a) - (1 - a) * end) ** (1 / (1 - a)), rel=1e-7)


def test_p_gradient_flows_lie_between_gradient_descent_and_its_direction():
    loss, x = networks.get("cloche"), np.array([0.4, 1.7])
    for p, other in ((2.0, GradientDescent()), (1e9, NormalisedGradient())):
        assert np.allclose(PGradient(p).on(loss)(0.0, x), other.on(loss)(0.0, x), rtol=1e-8)
