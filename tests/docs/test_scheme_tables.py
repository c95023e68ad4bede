"""The page of the schemes and the gallery of stiffness: what they claim, on smaller cases, and the published counts."""
import importlib.util
from pathlib import Path

import numpy as np
import pytest

import networks
from flows import GradientDescent
from schemes import RKC1, SCHEMES, Euler, SequentialEuler

DOCS = Path(__file__).parent.parent.parent / "docs"


def load(path: str):
    spec = importlib.util.spec_from_file_location(path.replace("/", "_"), DOCS / f"{path}.py")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.fixture(scope="module")
def tables():
    return load("scheme_tables")


@pytest.fixture(scope="module")
def stiffness():
    return load("examples/stiffness")


def test_no_corrected_start_diverges_and_nothing_is_tuned(tables):
    rows, summary = tables.no_tuning(60, ["polytwo", "linear-two", "steep-valley"])
    assert len(list(rows)) == 3 * 10 and len(list(summary)) == 10
    for row in rows:
        if row["optimizer"] in tables.CORRECTED:
            assert row["diverged"] == row["far: diverged"] == 0
            if row["network"] != "steep-valley":
                assert row["converged %"] == "100.0"
    classic = [row for row in summary if row["optimizer"].startswith("gd, best")]
    assert classic[0]["far: diverged"] > 100


def test_no_corrected_start_diverges_on_any_network(tables):
    for loss in map(networks.get, networks.studied()):
        for name in tables.CORRECTED:
            near, far = tables.measured(loss, tables.corrected(name), 40)
            assert near.diverged == far.diverged == 0, (loss.name, name)


def test_the_page_is_about_every_scheme_and_its_measured_orders_are_the_theory():
    text = (DOCS / "schemes.md").read_text()
    cells = [[c.strip() for c in line.split("|")[1:]] for line in text.splitlines() if line.startswith("| ")]
    rows = {name: rest for name, *rest in cells}
    for scheme in SCHEMES:
        order, measured = rows[scheme.__name__][:2]
        assert int(order) == scheme.order and abs(float(measured) - scheme.order) <= 0.1
    for name in ("work-precision.png", "stiffness.png"):
        assert (DOCS / "figures" / name).stat().st_size > 1000 and f"figures/{name}" in text
    assert "gd-energy" in text and "Wilson" in text


def test_gradients_per_step_are_known(tables):
    found = {scheme.__name__: tables.gradients_per_step(scheme) for scheme in tables.EXPLICIT}
    assert found == {"Euler": 1, "SequentialEuler": 1, "EulerRichardson": 2, "Extragradient": 2, "Heun": 2,
                     "Ralston": 2,
                     "BogackiShampine": 3, "RungeKutta4": 4, "DormandPrince": 6, "ExponentialEuler": 1,
                     "ExponentialMap": 1, "Strang": 1, "RKC1": 5, "RKC2": 5}


def test_the_work_precision_plot_shows_every_explicit_scheme(tables, monkeypatch):
    monkeypatch.setattr(tables, "error", lambda scheme, n: 1.0 / n**scheme.order)
    axes = tables.work_precision().axes[0]
    assert len(axes.lines) == len(tables.EXPLICIT) and axes.get_xlabel() == "gradients"


@pytest.mark.parametrize("spacing, descent, ball", [("log", 6557, 309), ("even", 6202, 297)])
def test_stiff_counts_as_published(stiffness, spacing, descent, ball):
    """κ = 1000: steps of gradient descent at 2/(L + μ) and of Polyak's heavy ball;
    here the first gradient counts too."""
    assert stiffness.gradients(GradientDescent(), Euler(), 2 / 1001, 1000, spacing) == descent + 1
    flow, h = stiffness.polyak(1000)
    assert stiffness.gradients(flow, SequentialEuler(), h, 1000, spacing) == ball + 1


def test_stabilised_schemes_come_near_the_bound(stiffness):
    """κ = 1000: 216 gradients with s = 54, damping 10 (published), and the matched damping needs no search."""
    scheme = RKC1(54, 10.0)
    assert stiffness.gradients(GradientDescent(), scheme, scheme.interval / 1000, 1000) == pytest.approx(216, abs=1)
    for kappa in (10, 100, 1000):
        scheme = stiffness.matched(kappa)
        used = stiffness.gradients(GradientDescent(), scheme, scheme.interval / (1 + kappa), kappa)
        assert stiffness.chebyshev_bound(kappa) * 0.9 < used < 1.3 * stiffness.chebyshev_bound(kappa)
        assert stiffness.conjugate_gradients(kappa) < stiffness.chebyshev_bound(kappa)


def test_the_bound_is_the_chebyshev_polynomials(stiffness):
    """|T_n((κ + 1)/(κ − 1))| passes 10⁶ between the bound's floor and ceiling."""
    for kappa in (10, 1000):
        n, x = stiffness.chebyshev_bound(kappa), (kappa + 1) / (kappa - 1)
        T = [np.polynomial.chebyshev.chebval(x, [0] * k + [1]) for k in (int(n), int(n) + 1)]
        assert T[0] <= 1e6 <= T[1]


def test_the_figure_of_stiffness_has_every_method(stiffness):
    counts = {kappa: {"a": 10.0 * kappa, "b": float("nan")} for kappa in (10, 100)}
    axes = stiffness.figure(counts).axes[0]
    assert {t.get_text() for t in axes.get_legend().get_texts()} == {"a", "b", "Chebyshev bound"}
