"""The kinds of values that verbs take: IDs of users and chats, times, and ages."""

from __future__ import annotations

import re
from datetime import datetime, timedelta, timezone
from typing import Final

import click

__all__ = ["AgeType", "IDType", "TimeType"]

_ID: Final = re.compile(r"-?[0-9]{1,30}")
_PART: Final = re.compile(r"(\d+)([smhdw])")
_UNITS: Final = {"s": "seconds", "m": "minutes", "h": "hours", "d": "days", "w": "weeks"}


class IDType(click.ParamType):  # type: ignore[type-arg,unused-ignore]  # generic since click 8.4
    """The ID of a user or a chat. Python would also read ``4_2`` or digits of other scripts as a number."""

    name = "ID"

    def convert(self, value: object, param: click.Parameter | None, ctx: click.Context | None) -> int:
        """Return the number."""
        text = str(value)
        if not _ID.fullmatch(text):
            self.fail(f"{text!r} is not a valid ID. IDs are numbers.", param, ctx)
        return int(text)


class TimeType(click.ParamType):  # type: ignore[type-arg,unused-ignore]  # as above
    """A time in ISO 8601 with a time zone, or a time ago: ``2h``, ``1d12h``."""

    name = "TIME"

    def convert(self, value: object, param: click.Parameter | None, ctx: click.Context | None) -> datetime:
        """Return a datetime with a time zone."""
        if isinstance(value, datetime):
            return value
        text = str(value)
        try:
            length = _length(text)
            found = _iso(text) if length is None else _ago(length)
        except (ValueError, OverflowError) as error:
            self.fail(
                f"{text!r} is not a valid time ({error}). Use the form 2026-01-31T18:00:00Z, or 2h for two hours ago.",
                param,
                ctx,
            )
        if found > datetime.now(timezone.utc):
            self.fail(f"{text!r} is in the future.", param, ctx)
        return found


class AgeType(click.ParamType):  # type: ignore[type-arg,unused-ignore]  # as above
    """A length of time: ``30d``, ``1d12h``."""

    name = "AGE"

    def convert(self, value: object, param: click.Parameter | None, ctx: click.Context | None) -> timedelta:
        """Return a length of time that does not reach back beyond the calendar."""
        if isinstance(value, timedelta):
            return value
        try:
            found = _length(str(value))
            _ago(found or timedelta())
        except (ValueError, OverflowError):
            found = None
        if found is None:
            self.fail(f"{value!r} is not an age. Write 30d for thirty days, or 1d12h.", param, ctx)
        return found


def _ago(length: timedelta) -> datetime:
    return datetime.now(timezone.utc) - length


def _length(text: str) -> timedelta | None:
    parts = _PART.findall(text)
    if not parts or "".join(map("".join, parts)) != text:
        return None
    return sum((timedelta(**{_UNITS[unit]: int(number)}) for number, unit in parts), timedelta())


def _iso(text: str) -> datetime:
    found = datetime.fromisoformat(re.sub("[Zz]$", "+00:00", text))  # Python 3.10 cannot parse Z
    if found.tzinfo is None:
        raise ValueError("The time has no time zone. Add Z for UTC, or an offset such as +02:00")
    return found
