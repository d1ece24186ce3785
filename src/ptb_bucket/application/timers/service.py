"""All parts that make timers in the bucket work for one application."""

from __future__ import annotations

import asyncio
import re
import time
from typing import TYPE_CHECKING, Any, Final

from ptb_bucket.application.timers.callbacks import Callbacks
from ptb_bucket.application.timers.job import BucketJob
from ptb_bucket.application.timers.pending_timers import PendingTimers, nonce
from ptb_bucket.application.timers.runner import MARGIN, TimerRunner
from ptb_bucket.application.timers.schedule import first_due, make_trigger, schedule_of
from ptb_bucket.application.timers.ticker import Ticker
from ptb_bucket.application.timers.timeouts import TIMEOUT, Timeouts
from ptb_bucket.application.timers.work import Works
from ptb_bucket.errors import ConfigurationError
from ptb_bucket.state import BOT_DATA, Record
from ptb_bucket.state.timers import Timer

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable
    from contextlib import AbstractContextManager
    from datetime import tzinfo

    from telegram.ext import Application

    from ptb_bucket.application.options import LiveOptions
    from ptb_bucket.application.sync import Sync
    from ptb_bucket.application.timers.job_kwargs import JobArguments
    from ptb_bucket.application.timers.retry import JobRetry
    from ptb_bucket.application.timers.ticker import Ticked
    from ptb_bucket.application.update_locks import UpdateLocks

__all__ = ["BucketTimers"]

PAUSE: Final = 0.2
"""Seconds between two looks at a conversation that another instance is ending."""


class BucketTimers:
    """The timers of one application.

    Args:
        application: The application whose callbacks run.
        options: The application's options.
        sync: Loads and saves.
        locks: Keep runs and updates of one chat or user apart.
        callbacks: The option ``callbacks``.
        retry: How often a failed run is tried again.
        interval: Seconds between two looks of a process that goes on.
        queue: The application's job queue.
    """

    def __init__(  # noqa: PLR0913, PLR0917  its collaborators
        self, application: Application[Any, Any, Any, Any, Any, Any], options: LiveOptions, sync: Sync,
        locks: UpdateLocks, callbacks: Iterable[Any], retry: JobRetry, interval: float, queue: Any,
    ) -> None:  # fmt: skip
        self._sync, self._queue = sync, queue
        self.callbacks = Callbacks.read(callbacks)
        self.pending = PendingTimers(sync)
        self.timeouts = Timeouts(application, self.pending)
        works = Works(application, sync, self.pending, self.callbacks, self.timeouts)
        runner = TimerRunner(options, sync, locks, self.pending, works, retry)
        self.ticker = Ticker(sync, self.pending, runner, interval)

    # ---------------------------------------------------------------- jobs of handlers

    def add(  # noqa: PLR0913, PLR0917  PTB's arguments
        self, callback: Callable[..., Any], trigger: Any, zone: tzinfo, data: Any, name: str | None,
        chat_id: int | None, user_id: int | None, arguments: JobArguments,
    ) -> BucketJob:  # fmt: skip
        """Add a timer, which is saved with the data around it.

        Raises:
            ConfigurationError: The callback is not listed, or the trigger cannot be stored.
            CannotStoreError: The data cannot be stored.
            ConflictingIdError: A timer has this ID, and is not to be replaced.
        """
        self.pending.zone = zone
        stored_name = self.callbacks.name_of(callback)
        made = make_trigger(trigger, arguments.rest, zone)
        due = arguments.first(first_due(made, time.time()))
        record = Record.of_timer(owner_of(chat_id, user_id), arguments.timer_id or nonce() + nonce())
        timer = Timer(
            stored_name, nonce(), data, name, chat_id, user_id, due, schedule_of(made), options=arguments.options,
            enabled=not (arguments.has_next_run_time and due is None),
        )  # fmt: skip
        if arguments.timer_id is not None:
            timer = self._replacing(record, timer, replaces=arguments.replaces)
        self.pending.put(record, timer)
        return BucketJob(self.pending, record, timer, callback)

    def _replacing(self, record: Record, timer: Timer, *, replaces: bool) -> Timer:
        """Return a timer whose ID may be in use, also on an instance that has not read the other one."""
        before = self.pending.get(record)
        revision = int(time.time() * 1000)
        if before is None:
            return timer.but(revision=revision)
        if not replaces:
            from apscheduler.jobstores.base import ConflictingIdError  # noqa: PLC0415  as PTB's queue raises it

            raise ConflictingIdError(record.timer[1])
        return timer.but(revision=max(revision, before.revision + 1), generation=before.generation + 1)

    def visible(self, pattern: str | re.Pattern[str] | None) -> list[BucketJob]:
        """Return the jobs that the present handler or job can see.

        Raises:
            RuntimeError: The caller is outside of a handler and a job, where no timers are known for sure.
        """
        records = self.pending.visible
        if records is None:
            raise RuntimeError(
                "Outside of an update or a job, the timers in the bucket are not known without reading them. Use "
                "await application.job_queue.find(chat_id=..., user_id=...)."
            )
        return self._jobs(records, pattern)

    def visible_for(self, update: object) -> AbstractContextManager[None]:
        """Inside, handlers of an update see the timers of its chat and user, and the bot's own."""
        return self.pending.inside([BOT_DATA, *self._sync.live.data_of(update)])

    async def settled(self, update: object) -> None:
        """Wait until no other instance is ending a conversation of an update, then show PTB what is due to end.

        An update and a timeout of one conversation can come at the same moment. The one that comes second sees what the
        first has left.

        Raises:
            PTBBucketError: The bucket could not be read.
        """
        while (until := self.timeouts.firing_until(update)) and until + MARGIN > time.time():
            await asyncio.sleep(PAUSE)
            await self._sync.loader.load_for(update, asyncio.get_running_loop().time())
        self.timeouts.attach(update)

    def begin(self) -> None:
        """Let PTB schedule timeouts, although nothing may run between updates."""
        self._queue.begin_paused()

    async def end(self) -> None:
        """End what :meth:`begin` began. Runs that go on end with the application."""
        await self.ticker.stop()
        self._queue.end_paused()

    async def find(
        self, chat_ids: Iterable[int], user_ids: Iterable[int], pattern: str | re.Pattern[str] | None
    ) -> list[BucketJob]:
        """Read the timers of some chats and users, and the bot's own.

        Raises:
            StoreError, DocumentError: The bucket could not be read.
        """
        owners = [BOT_DATA, *map(Record.chat, chat_ids), *map(Record.user, user_ids)]
        replica = self._sync.live.replica
        records = [Record.of_timer(owner, "") for owner in owners]
        await replica.documents.refresh(records, asyncio.get_running_loop().time())
        return self._jobs(self.pending.of(owners), pattern)

    def _jobs(self, records: Iterable[Record], pattern: str | re.Pattern[str] | None) -> list[BucketJob]:
        matches = re.compile(pattern).search if pattern is not None else bool
        found = ((record, self.pending.get(record)) for record in records)
        kept = [(record, timer) for record, timer in found if timer and (pattern is None or matches(timer.name or ""))]
        return [BucketJob(self.pending, record, timer, self._function(timer)) for record, timer in kept]

    def _function(self, timer: Timer) -> Callable[..., Any]:
        if TIMEOUT in timer.options:
            return _unlisted(TIMEOUT)
        found = self.callbacks.find(timer.callback)
        return found or _unlisted(timer.callback)

    def migrate(self, old: Record, new: Record) -> None:
        """Move the timers of a chat to its new ID, with its data."""
        for record in self.pending.of([old]):
            timer = self.pending.get(record)
            if timer is not None:
                moved = timer.rearmed(timer.due, nonce(), chat_id=new.number)
                self.pending.put(Record.of_timer(new, record.timer[1]), moved)
                self.pending.put(record, None)

    # ---------------------------------------------------------------- the clock

    async def tick(self, until: float) -> Ticked:
        """Run what is due. See :meth:`Ticker.tick`."""
        return await self.ticker.tick(until)


def owner_of(chat_id: int | None, user_id: int | None) -> Record:
    """Return the record with which a timer is stored: its user's, else its chat's, else the bot's."""
    if user_id is not None:
        return Record.user(user_id)
    return BOT_DATA if chat_id is None else Record.chat(chat_id)


def _unlisted(name: str) -> Callable[..., Any]:
    async def not_listed(_context: Any) -> None:
        raise ConfigurationError(f"This deployment lists no callback with the name {name!r}.")

    not_listed.__name__ = name
    return not_listed
