"""Places for the conformance kit."""

from __future__ import annotations

import errno
import os
from pathlib import Path
from urllib.parse import unquote

from ptb_bucket.stores import LocalStore
from ptb_bucket.testing.conformance import Backend


class FileBackend(Backend):
    """A backend that reads the tree with its own decoder, so that it checks the store's naming without using it."""

    def __init__(self, root, monkeypatch, *, keep=0):
        self._root = root
        self._monkeypatch = monkeypatch
        self._keep = keep
        self.supports_versions = keep > 0

    def open(self):
        return LocalStore(self._root / "data", keep=self._keep)

    def _files(self):
        """Yield each key and its path as text, because Path is slow on keys that are a thousand directories deep."""
        data = self._root / "data"
        waiting = [("", str(data))] if data.is_dir() else []
        while waiting:
            above, directory = waiting.pop()
            for entry in os.scandir(directory):
                if entry.name.startswith("."):
                    continue
                if entry.is_dir():
                    waiting.append((f"{above}{_decoded(entry.name.removesuffix('.d'))}/", entry.path))
                else:
                    yield above + _decoded(entry.name), entry.path

    def _path(self, key):
        found = dict(self._files()).get(key)
        return found and Path(found)

    async def read_raw(self, key):
        path = self._path(key)
        return path and path.read_bytes()

    async def write_raw(self, key, data):
        *directories, name = key.split("/")
        new = self._root.joinpath("data", *(directory + ".d" for directory in directories), name)
        path = self._path(key) or new  # a directory in the URI has no suffix
        path.parent.mkdir(parents=True, exist_ok=True)
        temporary = self._root / "side-door"
        temporary.write_bytes(data)
        temporary.replace(path)

    async def keys_raw(self):
        return [key for key, _ in self._files()]

    def uri(self, prefix="", *, server="", timeout=None):
        return f"file:{self._root / 'data' / prefix}" + (f"?keep={self._keep}" if self._keep else "")

    def unavailable(self):
        root = self._root / "broken-disk"
        for name in ("open", "scandir"):
            self._monkeypatch.setattr(os, name, _fails_below(root, getattr(os, name)))
        return LocalStore(root)

    def denied(self):
        (self._root / "file").touch()
        return LocalStore(self._root / "file")


def _decoded(name):
    return "" if name == "%" else unquote(name, errors="strict")


def _fails_below(root, function):
    def failing(path, *args, **kwargs):
        if isinstance(path, (str, os.PathLike)) and root in (Path(path), *Path(path).parents):
            raise OSError(errno.EIO, os.strerror(errno.EIO), str(path))
        return function(path, *args, **kwargs)

    return failing
