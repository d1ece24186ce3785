"""BucketApplication on per-record keeps the data of few users in memory, and forgets nothing unsaved or in use."""

from __future__ import annotations

import asyncio

import pytest
from telegram.ext import CommandHandler

from ptb_bucket.errors import ConfigurationError
from support.applications.counting_bot import COUNT, PER_RECORD, talk


def kept(app) -> int:
    return len(app._sync.session.replica.documents.tracked)


async def test_memory_does_not_grow_with_the_number_of_users(world):
    one = await world.start(COUNT, talk(), cache_size=6, **PER_RECORD)
    people = [world.telegram.user(100 + number, f"P{number}") for number in range(16)]
    for turn in ("1", "2"):
        for person in people:
            assert await world.said(person, one, "/count") == [turn]
            assert len(one.user_data) <= 6
            assert len(one.chat_data) <= 6
            assert kept(one) <= 16
    assert one.persistence.stats.unread_merged == 0
    stored = await world.stored("per-record")
    assert stored.user_data == stored.chat_data == {person.id: {"count": 2} for person in people}


async def test_conversations_are_evicted_and_loaded_again(world):
    one = await world.start(COUNT, talk(), cache_size=6, **PER_RECORD)
    people = [world.telegram.user(100 + number, f"P{number}") for number in range(16)]
    for person in people:
        assert await world.said(person, one, "/ask") == ["Your name?"]
    assert len(one._conversation_handler_conversations["talk"]) <= 6
    for person in people:
        assert await world.said(person, one, person.name) == ["Thank you"]
    assert (await world.stored("per-record")).user_data == {person.id: {"name": person.name} for person in people}


async def test_a_conversation_that_waits_for_its_time_stays(world):
    one = await world.start(talk(conversation_timeout=1000), COUNT, cache_size=1, **PER_RECORD)
    await one.job_queue.start()
    await world.ada.send(one, "/ask")
    for number in range(10):
        await world.telegram.user(100 + number, "P").send(one, "/count")
    await one.job_queue.stop()
    assert set(one._conversation_handler_conversations["talk"]) == {(42, 42)}


async def test_what_is_unsaved_stays(world):
    one = await world.start(COUNT, cache_size=1, save="interval", **PER_RECORD)
    people = [world.telegram.user(100 + number, f"P{number}") for number in range(10)]
    for person in people:
        await person.send(one, "/count")
    one.user_data[100]["lock"] = asyncio.Lock()
    await one.update_persistence()
    one.user_data[101]["nobody marked"] = True
    one.user_data[100]["used"] = "last"
    await one.update_persistence()
    await one.update_persistence()
    assert set(one.user_data) == {100, 101}
    assert one.user_data[101]["nobody marked"]
    del one.user_data[100]["lock"]
    one.mark_data_for_update_persistence(user_ids=100)


async def test_what_a_handler_or_a_task_has_in_hand_stays(world):
    going_on, go_on = asyncio.Semaphore(0), asyncio.Event()

    async def begin(_update, context):
        context.user_data["cart"] = ["milk"]

    async def slow(_update, context):
        cart = context.user_data["cart"]
        going_on.release()
        await go_on.wait()
        cart.append("tea")

    blocking, apart = CommandHandler("slow", slow), CommandHandler("apart", slow, block=False)
    with pytest.warns(UserWarning, match="block=False"):
        one = await world.start(CommandHandler("begin", begin), blocking, apart, COUNT, cache_size=1, **PER_RECORD)
    for person in (world.ada, world.bob):
        await person.send(one, "/begin")
    sent = [asyncio.ensure_future(world.ada.send(one, "/slow")), asyncio.ensure_future(world.bob.send(one, "/apart"))]
    for _ in sent:
        await asyncio.wait_for(going_on.acquire(), 30)  # or a handler failed
    for number in range(10):
        await world.telegram.user(100 + number, "P").send(one, "/count")
    go_on.set()
    await asyncio.gather(*sent)
    await asyncio.sleep(0)
    await one.update_persistence()
    stored = (await world.stored("per-record")).user_data
    assert (stored[42], stored[43]) == ({"cart": ["milk", "tea"]}, {"cart": ["milk", "tea"]})
    await world.telegram.user(200, "P").send(one, "/count")
    await one.update_persistence()
    assert len(one.user_data) == 1


@pytest.mark.filterwarnings("ignore:Tasks created via `Application.create_task` while")
async def test_what_a_task_has_in_hand_stays_from_before_it_begins(world):
    go_on = asyncio.Event()

    async def begin(update, context):
        async def work(cart):
            await go_on.wait()
            cart.append("tea")

        cart = context.user_data["cart"] = ["milk"]
        context.application.create_task(work(cart), update)

    one = await world.start(CommandHandler("begin", begin), COUNT, cache_size=1, **PER_RECORD)
    await world.ada.send(one, "/begin")
    for number in range(5):
        await world.telegram.user(100 + number, "P").send(one, "/count")
    go_on.set()
    await asyncio.sleep(0)
    await one.update_persistence()
    assert (await world.stored("per-record")).user_data[42] == {"cart": ["milk", "tea"]}
    await world.telegram.user(200, "P").send(one, "/count")
    await one.update_persistence()
    assert len(one.user_data) == 1


async def test_an_evicted_record_that_is_used_again_at_once_is_saved(world):
    one = await world.start(COUNT, cache_size=1, **PER_RECORD)
    await asyncio.gather(*(person.send(one, "/count") for person in (world.ada, world.bob) for _ in range(5)))
    assert (await world.stored("per-record")).user_data == {42: {"count": 5}, 43: {"count": 5}}


@pytest.mark.parametrize("size", [0, -1, 1.5, True, None])
def test_a_size_that_is_none_is_refused(world, size):
    with pytest.raises(ConfigurationError, match="cache_size"):
        world.build(cache_size=size)
