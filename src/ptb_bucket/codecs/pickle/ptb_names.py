"""The names that pickles of PTB's PicklePersistence may contain. Looking one up imports nothing and runs no code."""

from __future__ import annotations

import codecs
import datetime as dt
import sys
from enum import Enum, Flag
from typing import TYPE_CHECKING, Any
from zoneinfo import ZoneInfo

from ptb_bucket.codecs._allowed import DEFAULT_VALUE, IMMUTABLE, NAMES, Sealed
from ptb_bucket.codecs.pickle.placeholders import Meaning, Placeholder, placeholder_for
from ptb_bucket.codecs.types import Family, bot_api_classes, default_value, is_telegram_object
from ptb_bucket.errors import CannotLoadError

if TYPE_CHECKING:
    from collections.abc import Callable

    from ptb_bucket.codecs.types import Registry, Shape

__all__ = ["PtbPickleNames"]

_OLD_MODULES = {"__builtin__": "builtins", "copy_reg": "copyreg"}  # up to protocol 2
_TYPES = {(cls.__module__, cls.__qualname__): cls for cls in IMMUTABLE}
_DATA_OF_THE_LIBRARY = frozenset({"ipaddress", "pathlib"})
"""Modules of Python whose classes people keep as data, so that the advice to register them with --types is sound."""

_OBJECT = Sealed(lambda: None)  # in Python 2, the base of classes without another base
_ZONE = Sealed(ZoneInfo)
_SCRIPT = "__main__"


class PtbPickleNames:
    """The answers to the names in a pickle: types that cannot be changed, placeholders, and harmless functions.

    Args:
        registry: The classes that were registered.

    Attributes:
        unknown: The unknown names that occurred, as ``module:name``; lost placeholders stand for them.
        old_telegram: The Telegram classes of python-telegram-bot 13 that occurred; they are lost as well.
        old_zones: True if dates had the time zone of python-telegram-bot 13.
    """

    def __init__(self, registry: Registry) -> None:
        self.unknown: dict[str, None] = {}
        self.old_telegram: dict[str, None] = {}
        self.old_zones = False
        self._known: dict[tuple[str, str], Any] = {**_TYPES, **self._functions()}
        for cls, name in NAMES.items():
            self._know(cls, Meaning("object", name))
        for cls, entry in registry.named_shapes().items():
            self._know(cls, _meaning(entry))
        self._know_as_script(registry)

    def find(self, module: str, name: str) -> Any:
        """Return the object that a pickle means by a name.

        Args:
            module: The module.
            name: The name in the module.

        Raises:
            CannotLoadError: It names a part of Python's library that data never needs.
        """
        place = (_OLD_MODULES.get(module, module), name)
        if place not in self._known:
            self._known[place] = self._telegram(*place) or self._lost(*place)
        return self._known[place]

    def _know(self, cls: type, meaning: Meaning) -> None:
        self._known[cls.__module__, cls.__qualname__] = _ZONE if cls is ZoneInfo else placeholder_for(meaning)

    def _know_as_script(self, registry: Registry) -> None:
        """Add the classes under ``__main__``, which pickle writes if the bot is started as a script."""
        by_name: dict[str, list[Shape]] = {}
        for cls, entry in registry.named_shapes().items():
            by_name.setdefault(cls.__qualname__, []).append(entry)
        for name, entries in by_name.items():
            if len(entries) == 1:
                self._known.setdefault((_SCRIPT, name), placeholder_for(_meaning(entries[0])))

    @staticmethod
    def _telegram(module: str, name: str) -> Any:
        """Find a Telegram class by its name alone, because PTB moves classes between its modules."""
        if not module.startswith("telegram._"):
            return None
        if name in bot_api_classes():
            return placeholder_for(Meaning("telegram", name))
        is_marker = name == type(default_value()).__name__
        return placeholder_for(Meaning("object", DEFAULT_VALUE)) if is_marker else None

    def _lost(self, module: str, name: str) -> Any:
        root = module.partition(".")[0]
        inside = root in sys.stdlib_module_names and root not in {_SCRIPT, *_DATA_OF_THE_LIBRARY}
        if inside or (root == "telegram" and "." in name):  # PTB has no classes within classes
            raise CannotLoadError(
                f"the pickle refers to {module}.{name}, which could run code. No code was run. PicklePersistence "
                "never writes such a reference. Find out where the file came from"
            )
        where = f"{module}:{name}"
        if root == "telegram" and not module.startswith(("telegram._", "telegram.ext")):
            self.old_telegram[f"{module}.{name}"] = None
        else:
            self.unknown[where] = None
        return placeholder_for(Meaning("lost", f"{module}.{name}"))

    def _functions(self) -> dict[tuple[str, str], Any]:
        found: dict[tuple[str, str], Callable[..., Any]] = {
            ("telegram.ext._picklepersistence", "_reconstruct_to"): _of_telegram,
            ("builtins", "getattr"): _attribute,
            ("_operator", "or_"): _both,
            ("_codecs", "encode"): _encoded,
            ("copyreg", "__newobj__"): _new,
            ("copyreg", "__newobj_ex__"): lambda cls, args, kwargs: _new(cls, *args, **kwargs),
            ("copyreg", "_reconstructor"): _reconstructed,
            ("zoneinfo", "ZoneInfo._unpickle"): _zone,
            ("pytz", "_UTC"): self._old_utc,
        }
        return {**{place: Sealed(function) for place, function in found.items()}, ("builtins", "object"): _OBJECT}

    def _old_utc(self) -> dt.timezone:
        self.old_zones = True
        return dt.timezone.utc


def _meaning(entry: Shape) -> Meaning:
    if issubclass(entry.cls, Enum) and entry.family is not Family.FUNCTIONS:
        return Meaning("enum", entry.name, entry.cls)
    if is_telegram_object(entry.cls):
        return Meaning("telegram", f"${entry.name}")
    return Meaning("object", entry.name, entry.cls)


def _new(cls: Any, *args: Any, **kwargs: Any) -> Any:
    if not (isinstance(cls, type) and issubclass(cls, Placeholder)):
        raise TypeError("__newobj__")
    return cls.__new__(cls, *args, **kwargs)


def _reconstructed(cls: Any, base: object, state: object) -> Any:
    if base is not _OBJECT or state is not None:
        raise TypeError("_reconstructor")
    return _new(cls)


def _of_telegram(cls: Any, state: dict[str, Any]) -> Any:
    made = _new(cls)
    made.state = state
    return made


def _attribute(owner: Any, name: str) -> Any:
    """Look up an attribute. Only enums and time zones are allowed, because they pickle their members in this way."""
    if owner is _ZONE and name == "_unpickle":
        return Sealed(_zone)
    if not (isinstance(owner, type) and issubclass(owner, Placeholder)) or type(name) is not str:
        raise TypeError("getattr")
    if owner.meaning.how == "lost":
        return owner()
    if owner.meaning.how != "enum":
        raise TypeError("getattr")
    member = owner.meaning.cls[name]
    if isinstance(member, Flag):
        return owner(member.value)
    made = _new(owner)
    made.state = name
    return made


def _both(one: Any, other: Any) -> Any:
    """Combine the members of a flag."""
    value = _flags(one) | _flags(other)
    return type(one if isinstance(one, Placeholder) else other)(value)


def _flags(value: Any) -> int:
    if isinstance(value, Placeholder) and value.meaning.how == "enum" and issubclass(value.meaning.cls, Flag):
        (value,) = value.args
    if type(value) is not int:
        raise TypeError("or_")
    return value


def _encoded(text: str, encoding: str) -> bytes:
    if encoding != "latin1":
        raise TypeError("encode")
    return codecs.latin_1_encode(text)[0]


def _zone(key: str, from_cache: int = 1) -> ZoneInfo:  # noqa: ARG001  as zoneinfo pickles it
    return ZoneInfo(key)
