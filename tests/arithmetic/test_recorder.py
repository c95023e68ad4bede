"""The recorder: sharing, derivatives, programs on every reading."""
import itertools

import numpy as np
import pytest
import sympy
from hypothesis import given, settings
from hypothesis import strategies as st

from arithmetic import (
    Graph, Program, Vector, absolute, dot, exp, gradient, log, maximum, polynomial, record, sin, sqrt, tangent, tanh,
    where,
)


def rational(x):
    """Something with every operation in it."""
    a, b = x
    return sqrt(a * a + b**2
                + 1) / (2 + tanh(a)) - exp(-b * b) * sin(a - b) + maximum(a, b) ** 3 + abs(a) * where(a < b, a, b)


def test_equal_operations_are_one_node():
    graph = Graph()
    x, y = graph.inputs("x", 2)
    assert x * y is y * x and (x + y) * (x + y) is (y + x) ** 2
    minus = -x
    assert x + 0 is x and 1 * x is x and x / 1 is x and -minus is x and x - (-y) is x + y


def test_powers_are_multiplications():
    program = record(lambda v: v[0] ** 6, 1)
    assert program.operations == 3
    assert program(-2.0) == [64.0]
    assert record(lambda v: v[0] ** -2, 1)(4.0) == [1 / 16]
    with pytest.raises(TypeError, match="integer powers"):
        record(lambda v: v[0] ** 0.3, 1)


@settings(max_examples=60, deadline=None)
@given(st.floats(-2, 2), st.floats(-2, 2))
def test_reverse_mode_is_the_derivative(a, b):
    if abs(a - b) < 1e-3 or abs(a) < 1e-3:
        return
    value = record(rational, 2)
    slope = Program(value.inputs, tuple(gradient(value.outputs[0], value.inputs)))
    h = 1e-6
    central = [(value(a + h, b)[0] - value(a - h, b)[0]) / (2 * h), (value(a, b + h)[0] - value(a, b - h)[0]) / (2 * h)]
    assert np.allclose(slope(a, b), central, rtol=1e-5, atol=1e-6)


@settings(max_examples=60, deadline=None)
@given(st.floats(-2, 2), st.floats(-2, 2), st.floats(-2, 2), st.floats(-2, 2))
def test_forward_and_reverse_mode_agree(a, b, u, v):
    """⟨∇f, d⟩ both ways, and the same of the gradient: the Hessian times d."""
    graph = Graph()
    x, d = graph.inputs("x", 2), graph.inputs("d", 2)
    f = rational(x) + log(2 + x[0] ** 2) * absolute(x[1]) + polynomial([1, -2, 0, 3], x[0] - x[1])
    slope = gradient(f, x)
    hessian = [gradient(g, x) for g in slope]
    both = Program((*x, *d), (*tangent([f, *slope], x, d), dot(slope, d), *(dot(row, d) for row in hessian)))
    out = both(a, b, u, v)
    assert out[:3] == pytest.approx(out[3:], rel=1e-12, abs=1e-12)


def test_a_hessian_times_a_vector_costs_a_few_gradients():
    """One pass, not one for each of the 60 coordinates."""
    graph = Graph()
    x, d = graph.inputs("x", 60), graph.inputs("d", 60)
    slope = gradient(sum(tanh(a * b) for a, b in itertools.pairwise(x)), x)
    product = Program((*x, *d), tuple(tangent(slope, x, d)))
    assert product.operations < 5 * Program(tuple(x), tuple(slope)).operations


def test_what_does_not_move_has_tangent_zero():
    graph = Graph()
    x = graph.inputs("x", 2)
    assert [t.value for t in tangent([graph.constant(3.0), x[0] * x[0], x[1]], x, [0.0, 1.0])] == [0, 0, 1]


A = np.array([[1.0, 2.0, 0.5], [0.0, 3.0, 1.0], [2.0, -1.0, 4.0]])
HABITS = {
    "t.sum()": lambda t: t.sum(), "np.sum": lambda t: np.sum(t**2), "np.mean": lambda t: np.mean(t),
    "t.mean()": lambda t: t.mean(),
    "np.prod": lambda t: np.prod(t), "t @ t": lambda t: t @ t, "t @ A @ t": lambda t: t @ A @ t,
    "A @ t": lambda t: (A @ t)[1],
    "np.dot": lambda t: np.dot(t, t), "t.dot": lambda t: t.dot(A[0]), "np.inner": lambda t: np.inner(t, A[1]),
    "np.square": lambda t: np.square(t).sum(), "len": lambda t: t.sum() / len(t),
    "slices": lambda t: (t[1:] * t[:-1]).sum(),
    "row": lambda t: (A[0] * t).sum(), "np.abs": lambda t: np.abs(t).sum(), "sum": lambda t: sum(t[::-1] ** 2),
    "pi": lambda t: sympy.pi * t[0] + np.pi * t[1],
    "1/3": lambda t: sympy.Rational(1, 3) * t[0] - sympy.Integer(2) * t[2],
    "root": lambda t: sympy.sqrt(2) * t[0] + t[1] ** sympy.Rational(1, 2),
    "shift": lambda t: sympy.pi + t[0] / sympy.pi,
    "array": lambda t: (sympy.pi * t).sum(),
}


@pytest.mark.parametrize("habit", HABITS)
def test_numpy_habits_mean_on_recorded_numbers_and_symbols_what_they_mean_on_numbers(habit):
    definition, at = HABITS[habit], np.array([0.7, 1.3, 2.1])
    expected = float(definition(at))
    assert record(definition, 3)(*at) == [pytest.approx(expected, rel=1e-14)]
    symbols = sympy.symbols("t1:4", real=True)
    expression = sympy.sympify(definition(Vector(symbols)))
    assert float(expression.subs(dict(zip(symbols, at, strict=True)))) == pytest.approx(expected, rel=1e-14)


def test_what_is_not_one_number_is_refused_in_one_sentence():
    graph = Graph()
    x = graph.inputs("x", 3)
    for wrong in (x, np.ones(2), "text", None, [1.0]):
        with pytest.raises(TypeError, match=r"cannot be recorded as one number: write total\(x\)"):
            graph.lift(wrong)
    with pytest.raises(TypeError, match="cannot be recorded as one number"):
        where(x[0] > 0, "text", 0.0)
    assert graph.lift(np.array(2.0)).value == 2


def test_reverse_mode_is_exact_on_symbols():
    x = sympy.symbols("a b", positive=True)
    program = record(lambda v: sqrt(v[0]) * exp(v[1]) / (v[0] + v[1]), 2)
    slope = Program(program.inputs, tuple(gradient(program.outputs[0], program.inputs)))
    value = program(*x)[0]
    assert all(sympy.simplify(s - sympy.diff(value, v)) == 0 for s, v in zip(slope(*x), x, strict=True))


@pytest.mark.parametrize("sign", [-1, 1])
def test_horner_of_an_argument_that_simplification_takes_apart(sign):
    """(−x)² is recorded as x², but its known derivative still goes through −x."""
    graph = Graph()
    x, y = graph.input("x"), graph.input("y")
    for z, dz in ((sign * x, (sign, 0)), (sign * (x - y), (sign, -sign))):
        slope = Program((x, y), tuple(gradient(polynomial([-1, 0, 1], z), [x, y])))
        value = 2 * sign * (0.5 if dz[1] == 0 else 0.2)
        assert slope(0.5, 0.3) == pytest.approx([value * dz[0], value * dz[1]])


@settings(deadline=None)
@given(st.lists(st.integers(-5, 5), min_size=1, max_size=7), st.floats(-2, 2))
def test_horner_and_its_derivatives(coefficients, z):
    graph = Graph()
    x = graph.input("x")
    p = graph.lift(polynomial(coefficients, x))
    for order in range(3):
        expected = (np.polynomial.Polynomial(coefficients).deriv(order)(z) if order
                    else np.polynomial.Polynomial(coefficients)(z))
        assert Program((x,), (p,))(z)[0] == pytest.approx(expected, rel=1e-12, abs=1e-12)
        p = gradient(p, [x])[0]


def test_a_program_replays_inside_another_recording():
    inner = record(rational, 2)
    outer = record(lambda v: inner(2 * v[0], -v[1])[0], 2)
    assert outer(0.3, 0.4) == inner(0.6, -0.4)


def test_a_recorded_number_refuses_what_it_cannot_do():
    graph = Graph()
    x = graph.input("x")
    with pytest.raises(TypeError, match="where"):
        bool(x < 1)
    with pytest.raises(TypeError, match="no float value"):
        float(x)
    with pytest.raises(ValueError, match="two recordings"):
        x + Graph().input("x")
    with pytest.raises(ValueError, match="takes 1 numbers, got 2"):
        Program((x,), (x * x,))(1.0, 2.0)
    with pytest.raises(ValueError, match="recorded inputs"):
        gradient(x * x, [x * x])


def test_constants_that_are_not_finite_are_outcomes():
    assert np.isnan(record(lambda v: v[0] * np.nan, 1)(1.0)[0])
    assert record(lambda v: v[0] / 0.0, 1)(1.0) == [np.inf]


def test_vectors_compare_element_by_element():
    x = Graph().inputs("x", 3)
    assert [c.op for c in (x < 1)] == ["lt"] * 3 and [c.op for c in (x >= 1)] == ["le"] * 3
    assert isinstance(where(x <= 0, x, 2 * x), Vector)


def test_a_definition_that_changes_between_calls_is_not_recorded():
    rng, count = np.random.default_rng(0), iter(range(100))
    for definition in (lambda x: x[0] * rng.normal(), lambda x: x[0] + np.random.normal(), lambda x: x[0]
                       + next(count)):
        with pytest.raises(ValueError,
                           match="two recordings differ, so it draws random numbers or keeps something between calls"):
            record(definition, 1)


def test_parameters_are_grouped_as_constants_are():
    """c (d x) = (c d) x whatever of c and d is a parameter; a product of parameters alone stays as written."""
    graph = Graph()
    x, p, q = graph.input("x"), graph.parameter("p"), graph.parameter("q")
    assert p * (q * x) is (p * q) * x and 0.3 * (p * x) is (0.3 * p) * x and p * (0.3 * x) is (0.3 * p) * x
    assert p * (x * q) is (q * p) * x and 0.3 * (0.7 * p) is not (0.3 * 0.7) * p
    assert graph.fixed >= {p, q, p * q, 1 / p - q} and x * p not in graph.fixed


@pytest.mark.parametrize("step, start", [
    (lambda x, c, h: (x + c * ((1 - x) / h) * h, c, h), (0.0, 0.1, 0.3)),          # Python's floats do
    (lambda x, c, h: (0.5 * x + c, c, h), (1.0, 0.25, 0.0)),                        # comes to rest, after 53 runs
    (lambda x, c, h: (x + 1, c / (x - 5), h), (0.0, 0.0, 0.0)),                     # divides by 0
    (lambda x, c, h: (sqrt(x * x + c), c * exp(-c), c), (0.5, 0.7, 0.1)),           # calls functions
    (lambda x, c, h: (x, c, h), (1.0, 2.0, 3.0))])                                  # changes nothing
def test_a_program_that_is_repeated_is_the_program_again_and_again(step, start):
    program, now, states = record(lambda v: step(*v), 3), [np.float64(x) for x in start], []
    with np.errstate(all="ignore"):
        while len(states) < 80:
            states.append(now)
            if (after := program.function(*now)) == now:
                break
            now = after
    assert np.array(states).T.tobytes() == program.again(np.array(start), 80).tobytes()
