"""Tests of the language of ``show --where``: what it finds, what it refuses, and that it runs nothing."""

from __future__ import annotations

import enum
from dataclasses import dataclass
from datetime import datetime, timezone
from decimal import Decimal

import pytest
from telegram.ext import ExtBot

from ptb_bucket import BucketPersistence
from ptb_bucket.codecs import JsonCodec, UnknownInstance
from ptb_bucket.errors import CannotLoadError, ConfigurationError
from ptb_bucket.state import Kind
from ptb_bucket.stores import MemoryStore
from ptb_bucket.tools import open_state, page_where
from ptb_bucket.tools.query import condition_of


class Step(enum.Enum):
    SIZE = 1


@dataclass
class Cart:
    items: list
    step: Step = Step.SIZE


PERSON = {
    "premium": True, "age": 30, "name": "Ada", "tags": ["vip", 7], "set": {1, 2}, "none": None, "zero": 0, "empty": "",
    "cart": Cart([{"price": 12.5}]), "unknown": UnknownInstance("Cart", {"step": UnknownInstance("Step", "SIZE")}),
    "since": datetime(2026, 1, 31, tzinfo=timezone.utc), 42: {"a.b": "x"}, "money": Decimal("9.5"), "and": 1,
}  # fmt: skip


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("premium == true", True), ("premium != true", False), ("premium", True), ("not premium", False),
        ("age >= 30", True), ("age > 30", False), ("age<31", True), ("30 <= age", True), ("age == 30.0", True),
        ("name == 'Ada'", True), ('name == "Ada"', True), ("name == 'A'", False), ("name < 'B'", True),
        ("'vip' in tags", True), ("8 in tags", False), ("8 not in tags", True), ("1 in set", True),
        ("'d' in name", True),
        ("'vip' in missing", False), ("missing == null", True), ("none == null", True), ("missing", False),
        ("zero", False), ("empty", False), ("zero == false", False), ("premium == 1", False), ("age == '30'", False),
        ("age < 'x'", False), ("age > 'x'", False), ("premium > false", False),
        ("cart.items[0].price > 10", True), ("cart.step == 'SIZE'", True), ("unknown.step == 'SIZE'", True),
        ("cart", True), ("cart.nothing", False), ('[42]["a.b"] == "x"', True),
        ("since >= '2026-01-01T00:00:00Z'", True),
        ("since < '2026-01-01T00:00:00+00:00'", False), ("since > '2026-01-01'", False), ("money > 9", True),
        ("premium and age > 40 or name == 'Ada'", True), ("premium and (age > 40 or name == 'Eve')", False),
        ("not (premium and not missing)", False), ("not not premium", True), ('["and"] == 1', True),
        ("true", True), ("1 == 1", True), ("age == -30", False), ("age == 3e1", True),
    ],
)  # fmt: skip
def test_conditions(text, expected):
    assert condition_of(text, JsonCodec())(PERSON) is expected


@pytest.mark.parametrize(
    "text",
    [
        "", "premium ==", "== true", "premium = true", "premium && age", "!premium", "(premium", "premium)",
        "age > 1 > 2", "premium true", "'open", "[1", "a..b", "a.", "len(tags)", "__import__('os').system('x')",
        "age + 1 == 2",
        "a == 007", "a == -01", "since > 2026-01-01", "city == New York",
        "a not b", "not", "and", "lambda: 1", "a ; b", "(" * 1000 + "a" + ")" * 1000, "not " * 1000 + "a", "a.1 == 2",
    ],
)  # fmt: skip
def test_anything_else_is_refused_with_its_place(text):
    with pytest.raises(ConfigurationError, match=r"character \d+|ambiguous|In brackets"):
        condition_of(text, JsonCodec())


@pytest.mark.parametrize("number", ["007", "-01", "٣", "1" * 5000, "1٣"])
def test_a_number_that_json_does_not_have_is_called_that(number):
    with pytest.raises(ConfigurationError, match=r"at character 8\. This is not a number in JSON"):
        condition_of(f"age == {number}", JsonCodec())


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("name == Ada", {"Ada"}), ("Ada != name", {"Ada"}), ("vip in tags", {"vip"}),
        ("premium and name < Eve", {"Eve"}),
        ("name == Ada.Lovelace", {"Ada.Lovelace"}), ("age == name", set()), ("name == 'Ada'", set()),
        ("missing == null", set()), ("missing", set()),
    ],
)  # fmt: skip
async def test_text_without_quotes_is_pointed_out(text, words):
    store = MemoryStore()
    bot = BucketPersistence(store, types=[Cart, Step])
    bot.set_bot(ExtBot("123456:offline"))
    await bot.update_user_data(1, {"x": 1})
    await bot.update_user_data(2, {key: PERSON[key] for key in ("age", "name", "tags", "premium")})
    await bot.flush()
    async with open_state(store, keep_unknown=True) as state:
        found = await page_where(state, Kind.USER, text, limit=3)
        assert set(found.unknown) == words
        assert (await page_where(state, Kind.CHAT, text, limit=3)).unknown == ()  # nobody to compare with


class Trap:
    """An object with code in every method that a careless comparison would call."""

    def __init__(self):
        self.value = 1

    def __eq__(self, other):
        raise AssertionError("code of the bot was run")

    __hash__ = object.__hash__
    __bool__ = __len__ = __lt__ = __gt__ = __iter__ = __contains__ = __eq__


@pytest.mark.parametrize("text", ["trap", "trap == 1", "trap < 1", "1 in trap", "trap == null", "trap.value == 1"])
def test_no_code_of_the_bot_is_run(text):
    condition_of(text, JsonCodec())({"trap": Trap()})


@pytest.mark.parametrize("codec", ["json", "pickle"])
@pytest.mark.parametrize("layout", ["single", "per-record"])
async def test_people_are_found(codec, layout):
    store = MemoryStore()
    bot = BucketPersistence(store, layout=layout, codec=codec, types=[Cart, Step])
    bot.set_bot(ExtBot("123456:offline"))
    for user in range(10):
        await bot.update_user_data(user, {"premium": user % 3 == 0, "cart": Cart([user])})
    await bot.update_chat_data(1, {"premium": True})
    await bot.flush()
    types = [Cart, Step] if codec == "pickle" else []
    async with open_state(store, types=types, keep_unknown=True) as state:
        found = await page_where(state, Kind.USER, "premium == true", limit=3)
        assert ([record.id for record, _ in found.records], found.more, found.total) == (["0", "3", "6"], True, 4)
        found = await page_where(state, Kind.USER, "cart.items[0] >= 8", limit=3)
        assert [record.id for record, _ in found.records] == ["8", "9"]


async def test_a_pickle_needs_the_classes():
    store = MemoryStore()
    bot = BucketPersistence(store, codec="pickle", types=[Cart, Step])
    bot.set_bot(ExtBot("123456:offline"))
    await bot.update_user_data(1, {"cart": Cart([1])})
    await bot.flush()
    async with open_state(store, keep_unknown=True) as state:
        with pytest.raises(CannotLoadError, match=r"user_data\[1\].*--types"):
            await page_where(state, Kind.USER, "premium", limit=3)
