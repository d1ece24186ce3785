"""The replica: this instance's view of a bot's state in a bucket.

Its interface speaks of records; which documents hold them is the layout's business.
"""

from __future__ import annotations

import asyncio
import math
from contextlib import suppress
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from ptb_bucket.codecs import same
from ptb_bucket.errors import CannotLoadError, CannotStoreError, PTBBucketError, UnsavedError
from ptb_bucket.state._commit import commit_document
from ptb_bucket.state._header import Header
from ptb_bucket.state._inplace import assign
from ptb_bucket.state._journal import Journal
from ptb_bucket.state._ledger import Ledger
from ptb_bucket.state._loops import chunks, for_each
from ptb_bucket.state._patience import Patience
from ptb_bucket.state._places import Places
from ptb_bucket.state._reading import Place
from ptb_bucket.state._salvage import salvaged
from ptb_bucket.state._starting import check_empty_start, documents, listed
from ptb_bucket.state._writer import Writer
from ptb_bucket.state.records import HANDLED, Kind, Record
from ptb_bucket.state.resolvers import MISSING

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Iterable, Iterator, Sequence

    from ptb_bucket.codecs import Codec
    from ptb_bucket.state._merger import Merger
    from ptb_bucket.state._spooling import Spool
    from ptb_bucket.state.layouts import Layout
    from ptb_bucket.stores import BlobStore

__all__ = ["Replica"]

TURN = 500
"""Records that are decoded before the loop turns: some milliseconds."""


@dataclass
class Replica:
    """Loads, refreshes, stages and commits records.

    Args:
        store: Where documents lie; its keys are relative to the prefix.
        layout: Which records share a document.
        codec: How records are encoded.
        merger: The rules of merging.
        bot_id: Whose state it is; another bot's document is refused.
        kinds: What is loaded and saved; documents and sections of other kinds stay untouched.
        callback_limit: How many keyboards are kept; None for all.
        patience: How long one commit tries.
        spool: Where what is unsaved goes at shutdown, and comes from at the next load; None for nowhere.
        journal: Counts what happens, and tells the log.
        writer: Under which id it commits.
        unstorable: What was given and cannot be stored, by record; it fills itself.
        on_demand: With a layout of a document for each record, read none before somebody refreshes it. Whoever says so
            refreshes each record before PTB sees it.
    """

    store: BlobStore
    layout: Layout
    codec: Codec
    merger: Merger
    bot_id: str
    kinds: tuple[Kind, ...]
    callback_limit: int | None = None
    patience: Patience = field(default_factory=Patience)
    spool: Spool | None = None
    journal: Journal = field(default_factory=Journal)
    writer: Writer = field(default_factory=Writer)
    unstorable: dict[Record, CannotStoreError] = field(default_factory=dict)
    on_demand: bool = False
    loaded: bool = False
    _places: Places = field(init=False, repr=False)

    def __post_init__(self) -> None:
        self._places = Places(self.layout, self._make_place)

    # ---------------------------------------------------------------- reading

    async def load(self) -> None:
        """Read the documents once more; the first time, make sure that nothing there is not mistaken for new.

        All of them, or with ``on_demand`` those that every update needs.

        Raises:
            DocumentError: A document cannot be used; nothing was changed in the bucket.
            StoreError: A document could not be read.
        """
        if self.spool:
            await self.spool.replay(lambda record: self._make_place(self.layout.key(record), Writer()))
        keys = self.layout.keys(self.kinds)
        if not self._is_lazy:
            keys = await listed(self.store, self.layout, self.codec.extension, self.kinds)
            self.journal.loads(len(keys))
        places = [self._places.at(key) for key in keys]
        await self._read(places if self._is_lazy else self._places.all(), asyncio.get_running_loop().time())
        if not self.loaded:
            await check_empty_start(self.store, self.layout, self.codec, places)
            self.loaded = True

    async def refresh(self, records: Iterable[Record], since: float | None) -> None:
        """Make sure that we know what these records were at ``since``, a time of the loop's clock; None: at any time.

        Costs one conditional GET per document, shared by all that ask at the same time.
        """
        if not self.loaded:
            await self.load()
        if since is None:
            since = -math.inf if self._is_lazy else None
        if since is not None:
            places = {place.key: place for place in map(self._places.of, records)}
            await self._read(places.values(), since)

    async def _read(self, places: Iterable[Place], since: float) -> None:
        wanted = list(places)
        for place in wanted:
            place.wanted += 1
        try:
            await for_each(wanted, lambda place: place.refresh(since, self.patience))
        finally:
            for place in wanted:
                place.wanted -= 1

    def records(self, kind: Kind) -> list[Record]:
        """The records of one kind that PTB has, or would be given."""
        return list(self.each(kind))

    def each(self, kind: Kind) -> Iterator[Record]:
        """The same, one by one: whoever takes them may wait in between."""
        for ledger in self._ledgers(kind):
            section = ledger.document.sections.get(kind, {}) if ledger.document else {}
            given = [*ledger.seen.of(kind), *(record for record in ledger.pending if record.kind is kind)]
            yield from (Record(kind, record_id) for record_id in section)
            yield from (record for record in dict.fromkeys(given) if record.id not in section)

    async def iterate(self, kind: Kind) -> AsyncIterator[Record]:
        """The records of one kind in the bucket, and unsaved ones, without those that are to be dropped.

        Nothing of what is known changes.

        Raises:
            StoreError, DocumentError: The bucket could not tell; there may be more.
        """
        if not self.loaded:
            await self.load()
        ledgers = [place.ledger for place in self._places.pending()]
        unsaved = {record: ledger for ledger in ledgers for record in ledger.pending if record.kind is kind}
        for record, ledger in unsaved.items():
            if ledger.top(record) is not None:
                yield record
        keys = documents(self.store, self.layout, self.codec.extension, kind)
        async for places in chunks(keys, self._make_place):
            await self._read(places, -math.inf)
            found = [place.ledger.document.sections.get(kind, {}) for place in places if place.ledger.document]
            for record in (Record(kind, record_id) for section in found for record_id in section):
                if record not in unsaved:
                    yield record

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
                ledger.gave(records, stored)
                return zip(records, values, strict=True)
        found = ((record, self.give(record, replaces=replaces)) for record in records)
        return [(record, value) for record, value in found if value is not MISSING]

    def is_stored(self, record: Record) -> bool:
        """Whether the bucket holds anything for it, as far as we know, or PTB gave us something."""
        ledger = self._ledger(record)
        return ledger.stored(record) is not None or ledger.top(record) is not None

    def forget(self, record: Record) -> bool:
        """Forget what is known of a record that is a document of its own; it is read again when it is needed.

        Whoever has a live object of it must let go of it too.

        Returns:
            False if it cannot be: something of it is not durable, or being read or written.
        """
        return self.layout.lazy and record not in self.unstorable and self._places.forget(record)

    def has_read(self, record: Record) -> bool:
        """Whether anybody has looked what the bucket has of it; with ``on_demand`` not before it was refreshed."""
        place = self._places.known(record)
        return not self._is_lazy or (place is not None and place.asked is not None)

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
            if ledger.unread and not same(live, self.merger.default(record)):
                self.journal.unread([record])
            merged = self.merger.merge_live(record, rebase.before, live, rebase.after, unread=ledger.unread)
            if not assign(live, merged):
                self.journal.not_assigned(record, live)
                return False
        ledger.adopt(record, rebase)
        return True

    # ---------------------------------------------------------------- writing

    def stage(self, record: Record, value: Any) -> None:
        """Take a record's newest value; None or MISSING drops it. It becomes durable with the next commit.

        Raises:
            CannotStoreError: Something in it cannot be encoded. All the rest of it is staged.
        """
        ledger = self._places.stages(record).ledger
        try:
            ledger.stage(record, self.merger.encode(record, value), drop=value is None or value is MISSING)
            self.unstorable.pop(record, None)
        except CannotStoreError as error:
            error.record = record.label
            if not error.path and record.kind in self.merger.defaults and "register" in error.reason:
                error.hint = "Pass the application's context_types to BucketPersistence too"
            self.unstorable[record] = error
            rest = salvaged(self.codec, value, self.merger.decode(record, ledger.top(record)))
            ledger.stage(record, self.merger.encode(record, rest))
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

    # ---------------------------------------------------------------- inside

    @property
    def _is_lazy(self) -> bool:
        return self.on_demand and self.layout.lazy

    def _ledgers(self, kind: Kind) -> list[Ledger]:
        return [place.ledger for place in self._places.holding(kind)]

    def _ledger(self, record: Record) -> Ledger:
        return self._places.of(record).ledger

    def _make_place(self, key: str, writer: Writer | None = None) -> Place:
        name = key + self.codec.extension
        empty = Header(self.bot_id, self.codec.name)
        ledger = Ledger(name, self.merger, writer or self.writer, self.journal, empty, self.callback_limit)
        ledger.unread = self._is_lazy
        return Place(self.store, ledger, self.layout)
