"""Walking a store's directory."""

from __future__ import annotations

import errno
import os
from typing import TYPE_CHECKING

from ptb_bucket.stores._contract import BlobInfo
from ptb_bucket.stores._names import directory_segment, file_segment

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

__all__ = ["refuse_links", "scan"]


def scan(root: Path, prefix: str) -> Iterator[BlobInfo]:
    """Yield the objects below a directory whose keys start with a prefix, in no order.

    Files that no key leads to are somebody else's and left alone. A directory that does not exist is empty.

    Args:
        root: Where to look.
        prefix: What keys have to start with.

    Raises:
        OSError: Something there could not be read, or a link stands where an object would.
    """
    # A list and no recursion: a key can have more slashes than Python has stack.
    waiting: list[tuple[str | Path, str]] = [(root, "")]
    while waiting:
        directory, above = waiting.pop()
        for entry in _entries(directory):
            if (segment := directory_segment(entry.name)) is not None:
                key = f"{above}{segment}/"
                if key.startswith(prefix) or prefix.startswith(key):
                    _refuse_link(entry)
                    waiting.append((entry.path, key))
            elif (segment := file_segment(entry.name)) is not None and (above + segment).startswith(prefix):
                _refuse_link(entry)
                yield from _file(entry, above + segment)


def _entries(directory: str | Path) -> list[os.DirEntry[str]]:
    try:
        with os.scandir(directory) as entries:
            return list(entries)
    except FileNotFoundError:
        return []


def _file(entry: os.DirEntry[str], key: str) -> Iterator[BlobInfo]:
    try:
        if entry.is_file(follow_symlinks=False):
            yield BlobInfo(key, entry.stat(follow_symlinks=False).st_size)
    except FileNotFoundError:
        return  # deleted since the directory was read


def refuse_links(root: Path, path: Path) -> None:
    """Refuse a path that passes through, or ends in, a link below the root.

    Raises:
        OSError: ``ELOOP``.
    """
    while path != root:
        _refuse_link(path)
        path = path.parent


def _refuse_link(path: Path | os.DirEntry[str]) -> None:
    if path.is_symlink():
        raise OSError(errno.ELOOP, "Is a link", os.fspath(path))
