"""Rules behind every published fraction, on an optimizer whose ends are known by construction.

Which ends count for a critical point, and which starts are witnesses, is read off a script and not computed: the
scripted optimizer sends each start to an end, with an outcome, of the test's choosing.
"""
import dataclasses
import json

import numpy as np
import pytest

import networks
import schemes
from basins import End, drawn_as, grid, study, uniform, wilson
from flows import GradientDescent
from schemes import FixedStep, Optimizer, Outcome, SequentialEuler, Stop
from schemes.loop import Ensemble, Problem

MATCH = 0.05
#: An end that may count for a critical point: at rest, or where nothing smaller can be done in floating point.
COUNTS = {Outcome.CONVERGED, Outcome.STALLED}


class Scripted(Problem):
    """A problem of which the starts, the ends and the outcomes are given: `script[start] = end, outcome`."""

    script: dict = {}

    def run(self, z, **options):
        index = [list(self.script).index(tuple(start)) for start in z[: self.field.dim].T]
        ends = np.array([self.script[tuple(start)][0] for start in z[: self.field.dim].T]).T
        return np.vstack([ends, z[self.field.dim:]]), np.array(index) + 1  # the steps taken: which line of the script

    def finish(self, z, steps):
        outcome = np.array([int(list(self.script.values())[k - 1][1]) for k in steps], dtype=np.int8)
        return Ensemble(z[: self.field.size], outcome, steps, steps, steps, 0.0 * steps, 0.0 * steps)


@dataclasses.dataclass(frozen=True)
class ScriptedOptimizer(Optimizer):
    script: dict = dataclasses.field(default_factory=dict, compare=False)

    def problem(self, loss, stop=None):
        problem = Scripted(self.flow.on(loss), self.scheme, self.step, stop or Stop())
        problem.script = self.script
        return problem


def scripted(lines):
    """The study of `lines`, each (start, end, outcome), on polytwo."""
    script = {tuple(map(float, start)): (end, outcome) for start, end, outcome in lines}
    assert len(script) == len(lines)
    optimizer = ScriptedOptimizer(GradientDescent(), SequentialEuler(), FixedStep(0.1), "scripted", script=script)
    starts = drawn_as("sample", np.array(list(script)).T)
    return study(networks.get("polytwo"), optimizer, starts, match=MATCH, progress=False)


@pytest.fixture(scope="module")
def points():
    return networks.get("polytwo").critical_points()


@pytest.mark.parametrize("direction", [0.0, 0.7, 2.0, 4.0])
def test_an_end_within_the_radius_counts_and_one_beyond_it_does_not(points, direction):
    """The match radius: ends at 0.99 and 1.01 of it, in any direction, of every critical point."""
    around = np.array([np.cos(direction), np.sin(direction)])
    lines = [((i, 10 + inside), p.numeric + (0.99 if inside else 1.01) * MATCH * around, Outcome.CONVERGED)
             for i, p in enumerate(points) for inside in (True, False)]
    result = scripted(lines)
    assert result.point.tolist() == [i if inside else -1 for i in range(len(points)) for inside in (True, False)]
    assert [result.fraction(nature) for nature in ("minimum", "saddle", "maximum")] == [4 / 18, 4 / 18, 1 / 18]
    rows = {row["end"]: row for row in result.table()}
    assert rows["plateau"]["starts"] == 9 and rows["minimum (0, 1)"]["starts"] == 1
    low, high = wilson(9, 18)
    assert (rows["plateau"]["low"], rows["plateau"]["high"]) == (low, high)


@pytest.mark.parametrize("outcome", list(Outcome))
def test_which_outcomes_may_count_for_a_point(points, outcome):
    """Eligible ends: what is not at rest counts for no point, however near it is."""
    result = scripted([((0, 0), points[0].numeric, outcome), ((1, 0), points[0].numeric + 1.0, outcome)])
    assert result.point.tolist() == [0 if outcome in COUNTS else -1, -1]
    # (where it is at rest at no point, the longer run, which is the same script, does not move: a plateau)
    label = End.PLATEAU if outcome == Outcome.CONVERGED else int(outcome)
    assert result.codes.tolist() == [0 if outcome in COUNTS else -label, -label]


def test_an_end_that_is_not_a_number_counts_for_no_point(points):
    """NaN is at no distance: it is not nearest to the first point."""
    assert scripted([((0, 0), [np.nan, np.nan], Outcome.CONVERGED)]).point.tolist() == [-1]


def test_an_end_counts_for_the_nearest_point_alone(points):
    """With a radius that reaches two points the nearer one is meant."""
    a, b = points[0].numeric, points[1].numeric
    optimizer_lines = [((0, 0), 0.6 * a + 0.4 * b, Outcome.CONVERGED), ((1, 0), 0.4 * a + 0.6 * b, Outcome.CONVERGED)]
    script = {tuple(map(float, s)): (e, o) for s, e, o in optimizer_lines}
    optimizer = ScriptedOptimizer(GradientDescent(), SequentialEuler(), FixedStep(0.1), "scripted", script=script)
    result = study(networks.get("polytwo"), optimizer, np.array(list(script)).T, match=2.0, progress=False)
    distances = [[p.distance(np.array(end)) for p in points] for _, end, _ in optimizer_lines]
    assert result.point.tolist() == [int(np.argmin(d)) for d in distances]


#: Ended from outside: where they would have gone is not known.
CUT_OFF = (Outcome.RUNNING, Outcome.STEP_LIMIT, Outcome.INTERRUPTED, Outcome.GRADIENT_LIMIT, Outcome.TIME_LIMIT,
           Outcome.SHORT_STEP)


@pytest.mark.parametrize("outcome", list(Outcome))
def test_which_outcomes_may_be_witnesses(points, outcome):
    """A witness has ended elsewhere: one whose steps were used up, or that was interrupted, may still return."""
    near = points[0].numeric + np.array([0.01, 0.0])
    (elsewhere,) = scripted([(near, [0.4, 0.4], outcome)]).witnesses(0.05) or [None]
    assert (elsewhere is not None) == (outcome not in CUT_OFF)
    assert elsewhere is None or (elsewhere.minimum, elsewhere.end, elsewhere.outcome) == (0, -1, outcome)
    other = scripted([(near, points[1].numeric, outcome)]).witnesses(0.05)
    assert [w.end for w in other] == ([1] if outcome in COUNTS else [] if outcome in CUT_OFF else [-1])
    assert scripted([(near, points[0].numeric, Outcome.CONVERGED)]).witnesses(0.05) == []


def test_a_start_beyond_the_radius_is_no_witness(points):
    """The radius of witnesses: starts at 0.99 and 1.01 of it."""
    lines = [(points[0].numeric + [0.0, share * 0.05], [0.4, 0.4], Outcome.DIVERGED) for share in (0.99, 1.01)]
    assert [w.index for w in scripted(lines).witnesses(0.05)] == [0]


# -------------------------------------------------------------------------------------- counts and intervals
def test_wilsons_interval_is_where_the_score_test_is_at_its_level():
    """`wilson`: its ends p solve (p̂ − p)² = z² p(1 − p)/n; 8 of 10 at 95 % is 0.4902 to 0.9433, as published."""
    from statistics import NormalDist

    assert wilson(8, 10) == pytest.approx((0.4901625, 0.9433178), abs=1e-6)
    for count, n, confidence in ((1, 7, 0.9), (3, 2000, 0.95), (1990, 2000, 0.99), (50, 100, 0.5)):
        z = NormalDist().inv_cdf((1 + confidence) / 2)
        for p in wilson(count, n, confidence):
            assert (count / n - p) ** 2 == pytest.approx(z**2 * p * (1 - p) / n, rel=1e-9)


def test_a_map_has_the_first_coordinate_along_its_rows(points):
    """Orientation: entry (row, column) of the map is the start with that y and x; the picture is drawn from below."""
    starts = grid(((-3, 3), (-2, 2)), (13, 9))
    result = study(networks.get("polytwo"), schemes.named("lc-egd"), starts, progress=False)
    x, y = np.linspace(-3, 3, 13), np.linspace(-2, 2, 9)
    codes = result.map()
    for p in (i for i, p in enumerate(points) if p.nature == "minimum"):
        a, b = points[p].numeric
        assert codes[int(np.argmin(abs(y - b))), int(np.argmin(abs(x - a)))] == p
    assert result.starts.reshape(2, 9, 13)[0, 0].tolist() == x.tolist()
    image = result.figure().axes[0].images[0]
    assert image.origin == "lower" and image.get_extent()[:2] == pytest.approx([-3.25, 3.25], abs=0.3)


def test_another_seed_is_another_sample():
    """The seed is used: the same one gives the same starts, another one others, and a generator goes on."""
    box = ((0, 1), (0, 1))
    a, b, c = uniform(box, 40, 1), uniform(box, 40, 1), uniform(box, 40, 2)
    assert np.array_equal(a, b) and not np.intersect1d(a, c).size
    generator = np.random.default_rng(1)
    assert not np.array_equal(uniform(box, 40, generator), uniform(box, 40, generator))


# -------------------------------------------------------------------------------------------------- lanes
@pytest.mark.parametrize("backend", ["c", "numba", "numpy"])
def test_a_lane_is_the_same_alone_and_in_a_crowd(backend):
    """Refill and freezing: of 20 000 starts that end after 0 to 300 steps, more than a back end holds at once, each
    ends as it does on its own."""
    import arithmetic

    if backend not in arithmetic.available():
        pytest.skip(f"{backend} is not installed")
    loss, optimizer, n = networks.get("polytwo"), schemes.named("adam", lr=0.05), 20_000
    starts = uniform(loss.box, n, 3)
    chosen = np.array([*range(0, n, 1777), *range(n - 40, n)])  # the last ones wait longest
    starts[:, -20:-11] = np.array([p.numeric for p in loss.critical_points()]).T  # at rest at once
    starts[:, -11:-5] *= 1e7                                                    # gone at once
    stop = Stop(max_steps=300)
    crowd = study(loss, optimizer, starts, stop=stop, backend=backend, threads=1, progress=False)
    assert set(crowd.outcome) == {Outcome.CONVERGED, Outcome.STEP_LIMIT, Outcome.DIVERGED}
    assert crowd.steps.min() == 0 and len(np.unique(crowd.steps[chosen])) > 10
    for k in chosen:
        alone = study(loss, optimizer, starts[:, k], stop=stop, backend=backend, progress=False)
        assert (alone.outcome[0], alone.steps[0]) == (crowd.outcome[k], crowd.steps[k]), k
        assert np.array_equal(alone.theta[:, 0], crowd.theta[:, k]), k


def test_a_finished_lane_keeps_the_state_at_which_it_stopped():
    """Freezing: the end satisfies the stop test and the state one step before it does not."""
    loss, optimizer = networks.get("polytwo"), schemes.named("gd", lr=0.1)
    starts = uniform(loss.box, 200, 5)
    result = study(loss, optimizer, starts, progress=False)
    for k in np.flatnonzero(result.outcome == Outcome.CONVERGED)[:20]:
        theta, n = starts[:, k], 0
        while np.linalg.norm(loss.gradient(theta)) > 1e-6:
            theta, n = theta - 0.1 * loss.gradient(theta), n + 1
        assert n == result.steps[k] and theta == pytest.approx(result.theta[:, k], abs=1e-12)


# -------------------------------------------------------------------------------------------------- storage
def test_a_resumed_study_reads_the_pieces_it_has_and_no_other(tmp_path):
    """Resume: what lies in the store is taken (a mark put there is seen), and what is missing is computed again."""
    loss, optimizer, starts = networks.get("polytwo"), schemes.named("gd-energy"), grid(((-2, 2), (-2, 2)), 10)
    whole = study(loss, optimizer, starts, chunk=40, store=tmp_path, progress=False)
    pieces = sorted(tmp_path.glob("piece-*.npz"))
    assert len(pieces) == 3 and json.loads((tmp_path / "study.json").read_text())["identity"]["chunk"] == 40
    with np.load(pieces[1]) as arrays:
        marked = {name: values.copy() for name, values in arrays.items()}
    marked["steps"][:] = 12345
    np.savez(pieces[1], **marked)
    pieces[2].unlink()
    again = study(loss, optimizer, starts, chunk=40, store=tmp_path, progress=False)
    assert (again.steps[40:80] == 12345).all()
    assert np.array_equal(again.steps[:40], whole.steps[:40]) and np.array_equal(again.steps[80:], whole.steps[80:])
    assert np.array_equal(again.theta, whole.theta) and np.array_equal(again.point, whole.point)


@pytest.mark.parametrize("changed", ["optimizer", "loss", "starts", "stop", "chunk"])
def test_a_store_of_another_study_is_refused(tmp_path, changed):
    """Fingerprint: a piece is taken only by the study it is a piece of."""
    call = {"loss": networks.get("polytwo"), "optimizer": schemes.named("gd-energy"), "starts": grid((-2, 2), 6),
            "stop": Stop(max_steps=500), "chunk": 40}
    other = {"loss": networks.get("polyfour"), "optimizer": schemes.named("gd", lr=0.1), "starts": grid((-2, 1), 6),
             "stop": Stop(max_steps=501), "chunk": 20}
    study(**call, store=tmp_path, progress=False)
    with pytest.raises(ValueError, match="other"):
        study(**call | {changed: other[changed]}, store=tmp_path, progress=False)
