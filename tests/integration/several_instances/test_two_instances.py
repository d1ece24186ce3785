"""Tests of two instances of a bot at once on one place: no change of either is lost."""

from __future__ import annotations

import asyncio

import pytest

from ptb_bucket import add_differences
from ptb_bucket.errors import ForeignDocumentError
from ptb_bucket.offline_telegram import OfflineTelegram
from support.applications.restarting_bot import Step, World, asked


@pytest.fixture
async def pair(where):
    """Start two Applications that never ask for the changes of the other."""
    world = World(where)
    async with world.running() as one, world.running() as two:
        yield world, one, two


async def saved(*apps) -> None:
    """Let both save at the same time."""
    await asyncio.gather(*(app.update_persistence() for app in apps))


async def test_different_users_changed_at_once(pair):
    world, one, two = pair
    people = [world.telegram.user(number, f"P{number}") for number in range(1, 11)]
    await asyncio.gather(*(person.send((one, two)[person.id % 2], "/count") for person in people))
    await saved(one, two)
    bot_data, chats, users, *_ = await world.state()
    assert chats == {number: {number: 1} for number in range(1, 11)}
    assert set(users) == bot_data["people"] == set(range(1, 11))
    assert sorted(bot_data["log"]) == [(number, number) for number in range(1, 11)]


async def test_different_fields_of_one_user(pair):
    world, one, two = pair
    for app, name in ((one, "left"), (two, "right")):
        app.user_data[42][name] = {"deep": [name]}
        app.user_data[42].setdefault("both", {})[name] = 1
        app.mark_data_for_update_persistence(user_ids=42)
    await saved(one, two)
    assert (await world.state())[2] == {
        42: {"left": {"deep": ["left"]}, "right": {"deep": ["right"]}, "both": {"left": 1, "right": 1}}
    }


async def test_both_extend_lists_and_sets_again_and_again(pair):
    world, one, two = pair
    for number in range(20):
        for app, name in ((one, "one"), (two, "two")):
            app.bot_data.setdefault("list", []).append(f"{name} {number}")
            app.bot_data.setdefault("set", set()).add((name, number))
        await saved(one, two)
    bot_data = (await world.state())[0]
    for name in ("one", "two"):
        assert [item for item in bot_data["list"] if item.startswith(name)] == [f"{name} {n}" for n in range(20)]
    assert len(bot_data["list"]) == 40
    assert bot_data["set"] == {(name, number) for name in ("one", "two") for number in range(20)}


async def test_what_one_drops_the_other_does_not_bring_back(pair):
    world, one, _two = pair
    one.chat_data[-100].update({"old": [1, 2], "also old": 1})
    one.mark_data_for_update_persistence(chat_ids=-100)
    await one.update_persistence()
    async with world.running() as three:
        one.drop_chat_data(-100)
        await one.update_persistence()
        three.chat_data[-100]["new"] = 3
        three.mark_data_for_update_persistence(chat_ids=-100)
        await three.update_persistence()
    assert (await world.state())[1] == {-100: {"new": 3}}


async def test_keyboards_of_both_are_kept(pair):
    world, one, two = pair
    ada, bo = world.telegram.user(42, "Ada"), world.telegram.user(43, "Bo")
    await ada.send(one, "/offer")
    await bo.send(two, "/offer")
    await saved(one, two)
    async with world.running() as three:
        answers = await ada.press(three, "tea") + await bo.press(three, "rum")
    assert [answer.text for answer in answers] == ["('chose', 'tea')", "('chose', 'rum')"]


async def test_two_full_caches_share_the_room_and_do_not_write_in_turns_for_ever(pair):
    world, one, two = pair
    ada = world.telegram.user(42, "Ada")
    for _ in range(40):  # of 64 in each cache and in the bucket
        await ada.send(one, "/offer")
        await ada.send(two, "/offer")
    await one.update_persistence()
    await two.update_persistence()
    writes = one.persistence.stats.writes + two.persistence.stats.writes
    for _ in range(3):
        await saved(one, two)
    assert one.persistence.stats.writes + two.persistence.stats.writes == writes
    assert len((await world.state())[3][0]) == 64
    async with world.running() as three:
        assert [message.text for message in await ada.press(three, "rum")] == ["('chose', 'rum')"]


async def test_a_conversation_that_the_other_moved_stays_where_it_moved_it(where):
    world = World(where)
    ada = world.telegram.user(42, "Ada")
    async with world.running() as first:
        await asked(ada, first, "/order")
    async with world.running() as one, world.running() as two:
        await asked(ada, one, "small")
        await one.update_persistence()
        await asked(ada, two, "/cancel")
        await two.update_persistence()
        assert (await world.state())[4] == {(42, 42): ("paying", 2)}
        stats = two.persistence.stats
        assert (stats.conversations_kept, stats.conflicts_decided, stats.pending) == (1, 0, ())
        assert one.persistence.stats.conversations_kept == 0


async def test_a_conversation_that_both_started_alike_is_no_conflict(pair):
    world, one, two = pair
    ada = world.telegram.user(42, "Ada")
    await asked(ada, one, "/order")
    await asked(ada, two, "/order")
    await saved(one, two)
    assert (await world.state())[4] == {(42, 42): Step.SIZE}
    assert one.persistence.stats.conversations_kept + two.persistence.stats.conversations_kept == 0


@pytest.mark.parametrize("resolver", [add_differences, None])
async def test_counters_add_up_only_with_the_resolver_that_counts(where, resolver):
    world = World(where, {"resolver": resolver} if resolver else {})
    async with world.running() as first:
        first.bot_data["n"] = 0
    async with world.running() as one, world.running() as two:
        for _ in range(10):
            one.bot_data["n"] += 1
            two.bot_data["n"] += 10
            await saved(one, two)
        stats = [app.persistence.stats for app in (one, two)]
    found = (await world.state())[0]["n"]
    assert found == 110 if resolver else found in (10, 100)
    assert sum(stat.conflicts_decided for stat in stats) >= 10


async def test_conflicts_are_counted(pair):
    world, one, two = pair
    for app, value in ((one, 1), (two, 2)):
        app.user_data[42].update({"leaf": value, f"own {value}": value})
        app.user_data[50 + value]["x"] = value
        app.mark_data_for_update_persistence(user_ids=[42, 50 + value])
        await app.update_persistence()
    stats = two.persistence.stats
    assert (stats.conflicts_merged, stats.conflicts_decided) == (1, 1)
    assert (one.persistence.stats.conflicts_merged, one.persistence.stats.conflicts_decided) == (0, 0)
    assert stats.retries == 1
    assert (await world.state())[2][42] == {"leaf": 2, "own 1": 1, "own 2": 2}


async def test_two_bots_do_not_share_a_document(where):
    async with World(where).running() as app:
        app.bot_data["x"] = 1
    other = World(where, telegram=OfflineTelegram(bot_id=777))
    app = other.build()
    with pytest.raises(ForeignDocumentError, match="belongs to bot 123456"):
        await app.initialize()
    await app.bot.shutdown()
    await app.updater.shutdown()
