"""What a bucket could not take at shutdown goes to local files, and from there into the bucket at the next start."""

from __future__ import annotations

import asyncio
import logging
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, TypeVar

from ptb_bucket.errors import (
    DocumentError,
    ForeignDocumentError,
    PTBBucketError,
    StoreError,
    UnreadableRecordError,
    UnsavedError,
    VanishedDocumentError,
    pluralize,
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
    from ptb_bucket.stores import BlobStore

__all__ = ["Spool"]

_LOGGER = logging.getLogger("ptb_bucket.state")
_T = TypeVar("_T")


class _WriteAhead(StoreWrapper):
    """Before anything is sent, its commit id is in the spool: killed at any point, the next process recognises it."""

    def __init__(self, store: BlobStore, keep: Callable[[], Awaitable[None]]) -> None:
        super().__init__(store)
        self._keep = keep

    async def _call(self, operation: str, key: str, send: Callable[[], Awaitable[_T]]) -> _T:
        if operation == "put":
            await self._keep()
        return await super()._call(operation, key, send)


@dataclass
class Spool:
    """Local files for what is unsaved.

    Args:
        files: Where they are.
        origin: Whose changes they are; each document's name is filled in.
        retry_policy: How long one document's commit tries at the next start.
        seal: (name, bytes) → bytes, before they are written.
        unseal: The way back.
        pending: What this process has laid down and not seen in the bucket yet.
        left: What of it cannot be brought in by this process, because newer code wrote the same records.
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
        """Lay down all that is unsaved. From then on the files answer for it, and these documents count it as given.

        It does not wait: what is written is what is handed over. No commit may be under way.

        Raises:
            StoreError: Some of it could not be written; that is still the tracked_documents'.
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
        """Bring all that lies there into the bucket, each file removed after the commit that carried it.

        Args:
            track: A new tracked of the document of a record, which nobody has read yet.

        Raises:
            PTBBucketError: Something could not be brought in. It was not removed, nor what was laid down after it.
                Changes of records that cannot be decoded stay in their files, and do not raise.
        """
        async with self.files.claimed() as paths:
            self.left = {}
            for path in paths:
                await self._bring_in(path, track)
            self.pending = {}  # ours are among them, unless another process has brought them in
            self.pending.update(self.left)

    async def _bring_in(self, path: Path, track: Callable[[Record], TrackedDocument]) -> None:
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
                error, f"{path} holds what the last run could not save, and it cannot be saved yet"
            ) from error
        self.files.remove(path)
        self.pending.pop(path, None)
        records = pluralize(len(spooled.records), "record", "records")
        _LOGGER.warning("%s: saved %s that the last run could not save", path.name, records)

    def _keep_rest(self, path: Path, tracked: TrackedDocument, error: PTBBucketError) -> None:
        """Keep the changes of records that newer code has written meanwhile; this process goes on for all others."""
        self.files.write(path, self._packed(path, tracked))
        self.left[path] = tracked.ledger.pending
        _LOGGER.warning("%s: %s They stay in this file, for code that can read these records.", path.name, error)

    async def _commit(self, path: Path, spooled: Spooled, tracked: TrackedDocument) -> None:
        ledger = tracked.ledger
        spooled.restore(ledger)
        tracked.store = _WriteAhead(tracked.store, lambda: self.files.write_ahead(path, self._packed(path, tracked)))
        await tracked.refresh(asyncio.get_running_loop().time(), self.retry_policy)
        if spooled.data["etag"] is not None and ledger.etag is None:
            if not spooled.data["hollow"]:
                raise VanishedDocumentError(f"{tracked.name} was there and is gone: bring it back", key=tracked.key)
            ledger.swept()
        if ledger.pending:
            await commit_document(tracked, self.retry_policy)

    def _opened(self, path: Path) -> Spooled:
        data = self.files.read(path)
        if data is None:
            raise ForeignDocumentError(f"{path} was removed while this process was taking it up")
        try:
            return unpack(self.unseal(_sealed_as(path), data))
        except DocumentError as error:
            raise _refusal(
                error, f"{path} holds what an earlier run could not save, and it cannot be opened"
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
            f"{path} holds what could not be saved for {what}. It was not touched: start that bot with this spool_dir "
            "once, give each bot a spool_dir of its own, or move the file away to give up what is in it."
        )


def _sealed_as(path: Path) -> str:
    """No document of ours has such a key, so neither takes the other's place."""
    return f"spool/{path.name}"


def _all_unreadable(error: PTBBucketError) -> bool:
    """Whether all is in the bucket but changes of records that this process cannot decode."""
    if not isinstance(error, UnsavedError) or not error.records:
        return False
    return all(isinstance(cause, UnreadableRecordError) for cause in error.causes)


def _refusal(error: PTBBucketError, what: str) -> PTBBucketError:
    text = f"{what}: {error} The bot does not start without it; move the file away to give up what is in it."
    if isinstance(error, DocumentError):
        return type(error)(text, key=error.key, etag=error.etag)
    if isinstance(error, StoreError):
        return type(error)(text, key=error.key)
    return UnsavedError(text, causes=[error])
