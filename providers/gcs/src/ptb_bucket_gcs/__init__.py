"""Google Cloud Storage for ptb-bucket: ``gs://bucket/prefix``."""

from __future__ import annotations

from ptb_bucket_gcs._options import Options
from ptb_bucket_gcs._permissions import PERMISSIONS
from ptb_bucket_gcs._store import GcsStore

__all__ = ["PERMISSIONS", "GcsStore", "Options"]
