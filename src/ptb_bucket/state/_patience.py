"""How long a commit tries, and how long it waits in between."""

from __future__ import annotations

import asyncio
import random
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, TypeVar

from ptb_bucket.errors import UnavailableError

if TYPE_CHECKING:
    from collections.abc import Coroutine

__all__ = ["Patience", "Waiting"]

T = TypeVar("T")


@dataclass
class Patience:
    """The limits of one commit, all in seconds.

    Args:
        deadline: For all tries of one document together.
        first: Upper bound of the first wait; each further one is twice as long.
        longest: Upper bound of any wait.
        random: Where jitter comes from.
    """

    deadline: float = 30.0
    first: float = 0.02
    longest: float = 2.0
    random: random.Random = field(default_factory=random.SystemRandom)

    def begin(self) -> Waiting:
        """Start the clock."""
        return Waiting(self, asyncio.get_running_loop().time() + self.deadline)


@dataclass
class Waiting:
    """One commit's tries."""

    patience: Patience
    end: float
    tries: int = 0

    async def within(self, request: Coroutine[Any, Any, T]) -> T:
        """Do one request before the deadline.

        Raises:
            UnavailableError: There was no answer; if it was a write, it may have been applied.
        """
        task = asyncio.ensure_future(request)
        try:
            await asyncio.wait({task}, timeout=max(0.0, self.end - asyncio.get_running_loop().time()))
        finally:
            if not task.done():
                task.cancel()
                task.add_done_callback(_retrieved)  # whoever waited may be cancelled, too, and never ask
        await asyncio.wait({task})
        if task.cancelled():
            raise UnavailableError(f"the store did not answer within {self.patience.deadline:g} seconds")
        return task.result()

    def next_delay(self) -> float | None:
        """Seconds to wait before the next try, jittered over the whole span; None when there is no time for one."""
        bound = min(self.patience.longest, self.patience.first * 2**self.tries)
        self.tries += 1
        delay = self.patience.random.uniform(bound / 10, bound)
        return None if asyncio.get_running_loop().time() + delay > self.end else delay


def _retrieved(task: asyncio.Future[Any]) -> None:
    if not task.cancelled():
        task.exception()
