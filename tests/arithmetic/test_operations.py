"""Every operation on every reading: one set of tests that an entry of the table, or of a user's program, passes."""
import functools
import itertools
import math
import subprocess
import sys

import mpmath
import numpy as np
import pytest
import sympy
from hypothesis import given, settings
from hypothesis import strategies as st

import arithmetic as ar
from arithmetic import OPERATIONS, Graph, Interval, Iteration, Program, gradient, iterate, operation
from arithmetic.operations import increasing

EXACT = {"pow2", "significand", "exponent", "head", *(f"two_over_pi_{i}" for i in range(4))}  # of definitions alone
NUMERIC = [name for name, op in OPERATIONS.items() if name not in EXACT and not op.boolean and op.arity == 1
           and name != "not"]
SPECIAL = (0.0, -0.0, 5e-324, -5e-324, 1e-310, 2.0**-1022, 1e-30, -1e-30, 0.5, -0.5, 1.0, -1.0, 1.5, 20.0, -20.0,
           709.9, -745.2, 1e5, -1e5, 1e22, 2.0**60, -1e300, np.finfo(float).max, np.inf, -np.inf, np.nan)


def points(op, n=9, seed=0):
    low, high = max(op.domain[0], -3.0), min(op.domain[1], 3.0)
    return np.random.default_rng(seed).uniform(low, high, n)


def exact(op, x):
    """The value to 120 digits, from the symbolic form."""
    return mpmath.mpf(str(sympy.N(op.symbolic(sympy, sympy.Rational(float(x))), 120)))


def ulps(value, true):
    if true == 0:
        return abs(value)
    return abs(mpmath.mpf(float(value)) - true) / mpmath.mpf(2) ** max(mpmath.frexp(true)[1] - 53, -1074)


# ------------------------------------------------------------------------------------------- what an entry must do
def check_readings(op):
    """Numbers are within the error of the exact value;
    recorded numbers, scalars and sympy's floats have the same bits."""
    x = points(op)
    numbers = op.function(x)
    with mpmath.workdps(120):
        assert max(ulps(v, exact(op, a)) for v, a in zip(numbers, x, strict=True)) <= max(op.error, 0.5)
    assert np.array_equal(numbers, [op.function(float(a)) for a in x])
    assert np.array_equal(numbers, ar.record(lambda v: op.function(v[0]), 1)(x)[0])
    assert np.array_equal(numbers, [float(op.function(sympy.Float(a))) for a in x])
    folded = Graph()
    assert op.name == "sign" or op.function(folded.constant(x[0])).value == numbers[0]


def check_derivative(op):
    x = points(op, seed=1)
    graph = Graph()
    z = graph.input("z")
    slopes = Program((z,), tuple(gradient(op.function(z), [z])))(x)[0]
    with mpmath.workdps(50):
        for a, slope in zip(x, np.broadcast_to(slopes, x.shape), strict=True):
            true = mpmath.diff(lambda t: mpmath.mpf(str(sympy.N(op.symbolic(sympy, sympy.Float(str(t), 50)), 50))),
                               mpmath.mpf(a), h=1e-12)
            assert abs(slope - true) <= 1e-12 * (1 + abs(true))


def check_intervals(op):
    x, width = points(op, 40, 2), np.random.default_rng(3).choice([0, 1e-15, 1e-3, 1.0], 40)
    high = np.minimum(x + width, op.domain[1])
    inside = np.minimum(x + np.random.default_rng(4).random(40) * (high - x), high)
    enclosed = op.function(Interval(x, high))
    with mpmath.workdps(120):
        for low, up, a in zip(enclosed.low, enclosed.high, inside, strict=True):
            assert mpmath.mpf(float(low)) <= exact(op, a) <= mpmath.mpf(float(up))
    thin = op.function(Interval(x, x))
    assert np.all(thin.high - thin.low <= 2e-15 * (1 + np.abs(thin.high)))  # and say something


def kernels(op):
    """One step z -> op(z), lane by lane."""
    graph = Graph()
    z = graph.input("z")
    return Iteration((z,), (graph.lift(op.function(z)),), graph.condition(True), 1)


def check_back_ends(op):
    x = np.concatenate([np.array(SPECIAL), np.random.default_rng(5).normal(size=300) * 10, points(op, 300, 6)])
    numbers = op.function(x)
    for backend in ar.available():
        out, _ = iterate(kernels(op), x[None], 1, backend=backend)
        assert np.array_equal(out[0], numbers, equal_nan=True), backend
        assert np.array_equal(np.signbit(out[0][out[0] == 0]), np.signbit(numbers[numbers == 0])), backend


def check_reader(op):
    x = sympy.Symbol("x", real=True)
    expression = op.symbolic(sympy, x)
    for a in points(op, 5, 7):
        value = ar.from_sympy(expression, {x: np.float64(a)})
        assert value == pytest.approx(float(op.function(a)), rel=1e-13, abs=1e-15)
    assert ar.from_sympy(expression, {x: x}) == expression


CHECKS = [check_readings, check_derivative, check_intervals, check_back_ends, check_reader]


@pytest.mark.parametrize("check", CHECKS, ids=lambda c: c.__name__[6:])
@pytest.mark.parametrize("name", NUMERIC)
def test_operation(name, check):
    check(OPERATIONS[name])


@pytest.fixture
def gudermannian():
    """A function that the table does not have, in one entry."""
    operation("gudermannian", definition=lambda x: 2 * ar.atan(ar.tanh(x / 2)), error=4,
              symbolic=lambda s, x: 2 * s.atan(s.tanh(x / 2)), adjoint=lambda n, d: (d / ar.cosh(n.args[0]),),
              interval=increasing)
    yield OPERATIONS["gudermannian"]
    OPERATIONS.remove("gudermannian")


@pytest.mark.parametrize("check", CHECKS, ids=lambda c: c.__name__[6:])
def test_an_operation_is_added_in_one_entry(gudermannian, check):
    check(gudermannian)


def test_an_operation_of_a_library_runs_where_it_is_spelled():
    operation("cube_root", numeric=np.cbrt, symbolic=lambda s, x: s.cbrt(x), c="cbrt({0})", sympy=("cbrt",))
    try:
        op = OPERATIONS["cube_root"]
        x = np.array([0.5, 8.0, 27.0])
        for backend in ("c", "numpy"):
            if backend in ar.available():
                assert np.allclose(iterate(kernels(op), x[None], 1, backend=backend)[0][0], np.cbrt(x), rtol=1e-15)
        with pytest.raises(ar.CompileError, match="neither a definition nor a spelling python="):
            from arithmetic.printers import lines

            step = kernels(op)
            lines(step.update, {step.state[0]: "x"}, "python")
        graph = Graph()
        z = graph.input("z")
        with pytest.raises(TypeError, match="cube_root has no derivative"):
            gradient(op.function(z), [z])
        with pytest.raises(TypeError, match="no interval form"):
            op.function(Interval(1, 2))
    finally:
        OPERATIONS.remove("cube_root")


def test_entries_are_checked():
    with pytest.raises(ValueError, match="'exp' already"):
        operation("exp", numeric=np.exp)
    with pytest.raises(ValueError, match="needs numeric= or definition="):
        operation("nothing")
    with pytest.raises(ValueError, match="identifier"):
        operation("not a name", numeric=np.exp)
    with pytest.raises(TypeError, match=r"maximum\(\) takes 2 arguments, got 1"):
        ar.maximum(1.0)


# ------------------------------------------------------------------------------- of two arguments, and conditions
BINARY = {"add": lambda x, y: x + y, "sub": lambda x, y: x - y, "mul": lambda x, y: x * y, "div": lambda x, y: x / y,
          "minimum": ar.minimum, "maximum": ar.maximum,
          "lt": lambda x, y: ar.where(x < y, 1.0, 2.0), "le": lambda x, y: ar.where(x <= y, 1.0, 2.0),
          "and": lambda x, y: ar.where((x < 1) & (y < 1), x, y), "or": lambda x, y: ar.where((x < 1) | (y < 1), x, y),
          "not": lambda x, y: ar.where(~(x < y), x, y)}


def test_all_operations_are_tested():
    assert set(OPERATIONS) == set(NUMERIC) | set(BINARY) | EXACT | {"where"}


@pytest.mark.parametrize("name", BINARY)
def test_two_arguments_on_every_back_end(name):
    x, y = np.array(list(itertools.product(SPECIAL, SPECIAL))).T
    graph = Graph()
    a, b = graph.inputs("z", 2)
    iteration = Iteration((a, b), (BINARY[name](a, b), b), graph.condition(True), 2)
    with np.errstate(all="ignore"):
        expected = BINARY[name](x, y)
    if name in ("minimum", "maximum"):  # of 0 and -0 either will do, and NaN is kept
        assert np.array_equal(np.isnan(expected), np.isnan(x) | np.isnan(y))
    for backend in ar.available():
        out, _ = iterate(iteration, np.stack([x, y]), 1, backend=backend)
        assert np.array_equal(out[0], expected, equal_nan=True), backend


@pytest.mark.parametrize("name", ["add", "sub", "mul", "div", "minimum", "maximum"])
def test_two_arguments_have_their_derivatives(name):
    graph = Graph()
    a, b = graph.inputs("z", 2)
    slopes = Program((a, b), tuple(gradient(BINARY[name](a, b), [a, b])))
    for x, y in np.random.default_rng(0).normal(size=(20, 2)):
        value = {"minimum": min, "maximum": max}.get(name, BINARY[name])
        true = [float(mpmath.diff(value, (x, y), order)) for order in ((1, 0), (0, 1))]
        assert [float(s) for s in slopes(x, y)] == pytest.approx(true, rel=1e-10, abs=1e-12)


@settings(deadline=None)
@given(*map(lambda ends: st.floats(*ends).map(np.float64), [(-4, 4), (0, 4), (-4, 4), (0, 4), (0, 1), (0, 1)]))
def test_conditions_on_intervals_enclose(low, width, low2, width2, share, share2):
    X, Y = Interval(low, low + width), Interval(low2, low2 + width2)
    x, y = np.minimum(low + share * width, X.high), np.minimum(low2 + share2 * width2, Y.high)
    for condition in (lambda a, b: a < b, lambda a, b: (a <= b) & (a > 0), lambda a, b: (a >= b) | ~(b > 1)):
        chosen, value = ar.where(condition(X, Y), X, Y * Y), np.where(condition(x, y), x, y * y)
        assert chosen.low <= float(value) <= chosen.high
        truth = condition(X, Y)
        assert bool(truth.must) <= condition(x, y) <= bool(truth.can)


# --------------------------------------------------------------------------------------------------- the definitions
def test_elementary_coefficients_interpolate_at_chebyshev_points():
    """The polynomials, from the functions: the same numbers to the last bits, and errors far below one ulp."""
    from arithmetic import elementary as el

    mp = mpmath.mp
    with mpmath.workdps(60):
        short = mp.log(2) / 2 * (1 + mp.mpf(2)**-20)
        reduced = ((mp.sqrt(2) - 1) / (mp.sqrt(2) + 1))**2 * (1 + mp.mpf(2)**-20)
        quarter, eighth = (mp.pi / 4)**2 * (1 + mp.mpf(2)**-20), mp.tan(mp.pi / 8)**2 * (1 + mp.mpf(2)**-20)

        def of_square(f, series):
            return lambda z: series if z < mp.mpf(10)**-40 else f(mp.sqrt(z), z)

        fits = [
            (el.EXP, lambda r: mp.mpf(1) / 2 if abs(r) < mp.mpf(10)**-30 else (mp.expm1(r) - r) / r**2, -short, short,
             2e-18),
            (el.LOG, of_square(lambda s, z: (2 * mp.atanh(s) / s - 2) / z, mp.mpf(2) / 3), 0, reduced, 3e-18),
            (el.SIN, of_square(lambda s, z: (mp.sin(s) / s - 1) / z, -mp.mpf(1) / 6), 0, quarter, 3e-17),
            (el.COS, of_square(lambda s, z: (mp.cos(s) - 1 + z / 2) / z**2, mp.mpf(1) / 24), 0, quarter, 2e-18),
            (el.ATAN, of_square(lambda s, z: (mp.atan(s) / s - 1) / z, -mp.mpf(1) / 3), 0, eighth, 2e-18),
            (el.ERF, of_square(lambda s, z: (mp.erf(s) / s - 2 / mp.sqrt(mp.pi)) / z, -2 / mp.sqrt(mp.pi) / 3), 0,
             mp.mpf(9) / 16, 1e-17),
            (el.ERF_AROUND_1, lambda s: 2 / mp.sqrt(mp.pi) / mp.e if abs(s) < mp.mpf(10)**-30
             else (mp.erf(1 + s) - mp.erf(1)) / s, -mp.mpf(1) / 4, mp.mpf(1) / 4, 4e-18),
            (el.ERFC, lambda u: (lambda x: mp.exp(x * x) * mp.erfc(x))((3 + 3 * u) / (1 - u)), mp.mpf(-7) / 17,
             mp.mpf(1) / 3, 1e-17),
        ]
        for ours, f, low, high, bound in fits:
            theirs, error = mp.chebyfit(f, [low, high], len(ours), error=True)
            assert error < bound
            assert [float(c) for c in reversed(theirs)] == pytest.approx(list(ours), rel=1e-12)


def test_two_over_pi_is_what_payne_and_hanek_need():
    from arithmetic import elementary as el

    columns = [OPERATIONS[f"two_over_pi_{i}"].table() for i in range(4)]
    with mpmath.workprec(2600):
        for e in (el.LEAST, -3, 0, 1, 52, 53, 54, 600, 1023):
            true = mpmath.fmod(mpmath.ldexp(2 / mpmath.pi, e), mpmath.mpf(2)**54)
            row = [mpmath.mpf(column[e - el.LEAST]) for column in columns]
            assert abs(sum(row) - true) <= mpmath.mpf(2)**-150 and row[0] < 2**54


def test_a_table_is_made_when_it_is_read():
    code = ("from arithmetic import elementary, sin; made = elementary._two_over_pi.cache_info; "
            "print(made().currsize); sin(1.0); print(made().currsize)")
    end = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert end.stdout == "0\n1\n"


def test_quarter_turns_where_they_cancel_most():
    """6381956970095103·2⁷⁹⁷ is the double nearest to a multiple of π/2."""
    x = np.ldexp(6381956970095103.0, 797)
    with mpmath.workprec(1400):
        assert (float(ar.cos(x)) == float(mpmath.cos(mpmath.mpf(x)))
                and float(ar.sin(x)) == float(mpmath.sin(mpmath.mpf(x))))


def test_forms_that_do_not_overflow():
    assert (ar.softplus(1e300) == 1e300 and ar.softplus(-800.0) == 0 and ar.sigmoid(-1e300) == 0
            and ar.sigmoid(800.0) == 1)
    assert 0 < ar.softplus(-740.0) < 1e-300 and 0 < ar.sigmoid(-740.0) < 1e-300
    assert ar.expm1(1e-300) == 1e-300 and ar.log1p(1e-300) == 1e-300


@functools.cache
def accuracy(name: str) -> float:
    from arithmetic import OPERATIONS as table

    rng = np.random.default_rng(11)
    low, high = table[name].domain
    x = np.concatenate([np.ldexp(1 + rng.random(600), rng.integers(-1074, 1024, 600)) * rng.choice([-1, 1], 600),
                        rng.uniform(-40, 40, 600), rng.normal(size=600)])
    x = x[(x > low) & (x < high)]
    reference = {"atan": mpmath.atan, "sigmoid": lambda v: 1 / (1 + mpmath.exp(-v)),
                 "softplus": lambda v: mpmath.log1p(mpmath.exp(v))}.get(name) or getattr(mpmath, name)
    worst = 0.0
    with mpmath.workprec(260):
        for a, value in zip(x, table[name].function(x), strict=True):
            true = reference(mpmath.mpf(a))
            if abs(true) < mpmath.mpf(2)**1024:
                worst = max(worst, float(ulps(value, true)))
            else:
                assert math.isinf(value)
    return worst


@pytest.mark.parametrize("name", [name for name, op in OPERATIONS.items() if op.definition and not op.inline])
def test_elementary_functions_are_within_their_error(name):
    assert accuracy(name) <= OPERATIONS[name].error
