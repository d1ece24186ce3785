"""The values that PTB gets: new objects, and the bucket's changes merged into the objects that it has."""

from __future__ import annotations

import asyncio
from contextlib import contextmanager, suppress
from functools import partial
from typing import TYPE_CHECKING, Any

from ptb_bucket.errors import CannotMergeError, PTBBucketError, UnreadableRecordError, WrongShapeError
from ptb_bucket.state import merge
from ptb_bucket.state.commit import Rebase
from ptb_bucket.state.merge import MISSING, ResolverError, merge_failed
from ptb_bucket.state.records import Kind
from ptb_bucket.state.replica.unreadable import NEEDED_BY_ALL, Unreadable

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Sequence

    from ptb_bucket.state.commit import Ledger
    from ptb_bucket.state.records import Record
    from ptb_bucket.state.replica.document_set import DocumentSet

__all__ = ["Values"]

TURN = 500
"""Records that are decoded before the loop turns: some milliseconds."""


class Values:
    """Hands values to PTB, and remembers in the ledgers which values PTB has: the base of every merge.

    There are three ways: load a new object for PTB, merge the bucket's value into an object that PTB has, or read the
    known value, which changes nothing.

    Rule "Base is what PTB holds": the base of a merge is the value that PTB last received from us, or last gave us and
    we committed. Otherwise PTB's next save of its stale copy would delete everything that another instance added.

    A record that cannot be decoded is not handed to PTB, and no value is decoded, merged or written in its place: see
    :mod:`ptb_bucket.state.replica.unreadable`.

    Args:
        documents: The documents as they were read.
    """

    def __init__(self, documents: DocumentSet) -> None:
        self._documents = documents
        self._merger = documents.merger
        self.unreadable = Unreadable()
        """The records that cannot be decoded, as far as this process tried."""
        self.unmerged: dict[Record, CannotMergeError] = {}
        """The errors of live objects that could not be brought up to date."""

    # ---------------------------------------------------------------- load: a new object

    def load(self, record: Record, *, replaces: bool = True) -> Any:
        """Return the bucket's value with unsaved changes on top, as a new object for PTB; MISSING if absent.

        Args:
            record: The record.
            replaces: The new object replaces the one that PTB has. When PTB is initialized again, it keeps what it has
                where it loads nothing; then a record that is gone from the bucket must not seem new when PTB saves it.

        Raises:
            UnreadableRecordError: The value cannot be decoded. PTB must not get anything in its place.
            CannotMergeError: The value cannot be merged with unsaved changes.
        """
        ledger = self._documents.ledger(record)
        with self._guard(record, ledger, loads=True):
            rebase = Rebase.plan(ledger, record)
            value = self._decoded(record, rebase.after)
        if replaces or value is not MISSING:
            self._adopt(record, rebase)
        return value

    async def load_all(self, records: Sequence[Record], *, replaces: bool = True) -> list[tuple[Record, Any]]:
        """Load many records of one kind, without those that are absent or unreadable. See :meth:`load`.

        The loop turns in between, because many records take long.

        Raises:
            UnreadableRecordError: No update can be handled without this record.
        """
        loaded: list[tuple[Record, Any]] = []
        for begin in range(0, len(records), TURN):
            loaded += self._load_some(records[begin : begin + TURN], replaces=replaces)
            await asyncio.sleep(0)
        return loaded

    def _load_some(self, records: Sequence[Record], *, replaces: bool) -> Iterable[tuple[Record, Any]]:
        ledger = self._documents.ledger(records[0])
        stored = None if self._documents.layout.lazy else _stored_if_unloaded(ledger, records)
        with suppress(Exception):  # loaded one by one, the error names the record
            if stored is not None:
                values = self._documents.codec.decode_all(stored, [partial(_label, record) for record in records])
                if not any(map(self._merger.wrong_shape, records, values)):
                    ledger.move_base(dict(zip(records, stored, strict=True)))
                    return zip(records, values, strict=True)
        found = ((record, self._load_alone(record, replaces=replaces)) for record in records)
        return [(record, value) for record, value in found if value is not MISSING]

    def _load_alone(self, record: Record, *, replaces: bool) -> Any:
        try:
            return self.load(record, replaces=replaces)
        except UnreadableRecordError as error:
            if record.kind in NEEDED_BY_ALL or isinstance(error, WrongShapeError):
                raise
            return MISSING

    # ---------------------------------------------------------------- merge: an object that PTB has

    def merge_into(self, record: Record, live: Any, replace: Callable[[Any], None] | None = None) -> bool:
        """Bring a live object of PTB up to date in place; local changes since the last save survive.

        Args:
            record: The record.
            live: The object.
            replace: Called with the new object that PTB must have if this one cannot be changed in place. None if PTB
                would not take it.

        Returns:
            False if an object of this type cannot be changed in place or replaced, or if its class raised an error:
            see ``unmerged``. It is left as it was, and saving it merges as before.

        Raises:
            UnreadableRecordError: The bucket's value cannot be decoded; ``live`` is unchanged.
            CannotMergeError: The resolver raised an error, and not for bot_data, which all updates need.
        """
        ledger = self._documents.ledger(record)
        if record not in self.unreadable.found and ledger.is_current(record):
            ledger.superseded.pop(record, None)
            self.unmerged.pop(record, None)
            return True
        try:
            with self._guard(record, ledger):
                rebase = Rebase.plan(ledger, record)
                if rebase.before != rebase.after and not self._merged_into(record, live, rebase, ledger, replace):
                    self._documents.metrics.not_assigned(record, live)
                    return False
        except CannotMergeError as error:
            if isinstance(error, ResolverError) and record.kind not in NEEDED_BY_ALL:
                raise
            self._documents.metrics.not_merged(record, error)
            self.unmerged[record] = error
            return False
        self._adopt(record, rebase)
        return True

    def _merged_into(
        self, record: Record, live: Any, rebase: Rebase, ledger: Ledger, replace: Callable[[Any], None] | None
    ) -> bool:
        unloaded = ledger.unloaded or self.unreadable.blind(record) is not None
        if unloaded and ledger.base.get(record) is None and not self._merger.is_default(record, live):
            self._documents.metrics.unloaded([record])
        merged = self._merger.merge_live(record, rebase.before, live, rebase.after, unloaded=unloaded)
        if merge.update_in_place(live, merged, self._merger.equality):
            return True
        if replace is not None:
            replace(merged)
        return replace is not None

    def merge(self, record: Record, live: Any) -> Any:
        """Merge a value that PTB replaces instead of changing it: a keyboard, or a conversation's state.

        Conversation states are not merged: where PTB or the replica has an unsaved change, ``live`` stays, and the
        commit of that change decides.

        Args:
            record: The record.
            live: The value that PTB has; MISSING if none.

        Returns:
            ``live`` itself if the bucket changed nothing; MISSING if the record is gone.

        Raises:
            UnreadableRecordError, CannotMergeError: The value cannot be decoded or merged; PTB must keep ``live``.
        """
        ledger = self._documents.ledger(record)
        with self._guard(record, ledger):
            is_state = record.kind is Kind.CONVERSATION
            if is_state and (record in ledger.pending or not self.is_known(record, live)):
                self.check_readable(record)
                return live
            rebase = Rebase.plan(ledger, record)
            if is_state:
                if self._merger.equal(record, ledger.known_value(record), rebase.after):
                    return live
                live = self._decoded(record, rebase.after)
            elif rebase.before != rebase.after:
                live = self._merger.merge_live(record, rebase.before, live, rebase.after)
        self._adopt(record, rebase)
        return live

    def clear(self, record: Record, live: Any) -> None:
        """Empty a live object in place: PTB has it, and the bucket does not."""
        merge.update_in_place(live, self._merger.default(record), self._merger.equality)

    # ---------------------------------------------------------------- read: nothing changes

    def read(self, record: Record) -> Any:
        """Return the newest value that PTB loaded or staged, as a new object; MISSING if absent."""
        ledger = self._documents.ledger(record)
        return MISSING if self.unreadable.blind(record) else self._decoded(record, ledger.top(record))

    def is_known(self, record: Record, live: Any) -> bool:
        """Tell whether a value is the one that PTB loaded or staged last, so that it has no other changes."""
        try:
            encoded = self._merger.encode(record, live)
        except Exception:  # noqa: BLE001  a value that cannot be encoded was never in the bucket
            return False
        return self._merger.equal(record, encoded, self._documents.ledger(record).known_value(record))

    def check_readable(self, record: Record) -> None:
        """Decode a record that PTB did not load yet, before an object is made for it.

        Raises:
            UnreadableRecordError: The bucket's version cannot be decoded.
        """
        ledger = self._documents.ledger(record)
        with self._guard(record, ledger):
            stored = ledger.stored(record)
            if stored is not None and stored != ledger.base.get(record) and record not in ledger.dropped:
                self._merger.decode(record, stored)

    def unreadable_now(self) -> set[Record]:
        """Return the records of which this process tried to decode the bucket's present version, and failed."""
        tracked = ((record, self._documents.tracked.known(record)) for record in self.unreadable.records)
        found = ((record, document.ledger) for record, document in tracked if document is not None)
        return {record for record, ledger in found if self.unreadable.error(record, ledger.stored(record))}

    def _decoded(self, record: Record, encoded: bytes | None) -> Any:
        return MISSING if encoded is None else self._merger.decode(record, encoded)

    # ---------------------------------------------------------------- errors

    @contextmanager
    def _guard(self, record: Record, ledger: Ledger, *, loads: bool = False) -> Iterator[None]:
        """Inside, an error that the bot's own code raises costs this record and no other.

        Args:
            record: The record.
            ledger: The ledger of its document.
            loads: PTB loads the record: if that fails, PTB has no value of it.
        """
        stored = ledger.stored(record)
        if record in self.unreadable.found and record not in ledger.dropped:
            known = self.unreadable.error(record, stored) or self.unreadable.error(record, ledger.top(record))
            if known is not None:
                raise known.again()
        try:
            yield
        except UnreadableRecordError as error:
            blind = (loads or ledger.unloaded) and ledger.base.get(record) is None
            self.unreadable.note(record, stored, error, blind=blind)
            raise
        except PTBBucketError:
            raise
        except Exception as error:
            raise merge_failed(error, record) from error

    def _adopt(self, record: Record, rebase: Rebase) -> None:
        rebase.adopt()
        self.unreadable.forget(record)
        self.unmerged.pop(record, None)


def _stored_if_unloaded(ledger: Ledger, records: Sequence[Record]) -> list[bytes] | None:
    """Return the stored values of records that PTB never received or gave us; None if one has more layers."""
    payload = ledger.attempt.payload.values if ledger.attempt else {}
    layers: list[dict[Record, Any]] = [ledger.staged.values, ledger.in_doubt.bases, ledger.superseded, payload]
    known = ledger.base.has_any(records) or any(not layer.keys().isdisjoint(records) for layer in layers)
    return None if known or ledger.document is None else ledger.document.get_all(records)


def _label(record: Record) -> str:
    return record.label
