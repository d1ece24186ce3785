"""Run the demo's bot on the real Telegram."""

from __future__ import annotations

import logging
import os
from typing import TYPE_CHECKING, Any

from telegram.error import InvalidToken, TelegramError
from telegram.ext import ApplicationBuilder

from ptb_bucket import BucketPersistence
from ptb_bucket.cli.console import complain
from ptb_bucket.cli.demo import bot
from ptb_bucket.cli.demo.display import narrate
from ptb_bucket.errors import PTBBucketError

if TYPE_CHECKING:
    from telegram import Bot
    from telegram.ext import Application, CallbackContext

__all__ = ["run_live"]


class _TokenFilter(logging.Formatter):
    """A log formatter that removes the token: PTB puts it into exceptions, httpx into the URLs that it logs."""

    def __init__(self, token: str) -> None:
        super().__init__("%(levelname)s %(name)s: %(message)s")
        self._token = token

    def format(self, record: logging.LogRecord) -> str:
        error = record.exc_info[1] if record.exc_info else None
        if isinstance(error, TelegramError):  # its text is enough; PTB would add three tracebacks
            record.exc_info, record.msg, record.args = None, "%s %s", (record.getMessage(), error)
        return super().format(record).replace(self._token, "<token>")


def run_live(uri: str) -> int:
    """Run Pip by polling until you press Ctrl-C, with the token in ``TELEGRAM_BOT_TOKEN``, which is never printed.

    Args:
        uri: Where Pip's state is stored.

    Returns:
        The exit code.
    """
    token = os.environ.get("TELEGRAM_BOT_TOKEN", "")
    if not token:
        return complain("--live needs a bot token in TELEGRAM_BOT_TOKEN. Get one from @BotFather.", 2)
    _log_without(token)
    return _poll(uri, token)


def _log_without(token: str) -> None:
    handler = logging.StreamHandler()
    handler.setFormatter(_TokenFilter(token))
    logging.basicConfig(level=logging.WARNING, handlers=[handler])


def _poll(uri: str, token: str) -> int:
    builder: ApplicationBuilder[Any, Any, Any, Any, Any, Any] = ApplicationBuilder().token(token).post_init(_announce)
    app = bot.build(builder, BucketPersistence(uri))
    app.add_error_handler(_log_error)
    try:
        app.run_polling()
    except InvalidToken:
        return complain("Telegram rejected the token in TELEGRAM_BOT_TOKEN. Check it with @BotFather.", 2)
    except TelegramError as error:
        return complain(f"Telegram: {error}".replace(token, "<token>"), 1)
    return 0


async def _log_error(_update: object, context: CallbackContext[Any, Any, Any, Any]) -> None:
    ours = isinstance(context.error, PTBBucketError)  # its message says what to do; a traceback would not
    logging.getLogger(__name__).error("%s", context.error, exc_info=None if ours else context.error)


async def _announce(app: Application[Bot, Any, Any, Any, Any, Any]) -> None:
    narrate(
        f"Pip is running as @{app.bot.username}. Send it /start. Press Ctrl-C to stop it. When you start it again, it "
        "will remember you."
    )
