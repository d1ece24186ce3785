"""The part of a store below a prefix, as a store of its own."""

from __future__ import annotations

from contextlib import contextmanager
from dataclasses import replace
from typing import TYPE_CHECKING, overload

from ptb_bucket.errors import StoreError
from ptb_bucket.stores.keys import check_key
from ptb_bucket.stores.wrappers.base import StoreWrapper

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Iterator

    from ptb_bucket.stores.base import Blob, BlobInfo, BlobStore, BlobVersion, NotModified, PutMode

__all__ = ["PrefixStore"]


class PrefixStore(StoreWrapper):
    """A store of the objects whose keys start with a prefix; its own keys are relative to the prefix.

    An error's ``key`` is relative as well. Its message names the whole key, so that you find the object in the bucket.

    Args:
        store: The store below.
        prefix: The text before every key, added unchanged; it usually ends in a slash.
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

    @overload
    async def get(self, key: str, *, version: str | None = None) -> Blob: ...
    @overload
    async def get(self, key: str, *, if_none_match: str | None, version: None = None) -> Blob | NotModified: ...
    async def get(
        self, key: str, *, if_none_match: str | None = None, version: str | None = None
    ) -> Blob | NotModified:
        """Read the object under the prefix and this key."""
        whole = self._whole(key)
        with self._relative_errors():
            if version is not None:
                return await self._store.get(whole, version=version)
            return await self._store.get(whole, if_none_match=if_none_match)

    async def put(self, key: str, data: bytes, mode: PutMode) -> str:
        """Write the object under the prefix and this key, once."""
        whole = self._whole(key)
        with self._relative_errors():
            return await self._store.put(whole, data, mode)

    async def delete(self, key: str) -> None:
        """Remove the object under the prefix and this key."""
        whole = self._whole(key)
        with self._relative_errors():
            await self._store.delete(whole)

    async def delete_if(self, key: str, etag: str) -> None:
        """Remove the object under the prefix and this key, if it has this ETag."""
        whole = self._whole(key)
        with self._relative_errors():
            await self._store.delete_if(whole, etag)

    async def delete_version(self, key: str, version: str) -> None:
        """Remove an old version of the object under the prefix and this key."""
        whole = self._whole(key)
        with self._relative_errors():
            await self._store.delete_version(whole, version)

    async def list(self, prefix: str = "") -> AsyncIterator[BlobInfo]:
        """Iterate over the objects under the prefix, with relative keys."""
        with self._relative_errors():
            async for info in self._store.list(self.prefix + prefix):
                # Consoles create an object whose key is the bare prefix to show a folder. Its relative key is empty.
                if info.key != self.prefix:
                    yield replace(info, key=info.key.removeprefix(self.prefix))

    def versions(self, key: str) -> AsyncIterator[BlobVersion]:
        """Iterate over the versions of the object under the prefix and this key."""
        return self._versions(self._whole(key))

    async def _versions(self, whole: str) -> AsyncIterator[BlobVersion]:
        with self._relative_errors():
            async for version in self._store.versions(whole):
                yield version

    def describe(self, key: str) -> str:
        """Return the name of the object under the prefix and this key."""
        return self._store.describe(self._whole(key))
