"""All parts that make timers in the bucket work for one application."""

from __future__ import annotations

import asyncio
import re
import time
from datetime import datetime
from typing import TYPE_CHECKING, Any, Final

from ptb_bucket.application.effects import Place
from ptb_bucket.application.sync import records_of_ids
from ptb_bucket.application.timers.alarms import Alarms
from ptb_bucket.application.timers.callbacks import Callbacks
from ptb_bucket.application.timers.claims import MARGIN, Claims
from ptb_bucket.application.timers.job import BucketJob
from ptb_bucket.application.timers.job_kwargs import JobArguments
from ptb_bucket.application.timers.pending_timers import PendingTimers, nonce
from ptb_bucket.application.timers.races import TimeoutRace
from ptb_bucket.application.timers.runner import TimerRunner
from ptb_bucket.application.timers.schedule import first_due, make_trigger, schedule_of
from ptb_bucket.application.timers.ticker import Ticker
from ptb_bucket.application.timers.timeouts import Timeouts
from ptb_bucket.application.timers.work import Works
from ptb_bucket.errors import ConfigurationError
from ptb_bucket.state import AFTER, BOT_DATA, BROADCAST, EFFECT, Record
from ptb_bucket.state.timers import TIMEOUT, Timer

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Iterable
    from contextlib import AbstractContextManager
    from datetime import tzinfo

    from telegram.ext import Application

    from ptb_bucket.application.effects import EffectUnits
    from ptb_bucket.application.options import LiveOptions
    from ptb_bucket.application.sync import Sync
    from ptb_bucket.application.timers.retry import JobRetry
    from ptb_bucket.application.timers.ticker import Ticked
    from ptb_bucket.application.update_locks import UpdateLocks

__all__ = ["BucketTimers"]

AFTER_COMMIT: Final = 10.0
"""Seconds after an update in which its own timers may begin to run, where nothing runs between updates."""
PAUSE: Final = 0.2
"""Seconds between two looks at a conversation that another instance is ending."""


class BucketTimers:
    """The timers of one application.

    Args:
        application: The application whose callbacks run.
        options: The application's options.
        sync: Loads and saves.
        locks: Keep runs and updates of one chat or user apart.
        effects: Know the update or the run that adds a timer.
        callbacks: The option ``callbacks``.
        retry: How often a failed run is tried again.
        interval: Seconds between two looks of a process that goes on.
        queue: The application's job queue.
    """

    def __init__(  # noqa: PLR0913, PLR0917  its collaborators
        self, application: Application[Any, Any, Any, Any, Any, Any], options: LiveOptions, sync: Sync,
        locks: UpdateLocks, effects: EffectUnits, callbacks: Iterable[Any], retry: JobRetry, interval: float,
        queue: Any,
    ) -> None:  # fmt: skip
        self._options, self._sync, self._queue, self._effects = options, sync, queue, effects
        self.callbacks = Callbacks.read(callbacks)
        self.pending = PendingTimers(sync)
        self.timeouts = Timeouts(application, self.pending)
        self.works = Works(application, sync, self.pending, self.callbacks, self.timeouts)
        claims = Claims(sync, self.pending)
        self._runner = TimerRunner(options, sync, locks, self.pending, claims, self.works, retry, effects)
        self.ticker = Ticker(sync, self.pending, self._runner, interval)
        self.alarms = Alarms(self.ticker, sync, self.pending, interval)

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
        record = Record.of_timer(
            Place(chat_id, user_id).owner, arguments.timer_id or f"{arguments.prefix}{nonce()}{nonce()}"
        )
        timer = Timer(
            stored_name, nonce(), data, name, chat_id, user_id, due, schedule_of(made), options=arguments.options,
            enabled=not (arguments.has_next_run_time and due is None),
        )  # fmt: skip
        if arguments.timer_id is not None:
            self._check_free(record, replaces=arguments.replaces)
            timer = self.pending.replacing(record, timer)
        self.pending.put(record, timer)
        return BucketJob(self.pending, record, timer, callback)

    def add_now(
        self, callback: Callable[..., Any], data: Any, chat_id: int | None, user_id: int | None
    ) -> BucketJob:  # fmt: skip
        """Add a timer that is due at once, and durable no earlier than the data around it. Raises as :meth:`add`."""
        name, zone = self.callbacks.name_of(callback), self.pending.zone
        now = datetime.fromtimestamp(time.time(), zone)
        arguments = JobArguments.read({"run_date": now, "timezone": zone}, prefix=AFTER)
        job = self.add(callback, "date", zone, data, name, chat_id, user_id, arguments)
        self._effects.note_timer(job.record)
        return job

    def drive_now(self, record: Record, name: str) -> None:
        """Let a timer of the bot drive a broadcast from now on, also if it waits for later or is parked."""
        before = self.pending.get(record)
        timer = Timer(BROADCAST, nonce(), name, name, due=time.time(), revision=int(time.time() * 1000))
        if before is not None:
            timer = before.restarted(time.time(), nonce(), revision=max(timer.revision, before.revision + 1))
        self.pending.put(record, timer)

    def is_driving_another(self, record: Record) -> bool:
        """Tell whether an instance is driving another broadcast now, as far as is known here."""
        now = time.time()
        timers = ((each, self.pending.get(each)) for each in self.pending.of([BOT_DATA]) if each != record)
        return any(
            timer is not None and timer.callback == BROADCAST and timer.claim and timer.claim.until > now
            for _, timer in timers
        )

    def _check_free(self, record: Record, *, replaces: bool) -> None:
        """Refuse an ID that is in use, as PTB's queue does."""
        if not replaces and self.pending.get(record) is not None:
            from apscheduler.jobstores.base import ConflictingIdError  # noqa: PLC0415  only then

            raise ConflictingIdError(record.timer[1])

    def visible(self, pattern: str | re.Pattern[str] | None) -> list[BucketJob]:
        """Return the jobs that the present handler or job can see.

        Raises:
            RuntimeError: The caller is outside of a handler and a job, where no timers are known for sure.
        """
        records = self.pending.visible
        if records is None:
            raise RuntimeError(
                "Outside a handler or job, job_queue.jobs() can't list the timers in the bucket, because they have not "
                "been read. Use await application.job_queue.find(chat_id=..., user_id=...)."
            )
        return self._jobs(records, pattern)

    def visible_for(self, update: object) -> AbstractContextManager[None]:
        """Inside, handlers of an update see the timers of its chat and user, and the bot's own."""
        return self.pending.inside([BOT_DATA, *self._sync.live.data_of(update)])

    async def settled(self, update: object) -> TimeoutRace:
        """Wait until no other instance is ending a conversation of an update, then show PTB what is due to end.

        An update and a timeout of one conversation can come at the same moment. The one that comes second sees what the
        first has left.

        Returns:
            What decides, after the handlers, whether a conversation has timed out meanwhile.

        Raises:
            PTBBucketError: The bucket could not be read.
        """
        while (until := self.timeouts.firing_until(update, self._runner.waiting)) and until + MARGIN > time.time():
            await asyncio.sleep(PAUSE)
            await self._sync.loader.load_for(update, asyncio.get_running_loop().time())
        self.timeouts.attach(update)
        return TimeoutRace(self._sync, self.pending, update, self.timeouts.of(update))

    def begin(self) -> None:
        """Let PTB schedule timeouts, although nothing may run between updates."""
        self._queue.begin_paused()

    async def end(self) -> None:
        """End what :meth:`begin` began. Runs that go on end with the application."""
        await self.alarms.stop()
        self._queue.end_paused()

    async def find(
        self,
        chat_ids: int | Iterable[int],
        user_ids: int | Iterable[int],
        pattern: str | re.Pattern[str] | None,
    ) -> list[BucketJob]:
        """Read the timers of some chats and users, and the bot's own.

        Raises:
            StoreError, DocumentError: The bucket could not be read.
        """
        owners = [BOT_DATA, *records_of_ids(chat_ids, user_ids)]
        replica = self._sync.live.replica
        records = [Record.of_timer(owner, "") for owner in owners]
        await replica.documents.refresh(records, asyncio.get_running_loop().time())
        return self._jobs(self.pending.of(owners), pattern)

    def _jobs(self, records: Iterable[Record], pattern: str | re.Pattern[str] | None) -> list[BucketJob]:
        matches = re.compile(pattern).search if pattern is not None else bool
        found = ((record, self.pending.get(record)) for record in records if not is_internal(record))
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
            if is_internal(record):  # found where it was, if an update of the old chat is delivered again
                continue
            timer = self.pending.get(record)
            if timer is not None:
                moved = timer.rearmed(timer.due, nonce(), chat_id=new.number)
                self.pending.put(Record.of_timer(new, record.timer[1]), moved)
                self.pending.put(record, None)

    # ---------------------------------------------------------------- the clock

    async def tick(self, until: float) -> Ticked:
        """Run what is due. See :meth:`Ticker.tick`."""
        self.alarms.forget_past()
        return await self.ticker.tick(until)

    async def run_added(self, added: Collection[Record]) -> None:
        """Run timers that an update has added and that are due, after it is saved. See :meth:`Ticker.run_added`.

        Args:
            added: The records of the timers.
        """
        now, answer_by = time.monotonic(), self._options.answer_by
        seconds = AFTER_COMMIT if answer_by is None else min(AFTER_COMMIT, (answer_by - now) / 2)
        await self.ticker.run_added(added, now + seconds)


def is_internal(record: Record) -> bool:
    """Tell whether a record keeps how an effect ended, or drives a broadcast: it is not one of the author's jobs."""
    return record.timer[1].startswith((EFFECT, BROADCAST))


def _unlisted(name: str) -> Callable[..., Any]:
    async def not_listed(_context: Any) -> None:
        raise ConfigurationError(f"This deployment lists no callback named {name!r}.")

    not_listed.__name__ = name
    return not_listed
