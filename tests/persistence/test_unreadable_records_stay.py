"""Tests of saves beside records that cannot be decoded: they stay as they are until they can be read or are dropped."""

from __future__ import annotations

import pytest

from ptb_bucket.errors import UnreadableRecordError, UnsavedError
from support.documents.unreadable_records import NEWER, OTHER_KEYBOARD, UNREADABLE, Mood, loaded, raw


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
