"""Ticks: events that ask for the jobs that are due."""

from __future__ import annotations

import time
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, Final

from ptb_bucket.errors import ConfigurationError, UnreadableRecordError

if TYPE_CHECKING:
    from ptb_bucket.application import BucketApplication

    AnyApplication = BucketApplication[Any, Any, Any, Any, Any, Any]

__all__ = ["TICK", "is_tick", "run_due_jobs"]

TICK: Final = {"ptb-bucket": "tick"}
"""The event that a schedule sends to have due jobs run; ``on_timer`` gets all others."""
SHARE: Final = 0.6
"""The share of the time that is left in which jobs begin. The rest is for them to end, and to be saved."""


def is_tick(event: Any) -> bool:
    """Tell whether an event asks for the jobs that are due."""
    return isinstance(event, Mapping) and event.get("ptb-bucket") == TICK["ptb-bucket"]


async def run_due_jobs(application: AnyApplication, until: float) -> None:
    """Run the jobs that are due.

    Args:
        application: The loaded Application.
        until: The end of the time for it, on the monotonic clock.

    Raises:
        ConfigurationError: The application keeps no jobs in the bucket.
        PTBBucketError: The bucket could not be read or written. The jobs that did not run stay due.
    """
    if application.jobs != "bucket":
        raise ConfigurationError(
            "The event is not an HTTP request. To run jobs at it, build the application with jobs='bucket'. To handle "
            "timer events yourself, pass a function: lambda_webhook(build_application, on_timer=...). Otherwise, "
            "remove the trigger that sent the event."
        )
    ticked = await application.tick(max(0.0, until - time.monotonic()) * SHARE)
    for error in ticked.errors:
        if not isinstance(error, UnreadableRecordError):  # a repeated event would not change that one
            raise error
