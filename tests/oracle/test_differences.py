"""Tests of the documented differences from PicklePersistence: all of them still exist, and no others do."""

from __future__ import annotations

import dataclasses
import re
import sys
from functools import partial
from pathlib import Path
from typing import Any

import pytest
from telegram import Bot as TelegramBot
from telegram import InputMediaPhoto

from ptb_bucket.codecs import BotReference
from ptb_bucket.errors import UnreadableRecordError
from ptb_bucket.stores import MemoryStore
from support.documents.virtual_time import run_virtually
from support.oracle.applications import Bot, Combination
from support.oracle.classes import TYPES, Cart, Unregistered
from support.oracle.snapshots import Snapshot

PAGE = Path(__file__).parents[2] / "docs" / "reference" / "differences.md"
TEXT = PAGE.read_text(encoding="utf-8")
ROWS = re.findall(r"^\| (\S[^|]*?) \| (both|json|pickle) \|", TEXT, re.MULTILINE)
BELOW = re.findall(r"^\* \*\*([^*,]+)", TEXT, re.MULTILINE)
"""The beginnings of the differences below the table."""
CODECS = {name: ("json", "pickle") if codecs == "both" else (codecs,) for name, codecs in ROWS}
CODECS |= dict.fromkeys(BELOW, ("json", "pickle"))
MODULUS = sys.hash_info.modulus
"""Its multiples have one hash."""


def of_one_hash(count: int) -> range:
    return range(MODULUS, (count + 1) * MODULUS, MODULUS)


class MadeByFunction:
    def __reduce__(self) -> Any:
        return make, ()


def make() -> MadeByFunction:
    return MadeByFunction()


class Keeper:
    """A class that keeps the bot, which PTB itself could not copy."""

    def __init__(self, bot: TelegramBot) -> None:
        self.bot = bot

    def __deepcopy__(self, memo: dict[int, Any]) -> Keeper:
        return self


class MadeFromItself:
    def __init__(self, parts: list[Any]) -> None:
        self.parts = parts

    def __reduce__(self) -> Any:
        return MadeFromItself, (self.parts,)


def _made_from_itself() -> Any:
    parts: list[Any] = []
    parts.append(MadeFromItself(parts))
    return parts[0]


def _nested() -> Any:
    value: list[Any] = []
    for _ in range(150):
        value = [value]
    return value


def _at_two_places() -> Any:
    value = tuple(["a", "b"])  # noqa: C409  not one that the compiler shares
    return [value, value]


REFUSED = {
    "unregistered class": Unregistered,
    "code as a value": lambda: Cart,
    "code as a value, by __reduce__": MadeByFunction,
    "made from itself": _made_from_itself,
    "very deep nesting": _nested,
    "keys with the same text": lambda: {float("nan"): 1, float("nan"): 2},
    "More than 64 keys of a dict": lambda: dict.fromkeys(of_one_hash(65)),
    "More than 64 keys of a dict, or members of a set": lambda: set(of_one_hash(65)),
}
"""Values that are refused, though PicklePersistence stores them. Names after a comma are further examples of a row."""
MARKER = 'PTB\'s marker for "as `Defaults` say"'
CHANGED = "Classes that changed since the value was stored"


def row(name: str) -> str:
    return name.partition(",")[0]


def test_there_are_at_most_eight_and_each_has_its_test():
    others = {"bot as a value", "value at two places", "empty data", MARKER, CHANGED}
    assert set(CODECS) == {*map(row, REFUSED), *others}
    assert len(ROWS) <= 8


@pytest.fixture
def ptb(tmp_path):
    return Bot.on_pickle(tmp_path / "bot.pickle")


def ours(codec: str) -> Bot:
    return Bot.on_bucket(
        MemoryStore(),
        Combination("single", codec, bucket_application=True),
        [*TYPES, MadeByFunction, MadeFromItself, Keeper],
    )


@pytest.mark.parametrize("codec", ["json", "pickle"])
@pytest.mark.parametrize("name", REFUSED)
def test_it_is_refused_by_its_path_and_its_neighbours_are_saved(name, codec, ptb):
    make_it = REFUSED[name]
    theirs = run_virtually(_kept(ptb, make_it))
    bot = ours(codec)
    found = run_virtually(_kept(bot, make_it))
    assert theirs["keys"] == ["good", "it", "last"]
    if codec not in CODECS[row(name)]:
        assert (found["keys"], bot.errors) == (theirs["keys"], [])
        assert (found["tree"] == theirs["tree"]) == (name != "made from itself")  # two objects there, and one here
        return
    assert found["keys"] == ["good", "last"]
    assert any('user_data[42]["it"]' in str(error) for error in bot.errors)


@pytest.mark.parametrize("codec", ["json", "pickle"])
def test_a_value_at_two_places_comes_back_as_two_equal_ones(codec, ptb):
    one, other = (run_virtually(_kept(bot, _at_two_places)) for bot in (ptb, ours(codec)))
    assert one["tree"] == other["tree"]
    assert one["it"][0] is one["it"][1]
    assert (other["it"][0] is other["it"][1]) == (codec not in CODECS["value at two places"])


@pytest.mark.parametrize("codec", ["json", "pickle"])
def test_a_bot_comes_back_as_a_reference(codec, ptb):
    theirs, found = (run_virtually(_with_its_bot(bot)) for bot in (ptb, ours(codec)))
    assert isinstance(theirs, TelegramBot)
    assert (found == BotReference(is_live=True)) == (codec in CODECS["bot as a value"])


@pytest.mark.parametrize("codec", ["json", "pickle"])
def test_64_keys_of_one_hash_are_stored(codec):
    found = run_virtually(_kept(ours(codec), lambda: dict.fromkeys(of_one_hash(64))))
    assert len(found["it"]) == 64


@pytest.mark.parametrize("codec", ["json", "pickle"])
def test_the_marker_for_defaults_comes_back(codec, ptb):
    new = InputMediaPhoto("f", caption="c")
    theirs, found = (run_virtually(_kept(bot, lambda: new))["it"].parse_mode for bot in (ptb, ours(codec)))
    assert (new.parse_mode is None, theirs is None) == (False, True)
    assert (found is new.parse_mode) == (codec in CODECS[MARKER])


def _sheets() -> list[Any]:
    """Before and after somebody renamed a field."""
    found = [dataclasses.make_dataclass("Sheet", fields) for fields in (("name", "hp"), ("full_name", "hp"))]
    for cls in found:
        cls.__module__ = __name__
    return found


@pytest.mark.parametrize("codec", ["json", "pickle"])
def test_a_record_whose_class_renamed_a_field_is_refused_by_name(codec, ptb, monkeypatch):
    store, classes = MemoryStore(), _sheets()
    options = Combination("single", codec, bucket_application=True)
    run_virtually(_changed([ptb, ptb], classes, monkeypatch))
    half = ptb.app.user_data[42]["it"]
    assert (type(half), vars(half), ptb.errors) == (classes[1], {"name": "Ada", "hp": 1}, [])
    with pytest.raises(UnreadableRecordError, match=r"user_data\[42\].* Sheet .*'name'.*'full_name'"):
        run_virtually(_changed([Bot.on_bucket(store, options, [cls]) for cls in classes], classes, monkeypatch))


async def _changed(bots: list[Bot], classes: list[Any], monkeypatch: Any) -> None:
    for bot, cls in zip(bots, classes, strict=True):
        monkeypatch.setattr(sys.modules[__name__], "Sheet", cls, raising=False)
        await bot.start()
        await bot.handle(42, 42, partial(_with_a_sheet, cls))


def _with_a_sheet(cls: Any, context: Any) -> None:
    context.user_data.setdefault("it", cls("Ada", 1))


async def _with_its_bot(bot: Bot) -> Any:
    await bot.start()
    await bot.handle(42, 42, lambda context: context.user_data.update(it=Keeper(context.bot)))
    await bot.start()
    seen: list[Any] = []
    await bot.handle(42, 42, lambda context: seen.append(context.user_data["it"].bot))
    return seen[0]


@pytest.mark.parametrize("codec", ["json", "pickle"])
def test_an_emptied_user_has_no_entry(codec, ptb):
    assert run_virtually(_users(ptb)) == {42: {}}
    assert run_virtually(_users(ours(codec))) == ({} if codec in CODECS["empty data"] else {42: {}})


async def _users(bot: Bot) -> dict[int, Any]:
    await bot.start()
    await bot.handle(42, 42, lambda context: context.user_data.update(a=1))
    await bot.handle(42, 42, lambda context: context.user_data.clear())
    await bot.restart()
    found = dict(bot.app.user_data)
    await bot.stop()
    return found


async def _kept(bot: Bot, make_it: Any) -> dict[str, Any]:
    """Return the state after a process that stored a value and ended without a stop."""
    await bot.start()
    await bot.handle(42, 42, lambda context: context.user_data.update(good=1, it=make_it(), last=2))
    await bot.start()
    seen: list[dict[str, Any]] = []

    def look(context: Any) -> None:
        data = context.user_data
        seen.append({"keys": list(data), "tree": Snapshot.of(data).tree, "it": data.get("it")})

    await bot.handle(42, 42, look)
    return seen[0]
