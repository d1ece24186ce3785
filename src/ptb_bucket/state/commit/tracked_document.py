"""A tracked document, which has a ledger and a store, and the code that reads it."""

from __future__ import annotations

import asyncio
from contextlib import suppress
from dataclasses import field
from typing import TYPE_CHECKING, Final

from ptb_bucket._aio import Deadline, LoopLock, aside
from ptb_bucket._dataclass import dataclass
from ptb_bucket.errors import (
    DocumentError,
    ForeignDocumentError,
    NewerDocumentError,
    NotFoundError,
    PTBBucketError,
    VanishedDocumentError,
)
from ptb_bucket.state.commit.turns import Turns, active
from ptb_bucket.state.document import Document
from ptb_bucket.stores import NOT_MODIFIED

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    from ptb_bucket._aio import RetryPolicy
    from ptb_bucket.state.commit.due_keys import NoDueKeys
    from ptb_bucket.state.commit.ledger import Ledger
    from ptb_bucket.state.document import Header, Layout
    from ptb_bucket.stores import Blob, BlobStore

__all__ = ["TrackedDocument", "open_document"]

BYTES_OF_A_RECORD: Final = 100
"""An estimate: the records of a document are counted only when it is open."""


@dataclass
class TrackedDocument:
    """A document for which this process keeps a ledger.

    Rule "One operation per document": a commit and a refresh of a document never overlap, and neither do two of either.

    Args:
        store: The store of the document.
        ledger: Its ledger.
        layout: Says which records it may hold.
        due_keys: The due keys of its timers.
        lock: Keeps its commits and refreshes apart.
        asked: The time at which the newest finished read began, on the loop's clock. Everything that was stored before
            is known.
        wanted: The number of callers that wait for a read. Until they have it, the document must not be forgotten.
    """

    store: BlobStore
    ledger: Ledger
    layout: Layout
    due_keys: NoDueKeys
    lock: LoopLock = field(default_factory=LoopLock)
    asked: float | None = None
    wanted: int = 0
    turns: Turns = field(init=False, repr=False)

    def __post_init__(self) -> None:
        self.turns = Turns(self.store.min_write_interval)

    @property
    def key(self) -> str:
        """The key of the document."""
        return self.ledger.key

    @property
    def name(self) -> str:
        """Its name in messages: the whole path or address, because the wrong directory is the usual mistake."""
        return self.store.describe(self.key)

    async def refresh(self, since: float, retry_policy: RetryPolicy) -> None:
        """Read the document, unless a finished read began after ``since``, a time of the loop's clock."""
        if self._knows(since):
            return  # do not wait for a commit under way if nothing has to be read
        async with self.lock.here():
            if not self._knows(since):
                # A read that hangs must not hold up every save.
                await Deadline.after(retry_policy.deadline).within(self.read())

    async def wait_for_turn(self, look: Callable[[], Awaitable[object]]) -> None:
        """Wait until the store accepts the next write and it is our turn. Changes that are staged meanwhile join it.

        Args:
            look: Reads the document. Called after a wait, if other instances may have written meanwhile.
        """
        if not self.turns.interval:
            return
        for _ in range(len(active(self._header)) + 1):  # do not wait for ever for others that do not take turns
            pause = self.turns.pause(self._header, self.ledger.writer.id)
            if pause <= 0:
                break
            await asyncio.sleep(pause)
            if len(active(self._header)) > 1:
                await look()

    async def look(self) -> None:
        """Read the document, unless that fails or takes longer than the wait for a turn. A commit will find out why."""
        with suppress(PTBBucketError):
            async with self.lock.here():
                await Deadline.after(self.turns.interval).within(self.read())

    @property
    def _header(self) -> Header | None:
        return self.ledger.document.header if self.ledger.document else None

    @property
    def is_idle(self) -> bool:
        """Tell whether no caller waits for it and all of its changes are durable."""
        return not (self.wanted or self.lock.here().locked() or self.ledger.pending or self.ledger.superseded)

    def _knows(self, since: float) -> bool:
        return self.asked is not None and self.asked >= since

    async def read(self) -> None:
        """Read the document, if it has changed, into the ledger. The caller holds the lock."""
        began = asyncio.get_running_loop().time()
        try:
            blob = await self.store.get(self.key, if_none_match=self.ledger.etag)
        except NotFoundError as error:
            self._absent(error)
        else:
            if blob is not NOT_MODIFIED:
                document = await aside(lambda: self._opened(blob), size=len(blob.data) // BYTES_OF_A_RECORD)
                self.ledger.metrics.unknown(self.name, document.unknown)
                self.ledger.loaded(document, blob.etag)
            self.turns.read(began, is_new=blob is not NOT_MODIFIED)
        self.asked = began

    def _absent(self, error: NotFoundError) -> None:
        """Note that the document does not exist in the store.

        Rule "A vanished document is an error": nothing is written over a document that we have read and that is gone.
        The only exception is a tombstone, which ``sweep`` may remove.
        """
        document = self.ledger.document
        if self.layout.lazy and document is not None and document.is_tombstone:
            self.ledger.swept()
        if self.ledger.etag is not None:
            raise VanishedDocumentError(
                f"{self.name} (version {self.ledger.etag}) no longer exists. It was deleted, or the prefix of a "
                "running bot was changed. ptb-bucket will not recreate it. Restore it, or restart the bot to start "
                "with empty state.",
                key=self.key,
                etag=self.ledger.etag,
            ) from error

    def _opened(self, blob: Blob) -> Document:
        empty = self.ledger.empty
        return open_document(blob, self.layout, key=self.key, name=self.name, codec=empty.codec, bot_id=empty.bot_id)


def open_document(  # noqa: PLR0913  all that a document must match, by keyword
    blob: Blob, layout: Layout, *, key: str, name: str, codec: str, bot_id: str | None
) -> Document:
    """Open one version of a document.

    Args:
        blob: Its bytes and its ETag.
        layout: Says which records it may hold.
        key: Its key.
        name: Its name in messages.
        codec: The codec that its records must have.
        bot_id: The bot to which it must belong; None for any bot.

    Raises:
        DocumentError: It cannot be used. The message names the object, its version and what to do.
    """
    try:
        document = Document.unpack(blob.data, codec=codec, bot_id=bot_id)
        if layout.lazy:
            _check_key(document, layout, key)
    except DocumentError as error:
        raise type(error)(
            f"{name} (version {blob.etag}, {len(blob.data)} bytes) cannot be used: "
            f"{error}. It was not changed.{_way_out(error)}",
            key=key,
            etag=blob.etag,
        ) from error
    return document


def _way_out(error: DocumentError) -> str:
    if isinstance(error, NewerDocumentError):
        return ""
    if isinstance(error, ForeignDocumentError):
        return " Restore the right document, or use another prefix, for example one with {bot_id}."
    return " Fix it, restore a copy, or move it away to start with empty state."


def _check_key(document: Document, layout: Layout, key: str) -> None:
    """Refuse a record in the wrong document: it would not be found there, and the next save would write another one."""
    for record in document.records():
        if not key.startswith(f"{layout.key(record)}."):
            raise ForeignDocumentError(
                f"the document contains {record.label}, but this record belongs in {layout.key(record)}"
            )
