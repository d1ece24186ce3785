"""``parse_mode="HTML"``, by the rules of https://core.telegram.org/bots/api#html-style."""

from __future__ import annotations

import html
import re
from typing import TYPE_CHECKING

from ptb_bucket.offline_telegram.errors import EntitiesError
from ptb_bucket.offline_telegram.text.spans import Collected

if TYPE_CHECKING:
    from ptb_bucket.offline_telegram.json import JSON

__all__ = ["parse_html"]

_TAG = re.compile(r"<(/?)([A-Za-z][A-Za-z0-9-]*)((?:\s+[^<>]*?)?)\s*>")
_ATTRIBUTE = re.compile(r"""([A-Za-z-]+)(?:\s*=\s*(?:"([^"]*)"|'([^']*)'|([^\s"'>]+)))?""")
_TYPES = {
    **dict.fromkeys(("b", "strong"), "bold"),
    **dict.fromkeys(("i", "em"), "italic"),
    **dict.fromkeys(("u", "ins"), "underline"),
    **dict.fromkeys(("s", "strike", "del"), "strikethrough"),
    **dict.fromkeys(("span", "tg-spoiler"), "spoiler"),
    "code": "code",
    "pre": "pre",
    "a": "text_link",
    "tg-emoji": "custom_emoji",
    "blockquote": "blockquote",
}


def parse_html(source: str) -> tuple[str, list[JSON]]:
    """Read a text with HTML tags.

    Args:
        source: The text that the bot sends.

    Returns:
        The plain text and its entities.

    Raises:
        EntitiesError: A tag is unknown, not closed or closed in the wrong order.
    """
    found, position = Collected(), 0
    for match in _TAG.finditer(source):
        _add_text(found, source, position, match.start())
        at = len(source[: match.start()].encode())
        (_close if match[1] else _open)(found, match, at)
        position = match.end()
    _add_text(found, source, position, len(source))
    if found.open:
        raise EntitiesError(f'Can\'t find end tag corresponding to start tag "{found.open[-1].mark}"')
    text, entities = found.finished()
    return text, [entity for entity in entities if entity["type"] != "none"]


def _add_text(found: Collected, source: str, start: int, end: int) -> None:
    part = source[start:end]
    if "<" in part:
        at = len(source[: start + part.index("<")].encode())
        name = re.match(r"</?([\w-]*)", part[part.index("<") :])
        raise EntitiesError(f'Unsupported start tag "{name[1] if name else ""}" at byte offset {at}')
    found.text += html.unescape(part)


def _open(found: Collected, match: re.Match[str], at: int) -> None:
    name = match[2].lower()
    attributes = {key.lower(): one or two or three for key, one, two, three in _ATTRIBUTE.findall(match[3])}
    if name not in _TYPES or (name == "span" and attributes.get("class") != "tg-spoiler"):
        raise EntitiesError(f'Unsupported start tag "{name}" at byte offset {at}')
    found.begin(name, at, _entity(found, name, attributes))


def _entity(found: Collected, name: str, attributes: dict[str, str]) -> JSON:
    kind = _TYPES[name]
    if name == "a":
        return _link(attributes.get("href", ""))
    if name == "tg-emoji":
        return {"type": kind, "custom_emoji_id": attributes.get("emoji-id", "")}
    if name == "blockquote" and "expandable" in attributes:
        return {"type": "expandable_blockquote"}
    language = attributes.get("class", "").removeprefix("language-")
    outer = found.open[-1] if found.open else None
    if name == "code" and outer and outer.mark == "pre" and outer.start == len(found.text):
        outer.entity |= {"language": language} if language else {}
        return {"type": "none"}
    return {"type": kind}


def _link(url: str) -> JSON:
    user = re.fullmatch(r"tg://user\?id=(\d+)", url)
    if user:
        return {"type": "text_mention", "user": {"id": int(user[1]), "is_bot": False, "first_name": ""}}
    return {"type": "text_link", "url": url} if url else {"type": "none"}


def _close(found: Collected, match: re.Match[str], at: int) -> None:
    name = match[2].lower()
    if not found.open:
        raise EntitiesError(f"Unexpected end tag at byte offset {at}")
    if found.open[-1].mark != name:
        raise EntitiesError(
            f'Unmatched end tag at byte offset {at}, expected "</{found.open[-1].mark}>", found "</{name}>"'
        )
    found.end()
