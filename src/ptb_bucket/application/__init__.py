"""BucketApplication: telegram.ext.Application made right for many instances, and for none that runs all the time."""

from __future__ import annotations

from ptb_bucket.application.application import BucketApplication
from ptb_bucket.application.builder import BucketApplicationBuilder, bucket_application

__all__ = ["BucketApplication", "BucketApplicationBuilder", "bucket_application"]
