"""Tests of an Application's saves: their times, their costs, and their failures."""

from __future__ import annotations

import threading
from dataclasses import dataclass, field

import pytest
from telegram.ext import CommandHandler, ContextTypes

from ptb_bucket import BucketPersistence
from ptb_bucket.errors import CannotStoreError, StoreError, UnavailableError, UnsavedError
from ptb_bucket.stores import MemoryStore, StoreWrapper
from ptb_bucket.testing.faults import Fault, FaultyStore
from support.applications.restarting_bot import World, asked

PUTS = {"single": 1, "per-type": 5, "per-record": 5}


class Watched(StoreWrapper):
    """A store that runs a function at each put."""

    def __init__(self, store, watch):
        super().__init__(store)
        self._watch = watch

    async def put(self, key, data, mode):
        self._watch()
        return await super().put(key, data, mode)


async def test_three_thousand_dirty_users_are_one_put(world):
    async with world.running() as app:
        for user in range(3000):
            app.user_data[user]["n"] = user
        app.mark_data_for_update_persistence(user_ids=range(3000))
        await app.update_persistence()
        assert (app.persistence.stats.writes, app.persistence.stats.commits) == (1, 1)
    users = (await world.state())[2]
    assert users == {user: {"n": user} for user in range(3000)}


async def test_one_run_writes_each_changed_document_once(everywhere):
    ada = everywhere.telegram.user(42, "Ada")
    async with everywhere.running() as app:
        await asked(ada, app, "/count", "/offer", "/order")
        await app.update_persistence()
        assert app.persistence.stats.writes == PUTS[everywhere.options["layout"]]


async def test_nothing_changed_is_no_write(everywhere):
    ada = everywhere.telegram.user(42, "Ada")
    async with everywhere.running() as app:
        await asked(ada, app, "/count", "/offer", "/order")
    async with everywhere.running() as app:
        await app.update_persistence()
        await asked(ada, app, "/unheard-of")
        app.mark_data_for_update_persistence(chat_ids=42, user_ids=[42, 4711])
        await app.update_persistence()
    assert app.persistence.stats.writes == 0


async def test_stop_does_not_save_and_shutdown_does_after_the_bot_was_closed(world):
    closed = []
    store = Watched(MemoryStore(), lambda: closed.append(app.bot.request._closed))
    app = world.build(BucketPersistence(store))
    ada = world.telegram.user(42, "Ada")
    await app.initialize()
    await app.start()
    await asked(ada, app, "/count")
    await app.stop()
    assert closed == []
    await app.shutdown()
    assert closed == [True]


async def test_a_bot_that_cannot_save_at_shutdown_says_so_and_can_try_again(world):
    down = [True]
    store = FaultyStore(MemoryStore(), lambda what, _: Fault.UNAVAILABLE if down[0] and what == "put" else None)
    app = world.build(BucketPersistence(store, commit_timeout=0.01))
    await app.initialize()
    await asked(world.telegram.user(42, "Ada"), app, "/count")
    with pytest.raises(UnsavedError):
        await app.shutdown()
    down[0] = False
    await app.shutdown()
    assert (await World(store).state())[1] == {42: {42: 1}}


async def test_a_failed_save_goes_to_the_error_handlers_once_and_is_made_up_for(world):
    down = [True]
    store = FaultyStore(MemoryStore(), lambda what, _: Fault.UNAVAILABLE if down[0] and what == "put" else None)
    async with world.running(persistence=BucketPersistence(store, commit_timeout=0.01)) as app:
        await asked(world.telegram.user(42, "Ada"), app, "/count")
        await app.update_persistence()
        assert [type(error) for error in world.errors] == [UnavailableError]
        assert app.persistence.stats.pending == ("bot_data", "chat_data[42]", "user_data[42]")
        down[0] = False
        await app.update_persistence()  # PTB has forgotten that they are dirty
        assert app.persistence.stats.pending == ()
        assert (await World(store).state())[1] == {42: {42: 1}}
    assert len(world.errors) == 1


async def test_one_bad_value_goes_to_the_error_handlers_and_everything_else_is_saved(everywhere):
    class Unstorable(threading.local):
        def __deepcopy__(self, memo):
            return self

    ada = everywhere.telegram.user(42, "Ada")
    app = everywhere.build()
    await app.initialize()
    await asked(ada, app, "/count", "/offer", "/order")
    app.user_data[42]["job"] = Unstorable()
    await app.update_persistence()
    assert [type(error) for error in everywhere.errors] == [CannotStoreError]
    assert "user_data[42]" in str(everywhere.errors[0])
    state = await everywhere.state()
    assert (state[0]["people"], state[1], len(state[3][0]), len(state[4])) == ({42}, {42: {42: 1}}, 1, 1)
    assert list(state[2][42]) == ["visits"]
    with pytest.raises(UnsavedError, match=r"user_data\[42\]"):
        await app.shutdown()
    app.user_data[42]["job"] = "none"
    app.mark_data_for_update_persistence(user_ids=42)
    await app.shutdown()
    assert (await everywhere.state())[2][42]["job"] == "none"


async def test_a_store_that_cannot_be_read_stops_the_start(world):
    store = FaultyStore(MemoryStore(), lambda what, _: Fault.DENIED if what == "get" else None)
    app = world.build(BucketPersistence(store))
    with pytest.raises(StoreError):
        await app.initialize()
    await app.bot.shutdown()
    await app.updater.shutdown()
    assert app.persistence.stats.writes == 0


# ---------------------------------------------------------------- bot authors' types


@dataclass
class Profile:
    """User data with attributes."""

    name: str = ""
    visits: list[int] = field(default_factory=list)


class Shelf(dict):
    """Chat data of a class that the bot's author wrote."""


async def visit(update, context):
    context.user_data.name = update.effective_user.first_name
    context.user_data.visits.append(len(context.user_data.visits))
    context.chat_data["last"] = context.user_data.name


TYPES = ContextTypes(user_data=Profile, chat_data=Shelf)


async def test_data_of_ones_own_types_comes_back_as_such(everywhere):
    everywhere.options["context_types"] = TYPES
    everywhere.handlers = (lambda: CommandHandler("visit", visit),)
    ada = everywhere.telegram.user(42, "Ada")
    for _ in range(3):
        async with everywhere.running(context_types=TYPES) as app:
            await ada.send(app, "/visit")
    async with everywhere.running(context_types=TYPES) as app:
        assert app.user_data[42] == Profile("Ada", [0, 1, 2])
        assert type(app.chat_data[42]) is Shelf
        assert app.chat_data[42] == {"last": "Ada"}
        assert app.user_data[43] == Profile()
    assert everywhere.errors == []


async def test_an_untouched_default_of_ones_own_type_is_not_stored(world):
    world.options["context_types"] = TYPES
    async with world.running(context_types=TYPES) as app:
        assert app.user_data[42].visits == []
        app.mark_data_for_update_persistence(user_ids=42)
    assert app.persistence.stats.writes == 0


async def test_bot_data_of_another_type_than_the_stored_one_is_ptbs_error(world):
    async with world.running() as app:
        app.bot_data["x"] = 1
    types = ContextTypes(bot_data=Shelf)
    app = world.build(world.persistence(context_types=types), context_types=types)
    with pytest.raises(ValueError, match="bot_data must be of type Shelf"):
        await app.initialize()
    await app.bot.shutdown()
    await app.updater.shutdown()
    assert (await world.state())[0] == {"x": 1}
