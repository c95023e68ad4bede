"""The search for all zeros: known answers, and soundness by boxes at random."""
import time

import numpy as np
import pytest

import arithmetic as ar
from arithmetic import Program, gradient
from arithmetic.enclose import Search, System, Zero, clusters, newton, refined, same
from arithmetic.tape import ExactGraph


def system(definition, n: int, executor=None) -> System:
    """The gradient of a function and its Jacobian."""
    graph = ExactGraph()
    x = graph.inputs("x", n)
    slope = gradient(graph.lift(definition(x)), x)
    second = tuple(e for g in slope for e in gradient(g, x))
    return System(Program(tuple(x), tuple(slope)), Program(tuple(x), second), executor)


def himmelblau(t):
    return (t[0] + t[1] ** 2 - 7) ** 2 + (t[0] ** 2 + t[1] - 11) ** 2


def double_wells(t):
    """3ⁿ stationary points near {−1, 0, 1}ⁿ."""
    return sum((x * x - 1) ** 2 for x in t) + sum(t[i] * t[i + 1] for i in range(len(t) - 1)) * 0.125


def waves(t):
    return ar.sin(3 * t[0]) * ar.cos(2 * t[1]) + 0.25 * t[0] * t[1]


def neuron(t):
    return (t[0] * ar.tanh(t[1]) - 0.5) ** 2 + (t[0] * ar.tanh(2 * t[1]) - 1) ** 2 + (t[0] ** 2 + t[1] ** 2) / 64


def solved(definition, n, half, executor=None, least=2.0**-30):
    search = Search(system(definition, n, executor), np.full(n, -half), np.full(n, half))
    assert search.run(np.full(n, 2 * half * least))
    return search


@pytest.mark.parametrize("executor", [None, "numpy"])
@pytest.mark.parametrize("definition, n, half, count", [
    (himmelblau, 2, 6.0, 9), (double_wells, 1, 3.0, 3), (double_wells, 2, 3.0, 9), (double_wells, 3, 3.0, 27),
    (double_wells, 4, 3.0, 81), (neuron, 2, 6.0, 3), (lambda t: ar.exp(t[0]) - 2 * t[0] + t[1] ** 2, 2, 5.0, 1),
    (lambda t: (1 - t[0]) ** 2 + 100 * (t[1] - t[0] ** 2) ** 2, 2, 5.0, 1),
])
def test_all_zeros_are_found_and_nothing_is_left_open(definition, n, half, count, executor):
    search = solved(definition, n, half, executor)
    assert len(search.found) == count and search.open[0].shape[1] == 0
    for zero in search.found:
        low, high, _ = search.system.values(zero.inner_low[:, None], zero.inner_high[:, None])
        assert np.all(low <= 0) and np.all(high >= 0) and np.all(zero.inner_high - zero.inner_low < 1e-12)
        assert newton(search.system, zero.middle[:, None], np.full((n, 1), 1e-6)).unique[0]


def test_c_and_numpy_find_the_same_boxes():
    a, b = solved(waves, 2, 3.0), solved(waves, 2, 3.0, "numpy")
    assert a.boxes == b.boxes and [z.inner_low.tolist() for z in a.found] == [z.inner_low.tolist() for z in b.found]


@pytest.mark.parametrize("factor", [1e-30, 1e5, 1e100])
def test_the_scale_of_the_function_does_not_matter(factor):
    assert len(solved(lambda t: factor * himmelblau(t), 2, 6.0).found) == 9


def test_close_zeros_are_told_apart():
    """t³/3 − ε²t has its stationary points at ±ε."""
    for eps in (2.0**-10, 2.0**-20):
        search = solved(lambda t, eps=eps: t[0] ** 3 / 3 - eps**2 * t[0], 1, 3.0, least=2.0**-40)
        assert sorted(z.middle[0] for z in search.found) == pytest.approx([-eps, eps], rel=1e-9)
        assert search.open[0].shape[1] == 0


def test_a_zero_on_the_boundary_or_on_a_cut_is_found_once():
    for low, high in ((-1.0, 3.0), (0.0, 1.0), (-1.0, 0.0)):
        search = Search(system(lambda t: t[0] ** 2 + t[1] ** 2 + t[0] * t[1], 2), np.full(2, low), np.full(2, high))
        assert search.run(np.full(2, 1e-6)) and len(search.found) == 1 and not search.open[0].shape[1]
    outside = Search(system(lambda t: t[0] ** 2, 1), np.array([1e-9]), np.array([1.0]))
    assert outside.run(np.array([1e-6])) and not outside.found and not outside.open[0].shape[1]


def test_what_cannot_be_proved_stays_open():
    """A double zero, a line of zeros and a kink: none is called unique, none is lost."""
    for definition, n, point in ((lambda t: t[0] ** 4, 1, [0.0]), (lambda t: (t[0] + t[1]) ** 2, 2, [0.5, -0.5]),
                                 (lambda t: ar.absolute(t[0] - 0.25), 1, [0.25]), (lambda t: t[0] ** 3, 1, [0.0])):
        search = Search(system(definition, n), np.full(n, -1.0), np.full(n, 1.0))
        assert search.run(np.full(n, 2.0**-7)) and not search.found
        low, high = search.open
        assert ((low <= np.array(point)[:, None]) & (high >= np.array(point)[:, None])).all(axis=0).any()


def test_a_function_that_is_undefined_somewhere():
    """x − log x: the zero of 1 − 1/x at 1 and nothing at x ≤ 0."""
    search = Search(system(lambda t: t[0] - ar.log(t[0]), 1), np.array([-2.0]), np.array([3.0]))
    search.run(np.array([1e-9]))
    assert [z.middle[0] for z in search.found] == pytest.approx([1.0])


def test_past_the_deadline_boxes_are_kept():
    search = Search(system(double_wells, 3), np.full(3, -3.0), np.full(3, 3.0))
    assert not search.run(np.full(3, 1e-9), time.perf_counter() - 1)
    low, high = search.open
    assert np.prod(high - low, axis=0).sum() == pytest.approx(216)
    assert search.run(np.full(3, 1e-9)) and len(search.found) == 27


def test_clusters_are_boxes_that_touch():
    low = np.array([[0.0, 1.0, 5.0, 2.0, 5.5], [0.0, 0.0, 0.0, 0.5, 3.0]])
    groups = clusters(low, low + 1)
    assert sorted(map(sorted, (g.tolist() for g in groups))) == [[0, 1, 3], [2], [4]]
    assert clusters(np.empty((2, 0)), np.empty((2, 0))) == []


def test_two_enclosures_of_one_zero():
    wide = Zero(np.array([0.0]), np.array([2.0]), np.array([0.9]), np.array([1.1]))
    assert same(wide, Zero(np.array([0.5]), np.array([3.0]), np.array([1.0]), np.array([1.2])))
    assert not same(wide, Zero(np.array([1.0]), np.array([3.0]), np.array([1.2]), np.array([1.3])))


# ------------------------------------------------------------------------------------------------ soundness by fuzz
CASES = [(himmelblau, 2, 6.0), (double_wells, 2, 3.0), (double_wells, 3, 3.0), (waves, 2, 3.0), (neuron, 2, 6.0)]


def fuzz(definition, n, half, count, seed):
    """Boxes of all sizes and shapes around known zeros: none is excluded, and none with two in it is unique."""
    search = solved(definition, n, half)
    zeros = np.array([z.middle for z in search.found]).T
    inner = np.array([z.inner_low for z in search.found]).T, np.array([z.inner_high for z in search.found]).T
    rng = np.random.default_rng(seed)
    which = rng.integers(zeros.shape[1], size=count)
    size = 10.0 ** rng.uniform(-12, 0.8, (1, count)) * 10.0 ** rng.uniform(-3, 0, (n, count))
    # the zero may lie close to a face or a corner of its box
    share = np.where(rng.random((n, count)) < 0.2, rng.choice([1e-9, 1 - 1e-9], (n, count)), rng.random((n, count)))
    low = np.minimum(zeros[:, which] - share * size, inner[0][:, which])
    high = np.maximum(low + size, inner[1][:, which])
    holds = ((inner[0][:, None] >= low[:, :, None]) & (inner[1][:, None] <= high[:, :, None])).all(axis=0)
    middle = low + (high - low) / 2
    test = newton(search.system, middle, np.maximum(high - middle, middle - low) * (1 + 1e-15))
    assert holds.sum(axis=1).min() >= 1
    assert not np.any(test.unique & (holds.sum(axis=1) > 1))
    # one step of the search: every zero lies in what is kept, or is found
    for first in range(0, count, 2000):
        part = slice(first, first + 2000)
        step = Search(search.system, low[:, part], high[:, part])
        with np.errstate(all="ignore"):
            step.step(low[:, part], high[:, part], np.full((n, 1), 1e-14))
        a, b = step.open
        for k in range(zeros.shape[1]):
            if holds[part, k].any():
                kept = ((a <= inner[1][:, [k]]) & (b >= inner[0][:, [k]])).all(axis=0).any()
                known = any((z.inner_low <= inner[1][:, k]).all() and (z.inner_high >= inner[0][:, k]).all()
                            for z in step.found)
                assert kept or known
    return int(test.unique.sum())


@pytest.mark.parametrize("definition, n, half", CASES, ids=["himmelblau", "wells2", "wells3", "waves", "neuron"])
def test_no_zero_is_lost_and_no_two_are_called_one(definition, n, half):
    assert fuzz(definition, n, half, 4000, 1) > 500  # and the test says something


@pytest.mark.parametrize("definition, n, half", CASES, ids=["himmelblau", "wells2", "wells3", "waves", "neuron"])
def test_single_boxes_with_a_zero_are_never_excluded(definition, n, half):
    """Box by box, so that no zero can hide behind another box that holds it."""
    search = solved(definition, n, half)
    rng = np.random.default_rng(2)
    for _ in range(150):
        zero = search.found[rng.integers(len(search.found))]
        size = 10.0 ** rng.uniform(-10, 0.8) * 10.0 ** rng.uniform(-3, 0, n)
        low = np.minimum(zero.middle - rng.random(n) * size, zero.inner_low)
        high = np.maximum(low + size, zero.inner_high)
        alone = Search(search.system, low, high)
        alone.run((high - low) * 2.0**-9)
        a, b = alone.open
        kept = ((a <= zero.inner_high[:, None]) & (b >= zero.inner_low[:, None])).all(axis=0).any()
        assert kept or any(same(zero, other) for other in alone.found)
        inside = [z for z in search.found if ((z.inner_low <= high) & (z.inner_high >= low)).all()]
        assert len(alone.found) <= len(inside)


@pytest.mark.slow
@pytest.mark.parametrize("definition, n, half", CASES, ids=["himmelblau", "wells2", "wells3", "waves", "neuron"])
def test_no_zero_is_lost_in_a_million_boxes(definition, n, half):
    for seed in range(50):
        fuzz(definition, n, half, 20_000, seed)


def test_refinement_keeps_the_zero():
    found = solved(himmelblau, 2, 6.0).found
    zero = next(z for z in found if np.allclose(z.middle, [3, 2]))
    for radius in (1e-2, 1e-5, 1e-9):
        low, high = np.array([[3 - radius], [2 - radius / 3]]), np.array([[3 + radius / 2], [2 + radius]])
        low, high = refined(system(himmelblau, 2), low, high)
        assert (low[:, 0] <= [3, 2]).all() and (high[:, 0] >= [3, 2]).all() and (high - low).max() < 1e-13
    assert (zero.inner_low <= [3, 2]).all() and (zero.inner_high >= [3, 2]).all()
