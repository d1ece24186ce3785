"""The memory of a bot, its import into a bucket, and what a bot remembers afterwards."""

from __future__ import annotations

from telegram.ext import ExtBot

from ptb_bucket import BucketPersistence
from ptb_bucket.tools import import_memory, open_state, read_memory

BOT = ExtBot("123456:offline")
DATA = {
    "user_data": {1: {"name": "Ada", 2: [1, None]}, 2: {}},
    "chat_data": {-5: {"x": 1.5}},
    "bot_data": {"total": 1},
    "callback_data": ([("a" * 32, 1.5, {"b": 3})], {"q": "a" * 32}),
    "conversations": {"form": {(1, 2): 0, (3,): "name", (4, 4): None}},
}


async def imported(path, uri, *, types=(), **decisions):
    memory = read_memory(path, types=types, leave_out=decisions.get("leave_out", False))
    async with open_state(uri, types=types, bot_id="123456", create=True) as state:
        return await import_memory(state, memory, **decisions), memory


async def remembered(uri, types=()):
    persistence = BucketPersistence(uri, types=types)
    persistence.set_bot(BOT)
    data = [await persistence.get_user_data(), await persistence.get_chat_data(), await persistence.get_bot_data()]
    return [*data, await persistence.get_callback_data(), await persistence.get_conversations("form")]
