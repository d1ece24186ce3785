"""Tests of records of newer code that this process cannot decode: only the updates that need them fail."""

from __future__ import annotations

import enum
import logging

import pytest
from telegram.ext import MessageHandler, filters

from ptb_bucket import BucketPersistence
from ptb_bucket.errors import CannotLoadError, UnreadableRecordError, UnsavedError
from ptb_bucket.offline_telegram import OfflineTelegram
from ptb_bucket.state import BOT_DATA, HANDLED, Archive
from ptb_bucket.state.replica.unreadable import NEEDED_BY_ALL
from ptb_bucket.stores import open_store


class Mood(enum.Enum):
    """A class of the newer code, which older code has not registered."""

    GOOD = 1


NEWER = {"mood": Mood.GOOD, "level": 99}
KEYBOARD, OTHER_KEYBOARD = "a" * 32, "b" * 32


@pytest.fixture
async def bucket(place):
    """Make a place with unreadable records of every kind but bot_data, and readable ones beside them."""
    newer = place.open(types=[Mood])
    await newer.update_user_data(42, NEWER)
    await newer.update_user_data(43, {"level": 1})
    await newer.update_chat_data(42, {"mood": Mood.GOOD})
    await newer.update_bot_data({"since": 2026})
    await newer.update_conversation("talk", (42,), Mood.GOOD)
    await newer.update_conversation("talk", (43,), 1)
    keyboards = [(KEYBOARD, 1.0, {"x": Mood.GOOD}), (OTHER_KEYBOARD, 2.0, {"x": 1})]
    await newer.update_callback_data((keyboards, {"query": OTHER_KEYBOARD}))
    await newer.flush()
    return place


UNREADABLE = ["callback_data[" + KEYBOARD + "]", "chat_data[42]", "conversations['talk'][(42,)]", "user_data[42]"]


async def loaded(place, **options) -> BucketPersistence:
    """Load everything, as PTB does at its start."""
    persistence = place.open(**options)
    await persistence.get_bot_data()
    await persistence.get_chat_data()
    await persistence.get_user_data()
    await persistence.get_callback_data()
    await persistence.get_conversations("talk")
    return persistence


async def raw(place) -> dict[str, bytes]:
    """Return the bytes of the unreadable records in the bucket."""
    store = open_store(place.uri)
    found = {}
    try:
        async for part in (await Archive.find(store, layout=place.layout, codec=place.codec)).parts():
            found |= {record.label: data for record, data in part.records.items() if record.label in UNREADABLE}
    finally:
        await store.close()
    return found


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


async def test_nothing_that_this_process_saves_changes_them(bucket):
    before = await raw(bucket)
    assert sorted(before) == sorted(UNREADABLE)
    older = await loaded(bucket)
    for value in ({}, {"level": 1}):
        with pytest.raises(UnreadableRecordError, match=r"user_data\[42\]"):
            await older.update_user_data(42, dict(value))
        with pytest.raises(UnreadableRecordError, match=r"chat_data\[42\]"):
            await older.update_chat_data(42, dict(value))
        for state in (1, None):
            with pytest.raises(UnreadableRecordError, match=r"conversations\['talk'\]"):
                await older.update_conversation("talk", (42,), state)
        await older.update_user_data(43, {"level": 2, **value})
        await older.update_bot_data({"since": 2026, **value})
        await older.update_callback_data(([(OTHER_KEYBOARD, 3.0, {"x": 2})], {}))
        await older.update_callback_data(([], {}))
        assert await raw(bucket) == before
    newer = await loaded(bucket, types=[Mood])
    assert await newer.get_user_data() == {42: NEWER, 43: {"level": 1}}


async def test_nothing_that_this_process_saves_changes_them_after_a_restart(bucket):
    before = await raw(bucket)
    for count in range(3):
        older = await loaded(bucket)
        await older.update_user_data(43, {"level": count})
        await older.update_user_data(44, {"count": count})
        await older.flush()
    assert await raw(bucket) == before
    assert (await bucket.open(types=[Mood]).get_user_data()) == {42: NEWER, 43: {"level": 2}, 44: {"count": 2}}


async def test_an_empty_object_is_nothing_unsaved(bucket):
    older = await loaded(bucket)
    with pytest.raises(UnreadableRecordError):
        await older.update_user_data(42, {})
    assert older.stats.pending == ()
    await older.flush()


async def test_what_was_made_without_knowing_the_record_ends_as_unsaved(bucket):
    older = await loaded(bucket)
    with pytest.raises(UnreadableRecordError):
        await older.update_user_data(42, {"level": 1})
    assert older.stats.pending == ("user_data[42]",)
    with pytest.raises(UnsavedError, match=r"user_data\[42\]"):
        await older.flush()


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


async def test_they_can_be_dropped_and_begun_anew(bucket):
    older = await loaded(bucket)
    await older.drop_user_data(42)
    assert sorted(await raw(bucket)) == sorted(UNREADABLE[:3])
    data: dict = {}
    await older.refresh_user_data(42, data)
    await older.update_user_data(42, {"level": 1})
    assert (await bucket.open().get_user_data())[42] == {"level": 1}
    assert older.stats.unreadable == tuple(UNREADABLE[:3])
    await older.flush()


async def test_dropped_and_begun_anew_before_the_save(bucket):
    older = await loaded(bucket, on_flush=True)
    await older.drop_user_data(42)
    await older.update_user_data(42, {"level": 1})
    await older.flush()
    assert (await bucket.open().get_user_data())[42] == {"level": 1}


async def test_when_the_record_can_be_read_again_it_is_given_and_nothing_of_it_is_lost(bucket):
    older = await loaded(bucket, refresh_interval=0)
    live = {"level": 1, "own": True}  # a handler of a later group made this without knowing the record
    with pytest.raises(UnreadableRecordError):
        await older.update_user_data(42, dict(live))
    newer = await loaded(bucket, types=[Mood])
    await newer.update_user_data(42, {"level": 100})
    with pytest.raises(UnreadableRecordError):
        await older.update_user_data(42, dict(live))  # still without knowing it
    await older.refresh_user_data(42, live)
    assert live == {"level": 100, "own": True}
    assert older.stats.unreadable == tuple(sorted({*UNREADABLE} - {"user_data[42]"}))
    await older.update_user_data(42, dict(live))
    await older.flush()
    assert (await bucket.open().get_user_data())[42] == {"level": 100, "own": True}


async def test_unsaved_changes_that_meet_a_newer_record_stay_pending(bucket, caplog):
    older = await loaded(bucket, refresh_interval=0)
    newer = await loaded(bucket, types=[Mood])
    await newer.update_user_data(43, {"level": 1, "mood": Mood.GOOD})
    with pytest.raises(UnsavedError, match=r"user_data\[43\].*Mood") as caught:
        await older.update_user_data(43, {"level": 2})
    assert caught.value.records == ("user_data[43]",)
    with pytest.raises(UnsavedError, match=r"user_data\[43\]"):
        await older.update_user_data(44, {"level": 3})
    stats = older.stats
    assert sum("user_data[43] cannot be loaded: " in one.getMessage() for one in caplog.records) == 1
    assert stats.pending == ("user_data[43]",)
    assert "user_data[43]" in stats.unreadable
    assert (await bucket.open(types=[Mood]).get_user_data()) == {
        42: NEWER, 43: {"level": 1, "mood": Mood.GOOD}, 44: {"level": 3},
    }  # fmt: skip
    with pytest.raises(UnsavedError, match=r"user_data\[43\]"):
        await older.flush()


async def test_unsaved_changes_that_met_a_newer_record_are_merged_once_it_can_be_read(bucket):
    older = await loaded(bucket)
    newer = await loaded(bucket, types=[Mood])
    await newer.update_user_data(43, {"level": 1, "mood": Mood.GOOD})
    with pytest.raises(UnsavedError):
        await older.update_user_data(43, {"level": 2})
    await newer.update_user_data(43, {"level": 1, "mood": "good"})
    await older.update_bot_data({"since": 2027})
    assert "user_data[43]" not in older.stats.unreadable
    await older.flush()
    assert (await bucket.open().get_user_data())[43] == {"level": 2, "mood": "good"}


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


# ---------------------------------------------------------------- spool


async def test_the_spool_keeps_what_met_a_newer_record_and_the_bot_starts(bucket, tmp_path):
    spool = tmp_path / "spool"
    older = await loaded(bucket, spool_dir=spool)
    newer = await loaded(bucket, types=[Mood])
    await newer.update_user_data(43, {"level": 1, "mood": Mood.GOOD})
    with pytest.raises(UnsavedError):
        await older.update_user_data(43, {"level": 2})
    with pytest.raises(UnsavedError, match=r"kept in .* on the next start"):
        await older.flush()

    again = bucket.open(spool_dir=spool)
    assert (await again.get_user_data()) == {}, "both users are unreadable now, and the bot starts"
    assert again.stats.pending == ("user_data[43]",)
    await again.update_user_data(44, {"level": 3})
    with pytest.raises(UnsavedError, match=r"user_data\[43\]"):
        await again.flush()

    deployed = bucket.open(spool_dir=spool, types=[Mood])
    assert (await deployed.get_user_data())[43] == {"level": 2, "mood": Mood.GOOD}
    assert deployed.stats.pending == ()
    await deployed.flush()
    assert (await bucket.open(types=[Mood]).get_user_data()) == {
        42: NEWER, 43: {"level": 2, "mood": Mood.GOOD}, 44: {"level": 3},
    }  # fmt: skip
