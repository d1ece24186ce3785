"""The clients of a store: each event loop has its own, created at the first use and closed with the loop."""

from __future__ import annotations

import asyncio
import os
from typing import TYPE_CHECKING, Final, Generic, Protocol, TypeVar

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator, Callable, Sequence

__all__ = ["Clients", "LoopClient"]

_ABANDONED: Final[list[object]] = []
"""Clients of a closed loop or of another process, which nothing may touch, not even the garbage collector."""


class LoopClient(Protocol):
    """A client of one event loop."""

    def abandon(self) -> Sequence[object]:
        """Close the kept connections without the client's loop. Return what nothing may touch any more."""


_Client = TypeVar("_Client", bound=LoopClient)


class Clients(Generic[_Client]):
    """The clients that the store itself creates.

    An asynchronous generator holds each client open. Its loop ends it in an orderly way, at the latest when the loop
    shuts down or the store is garbage collected, so a store that is never closed leaves nothing behind either.

    Args:
        hold: Returns a generator that yields a client once and then closes it. It must not refer to the store: a cycle
            would be collected in any order.
    """

    def __init__(self, hold: Callable[[], AsyncGenerator[_Client, None]]) -> None:
        self._hold = hold
        self._pid = os.getpid()
        self._by_loop: dict[asyncio.AbstractEventLoop, _Held[_Client]] = {}

    async def get(self) -> _Client:
        """Return the running loop's client, created at the first call."""
        entry = self._here()
        async with entry.lock:
            if entry.client is None:
                entry.holder = self._hold()
                entry.client = await anext(entry.holder)
        return entry.client

    async def close(self) -> None:
        """Close the running loop's client. The clients of other loops end with their loops."""
        entry = self._here()
        self._by_loop.clear()
        async with entry.lock:
            if entry.holder is not None:
                await entry.holder.aclose()

    def _here(self) -> _Held[_Client]:
        if self._pid != os.getpid():
            self._pid = os.getpid()
            self._abandon(list(self._by_loop))
        self._abandon([loop for loop in list(self._by_loop) if loop.is_closed()])
        return self._by_loop.setdefault(asyncio.get_running_loop(), _Held())

    def _abandon(self, loops: list[asyncio.AbstractEventLoop]) -> None:
        for loop in loops:
            entry = self._by_loop.pop(loop, None)  # a thread with another loop may have been faster
            if entry is not None:
                _ABANDONED.append(entry)
                _ABANDONED.extend(entry.client.abandon() if entry.client is not None else ())


class _Held(Generic[_Client]):
    """A loop's client, the generator that holds it open, and the lock under which it is created."""

    def __init__(self) -> None:
        self.lock = asyncio.Lock()
        self.client: _Client | None = None
        self.holder: AsyncGenerator[_Client, None] | None = None
