"""``parse_mode="MarkdownV2"`` and the old ``"Markdown"``.

The rules are those of https://core.telegram.org/bots/api#markdownv2-style.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from ptb_bucket.offline_telegram.errors import EntitiesError
from ptb_bucket.offline_telegram.text.spans import Collected

if TYPE_CHECKING:
    from ptb_bucket.offline_telegram.json import JSON

__all__ = ["parse_markdown", "parse_markdown_v2"]

_MARKS = {"*": "bold", "__": "underline", "_": "italic", "~": "strikethrough", "||": "spoiler", "`": "code"}
_NAMES = {"text_link": "TextUrl", "custom_emoji": "CustomEmoji", "pre": "PreCode"}
_RESERVED = "_*[]()~`>#+-=|{}.!"
_OLD_MARKS = {"*": "bold", "_": "italic", "`": "code"}


def parse_markdown_v2(source: str) -> tuple[str, list[JSON]]:
    """Read a text with marks of MarkdownV2.

    Args:
        source: The text that the bot sends.

    Returns:
        The plain text and its entities.

    Raises:
        EntitiesError: A reserved character is not escaped, or a format does not end.
    """
    reader = _Reader(source)
    while reader.at < len(source):
        reader.step()
    reader.close_quote()
    if reader.found.open:
        span = reader.found.open[-1]
        name = _NAMES.get(span.entity["type"], span.entity["type"].title())
        raise EntitiesError(f"Can't find end of {name} entity at byte offset {span.at}")
    return reader.found.finished()


class _Reader:
    """A position in the source, and what was found before it."""

    def __init__(self, source: str) -> None:
        self.source, self.at, self.found = source, 0, Collected()

    def step(self) -> None:
        """Read one character or mark."""
        rest, open_marks = self.source[self.at :], [span.mark for span in self.found.open]
        if rest[0] == "\\" and len(rest) > 1 and ord(rest[1]) < 127:  # noqa: PLR2004  every ASCII character
            self._take(rest[1], 2)
        elif open_marks and open_marks[-1] in {"`", "```"}:
            self._in_code(rest, open_marks[-1])
        elif rest.startswith("```"):
            self._begin_pre(rest)
        elif rest.startswith(("![", "[")):
            self._begin("]", {"type": "text_link" if rest[0] == "[" else "custom_emoji"}, 1 + (rest[0] == "!"))
        elif rest[0] == "]" and "]" in open_marks:
            self._end_link(rest)
        elif rest[0] == ">" and self._at_line_start():
            self._begin_quote(rest)
        else:
            self._mark_or_text(rest, open_marks)

    def _mark_or_text(self, rest: str, open_marks: list[str]) -> None:
        mark = next((mark for mark in ("||", "__", *_MARKS) if rest.startswith(mark)), "")
        if mark == "__" and open_marks[-1:] == ["_"] and "__" not in open_marks and rest.startswith("___"):
            mark = "_"
        if mark and mark == (open_marks[-1] if open_marks else None):
            self._end(len(mark))
        elif mark and mark not in open_marks:
            self._begin(mark, {"type": _MARKS[mark]}, len(mark))
        elif rest[0] in _RESERVED:
            raise EntitiesError(f"Character '{rest[0]}' is reserved and must be escaped with the preceding '\\'")
        else:
            if rest[0] == "\n" and not rest.startswith("\n>"):
                self.close_quote()
            self._take(rest[0], 1)

    def _take(self, text: str, width: int) -> None:
        self.found.text += text
        self.at += width

    def _begin(self, mark: str, entity: JSON, width: int) -> None:
        self.found.begin(mark, len(self.source[: self.at].encode()), entity)
        self.at += width

    def _end(self, width: int, **more: str) -> None:
        self.found.end(**more)
        self.at += width

    def _in_code(self, rest: str, mark: str) -> None:
        if rest.startswith(mark):
            self._end(len(mark))
        else:
            self._take(rest[0], 1)

    def _begin_pre(self, rest: str) -> None:
        language = re.match(r"```([^\s`]*)\n", rest)
        named = {"language": language[1]} if language and language[1] else {}
        self._begin("```", {"type": "pre"} | named, len(language[0]) if language else 3)

    def _end_link(self, rest: str) -> None:
        target = re.match(r"\]\(((?:\\.|[^)\\])*)\)", rest)
        span = self.found.open[-1]
        if span.mark != "]" or not target:
            raise EntitiesError(f"Can't find end of {_NAMES[_link_type(self.found)]} entity at byte offset {self.at}")
        url = re.sub(r"\\(.)", r"\1", target[1])
        if span.entity["type"] == "custom_emoji":
            self._end(len(target[0]), custom_emoji_id=url.partition("id=")[2])
            return
        user = re.fullmatch(r"tg://user\?id=(\d+)", url)
        if user:
            person = {"id": int(user[1]), "is_bot": False, "first_name": ""}
            span.entity |= {"type": "text_mention", "user": person}
        self._end(len(target[0]), **({} if user else {"url": url}))

    def _at_line_start(self) -> bool:
        return not self.at or self.source[self.at - 1] == "\n"

    def _begin_quote(self, _rest: str) -> None:
        if any(span.mark == ">" for span in self.found.open):
            self.at += 1
        else:
            self._begin(">", {"type": "blockquote"}, 1)

    def close_quote(self) -> None:
        """End a block quotation where its last line ends."""
        if self.found.open and self.found.open[-1].mark == ">":
            self.found.end()


def _link_type(found: Collected) -> str:
    return next(str(span.entity["type"]) for span in found.open if span.mark == "]")


def parse_markdown(source: str) -> tuple[str, list[JSON]]:
    """Read a text with the marks of the old Markdown, which do not nest.

    Args:
        source: The text that the bot sends.

    Returns:
        The plain text and its entities.

    Raises:
        EntitiesError: A format does not end.
    """
    found, at = Collected(), 0
    while at < len(source):
        rest = source[at:]
        offset = len(source[:at].encode())
        link = re.match(r"\[([^\]]*)\]\(([^)]*)\)", rest)
        pre = re.match(r"```(?:(\w+)\n)?(.*?)```", rest, re.DOTALL)
        if rest[0] == "\\" and rest[1:2] in {"_", "*", "`", "["}:
            found.text, at = found.text + rest[1], at + 2
        elif link or pre:
            at += _add_whole(found, offset, link, pre)
        elif rest[0] in _OLD_MARKS:
            end = rest.find(rest[0], 1)
            if end < 0:
                raise EntitiesError(f"Can't find end of the entity starting at byte offset {offset}")
            _add(found, offset, rest[1:end], {"type": _OLD_MARKS[rest[0]]})
            at += end + 1
        else:
            found.text, at = found.text + rest[0], at + 1
    return found.finished()


def _add_whole(found: Collected, offset: int, link: re.Match[str] | None, pre: re.Match[str] | None) -> int:
    if link:
        _add(found, offset, link[1], {"type": "text_link", "url": link[2]})
        return link.end()
    assert pre is not None  # noqa: S101  one of the two matched
    _add(found, offset, pre[2], {"type": "pre"} | ({"language": pre[1]} if pre[1] else {}))
    return pre.end()


def _add(found: Collected, offset: int, text: str, entity: JSON) -> None:
    found.begin("", offset, entity)
    found.text += text
    found.end()
