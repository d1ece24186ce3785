"""The methods that send, change, forward, copy, delete and pin messages."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ptb_bucket.offline_telegram.api.common import (
    caption,
    check_writable,
    formatted,
    keyboard,
    origin,
    post,
    require_right,
)
from ptb_bucket.offline_telegram.api.content import CONTENTS, checklist, content_of, live_location, media_of
from ptb_bucket.offline_telegram.errors import ApiError
from ptb_bucket.offline_telegram.files import MEDIA
from ptb_bucket.offline_telegram.json import JSON, copied, message_key, picked

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from ptb_bucket.offline_telegram.api.common import Method
    from ptb_bucket.offline_telegram.server import Server

__all__ = ["MESSAGE_METHODS"]

_MEDIA_FIELDS = {*MEDIA, "caption", "caption_entities", "show_caption_above_media", "has_media_spoiler"}
_ALBUM = {"photo", "video", "audio", "document", "live_photo"}
_HEAD = {
    "message_id", "date", "edit_date", "chat", "from", "sender_chat", "reply_to_message", "external_reply", "quote",
    "forward_origin", "media_group_id", "reply_markup", "message_thread_id", "is_topic_message", "via_bot",
    "business_connection_id", "sender_business_bot", "has_protected_content", "effect_id", "pinned_message",
}  # fmt: skip
_SERVICE = {
    "pinned_message", "new_chat_members", "left_chat_member", "new_chat_title", "new_chat_photo", "delete_chat_photo",
    "forum_topic_created", "forum_topic_edited", "forum_topic_closed", "forum_topic_reopened", "successful_payment",
    "refunded_payment", "web_app_data", "migrate_to_chat_id", "migrate_from_chat_id", "general_forum_topic_hidden",
    "general_forum_topic_unhidden",
}  # fmt: skip


def _sending(method: str) -> Method:
    def send(server: Server, parameters: JSON) -> JSON:
        server.state.chat(parameters.get("chat_id"))
        message = post(server, parameters, content_of(server, method, parameters))
        if method == "sendInvoice":
            server.state.invoices[message_key(message)] = copied(parameters)
        return message

    return send


def _send_media_group(server: Server, parameters: JSON) -> list[JSON]:
    items = parameters.get("media") or []
    if not 2 <= len(items) <= 10:  # noqa: PLR2004  as the Bot API says
        raise ApiError("Bad Request: wrong number of messages specified to send as an album" if len(items) > 1 else
                       "Bad Request: there are no messages to send" if not items else
                       "Bad Request: an album needs 2 to 10 messages")  # fmt: skip
    kinds = {item["type"] for item in items}
    if not kinds <= _ALBUM or (kinds & {"audio", "document"} and len(kinds) > 1):
        raise ApiError("Bad Request: MEDIA_INVALID: these kinds cannot be mixed in an album")
    album = {"media_group_id": str(server.state.next_message_id)}
    shared = {key: value for key, value in parameters.items() if key != "media"}
    contents = [media_of(server, item["type"], item, item["media"]) for item in items]
    return [post(server, shared, content | album) for content in contents]


# What an edit replaces, what it needs, and how Telegram says that the message has no such thing.
def _new_text(server: Server, message: JSON, parameters: JSON) -> JSON:
    if "text" not in message:
        raise ApiError("Bad Request: there is no text in the message to edit")
    return content_of(server, "sendMessage", parameters)


def _new_caption(_server: Server, message: JSON, parameters: JSON) -> JSON:
    if not (MEDIA.keys() | {"paid_media", "invoice"}) & message.keys():
        raise ApiError("Bad Request: there is no caption in the message to edit")
    return caption(parameters)


def _new_media(server: Server, message: JSON, parameters: JSON) -> JSON:
    if not (MEDIA.keys() & message.keys() or "text" in message):
        raise ApiError("Bad Request: there is no media in the message to edit")
    item = parameters["media"]
    return media_of(server, item["type"], item, item["media"])


def _new_location(_server: Server, message: JSON, parameters: JSON) -> JSON:
    if "live_period" not in message.get("location", {}):
        raise ApiError("Bad Request: message can't be edited")
    return {"location": message["location"] | live_location(parameters)}


def _stopped_location(_server: Server, message: JSON, parameters: JSON) -> JSON:
    del parameters
    if "live_period" not in message.get("location", {}):
        raise ApiError("Bad Request: message can't be edited")
    return {"location": {key: value for key, value in message["location"].items() if key != "live_period"}}


def _new_checklist(server: Server, _message: JSON, parameters: JSON) -> JSON:
    return checklist(server, parameters)


_EDITS: Mapping[str, tuple[Callable[[Server, JSON, JSON], JSON], set[str]]] = {
    "editMessageText": (_new_text, {"text", "entities", "link_preview_options"}),
    "editMessageCaption": (_new_caption, {"caption", "caption_entities", "show_caption_above_media"}),
    "editMessageMedia": (_new_media, _MEDIA_FIELDS | {"text", "entities"}),
    "editMessageReplyMarkup": (lambda *_: {}, set()),
    "editMessageLiveLocation": (_new_location, {"location"}),
    "stopMessageLiveLocation": (_stopped_location, {"location"}),
    "editMessageChecklist": (_new_checklist, {"checklist"}),
}


def _editing(method: str) -> Method:
    make, replaced = _EDITS[method]

    def edit(server: Server, parameters: JSON) -> JSON | bool:
        message = server.state.message(parameters, "message to edit not found")
        _check_editable(server, message, parameters)
        new = make(server, message, parameters) | keyboard(parameters)
        old = picked(message, *replaced, "reply_markup")
        if copied(old) == copied(new):
            raise ApiError(
                "Bad Request: message is not modified: specified new message content and reply markup are exactly "
                "the same as a current content and reply markup of the message"
            )
        for name in old:  # an edit without a keyboard removes the old one
            del message[name]
        message.update(new, edit_date=server.now())
        server.note_bot(message, "edit")
        return True if "inline_message_id" in parameters else message

    return edit


def _check_editable(server: Server, message: JSON, parameters: JSON) -> None:
    ours = message.get("from", {}).get("id") == server.state.bot["id"] or "sender_business_bot" in message
    if not ours and "inline_message_id" not in parameters and message["chat"]["type"] != "channel":
        raise ApiError("Bad Request: message can't be edited")
    if "forward_origin" in message or _SERVICE & message.keys():
        raise ApiError("Bad Request: message can't be edited")


def _delete_message(server: Server, parameters: JSON) -> bool:
    message = server.state.message(parameters, "message to delete not found")
    chat = message["chat"]
    if message.get("from", {}).get("id") != server.state.bot["id"] and chat["type"] not in {"private", "channel"}:
        require_right(server, chat, "can_delete_messages", "message can't be deleted")
    _remove(server, message)
    return True


def _delete_messages(server: Server, parameters: JSON) -> bool:
    chat = server.state.chat(parameters.get("chat_id"))
    for message_id in parameters.get("message_ids", []):
        if message := server.state.find_message(chat["id"], message_id):  # others are skipped
            _remove(server, message)
    return True


def _remove(server: Server, message: JSON) -> None:
    del server.state.messages[message_key(message)]
    pins = server.state.pins.get(str(message["chat"]["id"]), [])
    if message["message_id"] in pins:
        pins.remove(message["message_id"])
    server.note_bot(message, "delete")


def _delete_business_messages(server: Server, parameters: JSON) -> bool:
    for message in list(server.state.messages.values()):
        same = message.get("business_connection_id") == parameters["business_connection_id"]
        if same and message["message_id"] in parameters["message_ids"]:
            _remove(server, message)
    return True


def _originals(server: Server, parameters: JSON, verb: str) -> list[JSON]:
    """Return the messages to forward or copy. Several IDs may contain some that do not exist."""
    chat = server.state.chat(parameters.get("from_chat_id"))
    wanted = parameters.get("message_ids") or [parameters.get("message_id")]
    found = [server.state.find_message(chat["id"], message_id) for message_id in wanted]
    originals = [message for message in found if message is not None]
    if not originals:
        raise ApiError(f"Bad Request: message to {verb} not found")
    past = {"forward": "forwarded", "copy": "copied"}[verb]
    if "message_ids" not in parameters and _SERVICE & originals[0].keys():
        raise ApiError(f"Bad Request: message can't be {past}")
    if any(message.get("has_protected_content") for message in originals):
        raise ApiError(f"Bad Request: message has protected content and can't be {past}")
    return [message for message in originals if not _SERVICE & message.keys()]


def _content(message: JSON) -> JSON:
    content: JSON = copied({key: value for key, value in message.items() if key not in _HEAD})
    return content


def _forward(server: Server, parameters: JSON) -> list[JSON]:
    originals = _originals(server, parameters, "forward")
    check_writable(server, server.state.chat(parameters.get("chat_id")))
    return [post(server, parameters, _content(one) | {"forward_origin": origin(one)}) for one in originals]


def _copy(server: Server, parameters: JSON) -> list[JSON]:
    return [
        post(server, parameters, _copied_content(one, parameters)) for one in _originals(server, parameters, "copy")
    ]


def _copied_content(message: JSON, parameters: JSON) -> JSON:
    content = _content(message)
    if "caption" in parameters or parameters.get("remove_caption"):
        for name in ("caption", "caption_entities"):
            content.pop(name, None)
        content |= formatted(parameters, "caption", entities="caption_entities")
    return content


def _ids(messages: list[JSON]) -> list[JSON]:
    return [picked(message, "message_id") for message in messages]


def _pin(server: Server, parameters: JSON) -> bool:
    message = server.state.message(parameters, "message to pin not found")
    _check_pinning(server, message["chat"])
    pins = server.state.pins.setdefault(str(message["chat"]["id"]), [])
    if message["message_id"] not in pins:
        pins.append(message["message_id"])
        server.store_message(server.state.bot, message["chat"]["id"], {"pinned_message": copied(message)})
    return True


def _unpin(server: Server, parameters: JSON) -> bool:
    chat = server.state.chat(parameters.get("chat_id"))
    _check_pinning(server, chat)
    pins = server.state.pins.get(str(chat["id"]), [])
    message_id = parameters.get("message_id", pins[-1] if pins else None)
    if message_id not in pins:
        raise ApiError("Bad Request: message to unpin not found")
    pins.remove(message_id)
    return True


def _unpin_all(server: Server, parameters: JSON) -> bool:
    chat = server.state.chat(parameters.get("chat_id"))
    _check_pinning(server, chat)
    thread = parameters.get("message_thread_id")
    kept = [one for one in server.state.pins.get(str(chat["id"]), []) if thread and not _in(server, chat, one, thread)]
    server.state.pins[str(chat["id"])] = kept
    return True


def _in(server: Server, chat: JSON, message_id: int, thread: int) -> bool:
    message = server.state.find_message(chat["id"], message_id)
    return bool(message and message.get("message_thread_id") == thread)


def _check_pinning(server: Server, chat: JSON) -> None:
    if chat["type"] != "private":
        require_right(server, chat, "can_pin_messages", "not enough rights to manage pinned messages in the chat")


MESSAGE_METHODS: Mapping[str, Method] = {
    **{method: _sending(method) for method in CONTENTS},
    **{method: _editing(method) for method in _EDITS},
    "sendMediaGroup": _send_media_group,
    "deleteMessage": _delete_message,
    "deleteMessages": _delete_messages,
    "deleteBusinessMessages": _delete_business_messages,
    "forwardMessage": lambda server, parameters: _forward(server, parameters)[0],
    "forwardMessages": lambda server, parameters: _ids(_forward(server, parameters)),
    "copyMessage": lambda server, parameters: _ids(_copy(server, parameters))[0],
    "copyMessages": lambda server, parameters: _ids(_copy(server, parameters)),
    "pinChatMessage": _pin,
    "unpinChatMessage": _unpin,
    "unpinAllChatMessages": _unpin_all,
    "unpinAllForumTopicMessages": _unpin_all,
    "unpinAllGeneralForumTopicMessages": _unpin_all,
}
