"""Checks of a bucket's settings."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ptb_bucket.errors import StoreError
from ptb_bucket.stores import Finding

if TYPE_CHECKING:
    from collections.abc import Sequence

    from ptb_bucket_gcs._requests import BucketSettings

__all__ = ["findings"]


def findings(bucket: BucketSettings | StoreError) -> Sequence[Finding]:
    """Check a bucket's settings, or report why they could not be read, which needs storage.buckets.get."""
    if isinstance(bucket, StoreError):
        # A bot works without them; its reads and writes show if it may use the bucket.
        return (Finding("bucket settings", ok=True, detail=f"The bucket settings could not be read. {bucket}"),)
    update = f"gcloud storage buckets update gs://{bucket.name}"
    return (
        Finding(
            "versioning",
            ok=True,
            detail="on" if bucket.versioning else f"off. To keep old states, run: {update} --versioning",
        ),
        Finding(
            "uniform access",
            ok=bucket.uniform_access,
            detail="on"
            if bucket.uniform_access
            else f"off: individual objects can be public. Run: {update} --uniform-bucket-level-access",
        ),
        _replaceable(bucket),
    )


def _replaceable(bucket: BucketSettings) -> Finding:
    detail = (
        "A retention policy or a hold prevents overwrites, so a bot can't save its state"
        if bucket.held
        else "objects can be replaced"
    )
    return Finding("retention", ok=not bucket.held, detail=detail)
