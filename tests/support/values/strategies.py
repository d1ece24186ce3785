"""Hypothesis strategies for all storable values, the classes to register, and an independent comparison."""

from __future__ import annotations

import dataclasses
import datetime as dt
import enum
import functools
import math
from collections import Counter, OrderedDict, defaultdict, deque
from typing import Any
from zoneinfo import ZoneInfo

import attrs
import pydantic
from hypothesis import strategies as st
from telegram import (
    Chat,
    InlineKeyboardButton,
    InlineKeyboardMarkup,
    Location,
    Message,
    MessageEntity,
    PhotoSize,
    TelegramObject,
    Update,
    User,
)
from telegram.constants import ChatType

from support.values.author_classes import Amount, Colour, Level, Name, Point, Rights, Stack, Tags


@dataclasses.dataclass
class Cart:
    owner: Any
    items: list[Any] = dataclasses.field(default_factory=list)


@dataclasses.dataclass(frozen=True, slots=True)
class Frozen:
    first: Any
    second: Any = "second"


class Model(pydantic.BaseModel):
    number: int
    anything: Any = None


@attrs.define
class Attrs:
    first: Any
    second: list[Any] = attrs.field(factory=list)


@attrs.frozen(slots=False)
class FrozenAttrs:
    first: Any


class Basket(dict):
    pass


class ObjectId:
    """A class like bson's ObjectId: one slot, and a state that is not a dict."""

    __slots__ = ("_id",)

    def __init__(self, value: bytes) -> None:
        self._id = value

    def __getstate__(self) -> bytes:
        return self._id

    def __setstate__(self, state: bytes) -> None:
        self._id = state

    def __eq__(self, other: object) -> bool:
        return isinstance(other, ObjectId) and self._id == other._id

    def __hash__(self) -> int:
        return hash(self._id)


class Plain:
    def __init__(self, value: Any) -> None:
        self.value = value


class Slotted:
    __slots__ = ("left", "right")

    def __init__(self, left: Any) -> None:
        self.left = left


class Both(Slotted):
    def __init__(self, left: Any, more: Any) -> None:
        super().__init__(left)
        self.more = more


TYPES = [
    *(Cart, Frozen, Colour, Level, Rights, Model, Attrs, FrozenAttrs, Point, Name, Amount, Basket, Stack, Tags),
    *(ObjectId, Plain, Slotted, Both),
]

_ZONES = st.sampled_from(
    [dt.timezone.utc, dt.timezone(dt.timedelta(hours=-3, minutes=-30)), dt.timezone(dt.timedelta(hours=2), "summer")]
    + [ZoneInfo(key) for key in ("UTC", "Europe/Berlin", "America/St_Johns")]
)


def _folded(moment: Any, fold: int) -> Any:
    return moment.replace(fold=fold)


@functools.cache
def texts() -> st.SearchStrategy[str]:
    """Make strings, some that look like our markers and some with lone surrogates."""
    alike = st.sampled_from(["", "$", "$tuple", "$42", '$"a"', "$true", "$$", "\ud83d\ude00", "\ud800", "\u2028\n\r"])
    return st.one_of(st.text(max_size=8), alike, st.text(st.characters(codec=None), max_size=4))


@functools.cache  # the same ones for all tests, because making them takes long
def hashables() -> st.SearchStrategy[Any]:
    """Make values for keys and members of sets, but no two equal values of different types."""
    floats = st.floats().map(lambda number: math.nan if math.isnan(number) else number)
    times = [st.datetimes(timezones=st.none() | _ZONES), st.times(timezones=st.none() | _ZONES)]
    leaves = st.one_of(
        texts(),
        st.integers() | st.sampled_from([1 << 2100, -(1 << 2000)]),
        floats,
        st.booleans() | st.none(),
        st.binary(max_size=5),
        st.builds(_folded, st.one_of(*times), st.sampled_from([0, 1])),
        st.dates() | st.timedeltas() | _ZONES,
        st.decimals(allow_nan=False) | st.fractions() | st.complex_numbers(allow_nan=False) | st.uuids(),
        st.sampled_from([*Colour, *Level, *ChatType, Rights.READ | Rights.WRITE, Rights(0)]),
        st.builds(Name, texts()) | st.builds(Amount, st.integers()) | st.builds(ObjectId, st.binary(max_size=3)),
        st.builds(range, st.integers(0, 9), st.integers(0, 9)),
    )
    return st.recursive(leaves, lambda inner: st.lists(inner, max_size=2).map(tuple) | _frozen(inner), max_leaves=3)


def _frozen(inner: st.SearchStrategy[Any]) -> st.SearchStrategy[Any]:
    return st.lists(inner, max_size=3).map(frozenset) | st.builds(Point, inner, inner) | st.builds(Frozen, inner)


def telegram_objects(inner: st.SearchStrategy[Any] | None = None) -> st.SearchStrategy[Any]:
    """Make Telegram objects. Keyboards have values of ``inner`` as callback data."""
    names = st.text(st.characters(codec="utf-8"), min_size=1, max_size=5)
    ids = st.integers(1, 2**52)
    users = st.builds(User, ids, names, st.booleans(), username=st.none() | names)
    chats = st.builds(Chat, ids, st.sampled_from(["private", "group", "new kind"]), title=st.none() | names)
    data = inner if inner is not None else texts()
    buttons = st.builds(InlineKeyboardButton, names, callback_data=data)
    keyboards = st.lists(st.lists(buttons, max_size=2), max_size=2).map(InlineKeyboardMarkup)
    dates = st.datetimes(dt.datetime(2015, 1, 1), dt.datetime(2030, 1, 1), timezones=_ZONES)  # noqa: DTZ001  naive bounds
    messages = st.builds(
        Message,
        ids,
        dates | dates.map(lambda date: date.astimezone(dt.timezone.utc).replace(microsecond=0)),
        chats,
        from_user=st.none() | users,
        text=st.none() | names,
        entities=st.lists(st.builds(MessageEntity, st.sampled_from(["bold", "odd"]), ids, ids), max_size=2),
        photo=st.lists(st.builds(PhotoSize, names, names, ids, ids), max_size=1),
        reply_markup=st.none() | keyboards,
        location=st.none() | st.builds(Location, st.floats(-90, 90), st.floats(-90, 90)),
    )
    return st.one_of(users, chats, keyboards, messages, st.builds(Update, ids, message=messages))


def _containers(inner: st.SearchStrategy[Any]) -> st.SearchStrategy[Any]:
    lists = st.lists(inner, max_size=3)
    keyed = st.lists(st.tuples(hashables(), inner), max_size=3).map(dict)
    return st.one_of(
        lists,
        keyed,
        lists.map(tuple) | lists.map(Stack),
        st.lists(hashables(), max_size=3).map(set) | st.lists(hashables(), max_size=3).map(Tags),
        st.builds(deque, lists, st.none() | st.integers(0, 4)),
        st.builds(defaultdict, st.sampled_from([None, list, int, Cart, Counter]), keyed),
        keyed.map(OrderedDict) | keyed.map(Basket) | st.lists(hashables(), max_size=3).map(Counter),
        st.builds(Cart, inner, lists) | st.builds(Frozen, inner) | st.builds(Point, inner, inner),
        st.builds(Attrs, inner) | st.builds(FrozenAttrs, inner) | st.builds(Both, inner, inner),
        st.builds(Plain, inner) | st.builds(Slotted, inner),
        st.builds(Model, number=st.integers()) | st.builds(Model, number=st.integers(), anything=inner),
        telegram_objects(inner),
    )


@functools.cache
def storable() -> st.SearchStrategy[Any]:
    """Make any value that both codecs store when :data:`TYPES` are registered."""
    leaves = st.one_of(hashables(), telegram_objects(), st.binary(max_size=3).map(bytearray))
    return st.recursive(leaves, _containers, max_leaves=8)


def identical(one: Any, other: Any) -> bool:
    """Return True if two values have the same content and types in the same order, except for the order of sets."""
    if type(one) is not type(other):
        return False
    if isinstance(one, enum.Enum) or one is None:
        return one is other
    for cls, said in _SAID.items():
        if isinstance(one, cls):
            return said(one) == said(other) and identical(getattr(one, "tzinfo", None), getattr(other, "tzinfo", None))
    return _identical_parts(one, other)


_SAID: dict[type, Any] = {
    float: float.hex,
    complex: repr,
    dt.timezone: repr,
    range: repr,
    dt.datetime: lambda moment: (repr(moment), str(moment.tzinfo)),
    dt.time: lambda moment: (repr(moment), str(moment.tzinfo)),
    ZoneInfo: lambda zone: zone.key,
}


def _identical_parts(one: Any, other: Any) -> bool:
    if isinstance(one, dict):
        factories = getattr(one, "default_factory", None) is getattr(other, "default_factory", None)
        return factories and _in_order(one.items(), other.items())
    if isinstance(one, list | tuple | deque):
        return getattr(one, "maxlen", 0) == getattr(other, "maxlen", 0) and _in_order(one, other)
    if isinstance(one, set | frozenset):
        rest = list(other)
        return len(one) == len(rest) and all(any(identical(member, inner) for inner in rest) for member in one)
    if isinstance(one, TelegramObject):
        return identical(_told(one), _told(other))
    if isinstance(one, str | int | bytes | bytearray):
        return one == other and identical(getattr(one, "__dict__", None), getattr(other, "__dict__", None))
    state = [_attributes(one), _attributes(other)]
    return identical(*state) if state[0] else str(one) == str(other)


def _told(value: TelegramObject) -> dict[str, Any]:
    return {name: inner for name, inner in value.__getstate__().items() if not name.startswith("_effective")}


def _attributes(value: Any) -> dict[str, Any]:
    slots = [name for cls in type(value).__mro__ for name in getattr(cls, "__slots__", ())]
    found = {name: getattr(value, name) for name in slots if hasattr(value, name) and not name.startswith("__")}
    extra = {"fields set": sorted(value.model_fields_set)} if isinstance(value, pydantic.BaseModel) else {}
    return {**found, **dict(sorted(getattr(value, "__dict__", {}).items())), **extra}


def _in_order(one: Any, other: Any) -> bool:
    return len(one) == len(other) and all(identical(a, b) for a, b in zip(one, other, strict=True))
