"""A bot that remembers one of everything that an edit may reach."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass

from telegram.ext import ExtBot

from ptb_bucket import BucketPersistence
from ptb_bucket.state import Record

BOT = "123456:offline"
USER = Record.user(42)


@dataclass
class Cart:
    items: list


def running(store, **settings):
    persistence = BucketPersistence(store, types=[Cart], refresh_interval=0, **settings)
    persistence.set_bot(ExtBot(BOT))
    return persistence


async def remembered(store, **settings):
    bot = running(store, **settings)
    await asyncio.gather(
        bot.update_user_data(42, {"cart": Cart([1]), "list": [1, 2], 7: {"a.b": {(1, 2): 3}}, "bot": bot.bot}),
        bot.update_bot_data({"x": 1}),
        bot.update_conversation("order", (42, 42), "size"),
    )
    return bot
