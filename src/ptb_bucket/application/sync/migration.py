"""A chat's data under its new ID, where a group becomes a supergroup."""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING

from ptb_bucket.state import MISSING, Kind, Record

if TYPE_CHECKING:
    from typing import Protocol

    from telegram import Message

    from ptb_bucket.application.sync.live_data import LiveData

    class Move(Protocol):
        """``Application.migrate_chat_data`` of PTB."""

        def __call__(self, *, old_chat_id: int, new_chat_id: int) -> None: ...

    class Drop(Protocol):
        """``Application.drop_chat_data`` of PTB."""

        def __call__(self, chat_id: int) -> None: ...


__all__ = ["Migration", "migration_ids"]

_LOGGER = logging.getLogger("ptb_bucket.application")


class Migration:
    """Moves chats' data so that nothing is lost, although Telegram may report each migration several times.

    Args:
        live: The live objects.
    """

    def __init__(self, live: LiveData) -> None:
        self._live = live
        self._moved: dict[Record, Record] = {}

    def __contains__(self, record: Record) -> bool:
        """Tell whether this process moved a chat's data away: data that is added to it later is not saved."""
        return record in self._moved

    def migrate(self, old: Record, new: Record, *, move: Move, drop: Drop) -> None:
        """Move a chat's data, unless that would only replace data.

        Args:
            old: The record under the old ID.
            new: The record under the new ID.
            move: PTB's own method that moves live data.
            drop: PTB's own method that drops live data.

        Raises:
            RuntimeError: One of the two is not loaded.
            UnreadableRecordError: One of the two cannot be decoded, and both have data. Nothing is moved.
        """
        self._check_loaded(old, new)
        if self._would_lose(old, new):
            _LOGGER.info("%s has no data or was already migrated, so %s keeps its data", old.label, new.label)
            drop(old.number)
        elif not self._move_unreadable(old, new):
            move(old_chat_id=old.number, new_chat_id=new.number)
        self._moved.pop(new, None)
        self._moved[old] = new

    def _check_loaded(self, *records: Record) -> None:
        for record in records:
            if not self._live.has_loaded(record):
                raise RuntimeError(
                    f"{record.label} can't be migrated because it is not loaded. Call await "
                    "application.load_data(chat_ids=[...]) with both IDs first."
                )

    def _would_lose(self, old: Record, new: Record) -> bool:
        """Tell whether moving would only replace data: the old chat's is moved already, or empty."""
        return self._has_data(new) and (not self._has_data(old) or self._moved.get(old) == new)

    def _has_data(self, record: Record) -> bool:
        """Tell whether there is data of a chat that is not just the empty default, or cannot be decoded."""
        replica = self._live.replica
        if record in replica.values.unreadable:
            return True
        live = self._live.peek(record)
        try:
            return live is not MISSING and replica.documents.merger.encode(record, live) is not None
        except Exception:  # noqa: BLE001  a value that cannot be stored is not empty
            return True

    def _move_unreadable(self, old: Record, new: Record) -> bool:
        """Move data as it is stored, if it cannot be decoded; return whether it was."""
        if not self._live.is_stored(Kind.CHAT):
            return False
        self._live.replica.values.check_readable(new)
        return self._live.replica.move(old, new)


def migration_ids(message: Message | None, old: int | None, new: int | None) -> tuple[int, int] | None:
    """Return both IDs as PTB finds them; None for arguments that PTB refuses."""
    if message and not (old or new):
        ids = message.migrate_from_chat_id or message.chat.id, message.migrate_to_chat_id or message.chat.id
        return ids if (message.migrate_from_chat_id, message.migrate_to_chat_id) != (None, None) else None
    if message or not (old or new):
        return None
    return (int(old), int(new)) if isinstance(old, int) and isinstance(new, int) else None
