"""A bot by polling whose state is stored in a bucket: a conversation, a counter and a keyboard.

It reads the environment: ``TELEGRAM_BOT_TOKEN``, and ``PTB_BUCKET_URI`` such as ``s3://my-bucket/{bot_id}``; without
it, the state is in ``./bot-data``.
"""

from __future__ import annotations

import os

from telegram import InlineKeyboardButton, InlineKeyboardMarkup, Update
from telegram.ext import (
    ApplicationBuilder,
    CallbackQueryHandler,
    CommandHandler,
    ContextTypes,
    ConversationHandler,
    InvalidCallbackData,
    MessageHandler,
    filters,
)

from ptb_bucket import BucketApplication, BucketPersistence, add_differences

NAME, CITY = range(2)
Context = ContextTypes.DEFAULT_TYPE


async def start(update: Update, _context: Context) -> int:
    """Begin to get acquainted."""
    await update.effective_message.reply_text("Hello! What is your name?")
    return NAME


async def take_name(update: Update, context: Context) -> int:
    """Remember the name."""
    context.user_data["name"] = update.effective_message.text
    await update.effective_message.reply_text("And where do you live?")
    return CITY


async def take_city(update: Update, context: Context) -> int:
    """Remember the city, and count the acquaintance."""
    context.user_data["city"] = update.effective_message.text
    context.bot_data["people"] = context.bot_data.get("people", 0) + 1
    await update.effective_message.reply_text(f"You are number {context.bot_data['people']}. /me shows what I know.")
    return ConversationHandler.END


async def cancel(update: Update, _context: Context) -> int:
    """End the conversation."""
    await update.effective_message.reply_text("Never mind.")
    return ConversationHandler.END


async def me(update: Update, context: Context) -> None:
    """Show the stored data, and offer to delete it."""
    known = ", ".join(f"{key}: {value}" for key, value in sorted(context.user_data.items())) or "nothing"
    button = InlineKeyboardButton("Forget me", callback_data=("forget", update.effective_user.id))
    await update.effective_message.reply_text(f"I know {known}.", reply_markup=InlineKeyboardMarkup([[button]]))


async def forget(update: Update, context: Context) -> None:
    """Delete the data of the user who pressed the button."""
    query = update.callback_query
    await query.answer()
    if isinstance(query.data, InvalidCallbackData):
        await query.edit_message_text("This button is too old. Ask again with /me.")
        return
    context.application.drop_user_data(update.effective_user.id)
    await query.edit_message_text("Forgotten.")


def add_handlers(application: BucketApplication) -> BucketApplication:
    """Add the handlers: the same for polling, Lambda and Cloud Run."""
    words = filters.TEXT & ~filters.COMMAND
    conversation = ConversationHandler(
        entry_points=[CommandHandler("start", start)],
        states={NAME: [MessageHandler(words, take_name)], CITY: [MessageHandler(words, take_city)]},
        fallbacks=[CommandHandler("cancel", cancel)],
        name="acquaintance",
        persistent=True,
    )
    application.add_handlers([conversation, CommandHandler("me", me), CallbackQueryHandler(forget)])
    return application


def read_token() -> str:
    """Return the bot's token, or end the program with a sentence that says what is missing."""
    if token := os.environ.get("TELEGRAM_BOT_TOKEN"):
        return token
    raise SystemExit("Set TELEGRAM_BOT_TOKEN to your bot's token, which @BotFather gives you.")


def build_application(builder: ApplicationBuilder | None = None) -> BucketApplication:
    """Build the bot.

    Args:
        builder: One that brings its own connection to Telegram, for tests; else the token is read from the environment.
    """
    builder = builder or ApplicationBuilder().token(read_token())
    uri = os.environ.get("PTB_BUCKET_URI", "file:./bot-data")
    # Two instances that count at once are added up instead of one of them winning.
    persistence = BucketPersistence(uri, update_interval=10, resolver=add_differences)
    builder.application_class(BucketApplication).persistence(persistence).arbitrary_callback_data(
        arbitrary_callback_data=True
    )
    return add_handlers(builder.build())


if __name__ == "__main__":
    build_application().run_polling()
