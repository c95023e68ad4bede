"""Boundaries of basins: entropies and dimensions beside plain loops and known sets, shocks and edge states beside
exact ones."""
import math

import numpy as np
import pytest
import sympy

import networks
from basins import (
    End,
    convergence_times, edge_state, entropy, fatal_shocks, grid, study, tipping, uncertainty, uncertainty_exponent,
)
from schemes import Stop, named

MAPS = [("momentum", {"lr": 0.1}), ("gd", {"lr": 0.1}), ("adam", {"lr": 0.1}), ("adam", {"lr": 0.5}), ("newton", {})]
STOP = Stop(max_steps=2000)
BOX = ((-3, 3), (-3, 3))


@pytest.fixture(scope="module")
def polytwo():
    return networks.get("polytwo")


def map_of(loss, name, hyperparameters, side):
    return study(loss, named(name, **hyperparameters), grid(BOX, side), stop=STOP, progress=False)


def ends_of(loss, name, hyperparameters, side):
    """A map of ends as they are: the point within 0.05, or else the outcome."""
    problem = named(name, **hyperparameters).problem(loss, STOP)
    end = problem.finish(*problem.run(problem.begin(grid(BOX, side))))
    points = np.array([p.numeric for p in loss.critical_points()])
    with np.errstate(invalid="ignore"):
        far = np.linalg.norm(end.y[:2] - points[:, :, None], axis=1)
    codes = np.where(far.min(axis=0) <= 0.05, far.argmin(axis=0), -end.outcome.astype(int))
    return codes.reshape(side, side)


# --------------------------------------------------------------------------------------- entropies, dimensions
def entropies_by_loops(codes, box):
    """S_b and S_bb, box by box and start by start."""
    found = []
    for i in range(0, len(codes) - box + 1, box):
        for j in range(0, len(codes[0]) - box + 1, box):
            inside = [codes[i + a][j + b] for a in range(box) for b in range(box)]
            shares = [inside.count(label) / box**2 for label in set(inside)]
            found.append(sum(-p * math.log(p) for p in shares))
    mixed = [s for s in found if s > 0]
    return sum(found) / len(found), sum(mixed) / len(mixed), len(mixed)


def dimension_by_loops(codes, steps):
    """2 − the slope of log f over log ε by the formula for a line through points, pairs counted one by one."""
    points = []
    for s in steps:
        shares = []
        for di, dj in ((0, s), (s, 0)):
            pairs = [(i, j) for i in range(len(codes) - di) for j in range(len(codes[0]) - dj)]
            shares.append(sum(codes[i][j] != codes[i + di][j + dj] for i, j in pairs) / len(pairs))
        points.append((math.log(s), math.log(sum(shares) / 2)))
    n, sx, sy = len(points), sum(x for x, _ in points), sum(y for _, y in points)
    sxx, sxy = sum(x * x for x, _ in points), sum(x * y for x, y in points)
    return 2 - (n * sxy - sx * sy) / (n * sxx - sx * sx)


@pytest.mark.parametrize("name, hyperparameters", MAPS, ids=[f"{n}-{h.get('lr', 1)}" for n, h in MAPS])
def test_five_maps_beside_plain_loops(polytwo, name, hyperparameters):
    result = ends_of(polytwo, name, hyperparameters, 82)  # boxes of 5 leave two rows and columns over
    codes = result.tolist()
    found, (basin, boundary, mixed) = entropy(result, box=5), entropies_by_loops(codes, 5)
    assert (found.boxes, found.mixed) == (16 * 16, mixed)
    assert (found.basin, found.boundary) == pytest.approx((basin, boundary), rel=1e-12)
    assert uncertainty(result, (1, 2, 4, 8)).dimension == pytest.approx(dimension_by_loops(codes, (1, 2, 4, 8)))


@pytest.mark.parametrize("name, hyperparameters, basin, boundary, dimension", [
    ("momentum", {"lr": 0.1}, 0.196, 0.698, 1.53), ("gd", {"lr": 0.1}, 0.042, 0.545, 1.15),
    ("adam", {"lr": 0.1}, 0.023, 0.513, 1.01), ("adam", {"lr": 0.5}, 0.062, 0.504, 1.14),
    ("newton", {}, 0.069, 0.624, 1.22)], ids=[f"{n}-{h.get('lr', 1)}" for n, h in MAPS])
def test_of_maps_of_500_by_500(polytwo, name, hyperparameters, basin, boundary, dimension):
    """Boxes of 5 × 5 starts; the dimension between 1 and 16 steps of the grid, found within 0.03 by another program."""
    result = ends_of(polytwo, name, hyperparameters, 500)
    found = entropy(result, 5)
    assert (found.basin, found.boundary) == pytest.approx((basin, boundary), abs=6e-4)
    assert uncertainty(result).dimension == pytest.approx(dimension, abs=0.04)


def test_entropies_that_are_known():
    halves = np.repeat([[0, 0, 1, 1]], 4, axis=0)
    assert entropy(halves, 4).basin == entropy(halves, 4).boundary == pytest.approx(math.log(2))
    assert entropy(halves, 2).basin == 0 and math.isnan(entropy(halves, 2).boundary) and entropy(halves, 2).mixed == 0
    thirds = np.tile(np.arange(3), (30, 10))
    found = entropy(thirds, 3)
    assert found.boundary == pytest.approx(math.log(3)) and found.exceeds_log_2 and found.mixed == found.boxes == 100
    quarter = np.zeros((4, 8), dtype=int)
    quarter[:2, :2] = 7  # a quarter of one of two boxes
    s = -0.25 * math.log(0.25) - 0.75 * math.log(0.75)
    assert (entropy(quarter, 4).basin, entropy(quarter, 4).boundary) == pytest.approx((s / 2, s))


def test_a_study_has_the_entropy_of_its_map(polytwo):
    result = map_of(polytwo, "gd", {"lr": 0.1}, 40)
    assert entropy(result, 4) == entropy(result.codes.reshape(40, 40), 4)
    assert uncertainty(result).exponent == uncertainty(result.map()).exponent


def test_the_log_2_test_is_not_passed_by_chance():
    """Two labels can reach log 2 and never exceed it; three labels in few boxes exceed it by less than their error."""
    noise = np.random.default_rng(0).integers(0, 2, (60, 60))
    assert not entropy(noise, 5).exceeds_log_2
    few = np.repeat([[0, 0, 0, 1, 1, 1]], 6, axis=0)
    few[:3, :3] = np.arange(9).reshape(3, 3) % 3
    assert entropy(few, 3).boundary > math.log(2) and not entropy(few, 3).exceeds_log_2


def cantor(levels):
    """The label of each cell of [0, 1]: the level at which the middle thirds leave it out; 0 where none does."""
    x, label = np.arange(3**levels), np.zeros(3**levels, dtype=int)
    for k in range(1, levels + 1):
        label = np.where((label == 0) & (x // 3 ** (levels - k) % 3 == 1), k, label)
    return label


def test_dimensions_that_are_known():
    line = np.repeat([np.arange(300) > 120], 300, axis=0).astype(int)
    assert uncertainty(line).exponent == pytest.approx(1, abs=0.02)
    rows = np.repeat(cantor(9)[None], 100, axis=0)
    measured = uncertainty(rows, (1, 3, 9, 27, 81))
    assert measured.dimension == pytest.approx(1 + math.log(2) / math.log(3), abs=0.01)
    assert (np.abs(measured.slopes - (1 - math.log(2) / math.log(3))) < 0.05).all() and measured.error < 0.03
    assert measured.table().columns[0] == "ε" and "boundary dimension 1.6" in str(measured)
    assert math.isnan(uncertainty(np.zeros((20, 20), dtype=int)).exponent)


def test_shifts_of_random_starts_see_a_line():
    """(x² − 1)²/4 + y²/2 under small steps: the boundary is x = 0, and a shift by ε crosses it with probability
    E|cos|·ε/2 = ε/π in a box of width 2."""
    x, y = sympy.symbols("x y")
    loss = networks.Loss.from_expression((x**2 - 1) ** 2 / 4 + y**2 / 2, (x, y))
    found = uncertainty_exponent(loss, named("gd", lr=0.1), (-1, 1), [0.02, 0.04, 0.08, 0.16], n=20_000, seed=1)
    assert found.dimension == pytest.approx(1, abs=3 * found.error + 0.05)
    assert found.share == pytest.approx(found.epsilon / math.pi, rel=0.15)


@pytest.mark.parametrize("call, message", [
    (lambda: entropy(np.zeros(5, dtype=int)), "rows and columns"), (lambda: entropy(np.zeros((5, 5))), "integers"),
    (lambda: entropy(np.zeros((5, 5), dtype=int), 6), "from 2 to 5"),
    (lambda: entropy(np.zeros((5, 5), dtype=int), 2.5), "integer"),
    (lambda: uncertainty(np.zeros((5, 5), dtype=int), (1, 5)), "from 1 to 4"),
    (lambda: uncertainty(np.zeros((5, 5), dtype=int), (0.5,)), "integers"),
    (lambda: uncertainty_exponent(networks.get("polytwo"), named("gd"), (-1, 1), [0.0]), "positive")])
def test_bad_input_is_named(call, message):
    with pytest.raises(ValueError, match=message):
        call()


# ---------------------------------------------------------------------------------------------- shocks, edges
def test_the_fatal_shock_of_a_double_well_is_its_distance_to_the_ridge():
    x, y = sympy.symbols("x y")
    loss = networks.Loss.from_expression((x**2 - 1) ** 2 / 4 + y**2 / 2, (x, y))
    result = study(loss, named("gd", lr=0.1), grid((-2, 2), 20), progress=False)
    shocks = fatal_shocks(loss, named("gd", lr=0.1), result)
    assert [s.minimum for s in shocks] == ["minimum (-1, 0)", "minimum (1, 0)"]
    for shock in shocks:
        assert 1 - 1e-6 <= shock.distance < 1 + 1e-3  # the ridge is x = 0; at rest beside the saddle is elsewhere
        assert shock.end in {"minimum (-1, 0)", "minimum (1, 0)", "saddle (0, 0)"} - {shock.minimum}
        assert abs(shock.start[0]) < 1e-6 and np.linalg.norm(shock.start - shock.inside) < 2e-9


def test_what_rests_at_no_known_point_is_no_shock():
    """Of what is at rest somewhere nobody knows whether it stays: with one point known there is no elsewhere."""
    x, y = sympy.symbols("x y")
    loss = networks.Loss.from_expression((x**2 - 1) ** 2 / 4 + y**2 / 2, (x, y))
    known = [p for p in loss.critical_points() if p.theta == (1, 0)]
    result = study(loss, named("gd", lr=0.1), grid((-2, 2), 10), points=known, progress=False)
    assert 0 < result.fraction("minimum") < 1
    assert fatal_shocks(loss, named("gd", lr=0.1), result, points=known) == []


@pytest.mark.parametrize("name, hyperparameters", [("gd", {"lr": 0.1}), ("momentum", {"lr": 0.1})])
def test_a_fatal_shock_does_what_it_says(polytwo, name, hyperparameters):
    """Its start ends elsewhere, the one just inside returns, and no start of a fine map is nearer."""
    optimizer, coarse = named(name, **hyperparameters), map_of(polytwo, name, hyperparameters, 40)
    fine, shocks = map_of(polytwo, name, hyperparameters, 300), fatal_shocks(polytwo, optimizer, coarse, nearest=16)
    assert len(shocks) == 4
    for shock in shocks:
        both = study(polytwo, optimizer, np.array([shock.start, shock.inside]).T, stop=STOP, progress=False)
        assert [both.label(int(c)) for c in both.codes] == [shock.end, shock.minimum]
        (i,) = [i for i in range(len(coarse.points)) if coarse.label(i) == shock.minimum]
        centre = np.array(coarse.points[i].theta)
        assert np.linalg.norm(shock.start - centre) == pytest.approx(shock.distance)
        elsewhere = fine.starts[:, fine.codes != i] - centre[:, None]
        assert shock.distance <= np.linalg.norm(elsewhere, axis=0).min()
    with pytest.raises(ValueError, match="not of polytwo by adam"):
        fatal_shocks(polytwo, named("adam"), coarse)


@pytest.mark.parametrize("name, hyperparameters", [
    ("gd", {"lr": 0.1}), ("momentum", {"lr": 0.1}), ("adam", {"lr": 0.1}), ("gd-richardson", {})])
def test_boundaries_lead_to_the_exact_saddles(polytwo, name, hyperparameters):
    result = map_of(polytwo, name, hyperparameters, 60)
    codes, starts = result.map(), result.starts.reshape(2, 60, 60)
    minima = [i for i, p in enumerate(result.points) if p.nature.is_minimum]
    meeting = (codes[:, 1:] != codes[:, :-1]) & np.isin(codes[:, 1:], minima) & np.isin(codes[:, :-1], minima)
    at = np.argwhere(meeting)
    for row, column in at[[0, len(at) // 2]]:
        edge = edge_state(polytwo, named(name, **hyperparameters), starts[:, row, column], starts[:, row, column + 1])
        saddle = min((p for p in polytwo.critical_points() if p.nature.is_saddle), key=lambda p: p.distance(edge.theta))
        assert edge.resting and edge.negative == 1 and edge.gradient < 1e-6
        assert saddle.distance(edge.theta) == edge.distance < 1e-6 and edge.point.startswith("saddle (")
        assert "1 negative eigenvalues" in str(edge)
    with pytest.raises(ValueError, match="end alike"):
        edge_state(polytwo, named(name, **hyperparameters), [0.1, 1.0], [0.2, 1.0])


def test_an_edge_that_still_moves_is_not_at_rest(polytwo):
    """One round from far away: what it says is that it moves."""
    edge = edge_state(polytwo, named("gd", lr=0.05), [-2.5, 0.5], [2.5, 0.5], rounds=1)
    assert not edge.resting and edge.moved > 1e-3 and str(edge).startswith("not at rest")


# ------------------------------------------------------------------------------------------- settings, times
def test_tipping_counts_every_start_once(polytwo):
    before, after = (map_of(polytwo, "gd", {"lr": lr}, 30) for lr in (0.1, 0.3))
    found = tipping(before, after)
    words = [(before.label(int(a)), after.label(int(b))) for a, b in zip(before.codes, after.codes, strict=True)]
    for i, a in enumerate(found.labels):
        for j, b in enumerate(found.labels):
            assert found.counts[i, j] == words.count((a, b))
    assert found.tipped == pytest.approx(np.mean([a != b for a, b in words])) and 0 < found.tipped < 1
    occurs = found.counts.sum(axis=1) > 0
    assert found.probabilities[occurs].sum(axis=1) == pytest.approx(1)
    assert np.isnan(found.probabilities[~occurs]).all() and "end elsewhere under gd(lr=0.3)" in str(found)
    assert tipping(before, before).tipped == 0
    with pytest.raises(ValueError, match="the same starts"):
        tipping(before, map_of(polytwo, "gd", {"lr": 0.3}, 29))


def test_convergence_times_are_those_of_the_labels(polytwo):
    result = map_of(polytwo, "gd", {"lr": 0.1}, 30)
    table = convergence_times(result)
    assert sum(row["starts"] for row in table) == 900
    for row in table:
        steps = [s for s, code in zip(result.steps.tolist(), result.codes, strict=True)
                 if result.label(int(code)) == row["end"]]
        assert (row["starts"], row["most"]) == (len(steps), max(steps))
        assert row["steps (mean)"] == pytest.approx(sum(steps) / len(steps))
        assert row["median"] == sorted(steps)[len(steps) // 2] or len(steps) % 2 == 0


def test_starts_of_which_it_is_not_known_where_they_go_are_left_out():
    """Adam with lr = 0.5: boxes and pairs with a start that is undecided or still moving say nothing of basins."""
    loss, adam = networks.get("polytwo"), named("adam", lr=0.5)
    result = study(loss, adam, grid(((-3, 3), (-3, 3)), 60), progress=False)
    known = (result.point >= 0).reshape(60, 60)
    boxes = known.reshape(12, 5, 12, 5).all(axis=(1, 3))
    found = entropy(result)
    assert 0 < found.unknown == (~boxes).sum() and found.boxes == boxes.sum()
    assert f"{found.unknown} left out" in str(found)
    pairs = (known[:, 1:] & known[:, :-1]).sum() + (known[1:] & known[:-1]).sum()
    assert uncertainty(result).pairs[0] == pairs < 2 * 60 * 59
    with pytest.raises(ValueError, match="raise Stop.max_steps"):
        entropy(study(loss, adam, result.starts, stop=Stop(max_steps=5), progress=False))


def test_a_plateau_is_an_end_like_others():
    """Some starts of cloche come to rest on one: that is known of them, and their boxes are not left out."""
    result = study(networks.get("cloche"), named("gd", lr=0.1), grid(networks.get("cloche").box, 40), progress=False)
    plateau = result.end == End.PLATEAU
    assert plateau.mean() > 0.05 and (result.settled == plateau | (result.point >= 0)).all()
    known = result.settled.reshape(8, 5, 8, 5).all(axis=(1, 3))
    assert entropy(result).boxes == known.sum()
