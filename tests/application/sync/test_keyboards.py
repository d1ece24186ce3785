"""Tests of keyboards on per-record: they are read when pressed, also beside a sweep of old ones."""

from __future__ import annotations

import logging
import threading
import time
from datetime import timedelta

import pytest
from telegram import InlineKeyboardButton, InlineKeyboardMarkup, Update
from telegram.ext import CallbackQueryHandler, CommandHandler, InvalidCallbackData, MessageHandler, filters

from ptb_bucket import BucketPersistence
from ptb_bucket.errors import CannotStoreError
from ptb_bucket.state import LAYOUTS
from ptb_bucket.tools import open_state
from ptb_bucket.tools.sweeping import sweep

PER_RECORD = {"layout": "per-record"}
NOW = time.time()


async def offer(update, _context):
    button = InlineKeyboardButton("tea", callback_data=("chose", "tea"))
    await update.effective_message.reply_text("What?", reply_markup=InlineKeyboardMarkup([[button]]))


async def chosen(update, _context):
    await update.callback_query.answer()
    await update.effective_message.reply_text(str(update.callback_query.data))


KEYBOARD = [CommandHandler("offer", offer), CallbackQueryHandler(chosen)]


async def test_a_keyboard_that_an_instance_does_not_know_is_read_when_it_is_pressed(world):
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


@pytest.mark.parametrize("where", ["reply_to_message", "pinned_message"])
@pytest.mark.parametrize("layout", ["single", "per-record"])
async def test_buttons_in_messages_that_a_message_carries_have_their_data_on_other_instances(world, where, layout):
    seen = []

    async def look(update, _context):
        [[button]] = getattr(update.effective_message, where).reply_markup.inline_keyboard
        seen.append(button.callback_data)

    one = await world.start(*KEYBOARD, layout=layout)
    two = await world.start(MessageHandler(filters.ALL, look), layout=layout)
    await world.ada.send(one, "/offer")
    told = world.ada.message_update("hi")
    told["message"][where] = next(one for one in world.telegram.messages(42) if "reply_markup" in one)
    await world.telegram.deliver(two, told)
    assert seen == [("chose", "tea")]


@pytest.mark.parametrize("layout", ["single", "per-record"])
async def test_normal_use_is_quiet_and_keeps_the_queries_of_all_lives(world, layout, caplog):
    """Normal use includes restarts, another instance, little memory, and a press while another update is saved."""
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


class Raises:
    def __reduce__(self):
        raise RuntimeError("not me")


@pytest.mark.parametrize(
    "bad", [lambda: 1, threading.Lock(), Raises(), object()], ids=["lambda", "lock", "raises", "object"]
)
@pytest.mark.parametrize("codec", ["json", "pickle"])
@pytest.mark.parametrize("layout", LAYOUTS)
async def test_of_a_keyboard_with_one_bad_button_the_others_work_elsewhere(world, layout, codec, bad):
    async def mixed(update, _context):
        row = [("tea", ("chose", "tea")), ("bad", bad), ("milk", ("chose", "milk"))]
        buttons = [[InlineKeyboardButton(text, callback_data=data) for text, data in row]]
        await update.effective_message.reply_text("What?", reply_markup=InlineKeyboardMarkup(buttons))

    settings = {"layout": layout, "codec": codec}
    async with world.build(CommandHandler("mixed", mixed), *KEYBOARD, **settings) as one:
        for who, text in ((world.ada, "/mixed"), (world.bob, "/offer")):
            await who.send(one, text)
        async with world.build(*KEYBOARD, **settings) as two:
            assert [(await world.ada.press(two, text))[0].text for text in ("tea", "milk", "bad")] == [
                "('chose', 'tea')", "('chose', 'milk')", str(InvalidCallbackData()),
            ]  # fmt: skip
            assert (await world.bob.press(two, "tea"))[0].text == "('chose', 'tea')"
        one.bot.callback_data_cache.clear_callback_data()  # what is unsaved at the end is an error


@pytest.fixture
def clock(monkeypatch):
    """Return a function that sets how far PTB's clock is behind, in seconds."""

    def behind(seconds: float) -> None:
        monkeypatch.setattr("telegram.ext._callbackdatacache.time.time", lambda: NOW - seconds)

    return behind


def limit(instance, keyboards: int) -> None:
    """Limit the keyboards in the cache and in the bucket."""
    setattr(instance.bot.callback_data_cache._keyboard_data, "_Cache__maxsize", keyboards)  # noqa: B010  a mangled name
    instance.persistence._session.replica.documents.tracked.at("state").ledger.callback_limit = keyboards


def uuids(instance) -> list[str]:
    return [uuid for uuid, *_ in instance.bot.callback_data_cache.persistence_data[0]]


@pytest.mark.parametrize("behind", [0, 1, 3600, 10**9])
async def test_a_clock_that_is_behind_drops_no_keyboard_that_was_just_sent(world, clock, behind):
    """It drops none in this commit, nor in the next one of an instance whose clock is right."""
    right, wrong = [await world.start(*KEYBOARD) for _ in range(2)]
    for instance in (right, wrong):
        limit(instance, 3)
    clock(0)
    for _ in range(4):
        await world.bob.send(right, "/offer")
    clock(behind)
    await world.ada.send(wrong, "/offer")
    just_sent = uuids(wrong)[-1]
    clock(0)
    for _ in range(2):
        await world.bob.send(right, "/offer")
        assert just_sent in uuids(await world.stored())
    assert (await world.ada.press(right, "tea"))[0].text == "('chose', 'tea')"


async def test_a_clock_that_is_behind_drops_no_keyboard_from_the_cache(world, clock):
    """Keyboards that other instances sent do not push out keyboards that were just sent here."""
    right = await world.start(*KEYBOARD)
    clock(0)
    for _ in range(2):
        await world.bob.send(right, "/offer")
    wrong = await world.start(*KEYBOARD)
    limit(wrong, 4)
    clock(3600)
    await world.ada.send(wrong, "/offer")
    just_sent = uuids(wrong)[-1]
    clock(0)
    await world.bob.send(right, "/offer")
    clock(3600)
    await world.bob.press(wrong, "tea")
    await world.telegram.user(44, "Bea").send(wrong, "/offer")
    assert len(uuids(wrong)) == 4
    assert just_sent in uuids(wrong)


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


async def test_a_keyboard_that_the_cache_drops_is_removed_from_the_bucket(world):
    async with world.build(*KEYBOARD, cache_size=1, **PER_RECORD) as one:
        await world.ada.send(one, "/offer")
        for number in range(10):
            await world.telegram.user(100 + number, "P").send(one, "hi")
        one.bot.callback_data_cache.clear_callback_data()
        await one.update_persistence()
        keyboards, _ = (await world.stored("per-record")).bot.callback_data_cache.persistence_data
        assert keyboards == []


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
