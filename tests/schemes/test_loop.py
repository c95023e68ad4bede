"""The loop: how a run can end, what it records, and that it goes on bit for bit."""
import pickle
import threading
import time
from dataclasses import dataclass

import numpy as np
import pytest
from scipy.integrate import solve_ivp

import arithmetic
import lyapunov
import networks
import schemes
from flows import Adam, Flow, GradientDescent, Momentum, Newton
from networks import Loss
from schemes import (
    DormandPrince, EnergyControl, ErrorControl, Euler, EulerRichardson, Outcome, Problem, SequentialEuler, Stop,
    integrate,
)

STARTS = np.random.default_rng(6).uniform(-2, 2, (2, 40))
NEVER = dict(gradient=0.0, speed=0.0)
WAYS = [(GradientDescent(), Euler(), 0.01), (Adam(a=2.0, b=1.0, eps=0.1), SequentialEuler(), 0.02),
        (GradientDescent(), EulerRichardson(), ErrorControl()),
        (Momentum(), SequentialEuler(), EnergyControl(h0=1.0, h_max=1.0))]
IDS = ["gd", "adam", "error", "energy"]


@pytest.fixture(scope="module")
def polytwo():
    return networks.get("polytwo")


def plain(loss):
    """The same loss, numeric only."""
    return Loss.from_callables(loss.dim, loss.value, loss.gradient)


def test_the_default_program_is_as_short_as_ever(polytwo):
    """Operations of one trial with the stop test:
    what the loop can do beyond costs nothing where it is not asked for."""
    expected = {"gd": 25, "momentum": 38, "nesterov": 44, "rmsprop": 42, "adagrad": 40, "adam": 56, "lm": 126,
                "gd-richardson": 75, "gd-energy": 141, "momentum-energy": 203, "rmsprop-energy": 196,
                "adam-energy": 232}
    found = {name: schemes.named(name).problem(polytwo).iteration.operations for name in expected}
    assert found == expected


# ------------------------------------------------------------------------------------------------------- ends
@pytest.mark.parametrize("made", [lambda loss: loss, plain], ids=["recorded", "plain"])
def test_leaving_the_box(polytwo, made):
    """Each lane ends at its first point outside, and at no other."""
    box = ((-1.2, 1.2), (-2.0, 1.05))
    field = Momentum(c=0.3).on(made(polytwo))
    run = integrate(field, STARTS[:, :20] * 0.5, SequentialEuler(), 0.05, Stop(box=box), record=1)
    left = run.outcome == Outcome.LEFT_BOX
    assert left.any() and not left.all()
    low, high = np.array(box).T[:, :, None]
    for lane in range(20):
        path = run.y[:2, lane, : run.steps[lane] + 1]
        outside = ((path < low) | (path > high)).any(axis=0)
        assert not outside[:-1].any() and outside[-1] == left[lane]


@pytest.mark.parametrize("made", [lambda loss: loss, plain], ids=["recorded", "plain"])
def test_an_event_ends_the_lanes_in_which_it_holds(polytwo, made):
    stop = Stop(event=lambda s, oracle: (oracle.value < 0.1) & (s.theta[0] > 0))
    run = integrate(GradientDescent().on(made(polytwo)), STARTS, Euler(), 0.01, stop, record=1)
    there = run.outcome == Outcome.EVENT
    assert there.any() and not there.all()
    holds = (polytwo.value(run.theta) < 0.1) & (run.theta[0] > 0)
    assert (there == holds).all()
    for lane in np.flatnonzero(there & (run.steps > 0)):
        before = run.y[:, lane, run.steps[lane] - 1]
        assert not (polytwo.value(before) < 0.1 and before[0] > 0)


def test_an_energy_rise_ends_before_the_step_that_makes_it(polytwo):
    stop = Stop(energy_rise=True, max_steps=500)
    run = integrate(GradientDescent().on(polytwo), STARTS, Euler(), 0.25, stop)
    rose = run.outcome == Outcome.ENERGY_ROSE
    assert rose.any() and not rose.all()
    step = lambda x: x - 0.25 * polytwo.gradient(x)  # noqa: E731
    assert (polytwo.value(step(run.theta)) > polytwo.value(run.theta))[rose].all()
    energy = lyapunov.energies(Momentum())[0]
    kick = integrate(Momentum().on(polytwo), STARTS, SequentialEuler(), 0.9, Stop(energy_rise=energy, max_steps=500))
    own = integrate(Momentum().on(polytwo), STARTS, SequentialEuler(), 0.9, stop)
    assert (kick.outcome == own.outcome).all() and (kick.theta == own.theta).all()
    assert (own.outcome == Outcome.ENERGY_ROSE).any()
    with pytest.raises(ValueError, match="has no energy"):
        from flows import MomentumRMSProp
        integrate(MomentumRMSProp().on(polytwo), [1.0, 1.0], SequentialEuler(), 0.1, stop)


@pytest.mark.parametrize("flow, scheme, step", WAYS, ids=IDS)
@pytest.mark.parametrize("budget", [1, 2, 37])
def test_a_budget_of_gradients_is_kept_and_used(flow, scheme, step, budget, polytwo):
    run = integrate(flow.on(polytwo), STARTS, scheme, step, Stop(max_gradients=budget, **NEVER))
    limited = run.outcome == Outcome.GRADIENT_LIMIT
    # some end at ∇F = 0
    assert limited.any() and np.isin(run.outcome, (Outcome.GRADIENT_LIMIT, Outcome.CONVERGED)).all()
    one = integrate(flow.on(polytwo), STARTS, scheme, step, Stop(max_steps=1, **NEVER))
    assert (run.gradients <= budget).all() and (run.gradients + one.gradients.max() - 1 > budget)[limited].all()
    free = integrate(flow.on(polytwo), STARTS, scheme, step, Stop(max_gradients=10**6))
    assert (free.theta == integrate(flow.on(polytwo), STARTS, scheme, step, Stop()).theta).all()


def test_gradients_of_schemes_that_reuse_the_last_one(polytwo):
    run = integrate(GradientDescent().on(polytwo), STARTS, DormandPrince(), 0.01, Stop(max_steps=10, **NEVER))
    assert (run.gradients == 6 * 10 + 1).all()


def test_wall_clock_budget(polytwo):
    def slow(x):
        time.sleep(1e-3)
        return polytwo.gradient(x)

    field = GradientDescent().on(Loss.from_callables(2, polytwo.value, slow))
    began = time.monotonic()
    run = integrate(field, [0.3, 0.4], Euler(), 1e-6, Stop(gradient=0), max_seconds=0.2, record=10)
    assert run.outcome == Outcome.TIME_LIMIT and time.monotonic() - began < 5 and run.steps > 0
    assert not run.success and "max_seconds" in run.message


@pytest.mark.parametrize("record", [None, 7, [0.0, 0.05, 1e9]])
def test_an_interruption_returns_what_is_done(record, polytwo):
    calls = 0

    def gradient(x):
        nonlocal calls
        calls += 1
        if calls == 1000:
            raise KeyboardInterrupt
        return polytwo.gradient(x)

    field = GradientDescent().on(Loss.from_callables(2, polytwo.value, gradient))
    run = integrate(field, STARTS[:, :3], Euler(), 1e-3, Stop(gradient=0), record=record)
    assert (run.outcome == Outcome.INTERRUPTED).all() and 0 < run.steps[0] < 1000
    whole = integrate(field, run, Euler(), 1e-3, Stop(gradient=0, max_steps=1500))
    direct = integrate(GradientDescent().on(plain(polytwo)), STARTS[:, :3], Euler(), 1e-3,
                       Stop(gradient=0, max_steps=1500))
    assert (whole.theta == direct.theta).all() and (whole.steps == 1500).all()


def test_callback_and_progress(polytwo, capsys):
    field, seen = GradientDescent().on(polytwo), []

    def callback(ensemble):
        seen.append(ensemble.steps.max())
        return len(seen) == 4

    run = integrate(field, STARTS, Euler(), 0.01, record=5, callback=callback)
    assert seen == [5, 10, 15, 20] and (run.outcome == Outcome.INTERRUPTED).any() and run.steps.max() == 20

    def stop(ensemble):
        raise StopIteration

    assert (integrate(field, STARTS, Euler(), 1e-4, Stop(**NEVER), callback=stop).steps == 256).all()
    numpys = integrate(field, STARTS, Euler(), 1e-4, Stop(**NEVER), callback=lambda e: (e.steps > 200).all())
    assert (numpys.steps == 256).all() and (numpys.outcome == Outcome.INTERRUPTED).all()

    def meddle(ensemble):
        for values in vars(ensemble).values():
            values[...] = 7

    plain, meddled = (integrate(field, STARTS, Euler(), 0.01, record=5, callback=c) for c in (None, meddle))
    assert np.array_equal(plain.theta, meddled.theta) and np.array_equal(plain.y, meddled.y, equal_nan=True)
    ended = []
    integrate(field, STARTS, Euler(), 0.01, progress=lambda *counts: ended.append(counts), record=50)
    assert ended[-1] == (40, 40) and sorted(ended) == ended
    integrate(field, STARTS, Euler(), 0.01, progress=True)
    assert "40 of 40 lanes ended" in capsys.readouterr().err


# ------------------------------------------------------------------------------------------- going on, recording
@pytest.mark.parametrize("flow, scheme, step", WAYS, ids=IDS)
@pytest.mark.parametrize("start", [STARTS, STARTS[:, 0]], ids=["lanes", "one"])
def test_a_run_goes_on_bit_for_bit(flow, scheme, step, start, polytwo):
    """In three pieces, of which the second ends by its own limit, with memory, clocks and step control."""
    field, stop = flow.on(polytwo), Stop(max_steps=400)
    whole = integrate(field, start, scheme, step, stop)
    first = integrate(field, start, scheme, step, Stop(max_steps=7))
    second = integrate(field, pickle.loads(pickle.dumps(first)), scheme, step, Stop(max_gradients=60, max_steps=400))
    third = integrate(field, second, scheme, step, stop)
    for name in ("theta", "state", "outcome", "steps", "accepted", "gradients"):
        assert np.all(getattr(third, name) == getattr(whole, name)), name
    again = integrate(field, whole, scheme, step, stop)
    assert np.all(again.theta == whole.theta) and np.all(again.steps == whole.steps)
    assert third.theta.shape == np.shape(start)


def test_a_run_goes_on_only_as_it_was_made(polytwo):
    run = integrate(GradientDescent().on(polytwo), STARTS, Euler(), 0.1, Stop(max_steps=3))
    for field, step in ((Momentum().on(polytwo), 0.1), (GradientDescent().on(polytwo), EnergyControl())):
        with pytest.raises(ValueError, match="use those it was made with"):
            integrate(field, run, SequentialEuler(), step)


@pytest.mark.parametrize("segments", [(1, 1), (3, 5), (1024, 8192)])
def test_results_do_not_depend_on_how_the_run_is_cut(segments, polytwo, monkeypatch):
    field = Adam(a=2.0, b=1.0, eps=0.1).on(polytwo)
    expected = integrate(field, STARTS, SequentialEuler(), 0.02, Stop(max_steps=300))
    monkeypatch.setattr(schemes.run, "SEGMENTS", segments)
    run = integrate(field, STARTS, SequentialEuler(), 0.02, Stop(max_steps=300))
    for name in ("theta", "steps", "outcome"):
        assert (getattr(run, name) == getattr(expected, name)).all()


def test_states_at_given_times(polytwo):
    """Cubic Hermite interpolation has order 4: halving the step divides the error by 16,
    for every lane at its times."""
    field, times = Momentum(c=0.7).on(polytwo), np.linspace(0, 1, 12)[1:] - 0.0421
    starts = STARTS[:, :3] * 0.5
    exact = np.stack([solve_ivp(field, (0, 1), field.start(x), t_eval=times, method="DOP853", rtol=1e-12, atol=1e-13).y
                      for x in starts.T], axis=1)

    def error(h):
        run = integrate(field, starts, DormandPrince(), h, Stop(**NEVER, max_steps=round(1.2 / h)), record=times)
        assert run.y.shape == (4, 3, 11) and run.t is not None and (run.t == times).all()
        return np.abs(run.y - exact).max()

    assert np.log2(error(0.05) / error(0.025)) == pytest.approx(4, abs=0.35)
    adaptive = integrate(field, starts, DormandPrince(), ErrorControl(tol=1e-9, relative=False), Stop(max_steps=2000),
                         record=times)
    assert np.abs(adaptive.y - exact).max() < 1e-5


def test_times_that_a_lane_does_not_reach_are_not_numbers(polytwo):
    run = integrate(GradientDescent().on(polytwo), [0.3, 0.4], Euler(), 0.1, Stop(max_steps=10),
                    record=[0, 0.25, 1.0, 1.01, 7])
    assert np.isfinite(run.y[:, :3]).all() and np.isnan(run.y[:, 3:]).all()
    assert (run.y[:, 0] == [0.3, 0.4]).all() and run.y[:, 2] == pytest.approx(run.theta)


@pytest.mark.parametrize("call, error, message", [
    (lambda f: integrate(f, [1.0, 1.0], record=[1.0, 0.5]), ValueError, "increasing times"),
    (lambda f: integrate(f, [1.0, 1.0], record="all"), ValueError, "increasing times"),
    (lambda f: integrate(f, [1.0, 1.0], record=True), ValueError, "record=True"),
    (lambda f: integrate(f, [1.0, 1.0], max_seconds=0), ValueError, "max_seconds=0"),
    (lambda f: integrate(f, [1.0, 1.0], stop=Stop(box=((0, 2),))), ValueError, "1 coordinates, the loss has 2"),
    (lambda f: Stop(box=((1, 0), (0, 1))), ValueError, "low < high"),
    (lambda f: Stop(box=3), ValueError, "per coordinate"),
    (lambda f: Stop(event=3), TypeError, "function"),
    (lambda f: Stop(max_gradients=0), ValueError, "max_gradients"),
])
def test_bad_input_is_named(call, error, message, polytwo):
    with pytest.raises(error, match=message):
        call(GradientDescent().on(polytwo))


def test_the_energy_rise_of_newtons_flow_is_that_of_its_own_energy(polytwo):
    """|∇F|²/2 falls along damped Newton steps even where F rises."""
    run = integrate(Newton().on(polytwo), [0.1, 0.1], Euler(), 0.05, Stop(energy_rise=True))
    assert run.outcome == Outcome.CONVERGED and polytwo.value(run.theta) > polytwo.value(np.array([0.1, 0.1]))


def test_problem_names_its_memory(polytwo):
    problem = Problem(GradientDescent().on(polytwo), Euler(), EnergyControl(), Stop(max_gradients=5))
    assert problem.memory == ("h", "t", "accepted", "lowest", "flattest", "idle", "trials")
    assert problem.size == 9


def test_noise_is_not_frozen():
    """A step that draws would repeat its first draw for ever: it is refused, wherever it draws."""

    @dataclass(frozen=True)
    class Langevin(Flow):
        def field(self, s, oracle):
            return {"theta": -oracle.gradient + np.random.normal()}

    quiet, noisy = Loss(lambda t: t[0]**2, 1), Loss(lambda t: t[0]**2 + np.random.normal() * t[0], 1, name="noisy")
    with pytest.raises(ValueError,
                       match="the step of this flow, scheme, loss and stop: two recordings differ, so it draws random"):
        schemes.pair(Langevin(), Euler(), 0.1).run(quiet, [1.0])
    with pytest.raises(ValueError, match="noisy: two recordings differ"):
        schemes.named("gd").run(noisy, [1.0])
    with pytest.raises(ValueError, match="two recordings differ"):
        schemes.named("gd").run(quiet, [1.0], stop=Stop(event=lambda s, oracle: oracle.value < np.random.uniform()))


def test_an_interruption_keeps_every_step(monkeypatch):
    """The lanes stop where they are, of different age, and the run goes on from there to the same end."""
    loss = networks.get("polytwo")
    field, stop = Adam(a=2.0, b=1.0, eps=0.1).on(loss), Stop(max_steps=400)
    whole = integrate(field, STARTS, SequentialEuler(), 0.02, stop)
    original = schemes.loop.iterate

    def interrupted(iteration, start, max_steps, **options):
        parts = [original(iteration, np.ascontiguousarray(start[:, lanes]), age, **options)
                 for lanes, age in ((slice(0, 11), 7), (slice(11, 40), 120))]
        raise arithmetic.Interrupted(*(np.concatenate(arrays, axis=-1) for arrays in zip(*parts, strict=True)))

    monkeypatch.setattr(schemes.loop, "iterate", interrupted)
    run = integrate(field, STARTS, SequentialEuler(), 0.02, stop)
    assert (run.steps[:11] == 7).all() and (run.outcome == Outcome.INTERRUPTED).all() and run.steps.max() == 120
    monkeypatch.setattr(schemes.loop, "iterate", original)
    rest = integrate(field, run, SequentialEuler(), 0.02, stop)
    assert np.array_equal(rest.theta, whole.theta) and np.array_equal(rest.steps, whole.steps)


@pytest.mark.parametrize("name", ["adam", "gd-energy", "lm"])
def test_threads_step_networks_computed_by_numpy_alike(name):
    rng = np.random.default_rng(0)
    inputs = rng.normal(size=(30, 2))
    loss = networks.Network((2, 3, 1), "tanh", (inputs, np.sin(inputs[:, 0])), recordable=False)
    starts = rng.normal(size=(loss.dim, 150))
    runs = [schemes.named(name).run(loss, starts, stop=Stop(max_steps=30), threads=threads)
            for threads in (1, 2, 3, None)]
    for run in runs[1:]:
        assert np.array_equal(run.theta, runs[0].theta) and np.array_equal(run.steps, runs[0].steps)


def test_functions_of_ones_own_are_called_by_one_thread_unless_more_are_asked_for():
    seen = set()

    def gradient(theta):
        seen.add(threading.get_ident())
        return 2 * theta

    loss = Loss.from_callables(1, lambda theta: theta[0]**2, gradient)
    starts, stop = np.linspace(-1, 1, 4000)[None], Stop(max_steps=200)
    one = schemes.named("gd").run(loss, starts, stop=stop)
    assert len(seen) <= 2  # the start's too, in this thread
    two = schemes.named("gd").run(loss, starts, stop=stop, threads=2)
    assert np.array_equal(one.theta, two.theta)


@pytest.mark.parametrize("threads, error", [(0, ValueError), (-3, ValueError), (True, TypeError), (1.5, TypeError)])
def test_threads_must_be_a_number_of_threads(threads, error):
    with pytest.raises(error, match=f"threads={threads}"):
        schemes.named("gd").run(networks.get("polytwo"), STARTS, threads=threads)
