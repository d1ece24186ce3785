"""Helpers of most methods: texts, keyboards, replies, and whether the bot may write to a chat."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from ptb_bucket.offline_telegram.errors import ApiError
from ptb_bucket.offline_telegram.json import JSON, buttons, picked
from ptb_bucket.offline_telegram.text import add_automatic, parse_html, parse_markdown, parse_markdown_v2, utf16

if TYPE_CHECKING:
    from collections.abc import Callable

    from ptb_bucket.offline_telegram.server import Server

    Method = Callable[[Server, JSON], Any]

__all__ = [
    "caption",
    "check_writable",
    "formatted",
    "keyboard",
    "message_head",
    "origin",
    "post",
    "require_right",
]

_LONGEST_TEXT = 4096
_LONGEST_CAPTION = 1024
_LONGEST_CALLBACK_DATA = 64
_PARSERS = {"html": parse_html, "markdown": parse_markdown, "markdownv2": parse_markdown_v2}
_ACTIONS = {
    "callback_data", "url", "web_app", "login_url", "switch_inline_query", "switch_inline_query_current_chat",
    "switch_inline_query_chosen_chat", "copy_text", "callback_game", "pay",
}  # fmt: skip


def formatted(
    parameters: JSON,
    name: str = "text",
    *,
    entities: str = "entities",
    mode: str = "parse_mode",
    longest: int = _LONGEST_TEXT,
) -> JSON:
    """Return a text of a call and its entities, under the names that they have in the answer.

    Args:
        parameters: The parameters of the call.
        name: The name of the text.
        entities: The name of its entities.
        mode: The name of its parse mode.
        longest: The number of characters that Telegram accepts.

    Returns:
        The text, and its entities if it has any; nothing if the call has no such text.

    Raises:
        ApiError: The text is too long or cannot be parsed.
    """
    text, given = str(parameters.get(name, "")), parameters.get(entities)
    if not text:
        return {}
    parse = _PARSERS.get(str(parameters.get(mode, "")).lower())
    if parse and not given:
        text, given = parse(text)
    if len(text) > longest:
        what = "caption" if name == "caption" else ""
        raise ApiError(f"Bad Request: message {what} is too long".replace("  ", " "))
    found = add_automatic(text, _in_text(given or [], text))
    return {name: text} | ({entities: found} if found else {})


def _in_text(entities: list[JSON], text: str) -> list[JSON]:
    end = utf16(text)
    return [one for one in entities if one["offset"] >= 0 and one["offset"] + one["length"] <= end]


def caption(parameters: JSON) -> JSON:
    """Return the caption of a call, its entities and its place."""
    said = formatted(parameters, "caption", entities="caption_entities", longest=_LONGEST_CAPTION)
    if parameters.get("show_caption_above_media"):
        said["show_caption_above_media"] = True
    return said


def keyboard(parameters: JSON) -> JSON:
    """Return the inline keyboard; other keyboards belong to the person's client and never come back."""
    markup = parameters.get("reply_markup") or {}
    if not markup.get("inline_keyboard"):
        return {}
    for button in buttons(parameters):
        if not _ACTIONS & button.keys():
            raise ApiError(
                "Bad Request: can't parse inline keyboard button: Text buttons are unallowed in the inline keyboard"
            )
        data: Any = button.get("callback_data", "-")
        if not (isinstance(data, str) and 1 <= len(data.encode()) <= _LONGEST_CALLBACK_DATA):
            raise ApiError("Bad Request: BUTTON_DATA_INVALID")
    return {"reply_markup": markup}


def message_head(server: Server, parameters: JSON) -> JSON:
    """Return what every kind of message may have: a topic, a reply, a keyboard, an effect, protection."""
    head = _topic(server, parameters) | _reply(server, parameters) | keyboard(parameters)
    head |= picked(parameters, "business_connection_id")
    if effect := parameters.get("message_effect_id"):
        head["effect_id"] = effect
    if parameters.get("protect_content"):
        head["has_protected_content"] = True
    if parameters.get("has_spoiler"):
        head["has_media_spoiler"] = True
    if topic := parameters.get("direct_messages_topic_id"):
        head["direct_messages_topic"] = {"topic_id": topic}
    if suggested := parameters.get("suggested_post_parameters"):
        head["suggested_post_info"] = {"state": "pending"} | picked(suggested, "price", "send_date")
    return head


def _topic(server: Server, parameters: JSON) -> JSON:
    if not (thread := parameters.get("message_thread_id")):
        return {}
    chat = server.state.chat(parameters.get("chat_id"))
    if not chat.get("is_forum"):
        return {"message_thread_id": thread}
    if str(thread) not in server.state.topics.get(str(chat["id"]), {}):
        raise ApiError("Bad Request: message thread not found")
    return {"message_thread_id": thread, "is_topic_message": True}


def _reply(server: Server, parameters: JSON) -> JSON:
    if not (wanted := parameters.get("reply_parameters")):
        return {}
    here = server.state.chat(parameters.get("chat_id"))
    there = server.state.chat(wanted.get("chat_id", here["id"]))
    original = server.state.find_message(there["id"], wanted.get("message_id"))
    if original is None:
        if wanted.get("allow_sending_without_reply"):
            return {}
        raise ApiError("Bad Request: message to be replied not found")
    if there["id"] != here["id"]:
        reply: JSON = {
            "external_reply": {"origin": origin(original), "chat": there, "message_id": original["message_id"]}
        }
    else:
        reply = {"reply_to_message": {key: value for key, value in original.items() if key != "reply_to_message"}}
    return reply | _quote(wanted, original) | _reply_to_part(wanted)


def _reply_to_part(wanted: JSON) -> JSON:
    parts = {"checklist_task_id": "reply_to_checklist_task_id", "poll_option_id": "reply_to_poll_option_id"}
    return {field: wanted[name] for name, field in parts.items() if name in wanted}


def _quote(wanted: JSON, original: JSON) -> JSON:
    if not (text := wanted.get("quote")):
        return {}
    whole = original.get("text") or original.get("caption") or ""
    if text not in whole:
        raise ApiError("Bad Request: QUOTE_TEXT_INVALID")
    place = wanted.get("quote_position", utf16(whole[: whole.index(text)]))
    return {"quote": {"text": text, "position": place, "is_manual": True}}


def origin(message: JSON) -> JSON:
    """Return the MessageOrigin of a message: its own if it was forwarded, else its sender."""
    if forwarded := message.get("forward_origin"):
        return dict(forwarded)
    date = {"date": message["date"]}
    if message["chat"]["type"] == "channel":
        return {"type": "channel", "chat": message["chat"], "message_id": message["message_id"]} | date
    if "from" in message:
        return {"type": "user", "sender_user": message["from"]} | date
    return {"type": "chat", "sender_chat": message["sender_chat"]} | date


def check_writable(server: Server, chat: JSON) -> None:
    """Refuse a message to somebody who blocked the bot, or to a group that the bot is not in.

    Raises:
        ApiError: The bot cannot write there.
    """
    kind = chat["type"]
    if kind == "private":
        if chat["id"] in server.state.blocked:
            raise ApiError("Forbidden: bot was blocked by the user", code=403)
        return
    member = server.state.member(chat["id"], server.state.bot["id"])
    status = member["status"] if member else ""
    name = "group" if kind == "group" else kind
    if status == "kicked":
        raise ApiError(f"Forbidden: bot was kicked from the {name} chat", code=403)
    if status == "left":
        raise ApiError(f"Forbidden: bot is not a member of the {name} chat", code=403)
    if kind == "channel":
        require_right(server, chat, "can_post_messages", "need administrator rights in the channel chat")


def require_right(server: Server, chat: JSON, right: str, otherwise: str) -> None:
    """Refuse a call for which the bot lacks a right. Who is not known as a member has all rights.

    Raises:
        ApiError: The bot is not an administrator with this right. The text is ``otherwise``.
    """
    member = server.state.member(chat["id"], server.state.bot["id"])
    if member is None or member["status"] == "creator":
        return
    if member["status"] != "administrator" or not member.get(right, True):
        raise ApiError(f"Bad Request: {otherwise}")


def post(server: Server, parameters: JSON, content: JSON) -> JSON:
    """Send a message of the bot: check the chat, add what every message has, store it and note it.

    Args:
        server: The server.
        parameters: The parameters of the call.
        content: What the message contains.

    Returns:
        The message.

    Raises:
        ApiError: Telegram refuses the message.
    """
    chat = server.state.chat(parameters.get("chat_id"))
    sender = server.state.bot
    if connection := parameters.get("business_connection_id"):
        business = _business(server, connection)
        content |= {"sender_business_bot": server.state.bot}
        sender = business["user"]
    else:
        check_writable(server, chat)
    content = _with_people(server, content)
    message = server.store_message(sender, chat["id"], content | message_head(server, parameters))
    return server.note_bot(message)


def _with_people(server: Server, content: JSON) -> JSON:
    """Put people into mentions by ID. Telegram drops a mention of somebody whom the bot does not know."""
    mentioned: JSON = {}
    for name in ("entities", "caption_entities"):
        for entity in content.get(name, []):
            user = server.state.user(entity["user"]["id"]) if entity["type"] == "text_mention" else None
            known = {"user": user} if user else {}
            if user or entity["type"] != "text_mention":
                mentioned.setdefault(name, []).append(entity | known)
        if name in content:
            mentioned.setdefault(name, [])
    return content | mentioned


def _business(server: Server, connection: str) -> JSON:
    business = server.state.businesses.get(connection)
    if business is None or not business["is_enabled"]:
        raise ApiError("Bad Request: BUSINESS_CONNECTION_INVALID")
    if not (business.get("rights") or {}).get("can_reply"):
        raise ApiError("Bad Request: BUSINESS_CONNECTION_NOT_ALLOWED")
    return business
