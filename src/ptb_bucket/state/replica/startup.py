"""The start: which documents there are, and whether a missing state is really a new bot's."""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING

from ptb_bucket._aio import for_each
from ptb_bucket.errors import ForeignDocumentError
from ptb_bucket.state.document import recognise
from ptb_bucket.state.records import BOT_DATA

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Iterable, Sequence

    from ptb_bucket.codecs import Codec
    from ptb_bucket.state.commit import TrackedDocument
    from ptb_bucket.state.document import Layout
    from ptb_bucket.state.records import Kind
    from ptb_bucket.stores import BlobStore

__all__ = ["check_empty_start", "documents", "listed"]

_LOGGER = logging.getLogger("ptb_bucket.state")


async def documents(store: BlobStore, layout: Layout, extension: str, kind: Kind) -> AsyncIterator[str]:
    """Yield the keys, without extension, of the documents that may hold one kind of data.

    Args:
        store: The store to list.
        layout: Decides which keys there may be.
        extension: The codec's extension.
        kind: The kind of data.

    Raises:
        StoreError: The documents could not be listed.
    """
    if not layout.lazy:
        for key in layout.keys([kind]):
            yield key
    for folder in layout.folders([kind]):
        async for key in _in_folder(store, layout, extension, folder):
            yield key


async def _in_folder(store: BlobStore, layout: Layout, extension: str, folder: str) -> AsyncIterator[str]:
    async for info in store.list(folder):
        stem = info.key.removesuffix(extension)
        if stem != info.key and layout.kinds(stem):
            yield stem


async def listed(store: BlobStore, layout: Layout, extension: str, kinds: Iterable[Kind]) -> list[str]:
    """Return the keys of all :func:`documents` that hold any of these kinds of data, sorted."""
    if not layout.lazy:
        return sorted(layout.keys(kinds))
    found: set[str] = set()

    async def look(folder: str) -> None:
        found.update([key async for key in _in_folder(store, layout, extension, folder)])

    await for_each(layout.folders(kinds), look)
    return sorted(found)


async def check_empty_start(
    store: BlobStore,
    layout: Layout,
    codec: Codec,
    tracked_documents: Sequence[TrackedDocument],
    *,
    warn: bool = True,
) -> None:
    """Check that a bot without documents is new and not misconfigured: look once for other documents under the prefix.

    ``warn`` logs that a bot starts with an empty state. A tool, which starts no bot, does not.

    Raises:
        ForeignDocumentError: The state has another layout or codec.
    """
    if any(tracked.ledger.etag is not None for tracked in tracked_documents):
        return
    name = store.describe(layout.key(BOT_DATA) + codec.extension)
    # First where this bot's documents would be, even if it has no bot_data: the first of a million is enough.
    for prefix in dict.fromkeys((layout.root, "")):
        async for info in store.list(prefix):
            found = recognise(info.key)
            if found == (layout.name, codec.name) and layout.lazy:
                return
            if found and found != (layout.name, codec.name):
                raise ForeignDocumentError(
                    f"{name} does not exist, but {info.key} does. The bot's state has layout={found[0]} and "
                    f"codec={found[1]}, but it was opened with layout={layout.name} and codec={codec.name}. Open "
                    f"it with '?layout={found[0]}&codec={found[1]}', or choose an empty prefix to start with empty "
                    "state.",
                    key=info.key,
                )
    if warn:
        _LOGGER.warning("%s does not exist. Starting with empty state, which is normal for a new bot", name)
