"""How docstrings become sections, and that links which lead nowhere are found."""
import importlib.util
import sys
from pathlib import Path

import pytest

import flows
import schemes

DOCS = Path(__file__).parent.parent.parent / "docs"


def load(name):
    spec = importlib.util.spec_from_file_location(f"docs_{name}", DOCS / f"{name}.py")
    module = sys.modules[spec.name] = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.fixture(scope="module")
def rendering():
    return load("rendering")


def test_entries_of_a_row_and_of_lines_become_sections(rendering):
    doc = """What it is, |x| and x_.

    a, b : rates, 1/time.  eps : in units
    of the gradient, see `Adam`.

    More of it.
    Parameters   c : a number.
    Sources      Someone 1901.

    Raises
    ------
    ValueError : for a wrong shape.
    """
    found = rendering.sections(doc, ("a", "b", "eps", "c")).splitlines()
    assert found[0] == r"What it is, \|x\| and x\_." and "More of it." in found
    for title, lines in (("Parameters", ["a", "    rates, 1/time.", "", "b", "    rates, 1/time.", "", "eps",
                                         "    in units of the gradient, see :py:obj:`Adam <flows.Adam>`.", "", "c",
                                         "    a number."]),
                         ("Raises", ["ValueError", "    for a wrong shape."]), ("References", ["Someone 1901."])):
        at = found.index(title)
        assert found[at + 1] == "-" * len(title) and found[at + 2: at + 2 + len(lines)] == lines
    assert "Attributes" in rendering.sections(doc, ("c",)).splitlines()


@pytest.mark.parametrize("room", [flows, schemes])
def test_every_parameter_that_a_docstring_names_is_one_of_the_signature(room, rendering):
    """What is listed as a parameter is one, and no entry of the house's form is left in the running text."""
    for name in room.__all__:
        value = getattr(room, name)
        if callable(value) and value.__doc__:
            text = rendering.sections(value.__doc__, rendering.signature(value))
            assert not any(line.startswith(("Parameters  ", "Sources  ")) for line in text.splitlines()), name


def test_links_that_lead_nowhere(tmp_path):
    links = load("links")
    assert links.broken(tmp_path) == [f"{tmp_path} has no pages"]
    (tmp_path / "a.html").write_text('<p id="here"><a href="b.html#there">x</a> <a href="#here">x</a>'
                                     '<a href="https://example.org/none">x</a></p>')
    (tmp_path / "b.html").write_text('<p id="there"></p>')
    assert links.broken(tmp_path) == []
    (tmp_path / "b.html").write_text('<p id="elsewhere"></p><img src="none.png">')
    assert links.broken(tmp_path) == ["a.html: b.html#there has no such anchor", "b.html: none.png does not exist"]


def test_the_picture_of_the_start_page_shows_an_algorithm_that_leaves_its_flow():
    idea = load("idea")
    figure, result = idea.figure(side=20)
    assert len(figure.axes) == 3 and result.n == 400
    euler, flow = (schemes.named(name, **options).run(result.objective, idea.START).theta
                   for name, options in (("gd", {"lr": idea.LR}), ("gd-richardson", {})))
    assert abs(euler - [0, -1]).max() < 1e-5 and abs(flow - [0, 1]).max() < 1e-5


def test_bases_are_public_or_from_elsewhere(rendering):
    import basins
    import lyapunov

    assert rendering.bases(flows.Adam) == ["Bases: :py:obj:`Flow <flows.Flow>`", ""]  # over a private one
    assert rendering.bases(lyapunov.Energy) == [] == rendering.bases(flows.Flow)
    assert rendering.bases(schemes.Run) == ["Bases: ``OptimizeResult``", ""]
    assert rendering.bases(basins.Entropy) == ["Bases: :py:obj:`Printed <arithmetic.Printed>`", ""]


def test_a_signature_has_no_private_fields(rendering):
    pytest.importorskip("sphinx")
    import lyapunov

    shown, _ = rendering.arguments(None, "class", "lyapunov.Energy", lyapunov.Energy, None, "(…)", None)
    assert "_make" not in shown and shown.startswith("(function: ")
    assert rendering.arguments(None, "class", "flows.Adam", flows.Adam, None, "(…)", None) is None
