"""A draft: a document that a tool changes. Its records stay encoded, so no class of the bot is needed."""

from __future__ import annotations

from dataclasses import field
from typing import TYPE_CHECKING, Any

from ptb_bucket._aio import RetryPolicy
from ptb_bucket._dataclass import dataclass
from ptb_bucket.codecs import open_codec
from ptb_bucket.errors import CorruptDocumentError
from ptb_bucket.state.commit import Ledger, Rebase, TrackedDocument, commit_document, due_keys_for
from ptb_bucket.state.document import Document, Header, occurrences_like
from ptb_bucket.state.merge import RecordMerger

if TYPE_CHECKING:
    from collections.abc import Mapping

    from ptb_bucket.state.commit import WriterIdentity
    from ptb_bucket.state.document import Unit, UnknownSections
    from ptb_bucket.state.offline.archive import Archive, Part
    from ptb_bucket.state.records import Record

__all__ = ["Draft"]

Encoded = bytes | None


class _Unopened(RecordMerger):
    """A merger that does not decode records. If both sides changed a record, it takes our whole version."""

    def equal(self, record: Record, one: Encoded, other: Encoded) -> bool:
        del record
        return one == other

    def merge(self, record: Record, base: Encoded, ours: Encoded, theirs: Encoded, **how: Any) -> Encoded:
        del record, how  # the same for each
        return theirs if base == ours else ours


@dataclass
class Draft:
    """A document with changes that are not committed yet.

    It is committed like a bot's changes, with one conditional put. A lost race leads to a merge, and a write whose
    answer was lost is recognised. If another writer changes the same record meanwhile, our version is kept; all their
    other changes stay.
    """

    _tracked: TrackedDocument
    _retry_policy: RetryPolicy = field(default_factory=RetryPolicy)

    @classmethod
    async def open(  # noqa: PLR0913  where, whose, and what it may replace
        cls, archive: Archive, key: str, bot_id: str, writer: WriterIdentity, *,
        over: str | None = None, past: Part | None = None,
    ) -> Draft:  # fmt: skip
        """Read a document, or begin one if it does not exist.

        Args:
            archive: The archive of the document.
            key: The key that the layout gives it, without extension.
            bot_id: The bot to which it must belong.
            writer: The ID under which it is committed.
            over: The ETag of a damaged version to replace. No other damaged version is replaced.
            past: An old version, whose commits are continued if no version can be read. Its unknown sections
                return if the document lacks them.

        Raises:
            DocumentError: The document cannot be used.
            StoreError: The store could not be read.
        """
        header = Header(bot_id, archive.codec) if past is None else past.header
        merger = _Unopened(open_codec(archive.codec, ()))
        ledger = Ledger(archive.name(key), merger, writer, archive.metrics, header)
        ledger.returning = dict(past.unknown) if past else {}
        due_keys = due_keys_for(archive.layout, archive.store, archive.codec)
        tracked = TrackedDocument(archive.store, ledger, archive.layout, due_keys)
        try:
            await tracked.read()
        except CorruptDocumentError as error:
            if over is None or error.etag != over:
                raise
            ledger.loaded(Document(header), over)
        return cls(tracked)

    @property
    def records(self) -> dict[Record, bytes]:
        """Its encoded records, as they were read."""
        document = self._tracked.ledger.document or Document(self._tracked.ledger.empty)
        return dict(document.items())

    @property
    def unknown(self) -> UnknownSections:
        """Its sections that this ptb-bucket does not know. A commit keeps them."""
        return self._tracked.ledger.document.unknown if self._tracked.ledger.document else {}

    def add_unknown(self, sections: UnknownSections) -> None:
        """Add unknown sections of another document of the same layout, codec and bot, if this one lacks them."""
        self._tracked.ledger.returning.update(sections)

    def stage(self, changes: Mapping[Record, Encoded]) -> None:
        """Set encoded records; None drops one."""
        ledger = self._tracked.ledger
        for record, encoded in changes.items():
            Rebase.plan(ledger, record).adopt()
            ledger.stage(record, encoded)

    def replace_units(self, units: tuple[Unit, ...] = ()) -> None:
        """List other units: the records are replaced by those of a document that lists these."""
        document = self._tracked.ledger.document
        self._tracked.ledger.relisted = (document.header.units if document else (), units)

    def forget_occurrences(self, unit: Unit) -> None:
        """List no occurrence any more of the timer of which a unit is an occurrence."""
        document = self._tracked.ledger.document
        listed = document.header.units if document else ()
        self._tracked.ledger.relisted = (occurrences_like(unit, listed), ())

    async def commit(self) -> None:
        """Commit the changes. Without changes, nothing is written.

        Raises:
            StoreError: The document could not be written, or the outcome is unknown.
            DocumentError: The document in the bucket cannot be used.
        """
        await commit_document(self._tracked, self._retry_policy)
