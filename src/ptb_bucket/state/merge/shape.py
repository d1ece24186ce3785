"""The values that a record may hold, by its kind. PTB and handlers get a value that they expect, or an error.

Checking a value runs none of its code. A message names the expected and the found class, never the value.
"""

from __future__ import annotations

import math
import sys
from typing import TYPE_CHECKING, Any, Final

from ptb_bucket.errors import CannotStoreError
from ptb_bucket.state.records import CALLBACK_QUERIES, HANDLED, Kind

if TYPE_CHECKING:
    from ptb_bucket.state.records import Record

__all__ = ["wrong_shape"]

_DATA: Final = frozenset({Kind.BOT, Kind.CHAT, Kind.USER})
_UNHASHABLE: Final = frozenset({list, dict, set, bytearray})
_KEYBOARD: Final = "a list of the time of its last use and its buttons' data"


def wrong_shape(record: Record, value: Any, expected: type | None, *, any_class: bool = False) -> str | None:
    """Return what is wrong with a record's value, or None if PTB can use it.

    Args:
        record: The record.
        value: Its value, as decoded or before it is encoded.
        expected: For bot, chat and user data, the class that the context types make; None if it is not known.
        any_class: Accept classes that the context types do not make, too. Tools do not know them all.
    """
    cls = type(value)
    if record.kind in _DATA:
        if cls is expected or expected is None or _fits(cls, expected, any_class=any_class):
            return None
        return f"the value must be of type {expected.__qualname__}, not {cls.__qualname__}"
    if record.kind is Kind.CONVERSATION:
        # PTB looks the state up in a dict. For classes of the bot, only the handler knows which ones are hashable.
        return "the value must be hashable, such as a number or a string" if cls in _UNHASHABLE else None
    return _wrong_timer(record, value) if record.kind is Kind.TIMER else _wrong_list(record, value)


def _wrong_list(record: Record, value: Any) -> str | None:
    """Return what is wrong with callback data or the IDs of handled updates."""
    if record == CALLBACK_QUERIES:
        return None if _is_queries(value) else "the value must be a dict with strings as keys and values"
    if record == HANDLED:
        return None if _is_numbers(value) else "the value must be a list of integers"
    return None if _is_keyboard(value) else f"the value must be {_KEYBOARD}"


def _fits(cls: type, expected: type, *, any_class: bool) -> bool:
    from ptb_bucket.codecs import UnknownInstance  # noqa: PLC0415  most values are of the expected class

    if issubclass(cls, (expected, UnknownInstance)):
        return True
    if issubclass(expected, dict) and (issubclass(cls, dict) or not any_class):
        return issubclass(cls, dict)
    # PTB refuses another class of the bot as bot_data. For chat and user data, it leaves that to the handlers.
    return issubclass(cls, dict) or cls.__module__.partition(".")[0] not in {*sys.stdlib_module_names, "telegram"}


def _is_queries(value: Any) -> bool:
    return issubclass(type(value), dict) and all(type(key) is type(found) is str for key, found in dict.items(value))


def _is_numbers(value: Any) -> bool:
    return type(value) is list and all(type(number) is int for number in value)


def _wrong_timer(record: Record, value: Any) -> str | None:
    """Return what is wrong with a timer. What no key can name is refused on every layout, as it could not be copied."""
    from ptb_bucket.state.timers import Timer, due_key  # noqa: PLC0415  only bots with timers import it

    try:
        key = due_key(record, Timer.from_value(value))
        if key is not None and not key.can_be_read:
            return "the generation of the timer must be at least 1, and its nonce hexadecimal"
    except ValueError as error:
        return str(error)
    except CannotStoreError as error:
        return error.reason
    return None


def _is_keyboard(value: Any) -> bool:
    if type(value) not in (list, tuple) or len(value) != 2:  # noqa: PLR2004  as PTB has it, without the id
        return False
    time, buttons = value
    return _is_time(time) and issubclass(type(buttons), dict) and all(type(key) is str for key in dict.keys(buttons))


def _is_time(value: Any) -> bool:
    try:
        return type(value) in (int, float) and math.isfinite(value)
    except OverflowError:
        return False
