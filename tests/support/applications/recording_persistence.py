"""A persistence that notes the calls of its methods."""

from __future__ import annotations

import copy


class Hears:
    """A mixin that notes all calls that save, drop, refresh or end."""

    def __init__(self, *args, **options):
        super().__init__(*args, **options)
        self.calls = []

    def note(self, *call):
        self.calls.append(copy.deepcopy(call))

    async def update_bot_data(self, data):
        self.note("update bot", data)
        await super().update_bot_data(data)

    async def update_chat_data(self, chat_id, data):
        self.note("update chat", chat_id, data)
        await super().update_chat_data(chat_id, data)

    async def update_user_data(self, user_id, data):
        self.note("update user", user_id, data)
        await super().update_user_data(user_id, data)

    async def update_conversation(self, name, key, new_state):
        self.note("update conversation", name, key, new_state)
        await super().update_conversation(name, key, new_state)

    async def update_callback_data(self, data):
        self.note("update callback", data)
        await super().update_callback_data(data)

    async def drop_chat_data(self, chat_id):
        self.note("drop chat", chat_id)
        await super().drop_chat_data(chat_id)

    async def drop_user_data(self, user_id):
        self.note("drop user", user_id)
        await super().drop_user_data(user_id)

    async def refresh_bot_data(self, bot_data):
        self.note("refresh bot", bot_data)
        await super().refresh_bot_data(bot_data)

    async def refresh_chat_data(self, chat_id, chat_data):
        self.note("refresh chat", chat_id, chat_data)
        await super().refresh_chat_data(chat_id, chat_data)

    async def refresh_user_data(self, user_id, user_data):
        self.note("refresh user", user_id, user_data)
        await super().refresh_user_data(user_id, user_data)

    async def flush(self):
        self.note("flush")
        await super().flush()
