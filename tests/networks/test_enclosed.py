"""Critical points of losses that are no polynomials, proved in a region: reference cases, guards, a search."""
import time
from collections import Counter

import numpy as np
import pytest
import sympy
from hypothesis import given, settings
from hypothesis import strategies as st
from sympy import Rational, cos, exp, log, pi, sin, tanh

from networks import Loss, Network, get
from networks.blowup import isolated
from networks.bounds import bounding_box, convex
from networks.enclosed import Enclosures, enclosed, spectrum, stationary
from networks.families import Interpolation, Vanishing, manifolds
from networks.invariance import constant_directions
from networks.symmetry import Symmetry, representatives, symmetries

x, y, z, w, b = sympy.symbols("x y z w b", real=True)
HALF = Rational(1, 2)


def data(function, points):
    """The mean of halved squares of a neuron's errors."""
    return sum((function(w * a + b) - target) ** 2 for a, target in points) / (2 * len(points))


def logistic(points):
    return sum(log(1 + exp(w * a + b)) - target * (w * a + b) for a, target in points) / len(points)


#: name: (expression, symbols, half width of the box, natures, whether that is all of R^n)
CASES = {
    "eggs": (x**2 + y**2 + 25 * sin(x) ** 2 + 25 * sin(y) ** 2, (x, y), 5,
             {"minimum": 81, "saddle": 144, "maximum": 64}, True),
    "bells": (-exp(-y**2 - (x - 1) ** 2) - exp(-y**2 - (x + 1) ** 2), (x, y), 3, {"minimum": 2, "saddle": 1}, False),
    "tanh3": (data(tanh, [(-1, HALF), (0, -HALF), (2, Rational(3, 4))]), (w, b), 3, {"minimum": 1}, False),
    "waves3": (data(sin, [(0, HALF), (1, -HALF), (2, HALF)]), (w, b), 4,
               {"minimum": 12, "saddle": 15, "maximum": 6, "degenerate saddle": 3}, False),
    "waves2": (data(sin, [(0, 1), (1, -1)]), (w, b), 6,
               {"maximum": 4, "degenerate minimum": 4, "degenerate saddle": 4}, False),
    "convex": (logistic([(0, 0), (1, 1), (2, 0)]), (w, b), 3, {"minimum": 1}, True),
    "separable": (logistic([(0, 0), (1, 1)]), (w, b), 3, {}, False),
    "decay": ((y * tanh(x) - HALF) ** 2 / 4 + (y * tanh(2 * x) - 1) ** 2 / 4 + x**2 / 100 + y**2 / 100, (x, y), 3,
              {"minimum": 2, "saddle": 1}, True),
    "bias": (sum((z * tanh(a * x) + w - t) ** 2 for a, t in ((1, HALF), (2, 1), (-1, Rational(1, 3)))) / 6
             + x**2 / 50 + z**2 / 50,
             (x, z, w), 3, {"minimum": 2, "saddle": 1}, True),
    "softplus": (data(lambda u: log(1 + exp(u)), [(0, 1), (1, 2), (2, HALF)]), (w, b), 3, None, False),
    "wells": (sum((v**2 - 1) ** 2 for v in (x, y, z)) + sin(x * y) / 8 + exp(-z * y) / 16, (x, y, z), 2, None, False),
}


def case(name: str) -> Loss:
    expression, symbols, half, _, _ = CASES[name]
    return Loss.from_expression(expression, symbols, name=name, box=((-half, half),) * len(symbols))


@pytest.mark.parametrize("name", CASES)
def test_reference_cases_are_complete(name):
    atlas = case(name).critical_points(budget=60)
    natures, everywhere = CASES[name][3:]
    assert atlas.complete and not atlas.undecided and (atlas.region is None) == everywhere
    if natures is not None:
        assert Counter(p.nature for p in atlas) == natures
    for p in atlas:
        slope = case(name).gradient(p.numeric)
        assert np.abs(slope).max() <= 1e-12 * (1 + np.abs(case(name).hessian(p.numeric)).max())
        if not p.exact:
            assert all(low <= v <= high for v, (low, high) in zip(p.numeric, p.box, strict=True))
            assert all(low <= float(e) <= high for e, (low, high) in zip(p.eigenvalues, p.spectrum, strict=True))
            assert p.nature != "undecided"


def unlisted(loss, starts: int, seed: int) -> int:
    """Points where Newton's method comes to rest in the region that the atlas does not list."""
    atlas = loss.critical_points(budget=60)
    low, high = np.array(loss.box).T[:, :, None]
    theta = np.random.default_rng(seed).uniform(low, high, (loss.dim, starts))
    with np.errstate(all="ignore"):
        for _ in range(100):
            H = np.moveaxis(loss.hessian(theta), -1, 0)
            good = np.isfinite(H).all(axis=(1, 2))
            step = (np.linalg.pinv(np.where(good[:, None, None], H, 0.0)) @ loss.gradient(theta).T[..., None])[..., 0].T
            theta = theta - np.where(good & np.isfinite(step).all(axis=0), step, 0.0)
            theta = theta[:, (np.abs(theta) < 1e3).all(axis=0)]
        slope = np.abs(loss.gradient(theta)).max(axis=0)
    rest = ((theta >= low) & (theta <= high)).all(axis=0) & (slope < 1e-12)
    theta = theta[:, rest]
    near = [p.distance(theta) < (1e-2 if "degenerate" in p.nature else 1e-6) for p in atlas]
    assert theta.shape[1] or not len(atlas)
    return int((~np.logical_or.reduce(near)).sum()) if near else theta.shape[1]


@pytest.mark.parametrize("name", ["eggs", "waves3", "waves2", "decay", "softplus", "wells"])
def test_newtons_method_finds_nothing_that_is_not_listed(name):
    assert unlisted(case(name), 600, 7) == 0


@pytest.mark.slow
@pytest.mark.parametrize("name", CASES)
def test_ten_thousand_starts_find_nothing_that_is_not_listed(name):
    assert unlisted(case(name), 10_000, 11) == 0


@pytest.mark.parametrize("name", ["cloche", "tanh-bump", "hidden-tanh", "exptwo", "sine"])
def test_the_benchmarks_are_proved_without_decoupling(name):
    loss = get(name)
    found = enclosed(Enclosures(loss), *np.array(loss.box).T, time.perf_counter() + 60, isolated)
    listed = [p for p in loss.critical_points()
              if all(low <= v <= high for v, (low, high) in zip(p.numeric, loss.box, strict=True))]
    assert not found.open and len(found.zeros) + len(found.isolated) == len(listed)


def test_the_executors_agree():
    loss = case("waves3")
    results = [enclosed(Enclosures(loss, executor), *np.array(loss.box).T) for executor in (None, "numpy")]
    assert len({r.boxes for r in results}) == 1
    assert len({tuple(map(tuple, (z.inner_low for z in r.zeros))) for r in results}) == 1


# ------------------------------------------------------------------------------------------------------- guards
def test_the_constants_of_the_loss_are_exact():
    """0.1 and 1/10 are both enclosed; 1/3 is no float, so a proof for the rounded one would be one for another loss."""
    for value in (0.1, Rational(1, 10)):
        atlas = Loss.from_expression(exp(x) - (1 + sympy.sympify(value)) * x, (x,)).critical_points()
        low, high = atlas[0].box[0]
        assert low < log(Rational(11, 10)) < high
        assert low < log(Rational(1.1)) < high or value != 0.1


def test_points_that_are_not_isolated_are_not_called_so():
    """The ring of a bell of a ring; crossing lines; a curve through the point that is tried."""
    for f, point in ((exp(-((x**2 + y**2 - 1) ** 2)), (1.0, 0.0)), (exp(x**2 * y**2), (0.0, 0.0)),
                     (exp((y - x**2) ** 2), (0.0, 0.0))):
        loss = Loss.from_expression(f, (x, y))
        at = np.array(point)
        assert isolated(Enclosures(loss), at, at[:, None] - 1e-2, at[:, None] + 1e-2, time.perf_counter() + 20) is None
        atlas = loss.critical_points(budget=3)
        assert not atlas.complete and any("boxes" in str(u) or "box" in str(u) for u in atlas.undecided)


@pytest.mark.parametrize("f, point, nature, weights", [
    (exp(x**4 + y**2), (0, 0), "degenerate minimum", (1, 2)),
    (exp(x**3 - 3 * x * y**2), (0, 0), "degenerate saddle", (1, 1)),
    (exp(x**3) + y**2, (0, 0), "degenerate saddle", (2, 3)),
    (cos(x**2) + cos(y) * y**2, (0, 0), "degenerate saddle", (1, 2)),
    ((y - sin(x) ** 2) * (y - 3 * sin(x) ** 2), (0, 0), "degenerate saddle", (1, 2)),
    (-exp(-((x - 1) ** 4) - (y - x) ** 2), (1, 1), "degenerate minimum", (1, 2)),
])
def test_degenerate_points_are_isolated_by_blow_up(f, point, nature, weights):
    loss, at = Loss.from_expression(f, (x, y), box=((-1, 2), (-1, 2))), np.array(point, dtype=float)
    found = isolated(Enclosures(loss), at + 1e-4, at[:, None] - 1e-2, at[:, None] + 1e-2, time.perf_counter() + 60)
    assert found.theta == tuple(point) and found.nature == nature and found.weights == weights
    # the gradient does vanish nowhere else in the neighbourhood: at random points of it, and close to the point
    rng = np.random.default_rng(0)
    reach = found.size * 10.0 ** rng.uniform(-3, 0, 500) * rng.choice([-1, 1], 500)
    theta = at[:, None] + np.array([reach, np.abs(reach) * rng.uniform(-1, 1, 500)])
    assert np.abs(loss.gradient(theta)).max(axis=0).min() > 0
    edge = found.size * (1 - 1e-9)
    assert found.holds(at[:, None] - edge, at[:, None] + edge).all()
    assert not found.holds(at[:, None] - 2, at[:, None] + 2).any()


def test_terms_below_the_weighted_order_must_vanish_exactly():
    """x²/10⁹ more and the point is an ordinary one: numerically it looks like x⁴ + y²."""
    loss = Loss.from_expression(exp(x**4 + y**2) + x**2 / 10**9, (x, y))
    low, high = np.full((2, 1), -0.01), np.full((2, 1), 0.01)
    assert isolated(Enclosures(loss), np.zeros(2), low, high, time.perf_counter() + 20) is None
    assert [p.nature for p in loss.critical_points()] == ["minimum"]


def test_two_points_very_close_together():
    eps = Rational(1, 2000)
    loss = Loss.from_expression(exp(x**3 / 3 - eps**2 * x) + y**2, (x, y))
    assert Counter(p.nature for p in loss.critical_points()) == {"minimum": 1, "saddle": 1}


@pytest.mark.parametrize("factor", [Rational(1, 10**12), 10**5])
def test_the_scale_of_the_loss_does_not_matter(factor):
    bells = Loss.from_expression(factor * CASES["bells"][0], (x, y))
    assert Counter(p.nature for p in bells.critical_points()) == {"minimum": 2, "saddle": 1}


def test_past_the_budget_it_says_what_is_open():
    loss = Network((1, 2, 1), ("tanh", "linear"), ([0, 1, 2, 3], [0, 1, HALF, 1]))
    start = time.perf_counter()
    atlas = loss.critical_points(budget=1.0)
    assert time.perf_counter() - start < 30 and not atlas.complete
    assert str(atlas.undecided[0]).startswith("stopped after")
    assert "box" in str(atlas.undecided[1])


def test_a_search_that_is_far_from_its_end_says_so_early():
    loss = Network((1, 2, 1), ("tanh", "linear"), ([0, 1, 2, 3], [0, 1, HALF, 1]))
    atlas = loss.critical_points(budget=300)
    assert not atlas.complete and atlas.seconds < 200 and "at that rate" in str(atlas.undecided[0])


def test_kinks_stay_open():
    """Where F is no polynomial between its kinks nothing is claimed of them."""
    loss = Loss.from_expression(exp(sympy.Abs(x - Rational(1, 3))) + y**2, (x, y))
    atlas = loss.critical_points(budget=10)
    assert not atlas.complete and len(atlas) == 0
    (low, high), _ = atlas.undecided[-1].hull
    assert low <= 1 / 3 <= high and high - low < 0.1


def test_a_region_of_ones_own():
    loss = case("eggs")
    atlas = loss.critical_points(((0.5, 5), (0.5, 5)))
    inside = [p for p in loss.critical_points() if 0.5 < min(p.numeric) and max(p.numeric) < 5]
    assert atlas.complete and atlas.region == ((0.5, 5.0), (0.5, 5.0)) and len(atlas) == len(inside) == 9
    whole = loss.critical_points(loss.box)
    assert Counter(p.nature for p in whole) == {"minimum": 9, "saddle": 24, "maximum": 16}


def test_exact_numbers_where_there_are_some():
    assert {p.theta for p in get("cloche").critical_points() if p.exact} >= {(0, 0)}
    points = Loss.from_expression(exp((x - HALF) ** 2) + (y - x) ** 2, (x, y)).critical_points()
    assert points[0].theta == (HALF, HALF) and points[0].exact
    degenerate = [p for p in case("waves3").critical_points() if "degenerate" in p.nature]
    assert {p.theta for p in degenerate} == {(-pi / 3, 5 * pi / 6), (-pi / 3, -7 * pi / 6), (pi / 3, pi / 6)}


@pytest.mark.parametrize("digits", [5, 20, 60])
def test_as_many_digits_as_asked_for(digits):
    """e^x = 3 − x/3: the zero by mpmath; a point of more digits has the same first ones."""
    import mpmath

    (point,) = Loss.from_expression(exp(x) + x**2 / 6 - 3 * x + (y - x) ** 2, (x, y)).critical_points()
    with mpmath.workdps(digits + 20):
        root = mpmath.findroot(lambda t: mpmath.exp(t) + t / 3 - 3, 0.9)
        found = point.digits(digits)
        assert all(abs(mpmath.mpf(str(f)) - root) <= mpmath.mpf(10) ** -digits for f in found)
    assert not point.exact and len(str(found[0])) >= digits
    exact = Loss.from_expression(exp((x - Rational(1, 3)) ** 2), (x,)).critical_points()[0]
    assert str(exact.digits(digits)[0])[:digits] == "0." + "3" * (digits - 2)
    line = Loss.from_expression(exp((x + y) ** 2), (x, y)).critical_points()[0]
    with pytest.raises(ValueError, match="family"):
        line.digits(3)


# -------------------------------------------------------------------------------------------------------- families
def sigma(t):
    return 1 / (1 + exp(-t))


def hidden_sigmoid():
    """a σ(w x + b) + c on two points: fewer than parameters."""
    return Loss.from_expression((y * sigma(b) + z) ** 2 / 4 + (y * sigma(w + b) + z - 1) ** 2 / 4, (w, b, y, z))


def test_interpolation_and_unused_units_are_families():
    loss = hidden_sigmoid()
    atlas = loss.critical_points(budget=30)
    assert atlas.complete and len(atlas) == len(atlas.families) == 2
    minima, line = atlas
    assert minima.nature == "non-strict minimum" and minima.value == 0 and len(minima.equations) == 2
    assert line.nature == "degenerate saddle" and line.theta[2:] == (0, HALF) and line.value == Rational(1, 8)
    assert set(line.equations[:2]) == {y, z - HALF}
    for family in atlas:
        assert np.abs(loss.gradient(family.numeric)).max() < 1e-12 and float(family.distance(family.numeric)) < 1e-9
    assert float(line.distance(np.array([0, 1.3, 0, 0.5]))) == pytest.approx(0)  # w = 0 there, b is free
    assert float(line.distance(np.array([0.1, 0, 0, 0.5]))) == pytest.approx(0.1, rel=0.01)


def test_newtons_method_stays_on_the_families():
    assert unlisted(hidden_sigmoid(), 400, 5) == 0


def test_a_curve_of_minima_and_the_saddle_beside_it():
    for f in ((exp(x * y) - 2) ** 2, (y * tanh(x) - 1) ** 2 / 2):
        atlas = Loss.from_expression(f, (x, y)).critical_points()
        assert atlas.complete and Counter(p.nature for p in atlas) == {"non-strict minimum": 1, "saddle": 1}
        assert unlisted(Loss.from_expression(f, (x, y)), 300, 6) == 0


def test_where_the_rank_falls_nothing_is_held():
    """r = e^(xy) − 1 vanishes on two lines that cross at 0, where its gradient does too."""
    loss = Loss.from_expression((exp(x * y) - 1) ** 2, (x, y))
    lines = manifolds(Enclosures(loss))[0]
    assert isinstance(lines, Interpolation)
    middle = np.array([[1.0, 0.0, 0.0], [0.0, 0.0, -2.0]])
    assert lines.holds(middle - 0.05, middle + 0.05).tolist() == [True, False, True]
    atlas = loss.critical_points(budget=3)
    assert not atlas.complete and all(low <= 0 <= high for low, high in atlas.undecided[-1].hull)
    assert [p.nature for p in atlas] == ["non-strict minimum"]


def test_a_line_whose_transversal_hessian_is_singular_is_not_held():
    """At y = 0 F = cosh x is flat in y to fourth order: no tube test can tell that there is nothing else."""
    unit = Loss.from_expression((y * tanh(x) + z - HALF) ** 2 + (y * tanh(2 * x) + z - 1) ** 2 + y**4, (x, y, z))
    found = [m for m in manifolds(Enclosures(unit)) if isinstance(m, Vanishing)]
    assert [m.equations[0] for m in found] in ([y], [])
    flat = Loss.from_expression(y**2 * tanh(x) ** 2 + z**2 + y**4, (x, y, z))
    for m in manifolds(Enclosures(flat)):
        if isinstance(m, Vanishing):
            origin = np.zeros((3, 1))
            assert not m.holds(origin - 0.01, origin + 0.01).any()


# --------------------------------------------------------------------------------------- constant directions, bounds
def test_constant_directions_give_lines_of_critical_points():
    error = tanh(w + b)
    loss = Loss.from_expression((error - HALF) ** 2 / 3 + (error + HALF) ** 2 / 6, (w, b))
    assert constant_directions(loss) == [(1, -1)]
    (line,) = atlas = loss.critical_points()
    assert atlas.complete and line.nature == "non-strict minimum" and line.value == Rational(1, 9)
    assert sympy.simplify(line.theta[0] + line.theta[1] - sympy.atanh(Rational(1, 6))) == 0 and line.family
    assert float(line.distance(np.array([5.0, float(sympy.atanh(Rational(1, 6))) - 5]))) == pytest.approx(0, abs=1e-12)
    assert constant_directions(case("bells")) == []
    assert constant_directions(Loss.from_expression(exp(x - 2 * y) + cos(3 * z), (x, y, z))) == [(1, HALF, 0)]
    # what only looks constant in floats is not
    assert constant_directions(Loss.from_expression(exp(x) + y / 10**18, (x, y))) == []


def test_lines_along_a_constant_direction_are_apart_in_a_polynomial_too():
    """A cubic neuron of three weights on two points: what is left are 25 points of the plane, exact numbers."""
    rows = [(Rational(-7, 4), HALF), (Rational(-2), Rational(-5, 4))]
    neuron = Network((2, 1), lambda z: z**3 - z, (rows, [Rational(1, 4), Rational(-1, 4)]))
    atlas = neuron.critical_points()
    assert atlas.complete and atlas.region is None and len(atlas) == len(atlas.families) == 25
    assert Counter(p.nature for p in atlas) == {
        "non-strict minimum": 9, "degenerate saddle": 12, "non-strict maximum": 4}
    ends = np.random.default_rng(0).uniform(-3, 3, (3, 500))
    for _ in range(60):
        inverse = np.linalg.pinv(np.moveaxis(neuron.hessian(ends), -1, 0), rcond=1e-9)
        ends = ends - np.einsum("kij,jk->ik", inverse, neuron.gradient(ends))
    ends = ends[:, np.abs(neuron.gradient(ends)).max(axis=0) < 1e-12]
    assert ends.shape[1] > 400 and np.min([p.distance(ends) for p in atlas], axis=0).max() < 1e-9
    assert "CRootOf" not in str(atlas)


def test_a_curve_of_critical_points_along_a_constant_direction_is_a_surface():
    x = sympy.Symbol("x", real=True)
    (surface, line) = atlas = Loss.from_expression((tanh(w + b) ** 2 + x**2 - HALF) ** 2, (w, b, x)).critical_points()
    assert atlas.complete and (surface.nature, line.nature) == ("non-strict minimum", "non-strict maximum")
    assert surface.equations == (tanh(w + b) ** 2 + x**2 - HALF,) and surface.theta == (w, b, x)
    assert float(surface.distance(np.array([5, -5, HALF**HALF], dtype=float))) == pytest.approx(0, abs=1e-12)
    assert line.theta == (w, -w, 0) and line.family == (w,)


def test_what_is_open_along_a_constant_direction_is_said_of_fewer_coordinates():
    x = sympy.Symbol("x", real=True)
    loss = Loss.from_expression(sympy.Abs(tanh(w + b) - x) + x**2, (w, b, x))
    open_ = loss.critical_points(budget=1.0).undecided[-1]
    assert open_.startswith("critical points in [") and open_.endswith(", of (b, x) where w = 0")


def test_bounds_by_weight_decay():
    box = bounding_box(Enclosures(case("decay")))
    assert all(low <= -1.2 and high >= 1.2 and np.isfinite([low, high]).all() for low, high in box)
    # far outside of the bounds the gradient does not vanish
    rng = np.random.default_rng(3)
    theta = rng.uniform(-1, 1, (2, 4000)) * 10.0 ** rng.uniform(0, 3, 4000)
    outside = ((theta < np.array(box)[:, :1]) | (theta > np.array(box)[:, 1:])).any(axis=0)
    assert np.abs(case("decay").gradient(theta[:, outside])).max(axis=0).min() > 1e-3
    half = CASES["decay"][0] - x**2 / 100  # nothing holds the hidden weight
    assert bounding_box(Enclosures(Loss.from_expression(half, (x, y)))) is None
    assert bounding_box(Enclosures(case("bells"))) is None
    assert bounding_box(Enclosures(Loss.from_expression((x * y - 1) ** 2 - x**2 / 4, (x, y)))) is None


def test_convexity_is_seen_or_not_claimed():
    assert convex(case("convex")) and convex(Loss.from_expression(exp(x - y) + x**2 + 3 * y + sympy.Abs(x), (x, y)))
    assert not convex(case("tanh3")) and not convex(Loss.from_expression(exp(x) - y**2, (x, y)))
    assert not convex(Loss.from_expression(log(1 + exp(x**2)), (x,)))
    assert not convex(Loss.from_expression(-log(1 + exp(x)), (x,)))


# ---------------------------------------------------------------------------------------------------- symmetries
def test_symmetries_of_hidden_units():
    net = Network((1, 2, 1), ("tanh", "linear"), ([1, 2, 3], [HALF, 1, Rational(1, 3)]), bias=False)
    low, high = np.full(4, -3.0), np.full(4, 3.0)
    group = symmetries(net, low, high)
    assert len(group) == 7  # two signs and the exchange: order 8
    theta = np.random.default_rng(1).normal(size=(4, 20))
    assert all(np.allclose(net.value(g(theta)), net.value(theta), rtol=1e-13) for g in group)
    assert {g.after(h) for g in group for h in group} <= {*group, Symmetry((0, 1, 2, 3), (1, 1, 1, 1))}
    # of every orbit there is one that is kept, and of a generic one exactly one
    everything = (*group, Symmetry((0, 1, 2, 3), (1,) * 4))
    kept = sum(representatives(group, g(theta), g(theta)).astype(int) for g in everything)
    assert (kept == 1).all()
    lopsided = symmetries(net, np.array([-3.0, -3, -3, -3]), np.array([3.0, 2, 3, 3]))
    assert len(lopsided) < 7 and all(np.array_equal(g.box(low, high)[0], low) for g in lopsided)


def test_what_is_almost_a_symmetry_is_none():
    loss = Loss.from_expression(exp(x**2) + y**2 + x / 10**12, (x, y))
    assert symmetries(loss, np.full(2, -1.0), np.full(2, 1.0)) == [Symmetry((0, 1), (1, -1))]


def test_images_of_points_are_listed():
    loss = case("eggs")
    atlas = loss.critical_points(loss.box)
    assert any("8 symmetries" in sentence for sentence in atlas.proof) and len(atlas) == 49
    whole = np.array([p.numeric for p in atlas])
    for g in symmetries(loss, *np.array(loss.box).T):
        assert all(np.abs(whole - image).max(axis=1).min() < 1e-12 for image in g(whole.T).T)


def test_images_of_families_are_listed():
    """y = 0 and z = 0 are exchanged, of y the half with x > 0 is searched."""
    f = (exp(x * y) - 2) ** 2 + z**2
    atlas = Loss.from_expression(f, (x, y, z)).critical_points(budget=20)
    assert unlisted(Loss.from_expression(f, (x, y, z)), 200, 3) == 0 and len(atlas)


# ----------------------------------------------------------------------------------------------------- the Hessian
@settings(max_examples=60, deadline=None)
@given(st.integers(1, 6), st.integers(0, 10**6), st.sampled_from([0.0, 1e-14, 1e-6, 1e-2]),
       st.sampled_from([1e-8, 1.0, 1e12]))
def test_spectra_enclose_the_eigenvalues(n, seed, width, scale):
    rng = np.random.default_rng(seed)
    A = rng.normal(size=(n, n)) * scale
    A = A + A.T
    spread = width * scale * rng.random((n, n))
    spread = spread + spread.T
    found = spectrum(A - spread, A + spread)
    for share in (np.zeros((n, n)), *(rng.uniform(-1, 1, (n, n)) for _ in range(3))):
        share = np.triu(share) + np.triu(share, 1).T
        values = np.linalg.eigvalsh(A + share * spread)
        room = 1e-15 * np.abs(A).max() * n
        assert np.all(found.low <= values + room) and np.all(values - room <= found.high)
    if found.signs:
        assert found.signs == ((np.linalg.eigvalsh(A) > 0).sum(), (np.linalg.eigvalsh(A) < 0).sum())
    assert spectrum(np.diag([-1.0, 1e-20]), np.diag([-1.0, 1e-20])).signs is None  # beyond floats: not decided


def test_stationary_points_with_a_singular_hessian_are_found():
    loss = get("cloche")
    found = stationary(loss, np.array([[0.05, 1.15], [-0.03, 0.5]]), np.full(2, 0.2))
    assert np.abs(found[:, 0]).max() < 1e-3 and np.isnan(found[:, 1]).all()
