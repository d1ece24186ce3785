"""How deep a JSON text is nested: Python's own limit differs from version to version, and so does what survives it."""

from __future__ import annotations

import re
from itertools import accumulate
from typing import Final

from ptb_bucket.errors import CannotLoadError

__all__ = ["check_depth", "is_flat"]

_DEEPEST: Final = 400  # what we write has at most three levels for each of a value's hundred
_STRING: Final = re.compile(rb'"[^"\\]*(?:\\.[^"\\]*)*"', re.DOTALL)
_STEPS: Final = {ord("["): 1, ord("{"): 1, ord("]"): -1, ord("}"): -1}
_REST: Final = bytes(set(range(256)) - _STEPS.keys())


def is_flat(data: bytes) -> bool:
    """Whether it has so few brackets that it needs no closer look; nearly everything has."""
    return data.count(b"[") + data.count(b"{") <= _DEEPEST


def check_depth(data: bytes) -> None:
    """Refuse what nobody could go through again: to compare, merge or copy it takes a Python call for each level.

    Args:
        data: Valid JSON; of anything else, the time that it takes is not bounded.

    Raises:
        CannotLoadError: It is nested too deeply.
    """
    if is_flat(data):
        return
    brackets = _STRING.sub(b"", data).translate(None, _REST)
    if max(accumulate(_STEPS[bracket] for bracket in brackets), default=0) > _DEEPEST:
        raise CannotLoadError(f"a stored record is nested more than {_DEEPEST} levels deep; nothing of ours is")
