"""The parts of a frozen process that last from one event to the next: an event loop and a loaded Application."""

from __future__ import annotations

import asyncio
import logging
import os
import time
import weakref
from typing import TYPE_CHECKING, Any, Final, TypeVar

from ptb_bucket.errors import ConfigurationError, PTBBucketError
from ptb_bucket.serverless.webhook import build_for_webhook, describe_error

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Coroutine

    from ptb_bucket.application import BucketApplication

    AnyApplication = BucketApplication[Any, Any, Any, Any, Any, Any]

__all__ = ["GRACE", "Environment", "Loop", "OutOfTimeError"]

_T = TypeVar("_T")
_LOGGER = logging.getLogger("ptb_bucket.serverless")


GRACE: Final = 0.2
"""The seconds that cancelled work has to end."""

_ABANDONED: Final[list[asyncio.Task[Any]]] = []
"""Tasks that did not end. They are kept, because the garbage collector would wake them once more."""


_LEFT: Final[list[asyncio.AbstractEventLoop | None]] = []
"""Loops of the parent of a forked process. They are kept, because closing them would break the parent's loops."""


class OutOfTimeError(PTBBucketError, TimeoutError):
    """Work took too long. It was cancelled and does not continue."""


class Loop:
    """An event loop that lasts from one event to the next, created at the first use.

    Clients and locks belong to the loop in which they were first used. With a new loop for each event, as
    ``asyncio.run()`` creates, the second event would fail. The loop is closed only to stop work that does not end.
    """

    def __init__(self) -> None:
        self._loop: asyncio.AbstractEventLoop | None = None
        self._end: weakref.finalize[[], Loop] | None = None

    def run(self, work: Coroutine[Any, Any, _T], seconds: float) -> _T:
        """Run work to its end.

        Args:
            work: The coroutine to run.
            seconds: The time limit. After it, the work is cancelled and has :data:`GRACE` seconds to end.

        Returns:
            The result of the work.

        Raises:
            OutOfTimeError: The work took too long, or could not begin because the time was up. It does not continue
                later, even if it ignored its cancellation.
        """
        if seconds <= 0:
            work.close()
            raise OutOfTimeError("The function timed out before the work could start. Increase the function timeout.")
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
            raise OutOfTimeError(
                f"The work was cancelled after {seconds:.1f} seconds, including the time for loading and saving."
            )
        return task.result()

    def close(self) -> None:
        """Close the loop with everything in it. The next use creates another one."""
        if self._end is not None:
            self._end()
        self._loop = self._end = None

    def leave(self) -> None:
        """Drop the loop without closing it: it belongs to the parent process, and both share its kernel objects."""
        if self._end is not None:
            self._end.detach()
        _LEFT.append(self._loop)
        self._loop = self._end = None

    def _here(self) -> asyncio.AbstractEventLoop:
        if self._loop is None:
            self._loop = asyncio.new_event_loop()
            self._end = weakref.finalize(self, self._loop.close)
        return self._loop


class Environment:
    """A holder that keeps a loaded Application for the next event, and discards one that may differ from the bucket.

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
        """Run work with the loaded Application. If it fails, its effects are discarded with the Application.

        Args:
            work: The function to await with the Application.
            until: The deadline for building, loading and working, on the monotonic clock.
            harmless: Returns True for an error of ``work`` that left the Application unchanged, so that it is kept.

        Returns:
            The result of ``work``.

        Raises:
            OutOfTimeError: It took too long.
            Exception: Building, loading or the work raised it.
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

    def close(self) -> None:
        """Close the connections and the loop. The next use begins with a new Application in a new loop."""
        self._discard()
        self._loop.close()

    def _leave_the_other_process(self) -> None:
        """Drop the loop after a fork, because two processes cannot share it and its connections."""
        if self._process != os.getpid():
            self._loop.leave()
            self._process, self._application, self._loaded = os.getpid(), None, False

    def _new(self) -> AnyApplication:
        application = build_for_webhook(self._build)
        if self._discarded is not None and application.persistence is self._discarded():
            raise ConfigurationError(
                "build_application() returned an Application that was already discarded because its changes could not "
                "be saved. Create the Application and its BucketPersistence inside the function."
            )
        self._application = application
        return application

    async def _work(self, application: AnyApplication, work: Callable[[AnyApplication], Awaitable[_T]]) -> _T:
        if not self._loaded:
            await application.initialize()
            self._loaded = True
        return await work(application)

    def _discard(self) -> None:
        """Discard the Application, and the loop if that does not end, so that it writes nothing more."""
        application, self._application, self._loaded = self._application, None, False
        if application is None:
            return
        self._discarded = weakref.ref(application.persistence)
        try:
            self._loop.run(application.discard(), GRACE)
        except Exception as error:  # noqa: BLE001  the event's own error is the one to report
            _LOGGER.warning("Could not close the connections of a discarded Application. %s", describe_error(error))
            self._loop.close()
