"""The folder of compiled programs: kept between processes, checked before they are loaded.

What lies there is run, so the folder must be the user's own and writable by no one else.  Beside each file lies its
seal, size and hash: a file that was cut off, overwritten or written while the disk was full is not loaded but made
again.  Files come in whole, by renaming; those unused for 90 days go.  Where no folder can be used, programs live in a
temporary one while they are loaded, and are made again by the next process.
"""
from __future__ import annotations

import contextlib
import functools
import hashlib
import os
import stat
import tempfile
import time
import warnings
from pathlib import Path

UNUSED_DAYS = 90


def name(text: str, suffix: str) -> str:
    """The name of what is made from `text`."""
    return f"k{hashlib.sha256(text.encode()).hexdigest()[:24]}{suffix}"


@functools.cache
def directory() -> Path | None:
    """$OPTIFLOWS_CACHE, else optiflows in the user's cache directory; None, with a warning, where it cannot be used."""
    path = None
    try:
        if base := os.environ.get("OPTIFLOWS_CACHE"):
            path = Path(base)
        else:
            path = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "optiflows"
        path.mkdir(mode=0o700, parents=True, exist_ok=True)
        _refuse_others(path)
        with tempfile.TemporaryFile(dir=path):
            pass
    except (OSError, RuntimeError) as error:  # RuntimeError: there is no home
        warnings.warn("compiled programs are not kept, each process makes them again: "
                      f"{path or 'the cache folder'} cannot be used ({error}); set OPTIFLOWS_CACHE to a folder of your "
                      "own", RuntimeWarning, stacklevel=2)
        return None
    _prune(path)
    return path


def _refuse_others(path: Path) -> None:
    if hasattr(os, "getuid"):
        status = path.stat()
        if status.st_uid != os.getuid():
            raise OSError(f"it belongs to user {status.st_uid}, who could replace what is run")
        if status.st_mode & (stat.S_IWGRP | stat.S_IWOTH):
            raise OSError("others may write to it and could replace what is run: chmod 700 it")


def find(name: str) -> Path | None:
    """The kept file of this name, if there is one and it is whole."""
    folder = directory()
    if folder is None or not whole(folder / name):
        return None
    touch(folder / name)
    return folder / name


def keep(made: Path) -> None:
    """Copy a finished file into the cache, with its seal."""
    keep_bytes(made.name, made.read_bytes())


def keep_bytes(name: str, content: bytes) -> None:
    """Write a file of this name and content into the cache, with its seal."""
    if (folder := directory()) is None:
        return
    path = folder / name
    try:
        write(_seal(path), _summary(content).encode())
        write(path, content)
    except OSError as error:
        warn_unkept(error)


def warn_unkept(error: OSError) -> None:
    warnings.warn(f"what was made is not kept: {directory()} cannot be written ({error}); make room there, or set "
                  "OPTIFLOWS_CACHE to another folder", RuntimeWarning, stacklevel=2)


def whole(path: Path) -> bool:
    """Whether the file is what was sealed."""
    try:
        return _seal(path).read_text(errors="replace") == _summary(path.read_bytes())
    except OSError:
        return False


def touch(path: Path) -> None:
    """Note that the file is used now."""
    for file in (path, _seal(path)):
        with contextlib.suppress(OSError):
            os.utime(file)


def remove(path: Path) -> None:
    """The file and its seal."""
    for file in (path, _seal(path)):
        with contextlib.suppress(OSError):
            file.unlink()


def seal(path: Path) -> None:
    """Note size and hash of a file that was written into the cache by numba."""
    write(_seal(path), _summary(path.read_bytes()).encode())


def _seal(path: Path) -> Path:
    return path.with_name(path.name + ".seal")


def _summary(content: bytes) -> str:
    return f"{len(content)} {hashlib.sha256(content).hexdigest()}"


def write(path: Path, content: bytes) -> None:
    """The file whole or not at all, also if the machine fails right after."""
    handle, part = tempfile.mkstemp(prefix=".part-", dir=path.parent)
    try:
        with os.fdopen(handle, "wb") as file:
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
        os.replace(part, path)
    finally:
        with contextlib.suppress(FileNotFoundError):
            os.unlink(part)


def _prune(folder: Path) -> None:
    """Remove what was not used for long, and parts that a killed process left; once a day."""
    mark, now = folder / ".pruned", time.time()
    with contextlib.suppress(OSError):
        if mark.exists() and now - mark.stat().st_mtime < 86400:
            return
        mark.touch()
        for file in [*folder.glob("k*"), *folder.glob(".part-*"), *folder.glob("__pycache__/*")]:
            days = 1 if file.name.startswith(".part-") else UNUSED_DAYS
            with contextlib.suppress(OSError):
                if file.is_file() and now - file.stat().st_mtime > 86400 * days:
                    file.unlink()
