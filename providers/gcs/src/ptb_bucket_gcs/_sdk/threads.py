"""A pool of threads for a store's calls, each with a time limit."""

from __future__ import annotations

import asyncio
import contextvars
import threading
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING, Final, Protocol, TypeVar

if TYPE_CHECKING:
    from collections.abc import Callable

__all__ = ["THREADS", "Call", "Cuttable", "Threads", "current_call"]

THREADS: Final = 8
"""The number of calls of a store that run at once; fewer than the connections that the client keeps."""

_T = TypeVar("_T")


class Cuttable(Protocol):
    """A connection that another thread can make fail."""

    def cut(self, call: Call) -> None:
        """Cut the connection if this call is waiting for it."""


class Answer(Protocol):
    """An answer that may have been read only in part."""

    def close(self) -> None:
        """Return the connection to the pool, or close it if more bytes are on the way."""


class Call:
    """A call in a thread, which can be stopped only by cutting the connection for which it waits.

    Args:
        seconds: The time limit for the whole call.
    """

    def __init__(self, seconds: float) -> None:
        self.seconds = seconds
        self._lock = threading.Lock()
        self._given_up = False
        self._connection: Cuttable | None = None
        self.answers: list[Answer] = []

    def uses(self, connection: Cuttable) -> None:
        """Set the connection for which the call waits.

        Raises:
            OSError: The call was given up, so nothing may be sent.
        """
        with self._lock:
            self._connection = connection
            if self._given_up:
                raise OSError("The request was cancelled before it was sent")

    def give_up(self) -> None:
        """Make the thread end soon, for any behaviour of the server."""
        with self._lock:
            self._given_up = True
            if self._connection is not None:
                self._connection.cut(self)

    def ended(self) -> None:
        """Release the connection, which others may use from now on."""
        with self._lock:
            self._connection = None
        # After a 401, Google's session leaves the answer and its socket to the garbage collector.
        while self.answers:
            # Drop them too: an answer refers to its pool, which is closed with its last reference.
            self.answers.pop().close()


current_call: Final[contextvars.ContextVar[Call | None]] = contextvars.ContextVar("current_call", default=None)


class Threads:
    """A bounded pool that starts its threads when they are needed."""

    def __init__(self) -> None:
        self._pool = ThreadPoolExecutor(THREADS, thread_name_prefix="ptb-bucket-gcs")

    async def run(self, function: Callable[[], _T], seconds: float) -> _T:
        """Run a function in a thread. The time spent waiting for a thread counts.

        Raises:
            TimeoutError: It took too long and was cut short. Its outcome is unknown.
        """
        call = Call(seconds)
        future = asyncio.get_running_loop().run_in_executor(self._pool, _calling, call, function)
        try:
            # Neither wait_for, which can lose a cancellation, nor asyncio.timeout, which Python 3.10 does not have.
            await asyncio.wait({future}, timeout=seconds)
            if not future.done():
                raise TimeoutError
            return future.result()
        finally:
            if not future.done():
                future.cancel()
                call.give_up()

    def end(self) -> None:
        """Wait for running calls, and end the threads."""
        self._pool.shutdown()


def _calling(call: Call, function: Callable[[], _T]) -> _T:
    token = current_call.set(call)
    try:
        return function()
    finally:
        current_call.reset(token)
        call.ended()
