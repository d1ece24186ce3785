"""A store whose objects are sealed, so that nothing above it knows."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from typing import TYPE_CHECKING, Final, TypeVar, cast

from ptb_bucket.errors import DocumentError
from ptb_bucket.stores import Blob, StoreWrapper

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    from ptb_bucket.sealing._sealer import Sealer
    from ptb_bucket.stores import BlobStore, PutMode

__all__ = ["SealedStore"]

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
