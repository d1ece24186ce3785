"""A process that goes on: it runs each timer when it is due, and keeps looking for timers of other instances."""

from __future__ import annotations

import asyncio
import contextlib
import logging
import time
from typing import TYPE_CHECKING, Final

from ptb_bucket._aio import chunks, for_each
from ptb_bucket.application.timers.ticker import Ticked, log_not_run, unexpected
from ptb_bucket.state.timers import due_key

if TYPE_CHECKING:
    from ptb_bucket.application.sync import Sync
    from ptb_bucket.application.timers.pending_timers import PendingTimers
    from ptb_bucket.application.timers.ticker import Ticker
    from ptb_bucket.state import Record
    from ptb_bucket.state.timers import DueKey, ListedKey, Timer

__all__ = ["Alarms"]

_LOGGER = logging.getLogger("ptb_bucket.application")

SOON: Final = 0.1
"""Seconds after which a timer is looked at again that cannot be saved yet, because its handler is still at work."""


class Alarms:
    """The timers that this process knows, each with the time at which it runs.

    Args:
        ticker: Runs a timer that is due.
        sync: Loads and saves.
        pending: The timers that handlers see.
        interval: Seconds between two looks at the bucket.
    """

    def __init__(self, ticker: Ticker, sync: Sync, pending: PendingTimers, interval: float) -> None:
        self._ticker, self._sync, self._pending, self._interval = ticker, sync, pending, interval
        self._alarms: dict[Record, float] = {}
        self._wake = asyncio.Event()
        self._watching: set[asyncio.Task[None]] = set()
        pending.on_change = self._changed

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
        if wait and self._ticker.running:
            await asyncio.wait(self._ticker.running)

    def forget_past(self) -> None:
        """Forget what a look at the bucket finds anyway, so that a process that only ticks does not collect it."""
        if not self._watching:
            now = time.time()
            self._alarms = {record: due for record, due in self._alarms.items() if due > now}

    async def _watch(self) -> None:
        """Run each timer that is known here when it is due, however long a look at the bucket takes."""
        while True:
            self._ring()
            waiting = (due for record, due in self._alarms.items() if not self._ticker.is_running(record))
            pause = min(waiting, default=time.time() + self._interval) - time.time()
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
            async for found in chunks(self._sync.live.replica.timers.due(time.time() + self._interval), _itself):
                await for_each(found, self._set_alarm)
        except Exception as error:  # whatever a store raises, the next look has to come
            _LOGGER.error(  # noqa: TRY400  with a traceback only if nobody expects it
                "Due timers could not be listed. Trying again in %g s: %s", self._interval, error,
                exc_info=unexpected(error),
            )  # fmt: skip

    def _is_new(self, key: DueKey) -> bool:
        """Tell whether a key has to be looked at: it is neither running, nor waiting, nor known from this process."""
        if self._ticker.is_waiting(key):
            return False
        if key.record not in self._alarms:
            return True
        timer = self._pending.stored(key.record)
        return timer is None or due_key(key.record, timer) != key

    async def _set_alarm(self, listed: ListedKey) -> None:
        key = listed.key
        try:
            if not self._is_new(key):
                return
            await self._sync.live.replica.documents.refresh([key.record], asyncio.get_running_loop().time())
            timer = self._pending.stored(key.record)
            if not await self._ticker.is_obsolete(listed, timer) and timer is not None and timer.due is not None:
                claimed = timer.claim.until if timer.claim else 0.0
                self._alarms[key.record] = max(timer.due, claimed)
                self._wake.set()
        except Exception as error:  # noqa: BLE001  it must not keep other timers from their alarms
            self._ticker.note_error(key, error, Ticked())

    def _ring(self) -> None:
        """Begin the runs whose time has come. The alarm of a timer that is still running waits for the end of the run.

        A run sets the next alarm before its commit, and may be due again when the commit ends.
        """
        now = time.time()
        for record in [record for record, due in self._alarms.items() if due <= now]:
            if not self._ticker.is_running(record):
                del self._alarms[record]
                self._ticker.begin(record, self._alarm(record)).add_done_callback(lambda _: self._wake.set())

    async def _alarm(self, record: Record) -> None:
        """Run a timer whose time has come, after it is durable."""
        try:
            if self._pending.is_unsaved(record):
                await self._sync.commit()
            if self._pending.is_unsaved(record):  # its handler is still at work
                self._alarms[record] = time.time() + SOON
                return
            again = await self._ticker.run(record, self._pending.stored(record))
            if again is not None:
                self._alarms[record] = again
        except Exception as error:  # noqa: BLE001  it must not end the timer
            log_not_run(record, error)
            self._alarms[record] = time.time() + self._interval

    def _changed(self, record: Record, timer: Timer | None) -> None:
        """Hear of a timer of this process."""
        self._alarms.pop(record, None)
        if timer is not None and timer.is_armed and timer.due is not None:
            self._alarms[record] = timer.due
        self._wake.set()


def _itself(listed: ListedKey) -> ListedKey:
    return listed
