"""A bot for AWS Lambda whose state is stored in a bucket: a conversation, a counter and a keyboard.

It reads the environment: ``PTB_BUCKET_URI`` such as ``s3://my-bucket/{bot_id}``, ``TELEGRAM_BOT_TOKEN`` and
``TELEGRAM_WEBHOOK_SECRET``; the last two from AWS's Parameter Store, if ``..._PARAMETER`` names a parameter instead.
"""

from __future__ import annotations

from telegram import InlineKeyboardButton, InlineKeyboardMarkup, Update
from telegram.ext import (
    CallbackQueryHandler,
    CommandHandler,
    ContextTypes,
    ConversationHandler,
    InvalidCallbackData,
    MessageHandler,
    TypeHandler,
    filters,
)

from ptb_bucket import BucketApplication, BucketApplicationBuilder, add_differences, bucket_application
from ptb_bucket.serverless.aws import lambda_webhook, setting

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


async def give_up(update: Update, _context: Context) -> None:
    """End a conversation that has had no answer for an hour. A tick of the schedule calls this."""
    await update.effective_message.reply_text("I have not heard from you for an hour. /start begins anew.")


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


def build_application() -> BucketApplication:
    """Build the bot: called before an environment's first event, and again after a failed one."""
    # resolver: two instances that count at once are added up instead of one of them winning.
    # jobs: timers are in the bucket, too, so a conversation times out on any instance.
    # dedupe: what Telegram sends again, because it got no answer, is not handled again.
    builder = bucket_application(resolver=add_differences, dedupe=True, jobs="bucket")
    application = connected(builder).arbitrary_callback_data(arbitrary_callback_data=True).build()
    words = filters.TEXT & ~filters.COMMAND
    conversation = ConversationHandler(
        entry_points=[CommandHandler("start", start)],
        states={
            NAME: [MessageHandler(words, take_name)],
            CITY: [MessageHandler(words, take_city)],
            ConversationHandler.TIMEOUT: [TypeHandler(Update, give_up)],
        },
        fallbacks=[CommandHandler("cancel", cancel)],
        name="acquaintance",
        persistent=True,
        conversation_timeout=3600,
    )
    application.add_handlers([conversation, CommandHandler("me", me), CallbackQueryHandler(forget)])
    return application


def connected(builder: BucketApplicationBuilder) -> BucketApplicationBuilder:
    """Tell who the bot is; tests put an offline Telegram here."""
    return builder.token(setting("TELEGRAM_BOT_TOKEN"))


handler = lambda_webhook(build_application)
