"""Stored values for people: as trees, made from the notation of JSON documents, and the differences of two of them."""

from __future__ import annotations

import base64
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime, timedelta, timezone
from difflib import SequenceMatcher
from itertools import islice
from typing import TYPE_CHECKING, Any, Final

from ptb_bucket.tools import compact, parsed, parts_of, path_to, tag_of

if TYPE_CHECKING:
    from collections.abc import Iterator

    from ptb_bucket.tools import ValuePart

__all__ = ["Difference", "Node", "differences", "node_of", "type_of"]

_TEXT: Final = 400
"""Characters of a text that are shown before it is folded."""
_DEPTH: Final = 6
"""Levels of a tree: as deep as a screen is wide."""
_NAMES: Final = {"ordereddict": "OrderedDict", "counter": "Counter", "NoneType": "None"}
_ABSENT: Final = object()
"""The value of a place that does not exist."""
_OF_ITEMS: Final = {"dict", "list", "set", "frozenset", "tuple", "deque", "OrderedDict", "Counter", "defaultdict"}


@dataclass(frozen=True)
class Node:
    """A value for the page.

    Attributes:
        key: Its key, index or field, as text; empty for a member of a set, and for the whole value.
        type: The name of its type.
        text: The value as text, or a short description of one with parts.
        path: Where the tools find it; None if it can only be changed as a part of the value around it.
        size: Its size in bytes as compact JSON.
        children: Its parts, as far as they are shown; None if it has none.
        count: The number of all its parts.
        more: The number of parts that follow those shown.
        kind: A word for the style sheet.
    """

    key: str
    type: str
    text: str
    path: str | None
    size: int
    children: list[Node] | None = None
    count: int = 0
    more: int = 0
    kind: str = "other"

    @property
    def long(self) -> bool:
        """Tell whether its text is folded."""
        return self.type == "pickle" or len(self.text) > _TEXT


def node_of(  # noqa: PLR0913  settings, by keyword
    value: Any, path: str | None = "", *, key: str = "", depth: int = 0, most: int = 50, start: int = 0
) -> Node:
    """Return a value as a node.

    Args:
        value: The value as ``tools.parsed`` returns it.
        path: Its path; None if tools cannot reach it.
        key: Its key, as text.
        depth: The level in the tree.
        most: The largest number of parts to show of the value.
        start: The number of parts of the value to skip.
    """
    parts, size = parts_of(value), len(compact(value).encode())
    if parts is None:
        return _leaf(value, path, key, size)
    shown = parts[start : start + most] if depth < _DEPTH else []
    children = [
        node_of(part, path_to(path, step), key=label, depth=depth + 1, most=20) for label, step, part in shown
    ]  # fmt: skip
    tag, name = tag_of(value)[0], type_of(value)
    text = _telegram(value) if tag == "telegram" else _count(name, len(parts))
    return Node(key, name, text, path, size, children, len(parts), len(parts) - start - len(shown), _kind(tag))


def type_of(value: Any) -> str:
    """Return the name of a value's type."""
    tag, body = tag_of(value)
    if tag == "telegram" and isinstance(body, list):
        return str(body[0])
    name = type(body).__name__ if tag is None else tag.rpartition(".")[2]
    return _NAMES.get(name, name)


def _kind(tag: str | None) -> str:
    if tag in ("set", "frozenset", "tuple"):
        return "tuple" if tag == "tuple" else "set"
    return "telegram" if tag == "telegram" else "box" if tag in (None, "dict", "list", "deque") else "object"


def _count(name: str, number: int) -> str:
    if number == 0:
        return f"empty {name}" if "set" in name else "empty"
    return f"{number:,} {'item' if name in _OF_ITEMS else 'field'}{'s' if number != 1 else ''}"


def _telegram(value: Any) -> str:
    """Describe a Telegram object as a chat shows it: who, and what."""
    name, fields = tag_of(value)[1][:2]
    who = _who(fields)
    if name != "Message":
        return who or _count("object", len(fields))
    sender = tag_of(fields.get("from") or fields.get("from_user"))[1]
    who = _who(sender[1] if isinstance(sender, list) else sender or {}) or "message"
    kinds = ("photo", "sticker", "document", "voice", "video", "audio", "location", "contact", "poll")
    attached = next((f"[{kind}]" for kind in kinds if fields.get(kind) not in (None, {"$tuple": []})), "")
    said = fields.get("text") or fields.get("caption") or attached
    return f"{who}: {said}" if said else who


def _who(fields: dict[str, Any]) -> str:
    names = [fields.get("first_name"), fields.get("last_name")]
    name = " ".join(one for one in names if isinstance(one, str)) or fields.get("title") or ""
    extra = [f"@{fields['username']}"] if isinstance(fields.get("username"), str) else []
    extra += [str(fields["id"])] if isinstance(fields.get("id"), int) else []
    return f"{name} ({', '.join(extra)})" if extra and name else str(name)


def _leaf(value: Any, path: str | None, key: str, size: int) -> Node:
    (tag, body), name = tag_of(value), type_of(value)
    if tag is None:
        kind = {"str": "text", "int": "number", "float": "number"}.get(name, name.lower())
        return Node(key, name, str(body), path, size, kind=kind)
    if tag == "instructions":
        return Node(key, "pickle", str(body), None, size, kind="text")
    if tag == "ref":
        return Node(key, "reference", f"the same object as #{body}", path, size, kind="reference")
    text = body if isinstance(body, str) else "" if body is None else compact(body)
    if tag in _READERS:
        with suppress(ValueError, TypeError, KeyError):  # written by hand: show it as it is
            text = _READERS[tag](body)
    elif name[:1].isupper() and not tag.startswith("python.") and isinstance(body, str):
        text = f"{name}.{body}"  # the member of an enum
    return Node(key, name, text, path, size, kind="moment" if tag in ("datetime", "date", "time") else "other")


def _bytes(body: Any) -> str:
    data = base64.b64decode(body)
    return f"{len(data):,} bytes: {data[:24].hex(' ')}{' …' if data[24:] else ''}"


def _moment(body: Any) -> str:
    found = datetime.fromisoformat(body if isinstance(body, str) else body[0])
    if found.tzinfo is not None and found.utcoffset() == timedelta():
        return found.astimezone(timezone.utc).strftime("%Y-%m-%d %H:%M:%S UTC")
    return found.isoformat(" ", timespec="seconds")


_READERS: Final = {
    "timedelta": lambda body: str(timedelta(*body)), "bytes": _bytes, "bytearray": _bytes, "datetime": _moment,
}  # fmt: skip


@dataclass(frozen=True)
class Difference:
    """A place that differs. ``before`` and ``after`` are None where it does not exist."""

    place: str
    before: Node | None
    after: Node | None

    @property
    def word(self) -> str:
        """Return what happened to the place."""
        return "added" if self.before is None else "removed" if self.after is None else "changed"


def differences(before: str | None, after: str | None, *, place: str = "", most: int = 200) -> list[Difference]:
    """Return the places at which two values differ.

    Args:
        before: The notation of the older value; None if there was none.
        after: That of the newer one.
        place: The path of both.
        most: The largest number of differences.
    """
    old, new = (_ABSENT if text is None else parsed(text) for text in (before, after))
    return list(islice(_compare(place, old, new), most))


def _compare(place: str, before: Any, after: Any) -> Iterator[Difference]:
    if before is after or (_ABSENT not in (before, after) and compact(before) == compact(after)):  # True is not 1
        return
    old, new = (None if one is _ABSENT else parts_of(one) for one in (before, after))
    (tag, body), (other_tag, other_body) = tag_of(before), tag_of(after)
    alike = tag == other_tag and type(body) is type(other_body) and type_of(before) == type_of(after)
    if old is None or new is None or not alike:
        nodes = [None if one is _ABSENT else node_of(one, None, most=20) for one in (before, after)]
        yield Difference(place, nodes[0], nodes[1])
    elif isinstance(body, list) and tag in (None, "list", "tuple", "deque"):
        yield from _lists(place, [one.value for one in old], [one.value for one in new])
    else:
        yield from _keyed(place, old, new, by_value=tag in ("set", "frozenset"))


def _keyed(place: str, before: list[ValuePart], after: list[ValuePart], *, by_value: bool) -> Iterator[Difference]:
    """Compare dicts and objects by their keys, and sets by their members."""
    old, new = (
        {compact(one.value) if by_value else one.step or f".{one.label}": one.value for one in parts}
        for parts in (before, after)
    )
    for step in dict.fromkeys([*old, *new]):
        pair = [parts.get(step, _ABSENT) for parts in (old, new)]
        yield from _compare(path_to(place, "" if by_value else step) or "", *pair)


def _lists(place: str, old: list[Any], new: list[Any]) -> Iterator[Difference]:
    matcher = SequenceMatcher(None, [compact(one) for one in old], [compact(one) for one in new], autojunk=False)
    same_length = [("replace", 0, len(old), 0, len(new))]
    for word, i1, i2, j1, j2 in same_length if len(old) == len(new) else matcher.get_opcodes():
        both = min(i2 - i1, j2 - j1) if word != "equal" else 0  # what stands at the same place is compared
        for at in range(both):
            yield from _compare(f"{place}[{j1 + at}]", old[i1 + at], new[j1 + at])
        if word != "equal":
            for at in range(i1 + both, i2):
                yield from _compare(f"{place}[{at}]", old[at], _ABSENT)
            for at in range(j1 + both, j2):
                yield from _compare(f"{place}[{at}]", _ABSENT, new[at])
