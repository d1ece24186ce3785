"""Compact JSON text, and the values that JSON text cannot hold as they are."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any, NoReturn

if TYPE_CHECKING:
    from collections.abc import Callable

__all__ = ["BIG", "compact_json", "in_utf8"]

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
