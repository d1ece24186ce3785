"""What PTB is given: values to go on from, and what others changed, merged into the objects that it has."""

from __future__ import annotations

import asyncio
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from functools import partial
from typing import TYPE_CHECKING, Any

from ptb_bucket.codecs import same
from ptb_bucket.errors import CannotMergeError, PTBBucketError, UnreadableRecordError, WrongShapeError
from ptb_bucket.state.commit import Rebase
from ptb_bucket.state.merge import MISSING, ResolverError, assign, raised_in_merge
from ptb_bucket.state.replica.document_set import Known
from ptb_bucket.state.replica.unreadable import NEEDED_BY_ALL, Unreadable

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from ptb_bucket.state.commit import Ledger
    from ptb_bucket.state.records import Kind, Record

__all__ = ["Giving"]

TURN = 500
"""Records that are decoded before the loop turns: some milliseconds."""


@dataclass
class Giving(Known):
    """Turns what is known into PTB's objects, and remembers what PTB has: *seen*, the base of every merge (rule 1).

    A record that cannot be decoded is never given, and nothing is decoded, merged or written in its place: see
    :mod:`ptb_bucket.state.replica.unreadable`.

    Args:
        unreadable: The records that cannot be decoded, as far as somebody tried; it fills itself.
        unmerged: Why live objects could not be brought up to date, by record; it fills itself. All else: see
            :class:`~ptb_bucket.state.replica.document_set.Known`.
    """

    unreadable: Unreadable = field(default_factory=Unreadable, repr=False)
    unmerged: dict[Record, CannotMergeError] = field(default_factory=dict, repr=False)

    def check_readable(self, record: Record) -> None:
        """Decode a record that PTB was not given yet, before anybody makes an object for it.

        Raises:
            UnreadableRecordError: The bucket's version cannot be decoded.
        """
        ledger = self._ledger(record)
        with self._costing(record, ledger):
            stored = ledger.stored(record)
            if stored is not None and stored != ledger.base.get(record) and record not in ledger.dropped:
                self.merger.decode(record, stored)

    def unreadable_now(self) -> set[Record]:
        """Return the records whose version in the bucket was tried and cannot be decoded."""
        tracked_documents = ((record, self._documents.known(record)) for record in self.unreadable.records)
        found = ((record, tracked.ledger) for record, tracked in tracked_documents if tracked is not None)
        return {record for record, ledger in found if self.unreadable.error(record, ledger.stored(record))}

    def _is_current(self, record: Record, ledger: Ledger) -> bool:
        """Whether PTB has been given the bucket's version, so that nothing has to be decoded."""
        return record not in self.unreadable and ledger.is_current(record)

    @contextmanager
    def _costing(self, record: Record, ledger: Ledger, *, giving: bool = False) -> Iterator[None]:
        """Inside, whatever the bot's own code raises costs this record and no other.

        Args:
            record: Which one.
            ledger: Its document's.
            giving: PTB begins with what it is given: if that fails, it has nothing of this record.
        """
        stored = ledger.stored(record)
        if record in self.unreadable and record not in ledger.dropped:
            known = self.unreadable.error(record, stored) or self.unreadable.error(record, ledger.top(record))
            if known is not None:
                raise known.again()
        try:
            yield
        except UnreadableRecordError as error:
            blind = (giving or ledger.unloaded) and ledger.base.get(record) is None
            self.unreadable.note(record, stored, error, blind=blind)
            raise
        except PTBBucketError:
            raise
        except Exception as error:
            raise raised_in_merge(error, record) from error

    def _adopt(self, record: Record, rebase: Rebase) -> None:
        rebase.adopt()
        self.unreadable.forget(record)
        self.unmerged.pop(record, None)

    def given(self, kind: Kind) -> set[Record]:
        """The records of one kind that PTB holds, as far as we know."""
        return {
            record
            for ledger in self._ledgers(kind)
            for record in {*ledger.base, *ledger.pending}
            if record.kind is kind and ledger.top(record) is not None
        }

    def held(self, record: Record) -> Any:
        """The newest value that PTB was given or gave us, as a new object; MISSING if absent."""
        ledger = self._ledger(record)
        return MISSING if self.unreadable.blind(record) else self._decoded(record, ledger.top(record))

    def give(self, record: Record, *, replaces: bool = True) -> Any:
        """What the bucket holds, with our unsaved changes on top, for PTB to go on from; MISSING if absent.

        Args:
            record: Which one.
            replaces: What PTB is given takes the place of what it had. PTB keeps what it had where it is given
                nothing, if it is re-initialised; then what is gone from the bucket must not seem new when PTB saves it.

        Raises:
            UnreadableRecordError: It cannot be decoded. PTB must not be given anything in its place.
            CannotMergeError: It cannot be merged with our unsaved changes.
        """
        ledger = self._ledger(record)
        with self._costing(record, ledger, giving=True):
            rebase = Rebase.plan(ledger, record)
            value = self._decoded(record, rebase.after)
        if replaces or value is not MISSING:
            self._adopt(record, rebase)
        return value

    async def give_all(self, records: Sequence[Record], *, replaces: bool = True) -> list[tuple[Record, Any]]:
        """Like :meth:`give`, for many records of one kind; those that are absent or unreadable are left out.

        The loop turns in between: it takes long where there are many.

        Raises:
            UnreadableRecordError: Nobody can be served without this record.
        """
        given: list[tuple[Record, Any]] = []
        for begin in range(0, len(records), TURN):
            given += self._give_some(records[begin : begin + TURN], replaces=replaces)
            await asyncio.sleep(0)
        return given

    def _give_some(self, records: Sequence[Record], *, replaces: bool) -> Iterable[tuple[Record, Any]]:
        ledger = self._ledger(records[0])
        stored = None if self.layout.lazy else ledger.stored_if_unloaded(records)
        with suppress(Exception):  # one by one, it is told which
            if stored is not None:
                values = self.codec.decode_all(stored, [partial(_label, record) for record in records])
                if not any(map(self.merger.wrong_shape, records, values)):
                    ledger.mark_loaded(records, stored)
                    return zip(records, values, strict=True)
        found = ((record, self._given_alone(record, replaces=replaces)) for record in records)
        return [(record, value) for record, value in found if value is not MISSING]

    def _given_alone(self, record: Record, *, replaces: bool) -> Any:
        try:
            return self.give(record, replaces=replaces)
        except UnreadableRecordError as error:
            if record.kind in NEEDED_BY_ALL or isinstance(error, WrongShapeError):
                raise
            return MISSING

    def empty(self, record: Record, live: Any) -> None:
        """Empty a live object in place: PTB has it, and neither we nor the bucket do."""
        assign(live, self.merger.default(record), self.merger.equality)

    def merged(self, record: Record, live: Any) -> Any:
        """Like :meth:`merge_into`, for a value that PTB takes instead of its own.

        Args:
            record: Which one.
            live: What PTB has; MISSING if nothing.

        Returns:
            ``live`` itself if the bucket changed nothing; MISSING if the record is gone.

        Raises:
            UnreadableRecordError, CannotMergeError: It cannot be decoded or merged; PTB must keep ``live``.
        """
        ledger = self._ledger(record)
        with self._costing(record, ledger):
            rebase = Rebase.plan(ledger, record)
            if rebase.before != rebase.after:
                live = self.merger.merge_live(record, rebase.before, live, rebase.after)
        self._adopt(record, rebase)
        return live

    def moved_on(self, record: Record, live: Any) -> Any:
        """What a value that is never merged should be now, such as a conversation's state.

        Args:
            record: Which one.
            live: What PTB has; MISSING if nothing.

        Returns:
            ``live`` itself where nothing changed, and where PTB or we have a change that is not in the bucket: it is
            decided when that is committed. Else the bucket's value; MISSING if it is gone. PTB must take it.

        Raises:
            UnreadableRecordError: The bucket's value cannot be decoded.
        """
        ledger = self._ledger(record)
        with self._costing(record, ledger):
            if record in ledger.pending or not self.is_held(record, live):
                self.check_readable(record)
                return live
            rebase = Rebase.plan(ledger, record)
            if self.merger.equal(record, ledger.known_value(record), rebase.after):
                return live
            value = self._decoded(record, rebase.after)
        self._adopt(record, rebase)
        return value

    def is_held(self, record: Record, live: Any) -> bool:
        """Whether a value is the one that PTB was given or gave us last: nothing in it is unsaved."""
        try:
            encoded = self.merger.encode(record, live)
        except Exception:  # noqa: BLE001  it never was in the bucket, whatever a class of the bot's own raises
            return False
        return self.merger.equal(record, encoded, self._ledger(record).known_value(record))

    def _decoded(self, record: Record, encoded: bytes | None) -> Any:
        return MISSING if encoded is None else self.merger.decode(record, encoded)

    def merge_into(self, record: Record, live: Any) -> bool:
        """Bring a live object of PTB up to date, in place; local changes since the last save survive.

        Returns:
            False if the value is of a type that cannot be changed in place, or if its class raised an error: see
            ``unmerged``. It is left as it was, and saving it merges as before.

        Raises:
            UnreadableRecordError: The bucket's value cannot be decoded; ``live`` is as it was.
            CannotMergeError: The resolver raised an error, and it was not about bot_data, which all updates need.
        """
        ledger = self._ledger(record)
        if self._is_current(record, ledger):
            ledger.superseded.pop(record, None)
            self.unmerged.pop(record, None)
            return True
        try:
            with self._costing(record, ledger):
                rebase = Rebase.plan(ledger, record)
                if rebase.before != rebase.after and not self._merged_into(record, live, rebase, ledger):
                    self.metrics.not_assigned(record, live)
                    return False
        except CannotMergeError as error:
            if isinstance(error, ResolverError) and record.kind not in NEEDED_BY_ALL:
                raise
            self.metrics.not_merged(record, error)
            self.unmerged[record] = error
            return False
        self._adopt(record, rebase)
        return True

    def _merged_into(self, record: Record, live: Any, rebase: Rebase, ledger: Ledger) -> bool:
        unread = ledger.unloaded or self.unreadable.blind(record) is not None
        if unread and ledger.base.get(record) is None and not same(live, self.merger.default(record)):
            self.metrics.unloaded([record])
        merged = self.merger.merge_live(record, rebase.before, live, rebase.after, unread=unread)
        return assign(live, merged, self.merger.equality)


def _label(record: Record) -> str:
    return record.label
