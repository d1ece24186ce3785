"""The timers of a bot as a tool sees them: what each calls, when it is due, and whether somebody runs it."""

from __future__ import annotations

import math
import time
from dataclasses import dataclass
from datetime import datetime, timezone
from typing import TYPE_CHECKING, Final

from ptb_bucket._aio import outcomes
from ptb_bucket.errors import CannotLoadError
from ptb_bucket.state import EFFECT, Kind, Record, timer_outline

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from ptb_bucket.state import Archive, Part
    from ptb_bucket.state.timers import Timer
    from ptb_bucket.tools.state import State

__all__ = ["LATE", "StoredTimer", "list_timers", "timers_in"]

LATE: Final = 300.0
"""Seconds after which a timer should have run: a tick a minute, and a claim of an instance that was killed."""


@dataclass(frozen=True)
class StoredTimer:
    """A timer as it is stored.

    Attributes:
        record: Its record, with its owner and its ID.
        callback: The name of the function that it calls; empty if it is damaged.
        name: The name of its job.
        due: When it is due, in the time zone of its schedule, or else in UTC; None if it is never due.
        state: ``due`` if it will run at its time, ``late`` if its time has passed, ``running`` if an instance has
            claimed it, ``paused``, ``parked`` if it does not run any more, or ``damaged``.
        problem: Why it is parked or damaged; otherwise empty.
        tries: How often its present occurrence has failed.
        repeats: Whether it is due again after it has run.
    """

    record: Record
    callback: str = ""
    name: str | None = None
    due: datetime | None = None
    state: str = "damaged"
    problem: str = ""
    tries: int = 0
    repeats: bool = False

    def late_by(self, now: float) -> float:
        """Return by how many seconds it is late at a time, in seconds since the epoch; 0.0 if it will never run."""
        return max(0.0, now - self.due.timestamp()) if self.due and self.state == "late" else 0.0


async def list_timers(
    state: State, *, within: float | None = None, user_id: int | None = None, chat_id: int | None = None
) -> list[StoredTimer]:
    """Return the timers of a bot by due time. Nothing in their data is decoded.

    With ``layout=per-record``, this reads all documents of users and chats, unless an argument excludes most of them.

    Args:
        state: The bot's state.
        within: Only those that will run within so many seconds, or are late.
        user_id: Only those that belong to this user's data, or to that of their private chat.
        chat_id: Only those that belong to this chat's data.

    Raises:
        DocumentError: A document cannot be read.
        StoreError: The store could not be read.
    """
    now = time.time()
    until = math.inf if within is None else now + within
    owners = _owners(user_id, chat_id)
    found = [timer async for part in _parts(state.archive, until, owners) for timer in timers_in(part, now)]
    if owners:
        found = [timer for timer in found if timer.record.timer[0] in owners]
    if within is not None:
        found = [timer for timer in found if _runs_until(timer, until)]
    return sorted(found, key=lambda timer: (timer.due.timestamp() if timer.due else math.inf, timer.record.id))


def _owners(user_id: int | None, chat_id: int | None) -> list[Record]:
    of_user = [] if user_id is None else [Record.user(user_id), Record.chat(user_id)]
    return of_user + ([] if chat_id is None else [Record.chat(chat_id)])


def _runs_until(timer: StoredTimer, until: float) -> bool:
    is_armed = timer.state in ("due", "late", "running")
    return is_armed and timer.due is not None and timer.due.timestamp() <= until


async def _parts(archive: Archive, until: float, owners: list[Record]) -> AsyncIterator[Part]:
    """Yield the documents that have the timers, and as few others as possible."""
    if not archive.layout.lazy or (until == math.inf and not owners):
        async for part in archive.parts([Kind.TIMER]):
            yield part
        return
    wanted = owners or [record.timer[0] async for record in archive.due_timers(until)]
    async for found in outcomes(list(dict.fromkeys(wanted)), archive.part_of):
        if found is not None:
            yield found


def timers_in(part: Part, now: float) -> list[StoredTimer]:
    """Return the timers in a document, without the records that keep how an effect ended.

    Args:
        part: The document.
        now: The present, in seconds since the epoch.
    """
    codec = part.header.codec
    records = ((record, value) for record, value in part.records.items() if record.kind is Kind.TIMER)
    return [_read(record, value, codec, now) for record, value in records if not record.timer[1].startswith(EFFECT)]


def _read(record: Record, encoded: bytes, codec: str, now: float) -> StoredTimer:
    try:
        timer = timer_outline(record, encoded, codec, also=("schedule", "claim"))
    except CannotLoadError as error:
        return StoredTimer(record, problem=str(error))
    return StoredTimer(
        record, timer.callback, timer.name, _moment(timer), _state_of(timer, now), timer.parked or "", timer.tries,
        timer.schedule is not None,
    )  # fmt: skip


def _state_of(timer: Timer, now: float) -> str:
    if timer.parked is not None:
        return "parked"
    if not timer.enabled:
        return "paused"
    if timer.claim and timer.claim.until > now:
        return "running"
    return "late" if timer.due is not None and timer.due < now else "due"


def _moment(timer: Timer) -> datetime | None:
    """Return when a timer is due, in the zone of its schedule if this system knows it."""
    from ptb_bucket.state.timers import zone_of  # noqa: PLC0415  only for timers

    if timer.due is None:
        return None
    try:
        zone = zone_of(str((timer.schedule or {})["timezone"]))
    except (KeyError, ValueError):  # of a zone that is unknown here, too
        zone = timezone.utc
    try:
        return datetime.fromtimestamp(timer.due, zone)
    except (ValueError, OverflowError, OSError):
        return None
