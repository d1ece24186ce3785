"""Time zones of schedules, which are stored by name."""

from __future__ import annotations

import re
from datetime import timedelta, timezone, tzinfo
from typing import Final
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

__all__ = ["offset_name", "zone_name", "zone_of"]

_OFFSET: Final = re.compile(r"UTC([+-])(\d\d):(\d\d)(?::(\d\d))?")


def zone_name(zone: tzinfo) -> str:
    """Return a name by which a zone is found in every process.

    Raises:
        ValueError: It has none.
    """
    name = getattr(zone, "key", None) or getattr(zone, "zone", None)
    if name is None and isinstance(zone, timezone):
        return offset_name(zone.utcoffset(None))
    try:
        return ZoneInfo(name or str(zone)).key
    except (ZoneInfoNotFoundError, ValueError, TypeError):
        raise ValueError("zone") from None


def offset_name(offset: timedelta) -> str:
    """Return the name of a zone without clock changes, such as ``UTC+02:00``."""
    seconds = round(offset.total_seconds())
    minutes, rest = divmod(abs(seconds), 60)
    text = f"UTC{'-' if seconds < 0 else '+'}{minutes // 60:02}:{minutes % 60:02}"
    return f"{text}:{rest:02}" if rest else text


def zone_of(name: str) -> tzinfo:
    """Return the zone with a name that :func:`zone_name` has returned.

    Raises:
        ZoneInfoNotFoundError, ValueError: This system does not know it.
    """
    found = _OFFSET.fullmatch(name)
    if found is None:
        return ZoneInfo(name)
    sign, hours, minutes, seconds = found.groups(default="0")
    offset = timedelta(hours=int(hours), minutes=int(minutes), seconds=int(seconds))
    return timezone(-offset if sign == "-" else offset)
