"""Conversation timeouts that ask first: a conversation that has moved on elsewhere is not timed out here."""

from __future__ import annotations

import functools
from contextlib import suppress
from typing import TYPE_CHECKING, Any

from telegram.ext import Job, JobQueue

from ptb_bucket.application.ptb.conversations import timeout_of

if TYPE_CHECKING:
    from collections.abc import Callable, Coroutine

__all__ = ["PARSE_TIME", "ConversationAwareJobQueue", "ask_before_timeouts", "parse_time"]

PARSE_TIME = "_parse_time_input"


class ConversationAwareJobQueue(JobQueue[Any]):
    """PTB's job queue, in which the timeouts of a ConversationHandler ask the application before they run."""

    __slots__ = ()

    def run_once(
        self, callback: Callable[..., Coroutine[Any, Any, Any]], when: Any, data: object | None = None, *args: Any,
        **kwargs: Any,
    ) -> Job[Any]:  # fmt: skip
        """See ``JobQueue.run_once``."""
        if timeout_of(callback, data) is None:
            return super().run_once(callback, when, data, *args, **kwargs)
        job = super().run_once(_asking_first(callback), when, data, *args, **kwargs)
        job.__class__ = TimeoutJob
        return job


class TimeoutJob(Job[Any]):
    """The job of a conversation's timeout, which may be removed while it runs.

    It waits for the locks of its chat and user, and for the bucket. PTB removes the job of a conversation that moves on
    meanwhile. The scheduler does not know the job any more, and its error would fail the update that moves on.
    """

    __slots__ = ()

    def schedule_removal(self) -> None:
        """See ``Job.schedule_removal``. A job that already runs needs no removal."""
        with suppress(LookupError):
            super().schedule_removal()


def _asking_first(time_out: Callable[[Any], Coroutine[Any, Any, Any]]) -> Callable[[Any], Coroutine[Any, Any, None]]:
    @functools.wraps(time_out)
    async def ask(context: Any) -> None:
        await context.application.time_out(time_out, context)

    return ask


def parse_time(job_queue: JobQueue[Any], when: Any, *, shift_day: bool = False) -> Any:
    """Return a time as PTB reads it: seconds from now, a timedelta, a datetime or a time of day.

    Args:
        job_queue: The job queue, whose time zone counts where the time has none.
        when: The time; None for none.
        shift_day: A time of day that has passed is tomorrow's.
    """
    return getattr(job_queue, PARSE_TIME)(when, shift_day=shift_day)


def ask_before_timeouts(job_queue: JobQueue[Any] | None) -> JobQueue[Any] | None:
    """Let PTB's own job queue ask before it runs a conversation's timeout; the builder goes on with the same object.

    A job queue of another class stays as it is. There, a timeout's handlers may run although the conversation has moved
    on; its state in the bucket stays all the same.
    """
    if type(job_queue) is JobQueue:
        job_queue.__class__ = ConversationAwareJobQueue
    return job_queue
