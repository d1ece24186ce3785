"""A quick look at two JSON texts: where their plain parts differ, the values differ, and neither has to be decoded."""

from __future__ import annotations

from typing import Any

from ptb_bucket.codecs.json_text import PLAIN

__all__ = ["surely_differ"]


def surely_differ(one: bytes, other: bytes) -> bool:
    """Tell whether two texts certainly stand for different values.

    Args:
        one: A record's text, perhaps edited by hand.
        other: Another text.

    Returns:
        False if only decoding them can tell: they differ in nothing, or in tagged values, which may be written in
        several ways.
    """
    try:
        return _differ(PLAIN.decode(one.decode()), PLAIN.decode(other.decode()))
    except Exception:  # noqa: BLE001  damaged, or nested too deeply: decoding them reports it
        return False


def _differ(one: Any, other: Any) -> bool:
    if one == other:  # in C, and most parts are equal
        return False
    if type(one) is not type(other):
        return dict not in (type(one), type(other))
    if type(one) is dict:
        return _members_differ(one, other)
    if type(one) is list:
        return len(one) != len(other) or any(map(_differ, one, other))
    return True


def _members_differ(one: dict[str, Any], other: dict[str, Any]) -> bool:
    """Compare the members of two plain objects. A name that begins with ``$`` is a tag, a label or a typed key."""
    if any(key[:1] == "$" for tree in (one, other) for key in tree):
        return False
    return one.keys() != other.keys() or any(_differ(one[key], other[key]) for key in one)
