"""The one event loop of a process that is frozen between two events."""

from __future__ import annotations

import asyncio
import weakref
from typing import TYPE_CHECKING, Any, Final, TypeVar

from ptb_bucket.errors import PTBBucketError

if TYPE_CHECKING:
    from collections.abc import Coroutine

__all__ = ["GRACE", "Loop", "OutOfTimeError"]

_T = TypeVar("_T")

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
