"""What an application holds in memory, brought up to date from the bucket before handlers see it."""

from __future__ import annotations

import asyncio
import logging
from contextlib import suppress
from functools import cached_property
from typing import TYPE_CHECKING, Any

from telegram import Update
from telegram.ext import ExtBot, PersistenceInput

from ptb_bucket.session import Backstage
from ptb_bucket.application.overridden import Overridden
from ptb_bucket.application.lru import Recent
from ptb_bucket.application.units import Unit, Units
from ptb_bucket.application.unloaded import UnloadedReports
from ptb_bucket.application.ptb import Conversations, Keyboards, PendingChanges, has_invalid, resolve_again
from ptb_bucket.errors import CannotMergeError, UnreadableRecordError
from ptb_bucket.state import BOT_DATA, CALLBACK_QUERIES, HANDLED, MISSING, Kind, Record
from ptb_bucket._aio import in_turns, paced

if TYPE_CHECKING:
    from collections.abc import Iterable

    from telegram.ext import ConversationHandler

    from ptb_bucket.application.application import BucketApplication
    from ptb_bucket.errors import PTBBucketError
    from ptb_bucket.persistence import BucketPersistence
    from ptb_bucket.state import ConversationKey, Replica

__all__ = ["Refreshed"]

_LOGGER = logging.getLogger("ptb_bucket.application")


def _chats_of(update: object) -> list[int]:
    """Its chat's id, and where a group becomes a supergroup, the other one: a handler will move the data."""
    if not isinstance(update, Update):
        return []
    message, chat = update.effective_message, update.effective_chat
    ids = [chat.id if chat else None]
    ids += [getattr(message, name, None) for name in ("migrate_to_chat_id", "migrate_from_chat_id")]
    return [chat_id for chat_id in dict.fromkeys(ids) if chat_id is not None]


def _log(errors: Iterable[PTBBucketError]) -> None:
    for error in errors:
        _LOGGER.error("Not loaded: %s", error)


def _raise_first(errors: Iterable[PTBBucketError]) -> None:
    for error in errors:
        raise error


class Refreshed:
    """The live data of one application, as the bucket has it, with what is unsaved here on top.

    Args:
        application: Whose memory it is.
        persistence: Where it is kept.
        size: How many records are kept, where they can be read again.
    """

    def __init__(
        self,
        application: BucketApplication[Any, Any, Any, Any, Any, Any],
        persistence: BucketPersistence[Any, Any, Any],
        size: int,
    ) -> None:
        self._application = application
        self._persistence = persistence
        self.pending = PendingChanges(application)
        self.overridden = Overridden(persistence)
        self._unloaded = UnloadedReports()
        self.backstage = Backstage(persistence)
        if persistence.refresh_interval is None:
            self.backstage.rounds.interval = 0
        self.conversations = Conversations(application)
        cache = application.bot.callback_data_cache if isinstance(application.bot, ExtBot) else None
        self._keyboards = None if cache is None else Keyboards(cache)
        self.recent = Recent(size)
        self.units = Units(self._is_changed, self._begin_unit, self._extend_unit, self._fail_unit)
        self.backstage.load_on_demand(self._noticed)
        if self.backstage.is_lazy:
            self.overridden.check_layout(self.backstage.layout)
            for kind in (Kind.CHAT, Kind.USER):
                self.pending.watch(kind, self._use, self._missed)

    @cached_property
    def replica(self) -> Replica:
        """The state engine."""
        return self.backstage.opened.replica

    def remember_updates(self, wanted: bool) -> None:  # noqa: FBT001  the setting, passed on
        """Say whether the ids of handled updates are loaded."""
        others = tuple(kind for kind in self.replica.kinds if kind is not Kind.UPDATES)
        self.replica.kinds = (*others, Kind.UPDATES) if wanted else others

    async def refresh(self, update: object) -> None:
        """Bring up to date what this update's handlers can see: one read round.

        Raises:
            StoreError, DocumentError: The bucket could not tell. Nothing is changed.
            UnreadableRecordError, CannotMergeError: One of these records cannot be decoded, or code of the bot's own
                raised an error. Only updates that need this record fail.
        """
        invalid = self._keyboards is not None and has_invalid(update)
        data, conversations = self._data_of(update), self.conversations.of(update)
        records = [*data, *(one.record for one in conversations), *self._keyboards_of(update, invalid=invalid)]
        for record in records:
            self._use(record)
        await self.replica.refresh([*records, *self._handled_if_wanted()], self._since())
        for record in data:
            self._merge(record)
        for one in conversations:
            one.refresh(self.replica)
        if invalid and self._keyboards and isinstance(update, Update):
            pressed = self._keyboards.pressed(update)
            failed = self._keyboards.refresh(self.replica)
            _raise_first(failed[record] for record in pressed if record in failed)
            resolve_again(update, self._keyboards.cache)
        elif self._keyboards and CALLBACK_QUERIES in records:
            self._keyboards.refresh_queries(self.replica)

    def records_of(self, update: object) -> list[Record]:
        """Return the records that this update's handlers can see."""
        invalid = self._keyboards is not None and has_invalid(update)
        conversations = (one.record for one in self.conversations.of(update))
        return [*self._data_of(update), *conversations, *self._keyboards_of(update, invalid=invalid)]

    async def is_still_due(
        self, handler: ConversationHandler[Any], key: ConversationKey, update: object, job: object
    ) -> bool:
        """Whether a conversation's timeout means the state that the conversation is in. Raises as :meth:`refresh`."""
        if not self.conversations.waits_for(job, handler, key):
            return False
        before = self.conversations.state(handler, key)
        await self.refresh(update)
        is_where_it_was = self.conversations.state(handler, key) is before
        return is_where_it_was and self.conversations.waits_for(job, handler, key)

    async def load(self, records: list[Record]) -> None:
        """Bring somebody's data up to date. Raises as :meth:`refresh`, after all others are up to date."""
        wanted = [record for record in records if self._is_stored(record.kind)]
        self.units.claim(wanted)
        for record in wanted:
            self._use(record)
        await self.replica.refresh(wanted, self._since())
        _raise_first([error for record in wanted if (error := self._failed_merge(record))])
        await self._refresh_overridden(wanted)

    async def _refresh_overridden(self, records: Iterable[Record]) -> None:
        """Await what a subclass does to live data that was brought up to date; it costs no second read."""
        if not self.overridden.is_any:
            return
        with self.backstage.rounds.covered():
            for record in records:
                if (refresh := self.overridden.refresh(record)) is not None:
                    await refresh(self._live(record))()

    def has_loaded(self, record: Record) -> bool:
        """Whether somebody's data is here, if there is any, or is known to be unreadable."""
        return not self._is_stored(record.kind) or self.replica.has_read(record) or record in self.replica.unreadable

    async def refresh_all(self) -> None:
        """Bring up to date all that can be here. A record that fails stays as it is, and is logged.

        Raises as :meth:`refresh`, about bot_data.
        """
        others = [record for kind in (Kind.CONVERSATION, Kind.CALLBACK) for record in self.replica.records(kind)]
        await self.replica.refresh([*await self._everything(), *others], asyncio.get_running_loop().time())
        refreshed: list[Record] = []
        async for record in paced(await self._everything()):
            if record == BOT_DATA:
                self._merge(record)
            elif (error := self._failed_merge(record)) is not None:
                _log([error])
                continue
            refreshed.append(record)
        await self._refresh_overridden(refreshed)
        _log(self.conversations.refresh_all(self.replica).values())
        self._refresh_keyboards()

    async def forget_what_is_gone(self) -> None:
        """After a re-initialise: PTB kept what it had; what the bucket no longer has is emptied in place."""
        async for record in paced(await self._everything()):
            if record != BOT_DATA:
                self._empty_if_gone(record)
        self.conversations.forget_what_is_gone(self.replica)
        self._refresh_keyboards()

    def _refresh_keyboards(self) -> None:
        if self._keyboards and self._stored.callback_data:
            _log(self._keyboards.refresh(self.replica).values())

    def _empty_if_gone(self, record: Record) -> None:
        with suppress(UnreadableRecordError, CannotMergeError):  # not gone; the next update that needs it fails
            if self.replica.give(record) is MISSING:
                self.replica.empty(record, self._live(record))

    @property
    def _stored(self) -> PersistenceInput:
        return self._persistence.store_data

    def _since(self) -> float:
        return asyncio.get_running_loop().time() - (self.backstage.rounds.interval or 0)

    def _is_stored(self, kind: Kind) -> bool:
        return kind in self.replica.kinds

    def _data_of(self, update: object) -> list[Record]:
        user = update.effective_user if isinstance(update, Update) else None
        found = [BOT_DATA, *map(Record.chat, _chats_of(update)), *([Record.user(user.id)] if user else [])]
        return [record for record in found if self._is_stored(record.kind)]

    def _keyboards_of(self, update: object, *, invalid: bool) -> list[Record]:
        if self._keyboards is None or not isinstance(update, Update) or not self._is_stored(Kind.CALLBACK):
            return []
        if self.backstage.is_lazy:
            return self._keyboards.needed(update, invalid=invalid)
        return [CALLBACK_QUERIES] if invalid else []

    async def _everything(self) -> list[Record]:
        on = {Kind.CHAT: self._stored.chat_data, Kind.USER: self._stored.user_data}
        found = [BOT_DATA] if self._stored.bot_data else []
        for kind in (Kind.CHAT, Kind.USER):
            if on[kind]:
                live = await in_turns(Record(kind, str(number)) for number in list(self.pending.live[kind]))
                found += {*live, *self.replica.records(kind)}
        return found

    def _merge(self, record: Record) -> None:
        """Into the live object; none is made if there is no data here and in the bucket, or unreadable data."""
        if self._is_live(record) or self.replica.is_stored(record):
            if not self._is_live(record):
                self.replica.check_readable(record)
            self.replica.merge_into(record, self._live(record))
        else:
            self.replica.give(record)  # nothing: what is put there from now on is put where nothing was

    def _failed_merge(self, record: Record) -> PTBBucketError | None:
        try:
            self._merge(record)
        except (UnreadableRecordError, CannotMergeError) as error:
            return error
        return None

    def _is_live(self, record: Record) -> bool:
        if record == BOT_DATA:
            return True
        return record.number in self.pending.live[record.kind]

    def _live(self, record: Record) -> Any:
        if record == BOT_DATA:
            return self._application.bot_data
        return self.pending.make(record)

    def _begin_unit(self, unit: Unit) -> None:
        if unit.id is not None:
            self.replica.begin(unit.id, unit.records)

    def _extend_unit(self, unit: Unit) -> None:
        if unit.id is not None:
            self.replica.extend(unit.id, unit.records)

    def _fail_unit(self, unit: Unit) -> None:
        if unit.id is not None:
            self.replica.end(unit.id)

    def _is_changed(self, record: Record) -> bool:
        if record.kind not in (Kind.BOT, Kind.CHAT, Kind.USER):
            return False
        live = self._application.bot_data if record == BOT_DATA else self.pending.peek(record)
        return live is not MISSING and not self.replica.is_held(record, live)

    def _missed(self, record: Record) -> None:
        """Report who takes data that nobody has loaded, and that is not known to be absent."""
        if self._is_stored(record.kind) and not self.has_loaded(record):
            self._unloaded.report(record)

    def _use(self, record: Record) -> None:
        if self.backstage.is_lazy and record != BOT_DATA and self._is_stored(record.kind):
            self.recent.use(record)

    def _noticed(self, record: Record) -> None:
        """PTB refreshes it: for an update, which is under way, or for a job, which is from now on."""
        self._use(record)
        if not self.backstage.rounds.is_covered:
            self.recent.works(asyncio.current_task())

    def _handled_if_wanted(self) -> Iterable[Record]:
        return [HANDLED] if self._application.dedupe else []

    async def check_handled(self) -> None:
        """Decode the ids of handled updates at start: without them, no update can be handled.

        Raises as :meth:`refresh`.
        """
        if self._application.dedupe:
            await self.replica.refresh([HANDLED], None)
            self.replica.check_readable(HANDLED)

    def knows(self, update: Update) -> bool:
        """Whether this update was handled already, here or elsewhere; the replica was refreshed before."""
        handled = self.replica.give(HANDLED)
        return handled is not MISSING and update.update_id in handled
