"""Amazon S3, and servers that speak its protocol, as a store of ptb-bucket.

Nothing of the SDK is imported before a store sends its first request.
"""

from __future__ import annotations

from ptb_bucket_s3._client import client_config
from ptb_bucket_s3._permissions import PERMISSIONS
from ptb_bucket_s3._settings import Settings
from ptb_bucket_s3._store import S3Store

__all__ = ["PERMISSIONS", "S3Store", "Settings", "client_config"]
