"""The classes that a bot's author registers: ``types=[Cart, Colour, StoredAs(...)]``."""

from __future__ import annotations

import re
from enum import Enum
from typing import TYPE_CHECKING, Any, Final

from telegram import Bot

from ptb_bucket.codecs.types.authors import by_functions, shape_of
from ptb_bucket.codecs.types.carriers import base_of
from ptb_bucket.codecs.types.containers import CONTAINERS
from ptb_bucket.codecs.types.other_libraries import OTHER_LIBRARIES, shape_of_foreign
from ptb_bucket.codecs.types.scalars import SCALARS
from ptb_bucket.codecs.types.scope import BotReference
from ptb_bucket.codecs.types.shape import Family
from ptb_bucket.codecs.types.telegram import BOTS, TELEGRAM
from ptb_bucket.codecs.types.telegram_objects import CLASSES, ENUMS
from ptb_bucket.codecs.types.times import TIMES
from ptb_bucket.errors import CannotLoadError, ConfigurationError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator

    from ptb_bucket.codecs.types.shape import Shape

__all__ = ["NATIVE", "TAGS", "Registry", "StoredAs", "UnknownClassError", "name_of", "unregistered"]

_NAME: Final = re.compile(r"[^\W\d]\w*(\.[^\W\d]\w*)*(\[[\w\[\]., |]*\])?")
_LONGEST_NAME: Final = 80

_KNOWN: Final[tuple[Shape, ...]] = (*SCALARS, *TIMES, *CONTAINERS)
NATIVE: Final[dict[Any, Shape]] = {
    **{shape.cls: shape for shape in _KNOWN},
    **dict.fromkeys(CLASSES.values(), TELEGRAM),
    BotReference: BOTS,
}
"""Type → its shape, for the types that need no registration. To add a type, add a shape to one of the tables."""

_UNTAGGED: Final = frozenset({"dict", "bool", "null"})
TAGS: Final[dict[str, Shape]] = {
    shape.name: shape for shape in (*_KNOWN, *OTHER_LIBRARIES, TELEGRAM, BOTS) if shape.name not in _UNTAGGED
}
"""Tag → the same."""

_RESERVED: Final = frozenset({*TAGS, "true", "false", "null", "id", "ref", "list"})


class UnknownClassError(CannotLoadError):
    """Nothing is wrong with the stored value, but its class is not known here."""


def unregistered(name: str) -> UnknownClassError:
    """Return the error for a stored value whose class is not known here.

    Args:
        name: What the document calls it.
    """
    name = name[:_LONGEST_NAME]
    return UnknownClassError(
        f"a stored {name} cannot be loaded: its class is not registered. Register it: "
        f"BucketPersistence(..., types=[{name}]). If the class has a new name, keep the old one for its stored data: "
        f"types=[StoredAs(NewName, name={name!r})]"
    )


def name_of(cls: type) -> str:
    """Return what documents call a class by default: its name, without the functions that it was defined in.

    Args:
        cls: The class.
    """
    return re.sub(r"[^\[\], ]*<locals>\.", "", cls.__qualname__)


class StoredAs:
    """A class that is stored under a name of your choice, or by two functions of your own.

    Without functions, instances are stored by their fields, as with ``types=[Cart]``. With them, they are stored as
    whatever ``encode`` returns: for example, a class from a package that knows nothing of pickle.

    Args:
        cls: The class. Its subclasses are not meant.
        encode: Instance → a value that can be stored (it may consist of registered classes again).
        decode: That value → an equal instance. Pass both functions, or neither.
        name: What documents call it; the class's ``__qualname__`` if None. Never change it: stored data has it. If the
            class gets another name, keep the old one here.

    Raises:
        ConfigurationError: ``cls`` is not a class, or only one of the functions was passed.

    Example:
        ``types=[StoredAs(Money, encode=lambda m: [m.amount, m.currency], decode=lambda v: Money(*v))]``
        ``types=[StoredAs(shop.Chat, name="shop.Chat")]``
    """

    __slots__ = ("cls", "decode", "encode", "name")

    def __init__(
        self,
        cls: type,
        *,
        encode: Callable[[Any], Any] | None = None,
        decode: Callable[[Any], Any] | None = None,
        name: str | None = None,
    ) -> None:
        if not isinstance(cls, type):
            raise ConfigurationError(f"StoredAs: a class was expected, not {type(cls).__qualname__}")
        if (encode is None) is not (decode is None):
            raise ConfigurationError(f"StoredAs({name_of(cls)}): pass both encode and decode, or neither")
        self.cls = cls
        self.encode = encode
        self.decode = decode
        self.name = name_of(cls) if name is None else name

    def shape(self) -> Shape:
        """Return the class's shape."""
        if self.encode is None or self.decode is None:
            return shape_of(self.cls, self.name)
        return by_functions(self.cls, self.name, self.encode, self.decode)


class Registry:
    """Known classes, by class and by name.

    Args:
        types: Classes and :class:`StoredAs`.

    Raises:
        ConfigurationError: Something else than a class, a name twice, or one that is taken.
    """

    def __init__(self, types: Iterable[type | StoredAs] = ()) -> None:
        self.by_class: dict[Any, Shape] = {}
        self.by_name: dict[str, Shape] = {}
        for name, cls in ENUMS.items():
            self._add(shape_of(cls, name))
        known = frozenset((*NATIVE, *ENUMS.values()))
        for given in _listed(types):
            shape = _shape(given)
            if shape.cls not in known or shape.family is Family.FUNCTIONS:
                self._check(shape, known)
                self._add(shape)

    def shape(self, cls: Any) -> Shape | None:
        """Return the shape of a class; None if it is not known.

        Args:
            cls: The class of a value.
        """
        known = NATIVE.get(cls) or self.author_shape(cls)
        return known or (BOTS if issubclass(cls, Bot) else shape_of_foreign(cls))

    def author_shape(self, cls: Any) -> Shape | None:
        """Return the shape of a registered class, or of one that carries fields for it; None if there is none.

        Args:
            cls: The class of a value.
        """
        return self.by_class.get(cls) or self.by_class.get(base_of(cls))

    def named(self, name: str) -> Shape:
        """Return the shape of a registered class by its name.

        Args:
            name: What the document calls it.

        Raises:
            UnknownClassError: It is not registered.
        """
        shape = self.by_name.get(name) if type(name) is str else None
        if shape is None:
            raise unregistered(str(name))
        return shape

    def _add(self, shape: Shape) -> None:
        self.by_class[shape.cls] = self.by_name[shape.name] = shape

    def _check(self, shape: Shape, known: frozenset[type]) -> None:
        name = shape.cls.__qualname__
        if shape.name in _RESERVED or not _NAME.fullmatch(shape.name):
            raise ConfigurationError(
                f"types: the name {shape.name!r} is reserved; give {name} another one: StoredAs({name}, name=...)"
            )
        if shape.cls in known:
            raise ConfigurationError(f"types: {name} is stored without registration, and not by other functions")
        if shape.name in self.by_name or shape.cls in self.by_class:
            other = f"{shape.cls.__module__}.{name}"
            raise ConfigurationError(
                f"types: {shape.name!r} is registered twice; give one of them another name: "
                f"StoredAs({name}, name={other!r})"
            )


def _listed(types: Iterable[type | StoredAs]) -> Iterator[type | StoredAs]:
    # An Enum class can be iterated over, so that types=Colour would look like a list of strange things.
    if isinstance(types, type | str | StoredAs):
        raise ConfigurationError("types: a list of classes was expected, such as types=[Cart]")
    try:
        return iter(types)
    except TypeError:
        raise ConfigurationError("types: a list of classes was expected, such as types=[Cart]") from None


def _shape(given: object) -> Shape:
    if isinstance(given, StoredAs):
        return given.shape()
    if isinstance(given, type) and given is not Enum:
        return shape_of(given, name_of(given))
    raise ConfigurationError(f"types: classes and StoredAs(...) were expected, not {type(given).__qualname__}")
