"""The offline Telegram, as a bot and its tests use it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, TypeVar

from telegram import Message
from telegram.ext import ApplicationBuilder

from ptb_bucket.offline_telegram import teaching
from ptb_bucket.offline_telegram.answers import Answers
from ptb_bucket.offline_telegram.connect import connect
from ptb_bucket.offline_telegram.json import JSON, as_chat, copied, user_json
from ptb_bucket.offline_telegram.people import BusinessAccount, Person, upgrade
from ptb_bucket.offline_telegram.places import Channel, Group
from ptb_bucket.offline_telegram.server import Server
from ptb_bucket.offline_telegram.state import ServerState

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from datetime import datetime

    from ptb_bucket.offline_telegram.server import AnyApplication
    from ptb_bucket.offline_telegram.transcript import Line

    AnyBuilder = TypeVar("AnyBuilder", bound=ApplicationBuilder[Any, Any, Any, Any, Any, Any])

__all__ = ["OfflineTelegram"]


class OfflineTelegram:
    """Telegram's side of a bot, in memory and without any network.

    IDs and dates come from counters, so that the same dialogue produces the same bytes.

    Args:
        bot_id: The bot's user ID, and the first part of its token.
        bot_username: Its username, without the @.
        bot_name: Its first name.
        first_update_id: The first ID of updates and callback queries.
        clock: Returns the time with its zone. By default, the clock starts at noon of 2025-01-01 UTC and advances by a
            second at each message and press.
        allowed_updates: The kinds of updates that the bot asks for, as for ``run_polling``. Only ``chat_member`` is
            sent to a bot that asks for it and to no other.

    Attributes:
        server: The state and the transcript.
        answers: The answers to calls, for :class:`OfflineRequest`.
    """

    def __init__(  # noqa: PLR0913  what a bot has
        self,
        *,
        bot_id: int = 123456,
        bot_username: str = "demo_bot",
        bot_name: str = "Bot",
        first_update_id: int = 1,
        clock: Callable[[], datetime] | None = None,
        allowed_updates: list[str] | None = None,
    ) -> None:
        bot = user_json(bot_id, bot_name, bot_username, is_bot=True)
        state = ServerState(bot, first_update_id, next_query_id=first_update_id)
        state.allowed_updates = list(allowed_updates or ())
        self.server = Server(state, clock)
        self.answers = Answers(self.server)

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
        return self.answers.token

    def builder(self) -> ApplicationBuilder[Any, Any, Any, Any, Any, Any]:
        """Return a builder of an Application that talks to this Telegram.

        Returns:
            PTB's builder, connected. Chain the other settings that you need.
        """
        return self.connect(ApplicationBuilder())

    def connect(self, builder: AnyBuilder) -> AnyBuilder:
        """Connect a builder of yours to this Telegram, such as the one of ``bucket_application("memory:")``.

        Args:
            builder: An ApplicationBuilder without request objects and timeouts.

        Returns:
            The builder. Settings of the network that are chained after this call have no effect: the token, timeouts,
            proxies, URLs and HTTPX request objects.
        """
        return connect(builder, self)

    def user(self, user_id: int, first_name: str, *, username: str | None = None, **fields: Any) -> Person:
        """Return a person with a private chat. The same ID is the same person, also after :meth:`restore`.

        Args:
            user_id: The ID of the person and of their private chat.
            first_name: Their name in the transcript.
            username: Their username, without the @.
            fields: Other fields of a User, such as ``last_name``, ``language_code`` or ``is_premium``.

        Returns:
            The person, through whom you write to the bot.
        """
        user = user_json(user_id, first_name, username) | fields
        self.server.state.know(as_chat(user))
        self.server.state.set_member(user_id, user, "member")
        return Person(self.server, user)

    def group(
        self, chat_id: int, title: str, *, supergroup: bool = False, forum: bool = False, bot_is_admin: bool = True
    ) -> Group:
        """Return a group chat that the bot is a member of.

        Args:
            chat_id: Its ID; Telegram's are negative.
            title: Its title.
            supergroup: True for a supergroup.
            forum: True for a supergroup with topics.
            bot_is_admin: False to refuse what only administrators may do.

        Returns:
            The group, to pass as ``chat`` to the methods of a person.
        """
        kind = "supergroup" if supergroup or forum else "group"
        self.server.state.know({"id": chat_id, "title": title, "type": kind} | ({"is_forum": True} if forum else {}))
        self.server.state.add_bot(chat_id, admin=bot_is_admin)
        return Group(chat_id, title)

    def channel(self, chat_id: int, title: str, *, username: str | None = None, bot_is_admin: bool = True) -> Channel:
        """Return a channel. What a person sends with ``chat=channel`` is a ``channel_post``.

        Args:
            chat_id: Its ID; Telegram's are negative.
            title: Its title.
            username: Its username, without the @.
            bot_is_admin: False to refuse what only administrators may do.

        Returns:
            The channel, to pass as ``chat`` to the methods of a person.
        """
        named = {"username": username} if username else {}
        self.server.state.know({"id": chat_id, "title": title, "type": "channel"} | named)
        self.server.state.add_bot(chat_id, admin=bot_is_admin)
        return Channel(chat_id, title)

    def business_account(self, owner: Person, **rights: bool) -> BusinessAccount:
        """Return the business account of a person, for which the bot answers customers.

        Args:
            owner: The owner.
            rights: The BusinessBotRights of the bot; by default it may read, reply and delete its messages.

        Returns:
            The account. Customers write with ``chat=account.chat_with(customer)``.
        """
        return BusinessAccount(self.server, owner.user, rights)

    async def upgrade(self, app: AnyApplication, group: Group, chat_id: int) -> Group:
        """Make a supergroup of a group, and let the Application process both service messages.

        Args:
            app: As in :meth:`Person.send`.
            group: The group. Calls that name it fail from now on, with the new ID.
            chat_id: The new ID.

        Returns:
            The supergroup.
        """
        for update in upgrade(self.server, group, chat_id):
            await self.server.deliver(app, update)
        return Group(chat_id, group.title)

    def set_member(self, group: Group, person: Person, status: str = "member", **fields: Any) -> None:
        """Set a person's status in a group or channel, without an update.

        Args:
            group: The group.
            person: The person.
            status: ``"creator"``, ``"administrator"``, ``"member"``, ``"restricted"``, ``"left"`` or ``"kicked"``.
            fields: Other fields of the ChatMember, such as rights. Those left out are False.
        """
        more = {"until_date": 0} | fields if status in {"kicked", "restricted"} else fields
        self.server.state.set_member(group.id, person.user, status, **more)

    # What the Bot API answers.
    answer = teaching.answer
    refuse = teaching.refuse
    flood = teaching.flood

    def make_update(self, kind: str, content: JSON) -> JSON:
        """Make an update for :meth:`deliver` or :meth:`push`, for what :class:`Person` has no method for.

        Args:
            kind: The field of the Update, such as ``"chat_boost"``.
            content: Bot API JSON.

        Returns:
            The update with its ID.
        """
        return self.server.make_update(kind, content)

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
        return await self.server.wait_for(said, timeout=timeout)

    def upload(self, content: bytes, name: str, mime_type: str = "") -> str:
        """Store a file, as if the bot had uploaded it before.

        Args:
            content: Its bytes.
            name: Its name.
            mime_type: Its type; by default guessed from the name.

        Returns:
            Its file ID.
        """
        return self.answers.upload(content, name, mime_type)

    def newest(self, chat: Group | Person) -> Message:
        """Return the newest message of a chat, also one that a person wrote, for example to reply to it.

        Args:
            chat: The group, or the person whose private chat it is.

        Returns:
            The message, without a bot.

        Raises:
            LookupError: The chat has no message.
        """
        for message in self.messages(chat.id):
            return Message.de_json(copied(message))
        raise LookupError(f"Chat {chat.id} has no message.")

    def messages(self, chat_id: int) -> Iterator[JSON]:
        """Return the messages of a chat, newest first, as Bot API JSON."""
        return self.server.messages(chat_id)
