"""A store of ptb-bucket for Amazon S3, and for servers that speak its protocol.

The SDK is not imported before a store sends its first request.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from ptb_bucket_s3._permissions import PERMISSIONS
from ptb_bucket_s3._settings import Settings
from ptb_bucket_s3._store import S3Store

if TYPE_CHECKING:
    from ptb_bucket_s3._sdk import client_config

__all__ = ["PERMISSIONS", "S3Store", "Settings", "client_config"]


def __getattr__(name: str) -> Any:
    """Import what only the full client needs when it is first used (PEP 562)."""
    if name != "client_config":
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    from ptb_bucket_s3._sdk import client_config  # noqa: PLC0415  only where it is used

    return client_config
