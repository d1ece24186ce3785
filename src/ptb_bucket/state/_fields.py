"""Taking values apart and putting them together, decided by their class alone.

Reading goes past methods that an author has overridden. Emptying and filling use them, because a class may guard its
content: a class whose methods raise is merged as a whole (:class:`WholeError`).
"""

from __future__ import annotations

import copy
from collections import Counter, OrderedDict, defaultdict, deque
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any, Final

from ptb_bucket.codecs import Structure, attribute_slots, structure_of

if TYPE_CHECKING:
    from collections.abc import Iterator

__all__ = [
    "ATOMS",
    "WholeError",
    "build",
    "elements_of",
    "emptied",
    "fields_of",
    "filled",
    "is_fielded",
    "members_of",
    "set_fields",
]

ATOMS: Final = frozenset({str, int, float, bool, bytes, type(None)})
"""Classes that hold nothing else, and that are by far the most frequent."""

_BARE: Final = frozenset({dict, list, set, frozenset, tuple, deque, defaultdict, *ATOMS})


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
    except (WholeError, RecursionError):
        raise
    except Exception as error:
        raise WholeError(type(value)) from error


def is_fielded(value: Any) -> bool:
    """Tell whether its attributes are plain data that may change one by one.

    Frozen and validating classes guard their attributes, and values are what they are: these merge as a whole.
    """
    return structure_of(type(value)) is Structure.FIELDS


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
    found = {name: getattr(value, name) for name in slots if hasattr(value, name)} if slots else {}
    return {**found, **_dict_of(value)}


def _dict_of(value: Any) -> dict[str, Any]:
    try:
        found = object.__getattribute__(value, "__dict__")
    except AttributeError:
        return {}
    return found if type(found) is dict else {}


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


def build(like: Any, wanted: dict[str, Any]) -> Any:
    """Make a new object of the same class with these attributes."""
    made = copy.copy(like)
    set_fields(made, wanted)
    return made


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
    structure = structure_of(type(made))
    with _by_author_of(made):
        if structure is Structure.MAPPING:
            for key, value in content:
                made[key] = value
        elif structure is Structure.SEQUENCE:
            made.extend(content)
        elif structure is Structure.SET:
            made.update(content)
        if fields is not None:
            set_fields(made, fields)
