"""An application's memory and the replica, kept in step: loaded before an update, staged and committed after it."""

from __future__ import annotations

import contextlib
from functools import partial
from typing import TYPE_CHECKING, Any

from ptb_bucket._wording import said
from ptb_bucket.application.sync.live_data import LiveData
from ptb_bucket.application.sync.loader import DataLoader
from ptb_bucket.application.sync.lru import LRU
from ptb_bucket.application.sync.migration import Migration
from ptb_bucket.application.sync.overridden import Overridden
from ptb_bucket.application.sync.stager import Stager
from ptb_bucket.application.sync.units_of_work import Unit, Units, records_in
from ptb_bucket.errors import PTBBucketError, UnsavedError
from ptb_bucket.state import Kind, first_labels

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Iterable
    from contextlib import AbstractAsyncContextManager

    from telegram import Update
    from telegram.ext import Application

    from ptb_bucket.application.options import LiveOptions
    from ptb_bucket.persistence import BucketPersistence
    from ptb_bucket.session import Session
    from ptb_bucket.state import Record

__all__ = ["Sync"]


def _nothing(busy: Collection[Record]) -> list[tuple[Record, Any]]:
    del busy
    return []


class Sync:
    """Keeps one application's memory and the bucket in step.

    Args:
        application: The application whose memory it is. Its error handlers hear of values that cannot be saved.
        options: The application's options.
        persistence: The persistence, of which a subclass may override methods.
        session: The state of the persistence.
        cache_size: How many records are kept in memory, where they can be read again.
    """

    def __init__(
        self,
        application: Application[Any, Any, Any, Any, Any, Any],
        options: LiveOptions,
        persistence: BucketPersistence[Any, Any, Any],
        session: Session,
        cache_size: int,
    ) -> None:
        self._application, self._options, self._persistence, self.session = application, options, persistence, session
        if session.window.interval is None:
            session.window.interval = 0
        overridden, layout = Overridden(persistence), session.location.layout
        if layout.lazy:
            overridden.check_layout(layout.name)
        self.lru = LRU(cache_size)
        self.live = LiveData(application, session, overridden, self.lru)
        self.units = Units(session, self.live.is_changed)
        self.loader = DataLoader(options, self.live, session, overridden)
        self.migration = Migration(self.live)
        self._stager = Stager(self.live, session, overridden, self.migration)
        self.take_timers: Callable[[Collection[Record]], list[tuple[Record, Any]]] = _nothing
        """Takes the timers that handlers and jobs have changed."""
        self.is_loaded = self._was_loaded = False
        self._reported: dict[Record, str] = {}
        session.on_demand = True
        if layout.lazy:
            session.on_refresh = self.live.ptb_refreshes

    # ---------------------------------------------------------------- start

    def prepare(self) -> None:
        """Decide, before PTB loads its data, whether the IDs of handled updates are loaded."""
        replica = self.live.replica
        others = tuple(kind for kind in replica.documents.kinds if kind not in (Kind.UPDATES, Kind.TIMER))
        own = {Kind.UPDATES: self._options.dedupe, Kind.TIMER: self._options.jobs == "bucket"}
        replica.documents.kinds = (*others, *(kind for kind, is_on in own.items() if is_on))

    async def ptb_has_loaded(self) -> None:
        """Complete what PTB has loaded. If it was initialized before, it has kept its memory.

        Raises:
            PTBBucketError: The IDs of handled updates could not be loaded.
        """
        if self.live.keyboards and self.live.is_stored(Kind.CALLBACK):
            self.live.keyboards.loaded()
        await self.loader.load_handled()
        if self._was_loaded:
            await self.loader.forget_what_is_gone()
        self.is_loaded = self._was_loaded = True

    # ---------------------------------------------------------------- an update

    @property
    def _has_units(self) -> bool:
        return self._options.dedupe or self._options.jobs == "bucket"

    def unit(self, update: object, update_id: int | None = None) -> AbstractAsyncContextManager[Unit | None]:
        """Inside, an update's effects are left out of what others save; afterwards, they are saved with its ID.

        Timers need this without ``dedupe``, too: one that is due at once would run before its handler has ended.

        Args:
            update: The update.
            update_id: Its ID; None for work that is not to be remembered.
        """
        if not self._has_units:
            return contextlib.nullcontext()
        end = None if update_id is None else partial(self._note_handled, update_id)
        return self.units.run(update_id, self.live.records_of(update), end)

    def _note_handled(self, update_id: int, unit: Unit) -> None:
        self.live.replica.stage_handled(update_id, unit.records)

    async def load(self, records: Iterable[Record]) -> None:
        """Bring others' data up to date. Raises as :meth:`DataLoader.load`."""
        wanted = [record for record in records if self.live.is_stored(record.kind)]
        self.units.claim(wanted)
        await self.loader.load(wanted)

    # ---------------------------------------------------------------- saving

    async def save_at_interval(self) -> None:
        """Commit, or only stage if the persistence saves on flush; report errors instead of raising them."""
        try:
            if self._options.save == "update" or not self._persistence.on_flush:
                await self.commit()
            else:
                await self.stage()
        except Exception as error:  # noqa: BLE001  PTB's save loop would end
            await self._application.process_error(None, error)

    async def stage(self) -> None:
        """Stage all changes that PTB has marked, and report what cannot be stored."""
        settled = self.units.settled() if self._has_units else contextlib.nullcontext()
        async with self.session.group.held(), settled:
            errors = await self.stage_now()
        for error in errors:
            await self._application.process_error(None, error)
        await self._report()

    async def stage_now(self) -> list[Exception]:
        """Stage all changes that PTB has marked, and the IDs of the updates whose effects they are.

        Records that a running unit may change wait until it has ended. The caller makes sure that no commit begins
        meanwhile. Nothing is awaited before everything is taken: staged values are those of one moment.

        Returns:
            What methods of the persistence raised that a subclass overrides.
        """
        self.live.evict()
        ended = self.units.take()
        busy = self.units.busy()
        calls, errors = self._stager.take(busy and busy - records_in(ended))
        for record, value in self.take_timers(busy and busy - records_in(ended)):
            with contextlib.suppress(PTBBucketError):  # ``replica.unstorable`` has it
                self.live.replica.stage(record, value)
        if calls:
            errors += await self._stager.await_calls(calls)
        for unit in ended:
            self.units.staged(unit)
        return errors

    async def commit(self, *, needed_by: object = None) -> None:
        """Stage and commit.

        Args:
            needed_by: The update that is answered with this commit. Another user's record that cannot be merged does
                not fail it, because it is reported separately. None: any record fails it.

        Raises:
            UnsavedError: Something of that is not durable.
        """
        await self.stage()
        if not self.live.replica.pending:
            return
        try:
            await self.session.group.commit()
        except UnsavedError as error:
            if needed_by is None or not error.records or self._needs(needed_by, error.records):
                raise
            await self._report()
        except PTBBucketError as error:
            raise UnsavedError(f"The changes could not be saved. {error}", causes=[error]) from error

    def check_saved(self, update: Update) -> None:
        """Raise if a commit has left out a change of an update.

        Raises:
            UnsavedError: A record that its handlers can see cannot be merged with the bucket's.
        """
        failures = self.live.replica.failures
        for record in self.live.records_of(update):
            if record in failures:
                error = failures[record]
                raise UnsavedError(
                    f"The changes could not be saved. {said(error)}", causes=[error], records=[record.label]
                ) from error

    @property
    def unsaved(self) -> str:
        """The labels of records that are not durable."""
        return first_labels(record.label for record in self.live.replica.pending) or "the last changes of handlers"

    def _needs(self, update: object, labels: Collection[str]) -> bool:
        return any(record.label in labels for record in self.live.records_of(update))

    async def _report(self) -> None:
        """Report each record that cannot be stored or merged, once until it can be."""
        before, replica = self._reported, self.live.replica
        now: dict[Record, Exception] = {**replica.values.unmerged, **replica.failures, **replica.unstorable}
        self._reported = {record: str(error) for record, error in now.items()}
        for record, error in now.items():
            if before.get(record) != str(error):
                await self._application.process_error(None, error)
