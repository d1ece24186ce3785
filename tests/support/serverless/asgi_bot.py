"""A bot behind ASGI, set up by its environment: ``uvicorn support.serverless.asgi_bot:app``."""

from __future__ import annotations

import asyncio
import logging
import os
from datetime import datetime, timedelta, timezone
from pathlib import Path

from telegram.ext import ConversationHandler, MessageHandler, filters

from ptb_bucket import BucketPersistence, add_differences, bucket_application, open_store
from ptb_bucket.offline_telegram import OfflineTelegram
from ptb_bucket.serverless.asgi import SharedSecret, asgi_webhook
from ptb_bucket.testing.faults import Fault, FaultyStore


def faults(operation: str, _key: str) -> Fault | None:
    """Return the fault that the file names, such as ``get UNAVAILABLE``, one operation a line, or None."""
    try:
        lines = Path(os.environ["FAULTS"]).read_text().splitlines()
    except (KeyError, FileNotFoundError):
        return None
    return next((Fault[fault] for name, fault in map(str.split, lines) if name == operation), None)


def seconds(name: str, default: float) -> float:
    """Return a setting of the environment in seconds."""
    return float(os.environ.get(name, default))


async def add(update, context):
    """Append the message to the chat's log, count it, and keep the order in which handlers ran."""
    word = update.effective_message.text.split()[1]
    context.chat_data.setdefault("log", []).append(word)
    context.bot_data["count"] = context.bot_data.get("count", 0) + 1


async def slow(update, context):
    """Do the same after a number of seconds."""
    await asyncio.sleep(float(update.effective_message.text.split()[2]))
    await add(update, context)


async def later(update, context):
    """Do the same, but after the request was answered."""
    context.application.create_task(slow(update, context), update)


async def remind_me(update, context):
    """Add a job that takes a number of seconds, and that is due since two seconds."""
    seconds, chat = float(update.effective_message.text.split()[1]), update.effective_chat.id
    context.job_queue.run_once(remind, datetime.now(timezone.utc) - timedelta(seconds=2), data=seconds, chat_id=chat)


async def remind(context):
    """Append to the chat's log that the job ran."""
    logging.getLogger(__name__).error("the job began")
    await asyncio.sleep(context.job.data)
    context.chat_data.setdefault("log", []).append("reminded")


async def never(_update, _context):
    """Do not end."""
    await asyncio.Event().wait()


async def stubborn(_update, _context):
    """Do not end when cancelled either, for a while."""
    for _ in range(20):
        try:
            await asyncio.sleep(0.1)
        except asyncio.CancelledError:
            continue


async def leak(_update, _context):
    """Raise an error, as a handler with a bug."""
    raise RuntimeError("private words")


async def note(_update, context):
    """Log an error by its name, without PTB's traceback."""
    logging.getLogger(__name__).error("handler or save failed: %s", type(context.error).__name__)


def step(number: int):
    """Return the handler of one step of a conversation; the last one ends it."""

    async def handle(_update, context):
        context.user_data.setdefault("steps", []).append(number)
        return number + 1 if number < 5 else ConversationHandler.END

    return handle


def said(pattern: str, callback) -> MessageHandler:
    """Make a handler for texts that begin with a word."""
    return MessageHandler(filters.Regex(f"^{pattern}"), callback)


def build_application():
    """Build the bot on the bucket of the environment, with its own offline Telegram."""
    store = FaultyStore(open_store(os.environ["BUCKET"]), faults)
    persistence = BucketPersistence(
        store, resolver=add_differences, update_interval=seconds("INTERVAL", 0.5), commit_timeout=seconds("PATIENCE", 5)
    )
    telegram = OfflineTelegram()
    jobs = {"jobs": "bucket", "callbacks": [remind]} if "JOBS" in os.environ else {}
    builder = bucket_application(
        persistence, dedupe="DEDUPE" in os.environ, shutdown_deadline=seconds("SHUTDOWN_DEADLINE", 4), **jobs
    )
    offline = telegram.builder()
    builder = builder.token(telegram.token).request(offline._request).get_updates_request(offline._get_updates_request)
    application = builder.build()
    conversation = ConversationHandler(
        [said("step 0", step(0))],
        {number: [said(f"step {number}", step(number))] for number in range(1, 6)},
        [], persistent=True, name="steps",
    )  # fmt: skip
    application.add_handlers(
        [conversation, said("add", add), said("slow", slow), said("later", later), said("never", never),
         said("stubborn", stubborn), said("leak", leak), said("remind", remind_me)]
    )  # fmt: skip
    application.add_error_handler(note)
    return application


app = asgi_webhook(
    build_application,
    deadline=seconds("DEADLINE", 10),
    max_waiting=int(os.environ.get("MAX_WAITING", "100")),
    tick=SharedSecret() if "JOBS" in os.environ else None,
)
