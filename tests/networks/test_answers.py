"""The table of the catalogue's critical points: found anew they are the same; of another definition it says nothing."""
import dataclasses
import json
import subprocess
import sys

import numpy as np
import pytest
import sympy

from networks import CriticalPoint, Loss, answers, catalogue, critical, get
from networks.benchmarks import BENCHMARKS

#: what a point is found to be, where rounding has no part
SAID = ("nature", "exact", "certified", "evidence", "family", "equations", "inequalities", "kinks", "symbols")


@pytest.mark.parametrize("name", catalogue())
def test_the_table_is_what_is_found(name):
    found, listed = critical.critical_points(get(name), budget=answers.BUDGET), answers.known(get(name))
    text = answers.written(found, get(name))
    assert (listed is None) == (len(text) > answers.LARGEST)
    read = answers.read(text, get(name))
    assert read == found and read.seconds == found.seconds
    assert read.complete is found.complete
    for p, q in zip(found, read, strict=True):
        for field in dataclasses.fields(CriticalPoint):
            assert getattr(p, field.name) == getattr(q, field.name), field.name
        assert hash(p) == hash(q) and p.text == q.text and q.loss is get(name)
        assert (p.numeric == q.numeric).all() and np.array_equal(p.height, q.height, equal_nan=True)
    if listed is not None:
        assert (listed.region, listed.proof, listed.undecided) == (found.region, found.proof, found.undecided)
        for p, q in zip(found, listed, strict=True):
            for field in (*SAID, *("theta", "value", "eigenvalues", "text") * p.exact):
                assert getattr(p, field) == getattr(q, field), field
            assert q.numeric == pytest.approx(p.numeric, rel=1e-12, abs=1e-15)
            assert q.height == pytest.approx(p.height, rel=1e-9, abs=1e-12, nan_ok=True)
            assert np.array(q.spectrum, dtype=float) == pytest.approx(np.array(p.spectrum, dtype=float), rel=1e-6)
            assert [map(float, ends) for ends in q.box] == [] or all(
                a <= d and c <= b for (a, b), (c, d) in zip(p.box, q.box, strict=True))


@pytest.fixture
def counted(monkeypatch):
    """How often critical points were found."""
    calls, find = [], critical.critical_points
    monkeypatch.setattr("networks.critical.critical_points", lambda *a, **k: calls.append(a) or find(*a, **k))
    return calls


def test_an_answer_of_the_table_is_not_found_again(counted):
    loss = BENCHMARKS["polytwo"].make("polytwo")
    loss.kept = True
    assert len(loss.critical_points()) == 9 and not counted
    assert loss.critical_points(budget=5.0) == loss.critical_points() and len(counted) == 1  # another question


@pytest.mark.parametrize("other", [
    lambda: Loss(get("polytwo").definition, 2, squares=True, name="polytwo", symbols="w b", box=((-3, 3), (-3, 4))),
    lambda: Loss(get("polytwo").definition, 2, squares=True, name="polytwo", symbols="b w"),
    lambda: Loss(lambda t: [r + 1 for r in get("polytwo").definition(t)], 2, squares=True, name="polytwo",
                 symbols="w b"),
    lambda: Loss(lambda t: [sympy.Rational(10**9 + 1, 10**9) * r for r in get("polytwo").definition(t)], 2,
                 squares=True, name="polytwo", symbols="w b")])
def test_a_loss_of_another_definition_finds_its_own(counted, other):
    loss = other()
    loss.kept = True
    assert answers.definition(loss) != answers.definition(get("polytwo"))
    assert len(loss.critical_points()) and len(counted) == 1


def test_exact_constants_are_part_of_a_definition():
    """1/3 and the float next to it are recorded as one number where numbers are floats."""
    def scaled(c):
        return Loss(lambda t: [c * t[0]], 1, squares=True, symbols="x")

    third, rounded = scaled(sympy.Rational(1, 3)), scaled(1 / 3)
    assert third.gradient([0.7]) == rounded.gradient([0.7])
    different = {answers.definition(loss) for loss in (third, rounded, scaled(sympy.Rational(2, 3)))}
    assert len(different) == 3


def test_losses_of_a_user_are_not_in_the_table(counted):
    own = BENCHMARKS["polytwo"].make("polytwo")
    assert answers.known(own) == own.critical_points() and len(counted) == 1


@pytest.mark.parametrize("damage", [
    lambda text: text.replace("Integer(", "__import__("), lambda text: text.replace('"sympy"', '"pickle"')])
def test_formulas_of_a_table_are_read_and_not_run(damage):
    point, *_ = answers.read(damage(answers.written(get("polytwo").critical_points(), get("polytwo"))), get("polytwo"))
    with pytest.raises((ValueError, KeyError), match="no stored number|pickle"):
        _ = point.theta


def test_a_point_has_no_fields_but_its_own():
    with pytest.raises(AttributeError, match="'CriticalPoint' object has no attribute 'colour'"):
        _ = get("polytwo").critical_points()[0].colour


def test_points_are_known_without_sympy_and_exactly_when_asked():
    code = ("import sys, networks; a = networks.get('polytwo').critical_points(); p = a[0]; "
            "print(len(a), a.complete, p.text, p.nature, p.height, *p.numeric, len({p}), 'sympy' in sys.modules); "
            "print(p.eigenvalues[0], p == a[0], 'sympy' in sys.modules)")
    said = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout
    assert said == ("9 True (-2, 1) minimum 0.0 -2.0 1.0 1 False\n3 - sqrt(5) True True\n")


def test_the_table_holds_networks_of_the_catalogue_alone():
    names = {file.stem for file in answers.FOLDER.iterdir()}
    assert names <= set(catalogue())
    assert {p["nature"] for name in names for p in json.loads((answers.FOLDER / f"{name}.json").read_text())["points"]
            } >= {"minimum", "saddle", "maximum", "degenerate minimum"}
