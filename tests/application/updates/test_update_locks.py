"""Tests that updates of a chat or a user run one at a time, and others in parallel, without waiting for ever."""

from __future__ import annotations

import asyncio

import pytest
from telegram import Update
from telegram.ext import MessageHandler, filters


class Busy:
    """A handler that notes which users are inside at the same time, and their order."""

    def __init__(self, world):
        self.world, self.inside, self.most, self.order, self.nested = world, set(), 0, [], None

    async def __call__(self, update, context):
        self.inside.add(update.update_id)
        self.most = max(self.most, len(self.inside))
        self.order.append(update.message.text)
        if self.nested:
            nested, self.nested = self.nested, None
            await nested(context.application)
        await asyncio.sleep(0.002)
        self.inside.discard(update.update_id)

    def update(self, who, text, **where):
        return Update.de_json(who.message_update(text, **where), self.bot)

    async def start(self, **options):
        application = await self.world.start(MessageHandler(filters.ALL, self), **options)
        self.bot = application.bot
        return application


@pytest.fixture
def busy(world):
    return Busy(world)


async def test_one_chat_and_one_user_one_at_a_time_in_order(world, busy):
    one = await busy.start()
    texts = [str(number) for number in range(20)]
    await asyncio.gather(*(one.process_update(busy.update(world.ada, text)) for text in texts))
    assert (busy.most, busy.order) == (1, texts)


async def test_one_user_in_two_chats_and_two_users_in_one_chat(world, busy):
    one = await busy.start()
    group = world.telegram.group(-5, "Tea")
    updates = [busy.update(world.ada, "private"), busy.update(world.ada, "group", chat=group),
               busy.update(world.bob, "group", chat=group)]  # fmt: skip
    await asyncio.gather(*(one.process_update(update) for update in updates * 3))
    assert busy.most <= 2, "Bob in the group never beside Ada in the group"
    assert len(busy.order) == 9


async def test_others_run_beside_them(world, busy):
    one = await busy.start()
    people = [world.telegram.user(100 + number, "P") for number in range(5)]
    await asyncio.gather(*(one.process_update(busy.update(who, "hi")) for who in people))
    assert busy.most > 1


async def test_sequential_false_switches_it_off(world, busy):
    one = await busy.start(sequential=False)
    await asyncio.gather(*(one.process_update(busy.update(world.ada, "hi")) for _ in range(5)))
    assert busy.most > 1


HOW = {"await": lambda call: call, "gather": asyncio.gather, "wait_for": lambda call: asyncio.wait_for(call, 5)}


@pytest.mark.parametrize("how", HOW.values(), ids=HOW)
async def test_a_handler_may_process_another_update_of_its_own_chat(world, busy, how):
    one = await busy.start()

    async def nested(application):
        await how(application.process_update(busy.update(world.ada, "nested")))

    busy.nested = nested
    await asyncio.wait_for(one.process_update(busy.update(world.ada, "outer")), 5)
    assert busy.order == ["outer", "nested"]


async def test_a_ring_is_an_error_instead_of_waiting_for_ever(world, busy):
    one = await busy.start()
    arrived, both = [], asyncio.Event()

    async def cross(update, context):
        if update.message.text != "first":
            return
        arrived.append(update)
        if len(arrived) == 2:
            both.set()
        await both.wait()
        other = world.bob if update.effective_user.id == 42 else world.ada
        await context.application.process_update(busy.update(other, "second"))

    two = await world.start(MessageHandler(filters.ALL, cross))
    await asyncio.wait_for(
        asyncio.gather(*(two.process_update(busy.update(who, "first")) for who in (world.ada, world.bob))), 5
    )
    assert [type(error) for error in world.errors] == [RuntimeError]
    assert "already waiting for this one" in str(world.errors[0])
    assert len(two._updates.locks) == len(one._updates.locks) == 0


async def test_a_ring_through_one_of_several_gathered_updates_is_an_error_too(world, busy):
    both, arrived, cy = asyncio.Event(), [], world.telegram.user(44, "Cy")

    async def cross(update, context):
        if update.message.text != "first":
            return
        arrived.append(update)
        if len(arrived) == 2:
            both.set()
        await both.wait()
        again = context.application.process_update
        if update.effective_user.id == 42:  # waits for Bob, but gets Cy's data at once
            await asyncio.gather(*(again(busy.update(who, "second")) for who in (world.bob, cy)))
        else:
            await asyncio.sleep(0.02)
            await again(busy.update(world.ada, "second"))

    busy.bot = (one := await world.start(MessageHandler(filters.ALL, cross))).bot
    await asyncio.wait_for(
        asyncio.gather(*(one.process_update(busy.update(who, "first")) for who in (world.ada, world.bob))), 5
    )
    assert [type(error) for error in world.errors] == [RuntimeError]
    assert len(one._updates.locks) == len(one._updates.locks._waits) == 0


async def test_a_cancelled_waiter_leaves_the_queue(world, busy):
    one = await busy.start()
    tasks = [asyncio.ensure_future(one.process_update(busy.update(world.ada, str(n)))) for n in range(4)]
    await asyncio.sleep(0)
    tasks[1].cancel()
    await asyncio.gather(*tasks, return_exceptions=True)
    assert busy.order == ["0", "2", "3"]
    assert len(one._updates.locks) == 0
