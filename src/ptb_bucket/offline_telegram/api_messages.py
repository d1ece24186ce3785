"""The methods of the Bot API that send and change messages."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from ptb_bucket.offline_telegram.errors import ApiError
from ptb_bucket.offline_telegram.json import JSON, buttons, labels
from ptb_bucket.offline_telegram.transcript import Kind, Line

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from ptb_bucket.offline_telegram.telegram import OfflineTelegram

__all__ = ["MESSAGE_METHODS"]

_LONGEST_TEXT = 4096
_LONGEST_CALLBACK_DATA = 64


def _send_message(telegram: OfflineTelegram, parameters: JSON) -> JSON:
    content = {"text": _text(parameters)} | _keyboard(parameters) | _reply(telegram, parameters)
    message = telegram.store_message(telegram.memory.bot, parameters.get("chat_id"), content)
    return _noted(telegram, message, "message")


def _edit_message_text(telegram: OfflineTelegram, parameters: JSON) -> JSON:
    return _edit(telegram, parameters, {"text": _text(parameters)} | _keyboard(parameters))


def _edit_message_reply_markup(telegram: OfflineTelegram, parameters: JSON) -> JSON:
    return _edit(telegram, parameters, _keyboard(parameters))


def _delete_message(telegram: OfflineTelegram, parameters: JSON) -> bool:
    message = telegram.memory.message(parameters, "message to delete not found")
    telegram.memory.messages.remove(message)
    _note(telegram, message, "delete")
    return True


def _edit(telegram: OfflineTelegram, parameters: JSON, content: JSON) -> JSON:
    message = telegram.memory.message(parameters, "message to edit not found")
    if message["from"]["id"] != telegram.memory.bot["id"]:
        raise ApiError("Bad Request: message can't be edited")
    before = (message["text"], message.get("reply_markup"))
    if before == (content.get("text", before[0]), content.get("reply_markup")):
        raise ApiError("Bad Request: message is not modified")
    message.pop("reply_markup", None)  # an edit without a keyboard takes the old one away
    message.update(content, edit_date=telegram.now())
    return _noted(telegram, message, "edit")


def _noted(telegram: OfflineTelegram, message: JSON, kind: Kind) -> JSON:
    _note(telegram, message, kind, message)
    return message


def _note(telegram: OfflineTelegram, message: JSON, kind: Kind, answer: JSON | None = None) -> None:
    who, chat = message["from"]["first_name"], message["chat"]["id"]
    telegram.note(Line(who, chat, message["text"], kind, from_bot=True, buttons=labels(message)), answer)


def _text(parameters: JSON) -> str:
    text = str(parameters.get("text", ""))
    if not text.strip():
        raise ApiError("Bad Request: message text is empty")
    if len(text) > _LONGEST_TEXT:
        raise ApiError("Bad Request: message is too long")
    return text


def _keyboard(parameters: JSON) -> JSON:
    """The inline keyboard, if it is one: other keyboards belong to the person's client and never come back."""
    markup = parameters.get("reply_markup") or {}
    if not markup.get("inline_keyboard"):
        return {}
    for button in buttons(parameters):
        data: Any = button.get("callback_data", "-")
        if not (isinstance(data, str) and 1 <= len(data.encode()) <= _LONGEST_CALLBACK_DATA):
            raise ApiError("Bad Request: BUTTON_DATA_INVALID")
    return {"reply_markup": markup}


def _reply(telegram: OfflineTelegram, parameters: JSON) -> JSON:
    wanted = parameters.get("reply_parameters")
    if not wanted:
        return {}
    where = {"chat_id": parameters.get("chat_id"), "message_id": wanted.get("message_id")}
    original = telegram.memory.message(where, "message to be replied not found")
    return {"reply_to_message": {key: value for key, value in original.items() if key != "reply_to_message"}}


MESSAGE_METHODS: Mapping[str, Callable[[OfflineTelegram, JSON], JSON | bool]] = {
    "sendMessage": _send_message,
    "editMessageText": _edit_message_text,
    "editMessageReplyMarkup": _edit_message_reply_markup,
    "deleteMessage": _delete_message,
}
