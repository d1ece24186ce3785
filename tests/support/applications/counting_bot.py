"""A bot on per-record that counts messages, and asks for a name in a conversation."""

from __future__ import annotations

from telegram.ext import CommandHandler, ConversationHandler, MessageHandler, filters

PER_RECORD = {"layout": "per-record"}


async def count(update, context):
    for data in (context.user_data, context.chat_data):
        data["count"] = data.get("count", 0) + 1
    await update.effective_message.reply_text(str(context.user_data["count"]))


async def ask(update, _context):
    await update.effective_message.reply_text("Your name?")
    return 1


async def name(update, context):
    context.user_data["name"] = update.effective_message.text
    await update.effective_message.reply_text("Thank you")
    return ConversationHandler.END


def talk(**options) -> ConversationHandler:
    return ConversationHandler(
        [CommandHandler("ask", ask)],
        {1: [MessageHandler(filters.TEXT & ~filters.COMMAND, name)]},
        [],
        name="talk",
        persistent=True,
        **options,
    )


COUNT = CommandHandler("count", count)
