"""The rules of `EnergyControl`, each against its formula; standing still; units."""
import itertools
from dataclasses import dataclass

import numpy as np
import pytest
import sympy
from hypothesis import given, settings
from hypothesis import strategies as st

import arithmetic
import networks
import schemes
from basins import uniform
from flows import ClippedGradient, EnergyFriction, Flow, GradientDescent, Momentum, scalar
from networks import Loss
from schemes import (
    CombinedControl, EnergyControl, ErrorControl, Euler, EulerRichardson, ExponentialMap, Outcome, SequentialEuler,
    Stop, integrate, pair,
)

NEVER = dict(gradient=0.0, speed=0.0)
BOWL = Loss(lambda x: x[0]**2 / 2, 1, name="bowl")
EPS = np.finfo(float).eps


def points(run):
    """The accepted points, one after the other."""
    y = run.y.T
    return [y[0], *(b for a, b in itertools.pairwise(y) if (a != b).any())]


# ------------------------------------------------------------------------------------------------- the rules
def test_the_dichotomy_is_the_published_search():
    """Written out with its inner loops: divide by 30 until acceptable, then halve log h three times; the largest."""
    loss, x, h = networks.get("polytwo"), np.array([2.3, -1.7]), 0.1
    expected = [x]
    for _ in range(12):
        value, g = loss.value(x), loss.gradient(x)
        ok = lambda h, x=x, value=value, g=g: (  # noqa: E731
            loss.value(x - h * g) - value <= 2 * EPS * abs(value) - 0.5 * h * (g @ g))
        high = np.inf
        while not ok(h):
            h, high = h / 30, h
        for _ in range(3 if high < np.inf else 0):
            middle = np.sqrt(h * high)
            h, high = (middle, high) if ok(middle) else (h, middle)
        x, h = x - h * g, 1e4 * h
        expected.append(x)
    run = schemes.named("lc-egd2").run(loss, expected[0], stop=Stop(max_steps=80, **NEVER), record=1)
    found = points(run)
    assert len(found) > 8 and np.allclose(found[:12], expected[:len(found)][:12], rtol=1e-9)


@pytest.mark.parametrize("search, refused", [("shrink", 2.0), ("parabola", 1.0), ("predict", 0.9)])
def test_what_follows_a_refused_trial(search, refused):
    """θ²/2 from 1: of h = 4 the parabola is F itself, with its minimum at 1, and accepts up to 2(1 − ½) = 1."""
    run = integrate(GradientDescent().on(BOWL), [1.0], Euler(), EnergyControl(h0=4.0, search=search),
                    Stop(max_steps=2, **NEVER), record=1)
    step = 1.0 - run.theta[0] if run.accepted else None
    assert (run.steps, step) == (2, pytest.approx(refused) if search != "shrink" else None)


def test_the_bounds_of_a_prediction():
    """Out of the domain, where F⁺ is not a number or infinite, a trial is shortened, not to nothing."""
    wall = Loss(lambda x: x[0] - arithmetic.log(x[0]), 1, name="wall")
    for search, share in (("parabola", 0.1), ("predict", 0.01), ("shrink", 0.5), ("dichotomy", 0.5)):
        problem = schemes.pair(GradientDescent(), Euler(), EnergyControl(h0=8.0, search=search)).problem(wall)
        z, _ = problem.run(problem.start(np.array([[2.5]])), max_steps=1)
        assert problem.finish(z, np.array([1])).h[0] == pytest.approx(8.0 * share)


def test_spectral_steps_are_those_of_barzilai_and_borwein():
    """On a parabola with eigenvalues 1 and 10: |s|²/⟨s, y⟩ and ⟨s, y⟩/|y|² in turn, each trial accepted on average."""
    A, x, h = np.diag([1.0, 10.0]), np.array([1.0, 0.3]), 0.05
    loss = Loss(lambda x: x[0]**2 / 2 + 5 * x[1]**2, 2, name="parabola")
    control = EnergyControl(h0=h, first="spectral", acceptance="averaged", average=0.999, ratio=0.0)
    run = integrate(GradientDescent().on(loss), x, Euler(), control, Stop(max_steps=8, **NEVER), record=1)
    for k, found in enumerate(run.y.T[1:]):
        new = x - h * A @ x
        assert found == pytest.approx(new, rel=1e-9, abs=1e-12)
        s, y = new - x, A @ (new - x)
        x, h = new, (s @ s / (s @ y), s @ y / (y @ y))[k % 2]
    assert run.accepted == 8 and run.gradients == 9


@pytest.mark.parametrize("c", [1e-3, 0.3, 10.0, 300.0])
@pytest.mark.parametrize("curvature", [0.2, 40.0])
def test_a_spectral_step_is_as_long_as_the_memory_needs(c, curvature):
    """Heavy ball on λθ²/2: Newton's step θ/λ in time x, of which x(1 − e^(−cx)) = c/λ; where the memory forgets within
    it exactly, where it does not √(1/λ), and between them to a third."""
    control = EnergyControl(h0=0.01, first="spectral", acceptance="averaged", average=0.999, ratio=0.0)
    loss = Loss(lambda x: curvature * x[0]**2 / 2, 1, name="bowl")
    problem = pair(Momentum(c), ExponentialMap(), control).problem(loss)
    z, _ = problem.run(problem.start(problem.field.start(np.array([[1.0]]))), max_steps=1)
    x, wanted = problem.finish(z, np.array([1])).h[0], c / curvature
    brought = x * -np.expm1(-c * x)
    if c * wanted > 20:
        assert x == pytest.approx(wanted, rel=1e-8)
    elif c * wanted < 1e-4:
        assert x == pytest.approx(curvature**-0.5, rel=0.01)
    assert brought == pytest.approx(wanted, rel=0.34)


@pytest.mark.parametrize("acceptance", ["averaged", "integrated"])
def test_what_an_energy_is_compared_with_falls(acceptance):
    """C is the weighted average, R = F(θ₀) − λ Σ h|∇F|²; F stays below, and rises somewhere: else they say nothing."""
    loss, ratio, eta, rises = networks.get("steep-valley"), 0.1, 0.85, 0
    control = EnergyControl(ratio=ratio, first="spectral", search="parabola", acceptance=acceptance, average=eta)
    run = integrate(GradientDescent().on(loss), [-1.2, 1.0], Euler(), control, Stop(gradient=1e-3, speed=1.0), record=1)
    path = points(run)
    assert run.success and len(path) == run.accepted + 1
    level, Q = loss.value(path[0]), 1.0
    for old, new in itertools.pairwise(path):
        fall = (old - new) @ loss.gradient(old)  # h|∇F|²
        F, F_new = loss.value(old), loss.value(new)
        assert F_new <= level - ratio * fall + 1e-12 * abs(level)
        rises += F_new > F
        if acceptance == "averaged":
            level, Q = (eta * Q * level + F_new) / (eta * Q + 1), eta * Q + 1
        else:
            level -= ratio * fall
    assert rises > 0


@pytest.mark.parametrize("options", [
    dict(search="dichotomy", shrink=30.0, grow=1e4), dict(search="predict"), dict(acceptance="integrated", grow=1e4),
    dict(h0=None, search="parabola", first="spectral", acceptance="averaged", ratio=1e-4)], ids=lambda o: "-".join(o))
def test_the_rules_have_the_same_bits_on_every_back_end(options):
    loss, starts = networks.get("polytwo"), np.random.default_rng(3).uniform(-3, 3, (2, 70))
    runs = [integrate(GradientDescent().on(loss), starts, Euler(), EnergyControl(**options), backend=backend)
            for backend in arithmetic.available()]
    for run in runs:
        assert (run.outcome == Outcome.CONVERGED).all()
        assert (run.theta == runs[0].theta).all() and (run.steps == runs[0].steps).all()


@pytest.mark.parametrize("call, message", [
    (lambda: EnergyControl(search="newton"), "no search is named 'newton'"),
    (lambda: EnergyControl(first="spectra"), "did you mean spectral"),
    (lambda: EnergyControl(acceptance="mean"), "no acceptance is named 'mean'"),
    (lambda: EnergyControl(average=1.0), "average=1.0"), (lambda: EnergyControl(halvings=-1), "halvings=-1"),
    (lambda: EnergyControl(accelerate=True, first="spectral"), "accelerate"),
    (lambda: CombinedControl(energy=EnergyControl(search="dichotomy")), "a dichotomy tries steps of its own"),
    (lambda: Stop(idle=0), "idle=0"), (lambda: Stop(ftol=-1.0), "ftol=-1")])
def test_bad_rules_are_named(call, message):
    with pytest.raises(ValueError, match=message):
        call()


# -------------------------------------------------------------------------------------------- standing still
@pytest.mark.parametrize("flow, offset", [(GradientDescent(), 1e4), (Momentum(), 1e6)], ids=["gd", "momentum"])
def test_standing_still_is_noticed(flow, offset):
    """An energy that cannot tell any more, and a gradient that goes round: STALLED, not 100 000 trials."""
    loss = Loss(lambda x: 50 * x[0]**2 + x[1]**2 / 2 + offset, 2, name="lifted")
    run = integrate(flow.on(loss), [1.3, -0.7], SequentialEuler(), EnergyControl(), Stop(gradient=1e-9, speed=1e-9))
    assert run.outcome == Outcome.STALLED and run.steps < 5000 and np.linalg.norm(run.theta) < 1e-3


@settings(max_examples=20, deadline=None)
@given(ulps=st.integers(3, 9), offset=st.sampled_from([1.0, 1e4, -3e7]))
def test_what_falls_by_its_last_digits_does_not_stand_still(ulps, offset):
    """A slope on which every step lowers F by a few ulp and the gradient stays what it is."""
    ulp = np.spacing(abs(offset))
    loss = Loss(lambda x: x[0] * ulp + offset, 1, name="slope")
    run = integrate(GradientDescent().on(loss), [0.0], Euler(), EnergyControl(h0=ulps / ulp, grow=1.0),
                    Stop(max_steps=300, radius=1e300, **NEVER))
    assert run.outcome == Outcome.STEP_LIMIT and run.accepted == 300


def test_a_loss_that_is_no_number_ends_at_once():
    well = Loss(lambda x: x[0] - arithmetic.log(x[0]), 1, name="log")
    for name in ("gd-energy", "momentum-energy", "lc-egd"):
        run = schemes.named(name).run(well, [-0.5])
        assert run.outcome == Outcome.NOT_FINITE and run.steps <= 1, name


@pytest.mark.parametrize("stop, short", [(Stop(ftol=1e-6, **NEVER), lambda F, G, x, y: F - G <= 1e-6),
                                         (Stop(xtol=1e-3, **NEVER), lambda F, G, x, y: x - y <= 1e-3 * (1e-3 + x))])
def test_ftol_and_xtol_end_before_the_first_short_step(stop, short):
    run = integrate(GradientDescent().on(BOWL), [1.0], Euler(), 0.1, stop, record=1)
    path = [*run.y[0], 0.9 * run.theta[0]]
    ends = [short(x * x / 2, y * y / 2, x, y) for x, y in itertools.pairwise(path)]
    assert run.outcome == Outcome.SHORT_STEP and run.outcome.status == 0 and ends == [False] * (len(ends) - 1) + [True]


# ----------------------------------------------------------------------------------------------------- units
@pytest.mark.parametrize("name", ["gd-energy", "momentum-energy", "nesterov-energy", "rmsprop-energy", "adam-energy"])
def test_units_change_nothing(name):
    """F → cF, θ → kθ: by powers of two the same bits, by powers of ten the same ends."""
    network, starts = networks.get("polytwo"), np.random.default_rng(5).uniform(-3, 3, (2, 40))

    def end(c, k):
        loss = Loss(lambda x: c * network.value(x / k), 2, name="scaled")
        stop = Stop(gradient=1e-6 * c / k, speed=1e-3 * c / k, radius=1e6 * k, max_steps=2000)
        run = schemes.named(name).run(loss, starts * k, stop=stop)
        assert (run.outcome == Outcome.CONVERGED).all()
        return run.theta / k, run.steps

    theta, steps = end(1.0, 1.0)
    for c, k in ((2.0**20, 1.0), (2.0**-20, 1.0), (1.0, 2.0**10), (2.0**20, 2.0**-10)):
        scaled = end(c, k)
        assert (scaled[0] == theta).all() and (scaled[1] == steps).all(), (c, k)
    for c, k in ((1e6, 1.0), (1e-6, 1e3), (1.0, 1e-3)):
        scaled = end(c, k)
        same = np.abs(scaled[0] - theta).max(axis=0) < 1e-3
        assert same.mean() >= 0.95 and np.median(scaled[1]) == pytest.approx(np.median(steps), abs=1), (c, k)


@pytest.mark.parametrize("name", ["gd-energy", "rmsprop-energy", "adam-energy"])
def test_most_starts_end_where_the_gradient_flow_ends(name):
    """Of 400, nine in ten; of Adam whose memory is corrected for its start, half."""
    loss = networks.get("polytwo")
    starts = uniform(loss.box, 400, 0)
    exact = pair(GradientDescent(), EulerRichardson(), ErrorControl(tol=1e-3)).run(loss, starts)
    run = schemes.named(name).run(loss, starts)
    assert exact.success and run.success
    assert np.mean(np.abs(run.theta - exact.theta).max(axis=0) < 0.05) > 0.85


@dataclass(frozen=True)
class AnyFriction(Flow):
    """A heavy ball under a friction f ≥ 0 of which nothing else is known: f' = a."""

    a: float = 1.0
    memory = (scalar("f"), "v")
    nonnegative = ("f",)

    def field(self, s, oracle):
        return {"f": self.a + 0 * s.f, "v": -s.f * s.v - oracle.gradient, "theta": s.v}


def test_the_energy_of_friction_by_energy_falls():
    """F + |v|²/2 falls by f|v|² whatever the friction f ≥ 0 is, proved; EnergyFriction's V' is that, f = c√(E/E₀)."""
    import lyapunov

    mechanic, any_f, clipped = (flow.symbolic() for flow in (EnergyFriction, AnyFriction, ClippedGradient))
    V = EnergyFriction().energy
    assert lyapunov.check(any_f, lyapunov.Energy(V)).status == lyapunov.Status.PROVED
    assert lyapunov.check(clipped, lyapunov.energies(clipped)[0]).status == lyapunov.Status.PROVED
    s, oracle, slopes = mechanic.coordinate()
    friction = mechanic.friction(s, oracle)
    derivative = oracle.gradient * slopes["theta"] + s.v * slopes["v"]
    assert friction.is_nonnegative and sympy.expand(derivative + friction * s.v**2) == 0
    assert sympy.expand(mechanic.dissipation(s, oracle) - friction * s.v**2) == 0


def test_a_full_first_trial_needs_a_bound_and_integrated_acceptance_watches_the_energy():
    with pytest.raises(ValueError, match="h_max, which is infinite"):
        EnergyControl(first="full")
    hill = networks.Loss(lambda t: -t[0]**2 / 2 - t[1]**2 / 2, 2)
    control = EnergyControl(ratio=0.0, h0=0.05, h_max=0.05, acceptance="integrated")
    run = pair(GradientDescent(), Euler(), control).run(hill, [1e-3, 0.0], stop=Stop(gradient=0.0, radius=10.0))
    assert run.outcome == Outcome.DIVERGED  # its energy falls at every step: that is no standstill
