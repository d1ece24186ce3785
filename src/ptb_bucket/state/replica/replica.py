"""The replica: this instance's view of a bot's state in a bucket.

A replica has the documents that it has read, the values that it hands to PTB, and the units of work that are under way.
It stages what PTB changes, and commits it. Its interface speaks of records; the layout decides which documents hold
them.
"""

from __future__ import annotations

from contextlib import suppress
from dataclasses import field
from functools import cached_property
from typing import TYPE_CHECKING, Any

from ptb_bucket._aio import for_each
from ptb_bucket._dataclass import dataclass
from ptb_bucket.errors import CannotStoreError, PTBBucketError, UnreadableRecordError, UnsavedError
from ptb_bucket.state.commit import lost_changes, tell_failures, withhold, write_document
from ptb_bucket.state.merge import MISSING
from ptb_bucket.state.records import HANDLED, HANDLED_LIMIT, Kind, Record
from ptb_bucket.state.replica.commit_order import CommitOrder
from ptb_bucket.state.replica.units import ReplicaUnits
from ptb_bucket.state.replica.values import Values

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Collection, Iterable

    from ptb_bucket.state.commit import Ledger, TrackedDocument
    from ptb_bucket.state.document import Unit
    from ptb_bucket.state.replica.document_set import DocumentSet
    from ptb_bucket.state.replica.timers import Timers
    from ptb_bucket.state.timers import DueKey, ListedKey

__all__ = ["Replica"]


@dataclass
class Replica:
    """Stages what PTB changes, and commits it.

    Args:
        documents: The documents that this instance reads and writes.
        unstorable: The errors of staged records that cannot be stored. The replica fills it itself.
    """

    documents: DocumentSet
    unstorable: dict[Record, PTBBucketError] = field(default_factory=dict)
    values: Values = field(init=False, repr=False)
    units: ReplicaUnits = field(init=False, repr=False)

    def __post_init__(self) -> None:
        self.values = Values(self.documents)
        self.units = ReplicaUnits(self.documents)
        self.documents.on_track = self.units.connect

    @cached_property
    def timers(self) -> Timers:
        """The timers in the documents and in the bucket."""
        from ptb_bucket.state.replica.timers import Timers  # noqa: PLC0415  only bots with timers import it

        return Timers(self.documents)

    # ---------------------------------------------------------------- staging

    def stage(self, record: Record, value: Any) -> None:
        """Take a record's newest value; None or MISSING drops the record. The next commit makes it durable.

        Args:
            record: The record.
            value: Its value.

        Raises:
            CannotStoreError: A part of the value cannot be encoded, or a class of the bot's own raised an error. The
                rest of the value is staged, as far as it can be separated.
            UnreadableRecordError: The bucket has this record, and PTB could never load it. Nothing is staged, because
                the value was made without knowing the record. Dropping it works.
        """
        self._stage(record, value, self.units.working_on(record) if self.units.running else ())

    def _stage(self, record: Record, value: Any, units: Collection[Unit]) -> None:
        drop = value is None or value is MISSING
        drops_unread = drop and record.kind in (Kind.CHAT, Kind.USER)  # elsewhere, absence is just what PTB knows
        if not drops_unread and record in self.values.unreadable.found:
            self._refuse_blind(record, value)
        ledger = self.documents.tracked.for_staging(record).ledger
        try:
            unreadable = drops_unread and record in self.values.unreadable
            encoded = self._encoded(record, value, (ledger.top(record), ledger.stored(record)))
            ledger.stage(record, encoded, units=units, drop=drop, unreadable=unreadable)
            self.unstorable.pop(record, None)
        except CannotStoreError as error:
            self.unstorable[record] = error
            self._stage_rest(record, value, ledger, units)
            raise
        if drops_unread:
            self.values.unreadable.forget(record)

    def stage_handled(self, update_id: int, effects: Iterable[Record]) -> None:
        """Note that an update was handled. This becomes durable together with the update's effects, or not at all.

        Args:
            update_id: The update's ID.
            effects: The records that its handlers may have changed. If one of them cannot be merged with the bucket's,
                the update is not noted: it is not acknowledged, so it is handled again.
        """
        before = self.values.read(HANDLED)
        self.units.note_effects(update_id, effects)
        self.stage(HANDLED, [*([] if before is MISSING else before), update_id][-HANDLED_LIMIT:])

    def stage_occurrence(self, unit: str, record: Record, value: Any, effects: Iterable[Record]) -> None:
        """End an occurrence of a timer. This becomes durable after the occurrence's effects in other documents.

        Effects in the document of the timer are in the same put. If the bucket shows that another instance has ended
        the occurrence, its version of the timer stays, and this unit's changes are withdrawn from each document that
        lists the unit.

        Args:
            unit: The occurrence, as ``timers.unit_of`` names it. If it runs (see ``units.begin``), it ends.
            record: The record of the timer.
            value: The timer afterwards, as a value; None or MISSING if it is gone.
            effects: The records that the occurrence may have changed. If one of them cannot be merged with the
                bucket's, or has lost the change, the occurrence does not end: it is to be run again.

        Raises:
            CannotStoreError, UnreadableRecordError: As for :meth:`stage`. Nothing is ended.
        """
        self._stage(record, value, (unit,))
        self.units.note_effects(unit, {*self.units.running.get(unit, ()), *effects} - {record})

    def timers_of(self, owner: Record) -> list[Record]:
        """Return the timers of an owner, as far as its document was read: stored ones, and those staged here.

        Load their values with ``values.load``. A timer that is staged to end is not among them.
        """
        return self.timers.of(owner)

    def due(self, until: float) -> AsyncIterator[ListedKey]:
        """Yield the timers to look at until some time; see :meth:`Timers.due`."""
        return self.timers.due(until)

    async def remove_key(self, key: DueKey) -> None:
        """Delete a due key; see :meth:`Timers.remove_key`."""
        await self.timers.remove_key(key)

    def _refuse_blind(self, record: Record, value: Any) -> None:
        error = self.values.unreadable.blind(record)
        if error is None:
            return
        try:
            is_empty = self.documents.merger.encode(record, value) is None
        except Exception:  # noqa: BLE001  it is not empty
            is_empty = False
        if not is_empty:
            self.unstorable[record] = error
        raise error.again()

    def _encoded(self, record: Record, value: Any, known: tuple[bytes | None, ...]) -> bytes | None:
        """Encode a value. Only this runs code of the bot's own while a value is staged."""
        try:
            return self.documents.merger.encode(record, value, known)
        except CannotStoreError as error:
            error.record = record.label
            raise
        except Exception as error:
            reason, hint = f"encoding the value raised {type(error).__name__}", "Fix the class that raised it"
            raise CannotStoreError(reason, record=record.label, hint=hint) from error

    def _stage_rest(self, record: Record, value: Any, ledger: Ledger, units: Collection[Unit]) -> None:
        """Stage all of a value that can be stored. If even that raises, what is staged stays as it was."""
        with suppress(Exception):
            ledger.stage(record, self.documents.merger.encode_storable(record, value, ledger.top(record)), units=units)

    def move(self, old: Record, new: Record) -> bool:
        """Move a chat's record that cannot be decoded to the chat's new ID, as it is.

        Returns:
            False if the old record is not known to be unreadable. Nothing is moved then.

        Raises:
            UnreadableRecordError: The new ID has data too, or changes of the old one are unsaved, and the two cannot
                be merged. Nothing is moved.
        """
        error = self.values.unreadable.of(old.kind).get(old)
        if error is None:
            return False
        ledger = self.documents.ledger(old)
        encoded = ledger.stored(old)
        is_other = encoded is None or self.values.unreadable.error(old, encoded) is None
        if encoded is None or is_other or old in ledger.pending or self.documents.is_stored(new):
            raise error.again()
        self.documents.tracked.for_staging(new).ledger.stage(new, encoded)
        self.values.unreadable.note(new, encoded, UnreadableRecordError(error.reason, record=new.label), blind=True)
        self.stage(old, None)
        return True

    def forget(self, record: Record) -> bool:
        """Forget a record that is stored in a separate document, and its timers; they are read again when needed.

        The caller removes the record's live object, too. A timer cannot be forgotten alone.

        Returns:
            False if the record cannot be forgotten: it is not durable, or is being read or written.
        """
        can_go = self.documents.layout.lazy and record.kind is not Kind.TIMER and record not in self.unstorable
        gone = can_go and self.documents.tracked.forget(record)
        if gone:
            self.values.unreadable.forget(record)
        return gone

    # ---------------------------------------------------------------- committing

    @property
    def pending(self) -> set[Record]:
        """Records that are not known to be durable."""
        spooled = self.documents.spool.pending.values() if self.documents.spool else ()
        return set().union(*(document.ledger.pending for document in self.documents.tracked.pending()), *spooled)

    @property
    def failures(self) -> dict[Record, PTBBucketError]:
        """Records that the last commit could not save: they cannot be merged with the bucket's, or have lost changes.

        All others were saved.
        """
        return {**self.documents.failed(), **{record: lost_changes(record) for record in self.units.lost}}

    @property
    def waiting(self) -> set[Record]:
        """Records that are pending and that the next commit is expected to save."""
        left = self.documents.spool.left.values() if self.documents.spool else ()
        return self.pending.difference(self.documents.failed(), *left)

    def keep(self) -> None:
        """Write unsaved changes to the spool. The next load, here or in another process, saves them.

        No commit may be under way.

        Raises:
            StoreError: The spool cannot be written; the changes are unsaved as before.
        """
        if self.documents.spool and self.pending:
            self.documents.loaded = False  # or the next commit would be made without the spooled changes
            for document in self.documents.tracked.pending():
                withhold(document.ledger)  # nothing tells which of several files is replayed, and when
            self.documents.spool.keep(self.documents.tracked.pending())

    async def wait_for_turns(self) -> None:
        """Wait until the store accepts writes of all documents with pending changes. Changes may be staged meanwhile.

        Documents may also be read meanwhile. A caller that has locked them for a commit would keep both from happening.
        """
        await for_each(self.documents.tracked.pending(), lambda document: document.wait_for_turn(document.look))

    async def commit(self) -> None:
        """Make everything durable that was staged before the call, with one conditional put for each changed document.

        Raises:
            PTBBucketError: A document could not be saved. Its changes stay staged.
        """
        if not self.documents.loaded and self.pending:
            await self.documents.read_all()
        documents = self.documents.tracked.pending()
        try:
            await CommitOrder(self.units, self.documents.tracked.known(HANDLED), self._write).run(documents)
        except PTBBucketError as error:
            failed = [document.key for document in documents if document.ledger.pending]
            if len(failed) > 1:
                raise UnsavedError(
                    f"{', '.join(failed)} could not be saved. First error: {error}", causes=[error]
                ) from error
            raise
        finally:
            self._note_failures(documents)
        ledgers = [document.ledger for document in sorted(documents, key=lambda document: document.ledger.only_drops)]
        tell_failures(ledgers, {record: lost_changes(record) for record in self.units.take_lost()})

    def _note_failures(self, documents: list[TrackedDocument]) -> None:
        for ledger in (document.ledger for document in documents):
            for record, error in ledger.failures.items():
                if isinstance(error, UnreadableRecordError):
                    self.values.unreadable.note(record, ledger.stored(record), error, blind=False)

    async def _write(self, document: TrackedDocument) -> None:
        await write_document(document, self.documents.retry_policy)
