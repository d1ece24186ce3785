"""A record's id as a part of a key: reversible, and short enough for every store and file system."""

from __future__ import annotations

import re
from hashlib import sha256
from typing import Final

__all__ = ["escaped", "is_name"]

# Lower case only: some file systems do not tell "A" from "a". No dot: the codec's extension follows.
_PLAIN: Final = frozenset(b"abcdefghijklmnopqrstuvwxyz0123456789_,-")
_EMPTY: Final = "="
_LONG: Final = "=="
_LONGEST: Final = 200
"""Characters of one name; file systems allow 255 bytes, extension included."""


def escaped(text: str) -> str:
    """Return the name for an id. One that would be too long is named by its digest: then only the document tells it."""
    name = "".join(chr(byte) if byte in _PLAIN else f"={byte:02x}" for byte in text.encode()) or _EMPTY
    return name if len(name) <= _LONGEST else _LONG + sha256(text.encode()).hexdigest()


def is_name(name: str) -> bool:
    """Return whether :func:`escaped` makes such names."""
    if name.startswith(_LONG):
        return re.fullmatch("[0-9a-f]{64}", name[len(_LONG) :]) is not None
    try:
        return escaped(_text(name)) == name
    except UnicodeDecodeError:
        return False


def _text(name: str) -> str:
    """The id that a name stands for, if it is one of ours; the caller compares."""
    if name == _EMPTY:
        return ""
    found = re.sub(rb"=([0-9a-f]{2})", lambda match: bytes.fromhex(match[1].decode()), name.encode())
    return found.decode()
