"""Small recorded maps that the tests of iteration, driver and back ends repeat."""
import numpy as np

from arithmetic import Graph, Iteration, absolute, maximum, sqrt, where


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


def decay_map():
    """x -> rate·x with a rate per lane while x > 1, and a counter: lanes of very different length."""
    graph = Graph()
    x, n = graph.inputs("x", 2)
    rate = graph.parameter("rate")
    return Iteration((x, n, rate), (x * rate, n + 1, rate), x > 1.0, 1)


def stragglers(n, slow):
    """Every slow-th lane takes some 20 000 steps, the others 20."""
    rate = np.full(n, 0.5)
    rate[::slow] = np.exp(-np.log(1e6) / 2e4)
    return np.vstack([np.full(n, 1e6), np.zeros(n), rate])
