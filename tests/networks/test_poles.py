"""Where a loss is infinite, and boxes beside that; gradients with as many zeros as they can have."""
from collections import Counter

import numpy as np
import pytest
import sympy
from sympy import Rational, exp, log, sin
from sympy.polys.groebnertools import groebner

from networks import Loss, counted, get
from networks.algebra import Clock, Quotient
from networks.critical import _common_zeros
from networks.enclosed import Enclosures
from networks.poles import affine_form, poles
from networks.polynomials import critical_set

x, y = sympy.symbols("x y", real=True)
BELL = 1 - exp(-(x + y) ** 2 / 2)


def of(f, reach=4.0):
    loss = Loss.from_expression(f, (x, y), box=((-reach, reach),) * 2)
    low, high = np.array(loss.box).T
    return loss, poles(Enclosures(loss), low, high, _common_zeros)


def test_a_bell_by_its_cross_entropy_is_complete():
    """Infinite on w + b = 0, and complete all the same."""
    atlas = get("cloche-entropy").critical_points()
    assert atlas.complete and Counter(p.nature for p in atlas) == {"minimum": 2}
    assert any("F is infinite where b + w = 0" in line for line in atlas.proof)


@pytest.mark.parametrize("f, order, power", [
    (x**2 + y**2 - log(BELL), 2, 0), (x**2 - y - log(exp(x + y) - 1), 1, 0), (x**2 + y**2 + (x + y) ** -2, 1, 2),
    (x**2 + 1 / (x - y + 1), 1, 1)])
def test_a_pole_is_found_with_its_order(f, order, power):
    _, (pole,) = of(f)
    assert (pole.order, pole.power) == (order, power)


@pytest.mark.parametrize("f, points", [
    (x**2 + y**2 - log(BELL), 2), (40 * (x + y) ** 2 + x**2 - 2 * log(BELL), 2), (x**2 + y**2 + 3 * (x + y) ** -2, 2),
    (x**2 + y**2 - log(1 - exp(x + y)) + x, 1), (30 * (x + y) ** 2 + x**2 - 3 * x - Rational(1, 7) * log(BELL), 2)])
def test_boxes_that_are_held_have_no_critical_point(f, points):
    """Random boxes beside the pole; in those that are held the slope across it vanishes nowhere, and no known critical
    point is in them, however near to the pole."""
    loss, (pole,) = of(f)
    rng = np.random.default_rng(0)
    size = 10.0 ** rng.uniform(-4, 0.5, 4000)
    place = rng.uniform(-2, 2, 4000)
    middle = np.array([place, -place + rng.normal(size=4000) * size])
    low, high = middle - size * rng.uniform(0, 1, (2, 4000)), middle + size * rng.uniform(0, 1, (2, 4000))
    held = pole.holds(low, high)
    assert held.any() and not held.all()
    low, high = low[:, held], high[:, held]
    for _ in range(30):
        theta = low + (high - low) * rng.uniform(0, 1, low.shape)
        with np.errstate(all="ignore"):
            slope = loss.gradient(theta)
        defined = np.isfinite(slope).all(axis=0)
        assert (np.abs(slope[:, defined]).max(axis=0) > 0).all()
        signs = np.sign(slope.sum(axis=0) * theta.sum(axis=0))[defined]
        assert len(set(signs)) <= 1  # it falls away from the pole, everywhere
    atlas = loss.critical_points()
    assert atlas.complete and len(atlas) == points
    for p in atlas:
        inside = ((low <= p.numeric[:, None]) & (high >= p.numeric[:, None])).all(axis=0)
        assert not inside.any()
        for radius in (1e-6, 1e-3):
            assert not pole.holds(p.numeric[:, None] - radius, p.numeric[:, None] + radius).any()


@pytest.mark.parametrize("f", [x**2 + y**2 - log(1 - exp(-(x * y) ** 2)), x**2 + y**2 + 1 / (x**2 + y**2)])
def test_a_pole_that_is_no_hyperplane_is_left_alone(f):
    assert of(f)[1] == []


def test_where_a_loss_has_no_value_is_no_critical_point():
    """The formula of the gradient vanishes at x + y = 1.04…, too, where log is of a negative number."""
    loss = Loss.from_expression(x**2 + y**2 - log(1 - exp(x + y)) + x, (x, y), box=((-4, 4), (-4, 4)))
    (point,) = loss.critical_points()
    assert point.nature == "minimum" and point.numeric.sum() < 0 and np.isfinite(float(point.value))
    (end,) = Loss.from_expression((1 - x) ** Rational(3, 2) + x**2, (x,), box=((-3, 3),)).critical_points(budget=5)
    assert float(end.numeric[0]) == pytest.approx((-9 + np.sqrt(9**2 + 4 * 9 * 16)) / 32)


def test_what_is_no_pole():
    """A place where the argument of log is not exactly 0."""
    loss, (pole,) = of(x**2 + y**2 - log(BELL))
    low, high = np.array(loss.box).T
    assert poles(pole.enclosures, low, high, lambda e, s: [Rational(1, 10**9)]) == []


def test_affine_forms():
    assert affine_form(sympy.cosh(2 * x - y), (x, y)).expand() in (x - y / 2, 2 * x - y)
    assert affine_form(x * y, (x, y)) is None and affine_form(sympy.Integer(3), (x, y)) is None


# ------------------------------------------------------------------------------------------- by their number
def chain(n: int):
    """Styblinski and Tang's function of n coordinates, coupled in a chain: 3ⁿ critical points, all real."""
    t = sympy.symbols(f"t1:{n + 1}", real=True)
    f = sum(v**4 / 2 - 8 * v**2 + 5 * v / 2 for v in t) + sum(a * b for a, b in zip(t, t[1:], strict=False)) / 3
    return f, t


def test_all_243_points_of_a_chain_of_five():
    f, t = chain(5)
    found = critical_set(f, t)
    assert found.complete and len(found.points) == 243
    # of one coordinate there are two minima and a maximum
    assert Counter(p.nature for p in found.points) == {"minimum": 32, "saddle": 210, "maximum": 1}
    assert "at most 243 complex zeros" in found.proof[0]
    boxes = np.array([[[float(a), float(b)] for a, b in p.box] for p in found.points])
    apart = (boxes[:, None, :, 0] > boxes[None, :, :, 1]) | (boxes[:, None, :, 1] < boxes[None, :, :, 0])
    assert (apart.any(axis=2) | np.eye(243, dtype=bool)).all()


def algebra_of(f, t):
    clock = Clock(30)
    ring = clock.ring(t)
    p = ring.from_expr(sympy.expand(f))
    slope = [p.diff(v) for v in ring.gens]
    return Quotient(groebner(slope, ring), clock), p, slope


def test_fewer_real_zeros_than_dimensions_are_not_all():
    """x⁸/8 + x, twice: 49 complex zeros, 1 real."""
    f = sum(v**8 / 8 + v for v in (x, y))
    assert counted.counted(*algebra_of(f, (x, y))) is None
    found = critical_set(f, (x, y))
    assert found.complete and [p.theta for p in found.points] == [(-1, -1)] and "trace form" in found.proof[0]


def test_the_same_zero_twice_is_one(monkeypatch):
    f, t = chain(2)
    algebra, p, slope = algebra_of(f, t)
    assert counted.counted(algebra, p, slope).low.shape == (2, 9)
    right = counted.candidates(algebra)
    monkeypatch.setattr(counted, "candidates", lambda algebra: np.hstack([right[:, :8], right[:, :1] + 1e-9]))
    assert counted.counted(algebra, p, slope) is None


def test_rational_zeros_are_exact():
    t = sympy.symbols("t1:5", real=True)
    found = critical_set(sum(v**4 / 4 - v**2 / 2 for v in t), t)
    assert found.complete and len(found.points) == 81 and all(p.exact for p in found.points)
    assert {v for p in found.points for v in p.theta} == {-1, 0, 1}


def test_a_box_of_a_loss_with_decay_is_not_its_region():
    """Eggcrate: 7 zeros of 2x + 25 sin 2x in [−5, 5], 17 in all, as |x| ≤ 25/2 at a zero."""
    loss = Loss.from_expression(x**2 + y**2 + 25 * sin(x) ** 2 + 25 * sin(y) ** 2, (x, y), box=((-5, 5), (-5, 5)))
    everywhere = loss.critical_points()
    assert everywhere.complete and everywhere.region is None and len(everywhere) == 17**2
    there = loss.critical_points(region=loss.box)
    assert there.complete and Counter(p.nature for p in there) == {"minimum": 9, "saddle": 24, "maximum": 16}
    u = np.linspace(0.01, 12.6, 100001)
    changes = np.flatnonzero(np.diff(np.sign(2 * u + 25 * np.sin(2 * u))))
    assert 2 * len(changes) + 1 == 17 and 2 * (u[changes] < 5).sum() + 1 == 7


@pytest.mark.parametrize("box", [(-3, 3, -3, 3), [-1, 1], 3, [("a", "b"), (0, 1)]])
def test_a_box_that_is_none_is_told_so(box):
    with pytest.raises(ValueError, match=r"must be a sequence of \(low, high\)"):
        Loss.from_expression(x**2 + y**2, (x, y), box=box)
    with pytest.raises(ValueError, match=r"must be a sequence of \(low, high\)"):
        Loss.from_expression(x**2 + y**2, (x, y)).critical_points(region=box)
