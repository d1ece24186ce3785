"""Saving again what could not be saved: one try at a time, shared by all updates that wait for it."""

from __future__ import annotations

import asyncio
import logging
import time
from typing import TYPE_CHECKING

from ptb_bucket.errors import UnsavedError
from ptb_bucket.serverless.webhook import said_of

if TYPE_CHECKING:
    from ptb_bucket.serverless.asgi.loading import AnyApplication

__all__ = ["Saver"]

_LOGGER = logging.getLogger("ptb_bucket.serverless")

PAUSE = 1.0  # seconds before a try; a failed one is told to the error handlers


class Saver:
    """Knows what is durable, and tries again what is not.

    Args:
        deadline: Seconds after which something unsaved is too old to handle more updates on top of it.
    """

    def __init__(self, deadline: float) -> None:
        self._deadline = deadline
        self._try: asyncio.Task[None] | None = None

    def is_behind(self, application: AnyApplication) -> bool:
        """Whether something has been unsaved for longer than one deadline."""
        return application.unsaved_for > self._deadline

    async def catch_up(self, application: AnyApplication) -> None:
        """Make durable what is too old, with one try.

        Without this, updates would be handled, refused and sent again, over and over, each time changing the memory.

        Raises:
            UnsavedError: It is still too old.
        """
        if self.is_behind(application):
            await self._again(application)
        if self.is_behind(application):
            raise UnsavedError("What earlier updates changed is not saved yet; no handler ran.")

    async def until_saved(self, application: AnyApplication) -> None:
        """Try until all is durable that waits now; the caller's deadline is the only end otherwise."""
        now = time.monotonic()
        while time.monotonic() - application.unsaved_for <= now:
            await self._again(application)

    async def _again(self, application: AnyApplication) -> None:
        """Wait for the next try to end; its errors are told by whether something is unsaved still."""
        if self._try is None or self._try.done():
            self._try = asyncio.get_running_loop().create_task(_save(application), name="ptb_bucket save again")
        await asyncio.wait({self._try})


async def _save(application: AnyApplication) -> None:
    await asyncio.sleep(PAUSE)
    try:
        await application.update_persistence()
    except Exception as error:  # noqa: BLE001  whatever it is, the next try may succeed
        _LOGGER.error("The changes of updates are still not saved: %s", said_of(error))  # noqa: TRY400  no user data
