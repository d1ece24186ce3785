"""A person who talks to the bot."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ptb_bucket.offline_telegram.json import JSON, copied
from ptb_bucket.offline_telegram.people import contents, inline, status
from ptb_bucket.offline_telegram.people.paying import ADDRESS, Payment, find_invoice
from ptb_bucket.offline_telegram.people.writing import PersonUpdates

if TYPE_CHECKING:
    from collections.abc import Sequence

    from telegram import Message

    from ptb_bucket.offline_telegram.places import Group
    from ptb_bucket.offline_telegram.server import AnyApplication, Server

__all__ = ["Person"]


class Person:
    """A person who talks to the bot, by default in their private chat; :meth:`OfflineTelegram.user` returns one.

    There are three ways to reach the bot. :meth:`send`, :meth:`press` and the other coroutines pass the update to an
    Application and return its answers: the messages that the bot sent or edited meanwhile, in all chats. :meth:`post`
    and :meth:`post_press` queue it for getUpdates. The methods of :attr:`updates` return the JSON that Telegram would
    send to a webhook.

    All coroutines take an initialized Application of :meth:`OfflineTelegram.builder`, and most take ``chat=``: the
    group, topic, channel or business chat instead of the private chat. They raise :class:`UnknownMethodError` if the
    bot called a method that this Telegram does not know, and :class:`PermissionError` if the person may not write
    there.

    Attributes:
        id: The ID of the person and of their private chat.
        name: Their first name.
        user: Their User, as Bot API JSON.
        updates: What they do, as updates.
    """

    def __init__(self, server: Server, user: JSON) -> None:
        self._server = server
        self.user = user
        self.id: int = user["id"]
        self.name: str = user["first_name"]
        self.updates = PersonUpdates(server, user)

    def message_update(self, text: str, chat: Group | None = None) -> JSON:
        """Write a message, and return the update as Bot API JSON; the arguments are those of :meth:`send`."""
        return self.updates.text(text, chat)

    def press_update(self, label: str, chat: Group | None = None, message: Message | None = None) -> JSON:
        """Press an inline button, and return the update; as :meth:`press`. Its data is exactly what the bot sent."""
        return self.updates.press(label, chat, message)

    def post(self, text: str, chat: Group | None = None) -> None:
        """Write a message and queue it for getUpdates; the arguments are those of :meth:`send`."""
        self._server.push(self.message_update(text, chat))

    def post_press(self, label: str, chat: Group | None = None, message: Message | None = None) -> None:
        """Press an inline button and queue the update for getUpdates; as :meth:`press`."""
        self._server.push(self.press_update(label, chat, message))

    async def send(
        self, app: AnyApplication, text: str, chat: Group | None = None, *, reply_to: Message | None = None
    ) -> list[Message]:
        """Write a message and let the Application process it.

        Args:
            app: An initialized Application of :meth:`OfflineTelegram.builder`.
            text: The text.
            chat: The group; by default the private chat.
            reply_to: The message that it replies to.

        Returns:
            The messages that the bot sent or edited meanwhile, in all chats. Later messages of a ``block=False``
            handler are in the transcript.

        Raises:
            UnknownMethodError: The bot called a method that this Telegram does not know.
            PermissionError: The person is banned or muted there.
        """
        return await self.deliver(app, self.updates.text(text, chat, reply_to))

    async def press(
        self, app: AnyApplication, label: str, chat: Group | None = None, message: Message | None = None
    ) -> list[Message]:
        """Press an inline button and let the Application process it.

        Args:
            app: As in :meth:`send`.
            label: The label of the button.
            chat: The group; by default the private chat.
            message: The message that has the button; by default the newest one.

        Returns:
            As :meth:`send`.

        Raises:
            LookupError: The button does not exist, or it sends nothing to the bot.
            UnknownMethodError: The bot called a method that this Telegram does not know.
        """
        return await self.deliver(app, self.press_update(label, chat, message))

    async def edit(self, app: AnyApplication, text: str, *, chat: Group | None = None) -> list[Message]:
        """Change the text or caption of the newest message that this person wrote in a chat: ``edited_message``."""
        return await self.deliver(app, self.updates.edit(text, chat=chat))

    async def send_content(
        self, app: AnyApplication, content: JSON, *, chat: Group | None = None, reply_to: Message | None = None
    ) -> list[Message]:
        """Send any content that has no method of its own.

        Args:
            app: As in :meth:`send`.
            content: Fields of a Bot API Message, such as ``{"story": {...}}``.
            chat: The group; by default the private chat.
            reply_to: The message that it replies to.

        Returns:
            As :meth:`send`.
        """
        return await self.deliver(app, self.updates.content(copied(content), chat, reply_to))

    send_photo = contents.sender("photo", "photo.jpg")
    send_document = contents.sender("document", "file.bin")
    send_video = contents.sender("video", "video.mp4")
    send_animation = contents.sender("animation", "animation.mp4")
    send_audio = contents.sender("audio", "audio.mp3")
    send_voice = contents.sender("voice", "voice.ogg")
    send_video_note = contents.sender("video_note", "note.mp4")
    send_sticker = contents.sender("sticker", "sticker.webp")

    async def send_album(
        self, app: AnyApplication, contents: Sequence[bytes], *, caption: str = "", chat: Group | None = None
    ) -> list[Message]:
        """Send photos as an album: the bot gets one update for each, with the same ``media_group_id``."""
        return await self.deliver(app, *self.updates.album(contents, caption=caption, chat=chat))

    share_contact = contents.share_contact
    share_location = contents.share_location
    share_users = contents.share_users
    send_dice = contents.send_dice
    send_web_app_data = contents.send_web_app_data

    async def forward(self, app: AnyApplication, message: Message, *, chat: Group | None = None) -> list[Message]:
        """Forward a message from any chat, with its ``forward_origin``."""
        return await self.deliver(app, self.updates.forward(message, chat))

    async def vote(self, app: AnyApplication, *options: str, chat: Group | None = None) -> list[Message]:
        """Vote in the newest poll of a chat: ``poll_answer``, or ``poll`` if it is anonymous.

        Args:
            app: As in :meth:`send`.
            options: The texts of the options; without any, the vote is taken back.
            chat: The group; by default the private chat.

        Returns:
            As :meth:`send`.

        Raises:
            LookupError: The chat has no poll, or the poll has no such option.
            PermissionError: The poll is closed, or it allows one answer only, or this quiz was answered already.
        """
        return await self.deliver(app, self.updates.vote(*options, chat=chat))

    async def react(
        self, app: AnyApplication, *emoji: str, message: Message | None = None, chat: Group | None = None
    ) -> list[Message]:
        """React to a message, by default the newest one of somebody else: ``message_reaction``."""
        return await self.deliver(app, self.updates.react(*emoji, message=message, chat=chat))

    async def ask_inline(self, app: AnyApplication, query: str, *, offset: str = "") -> list[JSON]:
        """Type the bot's username and a query in any chat: ``inline_query``.

        Args:
            app: As in :meth:`send`.
            query: The text after the username.
            offset: The ``next_offset`` of the previous answer.

        Returns:
            The results that the bot offers, as Bot API JSON.

        Raises:
            LookupError: The bot did not answer the query.
        """
        await self.deliver(app, inline.query(self._server, self.user, query, offset))
        return copied(inline.answered(self._server, self.id)[1])  # type: ignore[no-any-return]

    async def choose_inline(
        self, app: AnyApplication, result_id: str, *, chat: Group | None = None, query: str = ""
    ) -> list[Message]:
        """Send a result of :meth:`ask_inline` to a chat: ``chosen_inline_result``.

        Raises:
            LookupError: The bot's answer has no such result.
        """
        where = self.updates.where(chat)
        return await self.deliver(app, inline.choose(self._server, self.user, result_id, where, query))

    async def pay(  # noqa: PLR0913  what a payment has
        self,
        app: AnyApplication,
        *,
        message: Message | None = None,
        link: str | None = None,
        chat: Group | None = None,
        shipping: str | None = None,
        address: JSON = ADDRESS,
        tip: int = 0,
    ) -> list[Message]:
        """Pay an invoice: the shipping query if the price is flexible, the pre-checkout query, and the payment.

        Args:
            app: As in :meth:`send`.
            message: The message with the invoice; by default the newest one in the chat.
            link: The invoice's link instead.
            chat: The group; by default the private chat.
            shipping: The ID or title of the shipping option; by default the first one.
            address: The ShippingAddress.
            tip: The tip in the smallest units of the currency.

        Returns:
            As :meth:`send`, for all steps. If the bot refuses, its reason is a ``toast`` in the transcript.

        Raises:
            LookupError: The invoice does not exist, the bot did not answer a query, or it does not offer that shipping.
        """
        where = self.updates.where(chat)
        payment = Payment(self._server, self.user, where, find_invoice(self._server, where, message, link))
        await payment.pay(app, shipping, address, tip)
        return payment.answers

    async def join(self, app: AnyApplication, group: Group, *, link: str | None = None) -> list[Message]:
        """Join a group or channel: ``new_chat_members``, and ``chat_member`` if the bot asked for such updates.

        Args:
            app: As in :meth:`send`.
            group: The group.
            link: An invite link. With one that needs approval, this is :meth:`request_to_join`.

        Returns:
            As :meth:`send`.

        Raises:
            LookupError: The group has no such link.
            PermissionError: The person is banned.
        """
        invite = status.find_link(self._server, group, link)
        if invite and invite["creates_join_request"]:
            return await self.request_to_join(app, group, link=link)
        return await self.deliver(app, *status.join(self._server, self.user, group, invite))

    async def leave(self, app: AnyApplication, group: Group) -> list[Message]:
        """Leave a group or channel: ``left_chat_member``, and ``chat_member`` if the bot asked for such updates."""
        return await self.deliver(app, *status.leave(self._server, self.user, group))

    async def request_to_join(
        self, app: AnyApplication, group: Group, *, link: str | None = None, bio: str = ""
    ) -> list[Message]:
        """Ask to join: ``chat_join_request``."""
        invite = status.find_link(self._server, group, link)
        return await self.deliver(app, status.request_to_join(self._server, self.user, group, invite, bio))

    async def block(self, app: AnyApplication) -> list[Message]:
        """Block the bot: ``my_chat_member``. From then on, the bot's messages to this person fail."""
        update = status.bot_changes(self._server, self.user, self.id, "kicked", until_date=0)
        return await self.deliver(app, update)

    async def unblock(self, app: AnyApplication) -> list[Message]:
        """Unblock the bot: ``my_chat_member``."""
        return await self.deliver(app, status.bot_changes(self._server, self.user, self.id, "member"))

    async def set_bot_status(self, app: AnyApplication, group: Group, status_: str, **rights: bool) -> list[Message]:
        """Add the bot to a group, remove or promote it: ``my_chat_member``.

        Args:
            app: As in :meth:`send`.
            group: The group or channel.
            status_: ``"member"``, ``"administrator"``, ``"left"`` or ``"kicked"``.
            rights: Rights of an administrator; by default all of them.

        Returns:
            As :meth:`send`.
        """
        more: JSON = {"until_date": 0} if status_ == "kicked" else rights
        return await self.deliver(app, status.bot_changes(self._server, self.user, group.id, status_, **more))

    async def deliver(self, app: AnyApplication, *updates: JSON) -> list[Message]:
        """Pass updates to an Application, and return all of the bot's answers; see :meth:`OfflineTelegram.deliver`."""
        return [answer for update in updates for answer in await self._server.deliver(app, update)]
