"""Keys as paths of a directory tree: reversible, without collisions, the same on every file system.

``state.json`` stays ``state.json`` and ``a/b`` becomes ``a.d/b``: the suffix lets ``a`` and ``a/b`` live side by side.
Upper-case letters and everything beyond ASCII are escaped too: some file systems do not tell ``A`` from ``a``, or two
spellings of ``é`` from each other.
"""

from __future__ import annotations

import re
from typing import Final
from urllib.parse import unquote_to_bytes
from ptb_bucket.errors import UnsupportedError
import errno
import os
from typing import TYPE_CHECKING
from ptb_bucket.stores.base import BlobInfo

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

__all__ = ["directory_segment", "file_segment", "refuse_links", "relative_path", "scan"]

_SAFE: Final = frozenset(b"abcdefghijklmnopqrstuvwxyz0123456789-_.!@#$^&()+=,;'[]{} ")
_DEVICE: Final = re.compile(r"(con|prn|aux|nul|com[0-9]|lpt[0-9]|conin\$|conout\$) *(\.|$)")
_SUFFIX: Final = ".d"
_EMPTY: Final = "%"
"""The name of an empty segment; no escape is a bare percent sign."""
_MAX_NAME: Final = 255
"""Bytes that common file systems allow in one name."""


def relative_path(key: str) -> str:
    """Return the path for a key, with ``/`` between its parts.

    Raises:
        UnsupportedError: A part of it would be too long for a file system.
    """
    *directories, file = key.split("/")
    names = [*(_escape(segment) + _SUFFIX for segment in directories), _file_name(file)]
    if longest := max(filter(lambda name: len(name) > _MAX_NAME, names), key=len, default=""):
        raise UnsupportedError(
            f"The key {key[:80]!r} needs a file name of {len(longest)} bytes, and {_MAX_NAME} is the limit. "
            f"Use shorter parts between slashes.",
            key=key,
        )
    return "/".join(names)


def file_segment(name: str) -> str | None:
    """Return the last segment of a key that a file's name stands for; None if it is not one of ours."""
    segment = _unescape(name)
    return segment if segment is not None and _file_name(segment) == name else None


def directory_segment(name: str) -> str | None:
    """Return the segment of a key that a directory's name stands for; None if it is not one of ours."""
    segment = _unescape(name.removesuffix(_SUFFIX))
    return segment if segment is not None and _escape(segment) + _SUFFIX == name else None


def _file_name(segment: str) -> str:
    name = _escape(segment)
    return name[:-1] + _percent(name[-1]) if name.endswith(_SUFFIX) else name


def _escape(segment: str) -> str:
    if not segment:
        return _EMPTY
    name = "".join(chr(byte) if byte in _SAFE else f"%{byte:02X}" for byte in segment.encode())
    # A leading dot is for the store's own files; Windows drops trailing dots and spaces and keeps names of devices.
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
