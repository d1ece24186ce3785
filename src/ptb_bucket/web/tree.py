"""Stored values as trees for people, made from the notation of JSON documents. No class of the bot is needed."""

from __future__ import annotations

import base64
import json
import re
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import datetime, timedelta, timezone
from typing import Any, Final

__all__ = ["Node", "compact", "key_of", "node_of", "parsed", "parts_of", "path_to", "tag_of", "value_under"]

_NAME: Final = re.compile(r"[^.\[\]\"'\s]+")
_NUMBER: Final = re.compile(r"-?\d{1,30}")
_BRACKETS: Final = {"list": "[]", "tuple": "()", "set": "{}", "frozenset": "{}", "deque": "[]"}
_HIDDEN: Final = frozenset({"_bot", "_frozen", "_id_attrs", "api_kwargs", "_effective_attachment"})
_TEXT: Final = 400
"""Characters of a text that are shown before it is folded."""
_SCALARS: Final = {"datetime", "date", "time", "timedelta", "bytes", "bytearray", "decimal", "float", "complex", "uuid",
                   "python.UUID", "zoneinfo", "timezone"}  # fmt: skip


@dataclass
class Node:
    """A value for the page.

    Attributes:
        key: Its key, index or field, as text; empty for a member of a set, and for the whole value.
        type: The name of its type.
        text: The value as text, or a short description of one with parts.
        path: Where the tools find it; None if it can only be changed as a part of the value around it.
        size: Its size in bytes as compact JSON.
        children: Its parts; None if it has none.
        count: The number of its parts; more than those shown if some are left out.
        plain: The whole text of a string, for a form.
        long: The text is folded.
        kind: A word for the style sheet.
    """

    key: str
    type: str
    text: str
    path: str | None
    size: int
    children: list[Node] | None = None
    count: int = 0
    plain: str | None = None
    long: bool = False
    kind: str = "other"
    more: int = field(default=0)


def parsed(text: str | None) -> Any:
    """Return the parts of a value's notation. Text that is not JSON, such as a pickle's instructions, stays text."""
    try:
        return None if text is None else json.loads(text)
    except (ValueError, RecursionError):
        return {"$instructions": text}


def compact(value: Any) -> str:
    """Return the notation of parts."""
    return json.dumps(value, ensure_ascii=False, separators=(",", ":"))


def tag_of(value: Any) -> tuple[str | None, Any]:
    """Return the tag of a value and its payload; None and the value itself if it has none."""
    if isinstance(value, dict):
        rest = {key: part for key, part in value.items() if key != "$id"} if "$id" in value else value
        if len(rest) == 1:
            key = next(iter(rest))
            if key[:1] == "$" and (key[1:2].isalpha() or key[1:2] == "_") and key not in ("$true", "$false", "$null"):
                return key[1:], rest[key]
        return None, rest
    return None, value


def key_of(key: str) -> tuple[str, str]:
    """Return a dict's key as people read it, and as a step of a path."""
    if key[:1] == "$":
        inner = key[1:]
        shown = {"true": "True", "false": "False", "null": "None"}.get(inner, inner)
        if inner[:1] == "{":
            shown = node_of(parsed(inner), None, depth=9).text
        elif inner[:1] == '"':
            shown = parsed(inner)
        return shown, f"[{inner}]"
    if _NAME.fullmatch(key) and not _NUMBER.fullmatch(key):
        return key, f".{key}"
    shown = f'"{key}"' if _NUMBER.fullmatch(key) or not key.strip() else key
    return shown, f"[{json.dumps(key)}]"


def path_to(path: str | None, step: str) -> str | None:
    """Return the path of a part."""
    if path is None:
        return None
    return step[1:] if not path and step[:1] == "." else path + step


def parts_of(value: Any) -> list[tuple[str, str | None, Any]] | None:  # noqa: PLR0911  one for each form
    """Return the parts of a value: each with its key as text, the step that leads to it, and itself."""
    tag, body = tag_of(value)
    if tag is None or tag in ("dict", "ordereddict", "counter"):
        if isinstance(body, dict):
            return [(*key_of(key), part) for key, part in body.items()]
        return [(str(at), f"[{at}]", part) for at, part in enumerate(body)] if isinstance(body, list) else None
    if tag == "list" and isinstance(body, list):
        return [(str(at), f"[{at}]", part) for at, part in enumerate(body)]
    if tag == "deque" and isinstance(body, list) and body and isinstance(body[0], list):
        return [(str(at), f"[{at}]", part) for at, part in enumerate(body[0])]
    if tag in ("set", "frozenset", "tuple") and isinstance(body, list):
        return [("" if "set" in tag else str(at), None, part) for at, part in enumerate(body)]
    if tag == "defaultdict" and isinstance(body, list) and isinstance(body[-1], dict):
        return [(*key_of(key), part) for key, part in body[-1].items()]
    return _fields(tag, body)


def _fields(tag: str, body: Any) -> list[tuple[str, str | None, Any]] | None:
    if tag == "telegram" and isinstance(body, list) and isinstance(body[-1], dict):
        return [(key, None, part) for key, part in body[1].items() if key not in _HIDDEN and _says(part)]
    if isinstance(body, dict) and tag not in _SCALARS:
        return [(key, f".{key}" if _NAME.fullmatch(key) else None, part) for key, part in body.items()]
    return None


def _says(part: Any) -> bool:
    return part is not None and part != {"$tuple": []}


def node_of(  # noqa: PLR0913  settings, by keyword
    value: Any, path: str | None = "", *, key: str = "", depth: int = 0, most: int = 50, start: int = 0
) -> Node:
    """Return a value as a node.

    Args:
        value: Its parts; see :func:`parsed`.
        path: Its path; None if tools cannot reach it.
        key: Its key, as text.
        depth: The level in the tree; below the fifth, parts are left out.
        most: The largest number of parts to show of each value.
        start: The number of parts of the value itself to skip.
    """
    tag, body = tag_of(value)
    parts = parts_of(value)
    size = len(compact(value).encode())
    if parts is None:
        return _leaf(tag, body, path, key, size)
    name = _type_name(tag, body)
    shown = parts[start : start + most] if depth < 6 else []  # noqa: PLR2004  as deep as a screen is wide
    children = [
        node_of(part, path_to(path, step) if step else None, key=label, depth=depth + 1, most=20)
        for label, step, part in shown
    ]
    more = len(parts) - start - len(shown)
    summary = _telegram(body) if tag == "telegram" else _count(name, len(parts))
    return Node(key, name, summary, path, size, children, len(parts), kind=_kind(tag), more=more)


def _kind(tag: str | None) -> str:
    if tag in ("set", "frozenset", "tuple", "deque"):
        return "set" if "set" in str(tag) else str(tag)
    return "telegram" if tag == "telegram" else "box" if tag in (None, "dict", "list") else "object"


def _type_name(tag: str | None, body: Any) -> str:
    if tag == "telegram" and isinstance(body, list):
        return str(body[0])
    if tag is None:
        return "dict" if isinstance(body, dict) else "list"
    return {"ordereddict": "OrderedDict", "counter": "Counter"}.get(tag, tag.rpartition(".")[2])


def _count(name: str, number: int) -> str:
    if number == 0:
        return {"set": "empty set", "frozenset": "empty frozenset"}.get(name, "empty")
    noun = "field" if name not in {"dict", "list", "set", "frozenset", "tuple", "deque", "OrderedDict", "Counter",
                                   "defaultdict"} else "item"  # fmt: skip
    return f"{number:,} {noun}{'s' if number != 1 else ''}"


def _telegram(body: list[Any]) -> str:
    """Describe a Telegram object as a chat shows it: who, when, and what."""
    fields = body[1]
    who = _who(fields)
    if body[0] != "Message":
        return who or _count("object", len(fields))
    sender = tag_of(fields.get("from") or fields.get("from_user"))[1]
    name = _who(sender[1] if isinstance(sender, list) else sender or {})
    said = fields.get("text") or fields.get("caption") or _attached(fields)
    return f"{name or 'message'}: {said}" if said else name or "message"


def _who(fields: dict[str, Any]) -> str:
    names = [fields.get("first_name"), fields.get("last_name")]
    name = " ".join(one for one in names if isinstance(one, str)) or fields.get("title") or ""
    extra = [f"@{fields['username']}"] if isinstance(fields.get("username"), str) else []
    extra += [str(fields["id"])] if name and isinstance(fields.get("id"), int) else []
    return f"{name} ({', '.join(extra)})" if extra and name else str(name)


def _attached(fields: dict[str, Any]) -> str:
    kinds = ("photo", "sticker", "document", "voice", "video", "audio", "location", "contact", "poll")
    return next((f"[{kind}]" for kind in kinds if _says(fields.get(kind))), "")


def _leaf(tag: str | None, body: Any, path: str | None, key: str, size: int) -> Node:
    if tag is None:
        return _plain(body, path, key, size)
    if tag == "ref":
        return Node(key, "reference", f"the same object as #{body}", path, size, kind="reference")
    if tag == "instructions":
        return Node(key, "pickle", str(body), None, size, long=True, kind="text")
    text = body if isinstance(body, str) else compact(body)
    name = tag.rpartition(".")[2] if "." in tag else tag
    readers = {"timedelta": _duration, "bytes": _bytes, "bytearray": _bytes, "datetime": _moment}
    with suppress(ValueError, TypeError, KeyError):  # written by hand: show it as it is
        text = readers[tag](body) if tag in readers else text
    if body is None:
        text = ""
    elif tag not in _SCALARS and isinstance(body, str):
        text = f"{name}.{body}"  # the member of an enum
    return Node(key, name, text, path, size, kind="moment" if tag in ("datetime", "date", "time") else "other")


def _plain(body: Any, path: str | None, key: str, size: int) -> Node:
    if isinstance(body, str):
        return Node(key, "str", body, path, size, plain=body, long=len(body) > _TEXT, kind="text")
    if isinstance(body, bool):
        return Node(key, "bool", str(body), path, size, kind="bool")
    if body is None:
        return Node(key, "None", "None", path, size, kind="none")
    return Node(key, type(body).__name__, f"{body}", path, size, kind="number")


def _duration(body: Any) -> str:
    days, seconds, micro = body
    return str(timedelta(days, seconds, micro))


def _bytes(body: Any) -> str:
    data = base64.b64decode(body)
    return f"{len(data):,} bytes: {data[:24].hex(' ')}{' …' if data[24:] else ''}"


def _moment(body: Any) -> str:
    text = body if isinstance(body, str) else body[0]
    found = datetime.fromisoformat(text)
    if found.tzinfo is not None and found.utcoffset() == timedelta():
        return found.astimezone(timezone.utc).strftime("%Y-%m-%d %H:%M:%S UTC")
    return found.isoformat(" ", timespec="seconds")


def value_under(value: Any, path: str) -> Any:
    """Return the part of a value at a path that :func:`node_of` has made.

    Raises:
        KeyError: There is no such part.
    """
    if not path:
        return value
    for _, step, part in parts_of(value) or ():
        if step is None:
            continue
        first = step[1:] if step[:1] == "." else step
        for spelled in (step, first):
            rest = path[len(spelled) :]
            if path.startswith(spelled) and (not rest or rest[0] in ".["):
                return value_under(part, rest)
    raise KeyError(path)
