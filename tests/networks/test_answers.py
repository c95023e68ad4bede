"""The catalogue's answers on disk: read as they were found; the damaged, and another program's, are not read."""
import dataclasses
import json
import subprocess
import sys

import pytest
import sympy

from arithmetic import cache
from networks import Loss, answers, catalogue, critical, get
from networks import loss as loss_module


@pytest.fixture
def folder(tmp_path, monkeypatch):
    monkeypatch.setenv("OPTIFLOWS_CACHE", str(tmp_path))
    cache.directory.cache_clear()
    yield tmp_path
    cache.directory.cache_clear()


def kept_loss(text="x**4 - x**2 + y**2") -> Loss:
    x, y = sympy.symbols("x y", real=True)
    loss = Loss.from_expression(sympy.sympify(text, locals={"x": x, "y": y}), (x, y))
    loss.kept = True
    return loss


@pytest.fixture
def counted(monkeypatch):
    """How often critical points were found."""
    calls, find = [], critical.critical_points
    monkeypatch.setattr("networks.loss.critical_points", lambda *a, **k: calls.append(a) or find(*a, **k))
    return calls


@pytest.mark.parametrize("name", catalogue())
def test_an_answer_is_read_back_as_it_was_found(name):
    loss = get(name)
    found = loss.critical_points()
    read = answers.read(answers.written(found), loss)
    assert read == found and read.seconds == found.seconds
    for p, q in zip(found, read, strict=True):
        for field in dataclasses.fields(p):
            assert getattr(p, field.name) == getattr(q, field.name), field.name
        assert q.loss is loss and (p.numeric == q.numeric).all()


def test_an_answer_is_found_once(folder, counted):
    first, second = kept_loss().critical_points(), kept_loss().critical_points()
    assert len(counted) == 1 and first == second and len(list(folder.glob("k*.json"))) == 1
    kept_loss("x**4 - x**2 + 2*y**2").critical_points()  # another one
    assert len(counted) == 2
    assert kept_loss().critical_points(budget=5.0) and len(counted) == 3  # another question


def test_losses_of_a_user_are_not_kept(folder):
    x = sympy.Symbol("x", real=True)
    Loss.from_expression(x**2, (x,)).critical_points()
    assert not list(folder.glob("k*.json"))


@pytest.mark.parametrize("damage", [
    lambda text: text[:-5], lambda text: "", lambda text: "{}", lambda text: "[1]",
    lambda text: text.replace("minimum", "valley"),
    lambda text: text.replace("Rational(", "__import__("), lambda text: text.replace('"sympy"', '"pickle"')])
@pytest.mark.parametrize("sealed", [True, False])
def test_a_damaged_answer_is_found_again(folder, counted, damage, sealed):
    found = kept_loss().critical_points()
    (file,) = folder.glob("k*.json")
    file.write_text(damage(file.read_text()))
    if sealed:
        cache.seal(file)
    assert kept_loss().critical_points() == found and len(counted) == 2
    assert kept_loss().critical_points() == found and len(counted) == 2  # and is whole again


def test_another_program_finds_again(folder, counted, monkeypatch):
    kept_loss().critical_points()
    monkeypatch.setattr(answers, "_programs", lambda: "another version")
    kept_loss().critical_points()
    assert len(counted) == 2


def test_what_the_clock_may_have_cut_short_is_not_kept(folder, counted, monkeypatch):
    find = loss_module.critical_points
    monkeypatch.setattr("networks.loss.critical_points",
                        lambda loss: dataclasses.replace(find(loss), undecided=("stopped",), seconds=20.0))
    for _ in range(2):
        assert not kept_loss().critical_points().complete
    assert len(counted) == 2 and not list(folder.glob("k*.json"))


def test_without_a_folder_answers_are_found(tmp_path, monkeypatch, counted):
    (tmp_path / "file").write_text("")
    monkeypatch.setenv("OPTIFLOWS_CACHE", str(tmp_path / "file" / "x"))
    cache.directory.cache_clear()
    with pytest.warns(RuntimeWarning, match="critical points are not kept"):
        assert len(kept_loss().critical_points()) == 3
    cache.directory.cache_clear()


def test_the_next_process_reads(folder):
    code = "import networks; a = networks.get('polytwo').critical_points(); print(a.seconds, len(a), a.complete)"
    runs = [subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout
            for _ in range(2)]
    assert runs[0] == runs[1] and runs[0].endswith("9 True\n")  # the seconds are those of the one that found them
    (file,) = folder.glob("k*.json")
    assert {p["nature"] for p in json.loads(file.read_text())["points"]} == {"minimum", "saddle", "maximum"}
