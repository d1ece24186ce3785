"""Data of chats and users that an update does not come from."""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING

from telegram.ext import Application

from ptb_bucket.application.ptb import BD, BT, CCT, CD, JQ, UD
from ptb_bucket.state import Record

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable

    from telegram import Message

    from ptb_bucket.application.save import Memory

__all__ = ["OthersData"]

_LOGGER = logging.getLogger("ptb_bucket.application")


class OthersData(Application[BT, CCT, UD, CD, BD, JQ]):
    """The part of BucketApplication that handlers call for others' data."""

    _memory: Memory

    async def load_data(self, chat_ids: int | Iterable[int] = (), user_ids: int | Iterable[int] = ()) -> None:
        """Bring ``chat_data`` and ``user_data`` of others up to date, before a handler or job looks at them.

        An update's own chat and user are always up to date. With the layout ``per-record``, all others are only there
        after this call. What a handler changes of them is saved after ``mark_data_for_update_persistence``.

        Args:
            chat_ids: Whose ``chat_data``.
            user_ids: Whose ``user_data``.

        Raises:
            StoreError, DocumentError: The bucket could not tell. Nothing is changed.
        """
        await self._memory.load(_records(chat_ids, user_ids))

    def migrate_chat_data(
        self, message: Message | None = None, old_chat_id: int | None = None, new_chat_id: int | None = None
    ) -> None:
        """Move a chat's data to its new id. See ``Application.migrate_chat_data``.

        Telegram reports a migration in both chats, and may deliver each report again. So where the new chat has data,
        nothing is moved, and that is logged, if the old one has none, or if this process moved it before: what is
        there now was put there by later handlers. Data that cannot be decoded is moved as it is.

        Raises:
            ValueError: As PTB raises it. Nothing is moved.
            RuntimeError: The data of one of the two is not loaded: an update about the migration loads both; for
                others, call :meth:`load_data` first.
            UnreadableRecordError: One of the two cannot be decoded, and both have data. Nothing is moved.
        """
        ids = _ids(message, old_chat_id, new_chat_id)
        if ids is None:
            super().migrate_chat_data(message, old_chat_id, new_chat_id)  # PTB says what is wrong
        elif ids[0] != ids[1]:
            self._migrate(*ids)

    def _migrate(self, old_id: int, new_id: int) -> None:
        old, new = Record.chat(old_id), Record.chat(new_id)
        self._check_loaded(old, new)
        if self._memory.would_lose(old, new):
            _LOGGER.info("%s has no data that was not moved before: %s is left as it is", old.label, new.label)
            super().drop_chat_data(old_id)
        elif not self._memory.move_unreadable(old, new):
            super().migrate_chat_data(old_chat_id=old_id, new_chat_id=new_id)
        self._memory.moved(old, new)

    def _check_loaded(self, *records: Record) -> None:
        for record in records:
            if not self._memory.has_loaded(record):
                raise RuntimeError(
                    f"{record.label} is not loaded, and moving it would lose it: "
                    f"await application.load_data(chat_ids=[...]) with both ids first."
                )

    def mark_data_for_update_persistence(
        self, chat_ids: int | Collection[int] | None = None, user_ids: int | Collection[int] | None = None
    ) -> None:
        """See ``Application.mark_data_for_update_persistence``."""
        super().mark_data_for_update_persistence(chat_ids, user_ids)
        self._memory.units.claim(_records(chat_ids, user_ids))

    def drop_chat_data(self, chat_id: int) -> None:
        """See ``Application.drop_chat_data``. What is put there anew is saved."""
        super().drop_chat_data(chat_id)
        self._memory.units.claim([Record.chat(chat_id)])

    def drop_user_data(self, user_id: int) -> None:
        """See ``Application.drop_user_data``. What is put there anew is saved."""
        super().drop_user_data(user_id)
        self._memory.units.claim([Record.user(user_id)])


def _records(chat_ids: int | Iterable[int] | None, user_ids: int | Iterable[int] | None) -> list[Record]:
    return [*map(Record.chat, _each(chat_ids)), *map(Record.user, _each(user_ids))]


def _each(ids: int | Iterable[int] | None) -> Iterable[int]:
    return [ids] if isinstance(ids, int) else ids or ()


def _ids(message: Message | None, old: int | None, new: int | None) -> tuple[int, int] | None:
    """Return both ids as PTB finds them; None for arguments that PTB refuses."""
    if message and not (old or new):
        ids = message.migrate_from_chat_id or message.chat.id, message.migrate_to_chat_id or message.chat.id
        return ids if (message.migrate_from_chat_id, message.migrate_to_chat_id) != (None, None) else None
    if message or not (old or new):
        return None
    return (int(old), int(new)) if isinstance(old, int) and isinstance(new, int) else None
