"""Telegram's side of an offline conversation: its state, transcript and clock."""

from __future__ import annotations

from contextvars import ContextVar
from dataclasses import asdict, dataclass, field
from datetime import datetime, timedelta, timezone
from typing import TYPE_CHECKING, Any

from telegram import Message, Update
from telegram.ext import ExtBot

from ptb_bucket.offline_telegram.errors import ApiError
from ptb_bucket.offline_telegram.inbox import Bell
from ptb_bucket.offline_telegram.json import JSON, copied

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from telegram.ext import Application

    from ptb_bucket.offline_telegram.errors import UnknownMethodError
    from ptb_bucket.offline_telegram.transcript import Line

    AnyApplication = Application[Any, Any, Any, Any, Any, Any]

__all__ = ["Server", "ServerState"]

# The answers to the update that is being processed. A context variable, because handlers of several updates may run at
# the same time and each person wants their own answers.
_answers: ContextVar[list[JSON] | None] = ContextVar("answers", default=None)

_EPOCH = datetime(2025, 1, 1, 12, tzinfo=timezone.utc)


@dataclass
class ServerState:
    """Chats, messages, updates that wait for getUpdates, and the counters from which IDs and dates are made."""

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
        self.chats = [known for known in self.chats if known["id"] != chat["id"]] + [chat]

    def chat(self, chat_id: Any) -> JSON:
        """Find a chat by its ID or @username.

        Raises:
            ApiError: The chat does not exist. For a bot, a person who never wrote to it does not exist.
        """
        for chat in self.chats:
            if str(chat["id"]) == str(chat_id) or (chat.get("username") and f"@{chat['username']}" == chat_id):
                return chat
        raise ApiError("Bad Request: chat not found")

    def message(self, parameters: JSON, missing: str) -> JSON:
        """Find the message that a request refers to.

        Raises:
            ApiError: It does not exist (any more). The text is ``missing``.
        """
        chat = self.chat(parameters.get("chat_id"))
        for message in reversed(self.messages):
            if message["message_id"] == parameters.get("message_id") and message["chat"]["id"] == chat["id"]:
                return message
        raise ApiError(f"Bad Request: {missing}")


class Server:
    """The state of an offline Telegram with its transcript and its clock, shared by people and the Bot API.

    Args:
        state: The state to start from.
        clock: The time, aware of its zone. By default noon of 2025-01-01 UTC, one second later at each use.
    """

    def __init__(self, state: ServerState, clock: Callable[[], datetime] | None) -> None:
        self.state = state
        self.bell = Bell()
        self.transcript: list[Line] = []
        self.unknown: list[UnknownMethodError] = []
        self._clock = clock or self._tick

    async def deliver(self, app: AnyApplication, update: JSON) -> list[Message]:
        """Let an Application process an update; see :meth:`OfflineTelegram.deliver`."""
        answers: list[JSON] = []
        token = _answers.set(answers)
        try:
            parsed = Update.de_json(copied(update), app.bot)
            if isinstance(app.bot, ExtBot):
                app.bot.insert_callback_data(parsed)
            await app.process_update(parsed)
        finally:
            _answers.reset(token)
        self.raise_unknown()
        return [Message.de_json(copied(answer)) for answer in answers]

    def push(self, update: JSON) -> None:
        """Queue an update for getUpdates; may be called from any thread."""
        self.state.pending.append(update)
        self.bell.ring()

    def messages(self, chat_id: int) -> Iterator[JSON]:
        """Return the messages of a chat, newest first, as Bot API JSON."""
        return (message for message in reversed(self.state.messages) if message["chat"]["id"] == chat_id)

    def store_message(self, sender: JSON, chat_id: Any, content: JSON) -> JSON:
        """Give a message its ID and date and add it to its chat."""
        head = {"from": sender, "chat": self.state.chat(chat_id)}
        message = head | {"message_id": self.state.count("next_message_id"), "date": self.now()} | content
        self.state.messages.append(message)
        return message

    def make_update(self, kind: str, content: JSON) -> JSON:
        """Give an update its ID."""
        update: JSON = copied({"update_id": self.state.count("next_update_id"), kind: content})
        return update

    def next_query_id(self, chat_id: int) -> str:
        """Return the ID of a new callback query, which the bot may then answer."""
        query = str(self.state.count("next_query_id"))
        self.state.queries[query] = chat_id
        return query

    def now(self) -> int:
        """Return the time as a Telegram date: seconds since 1970."""
        return int(self._clock().timestamp())

    def note(self, line: Line, answer: JSON | None = None) -> None:
        """Add a line to the transcript; an answer of the bot belongs to the update that is being processed."""
        self.transcript.append(line)
        if answer is not None and (answers := _answers.get()) is not None:
            answers.append(answer)
        self.bell.ring()

    def raise_unknown(self) -> None:
        """Raise the next error about an unknown method. PTB swallows it where a handler made the call."""
        if self.unknown:
            raise self.unknown.pop(0)

    def _tick(self) -> datetime:
        return _EPOCH + timedelta(seconds=self.state.count("ticks"))
