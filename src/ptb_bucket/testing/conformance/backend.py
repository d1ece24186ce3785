"""The kit's view of a place, with a side door around the store."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ptb_bucket.stores import PrefixStore
from ptb_bucket.stores.promises import Place

if TYPE_CHECKING:
    from contextlib import AbstractAsyncContextManager

    from ptb_bucket.stores import BlobStore

__all__ = ["Backend", "PrefixedBackend"]


class Backend(Place):
    """An empty place for objects, with stores and with a side door that does not use any store's code.

    Every test gets a new place. Tests verify results through the side door, because a store cannot vouch for itself.
    """

    supports_versions: bool = False
    """True if old versions are kept. Otherwise the store must refuse to list them."""

    deletes_versions: bool | None = None
    """True if old versions can be deleted for good; otherwise it must be refused. None: if they are kept."""

    server: str = ""
    """The server's URL, in front of which the proxy of :class:`FaultConformance` runs."""

    def unavailable(self) -> BlobStore | None:
        """Return a store that cannot reach its place, None if this is not possible here."""
        return None

    def denied(self) -> BlobStore | None:
        """Return a store without permission for its place, None if this is not possible here."""
        return None

    def bucket_gone(self) -> AbstractAsyncContextManager[None] | None:
        """Return a context without the bucket, which is recreated empty at its end; None for stores without buckets."""
        return None

    def forbidden(self) -> AbstractAsyncContextManager[None] | None:
        """Return a context in which stores on this place have no permission at all, None if this is not possible."""
        return None

    def uri(self, prefix: str = "", *, server: str = "", timeout: float | None = None) -> str:
        """Return the URI of a prefix in this place; for :class:`PersistenceConformance` and :class:`FaultConformance`.

        Args:
            prefix: The start of its keys, as in a URI.
            server: The URL of a proxy to use instead of the server's own.
            timeout: The seconds for an operation; the store's default if None.
        """
        raise NotImplementedError(f"{type(self).__name__} has no uri({prefix!r}, {server=}, {timeout=})")

    def prefixed(self, prefix: str) -> Backend:
        """Return the same place with all keys under a prefix, and stores wrapped accordingly."""
        return PrefixedBackend(self, prefix)


class PrefixedBackend(Backend):
    """A place within a place.

    Args:
        backend: The whole place.
        prefix: The start of every key.
    """

    def __init__(self, backend: Backend, prefix: str) -> None:
        self._backend = backend
        self._prefix = prefix
        self.supports_versions = backend.supports_versions
        self.deletes_versions = backend.deletes_versions
        self.deletes_if = backend.deletes_if

    def open(self) -> BlobStore:
        """Return another store, wrapped."""
        return PrefixStore(self._backend.open(), self._prefix)

    async def read_raw(self, key: str) -> bytes | None:
        """Read under the prefix."""
        return await self._backend.read_raw(self._prefix + key)

    async def write_raw(self, key: str, data: bytes) -> None:
        """Write under the prefix."""
        await self._backend.write_raw(self._prefix + key, data)

    async def keys_raw(self) -> list[str]:
        """Return relative keys. A key outside the prefix, which may not exist, is returned whole."""
        return [key.removeprefix(self._prefix) for key in await self._backend.keys_raw()]

    def unavailable(self) -> BlobStore | None:
        """Wrap the store of the whole place."""
        store = self._backend.unavailable()
        return store and PrefixStore(store, self._prefix)

    def denied(self) -> BlobStore | None:
        """Wrap the store of the whole place."""
        store = self._backend.denied()
        return store and PrefixStore(store, self._prefix)
