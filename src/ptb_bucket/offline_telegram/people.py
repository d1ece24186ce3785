"""Who talks to the bot, and where."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from ptb_bucket.offline_telegram.json import JSON, buttons, command_entities
from ptb_bucket.offline_telegram.transcript import Line

if TYPE_CHECKING:
    from telegram import Message
    from telegram.ext import Application

    from ptb_bucket.offline_telegram.telegram import OfflineTelegram

    AnyApplication = Application[Any, Any, Any, Any, Any, Any]

__all__ = ["Group", "Person"]


@dataclass(frozen=True)
class Group:
    """A group chat; people talk in it with ``chat=group``."""

    id: int
    title: str


class Person:
    """Somebody who talks to the bot, in their private chat unless a ``chat`` is named.

    Made by :meth:`OfflineTelegram.user`. Three ways lead to the bot: :meth:`send` and :meth:`press` hand the update to
    an Application and return its answers; :meth:`post` and :meth:`post_press` leave it for getUpdates;
    :meth:`message_update` and :meth:`press_update` return the JSON that a webhook would be sent.
    """

    def __init__(self, telegram: OfflineTelegram, user: JSON) -> None:
        self._telegram = telegram
        self._user = user
        self.id: int = user["id"]
        self.name: str = user["first_name"]

    def message_update(self, text: str, chat: Group | None = None) -> JSON:
        """Write a message.

        Args:
            text: What to say; commands get their entity, as Telegram does it.
            chat: Where, if not in private.

        Returns:
            The update as Bot API JSON.
        """
        where = self._where(chat)
        message = self._telegram.store_message(self._user, where, {"text": text})
        if entities := command_entities(text):
            message["entities"] = entities
        self._telegram.note(Line(self.name, where, text))
        return self._telegram.make_update("message", message)

    def press_update(self, label: str, chat: Group | None = None, message: Message | None = None) -> JSON:
        """Press an inline button.

        Args:
            label: What stands on it.
            chat: Where, if not in private.
            message: Under which message; without, the newest that has such a button.

        Returns:
            The update as Bot API JSON; its data is the very string that the bot's request carried.

        Raises:
            LookupError: No such button, or one that sends nothing to the bot.
        """
        where = self._where(chat)
        under, button = self._find(label, where, message)
        self._telegram.note(Line(self.name, where, label, "press"))
        query = {
            "id": self._telegram.next_query_id(where),
            "from": self._user,
            "message": under,
            "chat_instance": str(where),
            "data": button["callback_data"],
        }
        return self._telegram.make_update("callback_query", query)

    async def send(self, app: AnyApplication, text: str, chat: Group | None = None) -> list[Message]:
        """Write a message and let the Application process it.

        Args:
            app: An initialized Application of :meth:`OfflineTelegram.builder`.
            text: What to say.
            chat: Where, if not in private.

        Returns:
            The messages that the bot sent or edited while it did so, in whichever chat. What a ``block=False`` handler
            says later is in the transcript.

        Raises:
            UnknownMethodError: The bot used a method that this Telegram cannot play.
        """
        return await self._telegram.deliver(app, self.message_update(text, chat))

    async def press(
        self, app: AnyApplication, label: str, chat: Group | None = None, message: Message | None = None
    ) -> list[Message]:
        """Press an inline button and let the Application process it.

        Args:
            app: As in :meth:`send`.
            label: What stands on the button.
            chat: Where, if not in private.
            message: Under which message; without, the newest that has such a button.

        Returns:
            As :meth:`send`.

        Raises:
            LookupError: No such button, or one that sends nothing to the bot.
            UnknownMethodError: The bot used a method that this Telegram cannot play.
        """
        return await self._telegram.deliver(app, self.press_update(label, chat, message))

    def post(self, text: str, chat: Group | None = None) -> None:
        """Write a message that waits for getUpdates.

        Args:
            text: What to say.
            chat: Where, if not in private.
        """
        self._telegram.push(self.message_update(text, chat))

    def post_press(self, label: str, chat: Group | None = None, message: Message | None = None) -> None:
        """Press an inline button; the update waits for getUpdates.

        Args:
            label: What stands on the button.
            chat: Where, if not in private.
            message: Under which message; without, the newest that has such a button.

        Raises:
            LookupError: No such button, or one that sends nothing to the bot.
        """
        self._telegram.push(self.press_update(label, chat, message))

    def _where(self, chat: Group | None) -> int:
        return self.id if chat is None else chat.id

    def _find(self, label: str, where: int, message: Message | None) -> tuple[JSON, JSON]:
        seen = []
        for candidate in self._telegram.messages(where):
            if message is None or candidate["message_id"] == message.message_id:
                for button in buttons(candidate):
                    if button["text"] == label and "callback_data" in button:
                        return candidate, button
                    seen.append(button["text"])
        raise LookupError(f"no button {label!r} to press in chat {where}; there is {seen or 'no inline keyboard'}")
