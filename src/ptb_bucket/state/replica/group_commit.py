"""Group commit: values that are staged in one turn of the loop share one commit, and failed commits are repeated."""

from __future__ import annotations

import asyncio
import logging
import time
from typing import TYPE_CHECKING

from ptb_bucket._aio import LoopLock
from ptb_bucket._wording import pluralize, said
from ptb_bucket.errors import UnsavedError

if TYPE_CHECKING:
    import contextlib

    from ptb_bucket.state.replica.replica import Replica

__all__ = ["GroupCommit"]

_LOGGER = logging.getLogger("ptb_bucket.state")


class GroupCommit:
    """Runs a replica's commits one at a time.

    Args:
        replica: The replica to commit.
        interval: Seconds between two tries while records are pending and no caller asks for a commit.
    """

    def __init__(self, replica: Replica, interval: float) -> None:
        self._replica = replica
        self._interval = interval
        self._turn = LoopLock()  # one commit at a time waits until the store accepts it, and is then carried out
        self._lock = LoopLock()  # one commit at a time is carried out, and nothing is staged meanwhile
        self._next: asyncio.Task[None] | None = None
        self._tasks: set[asyncio.Task[None]] = set()
        self._timer: asyncio.TimerHandle | None = None
        self._finishing = False
        self._waiting_since: float | None = None
        self.last_error: Exception | None = None

    @property
    def unsaved_for(self) -> float:
        """Seconds for which records have not been durable, although a commit was requested; 0.0 if all are.

        Records that cannot be merged with the bucket's do not count: no further commit is expected to save them.
        """
        if self._waiting_since is None or not self._replica.waiting:
            return 0.0
        return time.monotonic() - self._waiting_since

    def held(self) -> contextlib.AbstractAsyncContextManager[None]:
        """Inside, no commit begins: values that are staged there are in one commit, together or not at all."""
        return self._lock.here()

    async def commit(self) -> None:
        """Like :meth:`join`, but raise to every caller, because each answers for another update.

        Raises:
            PTBBucketError: The commit that this call shared failed.
        """
        await asyncio.shield(self._request()[0])

    async def abandon(self) -> None:
        """Stop writing for good: unsaved values are lost with this object."""
        self._finishing = True
        self._disarm()
        for task in self._here():
            task.cancel()
        while tasks := self._here():
            await asyncio.wait(tasks)

    async def join(self) -> None:
        """Wait for a commit of everything that was staged before this call.

        Raises:
            PTBBucketError: It failed, and this call was the first to request it. The others just return, so that PTB
                reports one error and not three thousand.
        """
        task, first = self._request()
        if first:
            await asyncio.shield(task)  # rule "Callers cannot cancel a commit"
        else:
            await asyncio.wait({task})

    async def finish(self) -> None:
        """Commit what is pending, and leave no task behind, because the loop may end now.

        Raises:
            PTBBucketError: It failed. It is tried again at the next interval, if the loop goes on.
        """
        self._finishing = True  # otherwise a commit that fails meanwhile would start the next try
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
        """Return the commits that run in this loop; those of another loop have ended with it."""
        loop = asyncio.get_running_loop()
        self._tasks = {task for task in self._tasks if not task.done() and task.get_loop() is loop}
        return set(self._tasks)

    def _request(self) -> tuple[asyncio.Task[None], bool]:
        """Return the next commit, which has not begun, and tell whether this call made it.

        Rule "No commit answers for later changes": a running commit may not carry the new changes, so a commit that is
        requested meanwhile is a commit in its own right. Otherwise a save would be acknowledged although nothing has
        written it. A commit that still waits for its turn to write has not begun.
        """
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
        """Run one commit.

        Rule "Stage everything, then commit": all ``update_*`` calls of one gather are staged before the commit starts.
        Otherwise one save of PTB would be torn into several commits, and a crash in between would keep half of it.

        While a commit waits for its turn to write, no lock is held that an update needs to be handled and to join it.
        """
        await asyncio.sleep(0)  # even with eager tasks, all calls of one gather stage first
        async with self._turn.here():
            await self._replica.wait_for_turns()
            async with self._lock.here():
                self._next = None
                await self._commit()

    async def _commit(self) -> None:
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

    # A timer and not a task that sleeps: no pending task is destroyed when the loop ends.

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
        """Log the error of a retry, which no caller awaits; :meth:`finish` raises if records are still unsaved then."""
        if not task.cancelled() and task.exception():
            records = pluralize(len(self._replica.pending), "record is", "records are")
            _LOGGER.error("%s could not be saved yet. %s", records, said(task.exception()))


def _retrieved(task: asyncio.Task[None]) -> None:
    """Mark an error as seen: the first caller gets it, and if that was cancelled, the retry and flush() report it."""
    if not task.cancelled():
        task.exception()
