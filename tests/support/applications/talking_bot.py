"""A bot that asks for name and age, offers tea with buttons, and calls a method that nobody knows."""

from __future__ import annotations

from telegram import InlineKeyboardButton, InlineKeyboardMarkup, Message, Update
from telegram.ext import (
    Application,
    CallbackQueryHandler,
    CommandHandler,
    ContextTypes,
    ConversationHandler,
    InvalidCallbackData,
    MessageHandler,
    filters,
)

NAME, AGE = range(2)
Context = ContextTypes.DEFAULT_TYPE


async def ask_name(update: Update, _):
    await update.message.reply_text("What is your name?")
    return NAME


async def ask_age(update: Update, _):
    await update.message.reply_text(f"How old are you, {update.message.text}?")
    return AGE


async def goodbye(update: Update, _):
    await update.message.reply_text(f"{update.message.text} is a good age.")
    return ConversationHandler.END


async def offer(update: Update, _):
    keyboard = [[InlineKeyboardButton(label, callback_data=("answer", label)) for label in ("Yes", "No")]]
    await update.message.reply_text("Tea?", reply_markup=InlineKeyboardMarkup(keyboard))


async def pressed(update: Update, _):
    query = update.callback_query
    if isinstance(query.data, InvalidCallbackData):
        await query.answer("I have forgotten that button.")
        return
    await query.answer("Noted.")
    await query.edit_message_text(f"{query.data!r}")


async def roll(update: Update, context):
    await context.bot.do_api_request("sendHologram", {"chat_id": update.effective_chat.id}, return_type=Message)


def with_handlers(builder, **options) -> Application:
    app = builder.arbitrary_callback_data(64).build()
    words = filters.TEXT & ~filters.COMMAND
    talk = ConversationHandler(
        [CommandHandler("hello", ask_name)],
        {NAME: [MessageHandler(words, ask_age)], AGE: [MessageHandler(words, goodbye)]},
        [],
        **options,
    )
    app.add_handlers([talk, CommandHandler("tea", offer), CommandHandler("roll", roll), CallbackQueryHandler(pressed)])
    return app
