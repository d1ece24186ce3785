"""The module of a bot for AWS Lambda, set up by its environment. Importing it is the init phase."""

from __future__ import annotations

import asyncio
import os
import random
import sys
import threading
import time
from datetime import datetime
from pathlib import Path
from typing import Any

from telegram.ext import CommandHandler, ConversationHandler, JobQueue, MessageHandler, filters

from ptb_bucket import BucketApplication, add_differences, bucket_application
from ptb_bucket.offline_telegram import OfflineTelegram
from ptb_bucket.serverless.aws import lambda_webhook

telegram = OfflineTelegram()
built: list[BucketApplication] = []
seen: list[dict[str, Any]] = []
"""What each handled update saw: the random numbers, and the ID under which its changes are saved."""

if "AHEAD" in os.environ:  # a clock that is so many seconds ahead
    real, ahead = time.time, float(os.environ["AHEAD"])
    time.time = lambda: real() + ahead
    JobQueue._tz_now = lambda queue: datetime.fromtimestamp(time.time(), queue.scheduler.timezone)


async def count(update, context):
    """Count the messages of a user, and note who counts."""
    context.user_data["count"] = context.user_data.get("count", 0) + 1
    writer = context.application._sync.session.replica.documents.writer.id
    seen.append({"random": random.random(), "writer": writer, "known": dict(context.bot_data)})
    if "TELEGRAM_URL" in os.environ:
        await update.effective_message.reply_text("counted")


async def ask(_update, _context):
    """Begin a conversation, which times out after an hour."""
    return 1


async def answer(_update, context):
    """Go on with the conversation. If the environment says so, take some seconds, and note the answer."""
    if "SLOW" in os.environ:
        await asyncio.sleep(float(os.environ["SLOW"]))
        context.user_data["answered"] = context.user_data.get("answered", 0) + 1
    return 1


async def give_up(_update, context):
    """Count the conversations of a user that have timed out."""
    context.user_data["gave_up"] = context.user_data.get("gave_up", 0) + 1


async def remind_me(update, context):
    """Remind a user in ten minutes."""
    user = update.effective_user.id
    context.job_queue.run_once(remind, 600, data={"tea": 1}, user_id=user, chat_id=user)


async def remind(context):
    """Count the reminders of a user, and send one."""
    context.user_data["reminded"] = context.user_data.get("reminded", 0) + context.job.data["tea"]
    await context.bot.send_message(context.job.chat_id, "Tea!")


def jobs() -> dict[str, Any]:
    """Return the options of the bot that keeps its jobs in the bucket, if the environment asks for one."""
    return {"jobs": "bucket", "callbacks": [remind]} if "JOBS" in os.environ else {}


def with_timeout() -> ConversationHandler:
    """Make a conversation that times out after an hour."""
    states = {
        1: [MessageHandler(filters.Regex("yes"), answer)],
        ConversationHandler.TIMEOUT: [MessageHandler(filters.ALL, give_up)],
    }
    return ConversationHandler(
        [CommandHandler("ask", ask)], states, [], name="asked", persistent=True, conversation_timeout=3600
    )


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
    builder = bucket_application(os.environ["BUCKET"], resolver=add_differences, **jobs()).token(telegram.token)
    if url := os.environ.get("TELEGRAM_URL"):
        builder = builder.base_url(f"{url}/bot")
    else:
        offline = telegram.builder()
        builder = builder.request(offline._request).get_updates_request(offline._get_updates_request)
    application = builder.build()
    if "JOBS" in os.environ:
        application.add_handlers([with_timeout(), CommandHandler("remind", remind_me)])
    application.add_handler(MessageHandler(filters.ALL, count))
    application.took = time.monotonic() - began
    built.append(application)
    return application


async def tick(application):
    """Handle a timer event."""
    await asyncio.sleep(0)
    application.bot_data["ticks"] = application.bot_data.get("ticks", 0) + 1


handler = lambda_webhook(build_application, None if os.environ.get("ON_TIMER") == "no" else tick)
