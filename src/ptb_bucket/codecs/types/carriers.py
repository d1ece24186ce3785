"""Instances that carry stored fields which their class does not have, or does not have yet.

An instance with a ``__dict__`` keeps such a field there. One without gets a subclass that has room for it. So an older
deployment writes back a field that a newer one added, for classes of each family.
"""

from __future__ import annotations

import dataclasses
import weakref
from functools import cache
from typing import Any

from ptb_bucket.codecs.types.guards import ForeignCodeError, guarded
from ptb_bucket.codecs.types.reduction import Reduction, attribute_slots, reduction

__all__ = ["base_of", "carrier_of", "class_of", "has_room_for", "is_one_class", "reduction_of", "with_room"]

_BASES: weakref.WeakKeyDictionary[Any, Any] = weakref.WeakKeyDictionary()


@cache
def carrier_of(cls: Any) -> Any:
    """Return a subclass whose instances have room for any field; None if the class cannot have one.

    Args:
        cls: A class whose instances have no ``__dict__``.
    """
    namespace = {"__module__": cls.__module__, "__qualname__": cls.__qualname__, "__doc__": cls.__doc__}
    if not issubclass(cls, tuple):  # a tuple's fields are its items, which copying takes along
        namespace |= {"__getstate__": _state, "__setstate__": _set_state}
    try:
        made = guarded(type(cls), cls.__name__, (cls,), namespace)
    except ForeignCodeError:
        return None
    _BASES[made] = cls
    return made


def base_of(cls: Any) -> Any:
    """Return the class that a carrier carries fields for; None if it is not a carrier.

    Args:
        cls: The class of a value.
    """
    return _BASES.get(cls)


def class_of(value: Any) -> Any:
    """Return the class of a value as its author wrote it: of a carrier, the one that it carries fields for.

    Args:
        value: Any value.
    """
    cls: Any = type(value)
    return _BASES.get(cls, cls)


def is_one_class(one: Any, other: Any) -> bool:
    """Tell whether two values are of one class, apart from the fields that they carry.

    Args:
        one: A value.
        other: Another one.
    """
    return type(one) is type(other) or class_of(one) is class_of(other)


def has_room_for(one: Any, other: Any) -> bool:
    """Tell whether one value can hold each field of another one, which is of the same class.

    Args:
        one: A value.
        other: Another one.
    """
    return type(one) is type(other) or base_of(type(one)) is type(other)


def with_room(value: Any, other: Any) -> Any:
    """Return the first of two values, which are of one class, unless only the other one has room for carried fields.

    Args:
        value: Any value.
        other: Another one.
    """
    return other if base_of(type(other)) else value


def reduction_of(value: Any) -> Reduction:
    """Take an object apart; one that carries nothing, like the instance of its class that decoding its bytes makes.

    Where an author's code replaces a carrier, as ``dataclasses.replace`` does, it makes a carrier that carries nothing.

    Args:
        value: Any object that pickle could take apart.

    Raises:
        IrreducibleError: It refuses, or returns something that only pickle could follow.
        ForeignCodeError: Its class cannot be made.
    """
    parts, cls = reduction(value), base_of(type(value))
    if cls is None or value.__dict__ or not parts.new:
        return parts
    made = guarded(lambda: cls.__new__(cls, *parts.args, **parts.kwargs))
    for name, inner in _state(value).items():
        object.__setattr__(made, name, inner)
    return dataclasses.replace(parts, function=cls, state=reduction(made).state)


def _state(self: Any) -> dict[str, Any]:
    cls: Any = type(self)
    names = (name for name in attribute_slots(cls) if hasattr(self, name))
    return {**{name: getattr(self, name) for name in names}, **self.__dict__}


def _set_state(self: Any, state: Any) -> None:
    cls: Any = type(self)
    slots = frozenset(attribute_slots(cls))
    for part in state if type(state) is tuple else (state,):
        for name, value in (part or {}).items():
            if name in slots:
                object.__setattr__(self, name, value)
            else:
                self.__dict__[name] = value
