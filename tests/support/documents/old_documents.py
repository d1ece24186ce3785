"""The content of the documents in ``tests/fixtures/documents``: one of everything that a bot can store.

This module uses only public names of ptb-bucket, because the release that writes the documents runs it too.
"""

from __future__ import annotations

import datetime as dt
import enum
from collections import Counter, OrderedDict, defaultdict, deque
from dataclasses import dataclass, field
from decimal import Decimal
from fractions import Fraction
from typing import Any, NamedTuple
from uuid import UUID
from zoneinfo import ZoneInfo

import attrs
import pydantic
from telegram import Chat, InlineKeyboardButton, InlineKeyboardMarkup, Location, Message, PhotoSize, User
from telegram.ext import ExtBot

from ptb_bucket import BucketPersistence, Sealing, StoredAs
from ptb_bucket.offline_telegram import OfflineRequest, OfflineTelegram
from ptb_bucket.state import HANDLED

KEY = "YSBrZXkgZm9yIHRlc3RzLCBhbmQgbm90aGluZyBlbHNl"
SEALINGS: dict[str, dict[str, Any]] = {
    "plain": {},
    "signed": {"signing_keys": KEY},
    "encrypted": {"encryption_keys": KEY},
    "compressed": {"compression": "gzip"},
}
AXES = ("single", "per-type", "per-record"), ("json", "pickle"), tuple(SEALINGS)
"""The layouts, codecs and sealings."""
DROPPED = 5
"""A user that was there once."""


class Step(enum.Enum):
    SIZE = "size"
    DONE = 2


class Flag(enum.IntFlag):
    RED = 1
    BLUE = 4


@dataclass
class Item:
    name: str
    price: Decimal = Decimal(0)
    tags: set[str] = field(default_factory=set)


@dataclass(frozen=True)
class Point:
    x: int
    y: int


@dataclass(slots=True)
class Slotted:
    a: int
    b: list[int]


class Pair(NamedTuple):
    left: int
    right: str


@attrs.define
class Attrs:
    n: int
    more: list[int] = attrs.field(factory=list)


class Model(pydantic.BaseModel):
    title: str
    parts: list[int] = []


class Plain:
    """A plain class, as bot authors write it."""

    def __init__(self, name: str) -> None:
        self.name, self.items = name, [name]


class Basket(dict[str, int]):
    """A bot author's subclass of dict."""


class Money:
    def __init__(self, amount: int, currency: str) -> None:
        self.amount, self.currency = amount, currency


TYPES: list[Any] = [
    Step, Flag, Item, Point, Slotted, Pair, Attrs, Model, Plain, Basket,
    StoredAs(Money, encode=lambda money: [money.amount, money.currency], decode=lambda value: Money(*value)),
]  # fmt: skip


def native() -> dict[Any, Any]:
    """Return a value of each of Python's own types."""
    noon = dt.datetime(2026, 7, 1, 12, 30, 15, 250)  # noqa: DTZ001  bots store such ones
    return {
        "none": None, "yes": True, "int": -7, "big": 2**80, "float": 0.1, "inf": float("-inf"), "nan": float("nan"),
        "text": 'é "quoted"\n\u2028 \U0001f600', "surrogate": "\ud800", "bytes": b"\x00\xff", "array": bytearray(b"ab"),
        "tuple": (1, (2,), []), "set": {1, "a", (2, 3)}, "frozen": frozenset({1.5}), "deque": deque([1, 2], 5),
        "defaultdict": defaultdict(list, a=[1]), "counter": Counter("hello"), "ordered": OrderedDict(b=1, a=2),
        "datetime": noon, "utc": noon.replace(tzinfo=dt.timezone.utc),
        "zone": noon.replace(tzinfo=ZoneInfo("Europe/Berlin")),
        "date": noon.date(), "time": noon.time(), "delta": dt.timedelta(days=-1, microseconds=3),
        "offset": dt.timezone(dt.timedelta(hours=-3), "here"), "decimal": Decimal("1.10"), "fraction": Fraction(1, 3),
        "uuid": UUID(int=5), "complex": 1 - 2j, "range": range(1, 9, 2),
        42: "int key", True: "bool key", None: "no key", (1, "a"): "tuple key", 1.5: "float key", "$tag": {"$id": 1},
        "deep": {"list": [{"a": [1, [2, {"b": ()}]]}]},
    }  # fmt: skip


def telegram() -> dict[str, Any]:
    """Return Telegram objects."""
    ada, chat = User(42, "Ada", False, username="ada"), Chat(-100123, "supergroup", title="Engines")  # noqa: FBT003  PTB's
    sent = dt.datetime(2026, 1, 2, tzinfo=dt.timezone.utc)
    photo = PhotoSize("file", "unique", 90, 60)
    message = Message(7, sent, chat, from_user=ada, caption="look", photo=[photo], api_kwargs={"newer": {"a": [1]}})
    keyboard = InlineKeyboardMarkup([[InlineKeyboardButton("go", callback_data="x")]])
    return {"user": ada, "message": message, "where": Location(1.5, 2.5), "keyboard": keyboard, "seen": {ada: 1}}


def registered() -> dict[str, Any]:
    """Return instances of the bot's registered classes."""
    plain = Plain("Bo")
    plain.extra = Pair(1, "r")  # type: ignore[attr-defined]  as bot authors do
    return {
        "item": Item("tea", Decimal("2.50"), {"hot"}), "point": Point(1, 2), "slotted": Slotted(1, [2]),
        "pair": Pair(3, "x"),
        "attrs": Attrs(1, [2]), "model": Model(title="t", parts=[1]), "plain": plain, "basket": Basket(a=1),
        "money": Money(5, "EUR"), "step": Step.SIZE, "flag": Flag.RED | Flag.BLUE,
        "by step": {Step.DONE: [Item("rum")]},
    }  # fmt: skip


USERS = {1: native, 2: telegram, 3: registered, 4: lambda: {"name": "Ada", "visits": [1, 2, 3]}}
CHATS = {-100123: lambda: {"members": {42: "Ada"}, "log": ["a", "b"]}, 7: lambda: {"private": True}}
CONVERSATIONS = {
    ("order", (42, 42)): Step.SIZE, ("order", (-100123, 42, 7)): ("paying", 2), ("order", (43,)): 0,
    ("Adresse für später", (42, 'inline "id"')): "street",
}  # fmt: skip
KEYBOARDS = [
    ("0" * 31 + "1", 1767225600.25, {"a" * 32: ("chose", "tea"), "b" * 32: {"n": [1]}}),
    ("0" * 31 + "2", 1767225700.5, {"c" * 32: Pair(1, "z")}),
]
QUERIES = {"4242": "0" * 31 + "1"}
UPDATES = [10_001, 10_002, 10_007]


def bot_data() -> dict[str, Any]:
    """Return the content of bot_data."""
    return {"people": {1, 2}, "count": 3, "config": {"lang": "de", "since": dt.date(2026, 1, 1)}}


def opened(where: object, layout: str, codec: str, how: str, **options: Any) -> BucketPersistence:
    """Open a persistence on one combination."""
    sealing = Sealing(environment={}, **SEALINGS[how])
    persistence = BucketPersistence(
        where, layout=layout, codec=codec, types=TYPES, sealing=sealing, refresh_interval=0, **options
    )  # fmt: skip
    request = OfflineRequest(OfflineTelegram())
    persistence.set_bot(
        ExtBot("123456:offline", arbitrary_callback_data=True, request=request, get_updates_request=request)
    )
    return persistence


async def write(persistence: BucketPersistence) -> None:
    """Store all of it, in a few commits. On per-record, leave an empty document of one user."""
    await persistence.update_user_data(DROPPED, {"name": "Gone"})
    await persistence.update_bot_data(bot_data())
    for number, make in USERS.items():
        await persistence.update_user_data(number, make())
    for number, make in CHATS.items():
        await persistence.update_chat_data(number, make())
    for (name, key), state in CONVERSATIONS.items():
        await persistence.update_conversation(name, key, state)
    await persistence.update_callback_data((KEYBOARDS, QUERIES))
    persistence._session.replica.stage(HANDLED, UPDATES)
    await persistence.drop_user_data(DROPPED)
    await persistence.flush()


async def read(persistence: BucketPersistence) -> dict[str, Any]:
    """Load everything that PTB would receive."""
    names = dict.fromkeys(name for name, _ in CONVERSATIONS)
    return {
        "bot": await persistence.get_bot_data(),
        "chats": await persistence.get_chat_data(),
        "users": await persistence.get_user_data(),
        "callback": await persistence.get_callback_data(),
        "conversations": {name: await persistence.get_conversations(name) for name in names},
    }


def expected() -> dict[str, Any]:
    """Return the expected result of :func:`read`."""
    conversations: dict[str, dict[Any, Any]] = {}
    for (name, key), state in CONVERSATIONS.items():
        conversations.setdefault(name, {})[key] = state
    return {
        "bot": bot_data(),
        "chats": {number: make() for number, make in CHATS.items()},
        "users": {number: make() for number, make in USERS.items()},
        "callback": (KEYBOARDS, QUERIES),
        "conversations": conversations,
    }
