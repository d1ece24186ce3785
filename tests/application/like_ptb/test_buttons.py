"""Tests of buttons' arbitrary data that enters and leaves the cache, and that no longer fits into it."""

from __future__ import annotations

import pytest
from telegram import InlineKeyboardButton, InlineKeyboardMarkup
from telegram.ext import (
    CallbackQueryHandler,
    InvalidCallbackData,
    MessageHandler,
    PersistenceInput,
    filters,
)

from support.applications.side_by_side import running

ALL = filters.ALL


def keyboard(*rows):
    return InlineKeyboardMarkup([[InlineKeyboardButton(str(one), callback_data=one)] for one in rows])


def bot(side, *data, wanted=None, **options):
    """Build a bot that sends a keyboard and notes the data of each button that is pressed."""

    async def send(update, _context):
        await update.effective_message.reply_text("which?", reply_markup=keyboard(*data))

    async def pressed(update, context):
        found = update.callback_query.data
        side.seen.append("invalid" if isinstance(found, InvalidCallbackData) else found)
        if wanted:
            await wanted(update, context)

    return side.build(CallbackQueryHandler(pressed), MessageHandler(ALL, send), **options)


async def test_a_button_brings_its_data(sides):
    async def scenario(side):
        app = bot(side, ("a", 1), {"b": [2]}, "text")
        async with app:
            await side.says(app, "hi")
            for label in ("('a', 1)", "{'b': [2]}", "text"):
                await side.ada.press(app, label)
        return side.seen

    assert await sides.same(scenario) == [("a", 1), {"b": [2]}, "text"]


async def test_a_button_brings_its_data_after_a_restart(sides):
    async def scenario(side):
        async with bot(side, ("a", 1)) as app:
            await side.says(app, "hi")
        async with bot(side) as app:
            await side.ada.press(app, "('a', 1)")
        return side.seen

    assert await sides.same(scenario) == [("a", 1)]


async def test_a_button_whose_data_is_not_stored_is_invalid_after_a_restart(sides):
    async def scenario(side):
        options = {"store_data": PersistenceInput(callback_data=False)}
        async with bot(side, ("a", 1), **options) as app:
            await side.says(app, "hi")
            await side.ada.press(app, "('a', 1)")
        async with bot(side, **options) as app:
            await side.ada.press(app, "('a', 1)")
        return side.seen

    assert await sides.same(scenario) == [("a", 1), "invalid"]


async def test_a_pattern_sees_the_data_and_invalid_data_matches_its_class(sides):
    async def scenario(side):
        app = side.build(
            CallbackQueryHandler(side.note("a tuple"), pattern=tuple),
            CallbackQueryHandler(side.note("invalid"), pattern=InvalidCallbackData),
            CallbackQueryHandler(side.note("begins with t"), pattern="^t"),
            CallbackQueryHandler(side.note("is 7"), pattern=lambda data: data == 7),
        )

        async def send(update, _context):
            await update.effective_message.reply_text("which?", reply_markup=keyboard(("a", 1), "text", 7))

        app.add_handler(MessageHandler(ALL, send))
        async with app:
            await side.says(app, "hi")
            for label in ("('a', 1)", "text", "7"):
                await side.ada.press(app, label)
            app.bot.callback_data_cache.clear_callback_data()
            await app.update_persistence()
            await side.ada.press(app, "text")
        return side.seen

    assert await sides.same(scenario) == ["a tuple", "begins with t", "is 7", "invalid"]


async def test_dropped_data_is_invalid_from_then_on(sides):
    async def scenario(side):
        async def drop(update, context):
            context.drop_callback_data(update.callback_query)
            await update.callback_query.answer()

        app = bot(side, ("a", 1), wanted=drop)
        async with app:
            await side.says(app, "hi")
            await side.ada.press(app, "('a', 1)")
            await app.update_persistence()
            await side.says(app, "hi")
        async with bot(side) as app:
            for message in list(side.telegram.messages(42))[::-1]:
                if "reply_markup" in message:
                    await side.telegram.deliver(app, side.ada.press_update("('a', 1)", message=_Numbered(message)))
        return side.seen

    assert await sides.same(scenario) == [("a", 1), "invalid", ("a", 1)]


class _Numbered:
    def __init__(self, message):
        self.message_id = message["message_id"]


async def test_dropping_what_is_not_known_is_an_error_of_the_handler(sides):
    async def scenario(side):
        async def drop(update, context):
            for _ in range(2):
                context.drop_callback_data(update.callback_query)

        app = bot(side, ("a", 1), wanted=drop)
        async with app:
            await side.says(app, "hi")
            await side.ada.press(app, "('a', 1)")
        return side.errors

    [error] = await sides.same(scenario)
    assert error.startswith("KeyError")


async def test_the_oldest_keyboard_leaves_a_full_cache(sides):
    async def scenario(side):
        async def send(update, _context):
            text = update.effective_message.text
            await update.effective_message.reply_text("which?", reply_markup=keyboard((text,)))

        async def pressed(update, _context):
            found = update.callback_query.data
            side.seen.append("invalid" if isinstance(found, InvalidCallbackData) else found)

        app = side.builder().arbitrary_callback_data(2).build()
        app.add_handlers([CallbackQueryHandler(pressed), MessageHandler(ALL, send)])
        async with app:
            await side.says(app, "one", "two")
            await side.ada.press(app, "('one',)")
            await side.says(app, "three")
            for label in ("('one',)", "('two',)", "('three',)"):
                await side.ada.press(app, label)
                await app.update_persistence()
        return side.seen, app.bot.callback_data_cache.maxsize, len(app.bot.callback_data_cache.persistence_data[0])

    assert await sides.same(scenario) == ([("one",), ("one",), "invalid", ("three",)], 2, 2)


async def test_data_and_queries_are_cleared(sides):
    async def scenario(side):
        app = bot(side, ("a", 1))
        async with app:
            await side.says(app, "hi")
            await side.ada.press(app, "('a', 1)")
            cache = app.bot.callback_data_cache
            side.seen.append(len(cache.persistence_data[1]))
            cache.clear_callback_queries()
            side.seen.append(cache.persistence_data[1])
            cache.clear_callback_data(time_cutoff=cache.persistence_data[0][0][1] - 1)
            side.seen.append(len(cache.persistence_data[0]))
            cache.clear_callback_data()
            side.seen.append(len(cache.persistence_data[0]))
        return side.seen, await side.stored(lambda app: app.bot.callback_data_cache.persistence_data)

    assert await sides.same(scenario) == ([("a", 1), 1, {}, 1, 0], ([], {}))


async def test_without_the_option_buttons_carry_text_only(sides):
    async def scenario(side):
        async def send(update, _context):
            await update.effective_message.reply_text("which?", reply_markup=keyboard("text"))

        async def pressed(update, _context):
            side.seen.append(update.callback_query.data)

        app = side.builder(side.persistence(store_data=PersistenceInput(callback_data=False))).build()
        app.add_handlers([CallbackQueryHandler(pressed), MessageHandler(ALL, send)])
        async with running(app):
            await side.says(app, "hi")
            await side.ada.press(app, "text")
        return side.seen, app.bot.callback_data_cache

    assert await sides.same(scenario) == (["text"], None)


@pytest.mark.parametrize("data", [([], {}), ([("uuid", 1.0, {"a": 1})], {"query": "uuid"})])
async def test_callback_data_of_any_persistence_is_loaded(sides, data):
    class Gives:
        async def get_callback_data(self):
            return data

    async def scenario(side):
        if side.layout == "per-record":
            return data  # a persistence that reads on demand: see test_documented_differences.py
        async with side.build(mixin=Gives) as app:
            return app.bot.callback_data_cache.persistence_data

    assert await sides.same(scenario) == data


@pytest.mark.parametrize("data", ["text", ([],), ([], {}, 1)])
async def test_what_is_not_callback_data_is_refused_at_start(sides, data):
    class Gives:
        async def get_callback_data(self):
            return data

    async def scenario(side):
        if side.layout == "per-record":
            return
        with pytest.raises(ValueError, match="callback_data must be a tuple of length 2"):
            await side.build(mixin=Gives).initialize()
        return

    await sides.same(scenario)
