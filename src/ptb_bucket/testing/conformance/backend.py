"""What the kit has to know about a place, and its way around the store."""

from __future__ import annotations

from abc import ABC, abstractmethod
from typing import TYPE_CHECKING

from ptb_bucket.stores import PrefixStore

if TYPE_CHECKING:
    from contextlib import AbstractAsyncContextManager

    from ptb_bucket.stores import BlobStore

__all__ = ["Backend", "PrefixedBackend"]


class Backend(ABC):
    """One empty place for objects, seen through stores and through a side door that no store's code has a part in.

    Every test gets a new one. The side door is what verifies: a store cannot vouch for itself.
    """

    supports_versions: bool = False
    """Whether old versions are kept here; if not, asking for them has to be refused."""

    deletes_versions: bool | None = None
    """Whether old versions can be deleted for good; if not, that has to be refused. None: wherever they are kept."""

    deletes_if: bool = True
    """Whether objects can be deleted on the condition of their ETag; if not, that has to be refused."""

    server: str = ""
    """The URL that a proxy has to stand in front of; for :class:`FaultConformance`."""

    @abstractmethod
    def open(self) -> BlobStore:
        """Return another store on this place, independent of those before."""

    @abstractmethod
    async def read_raw(self, key: str) -> bytes | None:
        """Return an object's bytes, None if there is none."""

    @abstractmethod
    async def write_raw(self, key: str, data: bytes) -> None:
        """Write an object, whatever is there."""

    @abstractmethod
    async def keys_raw(self) -> list[str]:
        """Return the keys of everything that is there, in any order."""

    def unavailable(self) -> BlobStore | None:
        """Return a store that cannot reach its place, None if there is no such thing here."""
        return None

    def denied(self) -> BlobStore | None:
        """Return a store that may not use its place, None if there is no such thing here."""
        return None

    def bucket_gone(self) -> AbstractAsyncContextManager[None] | None:
        """Return a block in which the bucket does not exist; after it, an empty one has its name. None: no bucket."""
        return None

    def forbidden(self) -> AbstractAsyncContextManager[None] | None:
        """Return a block in which stores on this place have no permission at all, None if there is no such thing."""
        return None

    def uri(self, prefix: str = "", *, server: str = "", timeout: float | None = None) -> str:
        """Return the URI of a prefix in this place; for :class:`PersistenceConformance` and :class:`FaultConformance`.

        Args:
            prefix: What its keys start with; as it stands in a URI.
            server: A URL to use instead of the server's own: a proxy's.
            timeout: Seconds for one operation, the store's default if None.
        """
        raise NotImplementedError(f"{type(self).__name__} has no uri({prefix!r}, {server=}, {timeout=})")

    def prefixed(self, prefix: str) -> Backend:
        """Return the same place with all keys under a prefix, and stores wrapped accordingly."""
        return PrefixedBackend(self, prefix)


class PrefixedBackend(Backend):
    """A place within a place.

    Args:
        backend: The whole place.
        prefix: What every key starts with.
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
        """Return relative keys; one outside the prefix is shown whole, because nothing may be there."""
        return [key.removeprefix(self._prefix) for key in await self._backend.keys_raw()]

    def unavailable(self) -> BlobStore | None:
        """Wrap the one of the whole place."""
        store = self._backend.unavailable()
        return store and PrefixStore(store, self._prefix)

    def denied(self) -> BlobStore | None:
        """Wrap the one of the whole place."""
        store = self._backend.denied()
        return store and PrefixStore(store, self._prefix)
