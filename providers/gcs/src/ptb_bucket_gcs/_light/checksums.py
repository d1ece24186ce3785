"""Checksums of what is sent and received. They detect damage in transit, but not tampering."""

from __future__ import annotations

import base64
import hashlib
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping

__all__ = ["checksum_of", "damaged"]


def checksum_of(data: bytes) -> str:
    """Return the MD5 checksum as Google writes it. CRC32C would need another import at each start."""
    return _written(hashlib.md5(data, usedforsecurity=False).digest())


def damaged(data: bytes, headers: Mapping[str, str]) -> bool:
    """Return True if bytes are not those that the server has stored.

    Args:
        data: The bytes that were received.
        headers: The headers of the answer. Servers that state no checksum are trusted.
    """
    if headers.get("x-goog-stored-content-encoding", "identity") != "identity" and "content-encoding" not in headers:
        return False  # stored compressed and served as plain bytes; the checksum is that of the stored bytes
    stated = dict(part.strip().partition("=")[::2] for part in headers.get("x-goog-hash", "").split(","))
    if "md5" in stated:
        return checksum_of(data) != stated["md5"]
    return "crc32c" in stated and _crc32c(data) != stated["crc32c"]


def _crc32c(data: bytes) -> str:
    """Return the checksum of objects that were composed of others, which have no MD5."""
    import google_crc32c  # noqa: PLC0415  ptb-bucket's own objects have an MD5

    return _written(google_crc32c.value(data).to_bytes(4, "big"))


def _written(digest: bytes) -> str:
    return base64.b64encode(digest).decode("ascii")
