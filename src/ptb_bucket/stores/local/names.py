"""Mapping of keys to paths of a directory tree: reversible, without collisions, the same on every file system.

``state.json`` stays ``state.json``, and ``a/b`` becomes ``a.d/b``: with the suffix, ``a`` and ``a/b`` can exist side by
side. Upper-case letters and characters beyond ASCII are escaped, because some file systems do not distinguish ``A``
from ``a``, or two spellings of ``é``.
"""

from __future__ import annotations

import errno
import os
import re
from datetime import datetime, timezone
from typing import TYPE_CHECKING, Final
from urllib.parse import unquote_to_bytes

from ptb_bucket.errors import UnsupportedError
from ptb_bucket.stores.base import BlobInfo

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

__all__ = ["directory_segment", "file_segment", "refuse_links", "relative_path", "scan"]

_SAFE: Final = frozenset(b"abcdefghijklmnopqrstuvwxyz0123456789-_.!@#$^&()+=,;'[]{} ")
_DEVICE: Final = re.compile(r"(con|prn|aux|nul|com[0-9]|lpt[0-9]|conin\$|conout\$) *(\.|$)")
_SUFFIX: Final = ".d"
_EMPTY: Final = "%"
"""The name of an empty segment. No escape is a bare percent sign."""
_MAX_NAME: Final = 255
"""The number of bytes that common file systems allow in a name."""


def relative_path(key: str) -> str:
    """Return the path for a key, with ``/`` between its parts.

    Raises:
        UnsupportedError: A part of the path would be too long for a file system.
    """
    *directories, file = key.split("/")
    names = [*(_escape(segment) + _SUFFIX for segment in directories), _file_name(file)]
    if longest := max(filter(lambda name: len(name) > _MAX_NAME, names), key=len, default=""):
        raise UnsupportedError(
            f"The key {key[:80]!r} needs a file name of {len(longest)} bytes, which exceeds the limit of "
            f"{_MAX_NAME}. Use shorter path segments.",
            key=key,
        )
    return "/".join(names)


def file_segment(name: str) -> str | None:
    """Return the last segment of the key of a file name; None if the store did not create the name."""
    segment = _unescape(name)
    return segment if segment is not None and _file_name(segment) == name else None


def directory_segment(name: str) -> str | None:
    """Return the key segment of a directory name; None if the store did not create the name."""
    segment = _unescape(name.removesuffix(_SUFFIX))
    return segment if segment is not None and _escape(segment) + _SUFFIX == name else None


def _file_name(segment: str) -> str:
    name = _escape(segment)
    return name[:-1] + _percent(name[-1]) if name.endswith(_SUFFIX) else name


def _escape(segment: str) -> str:
    if not segment:
        return _EMPTY
    name = "".join(chr(byte) if byte in _SAFE else f"%{byte:02X}" for byte in segment.encode())
    # The store's own files start with a dot. Windows drops trailing dots and spaces, and reserves names of devices.
    if name.startswith(".") or _DEVICE.match(name):
        name = _percent(name[0]) + name[1:]
    return name[:-1] + _percent(name[-1]) if name[-1] in ". " else name


def _percent(character: str) -> str:
    return f"%{ord(character):02X}"


def _unescape(name: str) -> str | None:
    try:
        return "" if name == _EMPTY else unquote_to_bytes(name).decode()
    except UnicodeError:
        return None


def scan(root: Path, prefix: str) -> Iterator[BlobInfo]:
    """Iterate over the objects below a directory whose keys start with a prefix, in no particular order.

    Files that no key maps to are ignored. A missing directory is empty.

    Args:
        root: The directory.
        prefix: The start of the keys.

    Raises:
        OSError: Something could not be read, or a link is in the place of an object.
    """
    # A list instead of recursion: a key can have more slashes than Python's stack is deep.
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
            found = entry.stat(follow_symlinks=False)
            yield BlobInfo(key, found.st_size, datetime.fromtimestamp(found.st_mtime, timezone.utc))
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
        raise OSError(errno.ELOOP, "Is a symbolic link", os.fspath(path))
