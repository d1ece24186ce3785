"""Due times: APScheduler's triggers, stored as plain values and rebuilt from them.

Each due time is computed from the one before, not from now, so a late run does not delay the ones after it.
"""

from __future__ import annotations

import math
import random
import re
from datetime import datetime, timedelta, timezone, tzinfo
from typing import TYPE_CHECKING, Any, Final
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from apscheduler.triggers.calendarinterval import CalendarIntervalTrigger
from apscheduler.triggers.cron import CronTrigger
from apscheduler.triggers.date import DateTrigger
from apscheduler.triggers.interval import IntervalTrigger

from ptb_bucket.errors import ConfigurationError

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from apscheduler.triggers.base import BaseTrigger

__all__ = ["first_due", "make_trigger", "next_due", "schedule_of"]

Schedule = dict[str, Any]
_TRIGGERS: Final[dict[str, Callable[..., BaseTrigger]]] = {
    "date": DateTrigger,
    "interval": IntervalTrigger,
    "cron": CronTrigger,
    "calendarinterval": CalendarIntervalTrigger,
}
_TICK: Final = 1e-6
"""Seconds: the smallest step of a ``datetime``."""
_JUST_NOW: Final = 1.0
"""Seconds after which a beginning counts as past: an interval that begins now is due now."""
_EVERY_HOUR: Final = re.compile(r"\*(/\d+)?")
_OFFSET: Final = re.compile(r"UTC([+-])(\d\d):(\d\d)(?::(\d\d))?")


# ---------------------------------------------------------------- from PTB's arguments to a trigger


def make_trigger(trigger: Any, fields: Mapping[str, Any], zone: tzinfo) -> BaseTrigger:
    """Return a trigger as ``scheduler.add_job(trigger, **fields)`` makes it.

    Args:
        trigger: A trigger, or the name of one.
        fields: Its fields, if it is a name.
        zone: The time zone of fields that have none.

    Raises:
        ConfigurationError: Its kind cannot be made again from plain values, or its fields are wrong.
    """
    if isinstance(trigger, str):
        if trigger not in _TRIGGERS:
            raise ConfigurationError(f"Unknown trigger {trigger!r}. Choose one of: {', '.join(_TRIGGERS)}.")
        try:
            return _TRIGGERS[trigger](**{"timezone": zone, **fields})
        except (TypeError, ValueError) as error:
            raise ConfigurationError(f"The arguments of the trigger {trigger!r} are invalid: {error}.") from error
    if type(trigger) not in _TRIGGERS.values():
        raise ConfigurationError(
            f"A trigger of type {type(trigger).__name__} can't be stored. Use one of APScheduler's triggers: "
            f"{', '.join(_TRIGGERS)}. To keep the job in this process only, add job_kwargs={{'jobstore': 'process'}}."
        )
    if fields:
        raise ConfigurationError(
            f"job_kwargs contains a trigger object and also its arguments: {', '.join(sorted(fields))}. Remove these."
        )
    return trigger


# ---------------------------------------------------------------- as plain values


def schedule_of(trigger: BaseTrigger) -> Schedule | None:
    """Return a trigger as plain values; None for one that is due once."""
    return None if isinstance(trigger, DateTrigger) else _WRITERS[type(trigger)](trigger)


def _interval(trigger: IntervalTrigger) -> Schedule:
    return _written("interval", trigger, seconds=trigger.interval_length)


def _cron(trigger: CronTrigger) -> Schedule:
    fields = {field.name: str(field) for field in trigger.fields if not field.is_default}
    return _written("cron", trigger, **fields)


def _calendar(trigger: CalendarIntervalTrigger) -> Schedule:
    state = trigger.__getstate__()
    fields = dict(zip(("years", "months", "weeks", "days"), state["interval"], strict=True))
    return _written(
        "calendarinterval", trigger, **fields, **dict(zip(("hour", "minute", "second"), state["time"], strict=True))
    )


_WRITERS: Final[dict[type[BaseTrigger], Callable[[Any], Schedule]]] = {
    IntervalTrigger: _interval,
    CronTrigger: _cron,
    CalendarIntervalTrigger: _calendar,
}


def _written(kind: str, trigger: Any, **fields: Any) -> Schedule:
    found = {**fields, "jitter": trigger.jitter}
    for name in ("start_date", "end_date"):
        date = getattr(trigger, name)
        found[name] = None if date is None else date.isoformat()
    kept = {name: value for name, value in found.items() if value is not None}
    return {"trigger": kind, "timezone": _zone_name(trigger.timezone), **kept}


def _trigger_of(schedule: Mapping[str, Any]) -> BaseTrigger:
    fields = dict(schedule)
    kind, zone = fields.pop("trigger"), _zone(fields.pop("timezone"))
    if kind != "calendarinterval":  # whose dates have no time
        fields.update(
            {name: datetime.fromisoformat(fields[name]) for name in ("start_date", "end_date") if name in fields}
        )
    return _TRIGGERS[kind](timezone=zone, **fields)


def _zone_name(zone: tzinfo) -> str:
    """Return a name by which a zone is found in every process."""
    name = getattr(zone, "key", None) or getattr(zone, "zone", None)
    if name is None and isinstance(zone, timezone):
        return _offset_name(zone.utcoffset(None))
    try:
        return ZoneInfo(name or str(zone)).key
    except (ZoneInfoNotFoundError, ValueError, TypeError):
        raise ConfigurationError(
            f"The time zone {zone!r} can't be stored because it has no name. Use, for example, "
            "zoneinfo.ZoneInfo('Europe/Rome')."
        ) from None


def _offset_name(offset: timedelta) -> str:
    seconds = round(offset.total_seconds())
    minutes, rest = divmod(abs(seconds), 60)
    text = f"UTC{'-' if seconds < 0 else '+'}{minutes // 60:02}:{minutes % 60:02}"
    return f"{text}:{rest:02}" if rest else text


def _zone(name: str) -> tzinfo:
    found = _OFFSET.fullmatch(name)
    if found is None:
        return ZoneInfo(name)
    sign, hours, minutes, seconds = found.groups(default="0")
    offset = timedelta(hours=int(hours), minutes=int(minutes), seconds=int(seconds))
    return timezone(-offset if sign == "-" else offset)


# ---------------------------------------------------------------- due times


def first_due(trigger: BaseTrigger, now: float) -> float | None:
    """Return when a new timer is due for the first time, in seconds since the epoch; None if never."""
    if isinstance(trigger, DateTrigger):
        return float(trigger.run_date.timestamp())
    if isinstance(trigger, CronTrigger):
        return _cron_after(_cron(trigger), now - _TICK)
    if isinstance(trigger, IntervalTrigger) and 0 <= now - trigger.start_date.timestamp() < _JUST_NOW:
        return float(trigger.start_date.timestamp())  # ``first=0``
    return _seconds(trigger.get_next_fire_time(None, _utc(now)))


def next_due(schedule: Mapping[str, Any] | None, due: float, now: float, *, coalesce: bool = True) -> float | None:
    """Return when a timer is due after one of its due times, in seconds since the epoch; None if never again.

    A local time that a clock change skips is replaced by the first time after the change. A local time that a clock
    change repeats counts once, unless the trigger is due in every hour.

    Args:
        schedule: The trigger as plain values; None if the timer is due once.
        due: The due time before.
        now: The present, in seconds since the epoch.
        coalesce: Skip all due times that have passed: one late run stands for all of them.
    """
    if schedule is None:
        return None
    if schedule["trigger"] == "cron":
        return _cron_after(schedule, max(due, now) if coalesce else due)
    trigger = _trigger_of(schedule)
    found = _after(trigger, due)
    if coalesce and found is not None and found <= now and isinstance(trigger, IntervalTrigger):
        return _seconds(trigger.get_next_fire_time(None, _utc(now + _TICK)))
    while coalesce and found is not None and found <= now:
        found = _after(trigger, found)
    return found


def _after(trigger: BaseTrigger, due: float) -> float | None:
    previous = _utc(due).astimezone(trigger.timezone)  # a trigger reads the local date of the time before
    return _seconds(trigger.get_next_fire_time(previous, previous))


def _seconds(time: datetime | None) -> float | None:
    return None if time is None else float(time.timestamp())


def _utc(seconds: float) -> datetime:
    return datetime.fromtimestamp(seconds, timezone.utc)


# ---------------------------------------------------------------- cron, and clock changes


def _cron_after(schedule: Mapping[str, Any], start: float) -> float | None:
    """Return the first due time of a cron trigger after a time.

    APScheduler finds the clock times, in a zone without clock changes. In a zone with them, it skips the midnight after
    one, and does not end at changes of half an hour.
    """
    fields = dict(schedule)
    zone, end, jitter = _zone(fields["timezone"]), fields.pop("end_date", None), fields.pop("jitter", None)
    begin = fields.pop("start_date", None)
    start = start if begin is None else max(start, datetime.fromisoformat(begin).timestamp() - _TICK)
    is_hourly = _EVERY_HOUR.fullmatch(fields.get("hour", "*" if {"minute", "second"} & fields.keys() else "0"))
    found = (_every_hour if is_hourly else _at_clock_times)(fields, zone, start)
    if found is None or (end is not None and found > datetime.fromisoformat(end).timestamp()):
        return None
    return found + (random.uniform(0, jitter) if jitter else 0)  # noqa: S311  spreads work, guards nothing


def _at_clock_times(fields: Mapping[str, Any], zone: tzinfo, start: float) -> float | None:
    """Return the first time after another one at which a clock on the wall shows one of the times of a trigger."""
    trigger = _trigger_of({**fields, "timezone": "UTC"})
    clock: datetime | None = datetime.fromtimestamp(start, zone).replace(tzinfo=timezone.utc, fold=0)
    while (clock := trigger.get_next_fire_time(clock, clock)) is not None:
        found = _first_time(clock.replace(tzinfo=None), zone)
        if found > start:
            return found
    return None


def _first_time(clock: datetime, zone: tzinfo) -> float:
    """Return the first time at which a clock shows this, or the first time after it if a clock change skips it."""
    one, other = sorted(clock.replace(tzinfo=zone, fold=fold).timestamp() for fold in (0, 1))
    shown = datetime.fromtimestamp(one, zone).replace(tzinfo=None, fold=0)
    is_skipped = shown != clock and one != other
    return _change_between(one, other, zone) if is_skipped else one


def _every_hour(fields: Mapping[str, Any], zone: tzinfo, start: float) -> float | None:
    """Return the first time after another one in a trigger of every hour: repeated hours count twice."""
    while True:
        offset = _offset_at(start + _TICK, zone)
        trigger = _trigger_of({**fields, "timezone": _offset_name(offset)})
        found = _after(trigger, start)
        if found is None or _offset_at(found, zone) == offset:
            return found
        start = _change_between(start, found, zone) - _TICK


def _change_between(before: float, after: float, zone: tzinfo) -> float:
    """Return the first second with the offset that a zone has at the later of two times."""
    low, high, offset = math.floor(before), math.ceil(after), _offset_at(after, zone)
    while high - low > 1:
        middle = (low + high) // 2
        low, high = (low, middle) if _offset_at(middle, zone) == offset else (middle, high)
    return float(high)


def _offset_at(seconds: float, zone: tzinfo) -> timedelta:
    return datetime.fromtimestamp(seconds, zone).utcoffset() or timedelta()
