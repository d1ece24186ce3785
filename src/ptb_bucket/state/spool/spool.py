"""The spool writes unsaved changes to local files at shutdown, and commits them to the bucket at the next start."""

from __future__ import annotations

import asyncio
import logging
from dataclasses import field
from typing import TYPE_CHECKING

from ptb_bucket._dataclass import dataclass
from ptb_bucket._wording import pluralize
from ptb_bucket.errors import (
    DocumentError,
    ForeignDocumentError,
    PTBBucketError,
    StoreError,
    UnreadableRecordError,
    UnsavedError,
    VanishedDocumentError,
)
from ptb_bucket.state.commit import commit_document
from ptb_bucket.state.spool.format import Origin, Spooled, pack, unpack
from ptb_bucket.stores import StoreWrapper

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Sequence
    from pathlib import Path

    from ptb_bucket._aio import RetryPolicy
    from ptb_bucket.state.commit import TrackedDocument
    from ptb_bucket.state.records import Record
    from ptb_bucket.state.spool.files import SpoolFiles
    from ptb_bucket.stores import BlobStore, PutMode

__all__ = ["Spool"]

_LOGGER = logging.getLogger("ptb_bucket.state")


class _WriteAhead(StoreWrapper):
    """A store that writes the commit ID into the spool before each put. The next process recognises it there."""

    def __init__(self, store: BlobStore, keep: Callable[[], Awaitable[None]]) -> None:
        super().__init__(store)
        self._keep = keep

    async def put(self, key: str, data: bytes, mode: PutMode) -> str:
        """Note the commit in the spool, then write."""
        await self._keep()
        return await self._store.put(key, data, mode)


@dataclass
class Spool:
    """Local files for unsaved changes.

    Args:
        files: The directory of the files.
        origin: The bot, layout and codec of the changes. The name of each document is filled in.
        retry_policy: The limits of the commit of one document at the next start.
        seal: Seals the bytes of a file with a name.
        unseal: The reverse of ``seal``.
        pending: The records that this process has spooled and has not yet found in the bucket, by file.
        left: The pending records that this process cannot replay, because newer code wrote the same records.
    """

    files: SpoolFiles
    origin: Origin
    retry_policy: RetryPolicy
    seal: Callable[[str, bytes], bytes]
    unseal: Callable[[str, bytes], bytes]
    pending: dict[Path, set[Record]] = field(default_factory=dict)
    left: dict[Path, set[Record]] = field(default_factory=dict)

    # ---------------------------------------------------------------- at shutdown

    def keep(self, tracked_documents: Sequence[TrackedDocument]) -> None:
        """Write all unsaved changes to files and transfer them, so that they count as saved for these documents.

        The method does not wait, so it transfers exactly what it writes. No commit may be under way.

        Raises:
            StoreError: Some changes could not be written. They stay with their documents.
        """
        for tracked in tracked_documents:
            ledger = tracked.ledger
            if ledger.pending:
                path, records = self.files.new(), ledger.pending
                self.files.write(path, self._packed(path, tracked))
                self.pending[path] = records
                ledger.transfer()

    def _packed(self, path: Path, tracked: TrackedDocument) -> bytes:
        return self.seal(_sealed_as(path), pack(tracked.ledger, self._origin_of(tracked)))

    def _origin_of(self, tracked: TrackedDocument) -> Origin:
        return Origin(self.origin.bot_id, self.origin.layout, self.origin.codec, tracked.name)

    # ---------------------------------------------------------------- at the next start

    async def replay(self, track: Callable[[Record], TrackedDocument]) -> None:
        """Commit the changes in all files, and remove each file after its commit.

        Args:
            track: Returns a new tracked document for a record.

        Raises:
            PTBBucketError: A file could not be replayed. It was not removed, and neither were later files. Changes of
                records that cannot be decoded stay in their files and raise no error.
        """
        async with self.files.claimed() as paths:
            self.left = {}
            for path in paths:
                await self._replay_file(path, track)
            self.pending = {}  # the files of this process are among them, unless another process has replayed them
            self.pending.update(self.left)

    async def _replay_file(self, path: Path, track: Callable[[Record], TrackedDocument]) -> None:
        spooled = self._opened(path)
        tracked = track(min(spooled.records))
        self._check(path, spooled, tracked)
        try:
            await self._commit(path, spooled, tracked)
        except PTBBucketError as error:
            if _all_unreadable(error):
                self._keep_rest(path, tracked, error)
                return
            raise _refusal(
                error, f"{path} contains unsaved changes from the last run that still can't be saved"
            ) from error
        self.files.remove(path)
        self.pending.pop(path, None)
        records = pluralize(len(spooled.records), "record", "records")
        _LOGGER.warning("Saved %s from %s left over from the last run", records, path.name)

    def _keep_rest(self, path: Path, tracked: TrackedDocument, error: PTBBucketError) -> None:
        """Keep the changes of records that newer code has written meanwhile; all others are saved."""
        self.files.write(path, self._packed(path, tracked))
        self.left[path] = tracked.ledger.pending
        _LOGGER.warning("%s Changes to these records stay in %s until newer code can save them.", error, path.name)

    async def _commit(self, path: Path, spooled: Spooled, tracked: TrackedDocument) -> None:
        ledger = tracked.ledger
        spooled.restore(ledger)
        tracked.store = _WriteAhead(tracked.store, lambda: self.files.write_ahead(path, self._packed(path, tracked)))
        await tracked.refresh(asyncio.get_running_loop().time(), self.retry_policy)
        if spooled.data["etag"] is not None and ledger.etag is None:
            if not spooled.data["hollow"]:
                raise VanishedDocumentError(f"{tracked.name} no longer exists. Restore it.", key=tracked.key)
            ledger.swept()
        if ledger.pending:
            await commit_document(tracked, self.retry_policy)

    def _opened(self, path: Path) -> Spooled:
        data = self.files.read(path)
        if data is None:
            raise ForeignDocumentError(f"{path} was removed while this process was replaying it")
        try:
            return unpack(self.unseal(_sealed_as(path), data))
        except DocumentError as error:
            raise _refusal(
                error, f"{path} contains unsaved changes from an earlier run, but the file can't be opened"
            ) from error

    def _check(self, path: Path, spooled: Spooled, tracked: TrackedDocument) -> None:
        ours, theirs = self._origin_of(tracked), spooled.origin
        if ours == theirs:
            return
        differing = {
            name: (getattr(theirs, name), getattr(ours, name)) for name in ("bot_id", "layout", "codec", "document")
        }
        what = ", ".join(f"{name} {there}, not {here}" for name, (there, here) in differing.items() if there != here)
        raise ForeignDocumentError(
            f"{path} contains unsaved changes for {what}. The file was not changed. Start that bot once with "
            "this spool_dir, give each bot its own spool_dir, or move the file away to discard the changes."
        )


def _sealed_as(path: Path) -> str:
    """Return the name under which a spool is sealed. No document has such a key, so neither can replace the other."""
    return f"spool/{path.name}"


def _all_unreadable(error: PTBBucketError) -> bool:
    """Tell whether the only changes missing from the bucket are those of records that this process cannot decode."""
    if not isinstance(error, UnsavedError) or not error.records:
        return False
    return all(isinstance(cause, UnreadableRecordError) for cause in error.causes)


def _refusal(error: PTBBucketError, what: str) -> PTBBucketError:
    why = str(error).rstrip(".")
    text = f"{what}: {why}. The bot will not start without them. To discard the changes, move the file away."
    if isinstance(error, DocumentError):
        return type(error)(text, key=error.key, etag=error.etag)
    if isinstance(error, StoreError):
        return type(error)(text, key=error.key)
    return UnsavedError(text, causes=[error])
