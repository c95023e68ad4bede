"""Small problems that several test folders use."""
import gc
import os
import signal

import numpy as np
import pytest

os.environ.setdefault("SYMPY_CACHE_SIZE", "None")  # no bound; read at its import, of a thousand proofs in one process

import sympy  # noqa: E402

from networks import Loss  # noqa: E402

gc.set_threshold(100_000, 20, 100)  # a twelfth of the time went into looking through what sympy keeps

if signal.getsignal(signal.SIGINT) == signal.SIG_IGN:  # as of what a script starts in the background
    signal.signal(signal.SIGINT, signal.default_int_handler)  # tests press Ctrl-C


def pytest_sessionfinish():
    sympy.core.cache.clear_cache()  # which pytest would look through at the end, five times


@pytest.fixture(scope="session")
def quartic():
    """A random smooth problem of 6 parameters (facts: F = b·θ + ½θᵀAθ + ⅓T(θ,θ,θ) + ¼Σθ⁴), numeric only, with lanes."""
    rng = np.random.default_rng(7)
    dim = 6
    root = rng.normal(size=(dim, dim))
    A = root @ root.T / dim + np.eye(dim)
    b, T = rng.normal(size=dim), 0.1 * rng.normal(size=(dim, dim, dim))
    S = T + T.transpose(1, 0, 2) + T.transpose(2, 1, 0)

    def value(x):
        return (np.einsum("i,i...->...", b, x) + np.einsum("i...,ij,j...->...", x, A, x) / 2
                + np.einsum("ijk,i...,j...,k...->...", T, x, x, x) / 3 + np.sum(x**4, axis=0) / 4)

    def gradient(x):
        return (b.reshape(-1, *[1] * (x.ndim - 1)) + np.einsum("ij,j...->i...", A, x)
                + np.einsum("ijk,j...,k...->i...", S, x, x) / 3 + x**3)

    return Loss.from_callables(dim, value, gradient, name="quartic")
