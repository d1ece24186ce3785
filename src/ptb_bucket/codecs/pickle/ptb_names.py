"""What the pickles of PTB's PicklePersistence may name. Nothing here imports, and nothing of it runs anybody's code."""

from __future__ import annotations

import codecs
import datetime as dt
import sys
from enum import Enum, Flag
from typing import TYPE_CHECKING, Any, NamedTuple, NoReturn
from zoneinfo import ZoneInfo

from telegram import TelegramObject

from ptb_bucket.codecs._allowed import IMMUTABLE, NAMES, Sealed
from ptb_bucket.codecs.types import CLASSES, DEFAULT_VALUE, Family
from ptb_bucket.errors import CannotLoadError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator

    from typing_extensions import Self

    from ptb_bucket.codecs.types import Registry, Shape

__all__ = ["Meaning", "Placeholder", "PtbPickleNames", "check_expansion", "placeholder_for"]

_OLD_MODULES = {"__builtin__": "builtins", "copy_reg": "copyreg"}  # up to protocol 2
_TYPES = {(cls.__module__, cls.__qualname__): cls for cls in IMMUTABLE}
_DATA_OF_THE_LIBRARY = frozenset({"ipaddress", "pathlib"})
"""Modules of Python's own whose classes people keep as data, so that naming them by --types is sound advice."""

_OBJECT = Sealed(lambda: None)  # Python 2's way to say that a class has no other base
_ZONE = Sealed(ZoneInfo)
_SCRIPT = "__main__"


class PtbPickleNames:
    """Answers what a pickle names: types that cannot be changed, surrogates, and harmless functions.

    Args:
        registry: The classes that were registered.

    Attributes:
        unknown: What was named and is not known, as ``module:name``; surrogates that are lost stand for it.
        old_telegram: Telegram classes of python-telegram-bot 13 that were named; lost as well.
        old_zones: Whether dates had the time zone of python-telegram-bot 13.
    """

    def __init__(self, registry: Registry) -> None:
        self.unknown: dict[str, None] = {}
        self.old_telegram: dict[str, None] = {}
        self.old_zones = False
        self._known: dict[tuple[str, str], Any] = {**_TYPES, **self._functions()}
        for cls, name in NAMES.items():
            self._know(cls, Meaning("object", name))
        for cls, entry in registry.by_class.items():
            self._know(cls, _meaning(entry))
        self._know_as_script(registry)

    def find(self, module: str, name: str) -> Any:
        """What a pickle means by that.

        Raises:
            CannotLoadError: It names part of Python's own library that no data needs.
        """
        place = (_OLD_MODULES.get(module, module), name)
        if place not in self._known:
            self._known[place] = self._telegram(*place) or self._lost(*place)
        return self._known[place]

    def _know(self, cls: type, meaning: Meaning) -> None:
        self._known[cls.__module__, cls.__qualname__] = _ZONE if cls is ZoneInfo else placeholder_for(meaning)

    def _know_as_script(self, registry: Registry) -> None:
        """Classes of a bot that is started as a script are pickled as of ``__main__``."""
        by_name: dict[str, list[Shape]] = {}
        for cls, entry in registry.by_class.items():
            by_name.setdefault(cls.__qualname__, []).append(entry)
        for name, entries in by_name.items():
            if len(entries) == 1:
                self._known.setdefault((_SCRIPT, name), placeholder_for(_meaning(entries[0])))

    @staticmethod
    def _telegram(module: str, name: str) -> Any:
        """By name: PTB moves its classes between its modules from version to version."""
        if not module.startswith("telegram._"):
            return None
        if name in CLASSES:
            return placeholder_for(Meaning("telegram", name))
        return placeholder_for(Meaning("object", NAMES[DEFAULT_VALUE])) if name == DEFAULT_VALUE.__name__ else None

    def _lost(self, module: str, name: str) -> Any:
        root = module.partition(".")[0]
        inside = root in sys.stdlib_module_names and root not in {_SCRIPT, *_DATA_OF_THE_LIBRARY}
        if inside or (root == "telegram" and "." in name):  # PTB has no classes within classes
            raise CannotLoadError(
                f"it names {module}.{name}, which is no data and might run a program. Nothing was run. A file that "
                "PicklePersistence wrote has no such thing in it: find out where this one comes from"
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
    if issubclass(entry.cls, TelegramObject):
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
    """Only what enums and time zones pickle so."""
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
    """Flags of several members."""
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


_MOST_VALUES = 10_000_000
"""One record's, counted as JSON would write them. A bot whose record is larger has no use for JSON."""


class Meaning(NamedTuple):
    """What a surrogate's class stands for."""

    how: str
    """``object``, ``enum``, ``telegram`` or ``lost``."""

    name: str
    """How our own pickles call it; of what is lost, how messages do."""

    cls: Any = None
    """The class, for enums."""


class _PlaceholderType(type):
    """Nothing about a surrogate's class can be changed, and calling it runs nobody's code."""

    meaning: Meaning

    def __call__(cls, *args: Any, **kwargs: Any) -> Any:
        made: Any = cls.__new__(cls, *args, **kwargs)  # type: ignore[arg-type]
        made.called = True
        return made

    def __setattr__(cls, name: str, value: object) -> NoReturn:
        raise AttributeError(name)


class Placeholder(dt.tzinfo, metaclass=_PlaceholderType):
    """Takes what a pickle would give to an instance. A tzinfo, because dates accept no other stand-in for one."""

    __slots__ = ("args", "called", "items", "kwargs", "pairs", "state")

    meaning = Meaning("lost", "")

    def __new__(cls, *args: Any, **kwargs: Any) -> Self:
        """Keep the arguments."""
        made = super().__new__(cls)
        made.args, made.kwargs, made.called = args, kwargs, False
        made.state, made.items, made.pairs = None, [], []
        return made

    args: tuple[Any, ...]
    kwargs: dict[str, Any]
    called: bool
    state: Any
    items: list[Any]
    pairs: list[tuple[Any, Any]]

    def __setstate__(self, state: Any) -> None:
        self.state = state

    def append(self, item: Any) -> None:
        """As a list's."""
        self.items.append(item)

    def extend(self, items: Iterable[Any]) -> None:
        """As a list's."""
        self.items.extend(items)

    def __setitem__(self, key: Any, value: Any) -> None:
        self.pairs.append((key, value))

    def parts(self) -> Iterator[Any]:
        """All that it was given."""
        yield from (self.args, self.kwargs, self.state, self.items, self.pairs)


def placeholder_for(meaning: Meaning) -> Any:
    """A class whose instances stand for that."""
    return _PlaceholderType("Placeholder", (Placeholder,), {"__slots__": (), "meaning": meaning})


def check_expansion(value: Any) -> None:
    """Refuse what is small only because its parts are shared: as a tree it would fill the memory.

    Args:
        value: Of one record, with surrogates.

    Raises:
        CannotLoadError: It has too many values.
    """
    try:
        size = _size(value, {})
    except RecursionError:
        return  # the codec refuses what is nested too deeply, and says where
    if size > _MOST_VALUES:
        raise CannotLoadError(f"it would become more than {_MOST_VALUES:,} values")


def _size(value: Any, known: dict[int, int]) -> int:
    inside = _inside(value)
    if inside is None:
        return 1
    if id(value) not in known:
        known[id(value)] = 1  # a cycle ends here; the codec decides about it
        known[id(value)] = 1 + sum(_size(inner, known) for inner in inside)
    return known[id(value)]


def _inside(value: Any) -> Iterable[Any] | None:
    if isinstance(value, dict):
        return (inner for pair in value.items() for inner in pair)
    if isinstance(value, Placeholder):
        return value.parts()
    # Deques are lists to this purpose; whatever else there is holds nothing.
    return value if isinstance(value, list | tuple | set | frozenset) or hasattr(value, "maxlen") else None
