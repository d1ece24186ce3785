"""Tests of per-record with a small cache: data in use stays in memory, and leaves it afterwards."""

from __future__ import annotations

import asyncio

import pytest
from telegram.ext import CommandHandler

from support.applications.restarting_bot import settle

PER_RECORD = {"layout": "per-record", "cache_size": 2}


async def count(_update, context):
    context.user_data["count"] = context.user_data.get("count", 0) + 1


COUNT = CommandHandler("count", count)


async def push_out(world, app, number=10):
    """Let more users use the bot than fit into its memory."""
    for other in range(number):
        await world.telegram.user(1000 + other, "P").send(app, "/count")


class Slow:
    """A handler that waits until it may go on, then puts something into the cart that it has."""

    def __init__(self):
        self.took, self.go_on = asyncio.Event(), asyncio.Event()

    async def use(self, cart):
        self.took.set()
        await self.go_on.wait()
        cart.append("tea")


@pytest.fixture
async def slow(world):
    """Make a slow handler, and a bot in whose bucket Ada and her chat have a cart."""
    async with world.build(**PER_RECORD) as app:
        app.user_data[42]["cart"], app.chat_data[42]["cart"] = ["milk"], ["milk"]
        app.mark_data_for_update_persistence(chat_ids=42, user_ids=42)
    return Slow()


async def used(world, app, slow):
    """Let others use the bot while a handler uses Ada's cart, then let the handler go on."""
    await asyncio.wait_for(slow.took.wait(), 5)
    await push_out(world, app)
    slow.go_on.set()
    await settle()
    app.mark_data_for_update_persistence(chat_ids=42, user_ids=42)
    await app.update_persistence()


async def carts(world):
    stored = await world.stored("per-record")
    return stored.user_data[42], stored.chat_data[42]


@pytest.mark.parametrize("kind", ["user", "chat"])
async def test_what_a_job_changes_after_an_await_is_saved_and_then_it_may_go(world, slow, kind):
    async def work(context):
        await slow.use(getattr(context, f"{kind}_data")["cart"])

    one = await world.start(COUNT, **PER_RECORD)
    job = one.job_queue.run_once(work, 1000, user_id=42, chat_id=42)
    running = asyncio.ensure_future(job.run(one))
    await used(world, one, slow)
    await running
    assert (await carts(world))[kind == "chat"] == {"cart": ["milk", "tea"]}
    await push_out(world, one)
    assert len(one.user_data) <= 3


async def in_handler(world, app, work):
    app.add_handler(CommandHandler("begin", lambda _update, context: work(context)))
    await world.bob.send(app, "/begin")


async def in_job(_world, app, work):
    await app.job_queue.run_once(work, 1000).run(app)


async def in_task(_world, app, work):
    async def later():
        await asyncio.sleep(0.01)
        await work(app)

    app.create_task(later())


@pytest.mark.parametrize("begin", [in_handler, in_job, in_task])
async def test_what_a_task_was_handed_stays_and_may_go_when_the_task_has_ended(world, slow, begin):
    one = await world.start(COUNT, **PER_RECORD)
    await one.start()

    async def hand_over(_context):
        await one.load_data(user_ids=42)
        one.create_task(slow.use(one.user_data[42]["cart"]))

    await begin(world, one, hand_over)
    await used(world, one, slow)
    await one.stop()
    assert (await carts(world))[0] == {"cart": ["milk", "tea"]}
    await push_out(world, one)
    assert len(one.user_data) <= 3
    assert len(one.chat_data) <= 3


async def test_what_a_timer_has_in_hand_stays(world, slow):
    """run_and_save() may load one record after the other, and uses them until it returns."""

    async def work(app):
        await app.load_data(user_ids=42)
        await slow.use(app.user_data[42]["cart"])

    one = await world.start(COUNT, **PER_RECORD)
    running = asyncio.ensure_future(one.run_and_save(work))
    await used(world, one, slow)
    await running
    assert (await carts(world))[0] == {"cart": ["milk", "tea"]}


async def test_a_handler_that_failed_keeps_nothing(world):
    async def fail(_update, context):
        context.user_data["x"] = 1
        raise ValueError

    one = await world.start(COUNT, CommandHandler("fail", fail), **PER_RECORD)
    await world.ada.send(one, "/fail")
    await push_out(world, one)
    assert len(one.user_data) <= 3


async def test_the_least_recently_used_goes_first(world):
    one = await world.start(COUNT, layout="per-record", cache_size=4)
    people = [world.telegram.user(number, "P") for number in range(1, 6)]
    for person in people[:2]:
        await person.send(one, "/count")
    await people[0].send(one, "/count")
    await people[2].send(one, "/count")  # user and chat are two records each
    await people[3].send(one, "/count")
    await one.update_persistence()
    assert set(one.user_data) == {3, 4}
    await people[2].send(one, "/count")
    await people[4].send(one, "/count")
    await one.update_persistence()
    assert set(one.user_data) == {3, 5}
