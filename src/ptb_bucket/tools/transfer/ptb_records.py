"""Convert PTB's five kinds of data, as its own persistence classes keep them, into records."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from ptb_bucket.errors import CannotLoadError
from ptb_bucket.state import BOT_DATA, CALLBACK_QUERIES, Kind, Record

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

__all__ = ["EXPORTED_KINDS", "PTB_KINDS", "count_records", "records_of"]

PTB_KINDS: Final = tuple(kind for kind in Kind if kind not in (Kind.UPDATES, Kind.TIMER))
"""The kinds that PTB has."""

EXPORTED_KINDS: Final = (*PTB_KINDS, Kind.TIMER)
"""The kinds in our own export. Handled updates concern only our instances."""


def records_of(data: Mapping[str, Any]) -> Iterator[tuple[Record, Any]]:
    """Yield each record with its value.

    Args:
        data: PTB's data, by its names for the kinds of data.

    Raises:
        CannotLoadError: The data does not have the structure that PTB uses.
    """
    for kind, make in ((Kind.USER, Record.user), (Kind.CHAT, Record.chat)):
        for number, value in _dict(data.get(kind.value), kind.value).items():
            yield make(_number(number, kind.value)), value
    if data.get(Kind.BOT.value) is not None:
        yield BOT_DATA, data[Kind.BOT.value]
    yield from _conversations(_dict(data.get(Kind.CONVERSATION.value), Kind.CONVERSATION.value))
    yield from _keyboards(data.get(Kind.CALLBACK.value))


def count_records(data: Mapping[str, Any]) -> int:
    """Return the number of records in :func:`records_of`, for a progress bar. Damaged data is not counted."""
    people = sum(len(part) for kind in (Kind.USER, Kind.CHAT) if isinstance(part := data.get(kind.value), dict))
    states = data.get(Kind.CONVERSATION.value)
    handlers = states.values() if isinstance(states, dict) else ()
    return people + sum(len(handler) for handler in handlers if isinstance(handler, dict)) + 1


def _conversations(handlers: dict[Any, Any]) -> Iterator[tuple[Record, Any]]:
    for name, states in handlers.items():
        for key, state in _dict(states, f"conversations[{name!r}]").items():
            if type(name) is not str or type(key) is not tuple or any(type(part) not in (int, str) for part in key):
                raise CannotLoadError(f"conversations[{name!r}] has a key that is not a tuple of IDs")
            if state is not None:  # None is PTB's mark of an ended conversation
                yield Record.of_conversation(name, key), state


def _keyboards(data: Any) -> Iterator[tuple[Record, Any]]:
    if not data:  # None, or {} where PTB had none
        return
    try:
        keyboards = [(str(uuid), float(time), dict(buttons)) for uuid, time, buttons in data[0]]
        queries = dict(data[1])
    except (TypeError, ValueError, LookupError):
        raise CannotLoadError("callback_data does not have the structure that PTB uses") from None
    for uuid, time, buttons in keyboards:
        yield Record.keyboard(uuid), [time, buttons]
    if queries:
        yield CALLBACK_QUERIES, queries


def _dict(value: Any, name: str) -> dict[Any, Any]:
    if value is None:
        return {}
    if not isinstance(value, dict):
        raise CannotLoadError(f"{name} is not a dict")
    return value


def _number(key: Any, name: str) -> int:
    if type(key) is not int:
        raise CannotLoadError(f"{name} has a key of type {type(key).__name__} instead of an ID")
    return key
