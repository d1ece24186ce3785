"""A bot's state as it lies under a prefix: for tools, whoever's bot it is, without its classes or a replica."""

from __future__ import annotations

import asyncio
import math
from dataclasses import dataclass, field
from datetime import datetime, timezone
from typing import TYPE_CHECKING, Final

from ptb_bucket._aio import outcomes
from ptb_bucket.errors import ForeignDocumentError, NotFoundError
from ptb_bucket.state.commit import TOOL_MARK, Metrics, open_document
from ptb_bucket.state.document import EXTENSIONS, LAYOUTS, recognise
from ptb_bucket.state.records import Kind, Record
from ptb_bucket.state.replica import listed

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Iterable, Mapping

    from ptb_bucket.state.document import Header, Layout, UnknownSections
    from ptb_bucket.stores import Blob, BlobStore, BlobVersion

__all__ = ["Archive", "CommitInfo", "Part"]

_ENDINGS: Final = {codec: ending for ending, codec in EXTENSIONS.items()}


@dataclass(frozen=True)
class CommitInfo:
    """The last commit of one writer; ``time`` is that writer's clock's, in UTC."""

    writer: str
    id: str
    time: datetime

    @property
    def is_tools(self) -> bool:
        """Whether one of our tools made it, and no bot."""
        return TOOL_MARK in self.writer


@dataclass(frozen=True)
class Part:
    """One document as it lies: whose it is, its writers' last commits (newest first), and its records, encoded.

    ``size`` is in bytes, before compression and sealing. ``unknown`` are sections of a newer ptb-bucket, by name.
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
        """Whether it holds nothing at all, of ours or of a newer ptb-bucket."""
        return not self.records and not self.unknown


@dataclass(frozen=True)
class Archive:
    """What lies under one prefix.

    Args:
        store: Where documents lie; its keys are relative to the prefix.
        layout: Which records share a document.
        codec: The name of the codec of its records.
        bot_id: Whose it must be; None takes anybody's.
        metrics: Tells the log which documents have sections that this ptb-bucket does not know.
    """

    store: BlobStore
    layout: Layout
    codec: str
    bot_id: str | None = None
    metrics: Metrics = field(default_factory=Metrics, compare=False, repr=False)

    @classmethod
    async def find(
        cls, store: BlobStore, *, bot_id: str | None = None, layout: str | None = None, codec: str | None = None
    ) -> Archive:
        """Look which layout and codec a prefix has.

        Args:
            store: Where to look; its keys are relative to the prefix.
            bot_id: Whose it must be; None takes anybody's.
            layout: Take no other; None takes any.
            codec: Take no other; None takes any.

        Raises:
            NotFoundError: There is no such state under this prefix.
            ForeignDocumentError: There are two, of different layouts or codecs.
            StoreError: It could not be looked at.
        """
        shown = await _found(store)
        found = {kind: key for kind, key in shown.items() if layout in (None, kind[0]) and codec in (None, kind[1])}
        if not found and shown:
            raise NotFoundError(
                f"{store.describe(next(iter(shown.values())))} is of {_named(shown)}, and another one was asked for. "
                "Leave these options out."
            )
        if not found:
            raise NotFoundError(
                f"There is no bot's state at {store.describe('state')}. Look at the URI: bucket, prefix, region."
            )
        if len(found) > 1:
            raise ForeignDocumentError(
                f"Several states lie under this prefix, {_named(found)}: {', '.join(sorted(found.values()))}. Say "
                "which one in the URI, as the bot's own settings do, such as '?layout=single&codec=json'."
            )
        found_layout, found_codec = next(iter(found))
        return cls(store, LAYOUTS[found_layout], found_codec, bot_id)

    async def parts(self, kinds: Iterable[Kind] = Kind) -> AsyncIterator[Part]:
        """Every document that holds these kinds of data, by key. What was dropped may be one without records.

        Raises:
            DocumentError: One cannot be read.
            StoreError: The store could not tell.
        """
        keys = [key async for key in self.documents(kinds)]
        async for part in outcomes(keys, self.part):
            if part is not None:
                yield part

    async def documents(self, kinds: Iterable[Kind] = Kind) -> AsyncIterator[str]:
        """Where documents with these kinds of data lie, or would lie, as :meth:`part` takes it. Raises StoreError."""
        for key in await listed(self.store, self.layout, _ENDINGS[self.codec], kinds):
            yield key

    def versions(self, key: str) -> AsyncIterator[BlobVersion]:
        """The versions of one document, newest first; see ``BlobStore.versions``.

        Args:
            key: As the layout gives it, without extension.
        """
        return self.store.versions(self.name(key))

    async def part_of(self, record: Record) -> Part | None:
        """The document in which a record lies, or would lie; None if there is none. Raises as :meth:`parts`."""
        return await self.part(self.layout.key(record))

    async def part(self, key: str, version: str | None = None) -> Part | None:
        """One document, or an old version of it; None if there is none.

        Args:
            key: As the layout gives it, without extension.
            version: As ``BlobStore.versions`` gives it; None for the current one.

        Raises:
            DocumentError: It cannot be read.
            StoreError: The store could not tell.
        """
        name = self.name(key)
        try:
            blob = await self.store.get(name, version=version)
        except NotFoundError:
            return None
        return self._part(name, blob)

    def gone(self) -> NotFoundError:
        """What to raise where a listing showed documents and none of them can be read any more."""
        return NotFoundError(f"The state at {self.store.describe('state')} was removed while it was looked at.")

    def name(self, key: str) -> str:
        """The object's key, with its extension."""
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
    """(layout, codec) → a key that shows it."""
    known = sorted({key for layout in LAYOUTS.values() if not layout.lazy for key in layout.keys(Kind)})
    folders = [folder for layout in LAYOUTS.values() for folder in layout.folders(Kind)]
    listings = await asyncio.gather(
        *(_keys(store, stem) for stem in known), *(_keys(store, folder, enough=1) for folder in folders)
    )
    shown = {recognise(key): key for keys in listings for key in keys}
    return {found: key for found, key in shown.items() if found is not None}


async def _keys(store: BlobStore, prefix: str, enough: float = math.inf) -> list[str]:
    """Keys of documents; one tells as much as a million of the same layout."""
    found = []
    async for info in store.list(prefix):
        if recognise(info.key):
            found.append(info.key)
        if len(found) >= enough:
            break
    return found
