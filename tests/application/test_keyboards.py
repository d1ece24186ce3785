"""Keyboards on per-record: read when they are pressed, and what a sweep of old ones means for instances that run."""

from __future__ import annotations

from datetime import timedelta

from telegram import InlineKeyboardButton, InlineKeyboardMarkup
from telegram.ext import CallbackQueryHandler, CommandHandler, InvalidCallbackData

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
