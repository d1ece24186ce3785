"""Repeated saving of unsaved changes, with one attempt at a time for all updates that wait for it."""

from __future__ import annotations

import asyncio
import logging
import time
from typing import TYPE_CHECKING

from ptb_bucket.errors import UnsavedError
from ptb_bucket.serverless.webhook import describe_error

if TYPE_CHECKING:
    from ptb_bucket.serverless.asgi.loading import AnyApplication

__all__ = ["Saver"]

_LOGGER = logging.getLogger("ptb_bucket.serverless")

PAUSE = 1.0  # seconds before an attempt; error handlers receive the error of a failed one


class Saver:
    """A saver that tries again to save unsaved changes.

    Args:
        deadline: The seconds after which unsaved changes are too old to handle more updates.
    """

    def __init__(self, deadline: float) -> None:
        self._deadline = deadline
        self._try: asyncio.Task[None] | None = None

    def is_behind(self, application: AnyApplication) -> bool:
        """Return True if something has been unsaved for longer than one deadline."""
        return application.unsaved_for > self._deadline

    async def catch_up(self, application: AnyApplication) -> None:
        """Save changes that have been unsaved for too long, in one attempt.

        Otherwise updates would be handled, refused and sent again, over and over, and would change the memory.

        Raises:
            UnsavedError: They are still unsaved.
        """
        if self.is_behind(application):
            await self._again(application)
        if self.is_behind(application):
            raise UnsavedError("No handlers were called because earlier updates have unsaved changes.")

    async def until_saved(self, application: AnyApplication) -> None:
        """Try until all changes that are waiting now are durable. Otherwise only the caller's deadline ends it."""
        now = time.monotonic()
        while time.monotonic() - application.unsaved_for <= now:
            await self._again(application)

    async def _again(self, application: AnyApplication) -> None:
        """Wait for the next attempt to end. Its errors show in what is still unsaved."""
        if self._try is None or self._try.done():
            self._try = asyncio.get_running_loop().create_task(_save(application), name="ptb_bucket save again")
        await asyncio.wait({self._try})


async def _save(application: AnyApplication) -> None:
    await asyncio.sleep(PAUSE)
    try:
        await application.update_persistence()
    except Exception as error:  # noqa: BLE001  the next attempt may succeed
        _LOGGER.error("Could not save changes yet. %s", describe_error(error))  # noqa: TRY400  no user data
