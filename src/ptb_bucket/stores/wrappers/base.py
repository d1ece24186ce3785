"""The delegation that every wrapper shares."""

from __future__ import annotations

from typing import TYPE_CHECKING, TypeVar, overload

from ptb_bucket.errors import ConfigurationError
from ptb_bucket.stores.base import BlobStore

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Awaitable, Callable, Sequence

    from ptb_bucket.stores.base import Blob, BlobInfo, BlobVersion, Finding, NotModified, PutMode
    from ptb_bucket.stores.uri import StoreUri

__all__ = ["StoreWrapper"]

_T = TypeVar("_T")


class StoreWrapper(BlobStore):
    """A store on top of another one, the same in everything that a subclass does not change.

    A subclass overrides an operation, or :meth:`_call` and :meth:`_stream`, through which all of them go.

    Args:
        store: The store below; closing the wrapper closes it.
    """

    def __init__(self, store: BlobStore) -> None:
        self._store = store
        # Of the class elsewhere; here as the store below has them, so that wrapping hides nothing.
        vars(self).update(scheme=store.scheme, OPTIONS=store.OPTIONS, PERMISSIONS=store.PERMISSIONS)
        self.min_write_interval = store.min_write_interval

    def __repr__(self) -> str:
        return f"{type(self).__name__}({self._store!r})"

    @classmethod
    def from_uri(cls, uri: StoreUri) -> BlobStore:
        """Refuse: no URI means a wrapper.

        Raises:
            ConfigurationError: Always.
        """
        raise ConfigurationError(f"{cls.__name__} cannot be opened from a {uri.scheme}: URI; wrap it around a store.")

    async def _call(self, operation: str, key: str, send: Callable[[], Awaitable[_T]]) -> _T:  # noqa: ARG002 for subclasses
        """Do one operation, named like its method, by calling ``send``; the seam for subclasses."""
        return await send()

    async def _stream(self, operation: str, key: str, begin: Callable[[], AsyncIterator[_T]]) -> AsyncIterator[_T]:  # noqa: ARG002 for subclasses
        """Do one iteration (``list``, ``versions``) over what ``begin`` returns; the seam for subclasses."""
        async for item in begin():
            yield item

    @overload
    async def get(self, key: str, *, version: str | None = None) -> Blob: ...
    @overload
    async def get(self, key: str, *, if_none_match: str | None, version: None = None) -> Blob | NotModified: ...
    async def get(
        self, key: str, *, if_none_match: str | None = None, version: str | None = None
    ) -> Blob | NotModified:
        """Read an object from the store below; see :meth:`BlobStore.get`."""
        if version is not None:
            return await self._call("get", key, lambda: self._store.get(key, version=version))
        return await self._call("get", key, lambda: self._store.get(key, if_none_match=if_none_match))

    async def put(self, key: str, data: bytes, mode: PutMode) -> str:
        """Write an object to the store below, once; see :meth:`BlobStore.put`."""
        return await self._call("put", key, lambda: self._store.put(key, data, mode))

    async def delete(self, key: str) -> None:
        """Remove an object from the store below, once; see :meth:`BlobStore.delete`."""
        await self._call("delete", key, lambda: self._store.delete(key))

    async def delete_if(self, key: str, etag: str) -> None:
        """Remove an object from the store below if it has this ETag, once; see :meth:`BlobStore.delete_if`."""
        await self._call("delete_if", key, lambda: self._store.delete_if(key, etag))

    def list(self, prefix: str = "") -> AsyncIterator[BlobInfo]:
        """Iterate over the objects of the store below; see :meth:`BlobStore.list`."""
        return self._stream("list", prefix, lambda: self._store.list(prefix))

    def versions(self, key: str) -> AsyncIterator[BlobVersion]:
        """Iterate over one object's versions in the store below; see :meth:`BlobStore.versions`."""
        return self._stream("versions", key, lambda: self._store.versions(key))

    async def delete_version(self, key: str, version: str) -> None:
        """Remove an old version from the store below, once; see :meth:`BlobStore.delete_version`."""
        await self._call("delete_version", key, lambda: self._store.delete_version(key, version))

    def describe(self, key: str) -> str:
        """Name an object as the store below does."""
        return self._store.describe(key)

    async def diagnose(self) -> Sequence[Finding]:
        """Return what the store below finds."""
        return await self._store.diagnose()

    async def close(self) -> None:
        """Close the store below."""
        await self._store.close()
