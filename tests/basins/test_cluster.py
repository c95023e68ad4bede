"""Studies on a Dask cluster on this machine: the same bits, and nothing lost when parts of it die."""
import os
import signal
import threading
import time

import numpy as np
import pytest

import networks
import schemes
from basins import study, uniform
from schemes import Outcome, Stop

distributed = pytest.importorskip("distributed")
pytestmark = [pytest.mark.filterwarnings("ignore::DeprecationWarning"),  # of Dask's own
              pytest.mark.filterwarnings("ignore::ResourceWarning"),
              pytest.mark.filterwarnings("ignore:.*:UserWarning:distributed")]

POLYTWO, GD = networks.get("polytwo"), schemes.named("gd", lr=0.1)
STARTS = uniform(POLYTWO.box, 400, 0)
SLOW, LONG = schemes.named("adam", lr=1e-5), Stop(max_steps=3_000)  # by NumPy a fifth of a second a piece
ARRAYS = ("outcome", "point", "steps", "gradients", "theta")


def run(executor=None, optimizer=GD, stop=None, **options):
    return study(POLYTWO, optimizer, STARTS, executor=executor, stop=stop,
                 **{"chunk": 40, "progress": False, "backend": "numpy" if optimizer is SLOW else "auto"} | options)


def assert_same(a, b):
    for name in ARRAYS:
        assert getattr(a, name).tobytes() == getattr(b, name).tobytes(), name


def cluster(workers: int):
    return distributed.LocalCluster(n_workers=workers, threads_per_worker=1, processes=True, dashboard_address=None)


@pytest.fixture(scope="module")
def whole():
    return run()


@pytest.fixture(scope="module")
def slow():
    return run(optimizer=SLOW, stop=LONG, backend="auto")


def ctrl_c(client):
    """What is done is returned, and what waits is cancelled."""
    def press(done, n):
        if done == 80:
            signal.raise_signal(signal.SIGINT)

    found = run(client, SLOW, LONG, progress=press)
    assert (found.outcome != Outcome.INTERRUPTED).sum() == 80
    deadline = time.monotonic() + 60
    while any(client.processing().values()) and time.monotonic() < deadline:
        time.sleep(0.1)
    assert not any(client.processing().values())


def test_a_client_its_executor_and_its_address(whole):
    with cluster(2) as made, distributed.Client(made) as client:
        for executor in (client, client.get_executor(), made.scheduler_address):
            assert_same(run(executor), whole)
        described = uniform(POLYTWO.box, 400, 0, lazy=True)
        assert_same(study(POLYTWO, GD, described, executor=client, chunk=40, progress=False), whole)
        ctrl_c(client)


def test_a_worker_that_is_killed_is_done_without(slow):
    with cluster(2) as made, distributed.Client(made) as client:
        victims = [worker.pid for worker in made.workers.values()]

        def kill(done, n):
            if victims and done >= 80:
                os.kill(victims.pop(), signal.SIGKILL)
                victims.clear()

        assert_same(run(client, SLOW, LONG, progress=kill), slow)
        assert not victims


def test_workers_that_come_and_go(whole):
    with cluster(0) as made, distributed.Client(made) as client:
        made.adapt(minimum=0, maximum=2, interval="100ms", wait_count=1)
        assert_same(run(client), whole)


def test_a_scheduler_that_is_gone_loses_no_piece_of_the_store(tmp_path, slow):
    """The study ends with an error that has what was done, and goes on with another cluster, here one of its own."""
    made = cluster(2)
    client = distributed.Client(made)
    try:
        def stop(done, n):
            if done == 120:
                threading.Thread(target=made.close, daemon=True).start()

        with pytest.raises(Exception) as caught:
            run(client, SLOW, LONG, store=tmp_path, progress=stop)
    finally:
        client.close()
        made.close()
    done = caught.value.partial.outcome != Outcome.INTERRUPTED
    assert 120 <= done.sum() < 400 and f"{done.sum()} of 400 starts had ended" in caught.value.__notes__[0]
    assert np.array_equal(caught.value.partial.theta[:, done], slow.theta[:, done])
    assert len(list(tmp_path.glob("piece-*"))) == done.sum() // 40
    seen = []
    assert_same(run("dask", SLOW, LONG, store=tmp_path, progress=lambda done, n: seen.append(done)), slow)
    assert len(seen) == 10
