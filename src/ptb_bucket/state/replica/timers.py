"""The timers of a bot's state: those of one owner, and those that are due."""

from __future__ import annotations

import asyncio
import logging
from typing import TYPE_CHECKING

from ptb_bucket.errors import CannotLoadError, ConfigurationError
from ptb_bucket.state.commit import Rebase, due_key_of
from ptb_bucket.state.records import ANY_TIMER, MANY_TIMERS, Kind, Record

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Iterator

    from ptb_bucket.state.document import Document
    from ptb_bucket.state.replica.document_set import DocumentSet
    from ptb_bucket.state.timers import DueKey, ListedKey

__all__ = ["Timers"]

_LOGGER = logging.getLogger("ptb_bucket.state")


class Timers:
    """Finds timers in the documents of a replica, and due ones in the bucket.

    Args:
        documents: The documents of the replica.
    """

    def __init__(self, documents: DocumentSet) -> None:
        self._documents = documents
        self._known: dict[Record, tuple[bytes, DueKey | None]] = {}
        """The due keys of the timers in the one document that has them, with the values that they follow from."""
        self._has_warned = False

    def of(self, owner: Record) -> list[Record]:
        """Return the timers of an owner that its document has, as far as it was read, or that are staged.

        Args:
            owner: The record of a user or chat, or ``BOT_DATA``.
        """
        start = Record.start_of_timers(owner)
        ledger = self._documents.ledger(Record(Kind.TIMER, f'{start}""]'))
        stored = ledger.document.sections.get(Kind.TIMER, {}) if ledger.document else {}
        pending = (record.id for record in ledger.pending if record.kind is Kind.TIMER)
        found = (Record(Kind.TIMER, each) for each in dict.fromkeys([*stored, *pending]) if each.startswith(start))
        return [record for record in found if Rebase.plan(ledger, record).after is not None]

    async def due(self, until: float) -> AsyncIterator[ListedKey]:
        """Yield the timers to look at until some time, in the order of their due times.

        If each owner has its own document, these are the due keys in the bucket: one LIST if nothing is due. They may
        be obsolete, so read each owner before you rely on one. Otherwise, these are the armed timers of the one
        document that has them, with one conditional GET.

        Args:
            until: Seconds since the epoch.

        Raises:
            ConfigurationError: The store lists keys in no order.
            StoreError, DocumentError: The bucket could not be read.
        """
        if not self._documents.layout.lazy:
            for listed in await self._armed(until):
                yield listed
            return
        self.check_store()
        async for listed in self._listed(until):
            yield listed

    def check_store(self) -> None:
        """Check that due timers can be found in the store.

        Raises:
            ConfigurationError: The store lists keys in no order, so only a listing of all would show what is due.
        """
        store, layout = self._documents.store, self._documents.layout
        if layout.lazy and not store.lists_in_order:
            raise ConfigurationError(
                f"{store.describe('timers/due/')} is in a store that does not list keys in order, such as an S3 "
                f"Express directory bucket. Timers with layout={layout.name} need ordered listings. Use another "
                "bucket, or layout=single or layout=per-type."
            )

    async def remove_key(self, key: DueKey) -> None:
        """Delete a due key. Does nothing if the layout has none.

        Raises:
            AccessError, UnavailableError: The key may still exist.
        """
        if self._documents.layout.lazy:
            await self._documents.store.delete(key.key)

    async def _listed(self, until: float) -> AsyncIterator[ListedKey]:
        from ptb_bucket.state.timers import DUE_FOLDER, DueKey, ListedKey  # noqa: PLC0415  only bots with timers do

        async for info in self._documents.store.list(DUE_FOLDER):
            key = DueKey.parse(info.key)
            if key is None:
                _LOGGER.debug("%s is not a due key", info.key)
            elif key.due > until:
                return
            else:
                yield ListedKey(key, info.modified.timestamp() if info.modified else None)

    async def _armed(self, until: float) -> list[ListedKey]:
        from ptb_bucket.state.timers import ListedKey  # noqa: PLC0415  as above

        await self._documents.refresh([ANY_TIMER], asyncio.get_running_loop().time())
        document = self._documents.ledger(ANY_TIMER).document
        keys = list(self._keys(document)) if document else []
        self._warn_of_many(len(keys))
        return [ListedKey(key, None) for key in sorted(keys) if key.due <= until]

    def _warn_of_many(self, count: int) -> None:
        """Report once that there are too many timers for a document that has all other data, too."""
        if self._has_warned or count <= MANY_TIMERS or self._documents.layout.name != "single":
            return
        self._has_warned = True
        _LOGGER.warning(
            "%s has %d timers. With layout=single, each save writes all of them. For more than %d, copy the state to "
            "another layout: ptb-bucket copy URI 'NEW_URI?layout=per-record'.",
            self._documents.store.describe(self._documents.ledger(ANY_TIMER).key), count, MANY_TIMERS,
        )  # fmt: skip

    def _keys(self, document: Document) -> Iterator[DueKey]:
        """Yield the due keys of a document's timers. A timer that cannot be read is logged and left out."""
        before, self._known = self._known, {}
        for record_id in document.sections.get(Kind.TIMER, {}):
            record = Record(Kind.TIMER, record_id)
            encoded = document.get(record) or b""
            known = before.get(record)
            if known is None or known[0] != encoded:
                known = encoded, self._key(record, encoded)
            self._known[record] = known
            if known[1] is not None:
                yield known[1]

    def _key(self, record: Record, encoded: bytes) -> DueKey | None:
        try:
            return due_key_of(record, encoded, self._documents.codec.name)
        except CannotLoadError as error:
            _LOGGER.warning("%s. This timer will not run.", error)
            return None
