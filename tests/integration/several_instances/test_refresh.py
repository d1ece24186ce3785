"""Tests of an instance that asks for the other's changes: when it asks, the cost, and the view of a handler."""

from __future__ import annotations

import asyncio

import pytest
from telegram.ext import CommandHandler, PersistenceInput

from ptb_bucket import add_differences
from ptb_bucket.stores import MemoryStore
from ptb_bucket.testing.faults import Fault, FaultyStore, script
from support.applications.restarting_bot import World, asked, opened, settle
from support.documents.virtual_time import run_virtually


@pytest.fixture
async def pair(where):
    """Start two instances that know Ada. One asks for the other's changes before each update."""
    world = World(where, {"resolver": add_differences})
    ada = world.telegram.user(42, "Ada")
    async with world.running() as first:
        await asked(ada, first, "/count")
        first.bot_data["n"] = 0
        first.user_data[42]["nested"] = {"list": [1], "gone": True}
    async with world.running(persistence=world.persistence(refresh_interval=0)) as one, world.running() as two:
        yield world, ada, one, two


async def test_it_sees_what_the_other_one_did(pair):
    _world, ada, one, two = pair
    await asked(ada, two, "/count")
    two.bot_data["n"] = 7
    await two.update_persistence()
    assert await asked(ada, one, "/count") == ["3 3"]
    assert one.bot_data["n"] == 7
    assert one.bot_data["log"] == [(42, 42)] * 3


async def test_what_the_other_one_removed_disappears(pair):
    _world, ada, one, two = pair
    del two.user_data[42]["nested"]["gone"]
    two.bot_data["people"].clear()
    two.mark_data_for_update_persistence(user_ids=42)
    await two.update_persistence()
    await asked(ada, one, "/unheard-of")
    assert one.user_data[42]["nested"] == {"list": [1]}
    assert one.bot_data["people"] == set()


async def test_what_the_other_one_dropped_disappears_but_for_what_is_new(pair):
    world, ada, one, two = pair
    one.user_data[42]["unsaved"] = True
    await asked(ada, two, "/forget")
    await two.update_persistence()
    await asked(ada, one, "/unheard-of")
    assert one.user_data[42] == {"unsaved": True}
    assert one.chat_data[42] == {}
    await one.update_persistence()
    assert (await world.state())[1:3] == [{}, {42: {"unsaved": True}}]


async def test_unsaved_changes_survive_and_what_handlers_hold_keeps_its_identity(pair):
    world, ada, one, two = pair
    nested = one.user_data[42]["nested"]
    inner = nested["list"]
    inner.append("mine")
    one.bot_data["n"] += 1
    two.user_data[42]["nested"]["list"].append("theirs")
    two.user_data[42]["nested"]["new"] = {}
    two.bot_data["n"] += 10
    two.mark_data_for_update_persistence(user_ids=42)
    await two.update_persistence()
    await asked(ada, one, "/unheard-of")
    assert one.user_data[42]["nested"] is nested
    assert nested["list"] is inner
    assert inner == [1, "theirs", "mine"]
    assert one.bot_data["n"] == 11
    inner.append("later")
    await one.update_persistence()
    bot_data, _, users, *_ = await world.state()
    assert users[42]["nested"] == {"list": [1, "theirs", "mine", "later"], "gone": True, "new": {}}
    assert bot_data["n"] == 11


async def test_a_change_made_while_a_handler_waits_is_merged_under_its_hands(pair):
    world, ada, one, two = pair
    go, waiting = asyncio.Event(), asyncio.Event()

    async def slowly(update, context):
        nested = context.user_data["nested"]
        waiting.set()
        await go.wait()
        nested["list"].append("slow")

    one.add_handler(CommandHandler("slowly", slowly), group=-1)
    slow = asyncio.create_task(ada.send(one, "/slowly"))
    await waiting.wait()
    two.user_data[42]["nested"]["list"].append("theirs")
    two.mark_data_for_update_persistence(user_ids=42)
    await two.update_persistence()
    await asked(ada, one, "/unheard-of")
    go.set()
    await slow
    await one.update_persistence()
    assert (await world.state())[2][42]["nested"]["list"] == [1, "theirs", "slow"]


@pytest.mark.parametrize(("layout", "reads"), [("single", 1), ("per-type", 3)])
async def test_each_update_costs_one_read_per_document(world, layout, reads):
    world.options |= {"layout": layout, "refresh_interval": 0}
    ada = world.telegram.user(42, "Ada")
    async with world.running() as app:
        await asked(ada, app, "/count")
        for _ in range(3):
            before = app.persistence.stats.reads
            await asked(ada, app, "/count")
            assert app.persistence.stats.reads - before == reads


@pytest.mark.parametrize("off", [{"bot_data"}, {"chat_data"}, {"bot_data", "chat_data"}])
async def test_each_update_costs_one_read_whatever_is_switched_off(world, off):
    on = PersistenceInput(**{name: name not in off for name in ("bot_data", "chat_data", "user_data")})
    world.options |= {"store_data": on, "refresh_interval": 0}
    ada = world.telegram.user(42, "Ada")
    async with world.running() as app:
        before = app.persistence.stats.reads
        await asked(ada, app, "/count", "/count", "/count")
        assert app.persistence.stats.reads - before == 3


async def test_every_update_is_asked_about_also_if_it_brings_other_kinds_of_data_than_the_one_before():
    """An inline query has a user and no chat, a channel post has a chat and no user."""
    persistence = opened(MemoryStore(), refresh_interval=0, store_data=PersistenceInput(bot_data=False))
    await persistence.get_user_data()
    before = persistence.stats.reads
    await persistence.refresh_user_data(user_id=42, user_data={})
    await persistence.refresh_chat_data(chat_id=-100, chat_data={})
    assert persistence.stats.reads - before == 2


async def test_an_update_without_a_handler_costs_no_requests(world):
    world.options["refresh_interval"] = 0
    async with world.running() as app:
        for handler in tuple(app.handlers[0]):
            app.remove_handler(handler)
        before = app.persistence.stats.reads
        await asked(world.telegram.user(42, "Ada"), app, "hello?")
        assert app.persistence.stats.reads == before


def test_none_never_asks_and_sixty_asks_once_a_minute():
    async def scenario():
        store = MemoryStore()
        first = opened(store)
        await first.update_user_data(42, {"a": 1})
        never, minute = opened(store), opened(store, refresh_interval=60)
        [live_never, live_minute] = [(await each.get_user_data())[42] for each in (never, minute)]
        await first.update_user_data(42, {"a": 2})
        seen = []
        for seconds in (0, 30, 31, 1, 58, 2):
            await asyncio.sleep(seconds)
            await never.refresh_user_data(42, live_never)
            await minute.refresh_user_data(42, live_minute)
            await minute.refresh_bot_data({})
            seen.append((never.stats.reads, minute.stats.reads, live_never["a"], live_minute["a"]))
        return seen

    assert run_virtually(scenario()) == [
        (1, 1, 1, 1),
        (1, 1, 1, 1),
        (1, 2, 1, 2),
        (1, 2, 1, 2),
        (1, 2, 1, 2),
        (1, 3, 1, 2),
    ]


async def test_a_document_that_is_trusted_is_not_waited_for():
    """A commit that hangs, or waits for its store to come back, must not stop handlers that need no answer."""
    persistence = opened(FaultyStore(MemoryStore(), script([Fault.HANG])), refresh_interval=60)
    await persistence.get_user_data()
    saving = asyncio.create_task(persistence.update_user_data(42, {"a": 1}))
    await settle()
    refreshing = asyncio.create_task(persistence.refresh_user_data(43, {}))
    await settle()
    done = refreshing.done()
    for task in asyncio.all_tasks() - {asyncio.current_task()}:
        task.cancel()
    await asyncio.gather(saving, refreshing, return_exceptions=True)
    assert done
