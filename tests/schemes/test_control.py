"""Step control: error, energy, both; what each is known to do near a minimum and far from it."""
import numpy as np
import pytest

import networks
from flows import Adam, GradientDescent, Momentum, MomentumRMSProp
from networks import Loss
from schemes import (
    RKC2, BogackiShampine, CombinedControl, DormandPrince, EnergyControl, ErrorControl, Euler, EulerRichardson,
    ExponentialMap, Extragradient, Heun, Outcome, Ralston, SequentialEuler, Stop, integrate,
)

NEVER = dict(gradient=0.0, speed=0.0)


def bowl(curvature=1.0):
    return Loss(lambda x: curvature * x[0]**2 / 2, 1)


# ------------------------------------------------------------------------------------------------------- error
@pytest.mark.parametrize("curvature", [1.0, 7.0, 100.0])
@pytest.mark.parametrize("tol", [1e-3, 1e-6])
@pytest.mark.parametrize("controller, distance", [("elementary", 0.81), ("PI", 0.9**(1 / 0.15)),
                                                  ("PI4.2", 0.9**(1 / 0.2))])
def test_an_absolute_tolerance_stalls_at_a_known_distance(controller, distance, tol, curvature):
    """Euler–Richardson on ½λθ²: hλ = 2 with error 0.9^(1/k) tol is a fixed point, so |θ| stays at 0.81 or 0.4954 tol,
    whatever λ; the elementary controller swings about it, ever less, by an amount that depends on the start."""
    step, field = ErrorControl(tol=tol, relative=False, controller=controller), GradientDescent().on(bowl(curvature))
    far = integrate(field, [1.0], EulerRichardson(), step, Stop(max_steps=199_400, **NEVER))
    last = np.abs(integrate(field, far, EulerRichardson(), step, Stop(max_steps=200_000, **NEVER), record=1).y[0]) / tol
    if controller == "elementary":
        assert last.mean() == pytest.approx(0.810, abs=1e-4) and 1e-3 < np.ptp(last) < 0.0095
    else:
        assert last.mean() == pytest.approx(distance, rel=2e-3)


def test_the_stall_ends_with_a_bound_of_the_step():
    field, step = GradientDescent().on(bowl(7.0)), ErrorControl(tol=1e-3, relative=False, h_max=1 / 7)
    assert integrate(field, [1.0], EulerRichardson(), step, Stop(gradient=1e-10)).outcome == Outcome.CONVERGED


@pytest.mark.parametrize("scheme", [EulerRichardson(), Extragradient(), Heun(), Ralston(), BogackiShampine(),
                                    DormandPrince(), RKC2()], ids=lambda s: type(s).__name__)
@pytest.mark.parametrize("controller", ["elementary", "PI", "PI4.2"])
def test_the_relative_tolerance_converges_to_1e_minus_10(scheme, controller):
    """Every start of the box, for every controller: nothing to tune, nothing diverges.  (RKC2 and the methods of high
    order measure an error of higher order, so hλ settles elsewhere, within their stability.)"""
    for name in ("polytwo", "cloche"):
        loss = networks.get(name)
        starts = np.random.default_rng(8).uniform(-2, 2, (2, 50))
        run = integrate(GradientDescent().on(loss), starts, scheme, ErrorControl(controller=controller),
                        Stop(gradient=1e-10, max_steps=20_000))
        assert not np.isin(run.outcome, (Outcome.DIVERGED, Outcome.NOT_FINITE)).any()
        if name == "polytwo":
            assert (run.outcome == Outcome.CONVERGED).all()


def test_pi_is_the_published_formula():
    """h·0.9·e_n^(−0.35) e_(n−1)^0.2 for the pair of order 2, e the error over tol, and 0.9·e^(−1/2) after a refusal."""
    field, tol, y, h, before = GradientDescent().on(networks.get("polytwo")), 1e-3, np.array([1.4, 1.3]), 0.5, 1.0
    run = integrate(field, y, EulerRichardson(), ErrorControl(tol=tol, relative=False, h0=h, controller="PI"),
                    Stop(max_steps=30, **NEVER), record=1)
    refused = 0
    for k in range(30):
        y_new, error = EulerRichardson().step(field, 0.0, y, h)
        e = np.linalg.norm(error) / tol
        if e <= 1:
            factor, y, before = 0.9 * e**-0.35 * before**0.2, y_new, max(e, 1e-4)
        else:
            factor, refused = 0.9 * e**-0.5, refused + 1
        h *= min(5.0, max(0.2, factor))
        assert run.y[:, k + 1] == pytest.approx(y, rel=1e-12)
    assert 0 < refused < 10


@pytest.mark.parametrize("norm", ["euclidean", "rms", "max"])
def test_norms_measure_what_they_say(norm):
    field, y, h = GradientDescent().on(networks.get("polytwo")), np.array([1.4, 1.3]), 0.05
    error = EulerRichardson().step(field, 0.0, y, h)[1]
    size = {"euclidean": np.sqrt(np.sum(error**2)), "rms": np.sqrt(np.mean(error**2)), "max": np.abs(error).max()}[norm]
    for share, accepted in ((0.999, 0), (1.001, 1)):
        run = integrate(field, y, EulerRichardson(), ErrorControl(tol=share * size, relative=False, h0=h, norm=norm),
                        Stop(max_steps=1, **NEVER))
        assert run.accepted == accepted


def test_h_max_bounds_every_step():
    run = integrate(GradientDescent().on(networks.get("polytwo")), [0.3, 0.4], step=ErrorControl(h_max=0.03), record=1)
    assert np.diff(run.t).max() <= 0.03 * (1 + 1e-12) and run.success


# ------------------------------------------------------------------------------------------------------- energy
def test_energy_control_on_gradient_descent_is_armijos_rule():
    """A plain backtracking search that starts at twice the last step, written here: the same points, bit for bit."""
    loss = networks.get("polytwo")
    x, h, trials = np.array([2.3, -1.7]), 1.0, 0
    run = integrate(GradientDescent().on(loss), x, Euler(), EnergyControl(ratio=0.5, h0=1.0),
                    Stop(max_steps=60, **NEVER), record=1)
    while trials < 60:
        value, g = loss.value(x), loss.gradient(x)
        while True:
            trials += 1
            new = x - h * g
            if loss.value(new) - value <= 2 * np.finfo(float).eps * abs(value) - 0.5 * h * (g @ g):
                x, h = new, 2 * h
                break
            h = h / 2
        if trials <= 60:
            assert run.y[:, trials] == pytest.approx(x, rel=1e-14)
    assert run.accepted > 20


@pytest.mark.parametrize("policy, steps, trials", [({"grow": 1.0}, 1445, 1451), ({"grow": 2.0}, 167, 336),
                                                   ({"grow": 1e4}, 211, 976)])
def test_growth_policies_as_published(policy, steps, trials):
    """Heavy ball, c = 2, eigenvalues 100 and 1, to |∇F| < 1e-8:
    accepted steps and evaluations of F, computed elsewhere."""
    loss = Loss(lambda x: 50 * x[0]**2 + x[1]**2 / 2, 2)
    run = integrate(Momentum(c=2.0).on(loss), [1.0, 1.0], SequentialEuler(), EnergyControl(h_max=1.0, **policy),
                    Stop(gradient=1e-8, speed=1.0))
    assert (run.accepted, run.steps) == (steps, trials)


def test_growth_pays_where_the_admissible_step_varies():
    """Adam (a = 100, b = 1) from 1e-6 on ½θ²: 3687 trials with growth 2, 2381 with 10⁴ (published); fewer accelerating.

    Published for half of Σ m²/(c₁ D); of this Adam's dissipation is the share (15 + b/a)/16 − b/(4a).
    """
    flow, counts, share = Adam(a=100.0, b=1.0, eps=1e-8), {}, (15 + 0.01) / 16 - 0.01 / 4
    for name, policy in {"2": {}, "1e4": {"grow": 1e4}, "accelerate": {"accelerate": True}}.items():
        run = integrate(flow.on(bowl()), [1e-6], ExponentialMap(),
                        EnergyControl(ratio=0.5 / share, h0=1e-3, h_max=1e-3, **policy),
                        Stop(gradient=1e-12, speed=1e9), record=1)
        assert run.outcome == Outcome.CONVERGED and np.abs(run.y[0]).max() == 1e-6  # F never exceeds F(θ₀)
        counts[name] = run.steps
    assert (counts["2"], counts["1e4"]) == (3687, 2381) and counts["accelerate"] < 1500


def test_the_bound_of_the_heavy_ball_is_sharp():
    """c = L = 1, ratio ½: every state accepts h = 2c(1 − ratio)/(L + c²) = 0.5, and some refuse 0.5005."""
    angle = np.linspace(0, 2 * np.pi, 4001)
    field = Momentum(c=1.0).on(bowl())
    for h, holds in ((0.5, True), (0.5005, False)):
        run = integrate(field, y0=np.array([np.cos(angle), np.sin(angle)]), scheme=SequentialEuler(),
                        step=EnergyControl(h0=h, h_max=h), stop=Stop(max_steps=1, **NEVER))
        assert (run.accepted == 1).all() == holds and (run.accepted == 1).mean() > 0.9


# ------------------------------------------------------------------------------------------------------- both
def test_combined_control_accepts_what_both_accept():
    loss = networks.get("polytwo")
    field, starts = GradientDescent().on(loss), np.random.default_rng(9).uniform(-3, 3, (2, 60))
    control = CombinedControl(ErrorControl(tol=0.3, controller="PI"), EnergyControl(ratio=0.2, accelerate=True))
    assert control.memory == ("h", "t", "accepted", "e", "lowest", "flattest", "idle", "growth")
    run = integrate(field, starts, EulerRichardson(), control, Stop(gradient=1e-9), record=1)
    assert (run.outcome == Outcome.CONVERGED).all()
    for lane in range(0, 60, 7):
        value = loss.value(run.y[:, lane])
        assert (np.diff(value) <= 1e-14 * np.abs(value[:-1])).all()
    # a tolerance that never binds leaves the energy's steps, an energy that always passes the error's
    energy = integrate(field, starts, EulerRichardson(), EnergyControl(), Stop(max_steps=1))
    both = integrate(field, starts, EulerRichardson(), CombinedControl(ErrorControl(tol=1e9, relative=False, h0=1.0)),
                     Stop(max_steps=1))
    assert (energy.accepted == both.accepted).all() and (energy.theta == both.theta).all()


@pytest.mark.parametrize("call, error, message", [
    (lambda f: ErrorControl(controller="PID"), ValueError, "no step controller is named 'PID'; did you mean PI"),
    (lambda f: ErrorControl(norm="2"), ValueError, "no norm of errors is named '2'"),
    (lambda f: ErrorControl(safety=0), ValueError, "safety=0"),
    (lambda f: CombinedControl(EnergyControl(), ErrorControl()), TypeError, "an ErrorControl and an EnergyControl"),
    (lambda f: integrate(f, [1.0, 1.0], Euler(), CombinedControl()), ValueError, "error estimate"),
    (lambda f: integrate(MomentumRMSProp().on(f.loss), [1.0, 1.0], EulerRichardson(), CombinedControl()), ValueError,
     "no energy"),
])
def test_bad_input_is_named(call, error, message):
    with pytest.raises(error, match=message):
        call(GradientDescent().on(networks.get("polytwo")))
