"""The updates that an ASGI server was sent: bounded in number, in order of arrival, each with a deadline."""

from __future__ import annotations

import asyncio
import logging
from typing import TYPE_CHECKING, Any

from ptb_bucket.errors import UnsavedError
from ptb_bucket.serverless.webhook import read_update

if TYPE_CHECKING:
    from collections.abc import Callable, Coroutine

    from ptb_bucket.serverless.asgi.loading import Loader
    from ptb_bucket.serverless.asgi.saving import Saver

    ReceiveBody = Callable[[], Coroutine[Any, Any, bytes]]

__all__ = ["BusyError", "LateError", "Updates"]

_LOGGER = logging.getLogger("ptb_bucket.serverless")


class BusyError(Exception):
    """No more updates are taken: too many wait already, or the server stops."""


class LateError(Exception):
    """The deadline has passed."""


class Updates:
    """Takes updates one after the other through a door, and lets them run side by side behind it.

    Args:
        loader: Has the application, or gets it.
        saver: Knows whether it may handle more.
        deadline: Seconds that one update may take, the receipt of its body included.
        max_waiting: How many may be under way.
    """

    def __init__(self, loader: Loader, saver: Saver, deadline: float, max_waiting: int) -> None:
        self._loader = loader
        self._saver = saver
        self._deadline = deadline
        self._max_waiting = max_waiting
        self._door = asyncio.Lock()  # lets in who waits in the order in which they came
        self._work: set[asyncio.Task[None]] = set()
        self._closed = False

    @property
    def under_way(self) -> int:
        """How many have been taken and have not ended."""
        return len(self._work)

    async def take(self, receive: ReceiveBody) -> None:
        """Receive an update, handle it and save what it changed.

        This runs in a task of its own: whoever asked may go away, the deadline alone ends it.

        Args:
            receive: Awaits the body of its request.

        Raises:
            BusyError: It was not even received.
            NoUpdateError: It is none.
            PTBBucketError, TelegramError: The state could not be loaded; no handler ran.
            LateError: Nobody knows how far it came, and whether it is saved.
        """
        if self._closed or self.under_way >= self._max_waiting:
            raise BusyError
        work = self._begin(receive)
        # Not wait_for(), which would wait on for a handler that does not heed its cancellation.
        await asyncio.wait({work}, timeout=self._deadline)
        if not work.done() or work.cancelled():
            raise LateError
        work.result()

    async def close(self, seconds: float) -> None:
        """Take no more, wait for those under way, then cancel and name what still runs.

        Args:
            seconds: How long to wait.
        """
        self._closed = True
        if self._work:
            await asyncio.wait(self._work, timeout=seconds)
        for work in self._work:
            _LOGGER.error("Cancelled at the end of the server, after %.1f seconds: %s", seconds, work.get_name())
            work.cancel()
        await asyncio.sleep(0)  # most end at once; who does not heed it, ends with the process

    def _begin(self, receive: ReceiveBody) -> asyncio.Task[None]:
        loop = asyncio.get_running_loop()
        work = loop.create_task(self._handle(receive), name="an update that is not read yet")
        timer = loop.call_later(self._deadline, work.cancel)
        self._work.add(work)
        work.add_done_callback(lambda _: timer.cancel())
        work.add_done_callback(self._end)
        return work

    def _end(self, work: asyncio.Task[None]) -> None:
        self._work.discard(work)
        if not work.cancelled():
            work.exception()  # told to whoever asked, if they are still there

    async def _handle(self, receive: ReceiveBody) -> None:
        body = await receive()
        loading = (
            self._loader.begin()
        )  # before the door, so that all who wait share a failure instead of queuing for more
        async with self._door:
            application = await asyncio.shield(loading)
            await self._saver.catch_up(application)
        # No await from here to process_update(), which takes its turn at once: nothing may be overtaken.
        update = read_update(body, application.bot)
        _rename(f"update {update.update_id}")
        try:
            await application.process_update(update)
        except UnsavedError:
            await self._saver.until_saved(application)
            application.check_saved(update)


def _rename(name: str) -> None:
    task = asyncio.current_task()
    if task is not None:
        task.set_name(name)
