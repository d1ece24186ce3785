"""A store with the latency of a distant bucket, which counts requests."""

from __future__ import annotations

import asyncio
from collections import Counter
from typing import TYPE_CHECKING, Any

from ptb_bucket.stores import InterceptingStore

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    from ptb_bucket.stores import BlobStore

__all__ = ["Far"]


class Far(InterceptingStore):
    """A distant store that counts requests and the rounds in which they come."""

    def __init__(self, store: BlobStore, seconds: dict[str, float]) -> None:
        super().__init__(store)
        self._seconds = seconds
        self._under_way: Counter[str] = Counter()
        self.counts: Counter[str] = Counter()

    async def _call(self, operation: str, key: str, send: Callable[[], Awaitable[Any]]) -> Any:  # noqa: ARG002
        self.counts[operation] += 1
        self.counts[f"{operation} rounds"] += not self._under_way[operation]
        self._under_way[operation] += 1
        try:
            await asyncio.sleep(self._seconds.get(operation, 0))
            return await send()
        finally:
            self._under_way[operation] -= 1
