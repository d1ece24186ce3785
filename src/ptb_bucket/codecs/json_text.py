"""JSON text: written compactly, and read if it is plain, so that each of its values is of a type that JSON has.

Most records are plain. They need none of :mod:`ptb_bucket.codecs.types`, which a start then does not import.
"""

from __future__ import annotations

import json
import re
from itertools import accumulate
from typing import TYPE_CHECKING, Any, Final, NoReturn

from ptb_bucket._wording import RESTORE
from ptb_bucket.errors import CannotLoadError

if TYPE_CHECKING:
    from collections.abc import Callable

__all__ = [
    "BIG",
    "DEEPEST_VALUE",
    "PLAIN",
    "check_depth",
    "compact_json",
    "in_utf8",
    "is_flat",
    "is_plain",
    "is_tagged",
    "may_have_labels",
    "not_json",
    "surely_differ",
]

DEEPEST_VALUE: Final = 100
"""The levels of a value that is stored.

A level may cost four Python frames when it is written, and three JSON levels in a document; 1000 is Python's limit for
both.
"""

# Python refuses to write ints of more than 4300 digits in decimal, or 640 where an administrator is strict.
BIG: int = 1 << 2000
"""Beyond this, ints are written in hexadecimal."""


def _refuse_others(value: object) -> NoReturn:
    raise TypeError(type(value).__name__)


def _make_writer() -> Callable[[Any], str]:
    """Return a function that writes trees. Python's own ``encode`` is slower: it makes an encoder for each record."""
    make: Any = getattr(json.encoder, "c_make_encoder", None)
    if make is None:  # a Python without the accelerator
        return json.JSONEncoder(ensure_ascii=False, check_circular=False, allow_nan=False, separators=(",", ":")).encode
    encode = make(None, _refuse_others, json.encoder.encode_basestring, None, ":", ",", False, False, False)  # noqa: FBT003  as Python calls it
    return lambda tree: "".join(encode(tree, 0))


compact_json: Callable[[Any], str] = _make_writer()
"""Write a tree as compact JSON text."""


def in_utf8(text: str) -> bool:
    """Tell whether a string has no lone surrogates.

    Args:
        text: Any string.
    """
    try:
        text.encode("utf-8")
    except UnicodeEncodeError:
        return False
    return True


_SMALLEST: Final = -BIG
_AS_THEY_ARE: Final = frozenset({str, bool, float, type(None)})
"""Types whose values JSON has. Writing refuses NaN, infinities and lone surrogates."""


def is_plain(value: object) -> bool:
    """Tell whether :func:`compact_json` may write a value as it is, which then contains no object twice.

    Args:
        value: Any value. None of its code runs.
    """
    return type(value) in _AS_THEY_ARE or _is_plain(value, DEEPEST_VALUE, set())


def _is_plain(value: Any, levels: int, seen: set[int]) -> bool:
    cls = type(value)
    if cls is int:
        return bool(_SMALLEST < value < BIG)
    if (cls is not dict and cls is not list) or not levels or id(value) in seen:
        return False
    seen.add(id(value))
    if cls is dict:
        for key in value:
            if type(key) is not str or key[:1] == "$":
                return False
        value = value.values()
    for part in value:  # noqa: SIM110  a generator takes a third longer
        if type(part) not in _AS_THEY_ARE and not _is_plain(part, levels - 1, seen):
            return False
    return True


def is_tagged(text: str) -> bool:
    """Tell whether a text may contain tagged values. Most records do not, and are decoded much faster.

    Args:
        text: A record's text.
    """
    return '"$' in text or "\\u0024" in text


def may_have_labels(text: str) -> bool:
    """Tell whether an object in a text may occur at several places.

    Args:
        text: A record's text.
    """
    return '"$ref"' in text or '"$id"' in text or "\\u0024" in text


def not_json(_: str) -> NoReturn:
    """Refuse a constant that Python's parser accepts.

    Raises:
        CannotLoadError: In every case.
    """
    raise CannotLoadError(f"NaN and Infinity are not valid JSON. {RESTORE}")


PLAIN: Final = json.JSONDecoder(parse_constant=not_json)
"""The decoder for text without tags. ``json.loads`` would make a decoder for each record."""


_DEEPEST: Final = 400  # the encoder writes at most three levels for each of a value's hundred
_STRING: Final = rb'"[^"\\]*(?:\\.[^"\\]*)*"'
_STEPS: Final = {ord("["): 1, ord("{"): 1, ord("]"): -1, ord("}"): -1}
_REST: Final = bytes(set(range(256)) - _STEPS.keys())


def is_flat(data: bytes) -> bool:
    """Tell whether a text has so few brackets that its depth needs no check. Nearly all texts do.

    Args:
        data: The text.
    """
    return data.count(b"[") + data.count(b"{") <= _DEEPEST


def check_depth(data: bytes) -> None:
    """Refuse a text that is nested too deeply: comparing, merging and copying need a Python call for each level.

    Args:
        data: Valid JSON. For other text, the time is unbounded.

    Raises:
        CannotLoadError: It is nested too deeply.
    """
    if is_flat(data):
        return
    brackets = re.sub(_STRING, b"", data, flags=re.DOTALL).translate(None, _REST)
    if max(accumulate(_STEPS[bracket] for bracket in brackets), default=0) > _DEEPEST:
        raise CannotLoadError(f"the stored data is nested more than {_DEEPEST} levels deep. {RESTORE}")


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
