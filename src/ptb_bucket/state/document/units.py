"""Units of work: which update, or which occurrence of a timer, made which change to a record.

Telegram may send an update to two instances. Each handles it, and the bucket must get its changes once. So a change is
staged with the ids of its units, and a document lists the units that have changed it. Staged values of one record form
a chain of *steps*, one on top of the other. A step is *withdrawn* if the document lists a unit of it that somebody else
has applied: the steps above it are merged into what the bucket has.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Callable, Container, Iterable, Iterator
    from collections.abc import Set as AbstractSet

    from ptb_bucket.state.records import Record

__all__ = [
    "AGAIN", "FEW", "MANY", "Run", "Step", "Steps", "Unit", "Work", "caught_with", "has_any", "joined", "keep", "runs",
]  # fmt: skip

Encoded = bytes | None
Unit = int | str
"""The id of an update, or of a timer's occurrence."""
NONE: Final[frozenset[Unit]] = frozenset()
AGAIN: Final = "\0again"
"""Stands for a unit in the steps of its second handling here, while its first one is pending: they are withdrawn."""
MANY: Final = 1000
"""Units that a document of many records lists: as many as there are ids of handled updates."""
FEW: Final = 50
"""Units that the document of one chat, user, conversation or keyboard lists."""
STEPS_KEPT: Final = 32
"""Steps of one record; each holds the whole record. Beyond that, the oldest ones are joined."""


class Step(NamedTuple):
    """A change by some units, as the value after it. A step without units is never withdrawn."""

    units: frozenset[Unit]
    value: Encoded


Steps = tuple[Step, ...]


class Run(NamedTuple):
    """Steps that stay, with nothing withdrawn between them, and the value that the first of them changed."""

    base: Encoded
    steps: list[Step]


def caught_with(chains: Iterable[Steps], there: AbstractSet[Unit]) -> frozenset[Unit]:
    """Return the units whose changes cannot stay.

    Changes of several units in one step cannot be told apart. If one of them has to go, so do the others, and then all
    that these have changed in the same document: a unit is applied to a document as a whole, or not at all.

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
    """Yield the steps that stay, in order: a new run begins behind each step that is withdrawn.

    Args:
        base: What the first step changed.
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
    """Return one chain: ``upper`` was staged on top of ``lower``."""
    return _shortened((*lower, *upper))


def keep(chains: dict[Record, Steps], record: Record, steps: Steps) -> None:
    """Remember the steps of a record, unless none of them has units."""
    if any(step.units for step in steps):
        chains[record] = steps
    else:
        chains.pop(record, None)


def _shortened(steps: Steps) -> Steps:
    """Join the oldest two until there are few enough. A record's removal stays visible as a step of its own."""
    while len(steps) > STEPS_KEPT:
        at = 1 if steps[0].value is None else 0
        one, two = steps[at : at + 2]
        steps = (*steps[:at], Step(one.units | two.units, two.value), *steps[at + 2 :])
    return steps


def _ignore(record: Record, units: frozenset[Unit]) -> None:
    del record, units


@dataclass(repr=False)
class Work:
    """The units of one document, as far as this instance has changes of theirs, or has applied them.

    Args:
        limit: How many the document lists.
        losing: Is called with a record whose changes by some units are withdrawn although the document lacks them.
        running: Those that go on making changes. The document does not list them yet: if this process ends now, they
            have to be handled again.
        staged: The steps of each staged record that units have changed; the last one is the staged value.
        unsure: The steps of each record in ``Ledger.unsure``.
        own: What this instance has applied here, newest last: more changes of these units are welcome.
        lost: Units whose changes here were withdrawn although the document lacks them. They have to come again.
        again: Units that are being handled again, while changes of their first handling are pending.
    """

    limit: int = MANY
    losing: Callable[[Record, frozenset[Unit]], None] = _ignore
    running: Container[Unit] = ()
    staged: dict[Record, Steps] = field(default_factory=dict)
    unsure: dict[Record, Steps] = field(default_factory=dict)
    own: dict[Unit, None] = field(default_factory=dict)
    lost: set[Unit] = field(default_factory=set)
    again: set[Unit] = field(default_factory=set)

    def stage(self, record: Record, before: Steps, step: Step) -> None:
        """Put a step on top of a record's others.

        Args:
            record: Which one.
            before: What is staged without units, as a step; nothing if nothing is.
            step: The change.
        """
        if not step.units.isdisjoint(self.again):
            step = Step(step.units - self.again | {AGAIN}, step.value)
        steps = self.staged.get(record, before)
        if steps and steps[-1].units == step.units and steps[-1].value is not None:
            steps = steps[:-1]
        keep(self.staged, record, joined(steps, (step,)))

    def applied(self, units: Iterable[Unit]) -> None:
        """Remember what this instance has applied."""
        for unit in units:
            self.own.pop(unit, None)
            self.own[unit] = None
        for unit in list(self.own)[: -self.limit]:
            del self.own[unit]

    def begin(self, unit: Unit, *, is_pending: bool) -> None:
        """Forget what this instance has done of a unit: it is handled again, if it is not new.

        Args:
            unit: Which one.
            is_pending: Some of that is not durable yet. It counts, and not what is staged until :meth:`end`.
        """
        self.lost.discard(unit)
        self.own.pop(unit, None)
        if is_pending:
            self.again.add(unit)

    def end(self, unit: Unit) -> None:
        """End the handling of a unit."""
        self.again.discard(unit)

    def lose(self, record: Record, steps: Iterable[Step], lost: frozenset[Unit]) -> None:
        """Take note of the units that a record loses."""
        units = frozenset(unit for step in steps for unit in step.units if unit in lost and unit != AGAIN)
        if units:
            self.lost |= units
            self.losing(record, units)
