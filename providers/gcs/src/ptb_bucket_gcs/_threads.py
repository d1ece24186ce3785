"""A few threads of the store's own, and an end to every call that runs in one."""

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
"""So many calls of one store run at once; fewer than the client keeps connections."""

_T = TypeVar("_T")


class Cuttable(Protocol):
    """A connection that another thread can make fail."""

    def cut(self, call: Call) -> None:
        """Let this call see its end, if it is the one that waits."""


class Answer(Protocol):
    """An answer that somebody may have dropped half read."""

    def close(self) -> None:
        """Give its connection back, or close it where something is still on its way."""


class Call:
    """One call in a thread, which nobody can stop but by cutting what it waits for.

    Args:
        seconds: How long it may take in all.
    """

    def __init__(self, seconds: float) -> None:
        self.seconds = seconds
        self._lock = threading.Lock()
        self._given_up = False
        self._connection: Cuttable | None = None
        self.answers: list[Answer] = []

    def uses(self, connection: Cuttable) -> None:
        """Remember what it waits for.

        Raises:
            OSError: Nobody waits for the call any more; nothing shall be sent.
        """
        with self._lock:
            self._connection = connection
            if self._given_up:
                raise OSError("given up before it was sent")

    def give_up(self) -> None:
        """Let its thread go soon, whatever the server does."""
        with self._lock:
            self._given_up = True
            if self._connection is not None:
                self._connection.cut(self)

    def ended(self) -> None:
        """Forget the connection, which others may use from now on."""
        with self._lock:
            self._connection = None
        # After a 401, Google's session leaves the answer to the collector, and a socket with it.
        while self.answers:
            # Forgotten, too: an answer knows its pool, which is closed when nobody else does.
            self.answers.pop().close()


current_call: Final[contextvars.ContextVar[Call | None]] = contextvars.ContextVar("current_call", default=None)


class Threads:
    """A bounded pool; its threads are started when they are needed."""

    def __init__(self) -> None:
        self._pool = ThreadPoolExecutor(THREADS, thread_name_prefix="ptb-bucket-gcs")

    async def run(self, function: Callable[[], _T], seconds: float) -> _T:
        """Run a function in a thread; time spent waiting for a thread counts.

        Raises:
            TimeoutError: It took longer than that. It was cut short, and its outcome is unknown.
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
        """Wait for what runs, and let the threads go."""
        self._pool.shutdown()


def _calling(call: Call, function: Callable[[], _T]) -> _T:
    token = current_call.set(call)
    try:
        return function()
    finally:
        current_call.reset(token)
        call.ended()
