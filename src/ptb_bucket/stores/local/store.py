"""A store in a local directory."""

from __future__ import annotations

import asyncio
import errno
import os
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, ClassVar, Final, overload

from ptb_bucket.errors import ConfigurationError, NotFoundError, UnsupportedError
from ptb_bucket.stores.base import NOT_MODIFIED, Blob, BlobInfo, BlobStore, Update
from ptb_bucket.stores.keys import check_key, check_mode, digest_etag
from ptb_bucket.stores.local.files import (
    make_directories,
    remove_empty_directories,
    remove_file,
    remove_temporary,
    translated,
    write_file,
)
from ptb_bucket.stores.local.generations import Generations
from ptb_bucket.stores.local.known import MOST, KnownFiles
from ptb_bucket.stores.local.locks import locked
from ptb_bucket.stores.local.names import refuse_links, relative_path, scan

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Iterator, Mapping, Sequence

    from ptb_bucket.stores.base import BlobVersion, NotModified, PutMode
    from ptb_bucket.stores.uri import StoreUri

__all__ = ["LocalStore"]

_MAX_PATH: Final = 4000
"""The longest path in bytes, which leaves room for a generation or a temporary file below Linux's limit of 4,096."""


class LocalStore(BlobStore):
    """A store that keeps objects as files in a directory. Any number of processes on one machine can share it.

    Writes are durable when they return: file and directory are synced. Only this user can access the files (0600) and
    directories (0700); an existing directory keeps its mode. Reads take no lock. Links below the directory are refused.

    Args:
        root: The directory; created at the first write if it does not exist.
        lock_timeout: The seconds that a write waits for other writers before it raises ``UnavailableError``.
        keep: The number of versions to keep of each object, including the current one; 0 keeps only the file itself.
            Each version is a separate file in a folder ``.versions``, which listings do not show. Versions that
            another process keeps can be read with any ``keep``.
    """

    scheme = "file"
    OPTIONS: ClassVar[Mapping[str, str]] = {
        "keep": "the number of versions to keep of each object; 0, none, by default"
    }

    def __init__(self, root: str | os.PathLike[str], *, lock_timeout: float = 10.0, keep: int = 0) -> None:
        # Absolute from the start, so that a later change of the working directory does not move the store.
        self.root = Path(os.path.abspath(root))  # noqa: PTH100 resolve() would follow a link that may yet change
        self._lock_timeout = lock_timeout
        self._keep = keep
        self._tidy: set[Path] = set()
        self._known = KnownFiles()

    def __repr__(self) -> str:
        return f"LocalStore({str(self.root)!r})"

    @classmethod
    def from_uri(cls, uri: StoreUri) -> LocalStore:
        """Open ``file:./directory`` or ``file:///directory``; ``?keep=N`` keeps old versions."""
        keep = uri.options.get("keep", "0")
        if not (keep.isascii() and keep.isdigit()):
            raise ConfigurationError("keep must be the number of versions to keep per object, for example keep=10.")
        return cls(uri.bucket, keep=int(keep))

    def path_of(self, key: str) -> Path:
        """Return the path of the file for a key; the file need not exist.

        Raises:
            UnsupportedError: No file system accepts the key, or the path made from it.
        """
        check_key(key)
        path = self.root / relative_path(key)
        if len(os.fsencode(path)) > _MAX_PATH:
            raise UnsupportedError(
                f"The path for {key[:80]!r} is longer than {_MAX_PATH} bytes. Use a shorter key or directory.", key=key
            )
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
            blob: Blob | NotModified | None = await asyncio.to_thread(self._read_version, path, key, version)
        else:
            blob = await asyncio.to_thread(self._read_changed, path, key, if_none_match)
        if blob is None:
            raise NotFoundError(f"{path} does not exist{f' in version {version}' if version else ''}.", key=key)
        return blob

    async def put(self, key: str, data: bytes, mode: PutMode) -> str:
        """Write an object, durably; see :meth:`BlobStore.put`."""
        return await asyncio.to_thread(self._put, self.path_of(key), key, bytes(data), mode)

    async def delete(self, key: str) -> None:
        """Remove an object, durably; see :meth:`BlobStore.delete`."""
        await asyncio.to_thread(self._delete, self.path_of(key), key)

    async def delete_if(self, key: str, etag: str) -> None:
        """Remove an object if it has this ETag, durably; see :meth:`BlobStore.delete_if`."""
        await asyncio.to_thread(self._delete, self.path_of(key), key, etag)

    async def list(self, prefix: str = "") -> AsyncIterator[BlobInfo]:
        """Iterate over the objects as they are when the iteration starts; see :meth:`BlobStore.list`."""
        for info in await asyncio.to_thread(self._list, prefix):
            yield info

    async def versions(self, key: str) -> AsyncIterator[BlobVersion]:
        """Iterate over the generations of an object, newest first; see :meth:`BlobStore.versions`."""
        for version in await asyncio.to_thread(self._versions, self.path_of(key), key):
            yield version

    async def delete_version(self, key: str, version: str) -> None:
        """Remove an old generation of an object for good; see :meth:`BlobStore.delete_version`."""
        await asyncio.to_thread(self._delete_version, self.path_of(key), key, version)

    def _must_keep(self, path: Path, key: str) -> None:
        """Refuse if there are no old versions. Those that another process keeps here count, whatever this URI says."""
        with translated(path, key):
            keeps = self._keep or self._generations(path).folder.is_dir()
        if not keeps:
            raise UnsupportedError(
                f"{self.root} does not keep old versions, so {key!r} has none. To keep them from now on, "
                "use file:DIRECTORY?keep=10 here and in the bot's URI.",
                key=key,
            )

    def describe(self, key: str) -> str:
        """Return the path of the object's file."""
        return str(self.path_of(key))

    def _read(self, path: Path, key: str) -> Blob | None:
        with translated(path, key):
            refuse_links(self.root, path)
            blob = self._known.read(path)
            if blob is None:
                self._refuse_dangling()
        return blob

    def _read_changed(self, path: Path, key: str, etag: str | None) -> Blob | NotModified | None:
        if etag is not None and self._is_unchanged(path, key, etag):
            return NOT_MODIFIED
        blob = self._read(path, key)
        return NOT_MODIFIED if blob is not None and blob.etag == etag else blob

    def _is_unchanged(self, path: Path, key: str, etag: str) -> bool:
        with translated(path, key):
            refuse_links(self.root, path)
            return self._known.unchanged(path, etag)

    def _put(self, path: Path, key: str, data: bytes, mode: PutMode) -> str:
        with translated(path, key):
            make_directories(self.root)
            with locked(self.root, self._lock_timeout):
                before = self._check(path, key, mode)
                self._prepare(path.parent)
                self._remember(path, before)
                write_file(path, data)
                with _applied(path):
                    self._remember(path, Blob(data, ""))
        return self._known.blob(data).etag

    def _check(self, path: Path, key: str, mode: PutMode) -> Blob | None:
        """Check a put's condition, and return the object, whose generation may have to be kept."""
        if not self._keep and isinstance(mode, Update) and self._is_unchanged(path, key, mode.etag):
            return None
        before = self._read(path, key)
        check_mode(mode, before, key)
        return before

    def _remember(self, path: Path, blob: Blob | None) -> None:
        """Keep a generation of an object's data. An object that never had any data has nothing to restore."""
        if self._keep and blob is not None:
            generations = self._generations(path)
            if not (blob.data or generations.folder.is_dir()):
                return
            generations.add(blob.data)
            generations.prune(self._keep)

    def _generations(self, path: Path) -> Generations:
        found = Generations(path)
        refuse_links(self.root, found.folder)
        return found

    def _read_version(self, path: Path, key: str, version: str) -> Blob | None:
        self._must_keep(path, key)
        current = self._read(path, key)
        with translated(path, key):
            data = self._generations(path).read(version, None if current is None else current.data)
        return None if data is None else Blob(data, digest_etag(data))

    def _versions(self, path: Path, key: str) -> Sequence[BlobVersion]:
        self._must_keep(path, key)
        current = self._read(path, key)
        with translated(path, key):
            return self._generations(path).versions(None if current is None else current.data)

    def _delete_version(self, path: Path, key: str, version: str) -> None:
        self._must_keep(path, key)
        with translated(path, key):
            make_directories(self.root)
            with locked(self.root, self._lock_timeout):
                self._generations(path).remove(version)

    def _prepare(self, directory: Path) -> None:
        make_directories(directory)
        if directory not in self._tidy:
            remove_temporary(directory)
            if len(self._tidy) >= MOST:
                self._tidy.clear()
            self._tidy.add(directory)

    def _delete(self, path: Path, key: str, etag: str | None = None) -> None:
        if self._read(path, key) is None:
            return
        with translated(path, key), locked(self.root, self._lock_timeout):
            before = self._read(path, key)
            if etag is not None and before is not None:
                check_mode(Update(etag), before, key)
            self._remember(path, before)
            remove_file(path)
            if self._keep:
                self._generations(path).add_deletion()
            remove_empty_directories(path.parent, self.root)

    def _list(self, prefix: str) -> Sequence[BlobInfo]:
        with translated(self.root):
            self._refuse_dangling()
            return sorted(scan(self.root, prefix), key=lambda info: info.key)

    def _refuse_dangling(self) -> None:
        """Refuse a root that is a dangling link: its disk is not mounted, so it is not an empty store."""
        if self.root.is_symlink() and not self.root.exists():
            raise NotADirectoryError(errno.ENOTDIR, "The target of the link does not exist", str(self.root))


@contextmanager
def _applied(path: Path) -> Iterator[None]:
    """Translate errors after a write, so that they do not look like a refusal of the write."""
    try:
        yield
    except OSError as exc:
        raise OSError(errno.EIO, exc.strerror or str(exc), exc.filename or str(path)) from exc
