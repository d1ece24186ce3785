"""What Telegram itself remembers, whichever process the bot runs in."""

from __future__ import annotations

from dataclasses import asdict, dataclass, field
from typing import Any

from ptb_bucket.offline_telegram.errors import ApiError
from ptb_bucket.offline_telegram.json import JSON, copied

__all__ = ["Memory"]


@dataclass
class Memory:
    """Chats, messages, what waits for getUpdates, and the counters that make ids and dates."""

    bot: JSON
    next_update_id: int
    next_message_id: int = 1
    next_query_id: int = 1
    ticks: int = 0
    chats: list[JSON] = field(default_factory=list)
    messages: list[JSON] = field(default_factory=list)
    pending: list[JSON] = field(default_factory=list)
    queries: dict[str, int] = field(default_factory=dict)
    commands: list[JSON] = field(default_factory=list)
    webhook: str = ""

    def dump(self) -> JSON:
        """Everything, as plain JSON."""
        return asdict(self)

    @classmethod
    def load(cls, snapshot: JSON) -> Memory:
        """The inverse of :meth:`dump`."""
        return cls(**copied(snapshot))

    def count(self, counter: str) -> int:
        """The next value of one of the counters."""
        value: int = getattr(self, counter)
        setattr(self, counter, value + 1)
        return value

    def know(self, chat: JSON) -> None:
        """Remember a chat, or what is new about it."""
        self.chats = [known for known in self.chats if known["id"] != chat["id"]] + [chat]

    def chat(self, chat_id: Any) -> JSON:
        """Find a chat by its id or @username.

        Raises:
            ApiError: There is none; to a bot, a person who never spoke does not exist.
        """
        for chat in self.chats:
            if str(chat["id"]) == str(chat_id) or (chat.get("username") and f"@{chat['username']}" == chat_id):
                return chat
        raise ApiError("Bad Request: chat not found")

    def message(self, parameters: JSON, missing: str) -> JSON:
        """Find the message that a request means.

        Raises:
            ApiError: There is none (any more), in the words of ``missing``.
        """
        chat = self.chat(parameters.get("chat_id"))
        for message in reversed(self.messages):
            if message["message_id"] == parameters.get("message_id") and message["chat"]["id"] == chat["id"]:
                return message
        raise ApiError(f"Bad Request: {missing}")
