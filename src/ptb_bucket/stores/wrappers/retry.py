"""The retry of reads. No other code repeats a read that failed."""

from __future__ import annotations

import asyncio
import math
import random
from typing import TYPE_CHECKING, overload

from ptb_bucket._aio import Backoff
from ptb_bucket.errors import UnavailableError
from ptb_bucket.stores.wrappers.base import StoreWrapper

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from ptb_bucket.stores.base import Blob, BlobInfo, BlobStore, BlobVersion, NotModified

__all__ = ["RetryingStore"]


class RetryingStore(StoreWrapper):
    """A store that repeats reads during a short outage. It sends writes and deletes exactly once.

    It repeats a read only after an :class:`~ptb_bucket.errors.UnavailableError`. An interrupted listing resumes after
    the last key that it returned. A listing of versions starts again only if it had not returned any.

    Args:
        store: The store below.
        attempts: The most times that a read is sent, including the first.
        delay: The average wait before the second attempt, in seconds; doubled before each further one.
        max_delay: The longest wait, in seconds.
        rng: The source of the jitter; by default a new one.
    """

    def __init__(
        self,
        store: BlobStore,
        *,
        attempts: int = 4,
        delay: float = 0.1,
        max_delay: float = 2.0,
        rng: random.Random | None = None,
    ) -> None:
        super().__init__(store)
        self._attempts = attempts
        # A pause takes from half to one and a half of the delay, which is the average.
        rng = rng or random.Random()  # noqa: S311 jitter needs no secrecy
        self._backoff = Backoff(first=1.5 * delay, longest=math.inf, random=rng, spread=3)
        self._max_delay = max_delay

    async def _pause(self, failures: int, error: UnavailableError) -> None:
        """Wait before the next attempt, or raise the error when there is none left."""
        if failures >= self._attempts:
            raise error
        await asyncio.sleep(min(self._max_delay, self._backoff.pause(failures - 1)))

    @overload
    async def get(self, key: str, *, version: str | None = None) -> Blob: ...
    @overload
    async def get(self, key: str, *, if_none_match: str | None, version: None = None) -> Blob | NotModified: ...
    async def get(
        self, key: str, *, if_none_match: str | None = None, version: str | None = None
    ) -> Blob | NotModified:
        """Read an object from the store below, in several attempts if need be."""
        failures = 0
        while True:
            try:
                if version is not None:
                    return await self._store.get(key, version=version)
                return await self._store.get(key, if_none_match=if_none_match)
            except UnavailableError as exc:
                failures += 1
                await self._pause(failures, exc)

    async def versions(self, key: str) -> AsyncIterator[BlobVersion]:
        """Iterate over an object's versions in the store below, starting again if none was returned yet."""
        failures, given = 0, False
        while True:
            try:
                async for item in self._store.versions(key):
                    given = True
                    yield item
            except UnavailableError as exc:
                if given:
                    raise
                failures += 1
                await self._pause(failures, exc)
            else:
                return

    async def list(self, prefix: str = "") -> AsyncIterator[BlobInfo]:
        """Iterate over the objects of the store below, resuming after the last key that was returned."""
        failures, last = 0, ""
        while True:
            try:
                async for info in self._store.list(prefix):
                    # Keys arrive in order, so every key up to the last one has been returned before.
                    if info.key > last:
                        failures, last = 0, info.key
                        yield info
            except UnavailableError as exc:
                failures += 1
                await self._pause(failures, exc)
            else:
                return
