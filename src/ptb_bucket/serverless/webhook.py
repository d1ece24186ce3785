"""What every webhook entry point does alike: make the application, compare the secret, read the update."""

from __future__ import annotations

import hmac
import json
import traceback
from typing import TYPE_CHECKING, Any

from telegram import Update
from telegram.ext import ApplicationBuilder

from ptb_bucket.application import BucketApplication
from ptb_bucket.errors import ConfigurationError, PTBBucketError

if TYPE_CHECKING:
    from collections.abc import Callable

    from telegram.ext import ExtBot

__all__ = ["SECRET_HEADER", "NoUpdateError", "build_for_webhook", "is_secret", "read_update", "said_of"]

SECRET_HEADER = "X-Telegram-Bot-Api-Secret-Token"  # noqa: S105  the name of the header


class NoUpdateError(ValueError):
    """A request's body is no Update. What it is instead is not told: it came from anybody."""


def build_for_webhook(build_application: Callable[[], Any]) -> BucketApplication[Any, Any, Any, Any, Any, Any]:
    """Make the application, and let it save before it answers.

    Args:
        build_application: The bot author's function: no argument, returns a BucketApplication or its builder.

    Returns:
        A new application, not initialized, with ``save="update"``.

    Raises:
        ConfigurationError: It returned something else.
    """
    made = build_application()
    application = made.build() if isinstance(made, ApplicationBuilder) else made
    if not isinstance(application, BucketApplication):
        raise ConfigurationError(
            f"build_application() returned {type(application).__name__}, and answering after saving needs a "
            'BucketApplication. Write: return bucket_application("s3://bucket/prefix").token(TOKEN).build()'
        )
    application.save, application.runs = "update", False
    return application


def is_secret(given: str | None, secret: str) -> bool:
    """Compare what a request's :data:`SECRET_HEADER` says with the secret, in a time that does not tell how much fits.

    Args:
        given: The header, None if there is none.
        secret: What was passed to ``set_webhook(secret_token=...)``.
    """
    # "replace": JSON can carry what UTF-8 cannot.
    return hmac.compare_digest((given or "").encode(errors="replace"), secret.encode())


def read_update(body: bytes | str, bot: ExtBot[Any]) -> Update:
    """Make the Update that a request carries, with the data of its inline buttons as far as the bot knows it.

    Args:
        body: The request's body as Telegram sent it.
        bot: Whose update it is; its state must be loaded.

    Raises:
        NoUpdateError: It is none.
    """
    try:
        update = Update.de_json(json.loads(body), bot)
        _check_ids(update)
        bot.insert_callback_data(update)
    except Exception:  # noqa: BLE001  what strangers send breaks the parser in every way: KeyError, RecursionError, ...
        raise NoUpdateError("The body is no Update of Telegram's Bot API.") from None
    return update


def _check_ids(update: Update) -> None:
    """PTB takes everything for an id; these become keys of what is stored."""
    owners = [owner for owner in (update.effective_chat, update.effective_user) if owner]
    if any(type(number) is not int for number in (update.update_id, *(owner.id for owner in owners))):
        raise NoUpdateError


def said_of(error: BaseException) -> str:
    """What may be logged of an error: ours hold no secrets and no user data, others' may (PTB's name the token)."""
    name = type(error).__name__
    if isinstance(error, PTBBucketError):
        return f"{name}: {error}"
    frames = traceback.extract_tb(error.__traceback__)
    return f"{name} at {frames[-1].filename}:{frames[-1].lineno}" if frames else name
