"""A place in a record's value: what is there, and what to put there. Dicts and lists have places; the rest is whole."""

from __future__ import annotations

from collections import deque
from typing import TYPE_CHECKING, Any

from ptb_bucket.codecs import Opaque
from ptb_bucket.errors import NotFoundError, RefusedError
from ptb_bucket.state import MISSING

if TYPE_CHECKING:
    from collections.abc import Sequence

__all__ = ["named", "put", "take_out", "value_at"]


def named(label: str, steps: Sequence[Any]) -> str:
    """How messages name a place: ``user_data[42]['cart'][0]``."""
    return label + "".join(f"[{step!r}]" for step in steps)


def value_at(value: Any, steps: Sequence[Any]) -> Any:
    """What is there; MISSING if nothing."""
    for step in steps:
        if isinstance(value, dict):
            value = value.get(step, MISSING)
        elif _is_index(value, step, len(value) if isinstance(value, (list, deque)) else 0):
            value = value[step]
        else:
            return MISSING
    return value


def put(label: str, value: Any, steps: Sequence[Any], new: Any) -> Any:
    """The whole value with something new at this place; a list may grow by one at its end.

    Args:
        label: The record's, for messages.
        value: The whole; changed in place.
        steps: The place; none for the whole.
        new: What to put there.

    Raises:
        NotFoundError: What it would have to be put into is not there.
        RefusedError: That has no such places.
    """
    if not steps:
        return new
    *way, last = steps
    parent = _parent(label, value, way, last)
    if isinstance(parent, dict):
        parent[last] = new
    elif last == len(parent):
        parent.append(new)
    elif _is_index(parent, last, len(parent)):
        parent[last] = new
    else:
        raise _nothing(label, steps)
    return value


def take_out(label: str, value: Any, steps: Sequence[Any]) -> Any:
    """The whole value without what is at this place; MISSING if it is the whole. As :func:`put`.

    Raises:
        NotFoundError: There is nothing.
        RefusedError: What holds it has no such places.
    """
    if not steps:
        if value is MISSING:
            raise _nothing(label, steps)
        return MISSING
    *way, last = steps
    parent = _parent(label, value, way, last)
    if value_at(parent, [last]) is MISSING:
        raise _nothing(label, steps)
    del parent[last]
    return value


def _parent(label: str, value: Any, way: Sequence[Any], last: Any) -> Any:
    parent = value_at(value, way)
    if parent is MISSING:
        if way:
            _parent(label, value, way[:-1], way[-1])  # says so where it is because that has no places
        raise _nothing(label, way)
    if isinstance(parent, dict) or (isinstance(parent, (list, deque)) and type(last) is int):
        return parent
    what = parent.name if isinstance(parent, Opaque) else type(parent).__name__
    raise RefusedError(
        f"{named(label, way)} is a {what}, which has no place [{last!r}] to be changed: set it as a whole."
    )


def _nothing(label: str, steps: Sequence[Any]) -> NotFoundError:
    return NotFoundError(f"{named(label, steps)} is not there.")


def _is_index(value: Any, step: Any, length: int) -> bool:
    return isinstance(value, (list, deque)) and type(step) is int and -length <= step < length
