"""The classes that a bot's author registers: ``types=[Cart, Colour, StoredAs(...)]``."""

from __future__ import annotations

import re
from enum import Enum
from typing import TYPE_CHECKING, Any

from ptb_bucket.codecs._shapes import Shape, shape_of
from ptb_bucket.codecs._telegram import CLASSES, ENUMS
from ptb_bucket.errors import ConfigurationError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator

__all__ = ["Entry", "Registry", "StoredAs"]

_NAME = re.compile(r"[^\W\d]\w*(\.[^\W\d]\w*)*")


class StoredAs:
    """A class that is stored by two functions of its own, for example one from somebody else's package.

    Args:
        cls: The class. Its subclasses are not meant.
        encode: Instance → a value that can be stored (what it consists of may be registered classes again).
        decode: That value → an equal instance.
        name: How documents call it; the class's ``__qualname__`` if None. Never change it: stored data says it.

    Example:
        ``types=[StoredAs(Money, encode=lambda m: [m.amount, m.currency], decode=lambda v: Money(*v))]``
    """

    __slots__ = ("cls", "decode", "encode", "name")

    def __init__(
        self, cls: type, *, encode: Callable[[Any], Any], decode: Callable[[Any], Any], name: str | None = None
    ) -> None:
        if not isinstance(cls, type):
            raise ConfigurationError(f"StoredAs: a class was expected, not {type(cls).__qualname__}")
        self.cls = cls
        self.encode = encode
        self.decode = decode
        self.name = _written(cls) if name is None else name


class Entry:
    """One known class: its name in documents and how its instances become plainer values and back."""

    __slots__ = ("by_functions", "cls", "name", "shape")

    def __init__(self, cls: type, name: str, shape: Shape, *, by_functions: bool = False) -> None:
        self.cls = cls
        self.name = name
        self.shape = shape
        self.by_functions = by_functions


def _written(cls: type) -> str:
    return cls.__qualname__.rpartition("<locals>.")[2]


class Registry:
    """Known classes, by class and by name.

    Args:
        types: Classes and :class:`StoredAs`.
        reserved: Names that mean something else.
        native: Classes that need no registration; harmless when registered all the same.

    Raises:
        ConfigurationError: Something else than a class, a name twice, or one that is taken.
    """

    def __init__(self, types: Iterable[type | StoredAs], *, reserved: Iterable[str], native: Iterable[type]) -> None:
        self.by_class: dict[type, Entry] = {}
        self.by_name: dict[str, Entry] = {}
        for name, cls in ENUMS.items():
            self._add(Entry(cls, name, shape_of(cls)))
        taken, known = frozenset(reserved), frozenset((*native, *CLASSES.values(), *ENUMS.values()))
        for given in _listed(types):
            entry = _entry(given)
            if entry.cls not in known or entry.by_functions:
                self._check(entry, taken, known)
                self._add(entry)

    def _add(self, entry: Entry) -> None:
        self.by_class[entry.cls] = self.by_name[entry.name] = entry

    def _check(self, entry: Entry, taken: frozenset[str], known: frozenset[type]) -> None:
        if entry.name in taken or not _NAME.fullmatch(entry.name):
            raise ConfigurationError(
                f"types: the name {entry.name!r} is reserved; give {entry.cls.__qualname__} another one: "
                f"StoredAs(..., name=...)"
            )
        if entry.cls in known:
            raise ConfigurationError(
                f"types: {entry.cls.__qualname__} is stored without registration, and not by other functions"
            )
        if entry.name in self.by_name or entry.cls in self.by_class:
            raise ConfigurationError(
                f"types: {entry.name!r} is registered twice; give one of them another name: StoredAs(..., name=...)"
            )


def _listed(types: Iterable[type | StoredAs]) -> Iterator[type | StoredAs]:
    # An Enum class can be iterated over, so that types=Colour would look like a list of strange things.
    if isinstance(types, type | str | StoredAs):
        raise ConfigurationError("types: a list of classes was expected, such as types=[Cart]")
    try:
        return iter(types)
    except TypeError:
        raise ConfigurationError("types: a list of classes was expected, such as types=[Cart]") from None


def _entry(given: object) -> Entry:
    if isinstance(given, StoredAs):
        return Entry(given.cls, given.name, Shape(given.encode, given.decode), by_functions=True)
    if isinstance(given, type) and given is not Enum:
        return Entry(given, _written(given), shape_of(given))
    raise ConfigurationError(f"types: classes and StoredAs(...) were expected, not {type(given).__qualname__}")
