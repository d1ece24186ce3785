"""What a pickle may name, and nothing else.

A pickle is a program. Its only way to code is ``find_class``, so that answers from a table of objects and never
imports. Two kinds of objects are in it: types that are written in C and cannot be changed, and callables of ours that
make everything else by name. Classes written in Python are never handed to a pickle: with one on its stack, the BUILD
instruction could change the class itself.
"""

from __future__ import annotations

import datetime as dt
from collections import Counter, OrderedDict, defaultdict, deque
from decimal import Decimal
from enum import Enum
from fractions import Fraction
from typing import TYPE_CHECKING, Any, NoReturn
from uuid import UUID
from zoneinfo import ZoneInfo

from telegram import TelegramObject

from ptb_bucket.codecs._json_decode import unregistered
from ptb_bucket.codecs._shapes import rebuild
from ptb_bucket.codecs._telegram import CLASSES, DEFAULT_VALUE
from ptb_bucket.errors import CannotLoadError

if TYPE_CHECKING:
    from collections.abc import Callable

    from telegram import Bot

    from ptb_bucket.codecs._registered import Registry

__all__ = ["IMMUTABLE", "MAKERS", "NAMES", "Makers", "Sealed", "bot", "default", "member", "object_", "stored", "thing"]

_BUILTINS = (bool, bytearray, bytes, complex, dict, float, frozenset, int, list, range, set, slice, str, tuple)
_LIBRARY = (dt.date, dt.datetime, dt.time, dt.timedelta, dt.timezone, Decimal, OrderedDict, defaultdict, deque)

IMMUTABLE: frozenset[type] = frozenset(_BUILTINS + _LIBRARY)
"""Pickled under their own names. A test holds that none of them can be changed."""

NAMES: dict[type, str] = {cls: f"python.{cls.__name__}" for cls in (Counter, Fraction, UUID, ZoneInfo)}
NAMES[DEFAULT_VALUE] = "telegram.DefaultValue"
"""Python's and PTB's own classes that are made by name."""

_NAMED = {name: cls for cls, name in NAMES.items()}


class Sealed:
    """A callable without anything to change: a pickle may call it, and BUILD on it fails.

    Args:
        function: What it calls.
    """

    __slots__ = ("_function",)

    _function: Callable[..., Any]

    def __init__(self, function: Callable[..., Any]) -> None:
        object.__setattr__(self, "_function", function)

    def __call__(self, *args: Any) -> Any:
        return self._function(*args)

    def __setattr__(self, name: str, value: object) -> NoReturn:
        raise AttributeError(name)


# What pickles name. As functions they say only where to look: loading calls the method of Makers of the same name.
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
    """The live bot, or what became of another one."""
    raise NotImplementedError(live)


MAKERS = (object_, stored, member, default, thing, bot)

_MADE = frozenset((made.__module__, made.__name__) for made in MAKERS)
_TYPES = {(cls.__module__, cls.__qualname__): cls for cls in IMMUTABLE}


class Makers:
    """What the functions above do when a pickle is loaded.

    Args:
        registry: The classes that were registered.
        live: The live bot.
        stand_in: What takes its place while somebody else's instructions run.
    """

    def __init__(self, registry: Registry, live: Bot | None, stand_in: object) -> None:
        self.registry = registry
        self.live = live
        self.stand_in = stand_in
        self.met_bot = False

    def named(self, module: str, name: str) -> Any:
        """What a pickle means by that name; None if it may not name it."""
        if (module, name) in _MADE:
            return Sealed(getattr(self, name))
        return _TYPES.get((module, name))

    def object_(self, name: str, how: str, args: Any = (), kwargs: Any = None) -> Any:
        """As above."""
        return rebuild(_NAMED.get(name) or self._entry(name).cls, how, args, kwargs=kwargs)

    def stored(self, name: str, payload: Any) -> Any:
        """As above."""
        return self._owned(self._entry(name).shape.make(payload))

    def member(self, name: str, payload: Any) -> Any:
        """As above."""
        entry = self._entry(name)
        if not issubclass(entry.cls, Enum):
            raise TypeError("member")
        return entry.shape.make(payload)

    def default(self, name: str) -> Any:
        """As above."""
        return defaultdict(_NAMED.get(name) or self._entry(name).cls)

    def thing(self, name: str, state: Any) -> Any:
        """As above."""
        cls = self._entry(name[1:]).cls if name[:1] == "$" else CLASSES.get(name)
        if cls is None:
            raise CannotLoadError("a stored Telegram object is of a class that this python-telegram-bot lacks")
        if not issubclass(cls, TelegramObject):
            raise TypeError("telegram")
        made = cls.__new__(cls)
        made.__setstate__(dict(state))
        return self._owned(made)

    def _owned(self, made: Any) -> Any:
        if isinstance(made, TelegramObject):
            made.set_bot(self.live)
        return made

    def bot(self, live: object) -> Any:
        """As above."""
        if live is not True or self.live is None:
            return None
        self.met_bot = True
        return self.stand_in

    def _entry(self, name: str) -> Any:
        entry = self.registry.by_name.get(name)
        if entry is None:
            raise unregistered(str(name))
        return entry
