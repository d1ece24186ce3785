"""Instances that carry stored fields which their class no longer has, or does not have yet.

An instance with a ``__dict__`` keeps such a field there. One without gets a subclass that has room for it. So a field
that a newer deployment added is written back by an older one, whatever family the class is of.
"""

from __future__ import annotations

import weakref
from functools import cache
from typing import Any

from ptb_bucket.codecs.types.shape import ForeignCodeError, guarded
from ptb_bucket.codecs.types.structure import attribute_slots

__all__ = ["base_of", "carrier_of"]

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
