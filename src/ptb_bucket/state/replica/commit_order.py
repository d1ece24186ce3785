"""The order in which one commit writes its documents."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ptb_bucket._aio import for_each
from ptb_bucket._dataclass import dataclass
from ptb_bucket.errors import PTBBucketError, StoreError
from ptb_bucket.state.commit import changed_by, ends_of, followed_by
from ptb_bucket.state.merge import drop_blocked
from ptb_bucket.state.records import HANDLED, Kind

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Iterable, Mapping

    from ptb_bucket.state.commit import Ledger, TrackedDocument
    from ptb_bucket.state.replica.units import ReplicaUnits

__all__ = ["CommitOrder"]


@dataclass(frozen=True)
class CommitOrder:
    """Writes changes, then those that wait for them, then drops, and last the dedupe record of handled updates.

    Data that was moved, as when a group becomes a supergroup, is in the bucket under its new ID before it is dropped
    under its old one. An update that is noted as handled has its effects in the bucket, and so has an occurrence of a
    timer that has ended. A timer of ``after_commit()`` is in the bucket no earlier than the data around it. So if a
    chat's record cannot be merged, no chat is dropped. Records that cannot be merged hold up nothing else.

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
        late = {document.key: document for document in effects if _is_late(document.ledger)}
        others = [document for document in effects if document.key not in late] if late else effects
        drops = [document for document in others if document.ledger.only_drops]
        written = [document for document in others if not document.ledger.only_drops]
        await self._write_in_order(written, late)
        tried = [*written, *late.values()]
        await self._write([document for document in drops if not _is_held_back(document.ledger, tried)])
        await self._write([document for document in late.values() if ends_of(document.ledger.staged.steps)])
        await self._write([document for document in documents if document is self.dedupe])
        if self.dedupe is None or HANDLED not in self.dedupe.ledger.pending:
            self.units.committed()

    async def _write_in_order(self, documents: list[TrackedDocument], late: Mapping[str, TrackedDocument]) -> None:
        """Write documents, and after them those that come late, of which those first that others wait for.

        If two wait for each other because occurrences end in them, both are written without these ends, which then are
        written with the next put. If they wait because of timers that follow data, both are written at once.

        Args:
            documents: The documents that wait for no other.
            late: The others, by key.
        """
        errors: list[PTBBucketError] = []
        missing: list[TrackedDocument] = []
        while documents or late:
            for document, error in await self._try(documents):
                errors.append(error)
                missing += [document] if isinstance(error, StoreError) else []
            late = _unblocked(late, missing)
            ready = self._ready(late)
            documents, late = list(ready.values()), {key: one for key, one in late.items() if key not in ready}
        if errors:
            raise errors[0]

    def _ready(self, late: Mapping[str, TrackedDocument]) -> Mapping[str, TrackedDocument]:
        """Return those of the late documents that can be written now."""
        free = {key: one for key, one in late.items() if not _follows_any(one, late.values())}
        return {key: one for key, one in free.items() if not self.units.waits(one.ledger)} or free or late

    async def _try(self, documents: list[TrackedDocument]) -> list[tuple[TrackedDocument, PTBBucketError]]:
        """Write documents, and return those that could not be written, each with its error."""
        failed: list[tuple[TrackedDocument, PTBBucketError]] = []

        async def write(document: TrackedDocument) -> None:
            try:
                await self.write(document)
            except PTBBucketError as error:
                failed.append((document, error))

        if documents:
            await for_each(documents, write)
        return failed

    async def _write(self, documents: list[TrackedDocument]) -> None:
        """Write documents, several at once.

        Rule "Documents commit independently": the failure of one document does not keep others from being written.
        """
        if documents:
            await for_each(documents, self.write)


def _is_late(ledger: Ledger) -> bool:
    """Tell whether an occurrence ends in a document, or a timer in it follows data that may be in others."""
    return bool(ends_of(ledger.staged.steps)) or followed_by(ledger.staged) is not None


def _follows_any(document: TrackedDocument, others: Iterable[TrackedDocument], *, blocks: bool = False) -> bool:
    """Tell whether a timer in a document follows data that is staged in one of the others.

    Records that cannot be merged do not count: nothing tells when they can be saved.

    Args:
        document: The document.
        others: The others.
        blocks: The others could not be written. If the timer belongs to no unit that has an ID, any of them counts.
    """
    units = followed_by(document.ledger.staged)
    if units is None:
        return False
    ledgers = [other.ledger for other in others if other is not document]
    if blocks and not units:
        return bool(ledgers)
    return any(not units.isdisjoint(changed_by(ledger.layers(), ledger.failures)) for ledger in ledgers)


def _unblocked(
    late: Mapping[str, TrackedDocument], missing: list[TrackedDocument]
) -> Mapping[str, TrackedDocument]:  # fmt: skip
    """Return the documents whose timers do not follow data that could not be written. Add the others to ``missing``."""
    while blocked := {key: one for key, one in late.items() if _follows_any(one, missing, blocks=True)}:
        missing += blocked.values()
        late = {key: one for key, one in late.items() if key not in blocked}
    return late


def _is_held_back(drop: Ledger, written: Iterable[TrackedDocument]) -> bool:
    """Tell whether a chat is not dropped yet, because another chat's cannot be merged; the ledger says why then."""
    failed = ((record, error) for document in written for record, error in document.ledger.failures.items())
    found = next(((record, error) for record, error in failed if record.kind is Kind.CHAT), None)
    chats = [record for record in drop.pending if record.kind is Kind.CHAT]
    if found is None or not chats:
        return False
    drop.failures = {record: drop_blocked(record, *found) for record in chats}
    return True
