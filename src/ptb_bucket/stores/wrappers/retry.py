"""Reads, once more: the one place that repeats them."""

from __future__ import annotations

import asyncio
import random
from typing import TYPE_CHECKING, TypeVar

from ptb_bucket.errors import UnavailableError
from ptb_bucket.stores.wrappers.base import StoreWrapper

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Awaitable, Callable

    from ptb_bucket.stores.base import BlobInfo, BlobStore

__all__ = ["RetryingStore"]

_T = TypeVar("_T")


class RetryingStore(StoreWrapper):
    """A store whose reads survive a moment of unavailability. Writes and deletes pass through exactly once.

    Only :class:`~ptb_bucket.errors.UnavailableError` is tried again. A listing that breaks off resumes after the last
    key that it gave; versions only start anew while none was given.

    Args:
        store: The store below.
        attempts: How often a read is sent at most, the first time included.
        delay: Seconds to wait before the second attempt, on average; doubled before each further one.
        max_delay: Seconds that no wait exceeds.
        rng: Source of the jitter; one of its own if None.
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
        self._delay = delay
        self._max_delay = max_delay
        self._rng = rng or random.Random()  # noqa: S311 jitter is no secret

    async def _pause(self, failures: int, error: UnavailableError) -> None:
        """Wait before the next attempt, or raise the error when there is none left."""
        if failures >= self._attempts:
            raise error
        jitter = self._rng.uniform(0.5, 1.5)
        await asyncio.sleep(min(self._max_delay, jitter * self._delay * 2 ** (failures - 1)))

    async def _call(self, operation: str, key: str, send: Callable[[], Awaitable[_T]]) -> _T:
        failures = 0
        while True:
            try:
                return await super()._call(operation, key, send)
            except UnavailableError as exc:
                if operation != "get":
                    raise
                failures += 1
                await self._pause(failures, exc)

    async def _stream(self, operation: str, key: str, begin: Callable[[], AsyncIterator[_T]]) -> AsyncIterator[_T]:
        failures, given = 0, False
        while True:
            try:
                async for item in super()._stream(operation, key, begin):
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
        """Iterate over the objects of the store below, resuming after the last key that was given."""
        failures, last = 0, ""
        while True:
            try:
                async for info in self._store.list(prefix):
                    # Keys arrive in order, so whatever is not beyond the last one was given before.
                    if info.key > last:
                        failures, last = 0, info.key
                        yield info
            except UnavailableError as exc:
                failures += 1
                await self._pause(failures, exc)
            else:
                return
