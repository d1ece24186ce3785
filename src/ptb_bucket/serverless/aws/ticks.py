"""The events that ask for the jobs that are due."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, Final

from ptb_bucket.errors import ConfigurationError
from ptb_bucket.serverless.ticks import run_due_jobs

if TYPE_CHECKING:
    from ptb_bucket.application import BucketApplication

    AnyApplication = BucketApplication[Any, Any, Any, Any, Any, Any]

__all__ = ["TICK", "is_tick", "tick"]

TICK: Final = {"ptb-bucket": "tick"}
"""The event that a schedule sends to have due jobs run; ``on_timer`` gets all others."""


def is_tick(event: Any) -> bool:
    """Tell whether an event asks for the jobs that are due."""
    return isinstance(event, Mapping) and event.get("ptb-bucket") == TICK["ptb-bucket"]


async def tick(application: AnyApplication, until: float) -> None:
    """Run the jobs that are due. See :func:`run_due_jobs`.

    Raises:
        ConfigurationError: The application keeps no jobs in the bucket.
        PTBBucketError: The bucket could not be read or written. The jobs that did not run stay due.
    """
    if application.jobs != "bucket":
        raise ConfigurationError(
            "The event is not an HTTP request. To run jobs on this event, build the application with jobs='bucket'. To "
            "handle timer events yourself, pass a function: lambda_webhook(build_application, on_timer=...). "
            "Otherwise, remove the trigger that sent the event."
        )
    await run_due_jobs(application, until)
