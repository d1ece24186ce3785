"""A store of ptb-bucket for Amazon S3, and for servers that speak its protocol.

The SDK is not imported before a store sends its first request.
"""

from __future__ import annotations

from ptb_bucket_s3._permissions import PERMISSIONS
from ptb_bucket_s3._sdk import client_config
from ptb_bucket_s3._settings import Settings
from ptb_bucket_s3._store import S3Store

__all__ = ["PERMISSIONS", "S3Store", "Settings", "client_config"]
