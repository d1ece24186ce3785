"""Check that timers run: none is late, none is parked, and their document can hold them."""

from __future__ import annotations

import time
from contextlib import suppress
from typing import TYPE_CHECKING, Final

from ptb_bucket._aio import outcomes
from ptb_bucket._wording import pluralize
from ptb_bucket.errors import StoreError
from ptb_bucket.state import MANY_TIMERS
from ptb_bucket.tools.health.report import Verdict
from ptb_bucket.tools.stored_timers import LATE, StoredTimer, timers_in

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from ptb_bucket.state import Archive, Layout, Part, Record
    from ptb_bucket.tools.health.report import Report

__all__ = ["check_timers"]

_NAMED: Final = 8
"""The number of timers to name."""

_MOST: Final = 1_000
"""The largest number of late timers to look at, where each needs a request."""


_TOO_MANY: Final = (
    f"timers are too many for layout=single: each save writes all of them. For more than {MANY_TIMERS:,}, copy the "
    "state to another layout: ptb-bucket copy URI 'NEW_URI?layout=per-record'."
)
_DENIED: Final = (
    "Bots with timers in layout per-record must be allowed to delete objects: see 'delete'. Otherwise each look at the "
    "timers reads more and more."
)


async def check_timers(archive: Archive, parts: Sequence[Part], report: Report) -> None:
    """Report timers that are late although somebody should tick, that are parked, and too many in one document.

    Args:
        archive: The bot's state.
        parts: Its documents, or with one document for each record perhaps only some of them.
        report: Receives the result, if there are any timers.
    """
    now = time.time()
    found = {timer.record: timer for part in parts for timer in timers_in(part, now)}
    with suppress(StoreError):  # the check 'list' or 'read' reports it
        found |= await _overdue(archive, set(found), now)
    if found:
        _report(found.values(), now, report, archive.layout)


async def _overdue(archive: Archive, known: set[Record], now: float) -> dict[Record, StoredTimer]:
    """Return timers that are late and in none of the documents that were read, from the listing of their due keys."""
    if not archive.layout.lazy:
        return {}
    owners: dict[Record, None] = {}
    async for record in archive.due_timers(now - LATE):
        if record not in known:
            owners[record.timer[0]] = None
        if len(owners) == _MOST:
            break
    read = outcomes(list(owners), archive.part_of)
    return {timer.record: timer async for part in read if part for timer in timers_in(part, now)}


def _report(timers: Iterable[StoredTimer], now: float, report: Report, layout: Layout) -> None:
    found = sorted(timers, key=lambda timer: timer.record.id)
    late = [timer for timer in found if timer.late_by(now) > LATE]
    parked = [timer for timer in found if timer.state == "parked"]
    labels = {"late": [one.record.label for one in late], "parked": [one.record.label for one in parked]}
    too_many = f"{len(found):,} {_TOO_MANY}" if layout.name == "single" and len(found) > MANY_TIMERS else ""
    denied = _DENIED if layout.lazy and report.verdict("delete") is not Verdict.OK else ""
    problems = " ".join(text for text in (denied, too_many, _late(late, now), _parked(parked)) if text)
    verdict = Verdict.WARNING if problems else Verdict.OK
    detail = problems or f"{pluralize(len(found), 'timer', 'timers')}, none late or parked"
    report.say("timers", verdict, detail, too_many=bool(too_many), **labels)


def _late(late: Sequence[StoredTimer], now: float) -> str:
    if not late:
        return ""
    minutes = max(timer.late_by(now) for timer in late) / 60
    return (
        f"{_number(late)} late, by up to {minutes:,.0f} minutes: {_names(late)}. Nobody ticks, or the ticks fail. "
        "Start your bot with jobs='bucket', or check the schedule that ticks and its log."
    )


def _parked(parked: Sequence[StoredTimer]) -> str:
    if not parked:
        return ""
    return (
        f"{_number(parked)} parked, and will not run: {_names(parked)}. Fix the error or add the missing callback, "
        "then run 'ptb-bucket timers run URI OWNER TIMER', or cancel the timer with 'ptb-bucket timers rm'."
    )


def _number(timers: Sequence[StoredTimer]) -> str:
    return pluralize(len(timers), "timer is", "timers are")


def _names(timers: Sequence[StoredTimer]) -> str:
    named = [f"{one.record.label}{f' ({one.problem})' * bool(one.problem)}" for one in timers[:_NAMED]]
    more = f", and {len(timers) - _NAMED:,} more" if len(timers) > _NAMED else ""
    return ", ".join(named) + more
