"""Report what a tool is waiting for when a server does not answer."""

from __future__ import annotations

import asyncio
from contextlib import contextmanager
from typing import TYPE_CHECKING, Final, TypeVar

from ptb_bucket.stores import InterceptingStore, wrapping

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
    from contextlib import AbstractContextManager

    from ptb_bucket.stores import BlobStore

    Report = Callable[[str], object]

__all__ = ["report_waits"]

_T = TypeVar("_T")
_FIRST: Final = 2.0
"""Seconds until the first report."""
_LATER: Final = 10.0
"""Seconds between two reports after it."""

_WORDS: Final = {
    "get": "reading",
    "put": "writing",
    "delete": "deleting",
    "delete_if": "deleting",
    "delete_version": "deleting an old version of",
    "list": "listing",
    "versions": "listing the versions of",
}


def report_waits(report: Report) -> AbstractContextManager[None]:
    """Let the tools that are called in this block, and the bots that they run, report what they are waiting for.

    Args:
        report: Called with a sentence when a request has not been answered for two seconds, and then every ten
            seconds. It names the object, but contains no data.
    """
    return wrapping(lambda store: _WatchedStore(store, report))


class _WatchedStore(InterceptingStore):
    """A store that reports requests that wait for the server, the oldest one at a time.

    Args:
        store: The store below.
        report: Called with each report.
    """

    def __init__(self, store: BlobStore, report: Report) -> None:
        super().__init__(store)
        self._report = report
        self._pending: dict[object, tuple[str, float]] = {}
        self._timer: asyncio.TimerHandle | None = None

    async def _call(self, operation: str, key: str, send: Callable[[], Awaitable[_T]]) -> _T:
        with self._waiting(operation, key):
            return await send()

    async def _stream(self, operation: str, key: str, begin: Callable[[], AsyncIterator[_T]]) -> AsyncIterator[_T]:
        items = begin()
        while True:
            try:
                with self._waiting(operation, key):
                    item = await anext(items)
            except StopAsyncIteration:
                return
            yield item

    @contextmanager
    def _waiting(self, operation: str, key: str) -> Iterator[None]:
        request = object()
        where = self._store.describe(key) if key else f"{self.scheme}: objects"
        self._pending[request] = f"{_WORDS[operation]} {where}", asyncio.get_running_loop().time()
        self._start_timer(_FIRST)
        try:
            yield
        finally:
            del self._pending[request]
            self._stop_timer()

    def _start_timer(self, seconds: float) -> None:
        if self._timer is None:
            self._timer = asyncio.get_running_loop().call_later(seconds, self._fire)

    def _stop_timer(self) -> None:
        if self._timer is not None and not self._pending:
            self._timer.cancel()
            self._timer = None

    def _fire(self) -> None:
        """Report the oldest request if it has waited long enough, and look again later."""
        self._timer = None
        what, since = min(self._pending.values(), key=_since)
        waited = asyncio.get_running_loop().time() - since
        if waited < _FIRST:
            self._start_timer(_FIRST - waited)
            return
        more = f", and {len(self._pending) - 1} more requests" if len(self._pending) > 1 else ""
        self._report(f"Waiting for a response: {what} ({waited:.0f} s{more}).")
        self._start_timer(_LATER)


def _since(entry: tuple[str, float]) -> float:
    return entry[1]
