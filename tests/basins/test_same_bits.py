"""A study is the same to the bit on every back end, for any number of threads, size of pieces,
order of starts and executor."""
import multiprocessing
from concurrent.futures import ProcessPoolExecutor

import numpy as np
import pytest

import networks
from arithmetic import available
from basins import study, uniform
from schemes import Stop, named

#: Of the networks those that are studied: the others have no operations that these do not have.
OPTIMIZERS = {"gd": {"lr": 0.05}, "momentum": {"lr": 0.01}, "nesterov": {"lr": 0.01}, "adam": {"lr": 0.05},
              "rmsprop": {"lr": 0.01},
              "adamax": {"lr": 0.05}, "lion": {"lr": 0.01}, "gd-richardson": {}, "gd-energy": {},
              "momentum-energy": {}, "adam-energy": {}, "lm": {}}
# where the functions of the loss, of the scheme, and roots enter
QUICK = ("adam", "momentum-energy", "gd-richardson", "lm")


def run(loss, optimizer, starts, **options):
    """A study that names its points however slow the machine is."""
    return study(loss, optimizer, starts, stop=Stop(max_steps=300), patience=600.0, **options)


def assert_same(one, other, order=slice(None)):
    for name in ("outcome", "point", "steps", "theta"):
        a, b = getattr(one, name), getattr(other, name)
        assert np.array_equal(a[..., order], b, equal_nan=name == "theta"), name


def compare(network: str, optimizer: str, n: int, backends) -> None:
    loss, optimizer = networks.get(network), named(optimizer, **OPTIMIZERS[optimizer])
    starts = uniform(loss.box, n, 0)
    first = run(loss, optimizer, starts, backend="numpy")
    for backend in backends:
        assert_same(first, run(loss, optimizer, starts, backend=backend))


@pytest.mark.parametrize("optimizer", QUICK)
@pytest.mark.parametrize("network", networks.studied())
def test_c_and_numpy(network, optimizer):
    if "c" not in available():
        pytest.skip("there is no C compiler")
    compare(network, optimizer, 100, ["c"])


@pytest.mark.slow
@pytest.mark.parametrize("optimizer", OPTIMIZERS)
@pytest.mark.parametrize("network", networks.studied())
def test_every_back_end(network, optimizer):
    compare(network, optimizer, 500, [b for b in available() if b != "numpy"])


@pytest.mark.parametrize("network", ["cloche", "hidden-tanh", "sine"])
def test_any_division_of_the_work(network):
    loss, optimizer = networks.get(network), named("momentum-energy")
    starts = uniform(loss.box, 500, 1)
    first = run(loss, optimizer, starts, threads=1)
    order = np.random.default_rng(0).permutation(500)
    assert_same(first, run(loss, optimizer, starts, threads=2))
    assert_same(first, run(loss, optimizer, starts[:, order]), order)
    for chunk in (7, 64, 500):
        assert_same(first, run(loss, optimizer, starts, chunk=chunk))
    for method in ("fork", "spawn"):
        with ProcessPoolExecutor(2, mp_context=multiprocessing.get_context(method)) as pool:
            assert_same(first, run(loss, optimizer, starts, executor=pool, chunk=250))
