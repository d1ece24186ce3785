"""Tests of dropping the keyboards that were used longest ago, and of the keyboards that a bot keeps."""

from __future__ import annotations

import asyncio
import dataclasses
import json
from datetime import timedelta

import pytest
from telegram.ext import ExtBot

from ptb_bucket import BucketPersistence
from ptb_bucket.cli import main
from ptb_bucket.errors import RefusedError
from ptb_bucket.stores import MemoryStore, StoreWrapper
from ptb_bucket.tools import open_state
from ptb_bucket.tools.sweeping import sweep

MONTH = timedelta(days=30)
AT_ONCE = timedelta(seconds=-5)
"""An age that everything has."""


@dataclasses.dataclass
class Cart:
    """A bot author's class, which the tools do not know."""

    items: int


def running(store, layout="per-record", codec="json"):
    bot = BucketPersistence(store, layout=layout, codec=codec, types=[Cart])
    bot.set_bot(ExtBot("123456:offline", arbitrary_callback_data=100))
    return bot


def keyboard(number, used=None):
    return (f"keyboard{number}", float(number if used is None else used), {"button": ("tea", number)})


async def filled(store, *numbers, **how):
    """Make a bot with these keyboards. Each was used at the time that is its number."""
    bot = running(store, **how)
    await bot.update_callback_data(([keyboard(number) for number in numbers], {"query": "keyboard1"}))
    return bot


async def swept(store, keep, older_than=MONTH, **how):
    async with open_state(store, keep_unknown=True) as state:
        return await sweep(state, older_than, keyboards=keep, **how)


async def stored(store, **how):
    keyboards, queries = await running(store, **how).get_callback_data()
    return [uuid for uuid, _, _ in keyboards], queries


@pytest.mark.parametrize("codec", ["json", "pickle"])
async def test_those_that_were_used_last_stay(codec):
    store = MemoryStore()
    await filled(store, 3, 1, 4, 2, codec=codec)
    before = await stored(store, codec=codec)
    dry = await swept(store, 2, dry_run=True)
    assert await stored(store, codec=codec) == before
    done = await swept(store, 2)
    assert done.keyboards == dry.keyboards == ["keyboard1", "keyboard2"]
    assert await stored(store, codec=codec) == (["keyboard3", "keyboard4"], {"query": "keyboard1"})
    assert (await swept(store, 2)).keyboards == []


async def test_without_a_number_none_is_dropped():
    store = MemoryStore()
    await filled(store, 1, 2)
    assert (await swept(store, None)).keyboards == []
    assert (await stored(store))[0] == ["keyboard1", "keyboard2"]


@pytest.mark.parametrize("layout", ["single", "per-type"])
async def test_a_bot_whose_keyboards_are_one_document_drops_them_itself(layout):
    store = MemoryStore()
    await filled(store, 1, 2, layout=layout)
    assert (await swept(store, 0)).keyboards == []
    assert (await stored(store, layout=layout))[0] == ["keyboard1", "keyboard2"]


async def test_what_is_dropped_goes_for_good_with_a_later_sweep():
    """The same sweep does not remove it, so that late writes can be recognised."""
    store = MemoryStore()
    await filled(store, 1, 2)
    assert (await swept(store, 1, AT_ONCE)).removed == []
    assert len((await swept(store, 1, AT_ONCE)).removed) == 1


@pytest.mark.parametrize("operation", ["get", "put"])
async def test_one_that_is_used_at_that_moment_stays(operation):
    """The bot uses it after the sweep has looked at all keyboards and before it drops this one."""
    store = MemoryStore()
    bot = await filled(store, 1, 2)
    looks = []

    class Racing(StoreWrapper):
        async def get(self, key, **how):
            found = await super().get(key, **how)
            looks.append(key)
            if operation == "get" and looks.count(key) == 3:  # what it is, whether it is empty, when it was used
                await press(key)
            return found

        async def put(self, key, data, mode):
            if operation == "put":
                await press(key)
            return await super().put(key, data, mode)

    async def press(key):
        if "keyboard1" in key:
            await bot.update_callback_data(([keyboard(1, 10), keyboard(2)], {}))

    done = await swept(Racing(store), 1)
    assert done.keyboards == []
    assert [key.rpartition("/")[2] for key in done.kept] == ["keyboard1.json"]
    assert (await stored(store))[0] == ["keyboard2", "keyboard1"]


async def test_a_bot_that_has_one_in_memory_saves_it_again_when_it_is_used():
    store = MemoryStore()
    bot = await filled(store, 1, 2)
    assert (await swept(store, 1)).keyboards == ["keyboard1"]
    await bot.update_callback_data(([keyboard(1, 10), keyboard(2)], {}))
    found, _ = await running(store).get_callback_data()
    assert found == [keyboard(2), keyboard(1, 10)]


async def test_classes_of_the_bots_need_not_be_known():
    store = MemoryStore()
    bot = running(store)
    await bot.update_callback_data(([("old", 1.0, {"b": Cart(1)}), ("new", 2.0, {"b": Cart(2)})], {}))
    assert (await swept(store, 1)).keyboards == ["old"]
    assert (await running(store).get_callback_data())[0] == [("new", 2.0, {"b": Cart(2)})]


async def test_where_the_bots_classes_are_needed_none_is_dropped_without_them():
    store = MemoryStore()
    bot = running(store, codec="pickle")
    await bot.update_callback_data(([("old", 1.0, {"b": Cart(1)}), ("new", 2.0, {"b": 2})], {}))
    with pytest.raises(RefusedError, match=r"callback_data\[old\].*No keyboards were dropped.*--types"):
        await swept(store, 1)
    assert (await stored(store, codec="pickle"))[0] == ["old", "new"]
    async with open_state(store, types=[Cart], keep_unknown=True) as state:
        assert (await sweep(state, MONTH, keyboards=1)).keyboards == ["old"]


async def test_the_verb_says_how_many(tmp_path, capsys):
    uri = f"file:{tmp_path}?layout=per-record"
    bot = BucketPersistence(uri)
    bot.set_bot(ExtBot("123456:offline", arbitrary_callback_data=100))
    await bot.update_callback_data(([keyboard(1), keyboard(2), keyboard(3)], {}))
    await bot.flush()

    async def sweeping(*options):
        assert await asyncio.to_thread(main, ["sweep", uri, *options]) == 0
        return capsys.readouterr().out

    assert "keyboard" not in await sweeping()
    assert "2 keyboards would be dropped\n" in await sweeping("--keyboards", "1", "--dry-run")
    assert "1 keyboard dropped\n" in await sweeping("--keyboards", "2")
    assert json.loads(await sweeping("--keyboards", "1", "--json"))["keyboards"] == ["keyboard2"]
    assert [uuid for uuid, _, _ in (await bot.get_callback_data())[0]] == ["keyboard3"]
