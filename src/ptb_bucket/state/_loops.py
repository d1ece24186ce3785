"""Locks that outlive an event loop, and work on many things at once."""

from __future__ import annotations

import asyncio
import itertools
from typing import TYPE_CHECKING, Final, TypeVar

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Awaitable, Callable, Iterable, Iterator, Sequence

__all__ = ["AT_ONCE", "LoopLock", "aside", "chunks", "for_each", "in_turns", "outcomes", "paced", "turns"]

MANY: Final = 2_000
"""Records that take a few milliseconds; a thread costs less than one."""

SOME: Final = 200
"""Records that take about as long to be merged or decoded."""

T = TypeVar("T")
U = TypeVar("U")

AT_ONCE: Final = 10
"""Requests of one load, refresh or commit: as many connections as cloud SDKs keep. More would wait inside of them."""


class LoopLock:
    """An ``asyncio.Lock`` for whichever loop runs: asyncio's own belong to one loop for good."""

    def __init__(self) -> None:
        self._loop: asyncio.AbstractEventLoop | None = None
        self._lock = asyncio.Lock()

    def here(self) -> asyncio.Lock:
        """The running loop's lock. Of another loop's holders nothing is left to wait for: that loop has ended."""
        loop = asyncio.get_running_loop()
        if self._loop is not loop:
            self._loop, self._lock = loop, asyncio.Lock()
        return self._lock


async def for_each(items: Iterable[T], work: Callable[[T], Awaitable[None]]) -> None:
    """Do something to all of them, several at once; one failure does not stop the others (rule 19).

    Raises:
        Exception: The first that happened.
    """
    errors: list[Exception] = []
    several = list(items)
    rest = iter(several)
    workers = [_work_off(rest, work, errors) for _ in several[:AT_ONCE]]
    results = await asyncio.gather(*workers, return_exceptions=True)
    for outcome in (*results, *errors):
        if isinstance(outcome, BaseException):
            raise outcome


async def _work_off(rest: Iterator[T], work: Callable[[T], Awaitable[None]], errors: list[Exception]) -> None:
    for item in rest:
        try:
            await work(item)
        except Exception as error:  # noqa: BLE001  raised when all are done
            errors.append(error)


async def outcomes(items: Sequence[T], work: Callable[[T], Awaitable[U]]) -> AsyncIterator[U]:
    """What comes of doing something to each, in their order; several are under way at once, and not more are kept.

    Raises:
        Exception: The first that happened; what comes after is not begun.
    """
    for begin in range(0, len(items), AT_ONCE):
        for outcome in await asyncio.gather(*map(work, items[begin : begin + AT_ONCE])):
            yield outcome


async def aside(work: Callable[[], T], *, size: int) -> T:
    """Do something with bytes in a thread, if it would hold up the loop.

    Args:
        work: What to do. Nothing that it reads may change meanwhile.
        size: How many records it goes through.
    """
    return await asyncio.to_thread(work) if size > MANY else work()


async def turns(items: Iterable[T]) -> AsyncIterator[list[T]]:
    """Some of them at a time; where there are many, the loop turns in between."""
    rest = iter(items)
    while some := list(itertools.islice(rest, MANY)):
        yield some
        if len(some) == MANY:
            await asyncio.sleep(0)


async def in_turns(items: Iterable[T]) -> list[T]:
    """A list of them; where there are many, the loop turns while it is made."""
    return [item async for some in turns(items) for item in some]


async def paced(items: Iterable[T]) -> AsyncIterator[T]:
    """One after the other; where there are many, the loop turns between them."""
    for number, item in enumerate(items, 1):
        yield item
        if number % SOME == 0:
            await asyncio.sleep(0)


async def chunks(items: AsyncIterator[T], make: Callable[[T], U]) -> AsyncIterator[list[U]]:
    """As many at a time as may be read at once, made into what is to be read."""
    chunk: list[U] = []
    async for item in items:
        chunk.append(make(item))
        if len(chunk) == AT_ONCE:
            yield chunk
            chunk = []
    if chunk:
        yield chunk
