"""From a stop signal to the last save: what still runs is ended, what can be saved is saved, the rest is named."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any

from ptb_bucket.application.deadline import ShutdownDeadline, Work
from ptb_bucket.application.ptb import BD, BT, CCT, CD, JQ, UD, NotedApplication
from ptb_bucket.errors import UnsavedError
from ptb_bucket.location import checked_seconds

if TYPE_CHECKING:
    from collections.abc import Coroutine
    from types import CoroutineType

    from telegram.ext import JobQueue

    from ptb_bucket.application.save import Memory

__all__ = ["EndsInTime"]


class EndsInTime(NotedApplication[BT, CCT, UD, CD, BD, JQ]):
    """The part of BucketApplication that ends before a deadline, once a signal said that this process ends.

    Args:
        shutdown_deadline: Seconds from a stop signal to the end of the last save.
        ptb: What PTB's builder passes.
    """

    _memory: Memory
    _loaded: bool

    def __init__(self, shutdown_deadline: float, **ptb: Any) -> None:
        super().__init__(**ptb)
        self._jobs: JobQueue[Any] | None = ptb["job_queue"]  # the public property warns where there is none
        self.shutdown_deadline = checked_seconds("shutdown_deadline", shutdown_deadline, above_zero=True)
        self._work, self._deadline = Work(self), ShutdownDeadline(self.shutdown_deadline)

    async def start(self) -> None:
        """See ``Application.start``."""
        if not self.running:
            self._deadline, self._work.over = ShutdownDeadline(self.shutdown_deadline), False
        await super().start()

    def _stop_signalled(self) -> None:
        self._deadline.begin()

    def _task_begins(self, coroutine: CoroutineType[Any, Any, Any], update: object) -> None:
        self._work.note(coroutine, update)
        self._memory.recent.works_on(coroutine)

    async def stop(self) -> None:
        """See ``Application.stop``. Waits for running handlers, jobs and tasks, and for those that they start in turn.

        After a signal they have half of the ``shutdown_deadline``, without one all of it. Then they are cancelled and
        named in the log. Those that go on even so for another eighth of it are named once more and left behind.

        Raises:
            RuntimeError: The application is not running.
        """
        if not self.running:
            await super().stop()  # PTB says so
        stopping = asyncio.ensure_future(super().stop())
        try:
            await self._work.finish(self._deadline.for_work, self._deadline.for_the_cancelled, stopping)
        except asyncio.CancelledError:
            stopping.cancel()
            raise
        finally:
            self._work.over = self._deadline.has_begun
        if stopping.done() and not stopping.cancelled():
            stopping.result()
        else:
            await self._leave_behind(stopping)  # no error: PTB would skip shutdown(), which saves

    async def _leave_behind(self, stopping: asyncio.Future[None]) -> None:
        """Give up PTB's own stop(), which waits for something that does not end, and do what it did not come to."""
        stopping.cancel()
        await asyncio.wait({stopping}, timeout=0.1)
        if self._jobs is not None:
            await self._jobs.stop(wait=False)

    async def finish(self, seconds: float, grace: float) -> None:
        """Wait for running handlers, jobs and tasks, where nobody calls :meth:`stop` because nobody called `start`.

        Args:
            seconds: How long. Those that still run then are cancelled and named in the log.
            grace: Seconds in which cancelled ones have to end. Those that do not are left behind and named.
        """
        await self._work.finish(seconds, grace)

    async def shutdown(self) -> None:
        """Save and let go. See ``Application.shutdown``.

        Raises:
            UnsavedError: Something could not be saved, or not before the deadline; it is named.
        """
        self._memory.units.abandon()
        left = self._deadline.left()
        if left is None:
            await super().shutdown()
        else:
            await self._shut_down_within(super().shutdown(), left)
        self._loaded = False

    async def _shut_down_within(self, shutdown: Coroutine[Any, Any, None], seconds: float) -> None:
        ending = asyncio.ensure_future(shutdown)
        await asyncio.wait({ending}, timeout=seconds)
        if ending.done():
            return ending.result()
        ending.cancel()
        await self._memory.group.abandon()
        await asyncio.wait({ending}, timeout=0.1)
        if ending.done():
            _ = ending.cancelled() or ending.exception()  # nobody else asks for it
            await self._memory.stage()  # PTB may have waited for something else until now
        unsaved = self._memory.unsaved
        raise UnsavedError(
            f"The shutdown deadline of {self.shutdown_deadline:g} s is over. Not known to be saved: {unsaved}."
            f"{await self._memory.backstage.opened.keep()}"
        )

    async def discard(self) -> None:
        """Let go of connections without saving: what is unsaved did not happen. This application is of no use then."""
        await self._memory.backstage.opened.discard()
        await self.bot.shutdown()
        if self.updater:
            await self.updater.shutdown()
