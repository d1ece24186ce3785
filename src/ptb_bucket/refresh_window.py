"""Refreshing once per update, though PTB asks for bot, chat and user data one after the other."""

from __future__ import annotations

import asyncio
import contextlib
import weakref
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from ptb_bucket.state import Kind

if TYPE_CHECKING:
    from collections.abc import Iterator

__all__ = ["RefreshWindow"]

ORDER = (Kind.BOT, Kind.CHAT, Kind.USER)


@dataclass
class _Round:
    began: float
    last: int
    end: asyncio.Handle | None = None


class RefreshWindow:
    """Says since when a document must be known for one refresh call.

    PTB refreshes bot, chat and user data of an update in this order, one right after the other. So a round ends with a
    call for a kind that is not later in that order, and when the loop turns after a call has been answered.

    Args:
        interval: Seconds that a document may be trusted; None: for ever; 0: within one round.
    """

    def __init__(self, interval: float | None) -> None:
        self.interval = interval
        self._covered: weakref.WeakSet[asyncio.Task[Any]] = weakref.WeakSet()
        self._rounds: weakref.WeakKeyDictionary[asyncio.Task[Any], _Round] = weakref.WeakKeyDictionary()

    @property
    def is_covered(self) -> bool:
        """Whether this task is inside of :meth:`covered`."""
        return asyncio.current_task() in self._covered

    def since(self, kind: Kind) -> float | None:
        """The time, on the loop's clock, that a refresh for ``kind`` asks about now; None: it asks nothing."""
        if self.interval is None or self.is_covered:
            return None
        now = asyncio.get_running_loop().time()
        return now - self.interval if self.interval else self._began(ORDER.index(kind), now)

    @contextlib.contextmanager
    def covered(self) -> Iterator[None]:
        """Inside, this task asks nothing: BucketApplication asked before any handler, for all of the update's data."""
        task = asyncio.current_task()
        mine = task is not None and task not in self._covered
        if task and mine:
            self._covered.add(task)
        try:
            yield
        finally:
            if task and mine:
                self._covered.discard(task)

    def _began(self, place: int, now: float) -> float:
        task = asyncio.current_task()
        if task is None:
            return now
        current = self._rounds.get(task)
        if current is not None and current.end is not None:
            current.end.cancel()
        if current is None or place <= current.last:
            current = self._rounds[task] = _Round(now, place)
        current.last = place
        return current.began

    def answered(self) -> None:
        """A refresh call is about to return: the next one belongs to its round only if it comes at once."""
        task = asyncio.current_task()
        current = self._rounds.get(task) if task else None
        if task and current:
            current.end = asyncio.get_running_loop().call_soon(self._rounds.pop, task, None)
