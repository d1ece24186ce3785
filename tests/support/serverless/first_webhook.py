"""A process that handles one webhook as AWS Lambda does, and prints what it has imported for that.

Run it as ``python -m support.serverless.first_webhook URI``. It needs nothing but the library, so its own imports are
few. Telegram answers in the process.
"""

from __future__ import annotations

import json
import os
import sys

import telegram.ext
from telegram.request import BaseRequest

BEFORE = set(sys.modules)

os.environ["TELEGRAM_WEBHOOK_SECRET"] = "secret"
from ptb_bucket import bucket_application  # noqa: E402
from ptb_bucket.serverless.aws import lambda_webhook  # noqa: E402

ADA = {"id": 42, "is_bot": False, "first_name": "Ada"}
CHAT = {"id": 42, "type": "private"}
ANSWERS = {"getMe": {"id": 1, "is_bot": True, "first_name": "Bot", "username": "a_bot"}}


class Telegram(BaseRequest):
    """A Telegram that answers every message."""

    read_timeout = 5.0

    async def initialize(self) -> None:
        """Do nothing."""

    async def shutdown(self) -> None:
        """Do nothing."""

    async def do_request(self, url: str, *_: object, **__: object) -> tuple[int, bytes]:
        """Answer a request."""
        sent = {"message_id": 7, "date": 1, "chat": CHAT, "text": "hi"}
        return 200, json.dumps({"ok": True, "result": ANSWERS.get(url.rpartition("/")[2], sent)}).encode()


async def count(update, context):
    """Count a user's messages, and answer."""
    context.user_data["count"] = context.user_data.get("count", 0) + 1
    await update.effective_message.reply_text("hi")


def build_application():
    """Build the bot on the bucket that the command line names."""
    builder = bucket_application(sys.argv[1]).token("1:a")
    application = builder.request(Telegram()).get_updates_request(Telegram()).build()
    application.add_handler(telegram.ext.MessageHandler(telegram.ext.filters.TEXT, count))
    return application


class Context:
    """Stand for what Lambda passes with an event."""

    aws_request_id = "1"

    def get_remaining_time_in_millis(self) -> int:
        """Return the time that is left."""
        return 10_000


def event() -> dict[str, object]:
    """Make the event of a function URL."""
    message = {"message_id": 1, "date": 1, "chat": CHAT, "from": ADA, "text": "hello"}
    return {
        "version": "2.0", "rawPath": "/", "requestContext": {"http": {"method": "POST"}}, "isBase64Encoded": False,
        "headers": {"x-telegram-bot-api-secret-token": "secret"},
        "body": json.dumps({"update_id": 1, "message": message}),
    }  # fmt: skip


if __name__ == "__main__":
    answer = lambda_webhook(build_application)(event(), Context())
    sys.stdout.write(json.dumps({"status": answer["statusCode"], "modules": sorted(set(sys.modules) - BEFORE)}))
