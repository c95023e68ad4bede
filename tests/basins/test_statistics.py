"""Wilson intervals and McNemar's test against scipy's, and what is said of grids."""
import dataclasses
import functools
import pickle

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.stats import binomtest

import networks
from arithmetic import where
from basins import compare, flipped_by_one_ulp, grid, mcnemar, normal, sample_size, study, uniform, wilson
from basins.statistics import _both_tails
from flows import Flow
from schemes import Euler, Outcome, Stop, named, pair


@settings(deadline=None)
@given(st.integers(1, 5000).flatmap(lambda n: st.tuples(st.integers(0, n), st.just(n))), st.floats(0.5, 0.999))
def test_against_scipy(pair, confidence):
    count, n = pair
    reference = binomtest(count, n).proportion_ci(confidence, "wilson")
    assert wilson(count, n, confidence) == pytest.approx((reference.low, reference.high), abs=1e-12)
    assert 0 <= wilson(count, n)[0] <= count / n <= wilson(count, n)[1] <= 1


def test_arrays_and_ends():
    low, high = wilson(np.array([0, 5, 10]), 10)
    assert low[0] == 0 and high[2] == 1 and (low <= [0, 0.5, 1]).all()
    for count, n in ((-1, 5), (6, 5), (0, 0)):
        with pytest.raises(ValueError, match="count"):
            wilson(count, n)
    with pytest.raises(ValueError, match="confidence"):
        wilson(1, 2, 1.0)


# ------------------------------------------------------------------------------------------- planning, comparing
def test_a_sample_is_as_large_as_the_interval_needs():
    """For ± 1 % at 95 % some 9600 starts, as n ≈ z²/(4·0.01²); an end that is never seen is under 1 ‰ from 3838 on."""
    for width, confidence, fraction in ((0.02, 0.95, 0.5), (0.1, 0.99, 0.2), (0.001, 0.95, 0.0), (0.5, 0.5, 1.0)):
        n = sample_size(width, confidence, fraction)
        wide = [float(np.diff(wilson(fraction * m, m, confidence))[0]) for m in (n, n - 1) if m]
        assert wide[0] <= width and (n == 1 or wide[1] > width)
    assert sample_size(0.02) == pytest.approx(1.96**2 / (4 * 0.01**2), rel=1e-3)
    assert sample_size(0.001, fraction=0) == 3838
    for bad in ((0, 0.95), (0.1, 1), (0.1, 0.9, 1.5), (2,)):
        with pytest.raises(ValueError, match="sample_size"):
            sample_size(*bad)


@pytest.fixture(scope="module")
def pair_of_studies():
    loss = networks.get("polytwo")
    starts = uniform(loss.box, 300, 0)
    return [study(loss, named(name, lr=0.1), starts, progress=False) for name in ("gd", "momentum")]


def test_two_studies_start_by_start(pair_of_studies):
    first, second = pair_of_studies
    compared = compare(first, second)
    assert compared.counts.sum() == 300
    by_hand = {(first.label(a), second.label(b)): 0 for a in first.codes for b in second.codes}
    for a, b in zip(first.codes, second.codes, strict=True):
        by_hand[first.label(a), second.label(b)] += 1
    place = {label: k for k, label in enumerate(compared.labels)}
    assert all(compared.counts[place[a], place[b]] == n for (a, b), n in by_hand.items())
    differ = np.mean([first.label(a) != second.label(b) for a, b in zip(first.codes, second.codes, strict=True)])
    assert compared.changed == pytest.approx(differ) and differ > 0.1
    row = next(row for row in compared.table if row["first \\ second"] == "diverged")
    assert row["diverged"] == by_hand["diverged", "diverged"] and "% of the labels differ" in str(compared)
    assert compare(first, first).changed == 0


def test_mcnemar_is_the_binomial_test_of_the_starts_that_differ(pair_of_studies):
    first, second = pair_of_studies
    a, b = first.fraction("minimum"), second.fraction("minimum")
    found = mcnemar(first, second, "minimum")
    assert found.only_first - found.only_second == round(300 * (a - b)) and found.only_first > found.only_second
    assert found.p == pytest.approx(binomtest(found.only_first, found.only_first + found.only_second).pvalue)
    assert mcnemar(first, first).p == 1 and mcnemar(second, first).p == found.p
    assert mcnemar(first, second, Outcome.DIVERGED).only_first <= found.only_second
    for k, n in ((0, 1), (3, 10), (5, 10), (100, 1000)):
        assert _both_tails(k, n) == pytest.approx(binomtest(k, n).pvalue)


def test_only_the_same_starts_are_compared_and_only_samples_tested(pair_of_studies):
    first, _ = pair_of_studies
    loss = networks.get("polytwo")
    other = study(loss, named("gd", lr=0.1), uniform(loss.box, 300, 1), progress=False)
    with pytest.raises(ValueError, match="same starts"):
        compare(first, other)
    cells = study(loss, named("gd", lr=0.1), grid(loss.box, 5), progress=False)
    with pytest.raises(ValueError, match="drawn at random"):
        mcnemar(cells, cells)
    assert compare(cells, cells).counts.sum() == 25


def test_labels_that_the_last_bit_of_a_start_decides():
    """A stable map has none; after a hundred steps of the logistic map an end is a lottery."""
    loss = networks.get("polytwo")
    again = functools.partial(study, loss, named("gd-energy"), progress=False)
    assert flipped_by_one_ulp(again(uniform(loss.box, 200, 0)), again) == 0
    unstable = networks.Loss(lambda t: t[0]**2 / 2, 1)
    lottery = functools.partial(study, unstable, pair(Lottery(), Euler(), 1.0), stop=Stop(max_steps=200),
                                progress=False)
    result = lottery(uniform(((0.1, 0.9),), 400, 0))
    share = result.fraction(Outcome.DIVERGED)
    flipped = flipped_by_one_ulp(result, lottery)  # (near 1/2 the first step is flat: neighbours become one)
    assert 0.2 < flipped <= 2 * share * (1 - share) + 0.1 and flipped == flipped_by_one_ulp(result, lottery)


@dataclasses.dataclass(frozen=True)
class Lottery(Flow):
    """A hundred steps of the logistic map, then to 0 from below 1/2, else away."""

    memory = ("n",)

    def field(self, s, oracle):
        x = s.theta
        to = where(s.n < 100, 3.99 * x * (1 - x), where(x < 0.5, 0.0 * x, where(x < 1.5, x + 3, 4 * x)))
        return {"n": 1 + 0 * x, "theta": to - x}


def test_a_grid_has_counts_and_no_interval_and_an_end_that_no_start_sees_a_bound():
    loss = networks.get("polytwo")
    cells = study(loss, named("gd-energy"), grid(loss.box, 20), progress=False)
    assert not {"low", "high"} & set(cells.table().columns)
    assert sum(row["starts"] for row in cells.table()) == 400
    drawn = study(loss, named("gd-energy"), uniform(loss.box, 400, 0), progress=False)
    saddle = next(row for row in drawn.table() if row["end"].startswith("saddle"))
    assert (saddle["starts"], saddle["low"], saddle["high"]) == (0, 0.0, wilson(0, 400)[1])


def test_starts_know_how_they_were_drawn():
    box = ((0, 1), (2, 3))
    sample, cells = uniform(box, 50, 0), grid(box, 5)
    assert sample.drawn == normal([0, 0], 1, 5, 0).drawn == "sample" and cells.drawn == "grid"
    assert sample[:, :7].drawn == sample[:, [3, 1]].drawn == "sample"
    assert pickle.loads(pickle.dumps(cells)).drawn == "grid"
    for computed in (sample + 1, np.sqrt(sample), sample.mean(axis=1), np.hstack([sample, cells])):
        assert getattr(computed, "drawn", "") == ""
