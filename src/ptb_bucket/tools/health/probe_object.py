"""One object of our own to try things with, which is gone in the end."""

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
"""What the object's key starts with; no layout has such a document."""
_ATTEMPTS: Final = 3
_PAUSE: Final = 0.5
"""Seconds before another attempt at removing it."""


class ProbeObject:
    """An object that nobody else uses.

    ``etags`` are all that it had, the current one last; ``written`` is whether it may be there.

    Args:
        store: Where.
        removable: Whether it can be removed. If not, one and the same object is used by every check, and stays.
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
        """Write it on the condition that it is not there; one of a check before is taken over."""
        try:
            await self._put(Create())
        except LostRaceError:
            self.etags.append((await self._store.get(self.key)).etag)

    async def update(self) -> float:
        """Write it anew on the condition of its ETag; how many seconds that took.

        Raises:
            UnsupportedError: The server refuses the ETag that it gave itself.
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
            raise UnavailableError(f"{self._name} was changed by somebody else meanwhile: check again.") from error
        raise UnsupportedError(
            f"{self._name} cannot be updated: the server says that its ETag is another one, and it is not."
        ) from error

    async def must_lose(self, mode: PutMode, condition: str) -> None:
        """Write it on a condition that does not hold.

        Raises:
            UnsupportedError: It was written all the same.
        """
        try:
            await self._put(mode)
        except LostRaceError:
            return
        raise UnsupportedError(
            f"The server ignores the conditions of puts, so that several instances would overwrite each other: it "
            f"accepted a put of {self._name} {condition}. Use a server that honours If-Match and If-None-Match."
        )

    async def remove(self) -> None:
        """Remove it, and make sure; what is still being written is waited for, because it would come back.

        Raises:
            StoreError: It may still be there.
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
        """Remove its old versions, after it is removed itself."""
        versions = [version async for version in self._store.versions(self.key)]
        for version in reversed(versions):  # a deletion marker comes last: while it is there, nothing is current
            await self._store.delete_version(self.key, version.version)

    async def read(self) -> float:
        """Read it, or what is not there; how many seconds that took."""
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
        text = {"about": "A test of 'ptb-bucket check'. It may be deleted.", "number": os.urandom(8).hex()}
        self._sent = asyncio.ensure_future(self._store.put(self.key, json.dumps(text).encode(), mode))
        before, self.written = self.written, True
        try:
            # An interruption must not leave behind what nobody waits for.
            self.etags.append(await asyncio.shield(self._sent))
        except (AccessError, UnsupportedError):
            self.written = before
            raise
        finally:
            self._free = time.monotonic() + self._store.min_write_interval

    async def _pace(self) -> None:
        await asyncio.sleep(max(0.0, self._free - time.monotonic()))
