"""An update from its arrival to its save: locked, loaded, handled once, saved."""

from __future__ import annotations

import asyncio
import contextlib
import logging
from typing import TYPE_CHECKING, Any, TypeVar

from telegram import Update

from ptb_bucket.application.effects import EffectUnit
from ptb_bucket.application.ptb import timeout_of
from ptb_bucket.application.running_work import describe_update

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Collection
    from contextlib import AbstractAsyncContextManager, AbstractContextManager

    from ptb_bucket.application.effects import EffectUnits
    from ptb_bucket.application.options import LiveOptions
    from ptb_bucket.application.running_work import RunningWork
    from ptb_bucket.application.sync import Sync
    from ptb_bucket.application.timers import BucketTimers
    from ptb_bucket.application.update_locks import UpdateLocks
    from ptb_bucket.state import Record

__all__ = ["NoTimers", "UpdateHandling"]

_LOGGER = logging.getLogger("ptb_bucket.application")

Result = TypeVar("Result")


class NoRace:
    """A stand-in for :class:`TimeoutRace`, for applications without timers in the bucket."""

    async def is_lost(self) -> bool:
        """Return False. See :meth:`TimeoutRace.is_lost`."""
        return False


class NoTimers:
    """A stand-in for :class:`BucketTimers`, for applications without timers in the bucket."""

    def begin(self) -> None:
        """Do nothing. See :meth:`BucketTimers.begin`."""

    async def end(self) -> None:
        """Do nothing. See :meth:`BucketTimers.end`."""

    def migrate(self, old: Record, new: Record) -> None:
        """Move nothing. See :meth:`BucketTimers.migrate`."""

    def visible_for(self, update: object) -> AbstractContextManager[None]:
        """Inside, handlers of an update see no timers. See :meth:`BucketTimers.visible_for`."""
        del update
        return contextlib.nullcontext()

    async def settled(self, update: object) -> NoRace:
        """Return at once, because no other instance ends a conversation. See :meth:`BucketTimers.settled`."""
        del update
        return NoRace()

    async def run_added(self, added: Collection[Record]) -> None:
        """Run nothing. See :meth:`BucketTimers.run_added`."""


class UpdateHandling:
    """Handles updates, timers and conversation timeouts, each on data that is up to date and saved afterwards.

    Args:
        options: The application's options.
        sync: Loads and saves.
        work: Notes what is handled.
        effects: Know the update that asks for an effect.
        locks: Keep updates of one chat or user apart.
        timers: The timers that handlers see.
    """

    def __init__(  # noqa: PLR0913, PLR0917  its collaborators
        self, options: LiveOptions, sync: Sync, work: RunningWork, effects: EffectUnits, locks: UpdateLocks,
        timers: BucketTimers | NoTimers,
    ) -> None:  # fmt: skip
        self._options, self._sync, self._work, self._effects = options, sync, work, effects
        self.locks, self._timers = locks, timers

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
            effects = EffectUnit.of_update(update)
            async with self._locked(update):
                with self._sync.lru.pin():
                    await self._process(update, handle, effects)
            if effects and effects.added and not self._options.runs:
                await self._timers.run_added(effects.added)

    async def _process(
        self, update: object, handle: Callable[[object], Awaitable[None]], effects: EffectUnit | None
    ) -> None:
        sync = self._sync
        if not sync.is_loaded:
            await handle(update)  # PTB says what is missing
            return
        await sync.loader.load_for(update)
        while not await self._is_done(update, handle, effects):
            _LOGGER.warning("A conversation ended while %s was handled. It is handled again.", describe_update(update))
            await sync.loader.load_for(update, asyncio.get_running_loop().time())

    async def _is_done(
        self, update: object, handle: Callable[[object], Awaitable[None]], effects: EffectUnit | None
    ) -> bool:
        """Handle and save an update. Return False, with its changes taken back, if its conversation ended meanwhile."""
        sync, lost, race = self._sync, False, await self._timers.settled(update)
        countable = update if self._options.dedupe and isinstance(update, Update) else None
        if countable and sync.loader.was_handled(countable):
            _LOGGER.info("%s was already handled", describe_update(update))
        else:
            async with sync.unit(update, countable.update_id if countable else None) as unit:
                with self._effects.inside(effects):
                    await self._handle(update, handle)
                if unit and effects:
                    unit.withdraws = effects.failure is not None
                if unit and isinstance(update, Update) and await race.is_lost():
                    lost = True
                    sync.units.withdraw(unit, update.update_id)
        if lost:
            await sync.stage()
        await self._save(update, effects, is_counted=countable is not None)
        return not lost

    async def _save(self, update: object, effects: EffectUnit | None, *, is_counted: bool) -> None:
        if self._options.save == "update":
            await self._sync.commit(needed_by=update)
        elif is_counted:
            await self._sync.stage()
        if effects and effects.failure:  # its handlers have not seen an outcome, so it has to be delivered again
            raise effects.failure

    async def _handle(self, update: object, handle: Callable[[object], Awaitable[None]]) -> None:
        with self._sync.session.window.covered(), self._timers.visible_for(update):
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
