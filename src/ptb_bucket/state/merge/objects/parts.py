"""What values consist of, also those that merge as a whole: tuples, classes that guard their attributes, and more.

Such a value may hold objects that are merged by themselves, so it is made again with others in their places.
"""

from __future__ import annotations

import copy
import datetime as dt
from collections import OrderedDict, defaultdict, deque
from decimal import Decimal
from enum import Enum
from functools import cache
from types import FunctionType, ModuleType
from typing import TYPE_CHECKING, Any, Final
from uuid import UUID

from ptb_bucket.codecs import Structure, structure_of
from ptb_bucket.state.merge.objects.fields import (
    ATOMS,
    WholeError,
    attribute,
    copied,
    dict_of,
    elements_of,
    fields_of,
    members_of,
    structure,
)

if TYPE_CHECKING:
    from collections.abc import Callable

__all__ = ["inner_of", "parts_of", "rest_of", "set_inner", "shell_of", "steps_in", "with_inner"]


def inner_of(value: Any) -> list[tuple[Any, Any]]:
    """Return what a value that is merged as a whole holds, with the step to each part; nothing for most values."""
    cls: Any = type(value)
    if cls in ATOMS or _is_closed(cls):
        return []
    found: list[tuple[Any, Any]] = []
    if issubclass(cls, tuple):
        found = list(enumerate(tuple.__iter__(value)))
    elif issubclass(cls, (set, frozenset)):
        found = [(None, member) for member in elements_of(value)]
    elif structure_of(cls) is Structure.MAPPING:  # its methods raise, or it would be merged by its places
        found = list(members_of(value).items())
    elif structure_of(cls) is Structure.SEQUENCE:
        found = list(enumerate(elements_of(value)))
    found += fields_of(value).items()
    hidden = ((name, attribute(value, name)) for name in _hidden_slots(cls))
    return [*found, *((name, part) for name, part in hidden if type(part) is dict)]


@cache
def _is_closed(cls: Any) -> bool:
    """Tell whether nothing that handlers could change is inside: also in what Telegram sends."""
    if cls in _OPAQUE or issubclass(cls, _CLOSED):
        return True
    return any(base.__module__.partition(".")[0] == "telegram" for base in cls.__mro__)


_OPAQUE: Final = frozenset({dt.datetime, dt.date, dt.time, dt.timedelta, dt.timezone, Decimal, UUID, bytearray})

_CLOSED: Final = (Enum, type, ModuleType, FunctionType)


@cache
def _hidden_slots(cls: Any) -> tuple[str, ...]:
    """Return slots in which a library keeps what belongs to an instance, such as private attributes of a model."""
    slots = (name for base in cls.__mro__ for name in vars(base).get("__slots__", ()))
    return tuple(name for name in slots if name[:2] == "__" == name[-2:] and name not in ("__dict__", "__weakref__"))


def rest_of(value: Any) -> list[Any]:
    """Return what makes up a value that is merged as a whole besides :func:`inner_of`: its text or number, mostly.

    Args:
        value: Such a value.

    Returns:
        The value itself if that cannot be told apart.
    """
    cls: Any = type(value)
    content = _own_content(cls)
    found = [] if content is None else [content(value)]
    hidden = (attribute(value, name) for name in _hidden_slots(cls))
    return [*found, *(part for part in hidden if part is not None and type(part) is not dict)]


@cache
def _own_content(cls: Any) -> Callable[[Any], Any] | None:
    """Return what reads the content of an instance that is not in its parts; None if all of it is in them."""
    for base, content in _CONTENTS.items():
        if issubclass(cls, base):
            return content
    built_in = (base for base in cls.__mro__ if not base.__flags__ & _MADE_BY_CLASS_STATEMENT)
    return (lambda value: value) if {*built_in} - _TOLD_BY_PARTS else None


_MADE_BY_CLASS_STATEMENT: Final = 1 << 9
"""``Py_TPFLAGS_HEAPTYPE``: instances of other classes hold something in C that has no name."""

_TOLD_BY_PARTS: Final = {object, tuple, set, frozenset, dict, list, deque, OrderedDict, defaultdict}

_CONTENTS: Final[dict[type, Callable[[Any], Any]]] = {
    str: str.__str__,
    int: int.__int__,
    float: float.__float__,
    complex: complex.__pos__,
    bytes: lambda value: bytes.__getitem__(value, slice(None)),
}


def parts_of(value: Any) -> list[Any]:
    """Return everything that a value holds, keys aside, in its order."""
    kind = structure(value)
    if kind is Structure.VALUE:
        return [part for _, part in inner_of(value)]
    fields = list(fields_of(value).values())
    if kind is Structure.MAPPING:
        return [*members_of(value).values(), *fields]
    return fields if kind is Structure.FIELDS else [*elements_of(value), *fields]


def steps_in(value: Any) -> list[tuple[Any, Any]]:
    """Return everything that a value holds, keys aside, with the step to each part."""
    kind = structure(value)
    if kind is Structure.VALUE:
        return inner_of(value)
    fields = list(fields_of(value).items())
    if kind is Structure.MAPPING:
        return [*members_of(value).items(), *fields]
    return fields if kind is Structure.FIELDS else [*enumerate(elements_of(value)), *fields]


def with_inner(value: Any, before: list[tuple[Any, Any]], after: list[tuple[Any, Any]]) -> Any:
    """Make a value again that holds other parts.

    Args:
        value: Something that is merged as a whole; see :func:`inner_of`.
        before: Its parts.
        after: What stands for each of them.

    Returns:
        The value itself if its class does not let it be made.
    """
    cls: Any = type(value)
    parts = [part for _, part in after]
    if issubclass(cls, tuple) and not fields_of(value):
        return tuple.__new__(cls, parts)
    try:
        if issubclass(cls, (set, frozenset)) and not fields_of(value):
            return cls(parts)
        made = copy.deepcopy(value, {id(old[1]): new[1] for old, new in zip(before, after, strict=True)})
    except Exception:  # noqa: BLE001  anybody's __deepcopy__ ran
        return value
    return made if type(made) is cls else value


def shell_of(value: Any) -> Any:
    """Copy an object that is merged as a whole, so that :func:`set_inner` can give it other parts.

    Unlike :func:`with_inner`, this makes the object before its parts are known. An object inside it may refer to it.

    Returns:
        None if its class does not let itself be copied, or filled later.
    """
    if isinstance(value, (tuple, frozenset)):
        return None
    try:
        made = copied(value)
    except WholeError:
        return None
    return made if [step for step, _ in inner_of(made)] == [step for step, _ in inner_of(value)] else None


def set_inner(made: Any, inner: list[tuple[Any, Any]]) -> None:
    """Give a copy of an object other parts, past anything that guards them.

    Args:
        made: What :func:`shell_of` returned.
        inner: What it shall hold; see :func:`inner_of`.
    """
    cls: Any = type(made)
    kind, count = structure(made), len(inner) - len(fields_of(made)) - _hidden_dicts(made)
    content, attributes = inner[:count], inner[count:]
    if issubclass(cls, set):
        set.clear(made)
        set.update(made, [part for _, part in content])
    elif kind in (Structure.MAPPING, Structure.SEQUENCE):
        base: Any = next(base for base in (OrderedDict, dict, list, deque) if issubclass(cls, base))
        for step, part in content:
            base.__setitem__(made, step, part)
    own = dict_of(made)
    for name, part in attributes:
        if name in own:
            own[name] = part
        else:
            object.__setattr__(made, name, part)


def _hidden_dicts(value: Any) -> int:
    cls: Any = type(value)
    return sum(type(attribute(value, name)) is dict for name in _hidden_slots(cls))
