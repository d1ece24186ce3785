"""The offline Telegram itself."""

from __future__ import annotations

from contextvars import ContextVar
from datetime import datetime, timedelta, timezone
from typing import TYPE_CHECKING, Any

from telegram import Message, Update
from telegram.ext import ApplicationBuilder, ExtBot

from ptb_bucket.offline_telegram.api import METHODS
from ptb_bucket.offline_telegram.errors import ApiError, UnknownMethodError
from ptb_bucket.offline_telegram.inbox import Bell
from ptb_bucket.offline_telegram.json import JSON, copied, user_json
from ptb_bucket.offline_telegram.memory import Memory
from ptb_bucket.offline_telegram.people import Group, Person
from ptb_bucket.offline_telegram.request import OfflineRequest

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from ptb_bucket.offline_telegram.people import AnyApplication
    from ptb_bucket.offline_telegram.transcript import Line

__all__ = ["OfflineTelegram"]

# The answers to the update that is being processed. A context variable, because handlers of several updates may run at
# the same time and each person wants their own answers.
_answers: ContextVar[list[JSON] | None] = ContextVar("answers", default=None)

_EPOCH = datetime(2025, 1, 1, 12, tzinfo=timezone.utc)


class OfflineTelegram:
    """Telegram's side of a bot, in memory and without any network.

    Ids and dates come from counters, so that the same dialogue gives the same bytes. Texts are kept as the bot wrote
    them: ``parse_mode`` is accepted and not interpreted.

    Args:
        bot_id: The bot's user id, and the first part of its token.
        bot_username: Its username, without the @.
        bot_name: Its first name.
        first_update_id: Where the ids of updates and callback queries start.
        clock: The time, aware of its zone. Without one, the clock starts at noon of 2025-01-01 UTC and goes on by a
            second at each message and press.

    Attributes:
        transcript: All that was said, in order.
    """

    def __init__(
        self,
        *,
        bot_id: int = 123456,
        bot_username: str = "demo_bot",
        bot_name: str = "Bot",
        first_update_id: int = 1,
        clock: Callable[[], datetime] | None = None,
    ) -> None:
        self.memory = Memory(
            user_json(bot_id, bot_name, bot_username, is_bot=True), first_update_id, next_query_id=first_update_id
        )
        self.bell = Bell()
        self.transcript: list[Line] = []
        self._clock = clock or self._tick
        self._taught: dict[str, Callable[[JSON], Any]] = {}
        self._unknown: list[UnknownMethodError] = []

    def snapshot(self) -> JSON:
        """What Telegram remembers, as plain JSON for another process; all but the transcript and what was taught.

        Returns:
            The argument of :meth:`restore`.
        """
        return self.memory.dump()

    @classmethod
    def restore(cls, snapshot: JSON, *, clock: Callable[[], datetime] | None = None) -> OfflineTelegram:
        """Go on where another one stopped: same chats and messages, continued ids.

        Args:
            snapshot: From :meth:`snapshot`.
            clock: As for the class.

        Returns:
            A Telegram with the same memory and an empty transcript.
        """
        telegram = cls(clock=clock)
        telegram.memory = Memory.load(snapshot)
        return telegram

    @property
    def token(self) -> str:
        """The bot's token, which is none: it opens nothing but this object."""
        return f"{self.memory.bot['id']}:offline"

    def builder(self) -> ApplicationBuilder[Any, Any, Any, Any, Any, Any]:
        """Start an Application that talks to this Telegram.

        Returns:
            PTB's builder with token and request objects set; chain whatever else is needed.
        """
        builder = ApplicationBuilder().token(self.token).request(OfflineRequest(self))
        return builder.get_updates_request(OfflineRequest(self))

    def user(self, user_id: int, first_name: str, *, username: str | None = None) -> Person:
        """Somebody with a private chat. The same id is the same person, also after :meth:`restore`.

        Args:
            user_id: Their id and that of their private chat.
            first_name: Their name in the transcript.
            username: Their username, without the @.

        Returns:
            The person, ready to talk.
        """
        user = user_json(user_id, first_name, username)
        self.memory.know({key: value for key, value in user.items() if key != "is_bot"} | {"type": "private"})
        return Person(self, user)

    def group(self, chat_id: int, title: str, *, supergroup: bool = False) -> Group:
        """A group chat that the bot is in.

        Args:
            chat_id: Its id; Telegram's are negative.
            title: Its title.
            supergroup: Whether it is one.

        Returns:
            What to pass as ``chat`` to the methods of a person.
        """
        self.memory.know({"id": chat_id, "title": title, "type": "supergroup" if supergroup else "group"})
        return Group(chat_id, title)

    def answer(self, method: str, handler: Callable[[JSON], Any]) -> None:
        """Teach a method of the Bot API, or change what one answers.

        Args:
            method: Its name, such as ``"sendDice"``.
            handler: Takes the parameters and returns the result as Bot API JSON, or an awaitable of it; may raise
                :class:`ApiError`.
        """
        self._taught[method] = handler

    async def deliver(self, app: AnyApplication, update: JSON) -> list[Message]:
        """Let an Application process an update as its Updater would.

        Args:
            app: An initialized Application.
            update: Bot API JSON.

        Returns:
            The messages that the bot sent or edited meanwhile.

        Raises:
            UnknownMethodError: The bot used a method that this Telegram cannot play.
        """
        answers: list[JSON] = []
        token = _answers.set(answers)
        try:
            parsed = Update.de_json(copied(update), app.bot)
            if isinstance(app.bot, ExtBot):
                app.bot.insert_callback_data(parsed)
            await app.process_update(parsed)
        finally:
            _answers.reset(token)
        self._complain()
        return [Message.de_json(copied(answer)) for answer in answers]

    def push(self, update: JSON) -> None:
        """Leave an update for getUpdates; may be called from any thread.

        Args:
            update: Bot API JSON.
        """
        self.memory.pending.append(update)
        self.bell.ring()

    async def wait_for(self, said: Callable[[Line], bool], *, timeout: float = 5.0) -> Line:
        """Wait until something is said, for bots that poll.

        Args:
            said: Asked for every line of the transcript, from the first.
            timeout: Seconds to wait at most.

        Returns:
            The first such line.

        Raises:
            TimeoutError: Nobody said it; the message holds the transcript.
            UnknownMethodError: The bot used a method that this Telegram cannot play.
        """
        line = await self.bell.until(lambda: next(filter(said, self.transcript), None), timeout)
        self._complain()
        if line is None:
            raise TimeoutError("nobody said it; what was said:\n" + "\n".join(map(str, self.transcript)))
        return line

    def call(self, method: str, parameters: JSON, token: str) -> Any:
        """Answer a call of the Bot API.

        Args:
            method: The method's name.
            parameters: Its parameters as plain JSON.
            token: Whose bot calls.

        Returns:
            The result, or an awaitable of it.

        Raises:
            ApiError: Telegram refuses.
            UnknownMethodError: Nobody has taught it.
        """
        if token != self.token:
            raise ApiError("Unauthorized", code=401)
        if taught := self._taught.get(method):
            return taught(parameters)
        if method not in METHODS:
            self._unknown.append(UnknownMethodError(method))
            self.bell.ring()
            raise UnknownMethodError(method)
        return METHODS[method](self, parameters)

    def messages(self, chat_id: int) -> Iterator[JSON]:
        """The messages of a chat, newest first, as Bot API JSON."""
        return (message for message in reversed(self.memory.messages) if message["chat"]["id"] == chat_id)

    def store_message(self, sender: JSON, chat_id: Any, content: JSON) -> JSON:
        """Give a message its id and date and put it into its chat."""
        head = {"from": sender, "chat": self.memory.chat(chat_id)}
        message = head | {"message_id": self.memory.count("next_message_id"), "date": self.now()} | content
        self.memory.messages.append(message)
        return message

    def make_update(self, kind: str, content: JSON) -> JSON:
        """Give an update its id."""
        update: JSON = copied({"update_id": self.memory.count("next_update_id"), kind: content})
        return update

    def next_query_id(self, chat_id: int) -> str:
        """The id of a callback query, which may then be answered."""
        query = str(self.memory.count("next_query_id"))
        self.memory.queries[query] = chat_id
        return query

    def now(self) -> int:
        """The clock, as Telegram's dates are."""
        return int(self._clock().timestamp())

    def note(self, line: Line, answer: JSON | None = None) -> None:
        """Write a line into the transcript; an answer of the bot belongs to the update that is being processed."""
        self.transcript.append(line)
        if answer is not None and (answers := _answers.get()) is not None:
            answers.append(answer)
        self.bell.ring()

    def _tick(self) -> datetime:
        return _EPOCH + timedelta(seconds=self.memory.count("ticks"))

    def _complain(self) -> None:
        if self._unknown:
            raise self._unknown.pop(0)
