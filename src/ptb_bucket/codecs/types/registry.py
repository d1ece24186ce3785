"""The classes that a bot's author registers: ``types=[Cart, Colour, StoredAs(...)]``."""

from __future__ import annotations

import re
from enum import Enum
from functools import cache
from typing import TYPE_CHECKING, Any, Final

from ptb_bucket.codecs.types.advice import short_name
from ptb_bucket.codecs.types.bot_reference import BotReference
from ptb_bucket.codecs.types.carriers import base_of
from ptb_bucket.codecs.types.equality import same
from ptb_bucket.codecs.types.families import (
    BOTS,
    CONTAINERS,
    NUMBERS,
    OTHER_LIBRARIES,
    SCALARS,
    TIMES,
    by_functions,
    constants,
    enum_shape,
    is_bot,
    is_bot_api_class,
    is_constant,
    may_be_constant,
    number_shape,
    shape_of,
    shape_of_foreign,
    telegram_shape,
)
from ptb_bucket.codecs.types.load_errors import load_error, unregistered
from ptb_bucket.codecs.types.shape import Family
from ptb_bucket.errors import ConfigurationError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator

    from ptb_bucket.codecs.types.shape import Shape
    from ptb_bucket.errors import CannotLoadError

__all__ = ["NATIVE", "TAGS", "Registry", "StoredAs", "native_shape"]

_NAME: Final = r"[^\W\d]\w*(\.[^\W\d]\w*)*(\[[\w\[\]., |]*\])?"

_TELEGRAM: Final = telegram_shape(same)
_KNOWN: Final[tuple[Shape, ...]] = (*SCALARS, *TIMES, *CONTAINERS)
NATIVE: Final[dict[Any, Shape]] = {
    **{shape.cls: shape for shape in _KNOWN},
    BotReference: BOTS,
}
"""Type → its shape, for most of Python's own types, which are stored without registration; see :func:`native_shape`.

To add a type, add a shape to its family.
"""

_UNTAGGED: Final = frozenset({"dict", "bool", "null"})
TAGS: Final[dict[str, Shape]] = {
    shape.name: shape for shape in (*_KNOWN, *NUMBERS, *OTHER_LIBRARIES, _TELEGRAM, BOTS) if shape.name not in _UNTAGGED
}
"""Tag → the shape of the type."""

_RESERVED: Final = frozenset({*TAGS, "true", "false", "null", "id", "ref", "list"})


def native_shape(cls: Any) -> Shape | None:
    """Return the shape of a type of Python or a class of the Bot API; None for all others.

    Args:
        cls: The class of a value.
    """
    return NATIVE.get(cls) or number_shape(cls) or (_TELEGRAM if is_bot_api_class(cls) else None)


@cache
def _constants() -> tuple[dict[str, Shape], dict[Any, Shape]]:
    """Return the shapes of PTB's enums, by name and by class."""
    shapes = [enum_shape(cls, name, is_risky=False) for name, cls in constants().items()]
    return {shape.name: shape for shape in shapes}, {shape.cls: shape for shape in shapes}


def _constant_named(name: str) -> Shape | None:
    return _constants()[0].get(name) if may_be_constant(name) else None


def _constant_of(cls: Any) -> Shape | None:
    return _constants()[1].get(cls) if is_constant(cls) else None


def _is_known(cls: Any) -> bool:
    """Tell whether instances of a class are stored without registration."""
    return native_shape(cls) is not None or is_constant(cls)


class StoredAs:
    """A class that is stored under a name of your choice, or with two functions that you write.

    Without functions, instances are stored by their fields, as with ``types=[Cart]``. With them, the result of
    ``encode`` is stored. Use functions, for example, for a class whose package does not support pickle.

    Args:
        cls: The class, without its subclasses.
        encode: Takes an instance and returns a value that can be stored. The value may contain registered classes.
        decode: Takes that value and returns an equal instance. Pass both functions, or neither.
        name: Its name in documents; the class's ``__qualname__`` if None. Never change it: stored data has it. If the
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
            raise ConfigurationError(f"StoredAs() expects a class, not {type(cls).__qualname__}")
        if (encode is None) is not (decode is None):
            raise ConfigurationError(f"StoredAs({short_name(cls)}) needs both encode and decode, or neither")
        self.cls = cls
        self.encode = encode
        self.decode = decode
        self.name = short_name(cls) if name is None else name

    def shape(self) -> Shape:
        """Return the class's shape."""
        if self.encode is None or self.decode is None:
            return shape_of(self.cls, self.name)
        return by_functions(self.cls, self.name, self.encode, self.decode)


class Registry:
    """The known classes, by class and by name.

    Args:
        types: Classes and :class:`StoredAs`.

    Attributes:
        by_class: The shapes of the author's classes.
        by_name: The same shapes, by the names that documents have for the classes.

    Raises:
        ConfigurationError: An entry is not a class, or a name is registered twice or reserved.
    """

    def __init__(self, types: Iterable[type | StoredAs] = ()) -> None:
        self.by_class: dict[Any, Shape] = {}
        self.by_name: dict[str, Shape] = {}
        shapes = [_shape(given) for given in _listed(types)]
        for shape in shapes:
            if not _is_known(shape.cls) or shape.family is Family.FUNCTIONS:
                self._check(shape)
                self.by_class[shape.cls] = self.by_name[shape.name] = shape
        self._keep_readable(shapes)

    def shape(self, cls: Any) -> Shape | None:
        """Return the shape of a class; None if it is not known.

        Args:
            cls: The class of a value.
        """
        known = native_shape(cls) or self.author_shape(cls)
        return known or (BOTS if is_bot(cls) else shape_of_foreign(cls))

    def author_shape(self, cls: Any) -> Shape | None:
        """Return the shape of a class that has a name; see :meth:`named_shape`. It may carry fields for that class.

        Args:
            cls: The class of a value.
        """
        return self.named_shape(cls) or self.by_class.get(base_of(cls))

    def named_shape(self, cls: Any) -> Shape | None:
        """Return the shape of a class that documents call by a name: a registered class, or one of PTB's enums.

        Args:
            cls: The class.
        """
        return self.by_class.get(cls) or _constant_of(cls)

    def __contains__(self, name: object) -> bool:
        """Tell whether documents have this name for a class."""
        return type(name) is str and (name in self.by_name or _constant_named(name) is not None)

    def named_shapes(self) -> dict[Any, Shape]:
        """Return the shapes of all classes that have a name, by class: those of PTB's enums first."""
        return {**_constants()[1], **self.by_class}

    def named(self, name: str) -> Shape:
        """Return the shape of a class that has a name, by that name.

        Args:
            name: The name that the document has for it.

        Raises:
            UnknownClassError: It is not registered.
        """
        shape = (self.by_name.get(name) or _constant_named(name)) if type(name) is str else None
        if shape is None:
            raise unregistered(str(name))
        return shape

    def load_error(self, name: str, exc: Exception) -> CannotLoadError:
        """Return the error for a value that could not be made. It names the class, and quotes nothing of the value.

        Args:
            name: The name that documents have for its type.
            exc: The exception that was raised.
        """
        shape = self.by_name.get(name)
        return load_error(name, shape.cls if shape is not None and shape.is_risky else None, exc)

    def _keep_readable(self, shapes: Iterable[Shape]) -> None:
        """Read classes by the names under which older releases stored them, which did not know them yet."""
        for shape in shapes:
            if shape.name not in self and shape.name not in _RESERVED:
                self.by_name[shape.name] = shape

    def _check(self, shape: Shape) -> None:
        name = shape.cls.__qualname__
        if shape.name in _RESERVED or not re.fullmatch(_NAME, shape.name):
            raise ConfigurationError(
                f"The name {shape.name!r} in types is reserved. Give {name} another name with StoredAs({name}, "
                "name=...)."
            )
        if _is_known(shape.cls):
            raise ConfigurationError(
                f"{name} is supported out of the box. Its encoding can't be replaced. Remove it from types."
            )
        if shape.name in self or shape.cls in self.by_class:
            other = f"{shape.cls.__module__}.{name}"
            raise ConfigurationError(
                f"types contains the name {shape.name!r} twice. Give one of the classes another name with "
                f"StoredAs({name}, name={other!r})."
            )


def _listed(types: Iterable[type | StoredAs]) -> Iterator[type | StoredAs]:
    # An Enum class can be iterated over: types=Colour would look like a list of its members.
    if isinstance(types, type | str | StoredAs):
        raise ConfigurationError("types must be a list of classes, such as types=[Cart].")
    try:
        return iter(types)
    except TypeError:
        raise ConfigurationError("types must be a list of classes, such as types=[Cart].") from None


def _shape(given: object) -> Shape:
    if isinstance(given, StoredAs):
        return given.shape()
    if isinstance(given, type) and given is not Enum:
        return shape_of(given, short_name(given))
    raise ConfigurationError(f"types must contain only classes and StoredAs(...), not {type(given).__qualname__}.")
