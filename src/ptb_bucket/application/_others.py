"""Data of chats and users that an update does not come from."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, TypeVar

from telegram.ext import Application

from ptb_bucket.state import Record

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable

    from telegram import Bot, Message
    from telegram.ext import CallbackContext, JobQueue

    from ptb_bucket.application._memory import Memory

__all__ = ["BD", "BT", "CCT", "CD", "JQ", "UD", "OthersData"]

BT = TypeVar("BT", bound="Bot")
CCT = TypeVar("CCT", bound="CallbackContext[Any, Any, Any, Any]")
UD = TypeVar("UD")
CD = TypeVar("CD")
BD = TypeVar("BD")
JQ = TypeVar("JQ", bound="JobQueue[Any] | None")


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
        chats = [chat_ids] if isinstance(chat_ids, int) else chat_ids
        users = [user_ids] if isinstance(user_ids, int) else user_ids
        await self._memory.load([*map(Record.chat, chats), *map(Record.user, users)])

    def migrate_chat_data(
        self, message: Message | None = None, old_chat_id: int | None = None, new_chat_id: int | None = None
    ) -> None:
        """Move a chat's data to its new id. See ``Application.migrate_chat_data``.

        Data that cannot be decoded is moved as it is.

        Raises:
            RuntimeError: The data of one of the two is not loaded: an update about the migration loads both; for
                others, call :meth:`load_data` first.
            UnreadableRecordError: One of the two cannot be decoded, and both have data. Nothing is moved.
        """
        ids = _ids(message, old_chat_id, new_chat_id)
        for chat_id in ids:
            if not self._memory.has_loaded(Record.chat(chat_id)):
                raise RuntimeError(
                    f"chat_data[{chat_id}] is not loaded, and moving it would lose it: "
                    f"await application.load_data(chat_ids=[...]) with both ids first."
                )
        if not (len(ids) == 2 and self._memory.move_unreadable(*map(Record.chat, ids))):  # noqa: PLR2004  old, new
            super().migrate_chat_data(message, old_chat_id, new_chat_id)

    def mark_data_for_update_persistence(
        self, chat_ids: int | Collection[int] | None = None, user_ids: int | Collection[int] | None = None
    ) -> None:
        """See ``Application.mark_data_for_update_persistence``."""
        super().mark_data_for_update_persistence(chat_ids, user_ids)
        self._memory.units.claim([*map(Record.chat, _each(chat_ids)), *map(Record.user, _each(user_ids))])

    def drop_chat_data(self, chat_id: int) -> None:
        """See ``Application.drop_chat_data``. What is put there anew is saved."""
        super().drop_chat_data(chat_id)
        self._memory.units.claim([Record.chat(chat_id)])

    def drop_user_data(self, user_id: int) -> None:
        """See ``Application.drop_user_data``. What is put there anew is saved."""
        super().drop_user_data(user_id)
        self._memory.units.claim([Record.user(user_id)])


def _each(ids: int | Collection[int] | None) -> Collection[int]:
    return [ids] if isinstance(ids, int) else ids or ()


def _ids(message: Message | None, old: int | None, new: int | None) -> list[int]:
    """Both ids, as PTB finds them out; what is no id is PTB's to refuse."""
    if message is not None:
        old = message.migrate_from_chat_id or message.chat.id
        new = message.migrate_to_chat_id or message.chat.id
    return [chat_id for chat_id in (old, new) if isinstance(chat_id, int)]
