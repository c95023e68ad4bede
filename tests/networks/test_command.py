"""`python -m networks`: the list, an atlas as text, JSON, LaTeX and picture, of a benchmark or of a typed formula."""
import io
import json

import numpy as np
import pytest
import sympy
from matplotlib.figure import Figure

from networks import Atlas, Loss, catalogue, get
from networks.__main__ import main
from networks.picture import draw

HIMMELBLAU = "(x**2 + y - 11)^2 + (x + y**2 - 7)^2"


def printed(capsys, *arguments: str) -> str:
    assert main(list(arguments)) == 0
    return capsys.readouterr().out


def test_the_list_says_what_each_is_for(capsys):
    lines = printed(capsys).splitlines()
    assert [line.split()[1] for line in lines[1:]] == list(catalogue())
    assert all(len(line.split()) > 6 for line in lines[1:])
    assert [(row["name"], row["dim"]) for row in json.loads(printed(capsys, "--json"))] == [
        (name, get(name).dim) for name in catalogue()]


def test_the_table_of_a_benchmark(capsys):
    out = printed(capsys, "polytwo")
    assert "9 critical points" in out and "(-2, 1)" in out and "0.76393202, 5.236068" in out and "1/2" in out
    assert "complete in all of R^n" in out and "F decouples" in out and "found in " in out


def test_what_is_not_proved_and_families_are_said(capsys):
    assert "families of them: 1" in (out := printed(capsys, "ring")) and "on x^2 + y^2 - 1 = 0: " in out
    out = printed(capsys, "--expression", "abs(x*y - 1) + x**2*y", "--budget", "1")  # a kink that is no line
    assert "undecided: " in out and "not proved to be complete in" in out


def test_a_typed_formula(capsys):
    out = printed(capsys, "--expression", HIMMELBLAU)
    assert out.startswith("F = (x + y^2 - 7)^2") and "9 critical points" in out and "complete in all of R^n" in out
    assert "(3, 2)" in out and "-3.7793103" in out and "181.61652" in out
    swapped = json.loads(printed(capsys, "--expression", "(x - 1)**2 + 2*y**2", "--symbols", "y, x", "--json"))
    assert swapped["symbols"] == ["y", "x"] and swapped["points"][0]["theta"] == ["0", "1"]


def test_an_atlas_without_points(capsys):
    out = printed(capsys, "--expression", "x + exp(x)")
    assert "0 critical points" in out and "why" not in out


def test_json_is_read_back(capsys):
    words = json.loads(printed(capsys, "--expression", HIMMELBLAU, "--json"))
    assert words["complete"] and words["region"] is None and words["undecided"] == [] and words["symbols"] == ["x", "y"]
    assert sorted(p["nature"] for p in words["points"]) == ["maximum", *4 * ["minimum"], *4 * ["saddle"]]
    x, y = sympy.symbols("x y", real=True)
    loss = Loss.from_expression(sympy.sympify(words["expression"], locals={"x": x, "y": y}), (x, y))
    for p in words["points"]:
        assert loss.gradient(np.array(p["numeric"])) == pytest.approx([0, 0], abs=1e-9)
        assert p["value_numeric"] == pytest.approx(float(loss.value(np.array(p["numeric"]))), abs=1e-12)
        assert p["eigenvalues_numeric"] == pytest.approx(np.linalg.eigvalsh(loss.hessian(np.array(p["numeric"]))))


@pytest.mark.parametrize("name", ["linear-three", "cloche", "ring", "separable", "tanh-biased"])
def test_json_and_latex_of_any_benchmark(capsys, name):
    words = json.loads(printed(capsys, name, "--json"))
    atlas = get(name).critical_points()
    assert len(words["points"]) == len(atlas) and words["complete"] == atlas.complete
    latex = printed(capsys, name, "--latex")
    assert latex.startswith("$$F = ") and latex.count("$$") == 4 and latex.count("{") == latex.count("}")
    assert latex.count(r"\text{saddle}") == sum(p["nature"] == "saddle" for p in words["points"])


def test_latex_says_which_part_of_a_line_is_critical(capsys):
    assert r"\text{non-strict minimum} & (w, 4 - 2 w),\ b + w < 0 & \frac{9}{8}" in printed(
        capsys, "relu-spurious", "--latex")


def test_region_and_budget(capsys):
    words = json.loads(printed(capsys, "polytwo", "--region", "-1", "1", "-0.5", "2", "--budget", "20", "--json"))
    assert words["region"] == [[-1, 1], [-0.5, 2]] and len(words["points"]) == 5


@pytest.mark.parametrize("name, suffix, start", [
    ("himmelblau", "png", b"\x89PNG"), ("ring", "pdf", b"%PDF"), ("separable", "svg", b"<?xml")])
def test_a_picture_is_written(capsys, tmp_path, name, suffix, start):
    file = tmp_path / f"atlas.{suffix}"
    assert f"wrote {file}" in printed(capsys, name, "--picture", str(file))
    assert file.read_bytes().startswith(start)


@pytest.mark.parametrize("arguments, says", [
    (["polytwoo"], "did you mean polytwo"), (["polytwo", "--expression", "x"], "not both"),
    (["--symbols", "x"], "give that too"),
    (["--picture", "map.png"], "name a network"), (["--expression", "x.y"], "is not understood"),
    (["--expression", "open(x)"], "no function is named"),
    (["--expression", "x*z", "--symbols", "x,y"], "z, which is none of the symbols x, y"),
    (["polytwo", "--region", "0", "1"], "4 numbers, got 2"),
    (["polytwo", "--region", "0", "1", "2", "1"], "with low < high"),
    (["polytwo", "--region", "0", "1", "0", "inf"], "with low < high"),
    (["polytwo", "--budget", "0"], "positive number of seconds"),
    (["polytwo", "--budget", "nan"], "positive number of seconds"),
    (["polytwo", "--picture", "map.gif"], "must end in"),
    (["polytwo", "--picture", "nowhere/map.png"], "there is no folder"),
    (["xor", "--picture", "xor.png"], "xor has 6 coordinates: a picture shows a loss of one or two"),
    (["polytwo", "--json", "--latex"], "not allowed with")])
def test_bad_input_ends_with_2_before_any_work(arguments, says, tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(Loss, "critical_points", lambda *a, **k: pytest.fail("work was done"))
    with pytest.raises(SystemExit) as error:
        main(arguments)
    assert error.value.code == 2 and says in capsys.readouterr().err and not list(tmp_path.iterdir())


# ------------------------------------------------------------------------------------------------- pictures
def drawn(text: str, *names: str) -> Figure:
    symbols = sympy.symbols(names, real=True)
    loss = Loss.from_expression(sympy.sympify(text, locals={s.name: s for s in symbols}), symbols)
    return draw(loss, loss.critical_points())


def marks(axes) -> dict[str, np.ndarray]:
    """What is marked by a label, (2, points) each."""
    return {line.get_label(): np.array(line.get_data()) for line in axes.get_lines() if len(line.get_xdata()) and
            line.get_marker() != "None"}


def test_every_point_is_in_the_picture_by_its_nature():
    figure = drawn(HIMMELBLAU.replace("^", "**"), "x", "y")
    surface, flat = figure.axes
    found = marks(flat)
    assert {name: at.shape[1] for name, at in found.items()} == {"minimum": 4, "saddle": 4, "maximum": 1}
    assert found["maximum"][:, 0] == pytest.approx([-0.27084459, -0.92303856])
    for nature in found:  # nothing is off the picture, though minima are out of [−3, 3]²
        (low, high), (left, right) = flat.get_ylim(), flat.get_xlim()
        assert ((found[nature] > [[left], [low]]) & (found[nature] < [[right], [high]])).all()
    assert "9 critical points, complete in all of R" in figure.get_suptitle()


def test_a_curve_has_its_points_on_it():
    (axes,) = drawn("t**4/4 - t**2/2", "t").axes
    found = marks(axes)
    assert sorted(map(tuple, found["minimum"].T)) == [(-1, -0.25), (1, -0.25)]
    assert found["maximum"].tolist() == [[0], [0]]


@pytest.mark.parametrize("text, on", [
    ("(x**2 + y**2 - 1)**2", lambda x, y: x**2 + y**2 - 1), ("(x*y - 1)**2", lambda x, y: x * y - 1),
    ("(x - 2*y)**2", lambda x, y: x - 2 * y)])
def test_families_are_curves(text, on):
    _, flat = drawn(text, "x", "y").axes
    curve = [path.vertices for c in flat.collections for path in c.get_paths() if len(path.vertices)
             and len(c.get_edgecolor()) and np.allclose(c.get_edgecolor(), [[213 / 255, 94 / 255, 0, 1]], atol=1e-3)]
    points = np.concatenate(curve or [line.get_xydata() for line in flat.get_lines() if line.get_color() == "#D55E00"])
    assert len(points) > 100 and np.abs(on(*points.T)).max() < 1e-3
    assert any("family: " in text.get_text() for text in flat.get_legend().get_texts())


@pytest.mark.parametrize("text", ["x*0 + y*0 + 3", "1/(x**2 + y**2)", "log(x) + y**2", "exp(100*x**2) + y**2", "x + y"])
def test_odd_surfaces_are_drawn(text):
    x, y = sympy.symbols("x y", real=True)
    loss = Loss.from_expression(sympy.sympify(text, locals={"x": x, "y": y}), (x, y))
    draw(loss, Atlas((), loss.box)).savefig(io.BytesIO(), format="png")


def test_more_than_two_coordinates_are_refused():
    with pytest.raises(ValueError, match="xor has 6 coordinates"):
        draw(get("xor"), ())
