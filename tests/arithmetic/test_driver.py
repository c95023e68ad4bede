"""The back ends give the same bits, whatever the order, the threads and the number of lanes;
runs can be interrupted."""
import subprocess
import sys
from concurrent.futures import ProcessPoolExecutor
from multiprocessing import get_all_start_methods, get_context

import numpy as np
import pytest

from arithmetic import (
    Graph, Iteration, absolute, available, check_threads, cpus, drive, exp, iterate, path, total,
)
from arithmetic.backends import Work
from arithmetic.driver import TABLE
from maps import damped_map, decay_map, starts, stragglers


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


@pytest.mark.parametrize("backend", available())
def test_a_path_is_the_run_step_by_step(backend):
    iteration, z = damped_map(), starts(70)
    found, steps = path(iteration, z, 40, 2, backend=backend)
    for k in range(41):
        final, count = iterate(iteration, z, k, backend=backend)
        assert np.array_equal(found[k], final[:2], equal_nan=True)
    assert np.array_equal(steps, count) and steps.min() < 40 == steps.max()


def test_a_path_of_many_lanes_is_followed_by_many_threads():
    iteration, z = damped_map(), starts(150_000)
    found, steps = path(iteration, z, 3, 2, threads=2)
    final, count = iterate(iteration, z, 3)
    assert np.array_equal(found[3], final[:2], equal_nan=True) and np.array_equal(steps, count)


@pytest.mark.parametrize("backend", available())
def test_a_lane_of_a_limit_is_that_lane_in_a_run_of_so_many_steps(backend, monkeypatch):
    monkeypatch.setattr("arithmetic.driver.FIRST", 32)  # tables too are made in lengths
    iteration, z = damped_map(), starts(100)
    limits = np.random.default_rng(0).integers(0, 150, 100)
    limits[:3] = 0
    final, steps = iterate(iteration, z, limits, backend=backend)
    for k in range(0, 100, 9):
        alone, count = iterate(iteration, z[:, [k]], int(limits[k]), backend="numpy")
        assert np.array_equal(final[:, [k]], alone, equal_nan=True) and steps[k] == count[0]
    assert (steps == limits).sum() > 20 and (steps < limits).any() and not steps[:3].any()


def test_lanes_that_may_go_far_are_begun_first(monkeypatch):
    """By powers of 2, so that the last ones do not go alone; those of no steps are not begun."""
    queues = []
    monkeypatch.setattr("arithmetic.driver._way", lambda kernel, work, *_: lambda: queues.append(list(work.queue)))
    iterate(damped_map(), starts(4), np.array([0, 70, 5, 900]))
    iterate(damped_map(), starts(4), np.array([7, 70, 5, 900]))
    assert queues == [[3, 1, 2], [3, 1, 0, 2]]


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
    n = Work.at_once + 3000
    z = np.random.default_rng(0).integers(0, 40, (1, n)).astype(float)
    final, steps = iterate(iteration, z, 30, backend="numpy")
    assert np.array_equal(steps, np.minimum(z[0], 30)) and np.array_equal(final[0], z[0] - steps)


def test_refilled_slots_leave_the_queue_as_it_is():
    """Clocks are written to the lanes of the queue after the run, and long runs go on with it."""
    z = starts(Work.at_once + 3000)
    final, steps = iterate(damped_map(), z, 60, backend="numpy")
    assert len(set(steps)) > 20 and final[3] == pytest.approx(1 - 0.9**steps, rel=1e-12)


def test_drive_serves_plain_functions():
    def advance(x, out, count, go):
        out[:] = x / 2
        go[:] = x[0] > 1

    final, steps = drive(advance, np.array([[8.0, 1.0, 1000.0]]), 5)
    assert list(steps) == [3, 0, 5] and list(final[0]) == [1, 1, 31.25]


@pytest.mark.parametrize("backend", available())
def test_transcendental_functions_give_close_states(backend):
    graph = Graph()
    x, = graph.inputs("x", 1)
    iteration = Iteration((x,), (x - 0.1 * (exp(x) - 2),), total(absolute(graph.inputs("x", 1))) < 10, 1)
    final, _ = iterate(iteration, np.linspace(-2, 2, 40)[None], 500, backend=backend)
    assert np.allclose(final, np.log(2), rtol=1e-12)


@pytest.mark.parametrize("backend", available())
@pytest.mark.parametrize("threads", [1, 2, 5])
def test_slow_lanes_among_fast_ones_end_alike(backend, threads):
    iteration, z = decay_map(), stragglers(4000, 125)
    final, steps = iterate(iteration, z, 30_000, backend=backend, threads=threads)
    lanes = np.array([0, 1])  # a slow and a fast one, alone
    alone, few = iterate(iteration, z[:, lanes], 30_000, backend="numpy")
    assert 20_000 <= few[0] <= 20_001 and few[1] == 20
    assert np.array_equal(final, alone[:, (np.arange(4000) % 125 > 0).astype(int)])
    assert np.array_equal(steps, few[(np.arange(4000) % 125 > 0).astype(int)])


def test_a_table_is_made_in_lengths_without_end(monkeypatch):
    """A clock that never settles, over more steps than one table has and with fewer tables kept than were made."""
    monkeypatch.setattr("arithmetic.iteration.LOOKUP", 0)
    iteration, z = decay_map(), stragglers(300, 50)
    graph = Graph()
    x, n = graph.inputs("x", 2)
    counted = Iteration((x, n), (x + 1 / (n + 1), n + 1), x < 1e9, 1)
    final, steps = iterate(counted, np.zeros((2, 3)), 16 * TABLE + 5)
    assert (steps == 16 * TABLE + 5).all() and (final[1] == steps).all()
    assert np.allclose(final[0], np.sum(1 / np.arange(1, 16 * TABLE + 6)), rtol=1e-12)
    assert len(counted.recent_tables) == 16
    final, steps = iterate(iteration, z, 30_000)
    assert np.array_equal(final[1], steps)


def test_ten_million_steps_need_no_stack():
    graph = Graph()
    x, n = graph.inputs("x", 2)
    clocked = Iteration((x, n), (x + 1, n + 1), x + n < 1.9e7, 1)
    final, steps = iterate(clocked, np.zeros((2, 1)), 10_000_000)
    assert steps[0] == 9_500_000 and final[0, 0] == final[1, 0] == 9_500_000


def test_threads_are_a_number_of_threads():
    assert check_threads(3) == 3 and check_threads(np.int64(2)) == 2
    assert check_threads(None) == check_threads(-1) == cpus()
    for threads in (0, -2):
        with pytest.raises(ValueError, match=f"threads={threads} must be at least 1, or None or -1"):
            iterate(damped_map(), starts(1), 5, threads=threads)
    for threads in (True, 2.0, "2"):
        with pytest.raises(TypeError, match=f"threads={threads!r} must be an integer >= 1"):
            iterate(damped_map(), starts(1), 5, threads=threads)


def test_plain_functions_are_stepped_by_threads_alike():
    def advance(x, out, count, go):
        out[:] = x * x - 1.5
        go[:] = np.abs(x[0]) < 1

    z = np.random.default_rng(0).uniform(-1, 1, (1, 2 * Work.at_once + 77))
    final, steps = drive(advance, z, 50)
    twice, counts = drive(advance, z, 50, threads=2)
    assert np.array_equal(final, twice) and np.array_equal(steps, counts)


def test_what_a_step_raises_arrives():
    def advance(x, out, count, go):
        raise ZeroDivisionError("in the loss")

    for threads in (1, 2):
        with pytest.raises(ZeroDivisionError, match="in the loss"):
            drive(advance, np.zeros((1, 100)), 5, threads=threads)


def _run_in_a_fork(threads):
    final, steps = iterate(decay_map(), stragglers(2000, 100), 30_000, threads=threads)
    return final.tobytes() + steps.tobytes()


@pytest.mark.skipif("fork" not in get_all_start_methods(), reason="no fork here")
@pytest.mark.filterwarnings("ignore:.*multi-threaded.*:DeprecationWarning")
def test_threads_work_in_a_forked_process():
    """The parent's pool has threads by then, which the child does not have."""
    expected = _run_in_a_fork(2)
    with ProcessPoolExecutor(2, mp_context=get_context("fork")) as executor:
        jobs = [executor.submit(_run_in_a_fork, 2) for _ in range(3)]
        try:
            assert all(job.result(timeout=60) == expected for job in jobs)
        except TimeoutError:
            for process in list(executor._processes.values()):  # noqa: SLF001 - the executor would wait for them
                process.kill()
            raise


INTERRUPT = """
import os, signal, sys, threading
import numpy as np
from arithmetic import Graph, Interrupted, Iteration, iterate, where

backend, threads, clock = sys.argv[1], int(sys.argv[2]), sys.argv[3] == "clock"
graph = Graph()
x, y, n = graph.inputs("x", 3)
end = graph.parameter("end")
iteration = Iteration((x, y, n, end), (x + 1, where(y < 7, y + 1, 0.0), n + 1, end), x < end, 2 + (not clock))
lanes = 3000
z = np.vstack([np.zeros((3, lanes)), np.where(np.arange(lanes) % 2, 100.0, 1e15)])
iterate(iteration, z, 10, backend=backend, threads=threads)  # compiled
threading.Timer(0.5, lambda: os.kill(os.getpid(), signal.SIGINT)).start()
try:
    iterate(iteration, z, 10**14, backend=backend, threads=threads)
except Interrupted as stopped:
    x, y, n, _ = stopped.final
    assert (x == stopped.steps).all() and (n == stopped.steps).all() and (y == stopped.steps % 8).all()
    assert (stopped.steps[1::2] <= 100).all()
    print("interrupted", stopped.steps.max() > 1000)
"""


@pytest.mark.parametrize("backend", available())
@pytest.mark.parametrize("threads, clock", [(1, "no"), (2, "no"), (2, "clock")])
def test_a_keyboard_interrupt_arrives_and_leaves_every_lane_as_far_as_it_came(backend, threads, clock):
    """States whose value after k steps is known, in lanes of which every other one ends early."""
    result = subprocess.run([sys.executable, "-c", INTERRUPT, backend, str(threads), clock], capture_output=True,
                            text=True, timeout=120)
    assert result.stdout.split() == ["interrupted", "True"], result.stderr


def test_an_interrupted_run_goes_on_as_if_it_had_not_been():
    """Lanes of different age: the clock is carried per lane from there."""
    iteration, z = damped_map(), starts(1000)
    whole, steps = iterate(iteration, z, 400)
    half, first = z.copy(), np.zeros(1000, np.int64)
    for lanes, age in ((slice(0, 300), 7), (slice(300, 800), 120)):
        half[:, lanes], first[lanes] = iterate(iteration, z[:, lanes], age)
    rest, more = z.copy(), first.copy()
    for age in np.unique(first):
        lanes = np.flatnonzero(first == age)
        rest[:, lanes], more[lanes] = iterate(iteration, half[:, lanes], 400 - age)
    assert np.array_equal(rest, whole, equal_nan=True) and np.array_equal(first + more, steps)
    mixed, taken = iterate(iteration, half, 280)
    ended = first + taken < 400
    assert np.array_equal(mixed[:, steps < 280], whole[:, steps < 280], equal_nan=True)
    assert np.array_equal((first + taken)[steps < 280], steps[steps < 280]) and ended.any()
