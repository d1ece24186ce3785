"""The body of an upload in one request: an object's properties, and its bytes."""

from __future__ import annotations

import json
import os
from typing import Final

from ptb_bucket_gcs._light.checksums import checksum_of

__all__ = ["multipart"]

_CACHING: Final = "no-store"
"""Otherwise a public bucket serves states that are an hour old."""


def multipart(key: str, data: bytes) -> tuple[str, bytes]:
    """Return the content type and the body of an upload.

    Args:
        key: The object's key.
        data: Its bytes. Google rejects them if they were damaged in transit.

    Source: Cloud Storage documentation, "Multipart uploads".
    """
    boundary = os.urandom(16).hex()
    properties = {
        "name": key,
        "contentType": "application/octet-stream",
        "cacheControl": _CACHING,
        "md5Hash": checksum_of(data),
    }
    parts = (
        f"--{boundary}\r\ncontent-type: application/json; charset=UTF-8\r\n\r\n".encode(),
        json.dumps(properties).encode(),
        f"\r\n--{boundary}\r\ncontent-type: application/octet-stream\r\n\r\n".encode(),
        data,
        f"\r\n--{boundary}--".encode(),
    )
    return f'multipart/related; boundary="{boundary}"', b"".join(parts)
