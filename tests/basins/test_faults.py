"""Nothing is lost, nothing taken for what it is not: stores that are damaged, shared, left by a killed process.

Every fault is made, not imagined: files are cut, processes killed, disks full.  `benchmarks/faults.py` makes more of
them, at random moments.
"""
import concurrent.futures
import contextlib
import dataclasses
import multiprocessing
import os
import shutil
import signal
import subprocess
import sys
import threading
import time
import warnings
from pathlib import Path

import numpy as np
import pytest

import networks
import schemes
from arithmetic import where
from basins import Study, grid, study, uniform
from basins.interrupt import Interruptions
from basins.job import prepare
from basins.store import Store
from flows import GradientDescent
from networks import Loss
from schemes import FixedStep, Outcome, SequentialEuler, Stop

POLYTWO, GD = networks.get("polytwo"), schemes.named("gd", lr=0.1)
STARTS = uniform(POLYTWO.box, 100, 0)
CHUNK = 30
ARRAYS = ("outcome", "point", "steps", "gradients", "theta", "starts")
posix = pytest.mark.skipif(not hasattr(os, "fork"), reason="of POSIX")


def run(store=None, optimizer=GD, loss=POLYTWO, starts=STARTS, **options):
    options = {"chunk": CHUNK, "progress": False} | options
    return study(loss, optimizer, starts, store=store, **options)


def contents(folder: Path) -> dict[str, bytes]:
    return {str(p.relative_to(folder)): p.read_bytes() for p in sorted(folder.rglob("*"))
            if p.is_file() and p.name != ".lock"}


def assert_same(a: Study, b: Study) -> None:
    for name in ARRAYS:
        assert getattr(a, name).tobytes() == getattr(b, name).tobytes(), name


@pytest.fixture
def kept(tmp_path):
    """A finished store, and what lies in it."""
    run(tmp_path / "store")
    return tmp_path / "store", contents(tmp_path / "store")


@pytest.fixture(scope="module")
def whole():
    return run()


# ------------------------------------------------------------------------------------------------ damaged files
def flipped(content: bytes) -> bytes:
    middle = len(content) // 2
    return content[:middle] + bytes([content[middle] ^ 1]) + content[middle + 1:]


def foreign(content: bytes, tmp_path) -> bytes:
    """The same piece of a study with other starts."""
    run(tmp_path / "other", starts=STARTS + 0.5)
    return (tmp_path / "other" / "piece-00001.npz").read_bytes()


def of_scalars(content: bytes, tmp_path) -> bytes:
    """A piece of the right key and number whose arrays would be broadcast."""
    file = tmp_path / "piece.npz"
    file.write_bytes(content)
    with np.load(file) as arrays:
        some = {name: values if name in ("study", "piece") else values[..., :1] for name, values in arrays.items()}
    np.savez(file, **some)
    return file.read_bytes()


@pytest.mark.parametrize("damage", [
    lambda c, _: b"", lambda c, _: c[:len(c) // 2], lambda c, _: b"garbage" * 50, lambda c, _: bytes(len(c)),
    lambda c, _: flipped(c), foreign, of_scalars, lambda c, path: (path / "store" / "piece-00000.npz").read_bytes()],
    ids=["empty", "cut", "garbage", "zeros", "a bit", "foreign", "shapes", "another number"])
def test_a_piece_that_is_not_it_is_made_again(kept, whole, tmp_path, damage):
    folder, before = kept
    file = folder / "piece-00001.npz"
    file.write_bytes(damage(file.read_bytes(), tmp_path))
    with pytest.warns(RuntimeWarning, match="piece-00001.npz .*made again") as said:
        again = run(folder)
    assert len(said) == 1
    assert_same(again, whole)
    assert contents(folder) == before


@pytest.mark.parametrize("damage", [None, "", "{", "null", "[1, 2]", "garbage", "\0" * 50])
def test_a_manifest_that_is_damaged_is_made_again_and_another_study_refused(kept, whole, damage):
    folder, before = kept
    file = folder / "study.json"

    def break_it():
        if damage is None:
            file.unlink(missing_ok=True)
        else:
            file.write_text(damage)

    break_it()
    with pytest.raises(ValueError, match="study that study.json does not name"):
        run(folder, schemes.named("adam", lr=0.1))
    with warnings.catch_warnings(record=True) as said:
        warnings.simplefilter("always")
        assert_same(run(folder), whole)
    assert [str(w.message).endswith("written again") for w in said] == [True] * (damage is not None)
    assert contents(folder) == before


def test_arrays_of_another_study_are_not_loaded(tmp_path):
    """What was saved is one: a file of another study among it is found out."""
    one, other = run().save(tmp_path / "one"), run(starts=STARTS + 0.5).save(tmp_path / "other")
    shutil.copy(next(other.glob("arrays-*/theta.npy")), next(one.glob("arrays-*")) / "theta.npy")
    with pytest.raises(ValueError, match="theta.npy is damaged .it is not what was saved"):
        Study.load(one)
    assert_same(Study.load(other), run(starts=STARTS + 0.5))


def test_damaged_arrays_of_a_store_are_made_again(kept, whole):
    folder, before = kept
    next(folder.glob("arrays-*/theta.npy")).write_bytes(b"")
    with pytest.raises(ValueError, match="theta.npy is damaged.*makes it again"):
        Study.load(folder)
    assert_same(run(folder), whole)
    assert contents(folder) == before
    assert_same(Study.load(folder), whole)


# ------------------------------------------------------------------------------------------------ what a study is
@dataclasses.dataclass(frozen=True)
class Named(GradientDescent):
    """Flows of one name and repr that do different things."""

    def field(self, s, oracle):
        return {"theta": self.what(oracle)}

    def __repr__(self):
        return "Named()"


def flow(what, start=None):
    kind = type("Named", (Named,), {"what": staticmethod(what)} | ({"start": start} if start else {}))
    return schemes.pair(kind(), SequentialEuler(), FixedStep(0.1), "named")


def table(values):
    """A large network, which is numeric, on these targets."""
    X = np.random.default_rng(0).normal(size=(100, 4))
    return networks.Network((4, 8, 1), ("tanh", "linear"), (X, values * X[:, 0]), name="table")


def same_name(sign):
    return Loss(lambda t: (t[0] - sign)**2 + t[1]**2, 2, name="mine")


@pytest.mark.parametrize("one, other, what", [
    ({"loss": same_name(1)}, {"loss": same_name(2)}, "program"),
    ({"optimizer": flow(lambda o: -o.gradient)}, {"optimizer": flow(lambda o: -o.gradient / 2)}, "program"),
    ({"optimizer": GD}, {"optimizer": schemes.named("gd", lr=0.1, schedule=lambda t: where(t < 1, 1.0, 0.5))},
     "optimizer, program"),
    ({"optimizer": schemes.named("gd", lr=0.1, schedule=lambda t: 1 / (1 + t))},
     {"optimizer": schemes.named("gd", lr=0.1, schedule=lambda t: 1 / (2 + t))}, "program"),
    ({"stop": Stop(box=((-9, 9), (-9, 9)))}, {"stop": Stop(box=((-9, 9), (-9, 8)))}, "stop, program"),
    ({"stop": Stop(max_steps=500)}, {"stop": Stop(max_steps=501)}, "stop"),
    ({"starts": STARTS}, {"starts": STARTS[:, ::-1]}, "starts"),
    ({"chunk": 30}, {"chunk": 20}, "chunk"),
    ({"loss": table(1), "starts": np.zeros((49, 2)), "stop": Stop(max_steps=3)},
     {"loss": table(2), "starts": np.zeros((49, 2)), "stop": Stop(max_steps=3)}, "data"),
    ({"loss": table(1), "starts": np.zeros((49, 2)), "stop": Stop(max_steps=3)},
     {"loss": table(1 + 1e-15), "starts": np.zeros((49, 2)), "stop": Stop(max_steps=3)}, "data"),
    ({"loss": table(1), "starts": np.zeros((49, 2)), "stop": Stop(max_steps=3),
      "optimizer": flow(lambda o: -o.gradient)},
     {"loss": table(1), "starts": np.zeros((49, 2)), "stop": Stop(max_steps=3),
      "optimizer": flow(lambda o: -o.gradient / 2)}, "program")],
    ids=["loss", "flow", "schedule", "schedules", "box", "limit", "starts", "chunk", "data", "data to the bit",
         "flow on data"])
def test_a_study_is_what_it_does(tmp_path, one, other, what):
    """Of the same names, it is another one where it does something else, and the same one where it does the same."""
    first = run(tmp_path, **one)
    with pytest.raises(ValueError, match=f"holds a study with other (loss, )?{what}"):
        run(tmp_path, **other)
    assert_same(run(tmp_path, **one), first)


def test_the_memory_at_the_start_is_part_of_what_a_study_is(tmp_path):
    """Two flows with the same field that start their memory elsewhere."""
    momentum = schemes.named("momentum", lr=0.01)
    pushed = type("Pushed", (type(momentum.flow),), {"initial": {"v": 1e-3}})
    run(tmp_path, momentum)
    with pytest.raises(ValueError, match="holds a study with other memory:"):
        run(tmp_path, dataclasses.replace(momentum, flow=pushed(**vars(momentum.flow))))


def test_a_study_knows_its_conditions(tmp_path):
    """Events of one name: nothing but the conditions for the ends differs."""
    one, other = (Stop(event=lambda s, oracle, limit=limit: oracle.value < limit) for limit in (0.1, 0.2))
    run(tmp_path, stop=one)
    with pytest.raises(ValueError, match="holds a study with other program:"):
        run(tmp_path, stop=other)


WHAT = """
import networks, schemes
from basins import grid, uniform
from basins.identity import identity
from basins.job import prepare
from basins.store import key_of
import numpy as np
for loss, name in (("polytwo", "adam"), ("hidden-tanh", "lm"), ("sine", "momentum-energy"), (None, "lm")):
    X = np.arange(400.0).reshape(100, 4)
    loss = networks.get(loss) if loss else networks.Network((4, 8, 1), ("tanh", "linear"), (X, X[:, 0]))
    job = prepare(loss, schemes.named(name), uniform(loss.box, 5, 0))
    print(key_of(identity(loss, job.optimizer, job.problem, job.shape, job.columns, job.chunk)))
"""


def test_a_study_is_the_same_in_another_process():
    """The hash depends on nothing that Python draws anew in each process."""
    keys = [subprocess.run([sys.executable, "-c", WHAT], env=os.environ | {"PYTHONHASHSEED": seed}, check=True,
                           capture_output=True, text=True).stdout.split() for seed in ("1", "2")]
    assert keys[0] == keys[1] and len(set(keys[0])) == 4


def test_starts_that_are_described_are_the_same_study(tmp_path, whole):
    for lazy, eager in ((uniform(POLYTWO.box, 100, 0, lazy=True), STARTS),
                        (grid([(0, 1), (2, 3)], (7, 5), lazy=True), grid([(0, 1), (2, 3)], (7, 5))),
                        (grid([(0, 1)] * 3, 4, lazy=True), grid([(0, 1)] * 3, 4))):
        assert np.array_equal(lazy, eager) and lazy.shape == eager.shape
        assert np.array_equal(lazy.columns(3, 20), eager[:, 3:20])
    assert_same(run(tmp_path, starts=uniform(POLYTWO.box, 100, 0, lazy=True)), whole)
    assert_same(run(tmp_path), whole)
    with pytest.raises(ValueError, match="polytwo has 2"):
        run(starts=grid([(0, 1)] * 3, 4, lazy=True))
    with pytest.raises(TypeError, match="must be an integer"):
        uniform((0, 1), 3, np.random.default_rng(0), lazy=True)


# ------------------------------------------------------------------------------------------------ the only writer
def test_one_study_at_a_time_writes_into_a_folder(tmp_path, whole):
    refused = []

    def meanwhile(done, n):
        with pytest.raises(ValueError, match=f"is being written by process {os.getpid()} on"):
            run(tmp_path)
        with pytest.raises(ValueError, match="is being written by"):
            whole.save(tmp_path)
        refused.append(done)

    run(tmp_path, progress=meanwhile)
    assert len(refused) == 4
    assert_same(run(tmp_path), whole)


@posix
def test_a_killed_process_holds_no_store(tmp_path, whole):
    """Neither does a worker that it had forked off and that lives on."""
    code = (f"import os, sys, time; from basins.store import Store; store = Store.claimed({str(tmp_path)!r})\n"
            "child = os.fork()\nif child == 0: time.sleep(30); os._exit(0)\n"
            "print(child, flush=True); time.sleep(30)")
    holder = subprocess.Popen([sys.executable, "-c", code], stdout=subprocess.PIPE, text=True)
    orphan = int(holder.stdout.readline())
    try:
        with pytest.raises(ValueError, match=f"is being written by process {holder.pid} on"):
            run(tmp_path)
        holder.kill()
        holder.wait()
        os.kill(orphan, 0)  # it lives
        assert_same(run(tmp_path), whole)
    finally:
        holder.kill()
        os.kill(orphan, signal.SIGKILL)
        holder.stdout.close()


def test_loading_changes_nothing(kept):
    folder, before = kept
    shutil.rmtree(folder / "arrays-nothing", ignore_errors=True)
    for file in folder.iterdir():
        file.chmod(0o444 if file.is_file() else 0o555)
    folder.chmod(0o555)
    stamps = {file: file.stat().st_mtime_ns for file in (folder, *folder.rglob("*"))}
    try:
        Study.load(folder)
        assert stamps == {file: file.stat().st_mtime_ns for file in (folder, *folder.rglob("*"))}
        if os.geteuid():  # root may write everywhere
            with pytest.raises(ValueError, match="is not writable"):
                run(folder)
    finally:
        for file in (folder, *folder.iterdir()):
            file.chmod(0o755)


# ------------------------------------------------------------------------------------------------ killed
def killed_at(k: int, call) -> bool:
    """Whether a process that is killed before its k-th change of the disk is killed at all."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)  # that other threads of this process are not forked
        child = os.fork()
    if child == 0:
        left = [k]

        def dying(function):
            def change(*args, **options):
                left[0] -= 1
                if left[0] < 0:
                    os.kill(os.getpid(), signal.SIGKILL)
                return function(*args, **options)
            return change

        for owner, name in ((Path, "replace"), (Path, "rename"), (Path, "unlink"), (Path, "mkdir"), (os, "fsync"),
                            (shutil, "rmtree"), (np.lib.format, "write_array"), (np, "savez"),
                            (os, "posix_fallocate")):
            setattr(owner, name, dying(getattr(owner, name)))
        try:
            call()
        except BaseException:
            os._exit(1)
        os._exit(0)
    _, status = os.waitpid(child, 0)
    assert os.WIFSIGNALED(status) or os.WEXITSTATUS(status) == 0
    return os.WIFSIGNALED(status)


@posix
def test_save_is_atomic(tmp_path, whole):
    """Killed before any of its changes, there is the study from before or the new one, never parts of both."""
    other, folder = run(starts=STARTS + 0.5), tmp_path / "saved"
    seen, k = set(), 0
    while True:
        shutil.rmtree(folder, ignore_errors=True)
        whole.save(folder)
        killed = killed_at(k, lambda: other.save(folder))
        found = Study.load(folder)
        new = found.starts.tobytes() == other.starts.tobytes()
        assert_same(found, other if new else whole)
        seen.add(new)
        if not killed:
            break
        whole.save(folder)  # and what was left is no hindrance
        assert_same(Study.load(folder), whole)
        assert not list(folder.glob(".part-*")) and len(list(folder.glob("arrays-*"))) == 1
        k += 1
    assert seen == {False, True} and k > 10


@posix
def test_a_study_that_is_killed_goes_on(tmp_path, whole):
    """Killed before any of its changes of the disk, the same call makes the same files, byte for byte."""
    run(tmp_path / "uninterrupted")
    expected = contents(tmp_path / "uninterrupted")
    folder, k = tmp_path / "killed", 0
    while killed_at(k, lambda: run(folder, threads=1)):
        assert_same(run(folder), whole)
        assert contents(folder) == expected, k
        shutil.rmtree(folder)
        k += 1
    assert k > 20


# ------------------------------------------------------------------------------------------------ what is raised
class Fault(Exception):
    pass


def assert_partial(error: Exception, whole: Study, least: int) -> None:
    """What had ended is attached, the rest is labelled, and the error says so."""
    partial = error.partial
    done = partial.outcome != Outcome.INTERRUPTED
    assert least <= done.sum() < whole.n or partial.complete
    for name in ("outcome", "point", "steps", "theta"):
        assert np.array_equal(getattr(partial, name)[..., done], getattr(whole, name)[..., done]), name
    assert np.isnan(partial.theta[:, ~done]).all() and (partial.point[~done] == -1).all()
    assert any(f"{done.sum()} of {whole.n} starts had ended" in note for note in error.__notes__)


def broken_loss(calls: int):
    """A numeric loss that raises at a call."""
    left = [calls]

    def gradient(t):
        left[0] -= 1
        if left[0] == 0:
            raise Fault("the loss gave up")
        return 2 * t

    return Loss.from_callables(2, lambda t: (t**2).sum(axis=0), gradient)


def test_a_loss_that_raises_loses_nothing_that_was_done():
    whole = run(loss=broken_loss(-1))
    with pytest.raises(Fault, match="gave up") as caught:
        run(loss=broken_loss(150))
    assert_partial(caught.value, whole, CHUNK)
    with concurrent.futures.ThreadPoolExecutor(1) as pool, pytest.raises(Fault) as caught:
        run(loss=broken_loss(150), executor=pool)
    assert_partial(caught.value, whole, CHUNK)


class AtOnce(concurrent.futures.Executor):
    """An executor whose work is all done before anyone looks."""

    def submit(self, function, *arguments):
        future = concurrent.futures.Future()
        try:
            future.set_result(function(*arguments))
        except Fault as error:
            future.set_exception(error)
        return future


@pytest.mark.parametrize("time", range(6))  # the order of a set is another each time
def test_what_is_done_when_a_piece_fails_is_kept(time):
    with pytest.raises(Fault) as caught:
        run(loss=broken_loss(150), executor=AtOnce())
    partial = caught.value.partial
    assert np.sum(partial.outcome != Outcome.INTERRUPTED) == partial.n - CHUNK


def test_a_progress_function_that_raises_loses_nothing_that_was_done(whole):
    def report(done, n):
        if done > CHUNK:
            raise Fault

    with pytest.raises(Fault) as caught:
        run(progress=report)
    assert_partial(caught.value, whole, 2 * CHUNK)


class Deadly(schemes.Optimizer):
    """An optimizer that kills the process it runs in at some starts, once a file is there."""

    def problem(self, loss, stop=None):
        problem = super().problem(loss, stop)
        begin = problem.begin

        def fatal(theta):
            if multiprocessing.parent_process() is not None and (theta == STARTS[0, 50]).any() and Path(
                    self.name).exists():
                time.sleep(0.5)  # the other pieces come first
                os.kill(os.getpid(), signal.SIGKILL)
            return begin(theta)

        problem.begin = fatal
        return problem


@posix
def test_a_worker_that_is_killed_loses_nothing_that_was_done(tmp_path, whole):
    deadly = Deadly(GD.flow, GD.scheme, GD.step, str(tmp_path / "armed"))
    (tmp_path / "armed").touch()
    for store in (None, tmp_path / "store"):
        with concurrent.futures.ProcessPoolExecutor(1) as pool, pytest.raises(
                concurrent.futures.process.BrokenProcessPool) as caught:
            run(store, deadly, executor=pool)
        assert_partial(caught.value, whole, 1)
    (tmp_path / "armed").unlink()
    assert_same(run(store, deadly, executor="fork"), whole)


@posix
@pytest.mark.parametrize("bytes_a_file", [0, 700, 1500])
def test_a_disk_that_is_full_loses_nothing_that_was_done(tmp_path, whole, bytes_a_file):
    """Files of more bytes than there is room for: none, the manifest alone, the small arrays."""
    import resource

    folder = tmp_path / "store"
    folder.mkdir()
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (bytes_a_file, before[1]))
    try:
        with pytest.raises((OSError, ValueError), match="large|not writable") as caught:
            run(folder)
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)
    if hasattr(caught.value, "partial"):
        assert_partial(caught.value, whole, 0)
    assert not list(folder.glob(".part-*"))
    assert_same(run(folder), whole)


@posix
def test_a_disk_that_is_full_at_the_end_loses_nothing_that_was_done(tmp_path, whole, monkeypatch):
    for name, owner in (("savez", np), ("write_array", np.lib.format)):
        def full(*args, **options):
            raise OSError(28, "No space left on device")

        with monkeypatch.context() as patched:
            patched.setattr(owner, name, full)
            if name == "savez":
                with pytest.raises(OSError, match="No space") as caught:
                    run(tmp_path / name)
                assert_partial(caught.value, whole, CHUNK)
            else:
                with pytest.raises(OSError, match="No space") as caught:
                    run().save(tmp_path / name)
        assert not list((tmp_path / name).glob(".part-*"))
        assert_same(run(tmp_path / name), whole)


def test_a_store_that_is_deleted_meanwhile_loses_nothing_that_was_done(tmp_path, whole):
    def delete(done, n):
        if done == 2 * CHUNK:
            shutil.rmtree(tmp_path / "store")

    with pytest.raises(OSError) as caught:
        run(tmp_path / "store", progress=delete)
    assert_partial(caught.value, whole, 2 * CHUNK)
    assert_same(run(tmp_path / "store"), whole)


# ------------------------------------------------------------------------------------------------ engines
def test_engines_by_name_have_the_same_bits(whole):
    described = uniform(POLYTWO.box, 100, 0, lazy=True)
    for engine, backend in (("threads", "auto"), ("threads", "numpy"), ("fork", "numpy"), ("spawn", "auto")):
        if engine in ("threads", *multiprocessing.get_all_start_methods()):
            assert_same(run(executor=engine, starts=described, backend=backend), whole)
    for engine, error, message in (("thraeds", ValueError, "did you mean threads"), (3, TypeError, "must be None"),
                                   (lambda x: x, TypeError, "Dask scheduler")):
        with pytest.raises(error, match=message):
            run(executor=engine)


def test_dask_is_asked_for_where_it_is_not_installed(monkeypatch):
    monkeypatch.setitem(sys.modules, "distributed", None)
    for engine in ("dask", "tcp://localhost:1"):
        with pytest.raises(ImportError, match=r"pip install 'optiflows\[cluster\]'"):
            run(executor=engine)


def test_pieces_are_given_to_an_executor_as_it_returns_them(whole, monkeypatch):
    """Neither the starts that wait nor the ends that came are held by more than a few pieces."""
    monkeypatch.setattr("basins.follow.AHEAD", 2)
    given = []

    class Counting(concurrent.futures.ThreadPoolExecutor):
        def submit(self, *arguments):
            given.append(future := super().submit(*arguments))
            assert sum(not f.done() for f in given) <= 2
            return future

    with Counting(1) as pool:
        assert_same(run(executor=pool, chunk=10), whole)
    assert len(given) == 10


# ------------------------------------------------------------------------------------------------ Ctrl-C
ENDLESS = Stop(gradient=0.0, speed=0.0, max_steps=10**12)


@posix
@pytest.mark.parametrize("engine", [None, "threads"])
@pytest.mark.parametrize("threads", [1, 2])
def test_ctrl_c_answers_whatever_the_threads_and_keeps_what_has_ended(tmp_path, engine, threads):
    """A piece that would take hours; in it starts that diverge at once."""
    starts = STARTS * np.where(np.arange(100) < 7, 1e9, 1)
    timer = threading.Timer(1.0, os.kill, (os.getpid(), signal.SIGINT))
    timer.start()
    found = study(POLYTWO, schemes.named("gd", lr=1e-9), starts, stop=ENDLESS, store=tmp_path, executor=engine,
                  threads=threads, progress=False)
    timer.join()
    assert not found.complete and (found.outcome[7:] == Outcome.INTERRUPTED).all()
    assert (found.outcome[:7] == Outcome.DIVERGED).all() or engine
    assert not list(tmp_path.glob("piece-*")) and not list(tmp_path.glob(".part-*"))


def test_a_second_ctrl_c_ends_the_wait_for_names(monkeypatch, whole):
    """The first ends the runs, after which names are waited for no longer than a moment; the second that wait."""
    loss, free = networks.get("polytwo"), threading.Event()
    monkeypatch.setattr(loss, "critical_points", lambda: free.wait(60))
    again = threading.Timer(0.2, signal.pthread_kill, (threading.main_thread().ident, signal.SIGINT))

    def report(done, n):
        if done == n:
            again.start()
            signal.raise_signal(signal.SIGINT)

    for moment, note in ((60.0, "interrupted before"), (0.1, "were not found within")):
        monkeypatch.setattr("basins.attractors.MOMENT", moment)
        found = run(loss=loss, progress=report if moment > 1 else lambda done, n: signal.raise_signal(signal.SIGINT))
        assert note in found.note and "no names" in found.note and found.points == ()
        ended = found.outcome != Outcome.INTERRUPTED
        assert ended.any() and np.array_equal(found.theta[:, ended], whole.theta[:, ended])
    free.set()


@pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning")  # of those that fall into a finalizer
def test_ctrl_c_at_any_call_loses_nothing(tmp_path, whole):
    """Two of them at the k-th and the next call of a function, for many k: a study is returned, and what had been
    stored before is kept."""
    k, complete = 0, []
    while True:
        left = [k]

        def press(frame, event, arg, left=left):
            if event == "call" and signal.getsignal(signal.SIGINT) is not signal.default_int_handler:
                left[0] -= 1
                if left[0] in (-1, -2):
                    signal.raise_signal(signal.SIGINT)

        sys.setprofile(press)
        try:
            found = run(tmp_path / "store" if k % 2 else None, threads=1)
        finally:
            sys.setprofile(None)
        if left[0] >= 0:
            break
        ended = found.outcome != Outcome.INTERRUPTED
        for name in ("theta", "steps", "outcome"):
            assert np.array_equal(getattr(found, name)[..., ended], getattr(whole, name)[..., ended]), k
        complete.append(found.complete)
        k += 1 + k // 12
    assert k > 1000 and {True, False} == set(complete)
    assert_same(run(tmp_path / "store"), whole)


def test_an_interrupt_that_is_dropped_is_raised_again():
    """By the next look, in the same block or at the beginning of the next one."""
    with Interruptions() as keys:
        with pytest.raises(KeyboardInterrupt), keys.allowed():
            with contextlib.suppress(KeyboardInterrupt):  # as a finalizer does
                signal.raise_signal(signal.SIGINT)
            signal.raise_signal(signal.SIGINT)  # noted: one falls into a block at most
            keys.check()
        with pytest.raises(KeyboardInterrupt), keys.allowed():
            raise AssertionError("the one that was noted comes first")
        with keys.allowed():
            keys.check()
    assert signal.getsignal(signal.SIGINT) is signal.default_int_handler


def test_prepare_finds_faults_before_a_folder_is_made(tmp_path):
    with pytest.raises(ValueError, match="match"):
        prepare(POLYTWO, GD, STARTS, match=0)
    with pytest.raises(TypeError, match="leave out store="):
        run(tmp_path / "store", loss=broken_loss(-1))
    assert not list(tmp_path.iterdir()) and Store(tmp_path).manifest() == {}
