"""What the documentation's figures show: counts and labels, and that a second run writes the same bytes."""
import importlib.util
from pathlib import Path

import numpy as np
import pytest
from scipy.ndimage import label

from schemes import Outcome

DOCS = Path(__file__).parent.parent.parent / "docs"


@pytest.fixture(scope="module")
def figures():
    spec = importlib.util.spec_from_file_location("docs_figures", DOCS / "figures.py")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def pieces(study) -> list[int]:
    """How many pieces of at least 4 starts each minimum's basin has: a cusp thinner than the grid leaves single starts."""
    found = [label(study.map() == i, np.ones((3, 3))) for i, p in enumerate(study.points) if p.nature == "minimum"]
    return [sum(np.sum(regions == k) >= 4 for k in range(1, n + 1)) for regions, n in found]


def texts(axes) -> str:
    return " ".join([axes.get_title(), axes.get_xlabel(), axes.get_ylabel(), *(t.get_text() for t in axes.get_legend().get_texts())])


def test_figure_1a_gradient_descent_diverges_from_two_corners(figures):
    figure, (study,) = figures.figure_1a(80)
    assert 0.20 < study.fraction(Outcome.DIVERGED) < 0.25
    assert study.map()[-1, -1] == study.map()[0, 0] == -Outcome.DIVERGED and label(study.map() == -Outcome.DIVERGED)[1] >= 2
    assert study.fraction("minimum") + study.fraction("saddle") + study.fraction(Outcome.DIVERGED) == 1
    assert max(pieces(study)) > 1
    shown = texts(figure.axes[0])
    assert all(word in shown for word in ("polytwo", "gd(lr=0.1)", "n = 6400", "80 × 80", "diverged", "minimum (0, 1)", "$w$", "$b$"))
    brown = np.array([0x8B, 0x45, 0x13]) / 255
    image = figure.axes[0].images[0].get_array()
    assert (np.abs(image[-1, -1] - brown) < 1e-6).all() and np.isclose(image, brown).all(axis=2).mean() == study.fraction(Outcome.DIVERGED)


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
        assert study.fraction(Outcome.DIVERGED) == 0 and study.fraction("minimum") + study.fraction("saddle") == 1
        assert study.fraction("minimum") > 0.999 and pieces(study) == [1, 1, 1, 1]
    assert "gd-richardson" in texts(figure.axes[0]) and "gd-energy" in texts(figure.axes[1])


def test_the_table_of_probabilities_is_the_same_bytes_again(figures):
    first, second = (figures.probabilities(60, ["polytwo", "linear-two"]) for _ in range(2))
    assert first[0].csv() == second[0].csv() and first[1].csv() == second[1].csv()
    rows = list(first[1])
    assert len(rows) == 2 * len(figures.OPTIMIZERS) and {row["network"] for row in rows} == {"polytwo", "linear-two"}
    for row in rows:
        if row["optimizer"].startswith(("gd-", "momentum-", "rmsprop-", "adam-", "lm")):
            assert row["diverged"] == "0" and row["maximum"] == "0"
    assert "Wilson" in figures.markdown(*first, 60)


def test_bad_names_and_folders(figures, tmp_path, capsys):
    (tmp_path / "file").write_text("")
    for line, message in (("figure-2", "no figure is named"), (f"--out {tmp_path / 'file'}", "cannot be made a folder"), ("--side 1", "at least 2")):
        with pytest.raises(SystemExit) as error:
            figures.main(line.split())
        assert error.value.code == 2 and message in capsys.readouterr().err


def test_what_is_committed(figures):
    for name in ("figure-1a.png", "figure-1b.png", "figure-1c.png", "probabilities.csv", "probabilities.md"):
        assert (DOCS / "figures" / name).stat().st_size > 1000
