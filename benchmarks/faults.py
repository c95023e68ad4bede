"""The fault table: each line is made to happen, and says what is returned, what is kept, and whether going on is exact.

    python benchmarks/faults.py [--kills 20] [--seed 0]

A study of 40 pieces with a store is ended in some way, at random moments where that can be; then the same call is made
again, and every file of the store and every array of the result is compared, byte for byte, with those of a study that
nothing happened to.  The exit code is 1 if any differs.
"""
from __future__ import annotations

import argparse
import multiprocessing
import os
import random
import resource
import shutil
import signal
import subprocess
import sys
import tempfile
import textwrap
import time
import warnings
from pathlib import Path

import numpy as np

import networks
import schemes
from basins import Study, study, uniform
from schemes import Outcome, Stop

LOSS, OPTIMIZER, STOP, N = networks.get("polytwo"), schemes.named("adam", lr=1e-3), Stop(max_steps=30_000), 4000
ARRAYS = ("outcome", "point", "steps", "gradients", "theta", "starts")
SETUP = """
import sys; sys.path[:0] = {path!r}
import faults
"""


def run(folder, starts=None, **options) -> Study:
    starts = uniform(LOSS.box, N, 0) if starts is None else starts
    return study(LOSS, OPTIMIZER, starts, stop=STOP, store=folder, **{"chunk": 100, "progress": False, "threads": 1}
                 | options)


def contents(folder: Path) -> dict[str, bytes]:
    return {str(p.relative_to(folder)): p.read_bytes() for p in folder.rglob("*") if p.is_file() and p.name != ".lock"}


def child(code: str, **options) -> subprocess.Popen:
    """Another process in which `faults` is this file."""
    path = [str(Path(__file__).parent), *sys.path]
    return subprocess.Popen([sys.executable, "-W", "ignore", "-c", SETUP.format(path=path) + textwrap.dedent(code)],
                            stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True, **options)


class Table:
    """Faults, what became of them, and whether all went on exactly."""

    def __init__(self, folder: Path):
        self.folder, self.sound = folder, True
        self.whole = run(folder / "whole")
        self.files = contents(folder / "whole")

    def resumed(self, store: Path) -> bool:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            again = run(store)
        same = all(getattr(again, name).tobytes() == getattr(self.whole, name).tobytes() for name in ARRAYS)
        return same and contents(store) == self.files

    def line(self, fault: str, returned: str, kept: str, exact: bool) -> None:
        self.sound &= exact
        print(f"{fault:34} {returned:46} {kept:24} {'same bytes' if exact else 'DIFFERS'}", flush=True)

    def killed(self, fault: str, kills: int, number: int) -> None:
        """A signal at random moments of a study, each a fresh store."""
        pieces, ends, exact = [], set(), True
        for k in range(kills):
            store = self.folder / f"{number}-{k}"
            process = child(f"""
                print("go", flush=True)
                found = faults.run({str(store)!r})
                print((found.outcome != faults.Outcome.INTERRUPTED).sum())
                """)
            process.stdout.readline()
            time.sleep(random.uniform(0, 1.2))
            process.send_signal(number)
            said, ends = process.communicate()[0], ends | {process.returncode}
            pieces.append(len(list(store.glob("piece-*"))))
            if number == signal.SIGINT:
                assert said.strip(), "an interrupted study returned nothing"
            exact &= self.resumed(store)
            shutil.rmtree(store)
        returned = ("the partial study" if number == signal.SIGINT else
                    f"nothing, the process ends ({', '.join(map(str, sorted(ends)))})")
        self.line(fault, returned, f"{min(pieces)}–{max(pieces)} of 40 pieces", exact)

    def saves(self, kills: int) -> None:
        """kill −9 while a study is saved over another one."""
        old, new = self.whole, run(None, uniform(LOSS.box, N, 1))
        old.save(self.folder / "new")
        found, exact = [0, 0], True
        for _ in range(kills):
            shutil.rmtree(self.folder / "saved", ignore_errors=True)
            old.save(self.folder / "saved")
            process = child(f"""
                new = faults.run(None, faults.uniform(faults.LOSS.box, faults.N, 1))
                print("go", flush=True)
                while True:
                    new.save({str(self.folder / "saved")!r})
                """)
            process.stdout.readline()
            time.sleep(random.uniform(0, 0.2))
            process.kill()
            process.communicate()
            loaded = Study.load(self.folder / "saved")
            of = [all(getattr(loaded, a).tobytes() == getattr(s, a).tobytes() for a in ARRAYS) for s in (old, new)]
            exact &= sum(of) == 1
            found[of.index(True)] += 1
        self.line(f"kill −9, save over another ({kills})", f"the old study {found[0]} ×, the new one {found[1]} ×",
                  "one of them, whole", exact)

    def damaged(self, fault: str, damage, pattern: str = "piece-00007.npz") -> None:
        store = self.folder / "damaged"
        shutil.copytree(self.folder / "whole", store)
        file = next(store.glob(pattern))
        damage(file)
        with warnings.catch_warnings(record=True) as said:
            warnings.simplefilter("always")
            try:
                run(store)
                returned = f"the whole study, {len(said)} warning{'s' * (len(said) != 1)}"
            except ValueError as error:
                returned = f"ValueError: …{str(error)[-38:]}"
        self.line(fault, returned, "all other pieces", self.resumed(store))
        shutil.rmtree(store)

    def raised(self, fault: str, call, store: Path, kinds=Exception) -> None:
        try:
            call()
            returned, kept = "nothing was raised", ""
        except kinds as error:
            partial = getattr(error, "partial", None)
            done = "" if partial is None else f", .partial {int((partial.outcome != Outcome.INTERRUPTED).sum())}"
            returned = f"{type(error).__name__}{done}"
            kept = f"{len(list(store.glob('piece-*')))} of 40 pieces"
        self.line(fault, returned, kept, self.resumed(store))
        shutil.rmtree(store, ignore_errors=True)


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--kills", type=int, default=20)
    parser.add_argument("--seed", type=int, default=0)
    options = parser.parse_args()
    random.seed(options.seed)
    with tempfile.TemporaryDirectory() as folder:
        table = Table(Path(folder))
        print(f"{'fault':34} {'returned':46} {'kept':24} going on")
        table.killed(f"kill −9, study ({options.kills})", options.kills, signal.SIGKILL)
        table.saves(options.kills)
        table.killed("SIGTERM (5)", 5, signal.SIGTERM)
        table.killed("SIGINT (5)", 5, signal.SIGINT)
        twice(table)
        worker(table)
        disk(table)
        deleted(table)
        raising(table)
        other = table.folder / "other"
        run(other, uniform(LOSS.box, N, 1))
        for name, damage in (("piece cut", lambda f: f.write_bytes(f.read_bytes()[:1000])),
                             ("piece of no bytes", lambda f: f.write_bytes(b"")),
                             ("piece of zeros", lambda f: f.write_bytes(bytes(f.stat().st_size))),
                             ("piece of garbage", lambda f: f.write_bytes(os.urandom(3000))),
                             ("piece of another study", lambda f: shutil.copy(other / f.name, f)),
                             ("piece of another number", lambda f: shutil.copy(f.with_name("piece-00001.npz"), f))):
            table.damaged(name, damage)
        for name, damage in (("manifest cut", lambda f: f.write_bytes(f.read_bytes()[:100])),
                             ("manifest of no bytes", lambda f: f.write_bytes(b"")),
                             ("manifest of garbage", lambda f: f.write_bytes(os.urandom(300))),
                             ("manifest removed", lambda f: f.unlink())):
            table.damaged(name, damage, "study.json")
        foreign_manifest(table, other)
        table.damaged("array cut", lambda f: f.write_bytes(f.read_bytes()[:1000]), "arrays-*/theta.npy")
        two(table)
        read_only(table)
        return 0 if table.sound else 1


def twice(table: Table) -> None:
    store = table.folder / "twice"
    process = child(f"""
        print("go", flush=True)
        found = faults.run({str(store)!r})
        faults.signal.signal(faults.signal.SIGINT, faults.signal.SIG_IGN)  # the second may come after the study
        print((found.outcome != faults.Outcome.INTERRUPTED).sum())
        """)
    process.stdout.readline()
    time.sleep(0.4)
    began = time.monotonic()
    for _ in range(2):
        process.send_signal(signal.SIGINT)
        time.sleep(0.001)
    said = process.communicate()[0].strip()
    table.line("two SIGINT, 1 ms apart", f"the partial study, {said} ended, after {time.monotonic() - began:.2f} s",
               f"{len(list(store.glob('piece-*')))} of 40 pieces", table.resumed(store))


def worker(table: Table) -> None:
    from concurrent.futures import ProcessPoolExecutor

    store = table.folder / "worker"

    def call():
        with ProcessPoolExecutor(2) as pool:
            def kill(done, n):
                if done == 1000:
                    multiprocessing.active_children()[0].kill()

            run(store, executor=pool, progress=kill)

    table.raised("worker killed", call, store)


def disk(table: Table) -> None:
    store, before = table.folder / "disk", resource.getrlimit(resource.RLIMIT_FSIZE)

    def call(progress=False):
        try:
            run(store, progress=progress)
        finally:
            resource.setrlimit(resource.RLIMIT_FSIZE, before)

    def full(done, n):
        if done == 1000:
            resource.setrlimit(resource.RLIMIT_FSIZE, (2000, before[1]))

    table.raised("disk full after 10 pieces", lambda: call(full), store)
    resource.setrlimit(resource.RLIMIT_FSIZE, (2000, before[1]))
    table.raised("disk full from the start", call, store)


def deleted(table: Table) -> None:
    store = table.folder / "deleted"
    table.raised("store deleted after 10 pieces",
                 lambda: run(store, progress=lambda done, n: done == 1000 and shutil.rmtree(store)), store)


def raising(table: Table) -> None:
    class Faulty(type(OPTIMIZER)):
        """An optimizer of the same identity whose run raises in the 11th piece."""

        def problem(self, loss, stop=None, lanes=None):
            problem, left = super().problem(loss, stop, lanes), [10]
            steps = problem.run

            def fail(z, **options):
                left[0] -= 1
                if left[0] < 0:
                    raise ArithmeticError("the loss gave up")
                return steps(z, **options)

            problem.run = fail
            return problem

    store = table.folder / "raising"
    faulty = Faulty(OPTIMIZER.flow, OPTIMIZER.scheme, OPTIMIZER.step, OPTIMIZER.name)
    table.raised("exception in the loss", lambda: study(
        LOSS, faulty, uniform(LOSS.box, N, 0), stop=STOP, store=store, chunk=100, progress=False), store)


def foreign_manifest(table: Table, other: Path) -> None:
    store = table.folder / "foreign"
    shutil.copytree(table.folder / "whole", store)
    shutil.copy(other / "study.json", store)
    try:
        run(store)
        said, exact = "nothing was raised", False
    except ValueError as error:
        said, exact = f"ValueError: …{str(error).partition('holds a')[2][:34]}", True
    (store / "study.json").unlink()
    table.line("manifest of another study", said, "all", exact and table.resumed(store))


def two(table: Table) -> None:
    store = table.folder / "two"
    first = child(f"print('go', flush=True); faults.run({str(store)!r})")
    first.stdout.readline()
    while not list(store.glob("piece-*")):
        time.sleep(0.005)
    try:
        run(store)
        said, exact = "nothing was raised", False
    except ValueError as error:
        said, exact = f"ValueError: …{str(error).partition('is being')[2][:34]}", True
    first.wait()
    table.line("two processes", said, "the first one's", exact and table.resumed(store))


def read_only(table: Table) -> None:
    store, mode = table.folder / "whole", (table.folder / "whole").stat().st_mode
    store.chmod(0o500)
    before = {p: p.stat().st_mtime_ns for p in store.rglob("*")}
    loaded = Study.load(store)
    exact = np.array_equal(loaded.theta, table.whole.theta) and before == {p: p.stat().st_mtime_ns
                                                                         for p in store.rglob("*")}
    store.chmod(mode)
    table.line("read-only folder, Study.load", "the study; nothing was written", "all", exact)


if __name__ == "__main__":
    sys.exit(main())
