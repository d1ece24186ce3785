"""Units of work that are under way, such as updates, and the records of any document that they may change."""

from __future__ import annotations

from functools import cached_property, partial
from typing import TYPE_CHECKING

from ptb_bucket.state.commit import Withheld, ends_of
from ptb_bucket.state.document import FEW, MANY, NONE
from ptb_bucket.state.records import BOT_DATA, CALLBACK_QUERIES, HANDLED

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable
    from collections.abc import Set as AbstractSet

    from ptb_bucket.state.commit import Ledger
    from ptb_bucket.state.document import Unit
    from ptb_bucket.state.records import Record
    from ptb_bucket.state.replica.document_set import DocumentSet

__all__ = ["ReplicaUnits"]


class ReplicaUnits:
    """The units of work of one replica.

    A unit whose effects cannot be merged, or are lost, is withheld: no document says that it was handled, so that it is
    handled again.

    Args:
        documents: The documents of the replica, each of which lists the units that changed it.
    """

    def __init__(self, documents: DocumentSet) -> None:
        self._documents = documents
        self.running: dict[Unit, frozenset[Record]] = {}
        self.effects: dict[Unit, frozenset[Record]] = {}
        self.lost: dict[Record, set[Unit]] = {}
        self._not_reported: set[Record] = set()

    def connect(self, key: str, ledger: Ledger) -> None:
        """Tell a document which units run, and which are withheld.

        Args:
            key: The document's key without extension.
            ledger: The document's ledger.
        """
        ledger.withheld, ledger.units.losing, ledger.units.running = self._withheld, self._lose, self.running
        ledger.unended = partial(self._unended, ledger)
        ledger.units.limit = FEW if self._documents.layout.lazy and key not in self._shared_keys else MANY

    @cached_property
    def _shared_keys(self) -> set[str]:
        """The documents of one record that almost every update changes."""
        return {self._documents.layout.key(record) for record in (BOT_DATA, CALLBACK_QUERIES)}

    def begin(self, unit: Unit, records: Iterable[Record]) -> None:
        """Begin a unit of work, such as an update: later values of these records may be its changes.

        Documents list it when it has ended, by :meth:`note_effects` or :meth:`end`.
        """
        self.running[unit] = frozenset()
        self.extend(unit, records)
        self._forget_lost({unit})

    def extend(self, unit: Unit, records: Iterable[Record]) -> None:
        """Add records that a running unit uses, too. A unit that has ended stays as it is. See :meth:`begin`."""
        before = self.running.get(unit)
        if before is None:
            return
        known = [id(ledger) for ledger in self._ledgers_of(before)]
        self.running[unit] = before.union(records)
        for ledger in self._ledgers_of(self.running[unit] - before):
            if id(ledger) not in known:
                ledger.units.begin(unit, is_pending=unit in ledger.unsaved_units)

    def end(self, unit: Unit) -> None:
        """End a unit of work, unless it has ended: later changes of its records are not its own."""
        for ledger in self._ledgers_of(self.running.pop(unit, frozenset())):
            ledger.units.end(unit)

    def note_effects(self, unit: Unit, effects: Iterable[Record]) -> None:
        """End a unit, and remember which records it may have changed until they are durable."""
        self.effects[unit] = frozenset(effects)
        self.end(unit)

    def withdraw(self, unit: Unit) -> None:
        """End a unit, and withdraw all of its changes that are staged: another instance has done its work.

        Stage what it has changed first, so that the next refresh brings live objects back to what the bucket has. A
        change that another unit has built upon in the same step is withdrawn with it, and is reported as lost. A put
        that is under way may still be applied.
        """
        for document in self._documents.tracked.pending():
            ledger = document.ledger
            if unit in ledger.unsaved_units:
                ledger.units.abandon(unit, ledger.unsaved_units)
        self.effects.pop(unit, None)
        self.end(unit)

    def forget_listed(self) -> None:
        """List no units any more in documents that change: a tool has replaced their records."""
        for document in self._documents.tracked.pending():
            known = document.ledger.document
            document.ledger.relisted = (known.header.units if known else (), ())

    def waits(self, ledger: Ledger) -> bool:
        """Tell whether an occurrence that ends in a document has effects in others that are not durable."""
        return bool(self._unended(ledger, ends_of(ledger.staged.steps)).later)

    def working_on(self, record: Record) -> list[Unit]:
        """Return the running units that may change a record."""
        return [unit for unit, records in self.running.items() if record in records]

    def lose_changes_of(self, records: Iterable[Record]) -> bool:
        """Tell whether changes of these records would be lost now.

        A unit that runs on one of them has lost changes. What it changes further is withdrawn when it is staged, and so
        is what another unit changes meanwhile, because the two cannot be separated.
        """
        return any(
            unit in ledger.units.lost
            for record in (records if self.lost else ())
            for ledger in self._ledgers_of([record])
            for unit in self.working_on(record)
        )

    def committed(self) -> None:
        """Forget the effects of updates that are durable; call it after a commit that noted handled updates."""
        if self.effects or self.lost:
            self._forget_lost(self._again() - self.running.keys())
            occurrences = {unit: effects for unit, effects in self.effects.items() if type(unit) is str}
            unsaved = self._unended_units() if occurrences else NONE
            self.effects = {unit: effects for unit, effects in occurrences.items() if unit in unsaved}

    def take_lost(self) -> set[Record]:
        """Return the records that have lost changes since the last call."""
        records, self._not_reported = self._not_reported, set()
        return records

    def _ledgers_of(self, records: Iterable[Record]) -> Iterable[Ledger]:
        """Return the ledgers of these records' documents, as far as they are known; several records may share one."""
        documents = map(self._documents.tracked.known, records)
        return [document.ledger for document in documents if document is not None]

    def _withheld(self) -> Withheld:
        return Withheld(self._again(), self._unfinished())

    def _again(self) -> frozenset[Unit]:
        """Return the units that have to be done again: some of their effects cannot be merged, or are lost."""
        if not self.effects and not self.lost:
            return frozenset()
        failed = self._documents.failed().keys()
        found = {unit for unit, effects in self.effects.items() if not failed.isdisjoint(effects)}
        return frozenset(found.union(*self.lost.values()))

    def _unfinished(self) -> frozenset[Unit]:
        """Return the updates with effects in another document that may not be durable: a later commit writes them."""
        dedupe = self._documents.tracked.known(HANDLED)
        others = [document.ledger for document in self._documents.tracked.pending() if document is not dedupe]
        return frozenset(unit for ledger in others for unit in ledger.unsaved_units)

    def _unended(self, ledger: Ledger, units: Collection[Unit]) -> Withheld:
        """Return the occurrences that a document does not end yet, or never, among some units."""
        again = self._again().intersection(units)
        return Withheld(again, frozenset(unit for unit in units if unit not in again and self._waits(ledger, unit)))

    def _waits(self, ledger: Ledger, unit: Unit) -> bool:
        """Tell whether a unit has changes in other documents that are not durable."""
        effects = self.effects.get(unit, frozenset())
        return any(unit in other.unsaved_units for other in self._ledgers_of(effects) if other is not ledger)

    def _unended_units(self) -> frozenset[Unit]:
        """Return the occurrences whose end is staged."""
        pending = self._documents.tracked.pending()
        layers = (layer for document in pending for layer in document.ledger.layers())
        return NONE.union(*(ends_of(layer.steps) for layer in layers))

    def _lose(self, record: Record, units: frozenset[Unit]) -> None:
        self.lost.setdefault(record, set()).update(units)
        self._not_reported.add(record)

    def _forget_lost(self, units: AbstractSet[Unit]) -> None:
        left = {record: lost - units for record, lost in self.lost.items()}
        self.lost = {record: lost for record, lost in left.items() if lost}
