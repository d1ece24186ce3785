"""Occurrences of timers as units of work, seen from the timer's own record.

A unit that is an occurrence changes records like an update, and its last step is in the record of its timer: it ends
the occurrence. That step is not withdrawn because the document already lists the unit. The document may list it since
an earlier commit that could not end the occurrence yet; whether the occurrence has ended is written in the timer alone.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from ptb_bucket.errors import CannotLoadError
from ptb_bucket.state.commit.due_keys import timer_outline
from ptb_bucket.state.document import NONE
from ptb_bucket.state.records import Kind

if TYPE_CHECKING:
    from collections.abc import Mapping

    from ptb_bucket.state.document import Steps, Unit
    from ptb_bucket.state.records import Record

__all__ = ["OwnSteps", "ends_of", "is_own", "own_units", "passed_units"]


def is_own(record: Record, unit: Unit) -> bool:
    """Tell whether a unit is an occurrence of the timer with this record."""
    return type(unit) is str and unit.rpartition("#")[0] == f"timer:{record.timer[1]}"


def passed_units(record: Record, steps: Steps, base: bytes | None, stored: bytes | None, codec: str) -> frozenset[Unit]:
    """Return the occurrences that end in these steps although the stored timer has come further.

    Documents list only their newest units. One of an instance that was frozen for long may be gone from there, but the
    number of the timer's occurrence only grows. A timer that was cancelled or replaced meanwhile tells nothing.

    Args:
        record: The record of the timer.
        steps: Its steps.
        base: The value that the first step changed.
        stored: The value in the bucket.
        codec: The name of the codec.
    """
    own = own_units(record, steps)
    if not own or base is None or stored is None or base == stored:
        return NONE
    try:
        ours, theirs = (timer_outline(record, value, codec) for value in (base, stored))
    except CannotLoadError:
        return NONE
    is_same = (theirs.series, theirs.revision) == (ours.series, ours.revision)
    return own if is_same and theirs.occurrence > ours.occurrence else NONE


def own_units(record: Record, steps: Steps) -> frozenset[Unit]:
    """Return the occurrences of a timer that have changed its record."""
    if record.kind is not Kind.TIMER:
        return NONE
    return frozenset(unit for step in steps for unit in step.units if is_own(record, unit))


def ends_of(chains: Mapping[Record, Steps]) -> frozenset[Unit]:
    """Return the occurrences that end in these steps by record."""
    timers = [record for record in chains if record.kind is Kind.TIMER]
    return NONE.union(*(own_units(record, chains[record]) for record in timers)) if timers else NONE


class OwnSteps(NamedTuple):
    """The steps of a timer's record, sorted by whether they may be written.

    Args:
        now: The steps to merge.
        later: The steps that stay staged, because effects of their units are not durable yet.
        never: Units whose steps are left out: their effects cannot be saved, so the occurrence has to be run again.
    """

    now: Steps
    later: Steps = ()
    never: frozenset[Unit] = NONE

    @classmethod
    def sort(cls, steps: Steps, never: frozenset[Unit], later: frozenset[Unit]) -> OwnSteps:
        """Sort the steps of units, some of which never end here, or later. A step on top of a later one waits, too."""
        waiting = (at for at, step in enumerate(steps) if not step.units.isdisjoint(later - never))
        first = next(waiting, len(steps))
        return cls(steps[:first], steps[first:], never)
