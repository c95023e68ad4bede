"""What of a repeated map is evaluated once: clocks in a table, parameters per lane, conditions that never change."""
import numpy as np
import pytest

from arithmetic import Graph, Iteration, available, exp, iterate, where
from arithmetic.iteration import Recent
from maps import damped_map, decay_map, starts, stragglers


def test_the_clock_is_tabulated_and_the_table_is_right():
    iteration = damped_map()
    assert iteration.clocks == (3,) and iteration.lanes == (0, 1, 2) and len(iteration.tabulated) == 1
    final, steps = iterate(iteration, starts(50), 100, backend="numpy")
    assert np.allclose(final[3], 1 - 0.9**steps, rtol=1e-12)


def test_rows_that_differ_between_lanes_are_no_clocks():
    iteration = damped_map()
    z = starts(5)
    assert iteration.among(z) is iteration
    z[3] = np.arange(5)
    apart = iteration.among(z)
    assert apart.clocks == () and apart.lanes == (0, 1, 2, 3) and iteration.among(z) is apart
    z[3] = [0.0, -0.0, 0.0, 0.0, 0.0]
    assert iteration.among(z).clocks == ()  # equal, but not to the bit


def adam_like():
    """A clock that reads two parameters, and a state that reads products and quotients of them."""
    graph = Graph()
    x, c = graph.inputs("x", 2)
    lr, beta = graph.parameter("lr"), graph.parameter("beta")
    rate = (1 - beta) / lr
    c_new = c + lr * (rate * (1 - c))
    return Iteration((x, c, lr, beta), (x - lr * (0.3 * (x - 1 / c_new)), c_new, lr, beta), x * x < 1e4, 1)


def test_what_depends_on_parameters_alone_is_evaluated_once_per_lane():
    z = np.vstack([np.linspace(-3, 3, 40), np.zeros(40), np.full(40, 0.1), np.repeat([0.9, 0.99], 20)])
    iteration = adam_like().among(z)
    assert iteration.parameters == (3,) and iteration.lanes == (0, 1) and iteration.clocks == (2,)
    z[2] = np.linspace(0.1, 0.2, 40)
    iteration = adam_like().among(z)
    assert iteration.parameters == (2, 3) and iteration.lanes == (0, 1) and iteration.clocks == ()
    assert len(iteration.fixed) == 2 and iteration.operations <= 10  # 0.3·lr and lr·rate
    z[3] = 0.9
    z[2] = 0.1
    assert adam_like().among(z).clocks == (1, 2, 3)  # the same for all: a table again


@pytest.mark.parametrize("backend", available())
def test_parameters_give_the_bits_of_separate_runs_with_constants(backend):
    rates, betas = np.array([0.07, 0.1, 0.31]), np.array([0.9, 0.93])
    lr, beta = (a.ravel() for a in np.meshgrid(rates, betas))
    x = np.random.default_rng(2).uniform(-4, 4, 50)
    z = np.vstack([np.tile(x, 6), np.zeros(300), np.repeat(lr, 50), np.repeat(beta, 50)])
    final, steps = iterate(adam_like(), z, 200, backend=backend)
    for k in range(6):
        graph = Graph()
        s, c = graph.inputs("x", 2)
        h, b = float(lr[k]), float(beta[k])
        rate = (1 - b) / h
        c_new = c + h * (rate * (1 - c))
        apart = Iteration((s, c), (s - h * (0.3 * (s - 1 / c_new)), c_new), s * s < 1e4, 1)
        alone, counts = iterate(apart, np.vstack([x, np.zeros(50)]), 200, backend=backend)
        here = slice(50 * k, 50 * k + 50)
        assert np.array_equal(final[:2, here], alone) and np.array_equal(steps[here], counts)


def test_conditions_that_never_change_are_folded_and_products_of_parameters_are_not_regrouped():
    graph = Graph()
    x, n = graph.inputs("x", 2)
    p = graph.parameter("p")
    slow = n >= 0.0  # true throughout
    x_new = where(slow, x * (0.7 * (0.1 * p)), x + 1)
    iteration = Iteration((x, n, p), (x_new, n + 1, p), x > 1e-3, 1)
    z = np.vstack([np.linspace(1, 2, 9), np.zeros(9), np.linspace(3, 4, 9)])
    folded, table = iteration.among(z).knowing(iteration.among(z).tables(np.zeros(1), 20)[1])
    assert len(table) == 0 and folded.operations < iteration.among(z).operations
    final, _ = iterate(iteration, z, 1)
    assert np.array_equal(final[0], z[0] * (0.7 * (0.1 * z[2])))


def test_tables_are_kept_for_the_last_few_starts_only():
    iteration = damped_map()
    for k in range(30):
        z = starts(3)
        z[3] = k / 100
        iterate(iteration, z, 5, backend="numpy")
    assert len(iteration.recent_tables) == 16


@pytest.mark.parametrize("backend", available())
def test_clocks_in_lanes_have_the_bits_of_tables(backend, monkeypatch):
    z = starts(500)
    computed = iterate(damped_map(), z, 3000, backend=backend)
    monkeypatch.setattr("arithmetic.iteration.LOOKUP", 0)
    tabulated = damped_map()
    read = iterate(tabulated, z, 3000, backend=backend)
    assert len(tabulated.recent_tables) and tabulated.without_tables is tabulated
    assert computed[1].max() > 100
    assert all(np.array_equal(a, b, equal_nan=True) for a, b in zip(computed, read, strict=True))


def test_clocks_are_computed_in_lanes_where_that_is_less_work_than_to_look_them_up():
    assert damped_map().without_tables.lanes == (0, 1, 2, 3)
    for idle in (decay_map().among(stragglers(100, 10)), damped_map().without_tables):  # nothing reads a clock
        assert idle.without_tables is idle
    graph = Graph()
    x, n = graph.inputs("x", 2)
    costly = Iteration((x, n), (x * exp(-n), n + 1), x > 0.0, 1)
    assert costly.operations == 2 and costly.without_tables is costly


def test_recent_forgets_the_oldest():
    recent, made = Recent(2), []
    for key in (1, 2, 1, 3, 1, 2):
        recent.get(key, lambda key=key: made.append(key))
    assert made == [1, 2, 3, 2]


def test_decay_map_has_a_clock_that_nothing_reads_and_a_parameter():
    iteration = decay_map().among(stragglers(100, 10))
    assert iteration.clocks == (1,) and iteration.parameters == (2,) and iteration.operations == 2


def test_an_iteration_needs_an_update_per_state():
    graph = Graph()
    x, y = graph.inputs("x", 2)
    with pytest.raises(ValueError, match="2 states, 1 updates"):
        Iteration((x, y), (x,), x > 0, 1)
