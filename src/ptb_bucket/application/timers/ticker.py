"""The clock: a single look at all that is due, and a process that keeps looking."""

from __future__ import annotations

import asyncio
import contextlib
import logging
import time
from dataclasses import field
from typing import TYPE_CHECKING, Any, Final

from ptb_bucket._aio import chunks, for_each
from ptb_bucket._dataclass import dataclass
from ptb_bucket.errors import AccessError, PTBBucketError, UnreadableRecordError
from ptb_bucket.state.timers import due_key

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable, Iterable

    from ptb_bucket.application.sync import Sync
    from ptb_bucket.application.timers.pending_timers import PendingTimers
    from ptb_bucket.application.timers.runner import TimerRunner
    from ptb_bucket.state import Record
    from ptb_bucket.state.timers import DueKey, Timer

__all__ = ["Ticked", "Ticker"]

_LOGGER = logging.getLogger("ptb_bucket.application")

AT_ONCE: Final = 10
"""Timers that one process runs at the same time."""
ABANDONED: Final = 3600.0
"""Seconds for which a due key without a timer stays, because its creator may still be saving the timer."""
SOON: Final = 0.1
"""Seconds after which a timer is looked at again that cannot be saved yet, because its handler is still at work."""


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
        interval: Seconds between two looks of a process that goes on.
    """

    def __init__(self, sync: Sync, pending: PendingTimers, runner: TimerRunner, interval: float) -> None:
        self._sync, self._pending, self._runner, self._interval = sync, pending, runner, interval
        self._not_before: dict[DueKey, float] = {}
        self._alarms: dict[Record, float] = {}
        self._working: dict[Record, asyncio.Task[None]] = {}
        self._wake = asyncio.Event()
        self._watching: set[asyncio.Task[None]] = set()
        self.note: Callable[[Any, object], None] = _ignore
        """Called with the coroutine of each run that begins."""
        pending.on_change = self._changed

    # ---------------------------------------------------------------- one look

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
            async for key in self._sync.live.replica.timers.due(time.time()):
                if self._not_before.get(key, 0.0) > time.time() or key.record in self._working:
                    continue
                while len(tasks) >= AT_ONCE:
                    tasks.difference_update((await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED))[0])
                if time.monotonic() >= until:
                    ticked.left = True
                    break
                tasks.add(self._begin(key.record, self._look(key, since, ticked)))
        return ticked

    def _forget_past(self) -> None:
        """Forget what a look at the bucket finds anyway, so that a process that lives long does not collect it."""
        now = time.time()
        self._not_before = {key: until for key, until in self._not_before.items() if until > now}
        if not self._watching:
            self._alarms = {record: due for record, due in self._alarms.items() if due > now}

    async def run_added(self, added: Iterable[Record], until: float) -> None:
        """Run those of an update's own timers that are due and durable. An error is logged; the timer stays due.

        Args:
            added: The records of the timers.
            until: When to begin no further run, on the monotonic clock.
        """
        for record in added:
            if time.monotonic() >= until or record in self._working or self._pending.is_unsaved(record):
                continue
            timer = self._pending.stored(record)
            if timer is not None and timer.due is not None and timer.due <= time.time():
                async with _ended() as tasks:
                    tasks.add(self._begin(record, self._run_added(record, timer)))

    async def _run_added(self, record: Record, timer: Timer) -> None:
        try:
            await self._run(record, timer)
        except PTBBucketError as error:
            _LOGGER.error("%s is due and could not be run: %s", record.label, error)  # noqa: TRY400  the error says it

    def _begin(self, record: Record, work: Any) -> asyncio.Task[None]:
        self.note(work, None)
        task = asyncio.get_running_loop().create_task(work, name=f"timer {record.timer[1]}")
        self._working[record] = task
        task.add_done_callback(lambda _: self._working.pop(record, None))
        return task

    async def _look(self, key: DueKey, since: float, ticked: Ticked) -> None:
        try:
            await self._sync.live.replica.documents.refresh([key.record], since)
            timer = self._pending.stored(key.record)
            if await self._is_obsolete(key, timer):
                return
            again = await self._run(key.record, timer)
            if again is None:
                ticked.ran += 1
            else:
                self._not_before[key] = again
        except PTBBucketError as error:
            self._note_error(key, error, ticked)

    async def _is_obsolete(self, key: DueKey, timer: Timer | None) -> bool:
        """Tell whether a key names no due time of its timer; remove it if it never will again.

        Rules "Leave a key without a timer for an hour" and "Leave a key that is ahead of its timer": somebody may be
        saving the timer that needs it.
        """
        now = time.time()
        if timer is None:
            if now < key.due + ABANDONED:
                self._not_before[key] = key.due + ABANDONED
                return True
        elif timer.generation < key.generation:
            self._not_before[key] = now + self._interval
            return True
        elif due_key(key.record, timer) == key:
            return False
        self._not_before.pop(key, None)
        try:
            await self._sync.live.replica.timers.remove_key(key)
        except AccessError:
            self._not_before[key] = now + ABANDONED  # trying again at once would not help
            raise
        return True

    async def _run(self, record: Record, timer: Timer | None) -> float | None:
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
            raise PTBBucketError(f"running {record.label} raised {type(error).__name__}") from error

    def _note_error(self, key: DueKey, error: PTBBucketError, ticked: Ticked) -> None:
        _LOGGER.error("%s is due and could not be run: %s", key.record.label, error)
        ticked.errors.append(error)
        if isinstance(error, UnreadableRecordError):  # trying again at once would not help
            self._not_before[key] = time.time() + ABANDONED

    # ---------------------------------------------------------------- a process that goes on

    def start(self) -> None:
        """Look for due timers from now on, until :meth:`stop`."""
        if not self._watching:
            self._wake = asyncio.Event()
            loop = asyncio.get_running_loop()
            self._watching = {loop.create_task(self._watch(), name="alarms"), loop.create_task(self._poll_often())}

    async def stop(self, *, wait: bool = False) -> None:
        """Look no more.

        Args:
            wait: Wait for the runs that are under way. Otherwise, another instance repeats those that do not end.
        """
        watching, self._watching = self._watching, set()
        for task in watching:
            task.cancel()
        if watching:
            await asyncio.wait(watching)
        if wait and self.running:
            await asyncio.wait(self.running)

    @property
    def running(self) -> set[asyncio.Task[None]]:
        """The runs that are under way."""
        return set(self._working.values())

    async def _watch(self) -> None:
        """Run each timer that is known here when it is due, however long a look at the bucket takes."""
        while True:
            self._ring()
            pause = min((due - time.time() for due in self._alarms.values()), default=self._interval)
            self._wake.clear()
            with contextlib.suppress(asyncio.TimeoutError):
                await asyncio.wait_for(self._wake.wait(), max(0.0, pause))

    async def _poll_often(self) -> None:
        """Look at the bucket at every interval."""
        while True:
            began = time.monotonic()
            await self._poll()
            await asyncio.sleep(max(0.0, began + self._interval - time.monotonic()))

    async def _poll(self) -> None:
        """Set an alarm for each timer that is due until the next look."""
        try:
            async for keys in chunks(self._sync.live.replica.timers.due(time.time() + self._interval), _itself):
                await for_each([key for key in keys if self._is_new(key)], self._set_alarm)
        except PTBBucketError as error:
            said = "Timers that are due could not be listed. The next look is in %g s: %s"
            _LOGGER.error(said, self._interval, error)  # noqa: TRY400  the error says it

    def _is_new(self, key: DueKey) -> bool:
        """Tell whether a key has to be looked at: it is neither running, nor waiting, nor known from this process."""
        if self._not_before.get(key, 0.0) > time.time() or key.record in self._working:
            return False
        if key.record not in self._alarms:
            return True
        timer = self._pending.stored(key.record)
        return timer is None or due_key(key.record, timer) != key

    async def _set_alarm(self, key: DueKey) -> None:
        try:
            await self._sync.live.replica.documents.refresh([key.record], asyncio.get_running_loop().time())
            timer = self._pending.stored(key.record)
            if not await self._is_obsolete(key, timer) and timer is not None and timer.due is not None:
                claimed = timer.claim.until if timer.claim else 0.0
                self._alarms[key.record] = max(timer.due, claimed)
                self._wake.set()
        except PTBBucketError as error:
            self._note_error(key, error, Ticked())

    def _ring(self) -> None:
        now = time.time()
        for record in [record for record, due in self._alarms.items() if due <= now]:
            del self._alarms[record]
            if record not in self._working:
                self._begin(record, self._alarm(record))

    async def _alarm(self, record: Record) -> None:
        """Run a timer whose time has come, after it is durable."""
        try:
            if self._pending.is_unsaved(record):
                await self._sync.commit()
            if self._pending.is_unsaved(record):  # its handler is still at work
                self._alarms[record] = time.time() + SOON
                return
            again = await self._run(record, self._pending.stored(record))
            if again is not None:
                self._alarms[record] = again
        except PTBBucketError as error:
            _LOGGER.error("%s is due and could not be run: %s", record.label, error)  # noqa: TRY400
            self._alarms[record] = time.time() + self._interval
        finally:
            self._wake.set()

    def _changed(self, record: Record, timer: Timer | None) -> None:
        """Hear of a timer of this process."""
        self._alarms.pop(record, None)
        if timer is not None and timer.is_armed and timer.due is not None:
            self._alarms[record] = timer.due
        self._wake.set()


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


def _itself(key: DueKey) -> DueKey:
    return key
