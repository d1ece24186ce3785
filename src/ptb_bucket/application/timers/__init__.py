"""Timers in the bucket: PTB's JobQueue, made durable."""

from __future__ import annotations

from ptb_bucket.application.timers.callbacks import JobCallback
from ptb_bucket.application.timers.job import BucketJob
from ptb_bucket.application.timers.job_kwargs import JobArguments, is_for_process
from ptb_bucket.application.timers.retry import JobRetry
from ptb_bucket.application.timers.service import BucketTimers
from ptb_bucket.application.timers.ticker import Ticked
from ptb_bucket.application.timers.timeouts import is_durable
from ptb_bucket.application.timers.work import Drive

__all__ = [
    "BucketJob",
    "BucketTimers",
    "Drive",
    "JobArguments",
    "JobCallback",
    "JobRetry",
    "Ticked",
    "is_durable",
    "is_for_process",
]
