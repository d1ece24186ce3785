"""The replica: this instance's view of a bot's state in a bucket.

In three layers, each with what is below: what is *known* of the bucket (``_known.py``), *giving* it to PTB
(``_giving.py``), and, here, taking what PTB changes and writing it. The interface speaks of records; which documents
hold them is the layout's business.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from ptb_bucket.errors import CannotStoreError, PTBBucketError, UnsavedError
from ptb_bucket.state._commit import commit_document
from ptb_bucket.state._giving import Giving
from ptb_bucket.state._loops import for_each
from ptb_bucket.state.records import HANDLED, Record
from ptb_bucket.state.resolvers import MISSING

if TYPE_CHECKING:
    from ptb_bucket.state._reading import Place

__all__ = ["Replica"]


@dataclass
class Replica(Giving):
    """Loads and refreshes records, gives them to PTB, stages what PTB changes, and commits it.

    Args:
        unstorable: What was given and cannot be stored, by record; it fills itself. All else: see
            :class:`~ptb_bucket.state._known.Known`.
    """

    unstorable: dict[Record, CannotStoreError] = field(default_factory=dict)

    def stage(self, record: Record, value: Any) -> None:
        """Take a record's newest value; None or MISSING drops it. It becomes durable with the next commit.

        Raises:
            CannotStoreError: Something in it cannot be encoded. All the rest of it is staged.
        """
        ledger = self._places.stages(record).ledger
        try:
            known = (ledger.top(record), ledger.stored(record))
            ledger.stage(record, self.merger.encode(record, value, known), drop=value is None or value is MISSING)
            self.unstorable.pop(record, None)
        except CannotStoreError as error:
            error.record = record.label
            if not error.path and record.kind in self.merger.defaults and "register" in error.reason:
                error.hint = "Pass the application's context_types to BucketPersistence too"
            self.unstorable[record] = error
            ledger.stage(record, self.merger.encode_rest(record, value, ledger.top(record)))
            raise

    @property
    def pending(self) -> set[Record]:
        """Records that are not known to be durable."""
        spooled = self.spool.pending.values() if self.spool else ()
        return set().union(*(place.ledger.pending for place in self._places.pending()), *spooled)

    def keep(self) -> None:
        """Lay down in the spool what is unsaved. The next load, here or in another process, brings it in.

        No commit may be under way.

        Raises:
            StoreError: It cannot be written; it is unsaved as before.
        """
        if self.spool and self.pending:
            self.loaded = False  # or the next commit would be one without what was laid down
            self.spool.keep(self._places.pending())

    async def commit(self) -> None:
        """Make durable what was staged before the call: one conditional put for each document that changed.

        Raises:
            PTBBucketError: A document could not be saved. What is unsaved stays staged.
        """
        if self.pending and not self.loaded:
            await self.load()
        places = self._places.pending()
        try:
            await self._commit_all(places)
        except PTBBucketError as error:
            failed = [place.key for place in places if place.ledger.pending]
            if len(failed) > 1:
                raise UnsavedError(f"{', '.join(failed)} are not saved; the first: {error}", causes=[error]) from error
            raise

    async def _commit_all(self, places: list[Place]) -> None:
        """Everything at once; only then what is dropped, and last of all, that an update was handled.

        What was moved, as when a group becomes a supergroup, is never only gone; what is noted as handled is done.
        """
        witness = self._places.known(HANDLED)
        effects = [place for place in places if place is not witness]
        drops = [place for place in effects if place.ledger.only_drops]
        written = [place for place in effects if not place.ledger.only_drops]
        for group in (written, drops, [place for place in places if place is witness]):
            await for_each(group, lambda place: commit_document(place, self.patience))

    def forget(self, record: Record) -> bool:
        """Forget what is known of a record that is a document of its own; it is read again when it is needed.

        Whoever has a live object of it must let go of it too.

        Returns:
            False if it cannot be: something of it is not durable, or being read or written.
        """
        return self.layout.lazy and record not in self.unstorable and self._places.forget(record)
