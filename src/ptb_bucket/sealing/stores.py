"""A store whose objects are sealed, so that nothing above it knows."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from typing import TYPE_CHECKING, Final, TypeVar, cast
from ptb_bucket.errors import DocumentError
from ptb_bucket.stores import Blob, StoreWrapper
from typing import TYPE_CHECKING, Final
from ptb_bucket.errors import LostRaceError, SealError, UnavailableError
from ptb_bucket.stores import Update

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    from ptb_bucket.sealing.sealer import Sealer
    from ptb_bucket.stores import BlobStore, PutMode
    from ptb_bucket.sealing.sealer import Sealer
    from ptb_bucket.stores import Blob, BlobStore

__all__ = ["SealedStore", "TransitionStore"]

_T = TypeVar("_T")
_THREAD_ABOVE: Final = 256 * 1024
"""Bytes above which the event loop is not kept waiting: compression and ciphers let other threads run."""


class SealedStore(StoreWrapper):
    """Seals what is written and opens what is read. ETags and listings (with the sizes of sealed objects) pass through.

    Args:
        store: The store below; its keys are relative to the prefix, because they are part of the seal.
        sealer: How.
    """

    def __init__(self, store: BlobStore, sealer: Sealer) -> None:
        super().__init__(store)
        self.sealer = sealer

    async def _call(self, operation: str, key: str, send: Callable[[], Awaitable[_T]]) -> _T:
        result = await super()._call(operation, key, send)
        if isinstance(result, Blob):
            return cast("_T", replace(result, data=await self.opened(key, result)))
        return result

    async def opened(self, key: str, blob: Blob) -> bytes:
        """What was sealed in an object that was read below.

        Raises:
            DocumentError: It must not be opened; the message names object and version.
        """
        try:
            return await _work(self.sealer.open, key, blob.data)
        except DocumentError as error:
            raise type(error)(
                f"{self.describe(key)} (version {blob.etag}, {len(blob.data)} bytes): {error}. It was not changed.",
                key=key,
                etag=blob.etag,
            ) from error

    async def put(self, key: str, data: bytes, mode: PutMode) -> str:
        """Seal an object and write it to the store below, once."""
        return await super().put(key, await _work(self.sealer.seal, key, data), mode)


async def _work(function: Callable[[str, bytes], bytes], key: str, data: bytes) -> bytes:
    return await asyncio.to_thread(function, key, data) if len(data) > _THREAD_ABOVE else function(key, data)


_ATTEMPTS: Final = 10


class TransitionStore(SealedStore):
    """Opens what is sealed in the new way or in the old one, and seals in the new one.

    Args:
        store: The store below; its keys are relative to the prefix.
        new: How documents are to be sealed.
        old: How they were sealed before, if ``new`` does not open that. One that opens plain documents takes whatever
            lies there: that is for a human to say.
    """

    def __init__(self, store: BlobStore, new: Sealer, old: Sealer | None = None) -> None:
        super().__init__(store, new)
        self._old = None if old is None else SealedStore(store, old)

    async def opened(self, key: str, blob: Blob) -> bytes:
        """What was sealed in an object, in either way.

        Raises:
            DocumentError: It can be opened in neither.
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
        """Whether :meth:`rekey` would write a document. Raises as it does."""
        raw = await self._store.get(key)
        await self.opened(key, raw)
        return not self.sealer.is_current(raw.data)

    async def rekey(self, key: str) -> bool:
        """Seal one document in the new way, if it is not; whether it had to be written.

        Raises:
            DocumentError: It can be opened in neither way. It was not changed.
            StoreError: It could not be read or written, or was written by others again and again.
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
        raise AssertionError("the last attempt returns or raises")
