"""Studies: known fractions, independence of how the work is cut, storage, bad input."""
import concurrent.futures
import functools
import json

import numpy as np
import pytest

import networks
import schemes
from basins import End, Point, Study, grid, normal, study, uniform
from basins.figure import colours
from basins.result import closest
from arithmetic import Node
from networks import Loss
from schemes import Outcome, Stop

ARRAYS = ("outcome", "point", "end", "certified", "period", "steps", "gradients", "theta")


@pytest.fixture(scope="module")
def polytwo():
    return networks.get("polytwo")


def run(loss, name, starts, stop=None, **options):
    hyper = {key: options.pop(key) for key in ("lr", "tol") if key in options}
    return study(loss, schemes.named(name, **hyper), starts, stop=stop, progress=False, **options)


def test_grid_runs_through_the_first_coordinate_first():
    starts = grid(((0, 1), (10, 30)), (2, 3))
    assert starts.tolist() == [[0, 1, 0, 1, 0, 1], [10, 10, 20, 20, 30, 30]]
    assert grid((-1, 1), 3).shape == (2, 9) and grid([(0, 1)] * 3, 4).shape == (3, 64)


def test_random_starts_are_reproducible():
    box = ((-1, 2), (3, 4))
    assert (uniform(box, 50, 3) == uniform(box, 50, 3)).all() and not (uniform(box, 50, 3) == uniform(box, 50, 4)).all()
    starts = uniform(box, 1000, np.random.default_rng(0))
    assert ((starts >= [[-1], [3]]) & (starts <= [[2], [4]])).all()
    assert normal([1.0, 2.0], (0.1, 3), 4000, 0).mean(axis=1) == pytest.approx([1, 2], abs=0.15)


@pytest.mark.parametrize("call, message", [
    (lambda: grid(((-3, 3), (-3, 3)), 0), "at least 1"), (lambda: grid(((3, -3),), 4), "low < high"),
    (lambda: grid(((0, 1), (0, 1)), (2, 3, 4)), "box has 2 sides"), (lambda: uniform((0, 1), 5, 1.5), "seed"),
    (lambda: uniform((0, np.inf), 5, 1), "finite"), (lambda: grid((0, 1), 2.5), "integer"),
    (lambda: normal([0], -1, 5, 1), "positive"), (lambda: uniform("no", 5, 1), "low, high")])
def test_bad_starts_are_named(call, message):
    with pytest.raises((ValueError, TypeError), match=message):
        call()


def test_gd_diverges_in_two_corners_and_the_corrected_schemes_do_not(polytwo):
    starts = grid(polytwo.box, 60)
    gd = run(polytwo, "gd", starts, lr=0.1)
    assert 0.20 < gd.fraction(Outcome.DIVERGED) < 0.25  # published: 22 % of the starts in [−3, 3]²
    for name in ("gd-richardson", "gd-energy", "momentum-energy", "rmsprop-energy", "adam-energy", "lm"):
        corrected = run(polytwo, name, starts)
        assert corrected.fraction(Outcome.DIVERGED) == 0
        assert corrected.fraction("minimum") > 0.98, name  # the rest are starts on symmetry axes, which end in saddles
    richardson = run(polytwo, "gd-richardson", uniform(polytwo.box, 20_000, 0))
    # the flow's own basins, published from a grid: 0.2833, 0.2833, 0.2167, 0.2167
    fractions = {p.text: np.mean(richardson.point == i) for i, p in enumerate(richardson.points)}
    assert fractions["(0, 1)"] == pytest.approx(0.2833, abs=0.01) == fractions["(0, -1)"]
    assert fractions["(2, -1)"] == pytest.approx(0.2167, abs=0.01) == fractions["(-2, 1)"]


def test_starts_at_rest_and_on_a_stable_manifold(polytwo):
    result = run(polytwo, "gd", np.array([[0.0, 0.3], [0.0, -0.4]]), lr=0.1)
    assert [result.points[i].nature for i in result.point] == ["maximum", "minimum"]
    assert result.steps[0] == 0 and result.gradients[0] == 1
    saddle = run(networks.get("linear-two"), "gd", np.array([[1.0], [-1.0]]), lr=0.1)  # theta1 = −theta2 is invariant
    assert saddle.points[saddle.point[0]].nature == "saddle"


def test_adam_has_islands_far_inside_another_basin(polytwo):
    result = run(polytwo, "adam", grid(polytwo.box, 61), lr=0.1)
    ends = {p.text: i for i, p in enumerate(result.points)}
    island = np.argmin(np.hypot(result.starts[0] - 1.9, result.starts[1] - 0.6))
    assert result.point[island] == ends["(0, -1)"]
    assert result.point[np.argmin(np.hypot(result.starts[0] - 2, result.starts[1] + 0.5))] == ends["(2, -1)"]
    shredded = run(polytwo, "adam", grid(((-0.1, 0.1), (0.9, 1.1)), 41), lr=0.5)
    witnesses = shredded.witnesses(0.05)
    assert witnesses and witnesses[0].distance < 0.05  # a start this near to (0, 1) ends elsewhere
    assert all(w.minimum != w.end and np.hypot(*(w.start - [0, 1])) == pytest.approx(w.distance) for w in witnesses)
    assert [w.distance for w in witnesses] == sorted(w.distance for w in witnesses)


def test_labels_do_not_depend_on_how_the_work_is_cut(polytwo, tmp_path):
    starts = uniform(polytwo.box, 500, 1)
    whole = run(polytwo, "adam", starts, lr=0.1)
    order = np.random.default_rng(0).permutation(500)
    backwards = run(polytwo, "adam", starts[:, order], lr=0.1, chunk=77, threads=1)
    with concurrent.futures.ProcessPoolExecutor(2) as pool:
        spread = run(polytwo, "adam", starts, lr=0.1, chunk=97, executor=pool, backend="numpy")
    for name in ARRAYS:
        assert (getattr(whole, name)[..., order] == getattr(backwards, name)).all(), name
        assert (getattr(whole, name) == getattr(spread, name)).all(), name


def test_table_is_a_partition(polytwo):
    result = run(polytwo, "gd", uniform(polytwo.box, 900, 0), lr=0.1)
    table = result.table()
    assert sum(row["starts"] for row in table) == result.n == 900
    assert sum(row["fraction"] for row in table) == pytest.approx(1)
    assert all(row["low"] <= row["fraction"] <= row["high"] for row in table)
    assert table.csv().splitlines()[0].startswith("end,starts,fraction,low,high")
    assert table.markdown().count("\n") == len(table) + 2 and "minimum (0, 1)" in str(table)


def test_map_is_the_grid(polytwo):
    result = run(polytwo, "gd-energy", grid(((-3, 3), (-2, 2)), (12, 8)))
    codes = result.map()
    assert codes.shape == (8, 12)
    assert codes[7, 3] == result.codes[7 * 12 + 3]
    with pytest.raises(ValueError, match="grid of two coordinates"):
        run(polytwo, "gd-energy", uniform(polytwo.box, 10, 0)).map()


def test_figure_shows_what_was_counted(polytwo):
    result = run(polytwo, "gd", grid(polytwo.box, 40), lr=0.1)
    ax = result.figure().axes[0]
    pixels = ax.images[0].get_array()
    brown = np.all(np.isclose(pixels, [0x8B / 255, 0x45 / 255, 0x13 / 255]), axis=-1)
    assert (brown == (result.map() == -Outcome.DIVERGED)).all() and brown.any()
    texts = [t.get_text() for t in ax.get_legend().get_texts()]
    assert f"diverged  {result.fraction(Outcome.DIVERGED):.1%}" in texts and sum(t.startswith("minimum (")
                                                                                 for t in texts) == 4
    assert "polytwo, gd(lr=0.1)" in ax.get_title() and "n = 1600" in ax.get_title()
    assert [(label.get_text(), label.get_style()) for label in (ax.xaxis.label, ax.yaxis.label)] == [
        ("w", "italic"), ("b", "italic")]
    told_apart = [c for code, c in colours(result).items() if code < 0 or result.points[code].nature == "minimum"]
    assert len(set(told_apart)) == len(told_apart) == 4 + (len(End) - 4) + 63  # cycles have a colour for each period


def test_figures_off_a_grid_and_beyond_two_coordinates(polytwo):
    scatter = run(polytwo, "adam", uniform(polytwo.box, 30, 0), lr=0.1).figure(witnesses=0.5)
    assert len(scatter.axes[0].collections[0].get_offsets()) == 30
    deep = networks.get("linear-three")
    bars = run(deep, "gd", uniform(deep.box, 40, 0), lr=0.01).figure()
    assert len(bars.axes[0].patches) >= 2


def test_families_are_matched():
    loss = networks.get("linear-two")
    result = run(loss, "gd-richardson", uniform(loss.box, 200, 2))
    assert result.fraction("minimum") == 1
    assert np.abs(result.theta[0] * result.theta[1] - 1).max() < 1e-5


def test_flat_at_infinity_is_not_a_critical_point():
    loss = networks.get("rattwo")
    result = run(loss, "gd", np.array([[-1.0], [-2.0]]), lr=0.1, stop=Stop(gradient=1e-5))
    assert result.point[0] == -1 and result.outcome[0] in (Outcome.CONVERGED, Outcome.STEP_LIMIT)
    assert np.linalg.norm(result.theta[:, 0]) > 5


def test_ends_on_a_numeric_loss_are_grouped(quartic):
    starts = np.random.default_rng(0).normal(size=(6, 20))
    result = run(quartic, "gd", starts, lr=0.01)
    assert len(result.points) == 1 and (result.end == End.NEW_POINT).all() and not result.certified.any()
    assert result.points[0].nature == "undecided" and result.fraction("minimum") == 0 and result.witnesses(1.0) == []
    none = run(quartic, "gd", starts, lr=0.01, points=None)
    assert none.points == () and (none.end == End.CONVERGED).all() and none.note == ""
    # a circle of minima: its ends are no points
    circle = Loss.from_callables(2, lambda t: (t[0]**2 + t[1]**2 - 1)**2, lambda t: 4 * (t[0]**2 + t[1]**2 - 1) * t)
    result = run(circle, "gd", uniform(circle.box, 400, 0), lr=0.01)
    assert result.points == () and "more than 64 groups" in result.note and (result.end != End.NEW_POINT).all()


def test_save_and_load(polytwo, tmp_path):
    result = run(polytwo, "gd", grid(polytwo.box, 20), lr=0.1)
    again = Study.load(result.save(tmp_path / "kept"))
    for name in (*ARRAYS, "starts"):
        assert (getattr(result, name) == getattr(again, name)).all()
    assert str(result.table()) == str(again.table()) and again.points == result.points and again.stop == result.stop
    assert json.loads((tmp_path / "kept" / "study.json").read_text())["study"]["loss"] == "polytwo"
    with pytest.raises(ValueError, match="no finished study"):
        Study.load(tmp_path / "empty")


def test_an_interrupted_study_goes_on(polytwo, tmp_path):
    starts, seen = grid(polytwo.box, 20), []

    def stop_after_two(done, n):
        seen.append(done)
        if len(seen) == 2:
            raise KeyboardInterrupt

    first = study(polytwo, schemes.named("gd", lr=0.1), starts, chunk=100, store=tmp_path, progress=stop_after_two)
    assert not first.complete and (first.outcome[:200] != Outcome.INTERRUPTED).all()
    assert (first.outcome[200:] == Outcome.INTERRUPTED).all() and np.isnan(first.theta[:, 200:]).all()
    assert "interrupted" in str(first.table())
    counts = []
    second = study(polytwo, schemes.named("gd", lr=0.1), starts, chunk=100, store=tmp_path,
                   progress=lambda done, n: counts.append(done))
    whole = run(polytwo, "gd", starts, lr=0.1)
    assert second.complete and counts == [100, 200, 300, 400]
    assert all((getattr(second, name) == getattr(whole, name)).all() for name in ARRAYS)
    assert Study.load(tmp_path).n == 400
    with pytest.raises(ValueError, match="other optimizer"):
        study(polytwo, schemes.named("gd", lr=0.2), starts, chunk=100, store=tmp_path, progress=False)


def test_bad_input_is_named_before_any_work(polytwo, tmp_path):
    gd = schemes.named("gd", lr=0.1)
    for starts, message in ((np.zeros((3, 4)), "shape"), (np.array([[np.nan], [0.0]]), "must be finite"),
                            (np.zeros((2, 0)), "at least one start")):
        with pytest.raises(ValueError, match=message):
            study(polytwo, gd, starts)
    with pytest.raises(TypeError, match="schemes.named"):
        study(polytwo, "gd", np.zeros((2, 1)))
    with pytest.raises(TypeError, match="must be a Loss"):
        study("polytwo", gd, np.zeros((2, 1)))
    with pytest.raises(ValueError, match="chunk"):
        study(polytwo, gd, np.zeros((2, 1)), chunk=0)
    with pytest.raises(ValueError, match="match"):
        study(polytwo, gd, np.zeros((2, 1)), match=-1)
    (tmp_path / "file").write_text("")
    with pytest.raises(ValueError, match="choose another path"):
        study(polytwo, gd, np.zeros((2, 1)), store=tmp_path / "file")
    anonymous = Loss(lambda theta: theta[0] ** 2, 1, name="anonymous")
    with concurrent.futures.ProcessPoolExecutor(1) as pool, pytest.raises(TypeError, match="other processes"):
        study(anonymous, gd, np.zeros((1, 1)), executor=pool)


def test_progress_on_a_terminal(polytwo, capsys):
    study(polytwo, schemes.named("gd", lr=0.1), grid(polytwo.box, 10), chunk=50, progress=True)
    assert "50 of 100 starts" in capsys.readouterr().err


# ------------------------------------------------------------------------------------------------ matching, files
def test_the_nearest_point_is_the_first_of_those_as_near(polytwo):
    points = polytwo.critical_points()
    at = np.array([p.numeric for p in points]).T
    known = dict(enumerate(points))
    nearest, distance = closest(known, at + [[0.099], [0.0]])
    assert nearest.tolist() == list(range(9)) and distance == pytest.approx(0.099)
    nearest, distance = closest(known, np.array([[0.5, np.nan], [0.0, 0.0]]))
    assert at[:, nearest[0]].tolist() == [1.0, 0.0] and distance.tolist() == [0.5, np.inf]  # (0, 0) is as near
    ends = np.random.default_rng(0).normal(size=(2, 40_000))
    each = np.array([p.distance(ends) for p in points])
    nearest, distance = closest(known, ends)
    assert (nearest == each.argmin(axis=0)).all() and distance == pytest.approx(each.min(axis=0))
    assert [x.tolist() for x in closest({}, ends[:, :2])] == [[-1, -1], [np.inf, np.inf]]


@pytest.mark.parametrize("name", ["polytwo", "linear-two", "linear-three"])
def test_a_point_on_file_is_as_far_away_as_the_exact_one(name):
    loss = networks.get(name)
    theta = np.random.default_rng(0).normal(size=(loss.dim, 50))
    for p in loss.critical_points():
        kept = Point.of(p)
        again = Point.read(json.loads(json.dumps(kept._asdict())))
        assert again == kept and again.distance(theta) == pytest.approx(p.distance(theta), rel=1e-12)


def test_witnesses_are_known_after_loading_and_only_those_that_came_to_an_end_count(tmp_path):
    loss = networks.get("linear-two")
    result = run(loss, "gd", uniform(loss.box, 60, 3), lr=0.5)
    found = result.witnesses(2.0)
    again = Study.load(result.save(tmp_path / "kept")).witnesses(2.0)
    assert found and [(w.index, w.distance, w.end) for w in found] == [(w.index, w.distance, w.end) for w in again]
    short = run(loss, "gd", uniform(loss.box, 60, 3), lr=1e-4, stop=Stop(max_steps=3))
    assert (short.outcome == Outcome.STEP_LIMIT).any()
    assert all(w.outcome != Outcome.STEP_LIMIT for w in short.witnesses(2.0))


def test_numbers_of_any_kind_are_written_and_found_again(polytwo, tmp_path):
    stop = Stop(gradient=np.float32(1e-3), max_steps=np.int64(500), radius=np.int32(10),
                box=np.array([[-9, 9], [-9, 9]]))
    starts, gd = grid(polytwo.box, 5), schemes.named("gd", lr=0.1)
    first = study(polytwo, gd, starts, stop=stop, store=tmp_path, match=np.float32(0.1), progress=False)
    again = study(polytwo, gd, starts, stop=stop, store=tmp_path, match=np.float32(0.1), progress=False)
    assert Study.load(tmp_path).stop == stop and (first.theta == again.theta).all()
    assert {type(x) for x in (stop.gradient, stop.radius, stop.box[0][0])} == {float} and type(stop.max_steps) is int


def test_a_function_in_the_stop_is_known_by_what_it_does_and_saved_in_words(polytwo, tmp_path):
    """Stop(event=...) resumes where the event is the same arithmetic, and is another study where it is not."""
    gd, starts = schemes.named("gd", lr=0.1), grid(polytwo.box, 5)
    stops = [Stop(event=lambda s, oracle, limit=limit: oracle.value < limit) for limit in (0.1, 0.1, 0.2)]
    result = study(polytwo, gd, starts, stop=stops[0], store=tmp_path / "store", progress=False)
    assert (result.outcome == Outcome.EVENT).any()
    (tmp_path / "store" / "study.json").unlink()
    again = study(polytwo, gd, starts, stop=stops[1], store=tmp_path / "store", progress=False)
    assert (again.outcome == result.outcome).all()
    with pytest.raises(ValueError, match="other program"):
        study(polytwo, gd, starts, stop=stops[2], store=tmp_path / "store", progress=False)
    again = Study.load(result.save(tmp_path / "kept"))
    assert (again.outcome == result.outcome).all()
    assert "lambda" in repr(again.stop.event) and again.stop.event != stops[0].event
    with pytest.raises(TypeError, match="was read from a file"):
        run(polytwo, "gd", starts, lr=0.1, stop=again.stop)


def test_what_is_damaged_is_named(polytwo, tmp_path):
    result = run(polytwo, "gd", grid(polytwo.box, 5), lr=0.1)
    kept = result.save(tmp_path / "kept")
    next(kept.glob("arrays-*/theta.npy")).write_bytes(b"PK")
    with pytest.raises(ValueError, match="theta.npy is damaged"):
        Study.load(kept)
    for damage in ("{", "", "null", "[1]", "\0" * 100):
        (kept / "study.json").write_text(damage)
        with pytest.raises(ValueError, match="study.json is damaged"):
            Study.load(kept)
    with pytest.raises(ValueError, match="no finished study"):
        Study.load(tmp_path / "missing")
    assert not (tmp_path / "missing").exists()


def test_one_recording_serves_all_pieces(polytwo, monkeypatch):
    made, step = [], schemes.Problem.step

    def recorded(self, z):
        made.extend([self] * isinstance(z[0], Node))
        return step(self, z)

    monkeypatch.setattr(schemes.Problem, "step", recorded)
    run(polytwo, "gd", grid(polytwo.box, 20), lr=0.1, chunk=50)
    assert len(made) == 2 and made[0] is made[1]  # once, and once more to see that nothing in it is random
    with concurrent.futures.ThreadPoolExecutor(2) as pool:
        run(polytwo, "gd", grid(polytwo.box, 20), lr=0.1, chunk=50, executor=pool)
    assert len({id(p) for p in made}) == 2


def test_a_store_knows_its_loss(tmp_path):
    """A store is that of one loss: networks on other data, or functions, are not taken for it."""
    rng = np.random.default_rng(0)
    X = rng.normal(size=(100, 4))
    one, other = (networks.Network((4, 8, 1), ("tanh", "linear"), (X, sign * X[:, 0])) for sign in (1, -1))
    assert one.expression is None
    starts, gd = uniform(one.box, 3, 0), schemes.named("gd", lr=0.1)
    stop = Stop(max_steps=5)
    first = study(one, gd, starts, stop=stop, store=tmp_path / "net")
    assert np.array_equal(study(one, gd, starts, stop=stop, store=tmp_path / "net").theta, first.theta)
    with pytest.raises(ValueError, match="other data"):
        study(other, gd, starts, stop=stop, store=tmp_path / "net")
    numeric = networks.Loss.from_callables(1, lambda t: t[0]**2, lambda t: 2 * t)
    for call, why in (((numeric, gd), "made of functions.*leave out store="),
                      ((one, gd, Stop(event=lambda s, oracle: oracle.value < 1)), "Stop.event=.*leave out store=")):
        with pytest.raises(TypeError, match=why):
            study(*call[:2], np.zeros((call[0].dim, 1)), stop=(*call, None)[2], store=tmp_path / "functions")
    assert not (tmp_path / "functions").exists()


def test_starts_that_can_be_read_but_once_are_refused(quartic):
    with pytest.raises(TypeError, match="can be read but once: give an array"):
        study(quartic, schemes.named("gd", lr=0.01), iter(np.ones((1, 3))))


def test_pieces_made_without_names_are_made_again_where_ends_are_to_have_some(tmp_path):
    loss, adam = networks.get("polytwo"), schemes.named("adam", lr=0.1)
    run = functools.partial(study, loss, adam, uniform(loss.box, 20, 0), stop=Stop(max_steps=300), progress=False)
    nameless = run(points=None, store=tmp_path)
    with pytest.warns(RuntimeWarning, match="has no onward_theta; made again"):
        named_ = run(store=tmp_path)
    assert (named_.point >= 0).any() and np.array_equal(named_.theta, nameless.theta)
    assert np.array_equal(run(points=None, store=tmp_path).end, nameless.end)  # of the pieces with more in them
