"""What stays in a frozen process from one event to the next: an event loop and, while all goes well, an Application."""

from __future__ import annotations

import logging
import os
import time
import weakref
from typing import TYPE_CHECKING, Any, TypeVar
from ptb_bucket.errors import ConfigurationError
from ptb_bucket.serverless.webhook import build_for_webhook, said_of
import asyncio
from typing import TYPE_CHECKING, Any, Final, TypeVar
from ptb_bucket.errors import PTBBucketError

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    from ptb_bucket.application import BucketApplication

    AnyApplication = BucketApplication[Any, Any, Any, Any, Any, Any]
    from collections.abc import Coroutine

__all__ = ["Environment", "GRACE", "Loop", "OutOfTimeError"]

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


GRACE: Final = 0.2
"""Seconds in which work that was cancelled has to end."""

_ABANDONED: Final[list[asyncio.Task[Any]]] = []
"""Tasks that did not end. Kept, because the garbage collector would wake them once more."""


_LEFT: Final[list[asyncio.AbstractEventLoop | None]] = []
"""Loops of the process that this one was forked from. Kept, because closing them would deafen that process's."""


class OutOfTimeError(PTBBucketError, TimeoutError):
    """Something took longer than it may. It was cancelled and does not go on."""


class Loop:
    """Runs work in one event loop, made at the first use.

    Clients and locks belong to the loop that they were first used in; that is why a fresh loop for each event, which
    ``asyncio.run()`` would be, fails at the second one. A loop is given up only together with work in it that cannot be
    stopped otherwise.
    """

    def __init__(self) -> None:
        self._loop: asyncio.AbstractEventLoop | None = None
        self._end: weakref.finalize[[], Loop] | None = None

    def run(self, work: Coroutine[Any, Any, _T], seconds: float) -> _T:
        """Run something to its end, and nothing after it.

        Args:
            work: What to run.
            seconds: How long it may take; then it is cancelled and has :data:`GRACE` seconds to end.

        Returns:
            What it returned.

        Raises:
            OutOfTimeError: It took too long, or there was no time to begin. It does not go on later, even if it did not
                heed that it was cancelled.
        """
        if seconds <= 0:
            work.close()
            raise OutOfTimeError("There was no time to begin. Give the function a longer timeout.")
        loop = self._here()
        task = loop.create_task(work)
        loop.run_until_complete(asyncio.wait({task}, timeout=seconds))
        if not task.done():
            task.cancel()
            loop.run_until_complete(asyncio.wait({task}, timeout=GRACE))
        if not task.done():
            _ABANDONED.append(task)
            self.close()
        if not task.done() or task.cancelled():
            raise OutOfTimeError(f"Cancelled; there were {seconds:.1f} seconds, with loading and saving.")
        return task.result()

    def close(self) -> None:
        """Give the loop up, with all that is in it. The next use makes another one."""
        if self._end is not None:
            self._end()
        self._loop = self._end = None

    def leave(self) -> None:
        """Never touch it again: it is another process's, which shares the kernel's side of it with this one."""
        if self._end is not None:
            self._end.detach()
        _LEFT.append(self._loop)
        self._loop = self._end = None

    def _here(self) -> asyncio.AbstractEventLoop:
        if self._loop is None:
            self._loop = asyncio.new_event_loop()
            self._end = weakref.finalize(self, self._loop.close)
        return self._loop
