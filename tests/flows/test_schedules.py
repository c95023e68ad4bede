"""Learning-rate schedules: the speed, the time it adds up to, and what it does to orbits and to algorithms."""
import numpy as np
import pytest
import sympy
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.integrate import quad

import networks
import schemes
from flows import GradientDescent, Momentum, NesterovODE, Scheduled
from flows.schedules import Constant, Cosine, Exponential, InverseTime, Power, Warmup
from schemes import EulerRichardson, FixedStep, RungeKutta4, Stop, integrate

ALL = [Constant(0.5), Cosine(2.0, 0.1), Exponential(0.7), InverseTime(0.3), Power(0.4, 0.75), Power(0.4, 1.0),
       Warmup(1.5, 0.1), Warmup(1.0, 0.0, Cosine(3.0))]


@settings(max_examples=25, deadline=None)
@given(st.sampled_from(ALL), st.floats(0.01, 6))
def test_time_is_the_integral_of_the_speed(schedule, t):
    corners = [c for c in (getattr(schedule, "T", 0), 4.0) if 0 < c < t] or None
    assert schedule.time(t) == pytest.approx(quad(schedule, 0, t, points=corners)[0], rel=1e-7)


@pytest.mark.parametrize("schedule", ALL, ids=repr)
def test_on_symbols_the_speed_is_the_derivative_of_the_time(schedule):
    t = sympy.Symbol("t", positive=True)
    inside = t.subs(t, sympy.Rational(7, 10))
    derivative = sympy.diff(sympy.sympify(schedule.time(t)), t)
    assert float(sympy.N((derivative - schedule(t)).subs(t, inside))) == pytest.approx(0, abs=1e-12)
    assert float(schedule(inside)) == pytest.approx(float(schedule(0.7)))


@pytest.mark.parametrize("schedule", ALL, ids=repr)
@pytest.mark.parametrize("flow", [GradientDescent(), Momentum(0.8), NesterovODE()], ids=lambda f: type(f).__name__)
def test_a_scheduled_flow_runs_through_the_same_orbit_in_another_time(schedule, flow):
    loss, t = networks.get("polytwo"), 1.7
    start = [0.3, 0.9]

    def end(flow, time, steps=400):
        return integrate(flow.on(loss), start, RungeKutta4(), FixedStep(time / steps), Stop(0, 0, 1e9, steps)).theta

    # 1/t is rough at 0
    assert end(Scheduled(flow, schedule, whole=True),
               t) == pytest.approx(end(flow, schedule.time(t)), abs=1e-3 if isinstance(flow, NesterovODE) else 1e-6)


def test_libraries_scale_the_step_and_leave_the_memory():
    flow = Scheduled(Momentum(0.8), Constant(0.25))
    field, plain = flow.on(networks.get("polytwo")), Momentum(0.8).on(networks.get("polytwo"))
    y = np.array([0.3, 0.9, -0.2, 0.4])
    assert field(0.0, y) == pytest.approx(plain(0.0, y) * [0.25, 0.25, 1, 1])
    assert flow.energy is None and Scheduled(GradientDescent(), Constant(0.25)).energy is not None


def test_a_scheduled_optimizer_on_every_back_end():
    from arithmetic import available

    loss, starts = networks.get("polytwo"), np.random.default_rng(0).uniform(-1, 1, (2, 30))
    optimizer = schemes.named("adam", lr=0.05, schedule=Warmup(0.5, 0.1, Exponential(0.1)))
    runs = [optimizer.run(loss, starts, stop=Stop(max_steps=300), backend=backend) for backend in available()]
    for other in runs[1:]:
        assert other.theta == pytest.approx(runs[0].theta, abs=1e-9) and (other.steps == runs[0].steps).all()
    assert "Warmup" in str(optimizer)


def test_energy_control_sees_the_time():
    flow = Scheduled(GradientDescent(), InverseTime(0.1))
    run = integrate(flow.on(networks.get("polytwo")), [0.3, 0.9], EulerRichardson(), schemes.EnergyControl())
    assert run.success


def test_modifiers_check_what_they_modify():
    for make in (lambda: Scheduled(Momentum()), lambda: Scheduled(Momentum(),
                                                                  Cosine), lambda: Scheduled(None, Cosine(1.0)),
                 lambda: Scheduled(Momentum(), lambda t: 1.0, whole=True)):
        with pytest.raises(TypeError, match="must be a|must have time"):
            make()


def test_a_schedule_needs_fixed_steps():
    for name in ("gd-richardson", "gd-energy", "lm", "adam-energy"):
        with pytest.raises(ValueError, match="its steps are chosen by"):
            schemes.named(name, schedule=Cosine(1.0))


@pytest.mark.parametrize("make",
                         [lambda: Cosine(0), lambda: Exponential(-1.0), lambda: InverseTime(0.0), lambda: Warmup(-2)])
def test_bad_schedules_are_named(make):
    with pytest.raises(ValueError, match="must be positive"):
        make()
