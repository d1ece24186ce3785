"""Parse the path to a value in a record, and read or change that value."""

from __future__ import annotations

import json
import re
from collections import deque
from typing import TYPE_CHECKING, Any, Final

from ptb_bucket.codecs import UnknownInstance
from ptb_bucket.errors import CannotLoadError, ConfigurationError, NotFoundError, RefusedError
from ptb_bucket.state import MISSING
from ptb_bucket.tools.edit.fields import field_of, has_fields, set_field

if TYPE_CHECKING:
    from collections.abc import Sequence

    from ptb_bucket.codecs import JsonCodec

__all__ = ["named", "path_text", "put", "steps_of", "take_out", "value_at"]

_NUMBER: Final = re.compile(r"-?\d{1,30}")
_NAME: Final = re.compile(r"[^.\[\]\"']+")


def steps_of(path: str, codec: JsonCodec) -> list[Any]:
    """Return the keys and indexes of a path.

    Args:
        path: A path such as ``cart.items[0]``, through dicts, lists and the fields of objects. Keys that are not plain
            names are in brackets as JSON: ``[42]``, ``["a.b"]``.
        codec: Decodes keys that have a tag in JSON: ``[{"$tuple": [1, 2]}]``.

    Raises:
        ConfigurationError: The path cannot be read.
    """
    steps: list[Any] = []
    at = 0
    while at < len(path):
        read = _bracket if path[at] == "[" else _name
        step, at = read(path, at, codec)
        steps.append(step)
    return steps


def _name(path: str, at: int, _codec: JsonCodec) -> tuple[Any, int]:
    start = at + (path[at] == "." and at > 0)
    found = _NAME.match(path, start)
    if found is None or (start == at and at > 0):
        raise _unreadable(path, at)
    if _NUMBER.fullmatch(found[0]):
        raise ConfigurationError(
            f'{found[0]} is ambiguous in a path: it could be a number or a string. Use [{found[0]}] or ["{found[0]}"].'
        )
    return found[0], found.end()


def _bracket(path: str, at: int, codec: JsonCodec) -> tuple[Any, int]:
    try:
        _, end = json.JSONDecoder().raw_decode(path, at + 1)
        step = codec.decode(path[at + 1 : end].encode())
        hash(step)
    except (ValueError, TypeError, CannotLoadError):
        raise _unreadable(path, at) from None
    if path[end : end + 1] != "]":
        raise _unreadable(path, at)
    return step, end + 1


def _unreadable(path: str, at: int) -> ConfigurationError:
    return ConfigurationError(
        f"The path {path!r} is invalid at character {at + 1}. A path looks like cart.items[0]. Write other keys "
        'in brackets, as JSON: [42] or ["a.b"].'
    )


def named(label: str, steps: Sequence[Any]) -> str:
    """Return the name of a place for messages, such as ``user_data[42]['cart'][0]``."""
    return label + "".join(f"[{step!r}]" for step in steps)


def path_text(steps: Sequence[Any], codec: JsonCodec) -> str:
    """Return the path that :func:`steps_of` reads as these steps."""
    text = ""
    for step in steps:
        if isinstance(step, str) and _NAME.fullmatch(step) and not _NUMBER.fullmatch(step) and not step.isspace():
            text += f".{step}" if text else step
        else:
            text += f"[{codec.encode(step).decode()}]"
    return text


def value_at(value: Any, steps: Sequence[Any]) -> Any:
    """Return the value at a path, or MISSING."""
    for step in steps:
        if isinstance(value, dict):
            value = value.get(step, MISSING)
        elif has_fields(value):
            value = field_of(value, step)
        elif _is_index(value, step, len(value) if isinstance(value, (list, deque)) else 0):
            value = value[step]
        else:
            return MISSING
    return value


def put(label: str, value: Any, steps: Sequence[Any], new: Any) -> Any:
    """Put a new value at a path, and return the whole value. The index after a list's last element appends to the list.

    Args:
        label: The record's label, for messages.
        value: The whole value, which is changed in place.
        steps: The path; empty for the whole value.
        new: The new value.

    Raises:
        NotFoundError: The path's parent does not exist.
        RefusedError: The parent has no such keys or indexes.
    """
    if not steps:
        return new
    *way, last = steps
    parent = _parent(label, value, way, last)
    if isinstance(parent, dict):
        parent[last] = new
    elif has_fields(parent):
        set_field(named(label, way), parent, last, new)
    elif last == len(parent):
        parent.append(new)
    elif _is_index(parent, last, len(parent)):
        parent[last] = new
    else:
        raise _nothing(label, steps)
    return value


def take_out(label: str, value: Any, steps: Sequence[Any]) -> Any:
    """Remove the value at a path, and return the whole value, or MISSING for an empty path. Arguments as :func:`put`.

    Raises:
        NotFoundError: The path does not lead to a value.
        RefusedError: The path's parent has no such keys or indexes.
    """
    if not steps:
        if value is MISSING:
            raise _nothing(label, steps)
        return MISSING
    *way, last = steps
    parent = _parent(label, value, way, last)
    if value_at(parent, [last]) is MISSING:
        raise _nothing(label, steps)
    if has_fields(parent):
        raise RefusedError(
            f"{named(label, steps)} cannot be removed, because its object needs the field. Nothing was changed. Set "
            "the field to null, or remove the whole object."
        )
    del parent[last]
    return value


def _parent(label: str, value: Any, way: Sequence[Any], last: Any) -> Any:
    parent = value_at(value, way)
    if parent is MISSING:
        if way:
            _parent(label, value, way[:-1], way[-1])  # raises RefusedError if that is because a parent has no keys
        raise _nothing(label, way)
    if isinstance(parent, dict) or has_fields(parent) or (isinstance(parent, (list, deque)) and type(last) is int):
        return parent
    what = parent.name if isinstance(parent, UnknownInstance) else type(parent).__name__
    raise RefusedError(
        f"{named(label, way)} is of type {what}, so [{last!r}] can't be changed separately. Set the whole value."
    )


def _nothing(label: str, steps: Sequence[Any]) -> NotFoundError:
    return NotFoundError(f"{named(label, steps)} was not found. Nothing was changed.")


def _is_index(value: Any, step: Any, length: int) -> bool:
    return isinstance(value, (list, deque)) and type(step) is int and -length <= step < length
