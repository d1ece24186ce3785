"""Snapshots of values: types, content, order and identity. Taking one runs no code of an author's class."""

from __future__ import annotations

import contextlib
import datetime as dt
import decimal
import enum
import fractions
import uuid
from collections import Counter, defaultdict, deque
from dataclasses import dataclass, field
from typing import Any
from zoneinfo import ZoneInfo

from telegram import TelegramObject

from support.oracle.classes import BY_FUNCTIONS, UNSTORABLE


def _zone(zone: Any) -> str:
    return "none" if zone is None else f"{type(zone).__name__} {zone}"


_ATOMS: dict[type, Any] = {
    type(None): repr,
    bool: repr,
    int: repr,
    str: ascii,
    bytes: repr,
    float: float.hex,
    complex: repr,
    range: repr,
    decimal.Decimal: repr,
    fractions.Fraction: repr,
    uuid.UUID: repr,
    dt.date: repr,
    dt.timedelta: repr,
    dt.timezone: repr,
    dt.datetime: lambda moment: f"{moment.isoformat()} fold={moment.fold} {_zone(moment.tzinfo)}",
    dt.time: lambda moment: f"{moment.isoformat()} fold={moment.fold} {_zone(moment.tzinfo)}",
    ZoneInfo: lambda zone: zone.key,
    type: lambda cls: cls.__qualname__,
}
_VALUES = (tuple, frozenset, str, int, bytes, float, TelegramObject, enum.Enum)
_WITHOUT_ATTRIBUTES = {dict, list, tuple, set, frozenset, bytearray, deque, defaultdict}
_CONTAINERS = (dict, list, set, deque, bytearray)


def is_value(cls: type) -> bool:
    """Return True if no program can rely on the identity of its instances: see the design note on identity."""
    if issubclass(cls, _CONTAINERS):
        return False
    own_hash = cls.__hash__ is not None and cls.__hash__ is not object.__hash__
    return issubclass(cls, _VALUES) or (own_hash and cls.__eq__ is not object.__eq__)


def attributes(value: Any) -> dict[str, Any]:
    """Return all attributes of an instance, from its slots and its dict, sorted by name."""
    slots = [name for cls in type(value).__mro__ for name in _slots_of(cls)]
    found = {}
    for name in slots:
        try:
            found[name] = object.__getattribute__(value, name)
        except AttributeError:
            continue
    with contextlib.suppress(AttributeError):
        found.update(object.__getattribute__(value, "__dict__"))
    if isinstance(found.get("__pydantic_fields_set__"), set):
        found["__pydantic_fields_set__"] = tuple(sorted(found["__pydantic_fields_set__"]))
    return dict(sorted(found.items()))


def _slots_of(cls: type) -> list[str]:
    slots = cls.__dict__.get("__slots__", ())
    slots = [slots] if isinstance(slots, str) else list(slots)
    return [name for name in slots if name not in ("__dict__", "__weakref__")]


@dataclass
class Snapshot:
    """A record of one walk through a value.

    Attributes:
        tree: Nested tuples of texts; equal trees are equal values with equal identities.
        nodes: The objects whose identity counts, in the order of their first occurrence.
        shared: The number of references to an object that had occurred before.
        cycles: The number of these that lead back to an object around them.
        types: The number of occurrences of each class.
        by_functions: Instances of classes that are stored by functions.
    """

    bot: Any = None
    nodes: list[Any] = field(default_factory=list)
    types: Counter[type] = field(default_factory=Counter)
    by_functions: list[Any] = field(default_factory=list)
    shared: int = 0
    cycles: int = 0
    tree: Any = None
    _numbers: dict[int, int] = field(default_factory=dict)
    _around: set[int] = field(default_factory=set)

    @classmethod
    def of(cls, value: Any, bot: Any = None) -> Snapshot:
        """Look at a value."""
        snapshot = cls(bot)
        snapshot.tree = snapshot.look(value)
        return snapshot

    def look(self, value: Any) -> Any:
        """Look at a part of the value, and number its objects."""
        cls = type(value)
        self.types[cls] += 1
        if atom := _ATOMS.get(cls):
            return f"{cls.__name__} {atom(value)}"
        if issubclass(cls, enum.Enum):
            return f"{cls.__qualname__} {value._value_!r} {value is cls(value._value_)}"
        if cls in BY_FUNCTIONS:
            self.by_functions.append(value)
        if is_value(cls):
            return (cls.__qualname__, *self._parts(cls, value))
        known = self._numbers.get(id(value))
        if known is not None:
            self.shared += 1
            self.cycles += known in self._around
            return f"the object {known}"
        number = self._numbers[id(value)] = len(self.nodes)
        self.nodes.append(value)
        self._around.add(number)
        seen = (f"{number}: {cls.__qualname__}", *self._parts(cls, value))
        self._around.discard(number)
        return seen

    def _parts(self, cls: type, value: Any) -> list[Any]:
        if issubclass(cls, TelegramObject):
            return self._telegram(value)
        parts: list[Any] = []
        if issubclass(cls, dict):
            factory = getattr(value, "default_factory", None)
            parts = [("factory", getattr(factory, "__qualname__", "none")), *self._items(dict.items(value))]
        elif issubclass(cls, (list, tuple, deque)):
            parts = [("maxlen", repr(value.maxlen))] if issubclass(cls, deque) else []
            base = next(base for base in (list, tuple, deque) if issubclass(cls, base))
            parts += [self.look(item) for item in base.__iter__(value) if type(item) not in UNSTORABLE]
        elif issubclass(cls, (set, frozenset)):
            parts = [self.look(member) for member in in_order(value)]
        elif issubclass(cls, (str, bytes, bytearray, int, float)):
            base = next(base for base in (str, bytes, bytearray, int, float) if issubclass(cls, base))
            parts = [base.__repr__(value)]
        if cls in _WITHOUT_ATTRIBUTES:
            return parts
        return [*parts, *self._items(attributes(value).items())]

    def _items(self, items: Any) -> list[Any]:
        return [(self.look(key), self.look(item)) for key, item in items if type(item) not in UNSTORABLE]

    def _telegram(self, value: TelegramObject) -> list[Any]:
        bot = "no bot" if value._bot is None else "its bot" if value._bot is self.bot else "another bot"
        told = value.__getstate__().items()
        state = {name: inner for name, inner in told if inner is not None and not name.startswith("_")}
        return [
            bot,
            *self._items((name, dict(inner) if name == "api_kwargs" else inner) for name, inner in state.items()),
        ]


def in_order(members: Any) -> list[Any]:
    """Return the members of a set in an order that does not depend on their hashes."""
    return sorted(members, key=lambda member: repr(Snapshot.of(member).tree))


def difference(expected: Any, actual: Any, path: tuple[Any, ...] = ()) -> str:
    """Name the first place at which two trees differ; empty if there is none."""
    if expected == actual:
        return ""
    if isinstance(expected, tuple) and isinstance(actual, tuple):
        for one, other in zip(expected, actual):  # noqa: B905  other differences are reported below
            if one != other:
                return difference(one, other, (*path, expected[0] if isinstance(expected[0], str) else ""))
    return (
        f"at {' > '.join(step for step in path if step)}:\n  expected {_short(expected)}\n  actual   {_short(actual)}"
    )


def _short(tree: Any) -> str:
    text = repr(tree)
    return text if len(text) <= 400 else f"{text[:400]}..."
