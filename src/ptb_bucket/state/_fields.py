"""Taking values apart and putting them together, decided by their class alone.

Reading goes past methods that an author has overridden. Emptying and filling use them, because a class may guard its
content: a class whose methods raise is merged as a whole (:class:`WholeError`).
"""

from __future__ import annotations

import copy
import datetime as dt
from collections import Counter, OrderedDict, defaultdict, deque
from contextlib import contextmanager
from decimal import Decimal
from enum import Enum
from functools import cache
from types import FunctionType, ModuleType
from typing import TYPE_CHECKING, Any, Final
from uuid import UUID

from ptb_bucket.codecs import Structure, attribute_slots, structure_of

if TYPE_CHECKING:
    from collections.abc import Iterator

__all__ = [
    "ATOMS",
    "Path",
    "WholeError",
    "attribute",
    "copied",
    "elements_of",
    "emptied",
    "fields_of",
    "filled",
    "inner_of",
    "members_of",
    "parts_of",
    "refilled",
    "set_fields",
    "steps_in",
    "structure",
    "with_inner",
]

Path = tuple[Any, ...]
"""The steps from a record to a place in it."""

ATOMS: Final = frozenset({str, int, float, bool, bytes, type(None)})
"""Classes that hold nothing else, and that are by far the most frequent."""

_BARE: Final = frozenset({dict, list, set, frozenset, tuple, deque, defaultdict, *ATOMS})


_OPAQUE: Final = frozenset({dt.datetime, dt.date, dt.time, dt.timedelta, dt.timezone, Decimal, UUID, bytearray})
_CLOSED: Final = (Enum, type, ModuleType, FunctionType)


class WholeError(Exception):
    """Instances of a class cannot be put together from parts: they merge as a whole.

    Args:
        cls: The class.
    """

    def __init__(self, cls: type) -> None:
        super().__init__(cls.__qualname__)
        self.cls = cls


@contextmanager
def _by_author_of(value: object) -> Iterator[None]:
    try:
        yield
    except WholeError:
        raise
    except Exception as error:
        raise WholeError(type(value)) from error


def structure(value: Any) -> Structure:
    """Return how a value's parts hang together."""
    cls: Any = type(value)
    return structure_of(cls)


def members_of(value: Any) -> dict[Any, Any]:
    """Return the content of a mapping, in its order, as a plain dict; of a dict itself, not a copy."""
    cls: Any = type(value)
    if cls is dict:
        return value  # type: ignore[no-any-return]
    # An OrderedDict keeps an order of its own, which the dict below it does not know.
    base: Any = OrderedDict if issubclass(cls, OrderedDict) else dict
    return dict(base.items(value))


def elements_of(value: Any) -> list[Any]:
    """Return the elements of a list or deque, or the members of a set; of a list itself, not a copy."""
    cls: Any = type(value)
    if cls is list:
        return value  # type: ignore[no-any-return]
    base = next(base for base in (list, deque, set, frozenset) if issubclass(cls, base))
    return list(base.__iter__(value))


def fields_of(value: Any) -> dict[str, Any]:
    """Return its attributes: those in slots and those in its dict."""
    cls: Any = type(value)
    if cls in _BARE:
        return {}
    slots = attribute_slots(cls)
    found = {name: attribute(value, name, _NOTHING) for name in slots}
    return {**{name: part for name, part in found.items() if part is not _NOTHING}, **_dict_of(value)}


def attribute(value: Any, name: str, default: Any = None) -> Any:
    """Return an attribute past anything that its class does when it is asked for one.

    Args:
        value: Any object.
        name: The attribute.
        default: What to return if there is none.
    """
    try:
        return object.__getattribute__(value, name)
    except AttributeError:
        return default


_NOTHING: Final = object()


def _dict_of(value: Any) -> dict[str, Any]:
    found = attribute(value, "__dict__")
    return found if type(found) is dict else {}


@cache
def _is_closed(cls: Any) -> bool:
    """Tell whether nothing that handlers could change is inside: also in what Telegram sends."""
    if cls in _OPAQUE or structure_of(cls) is not Structure.VALUE or issubclass(cls, _CLOSED):
        return True
    return any(base.__module__.partition(".")[0] == "telegram" for base in cls.__mro__)


def inner_of(value: Any) -> list[tuple[Any, Any]]:
    """Return what a value that is merged as a whole holds, with the step to each part; nothing for most values."""
    cls: Any = type(value)
    if cls in ATOMS or _is_closed(cls):
        return []
    if issubclass(cls, tuple):
        return list(enumerate(tuple.__iter__(value)))
    if issubclass(cls, (set, frozenset)):
        return [(None, member) for member in elements_of(value)]
    return list(fields_of(value).items())


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


def set_fields(value: Any, wanted: dict[str, Any]) -> None:
    """Make its attributes these, in this order, touching only those that are others."""
    have = fields_of(value)
    for name in have.keys() - wanted.keys():
        delattr(value, name)
    for name, item in wanted.items():
        if name not in have or have[name] is not item:
            setattr(value, name, item)
    inner = _dict_of(value)
    order = [name for name in wanted if name in inner]
    if list(inner) != order and len(inner) == len(order):
        for name in order:
            inner[name] = inner.pop(name)


def emptied(value: Any) -> Any:
    """Return an empty container of the same class, or None for a value that is not a container.

    Raises:
        WholeError: The class does not let itself be emptied.
    """
    cls: Any = type(value)
    if cls in _MAKERS:
        return _MAKERS[cls](value)
    if structure_of(cls) not in (Structure.MAPPING, Structure.SEQUENCE):
        return None
    with _by_author_of(value):
        empty = copy.copy(value)
        empty.clear()
        if empty is value or type(empty) is not cls or list(empty):
            raise WholeError(cls)
    return empty


_MAKERS: Final[dict[type, Any]] = {
    dict: lambda _: {},
    list: lambda _: [],
    set: lambda _: set(),
    frozenset: lambda _: frozenset(),
    OrderedDict: lambda _: OrderedDict(),
    Counter: lambda _: Counter(),
    defaultdict: lambda value: defaultdict(value.default_factory),
    deque: lambda value: deque(maxlen=value.maxlen),
}


def filled(made: Any, content: Any, fields: dict[str, Any] | None = None) -> None:
    """Fill an empty container, or a copied object, with what it shall hold.

    Args:
        made: What :func:`emptied` returned, or a copy of an object whose attributes are to be set.
        content: Pairs for a mapping, elements for a sequence or a set; None for an object.
        fields: Its attributes; None to leave them.

    Raises:
        WholeError: The class does not let itself be filled.
    """
    if fields is None and type(made) is dict:
        made.update(content)
        return
    if fields is None and type(made) is list:
        made += content
        return
    kind = structure(made)
    with _by_author_of(made):
        if kind is Structure.MAPPING:
            for key, value in content:
                made[key] = value
        elif kind is Structure.SEQUENCE:
            made.extend(content)
        elif kind is Structure.SET:
            made.update(content)
        if fields is not None:
            set_fields(made, fields)


def refilled(made: Any, like: Any) -> None:
    """Give a container, or an object, what another one of its class holds.

    Raises:
        WholeError: The class does not let itself be filled.
    """
    kind = structure(made)
    content: Any = None
    if kind is Structure.MAPPING:
        content = list(members_of(like).items())
    elif kind is not Structure.FIELDS:
        content = list(elements_of(like))
    if content is not None:
        with _by_author_of(made):
            made.clear()
    filled(made, content, fields_of(like))


def copied(value: Any) -> Any:
    """Copy an object, so that its attributes can be set.

    Raises:
        WholeError: Its class does not let itself be copied.
    """
    with _by_author_of(value):
        made = copy.copy(value)
        if made is value or type(made) is not type(value):
            raise WholeError(type(value))
    return made


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
    if issubclass(cls, tuple) and not _dict_of(value):
        return tuple.__new__(cls, parts)
    try:
        if issubclass(cls, (set, frozenset)):
            return cls(parts)
        made = copy.deepcopy(value, {id(old[1]): new[1] for old, new in zip(before, after, strict=True)})
    except Exception:  # noqa: BLE001  anybody's __deepcopy__ ran
        return value
    return made if type(made) is cls else value
