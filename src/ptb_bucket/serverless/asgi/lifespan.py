"""The start and the end of the application behind an ASGI server."""

from __future__ import annotations

import asyncio
import logging
import time
from typing import TYPE_CHECKING

from telegram.error import TelegramError

from ptb_bucket.errors import ConfigurationError, PTBBucketError
from ptb_bucket.persistence import BucketPersistence
from ptb_bucket.serverless.webhook import describe_error
from ptb_bucket.state import first_labels

if TYPE_CHECKING:
    from ptb_bucket.serverless.asgi.loading import AnyApplication, Loader
    from ptb_bucket.serverless.asgi.updates import Updates

__all__ = ["may_pass", "start", "stop"]

_LOGGER = logging.getLogger("ptb_bucket.serverless")


async def start(loader: Loader, seconds: float) -> None:
    """Load the application. If the bucket or Telegram fails, the server starts without it and tries again later.

    Args:
        loader: Loads the application.
        seconds: The time to wait for it. Loading continues afterwards.

    Raises:
        ConfigurationError: The configuration is wrong, so that waiting does not help.
        Exception: The bot's own code raised it.
    """
    loading = loader.begin()
    await asyncio.wait({loading}, timeout=seconds)
    error = loading.exception() if loading.done() else None
    if error is not None and not may_pass(error):
        raise error


def may_pass(error: BaseException) -> bool:
    """Return True if the bucket or Telegram failed, so that another attempt may succeed in the same process."""
    return isinstance(error, (PTBBucketError, TelegramError)) and not isinstance(error, ConfigurationError)


async def stop(loader: Loader, updates: Updates) -> None:
    """Accept no more updates, wait for running ones and for their handlers' tasks, and save.

    Updates and tasks get half of the application's ``shutdown_deadline``; the remaining time is for saving.

    Args:
        loader: Has the application, if it was ever loaded.
        updates: The running updates.
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
        _LOGGER.error(
            "The server is stopping after shutdown_deadline=%g seconds. These changes may not have been saved: %s",
            application.shutdown_deadline,
            _unsaved(application),
        )
    elif error := saving.exception():
        _LOGGER.error("The server is stopping, but some changes could not be saved. %s", describe_error(error))


def _unsaved(application: AnyApplication) -> str:
    """Return the labels of the records that are waiting to be saved."""
    persistence = application.persistence
    pending = persistence.stats.pending if isinstance(persistence, BucketPersistence) else ()
    return first_labels(pending) or "the last changes of handlers"
