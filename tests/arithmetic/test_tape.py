"""Tapes: enclosures of what programs give in real numbers, the same bits by C and by NumPy."""
import mpmath
import numpy as np
import pytest
import sympy

import arithmetic as ar
from arithmetic import OPERATIONS, Program, gradient, operation
from arithmetic.ends import MAX, Rounded, above, below, enclosing, typed
from arithmetic.operations import increasing
from arithmetic.tape import ExactGraph, Tape, kernel, record_exactly

x, y = sympy.symbols("x y", real=True)
R = sympy.Rational

# definitions on two coordinates, and the same in sympy
DEFINITIONS = {
    "polynomial": lambda a, b: (a + b**2 - R(21, 10)) ** 2 + (a**2 + b - R(1, 3)) ** 2,
    "neuron": lambda a, b: (ar.tanh(a + b) - R(1, 7)) ** 2 + (ar.tanh(R(1, 3) * a - b) + R(1, 2)) ** 2,
    "bell": lambda a, b: ar.exp(-(a * a) / 2) * b - ar.exp(-((a - b) ** 2)),
    "waves": lambda a, b: (ar.sin(a) - R(1, 2)) ** 2 + ar.cos(2 * a + b) * b,
    "logistic": lambda a, b: ar.softplus(a + b) - R(1, 3) * a + ar.sigmoid(a - 2 * b),
    "rational": lambda a, b: (a * a + 1) / (b * b + R(1, 5)) + ar.sqrt(1 + a * a) + ar.atan(b),
    "logarithm": lambda a, b: ar.log(1 + a * a) + ar.log1p(b * b) + ar.cosh(a * b / 4) - ar.sinh(b / 3),
    "error": lambda a, b: ar.erf(a - b) * b,
    "pieces": lambda a, b: ar.maximum(a + b, 0) ** 2 + ar.absolute(a - 2 * b) + ar.where(a < b, a * b, b * b),
}


def program(name: str) -> Program:
    """Value and gradient."""
    graph = ExactGraph()
    a, b = graph.inputs("x", 2)
    value = graph.lift(DEFINITIONS[name](a, b))
    return Program((a, b), (value, *gradient(value, (a, b))))


def boxes(n: int, seed: int = 0, size: float = 3.0):
    rng = np.random.default_rng(seed)
    middle = rng.uniform(-size, size, (2, n))
    radius = rng.choice([0.0, 1e-12, 1e-3, 0.3, 2.0], (2, n)) * rng.random((2, n))
    return middle - radius, middle + radius, rng.random((2, n))


@pytest.mark.parametrize("name", DEFINITIONS)
def test_c_and_numpy_give_the_same_bits(name):
    by_c, by_numpy = Tape(program(name)), Tape(program(name), "numpy")
    if by_c.executor != "c":
        pytest.skip(by_c.reason)
    low, high, _ = boxes(700)
    low[:, :3], high[:, :3] = [[-np.inf, 0, -1e300]], [[np.inf, 0, 1e300]]
    for a, b in zip(by_c(low, high), by_numpy(low, high), strict=True):
        assert np.array_equal(a, b) and not np.isnan(a).any()


@pytest.mark.parametrize("name", DEFINITIONS)
def test_every_point_of_the_box_is_enclosed(name):
    """Against 50 digits, with the constants as they were written."""
    graph_free = DEFINITIONS[name](x, y)
    exact = [graph_free, graph_free.diff(x), graph_free.diff(y)]
    evaluate = [sympy.lambdify((x, y), e, "mpmath") for e in exact]
    low, high, share = boxes(150, 1)
    point = np.clip(low + share * (high - low), low, high)
    ends_low, ends_high, _ = Tape(program(name))(low, high)
    with mpmath.workdps(50):
        for k in range(low.shape[1]):
            at = [mpmath.mpf(float(v)) for v in point[:, k]]
            for f, a, b in zip(evaluate, ends_low[:, k], ends_high[:, k], strict=True):
                assert mpmath.mpf(float(a)) <= f(*at) <= mpmath.mpf(float(b))


def test_thin_boxes_are_enclosed_thinly():
    point = np.random.default_rng(2).uniform(-3, 3, (2, 200))
    for name in DEFINITIONS:
        low, high, _ = Tape(program(name))(point, point)
        assert np.max((high - low) / (1 + np.abs(high))) < 1e-12, name


def test_constants_that_are_no_floats_are_intervals():
    for c in (R(21, 10), R(1, 3), sympy.sqrt(2), sympy.pi, sympy.exp(1) + 1, 10**17 + 1):
        low, high = enclosing(sympy.sympify(c))
        assert sympy.Rational(low) < c < sympy.Rational(high)
        assert np.nextafter(np.nextafter(low, np.inf), np.inf) >= high
    assert enclosing(R(3, 4)) == (0.75, 0.75) == enclosing(0.75) and enclosing(10**400) == (MAX, np.inf)
    low, high = enclosing(Rounded(1.1283791670955126, "2/sqrt(pi)"))
    assert low < 2 / np.sqrt(np.pi) < high and low < 1.1283791670955126 < high
    assert typed(0.1)[0] <= 0.1 and sympy.Rational(typed(0.1)[0]) <= R(1, 10) <= sympy.Rational(typed(0.1)[1])
    assert typed(0.5) == (0.5, 0.5) and typed(0.1 + 0.2) == (0.1 + 0.2,) * 2  # (has 17 digits: a result)
    tenth = Tape(record_exactly(lambda t: [t[0] - R(1, 10)], 1))
    low, high, _ = tenth(np.array([[0.1]]), np.array([[0.1]]))  # 0.1 is larger than 1/10
    assert low[0, 0] < 0 < high[0, 0]


def test_constants_are_folded_only_where_that_is_exact():
    graph = ExactGraph()
    a = graph.input("a")
    assert (graph.lift(3.0) * graph.lift(0.5)).value == 1.5
    assert (graph.lift(1.0) / graph.lift(3.0)).value is None
    assert (graph.lift(3.0) * (graph.lift(2.0**53 + 2) * a)).args[0].value is None
    with pytest.raises(TypeError, match="is no float"):
        float(graph.lift(2.0))
    third = Tape(Program((a,), (graph.lift(1.0) / graph.lift(3.0) + 0 * a,)))
    low, high, _ = third(np.zeros((1, 1)), np.zeros((1, 1)))
    assert sympy.Rational(float(low[0, 0])) < R(1, 3) < sympy.Rational(float(high[0, 0]))


def test_ends_are_rounded_outward_and_never_nan():
    values = np.array([0.0, 1.0, -1.0, 5e-324, -1e-310, MAX, -MAX, np.inf, -np.inf, 1 / 3])
    with np.errstate(all="ignore"):
        low, high = below(values), above(values)
        assert np.all(low <= np.nextafter(values, -np.inf)) and np.all(high >= np.nextafter(values, np.inf))
    assert low.max() == MAX and high.min() == -MAX  # numbers beyond the floats are between MAX and infinity
    infinite = Tape(record_exactly(
        lambda t: [ar.exp(t[0]) - ar.exp(t[0] - 1), t[0] / t[1], t[0] * t[1], ar.sin(t[0])], 2))
    low, high, _ = infinite(np.array([[900.0, -np.inf], [0.0, 0.0]]), np.array([[np.inf, np.inf], [0.0, np.inf]]))
    assert not np.isnan(low).any() and not np.isnan(high).any() and low[3, 0] == -1 and high[3, 0] == 1


def test_smooth_says_whether_comparisons_are_decided():
    kink = Tape(record_exactly(lambda t: [ar.maximum(t[0], 0) + ar.absolute(t[1]) + ar.where(t[0] < 5, t[0], t[1])], 2))
    low = np.array([[1.0, -1.0, 1.0, 4.0], [1.0, 1.0, -1.0, 1.0]])
    high = np.array([[2.0, 1.0, 2.0, 6.0], [2.0, 2.0, 1.0, 2.0]])
    assert kink(low, high)[2].tolist() == [True, False, False, False]
    assert Tape(program("neuron"))(low, high)[2].all()


def test_an_operation_of_ones_own_runs_in_c_if_its_form_can_be_printed():
    compiled = Tape(record_exactly(lambda t: [t[0]], 1)).executor
    operation("gudermannian", definition=lambda t: 2 * ar.atan(ar.tanh(t / 2)), error=4, interval=increasing)
    operation("cube_root", numeric=np.cbrt, interval=lambda op, t: type(t)(np.cbrt(t.low), np.cbrt(t.high)))
    try:
        made, foreign = (OPERATIONS[name].function for name in ("gudermannian", "cube_root"))
        tape = Tape(record_exactly(lambda t: [made(t[0])], 1))
        assert tape.executor == compiled
        low, high = np.array([[-1.0, 0.0]]), np.array([[2.0, 0.0]])
        by_numpy = Tape(record_exactly(lambda t: [made(t[0])], 1), "numpy")
        for a, b in zip(tape(low, high), by_numpy(low, high), strict=True):
            assert np.array_equal(a, b)
        assert tape(low, high)[0][0, 0] <= 2 * np.arctan(np.tanh(-0.5)) and kernel("cube_root", (False,)) is None
        tape = Tape(record_exactly(lambda t: [foreign(t[0])], 1))
        assert tape.executor == "numpy" and (compiled == "numpy" or "cube_root cannot be printed" in tape.reason)
        assert tape(low, high)[1][0, 0] == np.cbrt(2.0)
        with pytest.raises(ValueError, match='executor="c"'):
            Tape(record_exactly(lambda t: [foreign(t[0])], 1), "c")
    finally:
        OPERATIONS.remove("gudermannian")
        OPERATIONS.remove("cube_root")


def test_bad_boxes_are_refused():
    tape = Tape(record_exactly(lambda t: [t[0] + t[1], 3.0], 2))
    with pytest.raises(ValueError, match=r"shape \(2, boxes\)"):
        tape(np.zeros((3, 4)), np.zeros((3, 4)))
    low, high, smooth = tape(np.zeros((2, 0)), np.zeros((2, 0)))
    assert low.shape == high.shape == (2, 0) and smooth.shape == (0,)
    assert tape(np.zeros((2, 1)), np.zeros((2, 1)))[0][1, 0] == 3.0
    with pytest.raises(ValueError, match="executor"):
        Tape(record_exactly(lambda t: [t[0]], 1), "gpu")


def test_where_there_is_no_number_nothing_is_known():
    nowhere = Tape(record_exactly(lambda t: [ar.where(t[0] < 0, float("nan"), t[0]), ar.log(t[0])], 1))
    low, high, smooth = nowhere(np.array([[-1.0, 1.0, -2.0]]), np.array([[1.0, 2.0, -1.0]]))
    assert low[0, :2].tolist() == [-1, 1] and high[0, :2].tolist() == [1, 2] and smooth.tolist() == [False, True, False]
    assert low[1, 0] == -np.inf and high[1, 0] >= 0


@pytest.mark.parametrize("spell", [
    lambda t: t[0] * R(1, 3), lambda t: R(1, 3) * t[0], lambda t: t[0] - R(1, 3), lambda t: R(1, 3),
    lambda t: ar.where(t[0] > 0, R(1, 3), t[0]), lambda t: ar.maximum(t[0], R(1, 3))])
def test_a_number_that_no_float_is_stays_between_the_floats_around_it(spell):
    """However a definition spells it; rounded, what is proved would be of another function."""
    (constant, ends), = record_exactly(lambda t: [spell(t)], 1).outputs[0].graph.constants.items()
    assert constant.op == "input" and ends[0] < R(1, 3) < ends[1] == np.nextafter(ends[0], 1)
