"""A bot that reminds people, by polling, on AWS Lambda and on Cloud Run. Its reminders are stored in a bucket.

It reads the environment: ``TELEGRAM_BOT_TOKEN``, and ``PTB_BUCKET_URI`` such as ``s3://my-bucket/{bot_id}``; without
it, the state is in ``./bot-data``. Behind a webhook, it also reads ``TELEGRAM_WEBHOOK_SECRET``; on Cloud Run,
``TICK_AUDIENCE`` and ``TICK_EMAIL`` say who may call ``POST /tick``.
"""

from __future__ import annotations

import os
import re
from datetime import time, timedelta
from zoneinfo import ZoneInfo

from telegram import InlineKeyboardButton, InlineKeyboardMarkup, Update
from telegram.ext import CallbackQueryHandler, CommandHandler, ContextTypes, Job

from ptb_bucket import BucketApplication, BucketApplicationBuilder, bucket_application
from ptb_bucket.serverless import setting

Context = ContextTypes.DEFAULT_TYPE
UNITS = {"s": "seconds", "m": "minutes", "h": "hours", "d": "days"}


async def remind(context: Context) -> None:
    """Send a reminder. It runs in any process, on the instance that looks at the clock first."""
    await context.bot.send_message(context.job.chat_id, f"\N{ALARM CLOCK} {context.job.data}")


async def help_(update: Update, _context: Context) -> None:
    """Say what the bot can do."""
    await update.effective_message.reply_text(
        "/remind 20m tea\n/daily 9:00 Europe/Rome stretch\n/reminders shows and cancels them."
    )


async def once(update: Update, context: Context) -> None:
    """Remind once: /remind 20m tea."""
    words = context.args or []
    found = re.fullmatch(r"(\d{1,6})([smhd])", words[0]) if words else None
    if found is None:
        await update.effective_message.reply_text("Write /remind 20m tea. Besides m, there are s, h and d.")
        return
    when = timedelta(**{UNITS[found[2]]: int(found[1])})
    text = " ".join(words[1:]) or "It is time!"
    context.job_queue.run_once(remind, when, text, text, update.effective_chat.id, update.effective_user.id)
    await update.effective_message.reply_text(f"In {words[0]}, I will remind you: {text}")


async def daily(update: Update, context: Context) -> None:
    """Remind every day, at the same time of day when clocks change: /daily 9:00 Europe/Rome stretch."""
    try:
        clock, zone, *words = context.args or []
        hour, minute = map(int, clock.split(":"))
        when = time(hour, minute, tzinfo=ZoneInfo(zone))
    except (ValueError, LookupError, OSError):
        await update.effective_message.reply_text("Write /daily 9:00 Europe/Rome stretch.")
        return
    text = " ".join(words) or "Good day!"
    context.job_queue.run_daily(
        remind, when, data=text, name=text, chat_id=update.effective_chat.id, user_id=update.effective_user.id
    )
    await update.effective_message.reply_text(f"Every day at {clock}, I will remind you: {text}")


def mine(update: Update, context: Context) -> list[Job]:
    """Return the reminders of the user in this chat, the next one first."""
    jobs = [job for job in context.job_queue.jobs() if job.callback is remind]
    own = [job for job in jobs if (job.user_id, job.chat_id) == (update.effective_user.id, update.effective_chat.id)]
    return sorted((job for job in own if job.next_t and not job.removed), key=lambda job: job.next_t)


def shown(jobs: list[Job]) -> tuple[str, InlineKeyboardMarkup]:
    """Return the list of reminders, and a button for each."""
    lines = [f"{job.next_t:%d %b %H:%M} UTC: {job.data}" for job in jobs]
    buttons = [[InlineKeyboardButton(f"Cancel {job.data}"[:60], callback_data=f"cancel {job.job.id}")] for job in jobs]
    return "\n".join(lines) or "There are no reminders.", InlineKeyboardMarkup(buttons)


async def reminders(update: Update, context: Context) -> None:
    """Show the reminders of the user."""
    text, buttons = shown(mine(update, context))
    await update.effective_message.reply_text(text, reply_markup=buttons)


async def cancel(update: Update, context: Context) -> None:
    """Cancel the reminder of the button, unless it has run."""
    wanted = update.callback_query.data.removeprefix("cancel ")
    found = [job for job in mine(update, context) if job.job.id == wanted]
    for job in found:
        job.schedule_removal()
    await update.callback_query.answer("Cancelled." if found else "It has been sent or cancelled.")
    text, buttons = shown(mine(update, context))
    await update.callback_query.edit_message_text(text, reply_markup=buttons)


def build_application() -> BucketApplication:
    """Build the bot. Every function that a job may call is listed: the bucket contains only its name."""
    uri = os.environ.get("PTB_BUCKET_URI", "file:./bot-data")
    builder = bucket_application(uri, save="update", dedupe=True, jobs="bucket", callbacks=[remind])
    application = connected(builder).build()
    application.add_handlers(
        [
            CommandHandler(["start", "help"], help_),
            CommandHandler("remind", once),
            CommandHandler("daily", daily),
            CommandHandler("reminders", reminders),
            CallbackQueryHandler(cancel, "^cancel "),
        ]
    )
    return application


def connected(builder: BucketApplicationBuilder) -> BucketApplicationBuilder:
    """Tell who the bot is; tests put an offline Telegram here."""
    return builder.token(setting("TELEGRAM_BOT_TOKEN"))


if "AWS_LAMBDA_FUNCTION_NAME" in os.environ:  # the handler is bot.handler; EventBridge Scheduler sends ticks
    from ptb_bucket.serverless.aws import lambda_webhook

    handler = lambda_webhook(build_application)
elif "K_SERVICE" in os.environ:  # Cloud Run serves bot:app; Cloud Scheduler calls POST /tick
    from ptb_bucket.serverless.asgi import GoogleOidc, asgi_webhook

    app = asgi_webhook(build_application, tick=GoogleOidc(setting("TICK_AUDIENCE"), setting("TICK_EMAIL")))
elif __name__ == "__main__":  # a process that goes on looks at the clock itself
    build_application().run_polling()
