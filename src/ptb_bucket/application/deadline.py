"""What an application is at work on, and the time that this has left once the application stops."""

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

__all__ = ["ShutdownDeadline", "Work", "name_of"]

_LOGGER = logging.getLogger("ptb_bucket.application")


class ShutdownDeadline:
    """Counts from the signal, not from where PTB has got to.

    Args:
        seconds: From the signal to the end; half of it is for what still runs.
    """

    def __init__(self, seconds: float) -> None:
        self.seconds = seconds
        self._began: float | None = None

    @property
    def has_begun(self) -> bool:
        """Whether a signal came."""
        return self._began is not None

    def begin(self) -> None:
        """Begin now, if nothing has begun it yet."""
        self._began = self._began or time.monotonic()

    def left(self, share: float = 1.0) -> float | None:
        """Seconds left of this share of it, at least 0; None if no signal came."""
        return None if self._began is None else max(0.0, self._began + share * self.seconds - time.monotonic())

    @property
    def for_work(self) -> float:
        """Seconds that running work may still take: half of the deadline after a signal, and without one all of it."""
        left = self.left(0.5)
        return self.seconds if left is None else left

    @property
    def for_the_cancelled(self) -> float:
        """Seconds in which cancelled work has to end."""
        left = self.left()
        return self.seconds / 8 if left is None else min(self.seconds / 8, left / 4)


def name_of(update: object) -> str:
    """What a message calls an update: by its id, never by what is in it."""
    return f"update {update.update_id}" if isinstance(update, Update) else type(update).__name__


class Work:
    """Handlers, jobs and tasks of one application that are under way, by name.

    They are looked for among the event loop's tasks, so it does not matter who started them, or when: before the
    application was started, while it ran, or while it stops.

    Args:
        application: Whose jobs count.
    """

    def __init__(self, application: object) -> None:
        self._application = application
        self._handled: dict[asyncio.Task[Any], str] = {}
        self._started: WeakKeyDictionary[CoroutineType[Any, Any, Any], str] = WeakKeyDictionary()
        self._cut: WeakSet[asyncio.Task[Any]] = WeakSet()
        self.over = False

    def note(self, coroutine: CoroutineType[Any, Any, Any], update: object) -> None:
        """A task is about to run this, for an update or None."""
        self._started[coroutine] = "" if update is None else f" for {name_of(update)}"

    @contextlib.contextmanager
    def of(self, update: object) -> Iterator[None]:
        """The current task handles an update; if it is told to end, that ends here."""
        task = cast("asyncio.Task[Any]", asyncio.current_task())
        before = self._handled.get(task)
        self._handled[task] = name_of(update)
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
        """Return what runs in this event loop, by task, without the task that asks."""
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
        """Wait for what runs. Then cancel it, and take nothing more; log the name of each.

        Args:
            seconds: How long to wait.
            grace: Seconds in which what was cancelled has to end. What does not is left behind.
            stopping: What to wait for besides.
        """
        if await self._wait(seconds, stopping):
            return
        self._cancel()
        if not await self._wait(grace, stopping):
            left = ", ".join(self.running().values()) or "Application.stop()"
            _LOGGER.error("Handlers, jobs or tasks that do not end are left behind: %s", left)

    async def _wait(self, seconds: float, stopping: asyncio.Future[None] | None) -> bool:
        """Wait for what runs, and for what that starts in turn; return whether all of it has ended."""
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
            _LOGGER.error("%s was still being handled when the shutdown deadline came: it was cancelled", name)
            self._cut.add(task)
            task.cancel()
