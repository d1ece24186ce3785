"""Occurrences of timers as units of work, seen from the timer's own record.

A unit that is an occurrence changes records like an update, and its last step is in the record of its timer: it ends
the occurrence. That step is not withdrawn because the document already lists the unit. The document may list it since
an earlier commit that could not end the occurrence yet; whether the occurrence has ended is written in the timer alone.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from ptb_bucket._dataclass import dataclass
from ptb_bucket.errors import CannotLoadError
from ptb_bucket.state.commit.due_keys import timer_outline
from ptb_bucket.state.document import NONE
from ptb_bucket.state.records import AFTER, Kind

if TYPE_CHECKING:
    from collections.abc import Callable, Container, Mapping, Sequence

    from ptb_bucket.state.commit.layers import Base, Encoded, Layer
    from ptb_bucket.state.document import Steps, Unit
    from ptb_bucket.state.records import Record

__all__ = ["OwnSteps", "changed_by", "ends_of", "followed_by", "is_own", "own_units", "passed_in"]


def is_own(record: Record, unit: Unit) -> bool:
    """Tell whether a unit is an occurrence of the timer with this record."""
    return type(unit) is str and unit.rpartition("#")[0] == f"timer:{record.timer[1]}"


def passed_in(layers: Sequence[Layer], base: Base, stored: Callable[[Record], Encoded], codec: str) -> frozenset[Unit]:
    """Return the occurrences that end in some layers although the stored timer has come further.

    Documents list only their newest units. One of an instance that was frozen for long may be gone from there, but the
    number of the timer's occurrence only grows. A timer that was cancelled or replaced meanwhile tells nothing.

    Args:
        layers: The unsaved changes of a document.
        base: The values that the first steps changed.
        stored: Returns the value of a record in the bucket.
        codec: The name of the codec.
    """
    chains = [(one, steps) for layer in layers for one, steps in layer.steps.items() if one.kind is Kind.TIMER]
    ends = [(one, own) for one, steps in chains if (own := own_units(one, steps))]
    passed = (own for one, own in ends if _has_passed(one, base.get(one), stored(one), codec))
    return NONE.union(*passed) if ends else NONE


def _has_passed(record: Record, base: Encoded, stored: Encoded, codec: str) -> bool:
    if base is None or stored is None or base == stored:
        return False
    try:
        ours, theirs = (timer_outline(record, value, codec) for value in (base, stored))
    except CannotLoadError:
        return False
    is_same = (theirs.series, theirs.revision) == (ours.series, ours.revision)
    return is_same and theirs.occurrence > ours.occurrence


def own_units(record: Record, steps: Steps) -> frozenset[Unit]:
    """Return the occurrences of a timer that have changed its record."""
    if record.kind is not Kind.TIMER:
        return NONE
    return frozenset(unit for step in steps for unit in step.units if is_own(record, unit))


def ends_of(chains: Mapping[Record, Steps]) -> frozenset[Unit]:
    """Return the occurrences that end in these steps by record."""
    timers = [record for record in chains if record.kind is Kind.TIMER]
    return NONE.union(*(own_units(record, chains[record]) for record in timers)) if timers else NONE


def _follows(record: Record) -> bool:
    return record.kind is Kind.TIMER and record.timer[1].startswith(AFTER)


def followed_by(layer: Layer) -> frozenset[Unit] | None:
    """Return the units that add timers in a layer which must not be durable before the units' data.

    Returns:
        The units, as far as they have IDs; None if there is no such timer.
    """
    found = [record for record, value in layer.values.items() if value is not None and _follows(record)]
    if not found:
        return None
    return NONE.union(*(step.units for record in found for step in layer.steps.get(record, ())))


def changed_by(layers: Sequence[Layer], besides: Container[Record]) -> frozenset[Unit]:
    """Return the units that change data in some layers. Timers that follow data are not data.

    Args:
        layers: The unsaved changes of a document.
        besides: Records that do not count.
    """
    chains = [(record, steps) for layer in layers for record, steps in layer.steps.items()]
    data = (steps for record, steps in chains if record not in besides and not _follows(record))
    return NONE.union(*(step.units for steps in data for step in steps))


@dataclass(frozen=True)
class OwnSteps:
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
