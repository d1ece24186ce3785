"""The handlers, jobs and tasks of an application that are running, by name."""

from __future__ import annotations

import asyncio
import contextlib
import logging
import time
from typing import TYPE_CHECKING, Any, cast
from weakref import WeakKeyDictionary, WeakSet

from telegram import Update

from ptb_bucket.application.ptb import job_in

if TYPE_CHECKING:
    from collections.abc import Iterator
    from types import CoroutineType

__all__ = ["RunningWork", "describe_update"]

_LOGGER = logging.getLogger("ptb_bucket.application")


def describe_update(update: object) -> str:
    """Return how messages name an update: by its ID, never by its content."""
    return f"update {update.update_id}" if isinstance(update, Update) else type(update).__name__


class RunningWork:
    """The handlers, jobs and tasks of one application that are running.

    They are found among the event loop's tasks. So it does not matter who started them, or when: before the
    application was started, while it ran, or while it stops.

    Args:
        application: The application whose jobs count.
    """

    def __init__(self, application: object) -> None:
        self._application = application
        self._handled: dict[asyncio.Task[Any], str] = {}
        self._started: WeakKeyDictionary[CoroutineType[Any, Any, Any], str] = WeakKeyDictionary()
        self._cut: WeakSet[asyncio.Task[Any]] = WeakSet()
        self.over = False

    def note(self, coroutine: CoroutineType[Any, Any, Any], update: object) -> None:
        """Note that a task is about to run a coroutine, for an update or None."""
        self._started[coroutine] = "" if update is None else f" for {describe_update(update)}"

    @contextlib.contextmanager
    def handling(self, update: object) -> Iterator[None]:
        """Inside, the current task handles an update. If :meth:`finish` cancels it, that ends here."""
        task = cast("asyncio.Task[Any]", asyncio.current_task())
        before = self._handled.get(task)
        self._handled[task] = describe_update(update)
        try:
            yield
        except asyncio.CancelledError:
            if task not in self._cut:
                raise
            if hasattr(task, "uncancel"):
                task.uncancel()
        finally:
            self._leave(task, before)

    def _leave(self, task: asyncio.Task[Any], before: str | None) -> None:
        if before is None:
            self._handled.pop(task, None)
        else:
            self._handled[task] = before
        self._cut.discard(task)

    def running(self) -> dict[asyncio.Task[Any], str]:
        """Return the names of what runs in this event loop, by task, without the current task."""
        named = {task: self._name(task) for task in asyncio.all_tasks() - {asyncio.current_task()}}
        return {task: name for task, name in named.items() if name}

    def _name(self, task: asyncio.Task[Any]) -> str:
        if task in self._handled:
            return self._handled[task]
        coroutine: Any = task.get_coro()
        if coroutine in self._started:
            return f"task {task.get_name()}{self._started[coroutine]}"
        job = job_in(coroutine, self._application)
        return f"job {job.name}" if job else ""

    async def finish(self, seconds: float, grace: float, stopping: asyncio.Future[None] | None = None) -> None:
        """Wait for what runs. Then cancel the rest, accept nothing more, and log the name of each.

        Args:
            seconds: Seconds to wait.
            grace: Seconds in which cancelled work has to end. Work that does not is left running and logged.
            stopping: A future to wait for as well.
        """
        if await self._wait(seconds, stopping):
            return
        self._cancel()
        if not await self._wait(grace, stopping):
            left = ", ".join(self.running().values()) or "Application.stop()"
            _LOGGER.error("These handlers, jobs or tasks did not stop when they were cancelled: %s", left)

    async def _wait(self, seconds: float, stopping: asyncio.Future[None] | None) -> bool:
        """Wait for what runs, and for what that starts in turn; return whether everything has ended."""
        until = time.monotonic() + seconds
        while waiting := {*self.running(), *({stopping} if stopping and not stopping.done() else ())}:
            left = until - time.monotonic()
            if left <= 0:
                return False
            await asyncio.wait(waiting, timeout=left)
        return True

    def _cancel(self) -> None:
        self.over = True
        for task, name in self.running().items():
            _LOGGER.error("%s was still running at the shutdown deadline and was cancelled", name)
            self._cut.add(task)
            task.cancel()
