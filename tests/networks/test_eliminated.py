"""One hidden layer by elimination of its output layer: known networks, enclosures, guards, fuzz."""
from collections import Counter
from fractions import Fraction

import mpmath
import numpy as np
import pytest
import sympy
from sympy import Rational

from arithmetic import erf, exp
from networks import Loss, Network, get
from networks.benchmarks import decayed
from networks.divided import Z, Zone, confluent
from networks.eliminated import Biased, Layer, Paired, Ridge, layer
from networks.enclosed import Enclosures, located
from networks.merged import Beside, alone
from networks.symmetry import symmetries

HALF = Fraction(1, 2)
CURVED = ([-1, 0, 1, 2], [HALF, 0, 1, HALF / 2])
TEACHER = ([-2, -1, 0, 1, 2], [Fraction(-6, 5), -1, Fraction(-3, 10), Fraction(7, 10), Fraction(9, 10)])


def biased(activation, data=CURVED, reach=3, **options) -> Network:
    return Network((1, 1, 1), (activation, "linear"), data, box=((-reach, reach),) * 4, **options)


def paired(data, reach=3, activation="tanh") -> Network:
    return Network((1, 2, 1), (activation, "linear"), data, bias=False, box=((-reach, reach),) * 4)


def found(loss, starts=2000, seed=3) -> np.ndarray:
    """Critical points by Newton's method in all parameters, from many starts."""
    rng = np.random.default_rng(seed)
    theta = (np.array(loss.box, dtype=float)[:, 1] * rng.uniform(-1, 1, (starts, loss.dim))).T
    with np.errstate(all="ignore"):
        for _ in range(80):
            theta = theta[:, np.isfinite(loss.hessian(theta)).all(axis=(0, 1))]
            H = np.linalg.pinv(np.moveaxis(loss.hessian(theta), -1, 0), rcond=1e-9, hermitian=True)
            step = np.einsum("lij,jl->il", H, loss.gradient(theta))
            theta = theta - step * np.minimum(1, 1 / np.abs(step).max(axis=0))
        return theta[:, np.abs(loss.gradient(theta)).max(axis=0) < 1e-12]


def is_listed(atlas, theta: np.ndarray) -> np.ndarray:
    return np.min([p.distance(theta) for p in atlas], axis=0) < 1e-4


# ---------------------------------------------------------------------------------------------------------- networks
@pytest.mark.parametrize("loss", [
    get("tanh-biased"), biased("sigmoid", reach=2), biased("softplus", reach=2),
    biased(lambda z: erf(z), reach=Fraction(3, 2)), biased("tanh", TEACHER, reach=Fraction(3, 2)),
    paired(([1, 2, 3], [1, HALF, 1]))], ids=["tanh", "sigmoid", "softplus", "erf", "teacher", "paired"])
def test_networks_are_complete_and_a_multistart_finds_nothing_else(loss):
    atlas = loss.critical_points()
    hidden = loss.dim // 2
    assert atlas.complete
    assert atlas.region == (*loss.box[:hidden], *[(-np.inf, np.inf)] * (loss.dim - hidden))
    assert "output weights may be any real numbers" in atlas.proof[0]
    points = found(loss)
    low, high = np.array(loss.box, dtype=float)[:hidden, :, None].transpose(1, 0, 2)
    points = points[:, ((points[:hidden] >= low) & (points[:hidden] <= high)).all(axis=0)]
    assert points.shape[1] > 1 and is_listed(atlas, points).all()


def test_a_unit_that_is_not_used_leaves_a_curve():
    t = sympy.symbols("theta1:5", real=True)
    F = sum((t[2] * sympy.tanh(t[0] * x + t[1]) + t[3] - y) ** 2
            for x, y in zip((-1, 0, 1, 2), (HALF, 0, 1, HALF / 2), strict=True)) / 8
    loss = Loss.from_expression(F, t, box=((-3, 3),) * 4)
    assert sorted(layer(loss).inputs) == sorted(layer(get("tanh-biased")).inputs) == [-1, 0, 1, 2]
    atlas = get("tanh-biased").critical_points()
    (family,) = atlas
    q = sum((Rational(7, 16) - y) * sympy.tanh(t[0] * x + t[1])
            for x, y in zip((-1, 0, 1, 2), (HALF, 0, 1, HALF / 2), strict=True))
    assert family.family and family.nature == "degenerate saddle" and family.value == Rational(35, 512)
    assert family.equations[:2] == (t[2], t[3] - Rational(7, 16))
    ratio = sympy.lambdify(t[:2], family.equations[2] / q, "numpy")(*np.random.default_rng(0).uniform(-2, 2, (2, 9)))
    assert np.allclose(ratio, ratio[0]) and ratio[0] != 0
    assert np.abs(loss.gradient(family.numeric)).max() < 1e-15


def test_a_teacher_is_found_with_both_signs():
    atlas = biased("tanh", TEACHER, reach=Fraction(3, 2)).critical_points()
    assert Counter(str(p.nature) for p in atlas) == {"minimum": 2, "degenerate saddle": 1}
    first, second = (p.numeric for p in atlas if p.nature == "minimum")
    assert np.allclose(first * [-1, -1, -1, 1], second) and all(p.certified for p in atlas)


def test_five_points_without_biases():
    loss = paired(([1, 2, 3, 4, 5], [1, HALF, 1, HALF, 1]), reach=Rational(1, 2))
    atlas = loss.critical_points()
    assert atlas.complete and [str(p.nature) for p in atlas] == ["saddle"] and atlas[0].theta == (0, 0, 0, 0)


TENTH = Fraction(1, 10)


def xor(decay: tuple) -> Loss:
    net = Network((2, 2, 1), ("tanh", "linear"), ([(0, 0), (0, 1), (1, 0), (1, 1)], [0, 1, 1, 0]), bias=False)
    return decayed(net, decay, "xor")


@pytest.mark.parametrize("targets, minimum", [([HALF, 3 * HALF / 2, 1], True), ([1, -1, 1], False)])
def test_equal_units_are_lines_of_critical_points(targets, minimum):
    """Fukumizu and Amari's lines: where one unit has a minimum, minima on one side of a_1 a_2 = 0, saddles on the
    other; where it has a saddle, saddles."""
    loss = paired(([1, 2, 3], targets), reach=2)
    atlas = loss.critical_points()
    assert atlas.complete and len(atlas.families) == (8 if minimum else 4)
    assert Counter(str(p.nature) for p in atlas.families) == (
        {"non-strict minimum": 4, "degenerate saddle": 4} if minimum else {"degenerate saddle": 4})
    assert Counter(str(p.nature) for p in atlas if not p.family) == {"saddle": 5}
    for p in atlas.families:
        held = 0
        for first in np.linspace(-3, 3, 13):
            theta = np.array([float(sympy.sympify(x).subs({p.family[0]: first})) for x in p.theta])
            if all(bool(e.subs(dict(zip(p.symbols, theta, strict=True)))) for e in p.inequalities) and theta[2:].all():
                sizes, held = np.linalg.eigvalsh(loss.hessian(theta)), held + 1
                assert np.abs(loss.gradient(theta)).max() < 1e-14 and np.sum(np.abs(sizes) < 1e-12) == 1
                assert sizes[0] < -1e-5 if p.nature == "degenerate saddle" else sizes[0] > -1e-12
        assert held > 1
    points = found(loss)
    points = points[:, (np.abs(points[:2]) <= 2).all(axis=0) & (np.abs(points[2:]) < 20).all(axis=0)]
    assert points.shape[1] > 100 and is_listed(atlas, points).all()


def test_a_unit_beside_a_critical_one_has_trivial_zeros_that_are_told():
    """h vanishes at 0 once and at w twice: boxes around them are decided, boxes that hold another zero never are."""
    loss = paired(([1, 2, 3], [HALF, -3 * HALF / 2, 1]), reach=2, activation="sin")
    layer_, one = layer(loss), alone(layer(loss), Enclosures(loss))
    (unit,) = [z for z in located(one, np.array([0.1, -5.0]), np.array([2.0, 5.0])) if 1.2 < z.middle[0] < 1.5]
    beside, (w, a) = Beside(layer_, unit, None), unit.middle
    x, y = np.array([1.0, 2.0, 3.0]), np.array([0.5, -0.75, 1.0])
    h = np.vectorize(lambda v: ((a * np.sin(w * x) - y) * np.sin(v * x)).sum())
    v = np.linspace(0, 4, 8001)
    values = h(v)
    zeros = v[:-1][(values[:-1] * values[1:] < 0) & (np.abs(v[:-1] - w) > 1e-2) & (v[:-1] > 1e-2)]
    assert len(zeros) and beside.bend() == -np.sign(((a * np.sin(w * x) - y) * x**2 * np.sin(w * x)).sum())
    rng = np.random.default_rng(0)
    for zero in zeros:
        low, high = zero - rng.uniform(0, 1, (1, 2000)), zero + 5e-4 + rng.uniform(0, 1, (1, 2000))
        assert not beside.decided(low, high).any()
    assert beside.decided(np.array([[w - 1e-3, 0.0]]), np.array([[w + 1e-3, 1e-3]])).all()


def test_weight_decay_leaves_no_strata():
    loss = xor((TENTH,) * 6)
    atlas = loss.critical_points()
    assert atlas.complete and atlas.region is None and "a = (ΦᵀΦ + N)⁻¹ Φᵀ y" in str(atlas)
    assert Counter(str(p.nature) for p in atlas) == {"minimum": 4, "saddle": 5}
    points = found(loss, 500)
    assert points.shape[1] > 300 and is_listed(atlas, points).all()


def test_decays_of_their_own():
    """The equations in the hidden parameters are those of F at the output weights that fit best."""
    loss = xor((TENTH, 2 * TENTH, 3 * TENTH, TENTH, 2 * TENTH, TENTH / 4))
    parts, rng = Ridge(Enclosures(loss), []), np.random.default_rng(0)
    for _ in range(20):
        h = rng.uniform(-2, 2, 4)
        theta = np.r_[h, 0, 0]
        theta[4:] = -np.linalg.solve(loss.hessian(theta)[4:, 4:], loss.gradient(theta)[4:])
        low, high, _ = parts.system.values(h[:, None], h[:, None])
        assert np.allclose(low[:, 0], 4 * loss.gradient(theta)[:4], atol=1e-12) and (high - low < 1e-10).all()


def test_boxes_around_the_points_of_a_ridge_are_never_excluded():
    loss = xor((TENTH,) * 6)
    enclosures = Enclosures(loss)
    parts = Ridge(enclosures, symmetries(loss, np.full(6, -9.0), np.full(6, 9.0)))
    points = np.array([p.numeric for p in loss.critical_points()]).T[:4]
    low, high = around(points, 20_000, 8)
    assert len(parts.group) == 15 and not parts.rows.excludes(low - 1e-12, high + 1e-12).any()
    largest = max(map(tuple, np.round(points, 9).T.tolist()))
    low, high = around(np.array(largest)[:, None], 20_000, 9)
    assert parts.keep(low - 1e-8, high + 1e-8).all()


def test_without_decay_of_the_output_weights_there_is_no_ridge():
    loss = xor((TENTH,) * 4 + (0 * TENTH, TENTH))
    assert Ridge(Enclosures(loss), []).system is None


# ------------------------------------------------------------------------------------------------------------ guards
def test_strata_that_are_not_covered_are_said():
    sines = paired(([1, 2, 3], [HALF, HALF / 2, 3 * HALF / 2]), reach=2, activation="sin").critical_points()
    assert not sines.complete and "a network of one unit" in str(sines.undecided[0])
    # tanh(5x/4) − 2 tanh(x/2), nearly
    data = [HALF, 1, 2], [Fraction(6, 100), Fraction(-8, 100), Fraction(-54, 100)]
    fitting = paired(data, reach=2).critical_points()
    assert not fitting.complete and any("residuals vanish" in str(u) for u in fitting.undecided)


def test_networks_that_are_not_eliminated():
    flat = [0, 1, 0, 1], [-1, 0, 1, 2]
    assert layer(biased("tanh")) and layer(paired(CURVED)) is None  # inputs 1 and −1 of an odd unit
    assert layer(biased("tanh", ([0, 1, 2], [0, 1, 0]))) is None  # three data, four parameters
    assert layer(biased("tanh", flat)) is None  # inputs that are equal
    assert layer(Network((1, 2, 1), ("tanh", "linear"), CURVED)) is None
    assert layer(paired(([1, 2, 3], [1, HALF, 1]), activation="sigmoid")) is None  # not odd
    assert layer(get("polytwo")) is None and layer(get("linear-decay")) is None


@pytest.mark.parametrize("loss", [
    biased("tanh", ([-1, 0, 1, 2], [1, 0, 0, 1]), reach=1),
    biased(lambda z: exp(-z * z), reach=HALF)], ids=["uncorrelated", "a bell"])
def test_a_constant_unit_may_be_critical(loss):
    """Where Σ (y − mean) x = 0 or φ'(b) = 0, w = 0 leaves critical points with a ≠ 0."""
    atlas = loss.critical_points(budget=1)
    assert not atlas.complete and all(np.isfinite(atlas.region).flat)


def test_a_box_of_output_weights_that_holds_no_unused_unit():
    atlas = get("tanh-biased").critical_points(region=((-3, 3), (-3, 3), (1, 2), (-1, 1)), budget=1)
    assert atlas.region == ((-3, 3), (-3, 3), (1, 2), (-1, 1)) and "eliminated" not in atlas.proof[0]


# -------------------------------------------------------------------------------------------------------- enclosures
def determinant(columns, others, y):
    """(Φ, y)ᵀ(Φ, ψ) of columns in many digits."""
    left, right = mpmath.matrix([*columns, y]).T, mpmath.matrix([*columns, others]).T
    return mpmath.det(left.T * right)


def divided(f, nodes):
    """Of f at nodes that may come twice, side by side; f(w, k) its k-th derivative."""
    if len(nodes) == 1:
        return f(nodes[0], 0)
    if nodes[0] == nodes[-1]:
        return f(nodes[0], 1)
    return (divided(f, nodes[1:]) - divided(f, nodes[:-1])) / (nodes[-1] - nodes[0])


def encloses(cover, exact, low, high, point):
    """Every zone holds what `exact` says of it at a point of the box (low, high)."""
    for k, (zone, tape, intervals) in enumerate(cover.zones):
        named = intervals(low[:, None], high[:, None])
        further = [*["centre"] * (len(zone.inputs) - 2), *(of for of, _ in zone.means)]
        ends = [np.vstack([x[:, None], *(named[of][side] for of in further)]) for side, x in enumerate((low, high))]
        a, b, _ = tape(*ends)
        values = exact(k, *point)
        assert all(p <= v <= q for p, v, q in zip(a[:, 0], values, b[:, 0], strict=True)), (k, values, a, b)


TANH = sympy.tanh(Z)
FOUR = Layer(TANH, (-1, 0, 1, 2), (Rational(1, 2), 0, 1, Rational(1, 4)), ((0, 1),), (2,), 3)
PAIR = Layer(TANH, (1, 2, 3, Rational(7, 2)), (1, -1, 1, 0), ((0,), (1,)), (2, 3), None)


@pytest.mark.parametrize("k", range(4))
def test_the_remainder_of_a_divided_difference(k):
    """zⁿ at k + 1 equal nodes e: C(n, k) eⁿ⁻ᵏ, all of it remainder."""
    zone, n, e = Zone(Z, ["e"]), 6, 0.75
    nodes = [zone.inputs[0]] * (k + 1)
    value = confluent(zone, [zone.lift(0)] * n, nodes, zone.lift(1), zone.inputs[0])
    low, high, _ = zone.tape([value])(np.array([[e]]), np.array([[e]]))
    exact = float(sympy.binomial(n, k)) * e ** (n - k)
    assert low[0, 0] <= exact <= high[0, 0] < exact * (1 + 1e-12)


@pytest.mark.parametrize("size", [1e-3, 0.05, 0.3])
def test_boxes_enclose_the_determinants_of_one_unit(size):
    parts, rng = Biased(FOUR, None), np.random.default_rng(1)
    x, y = ([mpmath.mpf(e.p) / e.q for e in map(sympy.Rational, side)] for side in (FOUR.inputs, FOUR.targets))
    ones = [mpmath.mpf(1)] * 4

    def exact(_, w, b):
        w, b = mpmath.mpf(w), mpmath.mpf(b)
        phi, slope = ([f(w * e + b) for e in x] for f in (mpmath.tanh, lambda z: mpmath.sech(z) ** 2))
        tilted = [e * s for e, s in zip(x, slope, strict=True)]
        return [determinant([ones, phi], psi, y) / w ** n for psi, n in ((slope, 4), (tilted, 3))]

    with mpmath.workdps(60):
        for _ in range(60):
            low = rng.uniform([-1, -2], [2, 2])
            high = low + rng.uniform(0.1, 1, 2) * size
            encloses(parts.cover, exact, low, high, rng.uniform(low, high))


@pytest.mark.parametrize("size", [1e-3, 0.03, 0.2])
def test_boxes_enclose_the_determinants_of_two_units(size):
    parts, rng = Paired(PAIR, None), np.random.default_rng(2)
    x, y = ([mpmath.mpf(e.p) / e.q for e in map(sympy.Rational, side)] for side in (PAIR.inputs, PAIR.targets))

    def f(w, k):
        return mpmath.matrix([e * mpmath.sech(w * e) ** 2 if k else mpmath.tanh(w * e) for e in x])

    def even(s, k):  # f(√s)/√s
        w = mpmath.sqrt(s)
        return (f(w, 1) - f(w, 0) / w) / (2 * s) if k else f(w, 0) / w

    def exact(zone, u, v):
        u, v = mpmath.mpf(u), mpmath.mpf(v)
        if zone == 0:
            columns = f(u, 0), f(v, 0), f(u, 1), f(v, 1)
        elif zone == 2:
            columns = f(u, 0), even(v * v, 0), f(u, 1), even(v * v, 1)
        else:
            g, a, c = (f, u, v) if zone == 1 else (even, u * u, v * v)
            columns = tuple(divided(g, n) for n in ((a,), (a, c), (a, a, c), (a, a, c, c)))
        first, second, *others = (list(c) for c in columns)
        return [determinant([first, second], psi, y) for psi in others]

    with mpmath.workdps(60):
        for _ in range(40):
            v = rng.choice([0.05, 0.4, 1.0]) * rng.uniform(0.1, 1)
            low = np.array([v + rng.uniform(0.01, 0.5), v])
            high = low + rng.uniform(0.1, 1, 2) * size
            encloses(parts.cover, exact, low, high, rng.uniform(low, high))


# -------------------------------------------------------------------------------------------------------------- fuzz
def around(points, count, seed):
    """Random boxes of all sizes that hold a point, (n, count)."""
    rng = np.random.default_rng(seed)
    centre = points[:, rng.integers(points.shape[1], size=count)]
    size = 10.0 ** rng.uniform(-9, 0.3, (len(centre), count))
    share = rng.uniform(0, 1, size.shape)
    return centre - share * size, centre + (1 - share) * size


def test_boxes_around_critical_points_are_never_excluded():
    loss = biased("tanh", TEACHER, reach=Fraction(3, 2))
    points = np.array([p.numeric for p in loss.critical_points() if not p.family]).T[:2]
    a, b = around(points, 40_000, 4)
    assert not Biased(layer(loss), None).cover.excludes(a - 1e-12, b + 1e-12).any()


def test_boxes_around_a_network_of_two_units_are_never_excluded():
    """Data that two units fit but for a part that is orthogonal to all slopes: a critical point by construction."""
    w, a, x = np.array([1.25, 0.5]), np.array([1.0, -2.0]), np.array([0.5, 1.0, 1.5, 2.0, 2.5])
    phi = np.tanh(np.outer(x, w))
    slopes = x[:, None] * (1 - phi**2)
    rest = np.linalg.svd(np.hstack([phi, slopes]).T)[2][-1]
    targets = tuple(sympy.Rational(float(t)) for t in phi @ a + rest)
    parts = Paired(Layer(TANH, tuple(map(sympy.Rational, x)), targets, ((0,), (1,)), (2, 3), None), None)
    low, high = around(w[:, None], 20_000, 5)
    low, high = np.maximum(low, 0), np.maximum(high, 1e-9)
    assert not parts.cover.excludes(low - 1e-9, high + 1e-9).any()


def test_intervals_around_a_network_of_one_unit_are_never_excluded():
    loss = paired(([1, 2, 3], [1, -1, 1]))
    w = max(p.numeric[0] for p in loss.critical_points())
    assert w > 0.5
    a, b = around(np.array([[w]]), 5000, 6)
    assert not Paired(layer(loss), None).single()[1].excludes(np.maximum(a, 0) - 1e-9, b + 1e-9).any()


def test_boxes_around_an_interpolating_network_are_never_excluded():
    w, a, x = np.array([1.25, 0.5]), np.array([1.0, -2.0]), (HALF, Fraction(1), Fraction(2))
    targets = tuple(sympy.Rational(float(np.tanh(float(e) * w) @ a)) for e in x)
    parts = Paired(Layer(TANH, tuple(map(sympy.Rational, x)), targets, ((0,), (1,)), (2, 3), None), None)
    low, high = around(w[:, None], 20_000, 7)
    low, high = np.maximum(low, 0), np.maximum(high, 1e-9)
    assert not parts.fit.excludes(low - 1e-9, high + 1e-9).any()
    assert parts.fit.excludes(np.array([[1.0], [0.3]]), np.array([[1.01], [0.31]])).all()
