"""The people and groups that talk to the bot."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from ptb_bucket.offline_telegram.json import JSON, buttons, command_entities
from ptb_bucket.offline_telegram.transcript import Line

if TYPE_CHECKING:
    from telegram import Message

    from ptb_bucket.offline_telegram.server import AnyApplication, Server

__all__ = ["Group", "Person"]


@dataclass(frozen=True)
class Group:
    """A group chat; a person writes to it with ``chat=group``."""

    id: int
    title: str


class Person:
    """A person who talks to the bot, by default in their private chat; :meth:`OfflineTelegram.user` returns one.

    There are three ways to reach the bot. :meth:`send` and :meth:`press` pass the update to an Application and return
    its answers. :meth:`post` and :meth:`post_press` queue it for getUpdates. :meth:`message_update` and
    :meth:`press_update` return the JSON that Telegram would send to a webhook.
    """

    def __init__(self, server: Server, user: JSON) -> None:
        self._server = server
        self._user = user
        self.id: int = user["id"]
        self.name: str = user["first_name"]

    def message_update(self, text: str, chat: Group | None = None) -> JSON:
        """Write a message.

        Args:
            text: The text. Commands get their entity, as on Telegram.
            chat: The group to write to; by default the private chat.

        Returns:
            The update as Bot API JSON.
        """
        where = self._where(chat)
        message = self._server.store_message(self._user, where, {"text": text})
        if entities := command_entities(text):
            message["entities"] = entities
        self._server.note(Line(self.name, where, text))
        return self._server.make_update("message", message)

    def press_update(self, label: str, chat: Group | None = None, message: Message | None = None) -> JSON:
        """Press an inline button.

        Args:
            label: The label of the button.
            chat: The group; by default the private chat.
            message: The message that has the button; by default the newest one.

        Returns:
            The update as Bot API JSON. Its data is the exact string of the bot's request.

        Raises:
            LookupError: The button does not exist, or it sends nothing to the bot.
        """
        where = self._where(chat)
        under, button = self._find(label, where, message)
        self._server.note(Line(self.name, where, label, "press"))
        query = {
            "id": self._server.next_query_id(where),
            "from": self._user,
            "message": under,
            "chat_instance": str(where),
            "data": button["callback_data"],
        }
        return self._server.make_update("callback_query", query)

    async def send(self, app: AnyApplication, text: str, chat: Group | None = None) -> list[Message]:
        """Write a message and let the Application process it.

        Args:
            app: An initialized Application of :meth:`OfflineTelegram.builder`.
            text: The text.
            chat: The group; by default the private chat.

        Returns:
            The messages that the bot sent or edited meanwhile, in all chats. Later messages of a ``block=False``
            handler are in the transcript.

        Raises:
            UnknownMethodError: The bot called a method that this Telegram does not know.
        """
        return await self._server.deliver(app, self.message_update(text, chat))

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
        return await self._server.deliver(app, self.press_update(label, chat, message))

    def post(self, text: str, chat: Group | None = None) -> None:
        """Write a message and queue it for getUpdates.

        Args:
            text: The text.
            chat: The group; by default the private chat.
        """
        self._server.push(self.message_update(text, chat))

    def post_press(self, label: str, chat: Group | None = None, message: Message | None = None) -> None:
        """Press an inline button and queue the update for getUpdates.

        Args:
            label: The label of the button.
            chat: The group; by default the private chat.
            message: The message that has the button; by default the newest one.

        Raises:
            LookupError: The button does not exist, or it sends nothing to the bot.
        """
        self._server.push(self.press_update(label, chat, message))

    def _where(self, chat: Group | None) -> int:
        return self.id if chat is None else chat.id

    def _find(self, label: str, where: int, message: Message | None) -> tuple[JSON, JSON]:
        seen = []
        for candidate in self._server.messages(where):
            if message is None or candidate["message_id"] == message.message_id:
                for button in buttons(candidate):
                    if button["text"] == label and "callback_data" in button:
                        return candidate, button
                    seen.append(button["text"])
        raise LookupError(f"Chat {where} has no button {label!r}. It has {seen or 'no inline keyboard'}.")
