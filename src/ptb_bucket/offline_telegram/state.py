"""The state of an offline Telegram, as plain data: chats, members, messages, files, polls, and pending updates."""

from __future__ import annotations

from dataclasses import asdict, dataclass, field
from typing import TYPE_CHECKING, Any

from ptb_bucket.offline_telegram.errors import ApiError
from ptb_bucket.offline_telegram.json import JSON, copied, message_key
from ptb_bucket.offline_telegram.rights import all_rights

if TYPE_CHECKING:
    from collections.abc import Callable

__all__ = ["ServerState"]


@dataclass
class ServerState:
    """Everything that calls leave behind for later calls, and the counters from which IDs and dates are made.

    All of it is JSON: keys are texts, also where they are IDs.

    Attributes:
        bot: The bot's User.
        chats: The chats that the bot knows, by ID.
        members: ChatMember objects, by chat ID and user ID.
        messages: All messages that were not deleted, by ``chat:message``, oldest first.
        files: Uploaded files by their ID: name, type, and content in Base64.
        votes: The options that each voter chose, by poll ID and voter.
        reactions: Reactions by ``chat:message`` and user ID.
        pins: The IDs of pinned messages by chat ID, oldest first.
        topics: Forum topics by chat ID and thread ID.
        links: Invite links, with their chat's ID.
        invoices: The parameters of an invoice by ``chat:message`` or link.
        payments: Star transactions and other payments, oldest first.
        inline: The chat and message of each inline message, by its ID.
        businesses: BusinessConnection objects by ID.
        stickers: Sticker sets by name.
        scores: Scores by ``chat:message`` and user ID.
        settings: What ``set...`` methods store for ``get...`` methods.
        blocked: IDs of people who blocked the bot.
        queries: Queries that the bot may answer, by ID.
        pending: Updates that wait for getUpdates.
    """

    bot: JSON
    next_update_id: int
    next_message_id: int = 1
    next_query_id: int = 1
    next_file_id: int = 1
    ticks: int = 0
    chats: dict[str, JSON] = field(default_factory=dict)
    members: dict[str, dict[str, JSON]] = field(default_factory=dict)
    messages: dict[str, JSON] = field(default_factory=dict)
    files: dict[str, JSON] = field(default_factory=dict)
    votes: dict[str, dict[str, list[int]]] = field(default_factory=dict)
    reactions: dict[str, dict[str, list[JSON]]] = field(default_factory=dict)
    pins: dict[str, list[int]] = field(default_factory=dict)
    topics: dict[str, dict[str, JSON]] = field(default_factory=dict)
    links: list[JSON] = field(default_factory=list)
    invoices: dict[str, JSON] = field(default_factory=dict)
    payments: list[JSON] = field(default_factory=list)
    inline: dict[str, list[int]] = field(default_factory=dict)
    businesses: dict[str, JSON] = field(default_factory=dict)
    stickers: dict[str, JSON] = field(default_factory=dict)
    scores: dict[str, dict[str, JSON]] = field(default_factory=dict)
    settings: dict[str, Any] = field(default_factory=dict)
    blocked: list[int] = field(default_factory=list)
    queries: dict[str, JSON] = field(default_factory=dict)
    pending: list[JSON] = field(default_factory=list)
    allowed_updates: list[str] = field(default_factory=list)
    webhook: str = ""

    def dump(self) -> JSON:
        """Return all of it as plain JSON."""
        return asdict(self)

    @classmethod
    def load(cls, snapshot: JSON) -> ServerState:
        """Restore the result of :meth:`dump`."""
        return cls(**copied(snapshot))

    def count(self, counter: str) -> int:
        """Return the value of a counter and increment the counter."""
        value: int = getattr(self, counter)
        setattr(self, counter, value + 1)
        return value

    def know(self, chat: JSON) -> None:
        """Add a chat, or replace what is known about it."""
        self.chats[str(chat["id"])] = chat

    def chat(self, chat_id: Any) -> JSON:
        """Find a chat by its ID or @username.

        Raises:
            ApiError: The chat does not exist. For a bot, a person who never wrote to it does not exist.
        """
        if chat := self.chats.get(str(chat_id)):
            if new := self.settings.get(f"upgraded:{chat['id']}"):
                text = "Bad Request: group chat was upgraded to a supergroup chat"
                raise ApiError(text, parameters={"migrate_to_chat_id": new})
            return chat
        for chat in self.chats.values():
            if chat.get("username") and f"@{chat['username']}" == chat_id:
                return chat
        raise ApiError("Bad Request: chat not found")

    def message(self, parameters: JSON, missing: str) -> JSON:
        """Find the message that a request refers to, by chat and message ID or by inline message ID.

        Raises:
            ApiError: It does not exist (any more). The text is ``missing``.
        """
        if (inline := parameters.get("inline_message_id")) and inline not in self.inline:
            raise ApiError("Bad Request: MESSAGE_ID_INVALID")
        named = None if inline else (self.chat(parameters.get("chat_id"))["id"], parameters.get("message_id"))
        if (message := self.find_message(*(named or self.inline[str(inline)]))) is None:
            raise ApiError(f"Bad Request: {missing}")
        return message

    def find_message(self, chat_id: int, message_id: Any) -> JSON | None:
        """Return a message, or None if it does not exist (any more)."""
        return self.messages.get(f"{chat_id}:{message_id}")

    def keep_message(self, message: JSON) -> None:
        """Store a message."""
        self.messages[message_key(message)] = message

    def drop_messages(self, unwanted: Callable[[JSON], bool]) -> None:
        """Forget the messages for which ``unwanted`` returns True."""
        self.messages = {key: message for key, message in self.messages.items() if not unwanted(message)}

    def member(self, chat_id: int, user_id: int) -> JSON | None:
        """Return what is known of a person in a chat, or None."""
        return self.members.get(str(chat_id), {}).get(str(user_id))

    def set_member(self, chat_id: int, user: JSON, status: str, **more: Any) -> JSON:
        """Store a person's status in a chat, and return the ChatMember."""
        member = {"user": user, "status": status} | more
        self.members.setdefault(str(chat_id), {})[str(user["id"])] = member
        return member

    def add_bot(self, chat_id: int, *, admin: bool) -> None:
        """Make the bot a member of a chat, or an administrator with all rights."""
        status, rights = ("administrator", all_rights()) if admin else ("member", {})
        self.set_member(chat_id, self.bot, status, **rights)

    def user(self, user_id: Any) -> JSON | None:
        """Return a person or bot that is known from any chat, or None."""
        if str(user_id) == str(self.bot["id"]):
            return self.bot
        found = (members[str(user_id)]["user"] for members in self.members.values() if str(user_id) in members)
        return next(found, None)
