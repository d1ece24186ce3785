"""Tests of records of newer code that this process cannot decode: only the updates that need them fail."""

from __future__ import annotations

import logging

import pytest
from telegram.ext import MessageHandler, filters

from ptb_bucket import BucketPersistence
from ptb_bucket.errors import CannotLoadError, UnreadableRecordError, UnsavedError
from ptb_bucket.offline_telegram import OfflineTelegram
from ptb_bucket.state import BOT_DATA, HANDLED
from ptb_bucket.state.replica.unreadable import NEEDED_BY_ALL
from support.documents.unreadable_records import NEWER, OTHER_KEYBOARD, UNREADABLE, Mood, loaded, raw


async def test_everybody_else_is_loaded(bucket):
    older = bucket.open()
    assert await older.get_bot_data() == {"since": 2026}
    assert await older.get_user_data() == {43: {"level": 1}}
    assert await older.get_chat_data() == {}
    assert await older.get_conversations("talk") == {(43,): 1}
    assert await older.get_callback_data() == ([(OTHER_KEYBOARD, 2.0, {"x": 1})], {"query": OTHER_KEYBOARD})
    assert await older.get_user_data() == {43: {"level": 1}}, "the same when it is asked again"


async def test_they_are_named_in_the_figures_and_once_in_the_log(bucket, caplog):
    caplog.set_level(logging.WARNING, "ptb_bucket")
    older = await loaded(bucket)
    for _ in range(3):
        with pytest.raises(UnreadableRecordError, match=r"user_data\[42\] cannot be loaded: .*Mood"):
            await older.refresh_user_data(42, {})
    assert sorted(older.stats.unreadable) == sorted(UNREADABLE)
    for label in UNREADABLE:
        assert caplog.text.count(f"{label} cannot be loaded: ") == 1
    assert "99" not in caplog.text, "data is not logged"


@pytest.mark.parametrize("interval", [None, 0, 60])
async def test_a_failed_refresh_reaches_the_error_handlers(bucket, interval):
    older = await loaded(bucket, refresh_interval=interval)
    data: dict = {}
    for _ in range(2):
        with pytest.raises(UnreadableRecordError, match=r"user_data\[42\]"):
            await older.refresh_user_data(42, data)
        with pytest.raises(UnreadableRecordError, match=r"chat_data\[42\]"):
            await older.refresh_chat_data(42, {})
    assert data == {}
    await older.refresh_user_data(43, data)


async def test_bot_data_that_cannot_be_read_stops_the_start_and_is_named(place):
    newer = place.open(types=[Mood])
    await newer.update_bot_data({"mood": Mood.GOOD})
    await newer.flush()
    with pytest.raises(UnreadableRecordError, match=r"^bot_data cannot be loaded: .*Mood"):
        await place.open().get_bot_data()


async def test_bot_data_that_becomes_unreadable_fails_each_refresh(bucket):
    older = await loaded(bucket, refresh_interval=0)
    data = {"since": 2026}
    await (await loaded(bucket, types=[Mood])).update_bot_data({"since": 2026, "mood": Mood.GOOD})
    for _ in range(2):
        with pytest.raises(UnreadableRecordError, match=r"^bot_data cannot be loaded: .*Mood"):
            await older.refresh_bot_data(data)
    await older.update_bot_data(dict(data))
    with pytest.raises(UnsavedError, match="bot_data"):
        await older.update_bot_data({"since": 2027})
    assert (await bucket.open(types=[Mood]).get_bot_data()) == {"since": 2026, "mood": Mood.GOOD}


async def test_ids_are_iterated_all_the_same(bucket):
    older = await loaded(bucket)
    assert sorted([user_id async for user_id in older.iter_user_ids()]) == [42, 43]


def test_the_error_names_record_reason_and_what_to_do():
    error = UnreadableRecordError("a stored Mood has no member BAD.", record="user_data[42]")
    assert isinstance(error, CannotLoadError)
    assert (error.record, error.reason) == ("user_data[42]", "a stored Mood has no member BAD.")
    assert (
        str(error)
        == "user_data[42] cannot be loaded: a stored Mood has no member BAD. Only updates that need this record fail."
    )
    assert str(error.again()) == str(error)


@pytest.mark.parametrize("record", [BOT_DATA, HANDLED])
def test_no_error_says_that_others_are_saved_if_none_are(record):
    assert record.kind in NEEDED_BY_ALL
    error = UnreadableRecordError("a stored Mood has no member BAD", record=record.label)
    assert str(error) == f"{record.label} cannot be loaded: a stored Mood has no member BAD."


# ---------------------------------------------------------------- under PTB's own Application


async def application(place, *groups, errors):
    telegram = OfflineTelegram()
    built = telegram.builder().persistence(BucketPersistence(place.uri, **place.options)).build()
    for number, callback in enumerate(groups):
        built.add_handler(MessageHandler(filters.ALL, callback), group=number)

    async def hear(_update, context):
        errors.append(context.error)

    built.add_error_handler(hear)
    return telegram, built


async def test_ptb_answers_everybody_else(bucket):
    answered, errors = [], []

    async def answer(update, context):
        answered.append(update.effective_user.id)
        context.user_data["seen"] = True

    telegram, app = await application(bucket, answer, errors=errors)
    async with app:
        for number in (42, 43, 44):
            await telegram.user(number, f"U{number}").send(app, "hi")
        await app.update_persistence()
    assert answered == [43, 44]
    assert {type(error) for error in errors} == {UnreadableRecordError}
    newer = bucket.open(types=[Mood])
    assert await newer.get_user_data() == {42: NEWER, 43: {"level": 1, "seen": True}, 44: {"seen": True}}


async def test_handlers_of_later_groups_cannot_harm_what_ptb_did_not_refresh(bucket):
    """After a failed refresh, PTB goes on with the next group, in which user_data is empty."""
    before, ran, errors = await raw(bucket), [], []

    async def never(_update, _context):
        ran.append("first group")

    async def later(update, context):
        ran.append("second group")
        context.user_data["level"] = 1
        context.chat_data.clear()
        context.application.migrate_chat_data(old_chat_id=update.effective_chat.id, new_chat_id=-1001)

    telegram, app = await application(bucket, never, later, errors=errors)
    await app.initialize()
    await telegram.user(42, "Ada").send(app, "hi")
    await app.update_persistence()
    with pytest.raises(UnsavedError, match=r"user_data\[42\]"):
        await app.shutdown()
    assert ran == ["second group"]
    assert {type(error) for error in errors} == {UnreadableRecordError}
    assert await raw(bucket) == before
