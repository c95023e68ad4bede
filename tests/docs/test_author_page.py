"""The page of the energy-controlled family: what it says is of the program of today."""
import importlib.util
from pathlib import Path

import pytest

import networks
import schemes

DOCS = Path(__file__).parents[2] / "docs"


@pytest.fixture(scope="module")
def page():
    spec = importlib.util.spec_from_file_location("author_page", DOCS / "author.py")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def test_the_family_is_all_of_it(page):
    named = {name.replace("_", "-") for name, thing in vars(schemes.author).items()
             if getattr(thing, "__module__", "") == "schemes.author" and name.replace("_", "-") in schemes.NAMED}
    assert named <= set(page.FAMILY) <= set(schemes.NAMED)
    text = (DOCS / "author.md").read_text()
    assert all(f"| {name} | {theirs} |" in text for name, (theirs, _) in page.FAMILY.items())


def test_the_published_shares_depend_on_what_is_counted(page):
    """LC_EGD: refused trials are no epochs, and where it gives up Adam goes on: polyfive ≥ 0.99, polyeight ≥ 0.92."""
    few, rest, still, then = page.counted("lc-egd", "polyfive", 200)
    assert few < 0.9 and rest == then >= 0.99 and still == 0
    few, rest, still, then = page.counted("lc-egd", "polyeight", 200)
    assert rest < 0.75 and still > 0.2 and then >= 0.92


@pytest.mark.parametrize("name", ["gd-energy", "rmsprop-energy", "momentum-energy", "adam-energy"])
def test_most_starts_come_to_rest_where_few_did(page, name):
    """The tables' claims on fewer starts, on polyfive and polyeight: so many at 1e-4, more than before at 1e-6."""
    for network in ("polyfive", "polyeight"):
        loss = networks.get(network)
        rest, lost, n, _ = page.cell(loss, schemes.named(name), 1e-4, 200)
        assert lost == 0 and rest >= 0.99 * n
        now, before = (page.cell(loss, o, 1e-6, 200)[0] for o in (schemes.named(name), page.BEFORE[name]))
        assert now > before


@pytest.mark.parametrize("network, share", [("polyfive", 0.99), ("polyeight", 0.92), ("hidden-tanh", 0.99)])
def test_nesterovs_method_comes_to_rest_at_the_published_gradient(page, network, share):
    rest, lost, n, _ = page.cell(networks.get(network), schemes.named("nesterov-energy"), 1e-4, 200)
    assert lost == 0 and rest >= share * n
