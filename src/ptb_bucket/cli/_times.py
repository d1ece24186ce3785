"""Points in time, and lengths of time, as people write them."""

from __future__ import annotations

import re
from datetime import datetime, timedelta, timezone
from typing import Final

import click

__all__ = ["AgeType", "TimeType"]

_PART: Final = re.compile(r"(\d+)([smhdw])")
_UNITS: Final = {"s": "seconds", "m": "minutes", "h": "hours", "d": "days", "w": "weeks"}


class TimeType(click.ParamType):  # type: ignore[type-arg,unused-ignore]  # generic since click 8.4
    """ISO 8601 with a zone, or how long ago: ``2h``, ``1d12h``."""

    name = "TIME"

    def convert(self, value: object, param: click.Parameter | None, ctx: click.Context | None) -> datetime:
        """A datetime with a zone."""
        if isinstance(value, datetime):
            return value
        text = str(value)
        try:
            length = _length(text)
            found = _iso(text) if length is None else _ago(length)
        except (ValueError, OverflowError) as error:
            self.fail(
                f"{text!r} is no time ({error}). Write 2026-01-31T18:00:00Z, or 2h for two hours ago.", param, ctx
            )
        if found > datetime.now(timezone.utc):
            self.fail(f"{text!r} is still to come.", param, ctx)
        return found


class AgeType(click.ParamType):  # type: ignore[type-arg,unused-ignore]  # as above
    """How long: ``30d``, ``1d12h``."""

    name = "AGE"

    def convert(self, value: object, param: click.Parameter | None, ctx: click.Context | None) -> timedelta:
        """A length of time that reaches back to a day which the calendar has."""
        if isinstance(value, timedelta):
            return value
        try:
            found = _length(str(value))
            _ago(found or timedelta())
        except (ValueError, OverflowError):
            found = None
        if found is None:
            self.fail(f"{value!r} is no age. Write 30d for thirty days, or 1d12h.", param, ctx)
        return found


def _ago(length: timedelta) -> datetime:
    return datetime.now(timezone.utc) - length


def _length(text: str) -> timedelta | None:
    parts = _PART.findall(text)
    if not parts or "".join(map("".join, parts)) != text:
        return None
    return sum((timedelta(**{_UNITS[unit]: int(number)}) for number, unit in parts), timedelta())


def _iso(text: str) -> datetime:
    found = datetime.fromisoformat(re.sub("[Zz]$", "+00:00", text))  # Python 3.10 knows no Z
    if found.tzinfo is None:
        raise ValueError("it has no zone: add Z for UTC, or one like +02:00")
    return found
