"""A bot, and instances of its newer code that write values that it cannot decode."""

from __future__ import annotations

import itertools

import pytest
from telegram import InlineKeyboardButton, InlineKeyboardMarkup
from telegram.ext import CallbackQueryHandler, CommandHandler, ConversationHandler, InvalidCallbackData, MessageHandler

from ptb_bucket.state import LAYOUTS
from support.applications.instances import WORDS, say
from support.documents.unreadable_records import Mood

SHORT = {("single", "json"), ("per-record", "pickle")}
PLACES = [
    pytest.param({"layout": layout, "codec": codec}, marks=() if (layout, codec) in SHORT else pytest.mark.long)
    for layout, codec in itertools.product(LAYOUTS, ["json", "pickle"])
]
NEWER = {"types": [Mood]}


async def offer(update, _context):
    rows = [[InlineKeyboardButton(text, callback_data=data)] for text, data in (("tea", Mood.GOOD), ("milk", "milk"))]
    for row in rows:
        await update.effective_message.reply_text("What?", reply_markup=InlineKeyboardMarkup([row]))


async def chosen(update, _context):
    is_known = not isinstance(update.callback_query.data, InvalidCallbackData)
    await update.effective_message.reply_text(f"chosen {is_known}")


async def count(update, context):
    context.user_data["count"] = context.user_data.get("count", 0) + 1
    context.chat_data["last"] = update.effective_user.id
    await update.effective_message.reply_text(f"count {context.user_data['count']}")


def handlers():
    talk = ConversationHandler(
        [CommandHandler("go", say("gone", Mood.GOOD))],
        {Mood.GOOD: [CommandHandler("end", say("end", ConversationHandler.END))]},
        [], name="talk", persistent=True,
    )  # fmt: skip
    return [CommandHandler("offer", offer), CallbackQueryHandler(chosen), talk, MessageHandler(WORDS, count)]


async def make_newer(world, place, *, user=(), chat=(), bot=False):
    """Let an instance of newer code write values that this one cannot decode."""
    async with world.build(*handlers(), **place, **NEWER) as newer:
        for numbers, data in ((user, newer.user_data), (chat, newer.chat_data)):
            for number in numbers:
                data[number]["mood"] = Mood.GOOD
        if bot:
            newer.bot_data["mood"] = Mood.GOOD
        newer.mark_data_for_update_persistence(chat_ids=chat, user_ids=user)
        await newer.update_persistence()


async def read(world, place):
    async with world.build(**place, **NEWER) as newer:
        await newer.load_data(chat_ids=[42, 43, -100], user_ids=[42, 43])
        return {number: data for number, data in newer.user_data.items() if data}
