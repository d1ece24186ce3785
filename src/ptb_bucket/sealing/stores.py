"""Stores that seal their objects, unnoticed by the code above."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from typing import TYPE_CHECKING, Final, overload

from ptb_bucket.errors import DocumentError, LostRaceError, SealError, UnavailableError
from ptb_bucket.stores import Blob, StoreWrapper, Update

if TYPE_CHECKING:
    from collections.abc import Callable

    from ptb_bucket.sealing.sealer import Sealer
    from ptb_bucket.stores import BlobStore, NotModified, PutMode

__all__ = ["SealedStore", "TransitionStore"]

_THREAD_ABOVE: Final = 256 * 1024
"""The number of bytes above which a thread does the work. Compression and ciphers let other threads run."""


class SealedStore(StoreWrapper):
    """A store that seals objects when it writes and opens them when it reads. ETags and listed sizes are unchanged.

    Args:
        store: The store below. Its keys are relative to the prefix, because they are part of the seal.
        sealer: Seals and opens the objects.
    """

    def __init__(self, store: BlobStore, sealer: Sealer) -> None:
        super().__init__(store)
        self.sealer = sealer

    @overload
    async def get(self, key: str, *, version: str | None = None) -> Blob: ...
    @overload
    async def get(self, key: str, *, if_none_match: str | None, version: None = None) -> Blob | NotModified: ...
    async def get(
        self, key: str, *, if_none_match: str | None = None, version: str | None = None
    ) -> Blob | NotModified:
        """Read an object from the store below and open it.

        Raises:
            DocumentError: The object must not be opened; the message names object and version.
        """
        if version is not None:
            blob: Blob | NotModified = await self._store.get(key, version=version)
        else:
            blob = await self._store.get(key, if_none_match=if_none_match)
        return replace(blob, data=await self.opened(key, blob)) if isinstance(blob, Blob) else blob

    async def opened(self, key: str, blob: Blob) -> bytes:
        """Return the plain bytes of an object of the store below.

        Raises:
            DocumentError: The object must not be opened; the message names object and version.
        """
        try:
            return await _work(self.sealer.open, key, blob.data)
        except DocumentError as error:
            raise type(error)(
                f"{self.describe(key)} (version {blob.etag}, {len(blob.data)} bytes) cannot be opened: "
                f"{error}. It was not changed.",
                key=key,
                etag=blob.etag,
            ) from error

    async def put(self, key: str, data: bytes, mode: PutMode) -> str:
        """Seal an object and write it to the store below, once."""
        return await self._store.put(key, await _work(self.sealer.seal, key, data), mode)


async def _work(function: Callable[[str, bytes], bytes], key: str, data: bytes) -> bytes:
    return await asyncio.to_thread(function, key, data) if len(data) > _THREAD_ABOVE else function(key, data)


_ATTEMPTS: Final = 10


class TransitionStore(SealedStore):
    """A store that opens objects sealed in the new or the old way, and seals in the new way.

    Args:
        store: The store below. Its keys are relative to the prefix.
        new: The sealer for writing.
        old: The former sealer, if ``new`` does not open its documents. If it opens plain documents, it accepts every
            object, so only a human may choose it.
    """

    def __init__(self, store: BlobStore, new: Sealer, old: Sealer | None = None) -> None:
        super().__init__(store, new)
        self._old = None if old is None else SealedStore(store, old)

    async def opened(self, key: str, blob: Blob) -> bytes:
        """Return the plain bytes of an object that was sealed in either way.

        Raises:
            DocumentError: The object can be opened in neither way.
        """
        try:
            return await super().opened(key, blob)
        except SealError:
            if self._old is None:
                raise
        data = await self._old.opened(key, blob)
        self.sealer.bot_id = self.sealer.bot_id or self._old.sealer.bot_id
        return data

    async def is_due(self, key: str) -> bool:
        """Return True if :meth:`rekey` would write a document. It raises the same errors."""
        raw = await self._store.get(key)
        await self.opened(key, raw)
        return not self.sealer.is_current(raw.data)

    async def rekey(self, key: str) -> bool:
        """Seal a document in the new way, and return True if it was not sealed so before.

        Raises:
            DocumentError: The document can be opened in neither way. It was not changed.
            StoreError: The document could not be read or written, or others wrote it again and again.
        """
        for attempts_left in reversed(range(_ATTEMPTS)):
            raw = await self._store.get(key)
            data = await self.opened(key, raw)
            if self.sealer.is_current(raw.data):
                return False
            try:
                await self.put(key, data, Update(raw.etag))
            except (LostRaceError, UnavailableError):
                if not attempts_left:
                    raise
            else:
                return True
        raise AssertionError("The last attempt must return or raise")
