"""The identity and the structure of values, decided by their class alone, so that no code of a bot's author runs."""

from __future__ import annotations

import enum
import types
from functools import cache
from typing import Any, Final

from ptb_bucket.codecs.types.families import CONTAINERS, SCALARS
from ptb_bucket.codecs.types.reduction import attribute_slots
from ptb_bucket.codecs.types.shape import Structure

__all__ = ["Identified", "Structure", "has_identity", "has_own_equality", "is_a", "structure_of"]


def is_a(value: object, *classes: type) -> bool:
    """Tell whether a value is an instance, by its class and not by its ``__class__`` attribute.

    ``isinstance`` reads ``__class__``, for which a proxy runs its own code.

    Args:
        value: Any value.
        classes: The classes to look for.
    """
    return issubclass(type(value), classes)


def has_own_equality(value: Any) -> bool:
    """Tell whether the class defines both its own equality and its own hash: such objects are values.

    Args:
        value: Any value.
    """
    cls: Any = type(value)
    return _has_own_equality(cls)


@cache
def _has_own_equality(cls: Any) -> bool:
    own_hash: object = cls.__hash__
    own_equality: object = cls.__eq__
    return own_hash not in (None, object.__hash__) and own_equality is not object.__eq__


class Identified:
    """A base for classes whose instances have an identity, although they define an equality."""

    __slots__ = ()


_WITH_IDENTITY: Final = (*(shape.cls for shape in (*CONTAINERS, *SCALARS) if shape.has_identity), Identified)
_STRUCTURES: Final = {shape.cls: shape.structure for shape in CONTAINERS}
_WITHOUT: Final = (type, types.FunctionType, types.BuiltinFunctionType, types.ModuleType, enum.Enum)


def has_identity(value: Any) -> bool:
    """Tell whether a program can notice that two places hold this very object, by changing it.

    True for dict, list, set, deque, bytearray and their subclasses, and for instances of classes that do not define
    both an equality and a hash of their own. Everything else is a value.

    Args:
        value: Any value.
    """
    cls: Any = type(value)
    return _has_identity(cls)


@cache
def _has_identity(cls: Any) -> bool:
    if issubclass(cls, _WITH_IDENTITY):
        return True
    if cls.__module__ in _VALUES or issubclass(cls, _WITHOUT):
        return False
    return not _has_own_equality(cls)


_VALUES: Final = frozenset({"builtins", "zoneinfo", "datetime", "telegram._utils.defaultvalue"})


@cache
def structure_of(cls: Any) -> Structure:
    """Return how values of this class are merged.

    Frozen and validating classes guard their attributes, and classes with their own equality and hash are values:
    both merge as a whole.

    Args:
        cls: The class, never an instance.
    """
    own = _STRUCTURES.get(cls)
    if own is not None:
        return own
    if cls.__module__ == "builtins" or issubclass(cls, (type, enum.Enum, set, frozenset, tuple)):
        return Structure.VALUE
    for base in cls.__mro__:
        if base in _STRUCTURES:
            return _STRUCTURES[base]
    set_attribute: object = cls.__setattr__
    plain = set_attribute is object.__setattr__ and not _has_own_equality(cls)
    has_attributes = bool(cls.__dictoffset__) or bool(attribute_slots(cls))
    return Structure.FIELDS if plain and has_attributes else Structure.VALUE
