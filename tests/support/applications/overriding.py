"""A persistence whose methods change what they store, and applications with such a persistence."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ptb_bucket import BucketPersistence
from support.applications.builder import build_application

if TYPE_CHECKING:
    from telegram.ext import Application


class Scrubbing:
    """A mixin that removes secrets from the copy that it gets before it stores it."""

    async def update_bot_data(self, data):
        data.pop("secret", None)
        await super().update_bot_data(data)

    async def update_chat_data(self, chat_id, data):
        data.pop("secret", None)
        await super().update_chat_data(chat_id, data)

    async def update_user_data(self, user_id, data):
        data.pop("secret", None)
        await super().update_user_data(user_id, data)

    async def update_conversation(self, name, key, new_state):
        await super().update_conversation(name, key, {"where?": "asked"}.get(new_state, new_state))

    async def update_callback_data(self, data):
        keyboards = [(uuid, time, {key: value.strip() for key, value in data.items()}) for uuid, time, data in data[0]]
        await super().update_callback_data((keyboards, data[1]))


class Scrubbed(Scrubbing, BucketPersistence):
    pass


def build(world, persistence, *handlers, save="update", **options) -> Application:
    bucket_options = None if save == "PTB's" else {"save": save, **options}
    return build_application(
        world.telegram, persistence, *handlers,
        bucket_options=bucket_options, on_error=world._hear, arbitrary_callback_data=True,
    )  # fmt: skip
