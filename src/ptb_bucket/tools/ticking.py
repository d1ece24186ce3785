"""Run a bot's due jobs once, with the bot's own code: for cron, and for hosts that have nothing else."""

from __future__ import annotations

import warnings
from typing import TYPE_CHECKING, Any

from ptb_bucket.errors import ConfigurationError, PTBBucketError
from ptb_bucket.location import locate

if TYPE_CHECKING:
    from collections.abc import Callable

    from ptb_bucket.application import BucketApplication
    from ptb_bucket.application.timers import Ticked

    AnyApplication = BucketApplication[Any, Any, Any, Any, Any, Any]

__all__ = ["tick"]


async def tick(build_application: Callable[[], Any], seconds: float = 50.0, *, where: str | None = None) -> Ticked:
    """Build a bot's application, run its due jobs once, save, and close it.

    Other instances may run and tick at the same time: each due job is claimed by one of them.

    Args:
        build_application: The bot author's function, as for :func:`ptb_bucket.serverless.aws.lambda_webhook`.
        seconds: Begin no further job after so many seconds. The next call runs the rest.
        where: The URI of the state that is expected. None takes that of the application.

    Returns:
        How many jobs ran, whether some were left, and the errors of timers that could not be run. These stay due.

    Raises:
        ConfigurationError: The application keeps no jobs in the bucket, or its state is in another place than `where`.
        PTBBucketError: The bucket could not be read or written, or the author's code or Telegram raised an error.
    """
    from ptb_bucket.serverless import build_for_webhook, describe_error  # noqa: PLC0415  it imports telegram

    try:
        application = build_for_webhook(build_application)
        return await _ticked(application, seconds, where)
    except PTBBucketError:
        raise
    except Exception as error:
        raise PTBBucketError(f"The jobs could not be run. {describe_error(error)}") from error


async def _ticked(application: AnyApplication, seconds: float, where: str | None) -> Ticked:
    _check_jobs(application)
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", UserWarning)  # of handlers, which nothing calls here
            await application.initialize()
        _check_place(application, where)
        ticked = await application.tick(seconds)
    except BaseException:
        await application.discard()
        raise
    await application.shutdown()
    return ticked


def _check_jobs(application: AnyApplication) -> None:
    if application.jobs != "bucket":
        raise ConfigurationError(
            "The application keeps no jobs in the bucket. Build it with bucket_application(..., jobs='bucket', "
            "callbacks=[...])."
        )


def _check_place(application: AnyApplication, where: str | None) -> None:
    """Compare the application's place with the one that is expected.

    Raises:
        ConfigurationError: They differ.
    """
    if where is None:
        return
    bot_id = str(application.bot.id)
    persistence: Any = application.persistence
    own, expected = persistence.place(bot_id), locate(where, None, None, ()).place(bot_id)
    if own != expected:
        raise ConfigurationError(
            f"The application keeps its state in {own}, but the URI points to {expected}. Pass the application's URI, "
            "or omit it."
        )
