"""A spool without a disk, shared by all instances, as on one host."""

from __future__ import annotations

import asyncio
from contextlib import asynccontextmanager
from pathlib import PurePath

from ptb_bucket.errors import UnavailableError
from ptb_bucket.state.spool.format import Origin
from ptb_bucket.state.spool.spool import Spool


class MemoryFiles:
    """A deterministic SpoolFiles without threads. Now and then its disk is full."""

    root = PurePath("spool")

    def __init__(self, rng) -> None:
        self.files: dict[PurePath, bytes] = {}
        self.full = lambda: rng.random() < 0.05
        self.written = 0
        self._lock = asyncio.Lock()

    def new(self) -> PurePath:
        self.written += 1
        return self.root / f"{self.written:06d}.spool"

    def write(self, path, data) -> None:
        if self.full():
            raise UnavailableError("no space left on device")
        self.files[path] = data

    async def write_ahead(self, path, data) -> None:
        await asyncio.sleep(0)
        self.write(path, data)

    def read(self, path):
        return self.files.get(path)

    def remove(self, path) -> None:
        del self.files[path]

    @asynccontextmanager
    async def claimed(self):
        async with self._lock:
            yield sorted(self.files)


def memory_spool(files: MemoryFiles, layout, codec, retry_policy) -> Spool:
    """Make the spool of one process."""
    return Spool(files, Origin("1", layout.name, codec.name, ""), retry_policy, _same, _same)


def _same(_name, data):
    return data
