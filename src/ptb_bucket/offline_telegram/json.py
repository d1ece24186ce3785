"""Bot API JSON: the small objects that updates and answers are made of."""

from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterator

__all__ = ["JSON", "buttons", "command_entities", "copied", "labels", "user_json"]

JSON = dict[str, Any]

_COMMAND = re.compile(r"(?<!\S)/[A-Za-z0-9_]{1,32}(@\w+)?")


def copied(value: Any) -> Any:
    """Copy a value as the network would, so that later changes on one side do not show on the other."""
    return json.loads(json.dumps(value))


def user_json(user_id: int, first_name: str, username: str | None, *, is_bot: bool = False) -> JSON:
    """Return a Bot API User."""
    user: JSON = {"id": user_id, "is_bot": is_bot, "first_name": first_name}
    return user | ({"username": username} if username else {})


def command_entities(text: str) -> list[JSON]:
    """Return the ``bot_command`` entities of a text. Their offsets count UTF-16 code units, as Telegram's do."""
    return [
        {"type": "bot_command", "offset": _utf16(text[: match.start()]), "length": _utf16(match[0])}
        for match in _COMMAND.finditer(text)
    ]


def _utf16(text: str) -> int:
    return len(text.encode("utf-16-le")) // 2


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
