"""The nature of a critical point is a value that reads as text; where a sign cannot be told it is undecided."""
import copy
import json
import pickle

import pytest
import sympy

from networks import CriticalPoint, Loss, Nature, as_point, classify, critical, germ, get, studied

x, y = sympy.symbols("x y", real=True)

# text, kind, degenerate, isolated, a strict minimum
NATURES = [
    ("minimum", "minimum", False, True, True), ("maximum", "maximum", False, True, False),
    ("saddle", "saddle", False, True, False), ("degenerate minimum", "minimum", True, True, True),
    ("degenerate maximum", "maximum", True, True, False), ("degenerate saddle", "saddle", True, None, False),
    ("non-strict minimum", "minimum", True, False, False), ("non-strict maximum", "maximum", True, False, False),
    ("undecided", "undecided", None, None, False),
]


def test_the_list_is_closed():
    assert [text for text, *_ in NATURES] == list(Nature)
    with pytest.raises(ValueError, match="non-minimum"):
        Nature("non-minimum")
    with pytest.raises(ValueError):
        Nature.of("saddle", strict=False)


@pytest.mark.parametrize("text, kind, degenerate, isolated, strict", NATURES)
def test_what_a_nature_says(text, kind, degenerate, isolated, strict):
    nature = Nature(text)
    assert (nature.kind, nature.degenerate, nature.isolated) == (kind, degenerate, isolated)
    assert nature.is_strict_minimum == strict
    assert (nature.is_minimum, nature.is_maximum, nature.is_saddle) == (
        kind == "minimum", kind == "maximum", kind == "saddle")
    assert nature.decided == (text != "undecided")


@pytest.mark.parametrize("text", [text for text, *_ in NATURES])
def test_it_reads_as_text(text):
    nature = Nature(text)
    assert nature == text and hash(nature) == hash(text) and {text: 1}[nature] == 1
    assert f"{nature}" == str(nature) == text and f"{nature:30}|" == f"{text:30}|" and repr(nature) == repr(text)
    assert nature.split()[-1] == nature.kind and (nature.kind in nature)
    assert json.loads(json.dumps({"nature": nature})) == {"nature": text}
    assert Nature(json.loads(json.dumps(nature))) is nature
    assert pickle.loads(pickle.dumps(nature)) is nature and copy.deepcopy(nature) is nature


def test_points_and_arguments_carry_it():
    assert CriticalPoint((0,), "degenerate minimum", 0).nature is Nature.DEGENERATE_MINIMUM
    with pytest.raises(ValueError, match="valley"):
        CriticalPoint((0,), "valley", 0)
    assert all(isinstance(p.nature, Nature) for name in studied() for p in get(name).critical_points())
    assert classify(x**2 + y**4, (x, y), (0, 0))[0] is Nature.DEGENERATE_MINIMUM
    c = sympy.Symbol("c", real=True)
    assert all(isinstance(nature, Nature) for nature, _ in classify(x**2 + c * y**2, (x, y), (0, 0)))


@pytest.mark.parametrize("expression", [
    x**2 + y**4, x**4 + y**4, x**2 * y**2, x**4 - sympy.sqrt(2) * y**4, x**4 + x**2 * y**3 + y**6 + x**8])
def test_a_sign_that_cannot_be_told_leaves_it_undecided(monkeypatch, expression):
    assert classify(expression, (x, y), (0, 0))[0].decided
    monkeypatch.setattr(germ, "exact_sign", lambda number: None)
    nature, evidence = classify(expression, (x, y), (0, 0))
    assert nature is Nature.UNDECIDED and evidence


def test_an_unknown_sign_in_a_network_that_decouples(monkeypatch):
    points = critical.critical_points(get("polytwo"))
    monkeypatch.setattr(critical, "exact_sign", lambda number: None)
    unknown = {p.theta: p.nature for p in critical.critical_points(get("polytwo"))}
    assert set(unknown) == {p.theta for p in points}
    for p in points:  # orders alone prove minima of value 0; a sign is needed at maxima of one summand
        assert unknown[p.theta] is (p.nature if p.value == 0 else Nature.UNDECIDED)


def test_a_point_at_given_numbers():
    assert as_point((1.0, 0.0), Loss.from_expression((x - 1)**2 + y**2, (x, y))).theta == (1, 0)
    third = as_point((1 / 3, 0.0), Loss.from_expression((3 * x - 1)**2 + y**2, (x, y)))
    assert third.theta == (sympy.Rational(1, 3), 0) and third.nature is Nature.MINIMUM
    with pytest.raises(TypeError, match="loss="):
        as_point((1.0, 0.0))
