"""Dates, times, durations and time zones, including those of the libraries that date parsers use."""

from __future__ import annotations

import datetime as dt
import importlib
import os
import zoneinfo
from typing import TYPE_CHECKING, Any, Final
from zoneinfo import ZoneInfo

from ptb_bucket.codecs.types.guards import checked
from ptb_bucket.codecs.types.refusals import refusal, zone_without_key
from ptb_bucket.codecs.types.shape import PartWriter, Shape, leaf

if TYPE_CHECKING:
    from collections.abc import Callable

__all__ = ["FOREIGN_ZONES", "TIMES", "foreign_zone", "offset"]


def offset(zone: dt.timezone) -> Any:
    """Return a fixed offset as numbers, with its name if it was given one.

    Args:
        zone: The zone.
    """
    # As copy and pickle ask for it: the only way to tell a name that was given from one that follows from the offset.
    delta, *name = zone.__getinitargs__()  # type: ignore[attr-defined]
    return [*_delta(delta), *name]


def _delta(value: dt.timedelta) -> list[int]:
    return [value.days, value.seconds, value.microseconds]


def _numbers(payload: Any) -> list[int]:
    return [checked(number, int) for number in checked(payload, list)]


def _timezone(payload: Any, _: Any) -> dt.timezone:
    numbers, name = _numbers(payload[:3]), payload[3:]
    return dt.timezone(dt.timedelta(*numbers), *name)


def _write_timezone(writer: PartWriter, value: dt.timezone, depth: int) -> Any:
    return {"$timezone": writer.sequence(offset(value), depth)}


def _key(zone: ZoneInfo) -> str:
    if zone.key is None:
        raise zone_without_key(zone)
    return zone.key


def _parts(value: Any) -> Any:
    """Return a moment as text if the text is complete, and otherwise with its zone and its fold."""
    zone = value.tzinfo
    fixed = zone is None or (type(zone) is dt.timezone and len(offset(zone)) == 3)  # noqa: PLR2004  an unnamed one
    if fixed and not value.fold:
        return value.isoformat()
    return [value.replace(tzinfo=None, fold=0).isoformat(), zone, value.fold]


def _moment(cls: type[dt.datetime | dt.time], name: str) -> Shape:
    def make(payload: Any, _: Any) -> Any:
        if type(payload) is str:
            return cls.fromisoformat(payload)
        naive, zone, fold = payload
        if not (zone is None or issubclass(type(zone), dt.tzinfo)):
            raise TypeError("zone")
        return cls.fromisoformat(naive).replace(tzinfo=zone, fold=fold)

    def write(writer: PartWriter, value: Any, depth: int) -> Any:
        parts = _parts(value)
        if type(parts) is str:
            return {f"${name}": parts}
        return {f"${name}": [parts[0], writer.part(parts[1], depth, ".tzinfo"), parts[2]]}

    return Shape(cls, name, lambda value, _: _parts(value), make, write=write, pickles_itself=True)


def foreign_zone(cls: type) -> Shape | None:
    """Return the shape of another library's time zone, if it is known.

    Args:
        cls: Its class.
    """
    root = cls.__module__.partition(".")[0]
    shape = _FOREIGN.get(root)
    return None if shape is None or not issubclass(cls, dt.tzinfo) else shape


def _foreign(name: str, take: Callable[[Any], Any], make: Callable[[Any], Any]) -> Shape:
    return leaf(dt.tzinfo, name, take, make, pickled_by_shape=True)


def _pytz(zone: Any) -> list[Any]:
    function, arguments = zone.__reduce__()
    if function.__name__ not in _OF_PYTZ:
        raise refusal(zone)
    return [function.__name__, *arguments]


def _from_pytz(payload: Any) -> Any:
    function, *arguments = payload
    if function not in _OF_PYTZ:
        raise TypeError("pytz")
    return getattr(importlib.import_module("pytz"), function)(*arguments)


_OF_PYTZ: Final = ("_p", "_UTC", "FixedOffset")
"""The functions that pytz names when a zone is pickled or copied."""


def _dateutil(zone: Any) -> list[Any]:
    kind = type(zone).__name__
    if kind == "tzutc":
        return [kind]
    if kind == "tzoffset":
        return [kind, zone.tzname(None), *_delta(zone.utcoffset(None))]
    if kind == "tzfile" and (key := _key_of_file(zone)):
        return [kind, key]
    if kind == "tzlocal":
        raise refusal(zone)
    raise refusal(zone, why="its rules have no name")


def _key_of_file(zone: Any) -> str | None:
    """Return the name of a zone that was read from the system's own files."""
    path = f"{getattr(zone, '_filename', '')}".replace(os.sep, "/")
    roots = [*zoneinfo.TZPATH, "/usr/share/zoneinfo", "/usr/lib/zoneinfo", "/etc/zoneinfo"]
    found = next((path.removeprefix(f"{root}/") for root in roots if path.startswith(f"{root}/")), None)
    return found or (path if path in zoneinfo.available_timezones() else None)


def _from_dateutil(payload: Any) -> Any:
    tz = importlib.import_module("dateutil.tz")
    kind, *rest = payload
    if kind == "tzutc":
        return tz.tzutc()
    if kind == "tzoffset":
        return tz.tzoffset(rest[0], dt.timedelta(*_numbers(rest[1:])))
    found = tz.gettz(checked(rest[0], str)) if kind == "tzfile" else None
    if found is None:
        raise TypeError("dateutil")
    return found


def _pydantic(zone: Any) -> float:
    if type(zone).__name__ != "TzInfo":
        raise refusal(zone)
    return float(zone.utcoffset(None).total_seconds())


def _from_pydantic(payload: Any) -> Any:
    return importlib.import_module("pydantic_core").TzInfo(checked(payload, int, float))


_FOREIGN: Final[dict[str, Shape]] = {
    "pytz": _foreign("pytz.zone", _pytz, _from_pytz),
    "dateutil": _foreign("dateutil.zone", _dateutil, _from_dateutil),
    "pydantic_core": _foreign("pydantic.zone", _pydantic, _from_pydantic),
}

TIMES: Final[tuple[Shape, ...]] = (
    leaf(dt.date, "date", dt.date.isoformat, dt.date.fromisoformat),
    leaf(dt.timedelta, "timedelta", _delta, lambda payload: dt.timedelta(*_numbers(payload))),
    leaf(ZoneInfo, "zone", _key, lambda payload: ZoneInfo(checked(payload, str)), pickles_itself=False),
    Shape(dt.timezone, "timezone", lambda zone, _: offset(zone), _timezone, write=_write_timezone, pickles_itself=True),
    _moment(dt.datetime, "datetime"),
    _moment(dt.time, "time"),
)
FOREIGN_ZONES: Final[tuple[Shape, ...]] = tuple(_FOREIGN.values())
