"""What stays in a frozen process from one event to the next: an event loop and, while all goes well, an Application."""

from __future__ import annotations

import logging
import os
import time
import weakref
from typing import TYPE_CHECKING, Any, TypeVar

from ptb_bucket.errors import ConfigurationError
from ptb_bucket.serverless._loop import GRACE, Loop
from ptb_bucket.serverless._webhook import build_for_webhook, said_of

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    from ptb_bucket.application import BucketApplication

    AnyApplication = BucketApplication[Any, Any, Any, Any, Any, Any]

__all__ = ["Environment"]

_T = TypeVar("_T")
_LOGGER = logging.getLogger("ptb_bucket.serverless")


class Environment:
    """Keeps a loaded Application for the next event, and lets go of one whose memory may not be what the bucket holds.

    Args:
        build_application: The bot author's function.
    """

    def __init__(self, build_application: Callable[[], Any]) -> None:
        self._build = build_application
        self._loop = Loop()
        self._application: AnyApplication | None = None
        self._loaded = False
        self._discarded: weakref.ref[Any] | None = None
        self._process = os.getpid()

    def run(
        self, work: Callable[[AnyApplication], Awaitable[_T]], until: float, harmless: Callable[[Exception], bool]
    ) -> _T:
        """Do something with the loaded Application. If that fails, it did not happen: the next event gets a new one.

        Args:
            work: What to do.
            until: The end of the time for building, loading and it, on the monotonic clock.
            harmless: Tells of an error of ``work`` whether it left the Application as it was, for the next event.

        Returns:
            What it returned.

        Raises:
            OutOfTimeError: It took too long.
            Exception: What building, loading or the work raised.
        """
        self._leave_the_other_process()
        kept = False
        try:
            application = self._application or self._new()
            result = self._loop.run(self._work(application, work), until - time.monotonic())
            kept = True
        except Exception as error:
            kept = self._loaded and harmless(error)
            raise
        finally:
            if not kept:
                self._discard()
        return result

    def _leave_the_other_process(self) -> None:
        """After a fork: a loop and its connections cannot be shared by two processes."""
        if self._process != os.getpid():
            self._loop.leave()
            self._process, self._application, self._loaded = os.getpid(), None, False

    def _new(self) -> AnyApplication:
        application = build_for_webhook(self._build)
        if self._discarded is not None and application.persistence is self._discarded():
            raise ConfigurationError(
                "build_application() returned what it had returned before, which was discarded because it was not "
                "saved. Make the Application and its BucketPersistence inside the function."
            )
        self._application = application
        return application

    async def _work(self, application: AnyApplication, work: Callable[[AnyApplication], Awaitable[_T]]) -> _T:
        if not self._loaded:
            await application.initialize()
            self._loaded = True
        return await work(application)

    def _discard(self) -> None:
        """Forget the Application, and give up the loop if that does not end: nothing of it may be written any more."""
        application, self._application, self._loaded = self._application, None, False
        if application is None:
            return
        self._discarded = weakref.ref(application.persistence)
        try:
            self._loop.run(application.discard(), GRACE)
        except Exception as error:  # noqa: BLE001  the event's own error is the one to tell
            _LOGGER.warning("Connections of a discarded Application were not closed: %s", said_of(error))
            self._loop.close()
