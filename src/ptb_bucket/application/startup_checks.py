"""Checks at start for code that works with one instance that never stops, and not with several or with a frozen one."""

from __future__ import annotations

import warnings
from typing import TYPE_CHECKING, Any

from telegram.ext import ConversationHandler, ExtBot

from ptb_bucket.application.ptb import handlers_in
from ptb_bucket.errors import ConfigurationError
from ptb_bucket.persistence import BucketPersistence

if TYPE_CHECKING:
    from collections.abc import Iterator

    from telegram.ext import Application, BaseHandler, JobQueue

    from ptb_bucket.application.options import LiveOptions

__all__ = ["StartupChecks", "checked_job_queue", "checked_persistence"]


class StartupChecks:
    """Warnings of handlers and jobs that probably do not work as they are meant to.

    Args:
        application: The application whose handlers are checked.
        options: The application's options.
        jobs: Its job queue. PTB warns code that asks an application for a job queue which it does not have.
    """

    def __init__(
        self, application: Application[Any, Any, Any, Any, Any, Any], options: LiveOptions, jobs: JobQueue[Any] | None
    ) -> None:
        self._application, self._options, self._jobs = application, options, jobs
        self._warned: set[str] = set()

    def warn(self, *, anew: bool = False) -> None:
        """Warn the caller's caller of each problem, once.

        Args:
            anew: Warn again of problems that were reported before.
        """
        if anew:
            self._warned.clear()
        for problem in [*self._in_conversations(), *self._in_handlers(), *self._in_jobs()]:
            if problem not in self._warned:
                self._warned.add(problem)
                warnings.warn(problem, stacklevel=3)

    def _in_conversations(self) -> Iterator[str]:
        for handler in handlers_in(self._application):
            name = f"ConversationHandler {handler.name or '(without a name)'}"
            if not (handler.persistent and handler.name):
                yield (
                    f"{name} is not persistent, so its conversations are lost at a restart and are unknown to "
                    "other instances. Pass persistent=True and a name."
                )
            is_durable = self._options.jobs == "bucket" and handler.persistent and handler.name
            if handler.conversation_timeout and self._options.jobs == "bucket" and not is_durable:
                yield (
                    f"{name} has a conversation_timeout that is kept in this process only, because its conversations "
                    "are not persistent. Pass persistent=True and a name."
                )
            elif handler.conversation_timeout and not self._options.runs and not is_durable:
                yield (
                    f"{name} has a conversation_timeout, but its conversations never time out, because no "
                    "JobQueue runs between updates."
                )

    def _in_handlers(self) -> Iterator[str]:
        for one in _not_blocking(self._application):
            what = f"The handler {getattr(one.callback, '__name__', type(one).__name__)} has block=False"
            if not self._options.runs:
                yield f"{what}, but nothing runs after the answer, so its work may be lost. Remove block=False."
            elif self._options.save == "update":
                yield (
                    f"{what}, so changes that it makes after process_update() has returned are saved later. To save "
                    "them with the update, remove block=False."
                )

    def _in_jobs(self) -> Iterator[str]:
        if not self._options.runs and self._jobs and self._jobs.scheduler.get_jobs():
            yield (
                "The JobQueue has jobs, but they never run, because nothing runs between updates. Use your "
                "platform's timers instead."
            )


def _not_blocking(application: Application[Any, Any, Any, Any, Any, Any]) -> Iterator[BaseHandler[Any, Any, Any]]:
    defaults = application.bot.defaults if isinstance(application.bot, ExtBot) else None
    by_default = defaults is not None and not defaults.block
    flat = [handler for group in application.handlers.values() for handler in group]
    for conversation in handlers_in(application):
        flat += [*conversation.entry_points, *conversation.fallbacks]
        flat += [inner for inners in conversation.states.values() for inner in inners]
    for handler in flat:
        if not isinstance(handler, ConversationHandler) and (not handler.block or by_default):
            yield handler


def checked_job_queue(jobs: str, job_queue: JobQueue[Any] | None) -> JobQueue[Any] | None:
    """Return the job queue of an application, made durable if its jobs are to be kept in the bucket.

    Raises:
        ConfigurationError: ``jobs`` is something else than an option, or the job queue is missing or of another class.
    """
    if jobs not in {"process", "bucket"}:
        raise ConfigurationError(f"jobs must be 'process' or 'bucket', not {jobs!r}.")
    if jobs == "process":
        return job_queue
    if job_queue is None:
        raise ConfigurationError(
            "jobs='bucket' needs PTB's job queue. Install it with pip install 'python-telegram-bot[job-queue]', and do "
            "not pass job_queue(None) to the builder."
        )
    from ptb_bucket.application.bucket_job_queue import make_durable  # noqa: PLC0415  needs APScheduler

    make_durable(job_queue)
    return job_queue


def checked_persistence(save: str, persistence: object) -> BucketPersistence[Any, Any, Any]:
    """Check two arguments of a BucketApplication; return the persistence.

    Raises:
        ConfigurationError: There is no BucketPersistence, or ``save`` is something else than an option.
    """
    if save not in {"interval", "update"}:
        raise ConfigurationError(f"save must be 'interval' or 'update', not {save!r}.")
    if not isinstance(persistence, BucketPersistence):
        raise ConfigurationError(
            "BucketApplication needs a BucketPersistence. For example: "
            "Application.builder().application_class(BucketApplication).persistence(BucketPersistence('s3://my-bucket/my-bot'))"
        )
    return persistence
