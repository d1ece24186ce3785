"""One value that cannot be stored costs only itself."""

from __future__ import annotations

import copy
from typing import TYPE_CHECKING, Any

from ptb_bucket.errors import CannotStoreError
from ptb_bucket.state._fields import build, fields_of, is_fielded
from ptb_bucket.state.resolvers import MISSING

if TYPE_CHECKING:
    from ptb_bucket.codecs import Codec

__all__ = ["salvaged"]


def salvaged(codec: Codec, value: Any, before: Any, inside: tuple[int, ...] = ()) -> Any:
    """``value`` without what cannot be stored: in its place stands what was there before, or nothing.

    Args:
        codec: Decides what can be stored.
        value: What was to be stored. It is not changed.
        before: What was stored at that place last; MISSING for nothing.
        inside: Ids of the containers around it, so that a cycle ends.

    Returns:
        A value that can be stored; MISSING if nothing of it can.
    """
    if _storable(codec, value):
        return value
    if id(value) in inside or len(inside) > 100:  # noqa: PLR2004  deeper than any codec goes
        return before
    if isinstance(value, dict):
        kept = _members(codec, value, before if isinstance(before, dict) else {}, (*inside, id(value)))
        made = copy.copy(value)
        made.clear()
        made.update(kept)
        return made if _storable(codec, made) else before
    if is_fielded(value) and type(value) is type(before):
        made = build(before, _members(codec, fields_of(value), fields_of(before), (*inside, id(value))))
        return made if _storable(codec, made) else before
    return before


def _members(codec: Codec, value: dict[Any, Any], before: dict[Any, Any], inside: tuple[int, ...]) -> dict[Any, Any]:
    kept = {}
    for key, item in value.items():
        good = salvaged(codec, item, before.get(key, MISSING), inside)
        if good is not MISSING and _storable(codec, {key: None}):
            kept[key] = good
    return kept


def _storable(codec: Codec, value: Any) -> bool:
    try:
        codec.encode(value)
    except CannotStoreError:
        return False
    return value is not MISSING
