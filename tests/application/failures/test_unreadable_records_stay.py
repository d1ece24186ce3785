"""Work beside records that cannot be decoded: they stay as they are, and can be repaired, dropped or moved."""

from __future__ import annotations

import asyncio
import contextlib
import re

import pytest
from telegram.ext import CommandHandler

from ptb_bucket.errors import UnreadableRecordError, UnsavedError
from ptb_bucket.testing.faults import Fault
from support.applications.newer_values import NEWER, Mood, handlers, make_newer, read


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
