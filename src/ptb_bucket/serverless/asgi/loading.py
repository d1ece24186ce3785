"""Loading of the application behind an ASGI server, at the start of the server and again after each failure."""

from __future__ import annotations

import asyncio
import logging
from typing import TYPE_CHECKING, Any

from ptb_bucket.errors import ConfigurationError
from ptb_bucket.serverless.webhook import build_for_webhook, describe_error

if TYPE_CHECKING:
    from collections.abc import Callable

    from ptb_bucket.application import BucketApplication

    AnyApplication = BucketApplication[Any, Any, Any, Any, Any, Any]

__all__ = ["Loader"]

_LOGGER = logging.getLogger("ptb_bucket.serverless")


class Loader:
    """A loader that builds and initializes the application, one attempt at a time.

    Args:
        build_application: The bot author's function.
        ticks: The server runs the jobs of the bucket, so the application must have some.
    """

    def __init__(self, build_application: Callable[[], Any], *, ticks: bool = False) -> None:
        self._build, self._ticks = build_application, ticks
        self._try: asyncio.Task[AnyApplication] | None = None
        self.failure: BaseException | None = None

    @property
    def application(self) -> AnyApplication | None:
        """Return the application, None until it is loaded."""
        return self._try.result() if self._try is not None and _succeeded(self._try) else None

    def begin(self) -> asyncio.Task[AnyApplication]:
        """Return the attempt that succeeded or is running, or start a new one.

        It is a separate task, because a request that gives up must not cancel it for the others.
        """
        if self._try is None or (self._try.done() and not _succeeded(self._try)):
            self._try = asyncio.get_running_loop().create_task(self._load(), name="ptb_bucket load")
            self._try.add_done_callback(self._note)
        return self._try

    async def end(self) -> AnyApplication | None:
        """Release the application, or cancel the running attempt.

        Returns:
            The application if it was loaded; the caller shuts it down.
        """
        task, self._try = self._try, None
        if task is None:
            return None
        task.cancel()  # has no effect on an attempt that has ended
        await asyncio.wait({task})
        return task.result() if _succeeded(task) else None

    async def _load(self) -> AnyApplication:
        application = build_for_webhook(self._build)
        if self._ticks and application.jobs != "bucket":
            raise ConfigurationError(
                "asgi_webhook(..., tick=...) runs jobs from the bucket, but this application keeps none there. Build "
                "it with bucket_application(..., jobs='bucket', callbacks=[...]), or remove tick."
            )
        try:
            await application.initialize()
        except BaseException:
            await application.discard()
            raise
        return application

    def _note(self, task: asyncio.Task[AnyApplication]) -> None:
        self.failure = None if task.cancelled() else task.exception()
        if self.failure is not None:
            _LOGGER.error(
                "Could not load the bot. Returning 503 and retrying on the next request. %s",
                describe_error(self.failure),
            )


def _succeeded(task: asyncio.Task[Any]) -> bool:
    return task.done() and not task.cancelled() and task.exception() is None
