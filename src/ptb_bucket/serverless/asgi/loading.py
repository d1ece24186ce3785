"""The application behind an ASGI server: loaded when the server starts, and tried again as long as that fails."""

from __future__ import annotations

import asyncio
import logging
from typing import TYPE_CHECKING, Any

from ptb_bucket.serverless.webhook import build_for_webhook, said_of

if TYPE_CHECKING:
    from collections.abc import Callable

    from ptb_bucket.application import BucketApplication

    AnyApplication = BucketApplication[Any, Any, Any, Any, Any, Any]

__all__ = ["Loader"]

_LOGGER = logging.getLogger("ptb_bucket.serverless")


class Loader:
    """Builds and initializes the application, one try at a time.

    Args:
        build_application: The bot author's function.
    """

    def __init__(self, build_application: Callable[[], Any]) -> None:
        self._build = build_application
        self._try: asyncio.Task[AnyApplication] | None = None
        self.failure: BaseException | None = None

    @property
    def application(self) -> AnyApplication | None:
        """The application, None as long as it is not loaded."""
        return self._try.result() if self._try is not None and _succeeded(self._try) else None

    def begin(self) -> asyncio.Task[AnyApplication]:
        """The try that succeeded or is under way, or else a new one.

        A task of its own, because a request that gives up must not end it for the others.
        """
        if self._try is None or (self._try.done() and not _succeeded(self._try)):
            self._try = asyncio.get_running_loop().create_task(self._load(), name="ptb_bucket load")
            self._try.add_done_callback(self._note)
        return self._try

    async def end(self) -> AnyApplication | None:
        """Let go of the application, or give up the try under way.

        Returns:
            What was loaded; it is the caller's to shut down.
        """
        task, self._try = self._try, None
        if task is None:
            return None
        task.cancel()  # of a try that has ended, this is nothing
        await asyncio.wait({task})
        return task.result() if _succeeded(task) else None

    async def _load(self) -> AnyApplication:
        application = build_for_webhook(self._build)
        try:
            await application.initialize()
        except BaseException:
            await application.discard()
            raise
        return application

    def _note(self, task: asyncio.Task[AnyApplication]) -> None:
        self.failure = None if task.cancelled() else task.exception()
        if self.failure is not None:
            _LOGGER.error("The bot is not loaded and answers 503, the next request tries again: %s",
                          said_of(self.failure))  # fmt: skip


def _succeeded(task: asyncio.Task[Any]) -> bool:
    return task.done() and not task.cancelled() and task.exception() is None
