"""What a bucket's settings mean for a bot."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ptb_bucket.errors import StoreError
from ptb_bucket.stores import Finding

if TYPE_CHECKING:
    from collections.abc import Sequence

    from google.cloud import storage

__all__ = ["findings"]


def findings(bucket: storage.Bucket | StoreError) -> Sequence[Finding]:
    """Judge a bucket's settings, or say why they could not be read, which takes storage.buckets.get."""
    if isinstance(bucket, StoreError):
        # A bot works without; whether it may use the bucket, its reads and writes tell.
        return (Finding("bucket settings", ok=True, detail=f"not looked at: {bucket}"),)
    access = bucket.iam_configuration.uniform_bucket_level_access_enabled
    update = f"gcloud storage buckets update gs://{bucket.name}"
    versions = bucket.versioning_enabled
    return (
        Finding("versioning", ok=True, detail="on" if versions else f"off; for old states: {update} --versioning"),
        Finding(
            "uniform access",
            ok=bool(access),
            detail="on" if access else f"off: single objects can be public; {update} --uniform-bucket-level-access",
        ),
        _replaceable(bucket),
    )


def _replaceable(bucket: storage.Bucket) -> Finding:
    held = bool(bucket.retention_period or bucket.default_event_based_hold)
    detail = "a retention policy or hold forbids it: a bot cannot save here" if held else "objects can be replaced"
    return Finding("retention", ok=not held, detail=detail)
