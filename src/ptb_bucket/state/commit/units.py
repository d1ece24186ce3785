"""The units of one document: those that this instance has applied, and those whose changes are withdrawn."""

from __future__ import annotations

from contextlib import suppress
from dataclasses import field
from typing import TYPE_CHECKING

from ptb_bucket._dataclass import dataclass
from ptb_bucket.errors import PTBBucketError
from ptb_bucket.state.commit.occurrences import is_own
from ptb_bucket.state.document import AGAIN, MANY, NONE, UnitStep, caught_with, joined, reached_by
from ptb_bucket.state.records import HANDLED, Kind

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Container, Iterable

    from ptb_bucket.state.commit.layers import Encoded, Layer
    from ptb_bucket.state.document import Document, Unit
    from ptb_bucket.state.merge import RecordMerger
    from ptb_bucket.state.records import Record

__all__ = ["DocumentUnits", "Withheld"]


@dataclass(frozen=True)
class Withheld:
    """Updates that are not noted as handled: either never, because they have to be delivered again, or not yet."""

    never: frozenset[Unit] = NONE
    later: frozenset[Unit] = NONE

    @property
    def any(self) -> frozenset[Unit]:
        """The units of both kinds."""
        return self.never | self.later

    @classmethod
    def nothing(cls, units: Collection[Unit]) -> Withheld:
        """Return that all of these units are noted as handled."""
        del units
        return cls()


def _ignore(record: Record, units: frozenset[Unit]) -> None:
    del record, units


@dataclass(repr=False)
class DocumentUnits:
    """The units of one document, as far as this instance has pending changes by them or has applied them.

    Args:
        merger: Reads the handled updates that the document holds.
        limit: How many units the document lists.
        losing: Called with each record that loses changes of some units although the document lacks them.
        running: The units that are still making changes. The document does not list them yet: if this process ended
            now, they would have to be handled again.
        own: The units that this instance has applied to the document, newest last. Their further changes are accepted.
        lost: Units whose changes here were withdrawn although the document lacks them. They must be delivered again.
        abandoned: Units that the caller has withdrawn: another instance has done their work.
        passed: Occurrences of timers of which the document shows later ones.
        again: Units that are being handled again while changes of their first handling are pending.
    """

    merger: RecordMerger
    limit: int = MANY
    losing: Callable[[Record, frozenset[Unit]], None] = _ignore
    running: Container[Unit] = ()
    own: dict[Unit, None] = field(default_factory=dict)
    lost: set[Unit] = field(default_factory=set)
    abandoned: set[Unit] = field(default_factory=set)
    passed: frozenset[Unit] = NONE
    again: set[Unit] = field(default_factory=set)
    _handled: tuple[Encoded, frozenset[Unit]] = field(default=(None, NONE), compare=False)

    # ---------------------------------------------------------------- handling

    def begin(self, unit: Unit, *, is_pending: bool) -> None:
        """Begin to handle a unit. If it was handled before, forget that this instance has applied or lost it.

        Args:
            unit: The unit.
            is_pending: Some of its earlier changes are not durable yet. They are kept, and changes that are staged
                before :meth:`end` are dropped.
        """
        self.lost.discard(unit)
        self.abandoned.discard(unit)
        self.own.pop(unit, None)
        if is_pending:
            self.again.add(unit)

    def end(self, unit: Unit) -> None:
        """End the handling of a unit."""
        self.again.discard(unit)

    def stage(self, layer: Layer, record: Record, units: Iterable[Unit], value: Encoded) -> None:
        """Put a change on top of the staged steps of a record.

        Args:
            layer: The staged values.
            record: The record.
            units: The units that have changed it since the last time.
            value: Its new value.
        """
        made_by = frozenset(units)
        if not made_by.isdisjoint(self.again):
            made_by = made_by - self.again | {AGAIN}
        steps = layer.chain(record)
        if steps and steps[-1].units == made_by and steps[-1].value is not None:
            steps = steps[:-1]
        layer.put(record, joined(steps, (UnitStep(made_by, value),)))

    def applied(self, units: Iterable[Unit]) -> None:
        """Remember the units that this instance has applied."""
        for unit in units:
            self.own.pop(unit, None)
            self.own[unit] = None
        for unit in list(self.own)[: -self.limit]:
            del self.own[unit]

    # ---------------------------------------------------------------- changes that others have applied

    def withdrawn(self, layers: Iterable[Layer], document: Document | None) -> frozenset[Unit]:
        """Return the units whose changes are withdrawn: others applied them, or a step mixes them with such changes.

        Args:
            layers: All unsaved changes of the document.
            document: The document as it was last read or written.
        """
        chains = [steps for layer in layers for steps in layer.steps.values()]
        if not chains:
            return NONE
        if occurrences := {unit for steps in chains for step in steps for unit in step.units if type(unit) is str}:
            self.passed |= reached_by(occurrences, self._theirs(document))
        return caught_with(chains, {AGAIN, *self._theirs(document), *self.lost, *self.abandoned})

    def withdrawn_in(self, record: Record, withdrawn: frozenset[Unit]) -> frozenset[Unit]:
        """Return the units whose steps in one record are withdrawn.

        Args:
            record: The record.
            withdrawn: The units that are withdrawn in the document.
        """
        if record.kind is not Kind.TIMER or not withdrawn:
            return withdrawn
        return frozenset(unit for unit in withdrawn if unit in self.abandoned or not is_own(record, unit))

    def abandon(self, unit: Unit, unsaved: Container[Unit]) -> None:
        """Withdraw all unsaved changes of a unit.

        Args:
            unit: The unit.
            unsaved: The units with changes that are not durable.
        """
        self.abandoned = {one for one in {*self.abandoned, unit} if one in unsaved}

    def lose(
        self, record: Record, steps: Iterable[UnitStep], withdrawn: frozenset[Unit], document: Document | None
    ) -> None:
        """Note the units whose changes a record loses although the document lacks them."""
        lost = withdrawn - self._theirs(document) - self.abandoned
        units = frozenset(unit for step in steps for unit in step.units if unit in lost and unit != AGAIN)
        if units:
            self.lost |= units
            self.losing(record, units)

    def handled_in(self, document: Document) -> frozenset[Unit]:
        """Return the handled updates that a document holds."""
        encoded = document.get(HANDLED)
        if encoded != self._handled[0]:
            self._handled = encoded, NONE
            with suppress(PTBBucketError):  # the caller that merges or needs that record gets the error
                self._handled = encoded, frozenset(self.merger.updates(encoded))
        return self._handled[1]

    def _theirs(self, document: Document | None) -> set[Unit]:
        """Return the units that the document lists, or shows to be done, and that this instance has not applied."""
        listed = {*document.header.units, *self.handled_in(document)} if document else set()
        return {unit for unit in {*listed, *self.passed} if unit not in self.own}
