"""Tests that handlers and filters see the bucket's data together with the unsaved changes of their instance."""

from __future__ import annotations

import asyncio

import pytest
from telegram import InlineKeyboardButton, InlineKeyboardMarkup
from telegram.ext import CallbackQueryHandler, CommandHandler, InvalidCallbackData, MessageHandler, filters

from ptb_bucket.state import LAYOUTS
from support.applications.instances import say


async def put(update, context):
    """Handle ``/put KIND KEY``."""
    kind, key = context.args
    getattr(context, f"{kind}_data").setdefault(key, []).append(update.update_id)


async def tell(update, context):
    known = [sorted(getattr(context, f"{kind}_data")) for kind in ("bot", "chat", "user")]
    await update.effective_message.reply_text(repr(known))


HANDLERS = [CommandHandler("put", put), CommandHandler("tell", tell)]


@pytest.mark.parametrize("layout", LAYOUTS)
async def test_a_warm_instance_sees_what_another_saved(world, layout):
    one, two = [await world.start(*HANDLERS, layout=layout) for _ in range(2)]
    for kind in ("bot", "chat", "user"):
        await world.ada.send(one, f"/put {kind} a")
        await world.ada.send(two, f"/put {kind} b")
    for instance in (one, two):
        assert await world.said(world.ada, instance, "/tell") == ["[['a', 'b'], ['a', 'b'], ['a', 'b']]"]


async def test_filters_see_it_too(world):
    class Known(filters.MessageFilter):
        def filter(self, message):
            return "vip" in two.user_data[message.from_user.id]

    one = await world.start(*HANDLERS)
    two = await world.start(MessageHandler(Known(), say("welcome back")))
    await world.ada.send(one, "/put user vip")
    assert await world.said(world.ada, two, "hi") == ["welcome back"]


async def test_unsaved_changes_survive_a_refresh(world):
    one, two = await world.start(*HANDLERS, save="interval"), await world.start(*HANDLERS)
    await world.ada.send(one, "/put user mine")
    held = one.user_data[42]
    await world.ada.send(two, "/put user theirs")
    assert await world.said(world.ada, one, "/tell") == ["[[], [], ['mine', 'theirs']]"]
    assert one.user_data[42] is held
    await one.update_persistence()
    assert set((await world.stored()).user_data[42]) == {"mine", "theirs"}


async def test_lookups_do_not_create_data(world):
    one = await world.start(MessageHandler(filters.Regex("never"), say("no")))
    await world.ada.send(one, "hi")
    assert dict(one.user_data) == dict(one.chat_data) == {}


async def offer(update, _context):
    row = [InlineKeyboardButton(name, callback_data=("chose", name)) for name in ("tea", "rum")]
    await update.effective_message.reply_text("?", reply_markup=InlineKeyboardMarkup([row]))


async def chosen(update, _context):
    query = update.callback_query
    buttons = [b.callback_data for row in query.message.reply_markup.inline_keyboard for b in row]
    await query.message.reply_text("forgotten" if isinstance(query.data, InvalidCallbackData) else f"{query.data}")
    await query.message.reply_text(repr(buttons))


async def drop(update, context):
    context.drop_callback_data(update.callback_query)


KEYBOARD = [CommandHandler("offer", offer), CallbackQueryHandler(chosen)]


async def test_a_keyboard_works_on_every_instance(world):
    one, two = [await world.start(*KEYBOARD) for _ in range(2)]
    await world.ada.send(one, "/offer")
    for instance, name in ((two, "rum"), (one, "tea"), (two, "tea")):
        answers = [message.text for message in await world.ada.press(instance, name)]
        assert answers == [f"('chose', '{name}')", "[('chose', 'tea'), ('chose', 'rum')]"]


async def test_keyboards_of_both_are_kept(world):
    one, two = [await world.start(*KEYBOARD) for _ in range(2)]
    await world.ada.send(one, "/offer")
    await world.bob.send(two, "/offer")
    for instance in (one, two):
        assert (await world.bob.press(instance, "tea"))[0].text == "('chose', 'tea')"
        assert (await world.ada.press(instance, "tea"))[0].text == "('chose', 'tea')"
    assert len((await world.stored()).bot.callback_data_cache.persistence_data[0]) == 2


async def test_unknown_callback_data_stays_invalid(world):
    one = await world.start(CommandHandler("offer", offer), CallbackQueryHandler(drop))
    two = await world.start(*KEYBOARD)
    await world.ada.send(one, "/offer")
    await world.ada.press(one, "tea")
    assert (await world.ada.press(two, "tea"))[0].text == "forgotten"


async def test_the_loop_is_not_blocked_while_all_records_are_refreshed(world):
    """With many users, it turns when a run over all of them begins and when an application starts again."""
    people, turns = range(1000, 4000), 0

    async def turn():
        nonlocal turns
        while True:
            await asyncio.sleep(0)
            turns += 1

    async with world.build() as app:
        for number in people:
            app.user_data[number]["count"] = number
        app.mark_data_for_update_persistence(user_ids=people)
        await app.update_persistence()
        for step in (app._sync.loader.load_all, app._sync.loader.forget_what_is_gone):
            turning = asyncio.create_task(turn())
            await step()
            turning.cancel()
            assert turns >= len(people) // 200
            turns = 0
        assert len(app.user_data) == len(people)
