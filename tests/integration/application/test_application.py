"""Tests of real Applications that stop and start again: they load everything that PTB persists.

The values have the shapes of PTB's own ``test_basepersistence.py``.
"""

from __future__ import annotations

import itertools
from datetime import datetime

import pytest
from telegram.ext import PersistenceInput

from support.applications.restarting_bot import PAYING, Step, asked

SWITCHES = ("bot_data", "chat_data", "user_data", "callback_data")


async def test_all_kinds_of_data_come_back(everywhere):
    ada, friends = everywhere.telegram.user(42, "Ada"), everywhere.telegram.group(-100, "Friends")
    async with everywhere.running() as app:
        assert await asked(ada, app, "/count", "/count") == ["1 1", "2 2"]
        await ada.send(app, "/count", chat=friends)
    async with everywhere.running() as app:
        assert app.bot_data == {"people": {42}, "log": [(42, 42), (42, 42), (42, -100)]}
        assert app.chat_data == {42: {42: 2}, -100: {42: 1}}
        assert [len(visits) for visits in app.user_data[42]["visits"].values()] == [2, 1]
        assert isinstance(app.user_data[42]["visits"][-100][0], datetime)
        assert await asked(ada, app, "/count") == ["3 3"]
    assert (await everywhere.state())[1] == {42: {42: 3}, -100: {42: 1}}
    assert everywhere.errors == []


async def test_a_conversation_continues_in_its_state_for_all_types_of_states(everywhere):
    ada = everywhere.telegram.user(42, "Ada")
    answers = []
    for words in ["/order", "small", "by card", "again?"]:
        async with everywhere.running() as app:
            answers += await asked(ada, app, words)
    assert answers == ["Size?", "How do you pay?", "Thanks.", "?"]


async def test_enum_and_tuple_states_come_back_as_themselves(everywhere):
    ada, bo = everywhere.telegram.user(42, "Ada"), everywhere.telegram.user(43, "Bo")
    async with everywhere.running() as app:
        await asked(ada, app, "/order")
        await asked(bo, app, "/order", "small")
    states = (await everywhere.state())[4]
    assert states == {(42, 42): Step.SIZE, (43, 43): PAYING}
    assert states[42, 42] is Step.SIZE
    assert type(states[43, 43]) is tuple


async def test_a_nested_conversation_goes_on_and_maps_to_its_parent(everywhere):
    ada = everywhere.telegram.user(42, "Ada")
    answers = []
    for words in ["/order", "big", "Main Street", "London", "cash", "again?"]:
        async with everywhere.running() as app:
            answers += await asked(ada, app, words)
    assert answers == ["Size?", "Street?", "Town?", "Noted.", "Thanks.", "?"]


async def test_an_ended_conversation_stays_ended(everywhere):
    ada = everywhere.telegram.user(42, "Ada")
    async with everywhere.running() as app:
        await asked(ada, app, "/order")
    async with everywhere.running() as app:
        assert await asked(ada, app, "/cancel") == ["Cancelled."]
    assert (await everywhere.state())[4] == {}
    async with everywhere.running() as app:
        assert await asked(ada, app, "small") == ["?"]


async def test_a_keyboard_from_before_the_restart_works_after_it(everywhere):
    ada = everywhere.telegram.user(42, "Ada")
    async with everywhere.running() as app:
        await ada.send(app, "/offer")
    async with everywhere.running() as app:
        assert [message.text for message in await ada.press(app, "rum")] == ["('chose', 'rum')"]
    keyboards, queries = (await everywhere.state())[3]
    assert len(keyboards) == 1
    assert list(queries.values()) == [keyboards[0][0]]


async def test_a_keyboard_that_was_dropped_stays_dropped(everywhere):
    ada = everywhere.telegram.user(42, "Ada")
    async with everywhere.running() as app:
        await ada.send(app, "/offer")
    async with everywhere.running() as app:
        app.bot.callback_data_cache.clear_callback_data()
    assert (await everywhere.state())[3] is None
    async with everywhere.running() as app:
        assert [message.text for message in await ada.press(app, "rum")] == ["forgotten"]


async def test_dropped_data_is_gone_from_the_bucket(everywhere):
    ada, bo = everywhere.telegram.user(42, "Ada"), everywhere.telegram.user(43, "Bo")
    async with everywhere.running() as app:
        await asked(ada, app, "/count")
        await asked(bo, app, "/count")
    async with everywhere.running() as app:
        await asked(ada, app, "/forget")
    _, chats, users, *_ = await everywhere.state()
    assert (set(chats), set(users)) == ({43}, {43})


async def test_a_migrated_chat_has_data_under_its_new_id_only(everywhere):
    ada, friends = everywhere.telegram.user(42, "Ada"), everywhere.telegram.group(-100, "Friends")
    async with everywhere.running() as app:
        await ada.send(app, "/count", chat=friends)
    async with everywhere.running() as app:
        app.migrate_chat_data(old_chat_id=-100, new_chat_id=-1007)
    assert (await everywhere.state())[1] == {-1007: {42: 1}}


async def test_a_chat_migrates_over_data_that_is_there_already(everywhere):
    async with everywhere.running() as app:
        app.chat_data[-100]["old"] = [1]
        app.chat_data[-1007]["new"] = [2]
        app.mark_data_for_update_persistence(chat_ids=[-100, -1007])
    async with everywhere.running() as app:
        app.migrate_chat_data(old_chat_id=-100, new_chat_id=-1007)
    assert (await everywhere.state())[1] == {-1007: {"old": [1]}}


@pytest.mark.parametrize(
    "on",
    [chosen for n in range(5) for chosen in itertools.combinations(SWITCHES, n)],
    ids=lambda on: "-".join(on) or "nothing",
)
async def test_what_is_switched_on_comes_back_and_what_is_off_does_not(world, on):
    world.options["store_data"] = PersistenceInput(**{name: name in on for name in SWITCHES})
    ada = world.telegram.user(42, "Ada")
    async with world.running() as app:
        await asked(ada, app, "/count", "/offer", "/order")
    async with world.running() as app:
        assert (app.bot_data != {}) == ("bot_data" in on)
        assert (dict(app.chat_data) != {}) == ("chat_data" in on)
        assert (dict(app.user_data) != {}) == ("user_data" in on)
        pressed = [message.text for message in await ada.press(app, "tea")]
        assert pressed == ["('chose', 'tea')" if "callback_data" in on else "forgotten"]
        assert await asked(ada, app, "small") == ["How do you pay?"]
    assert world.errors == []


async def test_what_is_switched_off_is_left_as_it_was(world):
    ada = world.telegram.user(42, "Ada")
    async with world.running() as app:
        await asked(ada, app, "/count", "/offer")
    before = await world.state()
    off = PersistenceInput(**dict.fromkeys(SWITCHES, False))
    async with world.running(persistence=world.persistence(store_data=off)) as app:
        await asked(ada, app, "/count", "/offer", "/forget", "/order")
    after = await world.state()
    assert after[:4] == before[:4]
    assert after[4] == {(42, 42): Step.SIZE}
