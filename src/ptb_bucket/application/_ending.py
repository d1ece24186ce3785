"""From a stop signal to the last save: what still runs is ended, what can be saved is saved, the rest is named."""

from __future__ import annotations

import asyncio
import logging
from typing import TYPE_CHECKING, Any

from telegram.ext import Application

from ptb_bucket._arguments import checked_seconds
from ptb_bucket.application._deadline import Deadline, Work, signals_of
from ptb_bucket.application._others import BD, BT, CCT, CD, JQ, UD
from ptb_bucket.errors import UnsavedError

if TYPE_CHECKING:
    from collections.abc import Coroutine

    from ptb_bucket.application._memory import Memory

__all__ = ["EndsInTime"]

_LOGGER = logging.getLogger("ptb_bucket.application")


class EndsInTime(Application[BT, CCT, UD, CD, BD, JQ]):
    """The part of BucketApplication that ends before a deadline, once a signal said that this process ends.

    Args:
        shutdown_deadline: Seconds from a stop signal to the end of the last save.
        ptb: What PTB's builder passes.
    """

    _memory: Memory
    _loaded: bool

    def __init__(self, shutdown_deadline: float, **ptb: Any) -> None:
        super().__init__(**ptb)
        self.shutdown_deadline = checked_seconds("shutdown_deadline", shutdown_deadline, above_zero=True)
        self._work, self._deadline = Work(), Deadline(self.shutdown_deadline)
        self._signals: tuple[int, ...] = ()

    async def initialize(self) -> None:
        """See ``Application.initialize``. From now on, a stop signal begins the deadline."""
        self._deadline.watch(self._signals)
        await super().initialize()

    def create_task(
        self, coroutine: Any, update: object | None = None, *, name: str | None = None
    ) -> asyncio.Task[Any]:
        """See ``Application.create_task``. At the shutdown deadline it is named and cancelled."""
        task = super().create_task(coroutine, update, name=name)
        self._work.note(task, name or task.get_name())
        self._memory.recent.works(task)
        return task

    def run_polling(self, *args: Any, **kwargs: Any) -> None:
        """See ``Application.run_polling``."""
        self._signals = signals_of(kwargs)
        super().run_polling(*args, **kwargs)

    def run_webhook(self, *args: Any, **kwargs: Any) -> None:
        """See ``Application.run_webhook``. Telegram is answered before the update is handled."""
        self._signals = signals_of(kwargs)
        super().run_webhook(*args, **kwargs)

    async def stop(self) -> None:
        """See ``Application.stop``. After a signal, handlers have half of the deadline; then they are cancelled."""
        stopping = asyncio.ensure_future(super().stop())
        left = self._deadline.left(0.5)
        if left is not None:
            await asyncio.wait({stopping}, timeout=left)
            if not await self._end_what_runs(stopping):
                return  # not an error: PTB would skip shutdown(), which saves
        await stopping

    async def _end_what_runs(self, stopping: asyncio.Future[None]) -> bool:
        """Whether PTB's own stop() came to its end."""
        if not stopping.done():
            self._work.end()
            await asyncio.wait({stopping}, timeout=(self._deadline.left() or 0) / 4)
        if not stopping.done():
            _LOGGER.error("Jobs or handlers that do not end are left behind: the rest of the time is for saving")
            stopping.cancel()
            await asyncio.wait({stopping}, timeout=0.1)
            return stopping.done() and not stopping.cancelled()
        return True

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
