"""The arguments of an effect, as a digest that is the same in every process."""

from __future__ import annotations

from collections.abc import Mapping
from collections.abc import Set as AbstractSet
from datetime import date, time, timedelta
from decimal import Decimal
from enum import Enum
from hashlib import sha256
from typing import Any, Final

__all__ = ["digest_of"]

_SCALARS: Final = (bool, int, float, complex, str, bytes, date, time, timedelta, Decimal, type(None))


def digest_of(arguments: tuple[Any, ...]) -> str:
    """Return a digest of arguments. Plain values count with their content, all others with their type only.

    A wrong alarm would keep an update from being handled again. So nothing counts that may differ from one process to
    another, such as the order of a set or the address of an object.
    """
    return sha256(_plain(arguments).encode("utf-8", "surrogatepass")).hexdigest()[:32]


def _plain(value: Any) -> str:
    kind = type(value).__qualname__
    if isinstance(value, Enum):
        return f"{kind}.{value.name}"
    if isinstance(value, _SCALARS):
        return f"{kind}:{value!r}" if type(value) in _SCALARS or isinstance(value, date) else kind
    if isinstance(value, Mapping):
        return "{" + ",".join(sorted(f"{_plain(key)}={_plain(each)}" for key, each in value.items())) + "}"
    if isinstance(value, (list, tuple)):
        return "[" + ",".join(map(_plain, value)) + "]"
    if isinstance(value, AbstractSet):
        return "<" + ",".join(sorted(map(_plain, value))) + ">"
    return kind
