"""BucketApplication: telegram.ext.Application made right for many instances, and for none that runs all the time."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ptb_bucket._lazy import lazy_exports
from ptb_bucket.application.application import BucketApplication
from ptb_bucket.application.builder import BucketApplicationBuilder, bucket_application

if TYPE_CHECKING:
    from ptb_bucket.application.timers import JobCallback, JobRetry

__all__ = ["BucketApplication", "BucketApplicationBuilder", "JobCallback", "JobRetry", "bucket_application"]

__getattr__ = lazy_exports(__name__, {"ptb_bucket.application.timers": ("JobCallback", "JobRetry")})
