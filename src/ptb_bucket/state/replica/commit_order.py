"""The order in which one commit writes its documents."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ptb_bucket._aio import for_each
from ptb_bucket._dataclass import dataclass
from ptb_bucket.errors import PTBBucketError
from ptb_bucket.state.commit import ends_of
from ptb_bucket.state.merge import drop_blocked
from ptb_bucket.state.records import HANDLED, Kind

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Iterable, Mapping

    from ptb_bucket.state.commit import Ledger, TrackedDocument
    from ptb_bucket.state.replica.units import ReplicaUnits

__all__ = ["CommitOrder"]


@dataclass(frozen=True)
class CommitOrder:
    """Writes all changes at once, then drops, and last the dedupe record, which says that updates were handled.

    Data that was moved, as when a group becomes a supergroup, is in the bucket under its new ID before it is dropped
    under its old one. An update that is noted as handled has its effects in the bucket, and so has an occurrence of a
    timer that has ended. So if a chat's record cannot be merged, no chat is dropped. Records that cannot be merged hold
    up nothing else.

    Args:
        units: The units whose changes are written.
        dedupe: The document of the dedupe record; None if it is not known.
        write: Writes one document.
    """

    units: ReplicaUnits
    dedupe: TrackedDocument | None
    write: Callable[[TrackedDocument], Awaitable[None]]

    async def run(self, documents: list[TrackedDocument]) -> None:
        """Write documents.

        Raises:
            PTBBucketError: A document could not be written. Those that must come after it were not written, either.
        """
        effects = [document for document in documents if document is not self.dedupe]
        ending = {document.key: document for document in effects if ends_of(document.ledger.staged.steps)}
        others = [document for document in effects if document.key not in ending] if ending else effects
        drops = [document for document in others if document.ledger.only_drops]
        written = [document for document in others if not document.ledger.only_drops]
        await self._write_in_order(written, ending)
        tried = [*written, *ending.values()]
        await self._write([document for document in drops if not _is_held_back(document.ledger, tried)])
        await self._write([document for document in ending.values() if ends_of(document.ledger.staged.steps)])
        await self._write([document for document in documents if document is self.dedupe])
        if self.dedupe is None or HANDLED not in self.dedupe.ledger.pending:
            self.units.committed()

    async def _write_in_order(self, documents: list[TrackedDocument], ending: Mapping[str, TrackedDocument]) -> None:
        """Write documents, and after them those in which occurrences end, of which those first that others wait for.

        If two wait for each other, both are written without these ends, which then are written with the next put.

        Args:
            documents: The documents in which no occurrence ends.
            ending: The others, by key.
        """
        errors: list[PTBBucketError] = []
        while documents or ending:
            try:
                await self._write(documents)
            except PTBBucketError as error:  # the ends of other occurrences need not wait
                errors.append(error)
            ready = {key: one for key, one in ending.items() if not self.units.waits(one.ledger)} or ending
            documents, ending = list(ready.values()), {key: one for key, one in ending.items() if key not in ready}
        if errors:
            raise errors[0]

    async def _write(self, documents: list[TrackedDocument]) -> None:
        """Write documents, several at once.

        Rule "Documents commit independently": the failure of one document does not keep others from being written.
        """
        if documents:
            await for_each(documents, self.write)


def _is_held_back(drop: Ledger, written: Iterable[TrackedDocument]) -> bool:
    """Tell whether a chat is not dropped yet, because another chat's cannot be merged; the ledger says why then."""
    failed = ((record, error) for document in written for record, error in document.ledger.failures.items())
    found = next(((record, error) for record, error in failed if record.kind is Kind.CHAT), None)
    chats = [record for record in drop.pending if record.kind is Kind.CHAT]
    if found is None or not chats:
        return False
    drop.failures = {record: drop_blocked(record, *found) for record in chats}
    return True
