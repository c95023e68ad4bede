"""Certified regions: exact levels, starts in them end where they must, and nothing is certified that is not proved."""
from dataclasses import dataclass

import numpy as np
import pytest
import sympy
from scipy.integrate import solve_ivp
from sympy import Rational

from flows import (
    AdaGrad, Adam, Adamax, DampedNewton, Flow, GradientDescent, Momentum, Nesterov, Newton, RMSProp, Signum,
)
from lyapunov import basin_certificate, well
from networks import Loss, get

x, y = sympy.symbols("x y", real=True)
POLYTWO = get("polytwo")


def minimum(loss, *theta):
    return next(p for p in loss.critical_points() if p.theta == theta)


@pytest.mark.parametrize("name, theta, level", [
    ("polytwo", (0, -1), Rational(1, 4)), ("polytwo", (2, -1), Rational(1, 4)),
    # minima of values 0, 4 and 8 of which the highest one lies above the lowest saddle: only its own saddles count
    ("polythree", (0, -1), Rational(25, 4)), ("polythree", (-2, 1), Rational(25, 4)),
    ("polythree", (0, 1), Rational(41, 4)),
    # a degenerate minimum whose lowest saddles are inflexions, and an ordinary one with a higher pass
    ("polyfive", (0, -1), 64), ("polyfive", (0, 3), Rational(822083584, 9765625)),
    ("polyfour", (0, 1), Rational(13, 4)),
])
def test_levels_of_polynomials_are_critical_values(name, theta, level):
    loss = get(name)
    found = well(loss, minimum(loss, *theta))
    assert found.level == level and found.inner < level and found.height == level - found.point.value
    assert (any("known exactly" in step for step in found.argument)
            and any("coercive" in step for step in found.argument))
    others = np.array([p.numeric for p in loss.critical_points() if p.theta != theta]).T
    assert found.holds(found.point.numeric) and not found.holds(others).any()


def test_three_parameters():
    x1, x2, x3 = sympy.symbols("x1:4", real=True)
    loss = Loss.from_expression((x1**2 - 1) ** 2 / 4 + (x2**2 + x3**2 + x1 * x2 * x3) / 2 + x2**4 + x3**4, (x1, x2, x3))
    found = well(loss, minimum(loss, 1, 0, 0))
    assert (found.level == Rational(1, 4)
            and found.holds(np.array([[1.0, -1.0], [0.1, 0.1], [0.1, 0.1]])).tolist() == [True, False])


@pytest.mark.parametrize("name", ["tanh-bump", "exptwo", pytest.param("cloche", marks=pytest.mark.slow),
                                  "steep-valley"])
def test_other_losses_by_intervals(name):
    loss = get(name)
    point = next(p for p in loss.critical_points() if p.nature == "minimum")
    found = well(loss, point)
    assert found.level > point.value and float(found.level) == found.inner
    assert "interval arithmetic" in found.argument[0]


def test_a_single_critical_point_of_a_coercive_loss_takes_everything():
    bowl = Loss.from_expression(x**4 + x**2 + x**2 * y**2 + y**4 + y**2, (x, y))
    found = basin_certificate(Momentum(), minimum(bowl, 0, 0))
    assert found.level == sympy.oo and found.contains(np.array([[1e6, 0.0, np.inf], [-1e6, 0.0, 0.0]])).tolist() == [
        True, True, False]


def test_a_covering_is_sound_against_the_known_basin_of_a_one_dimensional_flow():
    """(x² − 1)²/4 + x/10: on the line the basin of the right minimum is (middle point, ∞)."""
    loss = Loss.from_expression((x**2 - 1) ** 2 / 4 + x / 10, (x,))
    points = sorted(loss.critical_points(), key=lambda p: p.numeric[0])
    assert [p.nature for p in points] == ["minimum", "maximum", "minimum"]
    for k, side in ((0, -1), (2, 1)):
        found = basin_certificate(GradientDescent(), points[k])
        grid = np.linspace(-3, 3, 6001)[None]
        inside = found.contains(grid)
        assert ((grid[0][inside] - points[1].numeric[0]) * side > 0).all()
        near = side * (grid[0] - points[1].numeric[0])
        assert inside[(near > 0.15) & (loss.value(grid) < 0.98 * found.inner + 0.02 * float(points[k].value))].all()


@pytest.mark.parametrize("flow", (GradientDescent(), Momentum(c=0.5), Nesterov(), AdaGrad(eps=0.1), RMSProp(eps=0.1),
                                  Adam(eps=0.1), Adam(eps=0.1, correction=False), Signum()), ids=repr)
def test_flows_with_a_proved_energy_get_a_certificate(flow):
    point = minimum(POLYTWO, 0, -1)
    found = basin_certificate(flow, point)
    assert found.level == Rational(1, 4)
    starts = np.array([[0.0, 0.3, 1.0, 0.0, -2.0], [-1.0, -1.2, -1.0, 0.0, 1.0]])
    assert found.contains(starts).tolist() == [True, True, False, False, False]
    assert found.contains(starts[:, 0])


def test_certified_starts_of_the_flow_end_there():
    point, rng = minimum(POLYTWO, 0, -1), np.random.default_rng(5)
    starts = rng.uniform((-1.5, -2.0), (1.5, 0.0), (400, 2)).T
    for flow in (GradientDescent(), Momentum(c=0.3), Adam(a=3.0, b=1.0, eps=0.1, correction=False)):
        found, field = basin_certificate(flow, point), flow.on(POLYTWO)
        inside = starts[:, found.contains(starts)][:, :10]
        assert inside.shape[1] == 10
        for theta in inside.T:
            run = solve_ivp(field, (0, 40), field.start(theta), rtol=1e-5, atol=1e-8)
            assert found.well.holds(run.y[:2]).all() and np.linalg.norm(run.y[:2, -1] - point.numeric) < 1e-2


def test_memory_counts():
    point = minimum(POLYTWO, 0, -1)
    found = basin_certificate(Momentum(), point)
    at = point.numeric
    assert found.contains(at, v=np.array([0.4, 0.5])) and not found.contains(at, v=np.array([0.6, 0.5]))
    adam = basin_certificate(Adam(eps=0.1), point)  # ½ Σ m²/ε with the corrections at rest
    assert adam.contains(at, m=np.array([0.2, 0.05])) and not adam.contains(at, m=np.array([0.2, 0.12]))
    with pytest.raises(ValueError, match="no block w; it has v"):
        found.contains(at, w=np.zeros(2))


def test_a_certificate_is_drawn_over_a_map():
    from matplotlib.figure import Figure

    ax = Figure().add_subplot()
    ax.set(xlim=(-3, 3), ylim=(-3, 3))
    found = basin_certificate(GradientDescent(), minimum(POLYTWO, 0, -1))
    lines = found.draw(ax, points=200).allsegs[0]
    line = np.concatenate(lines).T
    assert np.abs(POLYTWO.value(line) - found.inner).max() < 0.02 and np.abs(line - [[0], [-1]]).max() < 1.6


def test_derived_energies_serve_where_they_are_defined():
    """Adamax has no energy of its own; at its start (0/0) nothing is claimed, with memory at rest it is."""
    point = minimum(POLYTWO, 0, -1)
    found = basin_certificate(Adamax(eps=0.1), point)
    assert not found.contains(point.numeric) and found.contains(point.numeric, m=np.zeros(2))
    assert not found.contains(point.numeric, m=np.array([0.0, 0.3]))


@dataclass(frozen=True)
class Climbing(Flow):
    def field(self, s, oracle):
        return {"theta": oracle.gradient}


@pytest.mark.parametrize("flow, message", [
    (Newton(), "no energy that is at least F"), (Climbing(), "no energy that is at least F"),
    (Adam(b=5.0), "no energy that is at least F"), (Adam(eps=0.0), "not proved to be stable"),
    (DampedNewton(damping=1.0), "no energy that is at least F"),  # it is one where H >= -1 alone
])
def test_what_is_not_proved_is_refused(flow, message):
    with pytest.raises(ValueError, match=message):
        basin_certificate(flow, minimum(POLYTWO, 0, -1))


def test_only_strict_minima_of_symbolic_losses_have_wells():
    with pytest.raises(ValueError, match="must be a strict minimum, this is a maximum"):
        basin_certificate(GradientDescent(), POLYTWO.critical_points()[-1])
    hyperbola = get("linear-two").critical_points()[0]
    with pytest.raises(ValueError, match="must be a strict minimum, this is a non-strict minimum"):
        basin_certificate(GradientDescent(), hyperbola)
    with pytest.raises(ValueError, match="the Hessian there is singular"):  # ∇F and H vanish together, in no polynomial
        flat = Loss.from_expression(sympy.exp(x) + sympy.exp(-x) - x**2 - 2, (x,))
        basin_certificate(GradientDescent(), (0,), flat)
    with pytest.raises(TypeError, match="must be a Flow"):
        basin_certificate("gd", POLYTWO.critical_points()[0])


def test_forms():
    found = basin_certificate(GradientDescent(), minimum(POLYTWO, 0, -1))
    assert str(found).startswith("every start with V < 1/4 that is connected with (0, -1) ends there\n"
                                 "because    V = F ")
    assert str(found.well).startswith("the part of {F < 1/4} connected with (0, -1) holds no other critical point\n"
                                      "because")
    assert found._repr_latex_().startswith(r"$\displaystyle \{V < \frac{1}{4}\}")
