"""One document and its place in the store: reading it."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final

from ptb_bucket._aio import Deadline, LoopLock, aside
from ptb_bucket.errors import (
    DocumentError,
    ForeignDocumentError,
    NewerDocumentError,
    NotFoundError,
    VanishedDocumentError,
)
from ptb_bucket.state.document import Document
from ptb_bucket.stores import NOT_MODIFIED

if TYPE_CHECKING:
    from ptb_bucket._aio import RetryPolicy
    from ptb_bucket.state.commit.ledger import Ledger
    from ptb_bucket.state.document import Layout
    from ptb_bucket.stores import Blob, BlobStore

__all__ = ["TrackedDocument", "open_document"]

BYTES_OF_A_RECORD: Final = 100
"""About; what is opened has not been counted yet."""


@dataclass
class TrackedDocument:
    """A document, its store, and the lock that keeps its commit and its refresh apart (rule 8).

    ``asked`` is when the newest finished read began, on the loop's clock: what was there before it is known.
    ``wanted`` is how many wait for it to be read, and will look for it where they found it.

    Args:
        store: Where the document lies.
        ledger: What is known of it.
        layout: Which records it may hold.
    """

    store: BlobStore
    ledger: Ledger
    layout: Layout
    lock: LoopLock = field(default_factory=LoopLock)
    asked: float | None = None
    wrote: float | None = None
    wanted: int = 0

    @property
    def key(self) -> str:
        """The document's key."""
        return self.ledger.key

    @property
    def name(self) -> str:
        """How messages name it: the whole path or address, because the wrong directory is the usual mistake."""
        return self.store.describe(self.key)

    async def refresh(self, since: float, retry_policy: RetryPolicy) -> None:
        """Read the document unless a read that began after ``since`` (on the loop's clock) has told us already."""
        if self._knows(since):
            return  # a commit that is under way, however long, does not hold up who needs no answer
        async with self.lock.here():
            if not self._knows(since):
                await Deadline.after(retry_policy.deadline).within(
                    self.read()
                )  # a read that hangs must not hold up every save

    @property
    def is_idle(self) -> bool:
        """Whether nobody wants it, and all is durable."""
        return not (self.wanted or self.lock.here().locked() or self.ledger.pending or self.ledger.superseded)

    def _knows(self, since: float) -> bool:
        return self.asked is not None and self.asked >= since

    async def read(self) -> None:
        """Ask the store, conditionally, and tell the ledger. The lock is held."""
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
        self.asked = began

    def _absent(self, error: NotFoundError) -> None:
        if self.layout.lazy and self.ledger.is_tombstone:
            self.ledger.swept()
        if self.ledger.etag is not None:
            raise VanishedDocumentError(
                f"{self.name} was there (version {self.ledger.etag}) and is gone. Somebody deleted it, or the prefix "
                "was changed under a running bot. Nothing is written over it: bring it back, or restart the bot to "
                "begin anew.",
                key=self.key,
                etag=self.ledger.etag,
            ) from error

    def _opened(self, blob: Blob) -> Document:
        empty = self.ledger.empty
        return open_document(blob, self.layout, key=self.key, name=self.name, codec=empty.codec, bot_id=empty.bot_id)


def open_document(  # noqa: PLR0913  what a document has to be, by keyword
    blob: Blob, layout: Layout, *, key: str, name: str, codec: str, bot_id: str | None
) -> Document:
    """Open one version of a document.

    Args:
        blob: Its bytes and its ETag.
        layout: Says which records it may hold.
        key: The document's key.
        name: How messages name it.
        codec: The codec that its records must have.
        bot_id: Whose it must be; None takes anybody's.

    Raises:
        DocumentError: It cannot be used; the message names the object, its version and the way out.
    """
    try:
        document = Document.unpack(blob.data, codec=codec, bot_id=bot_id)
        if layout.lazy:
            _check_key(document, layout, key)
    except DocumentError as error:
        newer = isinstance(error, NewerDocumentError)
        way_out = "." if newer else ": correct it, bring back a copy, or move it away to start anew."
        raise type(error)(
            f"{name} (version {blob.etag}, {len(blob.data)} bytes): {error}. It was not changed{way_out}",
            key=key,
            etag=blob.etag,
        ) from error
    return document


def _check_key(document: Document, layout: Layout, key: str) -> None:
    """Nobody would find a record in a document that is not its own, and the next save would bury it."""
    for record in document.records():
        if not key.startswith(f"{layout.key(record)}."):
            raise ForeignDocumentError(f"it holds {record.label}, whose place is {layout.key(record)}")
