"""Tests of BucketApplication with records that it cannot decode: their updates fail, all others are handled."""

from __future__ import annotations

import asyncio

import pytest
from telegram import Update
from telegram.ext import CommandHandler, ConversationHandler

from ptb_bucket.errors import UnreadableRecordError, UnsavedError
from support.applications.instances import say
from support.applications.newer_values import NEWER, Mood, handlers, make_newer, read

END = ConversationHandler.END


@pytest.mark.parametrize("save", ["update", "interval"])
async def test_everybody_else_is_answered(world, place, save):
    await make_newer(world, place, user=[42])
    one = await world.start(*handlers(), **place, save=save)
    for number in (1, 2):
        with pytest.raises(UnreadableRecordError, match=r"user_data\[42\] cannot be loaded: .*Mood"):
            await world.ada.send(one, "hi")
        assert await world.said(world.bob, one, "hi") == [f"count {number}"]
        await one.update_persistence()
    assert one.persistence.stats.unreadable == ("user_data[42]",)
    assert 42 not in one.user_data
    assert world.errors == []
    assert await read(world, place) == {42: {"mood": Mood.GOOD}, 43: {"count": 2}}


async def test_errors_behind_the_queue_reach_the_error_handlers(world, place):
    await make_newer(world, place, user=[42])
    one = await world.start(*handlers(), **place)
    await one.start()
    for person in (world.ada, world.bob, world.ada, world.bob):
        await one.update_queue.put(Update.de_json(person.message_update("hi"), one.bot))
    await asyncio.wait_for(one.update_queue.join(), 5)
    await one.stop()
    assert [type(error) for error in world.errors] == [UnreadableRecordError] * 2
    assert one.user_data[43] == {"count": 2}


async def test_a_chat_that_cannot_be_read_costs_only_its_own_updates(world, place):
    await make_newer(world, place, chat=[-100])
    one = await world.start(*handlers(), **place)
    with pytest.raises(UnreadableRecordError, match=r"chat_data\[-100\]"):
        await world.ada.send(one, "hi", chat=world.telegram.group(-100, "Group"))
    assert await world.said(world.ada, one, "hi") == ["count 1"]


async def test_a_conversation_that_cannot_be_read_costs_only_its_own_updates(world, place):
    newer = await world.start(*handlers(), **place, **NEWER)
    await world.ada.send(newer, "/go")
    one = await world.start(*handlers(), **place)
    for text in ("/go", "/end", "hi"):
        with pytest.raises(
            UnreadableRecordError, match=r"conversations\['talk'\]\[\(42, 42\)\] cannot be loaded: .*Mood"
        ):
            await world.ada.send(one, text)
    assert await world.said(world.bob, one, "hi") == ["count 1"]
    assert await world.said(world.ada, newer, "/end") == ["end"]
    assert await world.said(world.ada, one, "hi") == ["count 1"]


async def test_a_conversation_that_goes_on_here_and_is_newer_in_the_bucket_is_not_handled(world, place):
    def talk():
        states = {1: [CommandHandler("next", say("next", 2))], 2: [CommandHandler("end", say("end", END))]}
        return ConversationHandler([CommandHandler("go", say("gone", 1))], states, [], name="talk", persistent=True)

    one = world.build(talk(), *handlers()[3:], **place, save="interval")
    await one.initialize()
    await world.ada.send(one, "/go")  # not saved yet
    newer = await world.start(*handlers(), **place, **NEWER)
    await world.ada.send(newer, "/go")
    with pytest.raises(UnreadableRecordError, match=r"conversations\['talk'\]"):
        await world.ada.send(one, "/next")
    assert await world.said(world.bob, one, "/go") == ["gone"]
    with pytest.raises(UnsavedError, match=r"conversations\['talk'\]"):
        await one.shutdown()
    assert await world.said(world.ada, newer, "/end") == ["end"]


async def test_a_keyboard_that_cannot_be_read_costs_only_its_own_presses(world, place):
    newer = await world.start(*handlers(), **place, **NEWER)
    await world.ada.send(newer, "/offer")
    for _ in range(2):
        async with world.build(*handlers(), **place) as one:
            with pytest.raises(UnreadableRecordError, match=r"callback_data\[[0-9a-f]{32}\] cannot be loaded: .*Mood"):
                await world.ada.press(one, "tea")
            assert await world.said(world.ada, one, "hi"), "other updates of the same person are handled"
            assert [message.text for message in await world.ada.press(one, "milk")] == ["chosen True"]
    assert [message.text for message in await world.ada.press(newer, "tea")] == ["chosen True"]
    async with world.build(*handlers(), **place, **NEWER) as another:
        assert [message.text for message in await world.ada.press(another, "tea")] == ["chosen True"]


async def test_bot_data_that_becomes_unreadable_fails_every_update(world, place):
    one = await world.start(*handlers(), **place)
    assert await world.said(world.ada, one, "hi") == ["count 1"]
    await make_newer(world, place, bot=True)
    for person in (world.ada, world.bob):
        with pytest.raises(UnreadableRecordError, match=r"^bot_data cannot be loaded: .*Mood"):
            await person.send(one, "hi")


async def test_bot_data_that_cannot_be_read_stops_the_start(world, place):
    await make_newer(world, place, bot=True)
    with pytest.raises(UnreadableRecordError, match=r"^bot_data cannot be loaded: .*Mood"):
        await world.build(*handlers(), **place).initialize()


async def test_handled_updates_that_cannot_be_read_stop_the_start(world, tmp_path):
    one = await world.start(*handlers(), dedupe=True)
    await world.ada.send(one, "hi")
    document = tmp_path / "bot" / "state.json"
    text = document.read_text()
    assert '"handled": [' in text
    document.write_text(text.replace('"handled": [', '"handled": [{"$Mood":"GOOD"},'))
    with pytest.raises(UnreadableRecordError, match=r"updates\[handled\] cannot be loaded: .*Mood"):
        await world.build(*handlers(), dedupe=True).initialize()
