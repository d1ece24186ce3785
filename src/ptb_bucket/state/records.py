"""Records: the unit of change."""

from __future__ import annotations

import enum
import json
from typing import NamedTuple

from ptb_bucket.errors import CannotStoreError, CorruptDocumentError

__all__ = ["BOT_DATA", "CALLBACK_QUERIES", "HANDLED", "HANDLED_LIMIT", "ConversationKey", "Kind", "Record"]

ConversationKey = tuple[int | str, ...]
"""PTB's key of a conversation: one to three chat, user and message ids."""


_SHOWN = 80


class Kind(str, enum.Enum):
    """The kinds of data that PTB persists, by the names that PTB and our documents give them; and one of our own."""

    BOT = "bot_data"
    CHAT = "chat_data"
    USER = "user_data"
    CONVERSATION = "conversations"
    CALLBACK = "callback_data"
    UPDATES = "updates"

    __hash__ = str.__hash__  # Enum's is a function in Python, and every look-up of a record would call it


class Record(NamedTuple):
    """bot_data, one chat's data, one user's data, one conversation's state, one keyboard's callback data."""

    kind: Kind
    id: str

    @property
    def label(self) -> str:
        """How messages name it: ``user_data[42]``. It holds ids, never data."""
        if self == BOT_DATA:
            return self.kind.value
        if self.kind is Kind.CONVERSATION:
            name, key = self.conversation
            return f"{self.kind.value}[{name!r}][{key!r}]"
        return f"{self.kind.value}[{self.id}]"

    @classmethod
    def chat(cls, chat_id: int) -> Record:
        """The record of one chat's data. Raises CannotStoreError for a number that nobody could read again."""
        return cls(Kind.CHAT, _digits(chat_id, Kind.CHAT))

    @classmethod
    def user(cls, user_id: int) -> Record:
        """The record of one user's data. Raises CannotStoreError for a number that nobody could read again."""
        return cls(Kind.USER, _digits(user_id, Kind.USER))

    @classmethod
    def keyboard(cls, uuid: str) -> Record:
        """The record of one inline keyboard's callback data."""
        return cls(Kind.CALLBACK, uuid)

    @classmethod
    def of_conversation(cls, name: str, key: ConversationKey) -> Record:
        """The record of one conversation's state.

        Raises:
            CannotStoreError: The name is not text, or the key holds something else than ``int`` and ``str``.
        """
        if not isinstance(name, str):
            raise CannotStoreError("a handler's name is text", record=Kind.CONVERSATION.value)
        if any(type(part) not in (int, str) for part in key):
            raise CannotStoreError("a conversation key holds int and str only", record=f"conversations[{name!r}]")
        try:
            return cls(Kind.CONVERSATION, json.dumps([name, *key], separators=(",", ":")))
        except ValueError:
            raise CannotStoreError("a number is too long to be an id", record=f"conversations[{name!r}]") from None

    @property
    def conversation(self) -> tuple[str, ConversationKey]:
        """The handler's name and the key, of a conversation's record."""
        try:
            return _name_and_key(json.loads(self.id))
        except (ValueError, TypeError, RecursionError) as error:
            raise CorruptDocumentError(f"{self.id[:_SHOWN]!r} is no conversation; expected [name, id, ...]") from error

    def is_of(self, handler: str) -> bool:
        """Whether it is a conversation of this handler."""
        if self.id.startswith('["'):  # as we write it: it begins with the name, and need not be read to its end
            return self.id.startswith((f"[{json.dumps(handler)},", f"[{json.dumps(handler)}]"))
        return self.conversation[0] == handler

    @property
    def number(self) -> int:
        """The chat's or user's id."""
        try:
            return int(self.id)
        except ValueError as error:
            raise CorruptDocumentError(f"{self.kind.value} has the key {self.id[:_SHOWN]!r}, which is no id") from error


def _digits(number: int, kind: Kind) -> str:
    number = int(number)
    try:
        return str(number)
    except ValueError:
        raise CannotStoreError("the number is too long to be an id", record=kind.value) from None


def _name_and_key(found: list[int | str]) -> tuple[str, ConversationKey]:
    name, *key = found
    if type(found) is not list or type(name) is not str or any(type(part) not in (int, str) for part in key):
        raise TypeError("conversation")
    return name, tuple(key)


BOT_DATA = Record(Kind.BOT, "bot")
CALLBACK_QUERIES = Record(Kind.CALLBACK, "queries")
"""Which keyboard each callback query belongs to; keyboards have 32-digit ids, so it cannot be one of theirs."""

HANDLED = Record(Kind.UPDATES, "handled")
"""The ids of the newest updates whose effects are in the bucket, oldest first."""

HANDLED_LIMIT = 1000
"""How many of them are kept: Telegram sends an update again within minutes, not after a thousand others."""
