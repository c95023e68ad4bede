"""The three back ends give the same bits, whatever the order, the threads and the number of lanes."""
import numpy as np
import pytest

from arithmetic import Graph, Iteration, absolute, available, check_backend, drive, exp, iterate, maximum, sqrt, total, where
from arithmetic.backends.c import source as c_source
from arithmetic.backends.numpy import CHUNK, source as numpy_source


def damped_map():
    """x, y with a running maximum, and a clock c = 1 − 0.9ⁿ that only reads itself."""
    graph = Graph()
    x, y, top, c = graph.inputs("s", 4)
    c_new = c + 0.1 * (1 - c)
    x_new = x - 0.1 * x * (x * x - 1) / c_new
    y_new = where(y > 0, y - 0.05 * sqrt(y), -y / 2)
    go = (absolute(x_new - x) > 1e-9) & (x * x <= 1e6) | (absolute(y) < 0.01)
    return Iteration((x, y, top, c), (x_new, y_new, maximum(top, x_new), c_new), go, 2)


def starts(n, seed=0):
    rng = np.random.default_rng(seed)
    return np.vstack([rng.uniform(-6, 6, (2, n)), np.zeros((2, n))])


@pytest.mark.parametrize("backend", [b for b in available() if b != "numpy"])
def test_back_ends_agree_bit_for_bit(backend):
    iteration, z = damped_map(), starts(1500)
    reference, count = iterate(iteration, z, 400, backend="numpy")
    final, steps = iterate(iteration, z, 400, backend=backend)
    assert np.array_equal(final, reference, equal_nan=True) and np.array_equal(steps, count)
    assert 0 < count.min() < 20 < count.max() == 400


@pytest.mark.parametrize("backend", available())
def test_order_threads_and_batch_do_not_matter(backend):
    iteration, z = damped_map(), starts(700)
    final, steps = iterate(iteration, z, 300, backend=backend)
    order = np.random.default_rng(1).permutation(700)
    shuffled, counts = iterate(iteration, z[:, order], 300, backend=backend, threads=1)
    assert np.array_equal(shuffled, final[:, order], equal_nan=True) and np.array_equal(counts, steps[order])
    alone, one = iterate(iteration, z[:, :1], 300, backend=backend)
    assert np.array_equal(alone, final[:, :1], equal_nan=True) and one[0] == steps[0]
    none, zero = iterate(iteration, z[:, :0], 300, backend=backend)
    assert none.shape == (4, 0) and zero.shape == (0,)


def test_the_clock_is_tabulated_and_the_table_is_right():
    iteration = damped_map()
    assert iteration.clocks == (3,) and iteration.lanes == (0, 1, 2) and len(iteration.tabulated) == 1
    final, steps = iterate(iteration, starts(50), 100, backend="numpy")
    assert np.allclose(final[3], 1 - 0.9**steps, rtol=1e-12)


def test_a_run_continued_in_pieces_is_the_run():
    """Clocks of different ages are carried per lane."""
    iteration, z = damped_map(), starts(300)
    whole, steps = iterate(iteration, z, 90)
    half, first = iterate(iteration, z, 35)
    rest, second = iterate(iteration, half, 55)
    assert np.array_equal(rest, whole, equal_nan=True) and np.array_equal(first + second, steps)


def test_the_numpy_driver_refills_beyond_one_chunk():
    graph = Graph()
    x, = graph.inputs("x", 1)
    iteration = Iteration((x,), (x - 1,), x > 0.5, 1)
    n = CHUNK + 3000
    z = np.random.default_rng(0).integers(0, 40, (1, n)).astype(float)
    final, steps = iterate(iteration, z, 30, backend="numpy")
    assert np.array_equal(steps, np.minimum(z[0], 30)) and np.array_equal(final[0], z[0] - steps)


def test_drive_serves_plain_functions():
    def advance(x, out, count, go):
        out[:] = x / 2
        go[:] = x[0] > 1

    final, steps = drive(advance, np.array([[8.0, 1.0, 1000.0]]), 5)
    assert list(steps) == [3, 0, 5] and list(final[0]) == [1, 1, 31.25]


def test_printed_operations_are_the_counted_ones():
    iteration = damped_map()
    assert iteration.operations <= 22
    assert sum(line.strip().startswith(("const double v", "const _Bool v"))
               for line in c_source(iteration).splitlines()) == iteration.operations
    source, floats, booleans = numpy_source(iteration)
    assert floats <= 6 and booleans <= 3


@pytest.mark.parametrize("backend", available())
def test_transcendental_functions_give_close_states(backend):
    graph = Graph()
    x, = graph.inputs("x", 1)
    iteration = Iteration((x,), (x - 0.1 * (exp(x) - 2),), total(absolute(graph.inputs("x", 1))) < 10, 1)
    final, _ = iterate(iteration, np.linspace(-2, 2, 40)[None], 500, backend=backend)
    assert np.allclose(final, np.log(2), rtol=1e-12)


def test_unknown_back_ends_are_refused():
    with pytest.raises(ValueError, match="'fortran' is not known"):
        check_backend("fortran")
