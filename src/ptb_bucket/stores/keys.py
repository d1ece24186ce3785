"""Checks of keys and conditions that all stores share."""

from __future__ import annotations

from hashlib import blake2b
from typing import TYPE_CHECKING, Final

from ptb_bucket.errors import LostRaceError, UnsupportedError
from ptb_bucket.stores.base import Create

if TYPE_CHECKING:
    from ptb_bucket.stores.base import Blob, PutMode

__all__ = ["MAX_KEY_BYTES", "check_key", "check_mode", "digest_etag"]

MAX_KEY_BYTES: Final = 1024
"""The longest key in bytes of UTF-8: the limit of S3 and Google Cloud Storage, so every store can be copied there."""


def check_key(key: str) -> None:
    """Refuse a key that no store accepts, before anything is read or written.

    Args:
        key: The key.

    Raises:
        UnsupportedError: The key is empty, is longer than 1,024 bytes of UTF-8, or has a NUL or a lone surrogate.
    """
    if reason := _fault(key):
        raise UnsupportedError(f"{key[:80]!r} is not a valid key: {reason}. Choose another key or prefix.", key=key)


def _fault(key: str) -> str:
    if not key:
        return "it is empty"
    if "\0" in key:
        return "it has a NUL"
    try:
        size = len(key.encode())
    except UnicodeEncodeError:
        return "it has a lone surrogate, which is not a character"
    return f"it has {size} bytes, more than the limit of {MAX_KEY_BYTES}" if size > MAX_KEY_BYTES else ""


def digest_etag(data: bytes) -> str:
    """Return the content's digest. Equal bytes have equal ETags, as on S3."""
    return blake2b(data, digest_size=16).hexdigest()


def check_mode(mode: PutMode, current: Blob | None, key: str) -> None:
    """Compare a put's condition with the current object; the caller holds the lock.

    Args:
        mode: The condition.
        current: The current object, None if there is none.
        key: The key, for the error.

    Raises:
        LostRaceError: The condition does not hold.
    """
    if isinstance(mode, Create):
        if current is not None:
            raise LostRaceError(f"{key!r} already exists.", key=key)
    elif current is None:
        raise LostRaceError(f"{key!r} no longer exists.", key=key)
    elif current.etag != mode.etag:
        raise LostRaceError(f"{key!r} has changed since it was read.", key=key)
