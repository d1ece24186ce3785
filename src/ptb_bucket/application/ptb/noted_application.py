"""PTB's tasks, jobs, stop signals and marks, and the errors of its update processor."""

from __future__ import annotations

import inspect
from abc import abstractmethod
from typing import TYPE_CHECKING, Any, Final, NoReturn, TypeVar

from telegram import Bot
from telegram.ext import Application, CallbackContext, Job, JobQueue

from ptb_bucket.application.ptb.error_reporting_processor import ErrorReportingProcessor

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable
    from types import CoroutineType

    from telegram.ext import BaseUpdateProcessor

__all__ = ["BD", "BT", "CCT", "CD", "JQ", "RUNNING", "UD", "NotedApplication", "job_in"]

BT = TypeVar("BT", bound=Bot)
CCT = TypeVar("CCT", bound=CallbackContext[Any, Any, Any, Any])
UD = TypeVar("UD")
CD = TypeVar("CD")
BD = TypeVar("BD")
JQ = TypeVar("JQ", bound=JobQueue[Any] | None)

RUNNING: Final = {Application: ("_raise_system_exit", "_Application__create_task_callback"), Job: ("_run",)}
"""The methods of PTB that are overridden here, or looked for in running tasks."""


class NotedApplication(Application[BT, CCT, UD, CD, BD, JQ]):
    """An Application that notes its tasks, its stop signals, and which data code marks or drops.

    Errors of its update processor go to its error handlers. The public methods around (``run_polling``,
    ``run_webhook``, ``create_task``) stay PTB's own, with PTB's signatures and with warnings that point to the caller.
    """

    def __init__(self, **ptb: Any) -> None:
        ptb["update_processor"] = ErrorReportingProcessor(ptb["update_processor"], self.process_error)
        super().__init__(**ptb)

    @property
    def update_processor(self) -> BaseUpdateProcessor:
        """The processor that was passed to the builder. See ``Application.update_processor``."""
        processor = super().update_processor
        return processor.inner if isinstance(processor, ErrorReportingProcessor) else processor

    @abstractmethod
    def _stop_signalled(self) -> None:
        """Note that a stop signal came that was passed to ``run_polling`` or ``run_webhook``."""

    @abstractmethod
    def _task_begins(self, coroutine: CoroutineType[Any, Any, Any], update: object) -> None:
        """Note a coroutine that PTB is about to run as a task: by ``create_task``, or for ``block=False``."""

    @abstractmethod
    def _data_changes(self, chat_ids: int | Iterable[int] | None, user_ids: int | Iterable[int] | None = None) -> None:
        """Note the chats and users whose data code has marked or dropped."""

    def mark_data_for_update_persistence(
        self, chat_ids: int | Collection[int] | None = None, user_ids: int | Collection[int] | None = None
    ) -> None:
        """See ``Application.mark_data_for_update_persistence``."""
        super().mark_data_for_update_persistence(chat_ids, user_ids)
        self._data_changes(chat_ids, user_ids)

    def drop_chat_data(self, chat_id: int) -> None:
        """See ``Application.drop_chat_data``. Data that is added afterwards is saved."""
        super().drop_chat_data(chat_id)
        self._data_changes(chat_id)

    def drop_user_data(self, user_id: int) -> None:
        """See ``Application.drop_user_data``. Data that is added afterwards is saved."""
        super().drop_user_data(user_id)
        self._data_changes(None, user_id)

    def _raise_system_exit(self) -> NoReturn:  # type: ignore[override]
        self._stop_signalled()
        raise SystemExit

    def _Application__create_task_callback(self, **arguments: Any) -> CoroutineType[Any, Any, Any]:  # noqa: N802  PTB's
        callback: CoroutineType[Any, Any, Any] = super()._Application__create_task_callback(**arguments)  # type: ignore[misc]
        self._task_begins(callback, arguments.get("update"))
        return callback


def job_in(coroutine: Any, application: object) -> Job[Any] | None:
    """Return the job of an application that a coroutine runs.

    PTB shields jobs from being cancelled, in tasks that it does not keep.
    """
    if getattr(coroutine, "cr_code", None) is not Job._run.__code__:  # noqa: SLF001  checked at start
        return None
    of = inspect.getcoroutinelocals(coroutine)
    return of["self"] if of.get("application") is application else None
