"""What this instance knows of a bot's state: documents are read when they are asked for, and their records listed."""

from __future__ import annotations

import asyncio
import math
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from ptb_bucket._aio import RetryPolicy, chunks, for_each
from ptb_bucket.state.commit import Ledger, Metrics, TrackedDocument, WriterIdentity
from ptb_bucket.state.document import Header
from ptb_bucket.state.records import Kind, Record
from ptb_bucket.state.replica.startup import check_empty_start, documents, listed

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable, Iterable, Iterator

    from ptb_bucket.codecs import Codec
    from ptb_bucket.state.document import Layout
    from ptb_bucket.state.merge import Merger
    from ptb_bucket.state.spool import Spool
    from ptb_bucket.stores import BlobStore

__all__ = ["Known", "TrackedDocuments"]


@dataclass
class Known:
    """The documents of a bot's state, as far as they were read. PTB's objects are not touched, and nothing is written.

    Args:
        store: Where documents lie; its keys are relative to the prefix.
        layout: Which records share a document.
        codec: How records are encoded.
        merger: The rules of merging.
        bot_id: Whose state it is; another bot's document is refused.
        kinds: What is loaded and saved; documents and sections of other kinds stay untouched.
        callback_limit: How many keyboards are kept; None for all.
        retry_policy: How long one commit tries.
        spool: Where what is unsaved goes at shutdown, and comes from at the next load; None for nowhere.
        metrics: Counts what happens, and tells the log.
        writer: Under which id it commits.
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
    retry_policy: RetryPolicy = field(default_factory=RetryPolicy)
    spool: Spool | None = None
    metrics: Metrics = field(default_factory=Metrics)
    writer: WriterIdentity = field(default_factory=WriterIdentity)
    on_demand: bool = False
    loaded: bool = False
    _documents: TrackedDocuments = field(init=False, repr=False)

    def __post_init__(self) -> None:
        self._documents = TrackedDocuments(self.layout, self._track)

    async def load(self) -> None:
        """Read the documents once more; the first time, make sure that nothing there is not mistaken for new.

        All of them, or with ``on_demand`` those that every update needs.

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
        tracked_documents = [self._documents.at(key) for key in keys]
        await self._read(
            tracked_documents if self._is_lazy else self._documents.all(), asyncio.get_running_loop().time()
        )
        if not self.loaded:
            await check_empty_start(self.store, self.layout, self.codec, tracked_documents)
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
            tracked_documents = {tracked.ledger.key: tracked for tracked in map(self._documents.of, records)}
            await self._read(tracked_documents.values(), since)

    async def _read(self, tracked_documents: Iterable[TrackedDocument], since: float) -> None:
        wanted = list(tracked_documents)
        for tracked in wanted:
            tracked.wanted += 1
        try:
            await for_each(wanted, lambda tracked: tracked.refresh(since, self.retry_policy))
        finally:
            for tracked in wanted:
                tracked.wanted -= 1

    def records(self, kind: Kind) -> list[Record]:
        """The records of one kind that PTB has, or would be given."""
        return list(self.each(kind))

    def each(self, kind: Kind) -> Iterator[Record]:
        """The same, one by one: whoever takes them may wait in between."""
        for ledger in self._ledgers(kind):
            section = ledger.document.sections.get(kind, {}) if ledger.document else {}
            given = [record for record in (*ledger.base, *ledger.pending) if record.kind is kind]
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
        ledgers = [tracked.ledger for tracked in self._documents.pending()]
        unsaved = {record: ledger for ledger in ledgers for record in ledger.pending if record.kind is kind}
        for record, ledger in unsaved.items():
            if ledger.top(record) is not None:
                yield record
        keys = documents(self.store, self.layout, self.codec.extension, kind)
        async for tracked_documents in chunks(keys, self._track):
            await self._read(tracked_documents, -math.inf)
            found = [
                tracked.ledger.document.sections.get(kind, {})
                for tracked in tracked_documents
                if tracked.ledger.document
            ]
            for record in (Record(kind, record_id) for section in found for record_id in section):
                if record not in unsaved:
                    yield record

    def is_stored(self, record: Record) -> bool:
        """Whether the bucket holds anything for it, as far as we know, or PTB gave us something."""
        ledger = self._ledger(record)
        return ledger.stored(record) is not None or ledger.top(record) is not None

    def has_read(self, record: Record) -> bool:
        """Whether PTB has all that the bucket had of it when somebody looked; ``on_demand``, not before a refresh."""
        tracked = self._documents.known(record)
        return not self._is_lazy or (tracked is not None and not tracked.ledger.unloaded)

    @property
    def _is_lazy(self) -> bool:
        return self.on_demand and self.layout.lazy

    def _ledgers(self, kind: Kind) -> list[Ledger]:
        return [tracked.ledger for tracked in self._documents.holding(kind)]

    def _ledger(self, record: Record) -> Ledger:
        return self._documents.of(record).ledger

    def _track(self, key: str, writer: WriterIdentity | None = None) -> TrackedDocument:
        name = key + self.codec.extension
        empty = Header(self.bot_id, self.codec.name)
        ledger = Ledger(name, self.merger, writer or self.writer, self.metrics, empty, self.callback_limit)
        ledger.unloaded = self._is_lazy
        return TrackedDocument(self.store, ledger, self.layout)


@dataclass
class TrackedDocuments:
    """TrackedDocuments by key, found also by the kind of data that they hold: nothing goes through a million of them.

    Args:
        layout: Which key a record has.
        make: Makes the tracked document with a key.
    """

    layout: Layout
    make: Callable[[str], TrackedDocument]
    _by_key: dict[str, TrackedDocument] = field(default_factory=dict)
    _by_kind: dict[Kind, dict[str, TrackedDocument]] = field(default_factory=lambda: {kind: {} for kind in Kind})
    _staged: dict[str, TrackedDocument] = field(default_factory=dict)

    def __len__(self) -> int:
        return len(self._by_key)

    def of(self, record: Record) -> TrackedDocument:
        """Return the document of a record."""
        return self.at(self.layout.key(record))

    def at(self, key: str) -> TrackedDocument:
        """Return the document with a key without extension."""
        if key not in self._by_key:
            self._by_key[key] = tracked = self.make(key)
            for kind in self.layout.kinds(key):
                self._by_kind[kind][key] = tracked
        return self._by_key[key]

    def known(self, record: Record) -> TrackedDocument | None:
        """Return the document of a record, if it was asked for before."""
        return self._by_key.get(self.layout.key(record))

    def all(self) -> list[TrackedDocument]:
        """All of them."""
        return list(self._by_key.values())

    def holding(self, kind: Kind) -> list[TrackedDocument]:
        """Those with records of one kind."""
        return list(self._by_kind[kind].values())

    def stages(self, record: Record) -> TrackedDocument:
        """Return the document of a record, of which something is about to be staged."""
        key = self.layout.key(record)
        self._staged[key] = self.at(key)
        return self._staged[key]

    def pending(self) -> list[TrackedDocument]:
        """Those with something that is not known to be durable, by key."""
        self._staged = {key: tracked for key, tracked in self._staged.items() if tracked.ledger.pending}
        return [self._staged[key] for key in sorted(self._staged)]

    def forget(self, record: Record) -> bool:
        """Let go of a record's document; False if something there is under way, or not durable."""
        key = self.layout.key(record)
        tracked = self._by_key.get(key)
        if tracked is not None and not tracked.is_idle:
            return False
        self._by_key.pop(key, None)
        self._staged.pop(key, None)
        for kind in self.layout.kinds(key):
            self._by_kind[kind].pop(key, None)
        return True
