"""An update from its arrival to its save: locked, loaded, handled once, saved."""

from __future__ import annotations

import contextlib
import logging
from typing import TYPE_CHECKING, Any, TypeVar

from telegram import Update

from ptb_bucket.application.ptb import timeout_of
from ptb_bucket.application.running_work import describe_update
from ptb_bucket.application.update_locks import UpdateLocks

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable
    from contextlib import AbstractAsyncContextManager, AbstractContextManager

    from ptb_bucket.application.options import LiveOptions
    from ptb_bucket.application.running_work import RunningWork
    from ptb_bucket.application.sync import Sync

__all__ = ["UpdateHandling"]

_LOGGER = logging.getLogger("ptb_bucket.application")

Result = TypeVar("Result")


def _nothing(update: object) -> AbstractContextManager[None]:
    del update
    return contextlib.nullcontext()


async def _settled(update: object) -> None:
    del update


class UpdateHandling:
    """Handles updates, timers and conversation timeouts, each on data that is up to date and saved afterwards.

    Args:
        options: The application's options.
        sync: Loads and saves.
        work: Notes what is handled.
    """

    def __init__(self, options: LiveOptions, sync: Sync, work: RunningWork) -> None:
        self._options, self._sync, self._work = options, sync, work
        self.locks = UpdateLocks()
        self.settled: Callable[[object], Awaitable[None]] = _settled
        """Waits until no other instance is ending a conversation of an update because its time is up."""
        self.visible: Callable[[object], AbstractContextManager[None]] = _nothing
        """Inside, handlers of an update see the timers of its chat and user."""

    async def process(self, update: object, handle: Callable[[object], Awaitable[None]]) -> None:
        """Load an update's data, handle the update, and save as the options say.

        Args:
            update: The update.
            handle: PTB's own ``process_update()``.

        Raises:
            PTBBucketError: The state could not be loaded or saved.
        """
        if self._work.over:
            _LOGGER.error("%s arrived after the shutdown deadline and was not handled", describe_update(update))
            return
        with self._work.handling(update):
            async with self._locked(update):
                with self._sync.lru.pin():
                    await self._process(update, handle)

    async def _process(self, update: object, handle: Callable[[object], Awaitable[None]]) -> None:
        sync = self._sync
        if not sync.is_loaded:
            await handle(update)  # PTB says what is missing
            return
        await sync.loader.load_for(update)
        await self.settled(update)
        countable = update if self._options.dedupe and isinstance(update, Update) else None
        if countable and sync.loader.was_handled(countable):
            _LOGGER.info("%s was already handled", describe_update(update))
        elif countable:
            async with sync.unit(update, countable.update_id):
                await self._handle(update, handle)
        else:
            await self._handle(update, handle)
        if self._options.save == "update":
            await sync.commit(needed_by=update)
        elif countable:
            await sync.stage()

    async def _handle(self, update: object, handle: Callable[[object], Awaitable[None]]) -> None:
        with self._sync.session.window.covered(), self.visible(update):
            await handle(update)

    async def run(self, work: Callable[[], Awaitable[Result]]) -> Result:
        """Load everything, do some work, and save everything.

        Raises:
            PTBBucketError: The state could not be loaded or saved.
        """
        with self._sync.lru.pin():
            await self._sync.loader.load_all()
            async with self._sync.unit(None):
                result = await work()
            await self._sync.commit()
        return result

    async def time_out(self, callback: Callable[[Any], Awaitable[None]], context: Any) -> None:
        """End a conversation whose time is up, unless it has moved on elsewhere.

        Raises:
            PTBBucketError: The state could not be loaded or saved.
        """
        found = timeout_of(callback, context.job.data)
        if found is None:
            await callback(context)
            return
        handler, key, update = found
        async with self._locked(update):
            if await self._sync.loader.is_still_due(handler, key, update, context.job):
                async with self._sync.unit(update):
                    await callback(context)
                if self._options.save == "update":
                    await self._sync.commit(needed_by=update)

    def _locked(self, update: object) -> AbstractAsyncContextManager[None]:
        return self.locks.of(update) if self._options.sequential else contextlib.nullcontext()
