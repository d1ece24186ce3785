"""A newsletter: people subscribe, and the editor sends news to all of them. After a restart, sending goes on.

It reads the environment: ``TELEGRAM_BOT_TOKEN``, ``EDITOR_ID`` (your own Telegram ID), and ``PTB_BUCKET_URI`` such as
``s3://my-bucket/{bot_id}``; without it, the state is in ``./bot-data``.
"""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, Any

from ptb_bucket import BucketApplication, bucket_application
from telegram import Update
from telegram.ext import CommandHandler, ContextTypes, filters

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from ptb_bucket.application import BucketApplicationBuilder

Context = ContextTypes.DEFAULT_TYPE


async def subscribe(update: Update, context: Context) -> None:
    """Subscribe."""
    context.user_data["subscribed"] = True
    await update.effective_message.reply_text("You get the news from now on. /stop ends that.")


async def stop(update: Update, context: Context) -> None:
    """End the subscription."""
    context.user_data["subscribed"] = False
    await update.effective_message.reply_text("You get no more news.")


async def news(update: Update, context: Context) -> None:
    """Send the text after /news to all subscribers. The number of the issue makes the broadcast's name."""
    _, *text = update.effective_message.text.split(maxsplit=1)
    if not text:
        await update.effective_message.reply_text("Write the news after the command: /news TEXT")
        return
    number = context.bot_data.get("issues", 0)
    last = await context.application.find_broadcast(f"news-{number}")
    if last and not last.is_over:  # its text must not change
        await update.effective_message.reply_text(f"Issue {number} is still being sent.")
        return
    number = context.bot_data["issues"] = number + 1
    context.bot_data["news"] = text[0]
    people = subscribers(context.application)
    begun = await context.application.broadcast(send_news, people, name=f"news-{number}")
    await update.effective_message.reply_text(f"Issue {number} goes to {begun.people} people. /status shows how far.")


async def subscribers(application: BucketApplication) -> AsyncIterator[int]:
    """Yield the IDs of all subscribers."""
    async for user_id in application.persistence.iter_user_ids():
        await application.load_data(user_ids=user_id)
        if application.user_data[user_id].get("subscribed"):
            yield user_id


async def send_news(context: Context, user_id: int) -> None:
    """Send the news to one subscriber."""
    await context.bot.send_message(user_id, context.bot_data["news"])


async def status(update: Update, context: Context) -> None:
    """Say how far the newest issue has come."""
    number = context.bot_data.get("issues", 0)
    found = await context.application.find_broadcast(f"news-{number}")
    text = "There was no issue yet."
    if found:
        lost = len(found.blocked)
        text = f"Issue {number} is {found.state}: {found.done} of {found.people}, {lost} have blocked the bot."
    await update.effective_message.reply_text(text)


def new_builder(where: Any = None, **options: Any) -> BucketApplicationBuilder:
    """Return a builder: the state in a bucket, jobs too."""
    where = where or os.environ.get("PTB_BUCKET_URI", "file:./bot-data")
    return bucket_application(where, save="update", dedupe=True, jobs="bucket", callbacks=[send_news], **options)


def build_application(builder: BucketApplicationBuilder | None = None, editor: int | None = None) -> BucketApplication:
    """Build the bot.

    Args:
        builder: One that brings its own connection to Telegram, for tests; else the token is read from the environment.
        editor: The ID of the person who may send news; else it is read from the environment.
    """
    only_editor = filters.User(int(os.environ["EDITOR_ID"]) if editor is None else editor)
    application = (builder or new_builder().token(read_token())).build()
    application.add_handler(CommandHandler(["start", "subscribe"], subscribe))
    application.add_handler(CommandHandler("stop", stop))
    application.add_handler(CommandHandler("news", news, filters=only_editor))
    application.add_handler(CommandHandler("status", status, filters=only_editor))
    return application


def read_token() -> str:
    """Return the bot's token, or end the program with a sentence that says what is missing."""
    if token := os.environ.get("TELEGRAM_BOT_TOKEN"):
        return token
    raise SystemExit("Set TELEGRAM_BOT_TOKEN to your bot's token, which @BotFather gives you.")


if __name__ == "__main__":
    build_application().run_polling()
