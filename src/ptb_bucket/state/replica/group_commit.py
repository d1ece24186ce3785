"""Group commit: all that is staged in one turn shares one commit, and what failed is tried again."""

from __future__ import annotations

import asyncio
import logging
import time
from typing import TYPE_CHECKING

from ptb_bucket._aio import LoopLock
from ptb_bucket.errors import UnsavedError, pluralize, said

if TYPE_CHECKING:
    import contextlib

    from ptb_bucket.state.replica.replica import Replica

__all__ = ["GroupCommit"]

_LOGGER = logging.getLogger("ptb_bucket.state")


class GroupCommit:
    """Runs a replica's commits one at a time.

    Args:
        replica: What to commit.
        interval: Seconds between two tries while something is pending and nobody else asks for a commit.
    """

    def __init__(self, replica: Replica, interval: float) -> None:
        self._replica = replica
        self._interval = interval
        self._lock = LoopLock()
        self._next: asyncio.Task[None] | None = None
        self._tasks: set[asyncio.Task[None]] = set()
        self._timer: asyncio.TimerHandle | None = None
        self._finishing = False
        self._waiting_since: float | None = None
        self.last_error: Exception | None = None

    @property
    def unsaved_for(self) -> float:
        """Seconds since when something that a commit was asked for is not durable; 0.0 if all is.

        Records that cannot be merged with the bucket's do not count: no further commit is expected to save them.
        """
        if self._waiting_since is None or not self._replica.waiting:
            return 0.0
        return time.monotonic() - self._waiting_since

    def held(self) -> contextlib.AbstractAsyncContextManager[None]:
        """While inside, no commit begins: what is staged there is in one commit, together or not at all."""
        return self._lock.here()

    async def commit(self) -> None:
        """Like :meth:`join`, but every caller is told: each answers for an update of its own.

        Raises:
            PTBBucketError: The commit that this call shared failed.
        """
        await asyncio.shield(self._request()[0])

    async def abandon(self) -> None:
        """Stop writing, for good: what is unsaved is forgotten with this object."""
        self._finishing = True
        self._disarm()
        for task in self._here():
            task.cancel()
        while tasks := self._here():
            await asyncio.wait(tasks)

    async def join(self) -> None:
        """Wait for a commit that carries all that was staged before this call.

        Raises:
            PTBBucketError: It failed, and this call was the first to ask for it. The others just return: PTB reports
                one error, not three thousand.
        """
        task, first = self._request()
        if first:
            await asyncio.shield(task)  # a caller that is cancelled does not cancel it (rule 17)
        else:
            await asyncio.wait({task})

    async def finish(self) -> None:
        """Commit what is pending, tell the truth about it, and leave no task behind: the loop may end now.

        Raises:
            PTBBucketError: It failed. It is tried again at the next interval, if the loop goes on.
        """
        self._finishing = True  # or a commit that fails meanwhile would begin the next try
        self._disarm()
        try:
            if self._replica.pending:
                await asyncio.shield(self._request()[0])
        finally:
            while tasks := self._here():
                await asyncio.wait(tasks)
            self._finishing = False
            if self._replica.pending:
                self._arm()

    def _here(self) -> set[asyncio.Task[None]]:
        """Commits under way in this loop; another loop's have ended with it."""
        loop = asyncio.get_running_loop()
        self._tasks = {task for task in self._tasks if not task.done() and task.get_loop() is loop}
        return set(self._tasks)

    def _request(self) -> tuple[asyncio.Task[None], bool]:
        """The commit that has not begun yet: one under way does not answer for what it may not carry (rule 3)."""
        if self._next is not None and self._next in self._here():
            return self._next, False
        if self._waiting_since is None:
            self._waiting_since = time.monotonic()
        self._next = asyncio.get_running_loop().create_task(self._run(), name="ptb_bucket commit")
        self._next.add_done_callback(_retrieved)
        self._next.add_done_callback(self._tasks.discard)
        self._tasks.add(self._next)
        return self._next, True

    async def _run(self) -> None:
        await asyncio.sleep(0)  # with eager tasks too, the siblings of one gather stage first (rule 17)
        async with self._lock.here():
            self._next = None
            try:
                await self._replica.commit()
                self.last_error = None
                self._begin_to_wait()
            except Exception as error:
                self.last_error = error
                if isinstance(error, UnsavedError) and error.records:
                    self._begin_to_wait()  # all other records are saved
                if not self._finishing:
                    self._arm()
                raise

    def _begin_to_wait(self) -> None:
        self._waiting_since = time.monotonic() if self._replica.waiting else None

    # A timer, not a task that sleeps: a loop that ends leaves no timer to be destroyed while pending.

    def _arm(self) -> None:
        self._disarm()
        self._timer = asyncio.get_running_loop().call_later(self._interval, self._try_again)

    def _disarm(self) -> None:
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None

    def _try_again(self) -> None:
        if self._replica.pending and not self._finishing:
            self._request()[0].add_done_callback(self._report)

    def _report(self, task: asyncio.Task[None]) -> None:
        """Nobody awaits a retry; :meth:`finish` raises what is still wrong then."""
        if not task.cancelled() and task.exception():
            records = pluralize(len(self._replica.pending), "record is", "records are")
            _LOGGER.error("%s not saved yet: %s", records, said(task.exception()))


def _retrieved(task: asyncio.Task[None]) -> None:
    """The error was told to whoever asked first; if that caller was cancelled, the retry and flush() tell it."""
    if not task.cancelled():
        task.exception()
