"""Records by their last use (LRU), and pins for what running work may still use."""

from __future__ import annotations

import asyncio
import contextlib
import itertools
from contextvars import ContextVar
from typing import TYPE_CHECKING, Any, cast
from weakref import WeakKeyDictionary

if TYPE_CHECKING:
    from collections.abc import Iterator
    from types import CoroutineType

    from ptb_bucket.state import Record

__all__ = ["LRU"]


class LRU:
    """Records in the order of their last use.

    A handler may keep a part of a record in a variable for as long as it runs. Running work therefore pins every record
    that was used since it began.

    Args:
        size: How many records may be kept. Beyond that, the least recently used may be removed from memory.
    """

    def __init__(self, size: int) -> None:
        self.size = size
        self._clock = itertools.count()
        self._used: dict[Record, int] = {}
        self._running: dict[object, int] = {}
        self._work: ContextVar[object] = ContextVar("work", default=None)
        self._coroutines: WeakKeyDictionary[CoroutineType[Any, Any, Any], int] = WeakKeyDictionary()

    def __len__(self) -> int:
        return len(self._used)

    def use(self, record: Record) -> None:
        """Note that a record is used now."""
        self._used.pop(record, None)
        self._used[record] = next(self._clock)

    def gone(self, record: Record) -> None:
        """Note that a record was removed from memory."""
        self._used.pop(record, None)

    @contextlib.contextmanager
    def pin(self) -> Iterator[None]:
        """Inside, pin every record that is used."""
        work = object()
        self._running[work] = self._beginning()
        token = self._work.set(work)
        try:
            yield
        finally:
            self._work.reset(token)
            del self._running[work]

    def pin_for_task(self, task: asyncio.Task[Any] | None) -> None:
        """Pin every record that is used while a task runs."""
        if task is not None and task not in self._running:
            self._running[task] = self._beginning()
            task.add_done_callback(self._running.pop)

    def pin_for_coroutine(self, coroutine: CoroutineType[Any, Any, Any]) -> None:
        """Pin every record that is used until a coroutine has ended, which its task may not have begun yet."""
        self._coroutines[coroutine] = self._beginning()

    def _beginning(self) -> int:
        """Return when new work begins: with the work that starts it, which may pass its objects on."""
        task = asyncio.current_task()
        began = [self._running.get(self._work.get()), self._running.get(task)]
        if task is not None:
            began.append(self._coroutines.get(cast("CoroutineType[Any, Any, Any]", task.get_coro())))
        known = [one for one in began if one is not None]
        return min(known) if known else next(self._clock)

    def surplus(self) -> list[Record]:
        """Return the records beyond the size that are not pinned, the least recently used first."""
        unfinished = (began for coroutine, began in self._coroutines.items() if coroutine.cr_frame)
        since = min([*self._running.values(), *unfinished], default=None)
        oldest = itertools.islice(self._used.items(), max(0, len(self._used) - self.size))
        return [record for record, used in oldest if since is None or used < since]
