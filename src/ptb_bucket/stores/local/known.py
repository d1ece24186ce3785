"""The memory of a local store, so that it does not read or hash a file again that has not changed."""

from __future__ import annotations

import threading
import time
from typing import TYPE_CHECKING, Final, NamedTuple

from ptb_bucket.stores.base import Blob
from ptb_bucket.stores.keys import digest_etag
from ptb_bucket.stores.local.files import read_with_status

if TYPE_CHECKING:
    import os
    from pathlib import Path

__all__ = ["KnownFiles"]

SETTLED: Final = 2_000_000_000
"""The nanoseconds after which a second change gets other times than the first: FAT counts in steps of two seconds."""

MOST: Final = 1024
"""The number of files to remember. An update with the layout ``per-record`` reads about five."""


class _Stamp(NamedTuple):
    """The status that changes with a file: the inode when it is replaced, the rest when it is edited in place."""

    device: int
    inode: int
    changed: int
    modified: int
    size: int


class KnownFiles:
    """The ETags of the files that a store has read or written.

    A file is unchanged if its bytes are the same, or if its inode, times and size are. The latter count only if the
    file's last change was more than two seconds before the file was read, because a coarse clock gives the same times
    to two changes in a row. In every other case, the store reads the file.
    """

    def __init__(self) -> None:
        self._lock = threading.Lock()  # the store reads and writes in threads
        self._etags: dict[Path, tuple[_Stamp, str]] = {}
        self._last = Blob(b"", digest_etag(b""))

    def unchanged(self, path: Path, etag: str) -> bool:
        """Return True if the file certainly has this ETag. The file is not read."""
        with self._lock:
            known = self._etags.get(path)
        if known is None or known[1] != etag:
            return False
        try:
            return known[0] == _stamp(path.lstat())
        except FileNotFoundError:
            return False

    def read(self, path: Path) -> Blob | None:
        """Read a file, and remember it; None if it does not exist.

        Raises:
            OSError: The file could not be read, or is not an ordinary file.
        """
        began = time.time_ns()
        found = read_with_status(path)
        if found is None:
            return None
        blob, stamp = self.blob(found[0]), _stamp(found[1])
        if max(stamp.changed, stamp.modified) + SETTLED < began and stamp.size == len(blob.data):
            self._remember(path, stamp, blob.etag)
        return blob

    def blob(self, data: bytes) -> Blob:
        """Return bytes with their ETag. The last bytes are compared, which costs a tenth of hashing them."""
        last = self._last
        if data != last.data:
            self._last = last = Blob(data, digest_etag(data))
        return last

    def _remember(self, path: Path, stamp: _Stamp, etag: str) -> None:
        with self._lock:
            self._etags.pop(path, None)
            self._etags[path] = stamp, etag
            if len(self._etags) > MOST:
                del self._etags[next(iter(self._etags))]


def _stamp(status: os.stat_result) -> _Stamp:
    return _Stamp(status.st_dev, status.st_ino, status.st_ctime_ns, status.st_mtime_ns, status.st_size)
