"""A single look at all timers that are due."""

from __future__ import annotations

import asyncio
import contextlib
import logging
import time
from dataclasses import field
from typing import TYPE_CHECKING, Any, Final

from ptb_bucket._dataclass import dataclass
from ptb_bucket.errors import AccessError, PTBBucketError, UnreadableRecordError
from ptb_bucket.state.timers import due_key

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable, Iterable

    from ptb_bucket.application.sync import Sync
    from ptb_bucket.application.timers.pending_timers import PendingTimers
    from ptb_bucket.application.timers.runner import TimerRunner
    from ptb_bucket.state import Record
    from ptb_bucket.state.timers import DueKey, ListedKey, Timer

__all__ = ["Ticked", "Ticker", "log_not_run", "unexpected"]

_LOGGER = logging.getLogger("ptb_bucket.application")

AT_ONCE: Final = 10
"""Timers that one process runs at the same time."""
ABANDONED: Final = 3600.0
"""Seconds for which a due key stays that its timer does not have, because somebody may be saving this due time."""


@dataclass
class Ticked:
    """The result of one look.

    Args:
        ran: How many timers were run.
        left: Whether some were left, because the time was over.
        errors: Errors of single timers. These stay due.
    """

    ran: int = 0
    left: bool = False
    errors: list[PTBBucketError] = field(default_factory=list)


class Ticker:
    """Looks for due timers, and has them run.

    Args:
        sync: Loads and saves.
        pending: The timers that handlers see.
        runner: Runs a timer.
        interval: Seconds between two looks of a process that goes on. A key that is ahead of its timer waits for one.
    """

    def __init__(self, sync: Sync, pending: PendingTimers, runner: TimerRunner, interval: float) -> None:
        self._sync, self._pending, self._runner, self._interval = sync, pending, runner, interval
        self._not_before: dict[DueKey, float] = {}
        self._working: dict[Record, asyncio.Task[None]] = {}
        self.note: Callable[[Any, object], None] = _ignore
        """Called with the coroutine of each run that begins."""

    async def tick(self, until: float) -> Ticked:
        """Run what is due: the oldest first, several at once.

        Args:
            until: When to begin no further run, on the monotonic clock.

        Raises:
            PTBBucketError: The bucket could not be read.
        """
        ticked, since = Ticked(), asyncio.get_running_loop().time()
        self._forget_past()
        async with _ended() as tasks:
            async for listed in self._sync.live.replica.timers.due(time.time()):
                if self.is_waiting(listed.key):
                    continue
                while len(tasks) >= AT_ONCE:
                    tasks.difference_update((await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED))[0])
                if time.monotonic() >= until:
                    ticked.left = True
                    break
                tasks.add(self.begin(listed.key.record, self._look(listed, since, ticked)))
        return ticked

    def _forget_past(self) -> None:
        """Forget what a look at the bucket finds anyway, so that a process that lives long does not collect it."""
        now = time.time()
        self._not_before = {key: until for key, until in self._not_before.items() if until > now}

    async def run_added(self, added: Iterable[Record], until: float) -> None:
        """Run those of an update's own timers that are due and durable. An error is logged; the timer stays due.

        Args:
            added: The records of the timers.
            until: When to begin no further run, on the monotonic clock.
        """
        for record in added:
            if time.monotonic() >= until or self.is_running(record) or self._pending.is_unsaved(record):
                continue
            timer = self._pending.stored(record)
            if timer is not None and timer.due is not None and timer.due <= time.time():
                async with _ended() as tasks:
                    tasks.add(self.begin(record, self._run_added(record, timer)))

    async def _run_added(self, record: Record, timer: Timer) -> None:
        try:
            await self.run(record, timer)
        except PTBBucketError as error:
            log_not_run(record, error)

    # ---------------------------------------------------------------- single timers

    def begin(self, record: Record, work: Any) -> asyncio.Task[None]:
        """Begin a task that runs a timer, or looks whether it has to run.

        Args:
            record: The timer's record.
            work: The coroutine.
        """
        self.note(work, None)
        task = asyncio.get_running_loop().create_task(work, name=f"timer {record.timer[1]}")
        self._working[record] = task
        task.add_done_callback(lambda _: self._working.pop(record, None))
        return task

    async def _look(self, listed: ListedKey, since: float, ticked: Ticked) -> None:
        key = listed.key
        try:
            await self._sync.live.replica.documents.refresh([key.record], since)
            timer = self._pending.stored(key.record)
            if await self.is_obsolete(listed, timer):
                return
            again = await self.run(key.record, timer)
            if again is None:
                ticked.ran += 1
            else:
                self._not_before[key] = again
        except Exception as error:  # noqa: BLE001  it must not keep other timers from running
            self.note_error(key, error, ticked)

    async def is_obsolete(self, listed: ListedKey, timer: Timer | None) -> bool:
        """Tell whether a key names no due time of its timer; remove it if it never will again.

        Rules "Leave a key without a timer for an hour" and "Leave a key that is ahead of its timer": somebody may be
        saving the timer that needs it.
        """
        key = listed.key
        if timer is not None and due_key(key.record, timer) == key:
            return False
        if timer is None or timer.generation < key.generation:
            now = time.time()
            abandoned = _abandoned(listed, now)
            if now < abandoned:
                self._not_before[key] = abandoned if timer is None else now + self._interval
                return True
        await self._remove(key)
        return True

    async def _remove(self, key: DueKey) -> None:
        self._not_before.pop(key, None)
        try:
            await self._sync.live.replica.timers.remove_key(key)
        except AccessError:
            self._not_before[key] = time.time() + ABANDONED  # trying again at once would not help
            raise

    async def run(self, record: Record, timer: Timer | None) -> float | None:
        """Run a timer if it is due; return when to look at it again, in seconds since the epoch, or None.

        Raises:
            PTBBucketError: It could not be run.
        """
        now = time.time()
        if timer is None or not timer.is_armed or timer.due is None:
            return None
        if timer.due > now:
            return timer.due
        try:
            return await self._runner.run(record, timer, now=now)
        except PTBBucketError:
            raise
        except Exception as error:
            raise _unexpected(record, error) from error

    def note_error(self, key: DueKey, error: Exception, ticked: Ticked) -> None:
        """Log an error of a timer, which stays due, and add it to the result of a look."""
        log_not_run(key.record, error)
        ticked.errors.append(error if isinstance(error, PTBBucketError) else _unexpected(key.record, error))
        if isinstance(error, UnreadableRecordError):  # trying again at once would not help
            self._not_before[key] = time.time() + ABANDONED

    @property
    def running(self) -> set[asyncio.Task[None]]:
        """The runs that are under way."""
        return set(self._working.values())

    def is_running(self, record: Record) -> bool:
        """Tell whether a run of a timer is under way."""
        return record in self._working

    def is_waiting(self, key: DueKey) -> bool:
        """Tell whether a key need not be looked at now: its timer is running, or an earlier look has postponed it."""
        return self._not_before.get(key, 0.0) > time.time() or self.is_running(key.record)


def log_not_run(record: Record, error: Exception) -> None:
    """Log that a timer could not be run. It stays due."""
    _LOGGER.error("%s is due but could not be run: %s", record.label, error, exc_info=unexpected(error))


def unexpected(error: Exception) -> Exception | None:
    """Return an error whose traceback belongs into the log, because nobody expects it."""
    return None if isinstance(error, PTBBucketError) else error


def _unexpected(record: Record, error: Exception) -> PTBBucketError:
    return PTBBucketError(f"running {record.label} raised {type(error).__name__}")


def _abandoned(listed: ListedKey, now: float) -> float:
    """Return from when on nobody can be saving the due time of a key any more, in seconds since the epoch.

    A key may be written long after its due time, as when an outage has ended. If the store does not say when it was
    written, assume that it was just now.
    """
    return max(listed.key.due, now if listed.written is None else listed.written) + ABANDONED


@contextlib.asynccontextmanager
async def _ended() -> AsyncIterator[set[asyncio.Task[None]]]:
    """Inside, tasks are added that have ended afterwards. If the caller is cancelled, they are, too."""
    tasks: set[asyncio.Task[None]] = set()
    try:
        try:
            yield tasks
        except PTBBucketError:
            await _wait(tasks)
            raise
        await _wait(tasks)
    except asyncio.CancelledError:
        for task in tasks:
            task.cancel()
        raise


async def _wait(tasks: set[asyncio.Task[None]]) -> None:
    if tasks:
        await asyncio.wait(tasks)


def _ignore(work: Any, update: object) -> None:
    del work, update
