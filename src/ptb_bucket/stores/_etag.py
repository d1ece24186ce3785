"""ETags of the stores that have no server to make them."""

from __future__ import annotations

from hashlib import blake2b
from typing import TYPE_CHECKING

from ptb_bucket.errors import LostRaceError
from ptb_bucket.stores._contract import Create

if TYPE_CHECKING:
    from ptb_bucket.stores._contract import Blob, PutMode

__all__ = ["check_mode", "digest_etag"]


def digest_etag(data: bytes) -> str:
    """Return the content's digest. Equal bytes have equal ETags, as on S3."""
    return blake2b(data, digest_size=16).hexdigest()


def check_mode(mode: PutMode, current: Blob | None, key: str) -> None:
    """Compare a put's condition with the object as it is; the caller holds the lock.

    Args:
        mode: The condition.
        current: The object as it is, None if there is none.
        key: For the error.

    Raises:
        LostRaceError: The condition does not hold.
    """
    if isinstance(mode, Create):
        if current is not None:
            raise LostRaceError(f"{key!r} exists already", key=key)
    elif current is None:
        raise LostRaceError(f"{key!r} is gone", key=key)
    elif current.etag != mode.etag:
        raise LostRaceError(f"{key!r} has changed", key=key)
