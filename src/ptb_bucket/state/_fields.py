"""Objects that merge attribute by attribute: plain classes and dataclasses that anybody may assign to."""

from __future__ import annotations

import copy
import enum
from collections import deque
from functools import cache
from typing import Any

from ptb_bucket.codecs import has_own_equality

__all__ = ["build", "fields_of", "is_fielded", "set_fields"]

CONTAINERS = (dict, list, deque, set, frozenset, tuple)


def is_fielded(value: Any) -> bool:
    """Whether its attributes are plain data that may change one by one.

    Frozen and validating classes guard their attributes, and values are what they are: these merge as a whole.
    """
    kind = type(value)
    if kind.__module__ == "builtins" or isinstance(value, (type, enum.Enum, *CONTAINERS)):
        return False
    set_attribute: object = kind.__setattr__
    plain = set_attribute is object.__setattr__ and not has_own_equality(value)
    return plain and (hasattr(value, "__dict__") or bool(_slots(*kind.__mro__)))


def fields_of(value: Any) -> dict[str, Any]:
    """Its attributes: those in its dict and those in slots."""
    found = {name: getattr(value, name) for name in _slots(*type(value).__mro__) if hasattr(value, name)}
    return {**found, **getattr(value, "__dict__", {})}


@cache  # by class, of which there are few; merging asks for every dict
def _slots(*mro: type) -> tuple[str, ...]:
    names: list[str] = []
    for cls in mro:
        slots = vars(cls).get("__slots__", ())
        names += [slots] if isinstance(slots, str) else list(slots)
    return tuple(name for name in names if not name.startswith("__"))


def set_fields(value: Any, wanted: dict[str, Any]) -> None:
    """Make its attributes these, touching only those that are others."""
    have = fields_of(value)
    for name in have.keys() - wanted.keys():
        delattr(value, name)
    for name, item in wanted.items():
        if name not in have or have[name] is not item:
            setattr(value, name, item)


def build(like: Any, wanted: dict[str, Any]) -> Any:
    """A new object of the same class with these attributes."""
    made = copy.copy(like)
    set_fields(made, wanted)
    return made
