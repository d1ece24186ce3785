"""How people name a record, and a place in it."""

from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING, Any, Final

from ptb_bucket.errors import CannotLoadError, ConfigurationError
from ptb_bucket.state import BOT_DATA, Kind, Record

if TYPE_CHECKING:
    from collections.abc import Sequence

    from ptb_bucket.codecs import JsonCodec

__all__ = ["conversation", "kind_of", "record_of", "steps_of"]

_NUMBER: Final = re.compile(r"-?\d{1,30}")
_NAME: Final = re.compile(r"[^.\[\]\"']+")
_EXAMPLES: Final = {
    Kind.BOT: "bot_data",
    Kind.CHAT: "chat_data -100123",
    Kind.USER: "user_data 42",
    Kind.CONVERSATION: "conversations HANDLER CHAT_ID USER_ID",
    Kind.CALLBACK: "callback_data KEYBOARD",
    Kind.UPDATES: "updates handled",
}


def kind_of(section: str) -> Kind:
    """The kind of data that PTB calls so.

    Raises:
        ConfigurationError: There is none; the message lists them.
    """
    try:
        return Kind(section)
    except ValueError:
        raise ConfigurationError(f"There is no section {section!r}. There are: {', '.join(Kind)}.") from None


def record_of(section: str, words: Sequence[str]) -> tuple[Record, list[str]]:
    """The record that people mean, such as ``user_data 42``, and the words that follow it.

    Args:
        section: As :func:`kind_of`.
        words: Its id: nothing for bot_data; for conversations the handler's name and the parts of the key, which may
            be any number, so that nothing can follow them.

    Raises:
        ConfigurationError: They name none.
    """
    kind, rest = kind_of(section), list(words)
    if kind is Kind.BOT:
        return BOT_DATA, rest
    if not rest:
        raise ConfigurationError(f"Which one? Such as: {_EXAMPLES[kind]}")
    if kind is Kind.CONVERSATION:
        return conversation(rest[0], rest[1:]), []
    first = rest.pop(0)
    if kind in (Kind.CHAT, Kind.USER):
        if not _NUMBER.fullmatch(first):
            raise ConfigurationError(f"{first!r} is no id: a number was expected, such as: {_EXAMPLES[kind]}")
        first = str(int(first))
    return Record(kind, first), rest


def conversation(handler: str, key: Sequence[str]) -> Record:
    """The record of a conversation.

    Args:
        handler: Its handler's name.
        key: The parts of its key: numbers, or text; text that looks like a number in double quotes.

    Raises:
        ConfigurationError: There is no key.
    """
    if not key:
        raise ConfigurationError(f"Which one? Such as: {_EXAMPLES[Kind.CONVERSATION]}")
    return Record.of_conversation(handler, tuple(map(_part, key)))


def _part(word: str) -> int | str:
    if _NUMBER.fullmatch(word):
        return int(word)
    if word[:1] == '"':
        try:
            return str(json.loads(word))
        except ValueError:
            raise ConfigurationError(f"{word} is no text in double quotes.") from None
    return word


def steps_of(path: str, codec: JsonCodec) -> list[Any]:
    """The keys and indexes to a place in a record.

    Args:
        path: ``cart.items[0]``, with what is no plain name in brackets, as JSON: ``[42]``, ``["a.b"]``.
        codec: For keys that JSON says with a tag: ``[{"$tuple": [1, 2]}]``.

    Raises:
        ConfigurationError: It cannot be read.
    """
    steps: list[Any] = []
    at = 0
    while at < len(path):
        read = _bracket if path[at] == "[" else _name
        step, at = read(path, at, codec)
        steps.append(step)
    return steps


def _name(path: str, at: int, _codec: JsonCodec) -> tuple[Any, int]:
    start = at + (path[at] == "." and at > 0)
    found = _NAME.match(path, start)
    if found is None or (start == at and at > 0):
        raise _unreadable(path, at)
    if _NUMBER.fullmatch(found[0]):
        raise ConfigurationError(f'{found[0]} in a path may be a number or text: write [{found[0]}] or ["{found[0]}"].')
    return found[0], found.end()


def _bracket(path: str, at: int, codec: JsonCodec) -> tuple[Any, int]:
    try:
        _, end = json.JSONDecoder().raw_decode(path, at + 1)
        step = codec.decode(path[at + 1 : end].encode())
        hash(step)
    except (ValueError, TypeError, CannotLoadError):
        raise _unreadable(path, at) from None
    if path[end : end + 1] != "]":
        raise _unreadable(path, at)
    return step, end + 1


def _unreadable(path: str, at: int) -> ConfigurationError:
    return ConfigurationError(
        f"The path {path!r} cannot be read at character {at + 1}. It is like cart.items[0]; a key that is no plain "
        'name stands in brackets, as JSON: [42] or ["a.b"].'
    )
