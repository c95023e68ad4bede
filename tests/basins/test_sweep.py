"""Sweeps: each study is the separate one to the bit, one recording serves all, thresholds are where theory has them."""
import concurrent.futures
import dataclasses
import json
import math

import numpy as np
import pytest
import sympy

import flows
import networks
import schemes
from arithmetic import Interrupted
from basins import Labels, Study, Sweep, grid, study, sweep
from basins.attractors import Attractors
from basins.follow import _follow, alike
from schemes import Outcome, Stop, named

STOP = Stop(max_steps=400)
SWEPT = [
    ("gd", {"lr": [0.003, 0.05, 0.2]}), ("gd", {"weight_decay": [0.3, 0.0, 0.01]}),
    ("gd-energy", {"ratio": [0.1, 0.5]}),
    ("momentum", {"lr": [0.01, 0.2], "momentum": [0.5, 0.9, 0.0]}), ("adam", {"lr": [0.02, 0.2], "beta1": [0.8, 0.9]}),
    ("rmsprop", {"alpha": [0.5, 0.99]}), ("lm", {"damping": [0.1, 10.0]}), ("gd-richardson", {"tol": [0.01, 0.3]}),
    ("nesterov-vanishing", {"r": [3.0, 5.0]}), ("adagrad", {"initial_accumulator_value": [0.1, 0.5]}),
]


@pytest.fixture(scope="module")
def polytwo():
    return networks.get("polytwo")


def arrays(result):
    """Every array of a study, by name."""
    fields = {f.name: getattr(result, f.name) for f in dataclasses.fields(result)}
    nested = {f"{name}.{key}": value for name, part in fields.items() if hasattr(part, "_asdict")
              for key, value in part._asdict().items()}
    return {name: value for name, value in (fields | nested).items() if isinstance(value, np.ndarray)}


@pytest.fixture(scope="module")
def rates(polytwo):
    """Gradient descent over the rate at which its minima lose their stability."""
    return sweep(polytwo, "gd", {"lr": [0.1, 0.2, 0.37, 0.4, 0.45]}, grid(polytwo.box, 30), stop=Stop(max_steps=3000),
                 progress=False)


@pytest.mark.parametrize("name, values", SWEPT, ids=[f"{name}-{'-'.join(values)}" for name, values in SWEPT])
def test_each_study_is_the_separate_one_to_the_bit(polytwo, name, values):
    starts = grid(polytwo.box, 8)
    swept = sweep(polytwo, name, values, starts, stop=STOP, progress=False)
    assert swept.shape == tuple(map(len, values.values())) and len(swept.studies) == math.prod(swept.shape)
    for one, found in zip(swept.combinations, swept.studies, strict=True):
        alone = study(polytwo, named(name, **one), starts, stop=STOP, progress=False)
        assert alone.optimizer == found.optimizer and alone.points == found.points
        assert {"theta", "outcome", "point", "steps", "gradients"} <= set(arrays(alone))
        for quantity, values in arrays(alone).items():
            assert np.array_equal(values, arrays(found)[quantity], equal_nan=True), (one, quantity)


def test_one_recording_serves_all_values(polytwo, monkeypatch):
    made, run = [], schemes.Problem.run

    def running(self, *args, **options):
        made.append(self.iteration)  # which has the kernel
        return run(self, *args, **options)

    monkeypatch.setattr(schemes.Problem, "run", running)
    def recordings(values):
        made.clear()
        sweep(polytwo, "gd", values, grid(polytwo.box, 5), stop=Stop(max_steps=5), progress=False)
        return len({id(iteration) for iteration in made})

    one = recordings({"lr": [0.1]})
    assert one == recordings({"lr": np.geomspace(0.01, 0.3, 20)})
    assert recordings({"weight_decay": [0.0, 0.1, 0.2]}) == 2 * one  # without decay it is another algorithm


def test_a_numeric_loss_is_swept_too():
    loss = networks.Loss.from_callables(2, lambda t: (t**2).sum(axis=0), lambda t: 2 * t)
    swept = sweep(loss, "gd", {"lr": [0.1, 1.1]}, grid((-1, 1), 3), stop=STOP, progress=False, points=[np.zeros(2)])
    assert [int((s.point == 0).sum()) for s in swept.studies] == [9, 1]  # beyond lr = 1 only the start at 0 stays
    assert swept.thresholds == ()                                        # its nature is not known


def test_thresholds_are_where_the_sharpness_borne_meets_that_of_a_minimum(polytwo, rates):
    """Minima of polytwo: sharpness 3 + √5; gradient descent bears 2/lr, heavy ball 2(1 + μ)/lr."""
    critical = 2 / (3 + math.sqrt(5))
    assert len(rates.thresholds) == 4 and rates.note == ""
    for threshold in rates.thresholds:
        assert threshold.sharpness == pytest.approx(3 + math.sqrt(5), rel=1e-12) and threshold.lost == -1
        assert threshold.at == pytest.approx([critical], rel=1e-12) and threshold.minimum.startswith("minimum (")
    minima = rates.fraction("minimum")
    assert (minima[:3] > 0.3).all() and (minima[3:] < 0.01).all()  # and the map says so too
    assert rates.bears(lr=[0.1, 0.5]) == pytest.approx([20, 4])
    beyond = sweep(polytwo, named("momentum", momentum=0.5), {"lr": [0.1, 0.9]}, grid(polytwo.box, 4), stop=STOP,
                   progress=False)
    assert [t.at for t in beyond.thresholds] == [pytest.approx((1.5 * critical,))] * 4
    below = sweep(polytwo, "gd", {"lr": [0.1, 0.2]}, grid(polytwo.box, 4), stop=STOP, progress=False)
    assert [t.at for t in below.thresholds] == [()] * 4


def test_a_value_of_zero_does_not_take_its_hyperparameter_out_of_the_threshold(polytwo):
    """The update printed for momentum = 0 has no momentum: its threshold 2/lr is not that of other values."""
    plane = sweep(polytwo, "momentum", {"lr": [0.1, 0.5], "momentum": [0.0, 0.5]}, grid(polytwo.box, 4), stop=STOP,
                  progress=False)
    assert plane.bears(lr=[0.1, 0.5], momentum=[0.0, 0.5]) == pytest.approx([20, 6])
    line = sweep(polytwo, "momentum", {"momentum": [0.0, 0.5]}, grid(polytwo.box, 4), stop=STOP, progress=False)
    assert line.bears(momentum=0.5) == pytest.approx(2 * 1.5 / 0.001)


def test_only_minima_with_a_hessian_of_full_rank_have_thresholds():
    """x⁴/4 + y² is flat along x, |x| + y² has a kink at 0: what the linear part says there is not known."""
    x, y = sympy.symbols("x y", real=True)
    for expression in (x**4 / 4 + y**2, sympy.Abs(x) + y**2):
        loss = networks.Loss.from_expression(expression, (x, y))
        assert [p.nature.kind for p in loss.critical_points()] == ["minimum"]
        swept = sweep(loss, "gd", {"lr": [0.1, 1.5]}, grid((-1, 1), 3), stop=STOP, progress=False)
        assert swept.note == "" and swept.thresholds == ()


@pytest.mark.parametrize("name, values, words", [
    ("gd-energy", {"ratio": [0.1]}, "steps are chosen by EnergyControl"), ("lion", {"lr": [0.1]}, "sign"),
    ("newton", {"lr": [0.5]}, "every sharpness")])
def test_where_there_is_no_threshold_the_note_says_why(polytwo, name, values, words):
    swept = sweep(polytwo, name, values, grid(polytwo.box, 3), stop=STOP, progress=False)
    assert swept.thresholds == () and words in swept.note
    with pytest.raises(ValueError, match="no threshold is known"):
        swept.bears(**values)


def test_fractions_table_and_the_study_of_a_value(polytwo, rates):
    shares = rates.fractions()
    assert sum(shares.values()) == pytest.approx(np.ones(5))
    assert sum(v for k, v in shares.items() if k.startswith("minimum")) == pytest.approx(rates.fraction("minimum"))
    assert list(shares["diverged"]) == pytest.approx(rates.fraction(schemes.Outcome.DIVERGED))
    table = rates.table()
    assert table.columns[0] == "lr" and [row["lr"] for row in table] == ["0.1", "0.2", "0.37", "0.4", "0.45"]
    assert rates.at(lr=0.2).optimizer == "gd(lr=0.2)"
    with pytest.raises(ValueError, match="no such study; there are lr = 0.1, 0.2"):
        rates.at(lr=0.3)
    assert rates.complete


def test_labels_of_studies_are_one_numbering(rates):
    labels = Labels(rates.studies)
    assert labels.texts[:4] == tuple(rates.studies[0].label(i) for i in range(4))
    assert all(label.point is None for label in labels.all[len(rates.studies[0].points):])
    for k, one in enumerate(rates.studies):
        assert [labels.texts[i] for i in labels.of(k)] == [one.label(int(code)) for code in one.codes]
    assert labels.counts().sum(axis=0).tolist() == [900] * 5


def test_an_interrupted_sweep_goes_on_and_each_study_has_a_store(polytwo, tmp_path):
    starts, values = grid(polytwo.box, 10), {"lr": [0.05, 0.1, 0.2]}

    def stop_at_150(done, n):
        assert n == 300
        if done >= 150:
            raise KeyboardInterrupt

    first = sweep(polytwo, "gd", values, starts, store=tmp_path, progress=stop_at_150, chunk=50)
    assert not first.complete and first.studies[0].complete and first.studies[2] is None
    assert np.isnan(first.fraction("minimum")[2]) and len(first.table()) == 2
    seen = []
    second = sweep(polytwo, "gd", values, starts, store=tmp_path, progress=lambda done, n: seen.append(done), chunk=50)
    whole = sweep(polytwo, "gd", values, starts, progress=False)
    assert second.complete and seen[-1] == 300
    for a, b in zip(second.studies, whole.studies, strict=True):
        assert np.array_equal(a.theta, b.theta, equal_nan=True) and np.array_equal(a.codes, b.codes)
    assert sorted(f.name for f in tmp_path.iterdir()) == ["lr=0.05", "lr=0.1", "lr=0.2"]
    assert Study.load(tmp_path / "lr=0.1").optimizer == "gd(lr=0.1)"
    # that store is the one of the separate study
    again = study(polytwo, named("gd", lr=0.1), starts, store=tmp_path / "lr=0.1", progress=False, chunk=50)
    assert np.array_equal(again.theta, whole.studies[1].theta, equal_nan=True)
    with pytest.raises(ValueError, match="holds a study, not a sweep"):
        sweep(polytwo, "gd", values, starts, store=tmp_path / "lr=0.1")
    assert json.loads((tmp_path / "lr=0.1" / "study.json").read_text())["study"]["n"] == 100


def test_studies_of_few_starts_are_followed_side_by_side(polytwo, monkeypatch, tmp_path):
    """In one run of all lanes, but where each has a store or pieces of its own."""
    runs = []
    monkeypatch.setattr("basins.follow._follow", lambda *args, **how: runs.append(1) or _follow(*args, **how))
    starts, values = grid(polytwo.box, 8), {"lr": [0.05, 0.1, 0.2]}
    whole, seen = [sweep(polytwo, "adam", values, grid(polytwo.box, 8, lazy=True), stop=STOP, progress=False)], []
    assert len(runs) == 1
    for n, options in ((1, {}), (3, {"store": tmp_path}), (6, {"chunk": 40})):
        runs.clear()
        whole.append(sweep(polytwo, "adam", values, starts, stop=STOP, progress=lambda done, n: seen.append(done),
                           **options))
        assert len(runs) == n
    assert seen[0] == seen[3] == 192
    monkeypatch.setattr("basins.sweeps.LANES", 2 * 64)
    runs.clear()
    whole.append(sweep(polytwo, "adam", values, starts, stop=STOP, progress=False))
    assert len(runs) == 2
    for other in whole[1:]:
        for a, b in zip(whole[0].studies, other.studies, strict=True):
            assert all(np.array_equal(x, arrays(b)[name], equal_nan=True) for name, x in arrays(a).items())


def test_each_study_of_a_sweep_has_the_patience(polytwo, monkeypatch):
    waited = []
    monkeypatch.setattr("basins.follow.Attractors", lambda *args: waited.append(args) or Attractors(*args))
    swept = sweep(polytwo, "gd", {"lr": [0.05, 0.1, 0.2]}, grid(polytwo.box, 4), stop=STOP, patience=7.0)
    assert swept.complete and waited == 3 * [(polytwo, "known", 7.0)]


def test_studies_that_repeat_one_program_are_alike(polytwo):
    starts = grid(polytwo.box, 8)
    for values, same in (([0.3, 0.01], True), ([0.3, 0.01, 0.0], False)):  # without decay another program
        assert alike(polytwo, schemes.variants("gd", {"weight_decay": values}), starts, None) is same
    functions = networks.Loss.from_callables(1, lambda t: t[0]**2, lambda t: 2 * t)
    assert not alike(functions, schemes.variants("gd", {"lr": [0.1, 0.2]}), np.ones((1, 3)), STOP)


def test_a_sweep_that_is_interrupted_in_one_run_has_what_is_done(polytwo, monkeypatch):
    def cut(self, z, *, max_steps, **how):
        z, steps = run(self, z, max_steps=min(max_steps, 110), **how)
        raise Interrupted(z, steps)

    run = schemes.Problem.run
    monkeypatch.setattr(schemes.Problem, "run", cut)
    result = sweep(polytwo, "gd", {"lr": [0.1, 0.2]}, grid(polytwo.box, 8), progress=False)
    assert not result.complete
    for s in result.studies:
        assert 0 < s.fraction("minimum") < 1 and {Outcome.CONVERGED, Outcome.INTERRUPTED} <= set(s.outcome)


def test_processes_give_the_same(polytwo):
    starts, values = grid(polytwo.box, 8), {"lr": [0.05, 0.1]}
    here = sweep(polytwo, "adam", values, starts, stop=STOP, progress=False)
    with concurrent.futures.ProcessPoolExecutor(1) as pool:
        there = sweep(polytwo, "adam", values, starts, stop=STOP, progress=False, executor=pool, chunk=40)
    for a, b in zip(here.studies, there.studies, strict=True):
        assert all(np.array_equal(x, arrays(b)[name], equal_nan=True) for name, x in arrays(a).items())


def test_an_error_has_what_is_done(polytwo):
    def fail(done, n):
        if done > 150:
            raise OSError("no space left")

    with pytest.raises(OSError, match="no space left") as error:
        sweep(polytwo, "gd", {"lr": [0.05, 0.1, 0.2]}, grid(polytwo.box, 10), progress=fail, chunk=50)
    done = error.value.partial
    assert done.studies[0].complete and done.studies[2] is None and not done.complete
    with pytest.raises(OSError, match="no space left") as error:  # all in one run
        sweep(polytwo, "gd", {"lr": [0.05, 0.1, 0.2]}, grid(polytwo.box, 10), progress=fail)
    assert error.value.partial.complete
    assert done.fraction("minimum")[0] > 0.8 and done.at(lr=0.05).n == 100


def test_a_schedule_and_other_hyperparameters_are_kept(polytwo):
    schedule, starts = flows.schedules.InverseTime(0.1), grid(polytwo.box, 6)
    swept = sweep(polytwo, named("gd", schedule=schedule, weight_decay=0.1), {"lr": [0.05, 0.1]}, starts, stop=STOP,
                  progress=False)
    alone = study(polytwo, named("gd", schedule=schedule, weight_decay=0.1, lr=0.1), starts, stop=STOP, progress=False)
    assert np.array_equal(swept.studies[1].theta, alone.theta) and swept.studies[1].optimizer == alone.optimizer


@pytest.mark.parametrize("optimizer, values, error, message", [
    ("gd", {}, ValueError, "values is empty"), ("gd", {"lr": []}, ValueError, "one or more"),
    ("gd", {"lr": [0.1, 0.1]}, ValueError, "each once"), ("gd", {"lr": ["fast"]}, TypeError, "must be numbers"),
    ("gd", {"rate": [0.1]}, ValueError, "no hyperparameter 'rate'"), ("gdd", {"lr": [0.1]}, ValueError, "gd"),
    ("gd", {"lr": [0.1, -1]}, ValueError, "must be positive"), ("gd", {"lr": [0.1, np.nan]}, ValueError, "finite"),
    (schemes.pair(flows.GradientDescent(), schemes.Euler(), 0.1), {"lr": [0.1]}, TypeError, "only these have")])
def test_bad_input_is_named_before_any_work(polytwo, optimizer, values, error, message, tmp_path):
    with pytest.raises(error, match=message):
        sweep(polytwo, optimizer, values, grid(polytwo.box, 3), store=tmp_path / "store")
    assert not (tmp_path / "store").exists()
    with pytest.raises(ValueError, match="given twice"):
        schemes.variants("gd", {"lr": [0.1]}, lr=0.2)


def test_a_sweep_comes_back_from_disk(polytwo, tmp_path):
    swept = sweep(polytwo, "momentum", {"lr": [0.05, 0.3], "momentum": [0.5, 0.9]}, grid(polytwo.box, 8), stop=STOP,
                  progress=False)
    swept = dataclasses.replace(swept, studies=(*swept.studies[:3], None))
    again, known = Sweep.load(swept.save(tmp_path / "kept")), Sweep.load(tmp_path / "kept", polytwo)
    assert str(again.table()) == str(swept.table()) and again.axes.keys() == swept.axes.keys() and not again.complete
    assert again.studies[3] is None and again.title == swept.title and again.optimizer == swept.optimizer
    for one, other in zip(again.studies[:3], swept.studies[:3], strict=True):
        assert one.points == other.points and one.stop == other.stop
        for name, values in arrays(other).items():
            assert np.array_equal(arrays(one)[name], values, equal_nan=True), name
    assert known.thresholds == swept.thresholds != () == again.thresholds and "on file" in again.note
    assert np.array_equal(again.bears(lr=0.1, momentum=0.5), swept.bears(lr=0.1, momentum=0.5))
    with pytest.raises(ValueError, match="sweep of another loss than polythree"):
        Sweep.load(tmp_path / "kept", networks.get("polythree"))
    with pytest.raises(ValueError, match="Sweep.load"):
        Study.load(tmp_path / "kept")
    with pytest.raises(ValueError, match="Study.load"):
        Sweep.load(swept.studies[0].save(tmp_path / "one"))


def test_a_sweep_is_replaced_wholly_or_not_at_all(rates, tmp_path, monkeypatch):
    small = dataclasses.replace(rates, studies=(rates.studies[0], *[None] * 4))
    small.save(tmp_path / "kept")
    monkeypatch.setattr("basins.store.Store._write_manifest", lambda *_: 1 / 0)
    with pytest.raises(ZeroDivisionError):
        rates.save(tmp_path / "kept")
    monkeypatch.undo()
    assert str(Sweep.load(tmp_path / "kept").table()) == str(small.table())
    assert str(Sweep.load(rates.save(tmp_path / "kept")).table()) == str(rates.table())
    file = max((tmp_path / "kept").glob("arrays-*/2-theta.npy"))
    file.write_bytes(file.read_bytes()[:-8])
    with pytest.raises(ValueError, match="2-theta.npy is damaged"):
        Sweep.load(tmp_path / "kept")


def test_a_sweep_of_functions_comes_back_without_them(tmp_path):
    bowl = networks.Loss.from_callables(1, lambda t: t[0]**2, lambda t: 2 * t, name="bowl")
    swept = sweep(bowl, "gd", {"lr": [0.1, 0.2]}, np.array([[1.0, -2.0]]), stop=STOP, progress=False)
    assert str(Sweep.load(swept.save(tmp_path / "kept")).table()) == str(swept.table())
    with pytest.raises(ValueError, match="functions that cannot be compared"):
        Sweep.load(tmp_path / "kept", bowl)
    scheduled = sweep(bowl, schemes.named("gd", schedule=flows.schedules.Cosine(9.0)), {"lr": [0.1]}, np.array([[1.0]]),
                      stop=STOP, progress=False)
    with pytest.raises(TypeError, match="a schedule, a function that no file holds"):
        scheduled.save(tmp_path / "scheduled")
