"""Compiled programs are kept whole or not at all, and only a whole one is loaded."""
import os
import stat
import subprocess
import sys
import time

import pytest

from arithmetic import available, cache
from test_backends import run

RUN = """
import sys, warnings
import numpy as np
from arithmetic import iterate
from maps import damped_map, starts
with warnings.catch_warnings(record=True) as caught:
    warnings.simplefilter("always")
    final, steps = iterate(damped_map(), starts(20), 30, backend=sys.argv[1] if len(sys.argv) > 1 else {backend!r})
expected, counts = iterate(damped_map(), starts(20), 30, backend="numpy")
assert np.array_equal(final, expected, equal_nan=True) and np.array_equal(steps, counts)
print("ok", *(w.message for w in caught))
"""
COMPILED = [b for b in available() if b != "numpy"]


@pytest.fixture
def folder(tmp_path, monkeypatch):
    monkeypatch.setenv("OPTIFLOWS_CACHE", str(tmp_path / "cache"))
    cache.directory.cache_clear()
    yield tmp_path / "cache"
    cache.directory.cache_clear()


def test_the_folder_is_the_users_own(folder):
    assert cache.directory() == folder and stat.S_IMODE(folder.stat().st_mode) == 0o700


@pytest.mark.parametrize("spoil, words", [
    (lambda f: f.chmod(0o777), "others may write to it"),
    (lambda f: (f.rmdir(), f.write_text("")), "File exists|Not a directory"),
])
def test_a_folder_that_is_not_is_refused_with_the_remedy(folder, spoil, words):
    folder.mkdir(0o700)
    spoil(folder)
    with pytest.warns(RuntimeWarning, match=f"({words}).*set OPTIFLOWS_CACHE to a folder of your own"):
        assert cache.directory() is None
    assert cache.find("k0.so") is None


@pytest.mark.skipif(not hasattr(os, "getuid"), reason="no users here")
def test_a_folder_of_another_user_is_refused(folder, monkeypatch):
    folder.mkdir(0o700)
    monkeypatch.setattr(os, "getuid", lambda: folder.stat().st_uid + 1)
    with pytest.warns(RuntimeWarning, match="belongs to user"):
        assert cache.directory() is None


def test_what_is_kept_is_found_whole_or_not(folder, tmp_path):
    made = tmp_path / "kabc.so"
    made.write_bytes(b"machine code " * 1000)
    cache.keep(made)
    kept = cache.find("kabc.so")
    assert kept == folder / "kabc.so" and kept.read_bytes() == made.read_bytes()
    for damage in (b"", made.read_bytes()[:-1], made.read_bytes()[:-1] + b"!", bytes(len(made.read_bytes()))):
        kept.write_bytes(damage)
        assert cache.find("kabc.so") is None
        cache.keep(made)
        assert cache.find("kabc.so") == kept
    (folder / "kabc.so.seal").unlink()
    assert cache.find("kabc.so") is None


def test_what_cannot_be_kept_is_said(folder, tmp_path, monkeypatch):
    made = tmp_path / "kabc.so"
    made.write_bytes(b"code")

    def full(handle):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "fsync", full)
    with pytest.warns(RuntimeWarning, match="is not kept.*No space left.*make room there, or set OPTIFLOWS_CACHE"):
        cache.keep(made)
    assert cache.find("kabc.so") is None and not list(folder.glob(".part-*"))


def test_what_was_not_used_for_long_goes(folder, tmp_path):
    for name in ("kold.so", "knew.so"):
        (tmp_path / name).write_bytes(b"code")
        cache.keep(tmp_path / name)
    (folder / ".part-x").write_bytes(b"")
    (folder / "mine.txt").write_text("not ours")
    long_ago = time.time() - (cache.UNUSED_DAYS + 1) * 86400
    for name in ("kold.so", "kold.so.seal", ".part-x", "mine.txt", ".pruned"):
        os.utime(folder / name, (long_ago, long_ago))
    os.utime(folder / "knew.so", (long_ago, long_ago))
    assert cache.find("knew.so")  # used: younger by that
    cache.directory.cache_clear()
    cache.directory()
    assert sorted(f.name for f in folder.iterdir()) == [".pruned", "knew.so", "knew.so.seal", "mine.txt"]


DAMAGES = {"cut off": lambda code: code[:len(code) // 2], "empty": lambda code: b"",
           "zeroed": lambda code: bytes(len(code)),
           "a bit flipped": lambda code: code[:900] + bytes([code[900] ^ 1]) + code[901:]}


@pytest.mark.parametrize("backend", COMPILED)
@pytest.mark.parametrize("damage", DAMAGES)
def test_a_damaged_kernel_is_made_again_and_never_loaded(tmp_path, backend, damage):
    code = RUN.format(backend=backend)
    assert run(code, tmp_path).stdout == "ok\n"
    folder = tmp_path / "cache"
    files = [f for f in folder.rglob("*") if f.suffix in (".so", ".nbc", ".nbi")]
    assert files
    before = {f: f.read_bytes() for f in files}
    for file, content in before.items():
        file.write_bytes(DAMAGES[damage](content))
    result = run(code, tmp_path)
    assert (result.returncode, result.stdout) == (0, "ok\n"), result.stderr
    assert all(cache.whole(f) for f in files)
    stamps = {f: f.read_bytes() for f in files}
    assert run(code, tmp_path).stdout == "ok\n" and {f: f.read_bytes() for f in files} == stamps  # kept for good
    assert not list((tmp_path / "tmp").iterdir())


@pytest.mark.parametrize("backend", COMPILED)
def test_without_a_cache_everything_works_and_nothing_is_left(tmp_path, backend):
    (tmp_path / "file").write_text("")
    result = run(RUN.format(backend=backend), tmp_path, OPTIFLOWS_CACHE=str(tmp_path / "file" / "x"))
    assert result.returncode == 0, result.stderr
    assert result.stdout.startswith("ok compiled programs are not kept")
    assert result.stdout.count("\n") == 1
    assert not list((tmp_path / "tmp").iterdir())


@pytest.mark.skipif("c" not in COMPILED, reason="no C compiler")
def test_processes_that_compile_the_same_at_once_do_not_meet(tmp_path):
    environment = os.environ | {"PYTHONPATH": os.pathsep.join(sys.path), "OPTIFLOWS_CACHE": str(tmp_path)}
    jobs = [subprocess.Popen([sys.executable, "-c", RUN.format(backend="c")], env=environment, stdout=subprocess.PIPE,
                             stderr=subprocess.PIPE, text=True) for _ in range(4)]
    assert [job.communicate(timeout=120)[0] for job in jobs] == 4 * ["ok\n"]
    assert len(list(tmp_path.glob("k*.so"))) == 1
