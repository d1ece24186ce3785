"""Parse the address of a record, such as ``user_data 42``."""

from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING, Final

from ptb_bucket.errors import ConfigurationError
from ptb_bucket.state import BOT_DATA, OWNERS, Kind, Record

if TYPE_CHECKING:
    from collections.abc import Sequence


__all__ = ["conversation", "kind_of", "record_of", "words_of"]

_NUMBER: Final = re.compile(r"-?[0-9]{1,30}")
_SHORT: Final = {"bot": "bot_data", "chat": "chat_data", "user": "user_data", "conversation": "conversations"}
_EXAMPLES: Final = {
    Kind.BOT: "bot_data",
    Kind.CHAT: "chat_data -100123",
    Kind.USER: "user_data 42",
    Kind.CONVERSATION: "conversations HANDLER CHAT_ID USER_ID",
    Kind.CALLBACK: "callback_data KEYBOARD",
    Kind.UPDATES: "updates handled",
    Kind.TIMER: "timers user_data 42 TIMER",
}


def kind_of(section: str) -> Kind:
    """Return the kind of data with this name in PTB, or with its short form: ``user``, ``chat``, ``bot``.

    Raises:
        ConfigurationError: There is no such kind. The message lists all.
    """
    try:
        return Kind(_SHORT.get(section, section))
    except ValueError:
        raise ConfigurationError(f"Unknown section {section!r}. Choose one of: {', '.join(Kind)}.") from None


def record_of(section: str, words: Sequence[str]) -> tuple[Record, list[str]]:
    """Return the record with an address such as ``user_data 42``, and the words that follow the address.

    Args:
        section: As for :func:`kind_of`.
        words: The record's ID: nothing for bot_data; for conversations, the handler's name and the parts of the key;
            for timers, the address of the owner and the timer's ID. A key has any number of parts, so no words can
            follow it.

    Raises:
        ConfigurationError: The words are not an address.
    """
    kind, rest = kind_of(section), list(words)
    if "" in rest:
        raise ConfigurationError("An ID or a path is empty. If it comes from a variable of your shell, set it first.")
    if kind is Kind.BOT:
        return BOT_DATA, rest
    if not rest:
        raise ConfigurationError(f"Missing ID. Example: {_EXAMPLES[kind]}")
    if kind is Kind.CONVERSATION:
        return conversation(rest[0], rest[1:]), []
    if kind is Kind.TIMER:
        return _timer(rest)
    first = rest.pop(0)
    if kind in (Kind.CHAT, Kind.USER):
        if not _NUMBER.fullmatch(first):
            raise ConfigurationError(f"{first!r} is not a valid ID. IDs are numbers. Example: {_EXAMPLES[kind]}")
        first = str(int(first))
    return Record(kind, first), rest


def _timer(words: list[str]) -> tuple[Record, list[str]]:
    if kind_of(words[0]) not in OWNERS:
        raise ConfigurationError(f"{words[0]} can't have timers. Example: {_EXAMPLES[Kind.TIMER]}")
    owner, rest = record_of(words[0], words[1:])
    if not rest:
        raise ConfigurationError(f"The ID of the timer is missing. Example: {_EXAMPLES[Kind.TIMER]}")
    return Record.of_timer(owner, rest[0]), rest[1:]


def conversation(handler: str, key: Sequence[str]) -> Record:
    """Return the record of a conversation.

    Args:
        handler: The name of its handler.
        key: The parts of its key, each a number or text. Text that looks like a number is in double quotes.

    Raises:
        ConfigurationError: The key is empty.
    """
    if not key:
        raise ConfigurationError(f"Missing key. Example: {_EXAMPLES[Kind.CONVERSATION]}")
    return Record.of_conversation(handler, tuple(map(_part, key)))


def words_of(record: Record) -> list[str]:
    """Return the words after the section in a record's address: :func:`record_of` returns the record for them."""
    if record.kind is Kind.TIMER:
        owner, timer_id = record.timer
        return [owner.kind.value, *([] if owner == BOT_DATA else [owner.id]), timer_id]
    if record.kind is not Kind.CONVERSATION:
        return [record.id]
    name, key = record.conversation
    return [name, *map(_word, key)]


def _word(part: int | str) -> str:
    """Return a part of a key as :func:`_part` reads it."""
    is_bare = isinstance(part, int) or not (_NUMBER.fullmatch(part) or part[:1] in ('"', ""))
    return str(part) if is_bare else json.dumps(part, ensure_ascii=False)


def _part(word: str) -> int | str:
    if _NUMBER.fullmatch(word):
        return int(word)
    if word[:1] == '"':
        try:
            return str(json.loads(word))
        except ValueError:
            raise ConfigurationError(f"{word} is not a valid JSON string. Close the double quotes.") from None
    return word
