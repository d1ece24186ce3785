"""The queue of getUpdates with its long poll, and a bell for everything that waits."""

from __future__ import annotations

import asyncio
import contextlib
from typing import TYPE_CHECKING, TypeVar

if TYPE_CHECKING:
    from collections.abc import Callable

    from ptb_bucket.offline_telegram.json import JSON

__all__ = ["Bell", "take_updates"]

T = TypeVar("T")


class Bell:
    """A signal that wakes all waiters, in any event loop and thread (``run_polling`` has its own loop)."""

    def __init__(self) -> None:
        self._sleepers: set[asyncio.Future[None]] = set()

    def ring(self) -> None:
        """Wake all waiters."""
        for sleeper in tuple(self._sleepers):
            with contextlib.suppress(RuntimeError):  # its loop was closed meanwhile: it no longer waits
                sleeper.get_loop().call_soon_threadsafe(_wake, sleeper)

    async def until(self, look: Callable[[], T | None], timeout: float) -> T | None:
        """Call ``look`` at every ring until it returns something. Return None when the time is up."""
        loop = asyncio.get_running_loop()
        deadline = loop.time() + timeout
        while (seen := look()) is None and (left := deadline - loop.time()) > 0:
            await self._sleep(look, left)
        return seen

    async def _sleep(self, look: Callable[[], object], seconds: float) -> None:
        sleeper: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._sleepers.add(sleeper)
        try:
            if look() is None:  # another thread may have rung since the last look
                await asyncio.wait([sleeper], timeout=seconds)
        finally:
            self._sleepers.discard(sleeper)


def _wake(sleeper: asyncio.Future[None]) -> None:
    if not sleeper.done():
        sleeper.set_result(None)


async def take_updates(pending: list[JSON], bell: Bell, parameters: JSON) -> list[JSON]:
    """Answer getUpdates: confirm the updates below the offset; if none is left, wait for one."""
    _confirm(pending, int(parameters.get("offset", 0)))
    allowed = set(parameters.get("allowed_updates") or ())
    limit = int(parameters.get("limit", 100))

    def look() -> list[JSON] | None:
        _drop_others(pending, allowed)
        return pending[:limit] or None

    return await bell.until(look, float(parameters.get("timeout", 0))) or []


# Both change the list in place: another thread may be appending to it.


def _confirm(pending: list[JSON], offset: int) -> None:
    if offset < 0:  # PTB counts from the end to drop pending updates
        del pending[:offset]
    while pending and pending[0]["update_id"] < offset:
        del pending[0]


def _drop_others(pending: list[JSON], allowed: set[str]) -> None:
    for update in tuple(pending):
        if allowed and not allowed & update.keys():
            pending.remove(update)
