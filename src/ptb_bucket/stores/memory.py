"""A store in the memory of the process, for tests and experiments."""

from __future__ import annotations

import threading
import time
from datetime import datetime, timezone
from typing import TYPE_CHECKING, ClassVar, overload

from ptb_bucket.errors import NotFoundError, UnsupportedError
from ptb_bucket.stores.base import NOT_MODIFIED, Blob, BlobInfo, BlobStore, Update
from ptb_bucket.stores.keys import check_key, check_mode, digest_etag

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from ptb_bucket.stores.base import NotModified, PutMode
    from ptb_bucket.stores.uri import StoreUri

__all__ = ["MemoryStore"]


class MemoryStore(BlobStore):
    """A store that keeps objects in memory until the process ends. ETags are content digests, as on S3.

    Safe to use from several threads and event loops at once.

    Args:
        name: Stores of the same name share their objects within the process. A store without a name shares nothing.
    """

    scheme = "memory"
    _shared: ClassVar[dict[str, dict[str, Blob]]] = {}
    _shared_times: ClassVar[dict[str, dict[str, datetime]]] = {}
    _lock: ClassVar[threading.Lock] = threading.Lock()

    def __init__(self, name: str = "") -> None:
        self.name = name
        with self._lock:
            self._blobs: dict[str, Blob] = self._shared.setdefault(name, {}) if name else {}
            self._times: dict[str, datetime] = self._shared_times.setdefault(name, {}) if name else {}

    def __repr__(self) -> str:
        return f"MemoryStore({self.name!r})"

    @classmethod
    def from_uri(cls, uri: StoreUri) -> MemoryStore:
        """Open ``memory:`` (a new store each time) or ``memory:NAME`` (shared within the process)."""
        return cls(uri.bucket)

    @overload
    async def get(self, key: str, *, version: str | None = None) -> Blob: ...
    @overload
    async def get(self, key: str, *, if_none_match: str | None, version: None = None) -> Blob | NotModified: ...
    async def get(
        self, key: str, *, if_none_match: str | None = None, version: str | None = None
    ) -> Blob | NotModified:
        """Read an object; see :meth:`BlobStore.get`."""
        check_key(key)
        if version is not None:
            raise UnsupportedError(f"{self.describe(key)} has no old versions. This store does not keep any.", key=key)
        blob = self._blobs.get(key)
        if blob is None:
            raise NotFoundError(f"{self.describe(key)} does not exist.", key=key)
        return NOT_MODIFIED if blob.etag == if_none_match else blob

    def describe(self, key: str) -> str:
        """Return the store's name and the key."""
        return f"memory:{self.name} {key}" if self.name else f"{key} in memory"

    async def put(self, key: str, data: bytes, mode: PutMode) -> str:
        """Write an object; see :meth:`BlobStore.put`."""
        check_key(key)
        new = Blob(bytes(data), digest_etag(data))
        with self._lock:
            check_mode(mode, self._blobs.get(key), key)
            self._blobs[key] = new
            self._times[key] = datetime.fromtimestamp(time.time(), timezone.utc)
        return new.etag

    async def delete(self, key: str) -> None:
        """Remove an object; see :meth:`BlobStore.delete`."""
        check_key(key)
        with self._lock:
            self._blobs.pop(key, None)
            self._times.pop(key, None)

    async def delete_if(self, key: str, etag: str) -> None:
        """Remove an object if it has this ETag; see :meth:`BlobStore.delete_if`."""
        check_key(key)
        with self._lock:
            if key in self._blobs:
                check_mode(Update(etag), self._blobs[key], key)
                del self._blobs[key]
                self._times.pop(key, None)

    async def list(self, prefix: str = "") -> AsyncIterator[BlobInfo]:
        """Iterate over the objects as they are when the iteration starts; see :meth:`BlobStore.list`."""
        with self._lock:
            keys = sorted(key for key in self._blobs if key.startswith(prefix))
            found = [BlobInfo(key, len(self._blobs[key].data), self._times.get(key)) for key in keys]
        for info in found:
            yield info
