"""What a study keeps on disk: a folder with a JSON manifest, pieces of results as npz files, results as npy files.

Every file comes in whole, by renaming, and says what it is of: a piece holds the hash of what the study is and its own
number, the manifest the checksum of every array, so that no file is taken for another's.  One process at a time writes
into a folder: it holds a lock on the file `.lock` in it, which the system gives up with the process.
"""
from __future__ import annotations

import contextlib
import hashlib
import json
import mmap
import os
import shutil
import socket
import zlib
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import IO, Any

import numpy as np

FORMAT = 2
ARRAYS = "arrays-"  #: what the name of the folder of a study's arrays begins with
MAPPED = 1 << 24  #: bytes from which a kept array is not read but mapped into memory


def key_of(identity: Mapping[str, Any]) -> str:
    """The hash of what a study is."""
    text = json.dumps({"format": FORMAT, **identity}, sort_keys=True)
    return hashlib.sha256(text.encode()).hexdigest()


class Store:
    """The folder of a study.

    `Store(path)` reads, and changes nothing; `with Store.claimed(path) as store` is the only writer meanwhile.
    """

    def __init__(self, path: str | os.PathLike):
        self.path = Path(path)
        self.key = ""
        self._lock: IO | None = None
        self._new: Path | None = None  # the folder of arrays that are being made
        self._mapped: dict[str, np.ndarray] = {}

    # ------------------------------------------------------------------------------------------ the only writer
    @classmethod
    def claimed(cls, path: str | os.PathLike) -> Store:
        """The folder at `path`, made where there is none, to write into.

        Raises ValueError where it cannot be written, or while another process or study writes into it.
        """
        store = cls(path)
        try:
            store.path.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise ValueError(f"store={str(path)!r} cannot be made a folder: {error}; choose another path") from error
        if not os.access(store.path, os.W_OK):
            raise ValueError(f"store={str(path)!r} is not writable: choose another path")
        try:
            lock = (store.path / ".lock").open("a+b", buffering=0)
        except OSError as error:
            raise ValueError(f"store={str(path)!r} is not writable ({error}): choose another path") from error
        try:
            locked(lock)
        except OSError as error:
            lock.seek(0)
            whom = lock.read().decode(errors="replace").strip()
            lock.close()
            if isinstance(error, BlockingIOError):
                raise ValueError(f"store={str(path)!r} is being written by {whom or 'another process'}: wait for it, "
                                 "or choose another folder") from None
            raise ValueError(f"store={str(path)!r}: its file system locks no files ({error}), and two studies could "
                             "write into one folder; choose another path") from error
        HELD.add(lock)
        store._lock = lock
        with contextlib.suppress(OSError):  # for others to read, where there is room for it
            lock.truncate(0)
            lock.write(f"process {os.getpid()} on {socket.gethostname()}\n".encode())
        with contextlib.suppress(OSError):  # what a process left that was killed
            for part in store.path.glob(".part-*"):
                shutil.rmtree(part) if part.is_dir() else part.unlink()
        return store

    def __enter__(self) -> Store:
        return self

    def __exit__(self, *_) -> None:
        self.close()

    def close(self) -> None:
        """Give the folder up.  Arrays that were not finished lose their names; those who hold them read them on."""
        if self._new is not None:
            shutil.rmtree(self._new, ignore_errors=True)
        if self._lock is not None:
            HELD.discard(self._lock)
            self._lock.close()
        self._lock, self._new = None, None

    # ------------------------------------------------------------------------------------------ the manifest
    def manifest(self) -> dict:
        """What study.json says; empty where there is none.  ValueError where it is damaged."""
        file = self.path / "study.json"
        try:
            found = json.loads(file.read_text(encoding="utf-8")) if file.exists() else {}
            if not isinstance(found, dict):
                raise ValueError(f"it holds a {type(found).__name__}")
            return found
        except (ValueError, OSError) as error:
            raise ValueError(f"{file} is damaged ({error}): remove the folder, or choose another one") from error

    def _write_manifest(self, words: dict) -> None:
        text = json.dumps({"format": FORMAT} | words, indent=1) + "\n"
        self._write("study.json", lambda out: out.write(text.encode()), sync=True)

    def begin(self, identity: dict[str, Any]) -> str:
        """Begin the study of this identity, or go on with it; a sentence on what was damaged, or "".

        Raises ValueError where the folder holds another study, or one that was saved.
        """
        self.key, said = key_of(identity), ""
        try:
            old = self.manifest()
        except ValueError as error:
            old, said = {}, f"{error.args[0].partition(': remove')[0]}, and is written again"
        if old.get("key") == self.key:
            return ""
        if isinstance(kept := old.get("identity"), dict):
            changed = [name for name in identity if kept.get(name) != identity[name]]
            raise ValueError(f"store={str(self.path)!r} holds a study with other {', '.join(changed) or 'format'}: "
                             "choose another folder, or remove that one")
        if old:
            raise ValueError(f"store={str(self.path)!r} holds a study that was saved: choose another folder")
        # nothing says whose the folder is but what lies in it
        pieces = list(self.path.glob("piece-*.npz"))
        if any(self._owner(file) not in (self.key, None) for file in pieces) or not pieces and any(
                self.path.glob(f"{ARRAYS}*")):
            raise ValueError(f"store={str(self.path)!r} holds a study that study.json does not name: choose another "
                             "folder, or remove that one")
        self._write_manifest({"key": self.key, "identity": identity})
        return said

    # ------------------------------------------------------------------------------------------ pieces
    def piece(self, k: int, shapes: Mapping[str, tuple[int, ...]]) -> tuple[dict[str, np.ndarray] | None, str]:
        """The arrays of piece k, of these shapes, or None; and a sentence where there is one that is not it."""
        file = self._piece(k)
        if not file.exists():
            return None, ""
        try:
            arrays = _arrays(file)
            owner, number = str(arrays.pop("study")), int(arrays.pop("piece"))
        except Exception as error:  # whatever a damaged file makes of its reader
            return None, f"{file.name} is damaged ({type(error).__name__}: {error})"
        if (owner, number) != (self.key, k):
            return None, f"{file.name} is a piece of another study" if owner != self.key else (
                f"{file.name} is piece {number}")
        if lacking := [name for name in shapes if name not in arrays]:
            return None, f"{file.name} has no {lacking[0]}"
        arrays = {name: arrays[name] for name in shapes}
        if {name: a.shape for name, a in arrays.items()} != dict(shapes):
            return None, f"{file.name} has arrays of other shapes"
        return arrays, ""

    def write_piece(self, k: int, arrays: Mapping[str, np.ndarray]) -> None:
        """Keep a piece."""
        what: dict[str, Any] = {"study": np.array(self.key), "piece": np.array(k), **arrays}
        self._write(self._piece(k).name, lambda out: np.savez(out, allow_pickle=False, **what))

    def _piece(self, k: int) -> Path:
        return self.path / f"piece-{k:05d}.npz"

    def _owner(self, file: Path) -> str | None:
        """The key in a piece, None where it is damaged."""
        try:
            return str(_arrays(file)["study"])
        except KeyError:
            return ""
        except Exception:  # noqa: BLE001 - whatever a damaged file makes of its reader
            return None

    # ------------------------------------------------------------------------------------------ arrays of a study
    def array(self, name: str, shape: tuple[int, ...], dtype) -> np.ndarray:
        """A new array in a file, with room for all of it, so that it can be filled whatever becomes of the disk."""
        if self._new is None:
            self._new = self._part("arrays")
        file = self._new / f"{name}.npy"
        header = {"descr": np.lib.format.dtype_to_descr(np.dtype(dtype)), "fortran_order": False, "shape": shape}
        with file.open("wb") as out:
            np.lib.format.write_array_header_1_0(out, header)
            _reserve(out, out.tell() + int(np.prod(shape)) * np.dtype(dtype).itemsize)
        self._mapped[name] = np.asarray(np.lib.format.open_memmap(file, mode="r+"))
        return self._mapped[name]

    def release(self) -> None:
        """Give the memory that arrays in files take back to the system; what they hold is read again when needed."""
        for values in self._mapped.values():
            file = getattr(values.base, "base", None)
            if isinstance(file, mmap.mmap) and hasattr(mmap, "MADV_DONTNEED"):
                file.madvise(mmap.MADV_DONTNEED)

    def save(self, words: dict, arrays: Mapping[str, np.ndarray]) -> None:
        """Keep a finished study in place of the one before: its words and arrays, all or, if this fails, nothing."""
        if self._new is None:
            self._new = self._part("arrays")
        new, old = self._new, list(self.path.glob(f"{ARRAYS}*"))
        for name, values in arrays.items():
            file = new / f"{name}.npy"
            if values is not self._mapped.get(name):
                file.unlink(missing_ok=True)  # an array of that name may be mapped
                with file.open("wb") as out:
                    np.lib.format.write_array(out, np.ascontiguousarray(values), allow_pickle=False)
        # (the disk is waited for when all is on its way there)
        sums = {name: _checksum(new / f"{name}.npy", sync=True) for name in arrays}
        for file in set(new.iterdir()) - {new / f"{name}.npy" for name in arrays}:
            file.unlink()
        folder = self.path / f"{ARRAYS}{hashlib.sha256(repr(sorted(sums.items())).encode()).hexdigest()[:16]}"
        if folder in old and all(_sound(folder / f"{name}.npy", checksum) for name, checksum in sums.items()):
            shutil.rmtree(new)
        else:
            shutil.rmtree(folder, ignore_errors=True)  # it is damaged
            new.rename(folder)
        self._new = None
        try:
            before = self.manifest()
        except ValueError:
            before = {}
        kept = {name: before[name] for name in ("key", "identity") if name in before}
        self._write_manifest(kept | {"study": words | {"arrays": {"folder": folder.name, "checksums": sums}}})
        for other in old:
            if other != folder:
                shutil.rmtree(other, ignore_errors=True)
        for values in self._mapped.values():
            values.flags.writeable = False

    def study(self) -> tuple[dict, dict[str, Any]]:
        """Words and arrays of the finished study; the arrays stay on disk, and are read as they are asked for.

        Raises ValueError where there is none, or it is damaged.
        """
        words = self.manifest().get("study")
        if not isinstance(words, dict) or "arrays" not in words:
            raise ValueError(f"{self.path} holds no finished study (study.json names none); an interrupted one is "
                             "finished by study(..., store=path)")
        folder, found = self.path / words["arrays"]["folder"], {}
        for name, checksum in words["arrays"]["checksums"].items():
            file = folder / f"{name}.npy"
            try:
                if not _sound(file, checksum):
                    raise ValueError("it is not what was saved")
                large = file.stat().st_size >= MAPPED
                found[name] = np.asarray(np.load(file, mmap_mode="r" if large else None, allow_pickle=False))
            except (ValueError, OSError, EOFError) as error:
                raise ValueError(f"{file} is damaged ({error}): " + (
                    "the same study with store= makes it again" if "key" in self.manifest() else
                    "remove the folder, the study in it is lost")) from error
        return words, found

    def _part(self, name: str) -> Path:
        """A new folder."""
        part = self.path / f".part-{name}"
        shutil.rmtree(part, ignore_errors=True)
        part.mkdir()
        return part

    def _write(self, name: str, write: Callable[[IO], object], sync: bool = False) -> None:
        """A file whole or not at all."""
        part = self.path / f".part-{name}"
        try:
            with part.open("wb") as out:
                write(out)
                if sync:
                    out.flush()
                    os.fsync(out.fileno())
            part.replace(self.path / name)
        except BaseException:
            with contextlib.suppress(OSError):
                part.unlink()
            raise


def _arrays(file: Path) -> dict[str, np.ndarray]:
    with file.open("rb") as source, np.load(source, allow_pickle=False) as arrays:
        return dict(arrays)


def _checksum(file: Path, sync: bool = False) -> int:
    """The CRC-32 of a file, which is read in blocks."""
    value = 0
    with file.open("r+b" if sync else "rb") as source:
        if sync:
            os.fsync(source.fileno())
        while block := source.read(1 << 20):
            value = zlib.crc32(block, value)
    return value


def _sound(file: Path, checksum: int) -> bool:
    return file.is_file() and _checksum(file) == checksum


def _reserve(out: IO, size: int) -> None:
    """Make a file as long as it will be.  OSError where there is no room for it."""
    if hasattr(os, "posix_fallocate"):
        out.flush()
        os.posix_fallocate(out.fileno(), 0, size)
        return
    while (left := size - out.tell()) > 0:
        out.write(bytes(min(left, 1 << 20)))


def locked(file: IO) -> None:
    """Lock an open file; BlockingIOError while another holds it, OSError where that cannot be done."""
    try:
        import fcntl
    except ImportError:  # Windows
        import msvcrt

        try:
            msvcrt.locking(file.fileno(), msvcrt.LK_NBLCK, 1)  # type: ignore[attr-defined]
        except OSError as error:
            raise BlockingIOError(str(error)) from error
    else:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)


HELD: set[IO] = set()  #: the locks of this process


def _forked() -> None:
    """A process that is forked off holds no store: it may outlive the one that does."""
    for file in HELD:
        file.close()
    HELD.clear()


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_forked)
