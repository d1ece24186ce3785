"""The data of one application in PTB's own memory, found by record."""

from __future__ import annotations

import asyncio
from functools import cached_property
from typing import TYPE_CHECKING, Any

from telegram import Update
from telegram.ext import ExtBot

from ptb_bucket._aio import in_turns
from ptb_bucket.application.ptb import Conversations, PendingChanges
from ptb_bucket.application.sync.unloaded import UnloadedReports
from ptb_bucket.state import BOT_DATA, CALLBACK_QUERIES, MISSING, Kind, Record

if TYPE_CHECKING:
    from collections.abc import Iterable

    from telegram.ext import Application, CallbackDataCache

    from ptb_bucket.application.ptb import Keyboards
    from ptb_bucket.application.sync.lru import LRU
    from ptb_bucket.application.sync.overridden import Overridden
    from ptb_bucket.session import Session
    from ptb_bucket.state import Replica

__all__ = ["LiveData", "records_of_ids"]


class LiveData:
    """The live objects of one application: bot, chat and user data, conversation states and callback data.

    Args:
        application: The application whose memory it is.
        session: The state in the bucket.
        overridden: The methods of the persistence that a subclass overrides.
        lru: Records in the order of their last use.
    """

    def __init__(
        self, application: Application[Any, Any, Any, Any, Any, Any], session: Session, overridden: Overridden, lru: LRU
    ) -> None:
        self._application, self._session, self._overridden, self.lru = application, session, overridden, lru
        self.pending = PendingChanges(application)
        self.conversations = Conversations(application)
        cache = application.bot.callback_data_cache if isinstance(application.bot, ExtBot) else None
        self.keyboards = None if cache is None else _keyboards(cache)
        self._unloaded = UnloadedReports()
        self._is_lazy = session.location.layout.lazy
        if self._is_lazy:
            for kind in (Kind.CHAT, Kind.USER):
                self.pending.watch(kind, lambda record: self.use([record]), self._missed)

    # ---------------------------------------------------------------- by record

    @cached_property
    def replica(self) -> Replica:
        """The state engine, which there is when the bot is set."""
        return self._session.replica

    def is_stored(self, kind: Kind) -> bool:
        """Tell whether a kind of data is stored in the bucket."""
        return kind in self.replica.documents.kinds

    def peek(self, record: Record) -> Any:
        """Return bot, chat or user data, and make none; MISSING if there is none."""
        return self._application.bot_data if record == BOT_DATA else self.pending.peek(record)

    def get(self, record: Record) -> Any:
        """Return bot, chat or user data, which is made as PTB makes it if there is none."""
        return self._application.bot_data if record == BOT_DATA else self.pending.make(record)

    def is_changed(self, record: Record) -> bool:
        """Tell whether bot, chat or user data has changes that are not staged."""
        if record.kind not in (Kind.BOT, Kind.CHAT, Kind.USER):
            return False
        live = self.peek(record)
        return live is not MISSING and not self.replica.values.is_known(record, live)

    def has_loaded(self, record: Record) -> bool:
        """Tell whether a record's data was loaded, if there is any, or is known to be unreadable."""
        replica = self.replica
        is_unreadable = record in replica.values.unreadable
        return not self.is_stored(record.kind) or replica.documents.has_read(record) or is_unreadable

    # ---------------------------------------------------------------- of an update

    def records_of(self, update: object) -> list[Record]:
        """Return the records that an update's handlers can see."""
        invalid = self.keyboards is not None and self.keyboards.has_invalid(update)
        conversations = (one.record for one in self.conversations.of(update))
        return [*self.data_of(update), *conversations, *self.keyboards_of(update, invalid=invalid)]

    def data_of(self, update: object) -> list[Record]:
        """Return the records of the bot, chat and user data that an update's handlers can see."""
        user = update.effective_user if isinstance(update, Update) else None
        found = [BOT_DATA, *map(Record.chat, _chats_of(update)), *([Record.user(user.id)] if user else [])]
        kinds = self.replica.documents.kinds
        return [record for record in found if record.kind in kinds]

    def keyboards_of(self, update: object, *, invalid: bool) -> list[Record]:
        """Return the records of the callback data that has to be known before an update is handled.

        Args:
            update: The update.
            invalid: It contains callback data that PTB's cache does not know.
        """
        if self.keyboards is None or not isinstance(update, Update) or not self.is_stored(Kind.CALLBACK):
            return []
        if self._is_lazy:
            return self.keyboards.needed(update, invalid=invalid)
        return [CALLBACK_QUERIES] if invalid else []

    async def everything(self) -> list[Record]:
        """Return the records of all bot, chat and user data here, and in the bucket as far as it was read."""
        found = [BOT_DATA] if self.is_stored(Kind.BOT) else []
        for kind in (Kind.CHAT, Kind.USER):
            if self.is_stored(kind):
                live = await in_turns(Record(kind, str(number)) for number in list(self.pending.live[kind]))
                found += {*live, *self.replica.documents.records(kind)}
        return found

    # ---------------------------------------------------------------- what is used, and what may go

    def use(self, records: Iterable[Record]) -> None:
        """Note that records are used now."""
        if self._is_lazy:
            for record in records:
                if record != BOT_DATA and self.is_stored(record.kind):
                    self.lru.use(record)

    def ptb_refreshes(self, record: Record) -> None:
        """Note that PTB refreshes a record: for an update, which pins its records, or for a job, which does so now."""
        self.use([record])
        if not self._session.window.is_covered:
            self.lru.pin_for_task(asyncio.current_task())

    def _missed(self, record: Record) -> None:
        """Report code that takes data that was not loaded and is not known to be absent."""
        if self.is_stored(record.kind) and not self.has_loaded(record):
            self._unloaded.report(record)

    def evict(self) -> None:
        """Remove from memory what was not used for long and is saved."""
        for record in [one for one in self.lru.surplus() if self._forget(one)]:
            self.lru.gone(record)
            if record.kind in (Kind.CHAT, Kind.USER):
                self.pending.forget(record)

    def _forget(self, record: Record) -> bool:
        replica = self.replica
        if record.kind is Kind.CONVERSATION:
            return self.conversations.forget(record, replica)
        if record.kind is Kind.CALLBACK:
            return not (self.keyboards and self.keyboards.holds(record)) and replica.forget(record)
        return self._is_saved(record) and replica.forget(record)

    def _is_saved(self, record: Record) -> bool:
        live = self.pending.peek(record)
        if live is MISSING:
            return True
        if self._overridden.update(record) is not None:  # the stored value need not equal the live one
            return not self.pending.is_marked(record)
        return self.replica.values.is_known(record, live)


def _chats_of(update: object) -> list[int]:
    """Return the ID of an update's chat, and of the other one where a group becomes a supergroup: its data is moved."""
    if not isinstance(update, Update):
        return []
    message, chat = update.effective_message, update.effective_chat
    ids = [chat.id if chat else None]
    ids += [getattr(message, name, None) for name in ("migrate_to_chat_id", "migrate_from_chat_id")]
    return [chat_id for chat_id in dict.fromkeys(ids) if chat_id is not None]


def records_of_ids(chat_ids: int | Iterable[int] | None, user_ids: int | Iterable[int] | None) -> list[Record]:
    """Return the records of chats' and users' data."""
    return [*map(Record.chat, _each(chat_ids)), *map(Record.user, _each(user_ids))]


def _each(ids: int | Iterable[int] | None) -> Iterable[int]:
    return [ids] if isinstance(ids, int) else ids or ()


def _keyboards(cache: CallbackDataCache) -> Keyboards:
    from ptb_bucket.application.ptb import Keyboards  # noqa: PLC0415  few bots have such a cache

    return Keyboards(cache)
