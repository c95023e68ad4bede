"""Every operation against mpmath: its derivative, its value on each back end, its interval;
pivots against fractions."""
import itertools
import math
import operator
from fractions import Fraction

import mpmath
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import arithmetic
from arithmetic import Graph, Interval, Iteration, Program, Vector, gradient, iterate, record, solve
from arithmetic.operations import OPERATIONS

LOGIC = {"and", "or", "not"}
#: What an operation is, exactly; those that are not here are mpmath's of the same name.
EXACT = {"add": operator.add, "sub": operator.sub, "mul": operator.mul, "div": operator.truediv, "neg": operator.neg,
         "absolute": abs, "minimum": min, "maximum": max, "sigmoid": lambda x: 1 / (1 + mpmath.exp(-x)),
         "softplus": lambda x: mpmath.log1p(mpmath.exp(x))}
#: Arguments at which a reading may go wrong.
SPECIAL = (0.0, -0.0, 1.0, -1.0, 0.5, -2.5, 1e-310, 3e-9, 1e9, -1e9, 1e308, math.inf, -math.inf, math.nan)

SMOOTH = [name for name, op in OPERATIONS.items() if op.adjoint and name != "where"]  # (others look at bits)
UNARY = [name for name in SMOOTH if OPERATIONS[name].arity == 1]


def apply(name, *x):
    """An operation on any reading."""
    return OPERATIONS[name].function(*x)


def exact(name, *x):
    """The value of an operation in mpmath's numbers."""
    return (EXACT[name] if name in EXACT else getattr(mpmath, name))(*x)


def test_every_operation_is_tested_here():
    """A new operation has a name in mpmath or an entry in EXACT."""
    for name in SMOOTH:
        assert name in EXACT or callable(getattr(mpmath, name, None)), f"{name}: give EXACT its exact value"


# ---------------------------------------------------------------------------------------------- derivatives
def slopes(name, x):
    """(value, derivatives) of the recorded operation at numbers."""
    graph = Graph()
    inputs = graph.inputs("x", len(x))
    value = graph.lift(apply(name, *inputs))
    first, *rest = Program(tuple(inputs), (value, *gradient(value, list(inputs))))(*map(np.float64, x))
    return first, rest


@pytest.mark.parametrize("name", SMOOTH)
def test_the_adjoint_of_an_operation_is_its_derivative(name):
    """Adjoints: each partial derivative of the recorded operation, against mpmath's, at points on either side of 0."""
    rng, low = np.random.default_rng(0), max(OPERATIONS[name].domain[0] + 0.01, -2)
    for x in rng.uniform(low, 3, (12, 1 if name in UNARY else 2)):
        value, found = slopes(name, x)
        with mpmath.workdps(40):
            at = tuple(map(mpmath.mpf, x))
            assert float(value) == pytest.approx(float(exact(name, *at)), rel=1e-14, abs=1e-15)
            for i, slope in enumerate(found):
                order = tuple(int(k == i) for k in range(len(x)))
                wanted = mpmath.diff(lambda *a: exact(name, *a), at, order)
                assert float(slope) == pytest.approx(float(wanted), rel=1e-12, abs=1e-13), (i, x)


def test_the_adjoint_of_a_choice_is_that_of_the_branch_taken():
    """Adjoint of `where`: the other branch has no part in it, even where it is not defined."""
    graph = Graph()
    x, y = graph.inputs("x", 2)
    value = arithmetic.where(x > 0, x * y, y * y)
    program = Program((x, y), tuple(gradient(value, [x, y])))
    assert program(2.0, 3.0) == [3.0, 2.0] and program(-2.0, 3.0) == [0.0, 6.0]


@pytest.mark.parametrize("name", UNARY)
def test_the_adjoint_through_a_chain_is_the_chain_rule(name):
    """Adjoints: of g(x) = op(x² + ½)², with the operation in the middle, used twice."""
    graph = Graph()
    (x,) = graph.inputs("x", 1)
    inner = apply(name, x * x + 0.5)
    (slope,) = Program((x,), tuple(gradient(inner * inner, [x])))(0.7)
    with mpmath.workdps(40):
        wanted = mpmath.diff(lambda t: exact(name, t * t + 0.5)**2, mpmath.mpf(0.7))
    assert float(slope) == pytest.approx(float(wanted), rel=1e-12)


# ------------------------------------------------------------------------------------------------ back ends
def on_backend(backend, update, columns):
    """One step of z⁺ = update(x, y) on a back end, over columns (x, y), which are exchanged: else they are no lanes."""
    graph = Graph()
    x, y, z = graph.inputs("x", 3)
    new = update(x, y)
    new = arithmetic.where(new, 1.0, 0.0) if new.boolean else new
    iteration = Iteration((x, y, z), (y, x, graph.lift(new)), graph.condition(True), 3)
    start = np.vstack([np.array(columns).T, np.zeros((1, len(columns)))])
    return iterate(iteration, start, 1, backend=backend)[0][2]


def same(a, b):
    """Equal to the bit, signs of zeros included; NaN is NaN."""
    a, b = np.asarray(a, dtype=float), np.asarray(b, dtype=float)
    return (a.view(np.int64) == b.view(np.int64)) | (np.isnan(a) & np.isnan(b))


@pytest.mark.filterwarnings("ignore:.*encountered:RuntimeWarning")
@pytest.mark.parametrize("name", [*SMOOTH, "lt", "le"])
@pytest.mark.parametrize("backend", ["c", "numba", "numpy"])
def test_an_operation_is_the_same_on_every_back_end(backend, name):
    """Printers: C, numba and NumPy give what the definition gives on numbers: ±0, ±∞, NaN, subnormals and others."""
    if backend not in arithmetic.available():
        pytest.skip(f"{backend} is not installed")
    pairs = list(itertools.product(SPECIAL, SPECIAL))
    update = (lambda x, y: apply(name, x)) if name in UNARY else (lambda x, y: apply(name, x, y))
    numbers = np.array(pairs).T
    wanted = np.broadcast_to(np.asarray(update(*numbers), dtype=float), len(pairs))
    found = on_backend(backend, update, pairs)
    good = same(found, wanted)
    if name in ("minimum", "maximum"):  # of +0 and −0 either may be the smaller
        good |= (found == 0) & (wanted == 0)
    assert good.all(), [(p, f, w) for p, f, w, ok in zip(pairs, found, wanted, good, strict=True) if not ok][:5]


@pytest.mark.parametrize("backend", ["c", "numba", "numpy"])
@pytest.mark.parametrize("name", ["minimum", "maximum"])
def test_not_a_number_passes_through_minimum_and_maximum(backend, name):
    """Printers of min and max: NaN if either argument is, in either place; C's fmin would drop it."""
    if backend not in arithmetic.available():
        pytest.skip(f"{backend} is not installed")
    pairs = [(math.nan, 1.0), (1.0, math.nan), (math.nan, math.nan), (1.0, 2.0)]
    found = on_backend(backend, lambda x, y: apply(name, x, y), pairs)
    assert np.isnan(found[:3]).all() and found[3] == (1.0 if name == "minimum" else 2.0)


@pytest.mark.parametrize("backend", ["c", "numba", "numpy"])
def test_conditions_and_choices_are_the_same_on_every_back_end(backend):
    """Printers of `&`, `|`, `~`, `<`, `<=` and `where`: their truth tables, in which a comparison with NaN is false."""
    if backend not in arithmetic.available():
        pytest.skip(f"{backend} is not installed")
    pairs = list(itertools.product(SPECIAL, SPECIAL))
    cases = {"and": lambda x, y: (x < y) & (x <= 0.5), "or": lambda x, y: (x < y) | (y <= 0.5),
             "not": lambda x, y: ~(x < y), "where": lambda x, y: arithmetic.where(x <= y, x, y)}
    plain = {"and": lambda x, y: x < y and x <= 0.5, "or": lambda x, y: x < y or y <= 0.5,
             "not": lambda x, y: not x < y, "where": lambda x, y: x if x <= y else y}
    for name, update in cases.items():
        wanted = np.array([plain[name](*p) for p in pairs], dtype=float)
        assert same(on_backend(backend, update, pairs), wanted).all(), name


# ------------------------------------------------------------------------------------------------ intervals
numbers = st.floats(-1e6, 1e6) | st.floats(-3, 3) | st.sampled_from((0.0, 1.0, -1.0, 1e-300, -1e-300, math.pi))
inside = st.floats(0, 1)


@pytest.mark.parametrize("name", SMOOTH)
def test_an_interval_encloses_the_values_on_it(name):
    """Intervals: op of numbers from the boxes, to 40 digits, lies in op of the boxes."""
    arity, low = OPERATIONS[name].arity, OPERATIONS[name].domain[0]

    @settings(max_examples=150, deadline=None)
    @given(st.lists(st.tuples(numbers, numbers, inside), min_size=arity, max_size=arity))
    def encloses(drawn):
        boxes, points = [], []
        for a, b, share in drawn:
            a, b = sorted((max(a, low), max(b, low)))
            boxes.append(Interval(a, b))
            points.append(min(max(a + share * (b - a), a), b))
        if name in ("exp", "cosh", "sinh", "expm1") and max(abs(boxes[0].low), abs(boxes[0].high)) > 700:
            return
        if name == "div" and points[1] == 0:
            return
        with np.errstate(over="ignore"):
            found = apply(name, *boxes)
        with mpmath.workdps(40):
            value = exact(name, *map(mpmath.mpf, points))
            assert mpmath.mpf(float(found.low)) <= value <= mpmath.mpf(float(found.high)), (boxes, points, found)

    encloses()


@pytest.mark.parametrize("name", SMOOTH)
def test_an_interval_of_one_number_is_narrow(name):
    """Intervals: what encloses must say something too: of one number, some 20 last places (of 1, below it) at most."""
    at = [1.25, 0.75][: 1 if name in UNARY else 2]
    found = apply(name, *(Interval(x, x) for x in at))
    assert 0 <= found.high - found.low <= 40 * np.finfo(float).eps * max(1, abs(found.low), abs(found.high))


# -------------------------------------------------------------------------------------------------- solving
def rationally(matrix, rhs):
    """The solution of a linear system in fractions, by Cramer's rule."""
    def det(rows):
        if len(rows) == 1:
            return rows[0][0]
        return sum((-1)**j * rows[0][j] * det([row[:j] + row[j + 1:] for row in rows[1:]]) for j in range(len(rows)))

    rows, b = [[Fraction(float(x)) for x in row] for row in matrix], [Fraction(float(x)) for x in rhs]
    whole = det(rows)
    return np.array([float(det([row[:j] + [c] + row[j + 1:] for row, c in zip(rows, b, strict=True)]) / whole)
                     for j in range(len(rows))])


TINY = [([[1e-20, 1.0], [1.0, 1.0]], [1.0, 2.0]),                          # tiny, not 0
        ([[1.0, 1.0, 1.0], [1.0, 1.0 + 2**-50, 2.0], [2.0, 1.0, 3.0]], [1.0, 2.0, 4.0]),  # after elimination
        ([[0.0, 2.0], [3.0, 1.0]], [4.0, 5.0]),                             # 0
        ([[1e-17, 3.0, -1.0], [2.0, 1e-18, 1.0], [1.0, -1.0, 1e-16]], [1.0, -2.0, 3.0])]


@pytest.mark.parametrize("matrix, rhs", TINY)
@pytest.mark.parametrize("reading", ["numbers", "lanes", "recorded"])
def test_a_tiny_pivot_is_not_divided_by(matrix, rhs, reading):
    """Pivoting: the larger pivot is taken, not only one that is not 0: against exact fractions, on every reading."""
    matrix, rhs = np.array(matrix), np.array(rhs)
    n, wanted = len(rhs), rationally(matrix, rhs)
    if reading == "numbers":
        found = solve(matrix, rhs)
    elif reading == "lanes":  # beside a lane that needs no exchange
        found = solve(np.stack([np.eye(n), matrix], axis=-1), np.stack([rhs, rhs], axis=-1))
        assert np.array_equal(found[:, 0], rhs)
        found = found[:, 1]
    else:
        program = record(lambda z: solve(z[: n * n].reshape(n, n), Vector(z[n * n:])), n * n + n)
        found = np.array(program(*matrix.ravel(), *rhs))
    assert found == pytest.approx(wanted, rel=1e-12, abs=1e-14)
