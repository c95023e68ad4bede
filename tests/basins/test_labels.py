"""One label for each start: on an optimizer that is made to do everything, and on networks whose answers are known."""
import dataclasses
import itertools
import math
import threading
import types

import numpy as np
import pytest
import sympy
from hypothesis import given
from hypothesis import strategies as st

import networks
from arithmetic import Interrupted, available, log, sqrt, where
from arithmetic.backends import c
from basins import End, Study, drawn_as, study, uniform
from basins.evidence import Proofs, followed_on, held, tighter
from basins.follow import _follow
from basins.job import ONWARD, Work
from basins.labels import inner_balls
from basins.recurrence import IRREGULAR, followed
from basins.result import closest, squares
from flows import Flow
from networks import CriticalPoint, Loss, Nature
from schemes import Euler, Outcome, Stop, named, pair


@dataclasses.dataclass(frozen=True)
class Made(Flow):
    """x → T(x), what T does told by where x is; with Euler's step 1."""

    def field(self, s, oracle):
        x, u = s.theta, s.theta - 4
        to = where(x < -2, x - 1e-3,                                 # goes on and on
                   where(x < 2, x - 0.1 * oracle.gradient,           # to −1 or 1, minima of F
                         where(x < 4, 6 - x,                         # to and fro
                               where(x < 5, 4 + 3.9 * u * (1 - u),   # the logistic map
                                     where(x < 6, sqrt(5 - x),       # not a number
                                           where(x < 10, where(x < 9, x + 1, x - 3),  # round in four steps
                                                 2 * x))))))         # leaves
        return {"theta": to - x}


@pytest.fixture
def wells(monkeypatch):
    """F = (x² − 1)²/4, of which, as it is told here, the minimum at 1 is not known."""
    loss = Loss(lambda t: (t[0]**2 - 1)**2 / 4, 1, name="wells")
    whole = loss.critical_points()
    part = dataclasses.replace(whole, points=tuple(p for p in whole if p.theta != (1,)), undecided=("one",))
    search = loss.critical_points
    monkeypatch.setattr(loss, "critical_points", lambda region=None, budget=60.0:
                        part if region is None else search(region, budget))
    return loss


def test_an_optimizer_that_does_everything_gets_every_label(wells):
    n, rng = 25, np.random.default_rng(0)
    places = {"slow": (-9, -3), "known": (-2, -0.1), "new": (0.1, 2), "two": (2.1, 2.9), "chaos": (4.1, 4.9),
              "nan": (5.1, 5.9), "four": (6, 10), "out": (10, 20)}
    starts = np.hstack([*(rng.uniform(*box, (1, n)) for box in places.values()), [[0.0, -1.0, 3.0]]])
    order = rng.permutation(starts.shape[1])
    result = study(wells, pair(Made(), Euler(), 1.0), starts[:, order], stop=Stop(max_steps=4096), progress=False)
    back = np.argsort(order)
    end, period, label = result.end[back], result.period[back], [result.label(c) for c in result.codes[back]]
    kinds = dict(zip(places, end[:-3].reshape(-1, n), strict=True))
    expected = {"slow": End.STEP_LIMIT, "known": End.KNOWN_POINT, "new": End.NEW_POINT, "two": End.CYCLE,
                "chaos": End.IRREGULAR, "nan": End.NOT_FINITE, "four": End.CYCLE, "out": End.DIVERGED}
    assert {name: set(kind) for name, kind in kinds.items()} == {name: {kind} for name, kind in expected.items()}
    assert set(period[3 * n:4 * n]) == {2} and set(period[6 * n:7 * n]) == {4}
    assert set(period[4 * n:5 * n]) == {IRREGULAR} and result.steps[back][3 * n] == 1024
    assert {label[k * n] for k in range(8)} == {
        "steps used up, moving", "minimum (-1)", "minimum (1)", "cycle of period 2", "irregular", "not finite",
        "cycle of period 4", "diverged"}
    # started at the maximum, at a minimum, and where 6 − x = x: there it stands, but not at rest
    assert end[-3:].tolist() == [End.STARTED_THERE, End.KNOWN_POINT, End.STEP_LIMIT]
    assert result.fraction("minimum") == (2 * n + 1) / (8 * n + 3) and result.fraction("maximum") == 0
    assert result.fraction(End.CYCLE) == 2 * n / (8 * n + 3) == result.fraction(Outcome.CYCLE)
    assert result.certified[back][n:3 * n].tolist() == 2 * n * [True]
    assert sum(row["starts"] for row in result.table()) == result.n
    assert result.note == "the critical points are not proved to be all: one"


@pytest.mark.parametrize("formula, end", [("1/(1 + x**2)", End.INFINITY), ("exp(-x**2)", End.PLATEAU)])
def test_what_runs_away_and_what_is_flat_are_told_apart(formula, end):
    """|∇F| falls from 1e-6 to 1e-10: where F is rational x grows twentyfold, where it is a bell hardly."""
    loss = Loss.from_expression(sympy.sympify(formula, {"x": sympy.Symbol("x", real=True)}),
                                sympy.Symbol("x", real=True))
    result = study(loss, named("lc-egd", grow=2.0), np.array([[0.5, -1.0, 2.0]]), progress=False)
    assert (result.outcome == Outcome.CONVERGED).all() and (result.end == end).all() and (result.point == -1).all()
    grown = np.abs(result.further.theta / result.theta)
    assert (grown > 20).all() if end == End.INFINITY else (grown < 1.5).all()


@pytest.mark.parametrize("network, optimizer, settings, shares", [
    ("polyfour", "gd", {"lr": 0.1}, {"cycle of period 2": (0.20, 0.24), "diverged": (0.76, 0.80)}),
    ("polytwo", "gd", {"lr": 0.386}, {"cycle of period 2": (0.28, 0.40), "minimum": (0, 0)}),
    ("polytwo", "gd", {"lr": 0.48}, {"cycle of period 2": (0.09, 0.15), "cycle of period 4": (0.14, 0.21)}),
    ("polytwo", "gd", {"lr": 0.58}, {"irregular": (0.2, 0.3), "minimum": (0, 0)}),
    ("steep-valley", "gd", {"lr": 0.0025}, {"cycle of period 2": (0.33, 0.42)}),
    ("rattwo", "lm", {}, {"drifts to infinity": (0.4, 0.55), "minimum": (0.45, 0.6)}),
    ("cloche", "gd-energy", {}, {"plateau": (0.6, 0.8), "minimum": (0.2, 0.4)}),
    ("hidden-tanh", "momentum", {"lr": 0.1}, {"plateau": (0.005, 0.05), "drifts to infinity": (0, 0)}),
    # degenerate saddles, an inflexion in one direction, attract from one side
    ("polyfive", "rmsprop-energy", {}, {"saddle": (0.01, 0.05), "minimum": (0.9, 0.96),
                                        "at rest, undecided": (0.01, 0.08)}),
    ("sine", "gd-energy", {}, {"minimum": (1, 1)})])
def test_known_answers(network, optimizer, settings, shares):
    loss = networks.get(network)
    result = study(loss, named(optimizer, **settings), uniform(loss.box, 400, 0), stop=Stop(max_steps=10_000),
                   progress=False, patience=600)
    rows = {row["end"]: row["fraction"] for row in result.table()}
    for what, (low, high) in shares.items():
        share = result.fraction(what) if what in ("minimum", "saddle") else rows.get(what, 0.0)
        assert low <= share <= high, (what, share)


@pytest.mark.parametrize("network, optimizer", [("polyeight", "adam"), ("steep-valley", "adam"), ("polyfive", "adam")])
def test_what_a_stricter_run_contradicts_is_no_label(network, optimizer):
    """Adam comes to rest at these minima, forgets its v, and is thrown out."""
    loss, adam = networks.get(network), named(optimizer, lr=0.1)
    starts = uniform(loss.box, 300, 0)
    result = study(loss, adam, starts, stop=Stop(max_steps=10_000), progress=False)
    strict = study(loss, adam, starts, stop=Stop(max_steps=100_000, gradient=1e-10, speed=1e-7), points=None,
                   progress=False)
    at = np.flatnonzero(result.point >= 0)
    distance = [result.points[result.point[k]].distance(strict.theta[:, k]) for k in at]
    assert len(at) > 50 and max(distance) <= result.match
    assert (result.end == End.CONVERGED).any()  # some are undecided, and nobody knows that they end elsewhere
    assert "at rest, undecided" not in {w.label for w in result.witnesses(5.0)}


# --------------------------------------------------------------------------------------------------------- proofs
@pytest.mark.parametrize("network", ["polytwo", "polyfive", "rattwo", "exptwo", "cloche", "tanh-bump", "steep-valley"])
def test_in_the_ball_around_a_point_the_hessian_is_what_is_proved(network):
    loss, rng = networks.get(network), np.random.default_rng(0)
    points = loss.critical_points()
    proofs = Proofs(loss, points, 0.05)
    for p, radius, convexity in zip(points, proofs.radius, proofs.convexity, strict=True):
        assert (radius > 0) == (not p.nature.degenerate) and (convexity > 0) == (p.nature == "minimum")
        around = rng.normal(size=(loss.dim, 400))
        theta = p.numeric[:, None] + radius * around / np.linalg.norm(around, axis=0)
        if p.nature == "minimum":
            assert np.linalg.eigvalsh(np.moveaxis(loss.hessian(theta), -1, 0)).min() >= convexity
        assert radius == 0 or np.linalg.norm(loss.gradient(theta), axis=0).min() > 0


@pytest.mark.parametrize("dim", [1, 7])
def test_a_ball_does_not_reach_where_the_hessian_is_singular(dim):
    """F = Σ (x² − 1)²/4 is convex from 1/√3 on in each coordinate, 0.42 from its minimum."""
    loss = Loss(lambda t: sum((x**2 - 1)**2 / 4 for x in t), dim)
    minimum = CriticalPoint((1,) * dim, "minimum", 0)
    proofs = Proofs(loss, [minimum], 1.0)
    assert 0.1 < proofs.radius[0] < 1 - 1 / np.sqrt(3)
    assert 0 < proofs.convexity[0] <= 3 * (1 - proofs.radius[0])**2 - 1


@pytest.mark.parametrize("name, settings", [("adam", {"lr": 0.1}), ("nadam", {"lr": 0.1}), ("gd-richardson", {})])
def test_a_longer_run_goes_on_from_the_end_as_from_the_start(name, settings):
    loss, optimizer = networks.get("polytwo"), named(name, **settings)
    problem, starts = optimizer.problem(loss, Stop(max_steps=3000)), uniform(loss.box, 60, 0)
    ends = _follow(Work.of(loss, optimizer, problem.stop, True), starts, "auto", None)
    rest = np.flatnonzero(ends["outcome"] == Outcome.CONVERGED)
    assert rest.size
    again = followed_on(tighter(optimizer, problem), problem.begin(starts[:, rest]), np.arange(len(rest)),
                        ends["steps"][rest])
    for quantity in ONWARD:
        np.testing.assert_array_equal(ends[f"onward_{quantity}"][..., rest], getattr(again, quantity))
    left = np.delete(ends["onward_outcome"], rest)
    assert (left == Outcome.INTERRUPTED).all()


@pytest.mark.skipif("c" not in available(), reason="no C compiler")
@pytest.mark.parametrize("name", ["adam", "nadam", "gd-richardson", "adam-energy"])
def test_ends_in_doubt_are_followed_on_by_the_kernel_of_the_study(name, monkeypatch):
    """So that a map compiles once: the stricter stop is an argument, and clocks go on from where they are."""
    texts, library = set(), c.library
    monkeypatch.setattr(c, "library", lambda text, *rest: texts.add(text) or library(text, *rest))
    result = study(networks.get("polytwo"), named(name), uniform(networks.get("polytwo").box, 40, 0), backend="c")
    assert len(texts) == 1 and len(result.further.lanes) + result.certified.sum() > 10


@given(st.lists(st.tuples(st.floats(-3, 3), st.floats(-3, 3)), min_size=1, max_size=6, unique=True), st.integers(0, 99))
def test_in_an_inner_ball_no_other_point_is_nearer(places, seed):
    points = [CriticalPoint(p, Nature.MINIMUM, 0.0) for p in places]
    balls = inner_balls(points, np.full(len(points), 2.0))
    direction = np.random.default_rng(seed).normal(size=(2, 20))
    direction /= np.linalg.norm(direction, axis=0)
    for i, square in balls.items():
        at = np.array(places[i])[:, None] + 0.999 * np.sqrt(square) * direction
        nearest, distance = closest(dict(enumerate(points)), at[:, squares(np.array(places[i]), at) < square])
        assert (nearest == i).all() and (distance <= 2).all()
    family = CriticalPoint((0, 0), Nature.MINIMUM, 0.0, family=sympy.symbols("x"))
    apart = min((math.dist(p, q) for p, q in itertools.combinations(places, 2)), default=1.0)
    assert (len(balls) == len(points) or apart < 1e-140) and inner_balls([*points, family], np.ones(9)) == {}


@pytest.mark.parametrize("optimizer", ["gd", "gd-energy", "adam"])
def test_where_f_is_no_number_nothing_is_on_its_way(optimizer):
    """The gradient of x − log x goes on below 0, where F does not: neither a long way nor a stall is the reason."""
    loss = Loss(lambda t: t[0] - log(t[0]), 1)
    result = study(loss, named(optimizer), np.array([[-0.5, 2.0]]), stop=Stop(max_steps=300), progress=False)
    assert result.end[0] == End.NOT_FINITE and result.label(result.codes[0]) == "not finite"
    assert result.end[1] != End.NOT_FINITE
    nameless = study(loss, named(optimizer), np.array([[-0.5]]), stop=Stop(max_steps=300), points=None, progress=False)
    assert nameless.end[0] == End.NOT_FINITE


def test_which_algorithms_hold_on_to_a_minimum():
    loss = networks.get("polytwo")
    points = loss.critical_points()
    minima, proofs = np.array([p.nature == "minimum" for p in points]), Proofs(loss, points, 0.05)

    def holds(name, **settings):
        found = held(named(name, **settings).problem(loss, Stop()), points, proofs)
        assert not found[~minima].any()
        return found[minima].all()

    assert all(map(holds, ("lc-egd", "lc-egd2", "lc-m", "lm"))) and holds("gd", lr=0.1)
    assert holds("momentum", lr=0.1) and holds("gd", lr=0.38) and not holds("gd", lr=0.386)
    assert not any(holds(name, lr=0.1) for name in ("adam", "signsgd", "lion", "nesterov-vanishing"))
    assert holds("momentum-em") and not holds("momentum-em", lr=10.0)  # of mass 100: at rest with energy to leave
    assert not holds("gd-richardson") and not holds("lci-egd")
    assert not holds("gd-energy") and not holds("momentum-energy")  # of which an average of energies falls
    valley = networks.get("steep-valley")  # the ball is so small that what moves with Stop.speed may leave it
    points = valley.critical_points()
    problem = named("lc-m").problem(valley, Stop())
    assert not held(problem, points, Proofs(valley, points, 0.05)).any()


def test_a_certified_end_is_beside_the_only_critical_point_and_stays():
    loss = networks.get("polytwo")
    result = study(loss, named("gd", lr=0.1), uniform(loss.box, 300, 1), progress=False)
    at = result.end == End.KNOWN_POINT
    assert (result.certified == at).all() and len(result.further.lanes) == 0  # nothing was in doubt
    assert (result.evidence.distance[at] <= [result.points[i].radius for i in result.point[at]]).all()


# -------------------------------------------------------------------------------------------------------- evidence
def test_the_evidence_is_that_of_the_ends(tmp_path):
    loss = networks.get("polyfive")
    result = study(loss, named("gd-energy"), uniform(loss.box, 60, 0), stop=Stop(max_steps=2000), progress=False)
    e = result.evidence
    for k in range(result.n):
        theta = result.theta[:, k]
        assert e.value[k] == pytest.approx(float(loss.value(theta)), rel=1e-12, abs=1e-300)
        assert e.gradient[k] == pytest.approx(np.linalg.norm(loss.gradient(theta)), rel=1e-12)
        assert e.curvature[k] == pytest.approx(np.linalg.eigvalsh(loss.hessian(theta))[0], rel=1e-6, abs=1e-9)
        assert e.size[k] == pytest.approx(np.linalg.norm(theta))
        named_ = [result.points[result.point[k]]] if result.point[k] >= 0 else result.points
        assert e.distance[k] == pytest.approx(min(p.distance(theta) for p in named_), rel=1e-9, abs=1e-12)
    again = Study.load(result.save(tmp_path / "kept"))
    assert all(np.array_equal(getattr(again.evidence, name), values, equal_nan=True)
               for name, values in e._asdict().items())
    assert all(np.array_equal(a, b, equal_nan=True) for a, b in zip(again.further, result.further, strict=True))
    assert (again.codes == result.codes).all() and str(again.table()) == str(result.table())
    with pytest.raises(ValueError, match="no loss to compute the evidence"):
        _ = dataclasses.replace(again).evidence


def test_a_label_depends_on_no_other_start():
    loss, adam = networks.get("polyfive"), named("adam", lr=0.1)
    starts = uniform(loss.box, 120, 3)
    whole = study(loss, adam, starts, stop=Stop(max_steps=4000), progress=False)
    order = np.random.default_rng(0).permutation(120)
    for some in (order, order[:30], order[:1]):
        part = study(loss, adam, starts[:, some], stop=Stop(max_steps=4000), chunk=17, threads=1, progress=False)
        for name in ("end", "point", "period", "certified", "theta", "steps"):
            assert np.array_equal(getattr(part, name), getattr(whole, name)[..., some]), name


def test_a_longer_run_has_steps_of_its_own():
    """Ten times those of the start, to the next power of 2, and 1024 at least: on plateaus all of them are taken."""
    loss = networks.get("cloche")
    result = study(loss, named("adam", lr=0.1), uniform(loss.box, 60, 0), stop=Stop(max_steps=4000), progress=False)
    going = result.further.outcome == Outcome.RUNNING
    first, more = result.steps[result.further.lanes[going]], result.further.steps[going]
    assert len(set(more)) > 1
    assert list(more) == [max(1024, 2 ** math.ceil(math.log2(10 * steps))) for steps in first]


@pytest.mark.parametrize("network, optimizer", [("polytwo", "gd-energy"), ("polyeight", "lm")])
def test_an_interruption_of_the_longer_run_loses_no_label_but_those_in_doubt(network, optimizer, monkeypatch):
    """Of an algorithm that holds on to no point it is interrupted with its piece, else after all of them."""
    loss = networks.get(network)

    def interrupted(problem, z, lanes, steps, **options):
        raise Interrupted(z, steps)

    for module in ("follow", "labels"):
        monkeypatch.setattr(f"basins.{module}.followed_on", interrupted)
    result = study(loss, named(optimizer), uniform(loss.box, 20, 0), progress=False)
    rest = result.outcome == Outcome.CONVERGED
    assert result.complete and rest.any() and "in doubt" in result.note and not len(result.further.lanes)
    assert (result.end[rest] == End.CONVERGED).any()


def test_what_is_followed_in_segments_is_the_whole_run(monkeypatch):
    """As threads that are asked to stop do it: here every segment is one step, or a few."""
    loss, starts = networks.get("polytwo"), uniform(networks.get("polytwo").box, 40, 0)
    work = Work.of(loss, named("adam", lr=0.1), Stop(max_steps=300), True)
    whole = _follow(work, starts, "auto", None)
    clock = itertools.count(step=10)
    monkeypatch.setattr("basins.follow.time", types.SimpleNamespace(monotonic=lambda: next(clock)))
    parts = _follow(work, starts, "auto", None, threading.Event())
    for name, values in whole.items():
        rest = slice(None) if not name.startswith("onward") else whole["outcome"] == Outcome.CONVERGED
        np.testing.assert_array_equal(values[..., rest], parts[name][..., rest])


# -------------------------------------------------------------------------------------------------------- recurrence
def test_ends_are_those_of_the_plain_run():
    """But for cycles, which are cut short."""
    for network, name, settings in (("polytwo", "gd", {"lr": 0.5}), ("polyfive", "adam", {"lr": 0.1}),
                                    ("rattwo", "momentum-energy", {})):
        loss = networks.get(network)
        problem = named(name, **settings).problem(loss, Stop(max_steps=3000))
        z = problem.start(problem.field.start(uniform(loss.box, 100, 0)))
        plain, steps = problem.run(z)
        rows, taken, period = followed(problem, z)
        on = period <= 0
        assert np.array_equal(rows[:, on], plain[:, on], equal_nan=True) and (taken[on] == steps[on]).all()
        assert (taken[~on] < steps[~on]).all()


def test_what_goes_round_for_a_while_is_no_cycle():
    """x → −x, y → 1.02 y: when it is first looked at, y is 1e-9."""
    loss = Loss(lambda t: t[0]**2 / 2 - t[1]**2 / 200, 2)
    problem = named("gd", lr=2.0).problem(loss, Stop(max_steps=10_000))
    _, steps, period = followed(problem, problem.start(problem.field.start(np.array([[1.0], [1e-9 / 1.02**1024]]))))
    assert period[0] == 0 and 1500 < steps[0] < 10_000  # it left


@pytest.mark.parametrize("limit", [10, 255, 256, 1024, 1025, 5000])
def test_a_slow_approach_is_no_cycle(limit):
    """x → −0.9999 x comes back to where it was in two steps, but for a ten-thousandth: it is on its way to 0."""
    loss = Loss(lambda t: t[0]**2 / 2, 1)
    problem = named("gd", lr=1.9999).problem(loss, Stop(max_steps=limit))
    _, steps, period = followed(problem, problem.start(problem.field.start(np.array([[1.0, 2.0]]))))
    assert (period == 0).all() and (steps == limit).all()
    exactly = named("gd", lr=2.0).problem(loss, Stop(max_steps=limit))  # x → −x
    _, steps, period = followed(exactly, exactly.start(exactly.field.start(np.array([[1.0, 2.0]]))))
    assert (period == (2 if limit >= 256 else 0)).all() and (steps == (min(1024, limit // 2) if limit >= 256
                                                                      else limit)).all()


def test_what_a_start_was_drawn_as_goes_with_the_study(tmp_path):
    loss = networks.get("polytwo")
    starts = np.zeros((2, 3))
    for some, kind in ((starts, ""), (drawn_as("sample", starts), "sample"), (drawn_as("grid", starts), "grid")):
        result = study(loss, named("gd-energy"), some, stop=Stop(max_steps=2), progress=False)
        assert result.drawn == Study.load(result.save(tmp_path / f"kept{kind}")).drawn == kind
        assert ("low" in result.table().columns) == (kind == "sample")
    with pytest.raises(ValueError, match="'sample', 'grid'"):
        drawn_as("uniform", starts)


def test_a_wild_motion_of_a_map_that_changes_with_time_is_not_called_irregular():
    """Adam's bursts on `expfour`: neighbours part, and 40 000 steps later it is at rest."""
    loss, adam = networks.get("expfour"), named("adam", lr=0.1)
    result = study(loss, adam, uniform(loss.box, 300, 0), stop=Stop(max_steps=10_000), progress=False)
    assert (result.end != End.IRREGULAR).all() and (result.end == End.STEP_LIMIT).any()


@pytest.mark.parametrize("calls", [1, 2, 4, 5])
def test_an_interrupted_run_has_every_lane_as_far_as_it_came(monkeypatch, calls):
    """In the first stretch, in a look, and later: what it holds are states of the plain run."""
    loss = networks.get("polytwo")
    problem = named("gd", lr=0.5).problem(loss, Stop(max_steps=3000))
    z = problem.start(problem.field.start(uniform(loss.box, 30, 0)))
    count = []

    def interrupting(call):
        def interrupted(rows, *length, **options):
            count.append(1)
            final, steps = call(rows, *length, **options)
            if len(count) == calls:
                raise Interrupted(final, steps)
            return final, steps

        return interrupted

    for name in ("run", "path"):
        monkeypatch.setattr(problem, name, interrupting(getattr(problem, name)))
    with pytest.raises(Interrupted) as stopped:
        followed(problem, z.copy())
    monkeypatch.undo()
    assert stopped.value.steps.max() in (1024, 2048)
    for lane, steps in enumerate(stopped.value.steps):
        plain, _ = problem.run(z[:, [lane]], max_steps=max(int(steps), 1))
        assert np.array_equal(stopped.value.final[:, [lane]], plain, equal_nan=True)
