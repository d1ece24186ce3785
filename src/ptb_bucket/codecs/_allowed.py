"""The objects that a pickle may name.

A pickle is a program. It reaches code only through ``find_class``, which therefore looks names up in a table of objects
and never imports. The table has two kinds of objects: types that are written in C and cannot be changed, and our own
callables, which make everything else by name. Classes written in Python are never handed to a pickle: with one on its
stack, the BUILD instruction could change the class itself.

Stored pickles contain the path of this module and the names of its callables. Neither may ever change.
"""

from __future__ import annotations

from collections import defaultdict
from enum import Enum
from functools import cached_property
from itertools import count
from typing import TYPE_CHECKING, Any, NoReturn

from ptb_bucket.codecs.types import (
    NATIVE,
    TAGS,
    BotReference,
    Family,
    Shape,
    bot_api_classes,
    carrier_of,
    class_changed,
    default_value,
    hashes_by_hand,
    is_default_value,
    is_telegram_object,
    newer_telegram,
    number_classes,
    rebuild,
    with_bot,
    with_defaults,
    with_lost_defaults,
)
from ptb_bucket.errors import CannotLoadError

if TYPE_CHECKING:
    from collections.abc import Callable, Collection

    from ptb_bucket.codecs.types import Scope

__all__ = [
    "DEFAULT_VALUE",
    "IMMUTABLE",
    "MAKERS",
    "NAMES",
    "Makers",
    "Sealed",
    "bot",
    "default",
    "member",
    "name_of",
    "object_",
    "stored",
    "thing",
]

_PYTHON = {**NATIVE, **number_classes()}

IMMUTABLE: frozenset[type] = frozenset(
    cls for cls, shape in _PYTHON.items() if shape.pickles_itself and cls is not type(None)
)
"""The types that are pickled under their own names. A test ensures that none of them can be changed."""

_MADE_BY_NAME = (
    cls
    for cls, shape in _PYTHON.items()
    if shape.family is Family.NATIVE and not (shape.pickles_itself or shape.pickled_by_shape)
)
NAMES: dict[type, str] = {cls: f"python.{cls.__name__}" for cls in _MADE_BY_NAME}
"""Python's own classes that are made by name."""

DEFAULT_VALUE = "telegram.DefaultValue"
"""The name of the class of PTB's marker, which is made by name as well."""

_NAMED = {name: cls for cls, name in NAMES.items()}


def name_of(cls: type) -> str | None:
    """Return the name of a class of Python or PTB that is made by name; None for other classes.

    Args:
        cls: The class of a value.
    """
    known = NAMES.get(cls)
    return DEFAULT_VALUE if known is None and is_default_value(cls) else known


def _named(name: str) -> Any:
    return type(default_value()) if name == DEFAULT_VALUE else _NAMED.get(name)


class Sealed:
    """A callable without anything to change: a pickle may call it, and BUILD on it fails.

    Args:
        function: The function to call.
    """

    __slots__ = ("_function",)

    _function: Callable[..., Any]

    def __init__(self, function: Callable[..., Any]) -> None:
        object.__setattr__(self, "_function", function)

    def __call__(self, *args: Any) -> Any:
        """Call the function."""
        return self._function(*args)

    def __setattr__(self, name: str, value: object) -> NoReturn:
        raise AttributeError(name)


# The names in pickles. These functions never run: loading calls the method of Makers with the same name.
def object_(name: str, how: str, args: Any = (), kwargs: Any = None) -> NoReturn:
    """An instance of a known class."""
    raise NotImplementedError(name, how, args, kwargs)


def stored(name: str, payload: Any) -> NoReturn:
    """An instance of a class that was registered with functions."""
    raise NotImplementedError(name, payload)


def member(name: str, payload: Any) -> NoReturn:
    """A member of an Enum."""
    raise NotImplementedError(name, payload)


def default(name: str) -> NoReturn:
    """A defaultdict that makes instances of a registered class."""
    raise NotImplementedError(name)


def thing(name: str, state: Any) -> NoReturn:
    """A Telegram object."""
    raise NotImplementedError(name, state)


def bot(live: bool) -> NoReturn:  # noqa: FBT001  its only argument
    """A bot."""
    raise NotImplementedError(live)


MAKERS = (object_, stored, member, default, thing, bot)

_MADE = frozenset((made.__module__, made.__name__) for made in MAKERS)
_TYPES = {(cls.__module__, cls.__qualname__): cls for cls in IMMUTABLE}


class Makers:
    """The methods that run in place of the functions above when a pickle is loaded.

    Args:
        make_scope: Returns the bot and its classes; called once, and only if something needs them.
        carriers: The numbers of instances, in the order in which they are made, with fields that their classes lack.
        by_ptb: Telegram objects are as PicklePersistence writes them, without PTB's markers for defaults.

    Attributes:
        made: The instances of registered classes that were made, with their shapes.
        is_doubtful: Whether pickle itself would not notice that the fields of one of them have changed.
    """

    def __init__(
        self, make_scope: Callable[[], Scope], carriers: Collection[int] = (), *, by_ptb: bool = False
    ) -> None:
        self._make_scope = make_scope
        self._carriers = carriers
        self._numbers = count()
        self._by_ptb = by_ptb
        self.made: list[tuple[Shape, Any]] = []
        self.is_doubtful = False

    @cached_property
    def scope(self) -> Scope:
        """The bot and its classes."""
        return self._make_scope()

    def named(self, module: str, name: str) -> Any:
        """Return the object that a pickle means by a name; None if the name is not allowed.

        Args:
            module: The module.
            name: The name in the module.
        """
        if (module, name) in _MADE:
            return Sealed(getattr(self, name))
        return _TYPES.get((module, name))

    def object_(self, name: str, how: str, args: Any = (), kwargs: Any = None) -> Any:
        """Make an instance of a known class."""
        number = next(self._numbers)
        if (known := _named(name)) is not None:
            return rebuild(known, how, args, kwargs=kwargs)
        shape = self.scope.registry.named(name)
        drops_unknown = shape.declared is not None and shape.declared.drops_unknown
        self.is_doubtful = self.is_doubtful or drops_unknown or shape.family is Family.RECORD
        try:
            return self._noted(shape, rebuild(self._class(shape, number), how, args, kwargs=kwargs))
        except Exception as exc:  # noqa: BLE001  the author's code ran, or the arguments are others
            raise class_changed(
                shape.cls, f"could not be recreated, because its class raised {type(exc).__name__}"
            ) from None

    def _class(self, shape: Shape, number: int) -> Any:
        return (carrier_of(shape.cls) if number in self._carriers else None) or shape.cls

    def stored(self, name: str, payload: Any) -> Any:
        """Make a value from the payload of its shape."""
        shape = TAGS[name] if name in _STORED else self.scope.registry.named(name)
        try:
            return self._noted(shape, with_bot(shape.make(payload, self.scope), self.scope))
        except CannotLoadError:
            raise
        except Exception as exc:  # noqa: BLE001  damage and authors' functions may raise anything
            raise self.scope.registry.load_error(name, exc) from None

    def member(self, name: str, payload: Any) -> Any:
        """Make a member of an Enum."""
        shape = self.scope.registry.named(name)
        if not issubclass(shape.cls, Enum):
            raise TypeError("member")
        return shape.make(payload, self.scope)

    def default(self, name: str) -> Any:
        """Make a defaultdict of a known class."""
        return defaultdict(_named(name) or self.scope.registry.named(name).cls)

    def thing(self, name: str, state: Any) -> Any:
        """Make a Telegram object."""
        cls = self.scope.registry.named(name[1:]).cls if name[:1] == "$" else bot_api_classes().get(name)
        if cls is None:
            raise newer_telegram()
        if not is_telegram_object(cls):
            raise TypeError("telegram")
        given = with_defaults(state)
        is_ours = given.pop("_bot", True) is not None
        if self._by_ptb:
            given = with_lost_defaults(cls, given)
        made = cls.__new__(cls)
        made.__setstate__(given)
        return with_bot(made, self.scope, is_ours=is_ours)

    @staticmethod
    def bot(live: object) -> Any:
        """Make a reference without access to the bot, whose token anyone with write access to the bucket could read."""
        return BotReference(is_live=True) if live is True else None

    def _noted(self, shape: Shape, made: Any) -> Any:
        if shape.declared or shape.is_risky or hashes_by_hand(shape.cls):
            self.made.append((shape, made))
        return made


_STORED = frozenset(shape.name for shape in TAGS.values() if shape.pickled_by_shape)
"""The types without registration whose payloads pickles hold."""
