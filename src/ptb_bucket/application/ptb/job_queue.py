"""Conversation timeouts that look first: a conversation that has moved on elsewhere is not timed out here."""

from __future__ import annotations

import functools
from contextlib import suppress
from typing import TYPE_CHECKING, Any

from telegram.ext import Job, JobQueue

from ptb_bucket.application.ptb.conversations import timeout_of

if TYPE_CHECKING:
    from collections.abc import Callable, Coroutine

__all__ = ["CarefulJobQueue", "careful"]


class CarefulJobQueue(JobQueue[Any]):
    """PTB's job queue; what a ConversationHandler schedules asks the application before it runs."""

    __slots__ = ()

    def run_once(self, callback: Callable[..., Coroutine[Any, Any, Any]], *args: Any, **kwargs: Any) -> Job[Any]:
        """As in PTB."""
        if timeout_of(callback, kwargs.get("data")) is None:
            return super().run_once(callback, *args, **kwargs)
        job = super().run_once(_looking_first(callback), *args, **kwargs)
        job.__class__ = TimeoutJob
        return job


class TimeoutJob(Job[Any]):
    """The job of a conversation's timeout, which may be removed while it runs.

    It waits for the turn of its chat and user, and for the bucket. PTB removes the job of a conversation that moves on
    meanwhile; the scheduler does not know it any more, and its error would cost the update that moves on.
    """

    __slots__ = ()

    def schedule_removal(self) -> None:
        """See ``Job.schedule_removal``. Nothing has to be removed of what already runs."""
        with suppress(LookupError):
            super().schedule_removal()


def _looking_first(time_out: Callable[[Any], Coroutine[Any, Any, Any]]) -> Callable[[Any], Coroutine[Any, Any, None]]:
    @functools.wraps(time_out)
    async def look(context: Any) -> None:
        await context.application.time_out(time_out, context)

    return look


def careful(job_queue: JobQueue[Any] | None) -> JobQueue[Any] | None:
    """Make PTB's own job queue careful, in place: the builder goes on with the same object.

    A job queue of a class of the user's stays as it is. There, a timeout's handlers may run although the conversation
    has moved on; its state in the bucket stays all the same.
    """
    if type(job_queue) is JobQueue:
        job_queue.__class__ = CarefulJobQueue
    return job_queue
