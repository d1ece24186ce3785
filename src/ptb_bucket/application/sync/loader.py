"""From the bucket into PTB's memory: live objects are brought up to date before handlers see them."""

from __future__ import annotations

import asyncio
import logging
from contextlib import suppress
from functools import partial
from typing import TYPE_CHECKING, Any

from telegram import Update

from ptb_bucket._aio import paced
from ptb_bucket.errors import CannotMergeError, UnreadableRecordError
from ptb_bucket.state import ANY_TIMER, BOT_DATA, CALLBACK_QUERIES, HANDLED, MISSING, Kind, Record

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable

    from telegram.ext import ConversationHandler

    from ptb_bucket.application.options import LiveOptions
    from ptb_bucket.application.sync.live_data import LiveData
    from ptb_bucket.application.sync.overridden import Overridden
    from ptb_bucket.errors import PTBBucketError
    from ptb_bucket.session import Session
    from ptb_bucket.state import ConversationKey

__all__ = ["DataLoader"]

_LOGGER = logging.getLogger("ptb_bucket.application")


def _log(errors: Iterable[PTBBucketError]) -> None:
    for error in errors:
        _LOGGER.error("%s", error)


def _raise_first(errors: Iterable[PTBBucketError]) -> None:
    for error in errors:
        raise error


class DataLoader:
    """Loads records into live objects, in which unsaved changes survive.

    Args:
        options: The application's options.
        live: The live objects.
        session: The state in the bucket.
        overridden: The methods of the persistence that a subclass overrides.
    """

    def __init__(self, options: LiveOptions, live: LiveData, session: Session, overridden: Overridden) -> None:
        self._options, self._live, self._session, self._overridden = options, live, session, overridden

    async def load_for(self, update: object, since: float | None = None) -> None:
        """Bring up to date what an update's handlers can see, with one round of reads.

        Args:
            update: The update.
            since: Read what was not read since this time, on the loop's clock; None: as ``refresh_interval`` says.

        Raises:
            StoreError, DocumentError: The bucket could not be read. Nothing is changed.
            UnreadableRecordError, CannotMergeError: One of these records cannot be decoded, or code of the bot's own
                raised an error. Only updates that need this record fail.
        """
        live, replica = self._live, self._live.replica
        invalid = live.keyboards is not None and live.keyboards.has_invalid(update)
        data, conversations = live.data_of(update), live.conversations.of(update)
        records = [*data, *(one.record for one in conversations), *live.keyboards_of(update, invalid=invalid)]
        live.use(records)
        handled = [HANDLED] if self._options.dedupe else []
        if self._options.jobs == "bucket" and not self._session.location.layout.lazy:
            handled.append(ANY_TIMER)
        await replica.documents.refresh([*records, *handled], self._since() if since is None else since)
        for record in data:
            self._merge(record)
        for one in conversations:
            one.take_stored(replica)
        if invalid and live.keyboards and isinstance(update, Update):
            pressed = live.keyboards.pressed(update)
            failed = live.keyboards.take_stored(replica)
            _raise_first(failed[record] for record in pressed if record in failed)
            live.keyboards.resolve_again(update)
        elif live.keyboards and CALLBACK_QUERIES in records:
            live.keyboards.take_stored_queries(replica)

    async def is_still_due(
        self, handler: ConversationHandler[Any], key: ConversationKey, update: object, job: object
    ) -> bool:
        """Tell whether a timeout is for the state that its conversation is in. Raises as :meth:`load_for`."""
        conversations = self._live.conversations
        if not conversations.waits_for(job, handler, key):
            return False
        before = conversations.state(handler, key)
        await self.load_for(update)
        is_where_it_was = conversations.state(handler, key) is before
        return is_where_it_was and conversations.waits_for(job, handler, key)

    async def load(self, records: Collection[Record]) -> None:
        """Bring some data up to date. Raises as :meth:`load_for`, after all others are up to date."""
        self._live.use(records)
        await self._live.replica.documents.refresh(records, self._since())
        _raise_first([error for record in records if (error := self._failed_merge(record))])
        await self._await_overridden(records)

    async def load_all(self) -> None:
        """Bring everything up to date that can be here. A record that fails stays as it is, and is logged.

        Raises as :meth:`load_for`, about bot_data.
        """
        replica = self._live.replica
        others = [record for kind in (Kind.CONVERSATION, Kind.CALLBACK) for record in replica.documents.records(kind)]
        await replica.documents.refresh([*await self._live.everything(), *others], asyncio.get_running_loop().time())
        loaded: list[Record] = []
        async for record in paced(await self._live.everything()):
            if record == BOT_DATA:
                self._merge(record)
            elif (error := self._failed_merge(record)) is not None:
                _log([error])
                continue
            loaded.append(record)
        await self._await_overridden(loaded)
        _log(self._live.conversations.take_all_stored(replica).values())
        self._load_keyboards()

    async def _await_overridden(self, records: Iterable[Record]) -> None:
        """Await what a subclass does to live data that was brought up to date; this costs no second read."""
        if not self._overridden.is_any:
            return
        with self._session.window.covered():
            for record in records:
                if (refresh := self._overridden.refresh(record)) is not None:
                    await refresh(self._live.get(record))()

    async def forget_what_is_gone(self) -> None:
        """Empty in place what the bucket no longer has: PTB keeps its memory when it is initialized again."""
        async for record in paced(await self._live.everything()):
            if record != BOT_DATA:
                self._empty_if_gone(record)
        self._live.conversations.forget_what_is_gone(self._live.replica)
        self._load_keyboards()

    def _empty_if_gone(self, record: Record) -> None:
        replica = self._live.replica
        with suppress(UnreadableRecordError, CannotMergeError):  # not gone; the next update that needs it fails
            if replica.values.load(record) is MISSING:
                replica.values.clear(record, self._live.get(record))

    def _load_keyboards(self) -> None:
        if self._live.keyboards and self._live.is_stored(Kind.CALLBACK):
            _log(self._live.keyboards.take_stored(self._live.replica).values())

    def _since(self) -> float:
        return asyncio.get_running_loop().time() - (self._session.window.interval or 0)

    def _merge(self, record: Record) -> None:
        """Merge into the live object; none is made where data is absent or unreadable."""
        replica = self._live.replica
        live = self._live.peek(record)
        if live is MISSING:
            if not replica.documents.is_stored(record):
                replica.values.load(record)  # loads nothing: values that are added from now on are new
                return
            replica.values.check_readable(record)
            live = self._live.get(record)
        # Handlers of several users have bot_data at once, so it is never replaced.
        replace = None if record == BOT_DATA else partial(self._live.pending.put, record)
        replica.values.merge_into(record, live, replace)

    def _failed_merge(self, record: Record) -> PTBBucketError | None:
        try:
            self._merge(record)
        except (UnreadableRecordError, CannotMergeError) as error:
            return error
        return None

    # ---------------------------------------------------------------- handled updates

    async def load_handled(self) -> None:
        """Load the IDs of handled updates at start, if they count: without them, no update can be handled.

        Raises as :meth:`load_for`.
        """
        if not self._options.dedupe:
            return
        await self._live.replica.documents.refresh([HANDLED], None)
        self._live.replica.values.check_readable(HANDLED)

    def was_handled(self, update: Update) -> bool:
        """Tell whether an update was handled already, here or elsewhere, as far as the replica knows."""
        handled = self._live.replica.values.load(HANDLED)
        return handled is not MISSING and update.update_id in handled
