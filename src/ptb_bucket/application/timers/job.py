"""Jobs in the bucket, with the interface of PTB's Job."""

from __future__ import annotations

import time
from datetime import datetime
from typing import TYPE_CHECKING, Any, NoReturn

from telegram.ext import Job

from ptb_bucket.application.timers.pending_timers import nonce
from ptb_bucket.application.timers.schedule import next_due

if TYPE_CHECKING:
    from collections.abc import Callable

    from ptb_bucket.application.timers.pending_timers import PendingTimers
    from ptb_bucket.state import Record
    from ptb_bucket.state.timers import Timer

__all__ = ["BucketJob"]


class StoredAlarm:
    """A stand-in for APScheduler's job in ``Job.job``: a timer in the bucket has none.

    Args:
        pending: The timers that are not saved yet.
        record: The record of the timer.
    """

    def __init__(self, pending: PendingTimers, record: Record) -> None:
        self._pending, self._record = pending, record

    @property
    def id(self) -> str:
        """The ID of the timer, the same in every process."""
        return self._record.timer[1]

    @property
    def name(self) -> str | None:
        """The name of the job."""
        timer = self._timer
        return None if timer is None else timer.name

    @property
    def trigger(self) -> str:
        """The trigger, as text."""
        timer = self._timer
        return "date" if timer is None or timer.schedule is None else str(timer.schedule["trigger"])

    @property
    def next_run_time(self) -> datetime | None:
        """The due time; None if the timer is removed, paused or parked."""
        timer = self._timer
        if timer is None or not timer.is_armed or timer.due is None:
            return None
        return datetime.fromtimestamp(timer.due, self._pending.zone)

    def remove(self) -> None:
        """Remove the timer, on every instance, when the changes around it are saved."""
        self._pending.put(self._record, None)

    def pause(self) -> None:
        """Keep the timer, but do not run it."""
        if timer := self._timer:
            self._pending.put(self._record, timer.rearmed(timer.due, nonce(), enabled=False))

    def resume(self) -> None:
        """Run the timer again, from its next due time on."""
        timer = self._timer
        if timer is None or timer.enabled:
            return
        now = time.time()
        due = timer.due
        if due is not None and due < now and timer.schedule is not None:
            due = next_due(timer.schedule, due, now)
        self._pending.put(self._record, timer.rearmed(due, nonce(), enabled=True))

    @property
    def _timer(self) -> Timer | None:
        return self._pending.get(self._record)

    def __getattr__(self, name: str) -> NoReturn:
        raise AttributeError(
            f"{name!r}: the job is a timer in the bucket and has no APScheduler job. It has id, name, trigger, "
            "next_run_time, pause(), resume() and remove(). For everything else, keep the job in this process: "
            "job_kwargs={'jobstore': 'process'}."
        )


class BucketJob(Job[Any]):
    """A job that is stored in the bucket. It has the interface of PTB's ``Job``, and :attr:`late`.

    Jobs with the same ID are equal, in every process.
    """

    ends_with_state = False
    """A timeout in the bucket is replaced with its conversation's state, on every instance."""

    __slots__ = ("_alarm", "_is_removed", "late", "record")

    def __init__(
        self, pending: PendingTimers, record: Record, timer: Timer, callback: Callable[..., Any], late: float = 0.0
    ) -> None:
        super().__init__(callback, timer.data, timer.name, timer.chat_id, timer.user_id)
        self._alarm, self._is_removed = StoredAlarm(pending, record), False
        self.record: Record = record
        """The record of its timer."""
        self.late: float = late
        """Seconds between the due time and this run. Several missed runs become one late one."""

    @property
    def job(self) -> Any:
        """A stand-in for APScheduler's job. See ``Job.job``."""
        return self._alarm

    @property
    def removed(self) -> bool:
        """True after :meth:`schedule_removal`. See ``Job.removed``."""
        return self._is_removed

    def schedule_removal(self) -> None:
        """Remove the job on every instance, when the changes around it are saved. See ``Job.schedule_removal``."""
        self._alarm.remove()
        self._is_removed = True

    @property
    def enabled(self) -> bool:
        """False while the job is paused; set it to pause or resume. See ``Job.enabled``."""
        timer = self._alarm._timer  # noqa: SLF001  its other half
        return timer is not None and timer.enabled

    @enabled.setter
    def enabled(self, status: bool) -> None:
        (self._alarm.resume if status else self._alarm.pause)()

    @property
    def next_t(self) -> datetime | None:
        """The next due time. See ``Job.next_t``."""
        return self._alarm.next_run_time
