"""Wilson intervals against scipy's."""
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.stats import binomtest

from basins import wilson


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
