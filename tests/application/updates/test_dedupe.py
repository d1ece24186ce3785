"""Tests that an update whose effects are committed is not handled again."""

from __future__ import annotations

import asyncio
import json

import pytest
from telegram import Update
from telegram.ext import CommandHandler, MessageHandler, TypeHandler, filters

from ptb_bucket.errors import UnsavedError
from ptb_bucket.state import HANDLED, HANDLED_LIMIT, LAYOUTS
from ptb_bucket.stores import StoreWrapper, open_store
from ptb_bucket.testing.faults import Fault
from support.applications.instances import keep


async def count(_update, context):
    context.user_data["count"] = context.user_data.get("count", 0) + 1


HANDLER = MessageHandler(filters.ALL, count)


async def counted(world, layout="single"):
    return (await world.stored(layout)).user_data.get(42, {}).get("count", 0)


@pytest.mark.parametrize("layout", LAYOUTS)
async def test_here_elsewhere_and_after_a_restart(world, layout):
    one, two = [await world.start(HANDLER, dedupe=True, layout=layout) for _ in range(2)]
    update = world.ada.message_update("hi")
    for instance in (one, one, two):
        await instance.process_update(Update.de_json(update, instance.bot))
    async with world.build(HANDLER, dedupe=True, layout=layout) as later:
        await later.process_update(Update.de_json(update, later.bot))
    assert await counted(world, layout) == 1


@pytest.mark.parametrize("layout", LAYOUTS)
async def test_with_an_interval_here_at_once_and_elsewhere_once_it_is_saved(world, layout):
    one, two = [await world.start(HANDLER, dedupe=True, layout=layout, save="interval") for _ in range(2)]
    update = world.ada.message_update("hi")
    for _ in range(2):
        await one.process_update(Update.de_json(update, one.bot))
    assert one.user_data[42] == {"count": 1}
    await one.update_persistence()
    assert await counted(world, layout) == 1
    await two.process_update(Update.de_json(update, two.bot))
    await two.update_persistence()
    assert await counted(world, layout) == 1


async def test_with_an_interval_id_and_effects_are_one_put(world):
    """With two puts, a crash between them would lose the effects or repeat them."""
    one = await world.start(HANDLER, dedupe=True, save="interval")
    for _ in range(3):
        await world.ada.send(one, "hi")
    assert one.persistence.stats.writes == 0
    await one.update_persistence()
    assert one.persistence.stats.writes == 1


async def test_what_is_no_update_has_no_id(world):
    seen = []

    async def note(update, _context):
        seen.append(update)

    one = await world.start(TypeHandler(str, note), dedupe=True)
    for _ in range(2):
        await one.process_update("tick")
    assert seen == ["tick", "tick"]


async def test_after_a_failed_save_it_is_handled_once_and_answered_when_durable(world):
    one = await world.start(HANDLER, dedupe=True)
    update = Update.de_json(world.ada.message_update("hi"), one.bot)
    world.plan = lambda operation, _key: Fault.DENIED if operation == "put" else None
    for _ in range(2):
        with pytest.raises(UnsavedError):
            await one.process_update(update)
    world.plan = lambda _operation, _key: None
    await one.process_update(update)
    assert await counted(world) == 1


async def test_an_answer_that_was_lost(world):
    one = await world.start(HANDLER, dedupe=True)
    answers = iter([Fault.ANSWER_LOST])
    world.plan = lambda operation, _key: next(answers, None) if operation == "put" else None
    update = Update.de_json(world.ada.message_update("hi"), one.bot)
    await one.process_update(update)
    await one.process_update(update)
    assert await counted(world) == 1


async def test_on_per_type_the_id_is_written_last(world, tmp_path):
    one = await world.start(HANDLER, dedupe=True, layout="per-type")
    world.plan = lambda operation, key: Fault.DENIED if (operation, key) == ("put", "user_data.json") else None
    with pytest.raises(UnsavedError):
        await world.ada.send(one, "hi")
    assert not (tmp_path / "bot" / "updates.json").exists()
    world.plan = lambda _operation, _key: None
    await world.ada.send(one, "hi")
    assert (tmp_path / "bot" / "updates.json").exists()


async def test_on_single_id_and_effects_are_one_put(world):
    one = await world.start(HANDLER, dedupe=True)
    await world.ada.send(one, "hi")
    assert one.persistence.stats.writes == 1


@pytest.mark.parametrize("save", ["update", "interval"])
async def test_effects_never_go_without_their_id_however_many_are_handled_at_once(world, save):
    """After a crash, a put with only one of the two would count an update twice or never."""
    puts = []

    class Noting(StoreWrapper):
        async def put(self, key, data, mode):
            puts.append(json.loads(data))
            await asyncio.sleep(0.002)
            return await super().put(key, data, mode)

    async def count_later(update, context):
        for _ in range(update.update_id * 7 % 11):  # so that updates end at any moment of others' staging
            await asyncio.sleep(0)
        await count(update, context)

    world.store = lambda: Noting(open_store(world.where))
    one = await world.start(MessageHandler(filters.ALL, count_later), dedupe=True, save=save)
    people = [world.telegram.user(100 + number, "P") for number in range(10)]

    async def talk(person):
        for _ in range(3):
            await person.send(one, "hi")
            if save == "interval":
                await one.update_persistence()

    await asyncio.gather(*map(talk, people))
    for put in puts:
        assert sum(data["count"] for data in put["user_data"].values()) == len(put["updates"]["handled"])
    assert len(puts[-1]["updates"]["handled"]) == 30


async def test_both_instances_ids_are_kept_and_only_the_newest(world, tmp_path):
    one, two = [await world.start(HANDLER, dedupe=True) for _ in range(2)]
    for instance in (one, two, one):
        await world.ada.send(instance, "hi")

    def ids():
        return json.loads((tmp_path / "bot" / "state.json").read_text())["updates"]["handled"]

    assert len(ids()) == 3
    before = ids()
    one._sync.session.replica.stage(HANDLED, [*before, *range(5000, 5000 + HANDLED_LIMIT)])
    await one.update_persistence()
    await world.ada.send(two, "hi")
    assert len(ids()) == HANDLED_LIMIT
    assert ids()[-2] == 5000 + HANDLED_LIMIT - 1


async def test_without_it_nothing_is_written_for_an_update_that_changed_nothing(world):
    one = await world.start(MessageHandler(filters.Regex("never"), count))
    await world.ada.send(one, "hi")
    assert one.persistence.stats.writes == 0
    other = await world.start(MessageHandler(filters.Regex("never"), count), dedupe=True)
    await world.ada.send(other, "hi")
    assert other.persistence.stats.writes == 1


@pytest.mark.parametrize("layout", LAYOUTS)
async def test_an_update_whose_effects_cannot_be_merged_is_not_noted_as_handled(world, layout):
    """The update is not acknowledged. Telegram sends it again, and then it must not be skipped."""

    def fail(_conflict):
        raise ValueError

    async def overtaken(_update, context):
        async with world.build(keep("x", "theirs"), layout=layout) as other:
            await world.ada.send(other, "hi")
        context.user_data["x"] = "ours"

    update = world.ada.message_update("/slow")
    one = world.build(CommandHandler("slow", overtaken), keep("y", 1), layout=layout, dedupe=True, resolver=fail)
    await one.initialize()
    await world.bob.send(one, "hi")
    with pytest.raises(UnsavedError, match=r"user_data\[42\]"):
        await world.telegram.deliver(one, update)
    await world.bob.send(one, "hi")
    two = await world.start(keep("again", 1), layout=layout, dedupe=True)
    await world.telegram.deliver(two, update)
    assert two.user_data[42] == {"x": "theirs", "again": 1}
    await one.shutdown()  # what could not be merged is an effect of an update that is saved now
    assert one.persistence.stats.withdrawn == 1
    assert (await world.stored(layout)).user_data[42] == {"x": "theirs", "again": 1}
