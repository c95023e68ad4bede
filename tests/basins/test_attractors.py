"""What ends are named after: a user's own points, and that nothing about critical points loses a run."""
import concurrent.futures
import dataclasses
import functools
import threading
import time

import numpy as np
import pytest
import sympy

import networks
from basins import End, Study, grid, study, uniform
from basins.attractors import beyond
from basins.figure import colours
from basins.palette import MINIMA
from networks import Loss, Nature
from schemes import Outcome, Stop, named

GD = named("gd", lr=0.1)


@pytest.fixture
def loss():
    """Fresh each time: x⁴/4 − x²/2 + y²/2, minima at (±1, 0)."""
    return Loss(lambda t: t[0]**4 / 4 - t[0]**2 / 2 + t[1]**2 / 2, 2, name="wells")


STARTS = uniform(((-1.5, 1.5), (-1, 1)), 40, 0)


def run(loss, **options):
    return study(loss, GD, STARTS, progress=False, **options)


def test_points_of_a_user(loss):
    wells = np.array([[1.0, -1.0], [0.0, 0.0]])
    for points in (wells, [wells[:, 0], (-1, 0)], [wells[:, 0], loss.critical_points()[0]]):
        result = run(loss, points=points)
        assert len(result.points) == 2 and set(result.point) == {0, 1} and result.note == ""
    result = run(loss, points=wells)
    assert (np.sign(result.theta[0]) == np.where(result.point == 0, 1, -1)).all()
    assert [(p.nature, p.value) for p in result.points] == 2 * [(Nature.UNDECIDED, -0.25)]
    assert {colours(result)[0], colours(result)[1]} == set(MINIMA[:2])
    atlas = loss.critical_points()
    own, known = run(loss, points=atlas), run(loss)
    assert own.points == known.points and (own.point == known.point).all()


def test_no_points(loss, tmp_path):
    result = run(loss, points=None)
    assert result.points == () and (result.point == -1).all() and result.note == ""
    assert (result.outcome == Outcome.CONVERGED).all()
    assert Study.load(result.save(tmp_path / "kept")).points == ()


def test_a_numeric_loss_has_the_points_that_it_is_given():
    bowl = Loss.from_callables(2, lambda x: (x**2).sum(axis=0), lambda x: 2 * x, name="bowl")
    assert (run(bowl, points=[(0.0, 0.0)]).end == End.KNOWN_POINT).all() and (run(bowl).end == End.NEW_POINT).all()
    assert (run(bowl, points=None).point == -1).all()


@pytest.mark.parametrize("points, error, says", [
    ("all", TypeError, "None, an Atlas"), (3, TypeError, "None, an Atlas"),
    ([(0, 0, 0)], ValueError, "2 finite numbers"), (np.zeros((3, 2)), ValueError, "2 finite numbers"),
    ([(np.nan, 0)], ValueError, "2 finite numbers"),
    ([("a", "b")], ValueError, "2 finite numbers"), ([networks.get("xor")], ValueError, "2 finite numbers")])
def test_points_that_are_none_are_named_before_any_work(loss, monkeypatch, points, error, says):
    monkeypatch.setattr("basins.follow._follow", lambda *a: pytest.fail("work was done"))
    with pytest.raises(error, match=says):
        run(loss, points=points)


def test_a_patience_is_a_time(loss):
    for patience in (-1, np.inf, None, "long", True):
        with pytest.raises(ValueError, match="patience"):
            run(loss, patience=patience)


# ------------------------------------------------------------------------------------------------ beyond the box
def test_ends_outside_the_box_are_at_points_that_are_proved_there():
    """Every end of `sine` is a global minimum, a sixth of them outside its box."""
    sine = networks.get("sine")
    run = functools.partial(study, sine, named("gd-energy"), stop=Stop(max_steps=10000), progress=False, patience=600)
    result = run(uniform(sine.box, 300, 1))
    assert result.fraction("minimum") == 1 and result.note == ""
    listed = len(sine.critical_points())
    more = result.points[listed:]
    assert more and all(p.nature == "degenerate minimum" and p.value == 0 for p in more)
    assert all(np.abs(p.theta).max() > 6 for p in more)
    again = run(result.starts[:, ::-1])
    assert again.points == result.points and (again.point[::-1] == result.point).all()


def test_points_that_an_incomplete_list_lacks_are_found_where_ends_lie(loss):
    atlas = loss.critical_points()
    part = dataclasses.replace(atlas, points=atlas.points[:1], undecided=("one is missing",))
    (found,), note = beyond(loss, part, np.array([[0.999, -1.001, -1.0, 0.5], [0.01, 0.0, 0.02, 0.5]]), 0.05)
    assert found.theta == (-part[0].theta[0], 0) and found.nature == "minimum" and note == ""
    near = np.array([[0.92 * float(found.theta[0])], [0.0]])  # it is in the box around this end, and too far from it
    assert beyond(loss, part, near, 0.05) == ((), "")
    assert beyond(loss, atlas, np.array([[0.5], [0.5]]), 0.05) == ((), "")  # it is complete: there is none


def test_a_point_that_is_found_around_several_ends_is_one():
    """The box around each end gives its own floats."""
    x, y = sympy.symbols("x y", real=True)
    loss = Loss.from_expression(sympy.exp(-x**2) + sympy.tanh(y)**2 + sympy.cos(3*x + 1), (x, y))
    point = np.array([4.9026544226893289, 0.0])
    ends = point[:, None] + 9e-4 * np.array([[1, -1, 0, 0, 0.3], [0, 0, 1, -1, 0.8]])
    assert [p.nature for p in beyond(loss, loss.critical_points(), ends, 1e-3)[0]] == ["minimum"]


def test_only_where_an_end_is_at_rest_are_points_looked_for():
    sine = networks.get("sine")
    result = study(sine, GD, np.array([[7.0, 9.40], [-4.0, -4.69]]), stop=Stop(max_steps=1), progress=False)
    assert (result.outcome == Outcome.STEP_LIMIT).all() and len(result.points) == len(sine.critical_points())


def test_where_points_are_not_looked_for_the_note_says_so(loss, monkeypatch):
    part = dataclasses.replace(loss.critical_points(), undecided=("something",))
    ends = np.array([[5.0, 7.0, 7.01], [0.0, 0.0, 0.0]])
    assert beyond(loss, part, ends, 0.05, until=time.monotonic()) == (
        (), "at 3 ends at rest no points were looked for; raise patience=")
    monkeypatch.setattr("basins.attractors.PLACES", 1)
    assert beyond(loss, part, ends, 0.05)[1].startswith("at 2 ends")


# ---------------------------------------------------------------------------------------------- nothing is lost
def failing(error):
    def critical_points(*arguments, **options):
        raise error

    return critical_points


@pytest.mark.parametrize("error", [
    IndexError("list index out of range"), ZeroDivisionError("division by zero"), MemoryError(), ValueError("nothing")])
def test_a_failure_costs_names_alone(loss, monkeypatch, tmp_path, error):
    named_ends = run(loss)
    monkeypatch.setattr(loss, "critical_points", failing(error))
    result = run(loss)
    assert result.points == () and (result.point == -1).all() and (result.theta == named_ends.theta).all()
    assert type(error).__name__ in result.note and "no names" in result.note
    assert Study.load(result.save(tmp_path / "kept")).note == result.note


def test_points_without_a_form_on_file_cost_names_alone(loss, monkeypatch):
    monkeypatch.setattr("basins.labels.Point.of", failing(RuntimeError("no polynomial")))
    assert "RuntimeError: no polynomial" in run(loss).note


def test_a_definition_without_symbols_costs_names_alone():
    loss = Loss(lambda t: t[0]**2 + t[1]**2, 2, name="bowl")
    loss.symbolic = False  # as where symbols cannot be had
    assert all(p.nature == "undecided" for p in run(loss).points) and run(loss).note == ""


def test_runs_do_not_wait_for_points_and_patience_ends(loss, monkeypatch):
    begun, free = threading.Event(), threading.Event()
    follow = study.__globals__["_follow"]

    def slow():
        begun.set()
        assert free.wait(60)
        return networks.get("ring").critical_points()

    def followed(*arguments):
        assert begun.wait(60)  # it is being found, and not yet found
        return follow(*arguments)

    monkeypatch.setattr(loss, "critical_points", slow)
    monkeypatch.setattr("basins.follow._follow", followed)
    result = run(loss, patience=0.05)
    free.set()
    assert result.points == () and "not found within 0.05 s" in result.note
    assert (result.outcome == Outcome.CONVERGED).all()


def test_points_that_come_in_time_are_used(loss, monkeypatch):
    found = loss.critical_points()
    monkeypatch.setattr(loss, "critical_points", lambda: time.sleep(0.2) or found)
    assert len(run(loss, patience=60).points) == 3
    assert run(loss, patience=0).points == ()


def test_ctrl_c_while_waiting_loses_nothing(loss, monkeypatch):
    free = threading.Event()
    monkeypatch.setattr(loss, "critical_points", lambda: free.wait(60))
    join = threading.Thread.join

    def interrupted(thread, timeout=None):
        if thread.name == "critical points":
            raise KeyboardInterrupt
        join(thread, timeout)

    monkeypatch.setattr(threading.Thread, "join", interrupted)
    result = run(loss)
    free.set()
    assert result.complete and result.points == () and "no names" in result.note


def test_executors_have_the_same_names(loss):
    polytwo, starts = networks.get("polytwo"), grid(((-2, 2), (-2, 2)), 8)
    alone = study(polytwo, GD, starts, progress=False)
    with concurrent.futures.ProcessPoolExecutor(1) as pool:
        spread = study(polytwo, GD, starts, progress=False, executor=pool)
    assert (alone.point == spread.point).all() and alone.points == spread.points and (alone.point >= 0).any()


@pytest.fixture
def partly(monkeypatch):
    """A benchmark of which, as it is told here, not all critical points are known."""
    polytwo = networks.get("polytwo")
    atlas = dataclasses.replace(polytwo.critical_points(), undecided=("one box",))
    monkeypatch.setattr(polytwo, "critical_points", lambda: atlas)
    return polytwo


def test_what_is_not_proved_is_noted(partly):
    starts = np.zeros((2, 1))
    assert study(partly, GD, starts, progress=False).note == "the critical points are not proved to be all: one box"
    assert study(networks.get("himmelblau"), GD, starts, progress=False, stop=Stop(max_steps=3)).note == ""


def test_the_command_prints_the_note(partly, capsys):
    from basins.__main__ import main

    assert main("polytwo gd --grid 3 --max-steps 2 --quiet".split()) == 0
    assert "note: the critical points are not proved to be all: one box" in capsys.readouterr().out
    assert main("himmelblau gd --grid 3 --max-steps 2 --quiet".split()) == 0
    assert "note" not in capsys.readouterr().out
