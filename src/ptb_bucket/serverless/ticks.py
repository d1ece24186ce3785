"""Ticks: requests and events that ask for the jobs that are due."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Any, Final

from ptb_bucket.errors import UnreadableRecordError

if TYPE_CHECKING:
    from ptb_bucket.application import BucketApplication
    from ptb_bucket.application.timers import Ticked

    AnyApplication = BucketApplication[Any, Any, Any, Any, Any, Any]

__all__ = ["run_due_jobs"]

SHARE: Final = 0.6
"""The share of the time that is left in which jobs begin. The rest is for them to end, and to be saved."""


async def run_due_jobs(application: AnyApplication, until: float) -> Ticked:
    """Run the jobs that are due.

    Args:
        application: The loaded Application.
        until: The end of the time for it, on the monotonic clock.

    Returns:
        How many jobs ran, and whether some were left to the next tick.

    Raises:
        ConfigurationError: The application keeps no jobs in the bucket.
        PTBBucketError: The bucket could not be read or written. The jobs that did not run stay due.
    """
    ticked = await application.tick(max(0.0, until - time.monotonic()) * SHARE)
    for error in ticked.errors:
        if not isinstance(error, UnreadableRecordError):  # a repeated tick would not change that one
            raise error
    return ticked
