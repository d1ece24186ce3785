"""From a stop signal to the last save: what still runs is ended, what can be saved is saved, the rest is named."""

from __future__ import annotations

import asyncio
import time
from typing import TYPE_CHECKING, Any

from ptb_bucket.errors import UnsavedError

if TYPE_CHECKING:
    from collections.abc import Coroutine

    from telegram.ext import JobQueue

    from ptb_bucket.application.options import LiveOptions
    from ptb_bucket.application.running_work import RunningWork
    from ptb_bucket.application.sync import Sync

__all__ = ["Shutdown", "ShutdownDeadline"]


class ShutdownDeadline:
    """The deadline of a shutdown, which counts from the stop signal and not from PTB's own steps.

    Args:
        seconds: Seconds from the signal to the end; half of them are for work that still runs.
    """

    def __init__(self, seconds: float) -> None:
        self.seconds = seconds
        self._began: float | None = None

    @property
    def has_begun(self) -> bool:
        """Tell whether a signal came."""
        return self._began is not None

    def begin(self) -> None:
        """Begin now, unless it has begun."""
        self._began = self._began or time.monotonic()

    def left(self, share: float = 1.0) -> float | None:
        """Return the seconds left of a share of the deadline, at least 0; None if no signal came."""
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


class Shutdown:
    """Ends an application before a deadline, once a signal has said that this process ends.

    Args:
        options: The application's options, among them the deadline.
        work: What runs.
        jobs: The application's job queue, if it has one.
        sync: What saves.
    """

    def __init__(self, options: LiveOptions, work: RunningWork, jobs: JobQueue[Any] | None, sync: Sync) -> None:
        self._options, self._work, self._jobs, self._sync = options, work, jobs, sync
        self.deadline = ShutdownDeadline(options.shutdown_deadline)

    def application_starts(self) -> None:
        """Forget an earlier deadline."""
        self.deadline, self._work.over = ShutdownDeadline(self._options.shutdown_deadline), False

    async def stop(self, stop: Coroutine[Any, Any, None]) -> None:
        """Stop the application, and wait for running handlers, jobs and tasks, and for those that they start in turn.

        Args:
            stop: PTB's own ``stop()``.
        """
        stopping = asyncio.ensure_future(stop)
        try:
            await self._work.finish(self.deadline.for_work, self.deadline.for_the_cancelled, stopping)
        except asyncio.CancelledError:
            stopping.cancel()
            raise
        finally:
            self._work.over = self.deadline.has_begun
        if stopping.done() and not stopping.cancelled():
            stopping.result()
        else:
            await self._abandon(stopping)  # no error: PTB would skip shutdown(), which saves

    async def _abandon(self, stopping: asyncio.Future[None]) -> None:
        """Cancel PTB's own stop(), which waits for work that does not end, and do what it did not come to."""
        stopping.cancel()
        await asyncio.wait({stopping}, timeout=0.1)
        if self._jobs is not None:
            await self._jobs.stop(wait=False)

    async def shut_down(self, shutdown: Coroutine[Any, Any, None]) -> None:
        """Save and close, before the deadline.

        Args:
            shutdown: PTB's own ``shutdown()``.

        Raises:
            UnsavedError: Something could not be saved, or not before the deadline; the error names it.
        """
        self._sync.units.abandon()
        left = self.deadline.left()
        if left is None:
            await shutdown
        else:
            await self._shut_down_within(shutdown, left)

    async def _shut_down_within(self, shutdown: Coroutine[Any, Any, None], seconds: float) -> None:
        ending = asyncio.ensure_future(shutdown)
        await asyncio.wait({ending}, timeout=seconds)
        if ending.done():
            return ending.result()
        ending.cancel()
        await self._sync.session.group.abandon()
        await asyncio.wait({ending}, timeout=0.1)
        if ending.done():
            _ = ending.cancelled() or ending.exception()  # nobody else asks for it
            await self._sync.stage_now()  # PTB may have waited for something else until now
        unsaved = self._sync.unsaved
        raise UnsavedError(
            f"The shutdown deadline of {self._options.shutdown_deadline:g} s expired. These changes may not have "
            f"been saved: {unsaved}.{await self._sync.session.state.keep()}"
        )
