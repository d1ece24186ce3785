"""Units of work that are under way, such as updates, and the records of any document that they may change."""

from __future__ import annotations

from functools import cached_property
from typing import TYPE_CHECKING

from ptb_bucket.state.commit import Withheld
from ptb_bucket.state.document import FEW, MANY
from ptb_bucket.state.records import BOT_DATA, CALLBACK_QUERIES, HANDLED

if TYPE_CHECKING:
    from collections.abc import Iterable
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
        self.effects: dict[int, frozenset[Record]] = {}
        self.lost: dict[Record, set[Unit]] = {}
        self._not_reported: set[Record] = set()

    def connect(self, key: str, ledger: Ledger) -> None:
        """Tell a document which units run, and which are withheld.

        Args:
            key: The document's key without extension.
            ledger: The document's ledger.
        """
        ledger.withheld, ledger.units.losing, ledger.units.running = self._withheld, self._lose, self.running
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

    def note_effects(self, update_id: int, effects: Iterable[Record]) -> None:
        """End an update, and remember which records it may have changed until they are durable."""
        self.effects[update_id] = frozenset(effects)
        self.end(update_id)

    def working_on(self, record: Record) -> list[Unit]:
        """Return the running units that may change a record."""
        return [unit for unit, records in self.running.items() if record in records]

    def committed(self) -> None:
        """Forget the effects of updates that are durable; call it after a commit that noted handled updates."""
        if self.effects or self.lost:
            self._forget_lost(self._again() - self.running.keys())
            self.effects.clear()

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
        """Return the updates that have to be handled again: some of their effects cannot be merged, or are lost."""
        if not self.effects and not self.lost:
            return frozenset()
        failed = self._documents.failed().keys()
        found = {update_id for update_id, effects in self.effects.items() if not failed.isdisjoint(effects)}
        return frozenset(found.union(*self.lost.values()))

    def _unfinished(self) -> frozenset[Unit]:
        """Return the updates with effects in another document that may not be durable: a later commit writes them."""
        dedupe = self._documents.tracked.known(HANDLED)
        others = [document.ledger for document in self._documents.tracked.pending() if document is not dedupe]
        return frozenset(unit for ledger in others for unit in ledger.unsaved_units)

    def _lose(self, record: Record, units: frozenset[Unit]) -> None:
        self.lost.setdefault(record, set()).update(units)
        self._not_reported.add(record)

    def _forget_lost(self, units: AbstractSet[Unit]) -> None:
        left = {record: lost - units for record, lost in self.lost.items()}
        self.lost = {record: lost for record, lost in left.items() if lost}
