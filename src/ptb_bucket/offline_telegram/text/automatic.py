"""The entities that Telegram finds by itself: commands, mentions, hashtags, links, addresses and numbers."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from ptb_bucket.offline_telegram.text.spans import utf16

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from ptb_bucket.offline_telegram.json import JSON

__all__ = ["add_automatic"]

_DOMAINS = "com|org|net|edu|gov|io|dev|app|info|biz|me|ai|co|uk|de|fr|es|it|nl|pl|ru|ua|ch|at|eu|in|br|jp|cn|tv|xyz"
_HOST = rf"(?:[\w-]+\.)+(?:{_DOMAINS})\b"

# In the order of preference: a part of the text has one of them at most.
_PATTERNS = (
    ("url", rf"(?i)\b(?:https?|ftp|tg|ton)://[^\s<>\"]+|(?<![\w@./]){_HOST}(?![\w@])(?::\d+)?(?:[/?#][^\s<>\"]*)?"),
    ("email", r"(?i)(?<![\w.+-])[\w.+-]+@(?:[\w-]+\.)+[a-z]{2,}\b"),
    ("bot_command", r"(?<!\S)/[A-Za-z0-9_]{1,32}(?:@\w+)?"),
    ("mention", r"(?<![\w/@])@[A-Za-z]\w{3,31}\b"),
    ("hashtag", r"(?<![\w#])#(?=\w*[^\W\d_])\w{1,256}"),
    ("cashtag", r"(?<![\w$])\$[A-Z]{1,8}\b"),
    ("phone_number", r"(?<![\w+])\+\d[\d ()-]{7,18}\d\b"),
)
_FOUND_BY = tuple((kind, re.compile(pattern)) for kind, pattern in _PATTERNS)
# Nothing is found within these.
_CLOSED = {"code", "pre", "text_link", "text_mention"}
_AFTER_LINKS = ".,:;!?'\")]}"
_MARKS = "/@#$+.:"


def add_automatic(text: str, given: Iterable[JSON] = ()) -> list[JSON]:
    """Add the entities that Telegram finds in a text by itself.

    Args:
        text: The plain text.
        given: The entities that the sender gave. Nothing is found within code and links.

    Returns:
        All entities, by offset.
    """
    entities = list(given)
    if any(mark in text for mark in _MARKS):
        taken = [_range(entity) for entity in entities if entity["type"] in _CLOSED]
        entities += _found(text, taken)
        entities.sort(key=lambda entity: (entity["offset"], -entity["length"]))
    return entities


def _found(text: str, taken: list[range]) -> Iterator[JSON]:
    for kind, pattern in _FOUND_BY:
        for match in pattern.finditer(text):
            part = match[0].rstrip(_AFTER_LINKS) if kind == "url" else match[0]
            entity = {"type": kind, "offset": utf16(text[: match.start()]), "length": utf16(part)}
            if not any(_meet(_range(entity), other) for other in taken):
                taken.append(_range(entity))
                yield entity


def _range(entity: JSON) -> range:
    return range(entity["offset"], entity["offset"] + entity["length"])


def _meet(one: range, other: range) -> bool:
    return max(one.start, other.start) < min(one.stop, other.stop)
