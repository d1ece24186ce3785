"""Requests of a verification: the number planned, the number sent, and a store that counts and paces them."""

from __future__ import annotations

import asyncio
from collections import Counter
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Final, TypeVar

from ptb_bucket.stores import InterceptingStore

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Awaitable, Callable

    from ptb_bucket.stores import BlobStore

__all__ = ["CountingStore", "Requests", "Tally"]

_T = TypeVar("_T")
_KINDS: Final = {"get": "reads", "put": "writes", "list": "lists", "versions": "lists"}


@dataclass(frozen=True)
class Requests:
    """Numbers of requests by the kinds that clouds charge for."""

    writes: int = 0
    reads: int = 0
    lists: int = 0
    deletes: int = 0

    @property
    def total(self) -> int:
        """Return the number of all requests."""
        return self.writes + self.reads + self.lists + self.deletes

    def __add__(self, other: Requests) -> Requests:
        return Requests(
            self.writes + other.writes, self.reads + other.reads, self.lists + other.lists, self.deletes + other.deletes
        )


@dataclass
class Tally:
    """The requests so far, and the keys that may have old versions.

    Args:
        advance: Called with each number of requests, for a progress bar.
    """

    advance: Callable[[int], object] = lambda _: None
    written: set[str] = field(default_factory=set)
    _counts: Counter[str] = field(default_factory=Counter)
    _free: dict[str, float] = field(default_factory=dict)
    _sent: set[asyncio.Future[Any]] = field(default_factory=set)

    @property
    def requests(self) -> Requests:
        """Return the requests so far."""
        return Requests(**self._counts)

    def add(self, kind: str, number: int = 1) -> None:
        """Count requests of a kind: ``writes``, ``reads``, ``lists`` or ``deletes``."""
        self._counts[kind] += number
        self.advance(number)

    async def pace(self, name: str, interval: float) -> None:
        """Wait until an object may be written again, and reserve the time of this write.

        Args:
            name: The object's name, unique in the run.
            interval: The seconds that the store wants between two writes of one object.
        """
        now = asyncio.get_running_loop().time()
        begin = max(now, self._free.get(name, 0.0))
        self._free[name] = begin + interval
        if begin > now:
            await asyncio.sleep(begin - now)

    async def finish(self, request: Awaitable[_T]) -> _T:
        """Wait for a request. An interruption ends the wait, but not the request: see :meth:`settle`."""
        sent = asyncio.ensure_future(request)
        self._sent.add(sent)
        sent.add_done_callback(self._ended)
        return await asyncio.shield(sent)

    def _ended(self, sent: asyncio.Future[Any]) -> None:
        self._sent.discard(sent)
        if not sent.cancelled():
            sent.exception()  # after an interruption, nobody else retrieves it

    async def settle(self) -> None:
        """Wait until no request is under way. After an interruption, a put could create its object again."""
        await asyncio.gather(*self._sent, return_exceptions=True)


class CountingStore(InterceptingStore):
    """A store that counts its requests and writes no object more often than the cloud allows.

    Args:
        store: The store below.
        tally: Receives the counts.
    """

    def __init__(self, store: BlobStore, tally: Tally) -> None:
        super().__init__(store)
        self._tally = tally

    async def _call(self, operation: str, key: str, send: Callable[[], Awaitable[_T]]) -> _T:
        if operation == "put":
            name = self.describe(key)
            self._tally.written.add(name)
            if self.min_write_interval:
                await self._tally.pace(name, self.min_write_interval)
        try:
            return await self._tally.finish(send())
        finally:
            self._tally.add(_KINDS.get(operation, "deletes"))

    async def _stream(self, operation: str, key: str, begin: Callable[[], AsyncIterator[_T]]) -> AsyncIterator[_T]:  # noqa: ARG002  its key is not counted
        self._tally.add(_KINDS[operation])
        async for item in begin():
            yield item
