"""Archives, through which tools read the state under a prefix, of any bot, without its classes or a replica."""

from __future__ import annotations

import asyncio
import math
from dataclasses import field
from datetime import datetime, timezone
from typing import TYPE_CHECKING, Final, NamedTuple

from ptb_bucket._aio import outcomes
from ptb_bucket._dataclass import dataclass
from ptb_bucket.errors import ForeignDocumentError, NotFoundError
from ptb_bucket.state.commit import TOOL_MARK, Metrics, open_document
from ptb_bucket.state.document import EXTENSIONS, LAYOUTS, recognise
from ptb_bucket.state.records import Kind, Record
from ptb_bucket.state.replica import listed

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Iterable, Mapping

    from ptb_bucket.state.document import Header, Layout, UnknownSections
    from ptb_bucket.stores import Blob, BlobStore, BlobVersion

__all__ = ["Archive", "CommitInfo", "Entry", "Part"]

_ENDINGS: Final = {codec: ending for ending, codec in EXTENSIONS.items()}


@dataclass(frozen=True)
class CommitInfo:
    """The last commit of one writer. Its ``time`` is in UTC, according to that writer's clock."""

    writer: str
    id: str
    time: datetime

    @property
    def is_tools(self) -> bool:
        """Tell whether a tool of ptb-bucket made the commit, rather than a bot."""
        return TOOL_MARK in self.writer


class Entry(NamedTuple):
    """A document in a listing, which was not read.

    Args:
        key: Its key, without extension.
        record: The record after which it is named; None if the key does not tell it.
        size: The size of the object in bytes, as it is stored.
        modified: The time of its last write by the store's clock; None if the store does not list it.
    """

    key: str
    record: Record | None
    size: int
    modified: datetime | None


@dataclass(frozen=True)
class Part:
    """A document as it is stored.

    Args:
        key: The key of the object.
        etag: Its ETag.
        size: Its size in bytes, before compression and sealing.
        bot_id: The bot to which it belongs.
        sequence: The number of its commits.
        commits: The last commits of its writers, newest first.
        records: Its encoded records.
        header: Its header.
        unknown: Sections of a newer ptb-bucket, by name.
    """

    key: str
    etag: str
    size: int
    bot_id: str
    sequence: int
    commits: tuple[CommitInfo, ...]
    records: Mapping[Record, bytes] = field(repr=False)
    header: Header = field(repr=False)
    unknown: UnknownSections = field(repr=False)

    @property
    def is_tombstone(self) -> bool:
        """Tell whether it has no records and no unknown sections."""
        return not self.records and not self.unknown


@dataclass(frozen=True)
class Archive:
    """The state under one prefix.

    Args:
        store: The store of the documents. Its keys are relative to the prefix.
        layout: Says which records share a document.
        codec: The name of the codec of the records.
        bot_id: The bot to which the state must belong; None for any bot.
        first: The key of the first document that :meth:`find` has seen, without extension.
        metrics: Logs the sections that this ptb-bucket does not know.
    """

    store: BlobStore
    layout: Layout
    codec: str
    bot_id: str | None = None
    first: str | None = field(default=None, compare=False)
    metrics: Metrics = field(default_factory=Metrics, compare=False, repr=False)

    @classmethod
    async def find(
        cls, store: BlobStore, *, bot_id: str | None = None, layout: str | None = None, codec: str | None = None
    ) -> Archive:
        """Detect the layout and the codec of the state under a prefix.

        Args:
            store: The store. Its keys are relative to the prefix.
            bot_id: The bot to which the state must belong; None for any bot.
            layout: The layout that it must have; None for any.
            codec: The codec that it must have; None for any.

        Raises:
            NotFoundError: No such state is stored under this prefix.
            ForeignDocumentError: There are two states, of different layouts or codecs.
            StoreError: The store could not be read.
        """
        shown = await _found(store)
        found = {kind: key for kind, key in shown.items() if layout in (None, kind[0]) and codec in (None, kind[1])}
        if not found and shown:
            raise NotFoundError(
                f"{store.describe(next(iter(shown.values())))} has {_named(shown)}, but the URI specifies other "
                "options. Remove them."
            )
        if not found:
            raise NotFoundError(
                f"No bot state was found at {store.describe('state')}. Check the bucket, the prefix and the "
                "region in the URI."
            )
        if len(found) > 1:
            raise ForeignDocumentError(
                f"The prefix contains more than one state ({_named(found)}): {', '.join(sorted(found.values()))}. "
                "Choose one with URI options such as '?layout=single&codec=json'."
            )
        (found_layout, found_codec), key = next(iter(found.items()))
        return cls(store, LAYOUTS[found_layout], found_codec, bot_id, key.removesuffix(_ENDINGS[found_codec]))

    async def owner(self) -> str:
        """Return the ID of the bot that owns the state, from the first document.

        Raises:
            NotFoundError: The state was removed since it was found.
            DocumentError: The document cannot be read.
            StoreError: The store could not be read.
        """
        part = None if self.first is None else await self.part(self.first)
        if part is not None:
            return part.bot_id
        async for part in self.parts():
            return part.bot_id
        raise self.gone()

    async def parts(self, kinds: Iterable[Kind] = Kind) -> AsyncIterator[Part]:
        """Yield every document with these kinds of data, by key. Some may be tombstones.

        Raises:
            DocumentError: A document cannot be used.
            StoreError: The store could not be read.
        """
        keys = [key async for key in self.documents(kinds)]
        async for part in outcomes(keys, self.part):
            if part is not None:
                yield part

    async def documents(self, kinds: Iterable[Kind] = Kind) -> AsyncIterator[str]:
        """Yield the keys of documents with these kinds of data, as :meth:`part` takes them. Raises StoreError."""
        for key in await listed(self.store, self.layout, _ENDINGS[self.codec], kinds):
            yield key

    async def entries(self, kind: Kind) -> AsyncIterator[Entry]:
        """Yield the documents of records of one kind from the listing, page by page. Some may be tombstones.

        Only a layout with one document for each record has entries.

        Raises:
            StoreError: The store could not be read.
        """
        ending = _ENDINGS[self.codec]
        for folder in self.layout.folders([kind]):
            async for info in self.store.list(folder):
                key = info.key.removesuffix(ending)
                if key != info.key and self.layout.kinds(key):
                    yield Entry(key, self.layout.record(key), info.size, info.modified)

    async def due_timers(self) -> AsyncIterator[Record]:
        """Yield the timers that somebody has to look at, the earliest first, from the listing of their due keys.

        Only a layout with one document for each record has due keys. A timer may be newer than its key, or gone.

        Raises:
            StoreError: The store could not be read.
        """
        from ptb_bucket.state.timers import DUE_FOLDER, DueKey  # noqa: PLC0415  only for timers

        seen = set()
        async for info in self.store.list(DUE_FOLDER):
            due = DueKey.parse(info.key)
            if due is not None and due.record not in seen:
                seen.add(due.record)
                yield due.record

    def versions(self, key: str) -> AsyncIterator[BlobVersion]:
        """Return the versions of one document, newest first; see ``BlobStore.versions``.

        Args:
            key: The key that the layout gives it, without extension.
        """
        return self.store.versions(self.name(key))

    async def part_of(self, record: Record) -> Part | None:
        """Return the document of a record; None if it does not exist. Raises like :meth:`parts`."""
        return await self.part(self.layout.key(record))

    async def part(self, key: str, version: str | None = None) -> Part | None:
        """Return one document, or an old version of it; None if it does not exist.

        Args:
            key: The key that the layout gives it, without extension.
            version: The version, as ``BlobStore.versions`` names it; None for the current one.

        Raises:
            DocumentError: It cannot be used.
            StoreError: The store could not be read.
        """
        name = self.name(key)
        try:
            blob = await self.store.get(name, version=version)
        except NotFoundError:
            return None
        return self._part(name, blob)

    def gone(self) -> NotFoundError:
        """Return the error for documents that were listed but no longer exist."""
        return NotFoundError(f"The state at {self.store.describe('state')} was removed while it was being read.")

    def name(self, key: str) -> str:
        """Return the key of the object, with its extension."""
        return key + _ENDINGS[self.codec]

    def _part(self, name: str, blob: Blob) -> Part:
        where = self.store.describe(name)
        document = open_document(blob, self.layout, key=name, name=where, codec=self.codec, bot_id=self.bot_id)
        self.metrics.unknown(where, document.unknown)
        header = document.header
        commits = tuple(
            CommitInfo(commit.writer, commit.id, datetime.fromtimestamp(commit.time, timezone.utc))
            for commit in header.commits
        )
        records = dict(document.items())
        return Part(
            name, blob.etag, len(blob.data), header.bot_id, header.sequence, commits, records, header, document.unknown
        )


def _named(found: Mapping[tuple[str, str], str]) -> str:
    return " and ".join(f"layout={layout}&codec={codec}" for layout, codec in sorted(found))


async def _found(store: BlobStore) -> dict[tuple[str, str], str]:
    """Return the layouts and codecs in use, each with the key of one document."""
    known = sorted({key for layout in LAYOUTS.values() if not layout.lazy for key in layout.keys(Kind)})
    folders = [folder for layout in LAYOUTS.values() for folder in layout.folders(Kind)]
    listings = await asyncio.gather(
        *(_keys(store, _start(stem)) for stem in known), *(_keys(store, folder, enough=1) for folder in folders)
    )
    shown = {recognise(key): key for key in sorted((key for keys in listings for key in keys), reverse=True)}
    return {found: key for found, key in shown.items() if found is not None}


def _start(stem: str) -> str:
    """Return the start of the key of a document, and not of the due keys of timers."""
    return f"{stem}." if stem == Kind.TIMER.value else stem


async def _keys(store: BlobStore, prefix: str, enough: float = math.inf) -> list[str]:
    """Return keys of documents. Stop at ``enough``, because a few keys show the layout as well as a million."""
    found = []
    async for info in store.list(prefix):
        if recognise(info.key):
            found.append(info.key)
        if len(found) >= enough:
            break
    return found
