"""What the documentation's figures show: counts and labels, and that a second run writes the same bytes."""
import csv
import dataclasses
import importlib.util
from pathlib import Path

import numpy as np
import pytest
from scipy.ndimage import label

from basins import End, Table
from networks import studied
from schemes import Outcome

DOCS = Path(__file__).parent.parent.parent / "docs"


@pytest.fixture(scope="module")
def figures():
    spec = importlib.util.spec_from_file_location("docs_figures", DOCS / "figures.py")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def pieces(study) -> list[int]:
    """How many pieces of at least 4 starts each minimum's basin has:
    a cusp thinner than the grid leaves single starts."""
    found = [label(study.map() == i, np.ones((3, 3))) for i, p in enumerate(study.points) if p.nature == "minimum"]
    return [sum(np.sum(regions == k) >= 4 for k in range(1, n + 1)) for regions, n in found]


def texts(axes) -> str:
    return " ".join([axes.get_title(), axes.get_xlabel(), axes.get_ylabel(),
                     *(t.get_text() for t in axes.get_legend().get_texts())])


def test_figure_1a_gradient_descent_diverges_from_two_corners(figures):
    figure, (study,) = figures.figure_1a(80)
    assert 0.20 < study.fraction(Outcome.DIVERGED) < 0.25
    assert (study.map()[-1, -1] == study.map()[0, 0] == -Outcome.DIVERGED
            and label(study.map() == -Outcome.DIVERGED)[1] >= 2)
    assert study.fraction("minimum") + study.fraction("saddle") + study.fraction(Outcome.DIVERGED) == 1
    assert max(pieces(study)) > 1
    shown = texts(figure.axes[0])
    assert all(word in shown for word in ("polytwo", "gd(lr=0.1)", "n = 6400", "80 × 80", "diverged", "minimum (0, 1)",
                                          "w", "b"))
    brown = np.array([0x8B, 0x45, 0x13]) / 255
    image = figure.axes[0].images[0].get_array()
    assert ((np.abs(image[-1, -1] - brown) < 1e-6).all()
            and np.isclose(image, brown).all(axis=2).mean() == study.fraction(Outcome.DIVERGED))


def test_figure_1b_adam_sends_starts_near_a_minimum_to_another(figures):
    figure, (small, large) = figures.figure_1b(100)
    assert small.fraction(Outcome.DIVERGED) == large.fraction(Outcome.DIVERGED) == 0
    assert small.witnesses(2.0)[0].distance > 0.5  # islands, but far from the minima
    nearest = large.witnesses(2.0)[0]
    assert nearest.distance < 0.05 and nearest.end != nearest.minimum
    assert sum(pieces(large)) > 2 * sum(pieces(small)) > 8
    assert "ends" in texts(figure.axes[1]) and "adam(lr=0.5" in texts(figure.axes[1])


def test_figure_1c_corrected_steps_converge_from_everywhere_to_connected_basins(figures):
    figure, studies = figures.figure_1c(100)
    for study in studies:
        assert study.fraction(Outcome.DIVERGED) == 0 and study.fraction("minimum") + study.fraction("saddle") + (
            study.fraction(End.STARTED_THERE)) == 1
        assert study.fraction("minimum") > 0.999 and pieces(study) == [1, 1, 1, 1]
    assert "gd-richardson" in texts(figure.axes[0]) and "lc-egd" in texts(figure.axes[1])


def test_the_table_of_probabilities_is_the_same_bytes_again(figures):
    first, second = (figures.probabilities(60, ["polytwo", "linear-two"]) for _ in range(2))
    assert first[0].csv() == second[0].csv() and first[1].csv() == second[1].csv()
    rows = list(first[1])
    assert len(rows) == 2 * len(figures.OPTIMIZERS) and {row["network"] for row in rows} == {"polytwo", "linear-two"}
    for row in rows:
        if row["optimizer"].startswith(("gd-", "momentum-", "rmsprop-", "adam-", "lm")):
            assert row["diverged"] == "0" and row["maximum"] == "0 (< 6.0)"
    assert "Wilson" in figures.markdown(*first, 60)


def test_bad_names_and_folders(figures, tmp_path, capsys):
    (tmp_path / "file").write_text("")
    for line, message in (("figure-2", "no figure is named"),
                          (f"--out {tmp_path / 'file'}", "cannot be made a folder"), ("--side 1", "at least 2")):
        with pytest.raises(SystemExit) as error:
            figures.main(line.split())
        assert error.value.code == 2 and message in capsys.readouterr().err


@pytest.mark.parametrize("name", ["figure-1a", "figure-1b", "figure-1c"])
def test_the_committed_picture_shows_what_the_code_computes(figures, name):
    """Each picture holds a fingerprint of its data: where every start of it ended."""
    from PIL import Image

    _, studies = getattr(figures, name.replace("-", "_"))(figures.SIDE)
    with Image.open(DOCS / "figures" / f"{name}.png") as picture:
        assert picture.text["Comment"] == figures.fingerprint(*studies), f"stale: python docs/figures.py {name}"
        assert picture.size == (len(studies) * 836, 550)


def test_a_fingerprint_tells_one_start_that_ends_elsewhere(figures):
    study = figures.basins_of("gd", 20, lr=0.1)
    point = study.point.copy()
    point[7] += 1
    assert figures.fingerprint(study) != figures.fingerprint(dataclasses.replace(study, point=point))
    assert figures.fingerprint(study) == figures.fingerprint(dataclasses.replace(study))


def committed(name: str) -> str:
    return (DOCS / "figures" / name).read_text()


def check_probabilities(figures, networks):
    """The committed rows of these networks, in both files, are what the code gives, to the last digit."""
    ends, summary = figures.probabilities(figures.STARTS, networks)
    rows = [line for line in committed("probabilities.csv").splitlines()[1:] if line.split(",")[0] in networks]
    assert rows == ends.csv().splitlines()[1:], "stale: python docs/figures.py probabilities"
    page = committed("probabilities.md").splitlines()
    found = [line for line in page if line.startswith("| ") and line.split(" ")[1] in networks]
    assert found == [line for table in (summary, shown(ends)) for line in table.markdown().splitlines()[2:]]


def shown(ends: Table) -> Table:
    return Table(ends.columns, [tuple(row.values()) for row in ends if row["starts"]])


def test_the_committed_probabilities_are_what_the_code_computes(figures):
    check_probabilities(figures, ["polytwo", "linear-two", "linear-three"])


@pytest.mark.slow
def test_all_committed_probabilities_are_what_the_code_computes(figures):
    check_probabilities(figures, list(studied()))


def test_the_committed_page_is_that_of_the_committed_table(figures):
    """All networks, without computing them: the page's second table is that of the CSV, its frame the code's."""
    head, *lines = csv.reader(committed("probabilities.csv").splitlines())
    kinds = [str, str, str, int, float, float, float, int, float]
    ends = Table(tuple(head), [tuple(kind(x) for kind, x in zip(kinds, line, strict=True)) for line in lines])
    page, frame = committed("probabilities.md"), figures.markdown(ends, Table(("summary",), []), figures.STARTS)
    assert list(dict.fromkeys(row["network"] for row in ends)) == list(studied())
    assert page.split("## By nature")[0] == frame.split("## By nature")[0]
    assert page.split("## By critical point")[1] == frame.split("## By critical point")[1]
