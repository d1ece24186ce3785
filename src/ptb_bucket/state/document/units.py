"""Units of work: the updates, or occurrences of a timer, that change records.

Telegram may send an update to two instances. Each handles it, and the bucket must get its changes once. So a change is
staged with the IDs of its units, and a document lists the units that have changed it. The staged values of a record
form a chain of *steps*, each on top of the one before. A step is *withdrawn* if the document lists one of its units and
another instance applied it: only the other steps are merged into the value in the bucket.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, NamedTuple

from ptb_bucket._dataclass import dataclass

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator
    from collections.abc import Set as AbstractSet

    from ptb_bucket.state.records import Record

__all__ = [
    "AGAIN",
    "FEW",
    "MANY",
    "Run",
    "Steps",
    "Unit",
    "UnitStep",
    "caught_with",
    "has_any",
    "joined",
    "keep",
    "newest_of",
    "occurrences_like",
    "reached_by",
    "runs",
]  # fmt: skip

Encoded = bytes | None
Unit = int | str
"""The ID of an update, or of an occurrence of a timer."""
NONE: Final[frozenset[Unit]] = frozenset()
AGAIN: Final = "\0again"
"""Replaces a unit in the steps of its second handling, while the first one is pending. These steps are withdrawn."""
MANY: Final = 1000
"""Units that a document of many records lists: as many as the IDs of handled updates that are kept."""
FEW: Final = 50
"""Units that the document of one chat, user, conversation or keyboard lists."""
STEPS_KEPT: Final = 32
"""Steps of one record. Each holds the whole record, so beyond this number the oldest ones are joined."""


class UnitStep(NamedTuple):
    """A change by some units, stored as the resulting value. A step without units is never withdrawn."""

    units: frozenset[Unit]
    value: Encoded


Steps = tuple[UnitStep, ...]


@dataclass(frozen=True)
class Run:
    """Consecutive steps that stay, and the value that the first of them changed."""

    base: Encoded
    steps: list[UnitStep]


@dataclass(frozen=True)
class Occurrence:
    """The timer and the number of a unit that is an occurrence. Numbers of one timer only grow."""

    timer: tuple[str, str]
    number: tuple[int, int]

    @classmethod
    def of(cls, unit: Unit) -> Occurrence | None:
        """Return what ``unit_of`` in :mod:`ptb_bucket.state.timers` has put into an ID; None for an update."""
        if type(unit) is not str:
            return None
        name, _, rest = unit.rpartition("#")
        occurrence, _, rest = rest.partition(".")
        tries, _, series = rest.partition(".")
        if not (series and occurrence.isdecimal() and tries.isdecimal()):
            return None
        return cls((name, series), (int(occurrence), int(tries)))


def newest_of(units: Iterable[Unit]) -> dict[Unit, None]:
    """Return units in their order, and of the occurrences of one timer only the newest, in the place of the last."""
    kept: dict[object, tuple[tuple[int, int], Unit]] = {}
    for unit in units:
        occurrence = Occurrence.of(unit)
        key, this = (unit, ((0, 0), unit)) if occurrence is None else (occurrence.timer, (occurrence.number, unit))
        before = kept.pop(key, this)
        kept[key] = max(before, this, key=lambda pair: pair[0])
    return dict.fromkeys(unit for _, unit in kept.values())


def reached_by(units: Iterable[Unit], listed: Iterable[Unit]) -> frozenset[Unit]:
    """Return the units, among some, that are occurrences of timers of which as late or later ones are listed."""
    found = [occurrence for occurrence in map(Occurrence.of, listed) if occurrence is not None]
    if not found:
        return NONE
    highest = {timer: max(one.number for one in found if one.timer == timer) for timer in {one.timer for one in found}}
    known = ((unit, Occurrence.of(unit)) for unit in units)
    return frozenset(unit for unit, one in known if one and one.number <= highest.get(one.timer, (-1, -1)))


def occurrences_like(unit: Unit, listed: Iterable[Unit]) -> tuple[Unit, ...]:
    """Return those of the listed units that are occurrences of the same timer as a unit."""
    ours = Occurrence.of(unit)
    found = ((one, Occurrence.of(one)) for one in listed)
    return tuple(one for one, theirs in found if ours and theirs and theirs.timer == ours.timer)


def caught_with(chains: Iterable[Steps], there: AbstractSet[Unit]) -> frozenset[Unit]:
    """Return the units whose changes cannot stay.

    Changes of several units in one step cannot be separated. If one of these units is withdrawn, so are the others,
    with all of their changes in the same document: a unit is applied to a document completely or not at all.

    Args:
        chains: The steps of each record of the document.
        there: The units whose changes the document already contains.
    """
    groups = [step.units for steps in chains for step in steps if step.units]
    caught = {unit for units in groups for unit in units if unit in there}
    grown = bool(caught)
    while grown:
        more = {unit for units in groups if not units.isdisjoint(caught) for unit in units}
        grown = not more <= caught
        caught |= more
    return frozenset(caught)


def has_any(steps: Steps, units: frozenset[Unit]) -> bool:
    """Tell whether one of these units made one of these steps."""
    return bool(units) and any(not step.units.isdisjoint(units) for step in steps)


def runs(base: Encoded, steps: Steps, caught: frozenset[Unit]) -> Iterator[Run]:
    """Yield the steps that stay, in order. A new run begins after each withdrawn step.

    Args:
        base: The value that the first step changed.
        steps: The steps.
        caught: The units whose steps are withdrawn.
    """
    run = Run(base, [])
    for step in steps:
        if step.units.isdisjoint(caught):
            run.steps.append(step)
            continue
        if run.steps:
            yield run
        run = Run(step.value, [])
    if run.steps:
        yield run


def joined(lower: Steps, upper: Steps) -> Steps:
    """Return one chain, with ``upper`` on top of ``lower``."""
    return _shortened((*lower, *upper))


def keep(chains: dict[Record, Steps], record: Record, steps: Steps) -> None:
    """Remember the steps of a record, unless none of them has units."""
    if any(step.units for step in steps):
        chains[record] = steps
    else:
        chains.pop(record, None)


def _shortened(steps: Steps) -> Steps:
    """Join the two oldest steps until the chain is short enough. The removal of a record stays a separate step."""
    while len(steps) > STEPS_KEPT:
        at = 1 if steps[0].value is None else 0
        one, two = steps[at : at + 2]
        steps = (*steps[:at], UnitStep(one.units | two.units, two.value), *steps[at + 2 :])
    return steps
