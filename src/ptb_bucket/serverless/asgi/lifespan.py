"""The life of the application behind an ASGI server: what happens at its start and at its end."""

from __future__ import annotations

import asyncio
import logging
import time
from typing import TYPE_CHECKING

from telegram.error import TelegramError

from ptb_bucket.errors import ConfigurationError, PTBBucketError
from ptb_bucket.persistence import BucketPersistence
from ptb_bucket.serverless.webhook import said_of

if TYPE_CHECKING:
    from ptb_bucket.serverless.asgi.loading import AnyApplication, Loader
    from ptb_bucket.serverless.asgi.updates import Updates

__all__ = ["start", "stop"]

_LOGGER = logging.getLogger("ptb_bucket.serverless")


async def start(loader: Loader, seconds: float) -> None:
    """Load the application. If the bucket or Telegram fails, the server starts without it, and tries again later.

    Args:
        loader: Gets the application.
        seconds: How long to wait for it; it goes on afterwards.

    Raises:
        ConfigurationError: Something is wrong that waiting does not cure.
        Exception: What the bot's own code raised.
    """
    loading = loader.begin()
    await asyncio.wait({loading}, timeout=seconds)
    error = loading.exception() if loading.done() else None
    passing = isinstance(error, (PTBBucketError, TelegramError)) and not isinstance(error, ConfigurationError)
    if error is not None and not passing:
        raise error


async def stop(loader: Loader, updates: Updates) -> None:
    """Take no more updates, wait for those under way and for what their handlers left running, save.

    Half of the application's ``shutdown_deadline`` is for the updates and the rest, what is left of it for saving.

    Args:
        loader: Has the application, if it was ever loaded.
        updates: Those under way.
    """
    seconds = loader.application.shutdown_deadline if loader.application else 0.0
    until = time.monotonic() + seconds
    await updates.close(seconds / 2)
    application = await loader.end()
    if application is not None:
        await application.finish(until - seconds / 2 - time.monotonic(), grace=seconds / 8)
        await _shut_down(application, until)


async def _shut_down(application: AnyApplication, until: float) -> None:
    saving = asyncio.get_running_loop().create_task(application.shutdown(), name="ptb_bucket shutdown")
    await asyncio.wait({saving}, timeout=until - time.monotonic())
    if not saving.done():
        saving.cancel()
        _LOGGER.error("shutdown_deadline=%g seconds have passed, the server ends. Not known to be saved: %s",
                      application.shutdown_deadline, _unsaved(application))  # fmt: skip
    elif error := saving.exception():
        _LOGGER.error("The server ends, and not all is saved: %s", said_of(error))


def _unsaved(application: AnyApplication) -> str:
    """Records by name, as far as they have been handed over for saving."""
    persistence = application.persistence
    pending = persistence.stats.pending if isinstance(persistence, BucketPersistence) else ()
    return ", ".join(pending[:10]) or "what handlers changed last"
