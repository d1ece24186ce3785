"""Locks that outlive an event loop, and work on many things at once."""

from __future__ import annotations

import asyncio
import itertools
import random
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Final, TypeVar

from ptb_bucket.errors import UnavailableError

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Awaitable, Callable, Coroutine, Iterable, Iterator, Sequence

__all__ = [
    "AT_ONCE",
    "LoopLock",
    "Patience",
    "Waiting",
    "aside",
    "backoff",
    "chunks",
    "for_each",
    "in_turns",
    "outcomes",
    "paced",
    "turns",
    "within",
]

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


def backoff(failures: int, *, first: float, longest: float, rng: random.Random, spread: float = 10) -> float:
    """Return the seconds to wait before the next attempt: doubled after each failure, with jitter.

    Args:
        failures: How many attempts failed before the last one.
        first: Upper bound of the first wait.
        longest: Upper bound of any wait. The jitter applies to it too, so that waits differ there as well.
        rng: The source of the jitter.
        spread: How many times longer the upper bound of a wait is than its lower bound.
    """
    bound = min(longest, first * 2**failures)
    return rng.uniform(bound / spread, bound)


@dataclass
class Patience:
    """The limits of one commit, all in seconds.

    Args:
        deadline: For all tries of one document together.
        first: Upper bound of the first wait; each further one is twice as long.
        longest: Upper bound of any wait.
        random: Where jitter comes from.
    """

    deadline: float = 30.0
    first: float = 0.02
    longest: float = 2.0
    random: random.Random = field(default_factory=random.SystemRandom)

    def begin(self) -> Waiting:
        """Start the clock."""
        return Waiting(self, asyncio.get_running_loop().time() + self.deadline)


@dataclass
class Waiting:
    """One commit's tries."""

    patience: Patience
    end: float
    tries: int = 0

    async def within(self, request: Coroutine[Any, Any, T]) -> T:
        """Do one request before the deadline.

        Raises:
            UnavailableError: There was no answer; if it was a write, it may have been applied.
        """
        task = asyncio.ensure_future(request)
        try:
            await asyncio.wait({task}, timeout=max(0.0, self.end - asyncio.get_running_loop().time()))
        finally:
            if not task.done():
                task.cancel()
                task.add_done_callback(_retrieved)  # whoever waited may be cancelled, too, and never ask
        await asyncio.wait({task})
        if task.cancelled():
            raise UnavailableError(f"the store did not answer within {self.patience.deadline:g} seconds")
        return task.result()

    def next_delay(self) -> float | None:
        """Seconds to wait before the next try, jittered over the whole span; None when there is no time for one."""
        patience = self.patience
        delay = backoff(self.tries, first=patience.first, longest=patience.longest, rng=patience.random)
        self.tries += 1
        return None if asyncio.get_running_loop().time() + delay > self.end else delay


def _retrieved(task: asyncio.Future[Any]) -> None:
    if not task.cancelled():
        task.exception()


_T = TypeVar("_T")


async def within(seconds: float, work: Coroutine[Any, Any, _T]) -> _T:
    """Do something, or stop it and raise ``TimeoutError``.

    What has finished at the last moment counts: ``asyncio.wait_for`` loses it on Python before 3.12, and an answer to
    a put must not be lost.
    """
    task = asyncio.ensure_future(work)
    try:
        await asyncio.wait({task}, timeout=seconds)
    finally:
        # In time, too late, or cancelled ourselves: nothing goes on behind our back.
        if not task.done():
            task.cancel()
            await asyncio.wait({task})
        if not task.cancelled():
            task.exception()  # seen, also when our own cancellation is what is raised
    if task.cancelled():
        raise TimeoutError(f"no end after {seconds:g} seconds")
    return task.result()
