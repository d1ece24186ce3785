"""PTB's job queue, whose jobs are timers in the bucket."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from ptb_bucket.application.ptb import ConversationAwareJobQueue, parse_time, timeout_of
from ptb_bucket.application.timers import JobArguments, is_durable, is_for_process

if TYPE_CHECKING:
    import re
    from collections.abc import Callable, Iterable
    from datetime import time

    from telegram.ext import Job, JobQueue

    from ptb_bucket.application.timers import BucketJob, BucketTimers

__all__ = ["BucketJobQueue", "make_durable"]

_DAYS = ("sun", "mon", "tue", "wed", "thu", "fri", "sat")


class BucketJobQueue(ConversationAwareJobQueue):
    """PTB's job queue with jobs that survive: they are stored in the bucket, with the data that they work on.

    ``bucket_application(..., jobs="bucket", callbacks=[...])`` makes one. The methods mean what PTB documents. In
    addition:

    * A job is saved with the changes of the handler that added it, and runs on any instance.
    * It runs however late it is; ``job.late`` tells by how many seconds. APScheduler drops a job that is more than a
      second late. Here, that happens only with a ``misfire_grace_time`` in ``job_kwargs``.
    * A callback has to be listed in ``callbacks``.
    * ``job_kwargs={"jobstore": "process"}`` keeps a job in this process only.
    """

    __slots__ = ()

    @property
    def _timers(self) -> BucketTimers:
        found: BucketTimers = self.application.timers  # type: ignore[attr-defined]  # a BucketApplication
        return found

    def run_once(  # noqa: PLR0913, PLR0917  PTB's
        self, callback: Callable[..., Any], when: Any, data: object | None = None, name: str | None = None,
        chat_id: int | None = None, user_id: int | None = None, job_kwargs: dict[str, Any] | None = None,
    ) -> Job[Any]:  # fmt: skip
        """Run a job once. See ``JobQueue.run_once``.

        Raises:
            ConfigurationError: The callback is not listed, or an argument is not possible.
            CannotStoreError: The data cannot be stored.
        """
        timeout = timeout_of(callback, data)
        if timeout is not None and is_durable(timeout[0]):
            due = parse_time(self, when).timestamp()
            return self._timers.timeouts.add(callback, due, *timeout)
        if is_for_process(job_kwargs) or timeout is not None:
            return super().run_once(callback, when, data, name, chat_id, user_id, _without_store(job_kwargs))
        date = parse_time(self, when, shift_day=True)
        trigger = "date", {"run_date": date, "timezone": date.tzinfo or self.scheduler.timezone}
        return self._add(callback, trigger, data, name, chat_id, user_id, job_kwargs)

    def run_repeating(  # noqa: PLR0913, PLR0917  PTB's
        self, callback: Callable[..., Any], interval: Any, first: Any = None, last: Any = None,
        data: object | None = None, name: str | None = None, chat_id: int | None = None, user_id: int | None = None,
        job_kwargs: dict[str, Any] | None = None,
    ) -> Job[Any]:  # fmt: skip
        """Run a job at an interval. See ``JobQueue.run_repeating``. Raises as :meth:`run_once`."""
        if is_for_process(job_kwargs):
            kwargs = _without_store(job_kwargs)
            return super().run_repeating(callback, interval, first, last, data, name, chat_id, user_id, kwargs)
        begin, end = parse_time(self, first), parse_time(self, last)
        if begin and end and end < begin:
            raise ValueError("'last' must not be before 'first'!")
        seconds = interval.total_seconds() if hasattr(interval, "total_seconds") else interval
        trigger = "interval", {"seconds": seconds, "start_date": begin, "end_date": end}
        return self._add(callback, trigger, data, name, chat_id, user_id, job_kwargs)

    def run_monthly(  # noqa: PLR0913, PLR0917  PTB's
        self, callback: Callable[..., Any], when: time, day: int, data: object | None = None, name: str | None = None,
        chat_id: int | None = None, user_id: int | None = None, job_kwargs: dict[str, Any] | None = None,
    ) -> Job[Any]:  # fmt: skip
        """Run a job every month. See ``JobQueue.run_monthly``. Raises as :meth:`run_once`."""
        if is_for_process(job_kwargs):
            return super().run_monthly(callback, when, day, data, name, chat_id, user_id, _without_store(job_kwargs))
        fields = {"day": "last" if day == -1 else day, **self._clock(when)}
        return self._add(callback, ("cron", fields), data, name, chat_id, user_id, job_kwargs)

    def run_daily(  # noqa: PLR0913, PLR0917  PTB's
        self, callback: Callable[..., Any], time: time, days: tuple[int, ...] = tuple(range(7)),
        data: object | None = None, name: str | None = None, chat_id: int | None = None, user_id: int | None = None,
        job_kwargs: dict[str, Any] | None = None,
    ) -> Job[Any]:  # fmt: skip
        """Run a job on some days of each week. See ``JobQueue.run_daily``. Raises as :meth:`run_once`."""
        if is_for_process(job_kwargs):
            return super().run_daily(callback, time, days, data, name, chat_id, user_id, _without_store(job_kwargs))
        fields = {"day_of_week": ",".join(_DAYS[day] for day in days), **self._clock(time)}
        return self._add(callback, ("cron", fields), data, name, chat_id, user_id, job_kwargs)

    def run_custom(  # noqa: PLR0913, PLR0917  PTB's
        self, callback: Callable[..., Any], job_kwargs: dict[str, Any], data: object | None = None,
        name: str | None = None, chat_id: int | None = None, user_id: int | None = None,
    ) -> Job[Any]:  # fmt: skip
        """Run a job with a trigger of APScheduler: date, cron, interval or calendarinterval.

        See ``JobQueue.run_custom``. Raises as :meth:`run_once`.
        """
        if is_for_process(job_kwargs):
            return super().run_custom(callback, _without_store(job_kwargs) or {}, data, name, chat_id, user_id)
        rest = dict(job_kwargs)
        trigger = rest.pop("trigger", "date")
        return self._add(callback, (trigger, {}), data, name, chat_id, user_id, rest)

    def _clock(self, time: time) -> dict[str, Any]:
        zone = time.tzinfo or self.scheduler.timezone
        return {"hour": time.hour, "minute": time.minute, "second": time.second, "timezone": zone}

    def _add(  # noqa: PLR0913, PLR0917  PTB's
        self, callback: Callable[..., Any], trigger: tuple[Any, dict[str, Any]], data: object | None, name: str | None,
        chat_id: int | None, user_id: int | None, job_kwargs: dict[str, Any] | None,
    ) -> BucketJob:  # fmt: skip
        arguments = JobArguments.read(job_kwargs)
        arguments.rest.update(trigger[1])
        shown = name or getattr(callback, "__name__", None) or type(callback).__name__
        return self._timers.add(
            callback, trigger[0], self.scheduler.timezone, data, shown, chat_id, user_id, arguments
        )  # fmt: skip

    def jobs(self, pattern: str | re.Pattern[str] | None = None) -> tuple[Job[Any], ...]:
        """Return the jobs of the update's or job's chat and user, the bot's own, and those of this process.

        See ``JobQueue.jobs``. The timers came with the data of the chat and the user, so this costs no request.

        Raises:
            RuntimeError: The caller is neither in a handler nor in a job. Use :meth:`find` there.
        """
        return (*self._timers.visible(pattern), *super().jobs(pattern))

    async def find(
        self, pattern: str | re.Pattern[str] | None = None, *, chat_id: int | Iterable[int] = (),
        user_id: int | Iterable[int] = (),
    ) -> tuple[Job[Any], ...]:  # fmt: skip
        """Read the timers of chats and users, and return them with the bot's own and the jobs of this process.

        Args:
            pattern: A regular expression for the name, as for :meth:`jobs`.
            chat_id: The chats whose timers you want.
            user_id: The users whose timers you want.

        Raises:
            StoreError, DocumentError: The bucket could not be read.
        """
        found = await self._timers.find(chat_id, user_id, pattern)
        return (*found, *super().jobs(pattern))

    def begin_paused(self) -> None:
        """Accept jobs. PTB schedules conversation timeouts only while the scheduler runs, so it runs, paused."""
        if not self.scheduler.running:
            self.scheduler.start(paused=True)

    def end_paused(self) -> None:
        """End what :meth:`begin_paused` began, unless :meth:`stop` has."""
        if self.scheduler.running:
            self.scheduler.shutdown(wait=False)

    async def start(self) -> None:
        """Run jobs from now on. See ``JobQueue.start``."""
        await super().start()
        self.scheduler.resume()
        self._timers.alarms.start()

    async def stop(self, wait: bool = True) -> None:  # noqa: FBT001, FBT002  PTB's
        """Run no more jobs. See ``JobQueue.stop``."""
        await self._timers.alarms.stop(wait=wait)
        await super().stop(wait)


def _without_store(job_kwargs: dict[str, Any] | None) -> dict[str, Any] | None:
    return job_kwargs and {name: value for name, value in job_kwargs.items() if name != "jobstore"}


def make_durable(job_queue: JobQueue[Any]) -> None:
    """Let PTB's own job queue keep its jobs in the bucket; the builder goes on with the same object."""
    job_queue.__class__ = BucketJobQueue
