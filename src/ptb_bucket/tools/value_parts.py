"""Stored values taken apart by their notation in JSON documents, with the paths of their parts. No class is needed."""

from __future__ import annotations

import json
import re
from typing import Any, Final, NamedTuple

from ptb_bucket.tools.python_code import python_text, tag_of

__all__ = ["ValuePart", "compact", "parsed", "parts_of", "path_to", "value_under"]

_NAME: Final = re.compile(r"[^.\[\]\"'\s]+")
_NUMBER: Final = re.compile(r"-?\d{1,30}")
_HIDDEN: Final = frozenset({"_bot", "_frozen", "_id_attrs", "api_kwargs", "_effective_attachment"})
_SCALARS: Final = {"datetime", "date", "time", "timedelta", "bytes", "bytearray", "decimal", "float", "complex", "uuid",
                   "python.UUID", "zoneinfo", "timezone"}  # fmt: skip
"""Tags of values without parts."""


class ValuePart(NamedTuple):
    """A part of a value.

    Attributes:
        label: Its key, index or field as people read it; empty for a member of a set.
        step: The step of a path that leads to it; None if tools can only change it with the value around it.
        value: The part itself.
    """

    label: str
    step: str | None
    value: Any


def parsed(text: str | None) -> Any:
    """Parse a value's notation. Text that is not JSON, such as the instructions of a pickle, gets a tag of its own."""
    try:
        return None if text is None else json.loads(text)
    except (ValueError, RecursionError):
        return {"$instructions": text}


def compact(value: Any) -> str:
    """Return the notation of a parsed value, without spaces."""
    return json.dumps(value, ensure_ascii=False, separators=(",", ":"))


def parts_of(value: Any) -> list[ValuePart] | None:
    """Return the parts of a parsed value, in their order; None if it has none, such as a string or a time.

    Args:
        value: The value as :func:`parsed` returns it.
    """
    tag, body = tag_of(value)
    if tag == "telegram" and isinstance(body, list) and isinstance(body[-1], dict):
        return [ValuePart(key, None, part) for key, part in body[1].items() if key not in _HIDDEN and _is_set(part)]
    if tag in ("set", "frozenset", "tuple") and isinstance(body, list):
        return [ValuePart(str(at) if tag == "tuple" else "", None, part) for at, part in enumerate(body)]
    if tag == "deque" and isinstance(body, list) and body:
        body = body[0]  # the other is its largest length
    if tag == "defaultdict" and isinstance(body, list) and body:
        body = body[-1]  # the other is its factory
    if isinstance(body, dict) and tag not in _SCALARS:
        is_object = tag not in (None, "dict", "ordereddict", "counter", "defaultdict")
        return [ValuePart(*(_field(key) if is_object else _key(key)), part) for key, part in body.items()]
    if isinstance(body, list) and tag in (None, "list", "deque"):
        return [ValuePart(str(at), f"[{at}]", part) for at, part in enumerate(body)]
    return None


def _is_set(part: Any) -> bool:
    return part is not None and part != {"$tuple": []}


def _field(name: str) -> tuple[str, str | None]:
    return name, f".{name}" if _NAME.fullmatch(name) else None


def _key(key: str) -> tuple[str, str]:
    """Return a dict's key as people read it, and as a step of a path."""
    if key[:1] == "$":
        inner = key[1:]
        return parsed(inner) if inner[:1] == '"' else python_text(inner) if inner[:1] in "{tfn" else inner, f"[{inner}]"
    if _NAME.fullmatch(key) and not _NUMBER.fullmatch(key):
        return key, f".{key}"
    return f'"{key}"' if _NUMBER.fullmatch(key) or not key.strip() else key, f"[{json.dumps(key)}]"


def path_to(path: str | None, step: str | None) -> str | None:
    """Return the path of a part of the value at a path; None if one of both is."""
    if path is None or step is None:
        return None
    return step.removeprefix(".") if not path else path + step


def value_under(value: Any, path: str) -> Any:
    """Return the part of a parsed value at a path of steps from :func:`parts_of`.

    Raises:
        KeyError: There is no such part.
    """
    if not path:
        return value
    for _, step, part in parts_of(value) or ():
        for spelled in () if step is None else (step, step.removeprefix(".")):
            rest = path[len(spelled) :]
            if path.startswith(spelled) and (not rest or rest[0] in ".["):
                return value_under(part, rest)
    raise KeyError(path)
