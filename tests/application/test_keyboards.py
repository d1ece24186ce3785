"""Keyboards on per-record: read when they are pressed, and what a sweep of old ones means for instances that run."""

from __future__ import annotations

import logging
import threading
from datetime import timedelta

import pytest
from telegram import InlineKeyboardButton, InlineKeyboardMarkup, Update
from telegram.ext import CallbackQueryHandler, CommandHandler, InvalidCallbackData

from ptb_bucket import BucketPersistence
from ptb_bucket.errors import CannotStoreError
from ptb_bucket.tools import open_state
from ptb_bucket.tools._sweep import sweep

PER_RECORD = {"layout": "per-record"}


async def offer(update, _context):
    button = InlineKeyboardButton("tea", callback_data=("chose", "tea"))
    await update.effective_message.reply_text("What?", reply_markup=InlineKeyboardMarkup([[button]]))


async def chosen(update, _context):
    await update.callback_query.answer()
    await update.effective_message.reply_text(str(update.callback_query.data))


KEYBOARD = [CommandHandler("offer", offer), CallbackQueryHandler(chosen)]


async def test_a_keyboard_of_which_an_instance_never_heard_is_read_when_it_is_pressed(world):
    one = await world.start(*KEYBOARD, **PER_RECORD)
    await world.ada.send(one, "/offer")
    await world.bob.send(one, "/offer")
    for _ in range(2):
        async with world.build(*KEYBOARD, **PER_RECORD) as two:
            assert (await world.ada.press(two, "tea"))[0].text == "('chose', 'tea')"
            assert len(two.bot.callback_data_cache.persistence_data[0]) == 1
    assert (await world.bob.press(one, "tea"))[0].text == "('chose', 'tea')"
    keyboards, queries = (await world.stored("per-record")).bot.callback_data_cache.persistence_data
    assert (len(keyboards), len(queries)) == (2, 3)


@pytest.mark.parametrize("layout", ["single", "per-record"])
async def test_normal_use_is_quiet_and_keeps_the_queries_of_all_lives(world, layout, caplog):
    """Restarts, another instance, little memory, and a press that arrives while another update is saved."""
    options = {"layout": layout, "cache_size": 1}
    async with world.build(*KEYBOARD, **options) as first:
        await world.ada.send(first, "/offer")
        caplog.clear()  # that the bucket was empty was right
        await world.ada.press(first, "tea")
    async with world.build(*KEYBOARD, **options) as one, world.build(*KEYBOARD, **options) as other:
        await world.bob.send(one, "/offer")
        arrived = Update.de_json(world.bob.press_update("tea"), one.bot)
        one.bot.insert_callback_data(arrived)
        await world.ada.send(one, "/offer")
        await one.process_update(arrived)
        for person in (world.ada, world.bob):
            await person.press(other, "tea")
            await person.press(one, "tea")
    assert [record.getMessage() for record in caplog.records if record.levelno >= logging.WARNING] == []
    assert (one.persistence.stats.unread_merged, other.persistence.stats.unread_merged) == (0, 0)
    _, queries = (await world.stored(layout)).bot.callback_data_cache.persistence_data
    assert len(queries) == 6


async def test_a_button_that_cannot_be_stored_costs_its_keyboard_only_and_only_as_long_as_it_is_kept(world):
    async def bad(update, _context):
        button = InlineKeyboardButton("lock", callback_data=threading.Lock())
        await update.effective_message.reply_text("What?", reply_markup=InlineKeyboardMarkup([[button]]))

    async with world.build(CommandHandler("bad", bad), *KEYBOARD) as one:
        await world.ada.send(one, "/bad")
        await world.bob.send(one, "/offer")
        keyboards, _ = (await world.stored()).bot.callback_data_cache.persistence_data
        assert [list(buttons.values()) for *_, buttons in keyboards] == [[], [("chose", "tea")]]
        assert [type(error) for error in world.errors] == [CannotStoreError], "told once"
        assert len(one.persistence.stats.pending) == 1
        one.bot.callback_data_cache.clear_callback_data()
        await one.update_persistence()
        assert one.persistence.stats.pending == ()


async def test_the_same_without_bucket_application(world):
    persistence = BucketPersistence(world.store())
    persistence.set_bot(world.telegram.builder().arbitrary_callback_data(arbitrary_callback_data=True).build().bot)
    good = ("b" * 32, 2.0, {"x": 1})
    with pytest.raises(CannotStoreError, match="callback_data"):
        await persistence.update_callback_data(([("a" * 32, 1.0, {"x": threading.Lock()}), good], {}))
    bad = ("a" * 32, 1.0, {})
    assert (await world.stored()).bot.callback_data_cache.persistence_data[0] == [bad, good]
    await persistence.update_callback_data(([good], {}))
    assert (await world.stored()).bot.callback_data_cache.persistence_data[0] == [good]
    assert persistence.stats.pending == ()
    await persistence.flush()


async def test_a_keyboard_that_was_swept_works_where_it_is_in_memory_and_is_saved_again(world):
    one, two = [await world.start(*KEYBOARD, **PER_RECORD) for _ in range(2)]
    for person in (world.ada, world.bob):
        await person.send(one, "/offer")
    async with open_state(f"{world.where}?layout=per-record", keep_unknown=True) as state:
        assert len((await sweep(state, timedelta(days=30), keyboards=0)).keyboards) == 2
    assert (await world.ada.press(two, "tea"))[0].text == str(InvalidCallbackData())
    assert (await world.bob.press(one, "tea"))[0].text == "('chose', 'tea')"
    [kept], _ = (await world.stored("per-record")).bot.callback_data_cache.persistence_data
    assert list(kept[2].values()) == [("chose", "tea")]
