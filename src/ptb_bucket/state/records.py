"""Records: the unit of change."""

from __future__ import annotations

import enum
import json
from typing import TYPE_CHECKING, Final, NamedTuple

from ptb_bucket.errors import CannotStoreError, CorruptDocumentError

if TYPE_CHECKING:
    from collections.abc import Iterable

__all__ = [
    "BOT_DATA",
    "CALLBACK_QUERIES",
    "HANDLED",
    "HANDLED_LIMIT",
    "ConversationKey",
    "Kind",
    "Record",
    "first_labels",
]

ConversationKey = tuple[int | str, ...]
"""PTB's key of a conversation: one to three chat, user and message IDs."""


_SHOWN = 80


class Kind(str, enum.Enum):
    """The kinds of data that PTB persists, by their names in PTB and in documents; and one kind of ptb-bucket."""

    BOT = "bot_data"
    CHAT = "chat_data"
    USER = "user_data"
    CONVERSATION = "conversations"
    CALLBACK = "callback_data"
    UPDATES = "updates"

    __hash__ = str.__hash__  # Enum's is written in Python, and every look-up of a record would call it


class Record(NamedTuple):
    """The name of a record: bot_data, data of a chat or user, a conversation's state, a keyboard's callback data."""

    kind: Kind
    id: str

    @property
    def label(self) -> str:
        """Its name in messages, such as ``user_data[42]``. It contains IDs, never data."""
        if self == BOT_DATA:
            return self.kind.value
        if self.kind is Kind.CONVERSATION:
            name, key = self.conversation
            return f"{self.kind.value}[{name!r}][{key!r}]"
        return f"{self.kind.value}[{self.id}]"

    @classmethod
    def chat(cls, chat_id: int) -> Record:
        """Return the record of a chat. Raises CannotStoreError if the number has too many digits to be read again."""
        return cls(Kind.CHAT, _digits(chat_id, Kind.CHAT))

    @classmethod
    def user(cls, user_id: int) -> Record:
        """Return the record of a user. Raises CannotStoreError if the number has too many digits to be read again."""
        return cls(Kind.USER, _digits(user_id, Kind.USER))

    @classmethod
    def keyboard(cls, uuid: str) -> Record:
        """Return the record of an inline keyboard's callback data."""
        return cls(Kind.CALLBACK, uuid)

    @classmethod
    def of_conversation(cls, name: str, key: ConversationKey) -> Record:
        """Return the record of a conversation's state.

        Raises:
            CannotStoreError: The name is not a string, or the key contains other values than ``int`` and ``str``.
        """
        if not isinstance(name, str):
            raise CannotStoreError("the conversation handler name must be a string", record=Kind.CONVERSATION.value)
        if any(type(part) not in (int, str) for part in key):
            raise CannotStoreError("a conversation key can only contain int and str", record=f"conversations[{name!r}]")
        try:
            return cls(Kind.CONVERSATION, json.dumps([name, *key], separators=(",", ":")))
        except ValueError:
            raise CannotStoreError(
                "a number has too many digits for an ID", record=f"conversations[{name!r}]"
            ) from None

    @property
    def conversation(self) -> tuple[str, ConversationKey]:
        """The name of the handler and the key of the conversation."""
        try:
            return _name_and_key(json.loads(self.id))
        except (ValueError, TypeError, RecursionError) as error:
            raise CorruptDocumentError(
                f"{self.id[:_SHOWN]!r} is not a valid conversation key. Expected [name, id, ...]"
            ) from error

    def is_of(self, handler: str) -> bool:
        """Tell whether it is a conversation of a handler."""
        if self.id.startswith('["'):  # as we write it, it begins with the name, so it need not be parsed
            return self.id.startswith((f"[{json.dumps(handler)},", f"[{json.dumps(handler)}]"))
        return self.conversation[0] == handler

    @property
    def number(self) -> int:
        """The ID of the chat or user."""
        try:
            return int(self.id)
        except ValueError as error:
            raise CorruptDocumentError(
                f"{self.kind.value} has the invalid key {self.id[:_SHOWN]!r}. Expected an integer"
            ) from error


def _digits(number: int, kind: Kind) -> str:
    number = int(number)
    try:
        return str(number)
    except ValueError:
        raise CannotStoreError("the number has too many digits for an ID", record=kind.value) from None


def _name_and_key(found: list[int | str]) -> tuple[str, ConversationKey]:
    name, *key = found
    if type(found) is not list or type(name) is not str or any(type(part) not in (int, str) for part in key):
        raise TypeError("conversation")
    return name, tuple(key)


BOT_DATA = Record(Kind.BOT, "bot")
CALLBACK_QUERIES = Record(Kind.CALLBACK, "queries")
"""The keyboard of each callback query. Keyboards have 32-digit IDs, so no keyboard has this ID."""

HANDLED = Record(Kind.UPDATES, "handled")
"""The IDs of the newest updates whose effects are in the bucket, oldest first."""

HANDLED_LIMIT = 1000
"""Update IDs that are kept: Telegram sends an update again within minutes, not after a thousand others."""

_MOST_NAMED: Final = 10


def first_labels(labels: Iterable[str]) -> str:
    """Return labels of records for a message: the first ten in order, and a mark if there are more."""
    ordered = sorted(labels)
    return ", ".join(ordered[:_MOST_NAMED]) + (", ..." if ordered[_MOST_NAMED:] else "")
