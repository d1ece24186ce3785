"""The base classes of stores that stand in front of another store."""

from __future__ import annotations

from contextlib import contextmanager
from contextvars import ContextVar
from typing import TYPE_CHECKING, TypeVar, overload

from ptb_bucket.errors import ConfigurationError
from ptb_bucket.stores.base import BlobStore

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Awaitable, Callable, Iterator, Sequence

    from ptb_bucket.stores.base import Blob, BlobInfo, BlobVersion, Finding, NotModified, PutMode
    from ptb_bucket.stores.uri import StoreUri

__all__ = ["InterceptingStore", "StoreWrapper", "wrapped", "wrapping"]

_T = TypeVar("_T")

_wrap: ContextVar[Callable[[BlobStore], BlobStore] | None] = ContextVar("ptb_bucket_wrap", default=None)


@contextmanager
def wrapping(wrap: Callable[[BlobStore], BlobStore]) -> Iterator[None]:
    """Wrap each store that a location opens in this block, also those that a bot's own application opens.

    Args:
        wrap: Called with each store. It returns the store to use instead.
    """
    before = _wrap.set(wrap)
    try:
        yield
    finally:
        _wrap.reset(before)


def wrapped(store: BlobStore) -> BlobStore:
    """Return a store with the wrapper of :func:`wrapping`; the store itself outside of such a block."""
    wrap = _wrap.get()
    return store if wrap is None else wrap(store)


class StoreWrapper(BlobStore):
    """A store that passes every operation on to another store; a subclass overrides the operations that it changes.

    Args:
        store: The store below; closing the wrapper closes it.
    """

    def __init__(self, store: BlobStore) -> None:
        self._store = store
        # Other stores have these on the class. A wrapper copies those of the store below, so that it hides nothing.
        vars(self).update(scheme=store.scheme, OPTIONS=store.OPTIONS, PERMISSIONS=store.PERMISSIONS)
        self.min_write_interval, self.lists_in_order = store.min_write_interval, store.lists_in_order

    def __repr__(self) -> str:
        return f"{type(self).__name__}({self._store!r})"

    @classmethod
    def from_uri(cls, uri: StoreUri) -> BlobStore:
        """Refuse, because a URI never describes a wrapper.

        Raises:
            ConfigurationError: Always.
        """
        raise ConfigurationError(
            f"{cls.__name__} wraps another store, so it can't be opened from the URI {uri}. Open that store first, "
            "then wrap it."
        )

    @overload
    async def get(self, key: str, *, version: str | None = None) -> Blob: ...
    @overload
    async def get(self, key: str, *, if_none_match: str | None, version: None = None) -> Blob | NotModified: ...
    async def get(
        self, key: str, *, if_none_match: str | None = None, version: str | None = None
    ) -> Blob | NotModified:
        """Read an object from the store below; see :meth:`BlobStore.get`."""
        if version is not None:
            return await self._store.get(key, version=version)
        return await self._store.get(key, if_none_match=if_none_match)

    async def put(self, key: str, data: bytes, mode: PutMode) -> str:
        """Write an object to the store below, once; see :meth:`BlobStore.put`."""
        return await self._store.put(key, data, mode)

    async def delete(self, key: str) -> None:
        """Remove an object from the store below, once; see :meth:`BlobStore.delete`."""
        await self._store.delete(key)

    async def delete_if(self, key: str, etag: str) -> None:
        """Remove an object from the store below if it has this ETag, once; see :meth:`BlobStore.delete_if`."""
        await self._store.delete_if(key, etag)

    def list(self, prefix: str = "") -> AsyncIterator[BlobInfo]:
        """Iterate over the objects of the store below; see :meth:`BlobStore.list`."""
        return self._store.list(prefix)

    def versions(self, key: str) -> AsyncIterator[BlobVersion]:
        """Iterate over one object's versions in the store below; see :meth:`BlobStore.versions`."""
        return self._store.versions(key)

    async def delete_version(self, key: str, version: str) -> None:
        """Remove an old version from the store below, once; see :meth:`BlobStore.delete_version`."""
        await self._store.delete_version(key, version)

    def describe(self, key: str) -> str:
        """Return the name that the store below gives an object."""
        return self._store.describe(key)

    async def diagnose(self) -> Sequence[Finding]:
        """Return the findings of the store below."""
        return await self._store.diagnose()

    async def close(self) -> None:
        """Close the store below."""
        await self._store.close()


class InterceptingStore(StoreWrapper):
    """A wrapper that sends all operations through :meth:`_call` and :meth:`_stream`, which a subclass overrides."""

    async def _call(self, operation: str, key: str, send: Callable[[], Awaitable[_T]]) -> _T:  # noqa: ARG002 subclasses use it
        """Perform the operation of this method name by calling ``send``."""
        return await send()

    async def _stream(self, operation: str, key: str, begin: Callable[[], AsyncIterator[_T]]) -> AsyncIterator[_T]:  # noqa: ARG002 subclasses use it
        """Iterate (``list``, ``versions``) over the items of ``begin()``."""
        async for item in begin():
            yield item

    @overload
    async def get(self, key: str, *, version: str | None = None) -> Blob: ...
    @overload
    async def get(self, key: str, *, if_none_match: str | None, version: None = None) -> Blob | NotModified: ...
    async def get(
        self, key: str, *, if_none_match: str | None = None, version: str | None = None
    ) -> Blob | NotModified:
        """Read an object through :meth:`_call`."""
        if version is not None:
            return await self._call("get", key, lambda: self._store.get(key, version=version))
        return await self._call("get", key, lambda: self._store.get(key, if_none_match=if_none_match))

    async def put(self, key: str, data: bytes, mode: PutMode) -> str:
        """Write an object through :meth:`_call`."""
        return await self._call("put", key, lambda: self._store.put(key, data, mode))

    async def delete(self, key: str) -> None:
        """Remove an object through :meth:`_call`."""
        await self._call("delete", key, lambda: self._store.delete(key))

    async def delete_if(self, key: str, etag: str) -> None:
        """Remove an object on a condition, through :meth:`_call`."""
        await self._call("delete_if", key, lambda: self._store.delete_if(key, etag))

    async def delete_version(self, key: str, version: str) -> None:
        """Remove an old version through :meth:`_call`."""
        await self._call("delete_version", key, lambda: self._store.delete_version(key, version))

    def list(self, prefix: str = "") -> AsyncIterator[BlobInfo]:
        """Iterate over the objects through :meth:`_stream`."""
        return self._stream("list", prefix, lambda: self._store.list(prefix))

    def versions(self, key: str) -> AsyncIterator[BlobVersion]:
        """Iterate over an object's versions through :meth:`_stream`."""
        return self._stream("versions", key, lambda: self._store.versions(key))
