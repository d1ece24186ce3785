"""Telegram's side of an offline conversation: its state, transcript and clock."""

from __future__ import annotations

from contextvars import ContextVar
from datetime import datetime, timedelta, timezone
from typing import TYPE_CHECKING, Any

from telegram import Message, Update
from telegram.ext import ExtBot

from ptb_bucket.offline_telegram.inbox import Bell
from ptb_bucket.offline_telegram.json import JSON, copied, describe, labels
from ptb_bucket.offline_telegram.transcript import Line

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from telegram.ext import Application

    from ptb_bucket.offline_telegram.errors import UnknownMethodError
    from ptb_bucket.offline_telegram.state import ServerState
    from ptb_bucket.offline_telegram.transcript import Kind

    AnyApplication = Application[Any, Any, Any, Any, Any, Any]

__all__ = ["Server"]

# The answers to the update that is being processed. A context variable, because handlers of several updates may run at
# the same time and each person wants their own answers.
_answers: ContextVar[list[JSON] | None] = ContextVar("answers", default=None)

_EPOCH = datetime(2025, 1, 1, 12, tzinfo=timezone.utc)
_QUERIES = ("callback_query", "inline_query", "shipping_query", "pre_checkout_query")
_MESSAGES = ("message", "channel_post", "business_message")


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
        self.dice: list[int] = []
        self._clock = clock or self._tick

    async def deliver(self, app: AnyApplication, update: JSON) -> list[Message]:
        """Let an Application process an update; see :meth:`OfflineTelegram.deliver`."""
        self.learn(update)
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
        return [Message.de_json(answer, app.bot) for answer in answers]

    def push(self, update: JSON) -> None:
        """Queue an update for getUpdates; may be called from any thread."""
        self.learn(update)
        self.state.pending.append(update)
        self.bell.ring()

    def learn(self, update: JSON) -> None:
        """Know the chat, the sender, the message and the query of an update that was written by hand."""
        for kind in _QUERIES:
            if kind in update:
                query = update[kind]
                self.state.queries.setdefault(query["id"], {"chat_id": query["from"]["id"], "kind": kind})
        for kind in _MESSAGES:
            if message := update.get(kind):
                chat = message["chat"]
                self.state.chats.setdefault(str(chat["id"]), chat)
                if self.state.find_message(chat["id"], message["message_id"]) is None:
                    self.state.keep_message(copied(message))
                if "from" in message and "left_chat_member" not in message:
                    self.see(chat["id"], message["from"])

    def see(self, chat_id: int, user: JSON) -> None:
        """Note that a person is in a chat, if nothing else is known about them there."""
        known = self.state.member(chat_id, user["id"])
        if known is None or known["status"] == "left":
            self.state.set_member(chat_id, user, "member")

    def messages(self, chat_id: int) -> Iterator[JSON]:
        """Return the messages of a chat, newest first, as Bot API JSON."""
        return (message for message in reversed(self.state.messages.values()) if message["chat"]["id"] == chat_id)

    def store_message(self, sender: JSON | None, chat_id: Any, content: JSON) -> JSON:
        """Give a message its ID and date and add it to its chat. In a channel, the channel is the sender."""
        chat = self.state.chat(chat_id)
        head: JSON = {"from": sender} if sender and chat["type"] != "channel" else {"sender_chat": chat}
        message = head | {"chat": chat, "message_id": self.state.count("next_message_id"), "date": self.now()} | content
        self.state.keep_message(message)
        return message

    def make_update(self, kind: str, content: JSON) -> JSON:
        """Give an update its ID."""
        update: JSON = copied({"update_id": self.state.count("next_update_id"), kind: content})
        return update

    def next_query_id(self, chat_id: int, kind: str = "callback_query") -> str:
        """Return the ID of a new query, which the bot may then answer."""
        query = str(self.state.count("next_query_id"))
        self.state.queries[query] = {"chat_id": chat_id, "kind": kind}
        return query

    def now(self) -> int:
        """Return the time as a Telegram date: seconds since 1970."""
        return int(self._clock().timestamp())

    def note(self, line: Line, answer: JSON | None = None) -> None:
        """Add a line to the transcript; an answer of the bot belongs to the update that is being processed."""
        self.transcript.append(line)
        if answer is not None and (answers := _answers.get()) is not None:
            answers.append(copied(answer))  # as it is now: the bot may change it again
        self.bell.ring()

    def note_bot(self, message: JSON, kind: Kind = "message") -> JSON:
        """Add what the bot did with a message to the transcript, and to the answers unless it was deleted."""
        who, chat = self.state.bot["first_name"], message["chat"]["id"]
        line = Line(who, chat, describe(message), kind, from_bot=True, buttons=labels(message))
        self.note(line, None if kind == "delete" else message)
        return message

    async def wait_for(self, said: Callable[[Line], bool], *, timeout: float) -> Line:
        """Wait for a line of the transcript; see :meth:`OfflineTelegram.wait_for`."""
        line = await self.bell.until(lambda: next(filter(said, self.transcript), None), timeout)
        self.raise_unknown()
        if line is None:
            transcript = "\n".join(map(str, self.transcript))
            raise TimeoutError(f"The expected line did not appear in time. Transcript so far:\n{transcript}")
        return line

    def raise_unknown(self) -> None:
        """Raise the next error about an unknown method. PTB swallows it where a handler made the call."""
        if self.unknown:
            raise self.unknown.pop(0)

    def _tick(self) -> datetime:
        return _EPOCH + timedelta(seconds=self.state.count("ticks"))
