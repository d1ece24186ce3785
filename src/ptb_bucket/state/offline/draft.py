"""One document, changed from outside a bot: records as they are encoded, so that no class of the bot's is needed."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from ptb_bucket._aio import RetryPolicy
from ptb_bucket.codecs import open_codec
from ptb_bucket.errors import CorruptDocumentError
from ptb_bucket.state.commit import Ledger, Rebase, TrackedDocument, commit_document
from ptb_bucket.state.document import Document, Header
from ptb_bucket.state.merge import Merger

if TYPE_CHECKING:
    from collections.abc import Mapping

    from ptb_bucket.state.commit import WriterIdentity
    from ptb_bucket.state.document import UnknownSections
    from ptb_bucket.state.offline.archive import Archive, Part
    from ptb_bucket.state.records import Record

__all__ = ["Draft"]

Encoded = bytes | None


class _Unopened(Merger):
    """Merges records without opening them: what both sides changed is taken whole, as we have it."""

    def equal(self, record: Record, one: Encoded, other: Encoded) -> bool:
        del record
        return one == other

    def merge(self, record: Record, base: Encoded, ours: Encoded, theirs: Encoded, **how: Any) -> Encoded:
        del record, how  # the same for each
        return theirs if base == ours else ours


@dataclass
class Draft:
    """A document as it is, and what is to become of it.

    It is committed as a bot commits: one conditional put; a lost race is merged, a lost answer recognised. A record
    that somebody else changes in between is taken as it is here; every other one of theirs stays.
    """

    _tracked: TrackedDocument
    _retry_policy: RetryPolicy = field(default_factory=RetryPolicy)

    @classmethod
    async def open(  # noqa: PLR0913  where, whose, and what it may replace
        cls, archive: Archive, key: str, bot_id: str, writer: WriterIdentity, *,
        over: str | None = None, past: Part | None = None,
    ) -> Draft:  # fmt: skip
        """Read a document, or begin one where there is none.

        Args:
            archive: Where it lies.
            key: As the layout gives it, without extension.
            bot_id: Whose it must be.
            writer: Who commits.
            over: The ETag of a version that cannot be read and is to be replaced; no other one is.
            past: The version of it whose commits go on where there is none that can be read. Of its unknown sections,
                those return that the document does not have.

        Raises:
            DocumentError: It cannot be used.
            StoreError: The store could not tell.
        """
        header = Header(bot_id, archive.codec) if past is None else past.header
        merger = _Unopened(open_codec(archive.codec, ()))
        ledger = Ledger(archive.name(key), merger, writer, archive.metrics, header)
        ledger.returning = dict(past.unknown) if past else {}
        tracked = TrackedDocument(archive.store, ledger, archive.layout)
        try:
            await tracked.read()
        except CorruptDocumentError as error:
            if over is None or error.etag != over:
                raise
            ledger.loaded(Document(header), over)
        return cls(tracked)

    @property
    def records(self) -> dict[Record, bytes]:
        """What it holds as it was read, encoded."""
        document = self._tracked.ledger.document or Document(self._tracked.ledger.empty)
        return dict(document.items())

    @property
    def unknown(self) -> UnknownSections:
        """Its sections that this ptb-bucket does not know. Committing it keeps them."""
        return self._tracked.ledger.document.unknown if self._tracked.ledger.document else {}

    def add_unknown(self, sections: UnknownSections) -> None:
        """Take unknown sections of another document of the same layout, codec and bot, where this one has none such."""
        self._tracked.ledger.returning.update(sections)

    def stage(self, changes: Mapping[Record, Encoded]) -> None:
        """Take records as they are encoded; None drops one."""
        ledger = self._tracked.ledger
        for record, encoded in changes.items():
            Rebase.plan(ledger, record).adopt()
            ledger.stage(record, encoded)

    async def commit(self) -> None:
        """Make it durable; nothing is written where nothing is changed.

        Raises:
            StoreError: It could not be written, or nobody knows.
            DocumentError: What lies there now cannot be used.
        """
        await commit_document(self._tracked, self._retry_policy)
