"""How people name a record, and a place in it."""

from __future__ import annotations

import json
import re
from collections import deque
from typing import TYPE_CHECKING, Any, Final

from ptb_bucket.codecs import UnknownInstance
from ptb_bucket.errors import CannotLoadError, ConfigurationError, NotFoundError, RefusedError
from ptb_bucket.state import BOT_DATA, MISSING, Kind, Record

if TYPE_CHECKING:
    from collections.abc import Sequence

    from ptb_bucket.codecs import JsonCodec

__all__ = ["conversation", "kind_of", "named", "put", "record_of", "steps_of", "take_out", "value_at"]

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


def named(label: str, steps: Sequence[Any]) -> str:
    """How messages name a place: ``user_data[42]['cart'][0]``."""
    return label + "".join(f"[{step!r}]" for step in steps)


def value_at(value: Any, steps: Sequence[Any]) -> Any:
    """What is there; MISSING if nothing."""
    for step in steps:
        if isinstance(value, dict):
            value = value.get(step, MISSING)
        elif _is_index(value, step, len(value) if isinstance(value, (list, deque)) else 0):
            value = value[step]
        else:
            return MISSING
    return value


def put(label: str, value: Any, steps: Sequence[Any], new: Any) -> Any:
    """The whole value with something new at this place; a list may grow by one at its end.

    Args:
        label: The record's, for messages.
        value: The whole; changed in place.
        steps: The place; none for the whole.
        new: What to put there.

    Raises:
        NotFoundError: What it would have to be put into is not there.
        RefusedError: That has no such places.
    """
    if not steps:
        return new
    *way, last = steps
    parent = _parent(label, value, way, last)
    if isinstance(parent, dict):
        parent[last] = new
    elif last == len(parent):
        parent.append(new)
    elif _is_index(parent, last, len(parent)):
        parent[last] = new
    else:
        raise _nothing(label, steps)
    return value


def take_out(label: str, value: Any, steps: Sequence[Any]) -> Any:
    """The whole value without what is at this place; MISSING if it is the whole. As :func:`put`.

    Raises:
        NotFoundError: There is nothing.
        RefusedError: What holds it has no such places.
    """
    if not steps:
        if value is MISSING:
            raise _nothing(label, steps)
        return MISSING
    *way, last = steps
    parent = _parent(label, value, way, last)
    if value_at(parent, [last]) is MISSING:
        raise _nothing(label, steps)
    del parent[last]
    return value


def _parent(label: str, value: Any, way: Sequence[Any], last: Any) -> Any:
    parent = value_at(value, way)
    if parent is MISSING:
        if way:
            _parent(label, value, way[:-1], way[-1])  # says so where it is because that has no places
        raise _nothing(label, way)
    if isinstance(parent, dict) or (isinstance(parent, (list, deque)) and type(last) is int):
        return parent
    what = parent.name if isinstance(parent, UnknownInstance) else type(parent).__name__
    raise RefusedError(
        f"{named(label, way)} is a {what}, which has no place [{last!r}] to be changed: set it as a whole."
    )


def _nothing(label: str, steps: Sequence[Any]) -> NotFoundError:
    return NotFoundError(f"{named(label, steps)} is not there.")


def _is_index(value: Any, step: Any, length: int) -> bool:
    return isinstance(value, (list, deque)) and type(step) is int and -length <= step < length
