"""Tests of ``edit_user_data`` and its kin: a block is saved whole or not at all, beside a bot that runs."""

from __future__ import annotations

import pytest
from telegram.ext import ContextTypes, ExtBot

from ptb_bucket import BucketPersistence, edit_bot_data, edit_chat_data, edit_user_data
from ptb_bucket.errors import CannotLoadError, CannotStoreError, NotFoundError
from support.tools.edited_bots import BOT, Cart, remembered, running


class Book(dict):
    pass


@pytest.mark.parametrize("layout", ["single", "per-type", "per-record"])
async def test_edit_from_python(store, layout):
    bot = await remembered(store, layout=layout)
    live = (await bot.get_user_data())[42]
    async with edit_user_data(store, 42, types=[Cart]) as data:
        data["cart"].items.append(2)
        live["mine"] = True
        await bot.update_user_data(42, live)  # while the block is open
    async with edit_chat_data(store, -100) as data:
        data["title"] = "Friends"
    async with edit_bot_data(store, bot_id="123456") as data:
        data["x"] += 1
    await bot.refresh_user_data(42, live)
    assert (live["cart"], live["mine"]) == (Cart([1, 2]), True)
    new = running(store, layout=layout)
    assert (await new.get_chat_data(), await new.get_bot_data()) == ({-100: {"title": "Friends"}}, {"x": 2})


async def test_a_block_that_raises_or_makes_what_cannot_be_stored_saves_nothing(store):
    await remembered(store)
    before = await store.get("state.json")
    with pytest.raises(KeyError):
        async with edit_user_data(store, 42, types=[Cart]) as data:
            data["x"] = data["nothing"]
    with pytest.raises(CannotStoreError, match="user_data"):
        async with edit_user_data(store, 42, types=[Cart]) as data:
            data.update(x=1, y=object())
    with pytest.raises(CannotLoadError, match="Cart"):
        async with edit_user_data(store, 42) as data:
            raise AssertionError(data)
    async with edit_user_data(store, 8) as data:
        assert data == {}
    assert await store.get("state.json") == before


async def test_context_types_make_what_is_not_there(store):
    running(store)
    context_types = ContextTypes(user_data=Book)
    bot = BucketPersistence(store, context_types=context_types)
    bot.set_bot(ExtBot(BOT))
    await bot.update_bot_data({"x": 1})
    async with edit_user_data(store, 8, context_types=context_types) as data:
        data["title"] = "Emma"
    assert type(data) is Book
    async with edit_user_data(store, 8, context_types=context_types) as data:
        assert (type(data), data) == (Book, {"title": "Emma"})


async def test_no_state_is_made_by_editing(store):
    with pytest.raises(NotFoundError):
        async with edit_user_data(store, 8, bot_id="123456") as data:
            raise AssertionError(data)
    assert [info async for info in store.list()] == []
