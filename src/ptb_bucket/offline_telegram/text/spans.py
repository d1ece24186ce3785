"""Parts of a text that have a format, and the text that a parser collects."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from ptb_bucket.offline_telegram.json import JSON

__all__ = ["Collected", "Span", "utf16"]


def utf16(text: str) -> int:
    """Return the length of a text in UTF-16 code units, which is how Telegram counts."""
    return len(text.encode("utf-16-le")) // 2


@dataclass
class Span:
    """A format that was begun and not yet ended.

    Attributes:
        mark: What began it, such as a tag's name.
        at: The offset of its mark in the source, in bytes.
        start: The number of characters of the plain text before it.
        entity: The entity's type and further fields.
    """

    mark: str
    at: int
    start: int
    entity: JSON


@dataclass
class Collected:
    """The plain text and the entities that a parser has found so far."""

    text: str = ""
    entities: list[JSON] = field(default_factory=list)
    open: list[Span] = field(default_factory=list)

    def begin(self, mark: str, at: int, entity: JSON) -> None:
        """Begin a format."""
        self.open.append(Span(mark, at, len(self.text), entity))

    def end(self, **more: str) -> None:
        """End the format that was begun last. A format of nothing has no entity."""
        span = self.open.pop()
        if inside := self.text[span.start :]:
            place = {"offset": utf16(self.text[: span.start]), "length": utf16(inside)}
            self.entities.append({"type": span.entity["type"]} | place | span.entity | more)

    def finished(self) -> tuple[str, list[JSON]]:
        """Return the text and its entities in Telegram's order: by offset, the longer one first."""
        return self.text, sorted(self.entities, key=lambda entity: (entity["offset"], -entity["length"]))
