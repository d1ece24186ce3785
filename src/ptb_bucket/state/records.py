"""Records: the unit of change."""

from __future__ import annotations

import enum
import json
from functools import lru_cache
from typing import TYPE_CHECKING, Final, NamedTuple

from ptb_bucket.errors import CannotStoreError, CorruptDocumentError

if TYPE_CHECKING:
    from collections.abc import Iterable

__all__ = [
    "AFTER",
    "ANY_TIMER",
    "BOT_DATA",
    "BROADCAST",
    "CALLBACK_QUERIES",
    "EFFECT",
    "HANDLED",
    "HANDLED_LIMIT",
    "MANY_TIMERS",
    "OWNERS",
    "ConversationKey",
    "Kind",
    "Record",
    "first_labels",
]

ConversationKey = tuple[int | str, ...]
"""PTB's key of a conversation: one to three chat, user and message IDs."""


_SHOWN = 80


class Kind(str, enum.Enum):
    """The kinds of data that PTB persists, by their names in PTB and in documents; and two kinds of ptb-bucket."""

    BOT = "bot_data"
    CHAT = "chat_data"
    USER = "user_data"
    CONVERSATION = "conversations"
    CALLBACK = "callback_data"
    UPDATES = "updates"
    TIMER = "timers"

    __hash__ = str.__hash__  # Enum's is written in Python, and every look-up of a record would call it


class Record(NamedTuple):
    """The name of a record: bot_data, data of a chat or user, a conversation's state, a keyboard's data, a timer."""

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
        if self.kind is Kind.TIMER:
            owner, timer_id = self.timer
            return f"{self.kind.value}[{owner.label}][{timer_id!r}]"
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

    @classmethod
    def of_timer(cls, owner: Record, timer_id: str) -> Record:
        """Return the record of a timer.

        Args:
            owner: The record that the timer works on; it shares a document with it.
            timer_id: The timer's own ID.
        """
        return cls(Kind.TIMER, json.dumps([owner.kind.value, owner.id, timer_id], separators=(",", ":")))

    @staticmethod
    def start_of_timers(owner: Record) -> str:
        """Return the text with which the IDs of an owner's timers begin, and no others."""
        return json.dumps([owner.kind.value, owner.id], separators=(",", ":"))[:-1] + ","

    @property
    def timer(self) -> tuple[Record, str]:
        """The owner and the ID of a timer."""
        try:
            return _owner_and_id(self.id)
        except (ValueError, TypeError, RecursionError) as error:
            raise CorruptDocumentError(f"{self.id[:_SHOWN]!r} is not a timer. Expected [kind, id, timer]") from error

    @property
    def number(self) -> int:
        """The ID of the chat or user."""
        try:
            return int(self.id)
        except ValueError as error:
            raise CorruptDocumentError(
                f"{self.kind.value} contains the invalid key {self.id[:_SHOWN]!r}. Expected an integer"
            ) from error


OWNERS: Final = (Kind.BOT, Kind.CHAT, Kind.USER)
"""The kinds of records that can own timers."""


@lru_cache(maxsize=2048)  # asked for again and again while a timer runs
def _owner_and_id(record_id: str) -> tuple[Record, str]:
    kind, owner_id, timer_id = _three_texts(json.loads(record_id))
    return _owner(kind, owner_id), timer_id


def _owner(kind: str, record_id: str) -> Record:
    owner = Record(Kind(kind), record_id)
    if owner.kind not in OWNERS:
        raise ValueError("owner")
    return owner


def _three_texts(found: list[str]) -> tuple[str, str, str]:
    kind, owner_id, timer_id = found
    if type(found) is not list or any(type(part) is not str for part in found):
        raise TypeError("timer")
    return kind, owner_id, timer_id


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

ANY_TIMER = Record.of_timer(BOT_DATA, "")
"""Names the document of timers, where all of them share one."""

AFTER: Final = "after:"
"""The beginning of the ID of a timer that must not be durable before the data of the handler that added it."""

BROADCAST: Final = "broadcast:"
"""The callback of timers that drive a broadcast, and the beginning of their IDs."""

EFFECT: Final = "effect:"
"""The beginning of the ID of a record that keeps how an effect ended. It is stored like a timer, and is never due."""

HANDLED_LIMIT = 1000
"""Update IDs that are kept: Telegram sends an update again within minutes, not after a thousand others."""

MANY_TIMERS: Final = 1_000
"""Timers beside all other data, beyond which each save writes too much."""

_MOST_NAMED: Final = 10


def first_labels(labels: Iterable[str]) -> str:
    """Return labels of records for a message: the first ten in order, and a mark if there are more."""
    ordered = sorted(labels)
    return ", ".join(ordered[:_MOST_NAMED]) + (", ..." if ordered[_MOST_NAMED:] else "")
