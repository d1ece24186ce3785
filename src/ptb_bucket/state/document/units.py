"""Units of work: the updates, or occurrences of a timer, that change records.

Telegram may send an update to two instances. Each handles it, and the bucket must get its changes once. So a change is
staged with the IDs of its units, and a document lists the units that have changed it. The staged values of a record
form a chain of *steps*, each on top of the one before. A step is *withdrawn* if the document lists one of its units and
another instance applied it: only the other steps are merged into what the bucket has.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, NamedTuple

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
    """A change by some units, stored as the value after it. A step without units is never withdrawn."""

    units: frozenset[Unit]
    value: Encoded


Steps = tuple[UnitStep, ...]


class Run(NamedTuple):
    """Steps that stay, without a withdrawn one between them, and the value that the first of them changed."""

    base: Encoded
    steps: list[UnitStep]


def caught_with(chains: Iterable[Steps], there: AbstractSet[Unit]) -> frozenset[Unit]:
    """Return the units whose changes cannot stay.

    Changes of several units in one step cannot be told apart. If one of the units has to go, so do the others, and with
    them all that they have changed in the same document: a unit is applied to a document completely or not at all.

    Args:
        chains: The steps of each record of the document.
        there: The units whose changes are in the document already.
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
    """Join the two oldest steps until there are few enough. The removal of a record stays a step of its own."""
    while len(steps) > STEPS_KEPT:
        at = 1 if steps[0].value is None else 0
        one, two = steps[at : at + 2]
        steps = (*steps[:at], UnitStep(one.units | two.units, two.value), *steps[at + 2 :])
    return steps
