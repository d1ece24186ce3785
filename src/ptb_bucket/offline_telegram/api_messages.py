"""The methods of the Bot API that send and change messages."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from ptb_bucket.offline_telegram.errors import ApiError
from ptb_bucket.offline_telegram.json import JSON, buttons, labels
from ptb_bucket.offline_telegram.transcript import Kind, Line

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from ptb_bucket.offline_telegram.server import Server

__all__ = ["MESSAGE_METHODS"]

_LONGEST_TEXT = 4096
_LONGEST_CALLBACK_DATA = 64


def _send_message(server: Server, parameters: JSON) -> JSON:
    content = {"text": _text(parameters)} | _keyboard(parameters) | _reply(server, parameters)
    message = server.store_message(server.state.bot, parameters.get("chat_id"), content)
    return _noted(server, message, "message")


def _edit_message_text(server: Server, parameters: JSON) -> JSON:
    return _edit(server, parameters, {"text": _text(parameters)} | _keyboard(parameters))


def _edit_message_reply_markup(server: Server, parameters: JSON) -> JSON:
    return _edit(server, parameters, _keyboard(parameters))


def _delete_message(server: Server, parameters: JSON) -> bool:
    message = server.state.message(parameters, "message to delete not found")
    server.state.messages.remove(message)
    _note(server, message, "delete")
    return True


def _edit(server: Server, parameters: JSON, content: JSON) -> JSON:
    message = server.state.message(parameters, "message to edit not found")
    if message["from"]["id"] != server.state.bot["id"]:
        raise ApiError("Bad Request: message can't be edited")
    before = (message["text"], message.get("reply_markup"))
    if before == (content.get("text", before[0]), content.get("reply_markup")):
        raise ApiError("Bad Request: message is not modified")
    message.pop("reply_markup", None)  # an edit without a keyboard removes the old one
    message.update(content, edit_date=server.now())
    return _noted(server, message, "edit")


def _noted(server: Server, message: JSON, kind: Kind) -> JSON:
    _note(server, message, kind, message)
    return message


def _note(server: Server, message: JSON, kind: Kind, answer: JSON | None = None) -> None:
    who, chat = message["from"]["first_name"], message["chat"]["id"]
    server.note(Line(who, chat, message["text"], kind, from_bot=True, buttons=labels(message)), answer)


def _text(parameters: JSON) -> str:
    text = str(parameters.get("text", ""))
    if not text.strip():
        raise ApiError("Bad Request: message text is empty")
    if len(text) > _LONGEST_TEXT:
        raise ApiError("Bad Request: message is too long")
    return text


def _keyboard(parameters: JSON) -> JSON:
    """Return the inline keyboard; other keyboards belong to the person's client and never come back."""
    markup = parameters.get("reply_markup") or {}
    if not markup.get("inline_keyboard"):
        return {}
    for button in buttons(parameters):
        data: Any = button.get("callback_data", "-")
        if not (isinstance(data, str) and 1 <= len(data.encode()) <= _LONGEST_CALLBACK_DATA):
            raise ApiError("Bad Request: BUTTON_DATA_INVALID")
    return {"reply_markup": markup}


def _reply(server: Server, parameters: JSON) -> JSON:
    wanted = parameters.get("reply_parameters")
    if not wanted:
        return {}
    where = {"chat_id": parameters.get("chat_id"), "message_id": wanted.get("message_id")}
    original = server.state.message(where, "message to be replied not found")
    return {"reply_to_message": {key: value for key, value in original.items() if key != "reply_to_message"}}


MESSAGE_METHODS: Mapping[str, Callable[[Server, JSON], JSON | bool]] = {
    "sendMessage": _send_message,
    "editMessageText": _edit_message_text,
    "editMessageReplyMarkup": _edit_message_reply_markup,
    "deleteMessage": _delete_message,
}
