"""Helpers for asyncio: a lock for any loop, a deadline, a back-off, and work on many things at once."""

from __future__ import annotations

import asyncio
import itertools
import random
from dataclasses import field
from typing import TYPE_CHECKING, Any, Final, TypeVar

from ptb_bucket._dataclass import dataclass
from ptb_bucket.errors import UnavailableError

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Awaitable, Callable, Coroutine, Iterable, Iterator, Sequence

__all__ = [
    "AT_ONCE",
    "Backoff",
    "Deadline",
    "LoopLock",
    "Retries",
    "RetryPolicy",
    "aside",
    "chunks",
    "for_each",
    "in_turns",
    "outcomes",
    "paced",
    "to_the_end",
    "turns",
    "within",
]

MANY: Final = 2_000
"""Records that take a few milliseconds. Starting a thread costs less than one millisecond."""

SOME: Final = 200
"""Records that take about as long to merge or decode."""

T = TypeVar("T")
U = TypeVar("U")

AT_ONCE: Final = 10
"""Concurrent requests of one load, refresh or commit: as many as cloud SDKs keep connections. More would wait there."""


class LoopLock:
    """An ``asyncio.Lock`` for any running loop: a lock of asyncio belongs to one loop for good."""

    def __init__(self) -> None:
        self._loop: asyncio.AbstractEventLoop | None = None
        self._lock = asyncio.Lock()

    def here(self) -> asyncio.Lock:
        """Return the lock of the running loop. Holders in another loop do not count, because that loop has ended."""
        loop = asyncio.get_running_loop()
        if self._loop is not loop:
            self._loop, self._lock = loop, asyncio.Lock()
        return self._lock


async def for_each(items: Iterable[T], work: Callable[[T], Awaitable[None]]) -> None:
    """Do some work for each item, several at once.

    Rule "Documents commit independently": the failure of one item does not stop the others.

    Raises:
        Exception: The first error.
    """
    errors: list[Exception] = []
    several = list(items)
    rest = iter(several)
    workers = [_work_off(rest, work, errors) for _ in several[:AT_ONCE]]
    for outcome in (*await asyncio.gather(*workers, return_exceptions=True), *errors):
        if isinstance(outcome, BaseException):
            raise outcome


async def _work_off(rest: Iterator[T], work: Callable[[T], Awaitable[None]], errors: list[Exception]) -> None:
    for item in rest:
        try:
            await work(item)
        except Exception as error:  # noqa: BLE001  raised when all are done
            errors.append(error)


async def outcomes(items: Sequence[T], work: Callable[[T], Awaitable[U]]) -> AsyncIterator[U]:
    """Yield the results of some work for each item, in order. At most ``AT_ONCE`` are under way or kept.

    Raises:
        Exception: The first error. Work on later items does not begin.
    """
    for begin in range(0, len(items), AT_ONCE):
        for outcome in await asyncio.gather(*map(work, items[begin : begin + AT_ONCE])):
            yield outcome


async def aside(work: Callable[[], T], *, size: int) -> T:
    """Return the result of some work, which runs in a thread if it would block the loop.

    Args:
        work: The work. Nothing that it reads may change meanwhile.
        size: The number of records that it goes through.
    """
    return await asyncio.to_thread(work) if size > MANY else work()


async def turns(items: Iterable[T]) -> AsyncIterator[list[T]]:
    """Yield some items at a time. If there are many, the loop runs other tasks in between."""
    rest = iter(items)
    while some := list(itertools.islice(rest, MANY)):
        yield some
        if len(some) == MANY:
            await asyncio.sleep(0)


async def in_turns(items: Iterable[T]) -> list[T]:
    """Return a list of the items. If there are many, the loop runs other tasks meanwhile."""
    return [item async for some in turns(items) for item in some]


async def paced(items: Iterable[T]) -> AsyncIterator[T]:
    """Yield the items one by one. If there are many, the loop runs other tasks in between."""
    for number, item in enumerate(items, 1):
        yield item
        if number % SOME == 0:
            await asyncio.sleep(0)


async def chunks(items: AsyncIterator[T], make: Callable[[T], U]) -> AsyncIterator[list[U]]:
    """Yield what is made of the items, as many at a time as may be read at once."""
    chunk: list[U] = []
    async for item in items:
        chunk.append(make(item))
        if len(chunk) == AT_ONCE:
            yield chunk
            chunk = []
    if chunk:
        yield chunk


@dataclass(frozen=True)
class Deadline:
    """A point in time, on the clock of the running loop.

    Args:
        seconds: The time from its start to its end.
        end: The time of the loop's clock at which it passes.
    """

    seconds: float
    end: float

    @classmethod
    def after(cls, seconds: float) -> Deadline:
        """Return a deadline that starts now."""
        return cls(seconds, asyncio.get_running_loop().time() + seconds)

    @property
    def left(self) -> float:
        """The seconds until it passes, at least 0."""
        return max(0.0, self.end - asyncio.get_running_loop().time())

    async def within(self, request: Coroutine[Any, Any, T]) -> T:
        """Return the answer to a request to a store, or stop the request when the deadline passes.

        If the caller is cancelled, this cancels the request and waits for its end, so that no request goes on after the
        lock of its document is free.

        Raises:
            UnavailableError: The store did not answer in time. A write may have been applied.
        """
        task = await _finished(request, self.left)
        if task.cancelled():
            raise UnavailableError(f"the store did not respond within {self.seconds:g} seconds")
        return task.result()


@dataclass
class Backoff:
    """Pauses between tries, each about twice as long as the one before, with jitter.

    Args:
        first: Seconds that the first pause takes at most.
        longest: Seconds that any pause takes at most.
        random: The source of the jitter.
        spread: How many times longer the upper bound of a pause is than its lower bound.
        contended: Seconds that the pause after the first lost race takes at most.
    """

    first: float = 0.02
    longest: float = 2.0
    random: random.Random = field(default_factory=random.SystemRandom)
    spread: float = 10.0
    contended: float = 0.08

    def pause(self, tries: int) -> float:
        """Return the seconds to wait after so many earlier pauses: a part of the longest possible, up to all of it."""
        bound = min(self.longest, self.first * 2**tries)
        return self.random.uniform(bound / self.spread, bound)

    def pause_after_race(self, losses: int) -> float:
        """Return the seconds to wait after another writer has won a race.

        The more often a writer has lost, the sooner it tries again: a pause that grew would let those who have just won
        win again, and keep those who wait waiting.

        Args:
            losses: The number of races that were lost before.
        """
        bound = max(self.first / 2, self.contended / (losses + 1))
        return self.random.uniform(bound / self.spread, bound)


@dataclass
class RetryPolicy:
    """The limits of one commit.

    Args:
        deadline: Seconds for all tries of one document together.
        backoff: The pauses between them.
    """

    deadline: float = 30.0
    backoff: Backoff = field(default_factory=Backoff)

    def begin(self) -> Retries:
        """Start the clock."""
        return Retries(Deadline.after(self.deadline), self.backoff)


@dataclass
class Retries:
    """The tries of one commit.

    Args:
        deadline: When to give up.
        backoff: The pauses between them.
        count: How many tries have failed since another writer's success was seen last.
        losses: How many tries have failed because another writer was faster.
    """

    deadline: Deadline
    backoff: Backoff
    count: int = 0
    losses: int = 0

    def next_pause(self) -> float | None:
        """Return the seconds to wait before the next try; None if the deadline would pass meanwhile."""
        raced = self.losses and not self.count
        pause = self.backoff.pause_after_race(self.losses - 1) if raced else self.backoff.pause(self.count)
        self.count += 1
        return None if asyncio.get_running_loop().time() + pause > self.deadline.end else pause

    def overtaken(self) -> None:
        """Note that another writer was faster. This explains all failures until now."""
        self.losses, self.count = self.losses + 1, 0


async def to_the_end(work: Coroutine[Any, Any, None]) -> None:
    """Finish the work before a cancellation takes effect. A second one takes effect at once."""
    task = asyncio.ensure_future(work)
    try:
        await asyncio.shield(task)
    except asyncio.CancelledError:
        await task
        raise


async def within(seconds: float, work: Coroutine[Any, Any, T]) -> T:
    """Return the result of some work, or stop it and raise ``TimeoutError``.

    A result that comes at the last moment counts: ``asyncio.wait_for`` loses it on Python before 3.12, and an answer
    to a put must not be lost.
    """
    task = await _finished(work, seconds)
    if task.cancelled():
        raise TimeoutError(f"The operation did not finish within {seconds:g} seconds")
    return task.result()


async def _finished(work: Coroutine[Any, Any, T], seconds: float) -> asyncio.Task[T]:
    """Return the task of some work when it has ended: by itself, or because it was cancelled after so many seconds."""
    task = asyncio.create_task(work)
    task.add_done_callback(_retrieve)
    try:
        await asyncio.wait({task}, timeout=seconds)
    finally:
        if not task.done():  # too late, or the caller is cancelled: do not let the work go on unobserved
            task.cancel()
            await asyncio.wait({task})
    return task


def _retrieve(task: asyncio.Task[Any]) -> None:
    """Mark a task's error as seen: a caller that is cancelled does not ask for it, and asyncio would log it."""
    if not task.cancelled():
        task.exception()
