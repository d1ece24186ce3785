"""What PTB is given: values to go on from, and what others changed, merged into the objects that it has."""

from __future__ import annotations

import asyncio
from contextlib import suppress
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from ptb_bucket.codecs import same
from ptb_bucket.errors import CannotLoadError, CannotStoreError
from ptb_bucket.state._inplace import assign
from ptb_bucket.state._known import Known
from ptb_bucket.state.resolvers import MISSING

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from ptb_bucket.state.records import Kind, Record

__all__ = ["Giving"]

TURN = 500
"""Records that are decoded before the loop turns: some milliseconds."""


@dataclass
class Giving(Known):
    """Turns what is known into PTB's objects, and remembers what PTB has: *seen*, the base of every merge (rule 1)."""

    def given(self, kind: Kind) -> set[Record]:
        """The records of one kind that PTB holds, as far as we know."""
        return {
            record
            for ledger in self._ledgers(kind)
            for record in {*ledger.seen.of(kind), *ledger.pending}
            if record.kind is kind and ledger.top(record) is not None
        }

    def held(self, record: Record) -> Any:
        """The newest value that PTB was given or gave us, as a new object; MISSING if absent."""
        return self._decoded(record, self._ledger(record).top(record))

    def give(self, record: Record, *, replaces: bool = True) -> Any:
        """What the bucket holds, with our unsaved changes on top, for PTB to go on from; MISSING if absent.

        Args:
            record: Which one.
            replaces: What PTB is given takes the place of what it had. PTB keeps what it had where it is given
                nothing, if it is re-initialised; then what is gone from the bucket must not seem new when PTB saves it.
        """
        ledger = self._ledger(record)
        rebase = ledger.plan(record)
        value = self._decoded(record, rebase.after)
        if replaces or value is not MISSING:
            ledger.adopt(record, rebase)
        return value

    async def give_all(self, records: Sequence[Record], *, replaces: bool = True) -> list[tuple[Record, Any]]:
        """Like :meth:`give`, for many records of one kind; those that are absent are left out.

        The loop turns in between: it takes long where there are many.
        """
        given: list[tuple[Record, Any]] = []
        for begin in range(0, len(records), TURN):
            given += self._give_some(records[begin : begin + TURN], replaces=replaces)
            await asyncio.sleep(0)
        return given

    def _give_some(self, records: Sequence[Record], *, replaces: bool) -> Iterable[tuple[Record, Any]]:
        ledger = self._ledger(records[0])
        stored = None if self.layout.lazy else ledger.first_given(records)
        with suppress(CannotLoadError):  # one by one, it is told which
            if stored is not None:
                values = self.codec.decode_all(stored)
                if not any(map(self.merger.wrong_shape, records, values)):
                    ledger.gave(records, stored)
                    return zip(records, values, strict=True)
        found = ((record, self.give(record, replaces=replaces)) for record in records)
        return [(record, value) for record, value in found if value is not MISSING]

    def empty(self, record: Record, live: Any) -> None:
        """Empty a live object in place: PTB has it, and neither we nor the bucket do."""
        assign(live, self.merger.default(record))

    def merged(self, record: Record, live: Any) -> Any:
        """Like :meth:`merge_into`, for a value that PTB takes instead of its own.

        Args:
            record: Which one.
            live: What PTB has; MISSING if nothing.

        Returns:
            ``live`` itself if the bucket changed nothing; MISSING if the record is gone.
        """
        ledger = self._ledger(record)
        rebase = ledger.plan(record)
        if rebase.before != rebase.after:
            live = self.merger.merge_live(record, rebase.before, live, rebase.after)
        ledger.adopt(record, rebase)
        return live

    def moved_on(self, record: Record, live: Any) -> Any:
        """What a value that is never merged should be now, such as a conversation's state.

        Args:
            record: Which one.
            live: What PTB has; MISSING if nothing.

        Returns:
            ``live`` itself where nothing changed, and where PTB or we have a change that is not in the bucket: it is
            decided when that is committed. Else the bucket's value; MISSING if it is gone. PTB must take it.
        """
        ledger = self._ledger(record)
        if record in ledger.pending or not self.is_held(record, live):
            return live
        rebase = ledger.plan(record)
        if self.merger.equal(record, ledger.held(record), rebase.after):
            return live
        value = self._decoded(record, rebase.after)
        ledger.adopt(record, rebase)
        return value

    def is_held(self, record: Record, live: Any) -> bool:
        """Whether a value is the one that PTB was given or gave us last: nothing in it is unsaved."""
        try:
            encoded = self.merger.encode(record, live)
        except CannotStoreError:
            return False  # it never was in the bucket
        return self.merger.equal(record, encoded, self._ledger(record).held(record))

    def _decoded(self, record: Record, encoded: bytes | None) -> Any:
        return MISSING if encoded is None else self.merger.decode(record, encoded)

    def merge_into(self, record: Record, live: Any) -> bool:
        """Bring a live object of PTB up to date, in place; local changes since the last save survive.

        Returns:
            False if the value is of a type that cannot be changed in place. It is left as it was, and saving it
            merges as before.

        Raises:
            CannotLoadError: The bucket's value cannot be turned into Python; ``live`` is as it was.
        """
        ledger = self._ledger(record)
        rebase = ledger.plan(record)
        if rebase.before != rebase.after:
            if ledger.unread and ledger.seen.get(record) is None and not same(live, self.merger.default(record)):
                self.journal.unread([record])
            merged = self.merger.merge_live(record, rebase.before, live, rebase.after, unread=ledger.unread)
            if not assign(live, merged):
                self.journal.not_assigned(record, live)
                return False
        ledger.adopt(record, rebase)
        return True
