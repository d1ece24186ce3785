"""Old versions of a local store's objects: copies beside them, under names that no key maps to.

The generations of ``dir/state.json`` are in ``dir/.versions/state.json/``, one file each, named by time and digest. The
newest is a copy of the object's own file, so that an editor that destroys that file destroys nothing else.
"""

from __future__ import annotations

import re
import time
from dataclasses import dataclass
from datetime import datetime, timezone
from typing import TYPE_CHECKING, Final

from ptb_bucket.stores.base import BlobVersion
from ptb_bucket.stores.keys import digest_etag
from ptb_bucket.stores.local.files import make_directories, read_file, remove_file, remove_temporary, write_file

if TYPE_CHECKING:
    from pathlib import Path

__all__ = ["Generations"]

_FOLDER: Final = ".versions"
_NAME: Final = re.compile(r"([0-9]{19})-([0-9a-f]{32}|deleted)")
_DELETED: Final = "deleted"
_BILLION: Final = 10**9


@dataclass(frozen=True, order=True)
class _Generation:
    """A generation, or a note of a deletion; ``time`` is in nanoseconds and always greater than the one before."""

    time: int
    digest: str

    @property
    def name(self) -> str:
        return f"{self.time:019d}-{self.digest}"

    def version(self, size: int, *, current: bool = False) -> BlobVersion:
        when = datetime.fromtimestamp(self.time // _BILLION, timezone.utc).replace(
            microsecond=self.time % _BILLION // 1000
        )
        return BlobVersion(self.name, when, size, current=current, deleted=self.digest == _DELETED)


class Generations:
    """The generations of an object. The caller of a method that changes them holds the store's lock.

    Args:
        path: The object's file.
    """

    def __init__(self, path: Path) -> None:
        self._path = path
        self.folder = path.parent / _FOLDER / path.name

    def add(self, data: bytes) -> None:
        """Keep a copy of the object's data, unless the newest generation has the same data.

        Call it before and after every change. This keeps files that were edited by hand, or written by a process that
        does not keep generations.
        """
        if (new := self._unkept(self._kept(), data)) is not None:
            make_directories(self.folder)
            write_file(self.folder / new.name, data)

    def add_deletion(self) -> None:
        """Record that the object's file was removed just now."""
        kept = self._kept()
        if kept and kept[-1].digest != _DELETED:
            write_file(self.folder / _Generation(_after(kept, time.time_ns()), _DELETED).name, b"")

    def prune(self, keep: int) -> None:
        """Remove all but the newest generations, and the files that killed writers left."""
        remove_temporary(self.folder)
        for old in self._kept()[:-keep]:
            self.remove(old.name)

    def remove(self, version: str) -> None:
        """Remove a generation for good; a missing one is not an error."""
        if _NAME.fullmatch(version) and self.folder.is_dir():
            remove_file(self.folder / version)
            if not any(self.folder.iterdir()):
                self.folder.rmdir()

    def read(self, version: str, data: bytes | None) -> bytes | None:
        """Return the data of a generation; None if there is no such generation.

        Args:
            version: The generation's name.
            data: The data of the object's file.
        """
        if not _NAME.fullmatch(version) or version.endswith(_DELETED):
            return None
        kept = read_file(self.folder / version)
        if kept is None and data is not None:
            new = self._unkept(self._kept(), data)
            return data if new is not None and new.name == version else None
        return kept

    def versions(self, data: bytes | None) -> list[BlobVersion]:
        """Return all generations, newest first.

        Args:
            data: The data of the object's file, None if there is none.
        """
        kept = self._kept()
        new = None if data is None else self._unkept(kept, data)
        found = [one.version(self._size(one)) for one in kept]
        if data is not None:
            top = new or kept[-1]
            found = [*(found if new else found[:-1]), top.version(len(data), current=True)]
        return found[::-1]

    def _unkept(self, kept: list[_Generation], data: bytes) -> _Generation | None:
        """Return the generation that the object's file would become; None if the newest one has the same data."""
        digest = digest_etag(data)
        if kept and kept[-1].digest == digest:
            return None
        return _Generation(_after(kept, self._path.stat().st_mtime_ns), digest)

    def _kept(self) -> list[_Generation]:
        """Return the generations that are kept, oldest first."""
        try:
            names = [path.name for path in self.folder.iterdir()]
        except FileNotFoundError:
            return []
        return sorted(_Generation(int(match[1]), match[2]) for match in map(_NAME.fullmatch, names) if match)

    def _size(self, one: _Generation) -> int:
        try:
            return (self.folder / one.name).stat().st_size
        except FileNotFoundError:
            return 0  # pruned since the directory was read


def _after(kept: list[_Generation], when: int) -> int:
    """Return the time, or the first one after the newest: clocks go back, generations do not."""
    return max(when, kept[-1].time + 1) if kept else when
