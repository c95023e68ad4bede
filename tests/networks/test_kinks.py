"""Critical points of piecewise polynomial losses: cells, kinks between them, families with their inequalities."""
import itertools
from collections import Counter
from fractions import Fraction

import numpy as np
import pytest
import sympy
from hypothesis import given, settings
from hypothesis import strategies as st
from sympy import Abs, Max, Min, Rational

import arithmetic as ar
from networks import Loss, Network, answers, get
from networks.algebra import Clock, Stopped
from networks.arrangement import Affine, faces, nullspace, rays, rref, solved
from networks.kinks import NotPiecewise, Pieces, _branches, copositive, in_hull

x, y, z = sympy.symbols("x y z", real=True)
w, b = sympy.symbols("w b", real=True)


def relu(u):
    return Max(u, 0)


def neuron(inputs, targets) -> Loss:
    squares = sum((relu(w * i + b) - t) ** 2 for i, t in zip(inputs, targets, strict=True))
    return Loss.from_expression(squares / (2 * len(inputs)), (w, b))


def affine(*numbers) -> Affine:
    *a, c = map(Fraction, numbers)
    return Affine(tuple(a), c)


# ---------------------------------------------------------------------------------------------- arrangements
def test_faces_are_as_many_as_there_are():
    """4m of m lines through a point and the point; 7 + 9 + 3 of three lines in general position; 13² of a product."""
    for m in (2, 3, 7):
        assert len(faces([affine(i, 1, 0) for i in range(m)], 2)) == 4 * m + 1
    lines = [affine(1, 0, 0), affine(0, 1, 0), affine(1, 1, -1)]
    found = faces(lines, 2)
    assert [sum(f.signs.count(0) == k for f in found) for k in range(3)] == [7, 9, 3]
    product = [affine(i, 1, 0, 0, 0) for i in range(3)] + [affine(0, 0, i, 1, 0) for i in range(3)]
    assert len(faces(product, 4)) == 169
    assert [f.signs for f in faces([affine(1, -1), affine(1, -2)], 1)] == [(-1, -1), (0, -1), (1, -1), (1, 0), (1, 1)]


small = st.integers(-3, 3)


@settings(max_examples=60, deadline=None)
@given(st.lists(st.tuples(small, small, small).filter(lambda t: any(t[:2])), min_size=1, max_size=5))
def test_each_face_has_a_point_and_each_point_a_face(rows):
    functions = [affine(*row) for row in rows]
    found = {f.signs: f.point for f in faces(functions, 2)}
    for signs, point in found.items():
        assert tuple((v > 0) - (v < 0) for v in (g(point) for g in functions)) == signs
    for p in itertools.product([Fraction(k, 2) for k in range(-4, 5)], repeat=2):
        assert tuple((v > 0) - (v < 0) for v in (g(p) for g in functions)) in found


@settings(max_examples=60, deadline=None)
@given(st.lists(st.tuples(small, small, small), min_size=1, max_size=4), st.tuples(small, small, small))
def test_linear_systems(rows, point):
    rows = [tuple(map(Fraction, row)) for row in rows]
    right = [sum(a * v for a, v in zip(row, point, strict=True)) for row in rows]
    found = solved(rows, right, 3)
    assert [sum(a * v for a, v in zip(row, found, strict=True)) for row in rows] == right
    null = nullspace(rows, 3)
    assert len(null) == 3 - len(rref(rows)[0])
    assert all(sum(a * v for a, v in zip(row, n, strict=True)) == 0 for row in rows for n in null)


# ------------------------------------------------------------------------------------------ known answers
@pytest.mark.parametrize("loss", [
    Loss.from_expression(((relu(b) - 1) ** 2 + (relu(w + b) + 1) ** 2) / 4, (w, b)),
    Network((1, 1), "relu", ([0, 1], [1, -1]))], ids=["formula", "network"])
def test_two_points_by_hand(loss):
    """(relu(b) − 1)² + (relu(w + b) + 1)²: a ray of minima that ends on a kink, and the cone where both are dead."""
    atlas, (w, b) = loss.critical_points(), loss.symbols
    assert atlas.complete and atlas.region is None
    ray, cone = atlas
    assert (ray.equations, ray.inequalities, ray.value) == ((b - 1,), (b + w <= 0,), Rational(1, 4))
    assert (cone.equations, set(cone.inequalities), cone.value) == ((), {b < 0, b + w < 0}, Rational(1, 2))
    assert ray.nature == cone.nature == "non-strict minimum" and cone.family == (w, b)
    for edge in ("on its edge b = 0, where F has a kink, it is a non-strict maximum",
                 "on its edge b + w = 0, where F has a kink, it is a non-strict minimum",
                 "at (0, 0), where F has a kink, it is a saddle"):
        assert edge in cone.evidence
    assert "b + w ≤ 0" in str(atlas).splitlines()[0]


def test_a_relu_with_spurious_minima_is_complete():
    atlas = get("relu-spurious").critical_points()
    assert atlas.complete and atlas.region is None
    minima = {p.theta: p.value for p in atlas if p.nature == "minimum"}
    assert minima == {(Rational(1, 2), Rational(9, 4)): Rational(9, 32), (2, 0): Rational(5, 8),
                      (-1, 0): Rational(5, 2), (Rational(13, 14), Rational(12, 7)): Rational(65, 112)}
    saddles = [p for p in atlas if p.nature == "saddle"]
    assert len(saddles) == 3 and all(len(p.kinks) == 1 and p.eigenvalues == () for p in saddles)
    assert all(p.kinks[0].subs(dict(zip(p.symbols, p.theta, strict=True))) == 0 for p in saddles)
    dead = next(p for p in atlas if len(p.family) == 2)
    w_, b_ = get("relu-spurious").symbols
    assert set(dead.inequalities) == {b_ + 2 * w_ < 0, b_ - 2 * w_ < 0} and dead.value == Rational(25, 8)


@pytest.mark.parametrize("f, nature, kinks", [
    (Abs(x) + Abs(y), "minimum", 2), (Abs(x) - Abs(y), "saddle", 2), (-Abs(x) - Abs(y), "maximum", 2),
    (Max(x, y, -x - y), "minimum", 3), (Abs(x) + y**2, "minimum", 1), (Abs(x) - y**2, "saddle", 1),
    (Abs(x) ** 2 + y**2, "minimum", 0), (Max(x, -2 * x) + y**2, "minimum", 1),
    (x**2 + y**2 + Max(x, 0) ** 2, "minimum", 1), (x**2 - y**2 + Max(x, 0) ** 2, "saddle", 1)])
def test_the_nature_at_a_kink(f, nature, kinks):
    (point,) = Loss.from_expression(f, (x, y)).critical_points()
    assert point.theta == (0, 0) and point.nature == nature and len(point.kinks) == kinks
    assert bool(point.eigenvalues) == (not kinks)


@pytest.mark.parametrize("f", [Max(x, 2 * x) + y**2, Max(x, y) + 3 * x, Max(x, 2 * x) + Abs(y),
                               Max(x + y, 2 * x, 2 * y) + x])
def test_a_kink_without_zero_in_the_hull_is_no_critical_point(f):
    atlas = Loss.from_expression(f, (x, y)).critical_points()
    assert atlas.complete and len(atlas) == 0


def test_a_zero_of_the_gradient_outside_its_cell_is_no_critical_point():
    """(x − 1)² for x < 0, (x + 1)² for x > 0: neither zero is in its cell, and 0 is a maximum."""
    (point,) = Loss.from_expression((1 - Abs(x)) ** 2 - 4 * (1 - Abs(x)) + 4 - 1, (x,)).critical_points()
    assert point.theta == (0,) and point.nature == "minimum"
    points = Loss.from_expression((Abs(x) + 1) ** 2, (x,)).critical_points()
    assert [p.theta for p in points] == [(0,)]


def test_what_is_flat_to_second_order_is_not_called_a_minimum():
    """x² − max(y, 0)³: a ray of minima that ends where F begins to fall, to third order."""
    atlas = Loss.from_expression(x**2 - relu(y) ** 3, (x, y)).critical_points()
    (ray,) = atlas
    assert ray.nature == "non-strict minimum" and ray.inequalities == (y < 0,)
    assert "at (0, 0), where F has a kink, its nature is undecided" in ray.evidence


def test_a_curve_on_a_kink_is_critical_where_the_slopes_to_both_sides_say_so():
    hyperbola = (x * y - 1) ** 2
    assert len(Loss.from_expression(hyperbola + Max(z, 2 * z), (x, y, z)).critical_points().families) == 0
    for f, nature in ((Abs(z), "non-strict minimum"), (-Abs(z), "degenerate saddle")):
        atlas = Loss.from_expression(hyperbola + f, (x, y, z)).critical_points()
        (curve,) = atlas.families
        assert atlas.complete and set(curve.equations) == {z, x * y - 1} and curve.nature == nature
        assert curve.kinks == (z,) and [p.nature for p in atlas if not p.family] == ["saddle"]


def test_a_neuron_with_kinks_does_not_decouple():
    """(|b| − 1)² + (|w + b| − 1)²: minima, and kinks where a unit is 0."""
    atlas = Network((1, 1), ar.absolute, ([0, 1], [1, 1])).critical_points()
    assert atlas.complete and Counter(p.nature for p in atlas) == {"minimum": 4, "saddle": 4, "maximum": 1}
    assert Counter(len(p.kinks) for p in atlas) == {0: 4, 1: 4, 2: 1}


def test_a_hull_that_changes_along_a_family_is_undecided():
    """|x| − |y| + |x + y|/2 + t y: at (0, 0, t) 0 is in the hull where |t| ≤ 1, and no slope along an edge of a cell
    changes its sign there."""
    t = sympy.Symbol("t", real=True)
    atlas = Loss.from_expression(Abs(x) - Abs(y) + Abs(x + y) / 2 + t * y, (x, y, t)).critical_points()
    assert not atlas.complete and all("hull" in u for u in atlas.undecided)
    simple = Loss.from_expression(Abs(x) - Abs(y) + t * y, (x, y, t)).critical_points()  # there they tell
    assert simple.complete and [set(p.inequalities) for p in simple] == [{t - 1 < 0, t + 1 > 0}]


def test_nested_clipped_and_weighted():
    hard = Min(1, Max(-1, x))
    atlas = Loss.from_expression(hard**2 + y**2, (x, y)).critical_points()
    assert atlas.complete and [p.nature for p in atlas] == ["minimum", "non-strict minimum", "non-strict minimum"]
    assert {p.inequalities for p in atlas.families} == {(x + 1 < 0,), (x - 1 > 0,)}
    leaky = Loss.from_expression((Max(x, x / 10) - 1) ** 2, (x,)).critical_points()
    assert [(p.theta, p.nature) for p in leaky] == [((1,), "minimum")]


@pytest.mark.parametrize("f", [sympy.exp(Abs(x)) + y**2, Abs(x**2 + y**2 - 1), sympy.sqrt(2) * Abs(x) + y**2])
def test_what_is_not_seen_to_be_piecewise_polynomial_goes_to_the_search(f):
    with pytest.raises(NotPiecewise):
        Pieces(f, (x, y), Clock(10))
    atlas = Loss.from_expression(f, (x, y), box=((-1, 1.5), (-1, 1.25))).critical_points(budget=2)
    assert atlas.undecided


# --------------------------------------------------------------------------------------- natures in one cell
@settings(max_examples=150, deadline=None)
@given(st.integers(0, 3), st.integers(0, 2), st.data())
def test_copositivity_against_samples(m, free, data):
    n = m + free
    entries = data.draw(st.lists(st.integers(-2, 2), min_size=n * n, max_size=n * n))
    Q = np.array(entries, dtype=int).reshape(n, n)
    Q = Q + Q.T
    found = copositive([[Fraction(int(v)) for v in row] for row in Q], m)
    grid = [range(0, 4)] * m + [range(-3, 4)] * free
    values = [int(np.array(v) @ Q @ np.array(v)) if n else 0 for v in itertools.product(*grid) if any(v)]
    if found == "strict":
        assert all(v > 0 for v in values)
    if found == "weak":
        assert all(v >= 0 for v in values)
    if min(values, default=1) < 0:
        assert found in ("falls", None)
    if found == "falls":
        rng = np.random.default_rng(0)
        lam = rng.uniform(-1, 1, (n, 40000))
        lam[:m] = np.abs(lam[:m]) * (rng.uniform(0, 1, (m, 40000)) < 0.7)
        assert (np.einsum("il,ij,jl->l", lam, Q, lam) < 0).any() or min(values) < 0


@pytest.mark.parametrize("product, found", [(-2, "falls"), (-1, "weak"), (Fraction(-1, 2), "strict"), (3, "strict")])
def test_copositivity_of_two(product, found):
    one, product = Fraction(1), Fraction(product)
    assert copositive([[one, product], [product, one]], 2) == found


@settings(max_examples=100, deadline=None)
@given(st.lists(st.tuples(small, small), min_size=1, max_size=6))
def test_zero_in_a_hull_in_the_plane(vectors):
    """Against the angles: 0 is outside if all vectors lie in an open half-plane."""
    angles = [np.arctan2(q, p) for p, q in vectors]
    outside = all(any(v) for v in vectors) and any(
        all(p * np.cos(t) + q * np.sin(t) > 1e-9 for p, q in vectors)
        for a in angles for t in np.r_[a + np.linspace(-np.pi / 2 + 1e-6, np.pi / 2 - 1e-6, 2001)])
    assert in_hull([tuple(map(Fraction, v)) for v in vectors]) == (not outside)


# ----------------------------------------------------------------------- against what is found in another way
def by_hand(inputs, targets) -> tuple[set, set]:
    """Isolated points of one relu on data, in floats: in cells by least squares over the active units; on rays of kinks
    by a parabola along the ray and the slopes to both sides."""
    X = np.array([(i, 1) for i in inputs], dtype=float)
    t = np.array(targets, dtype=float)
    # the line w x + b = 0 is spanned by (1, −x)
    angles = sorted({(np.arctan2(-i, 1.0) + k * np.pi) % (2 * np.pi) for i in inputs for k in (0, 1)})
    inside, on = set(), set()
    for a, c in zip(angles, [*angles[1:], angles[0] + 2 * np.pi], strict=True):
        middle = np.array([np.cos((a + c) / 2), np.sin((a + c) / 2)])
        active = X @ middle > 0
        if np.linalg.matrix_rank(X[active]) == 2:
            theta = np.linalg.lstsq(X[active], t[active], rcond=None)[0]
            if ((X @ theta > 1e-9) == active).all() and (np.abs(X @ theta) > 1e-9).all():
                inside.add(tuple(np.round(theta, 8)))
    for a in angles:
        v = np.array([np.cos(a), np.sin(a)])
        u = X @ v
        active = u > 1e-9
        if not active.any():
            continue
        size = (u[active] @ t[active]) / (u[active] @ u[active])
        if size <= 1e-9:
            continue
        theta, across = size * v, np.array([-v[1], v[0]])
        slopes = []
        for s in (1, -1):
            near = X @ (theta + 1e-6 * s * across) > 0
            slopes.append(((X @ theta - t) * near) @ X @ (s * across))
        if slopes[0] * slopes[1] > 1e-9:
            on.add(tuple(np.round(theta, 8)))
    return inside, on


@pytest.mark.parametrize("seed", range(12))
def test_one_neuron_against_floats(seed):
    rng = np.random.default_rng(seed)
    n = int(rng.integers(2, 6))
    inputs = [int(i) for i in rng.choice(np.arange(-4, 5), n, replace=False)]
    targets = [int(i) for i in rng.integers(-3, 6, n)]
    loss = neuron(inputs, targets)
    atlas = loss.critical_points()
    assert atlas.complete and atlas.region is None
    inside, on = by_hand(inputs, targets)
    points = {tuple(np.round(p.numeric, 8) + 0.0): p for p in atlas if not p.family}
    assert {k for k, p in points.items() if not p.kinks} == {tuple(np.add(k, 0.0)) for k in inside}
    near_families = {k for k in on if any(float(f.distance(np.array(k))) < 1e-6 for f in atlas.families)}
    assert {k for k, p in points.items() if p.kinks} == {tuple(np.add(k, 0.0)) for k in on - near_families}
    circle = np.array([np.cos(s := np.linspace(0, 2 * np.pi, 721)), np.sin(s)])
    for p in atlas:
        along = np.array([[1.0, -1.0]]) * p.numeric[:, None] / max(np.abs(p.numeric).max(), 1e-300)  # of a kink
        around = loss.value(p.numeric[:, None] + 1e-4 * np.hstack([circle, along])) - float(p.value)
        assert p.nature.decided
        assert (around.min() < -1e-12) == p.nature.is_saddle or p.nature.is_maximum
        assert (around.max() > 1e-12) == (p.nature != "non-strict minimum" or len(p.family) < 2)


@pytest.mark.parametrize("layers, data, bias, size", [
    ((1, 1, 1), ([0, 1], [0, 1]), False, 2), ((1, 1, 1), ([0, 1], [0, 1]), True, 7),
    ((1, 1, 1), ([-1, 0, 1], [0, 1, 1]), True, 9), ((1, 2, 1), ([0, 1], [0, 1]), False, 6)])
def test_networks_with_an_output_layer(layers, data, bias, size):
    """Families only; their members are critical, cell by cell around."""
    loss = Network(layers, ("relu", "linear"), data, bias=bias)
    atlas = loss.critical_points()
    assert atlas.complete and atlas.region is None and len(atlas) == size and len(atlas.families) == size
    rng = np.random.default_rng(0)
    for p in atlas:
        assert float(loss.value(p.numeric)) == pytest.approx(float(p.value))
        at = dict(zip(p.symbols, p.member, strict=True))
        assert all(abs(float(e.subs(at))) < 1e-12 for e in p.equations) and all(e.subs(at) for e in p.inequalities)
        slopes = loss.gradient(p.numeric[:, None] + 1e-7 * rng.normal(size=(loss.dim, 200)))
        if p.kinks:  # no direction in which all gradients around grow
            assert min(np.abs(slopes).max(axis=0)) < 1e-5 or (slopes.min(axis=1) <= 1e-5).all()
        else:
            assert np.abs(slopes).max() < 1e-5


def test_descent_ends_at_what_is_listed():
    loss = neuron((-2, -1, 1, 2), (2, 1, 2, 4))
    atlas = loss.critical_points()
    theta = np.random.default_rng(1).uniform(-4, 4, (2, 400))
    for _ in range(4000):
        theta = theta - 0.5 * loss.gradient(theta)
    away = np.min([p.distance(theta) for p in atlas], axis=0)
    assert away.max() < 1e-6


# ------------------------------------------------------------------------------------------------ as objects
def test_a_family_with_inequalities_is_kept_and_measured():
    loss = neuron((0, 1), (1, -1))
    atlas = loss.critical_points()
    assert answers.read(answers.written(atlas, loss), loss) == atlas
    cone = next(p for p in atlas if len(p.family) == 2)
    assert cone.distance(np.array([[-3.0, 0.0, 1.0], [-1.0, 2.0, 0.5]])) == pytest.approx([0, 2, 1.5 / np.sqrt(2)])
    assert cone.conditions in ("b < 0, b + w < 0", "b + w < 0, b < 0")


def test_a_study_names_ends_on_a_family_with_inequalities():
    from basins.result import Point

    cone = next(p for p in neuron((0, 1), (1, -1)).critical_points() if len(p.family) == 2)
    point = Point.read({k: v for k, v in Point.of(cone)._asdict().items()})
    ends = np.array([[-3.0, 0.0], [-1.0, 2.0]])
    assert point == Point.of(cone) and point.distance(ends) == pytest.approx(cone.distance(ends))


def test_the_budget_is_kept():
    loss = Network((1, 2, 1), ("relu", "linear"), ([0, 1], [0, 1]))
    atlas = loss.critical_points(budget=0.1)
    assert not atlas.complete and any("stopped" in u for u in atlas.undecided)


# ------------------------------------------------------------------------ faces on which F does not switch
def test_where_f_does_not_switch_a_point_of_a_face_is_critical_if_the_gradient_vanishes():
    """{2x − 2y + 2 = 0} is a kink where x < 0 only; F on it has a maximum at x = 3.78, where its gradient does not
    vanish, but is positive along x."""
    loss = Loss.from_expression((x - 1)**2 + (x + 2*y)**2 - (Max(0, x, 2*x - 2*y + 2) - 1)**4, (x, y))
    atlas = loss.critical_points()
    assert atlas.complete and [p.nature for p in atlas] == ["minimum", "saddle"]
    assert [bool(p.kinks) for p in atlas] == [True, False] and np.abs(loss.gradient(atlas[1].numeric)).max() < 1e-9


UNTIL = Max(Abs(x), y - 10) - Max(0, y - 10)  # |x| − …, and 0 where y > 10 + |x|


def test_where_f_does_not_switch_a_curve_on_a_face_is_critical_if_the_gradient_vanishes():
    """On {x = 0, y > 10}, F = (yz − 1)², and its slope along x is 3."""
    atlas = Loss.from_expression((y*z - 1)**2 + 3*x + UNTIL, (x, y, z)).critical_points()
    assert atlas.complete and len(atlas) == 0


def test_where_f_does_not_switch_the_nature_on_a_face_is_not_that_of_f():
    """On {x = 0}, F = z⁴ has minima at z = 0, but −x² falls."""
    atlas = Loss.from_expression(z**4 - x**2 + UNTIL, (x, y, z)).critical_points()
    beyond = [p for p in atlas if p.family and p.distance(np.array([0.0, 12.0, 0.0])) == 0]
    assert beyond and {p.nature for p in beyond} == {"undecided"}


def test_a_function_that_is_constant_on_a_kink_has_neither_up_nor_down_there():
    """(|x + y| − 1)⁴ falls to both sides of {x + y = 0}, on which it is 1."""
    (top,) = [p for p in Loss.from_expression((Abs(x + y) - 1)**4, (x, y)).critical_points() if p.value == 1]
    assert top.nature == "non-strict maximum" and top.equations == (x + y,)


def test_all_combinations_of_branches_are_seen():
    """The last of 2⁷ combinations, though the first 65 are but a few different ones."""
    a = sympy.symbols("a:5", real=True)
    product = Max(x, 1) * Max(x, 2) * sympy.prod([Max(s, -s) for s in a])
    assert _branches(product) == {s * u * v * sympy.prod(a) for s in (1, -1) for u in (x, 1) for v in (x, 2)}


def test_the_faces_of_many_kinks_end_with_the_time():
    rows = [tuple(map(Fraction, np.random.default_rng(k).integers(-9, 10, 4).tolist())) for k in range(8)]
    for function in (rays, in_hull, lambda rows, check: faces([Affine(r, Fraction(0)) for r in rows], 4, check)):
        with pytest.raises(Stopped, match="somewhere"):
            function(rows, Clock(-1).looked("somewhere"))
    a = sympy.symbols("a:4", real=True)
    numbers = np.random.default_rng(0).integers(-9, 10, (12, 4)).tolist()
    many = sum(relu(sum(k * s for k, s in zip(row, a, strict=True))) for row in numbers)
    atlas = Loss.from_expression(many, a).critical_points(budget=1e-9)
    assert not atlas.complete and atlas.undecided[0].startswith("stopped at the faces between the cells")


def test_a_family_that_goes_on_to_infinity_is_near_there():
    flat = next(p for p in Loss.from_expression((relu(x) - 1)**2, (x,)).critical_points() if p.family)
    assert flat.inequalities == (x < 0,)
    assert flat.distance(np.array([[-np.inf, -1.0, 0.0, 2.0]])).tolist() == [0, 0, 0, 2]
