"""Tests of timers that come back when one record is restored: the next tick runs them again, with all changes."""

from __future__ import annotations

import asyncio
from datetime import datetime, timedelta, timezone

import pytest

from ptb_bucket import bucket_application
from ptb_bucket.offline_telegram import OfflineTelegram
from ptb_bucket.state import BOT_DATA, LAYOUTS, Kind, Record
from ptb_bucket.state.timers import TIMEOUT, Timer, unit_of
from ptb_bucket.tools import list_timers, open_state, record_versions, restore_record, tick

TEA = Record.of_timer(Record.user(42), "tea")
DAILY = Record.of_timer(Record.user(42), "daily")


async def remind(context):
    """Change every kind of document that a job may have."""
    for data in (context.user_data, context.chat_data, context.bot_data):
        data.setdefault("reminded", []).append(context.job.data)


class Bot:
    def __init__(self, uri):
        self.uri, self.telegram = uri, OfflineTelegram()

    def build(self):
        return self.telegram.connect(bucket_application(self.uri, jobs="bucket", callbacks=[remind])).build()

    async def schedule(self):
        async with self.build() as application:
            due = datetime.now(timezone.utc) - timedelta(seconds=5)
            queue = application.job_queue
            queue.run_once(remind, due, data=["tea"], name="tea", user_id=42, chat_id=42, job_kwargs={"id": "tea"})
            queue.run_repeating(
                remind, 3600, 0.1, data=["daily"], name="daily", user_id=42, chat_id=42, job_kwargs={"id": "daily"}
            )

    async def reminded(self):
        async with open_state(self.uri) as state:
            replica = await state.loaded([Record.user(42), Record.chat(42), BOT_DATA])
            values = [replica.values.load(record) for record in (Record.user(42), Record.chat(42), BOT_DATA)]
        return [value["reminded"] for value in values]


async def restored(uri, record, text):
    """Restore a timer as it was in its oldest version."""
    async with open_state(uri, author="web:ada") as state:
        versions = [one for one in await record_versions(state, [record]) if one.encoded is not None]
        done = await restore_record(state, record, versions[-1].version)
        assert text in done.after
        return [timer.record for timer in await list_timers(state, within=0)]


@pytest.mark.parametrize("codec", ["json", "pickle"])
@pytest.mark.parametrize("layout", LAYOUTS)
async def test_a_restored_timer_runs_again_and_changes_data(tmp_path, layout, codec):
    uri = f"file:{tmp_path}?layout={layout}&codec={codec}&keep=20"
    bot = Bot(uri)
    await bot.schedule()
    await asyncio.sleep(1.2)  # due times are rounded up to seconds
    assert (await tick(bot.build)).ran == 2
    before = await bot.reminded()
    assert sorted(before[0]) == [["daily"], ["tea"]]
    for number, record in enumerate([TEA, DAILY], 1):
        assert await restored(uri, record, record.timer[1]) == [record]
        assert (await tick(bot.build)).ran == 1
        assert await bot.reminded() == [[*one, *[["tea"], ["daily"]][:number]] for one in before]
        assert (await tick(bot.build)).ran == 0


@pytest.mark.parametrize("layout", LAYOUTS)
async def test_a_bot_that_is_running_runs_it_again(tmp_path, layout):
    uri = f"file:{tmp_path}?layout={layout}&keep=20"
    bot = Bot(uri)
    await bot.schedule()
    await asyncio.sleep(1.2)
    async with bot.build() as application:
        assert (await application.tick()).ran == 2
        await application.update_persistence()
        assert await restored(uri, TEA, "tea") == [TEA]
        assert (await application.tick()).ran == 1
    assert [sorted(one) for one in await bot.reminded()] == [[["daily"], ["tea"], ["tea"]]] * 3


@pytest.mark.parametrize("codec", ["json", "pickle"])
@pytest.mark.parametrize("layout", LAYOUTS)
async def test_a_timeout_that_came_back_can_end_its_conversation(tmp_path, layout, codec):
    """All records of its conversation's people forget its earlier run. Those of other timers stay listed."""
    talk, timer = Record.of_conversation("order", (-100, 42)), Record.of_timer(Record.chat(-100), "order timeout")
    records = [talk, Record.user(42), Record.chat(-100), BOT_DATA]
    options = {TIMEOUT: {"handler": "order", "key": [-100, 42]}}
    run = unit_of("order timeout", stored := Timer(TIMEOUT, "0a", due=1e9, options=options))
    others = {
        unit_of("order timeout 2", stored),
        unit_of("order timeout#2", stored),
        unit_of("order timeout", stored.but(nonce="0b")),  # another owner's, or an earlier one
    }
    uri = f"file:{tmp_path}?layout={layout}&codec={codec}&keep=20"
    async with open_state(uri, bot_id="7", create=True) as state:
        for unit, value in ((None, stored.to_value()), (run, None), *((other, None) for other in others)):
            replica = state.replica()
            await replica.documents.read_all()
            if value or unit == run:
                replica.values.load(timer)
                replica.stage(timer, value)
            if unit is not None:
                replica.units.begin(unit, records)
                for record in records:
                    replica.values.load(record)
                    replica.stage(record, {"changed by": unit} if record.kind is not Kind.CONVERSATION else f"{unit}")
                replica.units.note_effects(unit, records)
            await replica.commit()
    async with open_state(uri) as state:
        assert await units(state, records) == [{run, *others}] * 4
        versions = [one for one in await record_versions(state, [timer]) if one.encoded is not None]
        await restore_record(state, timer, versions[-1].version, dry_run=True)
        assert await units(state, records) == [{run, *others}] * 4
        await restore_record(state, timer, versions[-1].version)
        assert await units(state, records) == [others] * 4


async def units(state, records):
    return [set((await state.archive.part_of(record)).header.units) for record in records]
