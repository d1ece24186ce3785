"""From a stop signal to the last save: what still runs is ended, what can be saved is saved, the rest is named."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any, NoReturn

import telegram
from telegram.ext import Application, Job

from ptb_bucket._arguments import checked_seconds
from ptb_bucket.application._deadline import Deadline, Work
from ptb_bucket.application._others import BD, BT, CCT, CD, JQ, UD
from ptb_bucket.errors import ConfigurationError, UnsavedError

if TYPE_CHECKING:
    from collections.abc import Coroutine
    from types import CoroutineType

    from telegram.ext import JobQueue

    from ptb_bucket.application._memory import Memory

__all__ = ["EndsInTime"]


class EndsInTime(Application[BT, CCT, UD, CD, BD, JQ]):
    """The part of BucketApplication that ends before a deadline, once a signal said that this process ends.

    Two private methods of PTB are overridden, and one is looked for in running tasks: :func:`_check_ptb` makes sure at
    start that they exist. The public methods around them (``run_polling``, ``run_webhook``, ``create_task``) stay
    PTB's own, with PTB's signatures and with warnings that point to the caller.

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
        self._work, self._deadline = Work(self), Deadline(self.shutdown_deadline)

    async def initialize(self) -> None:
        """See ``Application.initialize``.

        Raises:
            ConfigurationError: This version of PTB runs jobs and tasks in a way that we do not know.
        """
        _check_ptb()
        await super().initialize()

    async def start(self) -> None:
        """See ``Application.start``."""
        if not self.running:
            self._deadline, self._work.over = Deadline(self.shutdown_deadline), False
        await super().start()

    def _raise_system_exit(self) -> NoReturn:  # type: ignore[override]
        """Begin the deadline. PTB registers this for the stop signals of its ``run_*`` methods."""
        self._deadline.begin()
        raise SystemExit

    def _Application__create_task_callback(self, **arguments: Any) -> CoroutineType[Any, Any, Any]:  # noqa: N802  PTB's
        """Note what PTB is about to run as a task, be it by ``create_task`` or for handlers with ``block=False``."""
        callback: CoroutineType[Any, Any, Any] = super()._Application__create_task_callback(**arguments)  # type: ignore[misc]
        self._work.note(callback, arguments.get("update"))
        self._memory.recent.works_on(callback)
        return callback

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
            await self._memory.stage(super().update_persistence)  # PTB may have waited for something else until now
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


def _check_ptb() -> None:
    """See whether this PTB runs jobs and tasks, and takes signals, as we know it.

    Raises:
        ConfigurationError: It does not.
    """
    own = {Application: ("_raise_system_exit", "_Application__create_task_callback"), Job: ("_run",)}
    missing = [name for of, names in own.items() for name in names if not hasattr(of, name)]
    if missing:
        raise ConfigurationError(
            f"python-telegram-bot {telegram.__version__} has no {', '.join(missing)}, so running work could not be "
            "waited for when the application stops. Install a version that ptb-bucket supports, or use "
            "telegram.ext.Application."
        )
