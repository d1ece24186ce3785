"""Counts of the requests that a bot sends to its store, because every request costs money."""

from __future__ import annotations

from typing import TYPE_CHECKING, overload

from ptb_bucket._dataclass import dataclass
from ptb_bucket.stores.base import Blob
from ptb_bucket.stores.wrappers.base import StoreWrapper

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from ptb_bucket.stores.base import BlobInfo, BlobStore, BlobVersion, NotModified, PutMode

__all__ = ["Meter", "MeteredStore"]


@dataclass
class Meter:
    """The operations so far. Failures and "not modified" answers count, because they are billed as well.

    ``lists`` counts iterations over keys or versions, not their pages. Bytes are those of whole objects: of reads, the
    bytes that arrived; of writes, the bytes that were sent.
    """

    reads: int = 0
    writes: int = 0
    deletes: int = 0
    lists: int = 0
    bytes_read: int = 0
    bytes_written: int = 0


class MeteredStore(StoreWrapper):
    """A store that counts its operations in :attr:`meter` and changes nothing.

    Args:
        store: The store below.
    """

    def __init__(self, store: BlobStore) -> None:
        super().__init__(store)
        self.meter = Meter()

    @overload
    async def get(self, key: str, *, version: str | None = None) -> Blob: ...
    @overload
    async def get(self, key: str, *, if_none_match: str | None, version: None = None) -> Blob | NotModified: ...
    async def get(
        self, key: str, *, if_none_match: str | None = None, version: str | None = None
    ) -> Blob | NotModified:
        """Read an object and count its bytes."""
        self.meter.reads += 1
        if version is not None:
            blob: Blob | NotModified = await self._store.get(key, version=version)
        else:
            blob = await self._store.get(key, if_none_match=if_none_match)
        if isinstance(blob, Blob):
            self.meter.bytes_read += len(blob.data)
        return blob

    async def put(self, key: str, data: bytes, mode: PutMode) -> str:
        """Write an object and count its bytes."""
        self.meter.writes += 1
        self.meter.bytes_written += len(data)
        return await self._store.put(key, data, mode)

    async def delete(self, key: str) -> None:
        """Remove an object and count the request."""
        self.meter.deletes += 1
        await self._store.delete(key)

    async def delete_if(self, key: str, etag: str) -> None:
        """Remove an object on a condition and count the request."""
        self.meter.deletes += 1
        await self._store.delete_if(key, etag)

    async def delete_version(self, key: str, version: str) -> None:
        """Remove an old version and count the request."""
        self.meter.deletes += 1
        await self._store.delete_version(key, version)

    async def list(self, prefix: str = "") -> AsyncIterator[BlobInfo]:
        """Iterate over the objects and count the iteration."""
        self.meter.lists += 1
        async for info in self._store.list(prefix):
            yield info

    async def versions(self, key: str) -> AsyncIterator[BlobVersion]:
        """Iterate over an object's versions and count the iteration."""
        self.meter.lists += 1
        async for version in self._store.versions(key):
            yield version
