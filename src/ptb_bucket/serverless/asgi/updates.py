"""The updates of an ASGI server: limited in number, in order of arrival, each with a deadline."""

from __future__ import annotations

import asyncio
import logging
from typing import TYPE_CHECKING, Any, TypeVar

from ptb_bucket.errors import UnsavedError
from ptb_bucket.serverless.webhook import read_update

if TYPE_CHECKING:
    from collections.abc import Callable, Coroutine

    from ptb_bucket.serverless.asgi.loading import Loader
    from ptb_bucket.serverless.asgi.saving import Saver

    ReceiveBody = Callable[[], Coroutine[Any, Any, bytes]]

__all__ = ["BusyError", "LateError", "Updates"]

Result = TypeVar("Result")

_LOGGER = logging.getLogger("ptb_bucket.serverless")


class BusyError(Exception):
    """The server accepts no more updates: too many are waiting, or it is stopping."""


class LateError(Exception):
    """The deadline has passed."""


class Updates:
    """A queue that admits updates one after the other, and lets them run side by side afterwards.

    Args:
        loader: Loads the application.
        saver: Saves changes that have been unsaved for too long, before more updates are handled.
        deadline: The seconds that an update may take, including the receipt of its body.
        max_waiting: The most updates that may be under way.
    """

    def __init__(self, loader: Loader, saver: Saver, deadline: float, max_waiting: int) -> None:
        self._loader = loader
        self._saver = saver
        self._deadline = deadline
        self._max_waiting = max_waiting
        self._door = asyncio.Lock()  # admits updates in the order in which they came
        self._work: set[asyncio.Task[Any]] = set()
        self._closed = False

    @property
    def under_way(self) -> int:
        """Return the number of accepted updates that have not ended."""
        return len(self._work)

    async def take(self, receive: ReceiveBody) -> None:
        """Receive an update, handle it and save its changes.

        This runs in a separate task: the caller may go away, and only the deadline ends it.

        Args:
            receive: Returns the body of the request.

        Raises:
            BusyError: The update was not even received.
            NoUpdateError: The body is not a valid Update.
            PTBBucketError, TelegramError: The state could not be loaded; no handler ran.
            LateError: The deadline passed. It is unknown how far the update came and whether it is saved.
        """
        await self.run(lambda: self._handle(receive), "an update that was not yet read")

    async def run(self, work: Callable[[], Coroutine[Any, Any, Result]], name: str) -> Result:
        """Do some other work like an update: limited in number, with a deadline, and not while the server stops.

        Args:
            work: An async function.
            name: How the log names it.

        Raises:
            BusyError: It did not begin.
            LateError: The deadline passed, and the work was cancelled.
        """
        if self._closed or self.under_way >= self._max_waiting:
            raise BusyError
        task = self._begin(work(), name)
        # Not wait_for(), which would wait for a handler that ignores its cancellation.
        await asyncio.wait({task}, timeout=self._deadline)
        if not task.done() or task.cancelled():
            raise LateError
        return task.result()

    async def close(self, seconds: float) -> None:
        """Accept no more updates, wait for those under way, then cancel and log those that still run.

        Args:
            seconds: The time to wait.
        """
        self._closed = True
        if self._work:
            await asyncio.wait(self._work, timeout=seconds)
        for work in self._work:
            _LOGGER.error(
                "The server is stopping and cancelled this work after %.1f seconds: %s", seconds, work.get_name()
            )
            work.cancel()
        await asyncio.sleep(0)  # most tasks end at once; a task that ignores it ends with the process

    def _begin(self, coroutine: Coroutine[Any, Any, Result], name: str) -> asyncio.Task[Result]:
        loop = asyncio.get_running_loop()
        work = loop.create_task(coroutine, name=name)
        timer = loop.call_later(self._deadline, work.cancel)
        self._work.add(work)
        work.add_done_callback(lambda _: timer.cancel())
        work.add_done_callback(self._end)
        return work

    def _end(self, work: asyncio.Task[Any]) -> None:
        self._work.discard(work)
        if not work.cancelled():
            work.exception()  # retrieved here, in case the caller has gone

    async def _handle(self, receive: ReceiveBody) -> None:
        body = await receive()
        # Before the door, so that all waiting updates share a failure instead of causing more.
        loading = self._loader.begin()
        async with self._door:
            application = await asyncio.shield(loading)
            await self._saver.catch_up(application)
        # No await from here to process_update(), which joins its queue at once, so that no update overtakes another.
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
