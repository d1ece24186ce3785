"""Python's own types as tagged JSON: ``{"$tuple": [1, 2]}``. Both directions of each stand together."""

from __future__ import annotations

import base64
import datetime as dt
from collections import Counter, OrderedDict, defaultdict, deque
from decimal import Decimal
from fractions import Fraction
from typing import Any, NamedTuple
from uuid import UUID, SafeUUID
from zoneinfo import ZoneInfo

__all__ = [
    "BIG_INTS",
    "FACTORIES",
    "LEAVES",
    "OFFSETS",
    "SPECIAL_FLOATS",
    "TEXTS",
    "ZONES",
    "Leaf",
    "checked",
    "offset",
]

FACTORIES: dict[str, type] = {
    cls.__name__: cls
    for cls in (
        *(bool, bytearray, bytes, complex, dict, float, frozenset, int, list, set, str, tuple),
        *(Counter, Decimal, Fraction, OrderedDict, defaultdict, deque),
    )
}
"""What a defaultdict may make, besides registered classes."""


def checked(value: Any, *classes: type) -> Any:
    """The value, if it is exactly of one of these classes.

    Raises:
        TypeError: It is not: the document is damaged.
    """
    if type(value) not in classes:
        raise TypeError("payload")
    return value


def _numbers(payload: Any) -> list[int]:
    return [checked(number, int) for number in checked(payload, list)]


def _bytes(payload: Any) -> bytes:
    return base64.b64decode(checked(payload, str).encode("ascii"), validate=True)


def _base64(value: bytes | bytearray) -> str:
    return base64.b64encode(value).decode("ascii")


def _safe_text(text: str) -> str:
    """A string with lone surrogates, which UTF-8 cannot say: base64 of what it would be."""
    return _base64(text.encode("utf-8", "surrogatepass"))


_NOT_FINITE = {"nan": float("nan"), "inf": float("inf"), "-inf": float("-inf")}


def _not_finite(payload: Any) -> float:
    return _NOT_FINITE[payload]


def _uuid(value: UUID) -> Any:
    return str(value) if value.is_safe is SafeUUID.unknown else [str(value), value.is_safe.name]


def _from_uuid(payload: Any) -> UUID:
    text, safe = (payload, "unknown") if type(payload) is str else payload
    return UUID(text, is_safe=SafeUUID[safe])


def offset(zone: dt.timezone) -> Any:
    """A fixed offset, with its name if it was given one."""
    # As copy and pickle ask for it: the only way to tell a name that was given from one that follows from the offset.
    delta, *name = zone.__getinitargs__()  # type: ignore[attr-defined]
    return [*_delta(delta), *name]


def _timezone(payload: Any) -> dt.timezone:
    numbers, name = _numbers(payload[:3]), payload[3:]
    return dt.timezone(dt.timedelta(*numbers), *name)


def _delta(value: dt.timedelta) -> list[int]:
    return [value.days, value.seconds, value.microseconds]


class Leaf(NamedTuple):
    """A type without parts that would need the encoder."""

    tag: str
    take: Any
    make: Any


LEAVES: dict[type, Leaf] = {
    bytes: Leaf("bytes", _base64, _bytes),
    bytearray: Leaf("bytearray", _base64, lambda payload: bytearray(_bytes(payload))),
    dt.date: Leaf("date", dt.date.isoformat, dt.date.fromisoformat),
    dt.timedelta: Leaf("timedelta", _delta, lambda payload: dt.timedelta(*_numbers(payload))),
    Decimal: Leaf("decimal", str, lambda payload: Decimal(checked(payload, str))),
    UUID: Leaf("uuid", _uuid, _from_uuid),
}
"""Type → its tag, instance → payload, payload → instance."""

SPECIAL_FLOATS = Leaf("float", float.__repr__, _not_finite)
OFFSETS = Leaf("timezone", offset, _timezone)
ZONES = Leaf("zone", lambda zone: zone.key, lambda payload: ZoneInfo(checked(payload, str)))
BIG_INTS = Leaf("int", hex, lambda payload: int(checked(payload, str), 16))
TEXTS = Leaf("str", _safe_text, lambda payload: _bytes(payload).decode("utf-8", "surrogatepass"))
