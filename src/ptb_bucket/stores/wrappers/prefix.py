"""A part of a store that looks like a whole one."""

from __future__ import annotations

from contextlib import contextmanager
from dataclasses import replace
from typing import TYPE_CHECKING, TypeVar, overload

from ptb_bucket.errors import StoreError
from ptb_bucket.stores.keys import check_key
from ptb_bucket.stores.wrappers.base import StoreWrapper

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Awaitable, Callable, Iterator

    from ptb_bucket.stores.base import Blob, BlobInfo, BlobStore, BlobVersion, NotModified, PutMode

__all__ = ["PrefixStore"]

_T = TypeVar("_T")


class PrefixStore(StoreWrapper):
    """The objects of a store whose keys start with a prefix, under what follows it.

    An error's ``key`` is relative as well; its message names the whole key, for whoever looks into the bucket.

    Args:
        store: The store below.
        prefix: Put before every key as it is; it usually ends in a slash.
    """

    def __init__(self, store: BlobStore, prefix: str) -> None:
        super().__init__(store)
        self.prefix = prefix

    def __repr__(self) -> str:
        return f"PrefixStore({self._store!r}, {self.prefix!r})"

    def _whole(self, key: str) -> str:
        check_key(key)
        return self.prefix + key

    @contextmanager
    def _relative_errors(self) -> Iterator[None]:
        try:
            yield
        except StoreError as exc:
            if exc.key is not None:
                exc.key = exc.key.removeprefix(self.prefix)
            raise

    async def _call(self, operation: str, key: str, send: Callable[[], Awaitable[_T]]) -> _T:
        with self._relative_errors():
            return await super()._call(operation, key, send)

    async def _stream(self, operation: str, key: str, begin: Callable[[], AsyncIterator[_T]]) -> AsyncIterator[_T]:
        with self._relative_errors():
            async for item in super()._stream(operation, key, begin):
                yield item

    @overload
    async def get(self, key: str, *, version: str | None = None) -> Blob: ...
    @overload
    async def get(self, key: str, *, if_none_match: str | None, version: None = None) -> Blob | NotModified: ...
    async def get(
        self, key: str, *, if_none_match: str | None = None, version: str | None = None
    ) -> Blob | NotModified:
        """Read the object under the prefix and this key."""
        if version is not None:
            return await super().get(self._whole(key), version=version)
        return await super().get(self._whole(key), if_none_match=if_none_match)

    async def put(self, key: str, data: bytes, mode: PutMode) -> str:
        """Write the object under the prefix and this key, once."""
        return await super().put(self._whole(key), data, mode)

    async def delete(self, key: str) -> None:
        """Remove the object under the prefix and this key."""
        await super().delete(self._whole(key))

    async def delete_if(self, key: str, etag: str) -> None:
        """Remove the object under the prefix and this key, if it has this ETag."""
        await super().delete_if(self._whole(key), etag)

    async def list(self, prefix: str = "") -> AsyncIterator[BlobInfo]:
        """Iterate over the objects under the prefix, with relative keys."""
        async for info in super().list(self.prefix + prefix):
            # Consoles make an object with the bare prefix as its key to show a folder; relatively it has no key.
            if info.key != self.prefix:
                yield replace(info, key=info.key.removeprefix(self.prefix))

    def describe(self, key: str) -> str:
        """Name the object under the prefix and this key."""
        return super().describe(self._whole(key))

    def versions(self, key: str) -> AsyncIterator[BlobVersion]:
        """Iterate over the versions of the object under the prefix and this key."""
        return super().versions(self._whole(key))

    async def delete_version(self, key: str, version: str) -> None:
        """Remove an old version of the object under the prefix and this key."""
        await super().delete_version(self._whole(key), version)
