"""The work of a timer: call a listed function, end a conversation, or drive a broadcast."""

from __future__ import annotations

import logging
import time
from typing import TYPE_CHECKING, Any, Protocol

from ptb_bucket._dataclass import dataclass
from ptb_bucket.application.sync import records_of_ids
from ptb_bucket.application.timers.job import BucketJob
from ptb_bucket.application.timers.next_run import nominal, occurrence_at
from ptb_bucket.application.update_locks import keys_of, keys_of_ids
from ptb_bucket.state import BOT_DATA, BROADCAST
from ptb_bucket.state.timers import TIMEOUT

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    from telegram.ext import Application

    from ptb_bucket.application.ptb import TimeoutRun
    from ptb_bucket.application.sync import Sync
    from ptb_bucket.application.timers.callbacks import Callbacks
    from ptb_bucket.application.timers.pending_timers import PendingTimers
    from ptb_bucket.application.timers.timeouts import Timeouts
    from ptb_bucket.application.update_locks import Key
    from ptb_bucket.state import Record
    from ptb_bucket.state.timers import Timer

__all__ = ["Drive", "Work", "Works"]

_LOGGER = logging.getLogger("ptb_bucket.application")


class Work(Protocol):
    """The work of one occurrence of a timer."""

    keys: list[Key]
    """The locks that keep it apart from updates of its chat and user."""

    records: list[Record]
    """The records that it may change, as far as is known before it runs."""

    is_fenced: bool
    """Whether either it happens or an update that changes the timer at the same moment, and not both."""

    async def load(self) -> list[Record]:
        """Bring the data that it works on up to date, and return its records.

        Raises:
            PTBBucketError: The bucket could not be read.
        """

    async def call(self) -> Exception | None:
        """Do the work. Errors of the author's code go to the error handlers, and are returned."""

    @property
    def data(self) -> Any:
        """The timer's data afterwards."""


class JobWork:
    """Calls a listed function, as PTB runs a job.

    Args:
        application: The application whose data the function gets.
        sync: Loads the data.
        job: The job.
        skips: It is too late, and the author does not want the job to run then.
    """

    is_fenced = False

    def __init__(
        self, application: Application[Any, Any, Any, Any, Any, Any], sync: Sync, job: BucketJob, *, skips: bool
    ) -> None:
        self._application, self._sync, self._job, self._skips = application, sync, job, skips
        self.keys: list[Key] = keys_of_ids(job.chat_id, job.user_id)
        self.records: list[Record] = [BOT_DATA, *records_of_ids(job.chat_id, job.user_id)]

    async def load(self) -> list[Record]:
        """See :meth:`Work.load`."""
        await self._sync.load(self.records)
        return self.records

    async def call(self) -> Exception | None:
        """See :meth:`Work.call`."""
        job, application = self._job, self._application
        if self._skips:
            _LOGGER.warning("%s was skipped because it was %.0f s late", job.record.label, job.late)
            return None
        try:
            context = application.context_types.context.from_job(job, application)
            with self._sync.session.window.covered():
                await context.refresh_data()
                await job.callback(context)
        except Exception as error:  # noqa: BLE001  the author's code may raise anything: it costs this job only
            await application.process_error(None, error, job=job)
            return error
        finally:
            application.mark_data_for_update_persistence(job.chat_id, job.user_id)
        return None

    @property
    def data(self) -> Any:
        """See :meth:`Work.data`."""
        return self._job.data


class TimeoutWork:
    """Ends a conversation whose time is up, unless it has ended or moved on.

    Args:
        application: The application whose error handlers hear of errors.
        sync: Loads the data.
        timeout: The conversation.
        data: The timer's data: the update.
    """

    is_fenced = True

    def __init__(
        self, application: Application[Any, Any, Any, Any, Any, Any], sync: Sync, timeout: TimeoutRun, data: Any
    ) -> None:
        self._application, self._sync, self._timeout, self.data = application, sync, timeout, data
        self.keys: list[Key] = keys_of(timeout.update)
        self.records: list[Record] = sync.live.records_of(timeout.update)

    async def load(self) -> list[Record]:
        """See :meth:`Work.load`."""
        await self._sync.loader.load_for(self._timeout.update)
        return self._sync.live.records_of(self._timeout.update)

    async def call(self) -> Exception | None:
        """See :meth:`Work.call`."""
        timeout = self._timeout
        if self._sync.live.conversations.state(timeout.handler, timeout.key) is None:
            return None
        try:
            await timeout()
        except Exception as error:  # noqa: BLE001  as above
            timeout.forget()
            await self._application.process_error(timeout.update, error, job=timeout.job)
            return error
        finally:
            self._mark()
        return None

    def _mark(self) -> None:
        update = self._timeout.update
        chat, user = update.effective_chat, update.effective_user
        self._application.mark_data_for_update_persistence(chat.id if chat else None, user.id if user else None)


@dataclass(frozen=True)
class Drive:
    """The next step of a timer that drives something long.

    Args:
        again: Seconds after which it runs again; None if it has ended.
    """

    again: float | None

    @classmethod
    def after(cls, seconds: float) -> Drive:
        """Return that it runs again after some seconds."""
        return cls(seconds)

    @classmethod
    def over(cls) -> Drive:
        """Return that it has ended."""
        return cls(None)


class DriveWork:
    """Drives something long, such as a broadcast, without keeping any data from being saved meanwhile.

    Args:
        application: The application whose error handlers hear of errors.
        job: The job.
        drive: Drives what has a name.
        pending: The timers that handlers see.
    """

    is_fenced = False

    def __init__(
        self, application: Application[Any, Any, Any, Any, Any, Any], job: BucketJob,
        drive: Callable[[str], Awaitable[Drive]], pending: PendingTimers,
    ) -> None:  # fmt: skip
        self._application, self._job, self._drive, self._pending = application, job, drive, pending
        self.keys: list[Key] = []
        self.records: list[Record] = []
        self.data: Any = job.data

    async def load(self) -> list[Record]:
        """See :meth:`Work.load`. It has its own objects in the bucket."""
        return []

    async def call(self) -> Exception | None:
        """See :meth:`Work.call`."""
        try:
            drive = await self._drive(str(self.data))
        except Exception as error:  # noqa: BLE001  as above
            await self._application.process_error(None, error, job=self._job)
            return error
        record = self._job.record
        timer = self._pending.get(record)
        if drive.again is None or timer is None:
            self._pending.put(record, None)
        else:
            again = occurrence_at(timer, time.time() + drive.again, revision=timer.revision + 1)
            self._pending.put(record, again)
        return None


class Works:
    """Makes the work of a timer.

    Args:
        application: The application.
        sync: Loads the data.
        pending: The timers that handlers see.
        callbacks: The functions that timers may call.
        timeouts: The conversation timeouts.
    """

    def __init__(
        self, application: Application[Any, Any, Any, Any, Any, Any], sync: Sync, pending: PendingTimers,
        callbacks: Callbacks, timeouts: Timeouts,
    ) -> None:  # fmt: skip
        self._application, self._sync, self._pending = application, sync, pending
        self._callbacks, self._timeouts = callbacks, timeouts
        self.drive: Callable[[str], Awaitable[Drive]] | None = None
        """Drives the broadcast with a name. Set by the application that has the timers."""

    def of(self, record: Record, timer: Timer) -> Work | None:
        """Return what a timer does now; None if this deployment lacks its function, or its conversation handler."""
        if TIMEOUT in timer.options:
            timeout = self._timeouts.run_of(record, timer)
            return None if timeout is None else TimeoutWork(self._application, self._sync, timeout, timer.data)
        if timer.callback == BROADCAST and self.drive:
            job = BucketJob(self._pending, record, timer, self.drive)
            return DriveWork(self._application, job, self.drive, self._pending)
        callback = self._callbacks.find(timer.callback)
        return None if callback is None else self._job(record, timer, callback)

    def _job(self, record: Record, timer: Timer, callback: Callable[..., Any]) -> Work:
        late = max(0.0, time.time() - nominal(timer))
        grace = timer.options.get("misfire_grace_time")
        job = BucketJob(self._pending, record, timer, callback, late)
        return JobWork(self._application, self._sync, job, skips=grace is not None and late > grace)
