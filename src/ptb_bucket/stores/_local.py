"""A store in a local directory."""

from __future__ import annotations

import asyncio
import errno
import os
from pathlib import Path
from typing import TYPE_CHECKING, Final, overload

from ptb_bucket.errors import NotFoundError, UnsupportedError
from ptb_bucket.stores._contract import NOT_MODIFIED, Blob, BlobInfo, BlobStore
from ptb_bucket.stores._etag import check_mode, digest_etag
from ptb_bucket.stores._files import (
    make_directories,
    read_file,
    remove_file,
    remove_temporary,
    translated,
    write_file,
)
from ptb_bucket.stores._keys import check_key
from ptb_bucket.stores._locks import locked
from ptb_bucket.stores._names import relative_path
from ptb_bucket.stores._scan import refuse_links, scan

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Sequence

    from ptb_bucket.stores._contract import NotModified, PutMode
    from ptb_bucket.stores._uri import StoreUri

__all__ = ["LocalStore"]

_MAX_PATH: Final = 4000
"""Bytes of a whole path, with room for a temporary file's name below Linux's 4,096."""


class LocalStore(BlobStore):
    """Objects as files below one directory, shared safely by any number of processes on one machine.

    Writes are durable when they return: file and directory are synced. Files are for this user only (0600, directories
    0700); a directory that existed keeps its mode. Reading takes no lock. Links below the directory are refused.

    Args:
        root: The directory; made at the first write if it does not exist.
        lock_timeout: Seconds that a write waits for other writers before it raises ``UnavailableError``.
    """

    scheme = "file"

    def __init__(self, root: str | os.PathLike[str], *, lock_timeout: float = 10.0) -> None:
        # Absolute from the start: a later change of the working directory must not move the store.
        self.root = Path(os.path.abspath(root))  # noqa: PTH100 resolve() would follow a link that may yet change
        self._lock_timeout = lock_timeout
        self._tidy: set[Path] = set()

    def __repr__(self) -> str:
        return f"LocalStore({str(self.root)!r})"

    @classmethod
    def from_uri(cls, uri: StoreUri) -> LocalStore:
        """Open ``file:./directory`` or ``file:///directory``."""
        return cls(uri.bucket)

    def path_of(self, key: str) -> Path:
        """Return the file for a key, whether it exists or not.

        Raises:
            UnsupportedError: The key, or a path made from it, is nothing that a file system takes.
        """
        check_key(key)
        path = self.root / relative_path(key)
        if len(os.fsencode(path)) > _MAX_PATH:
            raise UnsupportedError(f"The path for {key[:80]!r} is longer than {_MAX_PATH} bytes.", key=key)
        return path

    @overload
    async def get(self, key: str, *, version: str | None = None) -> Blob: ...
    @overload
    async def get(self, key: str, *, if_none_match: str | None, version: None = None) -> Blob | NotModified: ...
    async def get(
        self, key: str, *, if_none_match: str | None = None, version: str | None = None
    ) -> Blob | NotModified:
        """Read an object; see :meth:`BlobStore.get`."""
        path = self.path_of(key)
        if version is not None:
            raise UnsupportedError(f"{self!r} keeps no old versions of {key!r}", key=key)
        blob = await asyncio.to_thread(self._read, path, key)
        if blob is None:
            raise NotFoundError(f"{path} does not exist", key=key)
        return NOT_MODIFIED if blob.etag == if_none_match else blob

    async def put(self, key: str, data: bytes, mode: PutMode) -> str:
        """Write an object, durably; see :meth:`BlobStore.put`."""
        return await asyncio.to_thread(self._put, self.path_of(key), key, bytes(data), mode)

    async def delete(self, key: str) -> None:
        """Remove an object, durably; see :meth:`BlobStore.delete`."""
        await asyncio.to_thread(self._delete, self.path_of(key), key)

    async def list(self, prefix: str = "") -> AsyncIterator[BlobInfo]:
        """Iterate over the objects as they are when the iteration starts; see :meth:`BlobStore.list`."""
        for info in await asyncio.to_thread(self._list, prefix):
            yield info

    def describe(self, key: str) -> str:
        """The object's file."""
        return str(self.path_of(key))

    def _read(self, path: Path, key: str) -> Blob | None:
        with translated(path, key):
            refuse_links(self.root, path)
            data = read_file(path)
            if data is None:
                self._refuse_dangling()
                return None
        return Blob(data, digest_etag(data))

    def _put(self, path: Path, key: str, data: bytes, mode: PutMode) -> str:
        with translated(path, key):
            make_directories(self.root)
            with locked(self.root, self._lock_timeout):
                check_mode(mode, self._read(path, key), key)
                self._prepare(path.parent)
                write_file(path, data)
        return digest_etag(data)

    def _prepare(self, directory: Path) -> None:
        make_directories(directory)
        if directory not in self._tidy:
            remove_temporary(directory)
            self._tidy.add(directory)

    def _delete(self, path: Path, key: str) -> None:
        if self._read(path, key) is None:
            return
        with translated(path, key), locked(self.root, self._lock_timeout):
            remove_file(path)

    def _list(self, prefix: str) -> Sequence[BlobInfo]:
        with translated(self.root):
            self._refuse_dangling()
            return sorted(scan(self.root, prefix), key=lambda info: info.key)

    def _refuse_dangling(self) -> None:
        """A root that links to nowhere is a disk that is not mounted, and no empty store."""
        if self.root.is_symlink() and not self.root.exists():
            raise NotADirectoryError(errno.ENOTDIR, "Links to a place that does not exist", str(self.root))
