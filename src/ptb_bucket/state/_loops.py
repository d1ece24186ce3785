"""Locks for objects that outlive an event loop: asyncio's own belong to one loop for good."""

from __future__ import annotations

import asyncio

__all__ = ["LoopLock"]


class LoopLock:
    """An ``asyncio.Lock`` for whichever loop runs."""

    def __init__(self) -> None:
        self._loop: asyncio.AbstractEventLoop | None = None
        self._lock = asyncio.Lock()

    def here(self) -> asyncio.Lock:
        """The running loop's lock. Of another loop's holders nothing is left to wait for: that loop has ended."""
        loop = asyncio.get_running_loop()
        if self._loop is not loop:
            self._loop, self._lock = loop, asyncio.Lock()
        return self._lock
