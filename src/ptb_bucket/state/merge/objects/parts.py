"""The parts of values, including values that merge as a whole, such as tuples and classes that guard their attributes.

Such a value may hold objects that merge by themselves, so it is made again with the merged objects in it.
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
    copy_object,
    dict_of,
    elements_of,
    fields_of,
    members_of,
    structure,
)

if TYPE_CHECKING:
    from collections.abc import Callable

__all__ = [
    "inner_parts_of",
    "own_content_of",
    "parts_of",
    "set_inner_parts",
    "steps_to_parts",
    "unfilled_copy",
    "with_inner_parts",
]


def inner_parts_of(value: Any) -> list[tuple[Any, Any]]:
    """Return the parts of a value that is merged as a whole, with the step to each part; most values have none."""
    cls: Any = type(value)
    if cls in ATOMS or _is_closed(cls):
        return []
    found: list[tuple[Any, Any]] = []
    if issubclass(cls, tuple):
        found = list(enumerate(tuple.__iter__(value)))
    elif issubclass(cls, (set, frozenset)):
        found = [(None, member) for member in elements_of(value)]
    elif structure_of(cls) is Structure.MAPPING:  # a mapping that is merged as a whole has methods that raise
        found = list(members_of(value).items())
    elif structure_of(cls) is Structure.SEQUENCE:
        found = list(enumerate(elements_of(value)))
    found += fields_of(value).items()
    hidden = ((name, attribute(value, name)) for name in _hidden_slots(cls))
    return [*found, *((name, part) for name, part in hidden if type(part) is dict)]


@cache
def _is_closed(cls: Any) -> bool:
    """Tell whether handlers can change nothing inside. That also holds for objects that Telegram sends."""
    if cls in _OPAQUE or issubclass(cls, _CLOSED):
        return True
    return any(base.__module__.partition(".")[0] == "telegram" for base in cls.__mro__)


_OPAQUE: Final = frozenset({dt.datetime, dt.date, dt.time, dt.timedelta, dt.timezone, Decimal, UUID, bytearray})

_CLOSED: Final = (Enum, type, ModuleType, FunctionType)


@cache
def _hidden_slots(cls: Any) -> tuple[str, ...]:
    """Return the slots in which a library keeps data of an instance, such as private attributes of a model."""
    slots = (name for base in cls.__mro__ for name in vars(base).get("__slots__", ()))
    return tuple(name for name in slots if name[:2] == "__" == name[-2:] and name not in ("__dict__", "__weakref__"))


def own_content_of(value: Any) -> list[Any]:
    """Return the content of a value that is merged as a whole, apart from its inner parts: mostly its text or number.

    Args:
        value: A value that is merged as a whole.

    Returns:
        The value itself if its content cannot be separated from its parts.
    """
    cls: Any = type(value)
    content = _own_content(cls)
    found = [] if content is None else [content(value)]
    hidden = (attribute(value, name) for name in _hidden_slots(cls))
    return [*found, *(part for part in hidden if part is not None and type(part) is not dict)]


@cache
def _own_content(cls: Any) -> Callable[[Any], Any] | None:
    """Return a function that reads the content of an instance apart from its parts; None if there is none."""
    for base, content in _CONTENTS.items():
        if issubclass(cls, base):
            return content
    built_in = (base for base in cls.__mro__ if not base.__flags__ & _MADE_BY_CLASS_STATEMENT)
    return (lambda value: value) if {*built_in} - _ONLY_PARTS else None


_MADE_BY_CLASS_STATEMENT: Final = 1 << 9
"""``Py_TPFLAGS_HEAPTYPE``: instances of other classes hold something in C that has no name."""

_ONLY_PARTS: Final = {object, tuple, set, frozenset, dict, list, deque, OrderedDict, defaultdict}

_CONTENTS: Final[dict[type, Callable[[Any], Any]]] = {
    str: str.__str__,
    int: int.__int__,
    float: float.__float__,
    complex: complex.__pos__,
    bytes: lambda value: bytes.__getitem__(value, slice(None)),
}


def parts_of(value: Any) -> list[Any]:
    """Return all parts of a value in their order, without keys."""
    kind = structure(value)
    if kind is Structure.VALUE:
        return [part for _, part in inner_parts_of(value)]
    fields = list(fields_of(value).values())
    if kind is Structure.MAPPING:
        return [*members_of(value).values(), *fields]
    return fields if kind is Structure.FIELDS else [*elements_of(value), *fields]


def steps_to_parts(value: Any) -> list[tuple[Any, Any]]:
    """Return all parts of a value in their order, without keys, each with the step to it."""
    kind = structure(value)
    if kind is Structure.VALUE:
        return inner_parts_of(value)
    fields = list(fields_of(value).items())
    if kind is Structure.MAPPING:
        return [*members_of(value).items(), *fields]
    return fields if kind is Structure.FIELDS else [*enumerate(elements_of(value)), *fields]


def with_inner_parts(value: Any, before: list[tuple[Any, Any]], after: list[tuple[Any, Any]]) -> Any:
    """Make a value again with other parts.

    Args:
        value: A value that is merged as a whole; see :func:`inner_parts_of`.
        before: Its parts.
        after: The new parts.

    Returns:
        The value itself if its class does not allow a copy.
    """
    cls: Any = type(value)
    parts = [part for _, part in after]
    if issubclass(cls, tuple) and not fields_of(value):
        return tuple.__new__(cls, parts)
    try:
        if issubclass(cls, (set, frozenset)) and not fields_of(value):
            return cls(parts)
        made = copy.deepcopy(value, {id(old[1]): new[1] for old, new in zip(before, after, strict=True)})
    except Exception:  # noqa: BLE001  a __deepcopy__ of the bot's classes ran
        return value
    return made if type(made) is cls else value


def unfilled_copy(value: Any) -> Any:
    """Copy an object that is merged as a whole, so that :func:`set_inner_parts` can give it other parts.

    Unlike :func:`with_inner_parts`, this makes the object before its parts are known, because they may refer to it.

    Returns:
        None if its class does not allow a copy that is filled later.
    """
    if isinstance(value, (tuple, frozenset)):
        return None
    try:
        made = copy_object(value)
    except WholeError:
        return None
    return made if [step for step, _ in inner_parts_of(made)] == [step for step, _ in inner_parts_of(value)] else None


def set_inner_parts(made: Any, inner: list[tuple[Any, Any]]) -> None:
    """Give a copy of an object other parts, bypassing the methods that guard them.

    Args:
        made: The result of :func:`unfilled_copy`.
        inner: Its new parts; see :func:`inner_parts_of`.
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
