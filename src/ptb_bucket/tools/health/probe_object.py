"""A test object that the health check creates and removes."""

from __future__ import annotations

import asyncio
import json
import os
import time
from contextlib import suppress
from typing import TYPE_CHECKING, Final

from ptb_bucket.errors import AccessError, LostRaceError, NotFoundError, UnavailableError, UnsupportedError
from ptb_bucket.stores import Create, Update

if TYPE_CHECKING:
    from ptb_bucket.stores import BlobStore, PutMode

__all__ = ["PROBE", "ProbeObject"]

PROBE: Final = ".ptb-bucket-check"
"""The start of the object's key. No layout has such a document."""
_ATTEMPTS: Final = 3
_PAUSE: Final = 0.5
"""Seconds between two attempts to remove it."""


class ProbeObject:
    """An object that only this check uses.

    ``etags`` are its ETags so far, the current one last. ``written`` is true if it may exist.

    Args:
        store: The store.
        removable: True if the object can be removed. Otherwise, all checks use the same object, which stays.
    """

    def __init__(self, store: BlobStore, *, removable: bool = True) -> None:
        self._store = store
        self.removable = removable
        self.key = f"{PROBE}-{os.urandom(8).hex()}" if removable else PROBE
        self.etags: list[str] = []
        self.written = False
        self._sent: asyncio.Future[str] | None = None
        self._free = 0.0

    async def create(self) -> None:
        """Create the object with the condition that it does not exist. If an earlier check left it, use that one."""
        try:
            await self._put(Create())
        except LostRaceError:
            self.etags.append((await self._store.get(self.key)).etag)

    async def update(self) -> float:
        """Write the object again with its ETag as the condition, and return the duration in seconds.

        Raises:
            UnsupportedError: The server refuses the ETag that it returned itself.
        """
        await self._pace()
        began = time.perf_counter()
        try:
            await self._put(Update(self.etags[-1]))
        except LostRaceError as error:
            await self._explain(error)
        return time.perf_counter() - began

    async def _explain(self, error: LostRaceError) -> None:
        if (await self._store.get(self.key)).etag != self.etags[-1]:
            raise UnavailableError(
                f"Another program changed {self._name} during the check. Run the check again."
            ) from error
        raise UnsupportedError(
            f"{self._name} can't be updated because the server rejects the ETag it just returned."
        ) from error

    async def must_lose(self, mode: PutMode, condition: str) -> None:
        """Write the object with a condition that is not met.

        Raises:
            UnsupportedError: The server wrote it anyway.
        """
        try:
            await self._put(mode)
        except LostRaceError:
            return
        raise UnsupportedError(
            "The server ignores conditions on puts, so multiple instances would overwrite each other. It "
            f"accepted a put of {self._name} {condition}. Use a server that supports If-Match and If-None-Match."
        )

    async def remove(self) -> None:
        """Remove the object. Wait for a write that is still running first, because it would create the object again.

        Raises:
            StoreError: The object may still exist.
        """
        if self._sent is not None:
            await asyncio.gather(self._sent, return_exceptions=True)
        for _ in range(_ATTEMPTS - 1):
            with suppress(UnavailableError):
                await self._store.delete(self.key)
                return
            await asyncio.sleep(_PAUSE)
        await self._store.delete(self.key)

    async def forget(self) -> None:
        """Remove the old versions of the object, after the object itself."""
        versions = [version async for version in self._store.versions(self.key)]
        for version in reversed(versions):  # the deletion marker last: while it exists, no version is current
            await self._store.delete_version(self.key, version.version)

    async def read(self) -> float:
        """Read the object, which need not exist yet, and return the duration in seconds."""
        began = time.perf_counter()
        try:
            await self._store.get(self.key)
        except NotFoundError:
            if self.etags:
                raise
        return time.perf_counter() - began

    @property
    def _name(self) -> str:
        return self._store.describe(self.key)

    async def _put(self, mode: PutMode) -> None:
        await self._pace()
        text = {"about": "A test object of 'ptb-bucket check'. You can delete it.", "number": os.urandom(8).hex()}
        self._sent = asyncio.ensure_future(self._store.put(self.key, json.dumps(text).encode(), mode))
        before, self.written = self.written, True
        try:
            # Shielded, so that remove() can wait for the write after an interruption.
            self.etags.append(await asyncio.shield(self._sent))
        except (AccessError, UnsupportedError):
            self.written = before
            raise
        finally:
            self._free = time.monotonic() + self._store.min_write_interval

    async def _pace(self) -> None:
        await asyncio.sleep(max(0.0, self._free - time.monotonic()))
