"""An update processor that passes errors to the error handlers, where PTB takes updates from its queue."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from telegram.ext import BaseUpdateProcessor

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

__all__ = ["ErrorReportingProcessor"]


class ErrorReportingProcessor(BaseUpdateProcessor):
    """A wrapper of another update processor that passes errors to the error handlers.

    PTB's fetcher ends at the first exception, and then the bot answers nobody any more. It never sees one here, whether
    a load or save failed or code of the bot's own raised it.

    Args:
        inner: The processor that the bot's author chose.
        report: Passes an error to the error handlers.
    """

    def __init__(self, inner: BaseUpdateProcessor, report: Callable[[object, Exception], Awaitable[Any]]) -> None:
        super().__init__(inner.max_concurrent_updates)
        self.inner = inner
        self._report = report

    async def do_process_update(self, update: object, coroutine: Awaitable[Any]) -> None:
        """Process an update as the inner processor does; report errors of both the update and the processor."""
        await self._reporting(update, self.inner.do_process_update(update, self._reporting(update, coroutine)))

    async def _reporting(self, update: object, coroutine: Awaitable[Any]) -> None:
        try:
            await coroutine
        except Exception as error:  # noqa: BLE001  any of them would end the fetcher
            await self._report(update, error)

    async def initialize(self) -> None:
        """Initialize the inner processor."""
        await self.inner.initialize()

    async def shutdown(self) -> None:
        """Shut down the inner processor."""
        await self.inner.shutdown()
