"""The module of a bot for AWS Lambda, set up by its environment. Importing it is the init phase."""

from __future__ import annotations

import asyncio
import os
import random
import sys
import threading
import time
from pathlib import Path
from typing import Any

from telegram.ext import MessageHandler, filters

from ptb_bucket import BucketApplication, add_differences, bucket_application
from ptb_bucket.offline_telegram import OfflineTelegram
from ptb_bucket.serverless.aws import lambda_webhook

telegram = OfflineTelegram()
built: list[BucketApplication] = []
seen: list[dict[str, Any]] = []
"""What each handled update saw: the random numbers, and the ID under which its changes are saved."""


async def count(update, context):
    """Count the messages of a user, and note who counts."""
    context.user_data["count"] = context.user_data.get("count", 0) + 1
    writer = context.application._sync.session.replica.documents.writer.id
    seen.append({"random": random.random(), "writer": writer, "known": dict(context.bot_data)})
    if "TELEGRAM_URL" in os.environ:
        await update.effective_message.reply_text("counted")


def trouble() -> None:
    """Do what the file says that the environment names: raise, exit, or block as code without an event loop does."""
    what = Path(os.environ.get("TROUBLE", os.devnull)).read_text().strip()
    if what == "raise":
        raise RuntimeError("private words")
    if what == "exit":
        sys.exit("private words")
    while what == "block":
        try:
            threading.Event().wait(3600)
        except Exception:  # noqa: BLE001, S112  as SDKs do, which try again
            continue


def build_application():
    """Build the bot on the bucket of the environment, with an offline Telegram, or one at a URL."""
    began = time.monotonic()
    trouble()
    builder = bucket_application(os.environ["BUCKET"], resolver=add_differences).token(telegram.token)
    if url := os.environ.get("TELEGRAM_URL"):
        builder = builder.base_url(f"{url}/bot")
    else:
        offline = telegram.builder()
        builder = builder.request(offline._request).get_updates_request(offline._get_updates_request)
    application = builder.build()
    application.add_handler(MessageHandler(filters.ALL, count))
    application.took = time.monotonic() - began
    built.append(application)
    return application


async def tick(application):
    """Handle a timer event."""
    await asyncio.sleep(0)
    application.bot_data["ticks"] = application.bot_data.get("ticks", 0) + 1


handler = lambda_webhook(build_application, tick)
