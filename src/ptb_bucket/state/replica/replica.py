"""The replica: this instance's view of a bot's state in a bucket.

In three layers, each with what is below: what is *known* of the bucket (``_known.py``), *giving* it to PTB
(``_giving.py``), and, here, taking what PTB changes and writing it. The interface speaks of records; which documents
hold them is the layout's business.
"""

from __future__ import annotations

from contextlib import suppress
from dataclasses import dataclass, field
from functools import cached_property
from typing import TYPE_CHECKING, Any

from ptb_bucket._aio import for_each
from ptb_bucket.errors import CannotStoreError, PTBBucketError, UnreadableRecordError, UnsavedError
from ptb_bucket.state.commit import Withheld, lost_changes, tell_failures, withhold, write_document
from ptb_bucket.state.document import FEW, MANY
from ptb_bucket.state.merge import MISSING, waits_for
from ptb_bucket.state.records import BOT_DATA, CALLBACK_QUERIES, HANDLED, HANDLED_LIMIT, Kind, Record
from ptb_bucket.state.replica.load import Giving

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable
    from collections.abc import Set as AbstractSet

    from ptb_bucket.state.commit import Ledger, TrackedDocument, WriterIdentity
    from ptb_bucket.state.document import Unit

__all__ = ["Replica"]


@dataclass
class Replica(Giving):
    """Loads and refreshes records, gives them to PTB, stages what PTB changes, and commits it.

    Args:
        unstorable: What was given and cannot be stored, by record; it fills itself. All else: see
            :class:`~ptb_bucket.state.replica.document_set.Known`.
    """

    unstorable: dict[Record, PTBBucketError] = field(default_factory=dict)
    _effects: dict[int, frozenset[Record]] = field(default_factory=dict, init=False, repr=False)
    _running: dict[Unit, frozenset[Record]] = field(default_factory=dict, init=False, repr=False)
    _lost: dict[Record, set[Unit]] = field(default_factory=dict, init=False, repr=False)
    _untold: set[Record] = field(default_factory=set, init=False, repr=False)

    def stage(self, record: Record, value: Any) -> None:
        """Take a record's newest value; None or MISSING drops it. It becomes durable with the next commit.

        Args:
            record: Which one.
            value: Its value.

        Raises:
            CannotStoreError: Something in it cannot be encoded, or a class of the bot's own raised an error. All the
                rest of it is staged, as far as that can be separated.
            UnreadableRecordError: The bucket has this record, and PTB was never given it. Nothing is staged, because
                it would be made without knowing the record. Dropping it works.
        """
        drop = value is None or value is MISSING
        drops_unread = drop and record.kind in (Kind.CHAT, Kind.USER)  # elsewhere, nothing is just what PTB knows
        if not drops_unread:
            self._refuse_blind(record, value)
        ledger = self._documents.stages(record).ledger
        units = self._working_on(record) if self._running else ()
        try:
            unreadable = drops_unread and record in self.unreadable
            encoded = self._encoded(record, value, (ledger.top(record), ledger.stored(record)))
            ledger.stage(record, encoded, units=units, drop=drop, unreadable=unreadable)
            self.unstorable.pop(record, None)
        except CannotStoreError as error:
            self.unstorable[record] = error
            self._stage_rest(record, value, ledger, units)
            raise
        if drops_unread:
            self.unreadable.forget(record)

    def begin(self, unit: Unit, records: Iterable[Record]) -> None:
        """Begin a unit of work, such as an update: what is staged of these records from now on may be its change.

        Documents list it when it has ended, by :meth:`stage_handled` or :meth:`end`.
        """
        self._running[unit] = frozenset()
        self.extend(unit, records)
        self._forget_lost({unit})

    def extend(self, unit: Unit, records: Iterable[Record]) -> None:
        """Add records that a running unit has come to use; see :meth:`begin`. One that has ended stays as it is."""
        before = self._running.get(unit)
        if before is None:
            return
        known = [id(ledger) for ledger in self._ledgers_of(before)]
        self._running[unit] = before.union(records)
        for ledger in self._ledgers_of(self._running[unit] - before):
            if id(ledger) not in known:
                ledger.units.begin(unit, is_pending=unit in ledger.unsaved_units)

    def end(self, unit: Unit) -> None:
        """End a unit of work, unless it has ended: whatever changed its records from now on, it was not this one."""
        for ledger in self._ledgers_of(self._running.pop(unit, frozenset())):
            ledger.units.end(unit)

    def _ledgers_of(self, records: Iterable[Record]) -> Iterable[Ledger]:
        """The documents of these records, as far as they are known; several records may share one."""
        tracked_documents = map(self._documents.known, records)
        return [tracked.ledger for tracked in tracked_documents if tracked is not None]

    def _working_on(self, record: Record) -> list[Unit]:
        return [unit for unit, records in self._running.items() if record in records]

    def stage_handled(self, update_id: int, effects: Iterable[Record]) -> None:
        """Note that an update was handled. It becomes durable together with its effects, or not at all.

        Args:
            update_id: Which update.
            effects: The records that its handlers may have changed. If one of them cannot be merged with the bucket's,
                the update is not noted: it is not acknowledged, so it is handled again.
        """
        before = self.held(HANDLED)
        self._effects[update_id] = frozenset(effects)
        self.end(update_id)
        self.stage(HANDLED, [*([] if before is MISSING else before), update_id][-HANDLED_LIMIT:])

    def _withheld(self) -> Withheld:
        return Withheld(self._again(), self._unfinished())

    def _again(self) -> frozenset[Unit]:
        """Updates that have to be handled again: some of their effects cannot be merged, or are lost."""
        if not self._effects and not self._lost:
            return frozenset()
        failed = self._failed().keys()
        found = {update_id for update_id, effects in self._effects.items() if not failed.isdisjoint(effects)}
        return frozenset(found.union(*self._lost.values()))

    def _unfinished(self) -> frozenset[Unit]:
        """Updates with effects in another document that are not known to be durable: a later commit writes them."""
        witness = self._documents.known(HANDLED)
        others = [tracked.ledger for tracked in self._documents.pending() if tracked is not witness]
        return frozenset(unit for ledger in others for unit in ledger.unsaved_units)

    def _lose(self, record: Record, units: frozenset[Unit]) -> None:
        self._lost.setdefault(record, set()).update(units)
        self._untold.add(record)

    def _track(self, key: str, writer: WriterIdentity | None = None) -> TrackedDocument:
        tracked = super()._track(key, writer)
        ledger = tracked.ledger
        ledger.withheld, ledger.units.losing, ledger.units.running = self._withheld, self._lose, self._running
        ledger.units.limit = FEW if self.layout.lazy and key not in self._shared_keys else MANY
        return tracked

    @cached_property
    def _shared_keys(self) -> set[str]:
        """The documents of one record that almost every update changes."""
        return {self.layout.key(record) for record in (BOT_DATA, CALLBACK_QUERIES)}

    def _refuse_blind(self, record: Record, value: Any) -> None:
        error = self.unreadable.blind(record)
        if error is None:
            return
        try:
            is_empty = self.merger.encode(record, value) is None
        except Exception:  # noqa: BLE001  it is not empty
            is_empty = False
        if not is_empty:
            self.unstorable[record] = error
        raise error.again()

    def _encoded(self, record: Record, value: Any, known: tuple[bytes | None, ...]) -> bytes | None:
        """Encode a value. This is the one place that runs code of the bot's own while a value is staged."""
        try:
            return self.merger.encode(record, value, known)
        except CannotStoreError as error:
            error.record = record.label
            raise
        except Exception as error:
            reason, hint = f"encoding it raised {type(error).__name__}", "Correct the class that raised it"
            raise CannotStoreError(reason, record=record.label, hint=hint) from error

    def _stage_rest(self, record: Record, value: Any, ledger: Ledger, units: Collection[Unit]) -> None:
        """Stage all of a value that can be stored. If even that raises, what is staged stays as it was."""
        with suppress(Exception):
            ledger.stage(record, self.merger.encode_rest(record, value, ledger.top(record)), units=units)

    @property
    def pending(self) -> set[Record]:
        """Records that are not known to be durable."""
        spooled = self.spool.pending.values() if self.spool else ()
        return set().union(*(tracked.ledger.pending for tracked in self._documents.pending()), *spooled)

    @property
    def failures(self) -> dict[Record, PTBBucketError]:
        """Records that the last commit could not save: they cannot be merged with the bucket's, or have lost changes.

        All others were saved.
        """
        return {**self._failed(), **{record: lost_changes(record) for record in self._lost}}

    def _failed(self) -> dict[Record, PTBBucketError]:
        """Records that are pending, and that the last commit could not merge."""
        failures: dict[Record, PTBBucketError] = {}
        for tracked in self._documents.pending():
            if found := tracked.ledger.failures:
                pending = tracked.ledger.pending
                failures.update({record: error for record, error in found.items() if record in pending})
        return failures

    @property
    def waiting(self) -> set[Record]:
        """Records that are pending and that the next commit is expected to save."""
        left = self.spool.left.values() if self.spool else ()
        return self.pending.difference(self._failed(), *left)

    def move(self, old: Record, new: Record) -> bool:
        """Move a chat's record that cannot be decoded to the chat's new id, as it is.

        Returns:
            False if the old record is not known to be unreadable. Nothing is moved then.

        Raises:
            UnreadableRecordError: The new id has data too, or changes of the old one are unsaved, and the two cannot
                be merged. Nothing is moved.
        """
        error = self.unreadable.of(old.kind).get(old)
        if error is None:
            return False
        ledger = self._ledger(old)
        encoded = ledger.stored(old)
        is_other = encoded is None or self.unreadable.error(old, encoded) is None
        if encoded is None or is_other or old in ledger.pending or self.is_stored(new):
            raise error.again()
        self._documents.stages(new).ledger.stage(new, encoded)
        self.unreadable.note(new, encoded, UnreadableRecordError(error.reason, record=new.label), blind=True)
        self.stage(old, None)
        return True

    def keep(self) -> None:
        """Lay down in the spool what is unsaved. The next load, here or in another process, brings it in.

        No commit may be under way.

        Raises:
            StoreError: It cannot be written; it is unsaved as before.
        """
        if self.spool and self.pending:
            self.loaded = False  # or the next commit would be one without what was laid down
            if witness := self._documents.known(HANDLED):
                withhold(witness.ledger)  # nobody can tell which of several files is brought in, and when
            self.spool.keep(self._documents.pending())

    async def commit(self) -> None:
        """Make durable what was staged before the call: one conditional put for each document that changed.

        Raises:
            PTBBucketError: A document could not be saved. What is unsaved stays staged.
        """
        if self.pending and not self.loaded:
            await self.load()
        tracked_documents = self._documents.pending()
        try:
            await self._commit_all(tracked_documents)
        except PTBBucketError as error:
            failed = [tracked.key for tracked in tracked_documents if tracked.ledger.pending]
            if len(failed) > 1:
                raise UnsavedError(f"{', '.join(failed)} are not saved; the first: {error}", causes=[error]) from error
            raise
        finally:
            self._note_failures(tracked_documents)
        ledgers = [
            tracked.ledger for tracked in sorted(tracked_documents, key=lambda tracked: tracked.ledger.only_drops)
        ]
        untold, self._untold = self._untold, set()
        tell_failures(ledgers, {record: lost_changes(record) for record in untold})

    def _note_failures(self, tracked_documents: list[TrackedDocument]) -> None:
        for ledger in (tracked.ledger for tracked in tracked_documents):
            for record, error in ledger.failures.items():
                if isinstance(error, UnreadableRecordError):
                    self.unreadable.note(record, ledger.stored(record), error, blind=False)

    async def _commit_all(self, tracked_documents: list[TrackedDocument]) -> None:
        """Everything at once; only then what is dropped, and last of all, that an update was handled.

        What was moved, as when a group becomes a supergroup, is never only gone; what is noted as handled is done. So
        if a chat's record cannot be merged, no chat is dropped. Records that cannot be merged hold up nothing else.
        """
        witness = self._documents.known(HANDLED)
        effects = [tracked for tracked in tracked_documents if tracked is not witness]
        drops = [tracked for tracked in effects if tracked.ledger.only_drops]
        written = [tracked for tracked in effects if not tracked.ledger.only_drops]
        await self._write(written)
        await self._write([tracked for tracked in drops if not _is_held_back(tracked.ledger, written)])
        await self._write([tracked for tracked in tracked_documents if tracked is witness])
        if (self._effects or self._lost) and (witness is None or HANDLED not in witness.ledger.pending):
            self._forget_lost(self._again() - self._running.keys())
            self._effects.clear()

    def _forget_lost(self, units: AbstractSet[Unit]) -> None:
        left = {record: lost - units for record, lost in self._lost.items()}
        self._lost = {record: lost for record, lost in left.items() if lost}

    async def _write(self, tracked_documents: list[TrackedDocument]) -> None:
        await for_each(tracked_documents, lambda tracked: write_document(tracked, self.retry_policy))

    def forget(self, record: Record) -> bool:
        """Forget what is known of a record that is a document of its own; it is read again when it is needed.

        Whoever has a live object of it must let go of it too.

        Returns:
            False if it cannot be: something of it is not durable, or being read or written.
        """
        gone = self.layout.lazy and record not in self.unstorable and self._documents.forget(record)
        if gone:
            self.unreadable.forget(record)
        return gone


def _is_held_back(drop: Ledger, written: Iterable[TrackedDocument]) -> bool:
    """Tell whether a chat is not dropped yet, because another chat's cannot be merged; the ledger says why then."""
    failed = ((record, error) for tracked in written for record, error in tracked.ledger.failures.items())
    found = next(((record, error) for record, error in failed if record.kind is Kind.CHAT), None)
    chats = [record for record in drop.pending if record.kind is Kind.CHAT]
    if found is None or not chats:
        return False
    drop.failures = {record: waits_for(record, *found) for record in chats}
    return True
