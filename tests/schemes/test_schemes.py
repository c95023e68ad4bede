"""Schemes: tableaux, orders, control, the loop and its outcomes."""
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import lyapunov
import networks
import schemes
from flows import Adam, GradientDescent, Momentum, RMSProp, WeightDecay
from networks import Loss
from schemes import (
    EnergyControl, ErrorControl, Euler, EulerRichardson, FixedStep, GainControl, MarquardtEuler, Outcome,
    RosenbrockEuler, SequentialEuler, Stop, integrate, pair,
)


@pytest.fixture(scope="module")
def polytwo():
    return networks.get("polytwo")


def test_richardson_is_the_midpoint_pair(polytwo):
    field, y, h = GradientDescent().on(polytwo), np.array([0.8, 0.3]), 0.07
    k1 = field(0, y)
    k2 = field(0, y + h / 2 * k1)
    y_new, error = EulerRichardson().step(field, 0.0, y, h)
    assert y_new == pytest.approx(y + h * k2) and error == pytest.approx(h / 2 * (k2 - k1))


@settings(max_examples=40, deadline=None)
@given(st.floats(1e-3, 1e3), st.floats(1e-3, 1e3), st.floats(0.1, 10))
def test_relative_error_control_does_not_see_units(scale, unit, start):
    """F → αF and θ → γθ leave the accepted points of gd-richardson where they are, in the new units."""
    def trajectory(alpha, gamma):
        loss = Loss.from_callables(1, lambda x: alpha * (x[0] / gamma) ** 4 / 4, lambda x: alpha * (x / gamma) ** 3
                                   / gamma)
        step = ErrorControl(h0=gamma**2 / alpha / 100)
        stop = Stop(gradient=0, speed=0, max_steps=20, radius=1e30)
        return integrate(GradientDescent().on(loss), [gamma * start], step=step, stop=stop).theta[0] / gamma
    assert trajectory(scale, unit) == pytest.approx(trajectory(1.0, 1.0), rel=1e-9)


def test_default_error_control_as_published(polytwo):
    """r = 0.1: every start of [−3, 3]² reaches a gradient of 1e-10 within 294 gradients, 213 on average."""
    from basins import grid

    run = integrate(GradientDescent().on(polytwo), grid(polytwo.box, 100), step=ErrorControl(),
                    stop=Stop(gradient=1e-10))
    assert (run.outcome == Outcome.CONVERGED).all()
    assert 150 < run.gradients.mean() < 230 and run.gradients.max() < 330


def test_absolute_tolerance_stalls_where_the_relative_one_converges(polytwo):
    field, stop = GradientDescent().on(polytwo), Stop(gradient=1e-10, max_steps=3000)
    absolute = integrate(field, [0.5, 1.2], step=ErrorControl(tol=1e-3, relative=False), stop=stop)
    assert absolute.outcome == Outcome.STEP_LIMIT
    assert integrate(field, [0.5, 1.2], step=ErrorControl(), stop=stop).outcome == Outcome.CONVERGED


@pytest.mark.parametrize("flow", [GradientDescent(), Momentum(c=1.0), RMSProp(b=2.0, eps=0.1),
                                  Adam(a=2.0, b=1.0, eps=0.1)],
                         ids=lambda f: type(f).__name__)
def test_energy_falls_at_every_accepted_step(flow, polytwo):
    field = flow.on(polytwo)
    scheme = Euler() if isinstance(flow, GradientDescent) else SequentialEuler()
    run = integrate(field, np.array([[2.5, -0.3, 40.0], [2.8, 0.1, -30.0]]), scheme, EnergyControl(h_max=0.5), record=1,
                    stop=Stop(max_steps=3000))
    assert (run.outcome == Outcome.CONVERGED).all()
    for lane in range(3):
        s = field.state(0.0, run.y[:, lane])
        with np.errstate(all="ignore"):
            energy = flow.energy(s, polytwo.oracle(s.theta))
        assert (np.diff(energy) <= 1e-14 * np.abs(energy[:-1])).all()


@pytest.mark.parametrize("flow", [GradientDescent(), Momentum(), RMSProp(), Adam()], ids=lambda f: type(f).__name__)
def test_the_energy_of_lyapunov_is_the_one_that_controls(flow, polytwo):
    """EnergyControl with `lyapunov.energies(flow)[0]`, which proves it, is EnergyControl alone."""
    energy = lyapunov.energies(flow)[0]
    start = np.random.default_rng(0).uniform(-3, 3, (2, 30))
    runs = [integrate(flow.on(polytwo), start, SequentialEuler(), EnergyControl(energy=e, h0=0.5, h_max=0.5))
            for e in (None, energy)]
    assert (runs[0].theta == runs[1].theta).all() and (runs[0].steps == runs[1].steps).all()


def test_a_step_to_infinity_is_refused():
    """The loss overflows at the first trial: it must not be taken for a decrease within rounding."""
    loss = networks.get("exptwo")
    start = np.array([[5.0], [1.0]])
    run = integrate(GradientDescent().on(loss), start, Euler(), EnergyControl(), Stop(gradient=1e-9))
    assert run.outcome[0] == Outcome.CONVERGED and run.theta[:, 0] == pytest.approx([0, 1], abs=1e-7)


# ------------------------------------------------------------------------------------------------ the loop
def test_outcomes(polytwo):
    field = GradientDescent().on(polytwo)
    starts = np.array([[0.1, 3.0, 0.0], [0.9, 3.0, 0.0]])
    run = integrate(field, starts, Euler(), 0.1)
    assert run.outcome.tolist() == [Outcome.CONVERGED, Outcome.DIVERGED, Outcome.CONVERGED]
    assert run.steps[2] == 0 and not run.success and "1 DIVERGED" in run.message
    assert integrate(field, [0.1, 0.9], Euler(), 0.1, Stop(max_steps=3)).outcome == Outcome.STEP_LIMIT
    root = Loss.from_callables(1, lambda x: np.sqrt(x[0]), lambda x: 0.5 / np.sqrt(x))
    assert integrate(GradientDescent().on(root), [1e-3], Euler(), 0.1).outcome == Outcome.NOT_FINITE
    wrong = Loss.from_callables(1, lambda x: x[0] ** 2, lambda x: -2 * x)  # a gradient of the wrong sign
    run = integrate(GradientDescent().on(wrong), [1.0], Euler(), EnergyControl(), Stop(h_min=1e-12))
    assert run.outcome == Outcome.STALLED and run.theta == 1
    assert all(o.sentence for o in Outcome)


def test_at_rest_needs_a_small_velocity_too():
    """A ball that crosses the minimum at speed has a zero gradient there, but goes on."""
    bowl = Loss.from_callables(1, lambda x: x[0] ** 2 / 2, lambda x: x.copy())
    run = integrate(Momentum(c=0.1).on(bowl), y0=[0.0, 1.0], scheme=SequentialEuler(), step=0.1)
    assert run.steps > 10 and run.outcome == Outcome.CONVERGED


def test_one_start_and_many_are_the_same(polytwo):
    optimizer = schemes.named("gd-richardson")
    starts = np.random.default_rng(3).uniform(-3, 3, (2, 50))
    many = optimizer.run(polytwo, starts)
    for k in (0, 7, 49):
        one = optimizer.run(polytwo, starts[:, k])
        assert (one.theta == many.theta[:, k]).all() and one.steps == many.steps[k]
        assert one.theta.shape == (2,) and isinstance(one.outcome, Outcome) and one.success


@pytest.mark.parametrize("name", schemes.NAMED)
def test_every_named_optimizer_on_every_back_end(name, polytwo):
    from arithmetic import Program, available

    optimizer = schemes.named(name)
    starts = np.random.default_rng(4).uniform(-1.5, 1.5, (2, 70))
    runs = [optimizer.run(polytwo, starts, backend=backend, stop=Stop(max_steps=400)) for backend in available()]
    plain = Loss.from_callables(2, polytwo.value, polytwo.gradient, hessian=polytwo.hessian, residual=polytwo.residual,
                                jacobian=polytwo.jacobian)
    plain.shapes = polytwo.shapes
    runs.append(optimizer.run(plain, starts, stop=Stop(max_steps=400)))
    tape = optimizer.problem(polytwo).iteration.lane_outputs
    transcendental = {"exp", "log", "sin", "cos", "tanh"} & {node.op for node in Program((), tuple(tape)).tape}
    for other in runs[1:-1]:
        assert (other.outcome == runs[0].outcome).all()
        if transcendental:  # their last bit is the library's that computes them
            assert other.theta == pytest.approx(runs[0].theta, abs=1e-6)
        else:
            assert (other.theta == runs[0].theta).all()
            assert (other.steps == runs[0].steps).all() and (other.gradients == runs[0].gradients).all()
    assert np.mean(runs[-1].outcome == runs[0].outcome) > 0.9  # unrecorded: the same algorithm up to rounding
    assert np.median(np.abs(runs[-1].theta - runs[0].theta)) < 1e-6


def test_recording(polytwo):
    field = Momentum().on(polytwo)
    run = integrate(field, [0.3, 0.4], SequentialEuler(), 0.05, record=5)
    assert run.t.shape == (run.y.shape[1],) and run.y.shape[0] == 4
    assert run.t[1] - run.t[0] == pytest.approx(0.25) and (run.y[:, -1] == run.state).all()
    direct = integrate(field, [0.3, 0.4], SequentialEuler(), 0.05)
    assert (direct.theta == run.theta).all() and direct.steps == run.steps
    many = integrate(field, np.ones((2, 3)), SequentialEuler(), 0.05, record=5)
    assert many.y.shape[:2] == (4, 3) and many.t.shape[0] == 3


def test_a_run_can_be_continued(polytwo):
    field = Adam(a=1.0, b=0.5, eps=0.1).on(polytwo)
    first = integrate(field, [0.3, 2.4], SequentialEuler(), 0.05, Stop(max_steps=40))
    rest = integrate(field, y0=first.state, scheme=SequentialEuler(), step=0.05, stop=Stop(max_steps=60))
    whole = integrate(field, [0.3, 2.4], SequentialEuler(), 0.05, Stop(max_steps=100))
    assert rest.theta == pytest.approx(whole.theta, rel=1e-13)


def test_gradients_are_counted(polytwo):
    calls = 0

    def gradient(x):
        nonlocal calls
        calls += x.size // 2
        return polytwo.gradient(x)

    counted = Loss.from_callables(2, polytwo.value, gradient)
    for name, hyper in (("gd", {"lr": 0.1}), ("gd-richardson", {})):
        calls = 0
        optimizer = schemes.named(name, **hyper)
        run = optimizer.run(counted, [0.4, 1.3])
        used = run.gradients
        assert used <= calls <= 2 * used + 4  # a refused trial asks again for the gradient it started from


def test_gauss_newton_steps_are_for_gradient_descent_alone(polytwo):
    """Under weight decay JᵀJ would not be the matrix of the penalised loss: refused, not run."""
    for flow, y in ((Momentum(), np.ones(4)), (WeightDecay(GradientDescent(), 0.1), np.ones(2))):
        for scheme in (RosenbrockEuler(gauss_newton=True), MarquardtEuler()):
            with pytest.raises(ValueError, match="needs gradient descent"):
                scheme.step(flow.on(polytwo), 0.0, y, 0.1)
        with pytest.raises(ValueError, match="GainControl needs gradient descent"):
            integrate(flow.on(polytwo), [1.0, 1.0], SequentialEuler(), GainControl())


# ------------------------------------------------------------------------------------------------ bad input
@pytest.mark.parametrize("call, error, message", [
    (lambda f: integrate(f, [1.0, 2.0, 3.0]), ValueError, "shape"),
    (lambda f: integrate(f, [np.nan, 1.0]), ValueError, "theta0 must be finite"),
    (lambda f: integrate(f, [1.0, 1.0], step=-0.1), ValueError, "h=-0.1 must be positive"),
    (lambda f: integrate(f, [1.0, 1.0], step="fast"), TypeError, "step must be"),
    (lambda f: integrate(f, [1.0, 1.0], "euler"), TypeError, "scheme must be"),
    (lambda f: integrate("field", [1.0, 1.0]), TypeError, "flow.on"),
    (lambda f: integrate(f), TypeError, "either theta0"),
    (lambda f: integrate(f, [1.0, 1.0], record=0), ValueError, "record=0"),
    (lambda f: integrate(f, [1.0, 1.0], backend="fortran"), ValueError, "no back end is named"),
    (lambda f: integrate(f, [1.0, 1.0], Euler(), ErrorControl()), ValueError, "error estimate"),
    (lambda f: ErrorControl(tol=0.7), ValueError, "< 0.5"),
    (lambda f: EnergyControl(ratio=1.0), ValueError, "ratio"),
    (lambda f: EnergyControl(shrink=1.0), ValueError, "shrink"),
    (lambda f: FixedStep(True), TypeError, "h must be a number"),
    (lambda f: Stop(max_steps=0), ValueError, "max_steps"),
    (lambda f: Stop(gradient=-1.0), ValueError, "gradient"),
    (lambda f: pair("gd", Euler(), 0.1), TypeError, "flow must be a Flow"),
    (lambda f: pair(GradientDescent(), "euler", 0.1), TypeError, "scheme must be a Scheme"),
    (lambda f: schemes.named("adma"), ValueError, "did you mean adam"),
    (lambda f: schemes.named("adam", beta=0.9), ValueError, "no hyperparameter 'beta'; it has lr=0.001, beta1=0.9"),
    (lambda f: schemes.named("adam", beta1=1.0), ValueError, "beta1=1.0 must be in"),
    (lambda f: schemes.named("gd", lr="0.1"), TypeError, "lr must be a number"),
    (lambda f: schemes.named("gd", lr=float("nan")), ValueError, "lr=nan"),
    (lambda f: schemes.named("adam-energy", a=1, b=4), ValueError, "b=4 must be < 4a"),
    (lambda f: schemes.named("rmsprop", centered=1), TypeError, "centered must be True or False"),
    (lambda f: schemes.named("gd", schedule="cosine"), TypeError, "schedule="),
])
def test_bad_input_is_named(call, error, message, polytwo):
    with pytest.raises(error, match=message):
        call(GradientDescent().on(polytwo))
