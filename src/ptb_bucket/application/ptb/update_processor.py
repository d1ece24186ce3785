"""Where PTB takes updates from its queue, the error handlers hear of a failed load or save: nobody else is there."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from telegram.ext import BaseUpdateProcessor

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

__all__ = ["TellingProcessor"]


class TellingProcessor(BaseUpdateProcessor):
    """Another update processor, around which errors go to the error handlers instead of ending PTB's fetcher.

    PTB's fetcher ends at the first exception, and then nobody is answered any more. So it never sees one, whether it is
    ours or comes from code of the bot's own.

    Args:
        inner: The one that the user chose.
        tell: Hands an error to the error handlers.
    """

    def __init__(self, inner: BaseUpdateProcessor, tell: Callable[[object, Exception], Awaitable[Any]]) -> None:
        super().__init__(inner.max_concurrent_updates)
        self.inner = inner
        self._tell = tell

    async def do_process_update(self, update: object, coroutine: Awaitable[Any]) -> None:
        """As the inner one does it; the update's errors are told inside of it, and its own around it."""
        await self._telling(update, self.inner.do_process_update(update, self._telling(update, coroutine)))

    async def _telling(self, update: object, coroutine: Awaitable[Any]) -> None:
        try:
            await coroutine
        except Exception as error:  # noqa: BLE001  any of them would end the fetcher
            await self._tell(update, error)

    async def initialize(self) -> None:
        """As the inner one."""
        await self.inner.initialize()

    async def shutdown(self) -> None:
        """As the inner one."""
        await self.inner.shutdown()
