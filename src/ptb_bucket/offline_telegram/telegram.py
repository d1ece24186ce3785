"""The offline Telegram, as a bot and its tests use it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from telegram.ext import ApplicationBuilder

from ptb_bucket.offline_telegram.api import METHODS
from ptb_bucket.offline_telegram.errors import ApiError, UnknownMethodError
from ptb_bucket.offline_telegram.json import JSON, user_json
from ptb_bucket.offline_telegram.people import Group, Person
from ptb_bucket.offline_telegram.request import OfflineRequest
from ptb_bucket.offline_telegram.server import Server, ServerState

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from datetime import datetime

    from telegram import Message

    from ptb_bucket.offline_telegram.server import AnyApplication
    from ptb_bucket.offline_telegram.transcript import Line

__all__ = ["OfflineTelegram"]


class OfflineTelegram:
    """Telegram's side of a bot, in memory and without any network.

    IDs and dates come from counters, so that the same dialogue produces the same bytes. Texts stay as the bot wrote
    them: ``parse_mode`` is accepted and not interpreted.

    Args:
        bot_id: The bot's user ID, and the first part of its token.
        bot_username: Its username, without the @.
        bot_name: Its first name.
        first_update_id: The first ID of updates and callback queries.
        clock: Returns the time with its zone. By default, the clock starts at noon of 2025-01-01 UTC and advances by a
            second at each message and press.
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
        bot = user_json(bot_id, bot_name, bot_username, is_bot=True)
        self.server = Server(ServerState(bot, first_update_id, next_query_id=first_update_id), clock)
        self._taught: dict[str, Callable[[JSON], Any]] = {}

    @property
    def transcript(self) -> list[Line]:
        """Return the lines that were said, in order."""
        return self.server.transcript

    def snapshot(self) -> JSON:
        """Return Telegram's state as plain JSON for another process, without the transcript and the taught methods.

        Returns:
            The argument of :meth:`restore`.
        """
        return self.server.state.dump()

    @classmethod
    def restore(cls, snapshot: JSON, *, clock: Callable[[], datetime] | None = None) -> OfflineTelegram:
        """Continue from a snapshot, with the same chats and messages and with IDs that follow on.

        Args:
            snapshot: The result of :meth:`snapshot`.
            clock: As for the class.

        Returns:
            A Telegram with the same state and an empty transcript.
        """
        telegram = cls(clock=clock)
        telegram.server.state = ServerState.load(snapshot)
        return telegram

    @property
    def token(self) -> str:
        """Return a token for the bot. It is not a secret, because it works only with this object."""
        return f"{self.server.state.bot['id']}:offline"

    def builder(self) -> ApplicationBuilder[Any, Any, Any, Any, Any, Any]:
        """Return a builder of an Application that talks to this Telegram.

        Returns:
            PTB's builder with token and request objects set. Chain the other settings that you need.
        """
        builder = ApplicationBuilder().token(self.token).request(OfflineRequest(self))
        return builder.get_updates_request(OfflineRequest(self))

    def user(self, user_id: int, first_name: str, *, username: str | None = None) -> Person:
        """Return a person with a private chat. The same ID is the same person, also after :meth:`restore`.

        Args:
            user_id: The ID of the person and of their private chat.
            first_name: Their name in the transcript.
            username: Their username, without the @.

        Returns:
            The person, through whom you write to the bot.
        """
        user = user_json(user_id, first_name, username)
        self.server.state.know({key: value for key, value in user.items() if key != "is_bot"} | {"type": "private"})
        return Person(self.server, user)

    def group(self, chat_id: int, title: str, *, supergroup: bool = False) -> Group:
        """Return a group chat that the bot is a member of.

        Args:
            chat_id: Its ID; Telegram's are negative.
            title: Its title.
            supergroup: True for a supergroup.

        Returns:
            The group, to pass as ``chat`` to the methods of a person.
        """
        self.server.state.know({"id": chat_id, "title": title, "type": "supergroup" if supergroup else "group"})
        return Group(chat_id, title)

    def answer(self, method: str, handler: Callable[[JSON], Any]) -> None:
        """Add a method of the Bot API, or replace the answer of one.

        Args:
            method: Its name, such as ``"sendDice"``.
            handler: Takes the parameters and returns the result as Bot API JSON, or an awaitable of it; may raise
                :class:`ApiError`.
        """
        self._taught[method] = handler

    async def deliver(self, app: AnyApplication, update: JSON) -> list[Message]:
        """Pass an update to an Application as its Updater would.

        Args:
            app: An initialized Application.
            update: Bot API JSON.

        Returns:
            The messages that the bot sent or edited while it processed the update.

        Raises:
            UnknownMethodError: The bot called a method that this Telegram does not know.
        """
        return await self.server.deliver(app, update)

    def push(self, update: JSON) -> None:
        """Queue an update for getUpdates; may be called from any thread.

        Args:
            update: Bot API JSON.
        """
        self.server.push(update)

    async def wait_for(self, said: Callable[[Line], bool], *, timeout: float = 5.0) -> Line:
        """Wait for a line of the transcript, for bots that poll.

        Args:
            said: Returns True for the line to wait for; called with every line, from the first.
            timeout: Seconds to wait at most.

        Returns:
            The first line for which ``said`` returned True.

        Raises:
            TimeoutError: No such line was said in time. The message contains the transcript.
            UnknownMethodError: The bot called a method that this Telegram does not know.
        """
        line = await self.server.bell.until(lambda: next(filter(said, self.transcript), None), timeout)
        self.server.raise_unknown()
        if line is None:
            raise TimeoutError(
                "The line was not said in time. The transcript is:\n" + "\n".join(map(str, self.transcript))
            )
        return line

    def call(self, method: str, parameters: JSON, token: str) -> Any:
        """Answer a call of the Bot API.

        Args:
            method: The method's name.
            parameters: Its parameters as plain JSON.
            token: The token of the bot that calls.

        Returns:
            The result, or an awaitable of it.

        Raises:
            ApiError: Telegram refuses the call.
            UnknownMethodError: This Telegram does not know the method. Add it with :meth:`answer`.
        """
        if token != self.token:
            raise ApiError("Unauthorized", code=401)
        if taught := self._taught.get(method):
            return taught(parameters)
        if method not in METHODS:
            self.server.unknown.append(UnknownMethodError(method))
            self.server.bell.ring()
            raise UnknownMethodError(method)
        return METHODS[method](self.server, parameters)

    def messages(self, chat_id: int) -> Iterator[JSON]:
        """Return the messages of a chat, newest first, as Bot API JSON."""
        return self.server.messages(chat_id)
