"""The benchmark networks' critical points against those known from theory."""
from collections import Counter

import numpy as np
import pytest
import sympy
from hypothesis import given, settings
from hypothesis import strategies as st
from sympy import Rational, log, sqrt

from flows import GradientDescent
from lyapunov import basin_certificate
from networks import CriticalPoint, Loss, Network, catalogue, get, studied
from networks.benchmarks import polyfour, polythree, polytwo, rattwo
from networks.critical import complete

# name: (number of each nature), from the one-dimensional natures: (minima + maxima + inflexions)²
NATURES = {
    "polytwo": {"minimum": 4, "saddle": 4, "maximum": 1},
    "polythree": {"minimum": 4, "saddle": 4, "maximum": 1},
    "polyfour": {"minimum": 4, "saddle": 4, "maximum": 1},
    # −1 min of order 4, 1 inflexion, 11/5 max, 3 min of order 2
    "polyfive": {"minimum": 1, "degenerate minimum": 3, "saddle": 2, "degenerate saddle": 9, "maximum": 1},
    # 0 min of order 2, 1 max of order 4, 2 min of order 4
    "polyeight": {"minimum": 1, "degenerate minimum": 3, "degenerate saddle": 4, "degenerate maximum": 1},
    "rattwo": {"degenerate minimum": 1, "degenerate saddle": 2, "maximum": 1},
    "cloche": {"minimum": 2, "saddle": 4, "degenerate saddle": 1},
    "exptwo": {"minimum": 1},
    "expfour": {"minimum": 4, "saddle": 4, "maximum": 1},
    "linear-two": {"non-strict minimum": 1, "saddle": 1},
    "linear-three": {"non-strict minimum": 1, "degenerate saddle": 3},
    "sine": {"degenerate minimum": 4, "degenerate saddle": 4, "maximum": 4},
    "tanh-bump": {"minimum": 1},
    "hidden-tanh": {"saddle": 1},
    "steep-valley": {"minimum": 1},
    **dict.fromkeys(("polytwo-steep", "polythree-steep", "polyfour-steep"), {"minimum": 4, "saddle": 4, "maximum": 1}),
    # z = 0, 2 min, −1, 1 max
    "expfive": {"minimum": 4, "saddle": 8, "maximum": 4},
    "cloche-entropy": {"minimum": 2},
    # as rattwo, ψ = −ln φ being of order 2 at the golden ratio
    "rattwo-entropy": {"minimum": 1, "saddle": 2, "maximum": 1},
    # rays where two targets or one are met, and where the unit is dead; saddles on kinks
    "relu-spurious": {"minimum": 4, "non-strict minimum": 3, "saddle": 3},
    "linear-decay": {"minimum": 2, "saddle": 3},
    "separable": {},
    "tanh-biased": {"degenerate saddle": 1},
    "xor": {"minimum": 8, "saddle": 9},
    "himmelblau": {"minimum": 4, "saddle": 4, "maximum": 1},
    "camel": {"minimum": 6, "saddle": 7, "maximum": 2},
    # 11 minima and 10 maxima of each coordinate
    "rastrigin": {"minimum": 121, "saddle": 220, "maximum": 100},
    "peano": {"degenerate saddle": 1},
    "ring": {"non-strict minimum": 1, "maximum": 1},
    "rosenbrock-four": {"minimum": 2, "saddle": 1},
}


@pytest.mark.parametrize("name", catalogue())
def test_the_catalogue_is_complete(name):
    atlas = get(name).critical_points()
    assert atlas.complete and not atlas.undecided
    assert Counter(p.nature for p in atlas) == NATURES[name]


def test_there_are_benchmarks_of_every_kind():
    assert len(catalogue()) >= 24 and set(studied()) < set(catalogue()) and len(studied()) == 15
    assert all(get(name).expression is not None for name in catalogue())
    assert {2, 3, 4, 6} == {get(name).dim for name in catalogue()}


@pytest.mark.parametrize("name, activation", [("polytwo", polytwo), ("polythree", polythree), ("polyfour", polyfour)])
def test_the_steepness_factor_is_one_of_the_loss(name, activation):
    """e^(c/2) in the activation is e^c in F, for targets 0."""
    steep, plain = get(f"{name}-steep"), get(name)
    assert sympy.expand(steep.expression - 100 * plain.expression) == 0
    plain_points = {(p.theta, p.value) for p in plain.critical_points()}
    assert {(p.theta, p.value / 100) for p in steep.critical_points()} == plain_points


def test_the_cross_entropies_are_those_of_the_bell_and_the_ratio():
    w, b = sympy.symbols("w b", real=True)
    for name, g, data in (("cloche-entropy", lambda z: sympy.exp(-z**2 / 2), ((0, 1), (1, 0), (2, 1))),
                          ("rattwo-entropy", rattwo, ((0, 1), (1, 1)))):
        loss = get(name)
        expected = -sum(log(g(w * x + b)) if y else log(1 - g(w * x + b)) for x, y in data) / len(data)
        for theta in ((0.3, 0.4), (-1.2, 2.5), (2, -0.7)):
            there = dict(zip(loss.symbols, map(sympy.Rational, map(str, theta)), strict=True))
            at = {s: there[t] for s in (w, b) for t in loss.symbols if s.name == t.name}
            value = float(loss.value(np.array(theta, dtype=float)))
            assert value == pytest.approx(float(sympy.N(expected.subs(at))), rel=1e-12)
    found = {p.theta for p in get("cloche-entropy").critical_points()}
    assert found == {(0, sign * sqrt(2) * sqrt(log(Rational(3, 2)))) for sign in (-1, 1)}
    (golden,) = [p for p in get("rattwo-entropy").critical_points() if p.nature == "minimum"]
    assert golden.numeric == pytest.approx([0, (1 + np.sqrt(5)) / 2])
    assert float(golden.value) == pytest.approx(0, abs=1e-15)


@pytest.mark.parametrize("name", catalogue())
def test_points_are_critical_and_agree_with_numbers(name):
    loss = get(name)
    for p in loss.critical_points():
        scale = 1 + np.abs(loss.hessian(p.numeric)).max()
        assert p.kinks or np.abs(loss.gradient(p.numeric)).max() <= 1e-13 * scale
        assert float(loss.value(p.numeric)) == pytest.approx(float(p.value), rel=1e-12, abs=1e-24)
        if p.exact:
            assert not any(sympy.sympify(x).has(sympy.Float) for x in p.theta)
        if p.eigenvalues and not p.family:
            found = np.linalg.eigvalsh(loss.hessian(p.numeric))
            assert np.array([float(e) for e in p.eigenvalues]) == pytest.approx(found, rel=1e-9, abs=1e-9 * scale)


@pytest.mark.parametrize("name", ["polytwo", "polyfive", "linear-two", "steep-valley", "exptwo", "expfour",
                                  "tanh-bump"])
def test_gradient_vanishes_exactly(name):
    loss = get(name)
    for p in loss.critical_points():
        at = dict(zip(loss.symbols, p.theta, strict=True))
        assert all(sympy.simplify(loss.expression.diff(s).subs(at)) == 0 for s in loss.symbols)


def test_polytwo_exactly():
    points = get("polytwo").critical_points()
    minima = {p.theta for p in points if p.nature == "minimum"}
    assert minima == {(0, -1), (0, 1), (2, -1), (-2, 1)}
    assert all(p.eigenvalues == (3 - sqrt(5), 3 + sqrt(5)) for p in points if p.nature == "minimum")
    assert [(p.theta, p.value) for p in points if p.nature == "maximum"] == [((0, 0), Rational(1, 2))]


def test_other_exact_points():
    assert {p.theta for p in get("cloche").critical_points() if p.exact} == {
        (0, 0), *((0, sign * sqrt(2) * sqrt(log(Rational(3, 2)))) for sign in (-1, 1))}
    assert [p.theta for p in get("tanh-bump").critical_points()] == [(0, sympy.atanh(Rational(1, 6)))]
    golden = [p for p in get("rattwo").critical_points() if p.nature == "degenerate minimum"]
    assert [(p.theta, p.value) for p in golden] == [((0, (1 + sqrt(5)) / 2), 0)]
    values = {p.value for p in get("polythree").critical_points() if p.nature == "minimum"}
    assert values == {0, 4, 8}
    assert max(p.value for p in get("polyfive").critical_points()) == 2 * Rational(822083584, 9765625)


def test_published_cloche_saddles():
    saddles = np.array([p.numeric for p in get("cloche").critical_points() if p.nature == "saddle"])
    w, low, high = 1.15283045, 0.50465707, 2.81031797
    assert saddles == pytest.approx(np.array([(-w, -low), (-w, high), (w, -high), (w, low)]), abs=1e-8)


def test_distance_to_points_and_families():
    hyperbola = next(p for p in get("linear-two").critical_points() if p.family)
    on_it = np.array([[1.0, 2.0, -0.5], [1.0, 0.5, -2.0]])
    assert hyperbola.distance(on_it) == pytest.approx(0)
    assert hyperbola.distance(on_it * 1.01) == pytest.approx(0.01 * np.abs(on_it[0] * on_it[1]) * 2 / np.hypot(*on_it),
                                                             rel=0.02)
    line = next(p for p in get("linear-three").critical_points() if p.theta[:2] == (0, 0))
    assert float(line.distance(np.array([3.0, 4.0, 7.0]))) == pytest.approx(5)
    point = get("polytwo").critical_points()[0]
    assert float(point.distance(point.numeric + np.array([0.3, 0.4]))) == pytest.approx(0.5)


@settings(max_examples=20, deadline=None)
@given(st.sampled_from((1, 3)).flatmap(lambda n: st.lists(st.integers(-3, 3), min_size=n, max_size=n, unique=True)))
def test_any_polynomial_neuron(roots):
    """φ' = Π(z − r) with distinct r and φ above its target:
    the zeros of ψ' are the r, so there are n² critical points."""
    z = sympy.Symbol("z")
    phi = sympy.integrate(sympy.expand(sympy.prod(z - r for r in roots)), z)
    target = min(phi.subs(z, r) for r in roots) - 1
    points = Network((1, 1), lambda u: phi.subs(z, u), ((0, 1), (target, target))).critical_points()
    assert len(points) == len(roots) ** 2
    assert {p.theta[1] for p in points} == set(roots)
    assert not any(p.nature.startswith("degenerate") for p in points)


x, y, z = sympy.symbols("x y z", real=True)


@pytest.mark.parametrize("loss, natures", [
    (10 * x**2 * y - 5 * x**2 - x**4 - 4 * y**2 - 2 * y**4, {"saddle": 2, "maximum": 3}),
    (x**6 / 6 - x**2 / 2 - x + y**2 / 2, {"minimum": 1}),
    (x**4 / 4 + y**4 / 4 - x * y - x / 3, {"minimum": 2, "saddle": 1}),
    (x**4 + y**4 + x**2 + y**2 - 2 * x**3 - 3 * x**2 * y, {"minimum": 2, "saddle": 1}),
    (x**4 + x**3 * y - 2 * x**2 + x * y + y**4 - y, {"minimum": 2, "saddle": 1}),
    (x**8 / 8 - 5 * x**6 / 6 + x**3 / 3 + x**2 + y**8 / 8 + y**2 / 2, {"minimum": 3, "saddle": 2}),
    (Network((1, 1), lambda u: u**3 - u, ([0, 1, 2], [1, 2, -1])), {"minimum": 4, "saddle": 4, "maximum": 1}),
    (Network((1, 1), lambda u: u**3 + u, ([0, 1, 2], [1, 2, -1])), {"minimum": 1}),
    (Network((1, 1), lambda u: u**2 + u, ([-1, 0, 2], [1, 0, 1])), {"minimum": 4, "saddle": 4, "maximum": 1}),
    (Network((1, 1), lambda u: u**2 - 1, ([0, 1, 2], [1, 2, -1])), {"minimum": 2, "saddle": 2, "maximum": 1}),
    # floats
    (Loss(lambda t: 1.0 * t[0]**2 + 1.0 * t[1]**4, 2), {"degenerate minimum": 1}),
    (0.5 * (x**2 - 1.1)**2 + 0.7 * (y**2 - 0.3)**2 + 0.01 * x * y, {"minimum": 4, "saddle": 4, "maximum": 1}),
    (0.1 * (x - 0.3)**4 + 0.2 * (y - 0.1)**2, {"degenerate minimum": 1}),
    ((0.1 * x + 0.3 * y)**2, {"non-strict minimum": 1}),
    (Network((1, 1), lambda u: u**3 - 0.1 * u, ([0, 1], [0, 1])), {"minimum": 6, "saddle": 7, "maximum": 2}),
    # constant, linear, of one variable, with a coordinate that does not occur
    (Loss(lambda t: 3.0, 2), {"non-strict minimum": 1}), (Loss(lambda t: 2 * t[0] - t[1], 2), {}),
    ((x - 1)**2, {"non-strict minimum": 1}),
])
def test_no_critical_point_of_a_polynomial_is_lost(loss, natures):
    loss = loss if isinstance(loss, Loss) else Loss.from_expression(loss, (x, y))
    atlas = loss.critical_points()
    assert Counter(p.nature for p in atlas) == natures
    assert atlas.complete and atlas.region is None and complete(loss)
    scale = max([1.0, *(np.abs(loss.hessian(p.numeric)).max() for p in atlas)])
    assert all(np.abs(loss.gradient(p.numeric)).max() <= 1e-13 * scale for p in atlas)


def test_the_first_level_of_a_well_is_that_of_a_root_which_is_no_radical():
    """x⁸/8 − 5x⁶/6 + …: the minimum at 0 is one of three, so no start is promised to it beyond the first saddle."""
    loss = Loss.from_expression(x**8 / 8 - 5 * x**6 / 6 + x**3 / 3 + x**2 + y**8 / 8 + y**2 / 2, (x, y))
    origin = next(p for p in loss.critical_points() if p.theta == (0, 0))
    found = basin_certificate(GradientDescent(), origin)
    assert found.level < 1 and not found.contains([2.5, 0.0])


def test_logistic_neurons_do_not_decouple_like_squares():
    loss = Network((1, 1), "linear", ([0, 1], [0, 1]), loss="logistic")
    assert len(loss.critical_points()) == 0 and not complete(loss)


def test_what_is_not_proved_is_said():
    atlas = Network((1, 2, 1), ("tanh", "linear"), ([0, 1, 2], [0, 1, 0])).critical_points(budget=2)
    assert not atlas.complete and atlas.region == ((-3, 3),) * 7 and "stopped after" in atlas.undecided[0]
    assert "undecided: " in str(atlas) and "not proved to be complete in the box" in repr(atlas)
    assert get("cloche").critical_points().complete and get("cloche").critical_points().region == ((-4, 4), (-4, 4))


def test_a_spent_budget_leaves_what_is_found():
    def residuals(t):
        return [t[2] * (s * t[0] + t[1])**3 - t[2] * (s * t[0] + t[1]) + t[3] - s**2 for s in (0, 1, 2)]

    loss = Loss(lambda t: sum(r**2 for r in residuals(t)) + sum(s**2 for s in t) / 20, 4)
    atlas = loss.critical_points(budget=0.2)
    assert not atlas.complete and atlas.undecided[0] == "stopped at the Gröbner basis after 0.2 s"
    assert len(atlas) > 0 and atlas.region == loss.box


def test_a_region():
    atlas = get("polytwo").critical_points(region=((-1, 1), (-0.5, 2)))
    assert {p.theta for p in atlas} == {(0, 1), (0, 0), (1, 0), (-1, 0), (-1, 1)} and atlas.complete
    assert atlas.region == ((-1, 1), (-0.5, 2)) and get("polytwo").critical_points().region is None
    with pytest.raises(ValueError, match="box"):
        get("polytwo").critical_points(region=((1, -1), (0, 1)))


def test_the_distance_to_a_family_by_equations_that_follow_from_each_other():
    x, y = symbols = sympy.symbols("x y", real=True)
    e = x**2 + y**2 - 1
    circle = CriticalPoint(symbols, "non-strict minimum", 0, family=symbols, symbols=symbols, member=(1.0, 0.0),
                           equations=tuple(sympy.expand(e * f) for f in (1, x + y / 3, x - 7 * y, x * y + 1)))
    angle = np.random.default_rng(0).uniform(0, 7, 500)
    on = np.array([np.cos(angle), np.sin(angle)])
    assert circle.distance(on).max() < 1e-12
    assert circle.distance(1.001 * on) == pytest.approx(1e-3, rel=0.2)  # of first order


def test_families_by_several_equations():
    """A circle in space: distances to it are of first order, exact to its plane."""
    atlas = Loss.from_expression(z**2 + (x**2 + y**2 - 1)**2, (x, y, z)).critical_points()
    (ring,) = atlas.families
    assert atlas.complete and ring.nature == "non-strict minimum" and ring.equations == (x**2 + y**2 - 1, z)
    theta = np.array([[0.6, 0.6, 0.0], [0.8, 0.8, 1.001], [0.0, 0.25, 0.0]])
    assert ring.distance(theta) == pytest.approx([0, 0.25, 0.001], rel=1e-3, abs=1e-15)
    assert ring.distance(np.zeros(3)) == np.inf and float(ring.distance(theta[:, 1])) == pytest.approx(0.25)


def test_unknown_names_list_the_close_ones():
    with pytest.raises(ValueError, match="polytwo.*known: "):
        get("politwo")


def test_numeric_losses_say_what_they_lack():
    loss = Loss.from_callables(2, lambda x: x @ x, lambda x: 2 * x, name="bowl")
    with pytest.raises(TypeError, match="bowl is numeric only"):
        loss.critical_points()
