"""One document and its place in the store: reading it, and what an empty start must not be mistaken for."""

from __future__ import annotations

import asyncio
import logging
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from ptb_bucket.errors import DocumentError, ForeignDocumentError, NotFoundError, VanishedDocumentError
from ptb_bucket.state._document import Document
from ptb_bucket.state._loops import LoopLock
from ptb_bucket.state.layouts import recognise
from ptb_bucket.stores import NOT_MODIFIED

if TYPE_CHECKING:
    from collections.abc import Sequence

    from ptb_bucket.codecs import Codec
    from ptb_bucket.state._ledger import Ledger
    from ptb_bucket.state._patience import Patience
    from ptb_bucket.state.layouts import Layout
    from ptb_bucket.stores import Blob, BlobStore

__all__ = ["Place", "check_empty_start", "open_document"]

_LOGGER = logging.getLogger("ptb_bucket.state")


@dataclass
class Place:
    """A document, its store, and the lock that keeps its commit and its refresh apart (rule 8).

    ``asked`` is when the newest finished read began, on the loop's clock: what was there before it is known.
    """

    store: BlobStore
    ledger: Ledger
    lock: LoopLock = field(default_factory=LoopLock)
    asked: float | None = None
    wrote: float | None = None

    @property
    def key(self) -> str:
        """The document's key."""
        return self.ledger.key

    @property
    def name(self) -> str:
        """How messages name it: the whole path or address, because the wrong directory is the usual mistake."""
        return self.store.describe(self.key)

    async def refresh(self, since: float, patience: Patience) -> None:
        """Read the document unless a read that began after ``since`` (on the loop's clock) has told us already."""
        if self._knows(since):
            return  # a commit that is under way, however long, does not hold up who needs no answer
        async with self.lock.here():
            if not self._knows(since):
                await patience.begin().within(self.read())  # a read that hangs must not hold up every save

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
                self.ledger.loaded(self._opened(blob), blob.etag)
        self.asked = began

    def _absent(self, error: NotFoundError) -> None:
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
        return open_document(blob, key=self.key, name=self.name, codec=empty.codec, bot_id=empty.bot_id)


def open_document(blob: Blob, *, key: str, name: str, codec: str, bot_id: str | None) -> Document:
    """Open one version of a document.

    Args:
        blob: Its bytes and its ETag.
        key: The document's key.
        name: How messages name it.
        codec: The codec that its records must have.
        bot_id: Whose it must be; None takes anybody's.

    Raises:
        DocumentError: It cannot be used; the message names the object, its version and the way out.
    """
    try:
        return Document.unpack(blob.data, codec=codec, bot_id=bot_id)
    except DocumentError as error:
        raise type(error)(
            f"{name} (version {blob.etag}, {len(blob.data)} bytes): {error}. It was not changed: "
            "correct it, bring back a copy, or move it away to start anew.",
            key=key,
            etag=blob.etag,
        ) from error


async def check_empty_start(store: BlobStore, layout: Layout, codec: Codec, places: Sequence[Place]) -> None:
    """A bot that finds nothing must be new, not misconfigured: look what else lies under the prefix, once.

    Raises:
        ForeignDocumentError: The state is there, in another layout or codec.
    """
    if not places or any(place.ledger.etag is not None for place in places):
        return
    async for info in store.list():
        found = recognise(info.key)
        if found and found != (layout.name, codec.name):
            raise ForeignDocumentError(
                f"{places[0].name} is not there, but {info.key} is: this bot's state has layout={found[0]} and "
                f"codec={found[1]}, and it was opened with layout={layout.name} and codec={codec.name}. Open it with "
                f"'?layout={found[0]}&codec={found[1]}', or choose an empty prefix to start anew.",
                key=info.key,
            )
    _LOGGER.warning("%s is not there: starting with an empty state (a new bot?)", places[0].name)
