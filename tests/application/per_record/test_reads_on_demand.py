"""BucketApplication on per-record: an update's data is read for it, and other data when the bot asks for it."""

from __future__ import annotations

import pytest
from telegram import Update
from telegram.ext import CommandHandler, MessageHandler, filters

from ptb_bucket import BucketPersistence
from ptb_bucket.state import LAYOUTS, Kind
from support.applications.builder import build_application
from support.applications.counting_bot import COUNT, PER_RECORD, talk


async def filled(world, users: int) -> None:
    """Make a bot with this number of users."""
    async with world.build(**PER_RECORD) as app:
        for number in range(users):
            app.user_data[1000 + number]["count"] = number
            app.chat_data[1000 + number]["count"] = number
        numbers = range(1000, 1000 + users)
        app.mark_data_for_update_persistence(chat_ids=numbers, user_ids=numbers)
        await app.update_persistence()


def requests(app) -> tuple[int, int, int]:
    stats = app.persistence.stats
    return stats.reads, stats.writes, stats.lists


@pytest.mark.parametrize("users", [3, 60])
async def test_a_start_and_an_update_cost_the_same_for_few_and_for_many(world, users):
    await filled(world, users)
    async with world.build(COUNT, talk(), **PER_RECORD) as app:
        assert requests(app) == (1, 0, 1)  # bot_data; there is none, so one page of a listing
        ada = world.telegram.user(1002, "Ada")
        assert await world.said(ada, app, "/count") == ["3"]
        assert requests(app) == (1 + 4, 2, 1)  # bot, chat, user, conversation; two of them written
        assert set(app.user_data) == {1002}
    stored = await world.stored("per-record")
    assert len(stored.user_data) == users
    assert stored.user_data[1002] == {"count": 3}


async def test_data_and_conversation_are_there_on_an_instance_that_never_saw_them(world):
    for _ in range(2):
        async with world.build(talk(), **PER_RECORD) as app:
            assert await world.said(world.ada, app, "/ask") == ["Your name?"]
        async with world.build(talk(), COUNT, **PER_RECORD) as app:
            assert await world.said(world.ada, app, "Ada") == ["Thank you"]
        async with world.build(talk(), **PER_RECORD) as app:
            assert await world.said(world.ada, app, "nobody asked") == []
    assert (await world.stored("per-record")).user_data == {42: {"name": "Ada"}}


# ---------------------------------------------------------------- others' data


@pytest.mark.parametrize("layout", LAYOUTS)
async def test_others_data_is_there_once_it_is_loaded(world, layout):
    async def greet(_update, context):
        await context.application.load_data(user_ids=[43, 4711], chat_ids=43)
        context.application.user_data[43]["greeted"] = context.application.chat_data[43]["count"]
        context.application.mark_data_for_update_persistence(user_ids=43)

    one, two = [await world.start(COUNT, CommandHandler("greet", greet), layout=layout) for _ in range(2)]
    await world.bob.send(one, "/count")
    await world.ada.send(two, "/greet")
    await world.bob.send(one, "/count")
    assert (await world.stored(layout)).user_data == {43: {"count": 2, "greeted": 1}}
    assert two.persistence.stats.unread_merged == 0


async def test_what_is_written_without_loading_is_added(world):
    async def write(_update, context):
        context.application.user_data[43].update(count=0, greeted=True)
        context.application.mark_data_for_update_persistence(user_ids=43)

    one, two = [await world.start(COUNT, CommandHandler("write", write), **PER_RECORD) for _ in range(2)]
    await world.bob.send(one, "/count")
    await world.ada.send(two, "/write")
    assert (await world.stored("per-record")).user_data == {43: {"count": 1, "greeted": True}}
    assert two.persistence.stats.unread_merged == 1
    assert await world.said(world.bob, two, "/count") == ["2"]


async def test_looking_at_others_without_loading_deletes_nothing_and_dropping_them_drops_all(world):
    async def look(_update, context):
        assert context.application.user_data[43] == {}
        context.application.mark_data_for_update_persistence(user_ids=43)

    async def drop(_update, context):
        context.application.drop_user_data(43)

    one = await world.start(COUNT, **PER_RECORD)
    await world.bob.send(one, "/count")
    two = await world.start(CommandHandler("look", look), CommandHandler("drop", drop), **PER_RECORD)
    await world.ada.send(two, "/look")
    assert (await world.stored("per-record")).user_data == {43: {"count": 1}}
    await world.ada.send(two, "/drop")
    assert (await world.stored("per-record")).user_data == {}


@pytest.mark.parametrize("layout", LAYOUTS)
async def test_iteration_includes_unsaved_records_but_not_dropped_ones(world, layout):
    one = await world.start(layout=layout, save="interval")
    numbers = range(1, 35)
    for number in numbers:
        one.user_data[number]["n"] = one.chat_data[-number]["n"] = number
    one.mark_data_for_update_persistence(user_ids=numbers, chat_ids=[-n for n in numbers])
    await one.update_persistence()
    one.drop_user_data(7)
    await one.update_persistence()
    two = await world.start(layout=layout, save="interval")
    await two.persistence.update_user_data(100, {"n": 1})
    world.plan = lambda operation, _key: pytest.fail("saved") if operation == "put" else None
    two._sync.session.replica.stage(next(iter(two._sync.session.replica.documents.records(Kind.USER))), None)
    left = {*numbers, 100} - {7}
    users = [number async for number in two.persistence.iter_user_ids()]
    assert len(users) == len(set(users)) == len(left) - 1
    assert set(users) < left
    assert {number async for number in two.persistence.iter_chat_ids()} == {-n for n in numbers}
    world.plan = lambda _operation, _key: None


@pytest.mark.parametrize("told_in", ["the group", "the supergroup"])
async def test_a_group_that_becomes_a_supergroup_takes_its_data_along(world, told_in):
    """Telegram reports it twice, once in each chat."""

    async def migrate(update, context):
        context.application.migrate_chat_data(update.effective_message)

    group, supergroup = world.telegram.group(-5, "Friends"), world.telegram.group(-1005, "Friends", supergroup=True)
    one = await world.start(COUNT, **PER_RECORD)
    await world.ada.send(one, "/count", chat=group)
    two = await world.start(COUNT, MessageHandler(filters.StatusUpdate.MIGRATE, migrate), **PER_RECORD)
    told = world.ada.message_update("", chat=group if told_in == "the group" else supergroup)
    told["message"].pop("text")
    told["message"] |= {"migrate_to_chat_id": -1005} if told_in == "the group" else {"migrate_from_chat_id": -5}
    await two.process_update(Update.de_json(told, two.bot))
    await world.ada.send(one, "/count", chat=supergroup)
    assert (await world.stored("per-record")).chat_data == {-1005: {"count": 2}}


async def test_moving_data_that_was_written_unseen_is_refused_too(world):
    """The data in memory is not all of the data."""
    async with world.build(**PER_RECORD) as theirs:
        theirs.chat_data[-5]["title"] = "Friends"
        theirs.mark_data_for_update_persistence(chat_ids=-5)
    one = await world.start(**PER_RECORD)
    one.chat_data[-5]["seen"] = 1
    one.mark_data_for_update_persistence(chat_ids=-5)
    await one.update_persistence()
    await one.load_data(chat_ids=-1005)
    with pytest.raises(RuntimeError, match=r"chat_data\[-5\] can't be migrated because it is not loaded"):
        one.migrate_chat_data(old_chat_id=-5, new_chat_id=-1005)
    await one.load_data(chat_ids=-5)
    one.migrate_chat_data(old_chat_id=-5, new_chat_id=-1005)
    await one.update_persistence()
    assert (await world.stored("per-record")).chat_data == {-1005: {"title": "Friends", "seen": 1}}


async def test_moving_data_that_is_not_loaded_is_refused(world):
    one = await world.start(**PER_RECORD)
    with pytest.raises(RuntimeError, match=r"chat_data\[-5\] can't be migrated because it is not loaded"):
        one.migrate_chat_data(old_chat_id=-5, new_chat_id=-1005)
    await one.load_data(chat_ids=-5)
    with pytest.raises(RuntimeError, match=r"chat_data\[-1005\] can't be migrated because it is not loaded"):
        one.migrate_chat_data(old_chat_id=-5, new_chat_id=-1005)
    await one.load_data(chat_ids=[-5, -1005])
    one.chat_data[-5]["title"] = "Friends"
    one.migrate_chat_data(old_chat_id=-5, new_chat_id=-1005)
    await one.update_persistence()
    assert (await world.stored("per-record")).chat_data == {-1005: {"title": "Friends"}}


async def test_a_timer_loads_the_data_that_it_needs_and_saves(world):
    await filled(world, 20)

    async def everybody(app):
        async for user_id in app.persistence.iter_user_ids():
            if user_id % 2:
                await app.load_data(user_ids=user_id)
                app.user_data[user_id]["count"] += 1000

    async with world.build(**PER_RECORD) as app:
        await app.run_and_save(everybody)
    found = (await world.stored("per-record")).user_data
    assert found == {1000 + n: {"count": n + 1000 * (n % 2)} for n in range(20)}


async def test_a_job_sees_its_user(world):
    async def later(context):
        context.user_data["count"] += 10

    one = await world.start(COUNT, **PER_RECORD)
    await world.ada.send(one, "/count")
    two = await world.start(**PER_RECORD)
    job = two.job_queue.run_once(later, 1000, user_id=42, chat_id=42)
    await job.run(two)
    await two.update_persistence()
    assert (await world.stored("per-record")).user_data == {42: {"count": 11}}


async def test_an_application_that_starts_again_goes_on(world):
    app = world.build(COUNT, talk(), **PER_RECORD)
    other = await world.start(COUNT, **PER_RECORD)
    for turn in ("1", "3", "5"):
        async with app:
            assert await world.said(world.ada, app, "/count") == [turn]
        await world.ada.send(other, "/count")
    other.drop_user_data(42)
    await other.update_persistence()
    async with app:
        assert await world.said(world.ada, app, "/count") == ["1"]


async def test_a_persistence_that_goes_to_ptbs_own_application_reads_everything_again(world):
    await filled(world, 5)
    persistence = BucketPersistence(world.store(), **PER_RECORD)
    lazy = build_application(world.telegram, persistence, bucket_options={})
    async with lazy:
        assert len(lazy.user_data) == 0
    plain = build_application(world.telegram, persistence)
    async with plain:
        assert len(plain.user_data) == 5
