"""The steps that all webhook entry points share: build the application, check the secret, read the update."""

from __future__ import annotations

import hmac
import json
import traceback
from typing import TYPE_CHECKING, Any

from telegram import Update
from telegram.error import BadRequest, InvalidToken, NetworkError
from telegram.ext import ApplicationBuilder

from ptb_bucket.application import BucketApplication
from ptb_bucket.errors import ConfigurationError, PTBBucketError

if TYPE_CHECKING:
    from collections.abc import Callable

    from telegram.ext import ExtBot

__all__ = ["SECRET_HEADER", "NoUpdateError", "build_for_webhook", "describe_error", "read_update", "secret_matches"]

SECRET_HEADER = "X-Telegram-Bot-Api-Secret-Token"  # noqa: S105  the name of the header


class NoUpdateError(ValueError):
    """The body of a request is not a valid Update. The error does not quote it, because it may come from anyone."""


def build_for_webhook(build_application: Callable[[], Any]) -> BucketApplication[Any, Any, Any, Any, Any, Any]:
    """Build the application, and let it save before it answers.

    Args:
        build_application: The bot author's function. It takes no arguments and returns a BucketApplication or its
            builder.

    Returns:
        A new application, not initialized, with ``save="update"``.

    Raises:
        ConfigurationError: The function returned something else.
    """
    made = build_application()
    application = made.build() if isinstance(made, ApplicationBuilder) else made
    if not isinstance(application, BucketApplication):
        raise ConfigurationError(
            f"build_application() returned {type(application).__name__}, but it must return a BucketApplication. "
            "For example: return "
            'bucket_application("s3://bucket/prefix").token(TOKEN).build()'
        )
    application.save, application.runs = "update", False
    return application


def secret_matches(given: str | None, secret: str) -> bool:
    """Compare the :data:`SECRET_HEADER` of a request with the secret, in constant time.

    Args:
        given: The header's value, None if there is none.
        secret: The token that was passed to ``set_webhook(secret_token=...)``.
    """
    # "replace", because JSON can contain characters that UTF-8 cannot encode.
    return hmac.compare_digest((given or "").encode(errors="replace"), secret.encode())


def read_update(body: bytes | str, bot: ExtBot[Any]) -> Update:
    """Parse the Update in a request, with the data of its inline buttons as far as the bot knows it.

    Args:
        body: The request's body as Telegram sent it.
        bot: The bot that receives the update; its state must be loaded.

    Raises:
        NoUpdateError: The body is not a valid update.
    """
    try:
        update = Update.de_json(json.loads(body), bot)
        _check_ids(update)
        bot.insert_callback_data(update)
    except Exception:  # noqa: BLE001  bodies from strangers raise all kinds of errors: KeyError, RecursionError, ...
        raise NoUpdateError("The request body is not a valid Bot API update.") from None
    return update


def _check_ids(update: Update) -> None:
    """Check that IDs are integers. PTB accepts any value, and the IDs become keys of stored records."""
    owners = [owner for owner in (update.effective_chat, update.effective_user) if owner]
    if any(type(number) is not int for number in (update.update_id, *(owner.id for owner in owners))):
        raise NoUpdateError


def describe_error(error: BaseException) -> str:
    """Return the text of an error for logs. Only our errors are quoted: others may contain secrets, PTB's the token."""
    name = type(error).__name__
    if isinstance(error, PTBBucketError):
        return f"{name}: {error}"
    frames = traceback.extract_tb(error.__traceback__)
    place = f" at {frames[-1].filename}:{frames[-1].lineno}" if frames else ""
    return f"{name}{_what_telegram_did(error)}{place}"


def _what_telegram_did(error: BaseException) -> str:
    """Explain the errors of PTB that occur before a handler runs."""
    if isinstance(error, InvalidToken):
        return " (Telegram rejected the bot's token)"
    if isinstance(error, NetworkError) and not isinstance(error, BadRequest):
        return " (Telegram could not be reached)"
    return ""
