"""Which strings are keys at all, whatever the store."""

from __future__ import annotations

from typing import Final

from ptb_bucket.errors import UnsupportedError

__all__ = ["MAX_KEY_BYTES", "check_key"]

MAX_KEY_BYTES: Final = 1024
"""The longest key in bytes of UTF-8: the limit of S3 and Google Cloud Storage, so that every store can be copied."""


def check_key(key: str) -> None:
    """Refuse what no store takes, before anything is read or written.

    Args:
        key: The key to look at.

    Raises:
        UnsupportedError: It is empty, longer than 1,024 bytes of UTF-8, has a NUL or a lone surrogate.
    """
    if reason := _fault(key):
        raise UnsupportedError(f"{key[:80]!r} cannot be a key: {reason}. Choose another key or prefix.", key=key)


def _fault(key: str) -> str:
    if not key:
        return "it is empty"
    if "\0" in key:
        return "it has a NUL"
    try:
        size = len(key.encode())
    except UnicodeEncodeError:
        return "it has a lone surrogate, which is no character"
    return f"it has {size} bytes, and {MAX_KEY_BYTES} is the limit" if size > MAX_KEY_BYTES else ""
