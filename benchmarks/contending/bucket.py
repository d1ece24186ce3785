"""A simulated bucket: each request takes time, and a write may be refused because it follows another one too soon."""

from __future__ import annotations

import asyncio
from collections import Counter
from typing import TYPE_CHECKING, Any

from ptb_bucket.errors import UnavailableError
from ptb_bucket.stores import InterceptingStore

if TYPE_CHECKING:
    import random
    from collections.abc import Awaitable, Callable

    from ptb_bucket.stores import MemoryStore

__all__ = ["Limited", "Line"]


class Limited:
    """Google's limit: one write per second to the same object name. More "may result in 429 Too Many Requests".

    The documentation states neither how exact the limit is nor how long a burst may be. So the default is the worst
    case: each write that arrives less than a second after the last accepted one is refused. With a larger ``burst``,
    that many writes are accepted at once after a pause; on average, it is still one per second.

    Source: https://cloud.google.com/storage/quotas#objects and .../docs/objects#immutability.

    Args:
        interval: Seconds for one write; 0 for no limit.
        burst: How many writes are accepted at once after a pause.
    """

    def __init__(self, interval: float, burst: int = 1) -> None:
        self._interval, self._burst = interval, burst
        self._free_at: dict[str, float] = {}

    def accepts(self, key: str) -> bool:
        """Tell whether a write is accepted now, and count it if so."""
        now = asyncio.get_running_loop().time()
        free_at = self._free_at.get(key, 0.0)
        if now + 1e-6 < free_at - (self._burst - 1) * self._interval:
            return False
        self._free_at[key] = max(free_at, now) + self._interval
        return True


class Line(InterceptingStore):
    """One instance's line to the bucket: half of a request's time passes before it arrives, half after that.

    Args:
        store: The bucket.
        limit: The limit on writes, which all lines share.
        seconds: The average time of each operation.
        spread: The part of the time that varies; 0.5 for half to one and a half of the average.
        interval: The distance between writes that the bucket asks its clients to keep, in seconds.
        random: The source of the variation.
    """

    def __init__(  # noqa: PLR0913  the properties of a bucket, by keyword
        self, store: MemoryStore, limit: Limited, *, seconds: dict[str, float], spread: float, interval: float,
        random: random.Random,
    ) -> None:  # fmt: skip
        super().__init__(store)
        self.min_write_interval = interval
        self._limit, self._seconds, self._spread, self._random = limit, seconds, spread, random
        self.counts: Counter[str] = Counter()

    async def _call(self, operation: str, key: str, send: Callable[[], Awaitable[Any]]) -> Any:
        self.counts[operation] += 1
        half = self._seconds.get(operation, 0.0) * self._random.uniform(1 - self._spread, 1 + self._spread) / 2
        await asyncio.sleep(half)
        if operation == "put" and not self._limit.accepts(key):
            self.counts["refused"] += 1
            await asyncio.sleep(half)
            raise UnavailableError(f"put of {key} was throttled: too many requests (HTTP 429)", key=key)
        try:
            return await send()
        finally:
            await asyncio.sleep(half)
