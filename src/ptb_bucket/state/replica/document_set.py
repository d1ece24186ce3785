"""The documents of a bot's state: read when they are needed, and found by record and by kind."""

from __future__ import annotations

import asyncio
import math
from dataclasses import field
from typing import TYPE_CHECKING

from ptb_bucket._aio import RetryPolicy, chunks, for_each
from ptb_bucket._dataclass import dataclass
from ptb_bucket.state.commit import Ledger, Metrics, TrackedDocument, WriterIdentity, due_keys_for
from ptb_bucket.state.document import Header
from ptb_bucket.state.records import Kind, Record
from ptb_bucket.state.replica.startup import check_empty_start, documents, listed

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable, Iterable, Iterator

    from ptb_bucket.codecs import Codec
    from ptb_bucket.errors import PTBBucketError
    from ptb_bucket.state.commit import NoDueKeys
    from ptb_bucket.state.document import Layout
    from ptb_bucket.state.merge import RecordMerger
    from ptb_bucket.state.spool import Spool
    from ptb_bucket.stores import BlobStore

__all__ = ["DocumentSet", "TrackedDocuments"]


@dataclass
class DocumentSet:
    """The documents of a bot's state, as far as they were read. Reading changes neither PTB's objects nor the bucket.

    Args:
        store: The store of the documents; its keys are relative to the prefix.
        layout: Decides which records share a document.
        codec: Encodes records.
        merger: Merges records.
        bot_id: The ID of the bot. Another bot's document is refused.
        kinds: The kinds of data that are loaded and saved; documents and sections of other kinds stay untouched.
        callback_limit: How many keyboards are kept; None for all.
        retry_policy: How long one commit tries, and how long it waits between two tries.
        spool: Keeps unsaved changes at shutdown until the next load; None for none.
        metrics: Counts events, and logs them.
        writer: The ID under which this instance commits.
        on_demand: With a layout of a document for each record, read none before it is refreshed. The caller refreshes
            each record before PTB sees it.
        is_bot: Log that a bot starts with an empty state. False for tools, which start no bot.
        on_track: Called with each document that is tracked from now on, and its key without extension.
    """

    store: BlobStore
    layout: Layout
    codec: Codec
    merger: RecordMerger
    bot_id: str
    kinds: tuple[Kind, ...]
    callback_limit: int | None = None
    retry_policy: RetryPolicy = field(default_factory=RetryPolicy)
    spool: Spool | None = None
    metrics: Metrics = field(default_factory=Metrics)
    writer: WriterIdentity = field(default_factory=WriterIdentity)
    on_demand: bool = False
    is_bot: bool = True
    loaded: bool = False
    on_track: Callable[[str, Ledger], None] | None = field(default=None, repr=False)
    tracked: TrackedDocuments = field(init=False, repr=False)
    due_keys: NoDueKeys = field(init=False, repr=False)

    def __post_init__(self) -> None:
        self.tracked = TrackedDocuments(self.layout, self._track)
        self.due_keys = due_keys_for(self.layout, self.store, self.codec.name)

    async def read_all(self) -> None:
        """Read all documents, or with ``on_demand`` those that every update needs.

        The first time, check that a missing state is a new bot's, and not another bot's or in another place.

        Raises:
            DocumentError: A document cannot be used; nothing was changed in the bucket.
            StoreError: A document could not be read.
        """
        if self.spool:
            await self.spool.replay(lambda record: self._track(self.layout.key(record), WriterIdentity()))
        keys = self.layout.keys(self.kinds)
        if not self._is_lazy:
            keys = await listed(self.store, self.layout, self.codec.extension, self.kinds)
            self.metrics.loads(len(keys))
        found = [self.tracked.at(key) for key in keys]
        await self._read(found if self._is_lazy else self.tracked.all(), asyncio.get_running_loop().time())
        if not self.loaded:
            await check_empty_start(self.store, self.layout, self.codec, found, warn=self.is_bot)
            self.loaded = True

    async def refresh(self, records: Iterable[Record], since: float | None) -> None:
        """Read the documents of some records again, unless they were read since.

        Costs one conditional GET per document, shared by all that ask at the same time.

        Args:
            records: The records.
            since: A time of the loop's clock. A read that began after it is new enough; None: any read is.

        Raises:
            StoreError: A document could not be read.
            DocumentError: A document cannot be used.
        """
        if not self.loaded:
            await self.read_all()
        if since is None:
            since = -math.inf if self._is_lazy else None
        if since is not None:
            await self._read({one.ledger.key: one for one in map(self.tracked.of, records)}.values(), since)

    async def _read(self, documents: Iterable[TrackedDocument], since: float) -> None:
        wanted = list(documents)
        for document in wanted:
            document.wanted += 1
        try:
            await for_each(wanted, lambda document: document.refresh(since, self.retry_policy))
        finally:
            for document in wanted:
                document.wanted -= 1

    def records(self, kind: Kind) -> list[Record]:
        """Return the records of one kind that PTB has, or would load."""
        return list(self.each(kind))

    def each(self, kind: Kind) -> Iterator[Record]:
        """Yield the same records one by one; the caller may await between two of them."""
        for ledger in self.ledgers(kind):
            section = ledger.document.sections.get(kind, {}) if ledger.document else {}
            in_ptb = [*ledger.base.of(kind), *(record for record in ledger.pending if record.kind is kind)]
            yield from (Record(kind, record_id) for record_id in section)
            yield from (record for record in dict.fromkeys(in_ptb) if record.id not in section)

    def in_ptb(self, kind: Kind) -> set[Record]:
        """Return the records of one kind that PTB has, as far as this instance knows."""
        return {
            record
            for ledger in self.ledgers(kind)
            for record in {*ledger.base.of(kind), *ledger.pending}
            if record.kind is kind and ledger.top(record) is not None
        }

    async def iterate(self, kind: Kind) -> AsyncIterator[Record]:
        """Yield the records of one kind in the bucket, and unsaved ones, without those that are to be dropped.

        The known values stay as they are.

        Raises:
            StoreError, DocumentError: The bucket could not be read; there may be more records.
        """
        if not self.loaded:
            await self.read_all()
        ledgers = [document.ledger for document in self.tracked.pending()]
        unsaved = {record: ledger for ledger in ledgers for record in ledger.pending if record.kind is kind}
        for record, ledger in unsaved.items():
            if ledger.top(record) is not None:
                yield record
        keys = documents(self.store, self.layout, self.codec.extension, kind)
        async for some in chunks(keys, self._track):
            await self._read(some, -math.inf)
            sections = [one.ledger.document.sections.get(kind, {}) for one in some if one.ledger.document]
            for record in (Record(kind, record_id) for section in sections for record_id in section):
                if record not in unsaved:
                    yield record

    def is_stored(self, record: Record) -> bool:
        """Tell whether the bucket has a value of a record, as far as this instance knows, or whether PTB has one."""
        ledger = self.ledger(record)
        return ledger.stored(record) is not None or ledger.top(record) is not None

    def has_read(self, record: Record) -> bool:
        """Tell whether a record was read, and its value reached PTB; always true unless records are read on demand.

        PTB has no timers, so it is enough that the document of a timer was read.
        """
        document = self.tracked.known(record)
        if document is None or not self._is_lazy:
            return not self._is_lazy
        return not document.ledger.unloaded if record.kind is not Kind.TIMER else document.asked is not None

    def failed(self) -> dict[Record, PTBBucketError]:
        """Return the records that are pending, and that the last commit could not merge."""
        failures: dict[Record, PTBBucketError] = {}
        for document in self.tracked.pending():
            if found := document.ledger.failures:
                pending = document.ledger.pending
                failures.update({record: error for record, error in found.items() if record in pending})
        return failures

    @property
    def _is_lazy(self) -> bool:
        return self.on_demand and self.layout.lazy

    def ledgers(self, kind: Kind) -> list[Ledger]:
        """Return the ledgers of the documents that hold one kind of data."""
        return [document.ledger for document in self.tracked.holding(kind)]

    def ledger(self, record: Record) -> Ledger:
        """Return the ledger of a record's document."""
        return self.tracked.of(record).ledger

    def _track(self, key: str, writer: WriterIdentity | None = None) -> TrackedDocument:
        name = key + self.codec.extension
        empty = Header(self.bot_id, self.codec.name)
        ledger = Ledger(name, self.merger, writer or self.writer, self.metrics, empty, self.callback_limit)
        ledger.unloaded = self._is_lazy
        if self.on_track:
            self.on_track(key, ledger)
        return TrackedDocument(self.store, ledger, self.layout, self.due_keys)


@dataclass
class TrackedDocuments:
    """Documents by key, and by the kind of data that they hold: no operation goes through a million of them.

    Args:
        layout: Decides which key a record has.
        make: Makes the tracked document with a key.
    """

    layout: Layout
    make: Callable[[str], TrackedDocument]
    _by_key: dict[str, TrackedDocument] = field(default_factory=dict)
    _by_kind: dict[Kind, dict[str, TrackedDocument]] = field(default_factory=lambda: {kind: {} for kind in Kind})
    """A document of one record is found by that record's kind, also if it holds timers, too."""
    _staged: dict[str, TrackedDocument] = field(default_factory=dict)
    _shared: dict[Kind, tuple[str, TrackedDocument]] = field(default_factory=dict)
    """The documents that hold all records of a kind, with their keys: found without asking the layout again."""

    def __len__(self) -> int:
        return len(self._by_key)

    def of(self, record: Record) -> TrackedDocument:
        """Return the document of a record."""
        return (self._shared.get(record.kind) or self._find(record))[1]

    def _find(self, record: Record) -> tuple[str, TrackedDocument]:
        key = self.layout.key(record)
        found = key, self.at(key)
        if not self.layout.lazy:
            self._shared[record.kind] = found
        return found

    def at(self, key: str) -> TrackedDocument:
        """Return the document with a key without extension."""
        if key not in self._by_key:
            self._by_key[key] = tracked = self.make(key)
            for kind in self._kinds(key):
                self._by_kind[kind][key] = tracked
        return self._by_key[key]

    def known(self, record: Record) -> TrackedDocument | None:
        """Return the document of a record, if it was asked for before."""
        shared = self._shared.get(record.kind)
        return shared[1] if shared else self._by_key.get(self.layout.key(record))

    def all(self) -> list[TrackedDocument]:
        """Return all documents."""
        return list(self._by_key.values())

    def holding(self, kind: Kind) -> list[TrackedDocument]:
        """Return the documents that hold one kind of data."""
        return [document for home in self.layout.homes(kind) for document in self._by_kind[home].values()]

    def for_staging(self, record: Record) -> TrackedDocument:
        """Return the document of a record that is about to be staged."""
        key, document = self._shared.get(record.kind) or self._find(record)
        self._staged[key] = document
        return document

    def pending(self) -> list[TrackedDocument]:
        """Return the documents with values that are not known to be durable, by key."""
        self._staged = {key: tracked for key, tracked in self._staged.items() if tracked.ledger.pending}
        return [self._staged[key] for key in sorted(self._staged)]

    def forget(self, record: Record) -> bool:
        """Stop tracking a record's document; return False if it is being read or written, or is not durable."""
        key = self.layout.key(record)
        tracked = self._by_key.get(key)
        if tracked is not None and not tracked.is_idle:
            return False
        self._by_key.pop(key, None)
        self._staged.pop(key, None)
        for kind in self._kinds(key):
            self._by_kind[kind].pop(key, None)
        return True

    def _kinds(self, key: str) -> tuple[Kind, ...]:
        kinds = self.layout.kinds(key)
        return kinds[:1] if self.layout.lazy else kinds
