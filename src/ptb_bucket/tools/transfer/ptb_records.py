"""PTB's five kinds of data, as its own persistences keep them, as records."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from ptb_bucket.errors import CannotLoadError
from ptb_bucket.state import BOT_DATA, CALLBACK_QUERIES, Kind, Record

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

__all__ = ["PTB_KINDS", "count_records", "records_of"]

PTB_KINDS: Final = tuple(kind for kind in Kind if kind is not Kind.UPDATES)
"""What PTB knows of; which updates were handled is a matter between instances."""


def records_of(data: Mapping[str, Any]) -> Iterator[tuple[Record, Any]]:
    """One after the other.

    Args:
        data: PTB's names of its kinds of data, and what it keeps of each.

    Raises:
        CannotLoadError: Something is not as PTB keeps it.
    """
    for kind, make in ((Kind.USER, Record.user), (Kind.CHAT, Record.chat)):
        for number, value in _dict(data.get(kind.value), kind.value).items():
            yield make(_number(number, kind.value)), value
    if data.get(Kind.BOT.value) is not None:
        yield BOT_DATA, data[Kind.BOT.value]
    yield from _conversations(_dict(data.get(Kind.CONVERSATION.value), Kind.CONVERSATION.value))
    yield from _keyboards(data.get(Kind.CALLBACK.value))


def count_records(data: Mapping[str, Any]) -> int:
    """How many :func:`records_of` gives, for a progress bar; damage counts for nothing."""
    people = sum(len(part) for kind in (Kind.USER, Kind.CHAT) if isinstance(part := data.get(kind.value), dict))
    states = data.get(Kind.CONVERSATION.value)
    handlers = states.values() if isinstance(states, dict) else ()
    return people + sum(len(handler) for handler in handlers if isinstance(handler, dict)) + 1


def _conversations(handlers: dict[Any, Any]) -> Iterator[tuple[Record, Any]]:
    for name, states in handlers.items():
        for key, state in _dict(states, f"conversations[{name!r}]").items():
            if type(name) is not str or type(key) is not tuple or any(type(part) not in (int, str) for part in key):
                raise CannotLoadError(f"conversations[{name!r}] has a key that is no tuple of ids")
            if state is not None:  # PTB's way to keep that it ended
                yield Record.of_conversation(name, key), state


def _keyboards(data: Any) -> Iterator[tuple[Record, Any]]:
    if not data:  # None, or {} where PTB had none
        return
    try:
        keyboards = [(str(uuid), float(time), dict(buttons)) for uuid, time, buttons in data[0]]
        queries = dict(data[1])
    except (TypeError, ValueError, LookupError):
        raise CannotLoadError("callback_data is not as PTB keeps it") from None
    for uuid, time, buttons in keyboards:
        yield Record.keyboard(uuid), [time, buttons]
    if queries:
        yield CALLBACK_QUERIES, queries


def _dict(value: Any, name: str) -> dict[Any, Any]:
    if value is None:
        return {}
    if not isinstance(value, dict):
        raise CannotLoadError(f"{name} is no dict")
    return value


def _number(key: Any, name: str) -> int:
    if type(key) is not int:
        raise CannotLoadError(f"{name} has a key that is no id but {type(key).__name__}")
    return key
