"""Refreshing once per update, although PTB refreshes bot, chat and user data one after the other."""

from __future__ import annotations

import asyncio
import contextlib
import weakref
from typing import TYPE_CHECKING, Any

from ptb_bucket._dataclass import dataclass
from ptb_bucket.state import Kind

if TYPE_CHECKING:
    from collections.abc import Iterator

__all__ = ["RefreshWindow"]

ORDER = (Kind.BOT, Kind.CHAT, Kind.USER)


@dataclass
class _Window:
    began: float
    last: int
    end: asyncio.Handle | None = None


class RefreshWindow:
    """Decides how old a document may be for one refresh call.

    PTB refreshes bot, chat and user data of an update in this order, one right after the other. So a window ends with a
    call for a kind that is not later in that order, and when the loop turns after a call has been answered.

    Args:
        interval: Seconds that a document may be trusted; None: for ever; 0: within one window.
    """

    def __init__(self, interval: float | None) -> None:
        self.interval = interval
        self._covered: weakref.WeakSet[asyncio.Task[Any]] = weakref.WeakSet()
        self._windows: weakref.WeakKeyDictionary[asyncio.Task[Any], _Window] = weakref.WeakKeyDictionary()

    @property
    def is_covered(self) -> bool:
        """Tell whether the current task is inside of :meth:`covered`."""
        return asyncio.current_task() in self._covered

    def since(self, kind: Kind) -> float | None:
        """Return the time on the loop's clock after which a document must have been read; None: any read will do."""
        if self.interval is None or self.is_covered:
            return None
        now = asyncio.get_running_loop().time()
        return now - self.interval if self.interval else self._began(ORDER.index(kind), now)

    @contextlib.contextmanager
    def covered(self) -> Iterator[None]:
        """Inside, the current task reads nothing: BucketApplication has read the update's data before."""
        task = asyncio.current_task()
        mine = task is not None and task not in self._covered
        if task and mine:
            self._covered.add(task)
        try:
            yield
        finally:
            if task and mine:
                self._covered.discard(task)

    def _began(self, position: int, now: float) -> float:
        task = asyncio.current_task()
        if task is None:
            return now
        current = self._windows.get(task)
        if current is not None and current.end is not None:
            current.end.cancel()
        if current is None or position <= current.last:
            current = self._windows[task] = _Window(now, position)
        current.last = position
        return current.began

    def answered(self) -> None:
        """Note that a refresh call is about to return: only a call that follows at once belongs to its window."""
        task = asyncio.current_task()
        current = self._windows.get(task) if task else None
        if task and current:
            current.end = asyncio.get_running_loop().call_soon(self._windows.pop, task, None)
