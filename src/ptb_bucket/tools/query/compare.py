"""Comparisons of stored values with each other and with JSON literals, without running code of the bot's classes."""

from __future__ import annotations

import enum
import operator
from collections import deque
from datetime import date, datetime
from decimal import Decimal
from typing import TYPE_CHECKING, Any, Final

from ptb_bucket.codecs import UnknownInstance, same
from ptb_bucket.state import MISSING

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

__all__ = ["COMPARISONS", "is_true"]

_NUMBERS: Final = (int, float, Decimal)
_COLLECTIONS: Final = (list, tuple, set, frozenset, deque, dict)


def is_true(value: Any) -> bool:
    """Tell whether a value exists and is not false, null, zero or empty. Other objects are true."""
    value = _plain(value)
    return bool(value) if isinstance(value, (*_NUMBERS, *_COLLECTIONS, str, bytes)) else value is not None


def _plain(value: Any) -> Any:
    """Return the simple value that stands for a missing one, or for the member of an enum."""
    if value is MISSING:
        return None
    if isinstance(value, UnknownInstance) and isinstance(value.payload, (str, int)):
        return value.payload
    return value.name if isinstance(value, enum.Enum) and not isinstance(value, _NUMBERS) else value


def _equal(one: Any, other: Any) -> bool:
    one, other = _matched(_plain(one), _plain(other))
    if isinstance(one, bool) or isinstance(other, bool):
        return one is other
    if isinstance(one, _NUMBERS) and isinstance(other, _NUMBERS):
        return bool(one == other)
    return bool(same(one, other))


def _ordered(sign: Callable[[Any, Any], bool]) -> Callable[[Any, Any], bool]:
    def holds(one: Any, other: Any) -> bool:
        one, other = _matched(_plain(one), _plain(other))
        if isinstance(one, bool) or isinstance(other, bool):
            return False
        kinds = (_NUMBERS, (str,), (datetime,), (date,))
        if not any(isinstance(one, kind) and isinstance(other, kind) for kind in kinds):
            return False
        try:
            return bool(sign(one, other))
        except TypeError:  # a time with a zone and one without, or a datetime and a date
            return False

    return holds


def _matched(one: Any, other: Any) -> tuple[Any, Any]:
    """Return both values, a text as a time if the other one is a time: JSON has no literal for times."""
    return _as_time(one, other), _as_time(other, one)


def _as_time(text: Any, other: Any) -> Any:
    if not isinstance(text, str) or not isinstance(other, date):
        return text
    kind = datetime if isinstance(other, datetime) else date
    try:
        return kind.fromisoformat(text.replace("Z", "+00:00"))
    except ValueError:
        return text


def _contained(one: Any, other: Any) -> bool:
    if isinstance(one, str) and isinstance(other, str):
        return one in other
    return isinstance(other, _COLLECTIONS) and any(_equal(one, item) for item in other)


COMPARISONS: Final[Mapping[str, Callable[[Any, Any], bool]]] = {
    "==": _equal,
    "!=": lambda one, other: not _equal(one, other),
    "<": _ordered(operator.lt),
    "<=": _ordered(operator.le),
    ">": _ordered(operator.gt),
    ">=": _ordered(operator.ge),
    "in": _contained,
    "not in": lambda one, other: not _contained(one, other),
}
"""Sign → the function that tells whether it holds. A missing value counts as null."""
