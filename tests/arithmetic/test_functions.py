"""Every function of a definition agrees on numbers, symbols and the recorder."""
import numpy as np
import pytest
import sympy
from hypothesis import given, settings
from hypothesis import strategies as st

import arithmetic as ar
from arithmetic import Vector, record

UNARY = {"sqrt": (0.1, 5), "exp": (-2, 2), "log": (0.1, 5), "sin": (-3, 3), "cos": (-3, 3), "tanh": (-2, 2),
         "absolute": (-2, 2), "sign": (-2, 2)}


@pytest.mark.parametrize("name", UNARY)
def test_one_argument_on_all_readings(name):
    function = getattr(ar, name)
    x = np.linspace(*UNARY[name], 7)
    numbers = function(x)
    recorded = record(lambda v: function(v[0]), 1)(x)[0]
    symbols = [float(function(sympy.Float(v, 30))) for v in x]
    assert np.array_equal(numbers, recorded)
    assert np.allclose(numbers, symbols, rtol=1e-14, atol=0)


@settings(deadline=None)
@given(st.floats(-10, 10), st.floats(-10, 10))
def test_choices_on_all_readings(x, y):
    for function in (ar.minimum,
                     ar.maximum, lambda a, b: ar.where(a < b, a - b, a * b), lambda a, b: ar.clip(a, -1, b)):
        recorded = record(lambda v, function=function: function(v[0], v[1]), 2)(x, y)[0]
        assert float(function(np.float64(x), np.float64(y))) == recorded
        assert float(function(sympy.Float(x), sympy.Float(y))) == pytest.approx(recorded, rel=1e-14, abs=1e-300)


def test_minimum_and_maximum_propagate_nan_on_every_back_end():
    for function in (ar.minimum, ar.maximum):
        program = record(lambda v, function=function: function(v[0], v[1]), 2)
        assert np.isnan(program(np.nan, 1.0)[0]) and np.isnan(program(1.0, np.nan)[0])


@pytest.mark.parametrize("dim", [3, 63, 64, 97, 1000])
def test_total_of_a_lane_does_not_depend_on_the_others(dim):
    x = np.random.default_rng(0).normal(size=(dim, 20))
    together = ar.total(x)
    assert all(together[k] == ar.total(x[:, k]) == ar.total(x[:, k:k + 1])[0] for k in range(20))
    assert np.array_equal(ar.total(x[:, 5:12]), together[5:12])


def test_total_sums_coordinates_and_is_the_summand_of_one():
    x = np.arange(6.0).reshape(3, 2)
    assert np.array_equal(ar.total(x), [6, 9])
    a, b = sympy.symbols("a b")
    assert ar.total(Vector([a, b])) == a + b
    assert ar.total(a) == a
    with pytest.raises(TypeError, match="array of coordinates"):
        ar.total([1, 2])


@settings(max_examples=50, deadline=None)
@given(st.integers(1, 5), st.integers(0, 10**6))
def test_solve_solves_on_numbers_lanes_and_recorded(n, seed):
    rng = np.random.default_rng(seed)
    A, b = rng.normal(size=(n, n, 3)), rng.normal(size=(n, 3))
    x = ar.solve(A, b)
    expected = np.stack([np.linalg.solve(A[..., k], b[:, k]) for k in range(3)], axis=-1)
    assert np.allclose(x, expected, rtol=1e-6, atol=1e-6 * np.abs(expected).max())
    program = record(lambda v: ar.solve(v[: n * n].reshape(n, n), v[n * n:]), n * n + n)
    assert np.array_equal(np.array(program(*A.reshape(n * n, 3), *b)), x)


def test_solve_is_exact_on_symbols_and_pivots_on_numbers():
    A = np.array([[sympy.Integer(0), sympy.Integer(1)], [sympy.Integer(2), sympy.Integer(1)]],
                 dtype=object).view(Vector)
    assert list(ar.solve(A, Vector([sympy.Integer(3), sympy.Integer(5)]))) == [1, 3]
    assert np.allclose(ar.solve(np.array([[0.0, 1], [2, 1]]), np.array([3.0, 5])), [1, 3])


def test_one_singular_lane_does_not_touch_the_others():
    for n in (2, 9):
        A = np.stack([np.eye(n), np.zeros((n, n))], axis=-1)
        x = ar.solve(A, np.ones((n, 2)))
        assert np.array_equal(x[:, 0], np.ones(n)) and not np.isfinite(x[:, 1]).any()
