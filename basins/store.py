"""What a study keeps on disk: a folder with a JSON manifest and plain npz files, each written whole or not at all."""
from __future__ import annotations

import json
import os
import zipfile
from collections.abc import Callable
from pathlib import Path

import numpy as np


class Store:
    """The folder of a study, to read; `made` gives one to write into."""

    def __init__(self, path):
        self.path = Path(path)

    @classmethod
    def made(cls, path) -> Store:
        """The folder at `path`, made where there is none.  ValueError where it cannot be written."""
        store = cls(path)
        try:
            store.path.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise ValueError(f"store={str(path)!r} cannot be made a folder: {error}; choose another path") from error
        if not os.access(store.path, os.W_OK):
            raise ValueError(f"store={str(path)!r} is not writable: choose another path")
        return store

    def manifest(self) -> dict:
        """What study.json says; empty where there is none."""
        file = self.path / "study.json"
        try:
            return json.loads(file.read_text(encoding="utf-8")) if file.exists() else {}
        except ValueError as error:
            raise ValueError(f"{file} is damaged ({error}): remove the folder, or choose another one") from error

    def write_manifest(self, more: dict) -> None:
        """Add to study.json."""
        text = json.dumps({"format": 1} | self.manifest() | more, indent=1) + "\n"
        self._replace("study.json", lambda file: file.write_text(text, encoding="utf-8"))

    def resume(self, fingerprint: dict) -> None:
        """Begin, or go on with the same study; ValueError for another one."""
        old = self.manifest().get("fingerprint")
        if old is None:
            if self.manifest():
                raise ValueError(f"store={str(self.path)!r} holds a study that was saved: choose another folder")
            return self.write_manifest({"fingerprint": fingerprint})
        changed = [key for key in fingerprint if old.get(key) != fingerprint[key]]
        if changed:
            raise ValueError(f"store={str(self.path)!r} holds a study with other {', '.join(changed)}: "
                             "choose another folder, or remove that one")

    def has(self, name: str) -> bool:
        return (self.path / f"{name}.npz").exists()

    def read(self, name: str) -> dict[str, np.ndarray]:
        """The arrays of `name`.npz by name.  ValueError where it is damaged."""
        file = self.path / f"{name}.npz"
        try:
            with np.load(file, allow_pickle=False) as arrays:
                return dict(arrays)
        except (ValueError, EOFError, OSError, zipfile.BadZipFile) as error:
            raise ValueError(f"{file} is damaged ({error}): remove it, and the same study makes it again") from error

    def write(self, name: str, **arrays: np.ndarray) -> None:
        def save(file: Path) -> None:
            with file.open("wb") as out:
                np.savez(out, allow_pickle=False, **arrays)

        self._replace(f"{name}.npz", save)

    def _replace(self, name: str, write: Callable[[Path], object]) -> None:
        part = self.path / f".{name}.{os.getpid()}.part"
        write(part)
        part.replace(self.path / name)
