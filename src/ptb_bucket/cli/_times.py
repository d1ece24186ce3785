"""Points in time, as people write them."""

from __future__ import annotations

import re
from datetime import datetime, timedelta, timezone
from typing import Final

import click

__all__ = ["TimeType"]

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
            found = _ago(text) or _iso(text)
        except (ValueError, OverflowError) as error:
            self.fail(
                f"{text!r} is no time ({error}). Write 2026-01-31T18:00:00Z, or 2h for two hours ago.", param, ctx
            )
        if found > datetime.now(timezone.utc):
            self.fail(f"{text!r} is still to come.", param, ctx)
        return found


def _ago(text: str) -> datetime | None:
    parts = _PART.findall(text)
    if not parts or "".join(map("".join, parts)) != text:
        return None
    return datetime.now(timezone.utc) - sum(
        (timedelta(**{_UNITS[unit]: int(number)}) for number, unit in parts), timedelta()
    )


def _iso(text: str) -> datetime:
    found = datetime.fromisoformat(re.sub("[Zz]$", "+00:00", text))  # Python 3.10 knows no Z
    if found.tzinfo is None:
        raise ValueError("it has no zone: add Z for UTC, or one like +02:00")
    return found
