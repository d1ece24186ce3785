"""Bot API JSON: the small objects that updates and answers are made of."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

__all__ = ["JSON", "as_chat", "buttons", "copied", "describe", "labels", "message_key", "picked", "user_json"]

JSON = dict[str, Any]

# What a message may contain, for its line in the transcript. Venues and animations come first: they contain a location
# or document too.
_CONTENTS = (
    "photo", "audio", "animation", "document", "video", "voice", "video_note", "sticker", "live_photo", "paid_media",
    "contact", "venue", "location", "dice", "game", "invoice", "poll", "checklist", "web_app_data",
    "successful_payment", "refunded_payment", "new_chat_members", "left_chat_member", "new_chat_title",
    "new_chat_photo", "delete_chat_photo", "pinned_message", "forum_topic_created", "forum_topic_edited",
    "forum_topic_closed", "forum_topic_reopened", "general_forum_topic_hidden", "general_forum_topic_unhidden",
    "users_shared", "chat_shared", "migrate_to_chat_id", "migrate_from_chat_id", "write_access_allowed",
)  # fmt: skip


def copied(value: Any) -> Any:
    """Copy a value as the network would, so that later changes on one side do not show on the other."""
    return json.loads(json.dumps(value))


def picked(source: Mapping[str, Any], *names: str) -> JSON:
    """Return the named entries of a mapping that are there."""
    return {name: source[name] for name in names if name in source}


def message_key(message: JSON) -> str:
    """Return the key under which a message, and what belongs to it, is stored."""
    return f"{message['chat']['id']}:{message['message_id']}"


def user_json(user_id: int, first_name: str, username: str | None, *, is_bot: bool = False) -> JSON:
    """Return a Bot API User."""
    user: JSON = {"id": user_id, "is_bot": is_bot, "first_name": first_name}
    return user | ({"username": username} if username else {})


def as_chat(user: JSON) -> JSON:
    """Return the private chat of a User."""
    return picked(user, "id", "first_name", "last_name", "username") | {"type": "private"}


def describe(message: JSON) -> str:
    """Return a message as one text: its text, or the kind of its content with the caption or what identifies it."""
    if "text" in message:
        return str(message["text"])
    kind = next((kind for kind in _CONTENTS if kind in message), "message")
    content = message.get(kind)
    named = content if isinstance(content, dict) else {}
    keys = ("question", "title", "emoji", "file_name", "phone_number", "data")
    said = message.get("caption") or next((named[key] for key in keys if key in named), "")
    return f"[{kind.replace('_', ' ')}] {said}".rstrip()


def keyboard(message: JSON) -> list[list[JSON]]:
    """Return the inline keyboard under a message, row by row."""
    rows: list[list[JSON]] = message.get("reply_markup", {}).get("inline_keyboard", [])
    return rows


def buttons(message: JSON) -> Iterator[JSON]:
    """Iterate over the inline buttons under a message."""
    return (button for row in keyboard(message) for button in row)


def labels(message: JSON) -> tuple[tuple[str, ...], ...]:
    """Return the labels of the inline buttons under a message."""
    return tuple(tuple(button["text"] for button in row) for row in keyboard(message))
