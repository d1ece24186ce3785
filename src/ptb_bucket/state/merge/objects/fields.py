"""Taking values apart and putting them together, by their class alone.

Reading bypasses methods that a bot's author has overridden. Emptying and filling use them, because a class may guard
its content. If they raise, the class is merged as a whole (:class:`WholeError`).
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
    "Path",
    "WholeError",
    "attribute",
    "copy_object",
    "dict_of",
    "elements_of",
    "empty_like",
    "fields_of",
    "fill_container",
    "members_of",
    "replace_content",
    "set_fields",
    "structure",
]

Path = tuple[Any, ...]
"""The steps from a record to a place in it."""

ATOMS: Final = frozenset({str, int, float, bool, bytes, type(None)})
"""The classes of values without parts, which are by far the most frequent values."""

_BARE: Final = frozenset({dict, list, set, frozenset, tuple, deque, defaultdict, *ATOMS})


class WholeError(Exception):
    """Instances of a class cannot be put together from parts, so they merge as a whole.

    Args:
        cls: The class.
    """

    def __init__(self, cls: type) -> None:
        super().__init__(cls.__qualname__)
        self.cls = cls


@contextmanager
def _may_run_code_of(value: object) -> Iterator[None]:
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
    """Return the content of a mapping, in its order, as a plain dict. A plain dict is not copied."""
    cls: Any = type(value)
    if cls is dict:
        return value  # type: ignore[no-any-return]
    # An OrderedDict keeps a separate order, which the dict that it is based on does not know.
    base: Any = OrderedDict if issubclass(cls, OrderedDict) else dict
    return dict(base.items(value))


def elements_of(value: Any) -> list[Any]:
    """Return the elements of a list or deque, or the members of a set. A plain list is not copied."""
    cls: Any = type(value)
    if cls is list:
        return value  # type: ignore[no-any-return]
    base = next(base for base in (list, deque, set, frozenset) if issubclass(cls, base))
    return list(base.__iter__(value))


def fields_of(value: Any) -> dict[str, Any]:
    """Return the attributes of an object: those in slots and those in its ``__dict__``."""
    cls: Any = type(value)
    if cls in _BARE:
        return {}
    slots = attribute_slots(cls)
    found = {name: attribute(value, name, _NOTHING) for name in slots}
    return {**{name: part for name, part in found.items() if part is not _NOTHING}, **dict_of(value)}


def attribute(value: Any, name: str, default: Any = None) -> Any:
    """Return an attribute, bypassing code that its class runs on access.

    Args:
        value: Any object.
        name: The attribute.
        default: The result if there is none.
    """
    try:
        return object.__getattribute__(value, name)
    except AttributeError:
        return default


_NOTHING: Final = object()


def dict_of(value: Any) -> dict[str, Any]:
    """Return the dict in which an object keeps its attributes; an empty one if it has none."""
    found = attribute(value, "__dict__")
    return found if type(found) is dict else {}


def set_fields(value: Any, wanted: dict[str, Any]) -> None:
    """Give an object exactly these attributes, in this order. Attributes that it has already are not set again."""
    have = fields_of(value)
    for name in have.keys() - wanted.keys():
        delattr(value, name)
    for name, item in wanted.items():
        if name not in have or have[name] is not item:
            setattr(value, name, item)
    inner = dict_of(value)
    order = [name for name in wanted if name in inner]
    if list(inner) != order and len(inner) == len(order):
        for name in order:
            inner[name] = inner.pop(name)


def empty_like(value: Any) -> Any:
    """Return an empty container of the same class, or None for a value that is not a container.

    Raises:
        WholeError: Its class does not allow an empty copy.
    """
    cls: Any = type(value)
    if cls in _MAKERS:
        return _MAKERS[cls](value)
    if structure_of(cls) not in (Structure.MAPPING, Structure.SEQUENCE):
        return None
    with _may_run_code_of(value):
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


def fill_container(made: Any, content: Any, fields: dict[str, Any] | None = None) -> None:
    """Fill an empty container, or set the attributes of a copied object.

    Args:
        made: The result of :func:`empty_like` or :func:`copy_object`.
        content: Pairs for a mapping, elements for a sequence or a set; None for an object.
        fields: The attributes to set; None to leave them unchanged.

    Raises:
        WholeError: Its class does not allow this content.
    """
    if fields is None and type(made) is dict:
        made.update(content)
        return
    if fields is None and type(made) is list:
        made += content
        return
    kind = structure(made)
    with _may_run_code_of(made):
        if kind is Structure.MAPPING:
            for key, value in content:
                made[key] = value
        elif kind is Structure.SEQUENCE:
            made.extend(content)
        elif kind is Structure.SET:
            made.update(content)
        if fields is not None:
            set_fields(made, fields)


def replace_content(made: Any, like: Any) -> None:
    """Give a container or an object the content of another one of its class.

    Raises:
        WholeError: Its class does not allow this content.
    """
    kind = structure(made)
    content: Any = None
    if kind is Structure.MAPPING:
        content = list(members_of(like).items())
    elif kind is not Structure.FIELDS:
        content = list(elements_of(like))
    if content is not None:
        with _may_run_code_of(made):
            made.clear()
    fill_container(made, content, fields_of(like))


def copy_object(value: Any) -> Any:
    """Copy an object, so that its attributes can be set.

    Raises:
        WholeError: Its class does not allow a copy.
    """
    with _may_run_code_of(value):
        made = copy.copy(value)
        if made is value or type(made) is not type(value):
            raise WholeError(type(value))
    return made
