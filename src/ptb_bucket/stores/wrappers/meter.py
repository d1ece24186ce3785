"""Counting what a bot asks of its store, because every request costs."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, TypeVar

from ptb_bucket.stores.base import Blob
from ptb_bucket.stores.wrappers.base import StoreWrapper

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Awaitable, Callable

    from ptb_bucket.stores.base import BlobStore, PutMode

__all__ = ["Meter", "MeteredStore"]

_T = TypeVar("_T")


@dataclass
class Meter:
    """What was asked so far, failures and answers of "not modified" included: they are billed as well.

    ``lists`` counts iterations over keys or versions, not their pages. Bytes are those of whole objects: read ones
    that arrived, written ones that were sent.
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

    async def _call(self, operation: str, key: str, send: Callable[[], Awaitable[_T]]) -> _T:
        self.meter.reads += operation == "get"
        self.meter.writes += operation == "put"
        self.meter.deletes += operation in {"delete", "delete_if", "delete_version"}
        result = await super()._call(operation, key, send)
        if isinstance(result, Blob):
            self.meter.bytes_read += len(result.data)
        return result

    async def _stream(self, operation: str, key: str, begin: Callable[[], AsyncIterator[_T]]) -> AsyncIterator[_T]:
        self.meter.lists += 1
        async for item in super()._stream(operation, key, begin):
            yield item

    async def put(self, key: str, data: bytes, mode: PutMode) -> str:
        """Write an object to the store below, counted with its bytes."""
        self.meter.bytes_written += len(data)
        return await super().put(key, data, mode)
