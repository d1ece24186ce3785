"""Tests of BucketApplication with records that it cannot decode: their updates fail, all others are handled."""

from __future__ import annotations

import asyncio
import contextlib
import enum
import itertools
import re

import pytest
from telegram import InlineKeyboardButton, InlineKeyboardMarkup, Update
from telegram.ext import CallbackQueryHandler, CommandHandler, ConversationHandler, InvalidCallbackData, MessageHandler

from ptb_bucket.errors import UnreadableRecordError, UnsavedError
from ptb_bucket.state import LAYOUTS
from ptb_bucket.testing.faults import Fault
from support.applications.instances import WORDS, say

END = ConversationHandler.END


class Mood(enum.Enum):
    """A class of the newer code, which older code has not registered."""

    GOOD = 1


SHORT = {("single", "json"), ("per-record", "pickle")}
PLACES = [
    pytest.param({"layout": layout, "codec": codec}, marks=() if (layout, codec) in SHORT else pytest.mark.long)
    for layout, codec in itertools.product(LAYOUTS, ["json", "pickle"])
]
NEWER = {"types": [Mood]}


async def offer(update, _context):
    rows = [[InlineKeyboardButton(text, callback_data=data)] for text, data in (("tea", Mood.GOOD), ("milk", "milk"))]
    for row in rows:
        await update.effective_message.reply_text("What?", reply_markup=InlineKeyboardMarkup([row]))


async def chosen(update, _context):
    is_known = not isinstance(update.callback_query.data, InvalidCallbackData)
    await update.effective_message.reply_text(f"chosen {is_known}")


async def count(update, context):
    context.user_data["count"] = context.user_data.get("count", 0) + 1
    context.chat_data["last"] = update.effective_user.id
    await update.effective_message.reply_text(f"count {context.user_data['count']}")


def handlers():
    talk = ConversationHandler(
        [CommandHandler("go", say("gone", Mood.GOOD))],
        {Mood.GOOD: [CommandHandler("end", say("end", ConversationHandler.END))]},
        [], name="talk", persistent=True,
    )  # fmt: skip
    return [CommandHandler("offer", offer), CallbackQueryHandler(chosen), talk, MessageHandler(WORDS, count)]


async def make_newer(world, place, *, user=(), chat=(), bot=False):
    """Let an instance of newer code write values that this one cannot decode."""
    async with world.build(*handlers(), **place, **NEWER) as newer:
        for numbers, data in ((user, newer.user_data), (chat, newer.chat_data)):
            for number in numbers:
                data[number]["mood"] = Mood.GOOD
        if bot:
            newer.bot_data["mood"] = Mood.GOOD
        newer.mark_data_for_update_persistence(chat_ids=chat, user_ids=user)
        await newer.update_persistence()


async def read(world, place):
    async with world.build(**place, **NEWER) as newer:
        await newer.load_data(chat_ids=[42, 43, -100], user_ids=[42, 43])
        return {number: data for number, data in newer.user_data.items() if data}


@pytest.fixture(params=PLACES, ids=lambda place: "-".join(place.values()))
def place(request):
    return request.param


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


async def test_it_is_handled_again_once_it_can_be_read(world, place):
    await make_newer(world, place, user=[42])
    one = await world.start(*handlers(), **place)
    with pytest.raises(UnreadableRecordError):
        await world.ada.send(one, "hi")
    async with world.build(*handlers(), **place, **NEWER) as newer:
        await newer.load_data(user_ids=42)
        newer.user_data[42].update(mood="good", count=5)
        newer.mark_data_for_update_persistence(user_ids=42)
        await newer.update_persistence()
    assert await world.said(world.ada, one, "hi") == ["count 6"]
    assert one.persistence.stats.unreadable == ()
    assert await read(world, place) == {42: {"mood": "good", "count": 6}}


async def test_loading_damaged_records_raises_and_loads_the_others(world, place):
    await make_newer(world, place, user=[42])
    one = await world.start(*handlers(), **place)
    async with world.build(*handlers(), **place) as other:
        await world.bob.send(other, "hi")
    with pytest.raises(UnreadableRecordError, match=r"user_data\[42\]"):
        await one.load_data(user_ids=[42, 43])
    assert dict(one.user_data) == {43: {"count": 1}}


async def test_a_timer_works_on_everybody_elses_data(world, place, caplog):
    await make_newer(world, place, user=[42])
    async with world.build(*handlers(), **place) as other:
        await world.bob.send(other, "hi")
    one = await world.start(*handlers(), **place)

    async def work(app):
        with contextlib.suppress(UnreadableRecordError):
            await app.load_data(user_ids=[42, 43])
        for data in app.user_data.values():
            data["paid"] = True

    await one.run_and_save(work)
    assert await read(world, place) == {42: {"mood": Mood.GOOD}, 43: {"count": 1, "paid": True}}
    assert "user_data[42]" in caplog.text


async def test_a_timer_tells_of_conversations_and_keyboards_that_are_not_loaded(world, place, caplog):
    one = await world.start(*handlers(), **place)
    newer = await world.start(*handlers(), **place, **NEWER)
    await world.ada.send(newer, "/go")
    await world.bob.send(newer, "/offer")

    async def work(app):
        await app.load_data(user_ids=[42, 43])

    with contextlib.suppress(UnreadableRecordError):
        await world.ada.send(one, "/go")  # on per-record, it hears of them here
    with contextlib.suppress(UnreadableRecordError):
        await world.bob.press(one, "tea")
    caplog.clear()
    await one.run_and_save(work)
    told = [entry.getMessage() for entry in caplog.records if entry.name == "ptb_bucket.application"]
    assert sorted(text.partition("[")[0] for text in told) == ["callback_data", "conversations"]
    assert all("Mood" in text for text in told)


async def test_it_can_be_dropped(world, place):
    await make_newer(world, place, user=[42], chat=[42])
    one = await world.start(*handlers(), **place)
    with contextlib.suppress(UnreadableRecordError):
        await one.load_data(user_ids=42, chat_ids=42)
    one.drop_user_data(42)
    one.drop_chat_data(42)
    await one.update_persistence()
    assert await world.said(world.ada, one, "hi") == ["count 1"]
    assert await read(world, place) == {42: {"count": 1}}


async def test_a_chat_that_cannot_be_read_is_moved_as_it_is(world, place):
    await make_newer(world, place, chat=[42])
    one = await world.start(*handlers(), **place)
    with contextlib.suppress(UnreadableRecordError):
        await one.load_data(chat_ids=[42, -1001])
    one.migrate_chat_data(old_chat_id=42, new_chat_id=-1001)
    await one.update_persistence()
    with pytest.raises(UnreadableRecordError, match=r"chat_data\[-1001\]"):
        await one.load_data(chat_ids=-1001)
    async with world.build(**place, **NEWER) as newer:
        await newer.load_data(chat_ids=[42, -1001])
        assert {number: data for number, data in newer.chat_data.items() if data} == {-1001: {"mood": Mood.GOOD}}


async def test_a_chat_that_cannot_be_read_is_not_moved_over_another(world, place):
    await make_newer(world, place, chat=[42])
    one = await world.start(*handlers(), **place)
    one.chat_data[-1001]["here"] = True
    one.mark_data_for_update_persistence(chat_ids=-1001)
    await one.update_persistence()
    with contextlib.suppress(UnreadableRecordError):
        await one.load_data(chat_ids=[42, -1001])
    with pytest.raises(UnreadableRecordError, match=r"chat_data\[42\]"):
        one.migrate_chat_data(old_chat_id=42, new_chat_id=-1001)
    await one.update_persistence()
    async with world.build(**place, **NEWER) as newer:
        await newer.load_data(chat_ids=[42, -1001])
        assert dict(newer.chat_data) == {42: {"mood": Mood.GOOD}, -1001: {"here": True}}


async def test_a_change_to_a_newer_record_is_not_acknowledged_and_others_are_saved(world, place):
    async def overtaken(_update, context):
        context.user_data["count"] = 1
        await make_newer(world, place, user=[42])

    one = world.build(CommandHandler("slow", overtaken), *handlers(), **place)
    await one.initialize()
    with pytest.raises(UnsavedError, match=r"user_data\[42\].*Mood") as caught:
        await world.ada.send(one, "/slow")
    assert caught.value.records == ("user_data[42]",)
    for number in (1, 2):
        assert await world.said(world.bob, one, "hi") == [f"count {number}"]
        assert one.unsaved_for == 0, "nobody waits for what cannot be saved"
        with pytest.raises(UnreadableRecordError):
            await world.ada.send(one, "hi")
    assert one.persistence.stats.pending == ("user_data[42]",)
    await asyncio.sleep(0.3)
    world.plan = lambda operation, _key: Fault.DENIED if operation == "put" else None
    with pytest.raises(UnsavedError):
        await world.bob.send(one, "hi")
    assert 0 < one.unsaved_for < 0.25, "bob's change waits since then"
    world.plan = lambda _operation, _key: None
    assert await world.said(world.bob, one, "hi") == ["count 4"]
    assert len(world.errors) <= 1, "it is told once"
    assert await read(world, place) == {42: {"mood": Mood.GOOD}, 43: {"count": 4}}
    with pytest.raises(UnsavedError, match=r"user_data\[42\]"):
        await one.shutdown()


async def test_an_application_that_starts_again_keeps_what_became_unreadable(world, place):
    one = world.build(*handlers(), **place)
    await one.initialize()
    for person in (world.ada, world.bob):
        assert await world.said(person, one, "hi") == ["count 1"]
    await one.shutdown()
    await make_newer(world, place, user=[42])
    async with world.build(*handlers(), **place, **NEWER) as newer:
        await world.ada.send(newer, "/go")
        await newer.load_data(user_ids=42)
        before = dict(newer.user_data[42])
    await one.initialize()
    with pytest.raises(UnreadableRecordError):
        await world.ada.send(one, "hi")
    assert await world.said(world.bob, one, "hi") == ["count 2"]
    await one.update_persistence()
    await one.shutdown()
    assert await read(world, place) == {42: before, 43: {"count": 2}}
    assert before == {"count": 1, "mood": Mood.GOOD}
    async with world.build(*handlers(), **place, **NEWER) as newer:
        assert await world.said(world.ada, newer, "/end") == ["end"]


async def test_queries_that_cannot_be_read_do_not_keep_others_from_being_saved(world, tmp_path):
    """The bot needs these queries for its limit, so it removes none."""
    one = await world.start(*handlers(), **NEWER)
    await world.ada.send(one, "/offer")
    await world.ada.press(one, "milk")
    await one.update_persistence()
    document = tmp_path / "bot" / "state.json"
    text = document.read_text()
    text, changed = re.subn(r'"queries": \{[^}]+\}', '"queries": {"$Mood":"GOOD"}', text)
    assert changed == 1
    document.write_text(text)
    async with world.build(*handlers()) as two:
        assert await world.said(world.bob, two, "hi") == ["count 1"]
        await world.bob.send(two, "/tea")
        assert two.persistence.stats.pending == ()
    assert '"queries": {"$Mood":"GOOD"}' in document.read_text()
    assert (await world.stored()).user_data[43] == {"count": 1}
